"""Which functions that a statement calls keep PostgreSQL from preparing the transaction that called them."""

from __future__ import annotations

import re

from parallel_partition.planning.analysis import call_name
from parallel_partition.planning.parse import parse
from parallel_partition.planning.trees import walk

#: What each of them is in PostgreSQL's words. Locks prevent it only where both kinds of one key are held.
NOTIFIES, EXPORTS = "pg_notify", "pg_export_snapshot"
LOCKS_IN_SESSION, LOCKS_IN_TRANSACTION = "a lock of the session", "a lock of the transaction"

_SEEN = re.compile("pg_notify|pg_export_snapshot|advisory", re.IGNORECASE)
_LOCK = re.compile("pg_(?:try_)?advisory_(xact_)?lock(?:_shared)?")


def prevents_prepare(text: str) -> tuple[str, ...]:
    """What of these a statement calls. Those that functions and triggers of users call are not seen."""
    if not _SEEN.search(text):
        return ()
    found = set()
    for statement in parse(text).statements:
        for kind, body in walk(statement):
            if kind != "FuncCall":
                continue
            schema, name = call_name(body)
            if schema is not None:
                continue
            if name in {NOTIFIES, EXPORTS}:
                found.add(name)
            elif lock := _LOCK.fullmatch(name):
                found.add(LOCKS_IN_TRANSACTION if lock[1] else LOCKS_IN_SESSION)
    return tuple(sorted(found))
