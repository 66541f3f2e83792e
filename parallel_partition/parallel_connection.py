"""One DB-API connection over a list of them: a statement runs on all at once, the rows come as one result.

It knows nothing of a catalog, a key or a driver: whoever made the connections decided what is in each
database. For a cluster with a shard map, which answers as one PostgreSQL would, there is
`parallel_partition.connect`.
"""

from __future__ import annotations

import contextvars
import inspect
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from itertools import chain
from types import TracebackType
from typing import Any, Self, TypeVar

from parallel_partition.errors import FanOutError, InterfaceError, ProgrammingError
from parallel_partition.execution.joined_errors import joined_error
from parallel_partition.execution.round import Round

T = TypeVar("T")

#: A connection's way to stop what another thread runs on it: psycopg 3, psycopg 2, sqlite3.
_CANCEL_METHODS = ("cancel_safe", "cancel", "interrupt")


class ParallelConnection:
    """One connection made of several; a result is the union of theirs, in the order of ``connections``.

    Each call takes one thread per connection. When one fails the others are cancelled, and the error says
    which it was. A connection that refuses to be used from another thread (sqlite3's, unless opened with
    ``check_same_thread=False``) is used from the caller's thread instead, while the others run.

    There is no atomic commit over plain connections: `commit` commits each, and the error of one that fails
    says which were committed.

    As a context manager it commits at the end of the block, or rolls back when the block raises, and leaves
    the connections open: they are the caller's, and may belong to a pool. `close` closes them, `putconn`
    returns them.

    Parameters
    ----------
    connections : open DB-API connections (psycopg 2, psycopg 3, sqlite3, ...), each to a database of its own

    Raises
    ------
    InterfaceError
        no connection, one given twice, or one for asyncio
    FanOutError
        a connection that gives no cursor, because it is closed for example

    Example
    -------
    >>> with ParallelConnection([psycopg2.connect(dsn) for dsn in dsns]) as connection:
    ...     with connection.cursor(cursor_factory=psycopg2.extras.RealDictCursor) as cursor:
    ...         cursor.execute("SELECT * FROM visits WHERE ward = %s", ("surgery",))
    ...         rows = cursor.fetchall()
    """

    def __init__(self, connections: Iterable[Any]) -> None:
        self._connections = tuple(connections)
        _check_connections(self._connections)
        self._names = _names(self._connections)
        self._cancels = tuple(_cancel_of(connection) for connection in self._connections)
        self._threads = ThreadPoolExecutor(len(self._connections), thread_name_prefix="parallel-connection")
        self._lock = threading.RLock()
        self._closed = False
        try:
            self._bound = self._find_bound_to_this_thread()
        except BaseException:
            self._threads.shutdown()
            raise

    def __repr__(self) -> str:
        state = "closed" if self._closed else "open"
        return f"<ParallelConnection | {len(self._connections)} connections | {state}>"

    @property
    def connections(self) -> tuple[Any, ...]:
        """The connections that this one is made of."""
        return self._connections

    @property
    def closed(self) -> bool:
        """True after `close` or `putconn`."""
        return self._closed

    def cursor(self, *args: Any, **kwargs: Any) -> ParallelCursor:
        """Return a cursor made of a cursor of each connection, each made with these arguments."""
        self._check_open()
        cursors: list[Any] = []
        for index, connection in enumerate(self._connections):
            try:
                cursors.append(connection.cursor(*args, **kwargs))
            except Exception as error:
                for cursor in cursors:
                    cursor.close()
                raise joined_error({self._names[index]: error}) from error
        return ParallelCursor(self, cursors)

    def execute(self, query: Any, *args: Any, **kwargs: Any) -> ParallelCursor:
        """Return a new cursor that has executed ``query``."""
        cursor = self.cursor()
        try:
            return cursor.execute(query, *args, **kwargs)
        except BaseException:
            cursor.close()
            raise

    def commit(self) -> None:
        """Commit on every connection. Not atomic: the error of one that fails says which were committed."""
        self._check_open()
        self._all_to_the_end(lambda connection: connection.commit(), done="committed")

    def rollback(self) -> None:
        """Roll back on every connection, whichever fails."""
        self._check_open()
        self._all_to_the_end(lambda connection: connection.rollback(), done="rolled back")

    def close(self) -> None:
        """Close every connection, whichever fails. Closing again does nothing."""
        if self._closed:
            return
        self._closed = True
        try:
            self._all_to_the_end(lambda connection: connection.close(), done="closed")
        finally:
            self._threads.shutdown()

    def putconn(self, pools: Iterable[Any]) -> None:
        """Return each connection to the pool that it came from. This object is closed then.

        Parameters
        ----------
        pools : one object with ``putconn(connection)`` per connection, in the order of the connections; a
        pool that
            gave several stands there several times

        Raises
        ------
        InterfaceError
            not one pool per connection
        FanOutError
            a pool that did not take its connection; all others got theirs
        """
        self._check_open()
        pools = list(pools)
        if len(pools) != len(self._connections):
            raise InterfaceError(
                f"{len(self._connections)} connections, but {len(pools)} pools to return them to: "
                "pass one pool per connection, in the order of the connections"
            )
        self._closed = True
        self._threads.shutdown()
        failures: dict[str, Exception] = {}
        for pool, connection, name in zip(pools, self._connections, self._names, strict=True):
            try:
                pool.putconn(connection)
            except Exception as error:
                failures[name] = error
        if failures:
            raise joined_error(failures)

    def __enter__(self) -> Self:
        self._check_open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._closed:
            return
        if error is None:
            self.commit()
            return
        try:
            self.rollback()
        except FanOutError as failed:
            # The block's own error says more than the rollback that failed because of it.
            error.add_note(f"and the rollback failed: {failed}")

    # --- for the cursor -------------------------------------------------------------------------------------

    def run_each(self, call: Callable[[int], T], *, cancel: bool = True) -> list[T]:
        """Run ``call(index)`` for every connection at once.

        Parameters
        ----------
        call : what to do for the connection of this index, in its thread
        cancel : whether the first to fail has the others cancelled

        Returns
        -------
        the results in the order of the connections

        Raises
        ------
        FanOutError
            also of the driver's own class; ``errors`` maps the names of connections to their errors
        """
        self._check_open()
        with self._lock:
            finished = self._run(Round(len(self._connections), call, self._cancels if cancel else None))
        if finished.failures:
            raise self._error_of(finished)
        return [finished.results[index] for index in range(len(self._connections))]

    def run_one(self, index: int, call: Callable[[], T]) -> T:
        """Run ``call`` for one connection in the caller's thread; what it raises names the connection."""
        self._check_open()
        with self._lock:
            try:
                return call()
            except Exception as error:
                raise joined_error({self._names[index]: error}) from error

    # --- inside ---------------------------------------------------------------------------------------------

    def _check_open(self) -> None:
        if self._closed:
            raise InterfaceError("this ParallelConnection is closed: its connections were closed or returned")

    def _all_to_the_end(self, act: Callable[[Any], Any], *, done: str) -> None:
        """Do ``act`` on every connection, whichever fails."""
        with self._lock:
            finished = self._run(Round(len(self._connections), lambda index: act(self._connections[index])))
        if finished.failures:
            error = self._error_of(finished)
            names = ", ".join(self._names[index] for index in sorted(finished.results)) or "none"
            error.add_note(f"{done}: {names}")
            raise error

    def _run(self, round_: Round[T]) -> Round[T]:
        """Run a round: a thread for each connection that allows it, the caller's own for the rest."""
        futures = [
            self._threads.submit(contextvars.copy_context().run, round_.run, index)
            for index in range(len(self._connections))
            if index not in self._bound
        ]
        try:
            for index in sorted(self._bound):
                round_.run(index)
            wait(futures)
        except BaseException:
            # Ctrl-C: nothing may go on running on the connections when the caller gets hold of them again.
            round_.stop()
            wait(futures)
            raise
        for future in futures:
            future.result()
        return round_

    def _error_of(self, finished: Round[Any]) -> FanOutError:
        error = joined_error(
            {self._names[index]: finished.failures[index] for index in sorted(finished.failures)}
        )
        for index in sorted(finished.cancelled):
            error.add_note(f"{self._names[index]} was cancelled")
        for index, failed in sorted(finished.cancel_failures.items()):
            error.add_note(f"{self._names[index]} could not be cancelled: {failed}")
        return error

    def _find_bound_to_this_thread(self) -> frozenset[int]:
        """Find the connections that give a cursor here but not in another thread."""
        tried = Round(len(self._connections), lambda index: self._connections[index].cursor().close())
        wait([self._threads.submit(tried.run, index) for index in range(len(self._connections))])
        for index in sorted(tried.failures):
            try:
                self._connections[index].cursor().close()
            except Exception as error:
                raise joined_error({self._names[index]: error}) from error
        return frozenset(tried.failures)


