"""Expressions that PostgreSQL can compute for every row without an error.

PostgreSQL does not promise which expressions it computes for which rows: what filters elsewhere may come first, and a
subquery may never run. Whoever computes an expression for more rows than PostgreSQL would must know that none of them
ends the statement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from parallel_partition.catalog import tables
from parallel_partition.planning.compared_as import (
    ColumnOf,
    base_type,
    comparable,
    compared_as,
    mixes_numbers,
    one_type,
)
from parallel_partition.planning.exact_numbers import is_exact, is_numeric
from parallel_partition.planning.terms import is_operator
from parallel_partition.planning.trees import Node, kind_and_body, walk

_COMPARISONS = ("=", "<", ">", "<=", ">=", "<>")
#: Forms of them that make one type of all that they compare, and those that do not.
_COMPARE_AS_ONE = frozenset({"AEXPR_IN", "AEXPR_NULLIF"})
_COMPARE = frozenset(
    {
        "AEXPR_DISTINCT",
        "AEXPR_NOT_DISTINCT",
        "AEXPR_BETWEEN",
        "AEXPR_NOT_BETWEEN",
        "AEXPR_BETWEEN_SYM",
        "AEXPR_NOT_BETWEEN_SYM",
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
_FLOATS = frozenset({"float4", "float8"})
#: Collations under which LIKE has an answer on every version; None is the database's own.
_FOR_PATTERNS = (None, '"C"', '"POSIX"', 'pg_catalog."C"', 'pg_catalog."POSIX"')


def never_fails(expression: Node, column_of: ColumnOf) -> bool:
    """Tell whether an expression fails for no row.

    Parts without columns do not count: they are computed before any row is read.
    """
    columns = [column_of(body) for kind, body in walk(expression) if kind == "ColumnRef"]
    known = [column for column in columns if column is not None]
    collations = {column.collation for column in known if compared_as_text(column)}
    return (
        not mixes_numbers(columns)
        and not (_casts_to_floats(expression) and any(base_type(column) == "numeric" for column in known))
        and len(collations) <= 1
        and not any(map(is_computed, known))
        and _NeverFails(column_of).expression(expression)
    )


def is_computed(column: tables.Column) -> bool:
    """Tell whether a column's values are computed when they are read."""
    return column.generated == "virtual"


def compared_as_text(column: tables.Column) -> bool:
    """Tell whether a column's values are compared by a collation."""
    return base_type(column).removesuffix("[]") in ("text", "character varying", "character", "name")


def _casts_to_floats(expression: Node) -> bool:
    names = (body["names"][-1]["String"]["sval"] for kind, body in walk(expression) if kind == "TypeName")
    return any(name in _FLOATS for name in names)


def window_never_fails(window: Node, column_of: ColumnOf) -> bool:
    """Tell the same of a window of the WINDOW clause, by its WindowDef's body."""
    return _NeverFails(column_of).window(window)


