"""Tables that somebody changed on a server by hand: noticed and answered, or refused with which, where and what."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from parallel_partition import Cluster, errors
from parallel_partition.dbapi.connection import Connection
from tests.fix_clusters import MakeCluster

TABLES = (
    ("CREATE TABLE t (k int PRIMARY KEY, v int, d date, s text)", "k"),
    ("CREATE TABLE other (k int PRIMARY KEY, v int)", "k"),
    ("CREATE TABLE few (n int PRIMARY KEY, label text)", None),
)
ROWS = [(k, k % 3, None, str(k)) for k in range(40)]


@pytest.fixture
def pair(make_cluster: MakeCluster) -> Cluster:
    """Two servers with rows."""
    cluster = make_cluster(2)
    for statement, key in TABLES:
        cluster.create_table(statement, key=key, reference=key is None)
    with cluster.connect() as connection:
        connection.cursor().executemany("INSERT INTO t VALUES (%s, %s, %s, %s)", ROWS)
        connection.execute("INSERT INTO other VALUES (1, 1), (2, 2), (3, 3), (4, 4), (5, 5)")
        connection.execute("INSERT INTO few VALUES (1, 'one')")
    return cluster


@pytest.fixture
def over(pair: Cluster) -> Iterator[Connection[Any]]:
    """A connection that has read all tables before."""
    with pair.connect(autocommit=True) as connection:
        for _ in range(3):
            for statement, _ in TABLES:
                connection.execute(f"SELECT * FROM {statement.split()[2]}")
            connection.execute("SELECT v FROM t WHERE k = %s", (1,))
        yield connection


def on(cluster: Cluster, server: str, *statements: str) -> None:
    """Run statements on a server of a cluster, past the library."""
    with psycopg.connect(cluster.servers[server].conninfo) as direct:
        for statement in statements:
            direct.execute(statement.encode())


def home(cluster: Cluster, key: int) -> str:
    """The server that a key's rows are on."""
    return cluster.shard_map.home_of(cluster.shard_map.part_of_texts((str(key),)))


def held(cluster: Cluster, server: str) -> int:
    return next(iter(cluster.shard_map.partitions_of(server)))


#: What is done on s2, and what is said of it.
CHANGES = {
    "table dropped": ("DROP TABLE t", "table public.t is missing on server s2: make it there again"),
    "column dropped": (
        "ALTER TABLE t DROP v",
        "on server s2 differs from its declaration: it has not v integer;",
    ),
    "column added": ("ALTER TABLE t ADD extra int", "it has extra integer; change it back"),
    "column renamed": ("ALTER TABLE t RENAME v TO w", "it has w integer, and has not v integer;"),
    "columns swapped": (
        "ALTER TABLE t RENAME v TO x; ALTER TABLE t RENAME s TO v; ALTER TABLE t RENAME x TO s",
        "it has s integer, v text, and has not v integer, s text;",
    ),
    "column retyped": ("ALTER TABLE t ALTER v TYPE bigint", "it has v bigint, and has not v integer;"),
    "to a type of the same size": (
        "ALTER TABLE t ALTER v TYPE date USING '2000-01-01'::date + v",
        "it has v date, and has not v integer;",
    ),
    "other collation": (
        'ALTER TABLE t ALTER s TYPE text COLLATE "C"',
        'it has s text COLLATE pg_catalog."C", and has not s text;',
    ),
    "NULL forbidden": ("ALTER TABLE t ALTER s SET NOT NULL", "it has s text NOT NULL, and has not s text;"),
    "primary key dropped": ("ALTER TABLE t DROP CONSTRAINT t_pkey", "has not PRIMARY KEY (k, part);"),
    "child detached": (
        "ALTER TABLE t DETACH PARTITION t_part_{part}",
        "it has no child table for its partitions {part} (t_part_{part});",
    ),
    "child dropped": (
        "DROP TABLE t_part_{part}",
        "it has no child table for its partitions {part} (t_part_{part});",
    ),
    "columns in another order": (
        "ALTER TABLE t DROP d, ADD d date",
        "it has k integer NOT NULL, v integer, s text, part integer NOT NULL, d date, PRIMARY KEY (k, part), and not "
        "in this order k integer NOT NULL, v integer, d date, s text, part integer NOT NULL, PRIMARY KEY (k, part);",
    ),
    "child of another server": (
        "CREATE TABLE more PARTITION OF t FOR VALUES IN (99)",
        "it has child tables for partitions that are not its own: 99;",
    ),
    "child for the rest": (
        "CREATE TABLE rest PARTITION OF t DEFAULT",
        "it has child tables for partitions that are not its own: DEFAULT;",
    ),
}


