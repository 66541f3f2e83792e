"""The catalog in its database: made, read and changed. The SQL is in ``sql/catalog.sql`` and ``sql/server.sql``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from psycopg.rows import tuple_row

from parallel_partition.catalog.cluster import ClusterState, Server, Servers
from parallel_partition.catalog.shard_map import ShardMap
from parallel_partition.catalog.tables import PART, Column, Schema, Table, View
from parallel_partition.errors import CatalogMissing, CatalogVersion, InvalidCluster
from parallel_partition.postgres.named_sql import load

Connection = psycopg.Connection[Any]

#: The layout of the catalog that this library reads and writes. Since 2, all who write enter the snapshot gate.
FORMAT_VERSION = 5

#: The version of the map and of the tables of a new cluster; the catalog's sequence starts behind it.
FIRST_VERSION = 1

_CATALOG = load("catalog")
_SERVER = load("server")

#: What the library's own statements rely on, whatever the session's owner has set.
PINNED = (
    "SET LOCAL search_path = pg_catalog, pg_temp",
    "SET LOCAL standard_conforming_strings = on",
    "SET LOCAL row_security = off",
)


#: Settings that every session of a cluster starts with alike, as the catalog's server has them: a server with another
#: time zone would answer its share of a query differently.
SHARED_SETTINGS = (
    "search_path",
    "TimeZone",
    "DateStyle",
    "IntervalStyle",
    "extra_float_digits",
    "bytea_output",
    "default_text_search_config",
    "default_transaction_isolation",
    "lc_monetary",
    "lc_numeric",
    "lc_time",
    "transform_null_equals",
    "array_nulls",
    "xmlbinary",
    "xmloption",
    "quote_all_identifiers",
)


#: Of these, what is relied on: arrays travel as text, a key that is compared with NULL has no rows, and tables are
#: compared by how their columns are written.
_RELIED_ON = {"array_nulls": "on", "transform_null_equals": "off", "quote_all_identifiers": "off"}


def pin(connection: Connection) -> None:
    """Make the settings of the open transaction those that the library's own statements rely on."""
    connection.execute("; ".join(PINNED))


def run(connection: Connection, statement: str, /, **parameters: Any) -> None:
    """Run a statement of ``catalog.sql`` or ``server.sql`` by name."""
    connection.execute(_text(statement), parameters or None)


def row(connection: Connection, statement: str, /, **parameters: Any) -> tuple[Any, ...] | None:
    """The first row of a statement of ``catalog.sql`` or ``server.sql``."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        return cursor.execute(_text(statement), parameters or None).fetchone()


def rows(connection: Connection, statement: str, /, **parameters: Any) -> list[tuple[Any, ...]]:
    """All rows of a statement of ``catalog.sql`` or ``server.sql``."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        return cursor.execute(_text(statement), parameters or None).fetchall()


def _text(statement: str) -> str:
    return _CATALOG[statement] if statement in _CATALOG else _SERVER[statement]


# --- making it -------------------------------------------------------------------------------------------------


def initialise_server(
    connection: Connection,
    cluster_id: UUID,
    name: str,
    parts: Sequence[int],
    map_version: int,
    schema_version: int,
) -> None:
    """Make the server's own part of the schema, in the open transaction."""
    connection.execute(_SERVER["create"])
    run(connection, "identify", cluster_id=cluster_id, server=name)
    run(connection, "hold_partitions", parts=list(parts), version=map_version)
    run(connection, "set_versions", map_version=map_version, schema_version=schema_version)


def initialise_catalog(
    connection: Connection, cluster_id: UUID, servers: Mapping[str, str], homes: Sequence[str]
) -> None:
    """Make the catalog beside the first server's own part, in the open transaction.

    Parameters
    ----------
    servers : conninfo without password by name, in the order in which servers are taken
    homes : the server of each partition, in the partitions' order
    """
    connection.execute(_CATALOG["create"])
    version = FIRST_VERSION
    run(
        connection,
        "insert_cluster",
        cluster_id=cluster_id,
        format_version=FORMAT_VERSION,
        num_partitions=len(homes),
        version=version,
    )
    for name, conninfo in servers.items():
        insert_server(connection, name, conninfo, version)
    run(connection, "insert_shard_map", homes=list(homes), num_partitions=len(homes), version=version)


def insert_server(connection: Connection, name: str, conninfo: str, version: int) -> None:
    """Catalogue a server behind those that are there; ``conninfo`` holds no password."""
    run(connection, "insert_server", name=name, conninfo=conninfo, version=version)


def draw_version(connection: Connection) -> int:
    """A version that nobody had before; drawn versions only grow, whatever becomes of the transaction."""
    found = row(connection, "draw_version")
    assert found is not None
    return int(found[0])


# --- changing it -----------------------------------------------------------------------------------------------


def insert_table(connection: Connection, table: Table) -> None:
    """Catalogue a table, and the sequences that fill its columns."""
    names = {"schema": table.schema, "name": table.name}
    run(
        connection,
        "insert_table",
        **names,
        kind=table.kind,
        key=list(table.key),
        key_types=list(table.key_types),
    )
    for column in table.columns:
        if column.sequence is not None:
            run(
                connection,
                "insert_column_sequence",
                **names,
                column=column.name,
                sequence=column.sequence,
                identity=column.identity,
            )


