"""One connection's work on the servers: its sessions, its transaction, and the version check of every statement.

Routers are caches; the servers know. Each statement is followed, in the same round trip, by a look at the versions
that the server holds: a result is handed out only when the map and the schema that the plan was made for are still
the server's. A write in autocommit is followed by ``assert_version``, which raises, so that it is undone instead.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, NoReturn

import psycopg
from psycopg import pq
from psycopg.abc import Buffer
from psycopg.errors import Diagnostic
from psycopg.pq.abc import PGresult

from parallel_partition import errors
from parallel_partition.execution.failures import one_error
from parallel_partition.execution.fan_out import Outcome, run_all, run_one
from parallel_partition.execution.router import Router
from parallel_partition.execution.two_phase import check_prepared_allowed, commit_everywhere
from parallel_partition.execution.version import StaleVersion, Versions, may_be_stale
from parallel_partition.postgres.driver_errors import as_driver_error, error_of_result
from parallel_partition.postgres.session import Exchange, Session, StatementKey
from parallel_partition.statements import Statement

logger = logging.getLogger("parallel_partition")

_COMMIT = Statement(b"COMMIT", prepare=False)
_ROLLBACK = Statement(b"ROLLBACK", prepare=False)
_INERROR = pq.TransactionStatus.INERROR
_IDLE = pq.TransactionStatus.IDLE
_FATAL = pq.ExecStatus.FATAL_ERROR


class Transaction:
    """The sessions of one connection, one per server, borrowed when first needed and kept until `release`.

    Parameters
    ----------
    router : the cluster as this process knows it
    begin : gives the BEGIN statement with the isolation that the connection asks for
    on_notice : is told every notice of every server
    """

    def __init__(
        self,
        router: Router,
        begin: Callable[[], bytes],
        on_notice: Callable[[Diagnostic], None] | None = None,
    ) -> None:
        self.router = router
        self.autocommit = False
        self.explicit = False
        self.failed = False
        self.statements = 0
        self.settings_touched = False
        self.isolation: str | None = None
        self.prepare_threshold: int | None = 5
        self._begin = begin
        self._on_notice = on_notice or (lambda _: None)
        self._sessions: dict[str, Session] = {}
        self._begun: dict[str, None] = {}
        self._wrote: set[str] = set()
        self._versions = Versions(router)

    # --- sessions ---------------------------------------------------------------------------------------------

    def session(self, server: str) -> Session:
        """This connection's session on ``server``, borrowed now if it is the first use."""
        session = self._sessions.get(server)
        if session is None or not session.alive:
            if session is not None:
                self._lost(session)
            session = self.router.pools[server].acquire_session()
            session.prepare_threshold = self.prepare_threshold
            session.connection.add_notice_handler(self._on_notice)
            self._sessions[server] = session
        return session

    def _give_back(self, session: Session) -> None:
        session.connection.remove_notice_handler(self._on_notice)
        self.router.pools[session.server].release_session(session)

    def _lost(self, session: Session) -> None:
        del self._sessions[session.server]
        self._give_back(session)
        if self.settings_touched:
            message = (
                f"the connection to server {session.server} was lost, and with it the settings made by SET; "
                "close this connection and open another"
            )
            raise as_driver_error(errors.OperationalError(message).at(session.server))

    @property
    def sessions(self) -> Mapping[str, Session]:
        """The sessions borrowed so far by server."""
        return self._sessions

    def touch(self) -> None:
        """Note that session state is changed: the sessions are reset before others get them."""
        self.settings_touched = True
        for session in self._sessions.values():
            session.touched = True

    def release(self) -> None:
        """End the transaction by rolling back and give every session back to its pool."""
        try:
            self.rollback()
        finally:
            sessions, self._sessions = self._sessions, {}
            for session in sessions.values():
                self._give_back(session)

    # --- state ------------------------------------------------------------------------------------------------

    @property
    def in_block(self) -> bool:
        """True when statements belong to a transaction that goes on until commit or rollback."""
        return self.explicit or not self.autocommit

    @property
    def status(self) -> pq.TransactionStatus:
        """The transaction as libpq would call it."""
        if self.failed:
            return pq.TransactionStatus.INERROR
        return pq.TransactionStatus.INTRANS if self.explicit or self._begun else pq.TransactionStatus.IDLE

    # --- statements -------------------------------------------------------------------------------------------

    def ask(
        self, queries: Mapping[str, Statement], parts: frozenset[int] | None, *, writes: bool = False
    ) -> dict[str, PGresult]:
        """Run a statement on each of several servers, in one round trip, and check their versions.

        Parameters
        ----------
        queries : what each server is asked, in server order
        parts : the partitions that the plan relies on, None for all that a server holds
        writes : the statement may change rows or lock them

        Raises
        ------
        StaleVersion : a server's map or schema is another than the plan was made for; nothing was handed out
        psycopg.Error : what the server said; it knows its server
        """
        self._refuse_when_failed()
        block = self.in_block or (writes and len(queries) > 1)
        if writes:
            self._note_writers(queries)
        asserts = writes and not block
        exchanges = {}
        for server, statement in queries.items():
            session = self.session(server)
            if asserts:
                guard = self._versions.assertion(server, parts)
            elif self._own_snapshot(session, block):
                guard = self._versions.sequences()
            else:
                guard = self._versions.rows(server, parts)
            train = [statement, guard]
            if block and server not in self._begun:
                self._begun[server] = None
                train.insert(0, Statement(self._begin(), prepare=False))
            exchanges[server] = (session, session.exchange(train))
        outcome = self._drive(exchanges)
        if outcome.failures:
            self._fail(outcome.failures, parts)
        if not asserts:
            for server, results in outcome.results.items():
                if self._own_snapshot(self._sessions[server], block):
                    self._versions.verify_sequences(server, results[-1])
                else:
                    self._versions.verify_rows(server, parts, results[-1])
        if block:
            self.statements += 1
        return {server: results[-2] for server, results in outcome.results.items()}

    def ask_one(self, server: str, statement: Statement, parts: frozenset[int] | None) -> PGresult:
        """Run a reading statement on one server and check its versions; see `ask`, which this is a short way of."""
        if self.failed:
            self._refuse_when_failed()
        block = self.explicit or not self.autocommit
        session = self.session(server)
        own_snapshot = self._own_snapshot(session, block)
        guard = self._versions.sequences() if own_snapshot else self._versions.rows(server, parts)
        train = [statement, guard]
        if block and server not in self._begun:
            self._begun[server] = None
            train.insert(0, Statement(self._begin(), prepare=False))
        results = self._run_on_one(session, train, parts)
        if own_snapshot:
            self._versions.verify_sequences(server, results[-1])
        else:
            self._versions.verify_rows(server, parts, results[-1])
        if block:
            self.statements += 1
        return results[-2]

    def ask_again(
        self,
        server: str,
        key: StatementKey,
        values: Sequence[Buffer | None],
        formats: Sequence[int],
        result_format: int,
    ) -> PGresult | None:
        """`ask_one` for a statement that is prepared on the server; None where it is not, and nothing was sent."""
        session = self._sessions.get(server)
        block = self.explicit or not self.autocommit
        if session is None or self.failed:
            return None
        if block and not (server in self._begun and self._own_snapshot(session, block)):
            return None
        try:
            results = session.run_prepared(key, values, formats, result_format, self._versions.sequences_key)
        except psycopg.Error as error:
            self._fail({server: error}, None)
        except BaseException:
            self.failed = block
            raise
        if results is None:
            return None
        if results[-1].status == _FATAL:
            self._fail({server: error_of_result(results[-1], server)}, None)
        self._versions.verify_sequences(server, results[1])
        if block:
            self.statements += 1
        return results[0]

    def _run_on_one(
        self, session: Session, train: list[Statement], parts: frozenset[int] | None
    ) -> list[PGresult]:
        try:
            results = session.run(train)
        except psycopg.Error as error:
            self._fail({session.server: error}, parts)
        except BaseException:
            self.failed = self.in_block
            raise
        if results[-1].status == _FATAL:
            self._fail({session.server: error_of_result(results[-1], session.server)}, parts)
        return results

    def _own_snapshot(self, session: Session, block: bool) -> bool:
        """True when a statement is known to get a snapshot of its own, not its transaction's."""
        if not block:
            return True
        return not self.settings_touched and (self.isolation or session.default_isolation) == "read committed"

    def ask_local(self, server: str, statement: Statement, *, writes: bool) -> PGresult:
        """Run a statement that no partition matters to (local tables, utility) on ``server``, unchecked."""
        self._refuse_when_failed()
        session = self.session(server)
        train = [statement]
        if self.in_block:
            if writes:
                self._note_writers((server,))
            if server not in self._begun:
                self._begun[server] = None
                train.insert(0, Statement(self._begin(), prepare=False))
        results = self._run_on_one(session, train, frozenset())
        if self.in_block:
            self.statements += 1
        return results[-1]

    def _drive(self, exchanges: Mapping[str, tuple[Session, Exchange]]) -> Outcome:
        try:
            return run_all(exchanges)
        except BaseException:
            self.failed = self.in_block
            raise

    def _refuse_when_failed(self) -> None:
        if self.failed:
            message = "current transaction is aborted, commands ignored until end of transaction block"
            raise psycopg.errors.InFailedSqlTransaction(message)

    def _fail(self, failures: Mapping[str, psycopg.Error], parts: frozenset[int] | None) -> NoReturn:
        """Raise what the servers said, unless the reason may be that the map changed under the statement."""
        in_block, self.failed = self.in_block, True
        stale = next((server for server, error in failures.items() if may_be_stale(error)), None)
        try:
            if stale is not None and self._versions.moved_on(self.session(stale), parts):
                raise StaleVersion(stale)
        finally:
            if not in_block:
                self.rollback()
        raise one_error(failures)

    def _note_writers(self, servers: Iterable[str]) -> None:
        """Note who is written, and refuse a second writer where no atomic commit is possible."""
        fresh = [server for server in servers if server not in self._wrote]
        if not fresh:
            return
        writers = [*self._wrote, *fresh]
        if len(writers) > 1:
            for server in writers:
                check_prepared_allowed(self.session(server).connection, server)
        self._wrote.update(fresh)

    # --- the end ----------------------------------------------------------------------------------------------

    def commit(self) -> None:
        """Commit on every server of the transaction, atomically where several were written.

        Raises
        ------
        errors.StaleMap : a server's map changed after the statements ran; all is rolled back
        errors.CommitUnknown : the decider was lost at the commit point
        """
        if self.failed:
            self.rollback()
            return
        begun = [server for server in self.router.state.servers if server in self._begun]
        writers = [server for server in begun if server in self._wrote]
        try:
            if len(writers) > 1:
                self._end(begun, [])
                participants = {server: self._sessions[server].connection for server in begun}
                commit_everywhere(participants, self.router.state.cluster_id, self._reconnect)
            else:
                readers = [server for server in begun if server not in writers]
                if readers:
                    self._end(readers, [_COMMIT])
                if writers:
                    self._end(writers, [_COMMIT])
        except BaseException:
            self.failed = True
            self.rollback()
            raise
        self._clear()

    def _end(self, servers: list[str], last: list[Statement]) -> None:
        """Assert the versions on ``servers`` and send ``last`` behind it, which is not reached when they changed."""
        exchanges = {}
        for server in servers:
            session = self._sessions[server]
            train = [self._versions.assertion(server, None), *last]
            exchanges[server] = (session, session.exchange(train))
        outcome = self._drive(exchanges)
        stale = next((server for server, error in outcome.failures.items() if may_be_stale(error)), None)
        if stale is not None:
            raise stale_map(stale) from outcome.failures[stale]
        if outcome.failures:
            raise one_error(outcome.failures)
        for server, results in outcome.results.items():
            if last and results[-1].command_status != b"COMMIT":
                tag = (results[-1].command_status or b"").decode()
                raise as_driver_error(errors.OperationalError(f"COMMIT was answered by {tag}").at(server))

    def _reconnect(self, server: str) -> AbstractContextManager[psycopg.Connection[Any]]:
        return self.router.pools[server].connection()

    def rollback(self) -> None:
        """Roll back on every server of the transaction. A server that does not answer loses its connection instead."""
        sessions = [self._sessions[server] for server in self._begun if server in self._sessions]
        for session in sessions:
            if session.alive and session.transaction_status != _IDLE:
                self._roll_back(session)
        self._clear()

    def _roll_back(self, session: Session) -> None:
        try:
            result = run_one(session, session.exchange([_ROLLBACK]))[-1]
        except psycopg.Error as error:
            logger.warning(
                "server %s: rolling back failed, its connection is closed: %s", session.server, error
            )
            session.close()
            return
        if result.status == _FATAL:
            session.close()

    def _clear(self) -> None:
        self._begun.clear()
        self._wrote.clear()
        self.failed = False
        self.explicit = False
        self.statements = 0


def stale_map(server: str) -> errors.Error:
    """The error for a map or a schema that changed in mid-transaction."""
    message = (
        f"the shard map or a table's definition on server {server} changed while this transaction ran; "
        "it was rolled back: run it again"
    )
    return as_driver_error(errors.StaleMap(message).at(server))
