"""The atomic commit over several servers: PREPARE on all but the first, which decides, then COMMIT PREPARED.

The first server that was written is the decider: its own COMMIT, which writes the decision row with the rest
of its work, is the commit point. Before it, everything can be rolled back; after it, nothing may be. A part
that stays prepared because its server was lost in between names its decider, so that whoever finds it can
ask (`resolve`). All parts are in the snapshot gates of their servers meanwhile: see `snapshot`.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from secrets import token_hex
from time import time_ns
from typing import Any, NamedTuple
from uuid import UUID
from weakref import WeakSet

import psycopg
from psycopg import pq, sql
from psycopg.pq.abc import PGconn, PGresult

from parallel_partition import errors
from parallel_partition.execution.failpoint import reach, watched
from parallel_partition.execution.failures import first_line, one_error
from parallel_partition.execution.fan_out import Outcome, run_all, run_one
from parallel_partition.execution.resolve import Reconnect, settle
from parallel_partition.execution.run_each import roll_back, run_each
from parallel_partition.execution.snapshot import ENTER_ALONE, ENTER_TOGETHER
from parallel_partition.postgres.driver_errors import as_driver_error, error_of_result
from parallel_partition.postgres.named_sql import load
from parallel_partition.postgres.session import Exchange, Session
from parallel_partition.statements import Parameter, Statement

logger = logging.getLogger("parallel_partition")

#: A transaction older than this can no longer decide; decisions are kept for longer, so none is asked for in
#: vain.
MAX_AGE = "12 h"
#: PostgreSQL's limit is 200 bytes with the closing zero.
GID_BYTES = 199
#: Seconds to wait for answers after the commit point, and to ask for the outcome when it was not answered.
PATIENCE = 10.0

_SQL = {name: text.encode() for name, text in load("two_phase").items()}
_GID = re.compile(
    r"pp1:(?P<cluster>[0-9a-f-]{36}):(?P<decider>.+):(?P<xid>[0-9a-f]{32}):(?P<part>\d+)", re.DOTALL
)
_IDLE = pq.TransactionStatus.IDLE
_FATAL = pq.ExecStatus.FATAL_ERROR
_UNDEFINED_OBJECT = "42704"

#: The connections whose server was found to take PREPARE; the setting changes with a restart only.
_preparing: WeakSet[PGconn] = WeakSet()


def new_xid() -> str:
    """A name for a transaction: 12 hexadecimal digits of milliseconds since 1970, and 20 by chance.

    The time tells who asks late whether the decision may have been taken away, and keeps the decisions' index in order.
    """
    return f"{time_ns() // 1_000_000:012x}{token_hex(10)}"


def begun_at(xid: str) -> float:
    """When a transaction was named, by its client's clock: seconds since 1970."""
    return int(xid[:12], 16) / 1000


class Gid(NamedTuple):
    """The name of a prepared transaction: what is needed to find its decision."""

    cluster: UUID
    decider: str
    xid: str
    part: int

    def __str__(self) -> str:
        return f"pp1:{self.cluster}:{self.decider}:{self.xid}:{self.part}"

    @classmethod
    def parse(cls, text: str) -> Gid | None:
        """The parts of a gid of this library; None for anybody else's."""
        if found := _GID.fullmatch(text):
            return cls(UUID(found["cluster"]), found["decider"], found["xid"], int(found["part"]))
        return None


@dataclass(frozen=True, slots=True)
class Committed:
    """How a transaction was committed.

    ``xid`` is None when it wrote on at most one server. ``pending`` names the servers whose part is decided,
    but could not be told: it stays prepared there, invisible and locked, until recovery commits it.
    """

    xid: str | None = None
    pending: tuple[str, ...] = ()


