"""Databases that commit one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import psycopg
import pytest

from parallel_partition.postgres.named_sql import load
from tests.cluster.participants import (
    TABLE,
    Cluster,
)
from tests.fix_databases import MakeDatabases


@pytest.fixture(scope="module")
def places(module_databases: MakeDatabases) -> list[str]:
    """Three databases with the tables, for all tests of the module."""
    conninfos = module_databases(3)
    for conninfo in conninfos:
        with psycopg.connect(conninfo) as connection:
            connection.execute(load("server")["create"] + ";" + TABLE)
    return conninfos


@pytest.fixture
def participants(places: list[str]) -> Iterator[Cluster]:
    """Fresh connections to three databases without rows."""
    with ExitStack() as stack:
        cluster = Cluster(places, stack)
        yield cluster
        cluster.clear()
