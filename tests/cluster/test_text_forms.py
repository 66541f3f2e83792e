"""Values on their way between servers are the same under all settings, and so is their order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import sql

from parallel_partition import Cluster, errors
from parallel_partition.dbapi.connection import Connection
from tests.fix_clusters import MakeCluster

Pair = tuple[Connection[Any], psycopg.Connection[Any]]
pytestmark = pytest.mark.both_versions

TABLE = """
    CREATE TABLE {} (k int PRIMARY KEY, m mood, ts timestamptz, local timestamp, day date, span interval,
      f float8, cost money, times timestamptz[], seen seen, period tstzrange, measured measured)
"""
ROWS = """
    SELECT k, (ARRAY['sad', 'ok']::mood[])[k % 2 + 1], ts, ts AT TIME ZONE 'UTC', date(ts AT TIME ZONE 'UTC'),
      make_interval(days => k % 3 - 1, mins => -k),
      0.1::float8 + (k * 7 % 96) * 1e-17::float8 * 4, (k * 1.25)::numeric::money,
      ARRAY[ts], CASE WHEN k <= 91 THEN ROW(k, ts)::seen
        WHEN k <> 94 THEN ROW(NULL, NULL)::seen END, tstzrange(ts, ts + '1 hour'),
      ROW(0.1::float8 + (k * 7 % 96) * 1e-17::float8 * 4)::measured
    FROM (SELECT k, timestamptz '2024-03-31 00:00+00' + k * interval '15 minutes' + interval '0.123456 s' AS ts
          FROM generate_series(0, 89) AS k
          UNION ALL SELECT 90, '1880-01-01 00:00:07+00' UNION ALL SELECT 91, '0044-03-15 12:00:00+00 BC'
          UNION ALL SELECT 92, 'infinity' UNION ALL SELECT 93, '-infinity' UNION ALL SELECT 94, NULL
          UNION ALL SELECT 95, '12024-01-01 08:00:00+00') AS r
"""
SETTINGS = [
    ("Asia/Shanghai", "SQL"),
    ("Asia/Kolkata", "German"),
    ("Europe/Dublin", "SQL, YMD"),
    ("America/St_Johns", "Postgres, DMY"),
    ("America/St_Johns", "ISO"),
]


@pytest.fixture(scope="module")
def filled(make_module_cluster: MakeCluster) -> Cluster:
    """Two tables of the same rows with columns of users' types, one of them plain as well, on every server too."""
    cluster = make_module_cluster()
    for server in cluster.servers.values():
        with psycopg.connect(server.conninfo, autocommit=True) as direct:
            direct.execute("CREATE TYPE mood AS ENUM ('ok', 'sad')")
            direct.execute("CREATE TYPE seen AS (k int, ts timestamptz)")
            direct.execute("CREATE TYPE measured AS (f float8)")
            direct.execute(sql.SQL(TABLE.format("plain")))
            direct.execute(sql.SQL("INSERT INTO plain " + ROWS))
    for name in ("other", "other2"):
        cluster.create_table(TABLE.format(name), key="k")
    with psycopg.connect(next(iter(cluster.servers.values())).conninfo) as direct:
        rows = direct.execute(
            "SELECT k, " + ", ".join(f"{name}::text" for name in COLUMNS) + " FROM plain"
        ).fetchall()
    with cluster.connect(autocommit=True) as connection:
        for name in ("other", "other2"):
            text = f"INSERT INTO {name} VALUES ({', '.join(['%s'] * (len(COLUMNS) + 1))})"
            connection.cursor().executemany(text, rows)
    return cluster


COLUMNS = ("m", "ts", "local", "day", "span", "f", "cost", "times", "seen", "period", "measured")


@pytest.fixture(params=SETTINGS, ids="-".join)
def pair(request: pytest.FixtureRequest, filled: Cluster) -> Iterator[Pair]:
    """A connection to the cluster, and one to a server that has all rows itself, under the same settings."""
    zone, style = request.param
    catalog = next(iter(filled.servers.values()))
    with (
        filled.connect(autocommit=True) as connection,
        psycopg.connect(catalog.conninfo, autocommit=True) as direct,
    ):
        for one in (connection, direct):
            one.execute(f"SET TimeZone = '{zone}'")
            one.execute(f"SET DateStyle = '{style}'")
        yield connection, direct


