"""One moment of all servers: how a snapshot transaction begins.

Each server has a lock table, the snapshot gate. Whoever commits what it wrote holds the gate of each server where it
wrote, from before any part of the transaction commits until that server's part has: the decider of a two-phase commit
until its own COMMIT, the others' prepared parts until COMMIT PREPARED, also over a crash. PostgreSQL lets go of locks
after the commit can be seen. A snapshot transaction closes the gates of all servers, and while it holds all of them it
takes each server's snapshot (REPEATABLE READ: its first query's); then it lets go, and keeps the snapshots.

Why that is one moment. Call it the moment at which the last gate is closed. (1) Nothing that holds a gate commits
on a server between that moment and the server's snapshot, for its gate is closed from before the one until after the
other; so each server is seen as it was at that moment. It matters not that one server's gate is let go before another's
snapshot is taken. (2) At that moment nobody is in any gate. A transaction of which one part had committed by then had
entered the gates of all of its parts before, the decider's too, and has left them since: all of its parts have
committed. So all of it is seen or nothing, and any two snapshots see transactions in the same order. Would the decider
not hold its own gate, it could commit between the closing and its server's snapshot while another part is prepared.

Transactions over several servers enter in ROW EXCLUSIVE mode and those that wrote on one server in ROW SHARE mode.
A snapshot closes in SHARE mode, which keeps away the first and no other snapshot; a strict one in EXCLUSIVE mode, which
keeps away both. So without "strict" it is one moment of transactions over several servers; those of one server alone
may fall between the snapshots, each of them seen as a whole. What is written past this library, is local to one server
by its nature (sequences), or changes tables where two-phase commits are not possible, is not kept away.

LOCK TABLE takes no snapshot; an advisory lock would take one before it waits, and miss what it has waited for.

Nobody waits for ever. Gates are closed one after the other in server order, and a transaction over several servers
enters its first server's gate before the others, so that none waits for a gate while it holds what another waits for.
What breaks the order, or stays in a gate, is found by a timeout: everything is let go and tried again.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterable, Mapping
from time import monotonic, sleep
from typing import Literal, get_args

import psycopg
from psycopg import pq

from parallel_partition.execution.failures import one_error, stale_map
from parallel_partition.execution.fan_out import answers_of, run_all
from parallel_partition.execution.run_each import roll_back
from parallel_partition.postgres.driver_errors import error_of_result, known_at
from parallel_partition.postgres.named_sql import load
from parallel_partition.postgres.session import Session
from parallel_partition.statements import Statement

#: What `connect` takes as ``isolation`` beside psycopg's levels.
Snapshot = Literal["snapshot", "snapshot strict"]
SNAPSHOTS: tuple[Snapshot, ...] = get_args(Snapshot)

#: Seconds to try until the gates of all servers are closed at once.
PATIENCE = 10.0
#: Seconds between two tries, doubled each time up to the last. Meanwhile those who were kept waiting go on.
_FIRST_PAUSE, _LAST_PAUSE = 0.02, 0.5
#: Seconds after which a gate that is not free may be held by a part that was left behind.
_LONG_WAIT = 1.0
#: Seconds that a server has to roll back.
_ROLLBACK_PATIENCE = 10.0

_SQL = {name: Statement(text.encode(), prepare=False) for name, text in load("snapshot").items()}
_LOCK_NOT_AVAILABLE = "55P03"
_FATAL = pq.ExecStatus.FATAL_ERROR

#: What enters the gate before a commit: on the only server that was written, and on each of several.
ENTER_ALONE, ENTER_TOGETHER = _SQL["enter_alone"], _SQL["enter_together"]

_CLOSE: dict[Snapshot, Statement] = {
    "snapshot": _SQL["close"],
    "snapshot strict": _SQL["close_strictly"],
}
_BEFORE = [_SQL["remember"], _SQL["wait_briefly"], _SQL["hold_briefly"]]
_LOOK = [_SQL["look"], _SQL["go_back"], _SQL["forget"]]


def begin_snapshot(
    sessions: Mapping[str, Session],
    begin: bytes,
    kind: Snapshot,
    patience: float | None = None,
    on_wait: Callable[[str], None] = lambda _: None,
) -> None:
    """Begin a transaction on every server, all of which see one moment.

    Parameters
    ----------
    sessions : one on each server of the cluster, in server order; none is in a transaction
    begin : the BEGIN statement, of isolation REPEATABLE READ
    kind : which commits are kept away
    patience : seconds to try, `PATIENCE` by default
    on_wait : is told the server whose gate was not free, once that takes long

    Raises
    ------
    psycopg.errors.LockNotAvailable : within ``patience`` some server's gate was never free; it names the holders
    psycopg.Error : what a server said; transactions may be open
    """
    patience = PATIENCE if patience is None else patience
    began = monotonic()
    deadline = began + patience
    pause = _FIRST_PAUSE
    first = Statement(begin, prepare=False)
    while (busy := _close_all(sessions, [first, *_BEFORE, _CLOSE[kind]])) is not None:
        holders = _holders(sessions[busy]) if monotonic() + pause > deadline else None
        roll_back(sessions.values(), _ROLLBACK_PATIENCE)
        if holders is not None:
            raise _no_moment(busy, patience, holders)
        if monotonic() - began > _LONG_WAIT:
            on_wait(busy)
        sleep(random.uniform(pause / 2, pause))
        pause = min(2 * pause, _LAST_PAUSE)
    outcome = run_all({server: (session, session.exchange(_LOOK)) for server, session in sessions.items()})
    if outcome.failures:
        raise one_error(outcome.failures)


def check_all_new(begun: Collection[str], servers: Iterable[str]) -> None:
    """Refuse to add a server to a snapshot.

    Parameters
    ----------
    begun : the servers of the open transaction
    servers : those of the cluster

    Raises
    ------
    errors.StaleMap : one has joined since
    """
    joined = next((server for server in servers if begun and server not in begun), None)
    if joined is not None:
        raise stale_map(joined)


def _close_all(sessions: Mapping[str, Session], train: list[Statement]) -> str | None:
    """Begin and close the gates one after the other; returns the server whose gate was not free in time."""
    for server, session in sessions.items():
        last = session.run(train)[-1]
        if last.status == _FATAL:
            error = error_of_result(last, server)
            if error.sqlstate != _LOCK_NOT_AVAILABLE:
                raise error
            return server
    return None


def _holders(session: Session) -> list[str]:
    """Who is in a server's gate; its transaction has failed."""
    train = [Statement(b"ROLLBACK", prepare=False), _SQL["holders"]]
    result = answers_of(session, train)[-1]
    return [(result.get_value(row, 0) or b"").decode() for row in range(result.ntuples)]


def _no_moment(server: str, patience: float, holders: list[str]) -> psycopg.Error:
    message = (
        f"no snapshot of all servers could be taken within {patience:g} s: on server {server}, commits were under way "
        f"all the time (now in its snapshot gate: {', '.join(holders) or 'nobody'}). Try again; a prepared transaction "
        "that stays was left behind by a client or server that was lost, and must be ended"
    )
    return known_at(psycopg.errors.LockNotAvailable(message), server)
