"""Only rows are gathered that can match those of other tables; the answer is that of one PostgreSQL."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from parallel_partition import Cluster, errors
from parallel_partition.dbapi.connection import Connection
from parallel_partition.execution import reduce
from tests.differential.compare import answer, difference
from tests.fix_clusters import MakeCluster

SERVERS = 3
LINES = 600
SCHEMA = (
    ("CREATE TABLE orders (id bigint PRIMARY KEY, customer int, state text)", "id"),
    (
        "CREATE TABLE lines (order_id bigint, line int, product int, code text, PRIMARY KEY (order_id, line))",
        "order_id",
    ),
    ("CREATE TABLE marks (n smallint PRIMARY KEY, wide bigint, code varchar(20), note text)", "n"),
    ("CREATE TABLE products (id int PRIMARY KEY, kind text)", None),
    (
        "CREATE TABLE typed (k int PRIMARY KEY, d date, ts timestamp, tz timestamptz, num numeric(12,4), u uuid,"
        " t text, b boolean, s smallint)",
        "k",
    ),
    (
        "CREATE TABLE same (k int PRIMARY KEY, d date, ts timestamp, tz timestamptz, num numeric, u uuid,"
        " t varchar(9), b boolean, s bigint)",
        "k",
    ),
    ("CREATE TABLE days (d date PRIMARY KEY)", "d"),
    ("CREATE TABLE prices (num numeric PRIMARY KEY)", "num"),
)
#: Texts that are written with care in an array's text, in SQL, or in both.
ODD = ("a", "", 'say "x"', "it's", "back\\slash", "{x,y}", "NULL", "é", " a ", "new\nline", None)
FILL = (
    "INSERT INTO orders SELECT n, n % 50, CASE n % 3 WHEN 0 THEN 'new' WHEN 1 THEN 'paid' END"
    " FROM generate_series(1, 60) n",
    f"INSERT INTO lines SELECT n, n % 4, n % 10, 'c' || n % 7 FROM generate_series(1, {LINES}) n",
    "INSERT INTO marks SELECT n, n * 100000000000 + n, 'c' || n, 'mark' FROM generate_series(0, 5) n",
    "INSERT INTO marks VALUES (99, 3, 'c3', 'other'), (-1, NULL, NULL, 'none')",
    "INSERT INTO products SELECT n, CASE n % 5 WHEN 0 THEN 'rare' ELSE 'plain' END FROM generate_series(0, 9) n",
    "INSERT INTO typed SELECT n, DATE '2026-02-01' + n % 9,"
    " '2026-02-03 04:05:06.789'::timestamp + n % 5 * '1 day'::interval,"
    " '2026-02-03 04:05:06.789+05:30'::timestamptz + n % 5 * '1 hour'::interval, n % 8 / 4.0,"
    " ('00000000-0000-0000-0000-00000000000' || n % 6)::uuid, 't' || n % 3, n % 2 = 0, n FROM generate_series(1, 60) n",
    "INSERT INTO typed (k, d, num) VALUES (100, 'infinity', 'NaN'), (101, '0044-03-15 BC', 1.50)",
    "INSERT INTO typed (k, d, num) VALUES (102, '20000-01-01', 2)",
    "INSERT INTO same SELECT k + 1000, d, ts, tz, num, u, t, b, s FROM typed WHERE k IN (3, 7, 20, 100, 101, 102)",
    "INSERT INTO days SELECT DATE '2026-01-25' + n FROM generate_series(1, 40) n",
    "INSERT INTO days VALUES ('infinity'), ('0044-03-15 BC'), ('20000-01-01')",
    "INSERT INTO prices VALUES (0.5), (1.5000), ('NaN'), (7)",
)
TYPES = ("d", "ts", "tz", "num", "u", "t", "b", "s")
SETTINGS = (
    (),
    ("SET DateStyle = 'German'", "SET TimeZone = 'Asia/Kolkata'"),
    ("SET DateStyle = 'SQL, MDY'", "SET TimeZone = 'America/New_York'"),
    ("SET DateStyle = 'Postgres, DMY'",),
)
#: Rows of lines for the few orders that are new, and for the marks that are named.
BY_PRODUCT = (
    "SELECT l.order_id, count(*) OVER () FROM lines l JOIN orders o ON o.customer = l.product WHERE o.id = 3"
)
BY_KEY = "SELECT l.line, m.wide, count(*) OVER () FROM lines l JOIN marks m ON m.wide = l.order_id WHERE m.note = %s"

Both = tuple[psycopg.Connection[Any], Connection]


@pytest.fixture(scope="module")
def filled(make_module_cluster: MakeCluster, module_plain: str) -> Cluster:
    """Three servers with the rows that one PostgreSQL has."""
    cluster = make_module_cluster(SERVERS, num_partitions=12)
    with psycopg.connect(module_plain, autocommit=True) as plain, cluster.connect() as over:
        for definition, key in SCHEMA:
            plain.execute(definition.encode())
            cluster.create_table(definition, key=key, reference=key is None)
        for statement in FILL:
            plain.execute(statement.encode())
        for definition, _ in SCHEMA:
            table = definition.split()[2]
            columns = plain.execute(f"SELECT * FROM {table} LIMIT 0".encode()).description or ()
            texts = ", ".join(f"{column.name}::text" for column in columns)
            rows = plain.execute(f"SELECT {texts} FROM {table}".encode()).fetchall()
            places = ", ".join(["%s"] * len(columns))
            over.cursor().executemany(f"INSERT INTO {table} VALUES ({places})".encode(), rows)
    for server in cluster.servers.values():
        with psycopg.connect(server.conninfo, autocommit=True) as direct:
            direct.execute("ANALYZE")
    return cluster


@pytest.fixture
def both(filled: Cluster, module_plain: str) -> Iterator[Both]:
    """A connection to one PostgreSQL, and one to the cluster."""
    with psycopg.connect(module_plain, autocommit=True) as plain, filled.connect(autocommit=True) as over:
        yield plain, over


def same(both: Both, query: str, parameters: Any = None) -> int:
    """Make sure that both give the same answer to a statement that is gathered; returns its rows."""
    plain, over = both
    assert over.cursor().explain(query, parameters).strategy == "gather"
    expected = answer(plain.cursor(), query, parameters)
    assert difference(expected, answer(over.cursor(), query, parameters)) is None, query
    return len(expected.rows)


def fetched(connection: Connection, query: str, parameters: Any = None) -> Counter[str]:
    """How many rows of each table were gathered."""
    explanation = connection.cursor().explain(query, parameters, analyze=True)
    found: Counter[str] = Counter()
    for asked in explanation.queries:
        found[asked.table.removeprefix("public.")] += asked.rows or 0
    return found


def servers_asked(connection: Connection, table: str, query: str, parameters: Any = None) -> int:
    """How many servers were asked for rows of a table."""
    explanation = connection.cursor().explain(query, parameters, analyze=True)
    return sum(asked.table == f"public.{table}" and bool(asked.seconds) for asked in explanation.queries)


def test_only_rows_that_can_match_are_fetched(both: Both) -> None:
    assert same(both, BY_PRODUCT) == LINES / 10
    assert fetched(both[1], BY_PRODUCT) == {"orders": 1, "lines": LINES / 10}
    query = (
        "SELECT l.line, count(*) OVER () FROM lines l JOIN products p ON p.id = l.product WHERE p.kind = %s"
    )
    assert same(both, query, ("rare",)) == LINES / 5
    assert fetched(both[1], query, ("rare",)) == {"lines": LINES / 5}


def test_the_key_tells_which_servers_have_rows(both: Both) -> None:
    assert same(both, BY_KEY, ("other",)) == 1
    assert fetched(both[1], BY_KEY, ("other",)) == {"marks": 1, "lines": 1}
    assert servers_asked(both[1], "lines", BY_KEY, ("other",)) == 1
    assert servers_asked(both[1], "lines", BY_PRODUCT) == SERVERS


def test_each_place_of_a_table_has_keys_of_its_own(both: Both) -> None:
    query = f"{BY_KEY} UNION ALL {BY_KEY.replace('m.wide = l', 'm.n = l').replace('m.note = %s', 'm.n = 5')}"
    assert same(both, query, ("other",)) == 2
    assert fetched(both[1], query, ("other",)) == {"marks": 2, "lines": 3}
    assert servers_asked(both[1], "lines", query, ("other",)) > 1


def test_without_values_nothing_is_fetched(both: Both) -> None:
    for note in ("none", "no such note"):  # a NULL is no value
        assert same(both, BY_KEY, (note,)) == 0
        assert fetched(both[1], BY_KEY, (note,))["lines"] == 0
        assert servers_asked(both[1], "lines", BY_KEY, (note,)) == 0
    counted = (
        "SELECT m.n, (SELECT count(*) FROM lines l WHERE l.order_id = m.wide) FROM marks m WHERE m.note = %s"
    )
    assert same(both, counted, ("none",)) == 1


def test_every_place_of_a_table_gets_its_rows(both: Both) -> None:
    plain = " WHERE l.product = 3 AND o.id > (SELECT avg(i.line) FROM lines i WHERE i.line < o.id"
    query = (
        f"SELECT o.id, l.line, count(*) OVER () FROM orders o JOIN lines l ON l.order_id = o.customer{plain}"
    )
    assert same(both, f"{query})") > 0
    assert fetched(both[1], f"{query})")["lines"] == LINES
    assert same(both, f"{query} AND i.product = 1)") > 0
    assert fetched(both[1], f"{query} AND i.product = 1)")["lines"] == LINES / 10 + 5


def test_numbers_beyond_the_type_of_a_column(both: Both) -> None:
    query = "SELECT t.k, m.n, count(*) OVER () FROM typed t JOIN marks m ON m.wide = t.s"
    assert same(both, query) == 1
    assert fetched(both[1], query)["typed"] == 1
    assert same(both, "SELECT m.n, count(*) OVER () FROM typed t JOIN marks m ON m.n = t.k") == 5


@pytest.mark.both_versions
@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_values_of_every_type(both: Both, settings: tuple[str, ...]) -> None:
    for connection in both:
        for statement in settings:
            connection.execute(statement.encode())
    for column in TYPES:
        query = f"SELECT a.k, b.k, count(*) OVER () FROM typed a JOIN same b ON a.{column} = b.{column}"
        assert same(both, query) > 0, column
        wanted = f"SELECT count(*) FROM typed WHERE {column} IN (SELECT {column} FROM same)"
        assert (fetched(both[1], query)["typed"],) == both[0].execute(wanted.encode()).fetchone()
    assert same(both, "SELECT s.k, count(*) OVER () FROM same s JOIN days d ON d.d = s.d") == 6
    assert same(both, "SELECT s.k, count(*) OVER () FROM same s JOIN prices p ON p.num = s.num") == 2
    assert (
        servers_asked(both[1], "days", "SELECT 1 FROM same s JOIN days d ON d.d = s.d WHERE s.k = 1100") == 1
    )


def test_odd_texts(make_cluster: MakeCluster) -> None:
    cluster = make_cluster(2)
    cluster.create_table("CREATE TABLE few (k int PRIMARY KEY, t text)", key="k")
    cluster.create_table("CREATE TABLE many (t text, n int)", key="t")
    with cluster.connect(autocommit=True) as connection:
        connection.cursor().executemany("INSERT INTO few VALUES (%s, %s)", list(enumerate(ODD)))
        rows = [(f"{odd}{end}", end) for odd in ODD if odd is not None for end in ("", 1, 2)]
        connection.cursor().executemany("INSERT INTO many VALUES (%s, %s)", [(t, n or None) for t, n in rows])
        query = "SELECT many.t, count(*) OVER () FROM many JOIN few ON few.t = many.t WHERE few.k < 100"
        assert fetched(connection, query)["many"] == len(ODD) - 1
        found = {text for text, _ in connection.execute(query).fetchall()}
        assert found == {odd for odd in ODD if odd is not None}


def test_with_many_values_all_rows_are_fetched(both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    query = (
        "SELECT l.line, count(*) OVER () FROM lines l JOIN orders o ON o.customer = l.product WHERE o.id < %s"
    )
    monkeypatch.setattr(reduce, "VALUES_MAX", 2)
    assert same(both, query, (3,)) == LINES / 5
    assert fetched(both[1], query, (3,))["lines"] == LINES / 5
    assert same(both, query, (4,)) == LINES * 3 / 10
    assert fetched(both[1], query, (4,))["lines"] == LINES
    monkeypatch.setattr(reduce, "ROWS_MAX", 1)
    assert fetched(both[1], query, (3,))["lines"] == LINES
    assert fetched(both[1], query, (2,))["lines"] == LINES / 10


def test_the_limit_holds_for_what_is_left(both: Both) -> None:
    _, over = both
    over.gather_limit = 3_000
    assert same(both, BY_PRODUCT) == LINES / 10
    joined = "SELECT l.order_id, count(*) OVER () FROM lines l {} JOIN orders o ON o.customer = l.product"
    with pytest.raises(
        errors.UnsupportedQuery, match=r"expected to take [\d,]+ bytes \(public\.lines [\d,]+\)"
    ):
        over.execute(joined.format("INNER") + " WHERE o.id < 12")
    with pytest.raises(
        errors.UnsupportedQuery, match=r"expected to take [\d,]+ bytes \(public\.lines [\d,]+\)"
    ):
        over.execute(joined.format("LEFT"))
    with over.transaction():
        assert len(over.execute(BY_PRODUCT).fetchall()) == LINES / 10


@pytest.mark.parametrize("isolation", [None, psycopg.IsolationLevel.REPEATABLE_READ, "snapshot"])
def test_a_transaction_finds_matches_of_its_own_writes(filled: Cluster, isolation: Any) -> None:
    by_kind = "SELECT l.line, count(*) OVER () FROM lines l JOIN products p ON p.id = l.product WHERE p.kind = 'rare'"
    with filled.connect() as connection:
        connection.set_isolation_level(isolation)
        before = [len(connection.execute(query).fetchall()) for query in (BY_PRODUCT, by_kind)]
        assert before == [LINES / 10, LINES / 5]
        connection.execute("UPDATE orders SET customer = 4 WHERE id = 3")
        connection.execute("UPDATE products SET kind = 'rare' WHERE id = 7")
        connection.execute("INSERT INTO lines VALUES (5000, 1, 4, 'mine'), (5001, 1, 7, 'mine')")
        after = [connection.execute(query).fetchall() for query in (BY_PRODUCT, by_kind)]
        assert list(map(len, after)) == [LINES / 10 + 1, LINES * 3 / 10 + 1]
        assert (5000, LINES / 10 + 1) in after[0]
        connection.rollback()


def test_explain_tells_what_reduces(both: Both) -> None:
    text = str(both[1].cursor().explain(BY_PRODUCT))
    assert "reduced by product in public.orders (customer)" in " ".join(text.split())
    told = {table.table: table.reduced_by for table in both[1].cursor().explain(BY_PRODUCT).tables}
    assert told["public.lines"] == "product in public.orders (customer)"


def test_a_change_of_tables_by_another_client_is_noticed(make_cluster: MakeCluster) -> None:
    cluster = make_cluster(2)
    for name in ("few", "many"):
        cluster.create_table(f"CREATE TABLE {name} (k int PRIMARY KEY, v int)", key="k")
    catalog = next(iter(cluster.servers.values()))
    query = "SELECT many.v, count(*) OVER () FROM many JOIN few ON few.v = many.k"
    with Cluster.open(catalog.conninfo) as other, cluster.connect(autocommit=True) as connection:
        connection.execute("INSERT INTO many VALUES (1, 1), (2, 2), (3, 3)")
        connection.execute("INSERT INTO few VALUES (1, 2)")
        assert connection.execute(query).fetchall() == [(2, 1)]
        other.drop_table("many")
        other.create_table("CREATE TABLE many (v int PRIMARY KEY, k text)", key="v")
        with pytest.raises(psycopg.errors.UndefinedFunction):
            connection.execute(query)
        other.drop_table("many")
        other.create_table("CREATE TABLE many (v int PRIMARY KEY, k smallint)", key="v")
        connection.execute("INSERT INTO many VALUES (7, 2), (8, 3)")
        assert connection.execute(query).fetchall() == [(7, 1)]
