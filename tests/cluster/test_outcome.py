"""What became of a transaction whose commit was not answered, as `Cluster.outcome` tells it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from parallel_partition import Cluster, CommitUnknown, LocalCluster, UnknownServer, errors
from parallel_partition.execution import end_transaction, two_phase
from parallel_partition.local_servers.process import wait_until
from parallel_partition.postgres.driver_errors import as_driver_error
from parallel_partition.statements import Statement
from tests.cluster.leftovers import Leftovers
from tests.fix_faults import StartCluster


def unknown(xid: str | None, server: str = "s1") -> CommitUnknown:
    """As a commit raises it."""
    error = as_driver_error(CommitUnknown("who knows?", xid).at(server))
    assert isinstance(error, CommitUnknown)
    return error


@pytest.mark.both_versions
@pytest.mark.usefixtures("postgres")
@pytest.mark.parametrize("decided", [True, False])
def test_the_error_itself_can_be_asked_with(leftovers: Leftovers, decided: bool) -> None:
    gid = leftovers.left(7, decided=decided)
    error = unknown(gid.xid)
    for _ in range(2):
        assert leftovers.cluster.outcome(error) is decided
        assert leftovers.cluster.outcome(gid.xid, "s1") is decided
    if not decided:
        with pytest.raises(psycopg.DatabaseError, match="was decided already"):
            leftovers.decide(gid, 7)
    assert leftovers.cluster.recover(min_age=0).complete
    assert leftovers.numbers() == dict.fromkeys(("s1", "s2", "s3"), [7] if decided else [])


@pytest.mark.parametrize("hours", [19, 21])
def test_what_is_long_ago_is_not_guessed(leftovers: Leftovers, hours: int) -> None:
    """Its decision may have been taken away: that there is none says nothing any more."""
    began = int((time.time() - hours * 3600) * 1000)
    lost, kept = (f"{began + number:012x}{'7' * 20}" for number in range(2))
    leftovers.ask("s1", "INSERT INTO parallel_partition.decision VALUES (%s, true)", kept)
    assert leftovers.cluster.outcome(kept, "s1") is True
    assert leftovers.cluster.outcome(lost, "s1") is (None if hours > 20 else False)
    assert leftovers.decisions().get(lost) is (None if hours > 20 else False), "nothing is decided so late"


def test_what_is_being_decided_is_not_known_yet(leftovers: Leftovers) -> None:
    gid = leftovers.gid("s2")
    with leftovers.direct("s2") as client, client.transaction():
        client.execute("SELECT parallel_partition.decide(%s, '1 h')", (gid.xid,))
        assert leftovers.cluster.outcome(unknown(gid.xid, "s2")) is None
    assert leftovers.cluster.outcome(unknown(gid.xid, "s2")) is True


@pytest.mark.parametrize("decided", [True, False])
def test_without_its_server_a_decision_is_found_where_it_is(leftovers: Leftovers, decided: bool) -> None:
    gid = leftovers.gid("s3")
    assert leftovers.cluster.outcome(gid.xid) is None
    assert leftovers.decisions("s3") == {}, "nothing is decided on the wrong server"
    if decided:
        leftovers.decide(gid, 7)
    else:
        assert leftovers.cluster.outcome(gid.xid, "s3") is False
    assert leftovers.cluster.outcome(gid.xid) is decided


def test_a_transaction_of_one_server(leftovers: Leftovers) -> None:
    with leftovers.direct("s2") as client:
        for end, expected in (("COMMIT", True), ("ROLLBACK", False)):
            client.execute("BEGIN")
            client.execute("INSERT INTO numbers VALUES (1)")
            row = client.execute("SELECT pg_current_xact_id()::text").fetchone()
            assert row is not None
            assert leftovers.cluster.outcome(unknown(row[0], "s2")) is None
            client.execute(end.encode())
            assert leftovers.cluster.outcome(unknown(row[0], "s2")) is expected


def test_what_cannot_be_asked_is_refused(leftovers: Leftovers) -> None:
    for transaction, message in (
        (unknown(None), "look at its rows"),
        ("4711", "give that server"),
        ("none", "no xid"),
    ):
        with pytest.raises(errors.ProgrammingError, match=message):
            leftovers.cluster.outcome(transaction)
    with pytest.raises(UnknownServer, match="no server s9"):
        leftovers.cluster.outcome("f" * 32, "s9")


def test_a_server_that_is_away_is_told(leftovers: Leftovers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leftovers.cluster._pools["s2"], "_conninfo", "host=127.0.0.1 port=1 dbname=away")
    xid = two_phase.new_xid()
    for ask in (
        lambda: leftovers.cluster.outcome(xid),
        lambda: leftovers.cluster.outcome(unknown(xid, "s2")),
    ):
        with pytest.raises(errors.ServerUnavailable) as raised:
            ask()
        assert raised.value.server == "s2"


def test_a_commit_whose_decider_was_lost(leftovers: Leftovers, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the commit to the outcome."""
    leftovers.cluster.create_table("CREATE TABLE t (k int PRIMARY KEY)", key="k")
    try:
        with monkeypatch.context() as patch, leftovers.cluster.connect() as connection:
            connection.execute("INSERT INTO t VALUES " + ", ".join(f"({k})" for k in range(30)))

            def lost(server: str, xid: str, *_: object) -> bool:
                raise unknown(xid, server)

            def deaf(session: object, exchange: object) -> object:
                raise psycopg.OperationalError("the answer was lost")

            patch.setattr(two_phase, "settle", lost)
            patch.setattr(two_phase, "run_one", deaf)
            with pytest.raises(CommitUnknown) as raised:
                connection.commit()
        assert len(leftovers.prepared()) == 2
        assert leftovers.cluster.outcome(raised.value) is False
        # The decider notices a moment later that its client is gone.
        assert wait_until(lambda: leftovers.cluster.recover(min_age=0).found == 0, 20)
        with leftovers.cluster.connect() as connection:
            assert connection.execute("SELECT count(*) FROM t").fetchone() == (0,)
    finally:
        leftovers.cluster.drop_table("t")


