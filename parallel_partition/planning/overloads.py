"""What users made under names of PostgreSQL's own, and whether a statement may mean it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from parallel_partition.planning.analysis import Nodes, strings
from parallel_partition.planning.parse import parse
from parallel_partition.planning.trees import walk

#: What IN, BETWEEN, LIKE, NULLIF, USING, comparisons of rows and the like stand for without naming it.
_UNNAMED = frozenset({"=", "<>", "<", ">", "<=", ">=", "~~", "!~~", "~~*", "!~~*"})


class Overload(NamedTuple):
    """A function, an operator, or a cast to a type ("" where a cast needs no naming).

    ``shown`` is what to call it. A function takes ``least`` to ``most`` arguments.
    """

    kind: str
    shown: str
    name: str
    least: int = 0
    most: int = 0


def overload_meant(text: str, overloads: Sequence[Overload]) -> Overload | None:
    """The first of some overloads that a statement may mean, by names that PostgreSQL looks up in the search path."""
    if not overloads:
        return None
    nodes = tuple(node for statement in parse(text).statements for node in walk(statement))
    calls = [
        (strings(body["funcname"])[0], len(body.get("args", [])))
        for kind, body in nodes
        if kind == "FuncCall" and len(body["funcname"]) == 1
    ]
    operators = {*_UNNAMED, *_operators(nodes)}
    types = {
        "",
        *("".join(strings(body.get("names", []))[-1:]) for kind, body in nodes if kind == "TypeName"),
    }
    for one in overloads:
        if one.kind == "function":
            meant = any(name == one.name and one.least <= given <= one.most for name, given in calls)
        else:
            meant = one.name in (operators if one.kind == "operator" else types)
        if meant:
            return one
    return None


def _operators(nodes: Nodes) -> Iterator[str]:
    for kind, body in nodes:
        for place in ("name", "operName", "useOp"):
            named = body.get(place) if kind in ("A_Expr", "SubLink", "SortBy") else None
            if named:
                yield strings(named)[-1]
