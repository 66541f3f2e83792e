"""Clusters over fresh databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from parallel_partition import Cluster
from parallel_partition.dbapi.connection import Connection
from tests.fix_databases import MakeDatabases

#: ``make_cluster(servers=4, num_partitions=8)`` makes a cluster of empty databases.
MakeCluster = Callable[..., Cluster]


def _maker(databases: MakeDatabases) -> Iterator[MakeCluster]:
    made: list[Cluster] = []

    def make(servers: int = 4, num_partitions: int = 8) -> Cluster:
        cluster = Cluster.create(databases(servers), num_partitions=num_partitions)
        made.append(cluster)
        return cluster

    yield make
    for cluster in made:
        cluster.close()


@pytest.fixture
def make_cluster(databases: MakeDatabases) -> Iterator[MakeCluster]:
    """A function that makes clusters, closed after the test."""
    yield from _maker(databases)


@pytest.fixture(scope="module")
def make_module_cluster(module_databases: MakeDatabases) -> Iterator[MakeCluster]:
    """The same, closed after the last test of the module."""
    yield from _maker(module_databases)


@pytest.fixture
def cluster(make_cluster: MakeCluster) -> Cluster:
    """An empty cluster of four servers and eight partitions."""
    return make_cluster()


@pytest.fixture
def connection(filled: Cluster) -> Iterator[Connection[Any]]:
    """A connection to the cluster that a module has filled, whose changes are rolled back."""
    with filled.connect() as connection:
        yield connection
        connection.rollback()
