"""What ORDER BY sorts by: an output of the select list, or an expression that must be added to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from parallel_partition.planning.align import Passed
from parallel_partition.planning.analysis import call_name, nodes_in, strings
from parallel_partition.planning.plan import SortKey
from parallel_partition.planning.scope import (
    Column,
    Join,
    Level,
    Names,
    Output,
    Relation,
    WholeRow,
    field_column,
    field_names,
    find_column,
    leaves,
    output_of,
    relation_named,
    resolve,
)
from parallel_partition.planning.set_operations import arms_of
from parallel_partition.planning.terms import is_operator
from parallel_partition.planning.trees import Node, kind_and_body, same_tree, walk

#: Functions of PostgreSQL whose value has no collation, whatever their arguments have.
_WITHOUT_COLLATION = frozenset(
    (None, name) for name in ("ascii", "avg", "count", "date_part", "extract", "length", "strpos", "sum")
)
#: Functions of PostgreSQL whose value has the collation of their arguments.
_PASSING_ON = frozenset((None, name) for name in ("btrim", "lower", "ltrim", "max", "min", "rtrim", "upper"))
#: The last names of the types that texts are cast to without losing their collation.
_TEXTS = frozenset({("text",), ("varchar",), ("bpchar",), ("name",)})
#: The last names of types whose values have no collation. Other casts may be to a domain that has one.
_TYPES_WITHOUT_COLLATION = frozenset(
    (name,)
    for name in (
        *(
            "bit",
            "bool",
            "box",
            "bytea",
            "char",
            "cidr",
            "circle",
            "date",
            "daterange",
            "float4",
            "float8",
            "inet",
        ),
        *(
            "int2",
            "int4",
            "int4range",
            "int8",
            "int8range",
            "interval",
            "json",
            "jsonb",
            "line",
            "lseg",
            "macaddr",
        ),
        *("macaddr8", "money", "numeric", "numrange", "oid", "path", "pg_lsn", "point", "polygon", "time"),
        *(
            "timestamp",
            "timestamptz",
            "timetz",
            "tsquery",
            "tsrange",
            "tstzrange",
            "tsvector",
            "uuid",
            "varbit",
        ),
        *("xid", "xid8", "xml"),
    )
)


@dataclass(frozen=True)
class SortItem:
    """One ORDER BY item: ``output`` is the 0-based output that it means, None where ``node`` is none of them."""

    node: Node
    output: int | None
    descending: bool
    nulls_first: bool
    collation: str | None

    def key(self, column: int) -> SortKey:
        """The sort key, given the column of the shard query that holds the value."""
        return SortKey(column, self.descending, self.nulls_first, self.collation)


def sort_items(level: Level) -> list[SortItem]:
    """The items of a level's ORDER BY.

    Raises
    ------
    Passed : the order cannot be reproduced outside of the server
    """
    if level.outputs is None:
        raise Passed("ORDER BY: the columns that * stands for are not known")
    return [_sort_item(level, item["SortBy"], level.outputs) for item in level.node.get("sortClause", [])]


def _sort_item(level: Level, body: Node, outputs: tuple[Output, ...]) -> SortItem:
    if body.get("useOp"):
        raise Passed("ORDER BY ... USING: an order by an operator is not reproduced over several servers")
    node = body["node"]
    place = sorted_output(level, node, outputs)
    descending = body.get("sortby_dir") == "SORTBY_DESC"
    nulls = body.get("sortby_nulls", "SORTBY_NULLS_DEFAULT")
    nulls_first = descending if nulls == "SORTBY_NULLS_DEFAULT" else nulls == "SORTBY_NULLS_FIRST"
    collation = collation_of(node, level) if place is None else _collation_at(place, level)
    return SortItem(node, place, descending, nulls_first, collation)


def sorted_output(level: Level, node: Node, outputs: tuple[Output, ...]) -> int | None:
    """The 0-based output that an ORDER BY item means; None for an expression that is no output."""
    if "A_Const" in node:
        place = node["A_Const"].get("ival", {}).get("ival", 0)
        if not 0 < place <= len(outputs):
            raise Passed(f"ORDER BY {place}: there is no such output column")
        return int(place) - 1
    if (
        "ColumnRef" in node
        and len(node["ColumnRef"]["fields"]) == 1
        and "String" in node["ColumnRef"]["fields"][0]
    ):
        name = node["ColumnRef"]["fields"][0]["String"]["sval"]
        named = [place for place, output in enumerate(outputs) if output.name == name]
        if named:
            return named[0]
    return same_output(level, node, outputs)


def same_output(level: Level, node: Node, outputs: tuple[Output, ...]) -> int | None:
    """The 0-based output that is the same expression as ``node``."""
    meant = resolve(node["ColumnRef"], level.names) if "ColumnRef" in node else None
    for place, output in enumerate(outputs):
        if isinstance(meant, Column) and output.column == meant:
            return place
        if output.node is not None and same_tree(output.node, node):
            return place
    return None


# --- collations
# -------------------------------------------------------------------------------------------------------


def _collation_at(place: int, level: Level) -> str | None:
    """The collation by which an output of a SELECT or of a set operation sorts, None for the database's default."""
    arms = list(arms_of(level)) if level.kind == "set operation" else [level]
    found = {output_collation((arm.outputs or ())[place], arm) for arm in arms}
    if len(found) > 1:
        raise Passed("ORDER BY: the arms of the set operation have different collations there; add COLLATE")
    return found.pop()


