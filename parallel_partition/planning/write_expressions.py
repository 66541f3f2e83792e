"""Expressions as SQL. Every operand that is no atom has its parentheses, so no rule of precedence matters."""

from __future__ import annotations

from parallel_partition.catalog.identifiers import quoted
from parallel_partition.planning.trees import Node, kind_and_body
from parallel_partition.planning.write_nodes import (
    Unsupported,
    dotted,
    keyword,
    listed,
    literal,
    operand,
    operator,
    strings,
    write_body,
    write_node,
    writes,
)

# --- names, parameters, constants ---------------------------------------------------------------------------


@writes("ColumnRef", "fields")
def _column(body: Node) -> str:
    return ".".join(write_node(field) for field in body["fields"])


@writes("String", "sval")
def _name(body: Node) -> str:
    return quoted(body["sval"])


@writes("A_Star")
def _star(_: Node) -> str:
    return "*"


@writes("ParamRef", "number")
def _parameter(body: Node) -> str:
    return f"${body['number']}"


@writes("A_Const", "ival fval boolval sval bsval isnull")
def _constant(body: Node) -> str:
    if "sval" in body:
        return literal(body["sval"]["sval"])
    if "ival" in body:
        return str(body["ival"].get("ival", 0))
    if "fval" in body:
        return str(body["fval"]["fval"])
    if "boolval" in body:
        return "TRUE" if body["boolval"].get("boolval") else "FALSE"
    if "bsval" in body:
        digits = body["bsval"]["bsval"]
        return f"{digits[:1].upper()}'{digits[1:]}'"
    return "NULL"


@writes("SetToDefault")
def _default(_: Node) -> str:
    return "DEFAULT"


_VALUE_FUNCTIONS = {
    "SVFOP_CURRENT_DATE": "CURRENT_DATE",
    "SVFOP_CURRENT_TIME": "CURRENT_TIME",
    "SVFOP_CURRENT_TIME_N": "CURRENT_TIME",
    "SVFOP_CURRENT_TIMESTAMP": "CURRENT_TIMESTAMP",
    "SVFOP_CURRENT_TIMESTAMP_N": "CURRENT_TIMESTAMP",
    "SVFOP_LOCALTIME": "LOCALTIME",
    "SVFOP_LOCALTIME_N": "LOCALTIME",
    "SVFOP_LOCALTIMESTAMP": "LOCALTIMESTAMP",
    "SVFOP_LOCALTIMESTAMP_N": "LOCALTIMESTAMP",
    "SVFOP_CURRENT_ROLE": "CURRENT_ROLE",
    "SVFOP_CURRENT_USER": "CURRENT_USER",
    "SVFOP_USER": "USER",
    "SVFOP_SESSION_USER": "SESSION_USER",
    "SVFOP_CURRENT_CATALOG": "CURRENT_CATALOG",
    "SVFOP_CURRENT_SCHEMA": "CURRENT_SCHEMA",
}


@writes("SQLValueFunction", "op typmod")
def _value_function(body: Node) -> str:
    word = keyword(_VALUE_FUNCTIONS, body, "op")
    return f"{word}({body.get('typmod', 0)})" if body["op"].endswith("_N") else word


# --- operators ----------------------------------------------------------------------------------------------


@writes("A_Expr", "kind name lexpr rexpr")
def _operation(body: Node) -> str:
    return _OPERATIONS.get(body["kind"], _worded_operation)(body)


def _plain_operation(body: Node) -> str:
    """Write ``a + b``. Long chains (``a || b || c ...``) lie deep in the tree, so the left side is a loop."""
    rights = []
    while True:
        rights.append(f"{operator(body['name'])} {operand(body['rexpr'])}")
        left = body.get("lexpr")
        inner = left.get("A_Expr") if left is not None else None
        if inner is None or inner["kind"] != "AEXPR_OP":
            break
        body = inner
    written = rights.pop() if left is None else f"{operand(left)} {rights.pop()}"
    while rights:
        written = f"({written}) {rights.pop()}"
    return written


def _worded_operation(body: Node) -> str:
    return f"{operand(body['lexpr'])} {_worded(body)} {operand(body['rexpr'])}"


def _quantified(body: Node) -> str:
    symbols = f"{operator(body['name'])} {_QUANTIFIED[body['kind']]}"
    return f"{operand(body['lexpr'])} {symbols} ({write_node(body['rexpr'])})"


def _nullif(body: Node) -> str:
    return f"NULLIF({write_node(body['lexpr'])}, {write_node(body['rexpr'])})"


