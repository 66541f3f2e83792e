"""EXPLAIN ANALYZE: run the statement the usual way, and measure what each server answers.

A query that leaves nothing behind is then run once more on each server, below PostgreSQL's own EXPLAIN ANALYZE, for
its plan. A write is run once only, and its plans have no real figures.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING, Any

from parallel_partition import errors
from parallel_partition.execution.answer import Answer
from parallel_partition.execution.estimate import explaining, plan_in, plans_of
from parallel_partition.execution.explain import Explanation, ServerQuery
from parallel_partition.execution.measure import Measure
from parallel_partition.execution.router import Planned
from parallel_partition.planning.functions import is_volatile
from parallel_partition.planning.parse import parse
from parallel_partition.planning.plan import Gather, LocalPlan, ReferencePlan, SelectPlan, ShardQuery, Split
from parallel_partition.planning.trees import walk
from parallel_partition.postgres.driver_errors import as_driver_error
from parallel_partition.statements import Statement

if TYPE_CHECKING:
    from parallel_partition.execution.run_plan import Runner


def analyzed(
    runner: Runner,
    planned: Planned,
    request: Statement,
    explanation: Explanation,
    options: Sequence[str] = (),
    statements: Mapping[str, Statement] | None = None,
) -> Explanation:
    """Run a statement, and add what was measured to its explanation.

    Parameters
    ----------
    options : of EXPLAIN, for PostgreSQL's own plans
    statements : what each server is asked; None for a gather

    Raises
    ------
    errors.UnsupportedQuery, psycopg.Error : as running it raises
    """
    explain = explaining(options, analyze=True)
    with _measured(runner) as measure:
        start = perf_counter()
        rows, merge_plan = _run(runner, planned, request, explanation, explain)
        seconds = perf_counter() - start
    queries = [_with_figures(query, measure) for query in explanation.queries]
    if statements and _may_run_again(runner, planned):
        plans = plans_of(runner.transaction, list(statements.items()), explain)
        queries = [replace(query, plan=plan) for query, plan in zip(queries, plans, strict=True)]
    return replace(
        explanation, queries=tuple(queries), merge_plan=merge_plan, analyzed=True, rows=rows, seconds=seconds
    )


@contextmanager
def _measured(runner: Runner) -> Iterator[Measure]:
    measure = runner.transaction.measure = Measure()
    try:
        yield measure
    finally:
        runner.transaction.measure = None


def _with_figures(query: ServerQuery, measure: Measure) -> ServerQuery:
    taken = measure.taken[query.server, query.table]
    return replace(query, rows=taken.rows, bytes=taken.bytes, seconds=taken.seconds)


def _run(
    runner: Runner, planned: Planned, request: Statement, explanation: Explanation, explain: bytes
) -> tuple[int, dict[str, Any] | None]:
    """Run it; returns its rows, and PostgreSQL's plan of what the merge session did."""
    if explanation.strategy in ("split", "gather") and isinstance(plan := planned.plan, SelectPlan):
        result = _merged(runner, planned, plan, request, explain.decode())
        merge_plan = plan_in(result.results[0])
        return _real_rows(merge_plan), merge_plan
    answer = runner.answered(planned, request)
    return max(answer.rowcount, 0), None


def _merged(runner: Runner, planned: Planned, plan: SelectPlan, request: Statement, explain: str) -> Answer:
    """Run a split or a gather, with EXPLAIN ANALYZE before what the merge session runs."""
    request = request._replace(result_format=0)
    if isinstance(plan.many, Gather):
        told = replace(plan, many=replace(plan.many, text=explain + plan.many.text))
        return runner.answered(replace(planned, plan=told), request)
    assert isinstance(planned.split, Split)
    merge = ShardQuery(explain + planned.split.merge.text, planned.split.merge.numbers)
    return runner.answered(replace(planned, split=replace(planned.split, merge=merge)), request)


def _may_run_again(runner: Runner, planned: Planned) -> bool:
    """Tell whether running a statement twice leaves nothing that once would not."""
    plan = planned.plan
    if isinstance(plan, ReferencePlan):
        return True
    if not isinstance(plan, SelectPlan) or plan.locking or planned.leaves_state:
        return False
    nodes = tuple(walk(parse(plan.one.text).statements[0]))
    return is_volatile(nodes, runner.router.state.schema) is None


# --- local tables
# -----------------------------------------------------------------------------------------------------


def local_plan(
    runner: Runner, planned: Planned, plan: LocalPlan, request: Statement, analyze: bool
) -> Explanation | None:
    """Explain what runs on the catalog's server alone: PostgreSQL's own EXPLAIN is all there is to say.

    Returns
    -------
    None where its names have become those of views that it must be planned anew for.

    Raises
    ------
    errors.UnsupportedQuery : it is to be run, and is no query
    """
    explanation = Explanation("local", plan.reason, "none", writes=plan.writes)
    query = ServerQuery(runner.router.state.catalog, plan.text)
    if plan.utility or not plan.text.strip(" \t\n;"):
        if analyze:
            raise as_driver_error(errors.UnsupportedQuery(f"EXPLAIN ANALYZE: {plan.text!r} is no query"))
        return replace(explanation, queries=(query,))
    if not runner.is_local(plan):
        return None
    text = explaining(analyze=analyze).decode() + plan.text
    start = perf_counter()
    told = replace(plan, text=text, writes=plan.writes and analyze)
    answer = runner.ask_local(planned, told, request._replace(result_format=0, prepare=False))
    if planned.leaves_state and analyze:
        runner.transaction.sessions.touch()
    seconds = perf_counter() - start
    tree = plan_in(answer.results[0])
    if not analyze:
        return replace(explanation, queries=(replace(query, plan=tree),))
    rows = _real_rows(tree)
    return replace(
        explanation,
        queries=(replace(query, plan=tree, rows=rows, seconds=seconds),),
        analyzed=True,
        rows=rows,
        seconds=seconds,
    )


def _real_rows(plan: Mapping[str, Any]) -> int:
    """The rows of a result; of a write without RETURNING, those that it changes."""
    if plan["Node Type"] == "ModifyTable" and not plan["Actual Rows"]:
        plan = plan["Plans"][0]
    rows: float = plan["Actual Rows"] * plan["Actual Loops"]
    return round(rows)
