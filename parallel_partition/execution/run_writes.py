"""Run INSERT, UPDATE and DELETE: each row to its home, several servers in one atomic commit."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

from psycopg.pq.abc import PGresult

from parallel_partition import errors
from parallel_partition.catalog.key_text import NotProven
from parallel_partition.execution.answer import Answer, answer_of, changes_of
from parallel_partition.execution.moment import with_one_clock
from parallel_partition.execution.router import Planned, Router
from parallel_partition.execution.transaction import Transaction
from parallel_partition.planning.conditions import DrawnKey, KeyRow, KnownKey
from parallel_partition.planning.plan import (
    GatheredWritePlan,
    InsertPlan,
    ModifyPlan,
    ReferenceWritePlan,
    StagedInsertPlan,
)
from parallel_partition.planning.prune import key_texts
from parallel_partition.postgres.binary_array import integers_of
from parallel_partition.postgres.driver_errors import as_driver_error
from parallel_partition.postgres.named_sql import load
from parallel_partition.statements import Parameter, Parameters, Statement

_INT4, _INT8, _TEXT = 23, 20, 25
_DRAW = load("sequences")["draw"].encode()
_NUMBER = re.compile(r"\$(\d+)")


class _Row(NamedTuple):
    """A row of an INSERT: its number, its text, and the values that are added: those drawn, and its partition."""

    number: int
    text: str
    added: tuple[int, ...]


class InsertStatements(NamedTuple):
    """What an INSERT asks of the homes of its rows, in server order, and the numbers of the rows of each."""

    parts: frozenset[int]
    statements: dict[str, Statement]
    numbers: list[int]


def run_insert(
    router: Router,
    transaction: Transaction,
    plan: InsertPlan,
    request: Statement,
    staged: Callable[[StagedInsertPlan], Answer],
) -> Answer:
    """Run INSERT ... VALUES: the rows of each server in one statement for it.

    Parameters
    ----------
    staged : runs the plan that computes them first, for rows whose homes are not certain before
    """
    try:
        _require_certain(plan, request)
        values = [integers_of(draw(transaction, one.sequence, len(plan.rows))) for one in plan.drawn]
        parts, statements, numbers = insert_statements(router, plan, request, values)
    except errors.UnsupportedQuery:
        if plan.staged is None:
            raise
        return staged(plan.staged)
    statements = _at_one_moment(plan, statements, transaction)
    answer = _write(transaction, statements, parts, returning=plan.returning)
    return in_order_of_rows(answer, numbers) if plan.returning else answer


def _require_certain(plan: InsertPlan, request: Statement) -> None:
    """Before anything is drawn, make sure that nothing else keeps an INSERT from being run as it is.

    Raises
    ------
    errors.UnsupportedQuery : something does
    """
    if plan.drawn and plan.refusal is not None:
        raise as_driver_error(errors.UnsupportedQuery(plan.refusal.message))
    for key in plan.keys if plan.drawn else ():
        _part_texts(plan, tuple(one for one in key if not isinstance(one, DrawnKey)), request)


def _part_texts(plan: InsertPlan, key: KeyRow, request: Statement) -> tuple[str | None, ...]:
    try:
        return key_texts(key, request.parameters)
    except (NotProven, errors.DataError) as reason:
        message = f"INSERT INTO {'.'.join(plan.table)}: the partition of a row cannot be told from its key: {reason}"
        raise as_driver_error(errors.UnsupportedQuery(message)) from None


def in_order_of_rows(answer: Answer, numbers: Sequence[int]) -> Answer:
    """The answer with what RETURNING gives in the order of the rows that were inserted, where it gives one for each.

    Parameters
    ----------
    numbers : of the rows, in the order in which the servers had them
    """
    if answer.stop == len(numbers) and len(answer.results) > 1:
        answer.order = sorted(range(len(numbers)), key=numbers.__getitem__)
    return answer


def draw(transaction: Transaction, sequence: str, count: int) -> bytes:
    """The next values of a sequence of the catalog's, as an array of int8 in binary.

    They are drawn in the caller's own session, so that ``currval`` and ``lastval`` tell what they do in one PostgreSQL.
    """
    given = (Parameter(sequence.encode(), _TEXT, 0), Parameter(b"%d" % count, _INT8, 0))
    statement = Statement(_DRAW, given, 1, prepare=True)
    return bytes(transaction.aside(transaction.router.state.catalog, statement).get_value(0, 0) or b"")


def insert_statements(
    router: Router, plan: InsertPlan, request: Statement, drawn: Sequence[Sequence[int]]
) -> InsertStatements:
    """The statements of an INSERT.

    Parameters
    ----------
    drawn : a value for each row, for each column that is drawn
    """
    rows_of_server: dict[str, list[_Row]] = defaultdict(list)
    parts: set[int] = set()
    shard_map = router.state.shard_map
    for number, (row, key) in enumerate(zip(plan.rows, plan.keys, strict=True)):
        values = tuple(column[number] for column in drawn)
        known = [KnownKey(str(values[one.place])) if isinstance(one, DrawnKey) else one for one in key]
        part = shard_map.part_of_texts(_part_texts(plan, tuple(known), request))
        parts.add(part)
        rows_of_server[shard_map.home_of(part)].append(_Row(number, row, (*values, part)))
    if len(plan.rows) == 1:
        [(server, [one])] = rows_of_server.items()
        statements = {server: _one_row(plan, one, request)}
    else:
        statements = {
            server: _many_rows(plan, rows_of_server[server], request)
            for server in router.state.servers
            if server in rows_of_server
        }
    _refuse_several(plan, statements)
    numbers = [row.number for server in statements for row in rows_of_server[server]]
    return InsertStatements(frozenset(parts), statements, numbers)


def _refuse_several(plan: InsertPlan | ModifyPlan, servers: Collection[str]) -> None:
    """Refuse a write that only one server can do right, when it reaches several."""
    if len(servers) > 1 and plan.refusal is not None:
        raise as_driver_error(errors.UnsupportedQuery(plan.refusal.message))


def _one_row(plan: InsertPlan, row: _Row, request: Statement) -> Statement:
    """``part`` and what is drawn as more parameters, so that one prepared statement serves all partitions."""
    first = len(request.parameters) + 1
    numbers = "".join(f", ${number}" for number in range(first, first + len(row.added)))
    text = f"{plan.head} {row.text}{numbers}) {plan.tail}"
    *drawn, part = row.added
    added = [*(Parameter(b"%d" % value, _INT8, 0) for value in drawn), Parameter(b"%d" % part, _INT4, 0)]
    return request._replace(text=text.encode(), parameters=[*request.parameters, *added])


def _many_rows(plan: InsertPlan, rows: Sequence[_Row], request: Statement) -> Statement:
    listed = ", ".join(f"{row.text}{''.join(f', {value}' for value in row.added)})" for row in rows)
    text = f"{plan.head} {listed} {plan.tail}"
    return request._replace(text=text.encode(), parameters=_typed_when_unused(text, request.parameters))


def _typed_when_unused(text: str, parameters: Sequence[Parameter]) -> list[Parameter]:
    """Parameters of rows that went elsewhere get a type: PostgreSQL refuses one whose type it cannot infer."""
    used = {int(number) for number in _NUMBER.findall(text)}
    return [
        parameter if parameter.oid or number in used else parameter._replace(oid=_TEXT)
        for number, parameter in enumerate(parameters, start=1)
    ]


def run_modify(
    router: Router,
    transaction: Transaction,
    planned: Planned,
    plan: ModifyPlan,
    request: Statement,
    gathered: Callable[[GatheredWritePlan], Answer],
) -> Answer:
    """Run UPDATE or DELETE on the homes of the partitions that it can match.

    Parameters
    ----------
    gathered : runs the plan for what several servers cannot do by themselves
    """
    if plan.gathered is not None and len(router.homes_of(plan.condition, request.parameters)[1]) > 1:
        return gathered(plan.gathered)
    parts, statements = modify_statements(router, planned, plan, request)
    statements = _at_one_moment(plan, statements, transaction)
    return _write(transaction, statements, parts, returning=plan.returning)


def modify_statements(
    router: Router, planned: Planned, plan: ModifyPlan, request: Statement
) -> tuple[frozenset[int] | None, dict[str, Statement]]:
    """The partitions that an UPDATE or DELETE can match, and the statement for each of their homes."""
    parts, homes = router.homes_of(plan.condition, request.parameters)
    _refuse_several(plan, homes)
    statement = for_shard(planned, plan.query.text, plan.query.numbers, request)
    return parts, dict.fromkeys(homes, statement)


def run_reference_write(
    router: Router, transaction: Transaction, planned: Planned, plan: ReferenceWritePlan, request: Statement
) -> Answer:
    """Write on every server; the first server's answer is the answer, and the others must agree."""
    parts, same = reference_statements(router, planned, plan, request)
    statements = _at_one_moment(plan, same, transaction)
    if plan.returning:
        require_readable(transaction, dict(list(statements.items())[:1]))
    asked = transaction.ask(statements, parts, writes=True)
    answers = {server: asked[server] for server in statements}
    [(first, answer)] = answer_of_all(plan.table, answers).items()
    commit_in_autocommit(transaction)
    return answer_of(answer, first)


