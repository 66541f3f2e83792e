"""Explain: which plan a statement has, what each server would be asked, and what came of it when it was run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from parallel_partition import errors
from parallel_partition.execution.estimate import before_a_run, estimate, explaining, plans_of
from parallel_partition.execution.explain import Explanation, Format, ServerQuery, TableRows
from parallel_partition.execution.explain_analyze import analyzed, local_plan
from parallel_partition.execution.router import Planned
from parallel_partition.execution.run_point import point_statement
from parallel_partition.execution.run_writes import for_shard, insert_statements
from parallel_partition.execution.whole_statement import whole_statement
from parallel_partition.planning.plan import (
    ExplainPlan,
    Gather,
    GatheredTable,
    GatheredWritePlan,
    InsertPlan,
    LocalPlan,
    ModifyPlan,
    ReferencePlan,
    ReferenceWritePlan,
    Refusal,
    SelectPlan,
    SettingPlan,
    SplitDraft,
    StagedInsertPlan,
    TransactionPlan,
    Whole,
)
from parallel_partition.postgres.driver_errors import as_driver_error
from parallel_partition.statements import Statement

if TYPE_CHECKING:
    from parallel_partition.execution.run_plan import Runner

WritePlan = InsertPlan | StagedInsertPlan | ModifyPlan | GatheredWritePlan | ReferenceWritePlan


@dataclass(frozen=True, slots=True)
class Told:
    """What is known before any server is asked: the explanation, and the statement for each server."""

    explanation: Explanation
    statements: Mapping[str, Statement] = field(default_factory=dict)


def explain(
    runner: Runner, request: Statement, *, analyze: bool = False, format: Format = "text"
) -> Explanation:
    """Tell how a statement is answered; with ``analyze`` it is run, and a write is carried out.

    Raises
    ------
    errors.UnsupportedQuery : it would be refused; the message says why
    psycopg.Error : what a server said
    """
    if format not in ("text", "json"):
        message = f"the format of an explanation is 'text' or 'json', not {format!r}"
        raise as_driver_error(errors.ProgrammingError(message))
    explained = runner.current(
        lambda request: runner.guarded(lambda: explain_now(runner, request, analyze)), request
    )
    return replace(explained, format=format)


def explain_now(
    runner: Runner, request: Statement, analyze: bool, options: Sequence[str] = ()
) -> Explanation:
    """The same by the cluster as this process knows it.

    Parameters
    ----------
    options : of EXPLAIN, for PostgreSQL's own plans

    Raises
    ------
    StaleVersion : a server's map or schema is another than that
    """
    runner.transaction.refuse_when_failed()
    planned = runner.planned(request)
    if isinstance(planned.plan, LocalPlan):
        local = local_plan(runner, planned, planned.plan, request, analyze)
        return local or explain_now(runner, request, analyze, options)
    explain = explaining(before_a_run(options) if analyze else options)
    gathered = _gathered(runner, planned, request, explain)
    if gathered is not None:
        return analyzed(runner, planned, request, gathered, options) if analyze else gathered
    told = _told(runner, planned, request)
    if not isinstance(planned.plan, SettingPlan | TransactionPlan):
        explanation = replace(told.explanation, queries=_planned_by_servers(runner, told, explain))
        if not analyze:
            return explanation
        return analyzed(runner, planned, request, explanation, options, told.statements)
    if analyze:
        message = f"EXPLAIN ANALYZE: {request.text.decode(errors='replace')!r} is no query"
        raise as_driver_error(errors.UnsupportedQuery(message))
    queries = [ServerQuery(server, asked.text.decode()) for server, asked in told.statements.items()]
    return replace(told.explanation, queries=tuple(queries))


def _planned_by_servers(runner: Runner, told: Told, explain: bytes) -> tuple[ServerQuery, ...]:
    asked = list(told.statements.items())
    plans = plans_of(runner.transaction, asked, explain)
    return tuple(
        ServerQuery(server, statement.text.decode(), plan=plan)
        for (server, statement), plan in zip(asked, plans, strict=True)
    )


def _told(runner: Runner, planned: Planned, request: Statement) -> Told:
    servers = runner.router.state.servers
    match plan := planned.plan:
        case SelectPlan():
            return _select(runner, planned, plan, request)
        case ReferencePlan():
            statement = request._replace(text=planned.encode(plan.text))
            explanation = Explanation("one server", plan.reason, "none")
            return Told(explanation, {runner.router.state.catalog: statement})
        case InsertPlan() | StagedInsertPlan() | ModifyPlan() | GatheredWritePlan() | ReferenceWritePlan():
            return _told_of_write(runner, planned, plan, request)
        case SettingPlan():
            statement = request._replace(text=plan.text.encode())
            return Told(Explanation("every server", plan.reason, "none"), dict.fromkeys(servers, statement))
        case TransactionPlan():
            reason = "it concerns the transaction, on every server that takes part"
            return Told(Explanation("every server", reason, "none"))
        case ExplainPlan():
            raise as_driver_error(errors.ProgrammingError("the statement is an EXPLAIN itself; run it"))
        case LocalPlan():
            raise AssertionError("local plans are the catalog server's")


def _told_of_write(runner: Runner, planned: Planned, plan: WritePlan, request: Statement) -> Told:
    match plan:
        case GatheredWritePlan():
            return Told(_over_gathered(plan))
        case ModifyPlan():
            parts, homes = runner.homes(plan.condition, request)
            if len(homes) > 1 and plan.gathered is not None:
                return Told(_over_gathered(plan.gathered))
            statement = for_shard(planned, plan.query.text, plan.query.numbers, request)
            return Told(_write(runner, plan.reason, parts, len(homes)), dict.fromkeys(homes, statement))
        case InsertPlan() if plan.drawn:
            reason = f"{plan.reason}, with values from {', '.join(one.sequence for one in plan.drawn)}"
            return Told(Explanation("one server", reason, "unknown", writes=True))
        case InsertPlan():
            written, statements, _ = insert_statements(runner.router, plan, request, ())
            return Told(_write(runner, plan.reason, written, len(statements)), statements)
        case StagedInsertPlan():
            return Told(_staged(plan))
        case ReferenceWritePlan():
            statement = for_shard(planned, plan.query.text, plan.query.numbers, request)
            explanation = Explanation("every server", plan.reason, "none", writes=True)
            return Told(explanation, dict.fromkeys(runner.router.state.servers, statement))


def _write(runner: Runner, reason: str, parts: frozenset[int] | None, servers: int) -> Explanation:
    strategy = "one server" if servers == 1 else "whole"
    return Explanation(strategy, reason, _share(runner, parts), writes=True)


def _staged(plan: StagedInsertPlan) -> Explanation:
    """What is known of rows before they are computed: not where they go."""
    return Explanation(
        "computed first", plan.reason, "unknown", merge=f"{plan.fill} {plan.gather.text}", writes=True
    )


def _over_gathered(plan: GatheredWritePlan) -> Explanation:
    tables = tuple(
        TableRows(table.full_name, table.columns, table.filter, "unknown", table.first, table.reduced_by)
        for table in plan.gather.tables
    )
    return Explanation("gather", plan.reason, "unknown", (), plan.gather.text, tables=tables, writes=True)


def _select(runner: Runner, planned: Planned, plan: SelectPlan, request: Statement) -> Told:
    parts, homes = runner.homes(plan.condition, request)
    share = _share(runner, parts)
    if len(homes) == 1:
        explanation = Explanation("one server", plan.one_reason, share)
        if planned.point is not None:
            found = point_statement(runner.router, runner.transaction, planned.point, request)
            if found is not None:
                return Told(explanation, {found[0]: found[2]})
        return Told(explanation, {homes[0]: for_shard(planned, plan.one.text, plan.one.numbers, request)})
    explanation = Explanation(plan.strategy, plan.reason, share, passed=dict(plan.passed))
    match plan.many:
        case Whole() as whole:
            statement, _ = whole_statement(runner.transaction, planned, whole, request, homes, parts)
            explanation = replace(explanation, merge="sort" if whole.order else None)
            return Told(explanation, dict.fromkeys(homes, statement))
        case SplitDraft():
            split = planned.split
            assert split is not None  # settled
            statement = for_shard(planned, split.partial.text, split.partial.numbers, request)
            return Told(replace(explanation, merge=split.merge.text), dict.fromkeys(homes, statement))
        case Refusal(message):
            raise as_driver_error(errors.UnsupportedQuery(message))
        case Gather():
            raise AssertionError("a gather asks for each table by itself")


def _gathered(runner: Runner, planned: Planned, request: Statement, explain: bytes) -> Explanation | None:
    """The explanation of a gather, None for every other plan."""
    plan = planned.plan
    if not isinstance(plan, SelectPlan):
        return None
    parts, homes = runner.homes(plan.condition, request)
    if len(homes) == 1:
        return None
    plan = runner.settled(planned, plan, request)
    if not isinstance(gather := plan.many, Gather):
        return None
    asked = runner.gatherer.queries(gather, request, planned.first)
    estimates = estimate(runner.transaction, asked, explain)
    queries = [
        ServerQuery(server, told.query.sql, told.query.table.full_name, told.plans[server])
        for told in estimates
        for server in told.query.servers
    ]
    tables = [
        TableRows(
            told.query.table.full_name,
            told.query.table.columns,
            told.query.table.filter,
            "none" if not _is_sharded(runner, told.query.table) else _share(runner, told.query.parts),
            told.query.table.first,
            told.query.table.reduced_by,
        )
        for told in estimates
    ]
    return Explanation(
        "gather",
        plan.reason,
        _share(runner, parts),
        tuple(queries),
        gather.text,
        dict(plan.passed),
        tuple(tables),
    )


def _is_sharded(runner: Runner, table: GatheredTable) -> bool:
    return bool(table.first) or runner.router.state.schema[table.schema, table.name].sharded


def _share(runner: Runner, parts: frozenset[int] | None) -> str:
    total = runner.router.state.num_partitions
    return f"{total if parts is None else len(parts)} of {total}"
