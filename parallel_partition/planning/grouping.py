"""What GROUP BY, DISTINCT ON and windows of a level name."""

from __future__ import annotations

from collections.abc import Iterator

from parallel_partition.planning.analysis import own_calls
from parallel_partition.planning.scope import Column, Level, Output, field_column, leaves, resolve
from parallel_partition.planning.trees import Node


def is_aggregated(level: Level) -> bool:
    """Tell whether a level groups rows: GROUP BY, HAVING, or an aggregate of its own."""
    return bool(level.node.get("groupClause")) or "havingClause" in level.node or level.aggregated


def windows(level: Level) -> Iterator[Node]:
    """The windows of a level's own window functions."""
    for body in own_calls(level):
        if "over" in body:
            yield body["over"]


def partition_of_window(level: Level, window: Node) -> list[Node]:
    """The PARTITION BY of a window, which may be in the WINDOW clause."""
    for _ in range(100):
        if window.get("partitionClause"):
            return list(window["partitionClause"])
        name = window.get("name") or window.get("refname")
        named = [item["WindowDef"] for item in level.node.get("windowClause", [])]
        base = next((item for item in named if item.get("name") == name and item is not window), None)
        if name is None or base is None:
            break
        window = base
    return []


def inlined_window(level: Level, over: Node) -> Node:
    """What OVER means, without the names of the WINDOW clause."""
    named = {item["WindowDef"]["name"]: item["WindowDef"] for item in level.node.get("windowClause", [])}
    if over.get("name") in named:  # OVER w
        over = named[over["name"]]
    made = {name: value for name, value in over.items() if name not in ("name", "refname")}
    if over.get("refname") in named:  # OVER (w ORDER BY ...): PARTITION BY is w's, ORDER BY whichever has one
        base = inlined_window(level, named[over["refname"]] | {"name": None})
        made |= {name: base[name] for name in ("partitionClause", "orderClause") if name in base}
    return made


def item_column(level: Level, item: Node, columns_first: bool = False) -> Column | None:
    """The column that an item of GROUP BY or DISTINCT ON means: a position, an output's name, a column."""
    outputs = level.outputs or ()
    if "A_Const" in item:
        place = item["A_Const"].get("ival", {}).get("ival", 0)
        return _of_output(outputs[place - 1], level) if 0 < place <= len(outputs) else None
    if "A_Indirection" in item:
        return field_column(item["A_Indirection"], level.names)
    if "ColumnRef" not in item:
        return None
    fields = item["ColumnRef"]["fields"]
    meant = resolve(item["ColumnRef"], level.names)
    mine = isinstance(meant, Column) and meant.relation in set(leaves(level.source))
    if len(fields) == 1 and "String" in fields[0] and not (columns_first and mine):
        name = fields[0]["String"]["sval"]
        named = [_of_output(output, level) for output in outputs if output.name == name]
        if named:
            return named[0] if len(set(named)) == 1 else None
    return meant if isinstance(meant, Column) else None


def _of_output(output: Output, level: Level) -> Column | None:
    """The column that an output shows, ``(t).x`` too."""
    if output.column is None and output.node is not None and "A_Indirection" in output.node:
        return field_column(output.node["A_Indirection"], level.names)
    return output.column
