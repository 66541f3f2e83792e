"""The atomic commit from its commit point on: what is lost there is found out, never guessed."""

from __future__ import annotations

import logging
from typing import Any

import psycopg
import pytest

from parallel_partition import errors
from parallel_partition.execution import two_phase
from parallel_partition.execution.resolve import outcome, resolve
from parallel_partition.execution.two_phase import (
    Committed,
    Gid,
)
from tests.cluster.participants import (
    CLUSTER,
    IDLE,
    Cluster,
    after,
    lose_the_answer,
    when_blocked,
)


@pytest.fixture
def cluster(participants: Cluster) -> Cluster:
    """Fresh connections to three databases without rows."""
    return participants


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
