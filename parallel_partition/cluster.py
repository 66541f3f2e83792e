"""A cluster: its servers, its shard map, its tables."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Self

import psycopg
from psycopg.rows import RowFactory

from parallel_partition import errors
from parallel_partition.catalog.cluster import ClusterState, Server
from parallel_partition.catalog.shard_map import ShardMap
from parallel_partition.catalog.tables import Table
from parallel_partition.cluster_arguments import check_name, check_num_partitions, named_servers
from parallel_partition.dbapi.connection import Connection, Isolation
from parallel_partition.execution.change_everywhere import said_by, settle_versions
from parallel_partition.execution.commit_in_turn import CrossShardWrites
from parallel_partition.execution.create_cluster import add_server, create_cluster
from parallel_partition.execution.create_table import check_declared, create_table, drop_table
from parallel_partition.execution.gather import GATHER_LIMIT
from parallel_partition.execution.outcome import outcome_of
from parallel_partition.execution.recover import MIN_AGE, Courtesy, Recovery
from parallel_partition.execution.recoverer import EVERY as RECOVER_EVERY
from parallel_partition.execution.recoverer import Recoverer
from parallel_partition.execution.router import Router
from parallel_partition.execution.server_status import ServerStatus, server_statuses
from parallel_partition.planning.parse import SyntaxNotRead
from parallel_partition.postgres import catalog_store
from parallel_partition.postgres.connecting import connected
from parallel_partition.postgres.conninfo import completed, parsed, rejoined
from parallel_partition.postgres.driver_errors import as_driver_error
from parallel_partition.postgres.pool import Pools, ServerPool
from parallel_partition.sqlalchemy_tables import declaration_of
from parallel_partition.writing.load_csv import load_csv
from parallel_partition.writing.writer import Writer, open_writer

if TYPE_CHECKING:
    import sqlalchemy


#: Gives the password of a server by its name, or None.
PasswordCallback = Callable[[str], str | None]


class Cluster:
    """PostgreSQL databases that are one logical database. Made by `Cluster.create` and `Cluster.open`.

    What it tells of the cluster is what the catalog said when it was opened or last changed here; `refresh` asks again.

    Example
    -------
    >>> with Cluster.create(["host=one dbname=shop", "host=two dbname=shop"]) as cluster:
    ...     orders = cluster.create_table("CREATE TABLE orders (id bigint PRIMARY KEY, total numeric)", key="id")
    ...     cluster.shard_map.server_of(42)
    's1'
    """

    def __init__(self, state: ClusterState, conninfo_of: Callable[[Server], str]) -> None:
        self._conninfo_of = conninfo_of
        self._pools = Pools({})
        self._recoverer = Recoverer(self._pools, lambda: self._state, self._load_over, RECOVER_EVERY)
        self._add_pools(state)
        self._router = Router(state, self._pools, self._reload)

    # --- made -------------------------------------------------------------------------------------------------

    @classmethod
    def create(
        cls, conninfos: Sequence[str], num_partitions: int = 32, names: Sequence[str] | None = None
    ) -> Self:
        """Make a cluster of databases. The first holds the catalog.

        Nothing is changed in them but a new schema ``parallel_partition``. Passwords are not stored.

        Parameters
        ----------
        conninfos : one per database, as libpq takes them: ``host=... dbname=...`` or a URI
        num_partitions : how many partitions there are, for good (later it only grows, by a factor)
        names : the servers' names; s1, s2, ... by default

        Raises
        ------
        errors.InvalidCluster : arguments that no cluster can have, or databases that do not fit each other
        errors.CatalogExists : a cluster is catalogued in one of them already
        errors.ServerUnavailable : one cannot be reached
        """
        parameters = named_servers(conninfos, names)
        check_num_partitions(num_partitions)
        state = create_cluster(parameters, num_partitions)
        return cls(state, lambda server: rejoined(server.conninfo, parameters[server.name]))

    @classmethod
    def open(cls, conninfo: str, *, password: PasswordCallback | None = None) -> Self:
        """Open the cluster whose catalog is in a database.

        Parameters
        ----------
        conninfo : of that database. Its settings (TLS, timeouts, ...) are used for the other servers too, and its
            password for those with the same host and user
        password : called with the name of each other server, gives its password or None. Without one they are
            found where libpq looks: the password file, the service file, the environment

        Raises
        ------
        errors.CatalogMissing : there is no catalog in that database
        errors.CatalogVersion : a newer library wrote it, or one from before the first release
        errors.ServerUnavailable : it cannot be reached
        """
        opening = parsed(conninfo)
        with connected("catalog", opening) as connection, said_by("catalog"):
            state = catalog_store.load_state(connection)
            reached = {"host": connection.info.host, "user": connection.info.user} | opening

        def conninfo_of(server: Server) -> str:
            if server.name == state.catalog:
                return conninfo
            return completed(server.conninfo, reached, password(server.name) if password else None)

        return cls(state, conninfo_of)

    # --- what it is -------------------------------------------------------------------------------------------

    @property
    def _state(self) -> ClusterState:
        return self._router.state

    @property
    def servers(self) -> Mapping[str, Server]:
        """The servers by name, in the order in which they are taken."""
        return self._state.servers

    @property
    def tables(self) -> Mapping[tuple[str, str], Table]:
        """The sharded and the reference tables by schema and name."""
        return self._state.schema.tables

    @property
    def shard_map(self) -> ShardMap:
        """Which partition and which server a key has: ``partition_of(key)``, ``server_of(key)``, ``version``."""
        return self._state.shard_map

    def __repr__(self) -> str:
        state = self._state
        return (
            f"<Cluster map v{state.shard_map.version} | {_count(len(state.servers), 'server')} | "
            f"{_count(state.num_partitions, 'partition')}>"
        )

    def refresh(self) -> None:
        """Read the catalog again."""
        self._router.replace(self._load())

    def _load(self) -> ClusterState:
        with self._pools[self._state.catalog].connection() as connection:
            return self._load_over(connection)

    def _load_over(self, connection: psycopg.Connection[Any]) -> ClusterState:
        with said_by(self._state.catalog):
            state = catalog_store.load_state(connection)
        self._add_pools(state)
        return state

    def _reload(self) -> ClusterState:
        """For a router that found a server at another version than it knows."""
        known = self._state
        state = self._load()
        if (state.servers, state.schema.version) == (known.servers, known.schema.version):
            settle_versions(self._pools, state.catalog)
            state = self._load()
        return state

    def _add_pools(self, state: ClusterState) -> None:
        """Give a pool to each server that has none, also to those that others have added."""
        for name, server in state.servers.items():
            if name not in self._pools:
                conninfo = self._conninfo_of(server)
                self._pools.add(
                    ServerPool(
                        server,
                        conninfo,
                        state.cluster_id,
                        settings=state.settings,
                        on_left_behind=self._recoverer.wake,
                    )
                )

    # --- changed ----------------------------------------------------------------------------------------------

    def create_table(
        self,
        table: str | sqlalchemy.Table,
        key: str | Sequence[str] | None = None,
        *,
        reference: bool = False,
    ) -> Table:
        """Make a table on every server, in one step.

        Parameters
        ----------
        table : a CREATE TABLE statement, or a SQLAlchemy ``Table`` (its indexes are made too)
        key : the column or columns whose values decide where a row is
        reference : instead of a key: every server has all rows

        Raises
        ------
        errors.UnsupportedTable : a type, clause or constraint that cannot be held over several servers
        psycopg.Error : what PostgreSQL or its grammar says to the statement

        Example
        -------
        >>> cluster.create_table("CREATE TABLE orders (id bigint PRIMARY KEY, total numeric)", key="id")
        """
        columns = check_declared(key, reference)
        name, cluster_id = self._state.catalog, self._state.cluster_id
        try:
            declaration = declaration_of(table)
        except SyntaxNotRead as unread:
            raise as_driver_error(unread) from None
        made = create_table(self._pools, name, cluster_id, declaration, columns)
        self.refresh()
        return self.tables[made.schema, made.name]

    def drop_table(self, name: str | tuple[str, str]) -> None:
        """Drop a table of the cluster on every server, with its rows.

        Parameters
        ----------
        name : ``orders``, ``sales.orders`` or ``("sales", "orders")``

        Raises
        ------
        errors.UnknownTable : the cluster has no such table
        """
        drop_table(self._pools, self._state.catalog, self._state.cluster_id, name)
        self.refresh()

    def add_server(self, conninfo: str, name: str | None = None) -> Server:
        """Add an empty database: it gets all tables and the rows of reference tables, and no partitions yet.

        Parameters
        ----------
        conninfo : of the database; the password is not stored
        name : the server's name, by default the next free of s1, s2, ...

        Raises
        ------
        errors.InvalidCluster : it cannot be a server of this cluster
        errors.ServerUnavailable : it cannot be reached
        """
        name = name or next(free for n in count(1) if (free := f"s{n}") not in self.servers)
        check_name(name)
        parameters = parsed(conninfo)
        add_server(self._pools, self._state, name, parameters)
        others = self._conninfo_of
        self._conninfo_of = lambda server: (
            rejoined(server.conninfo, parameters) if server.name == name else others(server)
        )
        self.refresh()
        return self.servers[name]

    def connect(
        self,
        *,
        autocommit: bool = False,
        row_factory: RowFactory[Any] | None = None,
        isolation: Isolation | None = None,
        gather_limit: int = GATHER_LIMIT,
        cross_shard_writes: CrossShardWrites = "2pc",
    ) -> Connection[Any]:
        """A DB-API connection over all servers; psycopg's, in what it is and does.

        Parameters
        ----------
        autocommit : as psycopg's
        row_factory : as psycopg's: ``psycopg.rows.dict_row`` and the like
        isolation : of its transactions: one of psycopg's levels on each server by itself, or ``"snapshot"`` or
            ``"snapshot strict"`` for one moment of all servers; see ``isolation_level`` of the connection
        gather_limit : bytes of rows that one statement may bring together where no server can answer it by itself
        cross_shard_writes : how a transaction that wrote on several servers commits. ``"2pc"``: on all or on none.
            ``"single"``: it is refused, at the first write on the second server. ``"best_effort"``: on one after the
            other, which is not atomic; where only some have committed, `PartialCommit` tells which

        Raises
        ------
        errors.ServerUnavailable : the catalog's server cannot be reached
        """
        return Connection(
            self._router,
            autocommit=autocommit,
            row_factory=row_factory,
            isolation=isolation,
            gather_limit=gather_limit,
            cross_shard_writes=cross_shard_writes,
        )

    def writer(
        self,
        table: str | tuple[str, str],
        columns: Sequence[str] | None = None,
        *,
        show_progress: bool | None = None,
    ) -> Writer:
        """Write many rows into a table: ``with cluster.writer("orders") as writer: writer.write(rows)``.

        All rows are kept when the block ends, on all servers at once, or none.

        Parameters
        ----------
        table : ``orders``, ``sales.orders`` or ``("sales", "orders")``
        columns : what the values of a row are, when not all columns in the table's order
        show_progress : by default where standard error is a terminal

        Raises
        ------
        errors.UnknownTable, errors.ProgrammingError : the cluster has no such table, or that no such column
        """
        return open_writer(
            self._pools, self._load(), table, columns, show_progress=show_progress, on_stale=self._settle
        )

    def load_csv(
        self,
        table: str | tuple[str, str],
        path_or_file: str | os.PathLike[str] | IO[Any],
        *,
        header: bool = True,
        delimiter: str = ",",
        null: str = "",
        quote: str = '"',
        encoding: str = "utf-8",
        columns: Sequence[str] | None = None,
        show_progress: bool | None = None,
    ) -> int:
        """Load a CSV file into a table, all of it or nothing. It is read as PostgreSQL's COPY reads CSV.

        Parameters
        ----------
        table : ``orders``, ``sales.orders`` or ``("sales", "orders")``
        path_or_file : a path (``.gz`` and ``.zip`` are unpacked), or a binary or text file object
        header : the first record names the columns
        delimiter, quote : one byte each
        null : what stands for NULL where it is not quoted
        encoding : of the file
        columns : what the fields are, instead of the header's names or of all columns in order
        show_progress : by default where standard error is a terminal

        Returns
        -------
        How many rows were loaded.

        Raises
        ------
        errors.RowRefused : a row cannot be written: which, why, and on which server
        errors.UnknownTable, errors.ProgrammingError : no such table or column, or options that COPY does not take
        """
        return load_csv(
            self._pools,
            self._load(),
            table,
            path_or_file,
            header=header,
            delimiter=delimiter,
            null=null,
            quote=quote,
            encoding=encoding,
            columns=columns,
            show_progress=show_progress,
            on_stale=self._settle,
        )

    def _settle(self) -> None:
        """A load found servers at another version than the catalog's: let the next one find them settled."""
        self._router.reload(self._state)

    def status(self) -> tuple[ServerStatus, ...]:
        """Ask every server how it is, in server order; one that cannot be reached says why."""
        self.refresh()
        return server_statuses(self._pools, self._state)

    def outcome(self, transaction: str | errors.CommitUnknown, server: str | None = None) -> bool | None:
        """What became of a transaction whose commit was not answered. From then on it cannot become anything else.

        Parameters
        ----------
        transaction : the `CommitUnknown` that was raised, or its ``xid``
        server : the one that it names, beside an ``xid``; without it all are asked for what has been decided

        Returns
        -------
        True : committed on all servers, or about to be (recovery tells those that do not know yet)
        False : on none, for good
        None : not decided yet: ask again; or so long ago (20 h) that its decision may not be kept any more

        Raises
        ------
        errors.ServerUnavailable : the server cannot be asked
        errors.ProgrammingError : there is no ``xid``, or one that means nothing without its server

        Example
        -------
        >>> try:
        ...     connection.commit()
        ... except parallel_partition.CommitUnknown as unknown:
        ...     committed = cluster.outcome(unknown)
        """
        return outcome_of(self._pools, self._state.servers, transaction, server)

    def recover(self, *, min_age: float = MIN_AGE) -> Recovery:
        """End what is left of transactions over several servers whose client or server was lost in mid-commit.

        Every process that has the cluster open does this by itself from time to time, and when somebody waits for such
        a part. It may be called anywhere, any number of times at once. It is made by the login role, which takes the
        role of whoever began a transaction where it may: a superuser's or the application's will do.

        Parameters
        ----------
        min_age : seconds for which a prepared part is left to its client in any case; while the client has its
            session on the deciding server, it is for 10 minutes

        Returns
        -------
        What was found, committed, rolled back and left, with the reasons; also which servers could not be asked: those
        are no error here.

        Example
        -------
        >>> cluster.recover().complete
        True
        """
        return self._recoverer.run(Courtesy(min_age))

    # --- the end ----------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Close all connections."""
        self._recoverer.stop()
        self._pools.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def connect(
    conninfo: str,
    *,
    autocommit: bool = False,
    row_factory: RowFactory[Any] | None = None,
    isolation: Isolation | None = None,
    gather_limit: int = GATHER_LIMIT,
    cross_shard_writes: CrossShardWrites = "2pc",
    password: PasswordCallback | None = None,
) -> Connection[Any]:
    """Connect to the cluster whose catalog is in a database. Closing the connection closes all that it opened.

    Parameters
    ----------
    conninfo, password : as `Cluster.open` takes them
    autocommit, row_factory, isolation, gather_limit, cross_shard_writes : as `Cluster.connect` takes them

    Raises
    ------
    errors.CatalogMissing, errors.CatalogVersion, errors.ServerUnavailable : as `Cluster.open` does

    Example
    -------
    >>> with parallel_partition.connect("host=localhost dbname=shop") as connection:
    ...     connection.execute("SELECT count(*) FROM orders").fetchone()
    """
    try:
        cluster = Cluster.open(conninfo, password=password)
    except errors.Error as error:
        raise as_driver_error(error) from error.__cause__
    try:
        return Connection(
            cluster._router,
            autocommit=autocommit,
            row_factory=row_factory,
            isolation=isolation,
            gather_limit=gather_limit,
            cross_shard_writes=cross_shard_writes,
            on_close=cluster.close,
        )
    except BaseException:
        cluster.close()
        raise
