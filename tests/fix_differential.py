"""One plain PostgreSQL and a cluster that hold the same rows; how many random statements are compared on them."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from parallel_partition import Cluster
from parallel_partition.dbapi.connection import Connection
from tests.differential import data, shape_data

#: (CREATE TABLE, key), and the rows of each table.
Tables = Sequence[tuple[str, str | tuple[str, ...] | None]]
Rows = Mapping[str, Sequence[tuple[Any, ...]]]

#: How many servers a cluster has that is compared with one PostgreSQL; one server has all partitions.
SERVERS = (1, 2, 4)
STATEMENTS = 2_000
SEQUENCES = 60
SEED = 2_026


class Pair(NamedTuple):
    """Connections to the plain PostgreSQL and to the cluster, both in autocommit."""

    plain: psycopg.Connection[Any]
    over: Connection[Any]


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("random statements")
    group.addoption(
        "--statements",
        type=int,
        default=STATEMENTS,
        help="how many queries, a tenth as many writes, a twentieth as many parted queries",
    )
    group.addoption("--sequences", type=int, default=SEQUENCES, help="how many sequences of psycopg's calls")
    group.addoption("--statement-seed", type=int, default=SEED, help="which ones")


def named(servers: int) -> str:
    """How a test's id says the number of servers."""
    return f"{servers} server{'s' * (servers > 1)}"


#: Runs a test with each number of servers.
over_servers = pytest.mark.parametrize("servers", SERVERS, indirect=True, ids=named, scope="module")


@pytest.fixture(scope="module")
def servers(request: pytest.FixtureRequest, conninfos: list[str]) -> int:
    """How many servers the cluster has that is compared with one PostgreSQL."""
    number: int = request.param
    if number > len(conninfos):
        pytest.skip(f"needs {number} servers, {len(conninfos)} were given")
    return number


@pytest.fixture(scope="module")
def pair(conninfos: list[str], servers: int) -> Iterator[Pair]:
    """The tables of random statements in one PostgreSQL and in a cluster, both with all rows."""
    tables = tuple((table.statement, table.key) for table in data.TABLES)
    with databases_by_icu(conninfos[:servers]) as made, filled_pair(made, tables, data.rows()) as found:
        yield found


@pytest.fixture(scope="module")
def shapes(conninfos: list[str], servers: int) -> Iterator[Pair]:
    """The same with the tables of the hand-written statements."""
    with (
        databases_by_icu(conninfos[:servers]) as made,
        filled_pair(made, shape_data.SCHEMA, shape_data.rows()) as found,
    ):
        yield found


@contextmanager
def databases_by_icu(conninfos: list[str]) -> Iterator[tuple[str, list[str]]]:
    """One database and one on each server. Where PostgreSQL has ICU they sort by it, which texts as bytes do not."""
    name = f"differential_{secrets.token_hex(4)}"
    places = [(conninfos[0], f"{name}_plain"), *((conninfo, name) for conninfo in conninfos)]
    try:
        for place in places:
            _create(*place)
        plain, *servers = [make_conninfo(conninfo, dbname=database) for conninfo, database in places]
        yield plain, servers
    finally:
        for conninfo, database in places:
            with psycopg.connect(conninfo, autocommit=True) as connection:
                connection.execute(_statement("DROP DATABASE IF EXISTS {} WITH (FORCE)", database))


@contextmanager
def filled_pair(made: tuple[str, list[str]], tables: Tables, rows: Rows) -> Iterator[Pair]:
    """Connections to the plain database and to a cluster of the others, all with these tables and rows."""
    with (
        psycopg.connect(made[0], autocommit=True) as plain,
        Cluster.create(made[1], num_partitions=16) as cluster,
        cluster.connect(autocommit=True) as over,
    ):
        for statement, key in tables:
            plain.execute(statement.encode())
            if key is None:
                cluster.create_table(statement, reference=True)
            else:
                cluster.create_table(statement, key=key)
        for name, found in rows.items():
            for connection in (plain, over):
                if found:
                    places = ", ".join(["%s"] * len(found[0]))
                    connection.cursor().executemany(f"INSERT INTO {name} VALUES ({places})".encode(), found)
        yield Pair(plain, over)


def _create(conninfo: str, name: str) -> None:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        try:
            connection.execute(_statement(f"CREATE DATABASE {{}} {_ICU}", name))
        except psycopg.errors.FeatureNotSupported:
            connection.execute(_statement("CREATE DATABASE {} TEMPLATE template0", name))


_ICU = "TEMPLATE template0 ENCODING utf8 LOCALE_PROVIDER icu ICU_LOCALE 'en-US'"


def _statement(text: str, name: str) -> sql.Composed:
    return sql.SQL(text).format(sql.Identifier(name))  # type: ignore[arg-type]  # texts of this module
