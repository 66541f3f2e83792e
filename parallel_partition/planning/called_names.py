"""The names of functions, operators and types in a statement that users may have made others for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from parallel_partition.planning.analysis import strings
from parallel_partition.planning.parse import parse
from parallel_partition.planning.trees import Node, walk

#: What IN, BETWEEN, LIKE, NULLIF, USING, comparisons of rows and the like stand for without naming it.
_UNNAMED = ("=", "<>", "<", ">", "<=", ">=", "~~", "!~~", "~~*", "!~~*")


@dataclass(frozen=True)
class CalledNames:
    """What a statement calls without a schema.

    ``functions`` are (name, number of arguments), ``operators`` their signs, ``types`` what is cast to.
    """

    functions: tuple[tuple[str, int], ...]
    operators: tuple[str, ...]
    types: tuple[str, ...]


def called_names(text: str) -> CalledNames:
    """What a statement calls that PostgreSQL looks up in the search path."""
    nodes = [node for statement in parse(text).statements for node in walk(statement)]
    functions = (
        (strings(body["funcname"])[0], len(body.get("args", [])))
        for kind, body in nodes
        if kind == "FuncCall" and len(body["funcname"]) == 1
    )
    types = (strings(body.get("names", []))[-1] for kind, body in nodes if kind == "TypeName")
    return CalledNames(
        tuple(dict.fromkeys(functions)),
        tuple(dict.fromkeys((*_UNNAMED, *_operators(nodes)))),
        tuple(dict.fromkeys(types)),
    )


def _operators(nodes: list[tuple[str, Node]]) -> Iterator[str]:
    for kind, body in nodes:
        for place in ("name", "operName", "useOp"):
            named = body.get(place) if kind in ("A_Expr", "SubLink", "SortBy") else None
            if named:
                yield strings(named)[-1]
