"""The drop-in connection: PEP 249 with psycopg's classes, over all servers of a cluster.

This is the module that PEP 249 asks for: ``connect``, the type objects and constructors, and the exceptions, which
are psycopg's own, also as attributes of connections. All that a connection raises is an instance of these, and of the
library's class of the same name in `parallel_partition.errors`.
"""

from collections.abc import Callable
from typing import Any

from psycopg import (
    BINARY,
    DATETIME,
    NUMBER,
    ROWID,
    STRING,
    Binary,
    DatabaseError,
    DataError,
    Date,
    DateFromTicks,
    Error,
    IntegrityError,
    InterfaceError,
    InternalError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
    Time,
    TimeFromTicks,
    Timestamp,
    TimestampFromTicks,
    Warning,
)

from parallel_partition.dbapi.connection import Connection
from parallel_partition.dbapi.cursor import Cursor

# PEP 249's version, that threads may share connections, and %s or %(name)s in queries.
apilevel = "2.0"
threadsafety = 2
paramstyle = "pyformat"

#: ``parallel_partition.connect``, which stands floors above and puts itself here.
connect: Callable[..., Connection[Any]]

__all__ = [
    "BINARY",
    "DATETIME",
    "NUMBER",
    "ROWID",
    "STRING",
    "Binary",
    "Connection",
    "Cursor",
    "DataError",
    "DatabaseError",
    "Date",
    "DateFromTicks",
    "Error",
    "IntegrityError",
    "InterfaceError",
    "InternalError",
    "NotSupportedError",
    "OperationalError",
    "ProgrammingError",
    "Time",
    "TimeFromTicks",
    "Timestamp",
    "TimestampFromTicks",
    "Warning",
    "apilevel",
    "connect",
    "paramstyle",
    "threadsafety",
]