def _in_list(body: Node) -> str:
    return f"{operand(body['lexpr'])} {_worded(body)} ({listed(body['rexpr']['List']['items'])})"


def _between(body: Node) -> str:
    low, high = body["rexpr"]["List"]["items"]
    return f"{operand(body['lexpr'])} {_BETWEEN[body['kind']]} {operand(low)} AND {operand(high)}"


def _similar(body: Node) -> str:
    """Write SIMILAR TO; the grammar has already made its pattern a call of similar_to_escape."""
    pattern = body["rexpr"].get("FuncCall", {}).get("args", ())
    if len(pattern) not in (1, 2):
        raise Unsupported("AEXPR_SIMILAR", "its pattern is no call of similar_to_escape")
    return f"{operand(body['lexpr'])} {_worded(body)} {' ESCAPE '.join(map(operand, pattern))}"


_QUANTIFIED = {"AEXPR_OP_ANY": "ANY", "AEXPR_OP_ALL": "ALL"}

_BETWEEN = {
    "AEXPR_BETWEEN": "BETWEEN",
    "AEXPR_NOT_BETWEEN": "NOT BETWEEN",
    "AEXPR_BETWEEN_SYM": "BETWEEN SYMMETRIC",
    "AEXPR_NOT_BETWEEN_SYM": "NOT BETWEEN SYMMETRIC",
}

#: Operators that are words, by the kind and the symbols that the grammar puts in their place.
_WORDS = {
    ("AEXPR_DISTINCT", "="): "IS DISTINCT FROM",
    ("AEXPR_NOT_DISTINCT", "="): "IS NOT DISTINCT FROM",
    ("AEXPR_IN", "="): "IN",
    ("AEXPR_IN", "<>"): "NOT IN",
    ("AEXPR_LIKE", "~~"): "LIKE",
    ("AEXPR_LIKE", "!~~"): "NOT LIKE",
    ("AEXPR_ILIKE", "~~*"): "ILIKE",
    ("AEXPR_ILIKE", "!~~*"): "NOT ILIKE",
    ("AEXPR_SIMILAR", "~"): "SIMILAR TO",
    ("AEXPR_SIMILAR", "!~"): "NOT SIMILAR TO",
}


def _worded(body: Node) -> str:
    symbols = ".".join(strings(body["name"]))
    word = _WORDS.get((body["kind"], symbols))
    if word is None:
        raise Unsupported(f"{body['kind']} {symbols}")
    return word


_OPERATIONS = {
    "AEXPR_OP": _plain_operation,
    "AEXPR_NULLIF": _nullif,
    "AEXPR_IN": _in_list,
    "AEXPR_SIMILAR": _similar,
    **dict.fromkeys(_QUANTIFIED, _quantified),
    **dict.fromkeys(_BETWEEN, _between),
}


@writes("BoolExpr", "boolop args")
def _boolean(body: Node) -> str:
    if body["boolop"] == "NOT_EXPR":
        return f"NOT {operand(body['args'][0])}"
    word = keyword({"AND_EXPR": " AND ", "OR_EXPR": " OR "}, body, "boolop")
    return word.join(map(operand, body["args"]))


_NULL_TESTS = {"IS_NULL": "IS NULL", "IS_NOT_NULL": "IS NOT NULL"}


@writes("NullTest", "arg nulltesttype")
def _null_test(body: Node) -> str:
    return f"{operand(body['arg'])} {keyword(_NULL_TESTS, body, 'nulltesttype')}"


_BOOLEAN_TESTS = {
    "IS_TRUE": "IS TRUE",
    "IS_NOT_TRUE": "IS NOT TRUE",
    "IS_FALSE": "IS FALSE",
    "IS_NOT_FALSE": "IS NOT FALSE",
    "IS_UNKNOWN": "IS UNKNOWN",
    "IS_NOT_UNKNOWN": "IS NOT UNKNOWN",
}


@writes("BooleanTest", "arg booltesttype")
def _boolean_test(body: Node) -> str:
    return f"{operand(body['arg'])} {keyword(_BOOLEAN_TESTS, body, 'booltesttype')}"


@writes("CollateClause", "arg collname")
def _collate(body: Node) -> str:
    return f"{operand(body['arg'])} COLLATE {dotted(body['collname'])}"


# --- types --------------------------------------------------------------------------------------------------


@writes("TypeCast", "arg typeName")
def _cast(body: Node) -> str:
    return f"CAST({write_node(body['arg'])} AS {write_body('TypeName', body['typeName'])})"


