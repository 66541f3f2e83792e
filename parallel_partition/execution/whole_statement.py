"""What each server is asked of a plan that runs whole: its text, with the partitions named where they are few."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from parallel_partition.execution.readable_part import may_read_part
from parallel_partition.execution.router import Planned
from parallel_partition.execution.run_writes import for_shard
from parallel_partition.execution.text_forms import with_exact_keys
from parallel_partition.execution.transaction import Transaction
from parallel_partition.planning.plan import Whole
from parallel_partition.statements import Parameters, Statement

_INT4_ARRAY = 1007


def whole_statement(
    transaction: Transaction,
    planned: Planned,
    whole: Whole,
    request: Statement,
    homes: Sequence[str],
    parts: frozenset[int] | None,
) -> tuple[Statement, Whole]:
    """The statement for each of ``homes``, and the plan with the keys that its rows have.

    Parameters
    ----------
    homes : the servers that are asked
    parts : the partitions that hold the rows, None for all

    Raises
    ------
    errors.UnsupportedQuery : no key tells the order of the rows under the caller's settings
    psycopg.Error : what a server said
    """
    statement = _in_partitions(transaction, planned, whole, request, homes, parts)
    statement, order, hidden = with_exact_keys(transaction, statement, whole.order, whole.hidden, homes[0])
    return statement, replace(whole, order=order, hidden=hidden)


def _in_partitions(
    transaction: Transaction,
    planned: Planned,
    whole: Whole,
    request: Statement,
    homes: Sequence[str],
    parts: frozenset[int] | None,
) -> Statement:
    """The statement with its partitions named, where these are few and everybody may read ``part``."""
    statement = for_shard(planned, whole.shard.text, whole.shard.numbers, request)
    router, named = transaction.router, whole.in_partitions
    # Of most partitions their numbers would only be one more thing to compare.
    few = parts is not None and 2 * len(parts) <= router.state.num_partitions
    if named is None or parts is None or not few or transaction.sessions.settings_touched:
        return statement
    if not all(may_read_part(router, transaction, server, named.tables) for server in homes):
        return statement
    given = Parameters.of(statement.parameters)
    listed = b"{%s}" % b",".join(b"%d" % part for part in sorted(parts))
    parameters = Parameters([*given.values, listed], (*given.types, _INT4_ARRAY), [*given.formats, 0])
    return statement._replace(text=planned.encode(named.text), parameters=parameters)