class ParallelCursor:
    """A cursor over one cursor per connection. Made by `ParallelConnection.cursor`."""

    #: How many rows `fetchmany` returns when it is not told.
    arraysize = 1

    def __init__(self, connection: ParallelConnection, cursors: Sequence[Any]) -> None:
        self._connection = connection
        self._cursors = tuple(cursors)
        #: The cursor that the next row comes from; those before it are exhausted.
        self._current = 0
        self._closed = False

    def __repr__(self) -> str:
        state = "closed" if self._closed or self._connection.closed else "open"
        return f"<ParallelCursor | {len(self._cursors)} cursors | {state}>"

    @property
    def connection(self) -> ParallelConnection:
        """The connection that made this cursor."""
        return self._connection

    @property
    def cursors(self) -> tuple[Any, ...]:
        """The cursors that this one is made of, in the order of the connections."""
        return self._cursors

    @property
    def closed(self) -> bool:
        """True after `close`."""
        return self._closed

    @property
    def description(self) -> Any:
        """The columns of the result as the first connection describes them; None without a result."""
        descriptions = (cursor.description for cursor in self._cursors)
        return next((description for description in descriptions if description is not None), None)

    @property
    def rowcount(self) -> int:
        """The sum of all row counts; -1 when a connection does not know its own (sqlite3 after a SELECT)."""
        counts = [cursor.rowcount for cursor in self._cursors]
        return -1 if min(counts) < 0 else sum(counts)

    def execute(self, query: Any, *args: Any, **kwargs: Any) -> Self:
        """Execute ``query`` on every connection at once, with the arguments of the driver's own method."""
        return self._execute(lambda cursor: cursor.execute(query, *args, **kwargs))

    def executemany(self, query: Any, rows: Iterable[Any], *args: Any, **kwargs: Any) -> Self:
        """Execute ``query`` once per row of ``rows``, all rows on every connection."""
        rows = list(rows)
        return self._execute(lambda cursor: cursor.executemany(query, rows, *args, **kwargs))

    def fetchone(self) -> Any:
        """Return the next row, or None after the last of the last connection."""
        while True:
            row = self._of_current(lambda cursor: cursor.fetchone())
            if row is not None or not self._next_cursor():
                return row

    def fetchmany(self, size: int | None = None) -> list[Any]:
        """Return the next ``size`` rows (`arraysize` when None), fewer at the end."""
        missing = self.arraysize if size is None else size
        rows: list[Any] = []
        while True:
            some = self._fetch_some(missing)
            rows += some
            missing -= len(some)
            if missing <= 0 or not self._next_cursor():
                return rows

    def fetchall(self) -> list[Any]:
        """Return all rows that are left, fetched from all connections at once."""
        self._check_open()
        first = self._current
        parts = self._connection.run_each(
            lambda index: self._cursors[index].fetchall() if index >= first else []
        )
        self._current = len(self._cursors) - 1
        self._check_columns()
        return list(chain.from_iterable(parts))

    def __iter__(self) -> Iterator[Any]:
        """Yield the rows that are left, one connection's after the other's, as its own cursor yields them."""
        end = object()
        while True:
            rows = self._of_current(iter)
            while (row := self._next_row(rows, end)) is not end:
                yield row
            if not self._next_cursor():
                return

    def mogrify(self, query: Any, *args: Any, **kwargs: Any) -> Any:
        """Return ``query`` with its parameters as the first connection sends it (psycopg 2, ClientCursor)."""
        self._check_open()
        return self._connection.run_one(0, lambda: self._cursors[0].mogrify(query, *args, **kwargs))

    def setinputsizes(self, sizes: Any) -> None:
        """Pass ``sizes`` to every cursor."""
        for cursor in self._cursors:
            cursor.setinputsizes(sizes)

    def setoutputsize(self, *args: Any) -> None:
        """Pass size and column to every cursor."""
        for cursor in self._cursors:
            cursor.setoutputsize(*args)

    def close(self) -> None:
        """Close every cursor. Closing again does nothing, nor does closing after the connection."""
        if self._closed:
            return
        self._closed = True
        if not self._connection.closed:
            self._connection.run_each(lambda index: self._cursors[index].close(), cancel=False)

    def __enter__(self) -> Self:
        self._check_open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- inside ---------------------------------------------------------------------------------------------

    def _check_open(self) -> None:
        if self._closed:
            raise InterfaceError("this cursor is closed")

    def _execute(self, call: Callable[[Any], Any]) -> Self:
        self._check_open()
        self._current = 0
        self._connection.run_each(lambda index: call(self._cursors[index]))
        self._check_columns()
        return self

    def _of_current(self, call: Callable[[Any], T]) -> T:
        """Call the cursor that the next row comes from."""
        self._check_open()
        return self._connection.run_one(self._current, lambda: call(self._cursors[self._current]))

    def _fetch_some(self, size: int) -> list[Any]:
        return list(self._of_current(lambda cursor: cursor.fetchmany(size)))

    def _next_row(self, rows: Iterator[Any], end: object) -> Any:
        return self._of_current(lambda _: next(rows, end))

    def _next_cursor(self) -> bool:
        if self._current + 1 == len(self._cursors):
            return False
        self._current += 1
        # A server-side cursor of psycopg 2 knows its columns only after it has been read.
        self._check_columns()
        return True

    def _check_columns(self) -> None:
        """Refuse rows of different shapes: under one description they would be read wrongly."""
        described = [
            (index + 1, [column[0] for column in cursor.description])
            for index, cursor in enumerate(self._cursors)
            if cursor.description is not None
        ]
        for number, names in described[1:]:
            first, expected = described[0]
            if names != expected:
                raise ProgrammingError(
                    f"connection {first} of {len(self._cursors)} answers the columns {', '.join(expected)}, "
                    f"connection {number} answers {', '.join(names)}: name the columns in the query"
                )


