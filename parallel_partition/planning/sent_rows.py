"""Rows on their way from a temporary table of the merge session to their homes: one array for each column.

What has one binary form on all servers travels in it, all else as text that is read back alike everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from parallel_partition.catalog.identifiers import quoted
from parallel_partition.catalog.tables import Column
from parallel_partition.planning.gather import travels_in_binary

#: What the rows are called in the statements that write them.
ROWS = '"s"'


@dataclass(frozen=True, slots=True)
class SentColumn:
    """A column of the rows: ``element`` is what its array is made of, in the merge session.

    ``array`` is the array's type at home, and ``value`` the column's value there, in the place of ``{}`` its name.
    """

    element: str
    array: str
    value: str = "{}"


def sent(column: Column) -> SentColumn:
    """A table's column."""
    name = quoted(column.name)
    if travels_in_binary(column) and not column.type.endswith("]"):
        return SentColumn(name, f"{column.type}[]")
    return SentColumn(
        f"parallel_partition.exact_text({name})", "pg_catalog.text[]", f"CAST({{}} AS {column.type})"
    )


def number(name: str) -> SentColumn:
    """A column of int4."""
    return SentColumn(quoted(name), "pg_catalog.int4[]")


def place(name: str) -> SentColumn:
    """A column of tid."""
    return SentColumn(quoted(name), "pg_catalog.tid[]")


def rows_from(columns: Sequence[SentColumn], first: int) -> str:
    """The rows as a FROM item, called `ROWS`; their arrays are the parameters from ``$first`` on."""
    arrays = ", ".join(
        f"pg_catalog.unnest(${n}::{column.array})" for n, column in enumerate(columns, start=first)
    )
    names = ", ".join(f'"c{n}"' for n in range(1, len(columns) + 1))
    return f"ROWS FROM ({arrays}) AS {ROWS}({names})"


def values(columns: Sequence[SentColumn]) -> Iterator[str]:
    """The columns' values, in a statement that reads `rows_from`."""
    for n, column in enumerate(columns, start=1):
        yield column.value.format(f'{ROWS}."c{n}"')
