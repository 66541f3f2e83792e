"""Explain: which plan a statement has, and what each server would be asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parallel_partition import errors
from parallel_partition.execution.explain import Explanation
from parallel_partition.execution.router import Planned
from parallel_partition.execution.run_writes import insert_statements
from parallel_partition.planning.plan import (
    Gather,
    InsertPlan,
    LocalPlan,
    ModifyPlan,
    ReferencePlan,
    ReferenceWritePlan,
    Refusal,
    SelectPlan,
    SettingPlan,
    SplitDraft,
    TransactionPlan,
    Whole,
)
from parallel_partition.postgres.driver_errors import as_driver_error
from parallel_partition.statements import Statement

if TYPE_CHECKING:
    from parallel_partition.execution.run_plan import Runner


def explain(runner: Runner, request: Statement) -> Explanation:
    """Tell how a statement would be answered, without running it.

    Raises
    ------
    errors.UnsupportedQuery : it would be refused; the message says why
    """
    return runner.current(lambda request: _explain(runner, request), request)


def _explain(runner: Runner, request: Statement) -> Explanation:
    planned = runner.planned(request)
    state = runner.router.state
    match plan := planned.plan:
        case SelectPlan():
            return _select(runner, planned, plan, request)
        case ReferencePlan() | LocalPlan():
            strategy = "local" if isinstance(plan, LocalPlan) else "one server"
            return Explanation(strategy, plan.reason, "none", {state.catalog: plan.text})
        case ModifyPlan():
            parts, homes = runner.homes(plan.condition, request)
            strategy = "one server" if len(homes) == 1 else "whole"
            texts = dict.fromkeys(homes, plan.query.text)
            return Explanation(strategy, plan.reason, _share(runner, parts), texts)
        case InsertPlan():
            return _insert(runner, plan, request)
        case ReferenceWritePlan():
            texts = dict.fromkeys(state.servers, plan.query.text)
            return Explanation("every server", plan.reason, "none", texts)
        case SettingPlan():
            return Explanation("every server", plan.reason, "none", dict.fromkeys(state.servers, plan.text))
        case TransactionPlan():
            reason = "it concerns the transaction, on every server that takes part"
            return Explanation("every server", reason, "none")


def _select(runner: Runner, planned: Planned, plan: SelectPlan, request: Statement) -> Explanation:
    parts, homes = runner.homes(plan.condition, request)
    share = _share(runner, parts)
    if len(homes) == 1:
        named = plan.in_partition if planned.point is not None else None
        text = plan.one.text if named is None else named.text
        return Explanation("one server", plan.one_reason, share, {homes[0]: text})
    match plan.many:
        case Whole() as whole:
            merge = "sort" if whole.order else None
            return Explanation("whole", plan.reason, share, dict.fromkeys(homes, whole.shard.text), merge)
        case SplitDraft() as draft:
            split = runner.completed(planned, plan, draft, request)
            texts = dict.fromkeys(homes, split.partial.text)
            return Explanation("split", plan.reason, share, texts, split.merge.text)
        case Gather() as gather:
            homes = runner.router.homes(None)
            return Explanation("gather", plan.reason, share, dict.fromkeys(homes, ""), gather.text)
        case Refusal(message):
            raise as_driver_error(errors.UnsupportedQuery(message))


def _insert(runner: Runner, plan: InsertPlan, request: Statement) -> Explanation:
    parts, statements = insert_statements(runner.router, plan, request)
    texts = {server: statement.text.decode() for server, statement in statements.items()}
    strategy = "one server" if len(texts) == 1 else "whole"
    return Explanation(strategy, plan.reason, _share(runner, parts), texts)


def _share(runner: Runner, parts: frozenset[int] | None) -> str:
    total = runner.router.state.num_partitions
    return f"{total if parts is None else len(parts)} of {total}"
