"""What became of a transaction whose COMMIT was not answered: look it up, never guess.

The decision row of a transaction over several servers is on its decider. Who wants to know *inserts* an
abort first and reads then: the row's unique key makes whatever is found final, so nobody has to judge who is
still alive.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from time import monotonic, sleep
from typing import Any

import psycopg

from parallel_partition import errors
from parallel_partition.execution.failpoint import reach, watched
from parallel_partition.execution.failures import first_line
from parallel_partition.execution.run_each import roll_back, run_each
from parallel_partition.postgres.driver_errors import as_driver_error
from parallel_partition.postgres.named_sql import load
from parallel_partition.postgres.session import Session
from parallel_partition.statements import Parameter, Statement

logger = logging.getLogger("parallel_partition")

#: Makes a new connection to a server for the length of a block.
Reconnect = Callable[[str], AbstractContextManager["psycopg.Connection[Any]"]]

_SQL = {name: text.encode() for name, text in load("two_phase").items()}
#: A decider that is still committing holds the row; it is done in an instant, or something is wrong with it.
_LOCK_TIMEOUT = b"SET LOCAL lock_timeout = '2s'"
#: The connections of a user may default to another isolation, in which the row of somebody else is not seen.
_BEGIN = b"BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
#: Seconds to wait for an answer.
PATIENCE = 10.0


def resolve(
    connection: psycopg.Connection[Any], xid: str, server: str | None = None, *, patience: float = PATIENCE
) -> bool:
    """Make the outcome of a transaction final and return it: True for committed, False for never.

    Parameters
    ----------
    connection : a connection of its own to the decider, in no transaction
    xid : the transaction, as its decision row and its prepared parts name it
    server : the decider's name, for errors
    patience : seconds to wait for its answer, after which the connection is closed

    Raises
    ------
    psycopg.errors.LockNotAvailable : it is being decided at this moment; ask again
    psycopg.Error : the decider cannot say
    """
    session = Session(connection, server or connection.info.host)
    said = _say(
        session,
        patience,
        (_BEGIN, ()),
        (_LOCK_TIMEOUT, ()),
        (_SQL["flush_at_commit"], ()),
        (_SQL["bury"], (xid,)),
        (b"COMMIT", ()),
        (_SQL["decision"], (xid,)),
    )
    if said is None:
        raise errors.InternalError(f"the decision of transaction {xid} was written and is not there")
    return said == b"t"


def outcome(
    connection: psycopg.Connection[Any], xid: str, server: str | None = None, *, patience: float = PATIENCE
) -> bool | None:
    """Look up what became of a transaction: True for committed, False for aborted, None for undecided.

    Parameters
    ----------
    connection : a connection to the server that the `CommitUnknown` names, in no transaction
    xid : what the `CommitUnknown` holds: a transaction over several servers, or a number of the server's own
    server : the server's name, for errors
    patience : seconds to wait for its answer, after which the connection is closed
    """
    session = Session(connection, server or connection.info.host)
    if not xid.isdecimal():
        said = _say(session, patience, (_SQL["decision"], (xid,)))
        return None if said is None else said == b"t"
    status = _say(session, patience, (_SQL["transaction_outcome"], (xid,)))
    return {b"committed": True, b"aborted": False}.get(status or b"")


def settle(server: str, xid: str, reconnect: Reconnect, lost: BaseException, patience: float) -> bool:
    """Find out, over new connections, whether a transaction whose COMMIT was not answered committed.

    Parameters
    ----------
    server : the decider, or the only server that was written
    xid : as `outcome` takes it
    lost : how the connection was lost
    patience : seconds to try for

    Raises
    ------
    errors.CommitUnknown : the server could not be asked in that time
    """
    deadline = monotonic() + patience
    pause = 0.05
    while True:
        try:
            reach("settle.begun")
            with reconnect(server) as connection:
                reach("settle.connected")
                look = outcome if xid.isdecimal() else resolve
                known = look(connection, xid, server, patience=max(deadline - monotonic(), 1.0))
            if known is not None:
                return known
            reason = "the server is still working on it"
        except (psycopg.Error, errors.Error) as error:
            reason = first_line(error)
        if monotonic() + pause > deadline:
            raise _unknown(server, xid, reason) from lost
        logger.warning("server %s: the outcome of transaction %s is asked again: %s", server, xid, reason)
        sleep(pause)
        pause = min(2 * pause, 1.0)


def _unknown(server: str, xid: str, reason: str) -> errors.Error:
    message = (
        f"server {server} was lost while it committed transaction {xid}, and could not be asked since "
        f"({reason}): the transaction is committed as a whole or not at all; look its outcome up when the "
        "server is back, and do not run it again before"
    )
    return as_driver_error(errors.CommitUnknown(message, xid).at(server))


def _say(session: Session, patience: float, *statements: tuple[bytes, tuple[str, ...]]) -> bytes | None:
    """Run statements in one round trip; the value in the last one's only row, None without one."""
    train = [
        Statement(text, [Parameter(value.encode(), 0, 0) for value in values], prepare=False)
        for text, values in statements
    ]
    exchanges = watched(
        {session.server: (session, session.exchange(train))}, "resolve.sent", "resolve.answered"
    )
    said = run_each(exchanges, patience)
    if said.failures:
        roll_back([session], patience)
        raise said.failures[session.server]
    result = said.results[session.server][-1]
    return result.get_value(0, 0) if result.ntuples else None
