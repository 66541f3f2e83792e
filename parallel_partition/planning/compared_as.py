"""What the values of expressions are compared as, where PostgreSQL compares all of them without an error.

Most types have their own comparison. Others are compared as what not every value can become (a number of an object
with a bigint), by a collation that two texts do not agree on, or not at all (json in an array).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from parallel_partition.catalog.tables import Column
from parallel_partition.planning.terms import is_operator
from parallel_partition.planning.trees import Node, kind_and_body, walk

#: The table's column that a ColumnRef's body means; None where it is not known.
ColumnOf = Callable[[Node], Column | None]

#: What every value of a type is compared as; of most it is the type.
_AS = {
    **dict.fromkeys(("smallint", "integer", "bigint", "numeric", "real", "double precision"), "number"),
    **dict.fromkeys(("text", "character varying", "character"), "text"),
    **{
        own: own
        for own in (
            *("boolean", "uuid", "bytea", "date", "timestamp without time zone", "timestamp with time zone"),
            *("time without time zone", "time with time zone", "interval", "inet", "cidr", "money", "jsonb"),
        )
    },
}
#: These are compared with each other by operators of their own; what has to become one type of them may fail.
_TIMES = frozenset({"date", "timestamp without time zone", "timestamp with time zone"})
#: Constants, and what else has no columns: they become what they are compared with before a row is read.
ANYTHING = "anything"
_NUMBERS_OF = frozenset({"count", "sum", "avg", "extract", "row_number", "rank", "dense_rank"})
_LENGTHS = frozenset({"length", "char_length"})
_TEXTS_OF = frozenset({"lower", "upper", "btrim", "ltrim", "rtrim", "substring"})


def base_type(column: Column) -> str:
    """A column's type without its modifiers."""
    before, opening, behind = column.type.partition("(")
    return before.strip() + (behind.partition(")")[2] if opening else "")


def compared_as(node: Node, column_of: ColumnOf) -> str | None:
    """What an expression's values are compared as; None where they may not be, or where it is not known."""
    kind, body = kind_and_body(node)
    if not any(below in ("ColumnRef", "SubLink") or "over" in inner for below, inner in walk(node)):
        return ANYTHING
    match kind:
        case "ColumnRef":
            column = column_of(body)
            return None if column is None else _of_type(base_type(column))
        case "A_Expr" if body["kind"] == "AEXPR_NULLIF":
            return compared_as(body["lexpr"], column_of)
        case "A_Expr":
            return "number" if any(is_operator(body, sign) for sign in "+-*/") else None
        case "CoalesceExpr" | "MinMaxExpr":
            return one_type(body["args"], column_of)
        case "CaseExpr":
            results = [item["CaseWhen"]["result"] for item in body.get("args", [])]
            return one_type([*results, *([body["defresult"]] if "defresult" in body else [])], column_of)
        case "FuncCall":
            return _of_call(body, column_of)
    return None


def _of_type(type: str) -> str | None:
    if type.endswith("[]"):
        element = _AS.get(type[:-2])
        return None if element is None else f"{element}[]"
    return _AS.get(type)


def _of_call(body: Node, column_of: ColumnOf) -> str | None:
    name = body["funcname"][-1]["String"]["sval"]
    if name in _NUMBERS_OF or name in _LENGTHS:
        return "number"
    if name in ("min", "max") and len(body.get("args", [])) == 1:
        return compared_as(body["args"][0], column_of)
    return "text" if name in _TEXTS_OF else None


def one_type(nodes: Iterable[Node], column_of: ColumnOf) -> str | None:
    """What expressions are compared as that have to become one type; None where they may not."""
    return _agreed({compared_as(node, column_of) for node in nodes})


def comparable(nodes: Iterable[Node], column_of: ColumnOf) -> bool:
    """Tell whether operators can compare expressions with each other."""
    found = {compared_as(node, column_of) for node in nodes}
    return _agreed({"time" if one in _TIMES else one for one in found}) is not None


def _agreed(found: set[str | None]) -> str | None:
    rest = found - {ANYTHING}
    return ANYTHING if not rest else rest.pop() if len(rest) == 1 else None


def agree(columns: Iterable[Column | None]) -> bool:
    """Tell whether columns are compared as one type, under one collation."""
    listed = list(columns)
    known = [column for column in listed if column is not None]
    return (
        len(known) == len(listed)
        and len({column.collation for column in known}) <= 1
        and len({_of_type(base_type(column)) for column in known} | {None}) == 2
        and not mixes_numbers(known)
    )


def mixes_numbers(columns: Iterable[Column | None]) -> bool:
    """Tell whether a numeric may become a float, which has no room for every one."""
    types = [None if column is None else base_type(column) for column in columns]
    floats = {"real", "double precision"}
    return any(type in floats for type in types) and any(type in (None, "numeric") for type in types)
