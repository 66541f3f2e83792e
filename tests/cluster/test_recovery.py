"""Recovery on real servers: what was left behind is committed or rolled back everywhere, as its decider says."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial

import psycopg
import pytest
from click.testing import CliRunner

from parallel_partition import Cluster
from parallel_partition import cluster as cluster_module
from parallel_partition.cli import main
from parallel_partition.execution import recover as recover_module
from parallel_partition.execution import recoverer, snapshot
from parallel_partition.execution.recover import Courtesy, Recovery
from parallel_partition.local_servers.process import wait_until
from parallel_partition.postgres import identity
from parallel_partition.postgres.pool import MAX_SIZE
from tests.cluster.leftovers import Leftovers

NONE: dict[str, list[int]] = {"s1": [], "s2": [], "s3": []}


@pytest.fixture
def cluster(leftovers: Leftovers) -> Cluster:
    return leftovers.cluster


def recover(cluster: Cluster, min_age: float = 0, client_patience: float = 600) -> Recovery:
    return cluster._recoverer.run(Courtesy(min_age, client_patience))


# --- what is settled ------------------------------------------------------------------------------------------


def test_nothing_to_do(cluster: Cluster) -> None:
    assert cluster.recover() == Recovery()
    assert cluster.recover().complete


@pytest.mark.parametrize("decided", [True, False])
def test_the_decider_says_what_becomes_of_all_parts(leftovers: Leftovers, decided: bool) -> None:
    gid = leftovers.left(7, decided=decided)
    recovery = recover(leftovers.cluster)
    ended, others = recovery.committed, recovery.rolled_back
    if not decided:
        ended, others = others, ended
    assert [(part.server, part.gid) for part in ended] == [
        ("s2", str(gid)),
        ("s3", str(gid._replace(part=3))),
    ]
    assert (others, recovery.left, recovery.found, recovery.complete) == ((), (), 2, True)
    assert leftovers.prepared() == {}
    assert leftovers.numbers() == ({"s1": [7], "s2": [7], "s3": [7]} if decided else NONE)
    assert leftovers.decisions() == {gid.xid: decided}


def test_many_transactions_of_several_deciders(leftovers: Leftovers) -> None:
    for number in range(6):
        decider, other = ("s1", "s3") if number % 2 else ("s2", "s1")
        gid = leftovers.gid(decider)
        leftovers.prepare(other, gid, number)
        if number < 3:
            leftovers.decide(gid, number)
    recovery = recover(leftovers.cluster)
    assert (len(recovery.committed), len(recovery.rolled_back), recovery.left) == (3, 3, ())
    assert leftovers.numbers() == {"s1": [0, 1, 2], "s2": [0, 2], "s3": [1]}
    assert leftovers.prepared() == {}


def test_who_comes_late_cannot_commit_what_was_rolled_back(leftovers: Leftovers) -> None:
    gid = leftovers.left(7, decided=False)
    recover(leftovers.cluster)
    with pytest.raises(psycopg.DatabaseError, match="was decided already"):
        leftovers.decide(gid, 7)
    leftovers.prepare("s2", gid, 7)  # a PREPARE that was on its way
    assert len(recover(leftovers.cluster).rolled_back) == 1
    assert leftovers.numbers() == NONE


def test_many_recoveries_at_once(leftovers: Leftovers) -> None:
    for number in range(20):
        leftovers.left(number, decided=number % 2 == 0)
    with ThreadPoolExecutor(4) as threads:
        rounds = [threads.submit(recover, leftovers.cluster) for _ in range(4)]
    made = [each.result() for each in rounds]
    assert all(left.passing for each in made for left in each.left)
    again = recover(leftovers.cluster)
    ended = [len(each.committed) + len(each.rolled_back) for each in [*made, again]]
    assert sum(ended) == 40, "each part is ended once"
    even = list(range(0, 20, 2))
    assert leftovers.numbers() == {"s1": even, "s2": even, "s3": even}
    assert leftovers.prepared() == {}


# --- what is left ---------------------------------------------------------------------------------------------


def test_what_is_not_ours_is_left_alone(leftovers: Leftovers) -> None:
    others = ["mine", f"pp1:{'0' * 8}-0000-0000-0000-{'0' * 12}:s1:{'f' * 32}:2"]
    for gid in others:
        leftovers.prepare("s2", gid, 1)
    assert recover(leftovers.cluster).found == 0
    assert leftovers.prepared() == {"s2": sorted(others)}


def test_what_is_in_another_database_is_left_alone(leftovers: Leftovers, plain: str) -> None:
    gid = leftovers.gid("s1")
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute("BEGIN")
        connection.execute("CREATE TABLE t ()")
        connection.execute(f"PREPARE TRANSACTION '{gid}'")
        assert recover(leftovers.cluster).found == 0
        connection.execute(f"ROLLBACK PREPARED '{gid}'")


def test_young_parts_are_left_to_their_clients(leftovers: Leftovers) -> None:
    leftovers.left(7, decided=False)
    recovery = leftovers.cluster.recover()
    assert (recovery.found, len(recovery.left), recovery.complete) == (2, 2, True)
    assert "younger than 5 s" in recovery.left[0].reason
    assert leftovers.decisions() == {}, "nothing is decided out of hand"
    assert len(leftovers.prepared()) == 2


def test_parts_whose_client_is_there_are_left_for_a_while(leftovers: Leftovers) -> None:
    gid = leftovers.left(7, decided=False)
    with leftovers.direct("s1") as client:
        client.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", (gid.xid,))
        recovery = recover(leftovers.cluster)
        assert [left.reason for left in recovery.left] == [
            "its client still has its session on server s1"
        ] * 2
        assert leftovers.decisions() == {}
        assert len(recover(leftovers.cluster, client_patience=0).rolled_back) == 2


def test_what_is_being_decided_is_left(leftovers: Leftovers) -> None:
    gid = leftovers.left(7, decided=False)
    with leftovers.direct("s1") as client, client.transaction():
        client.execute("SELECT parallel_partition.decide(%s, '1 h')", (gid.xid,))
        recovery = recover(leftovers.cluster)
        assert {left.reason for left in recovery.left} == {"it is being decided on server s1"}
        assert recovery.complete
    assert len(recover(leftovers.cluster).committed) == 2


def test_a_decider_that_is_no_server_of_the_cluster(leftovers: Leftovers) -> None:
    leftovers.prepare("s2", leftovers.gid("s9"), 7)
    leftovers.left(8, decided=True)
    recovery = recover(leftovers.cluster)
    [left] = recovery.left
    assert left.reason == "its decider s9 is no server of this cluster"
    assert not recovery.complete
    assert len(recovery.committed) == 2


# --- roles ----------------------------------------------------------------------------------------------------


def test_parts_of_roles_that_may_be_taken(leftovers: Leftovers, roles: tuple[str, str]) -> None:
    login, taken = roles
    gids = [leftovers.gid("s1") for _ in range(3)]
    for number, (gid, role) in enumerate(zip(gids, (login, taken, None), strict=True)):
        leftovers.prepare("s2", gid, number, role)
    conninfo = psycopg.conninfo.make_conninfo(leftovers.cluster.servers["s1"].conninfo, user=login)
    with Cluster.open(conninfo) as cluster:
        cluster._pools["s2"]._conninfo = psycopg.conninfo.make_conninfo(
            cluster._pools["s2"]._conninfo, user=login
        )
        recovery = recover(cluster)
    assert {part.gid for part in recovery.rolled_back} == {str(gid) for gid in gids[:2]}
    [left] = recovery.left
    assert left.part.gid == str(gids[2])
    assert "permission denied" in left.reason
    assert not recovery.complete
    assert recovery.collected == 0
    assert len(recover(leftovers.cluster).rolled_back) == 1


# --- old decisions --------------------------------------------------------------------------------------------


def old(leftovers: Leftovers, xid: str, committed: bool, hours: int) -> None:
    insert = "INSERT INTO parallel_partition.decision VALUES (%s, %s, clock_timestamp() - make_interval(hours => %s))"
    leftovers.ask("s1", insert, xid, committed, hours)


def test_decisions_are_kept_for_a_day(leftovers: Leftovers) -> None:
    for committed in (True, False):
        old(leftovers, f"old {committed}", committed, 25)
        old(leftovers, f"new {committed}", committed, 23)
    assert recover(leftovers.cluster).collected == 2
    assert leftovers.decisions() == {"new True": True, "new False": False}


def test_decisions_of_parts_that_are_still_prepared_are_kept(leftovers: Leftovers) -> None:
    gid = leftovers.gid("s1")
    leftovers.prepare("s3", gid, 7)
    old(leftovers, gid.xid, True, 25)
    assert recover(leftovers.cluster, min_age=60).collected == 0
    assert leftovers.decisions() == {gid.xid: True}
    recovery = recover(leftovers.cluster)
    assert (len(recovery.committed), recovery.collected) == (1, 0)
    assert recover(leftovers.cluster).collected == 1
    assert leftovers.numbers()["s3"] == [7]


def test_commits_are_kept_while_a_server_cannot_be_asked(
    leftovers: Leftovers, monkeypatch: pytest.MonkeyPatch
) -> None:
    for committed in (True, False):
        old(leftovers, f"old {committed}", committed, 25)
    away(leftovers.cluster, "s3", monkeypatch)
    assert recover(leftovers.cluster).collected == 1
    assert leftovers.decisions() == {"old True": True}


# --- servers that are away ------------------------------------------------------------------------------------


def away(cluster: Cluster, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster._pools[server], "_conninfo", "host=127.0.0.1 port=1 dbname=away")


def test_recovery_needs_no_place_in_a_pool(leftovers: Leftovers) -> None:
    """All of them may be taken by those who wait for what is left behind."""
    leftovers.left(7, decided=False)
    with ExitStack() as stack:
        for _ in range(MAX_SIZE):
            stack.enter_context(leftovers.cluster._pools["s2"].connection())
        assert len(recover(leftovers.cluster).rolled_back) == 2


@pytest.mark.parametrize("server", ["s1", "s3"])
def test_a_server_that_is_away_stops_no_other(
    leftovers: Leftovers, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    leftovers.left(7, decided=True)
    gid = leftovers.gid("s2")
    leftovers.prepare("s1", gid, 8)
    with monkeypatch.context() as patch:
        away(leftovers.cluster, server, patch)
        recovery = recover(leftovers.cluster)
    assert list(recovery.unreachable) == [server]
    assert "port 1" in recovery.unreachable[server]
    assert not recovery.complete
    if server == "s1":  # the decider of the one, and where the other is prepared
        assert [left.part.server for left in recovery.left] == ["s2", "s3"]
        assert "its decider s1 cannot be asked" in recovery.left[0].reason
        assert (recovery.committed, recovery.rolled_back) == ((), ())
    else:
        assert [part.server for part in recovery.committed] == ["s2"]
        assert [part.server for part in recovery.rolled_back] == ["s1"]
    assert recover(leftovers.cluster).complete
    assert leftovers.prepared() == {}
    assert leftovers.numbers() == {"s1": [7], "s2": [7], "s3": [7]}


def test_a_server_that_does_not_answer_is_given_up(
    leftovers: Leftovers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its decision table is locked: whoever asks waits."""
    monkeypatch.setattr(recover_module, "PATIENCE", 0.5)
    leftovers.left(7, decided=False)
    other = leftovers.gid("s2")
    leftovers.prepare("s3", other, 8)
    with leftovers.direct("s1") as locker, locker.transaction():
        locker.execute("LOCK TABLE parallel_partition.decision")
        recovery = recover(leftovers.cluster)
    assert [part.gid for part in recovery.rolled_back] == [str(other)]
    assert [left.part.server for left in recovery.left] == ["s2", "s3"]
    assert len(recover(leftovers.cluster).rolled_back) == 2