def _check_connections(connections: Sequence[Any]) -> None:
    if not connections:
        raise InterfaceError("no connections: ParallelConnection needs at least one")
    if len({id(connection) for connection in connections}) < len(connections):
        raise InterfaceError("a connection was given twice: its rows would come back twice")
    for index, connection in enumerate(connections):
        if inspect.iscoroutinefunction(getattr(connection, "commit", None)):
            raise InterfaceError(
                f"connection {index + 1} of {len(connections)} ({type(connection).__name__}) is one for "
                "asyncio; ParallelConnection takes blocking connections"
            )


def _names(connections: Sequence[Any]) -> tuple[str, ...]:
    """Name the connections for errors while they are open: a lost one no longer says where it went."""
    return tuple(
        f"connection {index + 1} of {len(connections)} ({_place(connection)})"
        for index, connection in enumerate(connections)
    )


def _place(connection: Any) -> str:
    """Where a connection goes: host, port and database where the driver tells (psycopg), else its class."""
    try:
        info = connection.info
        return f"{info.host}:{info.port}/{info.dbname}"
    except Exception:
        # Another driver, or a closed connection, of which the first use tells more than a name could.
        return f"{type(connection).__module__}.{type(connection).__qualname__}"


def _cancel_of(connection: Any) -> Callable[[], object] | None:
    methods = (getattr(connection, name, None) for name in _CANCEL_METHODS)
    return next((method for method in methods if callable(method)), None)
