"""The frame in which SQL is written from a parse tree: one function for each kind of node, found by the kind.

The functions are in `write_expressions`, `write_functions`, `write_clauses` and `write_sql`, which is what others
call. Each names the fields that it writes; a node with any other field is refused, so that none is lost.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from parallel_partition import errors
from parallel_partition.catalog.identifiers import quoted
from parallel_partition.planning.trees import POSITIONS, Node

Writer = Callable[[Node], str]

_WRITERS: dict[str, tuple[Writer, frozenset[str]]] = {}

#: What stands as an operand without parentheses.
_ATOMS = frozenset(
    ("ColumnRef", "ParamRef", "CaseExpr", "CoalesceExpr", "MinMaxExpr", "TypeCast", "A_ArrayExpr")
)


class Unsupported(errors.NotSupportedError):
    """SQL that is not written here. ``kind`` is what is not known: a kind of node, or a field of one."""

    def __init__(self, kind: str, reason: str = "") -> None:
        super().__init__(f"{kind} cannot be written as SQL" + (f": {reason}" if reason else ""))
        self.kind = kind


def writes(kind: str, fields: str = "") -> Callable[[Writer], Writer]:
    """Register the function that writes a ``kind`` of body, and the names of the fields that it writes."""

    def register(writer: Writer) -> Writer:
        _WRITERS[kind] = (writer, frozenset(fields.split()) | POSITIONS)
        return writer

    return register


def write_body(kind: str, body: Node) -> str:
    """Write the body of a node of this kind."""
    known = _WRITERS.get(kind)
    if known is None:
        raise Unsupported(kind)
    writer, fields = known
    if not fields.issuperset(body):
        raise Unsupported(f"{kind}.{min(body.keys() - fields)}")
    return writer(body)


def write_node(node: Node) -> str:
    """Write ``{kind: body}``."""
    for kind, body in node.items():
        return write_body(kind, body)
    raise Unsupported("an empty node")


def operand(node: Node) -> str:
    """Write an expression in parentheses, unless it is one whatever stands around it."""
    for kind, body in node.items():
        written = write_body(kind, body)
        return written if kind in _ATOMS or _is_plain(kind, body) else f"({written})"
    raise Unsupported("an empty node")


def _is_plain(kind: str, body: Node) -> bool:
    """Tell whether a constant or a call needs no parentheses: it has no sign, and no syntax of its own."""
    if kind == "FuncCall":
        return body.get("funcformat") != "COERCE_SQL_SYNTAX"
    if kind == "A_Const":
        return not (
            body.get("ival", {}).get("ival", 0) < 0 or body.get("fval", {}).get("fval", "").startswith("-")
        )
    return False


def listed(nodes: Iterable[Node]) -> str:
    """Write nodes with commas between."""
    return ", ".join(map(write_node, nodes))


def keyword(words: dict[str, str], body: Node, field: str) -> str:
    """Return the keyword for an enumerated field's value."""
    try:
        return words[body[field]]
    except KeyError:
        raise Unsupported(f"{field} {body.get(field)}") from None


def strings(nodes: Iterable[Node]) -> list[str]:
    """Return the texts of String nodes."""
    return [_string(node) for node in nodes]


def _string(node: Node) -> str:
    try:
        text: Any = node["String"]["sval"]
    except KeyError:
        raise Unsupported(next(iter(node), "an empty node"), "a name was expected") from None
    return str(text)


def dotted(nodes: Iterable[Node]) -> str:
    """Write String nodes as a qualified name."""
    return ".".join(map(quoted, strings(nodes)))


def names(nodes: Iterable[Node]) -> str:
    """Write String nodes as a list of names."""
    return ", ".join(map(quoted, strings(nodes)))


def literal(text: str) -> str:
    """Write a string constant; with a backslash as ``E'...'``, which no setting reads otherwise."""
    doubled = text.replace("'", "''")
    return f"E'{doubled.replace(chr(92), chr(92) * 2)}'" if "\\" in doubled else f"'{doubled}'"


_SYMBOLS = re.compile(r"[~!@#^&|`?+\-*/%<>=]+")


def operator(nodes: list[Node]) -> str:
    """Write an operator's name: its symbols, or OPERATOR(schema.symbols)."""
    *schema, symbols = strings(nodes)
    if not _SYMBOLS.fullmatch(symbols):
        raise Unsupported(f"the operator {symbols}")
    return f"OPERATOR({'.'.join((*map(quoted, schema), symbols))})" if schema else symbols