def same(pair: Pair, query: str, strategy: str) -> None:
    connection, direct = pair
    assert connection.cursor().explain(query).strategy == strategy
    wanted = direct.execute(query.replace("other2", "plain").replace("other", "plain")).fetchall()
    assert connection.execute(query).fetchall() == wanted


SPLITS = [
    "SELECT m, max(ts)::text, min(ts)::text, max(local)::text, max(day)::text, max(span)::text, sum(cost)::text"
    " FROM other WHERE k < 90 GROUP BY m ORDER BY m",
    "SELECT m, max(ts)::text, min(ts)::text, max(local)::text, min(day)::text FROM other GROUP BY m ORDER BY m",
    "SELECT m, ts::text, count(*) FROM other WHERE ts::text <> '' GROUP BY m, ts ORDER BY ts, m",
    "SELECT m, f = 0.1, count(*) FROM other GROUP BY m, f ORDER BY f, m",
]


@pytest.mark.parametrize("query", SPLITS)
def test_partial_rows(pair: Pair, query: str) -> None:
    same(pair, query, "split")


GATHERS = [
    "SELECT count(*) FROM other a JOIN other2 b ON a.ts = b.ts",
    "SELECT count(*) FROM other a JOIN other2 b ON a.local = b.local AND a.day = b.day AND a.span = b.span",
    "SELECT count(*) FROM other a JOIN other2 b ON a.f = b.f AND a.cost = b.cost AND a.m = b.m",
    "SELECT a.ts::text, a.m, a.times::text FROM other a JOIN other2 b ON a.ts = b.ts AND b.times = a.times"
    " WHERE a.day > '2000-01-01' ORDER BY a.k",
]


@pytest.mark.parametrize("query", GATHERS)
def test_gathered_rows(pair: Pair, query: str) -> None:
    same(pair, query, "gather")


def test_rows_that_are_answered_first(pair: Pair) -> None:
    same(
        pair,
        "SELECT d.m, d.x::text, d.x = '2024-03-31 22:15:00.123456+00' FROM (SELECT m, max(ts) AS x FROM other"
        " WHERE k < 90 GROUP BY m) d, (SELECT count(*) AS c FROM other2) e ORDER BY d.m",
        "gather",
    )


KEYS = [
    "ts",
    "ts DESC NULLS LAST",
    "local",
    "day, k",
    "m, ts DESC",
    "span, k",
    "cost DESC",
    "period, k",
    "f, k",
]


@pytest.mark.parametrize("keys", KEYS)
@pytest.mark.parametrize("binary", [False, True])
def test_order(pair: Pair, keys: str, binary: bool) -> None:
    connection, direct = pair
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT k, k AS k FROM other ORDER BY {keys}; -- so", binary=binary)
        assert [column.name for column in cursor.description or ()] == ["k", "k"]
        rows = cursor.fetchall()
    assert rows == direct.execute(f"SELECT k, k FROM plain ORDER BY {keys}").fetchall()


@pytest.mark.parametrize("keys", ["ts", "m, ts DESC", "day DESC, k"])
def test_order_of_streams(pair: Pair, keys: str) -> None:
    connection, direct = pair
    query = "SELECT k, ts::text AS ts_text FROM {} ORDER BY {} LIMIT 90 OFFSET 2"
    rows = list(connection.cursor().stream(query.format("other", keys), size=7))
    assert rows == direct.execute(query.format("plain", keys)).fetchall()


TIMES_INSIDE = [
    ("SELECT k FROM other ORDER BY times, k", "whole"),
    ("SELECT k FROM other WHERE seen IS NOT NULL ORDER BY seen DESC, k", "whole"),
    ("SELECT seen::text, count(*) FROM other GROUP BY seen ORDER BY seen", "split"),
    ("SELECT times::text, count(*) FROM other GROUP BY times ORDER BY times", "split"),
    ("SELECT max(times)::text, min(times)::text FROM other", "split"),
    ("SELECT count(*) FROM other a JOIN other2 b ON a.seen = b.seen", "gather"),
]


@pytest.mark.parametrize(("query", "strategy"), TIMES_INSIDE)
def test_times_inside_of_what_travels_as_text(pair: Pair, query: str, strategy: str) -> None:
    same(pair, query, strategy)


