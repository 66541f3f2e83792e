"""Commits and recoveries that are cut off at every place: then recovery, then all servers have it or none has."""

from __future__ import annotations

import itertools
import signal
from collections import Counter
from collections.abc import Iterator

import pytest

from parallel_partition import Cluster
from parallel_partition.execution.recover import Courtesy
from tests.cluster import mortals
from tests.cluster.kill_cases import COMMITS, IN_TURN, RECOVERIES, ROLES, Case, label, points, some
from tests.cluster.leftovers import Leftovers
from tests.cluster.marks import agrees, conninfo, marks, prepared, settled
from tests.cluster.mortals import FAILED, SERVERS, Mortal
from tests.fix_clusters import MakeCluster

KILLED = -signal.SIGKILL
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def marked(make_module_cluster: MakeCluster) -> Cluster:
    """Three servers with a table of marks."""
    cluster = make_module_cluster(servers=3, num_partitions=6)
    cluster.create_table(mortals.TABLE, key="k")
    return cluster


@pytest.fixture
def cluster(marked: Cluster) -> Iterator[Cluster]:
    yield marked
    assert prepared(marked) == []


# --- the client ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", COMMITS, ids=label)
def test_a_client_is_killed(cluster: Cluster, case: Case, counts: Counter[str]) -> None:
    number = next(_numbers)
    child = Mortal(mortals.mark, points(case, "kill"), conninfo(cluster), number, case.scenario)
    assert child.end() == (KILLED, None)
    counts["parts in doubt, settled"] += settled(cluster)
    counts["clients killed at a place of the commit"] += 1
    marked = marks(cluster, number)
    assert marked == case.marks or (case.marks is None and marked in {0, 3})


@pytest.mark.parametrize("case", some(COMMITS))
def test_a_client_stands_still_while_others_recover(
    cluster: Cluster, case: Case, counts: Counter[str]
) -> None:
    number = next(_numbers)
    child = Mortal(mortals.mark, points(case, "stop"), conninfo(cluster), number, case.scenario)
    child.await_stop()
    recovery = cluster._recoverer.run(Courtesy(0, 0))
    counts["parts in doubt, settled"] += len(recovery.committed) + len(recovery.rolled_back)
    counts["clients stopped and woken after a recovery"] += 1
    during = marks(cluster, number)
    child.go_on()
    code, told = child.end()
    assert code == 0
    counts["parts in doubt, settled"] += settled(cluster)
    agrees(cluster, number, told, marks(cluster, number))
    assert marks(cluster, number) >= during, "what was committed stays"


@pytest.mark.parametrize("case", some(COMMITS))
def test_a_client_fails(cluster: Cluster, case: Case, counts: Counter[str]) -> None:
    number = next(_numbers)
    child = Mortal(mortals.mark, points(case, "raise"), conninfo(cluster), number, case.scenario)
    code, told = child.end()
    assert code == 0
    assert told is not None
    counts["clients that failed at a place of the commit"] += 1
    counts["parts in doubt, settled"] += settled(cluster)
    agrees(cluster, number, told, marks(cluster, number))


@pytest.mark.parametrize("case", IN_TURN, ids=label)
def test_a_client_is_killed_that_does_not_ask_for_all_or_nothing(cluster: Cluster, case: Case) -> None:
    number = next(_numbers)
    child = Mortal(mortals.mark, points(case, "kill"), conninfo(cluster), number, case.scenario)
    assert child.end() == (KILLED, None)
    assert marks(cluster, number) == case.marks
    failing = Mortal(mortals.mark, points(case, "raise"), conninfo(cluster), number + 10_000, case.scenario)
    assert failing.end()[1][0] == FAILED


# --- recovery ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ["kill", "stop", "raise"])
@pytest.mark.parametrize("decided", [True, False])
@pytest.mark.parametrize("case", some(RECOVERIES))
def test_a_recovery_is_cut_off(
    leftovers: Leftovers, case: Case, decided: bool, action: str, counts: Counter[str]
) -> None:
    number = next(_numbers)
    leftovers.left(number, decided=decided)
    child = Mortal(mortals.recover, points(case, action), conninfo(leftovers.cluster))
    if action == "stop":
        child.await_stop()
        settled(leftovers.cluster)
        child.go_on()
        assert child.end() in {(0, 2), (0, 0)}
    else:
        assert child.end() == (KILLED if action == "kill" else 1, None)
    settled(leftovers.cluster)
    counts["recoveries cut off"] += 1
    assert leftovers.numbers() == dict.fromkeys(SERVERS, [number] if decided else [])
    assert leftovers.prepared() == {}


@pytest.mark.parametrize("case", ROLES, ids=label)
def test_a_recovery_is_killed_that_took_a_role(
    leftovers: Leftovers, roles: tuple[str, str], case: Case
) -> None:
    login, taken = roles
    leftovers.prepare("s2", leftovers.gid("s1"), 7, taken)
    child = Mortal(mortals.recover, points(case, "kill"), conninfo(leftovers.cluster), login)
    assert child.end() == (KILLED, None)
    assert settled(leftovers.cluster) == 1
    assert leftovers.prepared() == {}
