"""How transactions over several servers commit: together, not at all, or one server after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

import parallel_partition
from parallel_partition import Cluster, errors
from parallel_partition.execution import commit_in_turn
from parallel_partition.execution.two_phase import TwoPhaseCommit
from parallel_partition.postgres.session import Session
from parallel_partition.statements import Statement
from tests.cluster.accounts import IDLE, account_on, add, balance, direct
from tests.fix_faults import StartCluster

SERVERS = ("s1", "s2", "s3")


def balances(bank: Cluster) -> dict[str, int]:
    with bank.connect() as connection:
        return {server: balance(connection, account_on(bank, server)) for server in SERVERS}


def add_on(connection: psycopg.Connection[Any], bank: Cluster, *servers: str) -> None:
    for server in servers:
        add(connection, account_on(bank, server), 1)


def test_only_three_ways_are_taken(bank: Cluster) -> None:
    with pytest.raises(ValueError, match="'2pc', 'single', 'best_effort', not 'both'"):
        bank.connect(cross_shard_writes="both")  # type: ignore[arg-type]


# --- single ---------------------------------------------------------------------------------------------------


def test_single_refuses_the_second_server_at_its_first_write(bank: Cluster) -> None:
    with parallel_partition.connect(bank.servers["s1"].conninfo, cross_shard_writes="single") as connection:
        add_on(connection, bank, "s2", "s2")
        assert len(connection.execute("SELECT * FROM accounts").fetchall()) == 30, "reading is allowed"
        with pytest.raises(errors.CrossShardWriteRefused, match="server s3 beside server s2") as refused:
            add_on(connection, bank, "s3")
        assert refused.value.server == "s3"
        connection.rollback()
        add_on(connection, bank, "s3")
    assert balances(bank) == {"s1": 0, "s2": 0, "s3": 1}


@pytest.mark.parametrize("autocommit", [True, False])
@pytest.mark.parametrize("write", ["UPDATE accounts SET balance = 9", "UPDATE rates SET rate = 9"])
def test_single_refuses_a_statement_for_several_servers(bank: Cluster, write: str, autocommit: bool) -> None:
    with bank.connect(cross_shard_writes="single", autocommit=autocommit) as connection:
        with pytest.raises(errors.CrossShardWriteRefused):
            connection.execute(write.encode())
        connection.rollback()
        assert connection.info.transaction_status == IDLE
    assert balances(bank) == {"s1": 0, "s2": 0, "s3": 0}


# --- best effort ----------------------------------------------------------------------------------------------


@pytest.fixture
def in_turn(bank: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TwoPhaseCommit, "run", lambda self: pytest.fail("needs no two-phase commit"))


@pytest.mark.usefixtures("in_turn")
def test_best_effort_commits_one_after_the_other(bank: Cluster) -> None:
    with bank.connect(cross_shard_writes="best_effort") as connection:
        add_on(connection, bank, *SERVERS)
    assert balances(bank) == {"s1": 1, "s2": 1, "s3": 1}
    with bank.connect(cross_shard_writes="best_effort", autocommit=True) as connection:
        connection.execute("UPDATE accounts SET balance = 7")
    assert balances(bank) == {"s1": 7, "s2": 7, "s3": 7}


def failing_commit(
    monkeypatch: pytest.MonkeyPatch, server: str, act: Callable[[Session], BaseException | None]
) -> None:
    """Something happens on a server instead of its COMMIT, or behind it."""
    original = commit_in_turn.answers_of

    def answers_of(session: Session, statements: list[Statement]) -> Any:
        if session.server != server:
            return original(session, statements)
        if (error := act(session)) is not None:
            raise error
        return original(session, statements)

    monkeypatch.setattr(commit_in_turn, "answers_of", answers_of)


def terminated(session: Session) -> None:
    with psycopg.connect(session.connection.info.dsn, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", (session.connection.info.backend_pid,))


@pytest.mark.parametrize("lost", SERVERS)
def test_a_server_that_fails_is_told_with_those_that_have_committed(
    bank: Cluster, monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    failing_commit(monkeypatch, lost, terminated)
    done = list(SERVERS[: SERVERS.index(lost)])
    with bank.connect(cross_shard_writes="best_effort") as connection:
        add_on(connection, bank, *SERVERS)
        with pytest.raises(psycopg.OperationalError) as raised:
            connection.commit()
        assert connection.info.transaction_status == IDLE
    assert raised.value.server == lost  # type: ignore[attr-defined]
    if done:
        assert isinstance(raised.value, errors.PartialCommit)
        assert (raised.value.committed, raised.value.unknown) == (done, [])
        assert raised.value.failed == [server for server in SERVERS if server not in done]
        assert f"committed on {', '.join(done)}, not on {lost}" in str(raised.value)
    else:
        assert not isinstance(raised.value, errors.PartialCommit), (
            "nothing is committed: it is as if it never ran"
        )
    assert balances(bank) == {server: int(server in done) for server in SERVERS}


def test_a_commit_that_happened_is_found_out(bank: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    def committed(session: Session) -> psycopg.Error:
        session.connection.execute("COMMIT")
        session.close()
        return psycopg.OperationalError("lost")

    failing_commit(monkeypatch, "s2", committed)
    with bank.connect(cross_shard_writes="best_effort") as connection:
        add_on(connection, bank, *SERVERS)
    assert balances(bank) == {"s1": 1, "s2": 1, "s3": 1}


def test_what_is_not_known_is_told_so(bank: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(session: Session) -> psycopg.Error:
        session.close()
        return psycopg.OperationalError("lost")

    def unknown(server: str, *_: object) -> bool:
        raise errors.CommitUnknown("nobody can say", "12").at(server)

    failing_commit(monkeypatch, "s2", lost)
    monkeypatch.setattr(commit_in_turn, "settle", unknown)
    with bank.connect(cross_shard_writes="best_effort") as connection:
        add_on(connection, bank, *SERVERS)
        with pytest.raises(errors.PartialCommit, match="not known to be either on s2") as raised:
            connection.commit()
    partial = raised.value
    assert (partial.committed, partial.failed, partial.unknown) == (["s1"], ["s3"], ["s2"])


def test_an_interrupt_says_what_is_committed(bank: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    failing_commit(monkeypatch, "s2", lambda session: KeyboardInterrupt())
    connection = bank.connect(cross_shard_writes="best_effort")
    add_on(connection, bank, *SERVERS)
    with pytest.raises(KeyboardInterrupt) as raised:
        connection.commit()
    connection.close()
    assert "is committed on s1, rolled back on s3" in raised.value.__notes__[0]
    assert balances(bank) == {"s1": 1, "s2": 0, "s3": 0}


def test_a_deferred_constraint_is_found_at_its_servers_commit(bank: Cluster) -> None:
    with direct(bank, "s2") as eyes:
        eyes["s2"].execute("CREATE TABLE late (id integer UNIQUE DEFERRABLE INITIALLY DEFERRED)")
        eyes["s2"].execute(
            "CREATE FUNCTION fail_late() RETURNS trigger LANGUAGE plpgsql AS"
            " 'BEGIN INSERT INTO late VALUES (1), (1); RETURN NULL; END'"
        )
        eyes["s2"].execute("CREATE TRIGGER late AFTER UPDATE ON accounts EXECUTE FUNCTION fail_late()")
        eyes["s2"].commit()
        try:
            with bank.connect(cross_shard_writes="best_effort") as connection:
                add_on(connection, bank, *SERVERS)
                with pytest.raises(errors.PartialCommit) as raised:
                    connection.commit()
        finally:
            eyes["s2"].execute("DROP FUNCTION fail_late CASCADE")
            eyes["s2"].execute("DROP TABLE late")
            eyes["s2"].commit()
    assert (raised.value.committed, raised.value.failed) == (["s1"], ["s2", "s3"])
    assert isinstance(raised.value.__cause__, psycopg.errors.UniqueViolation)
    assert balances(bank) == {"s1": 1, "s2": 0, "s3": 0}


# --- servers that take no prepared transactions ---------------------------------------------------------------


def test_without_prepared_transactions(throwaway_cluster: StartCluster) -> None:
    local = throwaway_cluster(2, max_prepared_transactions=0)
    with Cluster.create(local.conninfos, num_partitions=4) as cluster:
        cluster.create_table("CREATE TABLE t (k int PRIMARY KEY)", key="k")
        one, other = (
            next(k for k in range(50) if cluster.shard_map.server_of(k) == server) for server in ("s1", "s2")
        )
        with cluster.connect() as connection:
            connection.execute("INSERT INTO t VALUES (%s)", (one,))
            with pytest.raises(
                errors.CrossShardWriteRefused, match="Set it to at least the number of sessions"
            ):
                connection.execute("INSERT INTO t VALUES (%s)", (other,))
            connection.rollback()
        with cluster.connect(cross_shard_writes="best_effort") as connection:
            connection.cursor().executemany("INSERT INTO t VALUES (%s)", [(one,), (other,)])
        with cluster.connect(cross_shard_writes="single") as connection:
            assert connection.execute("SELECT count(*) FROM t").fetchone() == (2,)
