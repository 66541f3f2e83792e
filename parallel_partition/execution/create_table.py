"""Making and dropping tables of a cluster, and giving a new server the tables that there are.

PostgreSQL says what a CREATE TABLE statement means: it is run on the catalog's server, described and rolled back. The
description, checked and with ``part`` in it, is then made on every server in one step.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql

from parallel_partition.catalog.cluster import ClusterState
from parallel_partition.catalog.declaration import DeclaredTable
from parallel_partition.catalog.identifiers import quoted
from parallel_partition.catalog.tables import Kind, Table
from parallel_partition.errors import UnknownTable, UnsupportedTable
from parallel_partition.execution.change_everywhere import Change, changing, said_by
from parallel_partition.planning.declare_table import Declaration
from parallel_partition.planning.distribute_table import DistributedTable, distribute
from parallel_partition.planning.foreign_keys import foreign_key_statements
from parallel_partition.postgres import catalog_store
from parallel_partition.postgres.introspect import described
from parallel_partition.postgres.pool import Pools

Connection = psycopg.Connection[Any]


def create_table(
    pools: Pools, catalog: str, cluster_id: UUID, declaration: Declaration, key: Sequence[str]
) -> Table:
    """Make a table on every server.

    Parameters
    ----------
    pools, catalog, cluster_id : as `change_everywhere.changing` takes them
    declaration : the statement, read
    key : the key's columns; none makes a reference table

    Raises
    ------
    errors.UnsupportedTable : what cannot be held over several servers, with the reason
    psycopg.Error : what PostgreSQL says to the statement
    """
    with changing(pools, catalog, cluster_id) as change:
        state = change.state
        kind: Kind = "sharded" if key else "reference"
        with said_by(catalog):
            found = _described(change.catalog, declaration)
        distributed = distribute(found, kind, key, state.num_partitions)
        table = distributed.table
        constraints = foreign_key_statements(table, declaration.foreign_keys, state.schema, state.search_path)
        statements = {
            name: [
                *distributed.parent(),
                *constraints,
                *distributed.children(state.shard_map.partitions_of(name), state.num_partitions),
            ]
            for name in change.connections
        }
        statements[catalog] += distributed.sequences()
        change.run({name: "; ".join(texts) for name, texts in statements.items()})
        catalog_store.insert_table(change.catalog, table)
        change.undo = dict.fromkeys(change.connections, f"DROP TABLE {distributed.described.qualified}")
    return table


def _described(connection: Connection, declaration: Declaration) -> DeclaredTable:
    """Run the statement where a new session would, describe what it made, and take it back."""
    with connection.transaction(force_rollback=True):
        connection.execute("SET LOCAL search_path TO DEFAULT")
        for text in (declaration.text, *declaration.indexes):
            connection.execute(text.encode())
        name = quoted(declaration.name)
        found = connection.execute(
            sql.SQL("SELECT {}::regclass::oid").format(
                sql.Literal(f"{quoted(declaration.schema)}.{name}" if declaration.schema else name)
            )
        ).fetchone()
        assert found is not None
        catalog_store.pin(connection)
        return described(connection, str(found[0]))


def drop_table(pools: Pools, catalog: str, cluster_id: UUID, name: str | tuple[str, str]) -> None:
    """Drop a table of the cluster on every server, and the sequences of its columns.

    Raises
    ------
    errors.UnknownTable : the cluster has no such table
    psycopg.errors.DependentObjectsStillExist : views or foreign keys depend on it
    """
    with changing(pools, catalog, cluster_id) as change:
        table = find_table(change.state, name)
        # First on one server only: what depends on the table does so on all of them.
        others = [name for name in change.connections if name != catalog]
        for names in ([catalog], others):
            change.run(dict.fromkeys(names, f"DROP TABLE {_qualified(table)}"))
        catalog_store.delete_table(change.catalog, table)


def find_table(state: ClusterState, name: str | tuple[str, str]) -> Table:
    """The table of the cluster with this name: ``orders``, ``sales.orders`` or ``("sales", "orders")``.

    Raises
    ------
    errors.UnknownTable : the cluster has no such table
    """
    schema, table = name if isinstance(name, tuple) and len(name) == 2 else (None, name)
    found = state.schema.find(schema, table, state.search_path)
    if found is None and isinstance(name, str) and "." in name:
        schema, table = name.split(".", 1)
        found = state.schema.find(schema, table, state.search_path)
    if found is None:
        known = ", ".join(f"{schema}.{table}" for schema, table in state.schema) or "none"
        shown = name if name and isinstance(name, str) else repr(name)
        raise UnknownTable(f"the cluster has no table {shown}; it has {known}")
    return found


# --- a server that joins --------------------------------------------------------------------------------------


def copy_tables(change: Change, target: Connection) -> None:
    """Make every table of the cluster on a new server, without partitions, and copy the rows of reference tables.

    The reference tables take no writes until the change ends.
    """
    tables = list(change.state.schema.values())
    foreign_keys: list[str] = []
    for table in tables:
        found = described(change.catalog, _qualified(table))
        for statement in DistributedTable(table, found).parent():
            target.execute(statement.encode())
        foreign_keys += [
            f"ALTER TABLE {found.qualified} ADD CONSTRAINT {quoted(constraint.name)} {constraint.definition}"
            for constraint in found.constraints
            if constraint.kind == "f"
        ]
    for table in tables:
        if not table.sharded:
            _copy_rows(change.catalog, target, table)
    for statement in foreign_keys:
        target.execute(statement.encode())


def drop_statements(state: ClusterState) -> list[str]:
    """The statements that drop every table of a cluster on a server."""
    return [f"DROP TABLE {_qualified(table)} CASCADE" for table in state.schema.values()]


def _qualified(table: Table) -> str:
    return f"{quoted(table.schema)}.{quoted(table.name)}"


def _copy_rows(source: Connection, target: Connection, table: Table) -> None:
    columns = sql.SQL(", ").join(
        sql.Identifier(column.name) for column in table.columns if not column.generated
    )
    name = sql.Identifier(table.schema, table.name)
    source.execute(sql.SQL("LOCK TABLE {} IN EXCLUSIVE MODE").format(name))
    read = sql.SQL("COPY {} ({}) TO STDOUT").format(name, columns)
    write = sql.SQL("COPY {} ({}) FROM STDIN").format(name, columns)
    with (
        source.cursor() as reader,
        target.cursor() as writer,
        reader.copy(read) as rows,
        writer.copy(write) as copy,
    ):
        for data in rows:
            copy.write(data)


def check_declared(key: str | Sequence[str] | None, reference: bool) -> tuple[str, ...]:
    """The key's columns as a tuple.

    Raises
    ------
    errors.UnsupportedTable : neither a key nor ``reference=True``, or both
    """
    columns = (key,) if isinstance(key, str) else tuple(key) if isinstance(key, Sequence) else ()
    if not isinstance(key, Sequence | None) or not all(isinstance(name, str) and name for name in columns):
        raise UnsupportedTable(f"key= is the name of a column, or several names, not {key!r}")
    if reference and columns:
        raise UnsupportedTable("a reference table has no key: every server has all of its rows")
    if not reference and not columns:
        raise UnsupportedTable(
            "give key=, the columns that its rows are split by, or reference=True for a full copy"
        )
    return columns
