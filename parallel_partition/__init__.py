"""One logical database on many ordinary PostgreSQL servers, from Python alone.

`Cluster` makes and describes it, `connect` opens a DB-API connection to it, `LocalCluster` starts servers to try it on,
and `ParallelConnection` joins connections of any driver. Errors are in `parallel_partition.errors`.
"""

from parallel_partition import dbapi, errors
from parallel_partition.cluster import Cluster, connect
from parallel_partition.errors import (
    CatalogExists,
    CatalogMissing,
    CatalogVersion,
    CommitUnknown,
    CrossShardWriteRefused,
    DatabaseError,
    DataError,
    Error,
    FanOutError,
    IntegrityError,
    InterfaceError,
    InternalError,
    InvalidCluster,
    NotSupportedError,
    OperationalError,
    PartialCommit,
    ProgrammingError,
    RowRefused,
    ServerUnavailable,
    StaleMap,
    UnknownServer,
    UnknownTable,
    UnsupportedQuery,
    UnsupportedTable,
    Warning,
)
from parallel_partition.local_cluster import LocalCluster
from parallel_partition.parallel_connection import ParallelConnection
from parallel_partition.writing.writer import Writer

# What PEP 249 asks of a module: its version, that threads may share connections, and %s or %(name)s in queries.
apilevel = "2.0"
threadsafety = 2
paramstyle = "pyformat"
# The whole of what it asks for is in `dbapi`, which is floors below.
dbapi.connect = connect

__all__ = [
    "CatalogExists",
    "CatalogMissing",
    "CatalogVersion",
    "Cluster",
    "CommitUnknown",
    "CrossShardWriteRefused",
    "DataError",
    "DatabaseError",
    "Error",
    "FanOutError",
    "IntegrityError",
    "InterfaceError",
    "InternalError",
    "InvalidCluster",
    "LocalCluster",
    "NotSupportedError",
    "OperationalError",
    "ParallelConnection",
    "PartialCommit",
    "ProgrammingError",
    "RowRefused",
    "ServerUnavailable",
    "StaleMap",
    "UnknownServer",
    "UnknownTable",
    "UnsupportedQuery",
    "UnsupportedTable",
    "Warning",
    "Writer",
    "apilevel",
    "connect",
    "errors",
    "paramstyle",
    "threadsafety",
]
