"""One load into one table, whatever the rows come from: what is common to `Writer` and `load_csv`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, NoReturn, Self

from parallel_partition.catalog.cluster import ClusterState
from parallel_partition.catalog.tables import PART, Column, Table
from parallel_partition.errors import ProgrammingError, StaleMap
from parallel_partition.execution.bulk_load import BulkLoad
from parallel_partition.execution.two_phase import Committed
from parallel_partition.postgres.copy import CopyChunk, CopyFormat, CopyRefused
from parallel_partition.postgres.driver_errors import as_driver_error
from parallel_partition.postgres.pool import Pools
from parallel_partition.postgres.text_values import text_dumper
from parallel_partition.writing.chunks import EVERYWHERE, Batch, Chunks, Layout, RowsOfChunk
from parallel_partition.writing.csv_records import record_of_line
from parallel_partition.writing.drawn import Drawn, is_drawn
from parallel_partition.writing.keys import Keys
from parallel_partition.writing.refusals import BadValue, refuse


class TableLoad:
    """All or nothing: committed when its block ends, rolled back when that fails.

    Parameters
    ----------
    pools, state : of the cluster
    table : where the rows go
    on_stale : called when the load was refused because the map or the tables changed
    """

    def __init__(
        self, pools: Pools, state: ClusterState, table: Table, on_stale: Callable[[], object] | None = None
    ) -> None:
        self.table = table
        self.keys = Keys(table, state.num_partitions) if table.sharded else None
        self.rows = 0
        self.committed: Committed | None = None
        self._on_stale = on_stale
        self._bulk = BulkLoad(pools, state, table)
        self._chunks = Chunks(table, state.shard_map.home_of, tuple(state.servers), self._send)

    # --- columns
    # ------------------------------------------------------------------------------------------------

    def columns(self, names: Sequence[str]) -> tuple[Column, ...]:
        """The columns that rows give, checked.

        Raises
        ------
        errors.ProgrammingError : unknown or repeated names, or columns that PostgreSQL fills itself
        """
        known = {column.name: column for column in self.table.columns}
        unknown = [name for name in names if name not in known]
        if unknown:
            self._refuse_columns(f"no column {_listed(unknown)}; it has {_listed(known)}")
        if len(set(names)) < len(names):
            self._refuse_columns(f"columns are given more than once: {_listed(names)}")
        for name in names:
            if known[name].generated:
                self._refuse_columns(f"column {name} is generated: leave it out")
            if known[name].identity == "always":
                self._refuse_columns(f"column {name} is GENERATED ALWAYS AS IDENTITY: leave it out")
        return tuple(known[name] for name in names)

    def writable(self) -> tuple[str, ...]:
        """The columns of a row whose columns are not named: all but those that PostgreSQL alone fills."""
        return tuple(
            column.name
            for column in self.table.columns
            if not column.generated and column.identity != "always"
        )

    def left_out(self, given: Iterable[str]) -> list[Column]:
        """The columns that must be drawn, because rows do not give them."""
        names = set(given)
        return [column for column in self.table.columns if column.name not in names and is_drawn(column)]

    def drawn(self, columns: Sequence[Column]) -> Drawn:
        """What draws the values of ``columns``."""
        return Drawn(columns, self._bulk.draw)

    def text_dumper(self, column: Column) -> Callable[[Any], str | None]:
        """What writes the values of ``column`` that have a Python type of their own."""
        return text_dumper(self._bulk.catalog, column.type)

    def _refuse_columns(self, message: str) -> NoReturn:
        name = f"{self.table.schema}.{self.table.name}"
        raise as_driver_error(ProgrammingError(f"table {name}: {message}"))

    # --- rows
    # -------------------------------------------------------------------------------------------------

    def add(
        self,
        layout: Layout,
        rows: Sequence[Any],
        parts: Sequence[int] | None,
        as_bytes: Callable[[Sequence[Any]], bytes],
    ) -> None:
        """Add the next rows.

        Parameters
        ----------
        layout : what they are made of
        rows : each one's text
        parts : each one's partition; None for a reference table
        as_bytes : makes bytes, with line ends, of several
        """
        batch = Batch(self.rows + 1, parts)
        self.rows += len(rows)
        if parts is None:
            self._chunks.add(layout, batch, EVERYWHERE, as_bytes(rows), len(rows))
            return
        of_part: dict[int, list[Any]] = {part: [] for part in set(parts)}
        append = {part: mine.append for part, mine in of_part.items()}
        for part, row in zip(parts, rows, strict=True):
            append[part](row)
        for part, mine in of_part.items():
            self._chunks.add(layout, batch, part, as_bytes(mine), len(mine))

    def refuse(self, bad: BadValue) -> NoReturn:
        """Raise `errors.RowRefused` for a row of the batch that comes next; one before the first is a header."""
        row = self.rows + bad.index + 1
        refuse(
            str(bad),
            table=self.table.name,
            row=row or None,
            column=bad.column,
            cause=bad.__cause__,
        )

    def _send(self, server: str, chunk: CopyChunk) -> None:
        with self._telling_rows():
            self._bulk.send(server, chunk)

    @contextmanager
    def _telling_rows(self) -> Iterator[None]:
        """Make `errors.RowRefused` of what a server says about a line of a chunk."""
        try:
            yield
        except CopyRefused as refused:
            source: RowsOfChunk = refused.chunk.source
            row = None
            if refused.line is not None:
                row = source.number(_place(refused.chunk, source.layout.form, refused.line))
            refuse(
                _without_part(refused.message, source.part),
                table=self.table.name,
                row=row,
                column=refused.column,
                server=refused.server,
                cause=refused.__cause__,
            )

    # --- the end
    # ----------------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self._abort(error)
            return
        try:
            self._chunks.flush()
            with self._telling_rows():
                self.committed = self._bulk.commit()
        except BaseException as failure:
            self._abort(failure)
            raise

    def _abort(self, error: BaseException) -> None:
        self._bulk.abort()
        if isinstance(error, StaleMap) and self._on_stale is not None:
            self._on_stale()


def _without_part(message: str, part: int) -> str:
    """A duplicate key's message, without the column that the caller has not made."""
    return re.sub(rf"\((.+), {PART}\)=\((.+), {part}\)", r"(\1)=(\2)", message).rstrip(".")


def _place(chunk: CopyChunk, form: CopyFormat, line: int) -> int:
    """The place of the row, from 0, that a line of a chunk belongs to."""
    if not form.csv:
        return line - 1
    return record_of_line(b"".join(chunk.pieces), form.quote.encode(), line)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(str, names))
