"""Two-phase commit by the caller's hand: the parts of one transaction, prepared on several servers under one name.

The caller's transaction manager decides, maybe from another process; here it is only seen to that all parts end alike.
The first server that was written is the decider. It is the last to be prepared, so that what it holds is whole, and the
last to be ended, so that it tells of every set that is not ended yet. Before the first part is ended, how they all are
to end is written down on the decider, under a unique key that names its part and when that was prepared. Who ends a set
reads that row first: a set of which one part was committed can only be committed. A set without a decider was lost
while it was prepared, and can only be rolled back.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import psycopg
from psycopg import pq, sql

from parallel_partition import errors
from parallel_partition.execution.end_transaction import assert_versions
from parallel_partition.execution.failpoint import reach, watched
from parallel_partition.execution.failures import first_line, one_error
from parallel_partition.execution.fan_out import answers_of, run_all
from parallel_partition.execution.run_each import roll_back, run_each
from parallel_partition.execution.snapshot import ENTER_ALONE, ENTER_TOGETHER
from parallel_partition.execution.streams import begin_streams
from parallel_partition.execution.transaction import PATIENCE, Transaction
from parallel_partition.execution.two_phase import GID_BYTES
from parallel_partition.postgres.driver_errors import as_driver_error, known_at
from parallel_partition.postgres.named_sql import load
from parallel_partition.postgres.session import Session
from parallel_partition.statements import Parameter, Statement

logger = logging.getLogger("parallel_partition")

_SQL = {name: text.encode() for name, text in load("tpc").items()}
_TWO_PHASE = {name: text.encode() for name, text in load("two_phase").items()}
_GID = re.compile(r"ppx:(\d+)/(\d+):(.*)", re.DOTALL)
_UNDEFINED_OBJECT = "42704"
_BEGIN = b"BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"


class Part(NamedTuple):
    """A prepared part: the ``number``-th of ``parts``, of which the first is the decider's."""

    server: str
    gid: str
    number: int
    parts: int
    name: str
    prepared: datetime
    owner: str | None

    @property
    def key(self) -> str:
        """What the end of the set is written down under, where this is the decider's part."""
        return f"tpc:{self.prepared.timestamp():.6f}:{self.gid}"


def prepare(transaction: Transaction, name: str) -> None:
    """Prepare a transaction on all servers that it wrote, or roll it back; the others are done with it.

    Parameters
    ----------
    name : the caller's; no other transaction of the cluster may be prepared under it

    Raises
    ------
    psycopg.errors.DuplicateObject : one is
    psycopg.errors.ObjectNotInPrerequisiteState : a server's max_prepared_transactions is 0
    psycopg.Error : what a server said; nothing is prepared, but for what `parts` lists of it
    """
    transaction.refuse_when_failed()
    servers = transaction.router.state.servers
    writers = [server for server in servers if server in transaction.wrote]
    try:
        if not writers:
            writers = [transaction.router.state.catalog]
            begin_streams(transaction, writers)
        if any(part.name == name for part in parts(transaction)):
            message = f'transaction identifier "{name}" is already in use'
            raise known_at(psycopg.errors.DuplicateObject(message), None)
        _Preparation(transaction, writers, name).run()
    except BaseException:
        transaction.rollback()
        transaction.fail()
        raise
    transaction.clear()


class _Preparation:
    """Each step is a method, in the order of `run`."""

    def __init__(self, transaction: Transaction, writers: Sequence[str], name: str) -> None:
        self._transaction = transaction
        begun = [server for server in transaction.router.state.servers if server in transaction.begun]
        self._sessions = {server: transaction.session(server) for server in begun}
        self._decider, *self._others = writers
        self._gids = {
            server: f"ppx:{number}/{len(writers)}:{name}" for number, server in enumerate(writers, start=1)
        }
        self._readers = [server for server in begun if server not in writers]

    def run(self) -> None:
        for server, gid in self._gids.items():
            if len(gid.encode()) > GID_BYTES:
                message = f"transaction identifier {gid!r} is longer than PostgreSQL's {GID_BYTES} bytes"
                raise known_at(psycopg.errors.InvalidParameterValue(message), server)
        versions = self._transaction.versions
        versions.state = self._transaction.router.state
        # Each part stays in the snapshot gate of its server until it is ended; the first server's is entered first.
        enter = ENTER_TOGETHER if self._others else ENTER_ALONE
        assert_versions(versions, self._sessions, {self._decider: [enter]})
        reach("tpc.entered")
        try:
            trains = {server: [ENTER_TOGETHER, self._prepare(server)] for server in self._others}
            trains |= {server: [_plain("COMMIT")] for server in self._readers}
            tags = dict.fromkeys(self._others, b"PREPARE TRANSACTION") | dict.fromkeys(
                self._readers, b"COMMIT"
            )
            self._run(trains, tags)
            reach("tpc.prepared_others")
            self._run(
                {self._decider: [self._prepare(self._decider)]}, {self._decider: b"PREPARE TRANSACTION"}
            )
            reach("tpc.prepared")
        except BaseException:
            self._give_up()
            raise

    def _prepare(self, server: str) -> Statement:
        return _about(self._sessions[server], "PREPARE TRANSACTION", self._gids[server])

    def _run(self, trains: Mapping[str, list[Statement]], tags: Mapping[str, bytes]) -> None:
        exchanges = {
            server: (self._sessions[server], self._sessions[server].exchange(train))
            for server, train in trains.items()
        }
        outcome = run_all(watched(exchanges, "tpc.prepare_sent", "tpc.prepare_answered"))
        if outcome.failures:
            raise one_error(outcome.failures)
        for server, results in outcome.results.items():
            if results[-1].command_status != tags[server]:
                said = (results[-1].command_status or b"").decode()
                message = f"{tags[server].decode()} was answered by {said}"
                raise as_driver_error(errors.OperationalError(message).at(server))

    def _give_up(self) -> None:
        """Roll back everywhere, prepared or not."""
        roll_back(self._sessions.values(), PATIENCE)
        alive = {server: self._sessions[server] for server in self._gids if self._sessions[server].alive}
        exchanges = {
            server: (session, session.exchange([_about(session, "ROLLBACK PREPARED", self._gids[server])]))
            for server, session in alive.items()
        }
        failures: dict[str, Exception] = {**run_each(exchanges, PATIENCE).failures}
        failures |= {server: errors.ServerUnavailable("lost") for server in self._gids if server not in alive}
        for server, error in failures.items():
            if getattr(error, "sqlstate", None) != _UNDEFINED_OBJECT:
                logger.warning(
                    "server %s: %s may stay prepared there until tpc_rollback(): %s",
                    server, self._gids[server], first_line(error),
                )  # fmt: skip


