"""A cluster as its catalog describes it at one moment: servers, shard map, tables, versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from parallel_partition.catalog.shard_map import ShardMap
from parallel_partition.catalog.tables import Schema
from parallel_partition.errors import UnknownServer


@dataclass(frozen=True, slots=True)
class Server:
    """One PostgreSQL database of the cluster; ``conninfo`` holds no password.

    ``map_version`` is what the server's own sequence must say: the version of its latest change of the map.
    """

    name: str
    conninfo: str
    map_version: int = 0


class Servers(dict[str, Server]):
    """Servers by name; a name that is not there raises `errors.UnknownServer`, which says what is."""

    def __missing__(self, name: str) -> Server:
        raise UnknownServer(f"the cluster has no server {name}; it has {', '.join(self)}")


@dataclass(frozen=True, slots=True)
class ClusterState:
    """All that a router caches. ``servers`` are in the order in which they are taken, the catalog's first.

    ``settings`` are those of the catalog's server that every session of the cluster starts with.
    """

    cluster_id: UUID
    servers: Mapping[str, Server]
    catalog: str
    shard_map: ShardMap
    schema: Schema
    search_path: tuple[str, ...] = ("public",)
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def num_partitions(self) -> int:
        """How many MD5 slots the cluster has."""
        return self.shard_map.num_partitions
