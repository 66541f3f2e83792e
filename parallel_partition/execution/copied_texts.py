"""Columns of gathered tables whose values have another binary form on each server: they travel as text.

Rows are copied in binary all the same, so that times and numbers are what they were under any settings: while they
come, such columns of the temporary table are of type text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from psycopg.pq.abc import PGresult

from parallel_partition.catalog.identifiers import quoted
from parallel_partition.execution.fan_out import answers_of
from parallel_partition.planning.merge_query import exact_text
from parallel_partition.planning.plan import GatheredTable
from parallel_partition.postgres.binary_array import TEXT_OID
from parallel_partition.postgres.named_sql import load
from parallel_partition.postgres.session import Session
from parallel_partition.statements import Parameter, Statement

_COLUMNS = load("text_forms")["columns_of_temporary"].encode()


class TemporaryColumn(NamedTuple):
    """A column of a temporary table: its type, and its collation as a clause ("" where it is the type's)."""

    name: str
    type: str
    collation: str
    as_text: bool
    is_enum: bool

    @property
    def declaration(self) -> str:
        return f"{quoted(self.name)} {self.type}{self.collation}"


def ask_for_columns(table: str) -> Statement:
    """The question for the columns of a temporary table, which `columns_in` reads the answer to."""
    return Statement(_COLUMNS, (Parameter(table.encode(), TEXT_OID, 0),), prepare=True)


def columns_in(answer: PGresult) -> list[TemporaryColumn]:
    """The columns of the temporary table that was asked for."""
    columns = []
    for row in range(answer.ntuples):
        name, type, collation, as_text, is_enum = (
            (answer.get_value(row, n) or b"").decode() for n in range(5)
        )
        columns.append(TemporaryColumn(name, type, collation, as_text == "t", is_enum == "t"))
    return columns


def columns_as_text(merge: Session, table: GatheredTable) -> list[TemporaryColumn]:
    """The columns of a temporary table, still empty, whose values travel as text."""
    (found,) = answers_of(merge, [ask_for_columns(table.name)])
    return [column for column in columns_in(found) if column.as_text]


def hold_as_text(merge: Session, table: GatheredTable, columns: Sequence[TemporaryColumn]) -> None:
    """Make columns of a temporary table texts."""
    _alter(merge, table, [f"ALTER COLUMN {quoted(column.name)} TYPE pg_catalog.text" for column in columns])


def hold_as_themselves(merge: Session, table: GatheredTable, columns: Sequence[TemporaryColumn]) -> None:
    """Make the columns what they were, with their values."""
    _alter(
        merge,
        table,
        [
            f"ALTER COLUMN {quoted(name)} TYPE {type}{collation} USING CAST({quoted(name)} AS {type})"
            for name, type, collation, *_ in columns
        ],
    )


def _alter(merge: Session, table: GatheredTable, changes: Sequence[str]) -> None:
    if changes:
        text = f"ALTER TABLE pg_temp.{quoted(table.name)} {', '.join(changes)}"
        answers_of(merge, [Statement(text.encode(), prepare=False)])


def with_texts(query: str, table: GatheredTable, columns: Sequence[TemporaryColumn]) -> str:
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