@writes("TypeName", "names setof typmods typemod arrayBounds")
def _type(body: Node) -> str:
    """Write a type by its name, and what the grammar makes of ``second(3)`` or ``varying(5)`` as modifiers."""
    modifiers = f"({listed(body['typmods'])})" if "typmods" in body else ""
    bounds = "".join(_bound(bound["Integer"].get("ival", 0)) for bound in body.get("arrayBounds", ()))
    return f"{'SETOF ' if body.get('setof') else ''}{dotted(body['names'])}{modifiers}{bounds}"


def _bound(size: int) -> str:
    return "[]" if size < 0 else f"[{size}]"


# --- what is built of others --------------------------------------------------------------------------------


@writes("CaseExpr", "arg args defresult")
def _case(body: Node) -> str:
    subject = f" {operand(body['arg'])}" if "arg" in body else ""
    arms = "".join(f" {write_node(arm)}" for arm in body["args"])
    otherwise = f" ELSE {write_node(body['defresult'])}" if "defresult" in body else ""
    return f"CASE{subject}{arms}{otherwise} END"


@writes("CaseWhen", "expr result")
def _when(body: Node) -> str:
    return f"WHEN {write_node(body['expr'])} THEN {write_node(body['result'])}"


@writes("CoalesceExpr", "args")
def _coalesce(body: Node) -> str:
    return f"COALESCE({listed(body['args'])})"


@writes("MinMaxExpr", "op args")
def _greatest(body: Node) -> str:
    word = keyword({"IS_GREATEST": "GREATEST", "IS_LEAST": "LEAST"}, body, "op")
    return f"{word}({listed(body['args'])})"


@writes("A_ArrayExpr", "elements")
def _array(body: Node) -> str:
    return f"ARRAY[{listed(body.get('elements', ()))}]"


@writes("RowExpr", "args row_format")
def _row(body: Node) -> str:
    word = keyword({"COERCE_EXPLICIT_CALL": "ROW", "COERCE_IMPLICIT_CAST": ""}, body, "row_format")
    return f"{word}({listed(body.get('args', ()))})"


@writes("A_Indirection", "arg indirection")
def _indirection(body: Node) -> str:
    return f"({write_node(body['arg'])})" + indirection(body["indirection"])


def indirection(steps: list[Node]) -> str:
    """Write what follows a value: ``.field``, ``.*``, ``[1]``, ``[1:2]``."""
    return "".join(write_node(step) if "A_Indices" in step else f".{write_node(step)}" for step in steps)


@writes("A_Indices", "is_slice lidx uidx")
def _indices(body: Node) -> str:
    upper = write_node(body["uidx"]) if "uidx" in body else ""
    if not body.get("is_slice"):
        return f"[{upper}]"
    lower = operand(body["lidx"]) if "lidx" in body else ""
    return f"[{lower} : {upper}]"


@writes("SubLink", "subLinkType testexpr operName subselect")
def _subquery(body: Node) -> str:
    query = f"({write_node(body['subselect'])})"
    kind = body["subLinkType"]
    if kind == "EXPR_SUBLINK":
        return query
    if kind in ("EXISTS_SUBLINK", "ARRAY_SUBLINK"):
        return f"{kind.removesuffix('_SUBLINK')}{query}"
    if kind not in ("ANY_SUBLINK", "ALL_SUBLINK"):
        raise Unsupported(kind)
    word = f"{operator(body['operName'])} {kind[:3]}" if "operName" in body else "IN"
    return f"{operand(body['testexpr'])} {word} {query}"


@writes("MultiAssignRef", "source colno ncolumns")
def _assigned(_: Node) -> str:
    raise Unsupported("MultiAssignRef", "it stands outside of an UPDATE's SET")


@writes("CurrentOfExpr", "cursor_name")
def _current_of(body: Node) -> str:
    return f"CURRENT OF {quoted(body['cursor_name'])}"


@writes("GroupingFunc", "args")
def _grouping(body: Node) -> str:
    return f"GROUPING({listed(body['args'])})"


@writes("List", "items")
def _list(body: Node) -> str:
    return f"({listed(body['items'])})"


def typed_literal(node: Node) -> str:
    """Write a constant where the grammar takes no CAST: ``type 'text'``."""
    cast = node.get("TypeCast", {})
    if "sval" not in cast.get("arg", {}).get("A_Const", {}):
        return write_node(node)
    return f"{write_body('TypeName', cast['typeName'])} {write_node(cast['arg'])}"


def one_string(node: Node) -> str:
    """Return the text of a string constant that the grammar itself makes of a word."""
    kind, body = kind_and_body(node)
    if kind != "A_Const" or "sval" not in body:
        raise Unsupported(kind, "a string constant was expected")
    return str(body["sval"]["sval"])
