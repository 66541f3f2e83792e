"""INSERT, UPDATE and DELETE on sharded and reference tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

from parallel_partition.catalog.tables import PART, Schema, Table
from parallel_partition.errors import UnsupportedQuery
from parallel_partition.planning.align import (
    Aligner,
    Distributed,
    Passed,
    require_deterministic,
    sharded_tables,
)
from parallel_partition.planning.analysis import Nodes
from parallel_partition.planning.conditions import DrawnKey, KnownKey
from parallel_partition.planning.functions import (
    CLOCK_ADVICE,
    differs_beside_clock,
    reads_clock,
    session_clock_of,
)
from parallel_partition.planning.gathered_write import plan_gathered_write
from parallel_partition.planning.hide_part import hide_part
from parallel_partition.planning.inserts import (
    assigned_columns,
    default_values,
    plan_insert,
    refuse_drawn_changes,
)
from parallel_partition.planning.known_names import Named, system_column
from parallel_partition.planning.one_server import condition_reason
from parallel_partition.planning.parse import ParsedText, parse
from parallel_partition.planning.plan import (
    GatheredWritePlan,
    InsertPlan,
    LocalPlan,
    ModifyPlan,
    ReferenceWritePlan,
    Refusal,
    ShardQuery,
    StagedInsertPlan,
)
from parallel_partition.planning.prune import key_condition
from parallel_partition.planning.refuse import refuse
from parallel_partition.planning.scope import Level, leaves
from parallel_partition.planning.splicing import splice
from parallel_partition.planning.staged_insert import PlanSource, plan_staged_insert
from parallel_partition.planning.trees import Node, kind_and_body, walk

WritePlan = InsertPlan | StagedInsertPlan | ModifyPlan | GatheredWritePlan | ReferenceWritePlan | LocalPlan


def plan_write(
    parsed: ParsedText,
    nodes: Nodes,
    root: Level,
    named: Named,
    schema: Schema,
    oids: tuple[int, ...],
    plan_source: PlanSource,
) -> WritePlan:
    """Plan an INSERT, UPDATE or DELETE that names a table of the cluster.

    Parameters
    ----------
    plan_source : plans what runs over gathered rows: what an INSERT selects, or the whole statement

    Raises
    ------
    UnsupportedQuery : it cannot be done right over several servers
    """
    target = next(leaves(root.source))
    table = target.table
    if table is None:
        if named.sharded:
            raise refuse(
                f"FROM {named.sharded[0].full_name}", f"{target.full_name} is on the catalog's server only"
            )
        return LocalPlan(
            parsed.text,
            f"a write of {target.full_name}: the catalog's server",
            named.unknown,
            named.functions,
        )
    kind, body = kind_and_body(parsed.statements[0])
    if "CurrentOfExpr" in body.get("whereClause", {}):
        raise refuse("WHERE CURRENT OF", "a cursor is on one server")
    refuse_drawn_changes(body, table)
    hidden = hide_part(parsed.data, nodes, root) if table.sharded else []
    staged = partial(plan_staged_insert, parsed, body, table, schema, hidden, plan_source)
    if not table.sharded:
        try:
            return _reference_write(parsed, nodes, kind, body, root, named, table, schema)
        except UnsupportedQuery:
            if kind != "InsertStmt":
                raise
            return staged()
    if kind == "InsertStmt":
        return _insert(lambda: plan_insert(parsed, nodes, body, root, table, oids, hidden), staged)
    gathered = partial(plan_gathered_write, parsed, body, table, hidden, plan_source)
    if set(assigned_columns(body)) & {*table.key, PART}:
        return gathered()
    plan = _modify(parsed, nodes, body, root, table, schema, oids, hidden)
    return plan if plan.refusal is None else _or_gathered(plan, gathered)


def _or_gathered(plan: ModifyPlan, gathered: Callable[[], GatheredWritePlan]) -> ModifyPlan:
    """The plan with what is done where several servers cannot do it by themselves."""
    try:
        return replace(plan, gathered=gathered())
    except UnsupportedQuery as refused:
        return replace(plan, refusal=Refusal(str(refused)))


def _insert(
    straight: Callable[[], InsertPlan], staged: Callable[[], StagedInsertPlan]
) -> InsertPlan | StagedInsertPlan:
    """The rows as they are written in the text where that can be, else computed first."""
    try:
        plan = straight()
    except UnsupportedQuery:
        return staged()
    certain = all(isinstance(one, KnownKey | DrawnKey) for key in plan.keys for one in key)
    if certain and plan.refusal is None:
        return plan
    try:
        return replace(plan, staged=staged())
    except UnsupportedQuery:
        return plan


# --- UPDATE and DELETE of sharded tables
# ------------------------------------------------------------------------------


def _modify(
    parsed: ParsedText,
    nodes: Nodes,
    body: Node,
    root: Level,
    table: Table,
    schema: Schema,
    oids: tuple[int, ...],
    hidden: list[tuple[int, int, bytes]],
) -> ModifyPlan:
    condition = key_condition(root, nodes, oids)
    text = splice(parsed.data, hidden).decode()
    parse(text)
    reason = condition_reason(condition, root)
    refusal = None
    try:
        _require_aligned(nodes, root, body, schema)
    except Passed as passed:
        key = ", ".join(table.key)
        refusal = Refusal(
            f"{passed}; over several servers this is not done: restrict the key ({key}) to one server"
        )
        reason += f"; one server only: {passed}"
    return ModifyPlan(
        (table.schema, table.name),
        condition,
        ShardQuery(text),
        reason,
        "returningClause" in body,
        refusal,
        reads_clock(nodes),
    )


def _require_aligned(nodes: Nodes, root: Level, body: Node, schema: Schema) -> None:
    """Make sure that a write of all rows is the same write of each server's rows."""
    _require_same_everywhere(nodes, root, body, schema)
    column = system_column(root)
    if column is not None:
        raise Passed(f"{column}: each server numbers its rows and transactions by itself")
    if not isinstance(Aligner().of_level(root), Distributed):
        raise Passed("FROM: the tables are on every server")