def reference_statements(
    router: Router, planned: Planned, plan: ReferenceWritePlan, request: Statement
) -> tuple[frozenset[int] | None, dict[str, Statement]]:
    """The partitions that a write on every server relies on, and the statement for each of them."""
    statement = for_shard(planned, plan.query.text, plan.query.numbers, request)
    parts = None if router.state.schema[plan.table].sharded else frozenset[int]()
    return parts, dict.fromkeys(router.state.servers, statement)


def _at_one_moment(
    plan: InsertPlan | ModifyPlan | ReferenceWritePlan,
    statements: Mapping[str, Statement],
    transaction: Transaction,
) -> dict[str, Statement]:
    """The statements of a write with one moment in the place of what reads the clock; see `moment.with_one_clock`."""
    texts = {server: statement.text for server, statement in statements.items()}
    made = with_one_clock(texts, plan.clock, transaction)
    return {
        server: statement
        if made[server] is statement.text
        else statement._replace(text=made[server], prepare=False)
        for server, statement in statements.items()
    }


def answer_of_all(table: tuple[str, str], answers: Mapping[str, PGresult]) -> dict[str, PGresult]:
    """The first server's answer to a write of a reference table, which the others must agree with.

    Raises
    ------
    errors.InternalError : one changed another number of rows
    """
    (one, first), *others = answers.items()
    for other, second in others:
        if second.command_tuples != first.command_tuples:
            raise disagreement(table, (one, first.command_tuples), (other, second.command_tuples))
    return {one: first}