def delete_table(connection: Connection, table: Table) -> None:
    """Forget a table."""
    run(connection, "delete_table", schema=table.schema, name=table.name)


# --- reading it ------------------------------------------------------------------------------------------------


class _Loaded(NamedTuple):
    cluster: list[tuple[Any, ...]]
    servers: list[tuple[Any, ...]]
    shard_map: list[tuple[Any, ...]]
    tables: list[tuple[Any, ...]]
    shape: list[tuple[Any, ...]]
    views: list[tuple[Any, ...]]
    functions: list[tuple[Any, ...]]


def load_state(connection: Connection) -> ClusterState:
    """Read the whole catalog, as it is at one moment.

    Parameters
    ----------
    connection : to the catalog's server; idle, or in a transaction

    Raises
    ------
    errors.CatalogMissing : there is no catalog in that database
    errors.CatalogVersion : a newer library wrote it, or one from before the first release
    errors.InvalidCluster : the catalog's server has a setting under which answers would be wrong
    """
    with connection.transaction():
        search_path = _search_path(connection)
        settings = dict(rows(connection, "load_settings", names=list(SHARED_SETTINGS)))
        _check_settings(connection, settings)
        pin(connection)
        _check_format(connection)
        loaded = _Loaded(**{name: rows(connection, f"load_{name}") for name in _Loaded._fields})
    cluster_id, _, num_partitions, schema_version, catalog = loaded.cluster[0]
    servers = Servers({name: Server(name, conninfo, version) for name, conninfo, version in loaded.servers})
    shard_map = ShardMap(
        num_partitions,
        {part: server for part, server, _ in loaded.shard_map},
        {part: version for part, _, version in loaded.shard_map},
        max(server.map_version for server in servers.values()),
    )
    schema = _schema(loaded, schema_version)
    return ClusterState(cluster_id, servers, catalog, shard_map, schema, search_path, settings)


def _search_path(connection: Connection) -> tuple[str, ...]:
    connection.execute("SET LOCAL search_path TO DEFAULT")
    found = row(connection, "load_search_path")
    assert found is not None
    return tuple(schema for schema in found[0] if schema != "pg_catalog")


def _check_settings(connection: Connection, settings: Mapping[str, str]) -> None:
    for name, wanted in _RELIED_ON.items():
        if settings[name] != wanted:
            raise InvalidCluster(
                f"{name} is {settings[name]} for this user or database in {_place(connection)}, the catalog's server, "
                f"and has to be {wanted}, PostgreSQL's default: ALTER DATABASE ... RESET {name}"
            )


def _place(connection: Connection) -> str:
    return f"{connection.info.host}:{connection.info.port}/{connection.info.dbname}"


def _check_format(connection: Connection) -> None:
    place = _place(connection)
    found = row(connection, "is_initialised")
    assert found is not None
    is_server, is_catalog, _ = found
    if not is_catalog:
        what = (
            "it is a server of a cluster whose catalog is elsewhere: give that server's conninfo"
            if is_server
            else ("make a cluster with Cluster.create, or give the conninfo of the first server of one")
        )
        raise CatalogMissing(f"no cluster is catalogued in {place}; {what}")
    [(_, format_version, *_)] = rows(connection, "load_cluster")
    if format_version > FORMAT_VERSION:
        raise CatalogVersion(
            f"the catalog in {place} has format {format_version}, written by a newer parallel_partition; this one "
            f"reads format {FORMAT_VERSION}: install the newer one"
        )
    if format_version < FORMAT_VERSION:
        raise CatalogVersion(
            f"the catalog in {place} has format {format_version}, written before the first release of "
            f"parallel_partition; this one reads format {FORMAT_VERSION}: make a new cluster, and load the rows into it"
        )


def _schema(loaded: _Loaded, version: int) -> Schema:
    functions = [frozenset(names or ()) for names in loaded.functions[0]]
    every, volatile, stable, aggregates, windows = functions
    tables = {(table.schema, table.name): table for table in map(_table, loaded.tables)}
    return Schema(
        tables=tables,
        version=version,
        shape=loaded.shape[0][0] or "",
        volatile_functions=volatile,
        stable_functions=stable,
        aggregates=aggregates,
        window_functions=windows,
        functions=every,
        views={(schema, name): View(*told) for schema, name, *told in loaded.views},
    )


def _table(loaded: tuple[Any, ...]) -> Table:
    schema, name, kind, key, key_types, columns, uniques = loaded
    unique = [(found["primary"], tuple(c for c in found["columns"] if c != PART)) for found in uniques or ()]
    return Table(
        schema=schema,
        name=name,
        kind=kind,
        columns=tuple(
            Column(**column) for column in columns or () if kind != "sharded" or column["name"] != PART
        ),
        key=tuple(key),
        key_types=tuple(key_types),
        primary_key=next((columns for primary, columns in unique if primary), ()),
        unique=tuple(columns for _, columns in unique),
    )
