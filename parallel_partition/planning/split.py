"""The strategy *split*: partial aggregates on each server, all the rest over the partial rows in a merge
session.

The partial query selects the grouped expressions and the partial aggregates; in the caller's select list,
HAVING and ORDER BY they become columns of the partial rows (`Rewriter`). Types come from PostgreSQL: the
probe is described before the texts are made.
"""

from __future__ import annotations

from collections.abc import Sequence

from parallel_partition.errors import UnsupportedQuery
from parallel_partition.planning.align import Aligner, Distributed, Passed
from parallel_partition.planning.analysis import Analyser, star_columns
from parallel_partition.planning.context import Query
from parallel_partition.planning.gather import plan_gather
from parallel_partition.planning.grouping import is_aggregated
from parallel_partition.planning.key_sources import typed_parameters, untyped_in
from parallel_partition.planning.merge_query import MergeOutput, MergeSort, SplitParts, finish, probe_of
from parallel_partition.planning.ordering import collation_of, sorted_output
from parallel_partition.planning.output_names import output_name
from parallel_partition.planning.parse import parse
from parallel_partition.planning.plan import NotSplit, Split, SplitDraft
from parallel_partition.planning.rewriter import Rewriter, partial_column
from parallel_partition.planning.scope import Column, Level, field_names, find_column
from parallel_partition.planning.trees import Node, walk
from parallel_partition.statements import OutputColumn


def plan_split(query: Query) -> SplitDraft:
    """Plan a SELECT with aggregates or DISTINCT as partial queries and a merge query.

    Raises
    ------
    Passed : that is not proven right
    """
    level = _level_without_part(query)
    if level.kind != "select":
        raise Passed("nothing to split: a set operation")
    distinct = "distinctClause" in level.node
    if not is_aggregated(level) and not distinct:
        raise Passed("nothing to split: no aggregate, GROUP BY or DISTINCT")
    if distinct and any(level.node["distinctClause"]):
        raise Passed("DISTINCT ON: it keeps one row of several servers")
    if level.node.get("lockingClause"):
        raise Passed("FOR UPDATE: it is not allowed with aggregates and DISTINCT")
    aligner = Aligner()
    found = aligner.of_level(level)
    if not isinstance(found, Distributed):
        raise Passed("FROM: only reference tables")
    if is_aggregated(level):
        parts = _Grouped(query, level, aligner, found).parts()
    else:
        aligner.require_windows(level, found)
        parts = _distinct_parts(level)
    typed = typed_parameters(query.parameter_oids)
    _require_types(level.node, typed)
    _require_order(parts, typed)

    def complete(caller: Sequence[OutputColumn], probe: Sequence[OutputColumn]) -> Split | NotSplit:
        try:
            return finish(parts, caller, probe, typed)
        except UnsupportedQuery as reason:
            return _gathered(query, reason)

    return SplitDraft(probe_of(parts), complete)


def _gathered(query: Query, reason: UnsupportedQuery) -> NotSplit:
    """The plan where types turn out to be none that can be split."""
    try:
        return NotSplit(plan_gather(query), str(reason))
    except Passed:
        raise reason from None


def _require_types(body: Node, typed: Sequence[int]) -> None:
    """Make sure that no parameter takes its type from another place than in the caller's statement.

    One without a type takes it from where it stands first; the partial query has its clauses in another
    order.
    """
    kept = [body.get(name, []) for name in ("withClause", "fromClause", "whereClause")]
    moved = [
        body.get(name, [])
        for name in ("targetList", "groupClause", "havingClause", "windowClause", "sortClause")
    ]
    shared = untyped_in(kept, typed) & untyped_in(moved, typed)
    if shared:
        raise Passed(f"${min(shared)}: it has no type and stands in several clauses; cast it to its type")


