"""Subqueries of a gathered statement that are answered first: what their tables are, and how these are filled.

What one server answers, or each server whole, is copied as the rows of tables are. The partial rows of a split are
brought together by the merge session itself, straight into the temporary table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import psycopg

from parallel_partition.catalog.identifiers import quoted
from parallel_partition.execution.copied_texts import ask_for_columns, columns_in
from parallel_partition.execution.fan_out import answers_of
from parallel_partition.execution.literals import with_literals
from parallel_partition.execution.measure import bytes_of
from parallel_partition.execution.merge_session import MergeSession
from parallel_partition.execution.partial_rows import merge_train
from parallel_partition.execution.transaction import Transaction
from parallel_partition.planning.conditions import EveryPartition
from parallel_partition.planning.plan import (
    AnsweredFirst,
    FirstTable,
    GatheredTable,
    ShardQuery,
    Split,
    SplitDraft,
)
from parallel_partition.postgres.named_sql import load
from parallel_partition.postgres.session import Session
from parallel_partition.statements import Parameter, Statement

_SQL = {name: text.encode() for name, text in load("gather").items()}

#: Makes a split of a draft, for a statement (``part`` hidden); None where its types are not split.
Complete = Callable[[SplitDraft, Statement], Split | None]


class LockedNow(Exception):
    """PostgreSQL cannot describe a subquery at this moment: somebody has locked a table of it."""


def first_tables(
    firsts: Sequence[AnsweredFirst],
    request: Statement,
    merge: MergeSession,
    search_path: Sequence[str],
    complete: Complete,
) -> tuple[FirstTable, ...] | None:
    """The tables of subqueries, as PostgreSQL describes them; None where one cannot be kept in a table.

    Parameters
    ----------
    request : the caller's statement

    Raises
    ------
    LockedNow : a table is locked, perhaps by the caller; at another moment it may not be
    """
    found = []
    for first in firsts:
        parameters = [request.parameters[number - 1] for number in first.numbers]
        own = request._replace(text=first.described.text.encode(), parameters=parameters)
        # First in the merge session: what fails there fails no transaction of the caller's.
        made = _described(first, own, merge, search_path)
        if made is None:
            return None
        split = complete(first.asked, own) if isinstance(first.asked, SplitDraft) else None
        if isinstance(first.asked, SplitDraft) and split is None:
            return None
        definition, binary = made
        table = GatheredTable(
            "pg_temp",
            first.table,
            definition,
            first.columns,
            EveryPartition(),
            binary=binary,
            first=first.strategy,
        )
        found.append(FirstTable(first, table, split))
    return tuple(found)


def _described(
    first: AnsweredFirst, own: Statement, merge: MergeSession, search_path: Sequence[str]
) -> tuple[str, bool] | None:
    """The columns of a subquery's table, and whether their values travel in binary; None: no table can have them.

    Its collations are nowhere but in a table made of it; that is rolled back, and with it the locks of its tables.
    """
    session = merge.as_callers()
    (text,) = with_literals([own.text.decode()], own.parameters, session)
    make = f"CREATE TEMPORARY TABLE {quoted(first.table)} AS {text} WITH NO DATA"
    listed = ", ".join(map(quoted, search_path or ("pg_catalog",))).encode()
    try:
        *_, result = answers_of(
            session,
            [
                Statement(_SQL["begin"], prepare=False),
                Statement(_SQL["look_in_temporary_first"], [Parameter(listed, 25, 0)], prepare=True),
                Statement(_SQL["wait_for_no_lock"], prepare=True),
                Statement(make.encode(), prepare=False),
                ask_for_columns(first.table),
            ],
        )
    except psycopg.errors.LockNotAvailable as locked:
        raise LockedNow from locked
    except psycopg.Error:
        # Whatever it is, the statement is gathered instead, and says what is wrong with it.
        return None
    finally:
        if session.alive:
            answers_of(session, [Statement(b"ROLLBACK", prepare=False)])
    columns = columns_in(result)
    return ", ".join(column.declaration for column in columns), not any(column.as_text for column in columns)


def text_of(table: FirstTable, request: Statement, merge: Session) -> str:
    """What each server is asked, with the values of parameters as constants."""
    asked = table.first.asked
    query = table.split.partial if table.split is not None else asked
    assert isinstance(query, ShardQuery)
    parameters = table.parameters(request.parameters)
    if query.numbers is not None:
        parameters = [parameters[number - 1] for number in query.numbers]
    (text,) = with_literals([query.text], parameters, merge)
    return text


def fill_from_split(
    table: FirstTable,
    request: Statement,
    transaction: Transaction,
    sessions: Mapping[str, Session],
    merge: Session,
    parts: frozenset[int] | None,
) -> tuple[int, int]:
    """Put the rows of a split into its table; returns the bytes of the partial rows, and how many rows they became.

    Parameters
    ----------
    sessions : of the servers that have the rows, in transactions that see one moment of each
    parts : the partitions that the rows are in, None for all
    """
    split = table.split
    assert split is not None
    parameters = table.parameters(request.parameters)
    numbers = split.partial.numbers
    statement = Statement(
        split.partial.text.encode(),
        parameters if numbers is None else [parameters[number - 1] for number in numbers],
        1,
        prepare=False,
    )
    types, measure = transaction.router.types, transaction.measure
    exchanges = {}
    for server, session in sessions.items():
        exchange = session.exchange([types.for_server(statement, server, transaction.aside)])
        timed = measure.timed(server, exchange, table.table.full_name) if measure else exchange
        exchanges[server] = (session, timed)
    partials = [results[-1] for results in transaction.drive(exchanges, parts).values()]
    into = f"INSERT INTO pg_temp.{quoted(table.table.name)} ".encode()
    for statement in merge_train(split, partials, parameters, 0, into):
        result = answers_of(merge, [statement])[-1]
    return sum(map(bytes_of, partials)), result.command_tuples or 0
