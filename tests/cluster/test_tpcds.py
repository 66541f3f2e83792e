"""The 99 queries of TPC-DS over four servers and in one PostgreSQL: the same rows, names and types."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from parallel_partition import Cluster
from parallel_partition.dbapi.connection import Connection
from tests.differential.compare import among, same_rows
from tests.fix_clusters import MakeCluster

#: Its wheel with TPC-DS inside is there for Python 3.11 and 3.12 only; later ones ask the network for it.
pytest.importorskip("duckdb")
from tests import tpcds

SCALE = 0.01
#: Which queries are answered by another strategy than *gather*: most join with customers or dates off the key, or
#: compare sums over all rows with each other.
STRATEGIES = {
    "one server": {41},
    "whole": {39},
    "split": {3, 7, 12, 20, 22, 26, 40, 42, 43, 50, 52, 55, 62, 71, 86, 93, 96, 98, 99},
}
QUERIES = tpcds.queries()


@pytest.fixture(scope="module")
def made() -> Iterator[tpcds.Made]:
    """All of TPC-DS."""
    made = tpcds.Made(SCALE)
    yield made
    made.close()


@pytest.fixture(scope="module")
def files(made: tpcds.Made, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A CSV file for each table."""
    return made.write(tmp_path_factory.mktemp("tpcds"))


@pytest.fixture(scope="module")
def connection(
    make_module_cluster: MakeCluster, made: tpcds.Made, files: dict[str, Path]
) -> Iterator[Connection]:
    """A connection to a cluster of four servers with all of TPC-DS."""
    cluster: Cluster = make_module_cluster()
    for name, definition in made.tables.items():
        tpcds.create_in(cluster, name, definition)
        cluster.load_csv(name, files[name])
    # Without it PostgreSQL joins tables of which it knows nothing, and needs up to 20 s for a query.
    for server in cluster.servers.values():
        with psycopg.connect(server.conninfo, autocommit=True) as direct:
            direct.execute("ANALYZE")
    with cluster.connect(autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def one(module_plain: str, made: tpcds.Made, files: dict[str, Path]) -> Iterator[psycopg.Connection[Any]]:
    """A connection to one PostgreSQL with all of TPC-DS."""
    tpcds.create_plain(module_plain, made, files)
    with psycopg.connect(module_plain, autocommit=True) as connection:
        yield connection


@pytest.mark.parametrize("number", tpcds.QUERIES)
def test_every_query_answers_as_one_postgresql(
    connection: Connection, one: psycopg.Connection[Any], number: int
) -> None:
    answers_alike(QUERIES[number], connection, one)


@pytest.mark.parametrize("number", tpcds.WIDER)
def test_queries_that_find_nothing_find_the_same_where_they_ask_for_more(
    connection: Connection, one: psycopg.Connection[Any], number: int
) -> None:
    assert answers_alike(tpcds.wider(number, QUERIES[number]), connection, one)


def answers_alike(text: str, connection: Connection, one: psycopg.Connection[Any]) -> int:
    """Compare the answers of both; returns how many rows they have."""
    cursor, expected = connection.execute(text.encode()), one.execute(text.encode())
    assert described(cursor) == described(expected)
    assert cursor.rowcount == expected.rowcount
    found, wanted = cursor.fetchall(), expected.fetchall()
    if found != wanted:
        # Rows that tie come in any order, and LIMIT leaves any of them.
        every = tpcds.without_limit(text).encode()
        unlimited = one.execute(every).fetchall()
        assert same_rows(unlimited, connection.execute(every).fetchall())
        assert among(found, unlimited)
    return len(wanted)


def test_which_strategy_answers_which_query(connection: Connection) -> None:
    cursor = connection.cursor()
    found = {number: cursor.explain(text).strategy for number, text in QUERIES.items()}
    others = {name: {number for number in found if found[number] == name} for name in STRATEGIES}
    assert others == STRATEGIES
    assert Counter(found.values())["gather"] == 78


def test_every_row_was_loaded(connection: Connection, one: psycopg.Connection[Any]) -> None:
    for table in sorted(tpcds.KEYS):
        query = f"SELECT * FROM {table}".encode()
        assert same_rows(one.execute(query).fetchall(), connection.execute(query).fetchall())


def described(cursor: psycopg.Cursor[Any]) -> list[tuple[object, ...]]:
    """The names and types of an answer's columns."""
    return [
        (column.name, column.type_code, column.display_size, column.precision, column.scale)
        for column in cursor.description or ()
    ]
