"""Savepoints over servers: set on every server of the transaction, and behind BEGIN on those that join it later.

So a server that joins is as it would be had it been there: to roll back to a savepoint undoes all that it did since.
Servers know a savepoint by a name of the library's own, never used twice in a transaction: one that was set on some of
them only, as somebody pressed Ctrl-C, is not taken for an earlier one of the same name.

A server that was written only since a savepoint is no writer any more once that is rolled back to: it commits plainly,
in no snapshot gate. It stays in the transaction, and keeps its snapshot, as in PostgreSQL. A session that was lost
takes the transaction with it, savepoints or not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

import psycopg
from psycopg import pq

from parallel_partition.execution.failures import lost_with_session
from parallel_partition.postgres.driver_errors import known_at
from parallel_partition.statements import Statement

if TYPE_CHECKING:
    from parallel_partition.execution.transaction import Transaction

_IDLE = pq.TransactionStatus.IDLE


@dataclass(frozen=True, slots=True)
class Savepoint:
    """A savepoint as the caller calls it, and when it was set: on which servers, and which of them were written."""

    name: str
    moment: int
    begun: frozenset[str]
    wrote: frozenset[str]

    def statement(self, command: str) -> Statement:
        """SAVEPOINT, RELEASE or ROLLBACK TO, as servers get it."""
        return Statement(f"{command} parallel_partition_{self.moment}".encode(), prepare=False)


class Savepoints:
    """Those of one transaction, the oldest first.

    ``unreachable``: the transaction cannot be rolled back to any of them, only as a whole.
    """

    def __init__(self) -> None:
        self._set: list[Savepoint] = []
        #: Counts savepoints and what was undone: what was made at a moment is gone when that was undone.
        self.moment = 0
        self._undone: list[tuple[int, int]] = []
        self.unreachable = False

    @property
    def statements(self) -> list[Statement]:
        """What sets them on a server that begins now."""
        return [savepoint.statement("SAVEPOINT") for savepoint in self._set]

    @property
    def innermost(self) -> Savepoint | None:
        """The one that was set last, and can be rolled back to."""
        return self._set[-1] if self._set and not self.unreachable else None

    def is_undone(self, moment: int) -> bool:
        """True when what was made at ``moment`` was rolled back since."""
        return any(start <= moment < stop for start, stop in self._undone)

    def find(self, name: str) -> Savepoint | None:
        """The latest of that name."""
        return next((one for one in reversed(self._set) if one.name == name), None)

    def next(self, name: str, begun: frozenset[str], wrote: frozenset[str]) -> Savepoint:
        """One to be set now."""
        self.moment += 1
        return Savepoint(name, self.moment, begun, wrote)

    def push(self, savepoint: Savepoint) -> None:
        """Note that it is set."""
        self._set.append(savepoint)

    def release(self, savepoint: Savepoint) -> None:
        """Forget one, and those that were set since."""
        del self._set[self._set.index(savepoint) :]

    def undo(self, savepoint: Savepoint) -> None:
        """Forget those that were set since one, and note what is gone."""
        del self._set[self._set.index(savepoint) + 1 :]
        self.moment += 1
        start = savepoint.moment
        self._undone = [(first, last) for first, last in self._undone if first < start]
        self._undone.append((start, self.moment))


def run_on_savepoint(transaction: Transaction, action: str, name: str) -> None:
    """Carry out what a `TransactionPlan` wants of a savepoint; raises what its functions raise."""
    {"savepoint": set_savepoint, "release": release_savepoint, "roll back to": roll_back_to}[action](
        transaction, name
    )


def set_savepoint(transaction: Transaction, name: str) -> None:
    """SAVEPOINT on every server of the transaction.

    Raises
    ------
    psycopg.errors.NoActiveSqlTransaction : there is no transaction that goes on
    psycopg.errors.InFailedSqlTransaction : it has failed
    psycopg.Error : what a server said; the transaction has failed
    """
    _require_block(transaction, b"SAVEPOINT")
    transaction.refuse_when_failed()
    savepoints = transaction.savepoints
    made = savepoints.next(name, frozenset(transaction.begun), frozenset(transaction.wrote))
    _on_all(transaction, made.statement("SAVEPOINT"))
    transaction.explicit = True  # also where no server has begun yet
    savepoints.push(made)


def release_savepoint(transaction: Transaction, name: str) -> None:
    """RELEASE on every server of the transaction: what was done since is done by the transaction itself.

    Raises
    ------
    psycopg.errors.InvalidSavepointSpecification : there is none of that name; the transaction has failed
    as `set_savepoint` does
    """
    _require_block(transaction, b"RELEASE")
    transaction.refuse_when_failed()
    savepoint = _found(transaction, name)
    _on_all(transaction, savepoint.statement("RELEASE"))
    transaction.savepoints.release(savepoint)


def roll_back_to(transaction: Transaction, name: str) -> None:
    """ROLLBACK TO on every server of the transaction; one that has failed goes on.

    Raises
    ------
    psycopg.errors.InFailedSqlTransaction : the transaction was rolled back as a whole, so it cannot go on
    errors.ServerUnavailable : a session was lost, and with it what it had done before the savepoint
    as `release_savepoint` does
    """
    _require_block(transaction, b"ROLLBACK TO")
    savepoint = _found(transaction, name)
    if transaction.savepoints.unreachable:
        message = (
            f'current transaction cannot be rolled back to savepoint "{name}", as it was rolled back as a whole when '
            "it failed: end it by ROLLBACK, and run it again"
        )
        raise known_at(psycopg.errors.InFailedSqlTransaction(message), None)
    try:
        _leave_those_who_never_began(transaction, savepoint)
        _on_all(transaction, savepoint.statement("ROLLBACK TO"))
    except BaseException:
        transaction.fail()
        transaction.savepoints.unreachable = True
        raise
    transaction.savepoints.undo(savepoint)
    transaction.undone_to(savepoint.wrote)


def outside_transaction(command: bytes) -> psycopg.Error:
    """PostgreSQL's error for what is done with a savepoint where no transaction is open."""
    words = command.partition(b' "')[0].decode().removesuffix(" SAVEPOINT").removesuffix("SAVEPOINT")
    message = f"{f'{words} SAVEPOINT'.strip()} can only be used in transaction blocks"
    return known_at(psycopg.errors.NoActiveSqlTransaction(message), None)


