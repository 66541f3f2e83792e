"""A cluster as its catalog describes it at one moment: servers, shard map, tables, versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from parallel_partition.catalog.shard_map import ShardMap
from parallel_partition.catalog.tables import Schema


@dataclass(frozen=True, slots=True)
class Server:
    """One PostgreSQL database of the cluster; ``conninfo`` holds no password.

    ``map_version`` is what the server's own sequence must say: the version of its latest change of the map.
    """

    name: str
    conninfo: str
    map_version: int = 0


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