def _require_same_everywhere(nodes: Nodes, root: Level, body: Node, schema: Schema) -> None:
    """Make sure that expressions mean the same on every server, once constants take the place of clocks."""
    shown = reads_clock(tuple(walk(body.get("returningClause", {}))))
    clock = session_clock_of(nodes, root) or (f"RETURNING {shown}" if shown else None)
    differs = f"{clock}: {CLOCK_ADVICE}" if clock else differs_beside_clock(nodes, schema, any_clock=True)
    if differs is not None:
        raise Passed(differs)


# --- reference tables
# -------------------------------------------------------------------------------------------------


def _reference_write(
    parsed: ParsedText,
    nodes: Nodes,
    kind: str,
    body: Node,
    root: Level,
    named: Named,
    table: Table,
    schema: Schema,
) -> ReferenceWritePlan:
    name = f"{table.schema}.{table.name}"
    what = f"a write of the reference table {name}"
    if named.sharded:
        raise refuse(f"FROM {named.sharded[0].full_name}", f"each server has other rows of it, in {what}")
    if named.unknown or named.catalogs:
        raise refuse("FROM a local table", f"it is on the catalog's server only, in {what}")
    if named.functions:
        raise refuse(f"function {named.functions[0][1]}", f"it is not PostgreSQL's own, in {what}")
    try:
        _require_same_everywhere(nodes, root, body, schema)
    except Passed as passed:
        raise refuse(*_clause_and_reason(f"{passed}, in {what}")) from None
    column = system_column(root)
    if column is not None:
        raise refuse(column, f"it differs between servers, in {what}")
    if kind == "UpdateStmt" and "fromClause" in body:
        raise refuse(
            "UPDATE ... FROM", f"a row may match another row on each server, in {what}", "use a subquery"
        )
    try:
        _require_same_rows(root)
    except Passed as passed:
        raise refuse(*_clause_and_reason(f"{passed}, in {what}")) from None
    for default in default_values(kind, body, table):
        raise refuse(
            default,
            f"its default is not a constant, and each server would give a value of its own, in {what}",
            "give the value",
        )
    if kind == "InsertStmt" and "valuesLists" not in _select_of(body):
        raise refuse("INSERT ... SELECT", f"it is not supported yet, in {what}", "insert VALUES")
    return ReferenceWritePlan(
        (table.schema, table.name),
        ShardQuery(parsed.text),
        f"{name} is on every server",
        "returningClause" in body,
        reads_clock(nodes),
    )


def _require_same_rows(root: Level) -> None:
    """Make sure that every subquery gives the same rows on every server."""
    for level in _queries(root):
        if sharded_tables(level):
            raise Passed("a subquery over a sharded table")
        require_deterministic(level)


def _queries(root: Level) -> Iterator[Level]:
    for level in root.inside():
        if level is not root:
            yield level


def _select_of(body: Node) -> Node:
    return body.get("selectStmt", {}).get("SelectStmt", {"valuesLists": []})  # type: ignore[no-any-return]


def _clause_and_reason(text: str) -> tuple[str, str]:
    clause, _, reason = text.partition(": ")
    return (clause, reason) if reason else (text, "it is not supported")
