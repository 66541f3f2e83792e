"""Two-phase commit by hand, cut off at every place: whoever ends it then, all servers have it or none has."""

from __future__ import annotations

import itertools
import signal
from collections.abc import Iterator

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from parallel_partition import Cluster
from parallel_partition.local_servers.process import wait_until
from tests.cluster import mortals
from tests.cluster.kill_cases import FINISHES, PREPARES, Case, points, some
from tests.cluster.managers import DONE, finish_by_hand, prepare_by_hand
from tests.cluster.marks import conninfo, marks, prepared
from tests.cluster.mortals import SERVERS, Mortal
from tests.fix_clusters import MakeCluster

KILLED = -signal.SIGKILL
#: What a manager is told that comes too late.
TOO_LATE = {"ObjectNotInPrerequisiteState", "UndefinedObject", "FanOutError"}
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


@pytest.fixture
def number() -> int:
    """Of a transaction that is nobody else's."""
    return next(_numbers)


def of_child(cluster: Cluster, number: int) -> str:
    """A conninfo by which its sessions are known."""
    return make_conninfo(conninfo(cluster), application_name=f"manager {number}")


def await_gone(cluster: Cluster, number: int) -> None:
    """Wait until the servers have noticed that a child is gone."""

    def gone() -> bool:
        counts = []
        for pool in cluster._pools.values():
            with psycopg.connect(pool._conninfo, autocommit=True) as connection:
                query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s"
                counts.append(connection.execute(query, (f"manager {number}",)).fetchone())
        return counts == [(0,)] * len(SERVERS)

    assert wait_until(gone, 30)


def listed(cluster: Cluster) -> list[str]:
    with cluster.connect() as connection:
        return [str(xid) for xid in connection.tpc_recover()]


def ended(cluster: Cluster, number: int) -> int:
    """Commit what is there of a transaction, or where that is refused roll it back; on how many servers it is then."""
    if listed(cluster):
        assert listed(cluster) == [f"marks {number}"]
        if finish_by_hand(conninfo(cluster), number, True) != DONE:
            assert finish_by_hand(conninfo(cluster), number, False) == DONE
    assert listed(cluster) == []
    return marks(cluster, number)


@pytest.mark.parametrize("case", some(PREPARES))
def test_killed_while_it_prepares(cluster: Cluster, number: int, case: Case) -> None:
    child = Mortal(prepare_by_hand, points(case, "kill"), of_child(cluster, number), number)
    assert child.end() == (KILLED, None)
    await_gone(cluster, number)
    found = ended(cluster, number)
    assert found == case.marks or (case.marks is None and found in {0, len(SERVERS)})


@pytest.mark.parametrize("case", some(PREPARES))
def test_stands_still_while_it_prepares_and_others_end_it(cluster: Cluster, number: int, case: Case) -> None:
    child = Mortal(prepare_by_hand, points(case, "stop"), of_child(cluster, number), number)
    child.await_stop()
    before = len(prepared(cluster))
    if before:
        assert finish_by_hand(conninfo(cluster), number, False) == DONE
    child.go_on()
    code, _ = child.end()
    assert code == 0
    found = ended(cluster, number)
    assert found in ({0} if before else {0, len(SERVERS)})


@pytest.mark.parametrize("commit", [True, False])
@pytest.mark.parametrize("case", some(FINISHES))
def test_killed_while_it_ends(cluster: Cluster, number: int, case: Case, commit: bool) -> None:
    """What has begun to be committed can only be committed, and what has not is still open."""
    assert prepare_by_hand(conninfo(cluster), number) == DONE
    child = Mortal(finish_by_hand, points(case, "kill"), of_child(cluster, number), number, commit)
    assert child.end() == (KILLED, None)
    await_gone(cluster, number)
    if listed(cluster):
        other_way = finish_by_hand(conninfo(cluster), number, not commit)
        assert (other_way == DONE) is (case.marks is None)
        if other_way != DONE:
            assert finish_by_hand(conninfo(cluster), number, commit) == DONE
            other_way = ""
        commit = commit is not (other_way == DONE)
    assert listed(cluster) == []
    assert marks(cluster, number) == (len(SERVERS) if commit else 0)


@pytest.mark.parametrize("commit", [True, False])
@pytest.mark.parametrize("case", some(FINISHES))
def test_stands_still_while_others_end_it(cluster: Cluster, number: int, case: Case, commit: bool) -> None:
    assert prepare_by_hand(conninfo(cluster), number) == DONE
    child = Mortal(finish_by_hand, points(case, "stop"), of_child(cluster, number), number, commit)
    child.await_stop()
    committed = commit
    if listed(cluster):
        if finish_by_hand(conninfo(cluster), number, not commit) == DONE:
            assert case.marks is None
            committed = not commit
        else:
            finish_by_hand(conninfo(cluster), number, commit)
    child.go_on()
    code, told = child.end()
    assert code == 0
    assert told == DONE or told in TOO_LATE
    assert listed(cluster) == []
    assert marks(cluster, number) == (len(SERVERS) if committed else 0)
