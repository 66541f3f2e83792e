"""The strategy *split*: partial aggregates on each server, all the rest over the partial rows in a merge
session.

The partial query selects the grouped expressions and the partial aggregates; in the caller's select list,
HAVING and ORDER BY they become columns of the partial rows (`Rewriter`). Types come from PostgreSQL: the
probe is described before the texts are made.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from parallel_partition.planning.aggregates import Aggregate, check_splittable
from parallel_partition.planning.align import Aligner, Distributed, Passed
from parallel_partition.planning.analysis import (
    SQL_JSON_AGGREGATES,
    Analyser,
    is_aggregate,
    star_columns,
)
from parallel_partition.planning.context import Query
from parallel_partition.planning.grouping import is_aggregated
from parallel_partition.planning.key_sources import typed_parameters, untyped_in
from parallel_partition.planning.merge_query import MergeOutput, MergeSort, SplitParts, finish, probe_of
from parallel_partition.planning.ordering import collation_of, sorted_output
from parallel_partition.planning.output_names import output_name
from parallel_partition.planning.parse import parse
from parallel_partition.planning.plan import SplitDraft
from parallel_partition.planning.scope import Column, Level, field_names, find_column, resolve
from parallel_partition.planning.trees import Node, walk, without_positions


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
    return SplitDraft(probe_of(parts), lambda caller, probe: finish(parts, caller, probe, typed))


def _require_types(body: Node, typed: Sequence[int]) -> None:
    """Make sure that no parameter takes its type from another place than in the caller's statement.

    One without a type takes it from where it stands first; the partial query has its clauses in another
    order.
    """
    kept = [body.get(name, []) for name in ("withClause", "fromClause", "whereClause")]
    moved = [body.get(name, []) for name in ("targetList", "groupClause", "havingClause", "sortClause")]
    shared = untyped_in(kept, typed) & untyped_in(moved, typed)
    if shared:
        raise Passed(f"${min(shared)}: it has no type and stands in several clauses; cast it to its type")


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
    if level.node.get("limitOption") == "LIMIT_OPTION_WITH_TIES":
        raise Passed("FETCH ... WITH TIES: it is not merged")
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


def partial_column(place: int) -> Node:
    """The merge query's column for the grouped expression at ``place``."""
    return {"ColumnRef": {"fields": [{"String": {"sval": "p"}}, {"String": {"sval": f"g{place + 1}"}}]}}


# --- GROUP BY and aggregates
# ------------------------------------------------------------------------------------------


