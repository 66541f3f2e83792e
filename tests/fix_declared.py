"""A cluster on which tables are declared, and what its servers say of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from parallel_partition import Cluster
from tests.fix_clusters import MakeCluster

Ask = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture(scope="module")
def shared(make_module_cluster: MakeCluster) -> Cluster:
    """A cluster for tests whose tables have names of their own, or are refused."""
    return make_module_cluster(servers=2, num_partitions=4)


@pytest.fixture
def ask(shared: Cluster) -> Iterator[Ask]:
    """Runs a statement on one server of ``shared``, s2 unless said otherwise."""
    sessions = {
        name: psycopg.connect(server.conninfo, autocommit=True) for name, server in shared.servers.items()
    }

    def ask(query: str, *parameters: object, server: str = "s2") -> list[tuple[Any, ...]]:
        cursor = sessions[server].execute(query.encode(), parameters or None)
        return cursor.fetchall() if cursor.description else []

    yield ask
    for session in sessions.values():
        session.close()