def check_prepared_allowed(connection: psycopg.Connection[Any], server: str) -> None:
    """Refuse a write that makes a transaction one of several servers, where this one cannot prepare its part.

    Raises
    ------
    errors.CrossShardWriteRefused : the server's max_prepared_transactions is 0
    """
    if connection.pgconn in _preparing:
        return
    session = Session(connection, server)
    [result] = run_one(session, session.exchange([_statement("prepared_slots")]))
    if result.status == _FATAL:
        raise error_of_result(result, server)
    if result.get_value(0, 0) == b"0":
        message = (
            f"the transaction would write on a second server, which takes an atomic commit, and server "
            f"{server} cannot take part in one: its setting max_prepared_transactions is 0, PostgreSQL's "
            "default. Set it to at least the number of sessions that write at a time (it needs a restart), "
            "or write to one server only"
        )
        raise as_driver_error(errors.CrossShardWriteRefused(message).at(server))
    _preparing.add(connection.pgconn)


def commit_everywhere(
    participants: Mapping[str, psycopg.Connection[Any]],
    cluster_id: UUID,
    reconnect: Reconnect,
    *,
    writers: Collection[str] | None = None,
    patience: float = PATIENCE,
) -> Committed:
    """Commit one transaction on all of its servers, or on none of them.

    Servers that were not written are committed plainly, and so is a server that was written alone.

    Parameters
    ----------
    participants : connections in an open transaction by server, in the order in which servers are taken
    cluster_id : the cluster, which the prepared parts name
    reconnect : opens a new connection to a server, when one was lost at the commit point
    writers : the servers that were written, when the caller knows them; else each is asked, in a round trip more
    patience : seconds to wait for answers after the commit point

    Returns
    -------
    Committed : with the servers that could not be told yet. Every connection that is still usable is idle.

    Raises
    ------
    errors.CommitUnknown : the decider was lost at the commit point and cannot be asked
    psycopg.Error, errors.FanOutError : nothing is committed; what the servers said
    """
    sessions = {server: Session(connection, server) for server, connection in participants.items()}
    if writers is not None and len(writers) > 1:
        known = [server for server in sessions if server in writers]
        return TwoPhaseCommit(sessions, known, cluster_id, reconnect, patience).run()
    numbers = _transaction_numbers(sessions, patience)
    found = [server for server, number in numbers.items() if number]
    if len(found) > 1:
        return TwoPhaseCommit(sessions, found, cluster_id, reconnect, patience).run()
    _commit_readers(sessions, found, patience)
    for server in found:
        _commit_one(sessions[server], numbers[server], reconnect, patience)
    return Committed()


def _transaction_numbers(sessions: Mapping[str, Session], patience: float) -> dict[str, str]:
    """PostgreSQL's number of each server's transaction, empty where it wrote nothing."""
    trains = {server: [_statement("transaction_id")] for server in sessions}
    outcome = _all_or_roll_back(sessions, trains, {}, patience)
    return {server: (outcome.results[server][0].get_value(0, 0) or b"").decode() for server in sessions}


def _commit_readers(sessions: Mapping[str, Session], writers: list[str], patience: float) -> None:
    trains = {server: [_plain("COMMIT")] for server in sessions if server not in writers}
    _all_or_roll_back(sessions, trains, dict.fromkeys(trains, b"COMMIT"), patience)


def _all_or_roll_back(
    sessions: Mapping[str, Session],
    trains: Mapping[str, list[Statement]],
    tags: Mapping[str, bytes],
    patience: float,
) -> Outcome:
    try:
        outcome = run_all(_exchanges(sessions, trains))
        _raise_failures(outcome, tags)
    except BaseException:
        roll_back(sessions.values(), patience)
        raise
    return outcome


def _commit_one(session: Session, number: str, reconnect: Reconnect, patience: float) -> None:
    """COMMIT on the only server that was written."""
    try:
        *_, result = run_one(session, session.exchange([ENTER_ALONE, _plain("COMMIT")]))
    except BaseException as error:
        if not settle(session.server, number, reconnect, error, patience):
            raise
        if not isinstance(error, Exception):
            error.add_note(f"the transaction is committed on server {session.server}")
            raise
        logger.warning("server %s was lost while it committed; it has committed", session.server)
        return
    _check(result, b"COMMIT", session.server)


