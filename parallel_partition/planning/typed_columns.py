"""The types of columns, also of those that subqueries compute."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from parallel_partition.catalog import tables
from parallel_partition.planning.analysis import call_name
from parallel_partition.planning.compared_as import base_type
from parallel_partition.planning.exact_numbers import is_numeric
from parallel_partition.planning.scope import Column, Level, Names, output_of, resolve, source_column
from parallel_partition.planning.trees import Node, kind_and_body

_BIGINT = tables.Column("", "bigint", 20)
#: What sums are: no larger than can be counted up from values that have a precision.
_NUMERIC = tables.Column("", "numeric(1000,500)", 1700)


def column_named(body: Node, names: Names | None) -> tables.Column | None:
    """The column that a ColumnRef's body means among names, with its type; None where that is not known."""
    meant = resolve(body, names)
    return typed(meant) if isinstance(meant, Column) else None


def typed(column: Column) -> tables.Column | None:
    """A column of a table, or what a subquery computes as one; None where its type is not known."""
    source = source_column(column)
    if source.relation.table is not None:
        return source.relation.table.column(source.relation.base_name(source.name))
    output, level = output_of(source), source.relation.level
    return None if output is None or output.node is None or level is None else _computed(output.node, level)


def _computed(node: Node, level: Level) -> tables.Column | None:
    column_of = partial(column_named, names=level.names)
    kind, body = kind_and_body(node)
    if kind == "FuncCall" and "over" not in body:
        (place, name), arguments = call_name(body), body.get("args", [])
        argument = column_of(arguments[0]["ColumnRef"]) if arguments and "ColumnRef" in arguments[0] else None
        if place is None and name == "count":
            return _BIGINT
        if place is None and name in ("min", "max") and argument is not None:
            return replace(argument, name="", generated="")
        if place is None and name == "sum" and argument and base_type(argument) in ("smallint", "integer"):
            return _BIGINT
        if place is None and name in ("sum", "avg") and argument and base_type(argument) == "bigint":
            return _NUMERIC
    return _NUMERIC if is_numeric(node, column_of) else None
