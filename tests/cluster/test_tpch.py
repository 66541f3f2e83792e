"""The 22 queries of TPC-H over one, two and four servers and in one PostgreSQL: the same rows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from parallel_partition import Cluster
from parallel_partition.dbapi.connection import Connection
from tests import tpch
from tests.fix_clusters import MakeCluster
from tests.fix_differential import over_servers

SCALE = 0.01
#: Which strategy answers which query over several servers. Six tables are reference tables, orders and lineitem are
#: sharded.
STRATEGIES = {
    1: "split",
    2: "one server",
    3: "whole",
    4: "split",
    5: "split",
    6: "split",
    7: "split",
    8: "split",
    9: "split",
    10: "split",
    11: "one server",
    12: "split",
    13: "gather",
    14: "split",
    15: "gather",
    16: "one server",
    17: "gather",
    18: "whole",
    19: "split",
    20: "gather",
    21: "split",
    22: "gather",
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A CSV file for each table of TPC-H."""
    return tpch.generate(tmp_path_factory.mktemp("tpch"), SCALE)


@pytest.fixture(scope="module")
def connection(
    make_module_cluster: MakeCluster, files: dict[str, Path], servers: int
) -> Iterator[Connection]:
    """A connection to a cluster with all of TPC-H."""
    cluster: Cluster = make_module_cluster(servers)
    for table in tpch.TABLES.values():
        tpch.create_in(cluster, table)
        cluster.load_csv(table.name, files[table.name])
    with cluster.connect(autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def one(module_plain: str, files: dict[str, Path]) -> Iterator[psycopg.Connection]:
    """A connection to one PostgreSQL with all of TPC-H."""
    tpch.create_plain(module_plain, files)
    with psycopg.connect(module_plain, autocommit=True) as connection:
        yield connection


@over_servers
@pytest.mark.parametrize("number", STRATEGIES)
def test_every_query_answers_as_one_postgresql(
    connection: Connection, one: psycopg.Connection, servers: int, number: int
) -> None:
    query = tpch.query(number)
    with connection.cursor() as cursor, one.cursor() as expected:
        assert cursor.explain(query).strategy == ("one server" if servers == 1 else STRATEGIES[number])
        assert cursor.execute(query).fetchall() == expected.execute(query).fetchall()
        assert cursor.rowcount == expected.rowcount > 0
        assert described(cursor) == described(expected)


@over_servers
def test_every_row_was_loaded(connection: Connection, files: dict[str, Path]) -> None:
    for table, file in files.items():
        (count,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
        assert count == file.read_bytes().count(b"\n") - 1


def described(cursor: psycopg.Cursor) -> list[tuple[object, ...]]:
    return [
        (column.name, column.type_code, column.display_size, column.precision, column.scale)
        for column in cursor.description
    ]