def output_collation(output: Output, level: Level) -> str | None:
    """The collation by which an output of ``level`` sorts, None for the database's default."""
    if output.column is not None:
        return column_collation(output.column)
    return None if output.node is None else collation_of(output.node, level)


def collation_of(node: Node, level: Level) -> str | None:
    """The collation by which an expression of ``level`` sorts, None for the database's default.

    Raises
    ------
    Passed : it is not known
    """
    if "ColumnRef" in node:
        return _of_reference(node["ColumnRef"], level)
    if "SubLink" in node:
        return _of_subquery(node["SubLink"], level)
    field = field_column(node["A_Indirection"], level.names) if "A_Indirection" in node else None
    if field is not None:
        return column_collation(field)
    if "CollateClause" in node:
        return ".".join(
            '"' + name.replace('"', '""') + '"' for name in strings(node["CollateClause"]["collname"])
        )
    if _is_name_constant(node):
        return '"C"'
    parts = _passing_on(node)
    if parts is None:
        _require_default(node, level)
        return None
    found = {collation_of(part, level) for part in parts if "CollateClause" not in part} - {None}
    if len(found) > 1 or any("CollateClause" in part for part in parts):
        raise Passed("ORDER BY: the collation of an expression over several is not known; add COLLATE")
    return found.pop() if found else None


def _is_name_constant(node: Node) -> bool:
    """Tell whether an expression is a constant of type name, whose own collation is "C"."""
    body = node.get("TypeCast", {})
    is_name = strings(body.get("typeName", {}).get("names", []))[-1:] == ("name",)
    return is_name and bool({"A_Const", "ParamRef"} & body.get("arg", {}).keys())


def _passing_on(node: Node) -> list[Node] | None:
    """The parts whose collation an expression has, the default standing back; None where that is not known."""
    kind, body = kind_and_body(node)
    match kind:
        case "TypeCast":
            name = strings(body["typeName"].get("names", []))[-1:]
            return [body["arg"]] if name in _TEXTS and "arrayBounds" not in body["typeName"] else None
        case "CoalesceExpr" | "MinMaxExpr":
            return list(body["args"])
        case "CaseExpr":
            results = [arm["CaseWhen"]["result"] for arm in body["args"]]
            return [*results, *([body["defresult"]] if "defresult" in body else [])]
        case "FuncCall":
            return list(body.get("args", [])) if call_name(body) in _PASSING_ON else None
        case "A_Expr":
            return [body["lexpr"], body["rexpr"]] if is_operator(body, "||") and "lexpr" in body else None
    return None


def _require_default(value: Any, level: Level) -> None:
    """Make sure that nothing in an expression has another collation than the database's default."""
    for kind, body in nodes_in(value, without=_has_none):
        if kind == "CollateClause":
            raise Passed("ORDER BY: the collation of an expression around COLLATE is not known")
        if kind == "ColumnRef" and _of_reference(body, level) is not None:
            name = field_names(body)[-1]
            raise Passed(f"ORDER BY: the collation of an expression over {name} is not known; add COLLATE")
        if kind == "TypeCast" and strings(body["typeName"].get("names", []))[-1:] not in _TEXTS:
            name = ".".join(strings(body["typeName"].get("names", [])))
            raise Passed(f"ORDER BY: the collation of an expression over a value of type {name} is not known")
        if _is_name_constant({kind: body}):
            raise Passed("ORDER BY: the collation of an expression over a name is not known; add COLLATE")
        if kind == "SubLink" and _of_subquery(body, level) is not None:
            raise Passed(
                "ORDER BY: the collation of an expression around a subquery is not known; add COLLATE"
            )


