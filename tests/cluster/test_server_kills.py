"""Servers that are killed in the middle of a commit and come back: all of them have the transaction then, or none."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from parallel_partition import Cluster, LocalCluster
from parallel_partition.execution.recover import Courtesy
from tests.cluster import mortals
from tests.cluster.kill_cases import COMMITS, Case, points, some
from tests.cluster.marks import agrees, conninfo, marks, prepared, settled
from tests.cluster.mortals import UNKNOWN, Mortal
from tests.fix_servers import SETTINGS

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def local(pg_bin: Path) -> Iterator[LocalCluster]:
    """Three servers that are killed over and over."""
    with LocalCluster(3, settings=SETTINGS, pg_bin=pg_bin) as local:
        yield local


@pytest.fixture(scope="module")
def marked(local: LocalCluster) -> Iterator[Cluster]:
    with Cluster.create(local.conninfos, num_partitions=6) as cluster:
        cluster.create_table(mortals.TABLE, key="k")
        yield cluster


@pytest.fixture
def cluster(marked: Cluster) -> Iterator[Cluster]:
    yield marked
    assert prepared(marked) == []


@pytest.mark.parametrize("victim", ["decider", "other"])
@pytest.mark.parametrize("client", ["goes on", "is killed"])
@pytest.mark.parametrize("case", some(COMMITS))
def test_a_server_is_killed(
    cluster: Cluster, local: LocalCluster, case: Case, client: str, victim: str, counts: Counter[str]
) -> None:
    number = next(_numbers)
    child = Mortal(mortals.mark, points(case, "stop"), conninfo(cluster), number, case.scenario)
    child.await_stop()
    server = local.servers[0 if victim == "decider" else 1]
    server.kill()
    away = cluster._recoverer.run(Courtesy(0, 0))
    assert list(away.unreachable) == ["s1" if victim == "decider" else "s2"]
    server.start()
    if client == "goes on":
        child.go_on()
    else:
        child.kill()
    code, told = child.end()
    assert (code, told is None) == ((0, False) if client == "goes on" else (-9, True))
    counts["parts in doubt, settled"] += settled(cluster)
    counts[f"servers killed in a commit (the {victim}; the client {client})"] += 1
    agrees(cluster, number, told, marks(cluster, number))


@pytest.mark.parametrize("victim", ["decider", "other"])
@pytest.mark.parametrize("case", some(COMMITS))
def test_a_client_meets_a_server_that_is_down(
    cluster: Cluster, local: LocalCluster, case: Case, victim: str, counts: Counter[str]
) -> None:
    number = next(_numbers)
    child = Mortal(mortals.impatient, points(case, "stop"), conninfo(cluster), number, case.scenario)
    child.await_stop()
    server = local.servers[0 if victim == "decider" else 1]
    server.kill()
    child.go_on()
    code, told = child.end()
    server.start()
    assert (code, told is None) == (0, False)
    if victim == "decider" and case.point == "prepare.done":
        assert told[0] == UNKNOWN, told
    counts["parts in doubt, settled"] += settled(cluster)
    counts[f"servers down for the rest of a commit (the {victim})"] += 1
    counts["commits whose outcome was unknown to their client, and looked up"] += told[0] == UNKNOWN
    agrees(cluster, number, told, marks(cluster, number))
