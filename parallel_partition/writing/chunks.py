"""Rows wait here until enough of one partition are together for a COPY of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest

from parallel_partition.catalog.tables import Table
from parallel_partition.postgres.copy import CopyChunk, CopyFormat, copy_statement

#: Bytes that wait in all. A COPY costs a server about as much as 100 rows, so chunks should be large: with 1
#: M rows in 32 partitions, 4 MB took 15 % more of the servers' time than a single COPY each, 32 MB 5 %, 128
#: MB no less.
WAITING_BYTES = 32 << 20
#: With many servers each still gets chunks that are worth a COPY.
WAITING_BYTES_PER_SERVER = 2 << 20
FIRST_WAITING_BYTES = 1 << 18

#: The place of rows that go to every server: reference tables have no partitions.
EVERYWHERE = 0


@dataclass(frozen=True, slots=True)
class Layout:
    """What the rows of a chunk are made of: column names and format."""

    columns: tuple[str, ...]
    form: CopyFormat


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows that came together: the first one's number, and the partition of each (None: all are `EVERYWHERE`)."""

    first: int
    parts: Sequence[int] | None


@dataclass(slots=True)
class _Waiting:
    layout: Layout
    part: int
    pieces: list[bytes] = field(default_factory=list)
    batches: list[tuple[Batch, int]] = field(default_factory=list)
    size: int = 0
    rows: int = 0


class RowsOfChunk:
    """Finds the number of a row again, by its place in the chunk."""

    def __init__(self, part: int, batches: Sequence[tuple[Batch, int]], layout: Layout) -> None:
        self.part, self.layout = part, layout
        self._batches = batches

    def number(self, place: int) -> int:
        """The number, as the writer counts rows, of the chunk's row at ``place``, from 0."""
        for batch, count in self._batches:
            if place < count:
                return batch.first + self._index(batch, place)
            place -= count
        raise IndexError("the chunk has fewer rows")

    def _index(self, batch: Batch, place: int) -> int:
        if batch.parts is None:
            return place
        mine = (index for index, part in enumerate(batch.parts) if part == self.part)
        return next(index for nth, index in enumerate(mine) if nth == place)


class Chunks:
    """Collects pieces per partition and sends the largest of a server when that server's are too many.

    Parameters
    ----------
    table : where the rows go
    home_of : the server of a partition
    servers : who may get rows; all of them get every row of a reference table
    send : hands a chunk to a server
    """

    def __init__(
        self,
        table: Table,
        home_of: Callable[[int], str],
        servers: Sequence[str],
        send: Callable[[str, CopyChunk], None],
    ) -> None:
        self._table = table
        self._home_of = home_of
        self._servers = tuple(servers)
        self._send = send
        self._limit = max(WAITING_BYTES // max(len(servers), 1), WAITING_BYTES_PER_SERVER)
        self._waiting: dict[str, dict[tuple[Layout, int], _Waiting]] = {}
        self._sizes: dict[str, int] = {}
        self._added: dict[str, int] = {}

    def add(self, layout: Layout, batch: Batch, part: int, piece: bytes, rows: int) -> None:
        """Add the rows of ``batch`` that belong to ``part``.

        Parameters
        ----------
        layout : what their bytes are
        batch : what they came in
        part : their partition, or `EVERYWHERE`
        piece : their bytes, each with its line end
        rows : how many they are
        """
        # All copies of a reference table get the same chunks, so only one list is kept for them.
        group = self._home_of(part) if part else ""
        waiting = self._waiting.setdefault(group, {})
        key = (layout, part)
        if (entry := waiting.get(key)) is None:
            entry = waiting[key] = _Waiting(layout, part)
        entry.pieces.append(piece)
        entry.batches.append((batch, rows))
        entry.size += len(piece)
        entry.rows += rows
        self._sizes[group] = self._sizes.get(group, 0) + len(piece)
        self._added[group] = self._added.get(group, 0) + len(piece)
        # The first chunks are small, so that the servers get to work early.
        limit = min(self._limit, max(self._added[group] // 4, FIRST_WAITING_BYTES))
        while self._sizes[group] > limit:
            self._flush(group, max(waiting, key=lambda key: waiting[key].size))

    def flush(self) -> None:
        """Send all that waits, to the servers in turn: they work at once."""
        turns = [[(group, key) for key in waiting] for group, waiting in self._waiting.items()]
        for turn in zip_longest(*turns):
            for one in turn:
                if one is not None:
                    self._flush(*one)

    def _flush(self, group: str, key: tuple[Layout, int]) -> None:
        entry = self._waiting[group].pop(key)
        self._sizes[group] -= entry.size
        table = self._table
        relation = table.child(entry.part) if entry.part else table.name
        chunk = CopyChunk(
            copy_statement(table.schema, relation, entry.layout.columns, entry.layout.form),
            relation,
            entry.layout.columns,
            entry.pieces,
            entry.rows,
            RowsOfChunk(entry.part, entry.batches, entry.layout),
        )
        for server in (group,) if group else self._servers:
            self._send(server, chunk)
