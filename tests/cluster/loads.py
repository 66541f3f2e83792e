"""What bulk loads write, as the servers have it."""

from __future__ import annotations

import enum
import threading
from typing import Any

import psycopg

from parallel_partition import Cluster

Rows = list[tuple[Any, ...]]

PLACED = "part = parallel_partition.part_of(parallel_partition.key_text({key}), 8)"


class Colour(enum.Enum):
    """As PostgreSQL's enum ``colour``."""

    red = 1
    blue = 2


def everywhere(cluster: Cluster, query: str) -> dict[str, Rows]:
    """Run a statement on each server by itself."""
    found = {}
    for server in cluster.servers.values():
        with psycopg.connect(server.conninfo, autocommit=True) as connection:
            cursor = connection.execute(query.encode())
            found[server.name] = cursor.fetchall() if cursor.description else []
    return found


def rows(cluster: Cluster, table: str, columns: str) -> Rows:
    """The rows of all servers, in order."""
    found = everywhere(cluster, f"SELECT {columns} FROM {table}")
    return sorted((row for each in found.values() for row in each), key=repr)


def assert_nothing_is_left(cluster: Cluster, table: str) -> None:
    found = everywhere(cluster, f"SELECT * FROM {table}")
    assert found == {server: [] for server in cluster.servers}
    prepared = everywhere(cluster, "SELECT gid FROM pg_prepared_xacts WHERE database = current_database()")
    assert not any(prepared.values())
    # No session holds a transaction or a lock, and no thread is left.
    held = everywhere(
        cluster,
        "SELECT state, query FROM pg_stat_activity WHERE datname = current_database() "
        "AND state LIKE '%transaction%' AND pid <> pg_backend_pid()",
    )
    assert not any(held.values()), held
    assert not [thread for thread in threading.enumerate() if thread.name in lanes(cluster)]


def lanes(cluster: Cluster) -> set[str]:
    return {f"parallel_partition-{server}" for server in cluster.servers}