class TwoPhaseCommit:
    """One transaction that wrote on several servers; each step is a method, in the order of `run`."""

    def __init__(
        self,
        sessions: Mapping[str, Session],
        writers: list[str],
        cluster_id: UUID,
        reconnect: Reconnect,
        patience: float,
    ) -> None:
        self._sessions = sessions
        self._decider, *self._others = writers
        self._readers = [server for server in sessions if server not in writers]
        self._reconnect = reconnect
        self._patience = patience
        self._asked_to_commit = False
        self.xid = new_xid()
        self._gids = {
            server: str(Gid(cluster_id, self._decider, self.xid, part))
            for part, server in enumerate(self._others, start=2)
        }

    def run(self) -> Committed:
        """Go through all steps; see `commit_everywhere`."""
        interruption: BaseException | None = None
        try:
            self._check_gids()
            reach("commit.begun")
            self.prepare()
            reach("prepare.done")
            self.decide()
        except BaseException as error:
            if not self._committed_in_spite_of(error):
                self.abort()
                raise
            interruption = error
        try:
            pending = self.complete()
        except BaseException as error:
            error.add_note(
                f"transaction {self.xid} is committed; recovery tells the servers that do not know yet"
            )
            self._sessions[self._decider].close()  # and with it the lock that says that this client is at it
            raise
        if interruption is not None and not isinstance(interruption, Exception):
            interruption.add_note(f"transaction {self.xid} is committed")
            raise interruption
        return Committed(self.xid, pending)

    def _check_gids(self) -> None:
        for server, gid in self._gids.items():
            if len(gid.encode()) > GID_BYTES:
                message = (
                    f"the prepared transaction's name {gid!r} is {len(gid.encode())} bytes long, PostgreSQL "
                    f"takes {GID_BYTES}: the name of server {self._decider} is too long"
                )
                raise as_driver_error(errors.NotSupportedError(message).at(server))

    def prepare(self) -> None:
        """PREPARE on all but the decider, which is made to flush its commit. Readers are done here.

        Every writer enters its server's snapshot gate: no part commits before all are in, and each stays in until
        it has committed.
        """
        flush = [_statement("hold", self.xid), _statement("flush_at_commit")]
        trains = {self._decider: [ENTER_TOGETHER, *flush]}
        for server in self._others:
            trains[server] = [ENTER_TOGETHER, self._about_prepared("PREPARE TRANSACTION", server)]
        trains |= {server: [_plain("COMMIT")] for server in self._readers}
        tags = dict.fromkeys(self._others, b"PREPARE TRANSACTION") | dict.fromkeys(self._readers, b"COMMIT")
        exchanges = _exchanges(self._sessions, trains)
        _raise_failures(run_all(watched(exchanges, "prepare.sent", "prepare.answered")), tags)

    def decide(self) -> None:
        """The commit point: the decision row and the decider's own work, committed in one message."""
        session = self._sessions[self._decider]
        train = [_statement("decide", self.xid, MAX_AGE), _plain("COMMIT")]
        exchanges = _exchanges(self._sessions, {self._decider: train})
        [(_, exchange)] = watched(exchanges, "decide.sent", "decide.answered").values()
        self._asked_to_commit = True
        *_, last = run_one(session, exchange)
        try:
            _check(last, b"COMMIT", self._decider)
        except errors.Error:
            self._asked_to_commit = False  # the server has answered: it did not commit
            raise

    def _committed_in_spite_of(self, error: BaseException) -> bool:
        """Whether the decider has committed although its answer was not heard."""
        if not self._asked_to_commit:
            return False
        try:
            committed = settle(self._decider, self.xid, self._reconnect, error, self._patience)
        except BaseException:
            self._sessions[self._decider].close()  # and with it the lock that says that this client is at it
            raise
        if committed:
            logger.warning("transaction %s is committed; server %s could not say so", self.xid, self._decider)
        return committed

    def complete(self) -> tuple[str, ...]:
        """COMMIT PREPARED on the others. The outcome is settled: what fails here is left to recovery."""
        reach("complete.begun")
        untold = self._end_prepared("COMMIT PREPARED", self._others)
        reach("complete.done")
        self._warn(untold, "committed", "commits")
        return tuple(untold)

    def abort(self) -> None:
        """Roll back everywhere, prepared or not; only when the decider certainly has not committed."""
        reach("abort.begun")
        unprepared = [
            server
            for server in self._others
            if self._sessions[server].alive and self._sessions[server].transaction_status != _IDLE
        ]
        roll_back(self._sessions.values(), self._patience)
        reach("abort.rolled_back")
        others = [server for server in self._others if server not in unprepared]
        self._warn(self._end_prepared("ROLLBACK PREPARED", others), "rolled back", "rolls back")

    def _end_prepared(self, command: str, servers: Iterable[str]) -> dict[str, Exception]:
        """COMMIT or ROLLBACK PREPARED on ``servers``; returns those that could not be told, and why.

        The decider's courtesy lock is let go meanwhile. A lost connection is replaced once.
        """
        trains = {server: [self._about_prepared(command, server)] for server in servers}
        trains[self._decider] = [_statement("let_go", self.xid)]
        alive = {server: train for server, train in trains.items() if self._sessions[server].alive}
        exchanges = watched(_exchanges(self._sessions, alive), "end.sent", "end.answered")
        outcome = run_each(exchanges, self._patience)
        if self._decider in outcome.failures:
            self._sessions[self._decider].close()
        untold: dict[str, Exception] = {}
        for server in servers:
            error: Exception | None = outcome.failures.get(server)
            if not self._sessions[server].alive:
                error = self._end_over_new_connection(command, server)
            if error is not None and not _gone(error):
                untold[server] = error
        return untold

    def _end_over_new_connection(self, command: str, server: str) -> Exception | None:
        try:
            with self._reconnect(server) as connection:
                session = Session(connection, server)
                reach("end.connected")
                results = run_one(session, session.exchange([self._about_prepared(command, server)]))
                _check(results[-1], None, server)
        except (psycopg.Error, errors.Error) as error:
            return error
        return None

    def _warn(self, untold: Mapping[str, Exception], done: str, doing: str) -> None:
        for server, error in untold.items():
            logger.warning(
                "transaction %s is %s, but server %s could not be told; its part may stay prepared there as "
                "%s until recovery %s it: %s",
                self.xid, done, server, self._gids[server], doing, first_line(error),
            )  # fmt: skip

    def _about_prepared(self, command: str, server: str) -> Statement:
        gid = sql.Literal(self._gids[server]).as_string(self._sessions[server].connection)
        return _plain(f"{command} {gid}")


