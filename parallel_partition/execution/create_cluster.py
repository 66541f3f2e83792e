"""Making a cluster of empty databases, and adding one to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import Any
from uuid import UUID, uuid4

import psycopg

from parallel_partition.catalog.cluster import ClusterState
from parallel_partition.errors import InvalidCluster
from parallel_partition.execution.change_everywhere import (
    Change,
    changing,
    commit,
    on_servers,
    roll_back,
    said_by,
)
from parallel_partition.execution.create_table import copy_tables, drop_statements
from parallel_partition.postgres import catalog_store, facts
from parallel_partition.postgres.connecting import connected
from parallel_partition.postgres.conninfo import kept_part
from parallel_partition.postgres.pool import Pools

Connection = psycopg.Connection[Any]

_UNDO = "DROP SCHEMA parallel_partition CASCADE"


def create_cluster(servers: Mapping[str, Mapping[str, Any]], num_partitions: int) -> ClusterState:
    """Make a cluster: schema parallel_partition in every database, and the catalog in the first.

    Parameters
    ----------
    servers : the parameters of each server's conninfo by its name, in the order in which they are taken
    num_partitions : partition n goes to server n modulo their number

    Raises
    ------
    errors.CatalogExists, errors.InvalidCluster, errors.ServerUnavailable : nothing was made
    """
    names = list(servers)
    homes = [names[part % len(names)] for part in range(num_partitions)]
    cluster_id = uuid4()
    with ExitStack() as stack:
        connections = {name: stack.enter_context(connected(name, servers[name])) for name in names}
        try:
            on_servers(connections, _begin)
            check_databases(connections)
            kept = {name: kept_part(connections[name], servers[name]) for name in names}
            _initialise(connections, cluster_id, kept, homes)
            commit(
                connections,
                cluster_id,
                lambda name: connected(name, servers[name]),
                dict.fromkeys(names, _UNDO),
            )
        except BaseException:
            roll_back(connections)
            raise
        return catalog_store.load_state(connections[names[0]])


def _begin(_: str, connection: Connection) -> None:
    connection.execute("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")
    catalog_store.pin(connection)


def check_databases(connections: Mapping[str, Connection]) -> None:
    """Refuse databases that cannot be the servers of one new cluster; each connection is in a transaction."""
    found = {name: facts.facts_of(connection) for name, connection in connections.items()}
    facts.check_distinct(connections)
    for name, connection in connections.items():
        facts.check_alone(name, connection, found[name])
    facts.check_together(found)


def _initialise(
    connections: Mapping[str, Connection], cluster_id: UUID, kept: Mapping[str, str], homes: Sequence[str]
) -> None:
    first = next(iter(connections))
    parts = {name: [part for part, home in enumerate(homes, 1) if home == name] for name in connections}
    version = catalog_store.FIRST_VERSION

    def initialise(name: str, connection: Connection) -> None:
        catalog_store.initialise_server(connection, cluster_id, name, parts[name], version, version)

    on_servers(connections, initialise)
    catalog_store.initialise_catalog(connections[first], cluster_id, kept, homes)


def add_server(pools: Pools, state: ClusterState, name: str, parameters: Mapping[str, Any]) -> None:
    """Add an empty database to a cluster, as its last server: all tables, the rows of reference tables, no partitions.

    Parameters
    ----------
    pools : the servers that there are
    name : the new server's name
    parameters : of its conninfo

    Raises
    ------
    errors.InvalidCluster, errors.CatalogExists, errors.ServerUnavailable : nothing was changed
    """
    with connected(name, parameters) as joining, changing(pools, state.catalog, state.cluster_id) as change:
        if name in change.state.servers:
            raise InvalidCluster(f"the cluster has a server {name} already")
        on_servers({name: joining}, _begin)
        try:
            with said_by(name):
                _check_joining(change, name, joining)
                version = change.state.schema.version
                catalog_store.initialise_server(
                    joining, state.cluster_id, name, (), catalog_store.FIRST_VERSION, version
                )
                kept = kept_part(joining, parameters)
            catalog_store.insert_server(change.catalog, name, kept, catalog_store.FIRST_VERSION)
            with said_by(name):
                copy_tables(change, joining)
        except BaseException:
            roll_back({name: joining})
            raise
        change.join(name, joining, lambda _: connected(name, parameters))
        change.undo = {name: "; ".join([*drop_statements(change.state), _UNDO])}


def _check_joining(change: Change, name: str, joining: Connection) -> None:
    found = facts.facts_of(joining)
    facts.check_distinct({**change.connections, name: joining})
    facts.check_alone(name, joining, found)
    facts.check_together({change.state.catalog: facts.facts_of(change.catalog), name: found})