# --- the command ----------------------------------------------------------------------------------------------


def test_the_command_tells_what_it_did(leftovers: Leftovers) -> None:
    leftovers.left(7, decided=True)
    stays = leftovers.gid("s9")
    leftovers.prepare("s2", stays, 8)
    words = ["recover", "--conninfo", leftovers.cluster.servers["s1"].conninfo, "--min-age", "0"]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 1
    assert done.stdout == (
        "3 prepared: 2 committed, 0 rolled back, 0 ended by somebody else, 1 left\n"
        "0 old decisions taken away\n"
        f"server s2: {stays} (0 s) is left: its decider s9 is no server of this cluster\n"
    )
    leftovers.ask("s2", f"ROLLBACK PREPARED '{stays}'")
    again = CliRunner().invoke(main, words)
    assert (again.exit_code, again.stdout.splitlines()[0][:11]) == (0, "0 prepared:")


# --- by itself ------------------------------------------------------------------------------------------------


@pytest.fixture
def waking(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Set when the cluster's thread is asked for a recovery."""
    woken = threading.Event()
    for pool in cluster._pools.values():
        monkeypatch.setattr(pool, "on_left_behind", woken.set)
    return woken


@pytest.mark.parametrize("setting", ["lock_timeout", "statement_timeout"])
def test_a_statement_that_waited_in_vain_asks_for_a_recovery(
    leftovers: Leftovers, waking: threading.Event, setting: str
) -> None:
    leftovers.prepare("s1", leftovers.gid("s2"), 7)
    with leftovers.cluster.connect(autocommit=True) as connection:
        connection.execute("SELECT * FROM numbers")
        with pytest.raises(psycopg.errors.UndefinedTable):
            connection.execute("SELECT * FROM no_numbers")
        assert not waking.is_set()
        connection.execute(f"SET {setting} = '20ms'".encode())
        with pytest.raises((psycopg.errors.LockNotAvailable, psycopg.errors.QueryCanceled)):
            connection.execute("TRUNCATE numbers")
    assert waking.is_set()


def test_a_snapshot_that_waits_asks_for_a_recovery(
    leftovers: Leftovers, waking: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "_LONG_WAIT", 0.1)
    monkeypatch.setattr(snapshot, "PATIENCE", 0.5)
    gid = leftovers.gid("s2")
    with leftovers.direct("s3") as connection:
        connection.execute("BEGIN")
        connection.execute("LOCK TABLE parallel_partition.snapshot_gate IN ROW EXCLUSIVE MODE")
        connection.execute(f"PREPARE TRANSACTION '{gid}'".encode())
    with leftovers.cluster.connect(isolation="snapshot") as connection:
        with pytest.raises(psycopg.errors.LockNotAvailable, match=str(gid)):
            connection.execute("SELECT 1")
        connection.rollback()
        assert waking.is_set()
        assert recover(leftovers.cluster).complete
        assert connection.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.parametrize("age", ["0 s", "1 h"])
def test_a_new_connection_sees_what_was_left_behind(
    leftovers: Leftovers, monkeypatch: pytest.MonkeyPatch, age: str
) -> None:
    query = identity._IDENTITY_AND_LEFT_BEHIND.replace("5 s", age)
    monkeypatch.setattr(identity, "_IDENTITY_AND_LEFT_BEHIND", query)
    leftovers.prepare("s2", leftovers.gid("s1"), 7)
    asked: list[str] = []
    with Cluster.open(leftovers.cluster.servers["s1"].conninfo) as own:
        for server, pool in own._pools.items():
            monkeypatch.setattr(pool, "on_left_behind", partial(asked.append, server))
            with pool.connection():
                pass
            with pool.connection():
                pass
    assert set(asked) == ({"s2"} if age == "0 s" else set())


def ends(leftovers: Leftovers) -> bool:
    """Wait until nothing is prepared."""
    return wait_until(lambda: not leftovers.prepared(), 20)


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """No courtesy, and no pause between two recoveries."""
    monkeypatch.setattr(recoverer, "USUAL", Courtesy(0, 0))
    monkeypatch.setattr(recoverer, "PAUSE", 0.05)


@pytest.mark.usefixtures("hasty")
def test_the_thread_recovers_from_time_to_time(leftovers: Leftovers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_module, "RECOVER_EVERY", 0.1)
    leftovers.left(7, decided=True)
    with Cluster.open(leftovers.cluster.servers["s1"].conninfo):
        assert ends(leftovers)
    assert leftovers.numbers() == {"s1": [7], "s2": [7], "s3": [7]}


@pytest.mark.usefixtures("hasty")
def test_the_thread_recovers_when_it_is_woken(leftovers: Leftovers, caplog: pytest.LogCaptureFixture) -> None:
    leftovers.left(7, decided=False)
    with (
        caplog.at_level("INFO", "parallel_partition"),
        Cluster.open(leftovers.cluster.servers["s1"].conninfo) as own,
    ):
        own._recoverer.wake()
        assert ends(leftovers)
    assert "which was left behind" in caplog.text


@pytest.mark.usefixtures("hasty")
def test_the_thread_recovers_when_a_statement_waits(
    leftovers: Leftovers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recoverer, "LOOK", 0.05)
    with (
        Cluster.open(leftovers.cluster.servers["s1"].conninfo) as own,
        own.connect(autocommit=True) as connection,
    ):
        connection.execute("SELECT * FROM numbers")
        leftovers.prepare("s1", leftovers.gid("s2"), 7)
        connection.execute("TRUNCATE numbers")  # comes to its end
    assert leftovers.prepared() == {}


def test_only_one_and_the_same_exchange_is_a_wait(leftovers: Leftovers) -> None:
    cluster = leftovers.cluster
    with leftovers.direct("s1") as locker, cluster.connect(autocommit=True) as connection:
        for _ in range(5):
            assert not cluster._recoverer.somebody_waits()
        for _ in range(3):
            with locker.transaction():
                locker.execute("LOCK TABLE numbers")
                waiting = threading.Thread(target=connection.execute, args=("SELECT * FROM numbers",))
                waiting.start()
                assert wait_until(lambda: bool(cluster._pools["s1"].under_way()), 10)
                assert not cluster._recoverer.somebody_waits()
            waiting.join()
        with locker.transaction():
            locker.execute("LOCK TABLE numbers")
            waiting = threading.Thread(target=connection.execute, args=("SELECT * FROM numbers",))
            waiting.start()
            assert wait_until(lambda: bool(cluster._pools["s1"].under_way()), 10)
            found = [cluster._recoverer.somebody_waits() for _ in range(8)]
        waiting.join()
        assert found == [looks in recoverer.LONG for looks in range(1, 9)]


@pytest.mark.usefixtures("hasty")
def test_a_recovery_that_fails_is_told_and_does_not_end_the_thread(
    leftovers: Leftovers, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    failed = threading.Event()

    def fail(*_: object, **__: object) -> None:
        failed.set()
        raise ZeroDivisionError

    with Cluster.open(leftovers.cluster.servers["s1"].conninfo) as own:
        leftovers.left(7, decided=False)
        with monkeypatch.context() as patch:
            patch.setattr(recoverer, "recover", fail)
            own._recoverer.wake()
            assert failed.wait(10)
        own._recoverer.wake()
        assert ends(leftovers)
    assert "recovery failed" in caplog.text


def test_the_thread_ends_with_the_cluster(leftovers: Leftovers) -> None:
    def threads() -> list[threading.Thread]:
        return [thread for thread in threading.enumerate() if thread.name == "parallel_partition-recovery"]

    before = threads()
    own = Cluster.open(leftovers.cluster.servers["s1"].conninfo)
    [thread] = set(threads()) - set(before)
    own.close()
    assert not thread.is_alive()
    own._recoverer.wake()
    assert threads() == before
