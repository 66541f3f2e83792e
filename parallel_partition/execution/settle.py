"""What a plan needs PostgreSQL's description for: the types of a split, and of subqueries that are answered first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from parallel_partition import errors
from parallel_partition.execution.answer_first import LockedNow, first_tables
from parallel_partition.execution.described import output_columns
from parallel_partition.execution.merge_session import MergeSession
from parallel_partition.execution.router import Planned
from parallel_partition.execution.transaction import Transaction
from parallel_partition.planning.plan import Gather, NotSplit, SelectPlan, Split, SplitDraft
from parallel_partition.postgres.driver_errors import as_driver_error
from parallel_partition.statements import OutputColumn, Statement


def settle(
    planned: Planned,
    plan: SelectPlan,
    request: Statement,
    transaction: Transaction,
    merge: MergeSession,
    search_path: Sequence[str],
) -> SelectPlan:
    """The plan of ``planned``, finished at its first run.

    A split that cannot be is gathered; a gather whose subqueries cannot be answered first gathers them too.
    """
    if isinstance(plan.many, SplitDraft) and planned.split is None:
        own = request._replace(text=planned.encode(plan.one.text))
        made = _complete(plan.many, own, transaction)
        if isinstance(made, Split):
            planned.split = made
        else:
            plan = planned.plan = made.instead_of(plan)
    if isinstance(plan.many, Gather) and plan.many.first and planned.first is None:
        plan = _with_first(planned, plan, plan.many, request, transaction, merge, search_path)
    return plan


def _with_first(
    planned: Planned,
    plan: SelectPlan,
    gather: Gather,
    request: Statement,
    transaction: Transaction,
    merge: MergeSession,
    search_path: Sequence[str],
) -> SelectPlan:
    assert gather.undivided is not None
    undivided = replace(plan, many=gather.undivided)

    def split_of(draft: SplitDraft, own: Statement) -> Split | None:
        try:
            made = _complete(draft, own, transaction)
        except errors.UnsupportedQuery:
            return None
        return made if isinstance(made, Split) else None

    try:
        planned.first = first_tables(gather.first, request, merge, search_path, split_of)
    except LockedNow:
        return undivided
    if planned.first is None:
        plan = planned.plan = undivided
    return plan


def _complete(draft: SplitDraft, request: Statement, transaction: Transaction) -> Split | NotSplit:
    """Let PostgreSQL describe the statement (``part`` hidden) and the probe, and finish the plan."""
    oids = [parameter[1] for parameter in request.parameters]
    caller = _described(request.text, oids, transaction)
    numbers = draft.probe.numbers
    probe_oids = oids if numbers is None else [oids[number - 1] for number in numbers]
    probe = _described(draft.probe.text.encode(), probe_oids, transaction)
    try:
        return draft.complete(caller, probe)
    except errors.Error as error:
        raise as_driver_error(error) from None


def _described(text: bytes, oids: Sequence[int], transaction: Transaction) -> list[OutputColumn]:
    session = transaction.session(transaction.router.state.catalog)
    result = transaction.describe(session, text, oids)
    return output_columns(session, result)
