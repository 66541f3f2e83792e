"""Options of EXPLAIN that are passed on: PostgreSQL's own plans of the servers have what they ask for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from parallel_partition import Cluster
from parallel_partition.dbapi.connection import Connection
from tests.fix_clusters import MakeCluster

pytestmark = pytest.mark.both_versions

POINT = "SELECT v FROM t WHERE k = 1"
WHOLE = "SELECT k, v FROM t ORDER BY k"
SPLIT = "SELECT v, count(*) FROM t GROUP BY v"
GATHER = "SELECT mode() WITHIN GROUP (ORDER BY v) FROM t"


@pytest.fixture(scope="module")
def filled(make_module_cluster: MakeCluster) -> Cluster:
    """Two servers with a table."""
    cluster = make_module_cluster(2)
    cluster.create_table("CREATE TABLE t (k int PRIMARY KEY, v int)", key="k")
    with cluster.writer("t") as writer:
        writer.write((k, k % 3) for k in range(100))
    return cluster


@pytest.fixture
def connection(filled: Cluster) -> Iterator[Connection[Any]]:
    """A connection in autocommit."""
    with filled.connect(autocommit=True) as connection:
        yield connection


def shown(connection: Connection[Any], text: str) -> str:
    """The lines of an EXPLAIN."""
    return "\n".join(line for (line,) in connection.execute(text).fetchall())


@pytest.mark.parametrize("query", [POINT, WHOLE, SPLIT, GATHER])
def test_verbose_shows_what_each_node_puts_out(connection: Connection[Any], query: str) -> None:
    assert "Output: " in shown(connection, f"EXPLAIN VERBOSE {query}")
    assert "Output: " in shown(connection, f"EXPLAIN (ANALYZE, VERBOSE) {query}")
    assert "Output: " not in shown(connection, f"EXPLAIN (VERBOSE off) {query}")


@pytest.mark.parametrize("query", [POINT, WHOLE, SPLIT])
def test_buffers_are_those_of_the_servers(connection: Connection[Any], query: str) -> None:
    assert "Buffers: shared hit=" in shown(connection, f"EXPLAIN (ANALYZE, BUFFERS) {query}")
    assert "Buffers: " not in shown(connection, f"EXPLAIN (ANALYZE, BUFFERS off) {query}")


def test_timing_of_nodes_can_be_left_out(connection: Connection[Any]) -> None:
    (document,) = (
        connection.execute(f"EXPLAIN (ANALYZE, TIMING off, WAL, FORMAT JSON) {WHOLE}").fetchone() or ()
    )
    for query in document["queries"]:
        assert "Actual Total Time" not in query["plan"]
        assert query["plan"]["Actual Rows"] > 0
        assert query["plan"]["WAL Records"] == 0
        assert query["plan"]["Execution Time"] > 0
    (document,) = connection.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {WHOLE}").fetchone() or ()
    assert all(query["plan"]["Actual Total Time"] > 0 for query in document["queries"])


@pytest.mark.parametrize("query", [POINT, GATHER])
def test_settings_and_summary_are_said_once_a_plan(connection: Connection[Any], query: str) -> None:
    connection.execute("SET enable_seqscan = off")
    lines = shown(connection, f"EXPLAIN (SETTINGS, SUMMARY) {query}")
    assert "Settings: " in lines
    assert "enable_seqscan = 'off'" in lines
    assert "Planning Time: " in lines
    assert "Execution Time: " not in lines
    assert "Planning Time: " not in shown(connection, f"EXPLAIN {query}")


def test_what_a_server_does_not_take_is_its_own_error(connection: Connection[Any]) -> None:
    with pytest.raises(psycopg.errors.InvalidParameterValue, match="WAL requires ANALYZE"):
        connection.execute(f"EXPLAIN (WAL) {WHOLE}")
    with pytest.raises(psycopg.Error, match="requires a Boolean value"):
        connection.execute(f"EXPLAIN (BUFFERS perhaps) {WHOLE}")


def test_a_write_is_explained_without_its_run(connection: Connection[Any]) -> None:
    lines = shown(connection, "EXPLAIN (ANALYZE, BUFFERS, WAL, VERBOSE) UPDATE t SET v = 5 WHERE v = 5")
    assert "strategy    whole" in lines
    assert "Output: " in lines
