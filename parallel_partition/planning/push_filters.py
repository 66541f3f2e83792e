"""Conditions of a statement that one table's rows must meet to matter, as a WHERE of that table alone.

Only rows are left out that the caller's own statement would leave out, so a condition that cannot be taken along
costs time and nothing else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from parallel_partition.catalog.tables import PART
from parallel_partition.planning.context import Query
from parallel_partition.planning.functions import differs_by_server
from parallel_partition.planning.key_sources import typed_parameters
from parallel_partition.planning.never_fails import never_fails
from parallel_partition.planning.scope import SYSTEM_COLUMNS, Column, Relation, resolve
from parallel_partition.planning.terms import Term, column_of, is_operator, terms_of_relations
from parallel_partition.planning.trees import Node, kind_and_body, walk
from parallel_partition.planning.typed_columns import column_named
from parallel_partition.planning.write_nodes import Unsupported
from parallel_partition.planning.write_sql import write_checked

#: Comparisons that are NULL where one side is.
_STRICT = ("=", "<", ">", "<=", ">=", "<>")


class Filters:
    """The conditions of one statement's relations."""

    def __init__(self, query: Query) -> None:
        self._query = query
        self._terms: dict[Relation, list[Term]] = {
            relation: terms for level in query.root.inside() for relation, terms in terms_of_relations(level)
        }
        self._perhaps_never = {
            relation
            for level in query.root.inside()
            for subquery in level.subqueries
            for relation in subquery.level.all_relations()
        }
        self._typed = frozenset(typed_parameters(query.parameter_oids))
        self._uses = Counter(body.get("number", 0) for kind, body in query.nodes if kind == "ParamRef")

    def terms(self, relation: Relation) -> Sequence[Term]:
        """The conditions that must hold for a relation's rows to matter, whatever they speak of."""
        return self._terms.get(relation, ())

    def conditions(self, relation: Relation) -> Iterator[str]:
        """Those of them that a server can try on the relation's rows alone, as SQL."""
        for term in self.terms(relation):
            if term.expression is None or (term.nullable and not _refuses_null(term, relation)):
                continue
            column_of = partial(column_named, names=term.names)
            if relation in self._perhaps_never and not never_fails(term.expression, column_of):
                continue
            bare = self._bare(term.expression, term, relation)
            if bare is not None:
                try:
                    yield f"({write_checked(bare)})"
                except Unsupported:
                    continue

    def _bare(self, expression: Node, term: Term, relation: Relation) -> Node | None:
        """The condition with bare names of the table's columns; None where it speaks of anything else."""
        inside = tuple(walk(expression))
        if any(kind in ("SubLink", "GroupingFunc", "SetToDefault") for kind, _ in inside):
            return None
        if differs_by_server(inside, self._query.root, self._query.schema) is not None:
            return None
        if any(kind == "FuncCall" and ("over" in body or self._aggregates(body)) for kind, body in inside):
            return None
        if not all(self._certain(body.get("number", 0)) for kind, body in inside if kind == "ParamRef"):
            return None
        names: dict[int, str] = {}
        for kind, body in inside:
            if kind == "ColumnRef":
                meant = resolve(body, term.names)
                if not isinstance(meant, Column) or meant.relation is not relation:
                    return None
                name = relation.base_name(meant.name)
                if name in SYSTEM_COLUMNS or name == PART:
                    return None
                names[id(body)] = name
        if not names:
            return None
        bare: Node = _renamed(expression, names)
        return bare

    def _aggregates(self, body: Node) -> bool:
        return body["funcname"][-1]["String"]["sval"] in self._query.schema.aggregates

    def _certain(self, number: int) -> bool:
        """Tell whether a parameter has the type here that it has in the statement: its own, or its only place's."""
        return number in self._typed or self._uses[number] == 1


def _refuses_null(term: Term, relation: Relation) -> bool:
    """Tell whether a condition compares a column of the relation, so that it is not true for a row of NULLs."""
    kind, body = kind_and_body(term.expression or {})
    if kind != "A_Expr" or body["kind"] != "AEXPR_OP" or not any(is_operator(body, one) for one in _STRICT):
        return False
    sides = (column_of(body.get(side), term.names) for side in ("lexpr", "rexpr"))
    return any(column is not None and column.relation is relation for column in sides)


def _renamed(value: Any, names: dict[int, str]) -> Any:
    """A copy of a tree in which ColumnRefs, found by their bodies' ids, are bare names."""
    if isinstance(value, list):
        return [_renamed(one, names) for one in value]
    if not isinstance(value, dict):
        return value
    if id(value) in names:
        return {"fields": [{"String": {"sval": names[id(value)]}}]}
    return {name: _renamed(one, names) for name, one in value.items()}