def _statement(name: str, *values: str) -> Statement:
    return Statement(_SQL[name], [Parameter(value.encode(), 0, 0) for value in values], prepare=False)


def _plain(text: str) -> Statement:
    return Statement(text.encode(), prepare=False)


def _exchanges(
    sessions: Mapping[str, Session], trains: Mapping[str, list[Statement]]
) -> dict[str, tuple[Session, Exchange]]:
    return {server: (sessions[server], sessions[server].exchange(train)) for server, train in trains.items()}


def _raise_failures(outcome: Outcome, tags: Mapping[str, bytes]) -> None:
    """Raise what servers said, also where they said it by another command tag only.

    PREPARE TRANSACTION and COMMIT in a failed transaction are answered by ROLLBACK, without an error.
    """
    failures: dict[str, Exception] = dict(outcome.failures)
    for server, results in outcome.results.items():
        if server not in failures:
            try:
                _check(results[-1], tags.get(server), server)
            except errors.Error as error:
                failures[server] = error
    if failures:
        raise one_error(failures)


def _check(result: PGresult, tag: bytes | None, server: str) -> None:
    if result.status == _FATAL:
        raise error_of_result(result, server)
    if tag and result.command_status != tag:
        said = (result.command_status or b"nothing").decode()
        message = (
            f"{tag.decode()} was answered by {said}: the transaction had failed before, and is rolled back"
        )
        raise as_driver_error(errors.OperationalError(message).at(server))


def _gone(error: BaseException) -> bool:
    """True when there was no such prepared transaction: recovery was faster, or it never came to be one."""
    return getattr(error, "sqlstate", None) == _UNDEFINED_OBJECT
