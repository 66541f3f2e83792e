"""Databases that commit one transaction, and what may happen to them on the way."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import pq

from parallel_partition import errors
from parallel_partition.execution import two_phase
from parallel_partition.execution.two_phase import (
    Committed,
    TwoPhaseCommit,
    commit_everywhere,
)
from parallel_partition.postgres.driver_errors import as_driver_error

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


def after(monkeypatch: pytest.MonkeyPatch, step: str, act: Callable[[], object]) -> None:
    """Let something happen right behind a step of the commit."""
    original = getattr(TwoPhaseCommit, step)

    def stepped(commit: TwoPhaseCommit) -> object:
        result = original(commit)
        act()
        return result

    monkeypatch.setattr(TwoPhaseCommit, step, stepped)


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
