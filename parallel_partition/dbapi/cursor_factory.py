"""Cursors of a caller's ``connection.cursor_factory``, answered by all servers."""

from __future__ import annotations

from functools import cache
from typing import Any

import psycopg

from parallel_partition import errors
from parallel_partition.dbapi.cursor import Cursor
from parallel_partition.dbapi.server_cursor import ServerCursor
from parallel_partition.postgres.driver_errors import as_driver_error


def over_servers(factory: Any) -> type[Cursor[Any]]:
    """The class of a caller's cursors, with `Cursor` where psycopg's own cursor is among its bases.

    What the class adds stays, such as ``mogrify`` of ``psycopg.ClientCursor`` or an ``execute`` that writes a log.

    Raises
    ------
    errors.UnsupportedQuery : it makes server-side cursors, or is no class of cursors
    """
    if factory is Cursor:
        return Cursor
    if not isinstance(factory, type) or not issubclass(factory, psycopg.Cursor):
        shown = getattr(factory, "__qualname__", factory)
        message = f"cursor_factory {shown} is not supported over several servers; it must be a class of psycopg.Cursor"
        raise as_driver_error(errors.UnsupportedQuery(message))
    if issubclass(factory, psycopg.ServerCursor):
        message = "server-side cursors are not supported over several servers without a name; use server_cursor_factory"
        raise as_driver_error(errors.UnsupportedQuery(message))
    if issubclass(factory, Cursor):
        return factory
    if issubclass(Cursor, factory):
        return Cursor
    joined: type[Cursor[Any]] = _joined(factory, Cursor)  # type: ignore[arg-type]  # classes are hashable
    return joined


def named_over_servers(factory: Any) -> type[ServerCursor[Any]]:
    """The same for ``connection.server_cursor_factory``, with `ServerCursor`.

    Raises
    ------
    errors.UnsupportedQuery : it is no class of server-side cursors
    """
    if not isinstance(factory, type) or not issubclass(factory, psycopg.ServerCursor):
        shown = getattr(factory, "__qualname__", factory)
        message = (
            f"server_cursor_factory {shown} is not supported over several servers; "
            "it must be a class of psycopg.ServerCursor"
        )
        raise as_driver_error(errors.UnsupportedQuery(message))
    if issubclass(factory, ServerCursor):
        return factory
    if issubclass(ServerCursor, factory):
        return ServerCursor
    joined: type[ServerCursor[Any]] = _joined(factory, ServerCursor)  # type: ignore[arg-type]  # likewise
    return joined


@cache
def _joined(factory: Any, own: Any) -> Any:
    return type(factory.__name__, (factory, own), {"__module__": factory.__module__})
