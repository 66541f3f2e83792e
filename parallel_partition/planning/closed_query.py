"""Subqueries whose rows are the same wherever and whenever they are computed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from parallel_partition.catalog.tables import Column as TableColumn
from parallel_partition.planning.compared_as import agree
from parallel_partition.planning.context import Query
from parallel_partition.planning.key_sources import typed_parameters
from parallel_partition.planning.never_fails import (
    is_computed,
    never_fails,
    window_never_fails,
)
from parallel_partition.planning.scope import (
    Column,
    Join,
    Level,
    Reference,
    Relation,
    Source,
    WholeRow,
    field_names,
    find_column,
    leaves,
    relation_named,
    resolve,
)
from parallel_partition.planning.trees import Node, kind_and_body, walk
from parallel_partition.planning.typed_columns import column_named, typed

#: Clauses that hold expressions over rows, or lists of them.
_CLAUSES = ("targetList", "whereClause", "groupClause", "havingClause", "sortClause", "distinctClause")


def is_closed(level: Level, query: Query) -> bool:
    """Tell whether a subquery may be computed by itself, before the statement that it stands in.

    It names nothing of what is around it, fails for no row (PostgreSQL might never compute it, or not for all rows),
    and its columns have types of their own and names that a table can have.
    """
    outputs = level.outputs
    names = [output.name for output in outputs or ()]
    if not names or len(set(names)) < len(names):
        return False
    if not all(map(_is_plain, level.inside())):
        return False
    inside = set(level.all_relations())
    references = [reference for one in level.inside() for reference in one.references]
    return (
        all(_is_readable(relation, level) for relation in inside)
        and all(_stays_inside(reference, inside) for reference in references)
        and _parameters_are_certain(level, query)
        and all(map(_compares_what_agrees, level.inside()))
        and all(_never_fails(one, references) for one in level.inside())
    )


def _is_plain(level: Level) -> bool:
    """Tell whether a level is a SELECT of what has a type, with constants as its limits, and locks nothing."""
    body = level.node
    if level.kind == "set operation":
        return _has_constant_limits(body)
    if level.kind != "select" or "intoClause" in body or "lockingClause" in body:
        return False
    return _has_constant_limits(body) and all(
        _has_type(item["ResTarget"].get("val", {})) for item in body.get("targetList", [])
    )


def _has_constant_limits(body: Node) -> bool:
    found = [body[name] for name in ("limitCount", "limitOffset") if name in body]
    stated = [node.get("A_Const", {}).get("ival") for node in found]
    return all(one is not None and one.get("ival", 0) >= 0 for one in stated) and (
        body.get("limitOption") != "LIMIT_OPTION_WITH_TIES"
    )


def _has_type(value: Node) -> bool:
    """Tell whether an output is none whose type depends on the query around it, as that of NULL and 'text' does.

    Nor one with a COLLATE, which ranks before the collations of other arms of a UNION, as a column's does not.
    """
    constant = value.get("A_Const")
    collates = any(kind == "CollateClause" for kind, _ in walk(value))
    return (
        "ParamRef" not in value
        and not collates
        and (constant is None or "ival" in constant or "fval" in constant)
    )


def _is_readable(relation: Relation, level: Level) -> bool:
    """Tell whether a relation is a table of the cluster, a subquery, or a CTE of the subquery's own."""
    if relation.level is None:
        table = relation.table
        return table is not None and not relation.sampled and not any(map(is_computed, table.columns))
    if "relname" not in relation.node:
        return True
    own = {id(cte.level) for one in level.inside() for cte in one.ctes.values() if not cte.recursive}
    return id(relation.level) in own


def _stays_inside(reference: Reference, inside: set[Relation]) -> bool:
    """Tell whether a name is certain to mean something of these relations."""
    meant = resolve(reference.body, reference.names)
    if isinstance(meant, Column):
        merged = [relation for side in meant.relation.sides for relation in leaves(side)]
        return set(merged or [meant.relation]) <= inside
    if isinstance(meant, WholeRow):
        return False
    parts = field_names(reference.body)
    if parts[-1] is not None:
        return False
    if len(parts) == 1:
        return True
    place = relation_named(str(parts[-2]), parts[-3] if len(parts) > 2 else None, reference.names)
    return place is not None and set(leaves(place)) <= inside


def _parameters_are_certain(level: Level, query: Query) -> bool:
    """Tell whether parameters have the types here that they have in the statement: their own, or all their places'."""
    typed = typed_parameters(query.parameter_oids)
    uses = Counter(body.get("number", 0) for kind, body in query.nodes if kind == "ParamRef")
    here = Counter(
        body.get("number", 0) for kind, body in walk({"SelectStmt": level.node}) if kind == "ParamRef"
    )
    return all(number in typed or count == uses[number] for number, count in here.items())


def _never_fails(level: Level, references: list[Reference]) -> bool:
    names = {id(reference.body): reference.names for reference in references}

    def column_of(body: Node) -> TableColumn | None:
        return column_named(body, names.get(id(body)))

    named = [item["WindowDef"] for item in level.node.get("windowClause", [])]
    return all(never_fails(node, column_of) for node in _expressions(level)) and all(
        window_never_fails(window, column_of) for window in named
    )


def _compares_what_agrees(level: Level) -> bool:
    """Tell whether what a level compares without naming an operator becomes one type: arms of UNION, and USING."""
    if level.kind == "set operation":
        outputs = [arm.outputs or () for arm in level.arms]
        columns = [
            [output.column and typed(output.column) for output in place]
            for place in zip(*outputs, strict=False)
        ]
        return all(not any(place) or agree(place) for place in columns)
    return level.source is None or _joins_what_agrees(level.source)


def _joins_what_agrees(source: Source) -> bool:
    if not isinstance(source, Join):
        return True
    merged = (
        [typed(one) for side in (source.left, source.right) for one in find_column(side, name)[0]]
        for name in source.using or ()
    )
    return (
        source.using is not None
        and all(map(agree, merged))
        and _joins_what_agrees(source.left)
        and _joins_what_agrees(source.right)
    )


def _expressions(level: Level) -> Iterator[Node]:
    """The expressions of a level: a condition, or the items of a list."""
    for name in _CLAUSES:
        clause = level.node.get(name)
        for item in clause if isinstance(clause, list) else [clause] if clause else []:
            yield from _item(item)
    for kind, body in walk(level.node.get("fromClause", [])):
        if kind == "JoinExpr" and "quals" in body:
            yield body["quals"]


def _item(item: Node) -> Iterator[Node]:
    kind, body = kind_and_body(item) if item else ("", {})
    if kind == "ResTarget":
        value = body.get("val", {})
        if not ("ColumnRef" in value and field_names(value["ColumnRef"])[-1] is None):
            yield value
    elif kind == "SortBy":
        yield body["node"]
    elif kind == "GroupingSet":
        for one in body.get("content", []):
            yield from _item(one)
    elif kind:
        yield item
