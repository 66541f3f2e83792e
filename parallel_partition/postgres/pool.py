"""A psycopg_pool pool per server, with the server's own reason when it cannot be reached."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from time import monotonic
from typing import Any
from uuid import UUID
from weakref import WeakSet

import psycopg
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict
from psycopg_pool import ConnectionPool, PoolClosed, PoolTimeout

from parallel_partition import errors
from parallel_partition.catalog.cluster import Server
from parallel_partition.postgres.conninfo import place, unreachable
from parallel_partition.postgres.driver_errors import as_driver_error
from parallel_partition.postgres.identity import check_identity
from parallel_partition.postgres.session import Session
from parallel_partition.statements import Statement

# What a pool warns of is raised here as an error, with the server's name; without a handler it would also go to stderr.
logging.getLogger("psycopg.pool").addHandler(logging.NullHandler())

#: PostgreSQL's own default allows 100 sessions in all; this leaves room for other clients.
MAX_SIZE = 64
#: Seconds to wait for a server before the attempt counts as failed; a conninfo's own connect_timeout wins.
CONNECT_TIMEOUT = 10
#: Seconds that an idle connection has to show that its server is still there.
CHECK_TIMEOUT = 5
#: A pool's wait is cut into slices this long (seconds), so that a refused connection is reported at once and not
#: when the whole wait is over.
WAIT_SLICE = 0.05

_NOTHING = Statement(b"", prepare=False)


class PooledConnection(psycopg.Connection[Any]):
    """A connection that remembers its `Session`, and with it what is prepared, as long as it lives."""

    session: Session | None = None
    #: Whether statements ran on it that may have drawn from a sequence, which `lastval` would tell of.
    may_have_drawn = False


class ServerPool:
    """The connections to one server. They are in autocommit; whoever borrows one sends BEGIN.

    Parameters
    ----------
    server : the server as the catalog names it
    conninfo : how to reach it, with the password where one is needed
    cluster_id : what the server must say of itself
    settings : what its sessions start with, whatever the server's own defaults are
    max_size : most connections at a time
    on_left_behind : called when there may be prepared parts here that nobody will end; returns at once
    """

    def __init__(
        self,
        server: Server,
        conninfo: str,
        cluster_id: UUID,
        *,
        settings: Mapping[str, str] | None = None,
        max_size: int = MAX_SIZE,
        on_left_behind: Callable[[], None] = lambda: None,
    ) -> None:
        self.name = server.name
        self.on_left_behind = on_left_behind
        self.server = server
        self._cluster_id = cluster_id
        self._failure: psycopg.Error | errors.Error | None = None
        self._closed = False
        self._sessions: WeakSet[Session] = WeakSet()
        self._noting = threading.Lock()
        #: Of connections that nobody closed; what garbage collection calls may wait for no lock, but append.
        self._abandoned: deque[psycopg.Connection[Any]] = deque()
        self._conninfo = conninfo
        self._settings = settings or {}
        self._pool: ConnectionPool[PooledConnection] = ConnectionPool(
            conninfo,
            connection_class=_reporting_connection(self._connecting_failed),
            kwargs=self._connect_options(),
            min_size=0,
            max_size=max_size,
            open=False,
            configure=self._configure,
            check=self._check,
            reset=self._reset,
            name=f"parallel_partition-{server.name}",
            reconnect_timeout=1.0,
            num_workers=1,
        )

    def _connect_options(self) -> dict[str, Any]:
        given = conninfo_to_dict(self._conninfo)
        # Statements are read as UTF-8 before they are sent. psycopg itself prepares nothing: once it has, it answers
        # DROP, ALTER and ROLLBACK with DEALLOCATE ALL, and what the `Session` prepared here would be gone.
        options: dict[str, Any] = {"autocommit": True, "client_encoding": "utf8", "prepare_threshold": None}
        # As options of the connection, they are also what DISCARD ALL resets to.
        given_options = [str(given["options"])] if given.get("options") else []
        pinned = [f"-c {name}={_escaped(value)}" for name, value in self._settings.items()]
        options["options"] = " ".join(given_options + pinned)
        if "connect_timeout" not in given:
            options["connect_timeout"] = CONNECT_TIMEOUT
        if "application_name" not in given:
            options["application_name"] = "parallel_partition"
        return options

    def acquire(self, timeout: float = 30.0) -> PooledConnection:
        """Borrow a connection, checked to be alive and to be this server of this cluster.

        Parameters
        ----------
        timeout : seconds to wait for one

        Raises
        ------
        errors.ServerUnavailable : the server refused or did not answer, with its reason
        errors.InvalidCluster : the conninfo reaches another server or cluster
        errors.InterfaceError : the pool is closed
        """
        if self._closed:
            raise self._is_closed()
        if self._pool.closed:
            self._pool.open()
        while self._abandoned:
            self.release(self._abandoned.popleft())
        deadline = monotonic() + timeout
        self._failure = None
        while True:
            try:
                return self._pool.getconn(timeout=min(WAIT_SLICE, max(deadline - monotonic(), 0.001)))
            except PoolClosed:
                raise self._is_closed() from None
            except PoolTimeout as error:
                if failure := self._failure:
                    raise self._unreachable(failure) from failure
                if monotonic() >= deadline:
                    raise self._exhausted(timeout) from error

    def acquire_session(self, timeout: float = 30.0) -> Session:
        """Borrow a connection as the `Session` that remembers its prepared statements; see `acquire`."""
        connection = self.acquire(timeout)
        session = connection.session
        if session is None:
            session = Session(connection, self.name)
            try:
                session.learn_default_isolation()
            except BaseException:
                self.release(connection)
                raise
            connection.session = session
            with self._noting:
                self._sessions.add(session)
        return session

    def apart(self, timeout: float) -> psycopg.Connection[Any]:
        """A connection beside the pool's, which may all be waiting; checked as they are. The caller closes it.

        Parameters
        ----------
        timeout : seconds to wait for the server; a conninfo's own connect_timeout wins

        Raises
        ------
        errors.ServerUnavailable, errors.InvalidCluster : as `acquire`
        """
        options = self._connect_options()
        if "connect_timeout" in options:
            options["connect_timeout"] = max(int(timeout), 2)
        try:
            connection = psycopg.connect(self._conninfo, **options)
        except psycopg.Error as error:
            raise self._unreachable(error) from error
        try:
            check_identity(connection, self._cluster_id, self.name)
        except BaseException:
            connection.close()
            raise
        return connection

    def under_way(self) -> list[tuple[int, int]]:
        """The exchanges that wait for this server now, each by its session and number; for any thread."""
        with self._noting:
            sessions = list(self._sessions)
        return [
            (id(session), session.exchanges)
            for session in sessions
            if session.transaction_status == pq.TransactionStatus.ACTIVE
        ]

    def release(self, connection: psycopg.Connection[Any]) -> None:
        """Give a connection back. One that is broken, busy or inside a transaction is closed and replaced."""
        assert isinstance(connection, PooledConnection)
        if connection.pgconn.transaction_status != pq.TransactionStatus.IDLE:
            connection.close()
        self._pool.putconn(connection)

    def abandon(self, session: Session) -> None:
        """Close a session that was forgotten, not given back; its place in the pool is freed by the next `acquire`."""
        session.close()
        self._abandoned.append(session.connection)

    def release_session(self, session: Session) -> None:
        """Give a session back; see `release`."""
        self.release(session.connection)

    @contextmanager
    def connection(self, timeout: float = 30.0) -> Iterator[psycopg.Connection[Any]]:
        """Borrow a connection for a block."""
        connection = self.acquire(timeout)
        connection.may_have_drawn = True
        try:
            yield connection
        finally:
            self.release(connection)

    def close(self) -> None:
        """Close every idle connection and stop the pool's threads, for good."""
        self._closed = True
        if not self._pool.closed:
            self._pool.close()

    @property
    def conninfo(self) -> str:
        """How the server is reached, without the password."""
        return self.server.conninfo

    @property
    def place(self) -> str:
        """Host, port and database, for messages."""
        return place(conninfo_to_dict(self._conninfo))

    def stats(self) -> Mapping[str, int]:
        """psycopg_pool's own counts."""
        return self._pool.get_stats()

    def _check(self, connection: PooledConnection) -> None:
        """Make sure that an idle connection still leads to a server; psycopg_pool's own check would wait for ever."""
        session = Session(connection, self.name)
        exchange = session.exchange([_NOTHING])
        deadline = monotonic() + CHECK_TIMEOUT
        try:
            while next(exchange) is not None:
                if not session.poller.poll(max(deadline - monotonic(), 0) * 1000):
                    session.close()
                    error = psycopg.OperationalError(f"no answer within {CHECK_TIMEOUT} s")
                    self._connecting_failed(error)
                    raise error
        except StopIteration:
            return

    def _configure(self, connection: PooledConnection) -> None:
        try:
            left_behind = check_identity(connection, self._cluster_id, self.name)
            _check_strings(connection, self.name)
        except (psycopg.Error, errors.Error) as error:
            self._connecting_failed(error)
            raise
        if left_behind:
            self.on_left_behind()

    def _reset(self, connection: PooledConnection) -> None:
        session = connection.session
        if session is not None and session.touched:
            session.discard_all()
        elif connection.may_have_drawn:
            connection.execute("DISCARD SEQUENCES")
        connection.may_have_drawn = False

    def _connecting_failed(self, error: psycopg.Error | errors.Error) -> None:
        self._failure = error

    def _is_closed(self) -> errors.Error:
        message = f"server {self.name}: the cluster is closed; open it again with Cluster.open"
        return as_driver_error(errors.InterfaceError(message).at(self.name))

    def _unreachable(self, failure: psycopg.Error | errors.Error) -> Exception:
        if isinstance(failure, errors.Error):
            return as_driver_error(failure.at(self.name))
        message = unreachable(self.name, conninfo_to_dict(self._conninfo), failure)
        return as_driver_error(errors.ServerUnavailable(message).at(self.name))

    def _exhausted(self, timeout: float) -> Exception:
        message = (
            f"server {self.name} ({self.place}): no connection became free or could be made within the "
            f"{timeout:g} s that the caller waits; {self._pool.max_size} at most are open at a time: close connections "
            "that are done"
        )
        return as_driver_error(errors.ServerUnavailable(message).at(self.name))


