"""How each server of a cluster is doing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import psycopg

from parallel_partition import errors
from parallel_partition.catalog.cluster import ClusterState
from parallel_partition.execution.threads import on_all
from parallel_partition.postgres import catalog_store
from parallel_partition.postgres.pool import Pools

#: Seconds to wait for a server before it counts as unreachable.
PATIENCE = 5.0


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """One server at one moment.

    ``problem`` is None when all is well, else what is wrong; the rest is empty for a server that cannot be reached.
    ``bytes`` is the size of its database, ``prepared`` how many transactions over several servers wait there for
    their end.
    """

    name: str
    conninfo: str
    problem: str | None = None
    postgresql: str | None = None
    partitions: int | None = None
    bytes: int | None = None
    prepared: int | None = None

    @property
    def reachable(self) -> bool:
        """True when the server answered."""
        return self.postgresql is not None


def server_statuses(pools: Pools, state: ClusterState) -> tuple[ServerStatus, ...]:
    """Ask all servers at once, in server order."""
    return tuple(on_all({name: partial(_status, pools, state, name) for name in state.servers}).values())


def _status(pools: Pools, state: ClusterState, name: str) -> ServerStatus:
    conninfo = state.servers[name].conninfo
    try:
        with pools[name].connection(timeout=PATIENCE) as connection, connection.transaction():
            catalog_store.pin(connection)
            row = catalog_store.row(connection, "status")
    except (psycopg.Error, errors.Error) as error:
        return ServerStatus(name, conninfo, str(error))
    assert row is not None
    postgresql, partitions, map_version, schema_version, size, prepared = row
    problem = _problem(state, name, partitions, (map_version, schema_version), prepared)
    return ServerStatus(name, conninfo, problem, postgresql, partitions, size, prepared)


def _problem(
    state: ClusterState, name: str, partitions: int, versions: tuple[int, int], prepared: int
) -> str | None:
    expected = len(state.shard_map.partitions_of(name))
    if partitions != expected:
        return f"it holds {partitions} partitions, the catalog says {expected}"
    catalogued = (state.servers[name].map_version, state.schema.version)
    for what, found, wanted in zip(("map has", "tables have"), versions, catalogued, strict=True):
        if found != wanted:
            return f"its {what} version {found}, the catalog's {wanted}"
    if prepared:
        return f"transactions over several servers that wait there for their end: {prepared}"
    return None