# --- a transaction that wrote on one server -------------------------------------------------------------------


class Lone:
    """A server of a test alone, and a transaction that waits in its COMMIT for a standby that is not there."""

    def __init__(self, local: LocalCluster, cluster: Cluster) -> None:
        self.server = local.servers[0]
        self.cluster = cluster
        cluster.create_table("CREATE TABLE t (k int PRIMARY KEY)", key="k")
        self.eyes = psycopg.connect(self.server.conninfo, autocommit=True)

    def standby(self, name: str) -> None:
        self.eyes.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{name}'".encode())
        self.eyes.execute("SELECT pg_reload_conf()")
        shown = "SHOW synchronous_standby_names"
        assert wait_until(lambda: self.eyes.execute(shown).fetchone() == (name,), 10)

    def waiting(self) -> list[int]:
        query = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
        return [pid for (pid,) in self.eyes.execute(query)]

    def commit(
        self, connection: psycopg.Connection[Any], then: Callable[[], object]
    ) -> list[BaseException | None]:
        """Commit, and do something once the COMMIT is on disk and not answered; what it raised."""
        raised: list[BaseException | None] = []

        def act() -> None:
            try:
                connection.commit()
                raised.append(None)
            except psycopg.Error as error:
                raised.append(error)

        thread = threading.Thread(target=act)
        thread.start()
        assert wait_until(lambda: bool(self.waiting()), 10)
        then()
        thread.join()
        return raised


@pytest.fixture
def lone(throwaway_cluster: StartCluster) -> Iterator[Lone]:
    local = throwaway_cluster(1)
    with Cluster.create(local.conninfos, num_partitions=2) as cluster:
        lone = Lone(local, cluster)
        yield lone
        lone.eyes.close()


def count(lone: Lone) -> int:
    with lone.cluster.connect() as connection:
        row = connection.execute("SELECT count(*) FROM t").fetchone()
        assert row is not None
        return int(row[0])


def test_a_commit_of_one_server_that_was_not_answered_is_found_out(lone: Lone) -> None:
    with lone.cluster.connect() as connection:
        connection.execute("INSERT INTO t VALUES (1)")
        lone.standby("nobody")

        def lose() -> None:
            lone.eyes.execute("SELECT pg_terminate_backend(%s)", (lone.waiting()[0],))

        assert lone.commit(connection, lose) == [None]
        lone.standby("")
    assert count(lone) == 1


def test_a_commit_of_one_server_that_cannot_be_asked_can_be_looked_up(
    lone: Lone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(end_transaction, "PATIENCE", 0.1)
    with lone.cluster.connect() as connection:
        connection.execute("INSERT INTO t VALUES (1)")
        lone.standby("nobody")
        [unknown] = lone.commit(connection, lone.server.kill)
    assert isinstance(unknown, CommitUnknown)
    assert (unknown.server, unknown.xid is not None) == ("s1", True)
    lone.server.start()
    assert lone.cluster.outcome(unknown) is True
    assert count(lone) == 1


def test_a_commit_of_one_server_that_was_rolled_back_is_known_to_be(
    lone: Lone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The session ends at the place where its COMMIT would come next."""
    die = Statement(b"SELECT pg_terminate_backend(pg_backend_pid())", prepare=False)
    monkeypatch.setattr(end_transaction, "_COMMIT", die)
    with lone.cluster.connect() as connection:
        connection.execute("INSERT INTO t VALUES (1)")
        with pytest.raises(psycopg.OperationalError) as raised:
            connection.commit()
        assert not isinstance(raised.value, CommitUnknown)
    monkeypatch.undo()
    assert count(lone) == 0
