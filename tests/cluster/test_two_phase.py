"""The atomic commit on real servers: whatever is lost on the way, all servers commit or none does."""

from __future__ import annotations

import logging
from collections.abc import Mapping

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
from tests.cluster.participants import (
    CLUSTER,
    SERVERS,
    Cluster,
    after,
    when_blocked,
)
from tests.fix_faults import StartCluster


@pytest.fixture
def cluster(participants: Cluster) -> Cluster:
    """Fresh connections to three databases without rows."""
    return participants


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
