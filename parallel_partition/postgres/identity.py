"""Does a connection reach the server that it is meant for? Every new connection is asked."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import tuple_row

from parallel_partition.errors import InvalidCluster
from parallel_partition.postgres.named_sql import load

_IDENTITY = load("server")["identity"]
_IDENTITY_AND_LEFT_BEHIND = load("server")["identity_and_left_behind"]


def identity_of(connection: psycopg.Connection[Any]) -> tuple[UUID, str] | None:
    """The cluster and the name that the server says of itself; None when it belongs to no cluster.

    The connection is in autocommit, or in a transaction that may fail by this.
    """
    found: tuple[UUID, str] | None = _row(connection, _IDENTITY)
    return found


def _row(connection: psycopg.Connection[Any], query: str) -> Any:
    try:
        with connection.cursor(row_factory=tuple_row) as cursor:
            return cursor.execute(query).fetchone()
    except (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName):
        return None


def check_identity(connection: psycopg.Connection[Any], cluster_id: UUID, server_name: str) -> bool:
    """Refuse a connection that reaches another server than the catalog means.

    Returns
    -------
    Whether there are prepared parts of transactions over several servers that may have been left behind.

    Raises
    ------
    errors.InvalidCluster : it is another server of this cluster, one of another cluster, or none
    """
    found = _row(connection, _IDENTITY_AND_LEFT_BEHIND)
    if found is not None and found[:2] == (cluster_id, server_name):
        left_behind: bool = found[2]
        return left_behind
    place = f"{connection.info.host}:{connection.info.port}/{connection.info.dbname}"
    if found is None:
        what = "belongs to no cluster"
    elif found[0] == cluster_id:
        what = f"is server {found[1]} of this cluster"
    else:
        what = f"is server {found[1]} of cluster {found[0]}"
    message = (
        f"server {server_name} of cluster {cluster_id} was expected at {place}, but the database there {what}; "
        "check the conninfo of that server"
    )
    raise InvalidCluster(message).at(server_name)
