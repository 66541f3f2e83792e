"""Servers that a test may stop, kill and start again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from parallel_partition.local_cluster import LocalCluster
from tests.fix_servers import SETTINGS

#: ``throwaway_cluster(2, wal_level="replica")`` starts 2 servers with that setting.
StartCluster = Callable[..., LocalCluster]


@pytest.fixture
def throwaway_cluster(pg_bin: Path) -> Iterator[StartCluster]:
    """A function: how many servers, settings -> a running `LocalCluster` of this test alone.

    It is stopped after the test. Killed servers keep what they wrote: with fsync off only a crash of the
    machine loses data.
    """
    started: list[LocalCluster] = []

    def start(servers: int = 2, **settings: str | int | float | bool) -> LocalCluster:
        local = LocalCluster(servers, settings={**SETTINGS, **settings}, pg_bin=pg_bin)
        started.append(local)
        return local.start()

    yield start
    for local in started:
        local.stop()
