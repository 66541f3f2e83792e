"""Whether the column ``part`` may be named: who may read some columns of a table perhaps may not read that one."""

from __future__ import annotations

from collections.abc import Sequence

from parallel_partition.execution.router import Router
from parallel_partition.execution.transaction import Transaction
from parallel_partition.planning.plan import GatheredTable
from parallel_partition.postgres.binary_array import text_array
from parallel_partition.postgres.named_sql import load
from parallel_partition.statements import Statement

_MAY_READ_PART = load("privileges")["may_read_part"].encode()


def may_read_part(
    router: Router, transaction: Transaction, server: str, tables: tuple[tuple[str, str], ...]
) -> bool:
    """Tell whether the caller may read ``part`` of tables (schema, name) on a server; asked once, unless SET was used.

    Raises
    ------
    psycopg.Error : what the server said
    """
    touched = transaction.sessions.settings_touched  # the role may be another
    known = None if touched else router.readable.get((server, tables))
    if known is None:
        transaction.refuse_when_failed()
        parameters = [text_array(pair[place] for pair in tables) for place in range(2)]
        found = transaction.aside(server, Statement(_MAY_READ_PART, parameters, prepare=True))
        known = found.get_value(0, 0) == b"t"
        if not touched:
            router.readable[server, tables] = known
    return known


def nameable(
    parts: frozenset[int] | None,
    table: GatheredTable,
    servers: Sequence[str],
    router: Router,
    transaction: Transaction,
) -> frozenset[int] | None:
    """The same partitions where the caller may read ``part`` of a table on these servers, else None.

    Raises
    ------
    psycopg.Error : what a server said
    """
    names = ((table.schema, table.name),)
    allowed = parts and all(may_read_part(router, transaction, server, names) for server in servers)
    return parts if allowed else None
