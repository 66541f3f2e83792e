"""Expressions over rows as expressions over the partial rows of a split."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from parallel_partition.planning.aggregates import (
    ADDED_WHERE_DISTINCT,
    DISTINCT_IS_NOTHING,
    Aggregate,
    form_of,
    require_own_rows,
)
from parallel_partition.planning.align import Aligner, Distributed, Passed
from parallel_partition.planning.analysis import (
    SQL_JSON_AGGREGATES,
    call_name,
    calls_in,
    is_aggregate,
    own_calls,
)
from parallel_partition.planning.concatenated import require_constant_delimiter
from parallel_partition.planning.context import Query
from parallel_partition.planning.grouping import inlined_window
from parallel_partition.planning.key_sources import typed_parameters
from parallel_partition.planning.ordering import collation_of
from parallel_partition.planning.scope import Column, Level, field_names, resolve
from parallel_partition.planning.trees import Node, walk, without_positions


def partial_column(place: int) -> Node:
    """The merge query's column for the grouped expression at ``place``."""
    return merge_column(f"g{place + 1}")


def merge_column(name: str) -> Node:
    """A column of the partial rows, by the name that `SplitParts` gives it."""
    return {"ColumnRef": {"fields": [{"String": {"sval": "p"}}, {"String": {"sval": name}}]}}


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
    arguments: list[Node] = field(default_factory=list)
    #: The arguments of each aggregate with DISTINCT, as places in `arguments`.
    argument_sets: list[tuple[int, ...]] = field(default_factory=list)
    #: Partial rows are those of several sets.
    several: bool = False
    aggregates: list[Aggregate] = field(default_factory=list)
    #: GROUP BY has grouping sets.
    sets: bool = False
    _group_of: dict[str, int] = field(default_factory=dict)
    _argument_of: dict[str, int] = field(default_factory=dict)
    _aggregate_of: dict[str, int] = field(default_factory=dict)

    def add_group(self, node: Node) -> Node:
        """Group by an expression, once; return the merge query's column for it."""
        require_one_column(node)
        key = self._canonical(node)
        if key not in self._group_of:
            self._group_of[key] = len(self.groups)
            self.groups.append(node)
        return partial_column(self._group_of[key])

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
        if kind in SQL_JSON_AGGREGATES:
            raise Passed("a JSON aggregate: it is not split")
        if kind == "FuncCall" and "over" in body:
            body = {**body, "over": inlined_window(self.level, body["over"])}
        return {kind: {name: self.rewrite(below) for name, below in body.items()}}

    def _aggregate(self, call: Node) -> Node:
        require_own_rows(call)
        name = call_name(call)[1]
        if call.get("agg_distinct") and name not in DISTINCT_IS_NOTHING:
            # In a set of fewer groups than partial rows have, an equal value is in several of these.
            added = name in ADDED_WHERE_DISTINCT and "agg_order" not in call and not self.sets
            if not (added and self._covers_key(call.get("args", []))):
                return self._over_distinct_rows(call)
        key = self._canonical({"FuncCall": call})
        if key not in self._aggregate_of:
            form = form_of(call)
            if name == "string_agg":
                require_constant_delimiter(call, self.typed)
            collation = (
                collation_of(call["args"][0], self.level) if form.compared and "args" in call else None
            )
            if collation is not None and not form.keeps_collation:
                raise Passed(f"{name} of texts with the collation {collation}: it would not be kept")
            self._aggregate_of[key] = len(self.aggregates)
            self.aggregates.append(Aggregate(call, form, collation))
        return merge_column(f"a{self._aggregate_of[key] + 1}")

    # --- aggregates with DISTINCT: partial rows have their arguments, and the merge query has them as they are

    @property
    def typed(self) -> tuple[int, ...]:
        """The numbers of the parameters that are sent with a type."""
        return typed_parameters(self.query.parameter_oids)

    def find_distinct(self) -> None:
        """Find what the level's aggregates with DISTINCT are over: partial rows are grouped by each of those sets."""
        calls = [*own_calls(self.level), *calls_in(self.level.node.get("windowClause"))]
        for call in calls:
            if is_aggregate(call, self.query.schema) and call.get("agg_distinct"):
                self.rewrite({"FuncCall": call})
        added = any(aggregate.call.get("agg_distinct") for aggregate in self.aggregates)
        self.several = len(self.argument_sets) > 1 or (added and bool(self.argument_sets))
        self.arguments, self.argument_sets, self.aggregates = [], [], []
        self._argument_of, self._aggregate_of = {}, {}

    def _over_distinct_rows(self, call: Node) -> Node:
        made = {**call, "args": [self._argument(one, call) for one in call.get("args", [])]}
        if "agg_filter" in call:
            made["agg_filter"] = self._added(_is_true(call["agg_filter"]))
        if "agg_order" in call:
            places = {self._canonical(one): n for n, one in enumerate(call["args"])}
            items = [item["SortBy"] for item in call["agg_order"]]
            if any(self._canonical(item["node"]) not in places or item.get("useOp") for item in items):
                raise Passed("DISTINCT with ORDER BY in an aggregate: it does not sort by the arguments")
            made["agg_order"] = [
                {"SortBy": {**item, "node": made["args"][places[self._canonical(item["node"])]]}}
                for item in items
            ]
        if "agg_filter" not in made and not any(self._names(made)):
            made["agg_filter"] = self._added(_is_true({"A_Const": {"boolval": {"boolval": True}}}))
        self._note_set(made)
        return {"FuncCall": made}

    def _note_set(self, call: Node) -> None:
        """Note which arguments a call is over, and leave it the partial rows of these where there are others."""
        names = self._names(call)
        places = tuple(n for n in range(len(self.arguments)) if f"d{n + 1}" in names)
        if places not in self.argument_sets:
            self.argument_sets.append(places)
        if self.several:
            mine = merge_column(f"s{self.argument_sets.index(places) + 1}")
            both = {"boolop": "AND_EXPR", "args": [mine, call.get("agg_filter", {})]}
            call["agg_filter"] = {"BoolExpr": both} if "agg_filter" in call else mine

    @staticmethod
    def _names(call: Node) -> set[str | None]:
        """The columns of partial rows that a call is over."""
        asked = [call["args"], call.get("agg_filter", {})]
        return {field_names(body)[-1] for kind, body in walk(asked) if kind == "ColumnRef"}

    def _argument(self, node: Node, call: Node) -> Node:
        """An argument as a column of the partial rows; constants stay as they are."""
        if "RowExpr" in node and call_name(call)[1] == "count":
            fields = [self._argument(one, call) for one in node["RowExpr"].get("args", [])]
            return {"RowExpr": {**node["RowExpr"], "args": fields}}
        inner = node
        while "TypeCast" in inner:
            inner = inner["TypeCast"]["arg"]
        if "A_Const" in inner or inner.get("ParamRef", {}).get("number") in self.typed:
            return node
        if "ParamRef" in inner:
            raise Passed("DISTINCT in an aggregate over a parameter that has no type; cast it to its type")
        return self._added(node)

    def _added(self, node: Node) -> Node:
        require_one_column(node)
        key = self._canonical(node)
        if key not in self._argument_of:
            self._argument_of[key] = len(self.arguments)
            self.arguments.append(node)
        return merge_column(f"d{self._argument_of[key] + 1}")

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
            if table.primary_key and names.issuperset(table.primary_key) and not self.sets:
                return self.add_group(node)
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


def require_one_column(node: Node) -> None:
    """Make sure that an expression is one column of the partial rows, as a star is not.

    Raises
    ------
    Passed : it is a star
    """
    if "ColumnRef" in node and field_names(node["ColumnRef"])[-1] is None:
        raise Passed("a whole row: it does not travel between servers as one value")


def _is_true(node: Node) -> Node:
    """A test that holds where a condition is true, and not where it is NULL."""
    return {"BooleanTest": {"arg": node, "booltesttype": "IS_TRUE"}}
