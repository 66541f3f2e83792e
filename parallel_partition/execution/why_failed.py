"""Why statements failed on servers: a map or tables that changed meanwhile, tables that differ, or what they said."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import NoReturn

import psycopg

from parallel_partition.execution.borrowed_sessions import BorrowedSessions
from parallel_partition.execution.declared_tables import differs_instead
from parallel_partition.execution.failures import commit_unknown, first_line, one_error
from parallel_partition.execution.savepoints import Savepoint
from parallel_partition.execution.version import StaleVersion, Versions, may_be_stale
from parallel_partition.postgres.pool import Pools
from parallel_partition.postgres.session import Session

logger = logging.getLogger("parallel_partition")

#: A statement that waited too long, or was cancelled: perhaps for a lock of a prepared part that was left behind.
_WAITED = ("55P03", "57014")

#: The library's own "version changed".
_ASSERTED = "PP001"


def asserts_tables(session: Session) -> bool:
    """True when a statement that is its own transaction may be followed by an assertion of how the tables look.

    Under an old snapshot the assertion fails because it cannot tell.
    """
    return session.default_isolation == "read committed" and not session.unsure


def stale_among(
    failures: Mapping[str, psycopg.Error],
    sessions: BorrowedSessions,
    versions: Versions,
    parts: frozenset[int] | None,
    savepoint: Savepoint | None,
) -> str | None:
    """The first server whose error a stale map or schema may have caused.

    Its transaction has failed, and is rolled back to ``savepoint``, or as a whole where that is None.

    Raises
    ------
    StaleVersion : it has
    """
    stale = next((server for server, error in failures.items() if may_be_stale(error)), None)
    if stale is not None:
        try:
            moved_on = versions.moved_on(sessions[stale], parts, savepoint)
        except psycopg.Error as error:
            logger.warning("server %s: its versions could not be read: %s", stale, first_line(error))
            moved_on = False
        if moved_on:
            raise StaleVersion(stale)
    return stale


def raise_reason(
    failures: Mapping[str, psycopg.Error], stale: Session | None, versions: Versions, pools: Pools
) -> NoReturn:
    """Raise what the servers said, or that a table differs, which is why.

    Parameters
    ----------
    stale : on the server that `stale_among` gave

    Raises
    ------
    StaleVersion : the tables look otherwise than was asserted
    psycopg.Error : the error, which knows its server
    """
    instead = differs_instead(pools, versions.state, versions.text, failures)
    for server, error in failures.items():
        if error.sqlstate in _WAITED:
            pools[server].on_left_behind()
    if stale is not None and instead is None:
        versions.verify_tables(stale)
        if failures[stale.server].sqlstate == _ASSERTED:
            # The tables that differ are others, or the server could not tell under an old snapshot.
            stale.unsure += 1
            raise StaleVersion(stale.server)
    raise instead or one_error(failures)


def unless_unknown(
    failures: Mapping[str, psycopg.Error], sessions: BorrowedSessions
) -> dict[str, psycopg.Error]:
    """The same failures; where the connection was lost nobody knows whether its statement was carried out."""
    return {
        server: error if sessions[server].alive else commit_unknown(server, error)
        for server, error in failures.items()
    }
