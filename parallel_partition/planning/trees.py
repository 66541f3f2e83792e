"""Parse trees as libpg_query's JSON gives them: dictionaries, walked and compared.

A node is ``{"SelectStmt": {...}}``: its kind and its body. Where the grammar fixes the kind of a field,
the body stands there bare (``"relation": {"relname": "t"}`` is a RangeVar); `walk` knows those. An
absent field has its default: zero, the empty list, false, nothing. A position of 0 is absent too; -1
means that there is none.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import Any

from parallel_partition import errors

#: ``{"SelectStmt": {...}}``, or a bare body.
Node = dict[str, Any]

#: Positions in the text, in bytes. Only numbers are: CREATE TABLESPACE has a ``location`` that is a string.
POSITIONS = frozenset(
    (
        "location",
        "stmt_location",
        "stmt_len",
        "name_location",
        "list_start",
        "list_end",
        "rexpr_list_start",
        "rexpr_list_end",
    )
)

#: The kind of every field that holds a bare body, by the field's name.
_KIND_OF_FIELD = {
    "action": "GrantStmt",
    "alias": "Alias",
    "argType": "TypeName",
    "authrole": "RoleSpec",
    "base": "CreateStmt",
    "boolval": "Boolean",
    "bound": "PartitionBoundSpec",
    "bsval": "BitString",
    "collClause": "CollateClause",
    "constrrel": "RangeVar",
    "constructor": "JsonAggConstructor",
    "context_item": "JsonValueExpr",
    "cycle_clause": "CTECycleClause",
    "datatype": "TypeName",
    "expr": "JsonValueExpr",
    "extname": "String",
    "format": "JsonFormat",
    "fromsql": "ObjectWithArgs",
    "func": "ObjectWithArgs",
    "funccall": "FuncCall",
    "fval": "Float",
    "grantor": "RoleSpec",
    "identitySequence": "RangeVar",
    "infer": "InferClause",
    "into": "IntoClause",
    "intoClause": "IntoClause",
    "ival": "Integer",
    "join_using_alias": "Alias",
    "larg": "SelectStmt",
    "newowner": "RoleSpec",
    "newrole": "RoleSpec",
    "ofTypename": "TypeName",
    "onConflictClause": "OnConflictClause",
    "on_empty": "JsonBehavior",
    "on_error": "JsonBehavior",
    "opername": "ObjectWithArgs",
    "output": "JsonOutput",
    "over": "WindowDef",
    "owner": "RoleSpec",
    "partbound": "PartitionBoundSpec",
    "partspec": "PartitionSpec",
    "pathspec": "JsonTablePathSpec",
    "pktable": "RangeVar",
    "pubtable": "PublicationTable",
    "rarg": "SelectStmt",
    "rel": "RangeVar",
    "relation": "RangeVar",
    "returnType": "TypeName",
    "returning": "JsonReturning",
    "returningClause": "ReturningClause",
    "role": "RoleSpec",
    "search_clause": "CTESearchClause",
    "sequence": "RangeVar",
    "setstmt": "VariableSetStmt",
    "sourcetype": "TypeName",
    "storedtype": "TypeName",
    "sval": "String",
    "table": "RangeVar",
    "targettype": "TypeName",
    "tosql": "ObjectWithArgs",
    "typeName": "TypeName",
    "type_name": "TypeName",
    "typevar": "RangeVar",
    "user": "RoleSpec",
    "value": "JsonValueExpr",
    "view": "RangeVar",
    "withClause": "WithClause",
}

#: Likewise where the field's name alone does not tell.
_KIND_OF_OWNED_FIELD = {
    ("CreateOpClassItem", "name"): "ObjectWithArgs",
    ("JsonArgument", "val"): "JsonValueExpr",
    ("JsonArrayAgg", "arg"): "JsonValueExpr",
    ("JsonObjectAgg", "arg"): "JsonKeyValue",
    ("PLAssignStmt", "val"): "SelectStmt",
    ("PartitionCmd", "name"): "RangeVar",
}


class StatementTooComplex(errors.NotSupportedError):
    """The text is too long or too deeply nested to be read or written."""

    sqlstate = "54001"

    @classmethod
    def nested(cls) -> StatementTooComplex:
        """Return the error for what a RecursionError told."""
        limit = sys.getrecursionlimit()
        return cls(f"the statement is too deeply nested (Python's recursion limit is {limit:,})")


def kind_and_body(node: Node) -> tuple[str, Node]:
    """Return the kind and the body of ``node``, which is ``{kind: body}``."""
    ((kind, body),) = node.items()
    return kind, body


def walk(node: Node | list[Any], kind: str = "") -> Iterator[tuple[str, Node]]:
    """Yield (kind, body) of ``node`` and of everything below it: parents first, fields in the tree's order.

    Parameters
    ----------
    node : ``{kind: body}``, a list of such, or a bare body
    kind : the kind of a bare body

    A body may be changed when it is yielded, before the next one is asked for: what it then holds is walked.
    What the tree repeats (the source of ``SET (a, b) = ...``, once for each column) is walked once.
    """
    stack: list[tuple[str, str, Any]] = [(kind, "", node)]
    while stack:
        owner, field, value = stack.pop()
        if value.__class__ is list:
            stack += [(owner, field, item) for item in reversed(value)]
            continue
        found = _kind_and_body(owner, field, value)
        if found is None:
            continue
        yield found
        kind, body = found
        if not _repeated(kind, body):
            stack += [
                (kind, name, below)
                for name, below in reversed(body.items())
                if below.__class__ is dict or below.__class__ is list
            ]


def _repeated(kind: str, body: Node) -> bool:
    """Tell whether a node repeats what another has: each column of ``(a, b) = (SELECT ...)`` has the whole source."""
    return kind == "MultiAssignRef" and body["colno"] > 1


def _kind_and_body(owner: str, field: str, value: Node) -> tuple[str, Node] | None:
    """Tell what ``owner``'s ``field`` holds; None for the empty place of a list (``{}``)."""
    if len(value) == 1:
        ((key, body),) = value.items()
        if key[0].isupper():
            return key, body
    if field == "":
        return owner, value
    known = _KIND_OF_OWNED_FIELD.get((owner, field)) or _KIND_OF_FIELD.get(field)
    if known is not None:
        return known, value
    if not value:
        return None
    raise LookupError(f"the grammar's field {owner}.{field} holds a body of a kind that is not known here")


