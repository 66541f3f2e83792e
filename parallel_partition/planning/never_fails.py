"""Expressions that PostgreSQL can compute for every row without an error.

PostgreSQL does not promise which expressions it computes for which rows: what filters elsewhere may come first, and a
subquery may never run. Whoever computes an expression for more rows than PostgreSQL would must know that none of them
ends the statement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from parallel_partition.planning.scope import Column, Names, resolve
from parallel_partition.planning.terms import is_operator
from parallel_partition.planning.trees import Node, kind_and_body, walk

#: The type of a column, by its ColumnRef's body, as ``format_type`` writes it; "" where it is not known.
TypeOf = Callable[[Node], str]

_COMPARISONS = ("=", "<", ">", "<=", ">=", "<>")
#: Other forms of comparisons by these operators.
_COMPARE = frozenset(
    {
        "AEXPR_IN",
        "AEXPR_DISTINCT",
        "AEXPR_NOT_DISTINCT",
        "AEXPR_BETWEEN",
        "AEXPR_NOT_BETWEEN",
        "AEXPR_BETWEEN_SYM",
        "AEXPR_NOT_BETWEEN_SYM",
        "AEXPR_NULLIF",
    }
)
#: Functions of PostgreSQL that fail for no text.
_OF_TEXT = frozenset({"lower", "upper", "length", "char_length", "btrim", "ltrim", "rtrim"})
#: Aggregates that fail for no value, and those that do not for whole numbers and numeric: they keep larger types.
_AGGREGATES = frozenset({"count", "min", "max", "bool_and", "bool_or", "every"})
_SUMS = frozenset({"sum", "avg"})
_RANKS = frozenset({"row_number", "rank", "dense_rank"})
#: Parts of a date that every date and timestamp has.
_DATE_PARTS = frozenset({"year", "quarter", "month", "week", "day", "dow", "doy"})
_DATES = ("date", "timestamp")
_WHOLE_NUMBERS = ("smallint", "integer", "bigint")
_FLOATS = ("real", "double precision")
_TEXTS = ("text", "character")


def never_fails(expression: Node, type_of: TypeOf) -> bool:
    """Tell whether an expression fails for no row.

    Parts without columns do not count: they are computed before any row is read.
    """
    return not _mixes_numbers(expression, type_of) and _NeverFails(type_of).expression(expression)


def _mixes_numbers(expression: Node, type_of: TypeOf) -> bool:
    """Tell whether a numeric may become a float, which has no room for every one."""
    types = [type_of(body) for kind, body in walk(expression) if kind == "ColumnRef"]
    return any(one.startswith(_FLOATS) for one in types) and any(
        not one or one.startswith("numeric") for one in types
    )


def window_never_fails(window: Node, type_of: TypeOf) -> bool:
    """Tell the same of a window of the WINDOW clause, by its WindowDef's body."""
    return _NeverFails(type_of).window(window)


def column_type(body: Node, names: Names | None) -> str:
    """The type of the table's column that a ColumnRef's body means among names; "" for anything else."""
    meant = resolve(body, names)
    if not isinstance(meant, Column) or meant.relation.table is None:
        return ""
    column = meant.relation.table.column(meant.relation.base_name(meant.name))
    return "" if column is None else column.type


