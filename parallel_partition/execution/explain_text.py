"""An explanation as text for people, legible in 100 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from parallel_partition.execution.explain import Explanation, ServerQuery

WIDTH = 100
_LABEL = 12

#: What is shown of a node of PostgreSQL's besides its name and its rows; the rest is in the JSON.
_SHOWN = (
    "Strategy",
    "Sort Key",
    "Group Key",
    "Hash Cond",
    "Merge Cond",
    "Join Filter",
    "Index Cond",
    "Recheck Cond",
    "Filter",
    "One-Time Filter",
    "Output",
)
#: What PostgreSQL says of the whole statement besides its plan, and the unit.
_SHOWN_OF_ALL = {"Settings": "", "Planning Time": " ms", "Execution Time": " ms"}


def text_of(explanation: Explanation) -> str:
    """The text of an explanation."""
    return "\n".join(_lines(explanation))


def _lines(explanation: Explanation) -> Iterator[str]:
    yield from _labelled("strategy", explanation.strategy)
    yield from _labelled("reason", explanation.reason)
    for strategy, why in explanation.passed.items():
        if why not in explanation.reason:
            yield from _labelled("passed", f"{strategy}: {why}")
    yield from _labelled("partitions", explanation.partitions)
    for table in explanation.tables:
        where = f" where {table.filter}" if table.filter else ""
        columns = f"({', '.join(table.columns)})" if table.columns else "(no columns)"
        how = f" = a subquery that is answered first ({table.first})" if table.first else ""
        reduced = f" reduced by {table.reduced_by}" if table.reduced_by else ""
        told = f"{table.table} {columns}{how}{where}{reduced}; partitions {table.partitions}"
        yield from _labelled("gathered", told)
    if explanation.analyzed:
        yield from _labelled("ran", _outcome(explanation))
    yield from _queries(explanation.queries)
    if explanation.merge is not None:
        yield from ("", "merge session", *_indented(explanation.merge))
    yield from _figures(explanation.queries)
    yield from _plans(explanation)


def _outcome(explanation: Explanation) -> str:
    seconds = "" if explanation.seconds is None else f" in {_time(explanation.seconds)}"
    rows = f"{explanation.rows or 0:,} {'row' if explanation.rows == 1 else 'rows'}"
    return f"{rows} changed{seconds}: the statement was carried out" if explanation.writes else rows + seconds


def _labelled(label: str, text: str) -> Iterator[str]:
    lines = textwrap.wrap(text, WIDTH - _LABEL, break_on_hyphens=False) or [""]
    yield f"{label:<{_LABEL}}{lines[0]}"
    yield from (" " * _LABEL + line for line in lines[1:])


def _indented(text: str) -> list[str]:
    lines: list[str] = []
    for line in textwrap.dedent(text.expandtabs(4)).strip().splitlines():
        own = " " * (4 + len(line) - len(line.lstrip()))
        wrapped = textwrap.wrap(
            line.strip(), WIDTH, initial_indent=own, subsequent_indent=own + "    ", break_on_hyphens=False
        )
        lines += wrapped or [""]
    return lines


def _queries(queries: Sequence[ServerQuery]) -> Iterator[str]:
    """Each text once, below the servers that get it."""
    servers: dict[str, list[str]] = {}
    for query in queries:
        servers.setdefault(query.sql, []).append(query.server)
    for sql, named in servers.items():
        yield from ("", ", ".join(named), *_indented(sql))


# --- figures
# ----------------------------------------------------------------------------------------------------------


def _figures(queries: Sequence[ServerQuery]) -> Iterator[str]:
    """A line per query: what PostgreSQL expects, and what was measured."""
    if all(query.plan is None and query.rows is None for query in queries):
        return
    tables = any(query.table for query in queries)
    ran = any(query.rows is not None for query in queries)
    head = ["server", *["table"] * tables, "expected rows", "bytes", *["real rows", "bytes", "time"] * ran]
    rows = [_figures_of(query, tables, ran) for query in queries]
    widths = [max(len(row[place]) for row in [head, *rows]) for place in range(len(head))]
    texts = 1 + tables
    yield ""
    for row in [head, *rows]:
        cells = [
            cell.ljust(width) if place < texts else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(cells).rstrip()


def _figures_of(query: ServerQuery, tables: bool, ran: bool) -> list[str]:
    figures = [query.server, *[query.table] * tables]
    figures += [_number(query.estimated_rows), _number(query.estimated_bytes)]
    seconds = "-" if query.seconds is None else _time(query.seconds)
    return figures + ([_number(query.rows), _number(query.bytes), seconds] if ran else [])


def _number(number: int | None) -> str:
    return "-" if number is None else f"{number:,}"


def _time(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.2f} ms"


# --- PostgreSQL's plans
# -----------------------------------------------------------------------------------------------


def _plans(explanation: Explanation) -> Iterator[str]:
    """Each shape of plan once, with the figures of the first server that has it."""
    alike: dict[str, list[ServerQuery]] = {}
    for query in explanation.queries:
        if query.plan is not None:
            alike.setdefault(f"{query.table}\n{_shape(query.plan)}", []).append(query)
    for queries in alike.values():
        first, *others = queries
        assert first.plan is not None
        same = f" (so {_and(others)}, with other figures)" if others else ""
        of = f" for {first.table}" if first.table else ""
        yield from (
            "",
            f"PostgreSQL's plan on {first.server}{of}{same}",
            *_tree(first.plan, 4),
            *_of_all(first.plan),
        )
    if explanation.merge_plan is not None:
        yield from ("", "PostgreSQL's plan in the merge session", *_tree(explanation.merge_plan, 4))
        yield from _of_all(explanation.merge_plan)


def _and(queries: Sequence[ServerQuery]) -> str:
    *first, last = [query.server for query in queries]
    return f"{', '.join(first)} and {last}" if first else last


def _shape(plan: Mapping[str, Any]) -> str:
    """What is the same of plans whose tables are children of one table, and that differ in their figures only."""
    below: list[str] = []
    for child in plan.get("Plans", []):
        shape = _shape(child)
        if shape not in below:
            below.append(shape)
    return f"{_name(plan, with_relation=False)}({', '.join(below)})"


def _name(plan: Mapping[str, Any], *, with_relation: bool = True) -> str:
    kind = plan["Node Type"]
    if kind == "ModifyTable":
        kind = plan.get("Operation", kind)
    if plan.get("Join Type", "Inner") != "Inner":
        kind = f"{kind} ({plan['Join Type'].lower()})"
    if "Index Name" in plan and with_relation:
        kind += f" using {plan['Index Name']}"
    if "Relation Name" in plan and with_relation:
        kind += f" on {plan['Relation Name']}"
    return str(kind)


def _tree(plan: Mapping[str, Any], indent: int) -> Iterator[str]:
    first = " " * indent + ("" if indent == 4 else "-> ")
    rest = " " * (indent + (4 if indent == 4 else 7))
    yield from _wrapped(f"{_name(plan)}  {_rows(plan)}", first, rest)
    for name in _SHOWN:
        if name in plan and not (name == "Strategy" and plan[name] == "Plain"):
            value = plan[name]
            shown = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
            yield from _wrapped(f"{name}: {shown}", rest[:-2], rest)
    for label, used in _used(plan):
        yield from _wrapped(f"{label}: {used}", rest[:-2], rest)
    seen: dict[str, int] = {}
    for child in plan.get("Plans", []):
        shape = _shape(child)
        seen[shape] = seen.get(shape, 0) + 1
        if seen[shape] == 1:
            yield from _tree(child, indent + 4)
    folded = sum(count - 1 for count in seen.values())
    if folded:
        yield " " * (indent + 4) + f"-> and {folded} more like {'it' if len(seen) == 1 else 'these'}"


def _used(plan: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What a node used, as BUFFERS and WAL ask: what is none is left out."""
    for label, unit in (("Buffers", " Blocks"), ("I/O Timings", " Time"), ("WAL", "")):
        begins = "WAL " if label == "WAL" else ""
        names = [name for name in plan if name.startswith(begins) and name.endswith(unit) and plan[name]]
        if label == "I/O Timings":
            names = [name for name in names if " I/O " in name]
        used = [f"{name.removeprefix(begins).removesuffix(unit).lower()}={plan[name]:,}" for name in names]
        if used:
            yield label, ", ".join(used)


def _of_all(plan: Mapping[str, Any]) -> Iterator[str]:
    for name, unit in _SHOWN_OF_ALL.items():
        if name in plan:
            value = plan[name]
            shown = (
                ", ".join(f"{key} = {one!r}" for key, one in value.items()) if name == "Settings" else value
            )
            yield from _wrapped(f"{name}: {shown}{unit}", " " * 4, " " * 8)


def _wrapped(text: str, first: str, rest: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False)


def _rows(plan: Mapping[str, Any]) -> str:
    text = f"(expected rows {plan['Plan Rows']:,}, width {plan['Plan Width']:,})"
    if "Actual Rows" not in plan:
        return text
    if not plan["Actual Loops"]:
        return f"{text} (never run)"
    loops = f", loops {plan['Actual Loops']:,}" if plan["Actual Loops"] > 1 else ""
    time = f", {plan['Actual Total Time']:.2f} ms" if "Actual Total Time" in plan else ""
    return f"{text} (real rows {plan['Actual Rows']:,g}{time}{loops})"