def _require_block(transaction: Transaction, command: bytes) -> None:
    if not transaction.in_block:
        raise outside_transaction(command)


def _found(transaction: Transaction, name: str) -> Savepoint:
    savepoint = transaction.savepoints.find(name)
    if savepoint is None:
        _fail(transaction, psycopg.errors.InvalidSavepointSpecification(f'savepoint "{name}" does not exist'))
    return savepoint


def _fail(transaction: Transaction, error: psycopg.Error) -> NoReturn:
    transaction.fail()
    raise known_at(error, None)


def _leave_those_who_never_began(transaction: Transaction, savepoint: Savepoint) -> None:
    """A server that something kept from beginning joins anew; one whose session was lost is missing.

    Raises
    ------
    errors.ServerUnavailable : one was lost
    """
    for server in list(transaction.begun):
        session = transaction.sessions.find(server)
        if session is None:
            what = f'the transaction from before savepoint "{savepoint.name}": roll back and run it again'
            raise lost_with_session(server, what)
        if session.transaction_status == _IDLE and server not in savepoint.begun:
            del transaction.begun[server]


def _on_all(transaction: Transaction, statement: Statement) -> None:
    sessions = {server: transaction.session(server) for server in transaction.begun}
    if sessions:
        transaction.drive(
            {server: (session, session.exchange([statement])) for server, session in sessions.items()}, None
        )
