"""Rows from several servers into a table of another by COPY, as bytes that nobody decodes."""

from __future__ import annotations

import select
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

import psycopg
from psycopg import pq
from psycopg.pq.abc import PGconn, PGresult

from parallel_partition import errors
from parallel_partition.postgres.driver_errors import error_of_result
from parallel_partition.postgres.session import Exchange, Session

#: Bytes that are handed on at once, so that what is done per block costs little beside what is done per row.
BLOCK = 65_536

#: COPY's binary format begins with a signature, flags and the length of an extension, and ends with a count of -1:
#: https://www.postgresql.org/docs/current/sql-copy.html
_SIGNATURE = b"PGCOPY\n\xff\r\n\x00"
_FLAGS_AND_EXTENSION = bytes(8)
_HEADER = len(_SIGNATURE) + len(_FLAGS_AND_EXTENSION)
_TRAILER = b"\xff\xff"

_FATAL = pq.ExecStatus.FATAL_ERROR


def copied_out(session: Session, statement: bytes, take: Callable[[bytes], None]) -> Exchange:
    """Run ``COPY ... TO STDOUT`` and hand its rows on as they come: whole rows, without the binary format's frame.

    Parameters
    ----------
    take : is given the bytes; what of errors it raises ends the statement, which is cancelled and read to its end

    Returns
    -------
    one result: how the statement ended
    """
    pgconn = session.connection.pgconn
    refused: list[psycopg.Error | errors.Error] = []

    def taken(rows: bytes) -> None:
        if refused:
            return
        try:
            take(rows)
        except (psycopg.Error, errors.Error) as error:
            refused.append(error)
            session.cancel()

    try:
        pgconn.send_query(statement)
        while pgconn.flush():
            yield True
            pgconn.consume_input()
        result = yield from _next_result(pgconn)
        if result is not None and result.status == pq.ExecStatus.COPY_OUT:
            yield from _rows(pgconn, bool(result.binary_tuples), taken)
            result = yield from _next_result(pgconn)
        last = result
        while result is not None and session.alive:
            last, result = result, (yield from _next_result(pgconn))
    except psycopg.Error as error:
        lost = session.broken_off(error)
        raise (refused[0] if refused else lost) from error
    except BaseException:
        session.abandon()
        raise
    if refused:
        raise refused[0]
    if not session.alive and (last is None or not last.error_field(pq.DiagnosticField.SQLSTATE)):
        raise session.broken_off(psycopg.OperationalError("its rows did not all come"))
    assert last is not None
    return [last]


def _next_result(pgconn: PGconn) -> Generator[bool, None, PGresult | None]:
    while pgconn.is_busy():
        yield False
        pgconn.consume_input()
    return pgconn.get_result()


def _rows(pgconn: PGconn, framed: bool, take: Callable[[bytes], None]) -> Generator[bool, None, None]:
    """Read until the end of the rows. The server sends each row as one message, the frame with the first and last."""
    pieces: list[bytes] = []
    size = 0
    first = framed
    while True:
        count, data = pgconn.get_copy_data(1)
        if count > 0:
            row = bytes(data)
            if first:
                row = row[_HEADER + int.from_bytes(row[_HEADER - 4 : _HEADER], "big") :]
                first = False
            if not (framed and row == _TRAILER):
                pieces.append(row)
                size += len(row)
            if size < BLOCK:
                continue
        if pieces:
            take(b"".join(pieces))
            pieces, size = [], 0
        if count < 0:
            return
        if count == 0:
            yield False
            pgconn.consume_input()


class CopyIn:
    """``COPY ... FROM STDIN`` in binary on one session: rows as `copied_out` hands them on; a context manager.

    Raises
    ------
    psycopg.Error : the server refused a row; it knows its server
    """

    def __init__(self, session: Session, statement: bytes) -> None:
        self._session = session
        self._pgconn = session.connection.pgconn
        self._statement = statement
        #: How many rows were taken, at the end.
        self.rows = 0

    def __enter__(self) -> Self:
        with self._until_lost():
            self._pgconn.send_query(self._statement)
            self._flush()
            result = self._result()
            if result is None or result.status != pq.ExecStatus.COPY_IN:
                self._drain()
                raise self._failure(result)
        self.write(_SIGNATURE + _FLAGS_AND_EXTENSION)
        return self

    def write(self, rows: bytes) -> None:
        """Send whole rows; waits until the server has taken what came before."""
        with self._until_lost():
            while not self._pgconn.put_copy_data(rows):
                self._flush()
            self._flush()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._session.alive:
            return
        if kind is None:
            self.write(_TRAILER)
        with self._until_lost():
            self._pgconn.put_copy_end(None if kind is None else b"the rows did not all come")
            self._flush()
            result = self._result()
            self._drain()
            if kind is None and (result is None or result.status == _FATAL):
                raise self._failure(result)
        self.rows = 0 if result is None else result.command_tuples or 0

    @contextmanager
    def _until_lost(self) -> Iterator[None]:
        try:
            yield
        except errors.Error:
            raise
        except psycopg.Error as error:
            raise self._session.broken_off(error) from error

    def _flush(self) -> None:
        poller = self._session.poller
        while self._pgconn.flush():
            poller.modify(self._session.fileno, select.POLLIN | select.POLLOUT)
            poller.poll()
            poller.modify(self._session.fileno, select.POLLIN)
            self._pgconn.consume_input()

    def _result(self) -> PGresult | None:
        while self._pgconn.is_busy():
            self._session.poller.poll()
            self._pgconn.consume_input()
        return self._pgconn.get_result()

    def _drain(self) -> None:
        while (result := self._result()) is not None and result.status != pq.ExecStatus.COPY_IN:
            pass

    def _failure(self, result: PGresult | None) -> psycopg.Error:
        if result is not None and (self._session.alive or result.error_field(pq.DiagnosticField.SQLSTATE)):
            return error_of_result(result, self._session.server)
        return self._session.broken_off(psycopg.OperationalError("the rows gathered there did not all come"))
