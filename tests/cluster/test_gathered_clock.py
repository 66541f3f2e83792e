"""Clocks in gathered statements: within a transaction they stand still, as in one PostgreSQL, whose own word counts."""

from __future__ import annotations

import time
from typing import Any

import pytest

from parallel_partition import Cluster, errors
from parallel_partition.dbapi.connection import Connection
from tests.fix_clusters import MakeCluster

pytestmark = pytest.mark.both_versions

CLOCKS = (
    "now()",
    "transaction_timestamp()",
    "current_timestamp",
    "current_timestamp(3)",
    "current_date",
    "current_time",
    "current_time(0)",
    "localtime",
    "localtime(1)",
    "localtimestamp",
    "localtimestamp(2)",
    "now()::date",
    "date_trunc('day', now())",
    "now() - interval '1 day'",
    "to_char(current_timestamp, 'YYYY-MM-DD HH24:MI:SS.US TZH')",
    "coalesce(NULL, localtimestamp)",
    "(SELECT pg_catalog.now())",
    "extract(epoch FROM now())",
)
MEDIAN = "percentile_disc(0.5) WITHIN GROUP (ORDER BY v)"


@pytest.fixture(scope="module")
def filled(make_module_cluster: MakeCluster) -> Cluster:
    """Three servers with times."""
    cluster = make_module_cluster(3)
    cluster.create_table("CREATE TABLE t (k int PRIMARY KEY, v int, at timestamptz)", key="k")
    with cluster.connect(autocommit=True) as connection:
        rows = [(key, key, f"{1000 + 100 * key}-01-01 00:00+00") for key in range(20)]
        connection.cursor().executemany("INSERT INTO t VALUES (%s, %s, %s)", rows)
    return cluster


def answered(connection: Connection[Any], query: str, *, binary: bool = False) -> tuple[list[Any], str]:
    """The rows of a statement, and what is said of its columns."""
    cursor = connection.execute(query, binary=binary)
    return cursor.fetchall(), repr(cursor.description)


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kathmandu", "America/St_Johns"])
@pytest.mark.parametrize("isolation", [None, "snapshot"])
@pytest.mark.parametrize("first", [True, False])
def test_clocks_are_those_of_the_transaction(filled: Cluster, zone: str, isolation: Any, first: bool) -> None:
    """Local statements are answered by one PostgreSQL, in the same transaction."""
    with filled.connect(isolation=isolation) as connection:
        connection.execute(f"SET TIME ZONE '{zone}'")
        connection.commit()
        listed = ", ".join(CLOCKS)
        gather = f"SELECT {listed} FROM (SELECT {MEDIAN} FROM t) AS m"
        if not first:
            connection.execute("SELECT count(*) FROM t")
        found = answered(connection, gather)
        assert connection.explain(gather).strategy == "gather"
        assert found == answered(connection, f"SELECT {listed}")
        assert answered(connection, gather, binary=True) == answered(
            connection, f"SELECT {listed}", binary=True
        )
        streamed = list(connection.cursor().stream(gather))
        assert streamed == found[0]


def test_clocks_in_other_clauses(filled: Cluster) -> None:
    query = f"""
        WITH today AS (SELECT current_date AS d)
        SELECT {MEDIAN}, max(at) < now(), d FROM t, today, now() AS n
        WHERE at < localtimestamp AND n = current_timestamp
        GROUP BY d, current_date HAVING min(at) < now() ORDER BY now()
    """
    with filled.connect() as connection, filled.connect(autocommit=True) as alone:
        assert connection.execute(query).fetchall() == alone.execute(query).fetchall()
        assert len(connection.execute(query).fetchall()) == 1
        explained = connection.explain(query, analyze=True)
        assert explained.rows == 1
        merge = connection.runner.merge.session
        assert merge is not None
        left = merge.connection.execute("SELECT count(*) FROM pg_proc WHERE proname = 'now'").fetchone()
        assert left == (1,)


def test_a_clock_of_the_statement_goes_on(filled: Cluster) -> None:
    query = f"SELECT {MEDIAN}, statement_timestamp(), statement_timestamp() >= now(), clock_timestamp() >= now() FROM t"
    with filled.connect() as connection:
        rows = [connection.execute(query).fetchone() for _ in range(2)]
        assert rows[0] is not None
        assert rows[1] is not None
        assert rows[0][1] < rows[1][1]
        assert rows[0][2:] == rows[1][2:] == (True, True)


@pytest.mark.parametrize("clock", ["age(at)", "'today'::date", "at < 'now'"])
def test_what_no_text_can_say_is_refused(filled: Cluster, clock: str) -> None:
    query = f"SELECT {MEDIAN}, count(*) FILTER (WHERE ({clock})::text <> '') FROM t"
    with filled.connect() as connection:
        with pytest.raises(errors.UnsupportedQuery, match="the merge session's clock is another"):
            connection.execute(query)
        connection.autocommit = True
        assert connection.execute(query).fetchone() == (9, 20)


def test_writes_on_other_servers_have_the_time_of_the_transaction(filled: Cluster) -> None:
    query = "SELECT array_agg(k ORDER BY k), count(DISTINCT at) FROM t WHERE at = now()"
    homes = {filled.shard_map.server_of(key): key for key in range(20)}
    update = "UPDATE t SET at = now() WHERE k = %s"
    with filled.connect() as connection:
        connection.execute(update, (homes["s1"],))
        time.sleep(0.01)
        connection.execute(update, (homes["s3"],))
        connection.execute(
            "INSERT INTO t (k, at) VALUES (1001, now()), (1002, CURRENT_TIMESTAMP), (1003, now())"
        )
        changed = sorted([homes["s1"], homes["s3"], 1001, 1002, 1003])
        assert connection.execute(query).fetchone() == (changed, 1)
        connection.execute("UPDATE t SET at = now()")
        assert connection.execute("SELECT count(*), count(DISTINCT at) FROM t").fetchone() == (23, 1)
        connection.rollback()
        connection.execute("SELECT")
        time.sleep(0.01)
        connection.execute(update, (homes["s3"],))
        assert connection.execute(query).fetchone() == ([homes["s3"]], 1)
        connection.rollback()
        assert connection.execute(query).fetchone() == (None, 0)