def disagreement(
    table: tuple[str, str], one: tuple[str, int | None], other: tuple[str, int | None]
) -> errors.Error:
    """The error for a write of a reference table that changed another number of rows on one server than on another."""
    message = (
        f"reference table {'.'.join(table)} differs between servers: this statement changed {one[1]} rows on "
        f"{one[0]} and {other[1]} on {other[0]}; its transaction is rolled back"
    )
    return as_driver_error(errors.InternalError(message).at(other[0]))


def for_shard(planned: Planned, text: str, numbers: tuple[int, ...] | None, request: Statement) -> Statement:
    """The statement with a text of a plan's, and the parameters that it uses."""
    parameters = request.parameters
    if numbers is not None:
        parameters = [parameters[number - 1] for number in numbers]
    return request._replace(text=planned.encode(text), parameters=parameters)


def _write(
    transaction: Transaction,
    statements: Mapping[str, Statement],
    parts: frozenset[int] | None,
    *,
    returning: bool,
) -> Answer:
    if returning:
        require_readable(transaction, statements)
    answers = transaction.ask(statements, parts, writes=True)
    commit_in_autocommit(transaction)
    return changes_of([answers[server] for server in statements], tuple(statements))


def require_readable(transaction: Transaction, statements: Mapping[str, Statement]) -> None:
    """Refuse a write whose rows in binary could not be handed out, before it is run."""
    router = transaction.router
    statement = next(iter(statements.values()))
    if statement.result_format and set(statements) - {router.state.catalog}:
        transaction.refuse_when_failed()
        session = transaction.session(router.state.catalog)
        types = Parameters.of(statement.parameters).types
        router.types.require_flat(transaction.describe(session, statement.text, types), transaction.aside)


def commit_in_autocommit(transaction: Transaction) -> None:
    """In autocommit a statement for several servers began a transaction of its own; end it."""
    if not transaction.in_block and transaction.status:
        transaction.commit()
