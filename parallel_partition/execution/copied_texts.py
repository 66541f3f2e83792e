"""Columns of gathered tables whose values have another binary form on each server: they travel as text.

Rows are copied in binary all the same, so that times and numbers are what they were under any settings: while they
come, such columns of the temporary table are of type text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from parallel_partition.catalog.identifiers import quoted
from parallel_partition.execution.fan_out import answers_of
from parallel_partition.planning.merge_query import exact_text
from parallel_partition.planning.plan import GatheredTable
from parallel_partition.postgres.binary_array import TEXT_OID
from parallel_partition.postgres.named_sql import load
from parallel_partition.postgres.session import Session
from parallel_partition.statements import Parameter, Statement

_COLUMNS = load("text_forms")["columns_as_text"].encode()


class TextColumn(NamedTuple):
    """A column, its type, its collation as a clause ("" where it is the type's), and whether its type is an enum."""

    name: str
    type: str
    collation: str
    is_enum: bool


def columns_as_text(merge: Session, table: GatheredTable) -> list[TextColumn]:
    """The columns of a temporary table, still empty, whose values travel as text."""
    statement = Statement(_COLUMNS, (Parameter(table.name.encode(), TEXT_OID, 0),), prepare=True)
    (found,) = answers_of(merge, [statement])
    columns = []
    for row in range(found.ntuples):
        name, type, collation, is_enum = ((found.get_value(row, n) or b"").decode() for n in range(4))
        columns.append(TextColumn(name, type, collation, is_enum == "t"))
    return columns


def hold_as_text(merge: Session, table: GatheredTable, columns: Sequence[TextColumn]) -> None:
    """Make columns of a temporary table texts."""
    _alter(merge, table, [f"ALTER COLUMN {quoted(column.name)} TYPE pg_catalog.text" for column in columns])


def hold_as_themselves(merge: Session, table: GatheredTable, columns: Sequence[TextColumn]) -> None:
    """Make the columns what they were, with their values."""
    _alter(
        merge,
        table,
        [
            f"ALTER COLUMN {quoted(name)} TYPE {type}{collation} USING CAST({quoted(name)} AS {type})"
            for name, type, collation, _ in columns
        ],
    )


def _alter(merge: Session, table: GatheredTable, changes: Sequence[str]) -> None:
    if changes:
        text = f"ALTER TABLE pg_temp.{quoted(table.name)} {', '.join(changes)}"
        answers_of(merge, [Statement(text.encode(), prepare=False)])


def with_texts(query: str, table: GatheredTable, columns: Sequence[TextColumn]) -> str:
    """The query for a table's rows with such columns as text."""
    enums = {column.name: column.is_enum for column in columns}
    if not enums.keys() & set(table.columns):
        return query
    names = [f"c{n}" for n, _ in enumerate(table.columns, start=1)]
    listed = [
        exact_text(f"q.{name}", is_enum=enums[column]) if column in enums else f"q.{name}"
        for name, column in zip(names, table.columns, strict=True)
    ]
    return f"SELECT {', '.join(listed)} FROM ({query}\n) AS q({', '.join(names)})"  # noqa: S608 - made here
