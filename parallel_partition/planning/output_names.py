"""The name that PostgreSQL gives to an output column that has no alias.

Needed to tell what a bare name in ORDER BY or a column of a subquery means; names of results are never made
here, they come from PostgreSQL's own description.
"""

from __future__ import annotations

from parallel_partition.planning.trees import Node, kind_and_body

UNNAMED = "?column?"

#: Kinds whose name does not depend on what is in them.
_FIXED = {
    "GroupingFunc": "grouping",
    "MergeSupportFunc": "merge_action",
    "A_ArrayExpr": "array",
    "RowExpr": "row",
    "CoalesceExpr": "coalesce",
    "XmlSerialize": "xmlserialize",
    "JsonParseExpr": "json",
    "JsonScalarExpr": "json_scalar",
    "JsonSerializeExpr": "json_serialize",
    "JsonObjectConstructor": "json_object",
    "JsonArrayConstructor": "json_array",
    "JsonArrayQueryConstructor": "json_array",
    "JsonObjectAgg": "json_objectagg",
    "JsonArrayAgg": "json_arrayagg",
}
_SUBLINKS = {"EXISTS_SUBLINK": "exists", "ARRAY_SUBLINK": "array"}
_XML = {
    "IS_XMLCONCAT": "xmlconcat",
    "IS_XMLELEMENT": "xmlelement",
    "IS_XMLFOREST": "xmlforest",
    "IS_XMLPARSE": "xmlparse",
    "IS_XMLPI": "xmlpi",
    "IS_XMLROOT": "xmlroot",
    "IS_XMLSERIALIZE": "xmlserialize",
}
_JSON = {
    "JSON_EXISTS_OP": "json_exists",
    "JSON_QUERY_OP": "json_query",
    "JSON_VALUE_OP": "json_value",
}

#: A name that stands aside for a better one further out (a cast's type, "case"), and one that does not.
_WEAK, _STRONG = 1, 2


def output_name(target: Node) -> str:
    """Return the name of a ResTarget's body as a column of the result."""
    if "name" in target:
        return str(target["name"])
    found, _ = _named(target.get("val"))
    return found or UNNAMED


def _named(node: Node | None) -> tuple[str, int]:
    """Return the name of an expression and its strength, 0 where it has none."""
    if not node:
        return "", 0
    kind, body = kind_and_body(node)
    if kind in _FIXED:
        return _FIXED[kind], _STRONG
    reader = _READERS.get(kind)
    return reader(body) if reader else ("", 0)


def _of_column(body: Node) -> tuple[str, int]:
    return _last_name(body["fields"])


def _last_name(fields: list[Node]) -> tuple[str, int]:
    names = [field["String"]["sval"] for field in fields if "String" in field]
    return (str(names[-1]), _STRONG) if names else ("", 0)


def _of_indirection(body: Node) -> tuple[str, int]:
    found = _last_name(body.get("indirection", []))
    return found if found[1] else _named(body.get("arg"))


def _of_call(body: Node) -> tuple[str, int]:
    return _last_name(body["funcname"])


def _of_operator(body: Node) -> tuple[str, int]:
    return ("nullif", _STRONG) if body["kind"] == "AEXPR_NULLIF" else ("", 0)


def _of_cast(body: Node) -> tuple[str, int]:
    found = _named(body.get("arg"))
    if found[1] == _STRONG:
        return found
    return _last_name(body["typeName"]["names"])[0], _WEAK


def _of_argument(body: Node) -> tuple[str, int]:
    return _named(body.get("arg"))


def _of_case(body: Node) -> tuple[str, int]:
    found = _named(body.get("defresult"))
    return found if found[1] == _STRONG else ("case", _WEAK)


def _of_sublink(body: Node) -> tuple[str, int]:
    kind = body["subLinkType"]
    if kind in _SUBLINKS:
        return _SUBLINKS[kind], _STRONG
    if kind != "EXPR_SUBLINK":
        return "", 0
    select = body["subselect"].get("SelectStmt", {})
    while "larg" in select:
        select = select["larg"]
    if "valuesLists" in select:
        return "column1", _STRONG
    targets = select.get("targetList", [])
    return (output_name(targets[0]["ResTarget"]), _STRONG) if targets else ("", 0)


def _of_least_or_greatest(body: Node) -> tuple[str, int]:
    return ("least" if body.get("op") == "IS_LEAST" else "greatest"), _STRONG


def _of_sql_value(body: Node) -> tuple[str, int]:
    return body["op"].removeprefix("SVFOP_").removesuffix("_N").lower(), _STRONG


def _of_xml(body: Node) -> tuple[str, int]:
    name = _XML.get(body["op"], "")
    return name, _STRONG if name else 0


def _of_json_function(body: Node) -> tuple[str, int]:
    name = _JSON.get(body["op"], "")
    return name, _STRONG if name else 0


_READERS = {
    "ColumnRef": _of_column,
    "A_Indirection": _of_indirection,
    "FuncCall": _of_call,
    "A_Expr": _of_operator,
    "TypeCast": _of_cast,
    "CollateClause": _of_argument,
    "CaseExpr": _of_case,
    "SubLink": _of_sublink,
    "MinMaxExpr": _of_least_or_greatest,
    "SQLValueFunction": _of_sql_value,
    "XmlExpr": _of_xml,
    "JsonFuncExpr": _of_json_function,
}
