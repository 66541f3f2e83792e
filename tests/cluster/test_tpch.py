"""The 22 queries of TPC-H over four servers and in one PostgreSQL: the same rows, or a refusal that says why."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from parallel_partition import Cluster
from parallel_partition.dbapi.connection import Connection
from parallel_partition.errors import UnsupportedQuery
from tests import tpch
from tests.fix_clusters import MakeCluster

SCALE = 0.01
#: Which strategy answers which query. Six tables are reference tables, orders and lineitem are sharded.
COVERED = {
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
    14: "split",
    16: "one server",
    18: "whole",
    19: "split",
    21: "split",
}
#: What is refused, and what the refusal says.
REFUSED = {
    13: r"LEFT JOIN: rows of public\.customer that have no match on one server may have one on another",
    15: r"GROUP BY: it does not include the key \(lineitem\.l_orderkey\)",
    17: r"a subquery over public\.lineitem \(WHERE\): its rows are not tied by the key to the row around it",
    20: r"a subquery over a sharded table: the tables around it are on every server",
    22: r"a subquery over a sharded table: the tables around it are on every server",
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A CSV file for each table of TPC-H."""
    return tpch.generate(tmp_path_factory.mktemp("tpch"), SCALE)


@pytest.fixture(scope="module")
def connection(make_module_cluster: MakeCluster, files: dict[str, Path]) -> Iterator[Connection]:
    """A connection to a cluster of four servers with all of TPC-H."""
    cluster: Cluster = make_module_cluster()
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


def test_every_query_is_covered_or_refused() -> None:
    assert sorted([*COVERED, *REFUSED]) == list(tpch.QUERIES)
    readme = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    assert f"{len(COVERED)} are answered and\n  {len(REFUSED)} refused" in readme


@pytest.mark.parametrize("number", COVERED)
def test_covered_queries_answer_as_one_postgresql(
    connection: Connection, one: psycopg.Connection, number: int
) -> None:
    query = tpch.query(number)
    with connection.cursor() as cursor, one.cursor() as expected:
        assert cursor.explain(query).strategy == COVERED[number]
        assert cursor.execute(query).fetchall() == expected.execute(query).fetchall()
        assert cursor.rowcount == expected.rowcount > 0
        assert described(cursor) == described(expected)


@pytest.mark.parametrize("number", REFUSED)
def test_refused_queries_say_why(connection: Connection, number: int) -> None:
    with pytest.raises(UnsupportedQuery, match=REFUSED[number]):
        connection.execute(tpch.query(number))


def test_every_row_was_loaded(connection: Connection, files: dict[str, Path]) -> None:
    for table, file in files.items():
        (count,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
        assert count == file.read_bytes().count(b"\n") - 1


def described(cursor: psycopg.Cursor) -> list[tuple[object, ...]]:
    return [
        (column.name, column.type_code, column.display_size, column.precision, column.scale)
        for column in cursor.description
    ]
