"""Cursors made by ``psycopg.Cursor(connection)``, as psycopg's own code does."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from psycopg.rows import dict_row
from psycopg.types import TypeInfo

from parallel_partition import Cluster, errors
from parallel_partition.dbapi.connection import Connection
from tests.fix_clusters import MakeCluster


@pytest.fixture(scope="module")
def filled(make_module_cluster: MakeCluster) -> Cluster:
    """Two servers with a table of 20 rows."""
    cluster = make_module_cluster(2)
    cluster.create_table("CREATE TABLE t (k int PRIMARY KEY, v text)", key="k")
    with cluster.writer("t") as writer:
        writer.write((key, f"v{key}") for key in range(20))
    return cluster


@pytest.fixture
def connection(filled: Cluster) -> Iterator[Connection]:
    """A connection that is not in autocommit."""
    with filled.connect() as connection:
        yield connection


def test_it_answers_as_the_connections_own(connection: Connection) -> None:
    cursor = psycopg.Cursor(connection, row_factory=dict_row)
    for key in range(20):
        assert cursor.execute("SELECT * FROM t WHERE k = %s", (key,)).fetchall() == [
            {"k": key, "v": f"v{key}"}
        ]
    assert cursor.execute("SELECT count(*) AS rows, max(%(k)s::int) AS k FROM t", {"k": 5}).fetchone() == {
        "rows": 20,
        "k": 5,
    }
    assert cursor.rowcount == 1
    assert [column.name for column in cursor.description] == ["rows", "k"]


def test_it_takes_part_in_the_transaction(connection: Connection) -> None:
    cursor = psycopg.Cursor(connection)
    cursor.execute("UPDATE t SET v = 'new'")
    assert cursor.rowcount == 20
    assert connection.execute("SELECT count(*) FROM t WHERE v = 'new'").fetchone() == (20,)
    connection.rollback()
    assert cursor.execute("SELECT count(*) FROM t WHERE v = 'new'").fetchone() == (0,)


def test_rows_of_several_servers_need_a_cursor_of_the_connection(connection: Connection) -> None:
    with pytest.raises(errors.UnsupportedQuery, match=r"connection\.cursor\(\)"):
        psycopg.Cursor(connection).execute("SELECT k FROM t")
    assert connection.execute("SELECT count(*) FROM t").fetchone() == (20,)


def test_errors_are_the_servers(connection: Connection) -> None:
    with pytest.raises(psycopg.errors.UndefinedColumn):
        psycopg.Cursor(connection).execute("SELECT nothing FROM t WHERE k = 1")


def test_types_are_fetched(connection: Connection) -> None:
    assert TypeInfo.fetch(connection, "int4").oid == 23
    assert TypeInfo.fetch(connection, "no_such_type") is None


def test_other_methods_still_say_that_they_ask_one_server(connection: Connection) -> None:
    with pytest.raises(errors.UnsupportedQuery, match="one server only"):
        psycopg.Cursor(connection).executemany("INSERT INTO t VALUES (%s, 'x')", [(100,)])
