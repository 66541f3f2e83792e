"""What a transaction did on servers that PostgreSQL does not prepare then, so that it is refused before the commit.

Of several servers that a transaction wrote, the first decides and commits by itself; all others are prepared. So the
catalog's server, which comes first, may do whatever it likes: LISTEN and NOTIFY, temporary tables, cursors WITH HOLD
and the like are all there. Functions that do the same reach other servers with the rows that a statement names.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from parallel_partition import errors
from parallel_partition.planning.prevents_prepare import (
    EXPORTS,
    LOCKS_IN_SESSION,
    LOCKS_IN_TRANSACTION,
    NOTIFIES,
)
from parallel_partition.postgres.driver_errors import as_driver_error


class Unpreparable:
    """Of one connection. ``calls`` is what the statement that is run calls, as `prevents_prepare` tells it."""

    def __init__(self) -> None:
        self.calls: tuple[str, ...] = ()
        self._called: dict[str, set[str]] = {}

    def refuse(self, servers: Iterable[str], writers: Sequence[str]) -> None:
        """Refuse a statement that would leave a part of the transaction that cannot be prepared; else remember it.

        Parameters
        ----------
        servers : where the statement runs
        writers : the servers that the transaction has written then, in server order

        Raises
        ------
        errors.CrossShardWriteRefused : it would; nothing has been run
        """
        called = {server: set(what) for server, what in self._called.items()}
        for server in servers if self.calls else ():
            called.setdefault(server, set()).update(self.calls)
        for server in writers[1:]:
            if (reason := _reason(called.get(server, set()))) is not None:
                message = (
                    f"the transaction has written on servers {', '.join(writers)}, and cannot be committed on all of "
                    f"them at once: {reason} on server {server}, where PostgreSQL cannot prepare it then. Commit in "
                    "between, or call that function without a table of the cluster, on the catalog's server"
                )
                raise as_driver_error(errors.CrossShardWriteRefused(message).at(server))
        self._called = called

    def end_transaction(self) -> None:
        """Forget all but the locks of sessions, which outlast it."""
        if self._called:
            kept = {server: what & {LOCKS_IN_SESSION} for server, what in self._called.items()}
            self._called = {server: what for server, what in kept.items() if what}


def _reason(called: set[str]) -> str | None:
    if NOTIFIES in called:
        return "pg_notify() was called"
    if EXPORTS in called:
        return "pg_export_snapshot() was called"
    if {LOCKS_IN_SESSION, LOCKS_IN_TRANSACTION} <= called:
        return "advisory locks of both the session and the transaction were taken, maybe of one key,"
    return None
