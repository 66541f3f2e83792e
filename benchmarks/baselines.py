"""The raw limits: what psycopg alone does on the same servers, with everything known beforehand."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from operator import itemgetter
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg
from psycopg import sql

#: Bytes handed to COPY at once; 64 KiB and 8 MiB were no faster.
_BLOCK = 1 << 20


class RawServers:
    """A psycopg connection and a thread for each server, opened and started before anything is timed.

    Parameters
    ----------
    conninfos : the servers' names and conninfos
    """

    def __init__(self, conninfos: Mapping[str, str]) -> None:
        self.connections = {
            name: psycopg.connect(conninfo, autocommit=True) for name, conninfo in conninfos.items()
        }
        self._threads = ThreadPoolExecutor(len(self.connections))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._threads.shutdown()
        for connection in self.connections.values():
            connection.close()

    def fetch(self, queries: Mapping[str, str]) -> list[list[tuple[Any, ...]]]:
        """Run each server's query in its thread and return the rows of each."""
        return list(self._threads.map(self._fetch, queries, queries.values()))

    def copy(self, table: str, files: Mapping[str, Iterable[tuple[int, Path]]]) -> None:
        """COPY each server's files into the child tables of their partitions, in one transaction per server.

        Parameters
        ----------
        table : the sharded table
        files : for each server, partition numbers and CSV files of their rows with ``part`` in the last
        column
        """
        list(self._threads.map(self._copy, files, [table] * len(files), files.values()))

    def execute(self, statement: str) -> None:
        """Run a statement on every server."""
        list(self._threads.map(lambda connection: connection.execute(statement), self.connections.values()))

    def stream(self, query: str, *, merged: bool) -> Iterator[tuple[Any, ...]]:
        """Each server's rows as they come, one server after the other, or merged by their first column."""
        streams = [connection.cursor().stream(query, size=1_000) for connection in self.connections.values()]
        return heapq.merge(*streams, key=itemgetter(0)) if merged else chain.from_iterable(streams)

    def _fetch(self, server: str, query: str) -> list[tuple[Any, ...]]:
        return self.connections[server].execute(query).fetchall()

    def _copy(self, server: str, table: str, files: Iterable[tuple[int, Path]]) -> None:
        connection = self.connections[server]
        with connection.transaction(), connection.cursor() as cursor:
            for part, file in files:
                child = sql.Identifier(f"{table}_part_{part}")
                statement = sql.SQL("COPY {} FROM STDIN (FORMAT csv)").format(child)
                with cursor.copy(statement) as copy, file.open("rb") as source:
                    while block := source.read(_BLOCK):
                        copy.write(block)


def split_csv(source: Path, directory: Path, parts: Sequence[int]) -> dict[int, Path]:
    """Split a CSV file with a header by partition, adding ``part`` as the last column.

    Parameters
    ----------
    source : the file; no field may hold a line break
    directory : a folder, made when it is missing
    parts : the partition of each row, in the file's order

    Returns
    -------
    the file of each partition
    """
    directory.mkdir(parents=True, exist_ok=True)
    files = {part: directory / f"{source.stem}_part_{part}.csv" for part in sorted(set(parts))}
    rows: dict[int, list[bytes]] = {part: [] for part in files}
    with source.open("rb") as lines:
        next(lines)
        for line, part in zip(lines, parts, strict=True):
            rows[part].append(b"%s,%d\n" % (line.rstrip(b"\n"), part))
    for part, file in files.items():
        file.write_bytes(b"".join(rows[part]))
    return files
