"""The commit of a transaction: on all servers that it has begun on, atomically where several were written."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

import psycopg

from parallel_partition import errors
from parallel_partition.execution.commit_in_turn import commit_in_turn
from parallel_partition.execution.failpoint import reach
from parallel_partition.execution.failures import commit_unknown, one_error, stale_map
from parallel_partition.execution.fan_out import run_all
from parallel_partition.execution.resolve import Reconnect, settle
from parallel_partition.execution.router import Router
from parallel_partition.execution.snapshot import ENTER_ALONE, ENTER_TOGETHER
from parallel_partition.execution.two_phase import PATIENCE, commit_everywhere
from parallel_partition.execution.version import Versions, may_be_stale
from parallel_partition.postgres.driver_errors import as_driver_error
from parallel_partition.postgres.named_sql import load
from parallel_partition.postgres.session import Session
from parallel_partition.statements import Statement

logger = logging.getLogger("parallel_partition")

_COMMIT = Statement(b"COMMIT", prepare=False)
#: PostgreSQL's number of the transaction, told before its COMMIT may be lost.
_NUMBER = Statement(load("two_phase")["transaction_id"].encode(), prepare=False, answered_at_once=True)


def commit_begun(
    router: Router,
    versions: Versions,
    sessions: Mapping[str, Session],
    writers: Sequence[str],
    *,
    atomic: bool = True,
) -> None:
    """Assert the versions on every server, and commit.

    Parameters
    ----------
    sessions : by server, in server order: those that the transaction has begun on
    writers : the servers among them that it wrote
    atomic : on all servers or on none; else on one after the other

    Raises
    ------
    errors.StaleMap : a server's map changed after the statements ran; nothing is committed
    errors.CommitUnknown : the decider was lost at the commit point
    errors.PartialCommit : it was not to be atomic, and only some servers have committed
    psycopg.Error : what a server said; nothing is committed
    """

    def reconnect(server: str) -> AbstractContextManager[psycopg.Connection[Any]]:
        return router.pools[server].connection()

    if len(writers) > 1:
        # The first server's gate before the others': see `snapshot`.
        assert_versions(versions, sessions, {writers[0]: [ENTER_TOGETHER]})
        reach("gate.entered")
        if not atomic:
            commit_in_turn(sessions, writers, reconnect)
            return
        participants = {server: session.connection for server, session in sessions.items()}
        commit_everywhere(participants, router.state.cluster_id, reconnect, writers=writers)
        return
    readers = {server: session for server, session in sessions.items() if server not in writers}
    if readers:
        assert_versions(versions, readers, {server: [_COMMIT] for server in readers})
    for server in writers:
        _commit_writer(versions, sessions[server], reconnect)


def _commit_writer(versions: Versions, session: Session, reconnect: Reconnect) -> None:
    behind = {session.server: [ENTER_ALONE, _NUMBER, _COMMIT]}
    try:
        assert_versions(versions, {session.server: session}, behind)
    except psycopg.Error as error:
        if session.alive or not _committed_in_spite_of(error, session, reconnect):
            raise
    except BaseException as interruption:
        interruption.add_note(
            f"whether the transaction was committed on server {session.server} is not known"
        )
        raise


def _committed_in_spite_of(error: psycopg.Error, session: Session, reconnect: Reconnect) -> bool:
    """Whether the server has committed, although it was lost before it could say so.

    Raises
    ------
    errors.CommitUnknown : it cannot be asked
    """
    told = [result for result in session.received if result.nfields == 1 and result.fname(0) == b"number"]
    if not told:
        raise commit_unknown(session.server, error) from error
    number = (told[0].get_value(0, 0) or b"").decode()
    if not number or not settle(session.server, number, reconnect, error, PATIENCE):
        return False  # there was nothing to commit, or it is rolled back
    logger.warning("server %s was lost while it committed; it has committed", session.server)
    return True


def assert_versions(
    versions: Versions, sessions: Mapping[str, Session], behind: Mapping[str, Sequence[Statement]]
) -> None:
    """Assert the versions on servers; what some run ``behind`` that is not reached when they changed.

    Raises
    ------
    errors.StaleMap : they changed on a server
    psycopg.Error : what a server said
    """
    exchanges = {}
    for server, session in sessions.items():
        train = [versions.assertion(server, None), *behind.get(server, ())]
        exchanges[server] = (session, session.exchange(train))
    outcome = run_all(exchanges)
    stale = next((server for server, error in outcome.failures.items() if may_be_stale(error)), None)
    if stale is not None:
        raise stale_map(stale) from outcome.failures[stale]
    if outcome.failures:
        raise one_error(outcome.failures)
    for server, results in outcome.results.items():
        if _COMMIT in behind.get(server, ()) and results[-1].command_status != b"COMMIT":
            tag = (results[-1].command_status or b"").decode()
            raise as_driver_error(errors.OperationalError(f"COMMIT was answered by {tag}").at(server))