class _NeverFails:
    def __init__(self, type_of: TypeOf) -> None:
        self._type_of = type_of

    def expression(self, node: Node) -> bool:
        kind, body = kind_and_body(node)
        if kind == "ColumnRef" or not any(_reads_rows(*below) for below in walk(node)):
            return True
        match kind:
            case "A_Expr":
                return self._operator(body)
            case "BoolExpr" | "CoalesceExpr" | "MinMaxExpr":
                return self._all(body["args"])
            case "NullTest" | "BooleanTest":
                return self.expression(body["arg"])
            case "CaseExpr":
                whens = [item["CaseWhen"] for item in body.get("args", [])]
                parts = [part for when in whens for part in (when["expr"], when["result"])]
                return self._all([*parts, *(body[name] for name in ("arg", "defresult") if name in body)])
            case "FuncCall":
                return self._call(body)
            case "SubLink":
                # What it selects is for whoever looks at its level; one that must be a single row may be several.
                plain = body["subLinkType"] in ("EXISTS_SUBLINK", "ANY_SUBLINK") and "operName" not in body
                return plain and ("testexpr" not in body or self.expression(body["testexpr"]))
            case "RowExpr":
                return self._all(body.get("args", []))
        return False

    def _all(self, nodes: Iterable[Node]) -> bool:
        return all(map(self.expression, nodes))

    def _operator(self, body: Node) -> bool:
        compares = body["kind"] in _COMPARE or any(is_operator(body, one) for one in _COMPARISONS)
        sides = [*_listed([body.get("lexpr", {}), body.get("rexpr", {})])]
        if compares or _matches_pattern(body):
            return self._all(sides)
        return body["kind"] == "AEXPR_OP" and self._is_numeric({"A_Expr": body}) and self._all(sides)

    def _is_numeric(self, node: Node) -> bool:
        """Tell whether an expression adds, subtracts or multiplies as numeric, which has room for every result."""
        kind, body = kind_and_body(node)
        if kind == "ColumnRef":
            return self._type_of(body).startswith("numeric") and not self._type_of(body).endswith("[]")
        if kind == "FuncCall" and "over" not in body:
            name, arguments = body["funcname"][-1]["String"]["sval"], body.get("args", [])
            whole = name == "avg" and len(arguments) == 1 and self._is_whole(arguments[0])
            return name in ("sum", "avg", "min", "max") and (whole or any(map(self._is_numeric, arguments)))
        if kind != "A_Expr" or body["kind"] != "AEXPR_OP" or "lexpr" not in body:
            return False
        sides = [body["lexpr"], body["rexpr"]]
        if any(is_operator(body, one) for one in ("+", "-", "*")):
            return any(map(self._is_numeric, sides)) and all(map(self._is_number, sides))
        return is_operator(body, "/") and self._is_numeric(sides[0]) and _is_not_zero(sides[1])

    def _is_number(self, node: Node) -> bool:
        constant = node.get("A_Const", {})
        return self._is_numeric(node) or self._is_whole(node) or "ival" in constant or "fval" in constant

    def _is_whole(self, node: Node) -> bool:
        return "ColumnRef" in node and self._type_of(node["ColumnRef"]) in _WHOLE_NUMBERS

    def _call(self, body: Node) -> bool:
        names = [part["String"]["sval"] for part in body["funcname"]]
        if len(names) > 1 and names[0] != "pg_catalog":
            return False
        arguments = body.get("args", [])
        if "over" in body:
            return names[-1] in _RANKS and self.window(body["over"])
        if names[-1] in _SUMS and not all(self._is_numeric(one) or self._is_whole(one) for one in arguments):
            return False
        if names[-1] in _AGGREGATES | _SUMS:
            sorted_by = [item["SortBy"]["node"] for item in body.get("agg_order", [])]
            return self._all(
                [*arguments, *sorted_by, *([body["agg_filter"]] if "agg_filter" in body else [])]
            )
        if names[-1] == "extract":
            return self._is_date_part(arguments)
        if names[-1] == "substring":
            return self._is_text(arguments[0]) and all(map(_is_not_negative, arguments[1:]))
        return names[-1] in _OF_TEXT and len(arguments) == 1 and self._is_text(arguments[0])

    def _is_text(self, node: Node) -> bool:
        """Tell whether an expression is a column of text, or such a function of one: others have other functions."""
        kind, body = kind_and_body(node)
        if kind == "ColumnRef":
            type = self._type_of(body)
            return type.startswith(_TEXTS) and not type.endswith("[]")
        return kind == "FuncCall" and "over" not in body and self._call(body)

    def window(self, over: Node) -> bool:
        """The same for PARTITION BY and ORDER BY of a window; offsets of its frame may be ones that are refused."""
        if "startOffset" in over or "endOffset" in over:
            return False
        sorted_by = [item["SortBy"]["node"] for item in over.get("orderClause", [])]
        return self._all([*over.get("partitionClause", []), *sorted_by])

    def _is_date_part(self, arguments: list[Node]) -> bool:
        part = arguments[0].get("A_Const", {}).get("sval", {}).get("sval", "")
        date = arguments[1].get("ColumnRef")
        return part.lower() in _DATE_PARTS and date is not None and self._type_of(date).startswith(_DATES)


def _reads_rows(kind: str, body: Node) -> bool:
    return kind in ("ColumnRef", "SubLink") or (kind == "FuncCall" and "over" in body)


def _matches_pattern(body: Node) -> bool:
    """Tell whether it is LIKE by a constant pattern; one that ends in an escape is an error for some rows."""
    pattern = body.get("rexpr", {}).get("A_Const", {}).get("sval", {}).get("sval")
    return body["kind"] == "AEXPR_LIKE" and pattern is not None and "\\" not in pattern


def _is_not_zero(node: Node) -> bool:
    constant = node.get("A_Const", {})
    if "fval" in constant:
        return float(constant["fval"]["fval"]) != 0
    return bool(constant.get("ival", {}).get("ival", 0))


def _is_not_negative(node: Node) -> bool:
    return "ival" in node.get("A_Const", {}) and node["A_Const"]["ival"].get("ival", 0) >= 0


def _listed(nodes: Iterable[Node]) -> Iterator[Node]:
    for node in nodes:
        yield from _listed(node["List"].get("items", [])) if "List" in node else [node] if node else []
