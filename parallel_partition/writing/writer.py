"""Rows from Python into a table of the cluster, on all servers at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from itertools import islice
from operator import itemgetter
from types import TracebackType
from typing import Any, Self

from parallel_partition.catalog.cluster import ClusterState
from parallel_partition.catalog.tables import Column
from parallel_partition.errors import InterfaceError, ProgrammingError
from parallel_partition.execution.create_table import find_table
from parallel_partition.postgres.copy import TEXT
from parallel_partition.postgres.driver_errors import as_driver_error
from parallel_partition.postgres.pool import Pools
from parallel_partition.writing.chunks import Layout
from parallel_partition.writing.encode import as_bytes, column_texts, drawn_texts, lines
from parallel_partition.writing.progress import Show, progress, show_nothing
from parallel_partition.writing.refusals import BadValue
from parallel_partition.writing.table_load import TableLoad

#: Rows that are encoded together. From 1,000 on the time per row no longer falls.
BATCH = 2000
#: Batches of large rows are smaller, so that they take about this many bytes.
BATCH_BYTES = 1 << 20

_JSON = ("json", "jsonb")


class Writer:
    """Writes rows, and commits them all at the end of its block; an error keeps none of them.

    Made by `Cluster.writer`. Rows are taken as they are written, a few thousand at a time, so a generator of
    any length needs little memory. They are on the servers before the block ends, and visible to nobody.

    Example
    -------
    >>> with cluster.writer("flights") as writer:
    ...     writer.write([(1, "N14228"), (2, None)])
    ...     writer.write({"id": n, "tailnum": tail} for n, tail in source)
    """

    def __init__(self, load: TableLoad, columns: Sequence[str] | None, show_progress: bool | None) -> None:
        self._load = load
        self._columns = tuple(columns) if columns is not None else load.writable()
        self._shapes: dict[tuple[str, ...] | None, _Shape] = {}
        self._wanted = show_progress
        self._show: Show = show_nothing
        self._stack = ExitStack()
        self._state = "new"
        self._failure: BaseException | None = None
        self._batch = 1
        load.columns(self._columns)

    def __repr__(self) -> str:
        table = self._load.table
        return f"<Writer {table.schema}.{table.name} | {self.rows_written:,} rows | {self._state}>"

    @property
    def rows_written(self) -> int:
        """The rows taken so far; kept when the block ends."""
        return self._load.rows

    @property
    def pending(self) -> tuple[str, ...]:
        """After the block: the servers that could not be told of the commit yet (see `two_phase.Committed`)."""
        return self._load.committed.pending if self._load.committed else ()

    def __enter__(self) -> Self:
        if self._state != "new":
            raise as_driver_error(InterfaceError("a writer is used once; ask the cluster for another"))
        self._show = self._stack.enter_context(progress(self._load.table.name, None, self._wanted))
        self._stack.enter_context(self._load)
        self._state = "open"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._state = "closed"
        # Who caught an error of `write` inside the block must not have the rest committed.
        failure = error or self._failure
        if failure is None:
            self._stack.close()
            return
        self._stack.__exit__(type(failure), failure, failure.__traceback__)
        if error is None:
            raise failure

    def write(self, rows: Iterable[Sequence[Any] | Mapping[str, Any]]) -> None:
        """Write rows.

        Parameters
        ----------
        rows : tuples (or lists) with a value for each column, in the table's order or that of ``columns``; or
            mappings by column name, where a column may be left out that has a default or may be NULL

        Raises
        ------
        errors.RowRefused : a row cannot be written, of these or of an earlier call
        errors.InterfaceError : the writer is not inside of its ``with`` block
        """
        if self._state != "open":
            message = f"the writer is {self._state}: use it as `with cluster.writer(...) as writer:`"
            raise as_driver_error(InterfaceError(message))
        if self._failure is not None:
            raise self._failure
        try:
            for shape, batch in self._batches(iter(rows)):
                size = shape.add(batch)
                self._batch = max(1, min(BATCH, 4 * self._batch, BATCH_BYTES * len(batch) // max(size, 1)))
                self._show(self.rows_written, None)
        except BaseException as failure:
            self._failure = failure
            raise

    def _batches(self, rows: Iterator[Any]) -> Iterator[tuple[_Shape, list[tuple[Any, ...]]]]:
        """Rows of one shape each, as tuples in the shape's order."""
        while batch := list(islice(rows, self._batch)):
            if set(map(type, batch)) == {tuple}:
                yield self._shape(None), batch
            else:
                yield from self._sorted_out(batch)

    def _sorted_out(self, batch: Sequence[Any]) -> Iterator[tuple[_Shape, list[tuple[Any, ...]]]]:
        begun: _Shape | None = None
        gathered: list[tuple[Any, ...]] = []
        for row in batch:
            if isinstance(row, Mapping):
                shape = self._shape_of(row, len(gathered))
                values = shape.values(row)
            elif isinstance(row, Sequence) and not isinstance(row, str | bytes | bytearray):
                shape, values = self._shape(None), tuple(row)
            else:
                self._load.refuse(_no_row(row, len(gathered)))
            if begun is not None and shape is not begun:
                yield begun, gathered
                gathered = []
            begun = shape
            gathered.append(values)
        if begun is not None:
            yield begun, gathered

    def _shape_of(self, row: Mapping[str, Any], index: int) -> _Shape:
        names = tuple(row)
        try:
            return self._shapes.get(names) or self._shape(names)
        except ProgrammingError as error:
            self._load.refuse(BadValue(index, None, str(error)))

    def _shape(self, names: tuple[str, ...] | None) -> _Shape:
        """What rows of these names, or tuples, are made of."""
        shape = self._shapes.get(names)
        if shape is None:
            given = self._load.columns(self._columns if names is None else names)
            ordered = given if names is None else _in_table_order(given, self._load)
            shape = next((known for known in self._shapes.values() if known.given == ordered), None)
            shape = self._shapes[names] = shape or _Shape(self._load, ordered)
        return shape


