"""Sessions that their servers end: whatever is being read, the server is named and the error is one class."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from parallel_partition import Cluster, connect, errors
from parallel_partition.dbapi.connection import Connection
from parallel_partition.execution import gather
from parallel_partition.postgres.copy_stream import CopyIn, copied_out
from parallel_partition.postgres.session import Session
from tests.fix_clusters import MakeCluster

ROWS = 2_000
WHOLE = "SELECT k FROM t ORDER BY k"
GATHER = "SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY v) FROM t"

#: How a session is ended, by what the server says of it.
End = Callable[[Cluster, Session], None]


@pytest.fixture(scope="module")
def filled(make_module_cluster: MakeCluster) -> Cluster:
    """Two servers with a table."""
    cluster = make_module_cluster(2)
    cluster.create_table("CREATE TABLE t (k int PRIMARY KEY, v int)", key="k")
    with cluster.writer("t") as writer:
        writer.write((k, k % 7) for k in range(ROWS))
    return cluster


def terminate(cluster: Cluster, session: Session) -> None:
    """As an administrator does, and wait for it."""
    with psycopg.connect(cluster.servers[session.server].conninfo, autocommit=True) as direct:
        pid = session.connection.info.backend_pid
        assert direct.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,)).fetchone() == (True,)


def cut(cluster: Cluster, session: Session) -> None:
    """As a network does."""
    session.shut_down()


def wait_until_gone(cluster: Cluster, session: Session) -> None:
    """Wait for a session that its server is to end by itself."""
    with psycopg.connect(cluster.servers[session.server].conninfo, autocommit=True) as direct:
        pid = session.connection.info.backend_pid
        while direct.execute("SELECT 1 FROM pg_stat_activity WHERE pid = %s", (pid,)).fetchone():
            direct.execute("SELECT pg_sleep(0.02)")


@contextmanager
def impatient(cluster: Cluster) -> Iterator[Connection[Any]]:
    """A connection whose transactions may not be left alone for long."""
    options = "-c idle_in_transaction_session_timeout=400"
    with connect(make_conninfo(cluster.servers["s1"].conninfo, options=options)) as connection:
        yield connection


def lost(act: Callable[[], object], server: str) -> errors.ServerUnavailable:
    """What is raised for a server whose session has ended."""
    with pytest.raises(errors.ServerUnavailable, match=server) as caught:
        act()
    assert isinstance(caught.value, psycopg.Error)
    assert caught.value.server == server
    return caught.value


def median(connection: Connection[Any]) -> None:
    """A gather is answered as if nothing had been."""
    connection.rollback()
    assert connection.execute(GATHER).fetchone() == (3,)
    connection.rollback()


@pytest.mark.parametrize("end", [terminate, cut])
@pytest.mark.parametrize("autocommit", [True, False])
def test_a_server_that_is_gathered_from(
    filled: Cluster, monkeypatch: pytest.MonkeyPatch, end: End, autocommit: bool
) -> None:
    def ended(session: Session, statement: bytes, take: Any) -> Any:
        if session.server == "s2":
            end(filled, session)
        return copied_out(session, statement, take)

    with filled.connect(autocommit=autocommit) as connection:
        with monkeypatch.context() as patched:
            patched.setattr(gather, "copied_out", ended)
            error = lost(lambda: connection.execute(GATHER), "s2")
        if end is terminate:
            assert "terminating connection due to administrator command" in str(error)
        median(connection)


@pytest.mark.parametrize("end", [terminate, cut])
@pytest.mark.parametrize("place", ["__enter__", "write", "__exit__"])
def test_the_merge_session(filled: Cluster, monkeypatch: pytest.MonkeyPatch, end: End, place: str) -> None:
    method = getattr(CopyIn, place)

    def ended(self: CopyIn, *arguments: Any) -> Any:
        if self._session.alive:
            end(filled, self._session)
        return method(self, *arguments)

    with filled.connect() as connection:
        with monkeypatch.context() as patched:
            patched.setattr(CopyIn, place, ended)
            error = lost(lambda: connection.execute(GATHER), "s1")
        if end is terminate:
            assert "terminating connection due to administrator command" in str(error)
        median(connection)


@pytest.mark.parametrize(
    ("terminated", "cls"),
    [(False, psycopg.errors.IdleInTransactionSessionTimeout), (True, psycopg.errors.AdminShutdown)],
)
def test_a_stream_in_the_middle(filled: Cluster, terminated: bool, cls: type[psycopg.Error]) -> None:
    with impatient(filled) as connection:
        rows = connection.cursor().stream(WHOLE, size=10)
        next(rows)
        session = connection.transaction_state.sessions["s2"]
        if terminated:
            terminate(filled, session)
        wait_until_gone(filled, session)
        with pytest.raises(errors.ServerUnavailable) as caught:
            list(rows)
        assert isinstance(caught.value, cls)
        median(connection)


def test_a_transaction_that_was_left_alone(filled: Cluster) -> None:
    with impatient(filled) as connection:
        connection.execute(WHOLE)
        for server in ("s1", "s2"):
            wait_until_gone(filled, connection.transaction_state.sessions[server])
        with pytest.raises(errors.ServerUnavailable, match=r"s1.* roll back and run it again"):
            connection.execute(WHOLE)
        median(connection)
