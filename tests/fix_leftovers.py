"""Servers on which parts of transactions are left behind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cluster.leftovers import Leftovers
from tests.fix_clusters import MakeCluster


@pytest.fixture(scope="module")
def module_leftovers(make_module_cluster: MakeCluster) -> Leftovers:
    """Three servers with a table of numbers on each."""
    return Leftovers(make_module_cluster(servers=3, num_partitions=6))


@pytest.fixture
def leftovers(module_leftovers: Leftovers) -> Iterator[Leftovers]:
    """The same, without numbers and with nothing prepared; so afterwards."""
    yield module_leftovers
    module_leftovers.clear()


@pytest.fixture
def roles(leftovers: Leftovers) -> Iterator[tuple[str, str]]:
    """An application's role, and one that a login may take by SET ROLE."""
    login, taken = "recovery_login", "recovery_taken"
    for server in leftovers.cluster.servers:
        leftovers.ask(server, f"CREATE ROLE {taken}")
        leftovers.ask(server, f"CREATE ROLE {login} LOGIN IN ROLE {taken}")
        leftovers.ask(server, f"GRANT ALL ON numbers TO {taken}, {login}")
    yield login, taken
    leftovers.clear()
    for server in leftovers.cluster.servers:
        leftovers.ask(server, f"DROP OWNED BY {login}, {taken}")
        leftovers.ask(server, f"DROP ROLE {login}, {taken}")
