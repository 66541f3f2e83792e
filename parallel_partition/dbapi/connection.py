"""A psycopg connection over all servers of a cluster."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn, TypeVar
from weakref import WeakValueDictionary

import psycopg
from psycopg import ConnectionInfo, pq
from psycopg.abc import Params, PQGen, Query
from psycopg.errors import Diagnostic
from psycopg.pq.abc import PGconn, PGresult
from psycopg.rows import Row, RowFactory, tuple_row

from parallel_partition import errors
from parallel_partition.dbapi.block import BLOCK_GENERATORS, Block
from parallel_partition.dbapi.cursor import Cursor
from parallel_partition.dbapi.cursor_factory import named_over_servers, over_servers
from parallel_partition.dbapi.lent import LentConnection
from parallel_partition.dbapi.notifications import NotifiedConnection
from parallel_partition.dbapi.plain_cursor import execute_for, is_execute
from parallel_partition.dbapi.server_cursor import ServerCursor
from parallel_partition.dbapi.statement_lock import StatementLock
from parallel_partition.dbapi.two_phase import TwoPhaseConnection
from parallel_partition.execution.commit_in_turn import CrossShardWrites, checked
from parallel_partition.execution.explain import Explanation, Format
from parallel_partition.execution.gather import GATHER_LIMIT
from parallel_partition.execution.router import Router
from parallel_partition.execution.savepoints import outside_transaction
from parallel_partition.execution.snapshot import SNAPSHOTS, Snapshot
from parallel_partition.execution.stream_plan import StreamingRunner
from parallel_partition.execution.transaction import Transaction
from parallel_partition.postgres.closed import CLOSED
from parallel_partition.postgres.driver_errors import as_driver_error
from parallel_partition.postgres.session import Session
from parallel_partition.statements import Statement

logger = logging.getLogger("parallel_partition")

T = TypeVar("T")

#: psycopg's levels, which hold on each server by itself, and snapshots of all servers.
Isolation = psycopg.IsolationLevel | Snapshot

#: Seconds that a statement of another thread has to end when its connection is closed: once it is cancelled, and again
#: once its sessions are cut off.
CLOSE_PATIENCE = 2.0


#: The generators of psycopg's that set attributes of the connection, and those of its blocks: they wait for nothing.
_AT_ONCE = BLOCK_GENERATORS | {
    getattr(psycopg.Connection, f"_set_{attribute}_gen").__code__
    for attribute in ("autocommit", "isolation_level", "read_only", "deferrable")
}


class Info(ConnectionInfo):
    """psycopg's ``connection.info`` of the catalog's server, with the transaction status of all servers."""

    def __init__(self, pgconn: PGconn, transaction: Transaction) -> None:
        super().__init__(pgconn)
        self._transaction = transaction

    @property
    def transaction_status(self) -> pq.TransactionStatus:
        """The status of the transaction over all servers; UNKNOWN when the connection is closed."""
        return super().transaction_status if self.pgconn is CLOSED else self._transaction.status


class Connection(TwoPhaseConnection[Row], NotifiedConnection[Row], LentConnection[Row]):
    """A DB-API connection that answers as one PostgreSQL would.

    ``isinstance(connection, psycopg.Connection)`` holds. It is made by ``Cluster.connect`` and
    ``parallel_partition.connect``. Sessions on the servers are borrowed from their pools at first use and given
    back by `close`. Statements that no table of the cluster matters to run on the catalog's server, in one session.

    A SELECT is answered by the one server that the key leads to; by each server whole, its rows concatenated or merged;
    by partial aggregates of each; or over rows gathered in temporary tables of a session on the catalog's server.
    `explain` tells which, and why. What none of them answers exactly raises `UnsupportedQuery`.

    Parameters
    ----------
    router : the cluster as this process knows it
    autocommit : as psycopg's
    row_factory : as psycopg's
    isolation : as `isolation_level`
    gather_limit : as the attribute
    cross_shard_writes : "2pc", "single" or "best_effort"; see ``Cluster.connect``
    on_close : called once after the sessions are given back
    """

    def __init__(
        self,
        router: Router,
        *,
        autocommit: bool = False,
        row_factory: RowFactory[Row] | None = None,
        isolation: Isolation | None = None,
        gather_limit: int = GATHER_LIMIT,
        cross_shard_writes: CrossShardWrites = "2pc",
        on_close: Callable[[], None] | None = None,
    ) -> None:
        self._closed = self._released = True  # until all below succeeded, so that __del__ has nothing to say
        self._router = router
        self._on_close = on_close
        self._came = deque()
        self.transaction_state = Transaction(
            router, self._begin_command, self._forward_notice, self._take_session, self._notified
        )
        self.transaction_state.cross_shard_writes = checked(cross_shard_writes)
        self.runner = StreamingRunner(router, self.transaction_state, gather_limit)
        pgconn = self.transaction_state.session(router.state.catalog).connection.pgconn
        try:
            self._begin_as_psycopg(pgconn, row_factory, autocommit)
            self.set_isolation_level(isolation)
        except BaseException:
            self._closed = self._released = True
            self.runner.release()
            raise

    def _begin_as_psycopg(
        self, pgconn: PGconn, row_factory: RowFactory[Row] | None, autocommit: bool
    ) -> None:
        handlers = pgconn.notice_handler, pgconn.notify_handler
        super().__init__(pgconn, row_factory or tuple_row)  # type: ignore[arg-type]  # tuple_row when Row is a tuple
        # The base class takes the pooled connection's handlers for itself; they are that connection's.
        pgconn.notice_handler, pgconn.notify_handler = handlers
        self._statements = StatementLock()
        self.lock = self._statements  # type: ignore[assignment] # used as a threading.Lock is
        self.cursor_factory = Cursor
        self.server_cursor_factory = ServerCursor
        #: Named cursors that were declared last, by name.
        self.declared: WeakValueDictionary[str, ServerCursor[Any]] = WeakValueDictionary()
        self._closed = self._released = False
        self.set_autocommit(autocommit)

    def __del__(self, *_more: Any) -> None:
        try:
            super().__del__()  # warns
        finally:
            if not self._released:
                self.runner.abandon()

    def __repr__(self) -> str:
        state = self._router.state
        status = "closed" if self._closed else self.transaction_state.status.name
        return f"<Connection [{status}] map v{state.shard_map.version} | {len(state.servers)} servers>"

    def _take_session(self, session: Session) -> None:
        """Let psycopg's own code see the session on the catalog's server, also when it replaces a lost one."""
        if session.server == self._router.state.catalog:
            self.pgconn = session.connection.pgconn

    # --- state ------------------------------------------------------------------------------------------------

    @property
    def gather_limit(self) -> int:
        """Bytes of rows that one statement may bring together where no server can answer it by itself.

        They are estimated before anything is copied, and counted while it is. What exceeds it raises `UnsupportedQuery`
        with the tables and their sizes; `explain` shows the estimates. It may be set at any time.
        """
        return self.runner.gatherer.limit

    @gather_limit.setter
    def gather_limit(self, value: int) -> None:
        self.runner.gatherer.limit = value

    @property
    def closed(self) -> bool:
        """True after `close`."""
        return self._closed

    @property
    def broken(self) -> bool:
        """Always False: a lost session is replaced by the pool at the next transaction."""
        return False

    def check_usable(self) -> None:
        """Raise when the connection is closed.

        Raises
        ------
        psycopg.OperationalError : as psycopg does
        """
        if self._closed:
            raise as_driver_error(errors.OperationalError("the connection is closed"))

    @property
    def info(self) -> Info:
        """What psycopg tells of the connection to the catalog's server, and the transaction's status over all."""
        return Info(self.pgconn, self.transaction_state)

    def _check_intrans_gen(self, attribute: str) -> PQGen[None]:
        self.check_usable()
        status = self.transaction_state.status
        if status != pq.TransactionStatus.IDLE:
            message = f"can't change {attribute!r} now: connection in transaction status {status.name}"
            raise as_driver_error(errors.ProgrammingError(message))
        yield from ()

    def wait(self, gen: PQGen[T], *_options: object, **_more: object) -> T:
        """Run one of psycopg's generators to its end: those that set attributes, and what its own cursors execute."""
        if is_execute(gen):
            execute_for(self, gen)
            return None  # type: ignore[return-value]  # what the generator of execute() returns
        if getattr(gen, "gi_code", None) in _AT_ONCE:
            try:
                next(gen)
            except StopIteration as stop:
                result: T = stop.value
                return result
        gen.close()  # before it sends anything
        raise as_driver_error(errors.UnsupportedQuery("this method of psycopg's asks one server only"))

    def set_autocommit(self, value: bool) -> None:
        """Method version of the ``autocommit`` setter."""
        super().set_autocommit(value)
        self.transaction_state.autocommit = self._autocommit
        self.note_isolation()

    @property  # type: ignore[override]  # psycopg has no snapshots
    def isolation_level(self) -> Isolation | None:
        """The isolation of new transactions: one of psycopg's levels, None for the servers' own default, or a snapshot.

        psycopg's levels hold on each server by itself. In a ``"snapshot"`` all statements of a transaction see all
        servers as they were at its first statement, with respect to the transactions over several servers of this
        library; in a ``"snapshot strict"`` with respect to those of one server, too. On each server that is REPEATABLE
        READ: who updates a row that was changed since gets a ``psycopg.errors.SerializationFailure``.

        A snapshot needs all servers of the cluster, and a role with UPDATE on the table
        ``parallel_partition.snapshot_gate`` of each (granted to PUBLIC unless it was revoked), as commits that have
        written do. Its first statement waits for commits under way, for 10 seconds at most: then it raises
        ``psycopg.errors.LockNotAvailable``.
        """
        return self.transaction_state.snapshot or self._isolation_level

    @isolation_level.setter
    def isolation_level(self, value: Isolation | None) -> None:
        self.set_isolation_level(value)

    def set_isolation_level(self, value: Isolation | None) -> None:
        """Method version of the ``isolation_level`` setter.

        Raises
        ------
        ValueError : it is neither
        psycopg.ProgrammingError : a transaction is open
        """
        snapshot = next((kind for kind in SNAPSHOTS if kind == value), None)
        if isinstance(value, str) and snapshot is None:
            kinds = " or ".join(map(repr, SNAPSHOTS))
            raise ValueError(f"an isolation is a psycopg.IsolationLevel, {kinds}, not {value!r}")
        level = psycopg.IsolationLevel.REPEATABLE_READ if snapshot else value
        super().set_isolation_level(level)  # type: ignore[arg-type]  # no text any more
        self.transaction_state.snapshot = snapshot
        self.note_isolation()

    @property
    def _begins(self) -> bool:
        """True when psycopg would send BEGIN: with the isolation and access that were asked for, only then.

        A snapshot is taken in any case.
        """
        return (
            not self._autocommit or self._num_transactions > 0 or self.transaction_state.snapshot is not None
        )

    def _begin_command(self) -> bytes:
        return self._get_tx_start_command() if self._begins else b"BEGIN"

    def _get_tx_start_command(self) -> bytes:
        if self.transaction_state.snapshot is None:
            return super()._get_tx_start_command()
        access = {None: b"", True: b" READ ONLY", False: b" READ WRITE"}[self.read_only]
        return b"BEGIN ISOLATION LEVEL REPEATABLE READ" + access

    def note_isolation(self) -> None:
        """Tell the transaction which isolation its next BEGIN asks for."""
        level = self._isolation_level if self._begins else None
        self.transaction_state.isolation = None if level is None else level.name.replace("_", " ").lower()

    @property
    def prepare_threshold(self) -> int | None:
        """As psycopg's: how often a statement runs on a server before it is prepared there; None for never."""
        return self.transaction_state.sessions.prepare_threshold

    @prepare_threshold.setter
    def prepare_threshold(self, value: int | None) -> None:
        self.transaction_state.sessions.prepare_threshold = value

    @property
    def prepared_max(self) -> int | None:
        """As psycopg's: how many statements stay prepared on a server; None for any number."""
        return self.transaction_state.sessions.prepared_max

    @prepared_max.setter
    def prepared_max(self, value: int | None) -> None:
        self.transaction_state.sessions.prepared_max = value

    def _forward_notice(self, diagnostic: Diagnostic) -> None:
        for callback in self._notice_handlers:
            callback(diagnostic)

    # --- cursors ----------------------------------------------------------------------------------------------

    def cursor(  # type: ignore[override]  # psycopg's overloads tell the two kinds apart
        self,
        name: str = "",
        *,
        binary: bool = False,
        row_factory: RowFactory[Any] | None = None,
        scrollable: bool | None = None,
        withhold: bool = False,
    ) -> Cursor[Any]:
        """A new cursor; see psycopg's ``Connection.cursor``. Named (server-side) ones read rows as they are fetched.

        Raises
        ------
        parallel_partition.errors.UnsupportedQuery : a named one is to outlive its transaction (``withhold``)
        """
        self.check_usable()
        cursor: Cursor[Any]
        if not name:
            cursor = over_servers(self.cursor_factory)(self, row_factory=row_factory or self.row_factory)
        elif withhold:
            message = "WITH HOLD cursors are not supported over several servers: read within the transaction"
            raise as_driver_error(errors.UnsupportedQuery(message))
        else:
            cursor = named_over_servers(self.server_cursor_factory)(
                self, name, row_factory=row_factory or self.row_factory, scrollable=scrollable
            )
        if binary:
            cursor.format = pq.Format.BINARY
        return cursor

    def explain(
        self, query: Query, params: Params | None = None, *, analyze: bool = False, format: Format = "text"
    ) -> Explanation:
        """Tell how a statement is answered; see `Cursor.explain`."""
        with self.cursor() as cursor:
            return cursor.explain(query, params, analyze=analyze, format=format)

    # --- transactions -----------------------------------------------------------------------------------------

    def commit(self) -> None:
        """Commit on every server of the transaction, atomically where several were written.

        Raises
        ------
        parallel_partition.errors.CommitUnknown : the deciding server was lost at the commit point
        parallel_partition.errors.StaleMap : the shard map changed in mid-transaction; all was rolled back
        """
        with self.lock:
            self.check_usable()
            self._refuse_in_context("commit")
            self.transaction_state.commit()

    def rollback(self) -> None:
        """Roll back on every server of the transaction."""
        with self.lock:
            self.check_usable()
            self._refuse_in_context("rollback")
            self.transaction_state.rollback()

    def _refuse_in_context(self, action: str) -> None:
        if self._tpc:
            message = f"{action}() cannot be used during a two-phase transaction"
            raise as_driver_error(errors.ProgrammingError(message))
        if self._num_transactions:
            message = f"explicit {action}() forbidden within a transaction() context"
            raise as_driver_error(errors.ProgrammingError(message))

    @contextmanager
    def transaction(
        self, savepoint_name: str | None = None, force_rollback: bool = False
    ) -> Iterator[psycopg.Transaction]:
        """A block that is committed at its end, or rolled back when it raises; see psycopg's ``transaction``.

        Within a transaction it is a savepoint, on every server. It gives psycopg's ``Transaction``.
        """
        with Block(self, savepoint_name, force_rollback) as block:
            yield block

    def _exec_command(self, command: Query, *_options: Any) -> PQGen[PGresult]:
        """What psycopg's `Transaction` sends: BEGIN, COMMIT, ROLLBACK and what is done with savepoints."""
        self.check_usable()
        assert isinstance(command, bytes)
        if command == self._get_tx_start_command():
            self.runner.refuse_while_streaming()
            self.transaction_state.explicit = True
        elif self.transaction_state.status == pq.TransactionStatus.IDLE and command not in (
            b"COMMIT",
            b"ROLLBACK",
        ):
            raise outside_transaction(command)
        else:
            self.runner.run(Statement(command, (), prepare=False))
        yield from ()
        return CLOSED.make_empty_result(pq.ExecStatus.COMMAND_OK)

    @contextmanager
    def one_transaction(self) -> Iterator[None]:
        """In autocommit, make the statements inside one transaction; otherwise they are part of the open one."""
        if self.transaction_state.in_block:
            yield
            return
        self.runner.refuse_while_streaming()
        self.transaction_state.explicit = True
        try:
            yield
        except BaseException:
            self.transaction_state.rollback()
            raise
        self.transaction_state.commit()

    # --- the end ----------------------------------------------------------------------------------------------

    def cancel(self) -> None:
        """Cancel what runs on any server, from another thread."""
        self.cancel_safe()

    def cancel_safe(self, *, timeout: float = 30.0) -> None:
        """Cancel what runs on any server, before any other statement is run; ``timeout`` in seconds for each."""
        if not self._should_cancel():
            return
        with self._statements.cancelling:
            for session in self.runner.sessions:
                if session.transaction_status == pq.TransactionStatus.ACTIVE:
                    session.cancel(timeout)

    def close(self) -> None:
        """Roll back an open transaction and give the sessions back to their pools."""
        if self._closed:
            return
        self._closed = True
        self._stop_others()
        self.pgconn = CLOSED
        try:
            self._released = True
            self.runner.release()
        finally:
            self.lock.release()
            if self._on_close is not None:
                self._on_close()

    def _stop_others(self) -> None:
        """Take the lock, ending what another thread is at.

        Raises
        ------
        errors.OperationalError : this thread is at it itself, in a handler; its sessions are left to be forgotten
        """
        if self.lock.acquire(blocking=False):
            return
        for end in (Session.cancel, Session.shut_down):
            for session in self.runner.sessions:
                try:
                    end(session)
                except (psycopg.Error, OSError) as error:
                    logger.debug("server %s: its session is closed: %s", session.server, error)
            if self.lock.acquire(timeout=CLOSE_PATIENCE):
                return
        message = "the connection was closed in the middle of a statement that does not end: it was cut off"
        raise as_driver_error(errors.OperationalError(message))

    # --- what is not here -------------------------------------------------------------------------------------

    def pipeline(self) -> NoReturn:
        """Refused: its statements would go to one server; `Cursor.executemany` sends to all without waiting."""
        message = "pipeline() is not supported over several servers; executemany() sends without waiting"
        raise as_driver_error(errors.UnsupportedQuery(message))

    @classmethod
    def connect(cls, conninfo: str = "", **options: Any) -> Connection[Any]:
        """As ``parallel_partition.connect``, which this calls."""
        from parallel_partition import dbapi

        return dbapi.connect(conninfo, **options)
