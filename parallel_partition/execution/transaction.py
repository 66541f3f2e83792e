"""One connection's work on the servers: its sessions, its transaction, and the version check of every statement.

Routers are caches; the servers know. Each statement is followed, in the same round trip, by a look at the versions
that the server holds: a result is handed out only when the map and the schema that the plan was made for are still
the server's. A write in autocommit is followed by ``assert_version``, which raises, so that it is undone instead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NoReturn

import psycopg
from psycopg import Notify, pq
from psycopg.errors import Diagnostic
from psycopg.pq.abc import PGresult

from parallel_partition.execution.borrowed_sessions import BorrowedSessions
from parallel_partition.execution.commit_in_turn import CrossShardWrites, allow_writers
from parallel_partition.execution.end_transaction import commit_begun
from parallel_partition.execution.failures import lost_with_session
from parallel_partition.execution.fan_out import Outcome, run_all, run_one
from parallel_partition.execution.measure import Measure
from parallel_partition.execution.router import Router
from parallel_partition.execution.run_each import roll_back
from parallel_partition.execution.savepoints import Savepoints
from parallel_partition.execution.snapshot import Snapshot, begin_snapshot, check_all_new
from parallel_partition.execution.unpreparable import Unpreparable
from parallel_partition.execution.version import Versions
from parallel_partition.execution.why_failed import (
    asserts_tables,
    raise_reason,
    stale_among,
    unless_unknown,
)
from parallel_partition.postgres.driver_errors import error_of_result, known_at
from parallel_partition.postgres.session import Exchange, Session
from parallel_partition.statements import Statement

#: Seconds that a server has to roll back.
PATIENCE = 10.0

_FATAL = pq.ExecStatus.FATAL_ERROR
_NO_PARTS: frozenset[int] = frozenset()


class Transaction:
    """The sessions of one connection, one per server, borrowed when first needed and kept until `release`.

    ``versions.state`` is the cluster that the latest statement's plan was made for: its servers are held against it.

    Parameters
    ----------
    router : the cluster as this process knows it
    begin : gives the BEGIN statement with the isolation that the connection asks for
    on_notice : is told every notice of every server
    on_session : is told every session that is borrowed
    on_notify : is told every notification
    """

    def __init__(
        self,
        router: Router,
        begin: Callable[[], bytes],
        on_notice: Callable[[Diagnostic], None] | None = None,
        on_session: Callable[[Session], None] | None = None,
        on_notify: Callable[[Notify], None] | None = None,
    ) -> None:
        self.router = router
        self.autocommit = False
        self.explicit = False
        self.failed = False
        self.statements = 0
        #: How many transactions have ended.
        self.ended = 0
        self.path_unsure = False
        self.isolation: str | None = None
        self.snapshot: Snapshot | None = None
        self.cross_shard_writes: CrossShardWrites = "2pc"
        self.begin_command = begin
        self.sessions = BorrowedSessions(
            router.pools,
            on_notice or (lambda _: None),
            on_session or (lambda _: None),
            on_notify or (lambda _: None),
        )
        self.begun: dict[str, None] = {}
        self.wrote: set[str] = set()
        self.unpreparable = Unpreparable()
        self.savepoints = Savepoints()
        self._set_in_block = False
        self.versions = Versions(router.state, router.pools, router.differing)
        #: Where somebody wants to know what each server answers.
        self.measure: Measure | None = None

    def session(self, server: str) -> Session:
        """This connection's session on ``server``, borrowed now if it is the first use.

        A session that was lost while nobody used it is replaced, unless something was lost with it.

        Raises
        ------
        errors.ServerUnavailable : the server cannot be reached, or what its lost session held cannot be replaced
        """
        session = self.sessions.find(server)
        if session is not None:
            return session
        if server in self.begun:
            self.fail()
            raise lost_with_session(server, "the transaction: roll back and run it again")
        return self.sessions.borrow(server)

    def touch_settings(self) -> None:
        """Note that SET is about to change settings, be it until the end of the transaction."""
        self.sessions.settings_touched = self.path_unsure = self._set_in_block = True
        self.sessions.touch()

    def release(self) -> None:
        """End the transaction by rolling back and give every session back to its pool."""
        try:
            self.rollback()
        finally:
            self.sessions.give_all_back()

    @property
    def in_block(self) -> bool:
        """True when statements belong to a transaction that goes on until commit or rollback."""
        return self.explicit or not self.autocommit

    @property
    def is_streaming(self) -> bool:
        """True while, in autocommit, a transaction goes on for the rows of one statement that are being read."""
        return bool(self.begun) and not self.in_block

    @property
    def status(self) -> pq.TransactionStatus:
        """The transaction as libpq would call it."""
        if self.failed:
            return pq.TransactionStatus.INERROR
        return pq.TransactionStatus.INTRANS if self.explicit or self.begun else pq.TransactionStatus.IDLE

    def fail(self) -> None:
        """Take the transaction for failed: only a rollback ends it. In autocommit, roll back what was begun."""
        if self.in_block:
            self.failed = True
        else:
            self.rollback()

    def ask(
        self,
        queries: Mapping[str, Statement],
        parts: frozenset[int] | None,
        *,
        writes: bool = False,
        together: bool = False,
    ) -> dict[str, PGresult]:
        """Run a statement on each of several servers, in one round trip, and check their versions.

        Parameters
        ----------
        queries : what each server is asked, in server order
        parts : the partitions that the plan relies on, None for all that a server holds
        writes : the statement may change rows or lock them
        together : also in autocommit they are one transaction, which the caller ends, as writes of several are

        Raises
        ------
        StaleVersion : a server's map or schema is another than the plan was made for; nothing was handed out
        psycopg.Error : what the server said; it knows its server
        """
        self.refuse_when_failed()
        several = len(queries) > 1
        moment = several and not (writes or together or self.in_block or self.begun) and bool(self.snapshot)
        # All are there before the first is begun: one that cannot be reached leaves none half begun.
        sessions = {server: self.session(server) for server in queries}
        asserts = (
            writes
            and not (self.in_block or together or several)
            and all(map(asserts_tables, sessions.values()))
        )
        block = self.in_block or together or moment or (writes and not asserts)
        if block and (writes or self.unpreparable.calls):
            self.note_writers(queries, writes=writes)
        queries = {name: self._numbered(statement, name) for name, statement in queries.items()}
        own = {server: self.own_snapshot(session, block) for server, session in sessions.items()}
        exchanges, behind = {}, {}
        for server, session in sessions.items():
            checks = (
                self.versions.write_checks(server, parts)
                if asserts
                else self.versions.checks(server, parts, own_snapshot=own[server])
            )
            behind[server] = len(checks)
            train = self.train(server, block, queries[server], *checks)
            exchange = session.exchange(train)
            exchanges[server] = (session, self.measure.timed(server, exchange) if self.measure else exchange)
        outcome = self._drive(exchanges)
        if outcome.failures:
            self.raise_failures(
                unless_unknown(outcome.failures, self.sessions) if asserts else outcome.failures, parts
            )
        if not asserts:
            self.versions.verify_all(sessions, parts, outcome.results, own)
        if block:
            self.statements += 1
        if moment:
            self.rollback()  # it was begun for this statement's snapshot alone
        return {server: results[-1 - behind[server]] for server, results in outcome.results.items()}

    def ask_one(self, server: str, statement: Statement, parts: frozenset[int] | None) -> PGresult:
        """Run a reading statement on one server and check its versions; see `ask`, which this is a short way of."""
        if self.failed or self.measure:
            return self.ask({server: statement}, parts)[server]
        block = self.explicit or not self.autocommit
        if block and self.unpreparable.calls:
            self.note_writers((server,), writes=False)
        session = self.session(server)
        own_snapshot = self.own_snapshot(session, block)
        checks = self.versions.checks(server, parts, own_snapshot=own_snapshot)
        statement = self._numbered(statement, server)
        results = self._run_on_one(session, self.train(server, block, statement, *checks), parts)
        self.versions.verify(session, parts, results, own_snapshot=own_snapshot)
        if block:
            self.statements += 1
        return results[-1 - len(checks)]

    def train(self, server: str, block: bool, *statements: Statement) -> list[Statement]:
        """The statements, behind BEGIN when they are the server's first of a transaction."""
        if server in self.begun:
            return [*statements]
        if block and self.snapshot is not None:
            self.see_one_moment()
            return [*statements]
        session = self.sessions[server]
        self.plan_latest([session], own_snapshot=self.own_snapshot(session, block))
        if not block:
            return [*statements]
        self.begun[server] = None
        return [*self.beginning(), *statements]

    def beginning(self) -> list[Statement]:
        """What a server that joins the transaction is told first: BEGIN, and the savepoints that are set."""
        return [Statement(self.begin_command(), prepare=False), *self.savepoints.statements]

    def plan_latest(self, sessions: Iterable[Session], *, own_snapshot: bool) -> None:
        """Before something begins on sessions, let them plan the look at tables, unless they have; see `Versions`."""
        exchanges = {}
        for session in sessions:
            train = self.versions.plan_latest(session, own_snapshot=own_snapshot)
            if train:
                exchanges[session.server] = (session, session.exchange(train))
        if exchanges:
            self.drive(exchanges, None)

    def see_one_moment(self) -> None:
        """Begin on all servers at one moment, unless that was done; raises what `begin_snapshot` does."""
        if self.begun.keys() >= self.router.state.servers.keys():
            return
        try:
            check_all_new(self.begun, self.router.state.servers)
            sessions = {server: self.session(server) for server in self.router.state.servers}
            self.plan_latest(sessions.values(), own_snapshot=False)
            self.begun.update(dict.fromkeys(sessions))
            kind = self.snapshot or "snapshot"
            begin_snapshot(sessions, self.begin_command(), kind, on_wait=self._may_be_left_behind)
            if savepoints := self.savepoints.statements:
                self.drive({name: (one, one.exchange(savepoints)) for name, one in sessions.items()}, None)
        except BaseException:
            self.fail()
            raise

    def _may_be_left_behind(self, server: str) -> None:
        self.router.pools[server].on_left_behind()

    def _run_on_one(
        self, session: Session, train: list[Statement], parts: frozenset[int] | None
    ) -> list[PGresult]:
        return self._converse(session, lambda: session.run(train), parts)

    def aside(self, server: str, statement: Statement) -> PGresult:
        """Run a statement of the library's own, in the transaction if it has begun there, else outside of it."""
        return self._run_on_one(self.session(server), [statement], None)[-1]

    def _numbered(self, statement: Statement, server: str) -> Statement:
        return self.router.types.for_server(statement, server, self.aside)

    def describe(self, session: Session, text: bytes, oids: Sequence[int]) -> PGresult:
        """Let a server parse and describe a statement."""
        return self._converse(session, lambda: run_one(session, session.describe(text, oids)), None)[-1]

    def _converse(
        self, session: Session, talk: Callable[[], list[PGresult]], parts: frozenset[int] | None
    ) -> list[PGresult]:
        """Talk with one server; what fails in it fails the transaction."""
        try:
            results = talk()
        except psycopg.Error as error:
            self.raise_failures({session.server: error}, parts)
        except BaseException:
            self.fail()
            raise
        if results[-1].status == _FATAL:
            self.raise_failures({session.server: error_of_result(results[-1], session.server)}, parts)
        return results

    def own_snapshot(self, session: Session, block: bool) -> bool:
        """True when a statement is known to get a snapshot of its own, not its transaction's."""
        if not block:
            return True
        return (
            not self.sessions.settings_touched
            and (self.isolation or session.default_isolation) == "read committed"
        )

    def ask_local(
        self, server: str, statement: Statement, *, writes: bool, named: bool = False, utility: bool = False
    ) -> PGresult:
        """Run a statement that no partition matters to (local tables, utility) on ``server``.

        Parameters
        ----------
        writes : it may change something
        named : it names what the catalog does not know; that must still be so afterwards, for another client may
            have made a table of the cluster of that name
        utility : it may be one that commits by itself, so it is checked before as well as after

        Raises
        ------
        StaleVersion : the tables are others than the plan was made for; nothing was handed out
        """
        self.refuse_when_failed()
        block = self.in_block
        session = self.session(server)
        if block and (writes or self.unpreparable.calls):
            self.note_writers((server,), writes=writes)
        asserts = named and writes and not block
        if asserts and utility:
            self.check_versions(server)
        looks = [self.versions.sequences] if named else []
        guards = [self.versions.entering(server, _NO_PARTS)] if asserts else looks
        train = self.train(server, block, statement, *guards)
        results = self._run_on_one(session, train, _NO_PARTS)
        if named and not asserts:
            self.versions.verify_sequences(session, results[-1])
        if block:
            self.statements += 1
        return results[-1 - len(guards)]

    def check_versions(self, server: str) -> None:
        """Ask a server for its versions.

        Raises
        ------
        StaleVersion : they are others than plans are made for
        """
        result = self.aside(server, self.versions.sequences)
        self.versions.verify_sequences(self.sessions[server], result)

    def drive(
        self, exchanges: Mapping[str, tuple[Session, Exchange]], parts: frozenset[int] | None
    ) -> dict[str, list[PGresult]]:
        """Drive exchanges with several servers; what fails in one fails the transaction."""
        outcome = self._drive(exchanges)
        if outcome.failures:
            self.raise_failures(outcome.failures, parts)
        return outcome.results

    def _drive(self, exchanges: Mapping[str, tuple[Session, Exchange]]) -> Outcome:
        try:
            return run_all(exchanges)
        except BaseException:
            self.fail()
            raise

    def refuse_when_failed(self) -> None:
        """Raise what PostgreSQL raises in a failed transaction.

        Raises
        ------
        psycopg.errors.InFailedSqlTransaction : a rollback is needed
        """
        if self.failed:
            message = "current transaction is aborted, commands ignored until end of transaction block"
            raise known_at(psycopg.errors.InFailedSqlTransaction(message), None)

    def raise_failures(self, failures: Mapping[str, psycopg.Error], parts: frozenset[int] | None) -> NoReturn:
        """Raise what the servers said, unless the reason may be that the map changed under the statement."""
        in_block, self.failed = self.in_block, True
        try:
            stale = stale_among(failures, self.sessions, self.versions, parts, self.savepoints.innermost)
        finally:
            if not in_block:
                self.rollback()
        raise_reason(failures, self.session(stale) if stale else None, self.versions, self.router.pools)

    def note_writers(self, servers: Iterable[str], *, writes: bool = True) -> None:
        """Note who is written or does what cannot be prepared; refuse what could not be committed."""
        fresh = [server for server in servers if writes and server not in self.wrote]
        writers = [server for server in self.router.state.servers if server in self.wrote or server in fresh]
        if fresh and len(writers) > 1:
            allow_writers(self.cross_shard_writes, [self.session(server) for server in writers])
        if self.cross_shard_writes == "2pc":
            self.unpreparable.refuse(servers, writers)
        self.wrote.update(fresh)

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
        self.versions.state = self.router.state
        begun = [server for server in self.router.state.servers if server in self.begun]
        writers = [server for server in begun if server in self.wrote]
        try:
            for server in begun:
                self.session(server)  # raises where it was lost meanwhile
            sessions = {server: self.sessions[server] for server in begun}
            atomic = self.cross_shard_writes != "best_effort"
            commit_begun(self.router, self.versions, sessions, writers, atomic=atomic)
        except BaseException:
            self.failed = True
            self.rollback()
            raise
        self.clear()

    def rollback(self) -> None:
        """Roll back on every server of the transaction. A server that does not answer loses its connection instead."""
        if self.begun:
            roll_back([self.sessions[server] for server in self.begun if server in self.sessions], PATIENCE)
        self.clear()

    @contextmanager
    def together(self) -> Iterator[None]:
        """In autocommit, make one transaction of all that a block asks, committed at its end."""
        if self.in_block:
            yield
            return
        self.explicit = True
        try:
            yield
        except BaseException:
            self.rollback()
            raise
        self.commit()

    def restart(self, *, failed: bool) -> None:
        """Roll back within the same block, so that the next statement is not taken for one outside of it.

        Parameters
        ----------
        failed : something of it was handed out already: it is the caller who must roll back and begin anew
        """
        explicit, savepoints = self.explicit, self.savepoints
        self.rollback()
        self.explicit, self.savepoints = explicit, savepoints
        if failed:
            savepoints.unreachable = True
            self.fail()

    def undone_to(self, wrote: Iterable[str]) -> None:
        """Go on from a savepoint at which these servers were written."""
        self.failed = False
        self.wrote = set(wrote)
        self.path_unsure = self.path_unsure or self._set_in_block

    @property
    def moment(self) -> tuple[int, int]:
        """When something is made that lives as long as the transaction does; see `is_over`."""
        return self.ended, self.savepoints.moment

    def is_over(self, moment: tuple[int, int]) -> bool:
        """True when what was made at that moment is gone: the transaction has ended, or was rolled back to before."""
        return moment[0] != self.ended or self.savepoints.is_undone(moment[1])

    def clear(self) -> None:
        self.ended += 1
        self.begun.clear()
        self.wrote.clear()
        self.unpreparable.end_transaction()
        self.savepoints = Savepoints()
        self.failed = False
        self.explicit = False
        self.statements = 0
        self.path_unsure = self.path_unsure or self._set_in_block
        self._set_in_block = False