def _in_table_order(given: Sequence[Column], load: TableLoad) -> tuple[Column, ...]:
    return tuple(column for column in load.table.columns if column in given)


def _no_row(row: object, index: int) -> BadValue:
    message = f"a row is a tuple, a list or a mapping, not {row!r:.60}, a {type(row).__qualname__}"
    return BadValue(index, None, message)


class _Shape:
    """Encodes rows that give the same columns."""

    def __init__(self, load: TableLoad, given: tuple[Column, ...]) -> None:
        self.given = given
        self._load = load
        left_out = load.left_out(column.name for column in given)
        self._drawn = load.drawn(left_out) if left_out else None
        self._left_out = left_out
        self._dumps: list[Callable[[Any], str | None]] = [load.text_dumper(column) for column in given]
        names = tuple(column.name for column in (*given, *left_out))
        self._layout = Layout(names, TEXT)
        self._key_places = [names.index(name) if name in names else None for name in load.table.key]
        self._pick = itemgetter(*(column.name for column in given)) if given else None

    def values(self, row: Mapping[str, Any]) -> tuple[Any, ...]:
        """The values of a mapping in the shape's order."""
        if self._pick is None:
            return ()
        return self._pick(row) if len(self.given) > 1 else (self._pick(row),)

    def add(self, batch: Sequence[tuple[Any, ...]]) -> int:
        """Encode rows and hand them on; returns their size in bytes."""
        try:
            columns = self._columns(batch)
            texts = [
                column_texts(values, dump, column.name, json=column.type in _JSON)
                for values, dump, column in zip(columns, self._dumps, self.given, strict=True)
            ]
            if self._drawn is not None:
                drawn = self._drawn.take(len(batch))
                columns += drawn
                texts += map(drawn_texts, drawn)
            parts = self._parts(columns, len(batch))
        except BadValue as bad:
            self._load.refuse(bad)
        rows = lines(texts)
        self._load.add(self._layout, rows, parts, as_bytes)
        return sum(map(len, rows))

    def _columns(self, batch: Sequence[tuple[Any, ...]]) -> list[Sequence[Any]]:
        wanted = len(self.given)
        if set(map(len, batch)) != {wanted}:
            index = next(index for index, row in enumerate(batch) if len(row) != wanted)
            names = ", ".join(column.name for column in self.given)
            message = f"the row has {len(batch[index])} values, {wanted} are wanted: {names}"
            raise BadValue(index, None, message)
        return list(zip(*batch, strict=True))

    def _parts(self, columns: Sequence[Sequence[Any]], count: int) -> list[int] | None:
        if self._load.keys is None:
            return None
        nothing = [None] * count
        return self._load.keys.parts(
            [nothing if place is None else columns[place] for place in self._key_places]
        )


def open_writer(
    pools: Pools,
    state: ClusterState,
    table: str | tuple[str, str],
    columns: Sequence[str] | None = None,
    *,
    show_progress: bool | None = None,
    on_stale: Callable[[], object] | None = None,
) -> Writer:
    """A `Writer` for a table; nothing is sent before its first rows.

    Parameters
    ----------
    pools, state : of the cluster
    table : its name, or (schema, name)
    columns : what the values of a tuple are, when not all columns in the table's order
    show_progress : None shows it where standard error is a terminal
    on_stale : called when the load was refused because the map or the tables changed

    Raises
    ------
    errors.UnknownTable : the cluster has no such table
    errors.ProgrammingError : it has no such column
    """
    load = TableLoad(pools, state, find_table(state, table), on_stale)
    return Writer(load, columns, show_progress)
