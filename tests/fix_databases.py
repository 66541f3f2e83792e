"""Fresh databases on the running servers: tests are apart from each other without starting servers again."""

from __future__ import annotations

import itertools
import os
import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

#: ``databases(3)`` makes an empty database on each of the first 3 servers and returns their conninfos.
MakeDatabases = Callable[..., list[str]]

_RUN = f"test_{os.getpid()}_{secrets.token_hex(3)}"
_numbers = itertools.count(1)


@pytest.fixture
def databases(conninfos: list[str]) -> Iterator[MakeDatabases]:
    """A function: how many -> conninfos of empty databases, one per server; dropped after the test."""
    yield from _maker(conninfos)


@pytest.fixture(scope="module")
def module_databases(conninfos: list[str]) -> Iterator[MakeDatabases]:
    """The same as ``databases``, dropped after the last test of the module."""
    yield from _maker(conninfos)


@pytest.fixture
def plain(databases: MakeDatabases) -> str:
    """One empty database: the plain PostgreSQL that answers are compared with."""
    return databases(1)[0]


@pytest.fixture(scope="module")
def module_plain(module_databases: MakeDatabases) -> str:
    """The same as ``plain``, for all tests of the module."""
    return module_databases(1)[0]


def _maker(conninfos: list[str]) -> Iterator[MakeDatabases]:
    made: list[tuple[str, str]] = []

    def make(number: int = len(conninfos)) -> list[str]:
        if number > len(conninfos):
            pytest.skip(f"needs {number} servers, {len(conninfos)} were given")
        name = f"{_RUN}_{next(_numbers)}"
        wanted = [(conninfo, name) for conninfo in conninfos[:number]]
        made.extend(wanted)
        _everywhere(_create, wanted)
        return [make_conninfo(conninfo, dbname=name) for conninfo, name in wanted]

    yield make
    _everywhere(_drop, made)


def _everywhere(act: Callable[[str, str], None], places: list[tuple[str, str]]) -> None:
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda place: act(*place), places))


def _create(conninfo: str, name: str) -> None:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))


def _drop(conninfo: str, name: str) -> None:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        found = connection.execute("SELECT FROM pg_database WHERE datname = %s", (name,)).fetchone()
        if found is None:
            return
        _roll_back_prepared(conninfo, name)
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _roll_back_prepared(conninfo: str, name: str) -> None:
    """Tests of the two-phase commit leave prepared transactions behind, which keep a database from going."""
    with psycopg.connect(make_conninfo(conninfo, dbname=name), autocommit=True) as connection:
        query = "SELECT gid FROM pg_prepared_xacts WHERE database = current_database()"
        for (gid,) in connection.execute(query).fetchall():
            connection.execute(sql.SQL("ROLLBACK PREPARED {}").format(sql.Literal(gid)))
