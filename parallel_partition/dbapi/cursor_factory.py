"""Cursors of a caller's ``connection.cursor_factory``, answered by all servers."""

from __future__ import annotations

from functools import cache
from typing import Any

import psycopg

from parallel_partition import errors
from parallel_partition.dbapi.cursor import Cursor
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
        message = "server-side cursors are not supported over several servers"
        raise as_driver_error(errors.UnsupportedQuery(message))
    if issubclass(factory, Cursor):
        return factory
    if issubclass(Cursor, factory):
        return Cursor
    return _joined(factory)  # type: ignore[arg-type]  # classes are hashable


@cache
def _joined(factory: Any) -> type[Cursor[Any]]:
    return type(factory.__name__, (factory, Cursor), {"__module__": factory.__module__})