def _has_none(kind: str, body: Node) -> bool:
    """Tell whether the value of a node is of a type without collations, whatever is in it."""
    match kind:
        case "BoolExpr" | "NullTest" | "BooleanTest":
            return True
        case "A_Expr":
            if body["kind"] == "AEXPR_NULLIF":  # its operator is "=", but its value one that is compared
                return False
            truth = body["kind"] != "AEXPR_OP"
            return truth or any(is_operator(body, one) for one in ("=", "<>", "<", ">", "<=", ">="))
        case "FuncCall":
            return call_name(body) in _WITHOUT_COLLATION
        case "TypeCast":
            return strings(body["typeName"].get("names", []))[-1:] in _TYPES_WITHOUT_COLLATION
    return False


def _of_reference(body: Node, level: Level) -> str | None:
    """The collation of what a name means: a column, or the value of a function in FROM."""
    meant = resolve(body, level.names) or _column_of_using(body, level.names)
    if isinstance(meant, Column):
        return column_collation(meant)
    if isinstance(meant, WholeRow):
        relations = list(meant.relations)
    else:
        relations = [one for one in _visible(level.names) if one.columns is None]
    for relation in relations:
        _require_function_of_default(relation, level)
    return None


def _column_of_using(body: Node, names: Names) -> Column | None:
    """The column that ``USING (...) AS alias`` merges, where a name means one."""
    parts = field_names(body)
    place = relation_named(str(parts[-2]), None, names) if len(parts) > 1 else None
    if not isinstance(place, Join):
        return None
    found = find_column(place, str(parts[-1]))[0]
    if len(found) != 1:
        raise Passed(f"ORDER BY: the collation of {parts[-1]} is not known")
    return found[0]


def _visible(names: Names | None) -> Iterator[Relation]:
    while names is not None:
        yield from leaves(names.source)
        names = names.outer


def _require_function_of_default(relation: Relation, level: Level) -> None:
    """Make sure that what a function in FROM returns has the default collation: it takes that of its arguments."""
    if relation.kind != "function" or "functions" not in relation.node or relation not in level.relations:
        raise Passed(f"ORDER BY: the collation of {relation.name} is not known")
    _require_default(relation.node["functions"], level)


def _of_subquery(body: Node, level: Level) -> str | None:
    """The collation of a subquery in an expression: that of its only output, where it gives a value of it."""
    if body["subLinkType"] not in ("EXPR_SUBLINK", "ARRAY_SUBLINK"):
        return None
    inner = next((one.level for one in level.subqueries if one.body is body), None)
    if inner is None or inner.kind != "select" or inner.outputs is None or len(inner.outputs) != 1:
        raise Passed("ORDER BY: the collation of a subquery is not known")
    return output_collation(inner.outputs[0], inner)


def column_collation(column: Column) -> str | None:
    """The collation of a column, None for the database's default.

    Raises
    ------
    Passed : it is not known
    """
    for _ in range(100):
        output = output_of(column)
        if output is None:
            break
        if output.column is None:
            level = column.relation.level
            assert level is not None  # output_of found it there
            return None if output.node is None else collation_of(output.node, level)
        column = output.column
    relation = column.relation
    if relation.table is None:
        return _without_table(column)
    found = relation.table.column(relation.base_name(column.name))
    return None if found is None else found.collation


def _without_table(column: Column) -> str | None:
    """The collation of a column that FULL JOIN merges, or of one that a function is said to return."""
    relation = column.relation
    if relation.kind == "merged":
        merged = [one for side in relation.sides for one in find_column(side, column.name)[0]]
        found = {column_collation(one) for one in merged}
        if len(merged) == len(relation.sides) and len(found) == 1:
            return found.pop()
    elif relation.kind == "function" and "CollateClause" not in {kind for kind, _ in walk(relation.node)}:
        return None
    raise Passed(f"ORDER BY: the collation of {column.name} is not known")
