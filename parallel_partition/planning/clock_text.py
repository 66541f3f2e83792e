"""A text whose clock is that of another session's transaction: functions or constants in the place of its clocks.

``now()`` becomes ``pg_temp.now()`` and CURRENT_DATE ``pg_temp."current_date"()``, which the session makes before: so
types and, where nothing else says how an output is called, names stay what they were. Where no output is concerned,
constants do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any

from parallel_partition.catalog.identifiers import quoted
from parallel_partition.planning.analysis import call_name
from parallel_partition.planning.hide_part import Edit
from parallel_partition.planning.parse import parse
from parallel_partition.planning.refuse import refuse
from parallel_partition.planning.splicing import column_extent, splice
from parallel_partition.planning.tokens import scan, text_of
from parallel_partition.planning.trees import Node, same_tree, walk

#: The types of what reads the moment at which the transaction began.
_TYPES = {
    "now": "timestamptz",
    "transaction_timestamp": "timestamptz",
    "current_timestamp": "timestamptz",
    "current_date": "date",
    "current_time": "timetz",
    "localtime": "time",
    "localtimestamp": "timestamp",
}
_CALLS = frozenset({"now", "transaction_timestamp"})


#: From the name of a clock to the expression in its place.
_Instead = Callable[[str], str]


def at_moment(text: str, moment: datetime) -> tuple[str, tuple[str, ...]]:
    """Put the moment at which a transaction began in the place of what reads it.

    Parameters
    ----------
    text : a statement
    moment : with its time zone

    Returns
    -------
    The text, and the statements that make the functions that it calls, before it runs.

    Raises
    ------
    UnsupportedQuery : a clock's place in the text is not found
    """
    made, names = _replaced(text, lambda name: f"pg_temp.{quoted(name)}()")
    return made, tuple(_definition(name, moment) for name in names)


def with_constants(text: str, moment: datetime) -> str:
    """The same with constants, for a text whose outputs read no clock: they would be called otherwise.

    Raises
    ------
    UnsupportedQuery : a clock's place in the text is not found
    """
    return _replaced(text, lambda name: _constant(name, moment))[0]


def _replaced(text: str, instead: _Instead) -> tuple[str, list[str]]:
    """The text, and the names of the clocks that it read."""
    data = text.encode()
    tree = parse(text).statements
    found = list(_clocks(tree))
    edits = [_edit(data, body, name, modifier, instead) for body, name, modifier in found]
    made = splice(data, edits).decode()
    if not same_tree(parse(made).statements, _moved(tree, instead)):
        raise refuse("a clock", "its place in the text is not found", "pass the value")
    return made, list(dict.fromkeys(name for _, name, _ in found))


def _clocks(tree: Any) -> Iterator[tuple[Node, str, int | None]]:
    """Body, name, and digits behind the second of what reads the moment."""
    for kind, body in walk(tree):
        clock = _clock(kind, body)
        if clock is not None:
            yield body, *clock


def _clock(kind: str, body: Node) -> tuple[str, int | None] | None:
    if kind == "FuncCall":
        schema, name = call_name(body)
        return (name, None) if schema is None and name in _CALLS and "args" not in body else None
    if kind == "SQLValueFunction":
        name = body["op"].removeprefix("SVFOP_").lower()
        digits = body.get("typmod", 0) if name.endswith("_n") else None
        name = name.removesuffix("_n")
        return (name, digits) if name in _TYPES else None
    return None


def _call(name: str, digits: int | None, instead: _Instead) -> str:
    called = instead(name)
    return called if digits is None else f"CAST({called} AS pg_catalog.{_TYPES[name]}({digits}))"


def _edit(data: bytes, body: Node, name: str, digits: int | None, instead: _Instead) -> Edit:
    named = body.get("funcname", [{"String": {"sval": name}}])
    extent = column_extent(data, {"fields": named, "location": body.get("location", 0)})
    behind = b"()" if "funcname" in body else b"" if digits is None else b"(%d)" % digits
    if extent is not None:
        count = {b"": 0, b"()": 2}.get(behind, 3)
        tokens = list(islice(scan(data, extent[1]), count))
        if b"".join(text_of(data, token) for token in tokens) == behind:
            end = tokens[-1].end if tokens else extent[1]
            return extent[0], end, _call(name, digits, instead).encode()
    raise refuse(name, "its place in the text is not found", "pass the value")


def _moved(value: Any, instead: _Instead) -> Any:
    """The tree that the changed text must have."""
    if isinstance(value, list):
        return [_moved(item, instead) for item in value]
    if not isinstance(value, dict):
        return value
    made: dict[str, Any] = {}
    for kind, below in value.items():
        clock = _clock(kind, below) if isinstance(below, dict) else None
        made |= {kind: _moved(below, instead)} if clock is None else _expression(_call(*clock, instead))
    return made


def _expression(text: str) -> Node:
    node: Node = parse(f"SELECT {text}").statements[0]["SelectStmt"]["targetList"][0]["ResTarget"]["val"]
    return node


def _constant(name: str, moment: datetime) -> str:
    constant = f"CAST('{moment.isoformat(' ')}' AS pg_catalog.timestamptz)"
    return f"CAST({constant} AS pg_catalog.{_TYPES[name]})"


def _definition(name: str, moment: datetime) -> str:
    return (
        f"CREATE FUNCTION pg_temp.{quoted(name)}() RETURNS pg_catalog.{_TYPES[name]} LANGUAGE sql STABLE PARALLEL SAFE "
        f"RETURN {_constant(name, moment)}"
    )
