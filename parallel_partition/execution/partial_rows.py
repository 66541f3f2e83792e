"""The partial rows of a split on their way into the merge session: as arrays, or where they are large in pieces.

PostgreSQL takes no message over 1 GB. What is larger than one goes piece by piece into a temporary table, and the merge
query reads that table.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from psycopg.pq.abc import PGresult

from parallel_partition.planning.plan import Split
from parallel_partition.postgres.binary_array import TEXT_OID, binary_array
from parallel_partition.statements import Parameter, Statement

#: Bytes of arrays that are sent in one message: half of what PostgreSQL takes.
MESSAGE_MAX = 1 << 29
#: Bytes that a value takes in an array besides its own.
_LENGTH = 4

_numbers = itertools.count(1)


def merge_train(
    split: Split,
    partials: Sequence[PGresult],
    parameters: Sequence[Parameter],
    result_format: int,
    into: bytes = b"",
) -> Iterator[Statement]:
    """The merge query of a split over the partial rows of all servers, behind what puts them in place if they are many.

    Parameters
    ----------
    partials : one result per server, in binary
    parameters : the caller's
    into : comes before the merge query

    Returns
    -------
    One statement, or several for one transaction, which is to be rolled back; the last is the merge query.
    """
    types = [TEXT_OID if text else partials[0].ftype(column) for column, text in enumerate(split.as_text)]
    rows = PartialRows(types, [column_values(partials, column) for column in range(split.columns)])
    given = [parameters[number - 1] for number in split.merge.numbers or ()]
    arrays = rows.arrays()
    text = split.merge.text
    if sum(len(array.data or b"") for array in arrays) > MESSAGE_MAX:
        arrays.clear()
        table = f'pg_temp."parallel_partition rows {next(_numbers)}"'
        yield from _put(rows, table, split)
        text = text.replace(split.arrays, table)
        arrays = [Parameter(None, TEXT_OID, 0)] * split.columns
    yield Statement(into + text.encode(), (*arrays, *given), result_format, prepare=False if into else None)


def _put(rows: PartialRows, table: str, split: Split) -> Iterator[Statement]:
    names = ", ".join(f"c{n}" for n in range(1, split.columns + 1))
    read = f"SELECT * FROM {split.arrays} AS u({names})"  # noqa: S608 - made of types
    first = f"CREATE TEMPORARY TABLE {table} AS {read}"
    for number, piece in enumerate(rows.pieces(MESSAGE_MAX)):
        text = f"INSERT INTO {table} {read}" if number else first
        yield Statement(text.encode(), piece, prepare=False)


def column_values(
    results: Sequence[PGresult], column: int, firsts: Sequence[int] | None = None
) -> list[bytes | None]:
    """A column of several results; ``firsts``: from which row on each counts, None for all."""
    return [
        result.get_value(row, column)
        for result, first in zip(results, firsts or [0] * len(results), strict=True)
        for row in range(first, result.ntuples)
    ]


@dataclass(frozen=True, slots=True)
class PartialRows:
    """Partial rows by column: the types of the columns' values (OIDs), and the values in these types' binary form."""

    types: Sequence[int]
    columns: Sequence[Sequence[bytes | None]]

    def arrays(self, start: int = 0, stop: int | None = None) -> list[Parameter]:
        """The rows from ``start`` to ``stop`` as one array per column."""
        return [
            Parameter(binary_array(type, column[start:stop]), 0, 1)
            for type, column in zip(self.types, self.columns, strict=True)
        ]

    def pieces(self, size: int) -> Iterator[list[Parameter]]:
        """All rows, in pieces of at most ``size`` bytes, or one row where that is larger."""
        start = held = 0
        rows = len(self.columns[0])
        for row in range(rows):
            width = sum(len(column[row] or b"") + _LENGTH for column in self.columns)
            if row > start and held + width > size:
                yield self.arrays(start, row)
                start, held = row, 0
            held += width
        yield self.arrays(start, rows)
