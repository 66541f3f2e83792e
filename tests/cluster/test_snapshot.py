"""One moment of all servers: what a transaction sees of others that commit on several servers, or on one."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from psycopg import IsolationLevel
from psycopg.conninfo import make_conninfo

from parallel_partition import Cluster, connect, errors
from parallel_partition.execution import snapshot, transaction
from parallel_partition.execution.two_phase import TwoPhaseCommit
from tests.cluster.accounts import (
    GATE,
    IDLE,
    RATES,
    SERVERS,
    SNAPSHOTS,
    SUMS,
    account_on,
    add,
    balance,
    direct,
    gate_held,
    move,
    paused,
    total,
    with_tables,
)
from tests.fix_faults import StartCluster

# --- what happens without ------------------------------------------------------------------------------------


def test_without_a_snapshot_half_of_a_transaction_is_seen(
    bank: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    with paused(monkeypatch, "decide", lambda: move(bank, 7)) as finish, bank.connect() as connection:
        assert total(connection) == -7  # the decider has committed, the other part is prepared
        finish()
        assert total(connection) == 0


def test_without_a_snapshot_servers_are_seen_at_different_moments(bank: Cluster) -> None:
    with bank.connect(isolation=IsolationLevel.REPEATABLE_READ) as connection:
        assert balance(connection, account_on(bank, "s1")) == 0
        move(bank, 7)
        assert balance(connection, account_on(bank, "s3")) == 7
        assert balance(connection, account_on(bank, "s1")) == 0  # one server's snapshot is only its own


# --- a snapshot ----------------------------------------------------------------------------------------------


@pytest.mark.both_versions
@pytest.mark.parametrize("isolation", SNAPSHOTS)
@pytest.mark.parametrize(
    "first", [*SUMS.values(), RATES, "SELECT 1", "SELECT balance FROM accounts WHERE id = 1"]
)
def test_every_statement_sees_the_moment_of_the_first(bank: Cluster, isolation: Any, first: str) -> None:
    with bank.connect(isolation=isolation) as connection:
        connection.execute(first)
        move(bank, 7)
        with bank.connect() as other:
            other.execute("UPDATE rates SET rate = 9")
        for strategy, query in SUMS.items():
            assert connection.cursor().explain(query).strategy == strategy
            rows = [(0,)] * (30 if strategy == "whole" else 1)
            assert connection.execute(query).fetchall() == rows
            assert list(connection.cursor().stream(query, size=10)) == rows
        assert connection.cursor().explain(RATES).strategy == "gather"
        assert connection.execute(RATES).fetchall() == [(1, 1)]
        assert [balance(connection, account_on(bank, server)) for server in SERVERS] == [0, 0, 0]
        connection.commit()
        assert [balance(connection, account_on(bank, server)) for server in SERVERS] == [-7, 0, 7]
        assert connection.execute(RATES).fetchall() == [(9, 3)]


@pytest.mark.parametrize("autocommit", [False, True])
@pytest.mark.parametrize("query", [*SUMS.values(), RATES])
def test_a_single_statement_sees_one_moment(
    bank: Cluster, monkeypatch: pytest.MonkeyPatch, query: str, autocommit: bool
) -> None:
    original = snapshot.begin_snapshot

    def then_all_changes(*arguments: Any, **options: Any) -> None:
        original(*arguments, **options)
        monkeypatch.setattr(transaction, "begin_snapshot", original)
        move(bank, 7)
        with bank.connect() as other:
            other.execute("UPDATE rates SET rate = 9")
            add(other, account_on(bank, "s2"), 5)

    with bank.connect(isolation="snapshot", autocommit=autocommit) as connection:
        before = connection.execute(query).fetchall()
        connection.commit()
        monkeypatch.setattr(transaction, "begin_snapshot", then_all_changes)
        assert connection.execute(query).fetchall() == before
        assert (connection.info.transaction_status == IDLE) == autocommit
        connection.rollback()
        assert balance(connection, account_on(bank, "s3")) == 7
        assert connection.execute(query).fetchall() != before


def assert_idle(eyes: dict[str, psycopg.Connection[Any]]) -> None:
    for eye in eyes.values():
        eye.rollback()
        eye.autocommit = True
        idle = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'"
        assert eye.execute(idle).fetchone() == (0,)
        eye.autocommit = False


@pytest.mark.parametrize("query", [SUMS["whole"], SUMS["split"], SUMS["gather"]])
def test_in_autocommit_no_transaction_stays_open(bank: Cluster, query: str) -> None:
    """Those of servers that the statement itself did not ask end, too."""
    some = [account_on(bank, "s1"), account_on(bank, "s3")]
    with bank.connect(isolation="snapshot", autocommit=True) as connection, direct(bank) as eyes:
        limited = query.replace("FROM accounts", "FROM accounts WHERE id = ANY(%s)")
        assert sum(int(row[0]) for row in connection.execute(limited, (some,))) == 0
        assert_idle(eyes)
        assert connection.info.transaction_status == IDLE


def test_a_stream_in_autocommit_sees_one_moment(bank: Cluster) -> None:
    with bank.connect(isolation="snapshot", autocommit=True) as connection, direct(bank) as eyes:
        rows = connection.cursor().stream("SELECT id, balance FROM accounts ORDER BY id", size=2)
        seen = [next(rows)]
        move(bank, 7)
        seen += rows
        assert [balance for _, balance in seen] == [0] * 30
        assert balance(connection, account_on(bank, "s3")) == 7
        assert_idle(eyes)


@pytest.mark.parametrize("isolation", SNAPSHOTS)
@pytest.mark.parametrize("step", ["prepare", "decide"])
def test_a_snapshot_waits_for_a_commit_over_servers(
    bank: Cluster, monkeypatch: pytest.MonkeyPatch, step: str, isolation: Any
) -> None:
    monkeypatch.setattr(snapshot, "PATIENCE", 0.2)
    with bank.connect(isolation=isolation) as connection:
        with paused(monkeypatch, step, lambda: move(bank, 7)) as finish:
            with pytest.raises(psycopg.errors.LockNotAvailable, match=r"within 0\.2 s") as raised:
                connection.execute("SELECT 1")
            assert isinstance(raised.value, errors.OperationalError)
            where, who = (
                ("s1", "RowExclusiveLock of process") if step == "prepare" else ("s3", "prepared trans")
            )
            assert raised.value.server == where
            assert who in str(raised.value)
            with pytest.raises(psycopg.errors.InFailedSqlTransaction):
                connection.execute("SELECT 1")
            connection.rollback()
            finish()
        assert total(connection) == 0
        assert balance(connection, account_on(bank, "s1")) == -7


def test_a_snapshot_is_taken_as_soon_as_the_commit_is_done(
    bank: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = []
    original = snapshot.roll_back
    with paused(monkeypatch, "decide", lambda: move(bank, 7)) as finish, bank.connect() as connection:

        def at_the_second(*arguments: Any) -> None:
            original(*arguments)
            tries.append(1)
            if len(tries) == 2:
                finish()

        monkeypatch.setattr(snapshot, "roll_back", at_the_second)
        connection.isolation_level = "snapshot"
        assert balance(connection, account_on(bank, "s1")) == -7
        assert total(connection) == 0
    assert len(tries) == 2


def test_all_parts_are_in_the_gate_before_one_commits(bank: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    with direct(bank) as eyes:
        for eye in eyes.values():
            eye.autocommit = True
        for step, wanted in [("prepare", [1, 0, 1]), ("decide", [0, 0, 1]), ("complete", [0, 0, 0])]:
            with monkeypatch.context() as patch, paused(patch, step, lambda: move(bank, 7)):
                held = {server: [mode for (mode,) in eye.execute(GATE)] for server, eye in eyes.items()}
            assert [len(modes) for modes in held.values()] == wanted, step
            assert {mode for modes in held.values() for mode in modes} <= {"RowExclusiveLock"}


def test_the_gate_is_held_for_the_first_statement_only(bank: Cluster) -> None:
    with bank.connect(isolation="snapshot") as connection, direct(bank) as eyes:
        connection.execute("SET lock_timeout = '12s'")
        connection.commit()
        connection.execute("SELECT 1")
        assert [eye.execute(GATE).fetchall() for eye in eyes.values()] == [[], [], []]
        assert connection.execute("SHOW lock_timeout").fetchone() == ("12s",)
        assert connection.execute("SHOW idle_in_transaction_session_timeout").fetchone() == ("0",)
        assert connection.execute("SHOW transaction_isolation").fetchone() == ("repeatable read",)


def test_a_paused_snapshot_does_not_hold_up_writers_for_ever(
    bank: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = snapshot._SQL["hold_briefly"]
    brief = long._replace(text=b"SET LOCAL idle_in_transaction_session_timeout = '50ms'")
    monkeypatch.setattr(snapshot, "_BEFORE", [brief if said is long else said for said in snapshot._BEFORE])
    run_all = snapshot.run_all

    def late(exchanges: Any) -> Any:
        move(bank, 7)  # does not return before the server has ended the session in its gate
        return run_all(exchanges)

    monkeypatch.setattr(snapshot, "run_all", late)
    with bank.connect(isolation="snapshot") as connection:
        with pytest.raises(psycopg.errors.IdleInTransactionSessionTimeout):
            connection.execute("SELECT 1")
        connection.rollback()
        monkeypatch.undo()
        assert balance(connection, account_on(bank, "s3")) == 7


@pytest.mark.parametrize("isolation", SNAPSHOTS)
def test_under_load_nothing_is_seen_by_halves(bank: Cluster, isolation: Any) -> None:
    ends = threading.Event()
    done: list[int] = []

    def transfer(amount: int, source: str, target: str) -> None:
        moved = 0
        while not ends.is_set():
            move(bank, amount, source, target)
            moved += 1
        done.append(moved)

    ways = [(1, "s1", "s2"), (1, "s2", "s3"), (-1, "s1", "s3")]  # in server order: no deadlocks of rows
    threads = [threading.Thread(target=transfer, args=way) for way in ways]
    for thread in threads:
        thread.start()
    try:
        with bank.connect(isolation=isolation) as connection:
            seen = []
            for _ in range(25):
                assert [total(connection, query) for query in SUMS.values()] == [0, 0, 0]
                seen.append(balance(connection, account_on(bank, "s1")))
                connection.commit()
    finally:
        ends.set()
        for thread in threads:
            thread.join(30)
    assert len(done) == 3
    assert min(done) > 0


def test_many_snapshots_at_once(bank: Cluster) -> None:
    """Strict ones keep each other away, and none waits for another for ever."""
    found: list[int] = []

    def read(isolation: Any) -> None:
        with bank.connect(isolation=isolation) as connection:
            for _ in range(10):
                found.append(total(connection))
                connection.commit()

    threads = [threading.Thread(target=read, args=(kind,)) for kind in SNAPSHOTS * 2]
    for thread in threads:
        thread.start()
    for _ in range(10):
        move(bank, 1)
    for thread in threads:
        thread.join(30)
    assert found == [0] * 40


# --- a strict snapshot ---------------------------------------------------------------------------------------

WRITES: dict[str, Callable[[Cluster, str], None]] = {}


def _in_autocommit(bank: Cluster, conninfo: str) -> None:
    with connect(conninfo, autocommit=True) as connection:
        add(connection, account_on(bank, "s2"), 5)


def _in_a_transaction(bank: Cluster, conninfo: str) -> None:
    with connect(conninfo) as connection:
        assert total(connection) == 0
        add(connection, account_on(bank, "s2"), 5)


def _by_the_writer(bank: Cluster, conninfo: str) -> None:
    new = next(n for n in range(100, 200) if bank.shard_map.server_of(n) == "s2")
    with Cluster.open(conninfo) as cluster, cluster.writer("accounts") as writer:
        writer.write([(new, 5)])


def _over_servers(bank: Cluster, conninfo: str) -> None:
    with connect(conninfo) as connection:
        add(connection, account_on(bank, "s1"), 5)
        add(connection, account_on(bank, "s2"), 5)


def _over_servers_by_the_writer(bank: Cluster, conninfo: str) -> None:
    with Cluster.open(conninfo) as cluster, cluster.writer("accounts") as writer:
        writer.write((n, 5) for n in range(100, 200))


def _over_servers_in_autocommit(bank: Cluster, conninfo: str) -> None:
    with connect(conninfo, autocommit=True) as connection:
        connection.execute("UPDATE accounts SET balance = balance + 5")


ALONE = [_in_autocommit, _in_a_transaction, _by_the_writer]
TOGETHER = [_over_servers, _over_servers_by_the_writer, _over_servers_in_autocommit]


@pytest.mark.parametrize("write", [*ALONE, *TOGETHER])
@pytest.mark.parametrize("mode", ["SHARE", "EXCLUSIVE"])
def test_who_writes_enters_the_gate_before_the_commit(
    bank: Cluster, mode: str, write: Callable[[Cluster, str], None]
) -> None:
    catalog = make_conninfo(bank.servers["s1"].conninfo, options="-c lock_timeout=50ms")
    with gate_held(bank, mode, "s2"):
        if mode == "SHARE" and write in ALONE:
            write(bank, catalog)
        else:
            with pytest.raises(psycopg.errors.LockNotAvailable) as raised:
                write(bank, catalog)
            assert raised.value.server == "s2"  # type: ignore[attr-defined]
    with bank.connect() as connection:
        assert (total(connection) == 5) == (mode == "SHARE" and write in ALONE)
        if mode == "EXCLUSIVE":
            write(bank, catalog)
            assert total(connection) != 0


def test_reading_does_not_enter_the_gate(bank: Cluster) -> None:
    catalog = make_conninfo(bank.servers["s1"].conninfo, options="-c lock_timeout=50ms")
    with gate_held(bank, "EXCLUSIVE"), connect(catalog) as connection:
        assert [total(connection, query) for query in SUMS.values()] == [0, 0, 0]
        assert balance(connection, 1) == 0
        connection.commit()


@pytest.mark.parametrize(("isolation", "waits"), [("snapshot", False), ("snapshot strict", True)])
def test_only_a_strict_snapshot_waits_for_a_commit_on_one_server(
    bank: Cluster, monkeypatch: pytest.MonkeyPatch, isolation: Any, waits: bool
) -> None:
    monkeypatch.setattr(snapshot, "PATIENCE", 0.1)
    with gate_held(bank, "ROW SHARE", "s2"), bank.connect(isolation=isolation) as connection:
        if waits:
            with pytest.raises(psycopg.errors.LockNotAvailable, match="RowShareLock of process"):
                connection.execute("SELECT 1")
        else:
            assert total(connection) == 0
        connection.rollback()


# --- faults --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("isolation", SNAPSHOTS)
def test_a_prepared_part_keeps_the_gate_over_a_crash(
    throwaway_cluster: StartCluster, monkeypatch: pytest.MonkeyPatch, isolation: Any
) -> None:
    """Its transaction has committed on the decider, and its server came back before anybody told it."""
    local = throwaway_cluster(2)
    monkeypatch.setattr(snapshot, "PATIENCE", 0.2)
    with Cluster.create(local.conninfos, num_partitions=4) as cluster:
        with_tables(cluster)
        first, second = account_on(cluster, "s1"), account_on(cluster, "s2")
        with cluster.connect() as connection:
            connection.execute("INSERT INTO accounts VALUES (%s, 0), (%s, 0)", (first, second))
        monkeypatch.setattr(TwoPhaseCommit, "complete", lambda _: ("s2",))
        move(cluster, 7, "s1", "s2")
        local.servers[1].kill()
        local.servers[1].start()
    with Cluster.open(local.conninfos[0]) as cluster, cluster.connect(isolation=isolation) as connection:
        with pytest.raises(psycopg.errors.LockNotAvailable, match=r"server s2.*prepared transaction pp1:"):
            total(connection)
        connection.rollback()
        connection.isolation_level = None
        assert total(connection) == -7  # without a snapshot
        connection.commit()
        with psycopg.connect(local.conninfos[1], autocommit=True) as told:
            [(gid,)] = told.execute("SELECT gid FROM pg_prepared_xacts").fetchall()
            told.execute(f"COMMIT PREPARED '{gid}'".encode())
        connection.isolation_level = isolation
        assert total(connection) == 0
