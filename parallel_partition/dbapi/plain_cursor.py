"""Cursors that psycopg's own code makes of a connection, by ``psycopg.Cursor(connection)``: ``TypeInfo.fetch`` does.

They are answered as the connection's own cursors are. Such a cursor hands the connection a generator that would talk
to one server; what it is to execute is read from the generator, which is never started.
"""

from __future__ import annotations

import inspect
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.adapt import Transformer

from parallel_partition import errors
from parallel_partition.dbapi.cursor import Cursor
from parallel_partition.postgres.driver_errors import as_driver_error

if TYPE_CHECKING:
    from parallel_partition.dbapi.connection import Connection

_EXECUTE = psycopg.Cursor._execute_gen.__code__


def is_execute(generator: Generator[Any, Any, Any]) -> bool:
    """Tell whether a generator is what psycopg's ``Cursor.execute`` lets its connection run."""
    return getattr(generator, "gi_code", None) is _EXECUTE


def execute_for(connection: Connection[Any], generator: Generator[Any, Any, Any]) -> None:
    """Answer the cursor that a generator is of.

    Raises
    ------
    errors.UnsupportedQuery : the answer is put together of several servers' rows, which only our own cursors can hold
    psycopg.Error : as `Cursor.execute` does
    """
    given = inspect.getgeneratorlocals(generator)
    generator.close()
    cursor: psycopg.Cursor[Any] = given["self"]
    own = Cursor(connection, row_factory=cursor.row_factory)
    own.format = cursor.format
    own._adapters = cursor.adapters
    own._query_cls = cursor._query_cls  # psycopg.ClientCursor and RawCursor read placeholders otherwise
    connection.check_usable()
    own._run(own._request(given["query"], given["params"], given["prepare"], given["binary"]))
    if own._merged is not None:
        message = (
            "psycopg.Cursor(connection) holds one server's rows only; make the cursor by connection.cursor()"
        )
        raise as_driver_error(errors.UnsupportedQuery(message))
    cursor._reset()
    cursor._query, cursor._tx = own._query, Transformer(cursor)
    cursor._results = own._results
    cursor._select_current_result(0)
    cursor._rowcount, cursor._statusmessage = own._rowcount, own._statusmessage
