"""A cluster that is loaded, and names for its tables."""

from __future__ import annotations

from itertools import count

import pytest

from parallel_partition import Cluster
from tests.cluster.loads import everywhere
from tests.fix_clusters import MakeCluster

_names = count(1)


@pytest.fixture(scope="module")
def loaded(make_module_cluster: MakeCluster) -> Cluster:
    """Four servers and eight partitions, for all tests; their tables have names of their own."""
    cluster = make_module_cluster()
    everywhere(cluster, "CREATE TYPE colour AS ENUM ('red', 'blue')")
    return cluster


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A table's name that no other test has."""
    return f"t{next(_names)}"
