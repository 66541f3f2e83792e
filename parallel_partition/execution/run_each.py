"""Drive exchanges with several servers, each to its own end, whatever becomes of the others.

`fan_out.run_all` cancels the rest when one fails. The last steps of a transaction must not be cancelled: the
other servers are to commit, or roll back, all the more.
"""

from __future__ import annotations

import logging
import select
from collections.abc import Iterable, Mapping
from time import monotonic

import psycopg
from psycopg import pq

from parallel_partition.execution.failures import first_line
from parallel_partition.execution.fan_out import Outcome
from parallel_partition.postgres.driver_errors import error_of_result, known_at
from parallel_partition.postgres.session import Exchange, Session
from parallel_partition.statements import Statement

logger = logging.getLogger("parallel_partition")

_IDLE = pq.TransactionStatus.IDLE
_ROLLBACK = Statement(b"ROLLBACK", prepare=False)
_READ = select.POLLIN
_BOTH = select.POLLIN | select.POLLOUT


def run_each(exchanges: Mapping[str, tuple[Session, Exchange]], patience: float) -> Outcome:
    """Send to every server first, then wait for each; who does not answer in time is disconnected.

    Parameters
    ----------
    exchanges : a session and what to say on it, by server
    patience : seconds to wait for the answers

    Returns
    -------
    Outcome : ``failures`` holds the lost connections and the failed statements
    """
    outcome = Outcome()
    waiting: dict[str, bool] = {}
    deadline = monotonic() + patience
    try:
        for server in exchanges:
            _advance(server, exchanges, waiting, outcome)
        for server, (session, _) in exchanges.items():
            while server in waiting:
                if _ready(session, waiting[server], deadline):
                    _advance(server, exchanges, waiting, outcome)
                else:
                    _give_up(session, waiting, outcome, patience)
    except BaseException:
        for server in waiting:
            exchanges[server][0].close()
        raise
    return outcome


def _ready(session: Session, both: bool, deadline: float) -> bool:
    """Wait for the socket; False when the time is over."""
    poller = select.poll()
    poller.register(session.fileno, _BOTH if both else _READ)
    return bool(poller.poll(max(deadline - monotonic(), 0) * 1000))


def _advance(
    server: str, exchanges: Mapping[str, tuple[Session, Exchange]], waiting: dict[str, bool], outcome: Outcome
) -> None:
    """Let one exchange go on until it must wait or ends."""
    try:
        waiting[server] = next(exchanges[server][1])
        return
    except StopIteration as stop:
        results = outcome.results[server] = stop.value
        if results and results[-1].status == pq.ExecStatus.FATAL_ERROR:
            outcome.failures[server] = error_of_result(results[-1], server)
    except psycopg.Error as error:
        outcome.failures[server] = known_at(error, server)
    waiting.pop(server, None)


def _give_up(session: Session, waiting: dict[str, bool], outcome: Outcome, patience: float) -> None:
    session.close()
    del waiting[session.server]
    error = psycopg.OperationalError(f"no answer within {patience:g} s; the connection was closed")
    outcome.failures[session.server] = known_at(error, session.server)


def roll_back(sessions: Iterable[Session], patience: float) -> None:
    """ROLLBACK where a transaction is open; a server that cannot say so in time is disconnected."""
    begun = {
        session.server: session
        for session in sessions
        if session.alive and session.transaction_status != _IDLE
    }
    exchanges = {server: (session, session.exchange([_ROLLBACK])) for server, session in begun.items()}
    for server, error in run_each(exchanges, patience).failures.items():
        logger.warning(
            "server %s: rolling back failed, its connection is closed: %s", server, first_line(error)
        )
        begun[server].close()
