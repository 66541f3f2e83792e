"""Calls of functions as SQL: plain ones, aggregates, window functions, those with a syntax of their own."""

from __future__ import annotations

from collections.abc import Callable

from parallel_partition.catalog.identifiers import quoted
from parallel_partition.planning.trees import Node
from parallel_partition.planning.write_expressions import one_string
from parallel_partition.planning.write_nodes import (
    Unsupported,
    dotted,
    listed,
    literal,
    operand,
    strings,
    write_body,
    write_node,
    writes,
)


@writes(
    "FuncCall",
    "funcname args agg_order agg_filter over agg_within_group agg_star agg_distinct func_variadic funcformat",
)
def _call(body: Node) -> str:
    if body.get("funcformat") == "COERCE_SQL_SYNTAX":
        return _by_its_syntax(body)
    order = f"ORDER BY {listed(body['agg_order'])}" if "agg_order" in body else ""
    within = bool(body.get("agg_within_group"))
    inside = " ".join(filter(None, (_arguments(body), "" if within else order)))
    written = f"{dotted(body['funcname'])}({inside})"
    if within:
        written += f" WITHIN GROUP ({order})"
    if "agg_filter" in body:
        written += f" FILTER (WHERE {write_node(body['agg_filter'])})"
    if "over" in body:
        written += f" OVER {_over(body['over'])}"
    return written


def _arguments(body: Node) -> str:
    if body.get("agg_star"):
        return "*"
    written = [write_node(argument) for argument in body.get("args", ())]
    if body.get("func_variadic"):
        written[-1] = f"VARIADIC {written[-1]}"
    return ("DISTINCT " if body.get("agg_distinct") else "") + ", ".join(written)


@writes("NamedArgExpr", "name arg argnumber")
def _named_argument(body: Node) -> str:
    return f"{quoted(body['name'])} => {write_node(body['arg'])}"


# --- windows ------------------------------------------------------------------------------------------------

_NONDEFAULT, _BETWEEN = 0x1, 0x10
_MODES = {0x2: "RANGE", 0x4: "ROWS", 0x8: "GROUPS"}
_STARTS = {
    0x20: "UNBOUNDED PRECEDING",
    0x80: "UNBOUNDED FOLLOWING",
    0x200: "CURRENT ROW",
    0x800: "{} PRECEDING",
    0x2000: "{} FOLLOWING",
}
_ENDS = {bit << 1: words for bit, words in _STARTS.items()}
_EXCLUSIONS = {0x8000: " EXCLUDE CURRENT ROW", 0x10000: " EXCLUDE GROUP", 0x20000: " EXCLUDE TIES"}


def _over(body: Node) -> str:
    """Write what follows OVER: a window's name alone, or a window."""
    return quoted(body["name"]) if "name" in body else write_body("WindowDef", body)


@writes("WindowDef", "name refname partitionClause orderClause frameOptions startOffset endOffset")
def window(body: Node) -> str:
    """Write a window in parentheses, without the name that a WINDOW clause gives it."""
    parts = [
        quoted(body["refname"]) if "refname" in body else "",
        f"PARTITION BY {listed(body['partitionClause'])}" if "partitionClause" in body else "",
        f"ORDER BY {listed(body['orderClause'])}" if "orderClause" in body else "",
        _frame(body),
    ]
    return f"({' '.join(filter(None, parts))})"


def _frame(body: Node) -> str:
    options = body.get("frameOptions", 0)
    if not options & _NONDEFAULT:
        return ""
    start = _flagged(_STARTS, options).format(operand(body["startOffset"]) if "startOffset" in body else "")
    end = _flagged(_ENDS, options).format(operand(body["endOffset"]) if "endOffset" in body else "")
    extent = f"BETWEEN {start} AND {end}" if options & _BETWEEN else start
    return f"{_flagged(_MODES, options)} {extent}{_flagged(_EXCLUSIONS, options)}"


def _flagged(words: dict[int, str], options: int) -> str:
    return next((word for bit, word in words.items() if options & bit), "")


# --- functions with a syntax of their own -------------------------------------------------------------------

Arguments = list[Node]


def _extract(args: Arguments) -> str:
    return f"EXTRACT({literal(one_string(args[0]))} FROM {write_node(args[1])})"


def _overlay(args: Arguments) -> str:
    text, new, start, *length = map(operand, args)
    return f"OVERLAY({text} PLACING {new} FROM {start}{''.join(f' FOR {count}' for count in length)})"


def _position(args: Arguments) -> str:
    text, part = map(operand, args)
    return f"POSITION({part} IN {text})"


def _substring(args: Arguments) -> str:
    text, start, *length = map(operand, args)
    return f"SUBSTRING({text} FROM {start}{''.join(f' FOR {count}' for count in length)})"


def _trim(side: str) -> Callable[[Arguments], str]:
    return lambda args: f"TRIM({side} FROM {listed(args)})"


def _at_time_zone(args: Arguments) -> str:
    *zone, time = map(operand, args)
    return f"{time} AT TIME ZONE {zone[0]}" if zone else f"{time} AT LOCAL"


def _form(args: Arguments) -> str:
    """Return the name of a Unicode normal form, which the grammar reads as a word and gives as a string."""
    if not args:
        return ""
    form = one_string(args[0])
    if form not in ("NFC", "NFD", "NFKC", "NFKD"):
        raise Unsupported(f"the normal form {form}")
    return form


def _normalize(args: Arguments) -> str:
    form = _form(args[1:])
    return f"NORMALIZE({write_node(args[0])}{', ' if form else ''}{form})"


def _is_normalized(args: Arguments) -> str:
    form = _form(args[1:])
    return f"{operand(args[0])} IS {form}{' ' if form else ''}NORMALIZED"


def _overlaps(args: Arguments) -> str:
    start, end, other_start, other_end = map(write_node, args)
    return f"({start}, {end}) OVERLAPS ({other_start}, {other_end})"


_SYNTAX: dict[str, Callable[[Arguments], str]] = {
    "btrim": _trim("BOTH"),
    "extract": _extract,
    "is_normalized": _is_normalized,
    "ltrim": _trim("LEADING"),
    "normalize": _normalize,
    "overlaps": _overlaps,
    "overlay": _overlay,
    "pg_collation_for": lambda args: f"COLLATION FOR ({write_node(args[0])})",
    "position": _position,
    "rtrim": _trim("TRAILING"),
    "substring": _substring,
    "system_user": lambda _: "SYSTEM_USER",
    "timezone": _at_time_zone,
}


def _by_its_syntax(body: Node) -> str:
    schema, *name = strings(body["funcname"])
    writer = _SYNTAX.get(".".join(name)) if schema == "pg_catalog" else None
    if writer is None:
        raise Unsupported(f"the syntax of {'.'.join((schema, *name))}")
    if body.keys() & {"agg_order", "agg_filter", "over", "agg_within_group", "agg_star", "agg_distinct"}:
        raise Unsupported(f"an aggregate's clause in the syntax of {name[0]}")
    return writer(body.get("args", []))