def without_positions(value: Any) -> Any:
    """Return a copy of a node, or of a list of nodes, without its positions in the text."""
    try:
        return _without_positions(value)
    except RecursionError:
        raise StatementTooComplex.nested() from None


def _without_positions(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: _without_positions(below) for name, below in value.items() if not _is_position(name, below)
        }
    if isinstance(value, list):
        return [_without_positions(below) for below in value]
    return value


def same_tree(left: Any, right: Any) -> bool:
    """Tell whether two nodes (or lists of nodes) are the same but for their positions in the text."""
    stack = [(left, right)]
    while stack:
        one, other = stack.pop()
        if one.__class__ is not other.__class__:
            return False
        if one.__class__ is dict:
            if not _same_fields(one, other, stack):
                return False
        elif one.__class__ is list:
            if len(one) != len(other):
                return False
            stack += zip(one, other, strict=True)
        elif one != other:
            return False
    return True


def _same_fields(one: Node, other: Node, below: list[tuple[Any, Any]]) -> bool:
    """Compare the plain fields of two bodies, and add what holds more to ``below``."""
    for name, value in one.items():
        kind = value.__class__
        if name in POSITIONS and kind is int:
            continue
        if name not in other:
            return False
        if kind is dict or kind is list:
            below.append((value, other[name]))
        elif value != other[name] or kind is not other[name].__class__:
            return False
    return all(_is_position(name, other[name]) for name in other.keys() - one.keys())


def _is_position(name: str, value: Any) -> bool:
    return name in POSITIONS and value.__class__ is int


def all_of(conditions: Iterable[Node]) -> Node | None:
    """Join conditions by AND as the grammar does (``a AND b AND c`` is one BoolExpr); None for no condition."""
    flat: list[Node] = []
    for condition in conditions:
        body = condition.get("BoolExpr")
        flat += body["args"] if body is not None and body["boolop"] == "AND_EXPR" else [condition]
    if len(flat) < 2:
        return flat[0] if flat else None
    return {"BoolExpr": {"boolop": "AND_EXPR", "args": flat}}