class Pools(Mapping[str, ServerPool]):
    """The pools of a cluster by server name, in the order in which servers are taken."""

    def __init__(self, pools: Mapping[str, ServerPool]) -> None:
        self._pools = dict(pools)

    def __getitem__(self, name: str) -> ServerPool:
        return self._pools[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._pools)

    def __len__(self) -> int:
        return len(self._pools)

    def add(self, pool: ServerPool) -> None:
        """Add the pool of a server that joined the cluster."""
        self._pools[pool.name] = pool

    def close(self) -> None:
        """Close every pool."""
        for pool in self._pools.values():
            pool.close()


def _escaped(value: str) -> str:
    """A setting's value as libpq's ``options`` takes it."""
    return value.replace("\\", "\\\\").replace(" ", "\\ ")


def _check_strings(connection: PooledConnection, server: str) -> None:
    """Refuse sessions in which a backslash escapes: a statement would mean another thing than what was planned."""
    if connection.pgconn.parameter_status(b"standard_conforming_strings") != b"on":
        message = (
            f"server {server} has standard_conforming_strings off for this user or database; statements would not "
            "mean there what they are read as. Set it to on, PostgreSQL's default"
        )
        raise errors.InvalidCluster(message).at(server)


def _reporting_connection(report: Callable[[psycopg.Error], None]) -> type[PooledConnection]:
    """A connection class whose failures to connect are told to ``report``: a pool only logs them."""

    class ReportingConnection(PooledConnection):
        @classmethod
        def connect(cls, *args: Any, **options: Any) -> ReportingConnection:
            # psycopg's own signature is overloaded by row type; a pool passes everything by name.
            try:
                return super().connect(*args, **options)
            except psycopg.Error as error:
                report(error)
                raise

    return ReportingConnection