class _NeverFails:
    def __init__(self, column_of: ColumnOf) -> None:
        self._column_of = column_of

    def expression(self, node: Node) -> bool:
        kind, body = kind_and_body(node)
        if kind == "ColumnRef" or not any(_reads_rows(*below) for below in walk(node)):
            return True
        match kind:
            case "A_Expr":
                return self._operator(body)
            case "BoolExpr":
                return self._all(body["args"])
            case "CoalesceExpr" | "MinMaxExpr":
                return self._one_type(body["args"]) and self._all(body["args"])
            case "NullTest" | "BooleanTest":
                return self.expression(body["arg"])
            case "CaseExpr":
                return self._case(body)
            case "FuncCall":
                return self._call(body)
            case "SubLink":
                return self._subquery(body)
            case "RowExpr":
                return self._all(body.get("args", []))
        return False

    def _all(self, nodes: Iterable[Node]) -> bool:
        return all(map(self.expression, nodes))

    def _case(self, body: Node) -> bool:
        whens = [item["CaseWhen"] for item in body.get("args", [])]
        conditions = [when["expr"] for when in whens]
        if "arg" in body:
            conditions.append(body["arg"])
            if not comparable(conditions, self._column_of):
                return False
        results = [when["result"] for when in whens] + ([body["defresult"]] if "defresult" in body else [])
        plain = all("A_Const" in one for one in results)
        return (plain or self._one_type(results)) and self._all([*conditions, *results])

    def _one_type(self, nodes: list[Node]) -> bool:
        return one_type(nodes, self._column_of) is not None

    def _subquery(self, body: Node) -> bool:
        """What it selects is for whoever looks at its level; one that must be a single row may be several."""
        if body["subLinkType"] == "EXISTS_SUBLINK":
            return True
        if body["subLinkType"] != "ANY_SUBLINK" or "operName" in body:
            return False
        targets = body["subselect"]["SelectStmt"].get("targetList", [])
        tested = _fields(body["testexpr"])
        selected = [target["ResTarget"]["val"] for target in targets]
        return len(selected) == len(tested) and all(
            self.expression(one) and comparable((one, other), self._column_of)
            for one, other in zip(tested, selected, strict=True)
        )

    def _operator(self, body: Node) -> bool:
        sides = [*_listed([body.get("lexpr", {}), body.get("rexpr", {})])]
        if body["kind"] in _COMPARE_AS_ONE:
            return self._compares(sides, _become_one) and self._all(sides)
        if body["kind"] in _COMPARE or any(is_operator(body, one) for one in _COMPARISONS):
            return self._compares(sides, comparable) and self._all(sides)
        if _matches_pattern(body):
            return self._is_pattern_text(sides[0]) and self._all(sides)
        return (
            body["kind"] == "AEXPR_OP" and is_numeric({"A_Expr": body}, self._column_of) and self._all(sides)
        )

    def _compares(self, sides: list[Node], agree: Callable[[Iterable[Node], ColumnOf], bool]) -> bool:
        """Tell whether sides agree, rows field by field."""
        rows = [_fields(side) for side in sides]
        if len({len(row) for row in rows}) > 1:
            return False
        return all(agree(fields, self._column_of) for fields in zip(*rows, strict=True))

    def _is_pattern_text(self, node: Node) -> bool:
        columns = [self._column_of(body) for kind, body in walk(node) if kind == "ColumnRef"]
        return all(column is not None and column.collation in _FOR_PATTERNS for column in columns)

    def _call(self, body: Node) -> bool:
        names = [part["String"]["sval"] for part in body["funcname"]]
        if len(names) > 1 and names[0] != "pg_catalog":
            return False
        arguments = body.get("args", [])
        if "over" in body:
            return names[-1] in _RANKS and self.window(body["over"])
        if names[-1] in _SUMS and not all(is_exact(one, self._column_of) for one in arguments):
            return False
        if names[-1] in ("min", "max") and not self._one_type(arguments):
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
            return compared_as(node, self._column_of) == "text"
        return kind == "FuncCall" and "over" not in body and self._call(body)

    def window(self, over: Node) -> bool:
        """The same for PARTITION BY and ORDER BY of a window; offsets of its frame may be ones that are refused."""
        if "startOffset" in over or "endOffset" in over:
            return False
        sorted_by = [item["SortBy"]["node"] for item in over.get("orderClause", [])]
        return self._all([*over.get("partitionClause", []), *sorted_by])

    def _is_date_part(self, arguments: list[Node]) -> bool:
        part = arguments[0].get("A_Const", {}).get("sval", {}).get("sval", "")
        date = self._column_of(arguments[1]["ColumnRef"]) if "ColumnRef" in arguments[1] else None
        return part.lower() in _DATE_PARTS and date is not None and base_type(date).startswith(_DATES)


def _fields(node: Node) -> list[Node]:
    """The fields of a row; of anything else, that."""
    return node["RowExpr"].get("args", []) if "RowExpr" in node else [node]


def _become_one(nodes: Iterable[Node], column_of: ColumnOf) -> bool:
    """Tell whether expressions may become one type."""
    return one_type(nodes, column_of) is not None


def _reads_rows(kind: str, body: Node) -> bool:
    return kind in ("ColumnRef", "SubLink") or (kind == "FuncCall" and "over" in body)


def _matches_pattern(body: Node) -> bool:
    """Tell whether it is LIKE by a constant pattern; one that ends in an escape is an error for some rows."""
    pattern = body.get("rexpr", {}).get("A_Const", {}).get("sval", {}).get("sval")
    return body["kind"] == "AEXPR_LIKE" and pattern is not None and "\\" not in pattern


def _is_not_negative(node: Node) -> bool:
    return "ival" in node.get("A_Const", {}) and node["A_Const"]["ival"].get("ival", 0) >= 0


def _listed(nodes: Iterable[Node]) -> Iterator[Node]:
    for node in nodes:
        yield from _listed(node["List"].get("items", [])) if "List" in node else [node] if node else []
