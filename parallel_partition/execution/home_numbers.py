"""The homes of all partitions as a parameter, for the merge session to sort rows by."""

from __future__ import annotations

from parallel_partition.catalog.cluster import ClusterState
from parallel_partition.postgres.binary_array import binary_array
from parallel_partition.statements import Parameter

_INT4, _INT4_ARRAY = 23, 1007


def home_numbers(state: ClusterState) -> Parameter:
    """An array with the number of each partition's home: the server's place in ``state.servers``, from 0."""
    servers = list(state.servers)
    parts = range(1, state.num_partitions + 1)
    numbers = [servers.index(state.shard_map.home_of(part)).to_bytes(4, "big") for part in parts]
    return Parameter(binary_array(_INT4, numbers), _INT4_ARRAY, 1)
