"""What ORDER BY sorts by: an output of the select list, or an expression that must be added to it."""

from __future__ import annotations

from dataclasses import dataclass

from parallel_partition.planning.align import Passed
from parallel_partition.planning.analysis import strings
from parallel_partition.planning.plan import SortKey
from parallel_partition.planning.scope import Column, Level, Names, Output, output_of, resolve
from parallel_partition.planning.trees import Node, same_tree, walk


@dataclass(frozen=True)
class SortItem:
    """One ORDER BY item: ``output`` is the 0-based output that it means, None where ``node`` is none of them."""

    node: Node
    output: int | None
    descending: bool
    nulls_first: bool
    collation: str | None

    def key(self, column: int) -> SortKey:
        """The sort key, given the column of the shard query that holds the value."""
        return SortKey(column, self.descending, self.nulls_first, self.collation)


def sort_items(level: Level) -> list[SortItem]:
    """The items of a level's ORDER BY.

    Raises
    ------
    Passed : the order cannot be reproduced outside of the server
    """
    if level.outputs is None:
        raise Passed("ORDER BY: the columns that * stands for are not known")
    return [_sort_item(level, item["SortBy"], level.outputs) for item in level.node.get("sortClause", [])]


def _sort_item(level: Level, body: Node, outputs: tuple[Output, ...]) -> SortItem:
    if body.get("useOp"):
        raise Passed("ORDER BY ... USING: an order by an operator is not reproduced over several servers")
    node = body["node"]
    place = sorted_output(level, node, outputs)
    descending = body.get("sortby_dir") == "SORTBY_DESC"
    nulls = body.get("sortby_nulls", "SORTBY_NULLS_DEFAULT")
    nulls_first = descending if nulls == "SORTBY_NULLS_DEFAULT" else nulls == "SORTBY_NULLS_FIRST"
    names = level.names
    collation = collation_of(node, names) if place is None else output_collation(outputs[place], names)
    return SortItem(node, place, descending, nulls_first, collation)


def sorted_output(level: Level, node: Node, outputs: tuple[Output, ...]) -> int | None:
    """The 0-based output that an ORDER BY item means; None for an expression that is no output."""
    if "A_Const" in node:
        place = node["A_Const"].get("ival", {}).get("ival", 0)
        if not 0 < place <= len(outputs):
            raise Passed(f"ORDER BY {place}: there is no such output column")
        return int(place) - 1
    if (
        "ColumnRef" in node
        and len(node["ColumnRef"]["fields"]) == 1
        and "String" in node["ColumnRef"]["fields"][0]
    ):
        name = node["ColumnRef"]["fields"][0]["String"]["sval"]
        named = [place for place, output in enumerate(outputs) if output.name == name]
        if named:
            return named[0]
    return same_output(level, node, outputs)


def same_output(level: Level, node: Node, outputs: tuple[Output, ...]) -> int | None:
    """The 0-based output that is the same expression as ``node``."""
    meant = resolve(node["ColumnRef"], level.names) if "ColumnRef" in node else None
    for place, output in enumerate(outputs):
        if isinstance(meant, Column) and output.column == meant:
            return place
        if output.node is not None and same_tree(output.node, node):
            return place
    return None


# --- collations
# -------------------------------------------------------------------------------------------------------


def output_collation(output: Output, names: Names) -> str | None:
    """The collation by which an output sorts, None for the database's default."""
    if output.column is not None:
        return column_collation(output.column)
    return None if output.node is None else collation_of(output.node, names)


def collation_of(node: Node, names: Names) -> str | None:
    """The collation by which an expression sorts, None for the database's default.

    Raises
    ------
    Passed : it is not known
    """
    if "ColumnRef" in node:
        meant = resolve(node["ColumnRef"], names)
        if isinstance(meant, Column):
            return column_collation(meant)
    if "CollateClause" in node:
        return ".".join(
            '"' + name.replace('"', '""') + '"' for name in strings(node["CollateClause"]["collname"])
        )
    for kind, body in walk(node):
        if kind == "CollateClause":
            raise Passed("ORDER BY: the collation of an expression around COLLATE is not known")
        if kind == "ColumnRef":
            meant = resolve(body, names)
            if isinstance(meant, Column) and column_collation(meant) is not None:
                raise Passed(
                    f"ORDER BY: the collation of an expression over {meant.name} is not known; add COLLATE"
                )
    return None


def column_collation(column: Column) -> str | None:
    """The collation of a column, None for the database's default.

    Raises
    ------
    Passed : it is not known
    """
    for _ in range(100):
        output = output_of(column)
        if output is None:
            break
        if output.column is None:
            names = column.relation.level.names if column.relation.level else Names(None)
            return None if output.node is None else collation_of(output.node, names)
        column = output.column
    if column.relation.table is None:
        if column.relation.level is not None:
            raise Passed(f"ORDER BY: the collation of {column.name} is not known")
        return None
    found = column.relation.table.column(column.relation.base_name(column.name))
    return None if found is None else found.collation
