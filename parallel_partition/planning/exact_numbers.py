"""Whole numbers and numeric: which expressions compute with them, and have room for every result."""

from __future__ import annotations

from parallel_partition.planning.compared_as import ColumnOf, base_type
from parallel_partition.planning.terms import is_operator
from parallel_partition.planning.trees import Node, kind_and_body

_WHOLE_NUMBERS = frozenset({"smallint", "integer", "bigint"})


def is_numeric(node: Node, column_of: ColumnOf) -> bool:
    """Tell whether an expression adds, subtracts or multiplies as numeric, which has room for every result.

    Without a precision a value may have all the 131,072 digits that there is room for.
    """
    kind, body = kind_and_body(node)
    if kind == "ColumnRef":
        column = column_of(body)
        return column is not None and column.type.startswith("numeric(") and not column.type.endswith("[]")
    if kind == "FuncCall" and "over" not in body:
        name, arguments = body["funcname"][-1]["String"]["sval"], body.get("args", [])
        whole = name == "avg" and len(arguments) == 1 and is_whole(arguments[0], column_of)
        numeric = any(is_numeric(one, column_of) for one in arguments)
        return name in ("sum", "avg", "min", "max") and (whole or numeric)
    if kind != "A_Expr" or body["kind"] != "AEXPR_OP" or "lexpr" not in body:
        return False
    sides = [body["lexpr"], body["rexpr"]]
    if any(is_operator(body, one) for one in ("+", "-", "*")):
        numeric = any(is_numeric(side, column_of) for side in sides)
        return numeric and all(_is_number(side, column_of) for side in sides)
    return is_operator(body, "/") and is_numeric(sides[0], column_of) and _is_not_zero(sides[1])


def is_whole(node: Node, column_of: ColumnOf) -> bool:
    """Tell whether an expression is a column of whole numbers."""
    column = column_of(node["ColumnRef"]) if "ColumnRef" in node else None
    return column is not None and base_type(column) in _WHOLE_NUMBERS


def is_exact(node: Node, column_of: ColumnOf) -> bool:
    """Tell whether sums of an expression have room for every result."""
    return is_numeric(node, column_of) or is_whole(node, column_of)


def _is_number(node: Node, column_of: ColumnOf) -> bool:
    constant = node.get("A_Const", {})
    return is_exact(node, column_of) or "ival" in constant or "fval" in constant


def _is_not_zero(node: Node) -> bool:
    constant = node.get("A_Const", {})
    if "fval" in constant:
        return float(constant["fval"]["fval"]) != 0
    return bool(constant.get("ival", {}).get("ival", 0))