def _require_order(parts: SplitParts, typed: Sequence[int]) -> None:
    """The same for what comes first in the partial query: what it groups by, before the aggregates."""
    seen: set[int] = set()
    calls: list[Node] = [{"FuncCall": aggregate.call} for aggregate in parts.aggregates]
    grouped = [[node] for node in (*parts.groups, *parts.arguments)] if parts.grouped else []
    for nodes in (*grouped, calls):
        here = untyped_in(nodes, typed)
        if seen & here:
            shown = min(seen & here)
            raise Passed(f"${shown}: it has no type and stands in several expressions; cast it to its type")
        seen |= here


def _level_without_part(query: Query) -> Level:
    """The statement's level, of the text that hides ``part``."""
    if not query.hidden:
        return query.root
    level = Analyser(query.schema, query.search_path).statement(parse(query.text).statements[0])
    assert level is not None  # the same statement as before
    return level


def _targets(level: Level) -> list[Node]:
    """The ResTargets of a select list, with stars expanded."""
    found: list[Node] = []
    for item in level.node.get("targetList", []):
        value = item["ResTarget"].get("val", {})
        if "ColumnRef" not in value or field_names(value["ColumnRef"])[-1] is not None:
            found.append(item["ResTarget"])
            continue
        columns = star_columns(value["ColumnRef"], level.names)
        if columns is None or any(not column.relation.name for _, column in columns):
            raise Passed("*: the columns that it stands for are not known")
        found += [{"name": name, "val": _column_node(column)} for name, column in columns]
    return found


def _column_node(column: Column) -> Node:
    return {
        "ColumnRef": {
            "fields": [{"String": {"sval": column.relation.name}}, {"String": {"sval": column.name}}]
        }
    }


def _distinct_parts(level: Level) -> SplitParts:
    """SELECT DISTINCT without aggregates: distinct on each server, and distinct again."""
    targets = _targets(level)
    parts = SplitParts(level.node, distinct=True, groups=[target["val"] for target in targets], grouped=False)
    parts.collations = [collation_of(group, level) for group in parts.groups]
    parts.outputs = [MergeOutput(partial_column(n)) for n in range(len(targets))]
    parts.order = _order(level, None)
    _keep_limits(level, parts)
    return parts


def _keep_limits(level: Level, parts: SplitParts) -> None:
    parts.with_ties = level.node.get("limitOption") == "LIMIT_OPTION_WITH_TIES"
    for name in ("limitCount", "limitOffset"):
        node = level.node.get(name)
        if node and any(kind == "SubLink" for kind, _ in walk(node)):
            raise Passed("LIMIT: it has a subquery")
    parts.limit, parts.offset = level.node.get("limitCount"), level.node.get("limitOffset")


def _order(level: Level, rewriter: Rewriter | None) -> list[MergeSort]:
    """The ORDER BY of the merge query: positions, or rewritten expressions."""
    outputs = level.outputs
    if outputs is None:
        raise Passed("ORDER BY: the columns that * stands for are not known")
    found = []
    for item in level.node.get("sortClause", []):
        body = item["SortBy"]
        if body.get("useOp"):
            raise Passed("ORDER BY ... USING: an order by an operator is not reproduced over several servers")
        place = sorted_output(level, body["node"], outputs)
        if place is None and rewriter is None:
            raise Passed("ORDER BY with DISTINCT: it sorts by an expression that is not in the select list")
        node = rewriter.rewrite(body["node"]) if place is None and rewriter is not None else None
        found.append(
            MergeSort(
                None if place is None else place + 1,
                node,
                body.get("sortby_dir", "SORTBY_DEFAULT"),
                body.get("sortby_nulls", "SORTBY_NULLS_DEFAULT"),
            )
        )
    return found


def _require_from_rows(groups: Sequence[Node]) -> None:
    """Make sure that no group of grouping sets can be a constant.

    PostgreSQL before 18 shows one, and what it simplifies to one, also in the sets that are not grouped by it.
    """
    for group in groups:
        kinds = {kind for kind, _ in walk(group)}
        if "ColumnRef" not in kinds or kinds & _SIMPLIFIED:
            raise Passed(
                "GROUPING SETS, ROLLUP or CUBE over what may be a constant: PostgreSQL 15 to 17 show it in every set"
            )


