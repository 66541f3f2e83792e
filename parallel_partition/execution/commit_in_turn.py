"""How transactions that wrote on several servers may commit, and the commit that is not atomic: one server by one.

``"2pc"`` commits on all servers or on none. ``"single"`` refuses the second server that is written. ``"best_effort"``
is for servers that take no prepared transactions: it never passes a commit of some servers for a commit.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Literal, get_args

import psycopg

from parallel_partition import errors
from parallel_partition.execution.failpoint import reach
from parallel_partition.execution.failures import first_line, one_error
from parallel_partition.execution.fan_out import answers_of, run_all
from parallel_partition.execution.resolve import Reconnect, settle
from parallel_partition.execution.run_each import roll_back
from parallel_partition.execution.snapshot import ENTER_TOGETHER
from parallel_partition.execution.two_phase import check_prepared_allowed
from parallel_partition.postgres.driver_errors import as_driver_error
from parallel_partition.postgres.named_sql import load
from parallel_partition.postgres.session import Session
from parallel_partition.statements import Statement

logger = logging.getLogger("parallel_partition")

#: What `connect` takes as ``cross_shard_writes``.
CrossShardWrites = Literal["2pc", "single", "best_effort"]
CROSS_SHARD_WRITES: tuple[CrossShardWrites, ...] = get_args(CrossShardWrites)

#: Seconds to ask a server that was lost in its commit, and for the others to roll back.
PATIENCE = 10.0

_COMMIT = Statement(b"COMMIT", prepare=False)
_NUMBER = Statement(load("two_phase")["transaction_id"].encode(), prepare=False)


def checked(value: str) -> CrossShardWrites:
    """One of the three ways, or ValueError."""
    found = next((way for way in CROSS_SHARD_WRITES if way == value), None)
    if found is None:
        ways = ", ".join(map(repr, CROSS_SHARD_WRITES))
        raise ValueError(f"cross_shard_writes is one of {ways}, not {value!r}")
    return found


def allow_writers(way: CrossShardWrites, sessions: Sequence[Session]) -> None:
    """Refuse that a transaction writes on all of these servers, before it does, where it could not commit so.

    Raises
    ------
    errors.CrossShardWriteRefused : the way is "single", or "2pc" and a server takes no prepared transactions
    """
    if way == "single":
        first, *_, last = sessions
        message = (
            f"the transaction would write on server {last.server} beside server {first.server}, and the connection "
            'was made with cross_shard_writes="single": commit before, write rows of one server only (a reference '
            'table has its rows on all of them), or connect with "2pc"'
        )
        raise as_driver_error(errors.CrossShardWriteRefused(message).at(last.server))
    if way == "2pc":
        for session in sessions:
            check_prepared_allowed(session.connection, session.server)


def commit_in_turn(sessions: Mapping[str, Session], writers: Sequence[str], reconnect: Reconnect) -> None:
    """Commit a transaction on one server after the other; the first that fails ends it, the rest is rolled back.

    Parameters
    ----------
    sessions : in an open transaction, by server, in server order
    writers : the servers among them that were written

    Raises
    ------
    errors.PartialCommit : some have committed (or are not known to), and some have not
    psycopg.Error : nothing is committed; what the first server said
    """
    numbers = _enter(sessions, writers)
    reach("in_turn.entered")
    committed: list[str] = []
    for server in writers:
        try:
            _commit(sessions[server], numbers[server], reconnect)
        except BaseException as error:
            rest = [name for name in writers if name not in committed]
            roll_back([sessions[name] for name in rest], PATIENCE)
            raise _told(error, committed, rest) from error
        committed.append(server)
        reach("in_turn.committed_one")


def _enter(sessions: Mapping[str, Session], writers: Sequence[str]) -> dict[str, str]:
    """Enter all gates, so that snapshots see the transaction as a whole; returns PostgreSQL's number of each part.

    Readers are done here: whatever fails up to now fails all.
    """
    trains = {server: [_COMMIT] for server in sessions if server not in writers}
    trains |= {server: [ENTER_TOGETHER, _NUMBER] for server in writers}
    exchanges = {
        server: (sessions[server], sessions[server].exchange(train)) for server, train in trains.items()
    }
    outcome = run_all(exchanges)
    if outcome.failures:
        raise one_error(outcome.failures)
    return {server: (outcome.results[server][-1].get_value(0, 0) or b"").decode() for server in writers}


def _commit(session: Session, number: str, reconnect: Reconnect) -> None:
    try:
        result = answers_of(session, [_COMMIT])[-1]
    except psycopg.Error as error:
        if session.alive or not number:
            raise
        if not settle(session.server, number, reconnect, error, PATIENCE):
            raise
        logger.warning("server %s was lost while it committed; it has committed", session.server)
        return
    if result.command_status != b"COMMIT":
        tag = (result.command_status or b"").decode()
        raise as_driver_error(errors.OperationalError(f"COMMIT was answered by {tag}").at(session.server))


def _told(error: BaseException, committed: Sequence[str], rest: Sequence[str]) -> BaseException:
    """The error to raise where the first of ``rest`` did not commit and the others were rolled back."""
    unknown = rest[:1] if isinstance(error, errors.CommitUnknown) else []
    if not isinstance(error, Exception):
        error.add_note(
            f"the transaction is committed on {', '.join(committed) or 'no server'}, rolled back on "
            f"{', '.join(rest[1:]) or 'no server'}, and not known to be either on {rest[0]}"
        )
        return error
    if not committed and (not unknown or len(rest) == 1):
        return error
    failed = [server for server in rest if server not in unknown]
    partial = errors.PartialCommit(
        f"the transaction is committed on {', '.join(committed) or 'no server'}, not on "
        f"{', '.join(failed) or 'no server'}"
        + (f", and not known to be either on {unknown[0]}" if unknown else "")
        + f': cross_shard_writes="best_effort" is not atomic. Server {rest[0]}: {first_line(error)}',
        committed=committed,
        failed=failed,
        unknown=unknown,
    )
    return as_driver_error(partial.at(rest[0]))