def parts(transaction: Transaction) -> list[Part]:
    """All parts that are prepared on the servers of the cluster, in the order of their servers.

    Raises
    ------
    psycopg.Error : a server cannot be asked; it knows its server
    """
    listed = _on_all(
        transaction, {server: [_statement("parts")] for server in transaction.router.state.servers}
    )
    found = []
    for server, results in listed.items():
        for row in range(results[-1].ntuples):
            gid, prepared, owner = (
                (results[-1].get_value(row, column) or b"").decode() for column in range(3)
            )
            if match := _GID.fullmatch(gid):
                number, count = int(match[1]), int(match[2])
                moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(prepared))
                found.append(Part(server, gid, number, count, match[3], moment, owner or None))
    return found


def finish(transaction: Transaction, name: str, *, commit: bool) -> None:
    """End all parts of a prepared transaction: COMMIT PREPARED or ROLLBACK PREPARED on each server.

    Raises
    ------
    psycopg.errors.UndefinedObject : nothing is prepared under that name
    psycopg.errors.ObjectNotInPrerequisiteState : it is being ended the other way, or is not whole
    psycopg.Error : a server could not be told: the transaction is decided, and the same call again ends it
    """
    mine = [part for part in parts(transaction) if part.name == name]
    if not mine:
        message = f'prepared transaction with identifier "{name}" does not exist'
        raise known_at(psycopg.errors.UndefinedObject(message), None)
    reach("tpc.listed")
    decider = next((part for part in mine if part.number == 1), None)
    if decider is not None:
        _decide(transaction, decider, mine, commit=commit)
    elif commit:
        raise _not_in_state(
            f'transaction "{name}" was lost while it was prepared: it can only be rolled back'
        )
    reach("tpc.decided")
    command = "COMMIT PREPARED" if commit else "ROLLBACK PREPARED"
    _end(transaction, [part for part in mine if part is not decider], command)
    if decider is not None:
        _end(transaction, [decider], command)


def _decide(transaction: Transaction, decider: Part, mine: Sequence[Part], *, commit: bool) -> None:
    """Write down how a set ends, unless that was done before."""
    session = transaction.session(decider.server)
    before = answers_of(session, [Statement(_TWO_PHASE["decision"], [_text(decider.key)], prepare=False)])[-1]
    if commit and not before.ntuples and len(mine) < decider.parts:
        message = (
            f'of transaction "{decider.name}" {len(mine)} of {decider.parts} parts are prepared, and none was '
            "committed by tpc_commit(): it can only be rolled back"
        )
        raise _not_in_state(message)
    train = [
        _plain(_BEGIN.decode()),
        Statement(_TWO_PHASE["flush_at_commit"], prepare=False),
        Statement(_SQL["decide"], [_text(decider.key), _text("true" if commit else "false")], prepare=False),
        _plain("COMMIT"),
        Statement(_TWO_PHASE["decision"], [_text(decider.key)], prepare=False),
    ]
    try:
        result = answers_of(session, train)[-1]
    except psycopg.Error:
        roll_back([session], PATIENCE)
        raise
    if (result.get_value(0, 0) == b"t") is not commit:
        ending = "rolled back" if commit else "committed"
        raise _not_in_state(f'transaction "{decider.name}" is being {ending}, and cannot end otherwise')


def _end(transaction: Transaction, ending: Iterable[Part], command: str) -> None:
    trains = {part.server: [_about(transaction.session(part.server), command, part.gid)] for part in ending}
    _on_all(transaction, trains)


def _on_all(
    transaction: Transaction, trains: Mapping[str, list[Statement]]
) -> dict[str, list[pq.abc.PGresult]]:
    """Run something on idle sessions of servers, on each to its end.

    Raises
    ------
    psycopg.Error : what servers said; they know their servers
    """
    sessions = {server: transaction.session(server) for server in trains}
    exchanges = {
        server: (sessions[server], sessions[server].exchange(train)) for server, train in trains.items()
    }
    outcome = run_each(watched(exchanges, "tpc.sent", "tpc.answered"), PATIENCE)
    if outcome.failures:
        raise one_error(outcome.failures)
    return {server: outcome.results[server] for server in trains}


def _not_in_state(message: str) -> psycopg.Error:
    return known_at(psycopg.errors.ObjectNotInPrerequisiteState(message), None)


def _about(session: Session, command: str, gid: str) -> Statement:
    return _plain(f"{command} {sql.Literal(gid).as_string(session.connection)}")


def _plain(text: str) -> Statement:
    return Statement(text.encode(), prepare=False)


def _statement(name: str) -> Statement:
    return Statement(_SQL[name], prepare=False)


def _text(value: str) -> Parameter:
    return Parameter(value.encode(), 0, 0)
