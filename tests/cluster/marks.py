"""Transactions that leave a mark on each of three servers: on all, or on none."""

from __future__ import annotations

import psycopg

from parallel_partition import Cluster
from parallel_partition.execution.recover import Courtesy
from parallel_partition.local_servers.process import wait_until
from tests.cluster.mortals import COMMITTED, FAILED, SERVERS, UNKNOWN


def conninfo(cluster: Cluster) -> str:
    """How a child opens the same cluster."""
    return cluster._pools["s1"]._conninfo


def prepared(cluster: Cluster) -> list[str]:
    """All that is prepared, past the library."""
    found = []
    for pool in cluster._pools.values():
        with psycopg.connect(pool._conninfo, autocommit=True) as connection:
            query = "SELECT gid FROM pg_prepared_xacts WHERE database = current_database()"
            found += [gid for (gid,) in connection.execute(query)]
    return found


def marks(cluster: Cluster, number: int) -> int:
    """On how many servers a transaction is."""
    with cluster.connect() as connection:
        row = connection.execute("SELECT count(*) FROM marks WHERE n = %s", (number,)).fetchone()
        assert row is not None
        return int(row[0])


def settled(cluster: Cluster) -> int:
    """Recover until nothing is left, for a server notices only a moment later that a client is gone.

    Returns how many parts were ended.
    """
    ended = 0

    def nothing_left() -> bool:
        nonlocal ended
        recovery = cluster._recoverer.run(Courtesy(0))
        ended += len(recovery.committed) + len(recovery.rolled_back)
        return not recovery.unreachable and not recovery.left

    assert wait_until(nothing_left, 30)
    return ended


def agrees(cluster: Cluster, number: int, told: tuple[str, str | None] | None, marked: int) -> None:
    """Hold what a client was told against what is there."""
    assert marked in {0, len(SERVERS)}, "half of a transaction is there"
    if told is None:
        return
    what, about = told
    if what == UNKNOWN:
        assert cluster.outcome(str(about), "s1") is (marked == len(SERVERS))
    else:
        assert what == (COMMITTED if marked else FAILED), about
