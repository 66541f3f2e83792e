"""What became of a transaction whose commit was not answered, asked by who was told so."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import psycopg

from parallel_partition import errors
from parallel_partition.execution.failures import one_error
from parallel_partition.execution.resolve import outcome, resolve
from parallel_partition.execution.two_phase import begun_at
from parallel_partition.postgres.driver_errors import as_driver_error
from parallel_partition.postgres.named_sql import load
from parallel_partition.postgres.pool import Pools

#: Seconds to wait for a server.
PATIENCE = 10.0
#: Seconds after which a decision that is not there may have been taken away. They are kept for 24 hours; clocks of
#: clients may be wrong by four.
KNOWN_FOR = 20 * 3600.0

_CLOCK = load("two_phase")["clock"]
_XID = re.compile("[0-9]+|[0-9a-f]{32}")


def outcome_of(
    pools: Pools, servers: Iterable[str], transaction: str | errors.CommitUnknown, server: str | None = None
) -> bool | None:
    """True for committed, False for never, None where that is not known; see `Cluster.outcome`."""
    if isinstance(transaction, errors.CommitUnknown):
        xid, server = transaction.xid, server or transaction.server
    else:
        xid = transaction
    if xid is None:
        raise _misused(
            "the transaction wrote on one server, and its number there is not known: look at its rows"
        )
    if not _XID.fullmatch(xid):
        raise _misused(f"{xid!r} is no xid: 32 hexadecimal digits, or a number of a server's own")
    if server is not None and server not in pools:
        raise as_driver_error(errors.UnknownServer(f"the cluster has no server {server}"))
    if server is None and xid.isdecimal():
        raise _misused(
            f"{xid} is a number of one server's own: give that server, too, or the CommitUnknown itself"
        )
    return _seen_anywhere(pools, servers, xid) if server is None else _settled(pools, server, xid)


def _settled(pools: Pools, server: str, xid: str) -> bool | None:
    """Whoever asks has given the transaction up: the look-up makes its outcome final."""
    with pools[server].apart(PATIENCE) as connection:
        known = outcome(connection, xid, server, patience=PATIENCE)
        if known is not None or xid.isdecimal() or _is_old(connection, xid):
            return known
        try:
            return resolve(connection, xid, server, patience=PATIENCE)
        except psycopg.errors.LockNotAvailable:
            return None


def _is_old(connection: psycopg.Connection[Any], xid: str) -> bool:
    """True when a decision may have been made, kept, and taken away since."""
    row = connection.execute(_CLOCK).fetchone()
    assert row is not None
    return float(row[0]) - begun_at(xid) > KNOWN_FOR


def _seen_anywhere(pools: Pools, servers: Iterable[str], xid: str) -> bool | None:
    """The decision, wherever it is; it is not known who would have it."""
    failures: dict[str, Exception] = {}
    for server in servers:
        try:
            with pools[server].apart(PATIENCE) as connection:
                decided = outcome(connection, xid, server, patience=PATIENCE)
        except (psycopg.Error, errors.Error) as error:
            failures[server] = error
            continue
        if decided is not None:
            return decided
    if failures:
        raise one_error(failures)
    return None


def _misused(message: str) -> errors.Error:
    return as_driver_error(errors.ProgrammingError(message))
