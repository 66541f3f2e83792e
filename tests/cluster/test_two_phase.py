"""The atomic commit on real servers: whatever is lost on the way, all servers commit or none does."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import pq

from parallel_partition import errors
from parallel_partition.execution import two_phase
from parallel_partition.execution.resolve import outcome, resolve
from parallel_partition.execution.two_phase import (
    Committed,
    Gid,
    TwoPhaseCommit,
    check_prepared_allowed,
    commit_everywhere,
)
from parallel_partition.postgres.driver_errors import as_driver_error
from parallel_partition.postgres.named_sql import load
from tests.fix_databases import MakeDatabases
from tests.fix_faults import StartCluster

Connection = psycopg.Connection[Any]

CLUSTER = UUID("3f2c9a4e-8d1b-4a77-9f0e-5d6c7b8a9012")
SERVERS = ("alpha", "beta", "gamma")
IDLE = pq.TransactionStatus.IDLE

TABLE = """
CREATE TABLE t (id integer PRIMARY KEY);
CREATE TABLE late (id integer UNIQUE DEFERRABLE INITIALLY DEFERRED);
CREATE FUNCTION wait_for_the_gate() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN PERFORM pg_advisory_xact_lock(42); RETURN NULL; END';
CREATE TABLE gated (id integer);
CREATE CONSTRAINT TRIGGER gate AFTER INSERT ON gated DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION wait_for_the_gate();
"""


class Cluster:
    """Databases of their own with a connection each, and a second one to look from."""

    def __init__(self, conninfos: list[str], stack: ExitStack) -> None:
        self.conninfos = dict(zip(SERVERS, conninfos, strict=False))
        self._stack = stack
        self.eyes = {server: self.connect(server) for server in self.conninfos}
        self.connections = {server: self.connect(server) for server in self.conninfos}

    def connect(self, server: str) -> Connection:
        connection = psycopg.connect(self.conninfos[server], autocommit=True)
        self._stack.callback(connection.close)
        return connection

    @contextmanager
    def reconnect(self, server: str) -> Iterator[Connection]:
        with psycopg.connect(self.conninfos[server], autocommit=True) as connection:
            yield connection

    def unreachable(self, server: str) -> AbstractContextManager[Connection]:
        raise as_driver_error(errors.ServerUnavailable("it is away").at(server))

    def begin(self) -> dict[str, Connection]:
        for connection in self.connections.values():
            connection.execute("BEGIN")
        return self.connections

    def write(self, number: int, *servers: str) -> dict[str, Connection]:
        """Begin everywhere and insert a row on ``servers`` (by default on all)."""
        participants = self.begin()
        for server in servers or participants:
            participants[server].execute("INSERT INTO t VALUES (%s)", (number,))
        return participants

    def commit(self, **options: Any) -> Committed:
        return commit_everywhere(
            self.connections, CLUSTER, options.pop("reconnect", self.reconnect), **options
        )

    def rows(self) -> dict[str, list[int]]:
        query = "SELECT id FROM t ORDER BY id"
        return {server: [row[0] for row in eye.execute(query)] for server, eye in self.eyes.items()}

    def prepared(self) -> dict[str, list[str]]:
        query = "SELECT gid FROM pg_prepared_xacts WHERE database = current_database()"
        return {server: [row[0] for row in eye.execute(query)] for server, eye in self.eyes.items()}

    def decisions(self) -> list[tuple[str, bool]]:
        query = "SELECT xid, committed FROM parallel_partition.decision"
        return [row for eye in self.eyes.values() for row in eye.execute(query)]

    def terminate(self, server: str) -> None:
        pid = self.connections[server].info.backend_pid
        self.eyes[server].execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))

    def assert_untouched(self) -> None:
        assert self.rows() == {server: [] for server in self.conninfos}
        assert self.prepared() == {server: [] for server in self.conninfos}
        self.assert_idle()

    def clear(self) -> None:
        for connection in self.connections.values():
            connection.close()
        for server, gids in self.prepared().items():
            for gid in gids:
                self.eyes[server].execute(f"ROLLBACK PREPARED '{gid}'")
            self.eyes[server].execute("TRUNCATE t, late, gated, parallel_partition.decision")

    def assert_idle(self) -> None:
        for server, connection in self.connections.items():
            if not connection.closed:
                assert connection.info.transaction_status == IDLE, server
                held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
                assert connection.execute(held).fetchone() == (0,), server


@pytest.fixture(scope="module")
def places(module_databases: MakeDatabases) -> list[str]:
    """Three databases with the tables, for all tests of the module."""
    conninfos = module_databases(3)
    for conninfo in conninfos:
        with psycopg.connect(conninfo) as connection:
            connection.execute(load("server")["create"] + ";" + TABLE)
    return conninfos


@pytest.fixture
def cluster(places: list[str]) -> Iterator[Cluster]:
    """Fresh connections to three databases without rows."""
    with ExitStack() as stack:
        cluster = Cluster(places, stack)
        yield cluster
        cluster.clear()


def after(monkeypatch: pytest.MonkeyPatch, step: str, act: Callable[[], object]) -> None:
    """Let something happen right behind a step of the commit."""
    original = getattr(TwoPhaseCommit, step)

    def stepped(commit: TwoPhaseCommit) -> object:
        result = original(commit)
        act()
        return result

    monkeypatch.setattr(TwoPhaseCommit, step, stepped)


# --- the ordinary ways --------------------------------------------------------------------------------------


@pytest.mark.both_versions
def test_several_writers_commit_together(cluster: Cluster) -> None:
    cluster.write(1)
    committed = cluster.commit()
    assert cluster.rows() == {"alpha": [1], "beta": [1], "gamma": [1]}
    assert committed == Committed(committed.xid, ())
    assert cluster.decisions() == [(committed.xid, True)]
    assert cluster.prepared() == {"alpha": [], "beta": [], "gamma": []}
    cluster.assert_idle()


def test_the_decision_is_on_the_first_writer_and_readers_take_no_part(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[dict[str, list[str]]] = []
    after(monkeypatch, "prepare", lambda: seen.append(cluster.prepared()))
    cluster.write(1, "beta", "gamma")
    cluster.connections["alpha"].execute("SELECT * FROM t")
    committed = cluster.commit()
    assert cluster.rows() == {"alpha": [], "beta": [1], "gamma": [1]}
    assert cluster.eyes["alpha"].execute("SELECT * FROM parallel_partition.decision").fetchall() == []
    assert cluster.eyes["beta"].execute("SELECT xid FROM parallel_partition.decision").fetchall() == [
        (committed.xid,)
    ]
    [prepared] = seen
    assert {server: len(gids) for server, gids in prepared.items()} == {"alpha": 0, "beta": 0, "gamma": 1}
    assert Gid.parse(prepared["gamma"][0]) == Gid(CLUSTER, "beta", str(committed.xid), 2)
    cluster.assert_idle()


@pytest.mark.parametrize("writers", [(), ("beta",)])
def test_at_most_one_writer_is_committed_plainly(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, writers: tuple[str, ...]
) -> None:
    monkeypatch.setattr(TwoPhaseCommit, "run", lambda self: pytest.fail("needs no two-phase commit"))
    cluster.begin()
    for server in writers:
        cluster.connections[server].execute("INSERT INTO t VALUES (1)")
    assert cluster.commit() == Committed()
    assert cluster.rows() == {server: [1] if server in writers else [] for server in SERVERS}
    assert cluster.decisions() == []
    cluster.assert_idle()


def test_writers_that_are_known_are_not_asked(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(two_phase, "_transaction_numbers", lambda *_: pytest.fail("asked"))
    cluster.write(1, "beta", "gamma")
    committed = cluster.commit(writers=["gamma", "beta"])
    assert cluster.rows() == {"alpha": [], "beta": [1], "gamma": [1]}
    assert cluster.eyes["beta"].execute("SELECT xid FROM parallel_partition.decision").fetchall() == [
        (committed.xid,)
    ]
    cluster.assert_idle()


def test_no_participant_is_nothing_to_do(cluster: Cluster) -> None:
    assert commit_everywhere({}, CLUSTER, cluster.reconnect) == Committed()


def test_the_decider_flushes_its_commit_although_the_session_does_not(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[object] = []
    alpha = cluster.connections["alpha"]
    after(monkeypatch, "prepare", lambda: seen.append(alpha.execute("SHOW synchronous_commit").fetchone()))
    for value in ("off", "remote_apply"):
        alpha.execute(f"SET synchronous_commit = {value}")
        cluster.write(len(seen))
        cluster.commit()
        assert alpha.execute("SHOW synchronous_commit").fetchone() == (value,)
    assert seen == [("on",), ("remote_apply",)]


def test_the_client_holds_a_lock_that_recovery_sees(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[object] = []
    probe = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = %s"
    pid = cluster.connections["alpha"].info.backend_pid
    after(monkeypatch, "decide", lambda: seen.append(cluster.eyes["alpha"].execute(probe, (pid,)).fetchone()))
    cluster.write(1)
    cluster.commit()
    assert seen == [(1,)]
    cluster.assert_idle()


# --- what fails before the commit point ---------------------------------------------------------------------


def test_a_deferred_constraint_of_a_prepared_server_rolls_back_all(cluster: Cluster) -> None:
    cluster.write(1)
    cluster.connections["gamma"].execute("INSERT INTO late VALUES (1), (1)")
    with pytest.raises(psycopg.errors.UniqueViolation) as raised:
        cluster.commit()
    assert raised.value.server == "gamma"  # type: ignore[attr-defined]
    cluster.assert_untouched()


def test_a_deferred_constraint_of_the_decider_rolls_back_all(cluster: Cluster) -> None:
    cluster.write(1)
    cluster.connections["alpha"].execute("INSERT INTO late VALUES (1), (1)")
    with pytest.raises(psycopg.errors.UniqueViolation) as raised:
        cluster.commit()
    assert raised.value.server == "alpha"  # type: ignore[attr-defined]
    assert cluster.decisions() == []
    cluster.assert_untouched()


def test_several_failures_are_all_named(cluster: Cluster) -> None:
    cluster.write(1)
    for server in ("beta", "gamma"):
        cluster.connections[server].execute("SELECT pg_notify('x', '')")
    with pytest.raises(psycopg.NotSupportedError) as raised:
        cluster.commit()
    named = [raised.value.errors] if isinstance(raised.value, errors.FanOutError) else []
    # The first failure cancels the other server, which may have failed by itself before.
    assert set(named[0] if named else {raised.value.server}) <= {"beta", "gamma"}  # type: ignore[attr-defined]
    cluster.assert_untouched()


@pytest.mark.parametrize("failed", SERVERS)
def test_a_transaction_that_failed_before_is_not_taken_for_prepared(cluster: Cluster, failed: str) -> None:
    cluster.write(1)
    with pytest.raises(psycopg.errors.UniqueViolation):
        cluster.connections[failed].execute("INSERT INTO t VALUES (1)")
    with pytest.raises(psycopg.errors.InFailedSqlTransaction) as raised:
        cluster.commit()
    assert raised.value.server == failed  # type: ignore[attr-defined]
    cluster.assert_untouched()


@pytest.mark.parametrize("failed", ["beta", "gamma"])
def test_prepare_answered_by_rollback_is_a_failure(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, failed: str
) -> None:
    """PostgreSQL answers PREPARE in a failed transaction by the tag ROLLBACK, without an error."""
    original = TwoPhaseCommit.prepare

    def fails_in_between(commit: TwoPhaseCommit) -> None:
        with pytest.raises(psycopg.errors.DivisionByZero):
            cluster.connections[failed].execute("SELECT 1/0")
        original(commit)

    monkeypatch.setattr(TwoPhaseCommit, "prepare", fails_in_between)
    cluster.write(1)
    with pytest.raises(psycopg.errors.InFailedSqlTransaction) as refused:
        cluster.commit()
    assert refused.value.server == failed  # type: ignore[attr-defined]
    cluster.assert_untouched()
    # What enters the snapshot gate was refused before it; without that the tag alone tells.
    exchanges = two_phase._exchanges
    monkeypatch.setattr(
        two_phase,
        "_exchanges",
        lambda sessions, trains: exchanges(sessions, {name: train[-1:] for name, train in trains.items()}),
    )
    cluster.write(1)
    with pytest.raises(
        errors.OperationalError, match="PREPARE TRANSACTION was answered by ROLLBACK"
    ) as raised:
        cluster.commit()
    assert raised.value.server == failed
    cluster.assert_untouched()


@pytest.mark.parametrize("lost", SERVERS)
def test_a_server_lost_before_it_prepared_rolls_back_all(cluster: Cluster, lost: str) -> None:
    cluster.write(1)
    cluster.terminate(lost)
    with pytest.raises(psycopg.OperationalError) as raised:
        cluster.commit()
    assert raised.value.server == lost  # type: ignore[attr-defined]
    cluster.assert_untouched()


def test_a_server_lost_while_it_prepares_rolls_back_all(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster.eyes["beta"].execute("SELECT pg_advisory_lock(42)")
    participants = cluster.write(1)
    participants["beta"].execute("INSERT INTO gated VALUES (1)")
    with (
        when_blocked(cluster, "beta", lambda: cluster.terminate("beta")),
        pytest.raises(psycopg.OperationalError) as raised,
    ):
        cluster.commit()
    assert raised.value.server == "beta"  # type: ignore[attr-defined]
    cluster.assert_untouched()


def test_a_decider_lost_after_the_others_prepared_rolls_back_all(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared: list[Mapping[str, list[str]]] = []
    after(monkeypatch, "prepare", lambda: prepared.append(cluster.prepared()))
    after(monkeypatch, "prepare", lambda: cluster.terminate("alpha"))
    cluster.write(1)
    with pytest.raises(psycopg.OperationalError) as raised:
        cluster.commit()
    assert raised.value.server == "alpha"  # type: ignore[attr-defined]
    assert [len(gids) for gids in prepared[0].values()] == [0, 1, 1]
    [(_, committed)] = cluster.decisions()
    assert committed is False
    cluster.assert_untouched()


def test_a_server_lost_after_it_prepared_is_rolled_back_over_a_new_connection(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    after(monkeypatch, "prepare", lambda: cluster.terminate("beta"))
    cluster.write(1)
    cluster.connections["alpha"].execute("INSERT INTO late VALUES (1), (1)")  # the decider will refuse
    with pytest.raises(psycopg.errors.UniqueViolation):
        cluster.commit()
    cluster.assert_untouched()


def test_what_cannot_be_rolled_back_is_reported_and_can_never_commit(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    after(monkeypatch, "prepare", lambda: cluster.terminate("beta"))
    cluster.write(1)
    cluster.connections["alpha"].execute("INSERT INTO late VALUES (1), (1)")
    with (
        caplog.at_level(logging.WARNING, "parallel_partition"),
        pytest.raises(psycopg.errors.UniqueViolation),
    ):
        cluster.commit(reconnect=cluster.unreachable)
    [gid] = cluster.prepared()["beta"]
    assert gid in caplog.text
    assert "server beta could not be told" in caplog.text
    xid = Gid.parse(gid).xid  # type: ignore[union-attr]
    with cluster.reconnect("alpha") as connection:
        assert resolve(connection, xid) is False
        assert outcome(connection, xid) is False
    assert cluster.rows() == {"alpha": [], "beta": [], "gamma": []}


def test_an_old_transaction_cannot_decide(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(two_phase, "MAX_AGE", "0 s")
    cluster.write(1)
    with pytest.raises(psycopg.DatabaseError, match="may no longer commit") as raised:
        cluster.commit()
    assert raised.value.server == "alpha"  # type: ignore[attr-defined]
    assert cluster.decisions() == []
    cluster.assert_untouched()


def test_a_transaction_that_was_resolved_meanwhile_cannot_commit(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    def recover() -> None:
        [gid] = cluster.prepared()["beta"]
        with cluster.reconnect("alpha") as connection:
            assert resolve(connection, Gid.parse(gid).xid) is False  # type: ignore[union-attr]

    after(monkeypatch, "prepare", recover)
    cluster.write(1)
    with pytest.raises(psycopg.DatabaseError, match="was decided already") as raised:
        cluster.commit()
    assert raised.value.server == "alpha"  # type: ignore[attr-defined]
    cluster.assert_untouched()


def test_a_name_that_is_too_long_for_a_gid_is_refused(cluster: Cluster) -> None:
    cluster.write(1)
    named = {"x" * 130: cluster.connections["alpha"], "beta": cluster.connections["beta"]}
    with pytest.raises(errors.NotSupportedError, match="PostgreSQL takes 199"):
        commit_everywhere(named, CLUSTER, cluster.reconnect)
    cluster.connections["gamma"].execute("ROLLBACK")
    cluster.assert_untouched()


def test_an_interrupt_before_the_decision_rolls_back_all(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    after(monkeypatch, "prepare", interrupt)
    cluster.write(1)
    with pytest.raises(KeyboardInterrupt):
        cluster.commit()
    cluster.assert_untouched()


# --- the commit point and behind it -------------------------------------------------------------------------


@pytest.mark.parametrize("error", [psycopg.OperationalError("the answer was lost"), KeyboardInterrupt()])
def test_a_lost_answer_to_a_commit_that_happened_is_found_out(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    lose_the_answer(monkeypatch, error)
    cluster.write(1)
    if isinstance(error, Exception):
        assert cluster.commit().pending == ()
    else:
        with pytest.raises(KeyboardInterrupt) as raised:
            cluster.commit()
        assert "is committed" in raised.value.__notes__[0]
    assert cluster.rows() == {"alpha": [1], "beta": [1], "gamma": [1]}
    assert cluster.prepared() == {"alpha": [], "beta": [], "gamma": []}


def test_a_decider_lost_during_its_commit_is_asked(cluster: Cluster) -> None:
    cluster.eyes["alpha"].execute("SELECT pg_advisory_lock(42)")
    participants = cluster.write(1)
    participants["alpha"].execute("INSERT INTO gated VALUES (1)")
    with (
        when_blocked(cluster, "alpha", lambda: cluster.terminate("alpha")),
        pytest.raises(psycopg.OperationalError) as raised,
    ):
        cluster.commit()
    assert raised.value.server == "alpha"  # type: ignore[attr-defined]
    [(_, committed)] = cluster.decisions()
    assert committed is False
    cluster.assert_untouched()


@pytest.mark.parametrize("happened", [True, False])
def test_an_unknown_outcome_is_never_guessed(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, happened: bool
) -> None:
    if happened:
        lose_the_answer(monkeypatch, psycopg.OperationalError("lost"))
    else:
        after(monkeypatch, "prepare", lambda: cluster.terminate("alpha"))
    cluster.write(1)
    with pytest.raises(errors.CommitUnknown) as raised:
        cluster.commit(reconnect=cluster.unreachable, patience=0.2)
    assert isinstance(raised.value, psycopg.OperationalError)
    assert raised.value.server == "alpha"
    xid = raised.value.xid
    assert xid is not None
    assert xid in str(raised.value)
    in_doubt = cluster.prepared()
    assert [len(gids) for gids in in_doubt.values()] == [0, 1, 1], "what may be committed stays prepared"
    assert {Gid.parse(gid).xid for gids in in_doubt.values() for gid in gids} == {xid}  # type: ignore[union-attr]
    with cluster.reconnect("alpha") as connection:
        assert outcome(connection, xid) is (True if happened else None)
        assert resolve(connection, xid) is happened
        assert outcome(connection, xid) is happened
    assert cluster.rows()["alpha"] == ([1] if happened else [])


@pytest.mark.parametrize("happened", [True, False])
def test_the_only_writer_lost_at_its_commit_is_asked(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, happened: bool
) -> None:
    cluster.write(1, "beta")
    if happened:
        lose_the_answer(monkeypatch, psycopg.OperationalError("lost"))
        assert cluster.commit() == Committed()
    else:
        cluster.connections["beta"].execute("INSERT INTO gated VALUES (1)")
        cluster.eyes["beta"].execute("SELECT pg_advisory_lock(42)")
        with (
            when_blocked(cluster, "beta", lambda: cluster.terminate("beta")),
            pytest.raises(psycopg.OperationalError) as raised,
        ):
            cluster.commit()
        assert raised.value.server == "beta"  # type: ignore[attr-defined]
    assert cluster.rows()["beta"] == ([1] if happened else [])


@pytest.mark.parametrize("happened", [True, False])
def test_the_unknown_outcome_of_one_server_can_be_looked_up(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, happened: bool
) -> None:
    def run_one(session: Any, exchange: Any) -> Any:
        if happened:
            two_phase_run_one(session, exchange)
        session.connection.close()
        raise psycopg.OperationalError("lost")

    two_phase_run_one = two_phase.run_one
    monkeypatch.setattr(two_phase, "run_one", run_one)
    cluster.write(1, "beta")
    with pytest.raises(errors.CommitUnknown) as raised:
        cluster.commit(reconnect=cluster.unreachable, patience=0.2)
    assert raised.value.server == "beta"
    assert outcome(cluster.eyes["beta"], str(raised.value.xid)) is happened


def test_a_server_lost_after_the_decision_is_pending_and_not_an_error(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    after(monkeypatch, "decide", lambda: cluster.terminate("beta"))
    cluster.write(1)
    with caplog.at_level(logging.WARNING, "parallel_partition"):
        committed = cluster.commit(reconnect=cluster.unreachable)
    assert committed.pending == ("beta",)
    assert cluster.rows() == {"alpha": [1], "beta": [], "gamma": [1]}
    [gid] = cluster.prepared()["beta"]
    assert gid in caplog.text
    # Whoever finds it asks its decider, and can finish it.
    found = Gid.parse(gid)
    assert found is not None
    with cluster.reconnect(found.decider) as connection:
        assert resolve(connection, found.xid) is True
    cluster.eyes["beta"].execute(f"COMMIT PREPARED '{gid}'")
    assert cluster.rows()["beta"] == [1]


def test_a_connection_lost_after_the_decision_is_replaced(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    after(monkeypatch, "decide", lambda: cluster.terminate("beta"))
    cluster.write(1)
    assert cluster.commit().pending == ()
    assert cluster.rows() == {"alpha": [1], "beta": [1], "gamma": [1]}


def test_recovery_may_be_faster(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    def recover() -> None:
        [gid] = cluster.prepared()["beta"]
        cluster.eyes["beta"].execute(f"COMMIT PREPARED '{gid}'")

    after(monkeypatch, "decide", recover)
    cluster.write(1)
    assert cluster.commit().pending == ()
    assert cluster.rows() == {"alpha": [1], "beta": [1], "gamma": [1]}


# --- looking up ---------------------------------------------------------------------------------------------


def test_resolve_is_final_and_repeatable(cluster: Cluster) -> None:
    with cluster.reconnect("alpha") as connection:
        assert outcome(connection, "f" * 32) is None
        assert resolve(connection, "f" * 32) is False
        assert resolve(connection, "f" * 32) is False
    assert cluster.decisions() == [("f" * 32, False)]


def test_resolve_does_not_wait_for_long_behind_an_open_decision(cluster: Cluster) -> None:
    """Whoever decides at this moment holds the row: neither outcome may be told yet."""
    deciding = cluster.connections["alpha"]
    deciding.execute("BEGIN")
    deciding.execute("SELECT parallel_partition.decide(%s, '1 h')", ("e" * 32,))
    with cluster.reconnect("alpha") as connection:
        with pytest.raises(psycopg.errors.LockNotAvailable):
            resolve(connection, "e" * 32)
        assert connection.info.transaction_status == IDLE
        deciding.execute("COMMIT")
        assert resolve(connection, "e" * 32) is True


def test_resolve_works_where_the_session_defaults_to_serializable(cluster: Cluster) -> None:
    with cluster.reconnect("alpha") as connection:
        connection.execute("SET default_transaction_isolation = 'serializable'")
        connection.execute("SET default_transaction_read_only = on")
        assert resolve(connection, "d" * 32) is False


@pytest.mark.parametrize("decider", ["alpha", "a:b:1", "Zürich 2"])
def test_gids_are_read_back(decider: str) -> None:
    gid = Gid(CLUSTER, decider, "0123456789abcdef" * 2, 12)
    assert Gid.parse(str(gid)) == gid


@pytest.mark.parametrize(
    "text", ["", "pp1:x", "pp2:3f2c9a4e-8d1b-4a77-9f0e-5d6c7b8a9012:a:" + "0" * 32 + ":1"]
)
def test_gids_of_others_are_left_alone(text: str) -> None:
    assert Gid.parse(text) is None


# --- servers that cannot prepare ----------------------------------------------------------------------------


def test_a_server_without_prepared_transactions_is_refused_by_name(throwaway_cluster: StartCluster) -> None:
    local = throwaway_cluster(1, max_prepared_transactions=0)
    with psycopg.connect(local.conninfos[0], autocommit=True) as connection:
        connection.execute("BEGIN")
        with pytest.raises(
            errors.CrossShardWriteRefused, match=r"server s7.*max_prepared_transactions is 0"
        ) as raised:
            check_prepared_allowed(connection, "s7")
        assert raised.value.server == "s7"
        assert connection.info.transaction_status == pq.TransactionStatus.INTRANS


def test_a_server_with_prepared_transactions_is_asked_once(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_prepared_allowed(cluster.connections["alpha"], "alpha")
    monkeypatch.setattr(two_phase, "run_one", lambda *_: pytest.fail("asked twice"))
    check_prepared_allowed(cluster.connections["alpha"], "alpha")


# --- tools --------------------------------------------------------------------------------------------------


def lose_the_answer(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """The next commit is carried out, and its answer never arrives."""
    run_one = two_phase.run_one

    def deaf(session: Any, exchange: Any) -> Any:
        run_one(session, exchange)
        session.connection.close()
        raise error

    monkeypatch.setattr(two_phase, "run_one", deaf)


@contextmanager
def when_blocked(cluster: Cluster, server: str, act: Callable[[], object]) -> Iterator[None]:
    """Do something as soon as the server's session waits for the gate."""
    pid = cluster.connections[server].info.backend_pid
    blocked = "SELECT count(*) FROM pg_locks WHERE pid = %s AND NOT granted"

    def watch() -> None:
        while cluster.eyes[server].execute(blocked, (pid,)).fetchone() == (0,):
            pass
        act()

    thread = threading.Thread(target=watch)
    thread.start()
    yield
    thread.join()
