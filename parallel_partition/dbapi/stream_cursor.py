"""The rows of ``cursor.stream()``: they are read from the servers while the caller takes them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.abc import Params, Query

from parallel_partition import errors
from parallel_partition.dbapi.rows import MergedRows, shown_header
from parallel_partition.execution.answer import Answer
from parallel_partition.execution.stream_rows import Rows
from parallel_partition.postgres.driver_errors import as_driver_error

if TYPE_CHECKING:
    from parallel_partition.dbapi.connection import Connection
    from parallel_partition.dbapi.cursor import Cursor

logger = logging.getLogger("parallel_partition")

#: Rows of a server that are fetched at first, before it is known how large they are.
FIRST_PAGE = 200
#: What is fetched of a server at a time, in bytes and in rows. Reading 2 million small rows of four
#: servers took 2.9 s by pages of 500, 1.5 s by 1,000, 1.3 s by 2,000 and 0.9 s by 5,000.
PAGE_BYTES = 1 << 20
PAGE_ROWS = 5_000
#: How many rows of a block are looked at to tell how large they are.
_SAMPLE = 20


def streamed(
    cursor: Cursor[Any], query: Query, params: Params | None, binary: bool | None, size: int
) -> Iterator[Any]:
    """Run a statement and hand out its rows as they come; see `Cursor.stream`.

    Parameters
    ----------
    size : rows fetched of a server at a time; 1 leaves that to their size
    """
    connection = cursor._conn
    page = FIRST_PAGE if size == 1 else size
    with connection.lock:
        connection.check_usable()
        rows = connection.runner.stream(cursor._request(query, params, binary=binary), page)
        cursor._last_query = query
        if not rows.header.has_rows:
            message = "the operation in stream() didn't produce a result"
            raise as_driver_error(errors.ProgrammingError(message))
        cursor._results = [shown_header(rows.header, connection.pgconn)]
        cursor._select_current_result(0)
        cursor._rowcount = -1  # psycopg's does not tell either, while rows may be still to come
        cursor._streaming = rows
    try:
        while (block := _next_block(connection, cursor, rows, page)) is not None:
            if size == 1:
                page = _page_after(block)
            merged = MergedRows(block, cursor)
            loaded = merged.load(0, len(merged), cursor._make_row)
            del block, merged  # the rows are in memory once, not twice
            yield from loaded
    finally:
        let_go(connection, rows)


def _next_block(connection: Connection[Any], cursor: Cursor[Any], rows: Rows, page: int) -> Answer | None:
    with connection.lock:
        connection.check_usable()
        cursor._check_open()
        return rows.block(page)


def _page_after(block: Answer) -> int:
    """How many rows of the size of those in a block are worth fetching at a time."""
    result = max(block.results, key=lambda result: result.ntuples)
    sample = min(_SAMPLE, result.ntuples)
    columns = range(result.nfields)
    size = sum(len(result.get_value(row, column) or b"") for row in range(sample) for column in columns)
    return max(2, min(PAGE_ROWS, PAGE_BYTES * sample // max(size, 1)))


def let_go(connection: Connection[Any], rows: Rows) -> None:
    """Let rows go that are not read to the end. Garbage collection may call this in the middle of a statement."""
    if not connection.lock.acquire(blocking=False):
        connection.runner.abandoned.append(rows)
        return
    try:
        if not connection.closed:
            rows.close()
    except psycopg.Error as error:
        # The transaction has failed with it, so the next statement says so.
        logger.warning("rows that were not read to the end could not be let go: %s", error)
    finally:
        connection.lock.release()