@pytest.fixture(params=CHANGES)
def change(request: pytest.FixtureRequest, pair: Cluster) -> tuple[str, str]:
    """A statement for s2, and what is said of it."""
    statement, said = CHANGES[request.param]
    part = held(pair, "s2")
    return statement.format(part=part), re.escape(said.format(part=part))


def differs(over: Connection[Any], said: str, text: str, parameters: Any = None) -> errors.TableDiffers:
    """The error of a statement whose table differs on s2."""
    with pytest.raises(errors.TableDiffers, match=said) as caught:
        over.execute(text.encode(), parameters)
    assert isinstance(caught.value, psycopg.OperationalError)
    assert caught.value.server == "s2"
    return caught.value


@pytest.mark.both_versions
def test_a_table_that_one_server_has_otherwise(
    pair: Cluster, over: Connection[Any], change: tuple[str, str]
) -> None:
    """Whatever was planned, read and prepared before, no statement on the table is answered; others are."""
    on(pair, "s2", change[0])
    for text in (
        "SELECT * FROM t",
        "SELECT count(*) FROM t",
        "SELECT k, v FROM t ORDER BY v, k LIMIT 3",
        "SELECT sum(v) FROM t",
        "SELECT a.k FROM t a JOIN t b ON a.v = b.k",
    ):
        differs(over, change[1], text)
    assert over.execute("SELECT sum(v) FROM other").fetchone() == (15,)
    assert over.execute("SELECT label FROM few").fetchone() == ("one",)
    with pair.connect(autocommit=True) as fresh:
        differs(fresh, change[1], "SELECT * FROM t")
        assert fresh.execute("SELECT sum(v) FROM other").fetchone() == (15,)
    with over.cursor() as cursor, pytest.raises(errors.TableDiffers, match=change[1]):
        list(cursor.stream("SELECT * FROM t"))


def test_rows_of_the_other_server_are_answered(pair: Cluster, over: Connection[Any]) -> None:
    on(pair, "s2", "DROP TABLE t")
    keys = {home(pair, k): k for k, *_ in ROWS}
    assert over.execute("SELECT s FROM t WHERE k = %s", (keys["s1"],)).fetchone() == (str(keys["s1"]),)
    error = differs(
        over, "table public.t is missing on server s2", "SELECT s FROM t WHERE k = %s", (keys["s2"],)
    )
    assert isinstance(error.__cause__, psycopg.errors.UndefinedTable)


def test_in_a_transaction(pair: Cluster, change: tuple[str, str]) -> None:
    """What was read before does not come back: the transaction has failed."""
    with pair.connect() as connection:
        assert connection.execute("SELECT sum(v) FROM other").fetchone() == (15,)
        on(pair, "s2", change[0])
        differs(connection, change[1], "SELECT count(*) FROM t")
        with pytest.raises(psycopg.errors.InFailedSqlTransaction):
            connection.execute("SELECT 1")
        connection.rollback()
        assert connection.execute("SELECT sum(v) FROM other").fetchone() == (15,)
        assert connection.execute("SELECT sum(v) FROM other").fetchone() == (15,)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ("DROP TABLE t", "INSERT INTO t VALUES (%s, 1, NULL, 'x')"),
        ("ALTER TABLE t DROP v", "INSERT INTO t VALUES (%s, 1, NULL, 'x')"),
        ("ALTER TABLE t RENAME v TO w", "UPDATE t SET v = 5 WHERE k = %s"),
        ("ALTER TABLE t RENAME v TO w", "DELETE FROM t WHERE k = %s AND v = 1"),
        ("ALTER TABLE t ALTER v TYPE text", "UPDATE t SET v = v + 1 WHERE k = %s"),
        ("ALTER TABLE t ALTER v TYPE date USING NULL", "UPDATE t SET v = 1 WHERE k = %s"),
        ("ALTER TABLE t DROP CONSTRAINT t_pkey", "INSERT INTO t (k) VALUES (%s) ON CONFLICT (k) DO NOTHING"),
    ],
)
def test_writes_that_a_server_refuses(pair: Cluster, over: Connection[Any], change: str, text: str) -> None:
    on(pair, "s2", change)
    key = next(k for k in range(1000, 2000) if home(pair, k) == "s2")
    error = differs(over, "table public.t .*server s2", text, (key,))
    assert isinstance(error.__cause__, psycopg.ProgrammingError)


def test_a_row_for_a_child_that_is_gone(pair: Cluster, over: Connection[Any]) -> None:
    part = held(pair, "s2")
    on(pair, "s2", f"DROP TABLE t_part_{part}")
    key = next(k for k in range(1000, 2000) if pair.shard_map.part_of_texts((str(k),)) == part)
    error = differs(
        over, rf"no child table for its partitions {part} \(t_part", "INSERT INTO t VALUES (%s)", (key,)
    )
    assert isinstance(error.__cause__, psycopg.errors.CheckViolation)


