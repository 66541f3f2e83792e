"""A row that cannot be written: where it was, in the words of whoever gave it."""

from __future__ import annotations

from typing import NoReturn

from parallel_partition.errors import RowRefused
from parallel_partition.postgres.driver_errors import as_driver_error


class BadValue(Exception):
    """A value that has no text, or no key: the ``index``-th row of a batch, from 0, and its column."""

    def __init__(self, index: int, column: str | None, message: str) -> None:
        super().__init__(message)
        self.index, self.column = index, column


def refuse(
    message: str,
    *,
    table: str,
    row: int | None = None,
    column: str | None = None,
    server: str | None = None,
    cause: BaseException | None = None,
) -> NoReturn:
    """Raise `errors.RowRefused`, as psycopg's ``DataError`` too."""
    error = RowRefused(message, table=table, row=row, column=column, server=server)
    raise as_driver_error(error) from cause