DIGITS = [
    ("SELECT k FROM other ORDER BY f, k", "whole"),
    ("SELECT ARRAY[f] < '{0.1}', count(*) FROM other GROUP BY ARRAY[f] ORDER BY ARRAY[f]", "split"),
    ("SELECT count(*) FROM other a JOIN other2 b ON a.measured = b.measured", "gather"),
]


@pytest.fixture
def of_few_digits(filled: Cluster) -> Iterator[Cluster]:
    """The cluster on whose catalog's server floats are written with few digits, if nobody says otherwise."""
    catalog = next(iter(filled.servers.values()))
    with psycopg.connect(catalog.conninfo, autocommit=True) as direct:
        database = sql.Identifier(direct.info.dbname)
        direct.execute(sql.SQL("ALTER DATABASE {} SET extra_float_digits = -5").format(database))
        with Cluster.open(catalog.conninfo) as cluster:
            yield cluster
        direct.execute(sql.SQL("ALTER DATABASE {} RESET extra_float_digits").format(database))


@pytest.mark.parametrize(("query", "strategy"), DIGITS)
@pytest.mark.parametrize("binary", [False, True])
def test_floats_that_are_written_alike(
    of_few_digits: Cluster, query: str, strategy: str, binary: bool
) -> None:
    """Values that differ are not taken for the same because they are shown with few digits."""
    catalog = next(iter(of_few_digits.servers.values()))
    with of_few_digits.connect() as connection, psycopg.connect(catalog.conninfo) as direct:
        wanted = direct.execute(query.replace("other2", "plain").replace("other", "plain")).fetchall()
        assert connection.cursor().explain(query).strategy == strategy
        assert connection.execute("SELECT DISTINCT f::text FROM other").fetchall() == [("0.1",)]
        assert connection.execute(query, binary=binary).fetchall() == wanted


def test_a_row_of_nulls_is_no_null(filled: Cluster) -> None:
    with filled.connect() as connection:
        query = "SELECT seen::text, count(*) FROM other WHERE k > 91 GROUP BY seen ORDER BY 2"
        assert connection.cursor().explain(query).strategy == "split"
        assert connection.execute(query).fetchall() == [(None, 1), ("(,)", 3)]


def test_a_limit_that_is_exceeded_leaves_the_connection_usable(make_cluster: MakeCluster) -> None:
    cluster = make_cluster(2, num_partitions=2)
    cluster.create_table("CREATE TABLE long (k int PRIMARY KEY, v text)", key="k")
    with cluster.connect(autocommit=True) as connection:
        connection.execute("INSERT INTO long VALUES (1, repeat('x', 8000000)), (2, repeat('y', 8000000))")
        rows = [(k, "z" * 8000) for k in range(3, 501)]
        connection.cursor().executemany("INSERT INTO long VALUES (%s, %s)", rows)
        connection.execute("SET DateStyle = 'German'")
        connection.gather_limit = 6_000_000
        for _ in range(2):
            with pytest.raises(errors.UnsupportedQuery, match=r"more than gather_limit"):
                connection.execute("SELECT count(v || k ORDER BY k) FROM long")
            assert connection.execute("SELECT count(*) FROM long").fetchone() == (500,)
            assert connection.execute("SHOW DateStyle").fetchone() == ("German, DMY",)
        connection.gather_limit = 80_000_000
        assert connection.execute("SELECT count(v || k ORDER BY k) FROM long").fetchone() == (500,)
        connection.gather_limit = 6_000_000
        with pytest.raises(errors.UnsupportedQuery), connection.transaction():
            connection.execute("SELECT count(v || k ORDER BY k) FROM long")
        assert connection.execute("SHOW DateStyle").fetchone() == ("German, DMY",)


@pytest.mark.parametrize(
    "query",
    ["TABLE vk ORDER BY k", "table /* so */ public.vk order by 1", "SELECT * FROM (TABLE vk) x ORDER BY k"],
)
def test_table_of_a_view(filled: Cluster, query: str) -> None:
    catalog = next(iter(filled.servers.values()))
    with psycopg.connect(catalog.conninfo, autocommit=True) as direct:
        direct.execute("CREATE OR REPLACE VIEW vk AS SELECT k, m FROM other WHERE k < 3")
    with filled.connect() as connection:
        assert connection.execute(query).fetchall() == [(0, "sad"), (1, "ok"), (2, "sad")]
