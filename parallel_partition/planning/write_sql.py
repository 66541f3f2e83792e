"""Writing SQL from a parse tree: SELECT, INSERT, UPDATE, DELETE and every part of them.

What is written reads back as the same tree, and `write_checked` makes sure of it. Text that a caller wrote is
never written anew: it is spliced (see `splicing`). MERGE, XML, SQL/JSON, SELECT INTO and utility statements are
refused by name.
"""

from __future__ import annotations

from parallel_partition.catalog.identifiers import quoted
from parallel_partition.planning.parse import SyntaxNotRead, parse
from parallel_partition.planning.trees import Node, StatementTooComplex, same_tree
from parallel_partition.planning.write_clauses import assignments, columns_of, limits
from parallel_partition.planning.write_functions import window
from parallel_partition.planning.write_nodes import (
    Unsupported,
    keyword,
    listed,
    literal,
    write_body,
    write_node,
    writes,
)

__all__ = ["Unsupported", "literal", "write", "write_checked"]

_STATEMENTS = ("SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt")


def write(node: Node) -> str:
    """Write a statement, an expression or a clause as SQL.

    Parameters
    ----------
    node : ``{kind: body}``

    Raises
    ------
    Unsupported : it holds something that is not known here; ``kind`` names it
    StatementTooComplex : it is nested too deeply
    """
    try:
        return write_node(node)
    except RecursionError:
        raise StatementTooComplex.nested() from None


def write_checked(node: Node) -> str:
    """Write a statement or an expression, read it again, and return it only if it means the same.

    Raises
    ------
    Unsupported : it holds something that is not known here, or reads as another tree
    StatementTooComplex : it is nested too deeply, or too long
    """
    written = write(node)
    kind = next(iter(node))
    text, expected = (written, node) if kind in _STATEMENTS else (f"SELECT {written}", _selecting(node))
    try:
        read = parse(text).statements
    except SyntaxNotRead as error:
        raise Unsupported(kind, f"what is written for it is not SQL: {error}; {text}") from error
    if not same_tree(read, [expected]):
        raise Unsupported(kind, f"what is written for it reads as something else: {text}")
    return written


def _selecting(expression: Node) -> Node:
    """Return the tree of SELECT and this expression."""
    targets = [{"ResTarget": {"val": expression}}]
    return {"SelectStmt": {"targetList": targets, "limitOption": "LIMIT_OPTION_DEFAULT", "op": "SETOP_NONE"}}


# --- SELECT -------------------------------------------------------------------------------------------------

_SELECT_FIELDS = (
    "distinctClause targetList fromClause whereClause groupClause groupDistinct havingClause windowClause"
    " valuesLists sortClause limitOffset limitCount limitOption lockingClause withClause op all larg rarg"
)

_SET_OPERATIONS = {"SETOP_UNION": "UNION", "SETOP_INTERSECT": "INTERSECT", "SETOP_EXCEPT": "EXCEPT"}


@writes("SelectStmt", _SELECT_FIELDS)
def _select(body: Node) -> str:
    parts = [_with(body), _selected(body)]
    if "sortClause" in body:
        parts.append(f"ORDER BY {listed(body['sortClause'])}")
    parts += limits(body)
    parts += map(write_node, body.get("lockingClause", ()))
    return " ".join(filter(None, parts))


def _with(body: Node) -> str:
    return write_body("WithClause", body["withClause"]) if "withClause" in body else ""


def _selected(body: Node) -> str:
    if "valuesLists" in body:
        return f"VALUES {listed(body['valuesLists'])}"
    if body["op"] == "SETOP_NONE":
        return _plain_select(body)
    word = keyword(_SET_OPERATIONS, body, "op") + (" ALL" if body.get("all") else "")
    left, right = (write_body("SelectStmt", body[side]) for side in ("larg", "rarg"))
    return f"({left}) {word} ({right})"


def _plain_select(body: Node) -> str:
    parts = ["SELECT", _distinct(body), listed(body.get("targetList", ()))]
    if "fromClause" in body:
        parts.append(f"FROM {listed(body['fromClause'])}")
    parts.append(_where(body))
    if "groupClause" in body:
        distinct = "DISTINCT " if body.get("groupDistinct") else ""
        parts.append(f"GROUP BY {distinct}{listed(body['groupClause'])}")
    if "havingClause" in body:
        parts.append(f"HAVING {write_node(body['havingClause'])}")
    if "windowClause" in body:
        windows = (item["WindowDef"] for item in body["windowClause"])
        parts.append("WINDOW " + ", ".join(f"{quoted(item['name'])} AS {window(item)}" for item in windows))
    return " ".join(filter(None, parts))


def _distinct(body: Node) -> str:
    """Write DISTINCT, which the tree holds as a list of one empty place, or DISTINCT ON."""
    wanted = body.get("distinctClause")
    if wanted is None:
        return ""
    return "DISTINCT" if wanted == [{}] else f"DISTINCT ON ({listed(wanted)})"


def _where(body: Node) -> str:
    return f"WHERE {write_node(body['whereClause'])}" if "whereClause" in body else ""


# --- INSERT, UPDATE, DELETE ---------------------------------------------------------------------------------

_OVERRIDING = {
    "OVERRIDING_NOT_SET": "",
    "OVERRIDING_USER_VALUE": "OVERRIDING USER VALUE",
    "OVERRIDING_SYSTEM_VALUE": "OVERRIDING SYSTEM VALUE",
}


@writes("InsertStmt", "relation cols selectStmt onConflictClause returningClause withClause override")
def _insert(body: Node) -> str:
    parts = [_with(body), "INSERT INTO", _relation(body)]
    if "cols" in body:
        parts.append(f"({columns_of(body['cols'])})")
    parts.append(keyword(_OVERRIDING, body, "override"))
    parts.append(write_node(body["selectStmt"]) if "selectStmt" in body else "DEFAULT VALUES")
    if "onConflictClause" in body:
        parts.append(write_body("OnConflictClause", body["onConflictClause"]))
    parts.append(_returning(body))
    return " ".join(filter(None, parts))


@writes("UpdateStmt", "relation targetList whereClause fromClause returningClause withClause")
def _update(body: Node) -> str:
    parts = [_with(body), "UPDATE", _relation(body), "SET", assignments(body["targetList"])]
    if "fromClause" in body:
        parts.append(f"FROM {listed(body['fromClause'])}")
    parts += (_where(body), _returning(body))
    return " ".join(filter(None, parts))


@writes("DeleteStmt", "relation usingClause whereClause returningClause withClause")
def _delete(body: Node) -> str:
    parts = [_with(body), "DELETE FROM", _relation(body)]
    if "usingClause" in body:
        parts.append(f"USING {listed(body['usingClause'])}")
    parts += (_where(body), _returning(body))
    return " ".join(filter(None, parts))


def _relation(body: Node) -> str:
    return write_body("RangeVar", body["relation"])


def _returning(body: Node) -> str:
    return write_body("ReturningClause", body["returningClause"]) if "returningClause" in body else ""