@dataclass
class Rewriter:
    """Turns expressions over the rows of FROM into expressions over partial rows.

    Grouped expressions become ``p.g1``, ..., aggregates ``p.a1``, ...; anything else that depends on a row is
    refused.
    """

    query: Query
    level: Level
    aligner: Aligner
    found: Distributed
    groups: list[Node] = field(default_factory=list)
    aggregates: list[Aggregate] = field(default_factory=list)
    _group_of: dict[str, int] = field(default_factory=dict)
    _aggregate_of: dict[str, int] = field(default_factory=dict)

    def add_group(self, node: Node) -> None:
        """Group by an expression, once."""
        key = self._canonical(node)
        if key not in self._group_of:
            self._group_of[key] = len(self.groups)
            self.groups.append(node)

    def rewrite(self, node: Any) -> Any:
        """The same expression over partial rows.

        Raises
        ------
        Passed : it cannot be computed from them
        """
        if isinstance(node, list):
            return [self.rewrite(item) for item in node]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            ((kind, body),) = node.items()
            if kind[0].isupper() and isinstance(body, dict):
                return self._rewrite_node(kind, body, node)
        return {name: self.rewrite(below) for name, below in node.items()}

    def _rewrite_node(self, kind: str, body: Node, node: Node) -> Node:
        place = self._group_of.get(self._canonical(node)) if self._group_of else None
        if place is not None:
            return partial_column(place)
        if kind == "FuncCall" and is_aggregate(body, self.query.schema):
            return self._aggregate(body)
        if kind == "ColumnRef":
            return self._dependent_column(body, node)
        if kind == "SubLink":
            raise Passed("a subquery beside aggregates: the merge session has no tables to answer it from")
        if kind == "GroupingFunc" or kind in SQL_JSON_AGGREGATES:
            raise Passed(f"{'GROUPING' if kind == 'GroupingFunc' else 'a JSON aggregate'}: it is not split")
        if kind == "FuncCall" and "over" in body and "name" in body["over"]:
            raise Passed("WINDOW: named windows over aggregates are not merged; write the window in OVER")
        return {kind: {name: self.rewrite(below) for name, below in body.items()}}

    def _aggregate(self, call: Node) -> Node:
        key = self._canonical({"FuncCall": call})
        if key not in self._aggregate_of:
            name = check_splittable(call, self._covers_key)
            compared = name in ("min", "max") and call.get("args")
            collation = collation_of(call["args"][0], self.level) if compared else None
            self._aggregate_of[key] = len(self.aggregates)
            self.aggregates.append(Aggregate(call, name, collation))
        column = f"a{self._aggregate_of[key] + 1}"
        return {"ColumnRef": {"fields": [{"String": {"sval": "p"}}, {"String": {"sval": column}}]}}

    def _covers_key(self, arguments: list[Node]) -> bool:
        listed = [
            one
            for argument in arguments
            for one in (argument["RowExpr"].get("args", []) if "RowExpr" in argument else [argument])
        ]
        columns = [resolve(one["ColumnRef"], self.level.names) for one in listed if "ColumnRef" in one]
        return self.aligner.cover(self.level, self.found, [one for one in columns if isinstance(one, Column)])

    def _dependent_column(self, body: Node, node: Node) -> Node:
        """A column that depends on a grouped primary key is grouped too: that makes no more groups."""
        meant = resolve(body, self.level.names)
        if (
            isinstance(meant, Column)
            and meant.relation.table is not None
            and meant.relation.columns is not None
        ):
            table = meant.relation.table
            names = {meant.relation.base_name(name) for name in self._grouped_columns(meant)}
            if table.primary_key and names.issuperset(table.primary_key):
                self.add_group(node)
                return partial_column(self._group_of[self._canonical(node)])
        shown = ".".join(part or "*" for part in field_names(body))
        raise Passed(f"column {shown}: it is neither grouped nor in an aggregate")

    def _grouped_columns(self, like: Column) -> Iterable[str]:
        for group in self.groups:
            meant = resolve(group["ColumnRef"], self.level.names) if "ColumnRef" in group else None
            if isinstance(meant, Column) and meant.relation is like.relation:
                yield meant.name

    def _canonical(self, node: Node) -> str:
        """A text that is the same for expressions that mean the same, whatever they call their columns."""
        return json.dumps(self._meaning(without_positions(node)), sort_keys=True)

    def _meaning(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._meaning(item) for item in value]
        if not isinstance(value, dict):
            return value
        if "ColumnRef" in value and isinstance(value["ColumnRef"], dict):
            meant = resolve(value["ColumnRef"], self.level.names)
            if isinstance(meant, Column):
                return {"Column": [id(meant.relation), meant.name]}
        return {name: self._meaning(below) for name, below in value.items()}


class _Grouped:
    """The parts of an aggregated query."""

    def __init__(self, query: Query, level: Level, aligner: Aligner, found: Distributed) -> None:
        self._level = level
        self._targets = _targets(level)
        self._rewriter = Rewriter(query, level, aligner, found)

    def parts(self) -> SplitParts:
        level, rewriter = self._level, self._rewriter
        if level.node.get("windowClause"):
            raise Passed("WINDOW: named windows over aggregates are not merged; write the window in OVER")
        for item in level.node.get("groupClause", []):
            for node in self._group_nodes(item):
                rewriter.add_group(node)
        parts = SplitParts(level.node, distinct="distinctClause" in level.node, grouped=True)
        parts.outputs = [MergeOutput(rewriter.rewrite(target["val"])) for target in self._targets]
        parts.having = rewriter.rewrite(level.node["havingClause"]) if "havingClause" in level.node else None
        parts.order = _order(level, rewriter)
        _keep_limits(level, parts)
        parts.groups, parts.aggregates = rewriter.groups, rewriter.aggregates
        parts.collations = [collation_of(group, level) for group in parts.groups]
        return parts

    def _group_nodes(self, item: Node) -> Sequence[Node]:
        """The expressions of a GROUP BY item: positions and names of outputs are what they mean."""
        if "GroupingSet" in item:
            raise Passed("GROUPING SETS, ROLLUP or CUBE: they are not split")
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