@pytest.mark.parametrize("change", ["DROP TABLE t", "ALTER TABLE t DROP v", "DROP TABLE t_part_{part}"])
def test_a_load(pair: Cluster, change: str) -> None:
    on(pair, "s2", change.format(part=held(pair, "s2")))
    with pytest.raises(errors.TableDiffers, match=r"table public\.t .*server s2"), pair.writer("t") as writer:
        writer.write([(k, 1, None, "x") for k in range(1000, 1100)])
    with psycopg.connect(pair.servers["s1"].conninfo) as direct:
        assert direct.execute("SELECT count(*) FROM t WHERE k >= 1000").fetchone() == (0,)


@pytest.mark.both_versions
def test_a_column_added_by_hand_on_all_servers(pair: Cluster, over: Connection[Any]) -> None:
    """A remembered ``*`` has it at once, also where the statement is prepared, streams or is in a transaction."""
    for server in pair.servers:
        on(pair, server, "ALTER TABLE t ADD extra int DEFAULT 7")
    texts = ("SELECT * FROM t WHERE k = 1", "SELECT * FROM t ORDER BY k LIMIT 2", "SELECT t.* FROM t")
    with pair.connect() as connection:
        for text in texts:
            for row in (over.execute(text).fetchone(), connection.execute(text).fetchone()):
                assert row is not None
                assert len(row) == 5
                assert row[4] == 7
    assert over.execute("SELECT sum(extra) FROM t").fetchone() == (7 * len(ROWS),)
    over.execute("INSERT INTO t VALUES (500, 1, NULL, 'x', 9)")
    assert over.execute("SELECT extra FROM t WHERE k = 500").fetchone() == (9,)


def test_a_column_dropped_and_one_renamed_by_hand_on_all_servers(
    pair: Cluster, over: Connection[Any]
) -> None:
    for server in pair.servers:
        on(pair, server, "ALTER TABLE t DROP d", "ALTER TABLE t RENAME s TO text")
    cursor = over.execute("SELECT * FROM t ORDER BY k LIMIT 1")
    assert [column.name for column in cursor.description or ()] == ["k", "v", "text"]
    assert cursor.fetchall() == [(0, 0, "0")]


def test_a_change_taken_back(pair: Cluster, over: Connection[Any]) -> None:
    on(pair, "s2", "ALTER TABLE t RENAME v TO w")
    differs(over, "has not v integer", "SELECT count(*) FROM t")
    on(pair, "s2", "ALTER TABLE t RENAME w TO v")
    assert over.execute("SELECT count(*) FROM t").fetchone() == (len(ROWS),)


@pytest.mark.both_versions
def test_columns_of_one_type_renamed_to_each_other(pair: Cluster) -> None:
    """Their names and types are what they were."""
    pair.create_table("CREATE TABLE twins (k int PRIMARY KEY, a int, b int)", key="k")
    mine = next(k for k in range(1000, 2000) if home(pair, k) == "s2")
    with pair.connect(autocommit=True) as connection:
        connection.execute("INSERT INTO twins VALUES (%s, 1, 2)", (mine,))
        for _ in range(3):
            assert connection.execute("SELECT a, b FROM twins WHERE k = %s", (mine,)).fetchone() == (1, 2)
        swap = "ALTER TABLE twins RENAME a TO x; ALTER TABLE twins RENAME b TO a; ALTER TABLE twins RENAME x TO b"
        on(pair, "s2", swap)
        said = "it has k integer NOT NULL, b integer, a integer, part"
        differs(connection, said, "SELECT a, b FROM twins WHERE k = %s", (mine,))
        differs(connection, said, "SELECT * FROM twins")
        differs(connection, said, "UPDATE twins SET a = 5 WHERE k = %s", (mine,))
        with pytest.raises(errors.TableDiffers, match=said), pair.writer("twins") as writer:
            writer.write([(k, 1, 2) for k in range(3000, 3100)])
        assert connection.execute("SELECT sum(v) FROM other").fetchone() == (15,)
        on(pair, "s2", swap)
        assert connection.execute("SELECT a, b FROM twins").fetchall() == [(1, 2)]


def test_the_catalogs_own_table_is_gone(pair: Cluster, over: Connection[Any]) -> None:
    on(pair, "s1", "DROP TABLE t")
    said = r"table public\.t is missing on server s1, whose tables are the cluster's declaration"
    with pytest.raises(errors.TableDiffers, match=said):
        over.execute("SELECT count(*) FROM t")
    assert over.execute("SELECT sum(v) FROM other").fetchone() == (15,)


def test_an_error_of_the_statement_itself_stays_one(over: Connection[Any]) -> None:
    with pytest.raises(psycopg.errors.UndefinedColumn) as caught:
        over.execute("SELECT nothing FROM t")
    assert not isinstance(caught.value, errors.TableDiffers)
