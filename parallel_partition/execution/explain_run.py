"""EXPLAIN as a statement that is sent: its answer is rows of one column, as PostgreSQL's."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from parallel_partition.execution.answer import Answer, answer_of
from parallel_partition.execution.explain_plan import explain_now
from parallel_partition.planning.plan import ExplainPlan, LocalPlan
from parallel_partition.postgres.binary_array import TEXT_OID, text_array
from parallel_partition.statements import Parameter, Statement

if TYPE_CHECKING:
    from parallel_partition.execution.run_plan import Runner

_LINES = b'SELECT "QUERY PLAN" FROM pg_catalog.unnest($1) WITH ORDINALITY AS t("QUERY PLAN", n) ORDER BY n'
_DOCUMENT = b'SELECT CAST($1 AS pg_catalog.json) AS "QUERY PLAN"'


def run_explain(runner: Runner, plan: ExplainPlan, request: Statement) -> Answer:
    """Answer an EXPLAIN; with ANALYZE its statement is run.

    Raises
    ------
    errors.UnsupportedQuery : its statement would be refused
    psycopg.Error : what a server said
    """
    explained = request._replace(text=plan.query.encode())
    planned = runner.planned(explained)
    if isinstance(
        planned.plan, LocalPlan
    ):  # what looked like names of tables was none: PostgreSQL's own EXPLAIN
        local = replace(planned.plan, text=plan.text, writes=planned.plan.writes and plan.analyze)
        if not runner.is_local(local):
            return run_explain(runner, plan, request)
        return runner.ask_local(planned, local, request)
    explanation = explain_now(runner, explained, plan.analyze, plan.options)
    if plan.format == "json":
        shown = Parameter(explanation.as_json().encode(), TEXT_OID, 0)
        statement = Statement(_DOCUMENT, (shown,), request.result_format, prepare=False)
    else:
        shown = text_array(str(explanation).splitlines())
        statement = Statement(_LINES, (shown,), request.result_format, prepare=False)
    # Where no transaction has begun it does so, as any statement does.
    answer = answer_of(runner.transaction.ask_one(runner.router.state.catalog, statement, frozenset()))
    answer.status = b"EXPLAIN"
    return answer
