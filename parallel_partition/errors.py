"""The exception tree of the library. Its root has the names of PEP 249, and nothing here knows a driver.

::

    Warning
    Error
    |-- InterfaceError            the connection or cursor was used wrongly
    `-- DatabaseError
        |-- DataError
        |   `-- RowRefused        a row of a bulk load cannot be written
        |-- OperationalError
        |   |-- ServerUnavailable a server cannot be reached
        |   |-- FanOutError       several servers failed in one statement
        |   |-- TableDiffers      a table on a server is not what the cluster's declaration says
        |   |-- StaleMap          the shard map or the schema changed in mid-transaction
        |   |-- CommitUnknown     the decider was lost at the commit point
        |   `-- PartialCommit     a transaction that was not to be atomic committed on some servers only
        |-- IntegrityError
        |-- InternalError
        |-- ProgrammingError
        |   |-- CatalogMissing    no cluster is catalogued in that database
        |   |-- CatalogExists     a cluster is catalogued there already
        |   |-- InvalidCluster    arguments that no cluster can have
        |   |-- UnknownTable      a name that the catalog does not know
        |   `-- UnknownServer     likewise
        `-- NotSupportedError
            |-- UnsupportedQuery  a statement that no strategy answers exactly
            |-- UnsupportedTable  a table, key or constraint that cannot be held over servers
            |-- CrossShardWriteRefused  a second server cannot take part in an atomic commit
            `-- CatalogVersion    the catalog was written by another version of the library

An error that leaves a connection is also an instance of psycopg's class of the same PEP 249 name (and of
``psycopg.errors.UniqueViolation`` and the like where PostgreSQL raised it), so that handlers written for psycopg go on
working. ``server`` names the server that it came from, None when it came from no server.
"""

from __future__ import annotations

from collections.abc import Sequence


class Warning(Exception):
    """Important notices, as PEP 249 names them."""


class Error(Exception):
    """The root of every error of this library.

    ``server`` is the name of the server that the error came from, or None.
    """

    server: str | None = None

    def at(self, server: str) -> Error:
        """Return this error, known to come from ``server``."""
        self.server = server
        return self


class InterfaceError(Error):
    """The connection or the cursor was used wrongly: closed, without a result, ..."""


class DatabaseError(Error):
    """Whatever is the database's, not the interface's."""


class DataError(DatabaseError):
    """A value that PostgreSQL does not take."""


class OperationalError(DatabaseError):
    """Something about the operation of the servers, not about the statement."""


class IntegrityError(DatabaseError):
    """A constraint refused a row."""


class InternalError(DatabaseError):
    """The library or PostgreSQL found itself in a state that it must not be in."""


class ProgrammingError(DatabaseError):
    """The statement or the call is wrong."""


class NotSupportedError(DatabaseError):
    """Right in itself, but refused here; the message says why."""


class RowRefused(DataError):
    """A row of a bulk load cannot be written; nothing of the batch was kept.

    Parameters
    ----------
    message : what PostgreSQL or the encoder said
    table : the table's name as given
    row : the row's number, counted from 1 in the order written
    column : the column's name, None where PostgreSQL named none
    """

    def __init__(
        self, message: str, *, table: str, row: int | None, column: str | None, server: str | None
    ) -> None:
        place = f"table {table}" + (f", row {row:,}" if row is not None else "")
        place += f", column {column}" if column else ""
        place += f", server {server}" if server else ""
        super().__init__(f"{place}: {message}; nothing of this batch was kept")
        self.table, self.row, self.column, self.server = table, row, column, server


class ServerUnavailable(OperationalError):
    """A server cannot be reached, or was lost."""


class FanOutError(OperationalError):
    """Several servers failed in one statement; ``errors`` maps each of their names to its error."""

    def __init__(self, message: str, errors: dict[str, BaseException] | None = None) -> None:
        super().__init__(message)
        self.errors = errors or {}


class StaleMap(OperationalError):
    """The shard map or the schema changed under a transaction: roll back and run it again (SQLSTATE class 40)."""

    sqlstate = "40001"


class TableDiffers(OperationalError):
    """Somebody changed a table of the cluster by hand: the message says which, on which server, what was found and
    what was wanted.
    """


class CommitUnknown(OperationalError):
    """A server was lost before it answered whether it has committed, and could not be asked since.

    The transaction is committed on all of its servers, or will be, or it is on none. ``cluster.outcome(error)`` tells
    which once ``server`` can be reached again; ``xid`` is what it is looked up by there. It is None for
    a write of one server in autocommit, whose number is not known: then only its rows tell. Do not run it again before.

    Example
    -------
    >>> except parallel_partition.CommitUnknown as unknown:
    ...     committed = cluster.outcome(unknown)
    """

    def __init__(self, message: str, xid: str | None = None) -> None:
        super().__init__(message)
        self.xid = xid


class PartialCommit(OperationalError):
    """A transaction that was not to be atomic (``cross_shard_writes="best_effort"``) committed on some servers only.

    ``committed`` and ``failed`` name the servers where it has and where it has not, ``unknown`` the one that was lost
    in its commit and could not be asked since.
    """

    def __init__(
        self,
        message: str,
        *,
        committed: Sequence[str] = (),
        failed: Sequence[str] = (),
        unknown: Sequence[str] = (),
    ) -> None:
        super().__init__(message)
        self.committed, self.failed, self.unknown = list(committed), list(failed), list(unknown)


class CatalogMissing(ProgrammingError):
    """No cluster is catalogued in that database."""


class CatalogExists(ProgrammingError):
    """A cluster is catalogued in that database already."""


class InvalidCluster(ProgrammingError):
    """Arguments that no cluster can have, or servers that do not fit each other."""


class UnknownTable(ProgrammingError):
    """A table that the catalog does not know."""


class UnknownServer(ProgrammingError):
    """A server that the catalog does not know."""


class UnsupportedQuery(NotSupportedError):
    """A statement that no strategy answers exactly. The message names the clause and the reason."""


class UnsupportedTable(NotSupportedError):
    """A table, key or constraint that cannot be held over several servers, with the reason."""


class CrossShardWriteRefused(NotSupportedError):
    """A transaction would write on a second server where an atomic commit is not possible."""


class CatalogVersion(NotSupportedError):
    """The catalog was written by a newer version of this library, or by one from before its first release."""
