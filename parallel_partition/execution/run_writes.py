"""Run INSERT, UPDATE and DELETE: each row to its home, several servers in one atomic commit."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from psycopg.pq.abc import PGresult

from parallel_partition import errors
from parallel_partition.catalog.key_text import NotProven
from parallel_partition.execution.answer import Answer, answer_of, changes_of
from parallel_partition.execution.router import Planned, Router
from parallel_partition.execution.transaction import Transaction
from parallel_partition.planning.plan import InsertPlan, ModifyPlan, ReferenceWritePlan
from parallel_partition.planning.prune import key_texts, partitions
from parallel_partition.postgres.driver_errors import as_driver_error
from parallel_partition.statements import Parameter, Parameters, Statement

_INT4 = 23
_TEXT = 25
_NUMBER = re.compile(r"\$(\d+)")


def run_insert(router: Router, transaction: Transaction, plan: InsertPlan, request: Statement) -> Answer:
    """Run INSERT ... VALUES: the rows of each server in one statement for it."""
    parts, statements = insert_statements(router, plan, request)
    return _write(transaction, statements, parts, returning=plan.returning)


def insert_statements(
    router: Router, plan: InsertPlan, request: Statement
) -> tuple[frozenset[int], dict[str, Statement]]:
    """The partitions that an INSERT writes, and the statement for each of their homes, in server order."""
    rows_of_server: dict[str, list[tuple[int, str]]] = defaultdict(list)
    parts: set[int] = set()
    shard_map = router.state.shard_map
    for row, key in zip(plan.rows, plan.keys, strict=True):
        try:
            part = shard_map.part_of_texts(key_texts(key, request.parameters))
        except (NotProven, errors.DataError) as reason:
            schema, table = plan.table
            message = (
                f"INSERT INTO {schema}.{table}: the partition of a row cannot be told from its key: {reason}"
            )
            raise as_driver_error(errors.UnsupportedQuery(message)) from None
        parts.add(part)
        rows_of_server[shard_map.home_of(part)].append((part, row))
    if len(plan.rows) == 1:
        [(server, [(part, row)])] = rows_of_server.items()
        statements = {server: _one_row(plan, row, part, request)}
    else:
        statements = {
            server: _many_rows(plan, rows_of_server[server], request)
            for server in router.state.servers
            if server in rows_of_server
        }
    _refuse_several(plan, statements)
    return frozenset(parts), statements


def _refuse_several(plan: InsertPlan | ModifyPlan, servers: Collection[str]) -> None:
    """Refuse a write that only one server can do right, when it reaches several."""
    if len(servers) > 1 and plan.refusal is not None:
        raise as_driver_error(errors.UnsupportedQuery(plan.refusal.message))


def _one_row(plan: InsertPlan, row: str, part: int, request: Statement) -> Statement:
    """``part`` as one more parameter, so that one prepared statement serves all partitions."""
    number = len(request.parameters) + 1
    text = f"{plan.head} {row}, ${number}) {plan.tail}"
    return request._replace(
        text=text.encode(), parameters=[*request.parameters, Parameter(b"%d" % part, _INT4, 0)]
    )


def _many_rows(plan: InsertPlan, rows: Sequence[tuple[int, str]], request: Statement) -> Statement:
    text = f"{plan.head} {', '.join(f'{row}, {part})' for part, row in rows)} {plan.tail}"
    return request._replace(text=text.encode(), parameters=_typed_when_unused(text, request.parameters))


def _typed_when_unused(text: str, parameters: Sequence[Parameter]) -> list[Parameter]:
    """Parameters of rows that went elsewhere get a type: PostgreSQL refuses one whose type it cannot infer."""
    used = {int(number) for number in _NUMBER.findall(text)}
    return [
        parameter if parameter.oid or number in used else parameter._replace(oid=_TEXT)
        for number, parameter in enumerate(parameters, start=1)
    ]


def run_modify(
    router: Router, transaction: Transaction, planned: Planned, plan: ModifyPlan, request: Statement
) -> Answer:
    """Run UPDATE or DELETE on the homes of the partitions that it can match."""
    parts, statements = modify_statements(router, planned, plan, request)
    return _write(transaction, statements, parts, returning=plan.returning)


def modify_statements(
    router: Router, planned: Planned, plan: ModifyPlan, request: Statement
) -> tuple[frozenset[int] | None, dict[str, Statement]]:
    """The partitions that an UPDATE or DELETE can match, and the statement for each of their homes."""
    parts = partitions(plan.condition, request.parameters, router.state.shard_map)
    homes = router.homes(parts) or (router.state.catalog,)
    _refuse_several(plan, homes)
    statement = for_shard(planned, plan.query.text, plan.query.numbers, request)
    return parts, dict.fromkeys(homes, statement)


def run_reference_write(
    router: Router, transaction: Transaction, planned: Planned, plan: ReferenceWritePlan, request: Statement
) -> Answer:
    """Write a reference table on every server; the first server's answer is the answer, and the others must agree."""
    statement = for_shard(planned, plan.query.text, plan.query.numbers, request)
    servers = tuple(router.state.servers)
    if plan.returning:
        _require_readable(transaction, {servers[0]: statement})
    answers = transaction.ask(dict.fromkeys(servers, statement), frozenset(), writes=True)
    first = answers[servers[0]]
    for server in servers[1:]:
        if answers[server].command_tuples != first.command_tuples:
            _disagree(plan, servers[0], first, server, answers[server])
    commit_in_autocommit(transaction)
    return answer_of(first, servers[0])


def _disagree(
    plan: ReferenceWritePlan,
    one: str,
    first: PGresult,
    other: str,
    second: PGresult,
) -> None:
    schema, table = plan.table
    message = (
        f"reference table {schema}.{table} differs between servers: this statement changed {first.command_tuples} "
        f"rows on {one} and {second.command_tuples} on {other}; its transaction is rolled back"
    )
    raise as_driver_error(errors.InternalError(message).at(other))


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
        _require_readable(transaction, statements)
    answers = transaction.ask(statements, parts, writes=True)
    commit_in_autocommit(transaction)
    return changes_of([answers[server] for server in statements], tuple(statements))


def _require_readable(transaction: Transaction, statements: Mapping[str, Statement]) -> None:
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
