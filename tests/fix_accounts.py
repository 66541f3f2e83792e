"""A cluster with accounts that are empty."""

from __future__ import annotations

import pytest

from parallel_partition import Cluster
from tests.cluster.accounts import (
    with_tables,
)
from tests.fix_clusters import MakeCluster


@pytest.fixture(scope="module")
def module_bank(make_module_cluster: MakeCluster) -> Cluster:
    """Three servers with accounts on each."""
    return with_tables(make_module_cluster(servers=3, num_partitions=6))


@pytest.fixture
def bank(module_bank: Cluster) -> Cluster:
    """The same, when all accounts are empty."""
    with module_bank.connect() as connection:
        connection.execute("DELETE FROM accounts")
        connection.execute("DELETE FROM rates")
        connection.cursor().executemany("INSERT INTO accounts VALUES (%s, 0)", [(n,) for n in range(1, 31)])
        connection.execute("INSERT INTO rates VALUES ('one', 1)")
    return module_bank