#: What may be one of its parts, whatever the others are.
_SIMPLIFIED = frozenset({"CoalesceExpr", "CaseExpr", "BoolExpr", "SubLink"})


# --- GROUP BY and aggregates
# ------------------------------------------------------------------------------------------


class _Grouped:
    """The parts of an aggregated query."""

    def __init__(self, query: Query, level: Level, aligner: Aligner, found: Distributed) -> None:
        self._level = level
        self._targets = _targets(level)
        self._rewriter = Rewriter(query, level, aligner, found)

    def parts(self) -> SplitParts:
        level, rewriter = self._level, self._rewriter
        clause = [node for item in level.node.get("groupClause", []) for node in self._group_item(item)]
        if rewriter.sets:
            _require_from_rows(rewriter.groups)
        rewriter.find_distinct()
        parts = SplitParts(level.node, distinct="distinctClause" in level.node, grouped=True)
        parts.outputs = [MergeOutput(rewriter.rewrite(target["val"])) for target in self._targets]
        parts.having = rewriter.rewrite(level.node["havingClause"]) if "havingClause" in level.node else None
        parts.order = _order(level, rewriter)
        _keep_limits(level, parts)
        parts.groups, parts.aggregates = rewriter.groups, rewriter.aggregates
        parts.arguments = rewriter.arguments
        parts.argument_sets = rewriter.argument_sets if rewriter.several else []
        parts.collations = [collation_of(group, level) for group in (*parts.groups, *parts.arguments)]
        parts.group_clause = self._group_clause(clause)
        return parts

    def _group_clause(self, clause: list[Node]) -> Node:
        """The GROUP BY of the merge query: all groups, or the caller's grouping sets of them."""
        if not any("GroupingSet" in item for item in clause):
            clause = [partial_column(n) for n in range(len(self._rewriter.groups))]
        kept = {"groupClause": clause} if clause else {}
        return kept | ({"groupDistinct": True} if self._level.node.get("groupDistinct") else {})

    def _group_item(self, item: Node) -> list[Node]:
        """A GROUP BY item over partial rows; what it groups by is added to the groups."""
        if "GroupingSet" in item:
            self._rewriter.sets = True
            body = item["GroupingSet"]
            below = [self._set_item(one) for one in body.get("content", [])]
            return [{"GroupingSet": {**body, "content": below} if below else body}]
        return [self._rewriter.add_group(node) for node in self._group_nodes(item)]

    def _set_item(self, item: Node) -> Node:
        """An item of grouping sets; several columns in parentheses stay together."""
        made = self._group_item(item)
        if len(made) == 1:
            return made[0]
        return {"RowExpr": {**item["RowExpr"], "args": made}}

    def _group_nodes(self, item: Node) -> Sequence[Node]:
        """The expressions of a GROUP BY item: positions and names of outputs are what they mean."""
        if "A_Const" in item:
            place = item["A_Const"].get("ival", {}).get("ival", 0)
            if not 0 < place <= len(self._targets):
                raise Passed(f"GROUP BY {place}: there is no such output column")
            return [self._targets[place - 1]["val"]]
        if "RowExpr" in item and item["RowExpr"].get("row_format") == "COERCE_IMPLICIT_CAST":
            return [node for one in item["RowExpr"].get("args", []) for node in self._group_nodes(one)]
        if "ColumnRef" in item and len(parts := field_names(item["ColumnRef"])) == 1:
            found, unsure = find_column(self._level.source, str(parts[0]))
            named = [target["val"] for target in self._targets if output_name(target) == parts[0]]
            if not found and unsure and named:
                raise Passed(f"GROUP BY {parts[0]}: it may be a column or an output")
            if not found and named:
                return named[:1]
        return [item]
