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
from parallel_partition.planning.plan import Gather, NotSplit, Refusal, SelectPlan, Split, SplitDraft
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
    if isinstance(plan.many, Gather):
        return replace(
            plan, many=settled_gather(planned, plan.many, request, transaction, merge, search_path)
        )
    return plan


def settled_gather(
    planned: Planned,
    gather: Gather,
    request: Statement,
    transaction: Transaction,
    merge: MergeSession,
    search_path: Sequence[str],
) -> Gather | Refusal:
    """The gather, or the one that answers no subquery first where that cannot be."""
    if not gather.first or planned.first is not None:
        return gather
    assert gather.undivided is not None
    if planned.is_undivided:
        return gather.undivided

    def split_of(draft: SplitDraft, own: Statement) -> Split | None:
        try:
            made = _complete(draft, own, transaction)
        except errors.UnsupportedQuery:
            return None
        return made if isinstance(made, Split) else None

    try:
        planned.first = first_tables(gather.first, request, merge, search_path, split_of)
    except LockedNow:
        return gather.undivided
    planned.is_undivided = planned.first is None
    return gather.undivided if planned.is_undivided else gather


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
