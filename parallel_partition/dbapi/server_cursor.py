"""Named cursors: ``connection.cursor("name")``, psycopg's server-side cursors, over all servers of the cluster.

The cursors on the servers have names of the library's own, so that FETCH as a statement finds none of them, rather than
one server's part of the rows. Where the caller is in the rows is counted here; to go back, the servers begin again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn, Self

import psycopg
from psycopg.abc import Params, Query
from psycopg.rows import Row, RowFactory

from parallel_partition.dbapi.cursor import Cursor, _own
from parallel_partition.dbapi.rows import MergedRows, shown_header
from parallel_partition.dbapi.stream_cursor import let_go
from parallel_partition.execution.stream_rows import Rows
from parallel_partition.postgres.driver_errors import known_at

if TYPE_CHECKING:
    from parallel_partition.dbapi.connection import Connection

#: Rows fetched of each server at a time where all of them are wanted at once.
ALL_PAGE = 2_000


class ServerCursor(psycopg.ServerCursor[Row], Cursor[Row]):
    """What ``connection.cursor("name")`` gives.

    ``itersize`` is how many rows a server is asked for at a time. Going back needs ``scrollable=True``, or a query that
    every server can read backwards.
    """

    _conn: Connection[Any]

    def __init__(
        self,
        connection: Connection[Any],
        name: str,
        *,
        row_factory: RowFactory[Row] | None = None,
        scrollable: bool | None = None,
        withhold: bool = False,
    ) -> None:
        super().__init__(
            connection,
            name,
            row_factory=row_factory or connection.row_factory,
            scrollable=scrollable,
            withhold=withhold,
        )
        self._look_ups = {}
        self._streaming = None
        self._forget_rows()

    def _forget_rows(self) -> None:
        self._rows: Rows | None = None
        self._moment = (-1, 0)
        self._go_before_first()

    def _go_before_first(self) -> None:
        self._block: MergedRows | None = None
        #: How many rows of the block were handed out, and of all.
        self._of_block = self._row = 0
        self._past_end = False

    def __del__(self, *more: Any) -> None:
        if self.closed:
            return
        super().__del__(*more)  # warns
        if self._rows is not None:
            self._conn.runner.abandoned.append(self._rows)

    # --- execute ----------------------------------------------------------------------------------------------

    def execute(
        self, query: Query, params: Params | None = None, *, binary: bool | None = None, **options: Any
    ) -> Self:
        """Declare the cursor for a query; see psycopg's ``ServerCursor.execute``.

        Raises
        ------
        parallel_partition.errors.UnsupportedQuery : no strategy answers it exactly; the message names clause and reason
        psycopg.errors.NoActiveSqlTransaction : in autocommit, outside a transaction
        psycopg.Error : what a server said; ``server`` names it
        """
        if options:
            raise TypeError(f"keyword not supported: {next(iter(options))}")
        with self._said_here():
            self._close_rows()
            request = self._request(query, params, binary=binary)
            self._refuse_twice()
            self._rows = self._conn.runner.declare(request, self._scrollable)
            self._moment = self._conn.transaction_state.moment
            self._conn.declared[self._name] = self
            self._last_query = query
            self._iter_rows = None
            self._results = [shown_header(self._rows.header, self._pgconn)]
            self._select_current_result(0)
            self._rowcount, self._statusmessage = -1, b""
        return self

    @contextmanager
    def _said_here(self) -> Iterator[None]:
        """Whatever is asked of the connection is asked alone, and its errors are the library's too."""
        try:
            with self._conn.lock:
                self._conn.check_usable()
                self._check_open()
                yield
        except psycopg.Error as error:
            raise _own(error) from error.__cause__

    def _refuse_twice(self) -> None:
        other = self._conn.declared.get(self._name)
        if (
            other is not None
            and other is not self
            and other._is_open()
            and not self._conn.transaction_state.failed
        ):
            self._fail(psycopg.errors.DuplicateCursor(f'cursor "{self._name}" already exists'))

    def _is_open(self) -> bool:
        return self._rows is not None and not self._conn.transaction_state.is_over(self._moment)

    def _fail(self, error: psycopg.Error) -> NoReturn:
        """Raise what PostgreSQL would, and fail the transaction as it would."""
        self._conn.transaction_state.fail()
        raise known_at(error, None)

    # --- fetch ------------------------------------------------------------------------------------------------

    def fetchone(self) -> Row | None:
        """The next row, or None."""
        rows = self._fetch(1)
        self._pos += len(rows)
        return rows[0] if rows else None

    def fetchmany(self, size: int = 0) -> list[Row]:
        """The next ``size`` rows (``arraysize`` when not given)."""
        rows = self._fetch(size or self.arraysize)
        self._pos += len(rows)
        return rows

    def fetchall(self) -> list[Row]:
        """All rows that are left."""
        rows = self._fetch(None)
        self._pos += len(rows)
        return rows

    def __next__(self) -> Row:
        page = self._iter_rows
        if page is None or self._page_pos >= len(page) >= self.itersize:
            page = self._iter_rows = self._fetch(self.itersize)
            self._page_pos = 0
        if self._page_pos >= len(page):
            raise StopIteration("no more records to return")
        row = page[self._page_pos]
        self._page_pos += 1
        self._pos += 1
        return row

    def _fetch(self, count: int | None) -> list[Row]:
        rows: list[Row] = []
        with self._said_here():
            self._require_open()
            if count is not None and count < 0:
                count = self._backwards(count)
            for first, last in self._advance(count):
                assert self._block is not None
                rows += self._block.load(first, last, self._make_row)
        return rows

    def _backwards(self, count: int) -> NoReturn:
        message = f"FETCH FORWARD {count} goes backwards; use scroll() and fetch forwards"
        raise known_at(psycopg.NotSupportedError(message), None)

    def _require_open(self) -> None:
        self._conn.transaction_state.refuse_when_failed()
        if not self._is_open():
            self._fail(psycopg.errors.InvalidCursorName(f'cursor "{self._name}" does not exist'))

    def _advance(self, count: int | None) -> Iterator[tuple[int, int]]:
        """Go over the next ``count`` rows (None: all), telling which of the block at hand they are."""
        assert self._rows is not None
        left = count
        page = max(self.itersize, ALL_PAGE if count is None else min(count, ALL_PAGE))
        while left is None or left > 0:
            if self._block is None or self._of_block == len(self._block):
                answer = self._rows.block(page)
                if answer is None:
                    self._past_end = True
                    return
                self._block, self._of_block = MergedRows(answer, self), 0
            last = len(self._block) if left is None else min(len(self._block), self._of_block + left)
            first, self._of_block = self._of_block, last
            self._row += last - first
            left = None if left is None else left - (last - first)
            yield first, last

    # --- scroll -----------------------------------------------------------------------------------------------

    def scroll(self, value: int, mode: str = "relative") -> None:
        """Move within the rows; see psycopg's ``ServerCursor.scroll``.

        Raises
        ------
        psycopg.errors.ObjectNotInPrerequisiteState : it goes back, and the cursor cannot
        """
        if mode not in ("relative", "absolute"):
            raise ValueError(f"bad mode: {mode}. It should be 'relative' or 'absolute'")
        with self._said_here():
            self._require_open()
            self._move_to(self._target(value, mode))
        self._pos = self._pos + value if mode == "relative" else value

    def _target(self, value: int, mode: str) -> int:
        """The row that is to be the last one behind the caller, counted from 1."""
        if mode == "relative":
            return max(0, self._row + (self._past_end and value < 0) + value)
        if value < 0:
            self._skip(None)
            return max(0, self._row + 1 + value)
        return value

    def _move_to(self, row: int) -> None:
        if row < self._row or (self._past_end and row == self._row):
            assert self._rows is not None
            try:
                self._rows.rewind()
            except psycopg.Error:
                self._conn.transaction_state.fail()
                raise
            self._go_before_first()
        if row > self._row and not self._past_end:
            self._skip(row - self._row)

    def _skip(self, count: int | None) -> None:
        for _ in self._advance(count):
            pass

    # --- the end ----------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Close the cursor, here and on the servers."""
        if self.closed:
            return
        if self._rows is not None:
            let_go(self._conn, self._rows)
        self._forget_rows()
        self._close()

    def _close_rows(self) -> None:
        """Close what was declared before; the lock is held."""
        rows, is_open = self._rows, self._is_open()
        self._forget_rows()
        if rows is not None and is_open:
            rows.close()
