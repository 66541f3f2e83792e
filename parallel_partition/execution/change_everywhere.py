"""A change of the tables on all servers: a transaction on each, committed on all of them or on none.

Where every server can hold prepared transactions that is the two-phase commit, the catalog's server deciding. Where
one cannot, the catalog commits last, and what the others have committed by then is undone when it does not.

Every change gives the tables a new version. The servers' sequences know no rollback, so they are set last, and a
change that fails after that publishes one version more.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from typing import Any
from uuid import UUID

import psycopg
from psycopg import pq

from parallel_partition import errors
from parallel_partition.catalog.cluster import ClusterState
from parallel_partition.execution.failures import first_line
from parallel_partition.execution.resolve import Reconnect
from parallel_partition.execution.threads import on_all
from parallel_partition.execution.two_phase import commit_everywhere
from parallel_partition.postgres import catalog_store
from parallel_partition.postgres.driver_errors import known_at
from parallel_partition.postgres.named_sql import load
from parallel_partition.postgres.pool import Pools

logger = logging.getLogger("parallel_partition")

Connection = psycopg.Connection[Any]

#: How long a change of the tables waits for a lock before it gives up. While it waits, others wait behind it.
LOCK_TIMEOUT = "10s"

#: Seconds to wait for a server whose versions are to be looked at.
PATIENCE = 2.0

_PREPARED_SLOTS = load("two_phase")["prepared_slots"]


class Change:
    """A change under way.

    ``connections`` are the servers', the catalog's first, each in a transaction; ``state`` is the cluster as it is.
    ``undo`` is set by who makes the change: what takes back a server's part once it is committed.
    """

    def __init__(self, connections: dict[str, Connection], state: ClusterState, reconnect: Reconnect) -> None:
        self.connections = connections
        self.state = state
        self.undo: Mapping[str, str] = {}
        self._reconnect = reconnect
        self._joined: dict[str, Reconnect] = {}

    @property
    def catalog(self) -> Connection:
        """The connection to the catalog's server."""
        return self.connections[self.state.catalog]

    def join(self, name: str, connection: Connection, reconnect: Reconnect) -> None:
        """Let another database take part; its connection is in a transaction."""
        self.connections[name] = connection
        self._joined[name] = reconnect

    def reconnect(self, name: str) -> AbstractContextManager[Connection]:
        """A new connection to a server, for a block."""
        return self._joined.get(name, self._reconnect)(name)

    def run(self, texts: Mapping[str, str]) -> None:
        """Run statements, several in one text, on some servers at once."""
        on_servers(
            {name: self.connections[name] for name in texts}, lambda name, c: c.execute(texts[name].encode())
        )


@contextmanager
def changing(pools: Pools, catalog: str, cluster_id: UUID) -> Iterator[Change]:
    """Change the tables in a block, at whose end everything is committed. Changes of a cluster follow each other.

    Parameters
    ----------
    pools : the servers
    catalog : the name of the catalog's server

    The block sets ``undo``: what to run on each server to take back its committed part. Without it the catalog
    commits first instead of last, where there is no two-phase commit.

    Raises
    ------
    psycopg.errors.LockNotAvailable : somebody else changes the cluster, or works with the tables, for long
    """
    with ExitStack() as stack:
        names = [catalog, *(name for name in pools if name != catalog)]
        connections = {name: stack.enter_context(pools[name].connection()) for name in names}
        published = False
        try:
            on_servers(connections, _begin)
            with said_by(catalog):
                catalog_store.row(connections[catalog], "lock_cluster")
                state = catalog_store.load_state(connections[catalog])
            change = Change(connections, state, lambda name: pools[name].connection())
            yield change
            with said_by(catalog):
                version = catalog_store.draw_version(connections[catalog])
                catalog_store.run(connections[catalog], "set_schema_version", version=version)
            published = True
            on_servers(connections, partial(_set_schema_version, version=version))
            commit(connections, cluster_id, change.reconnect, change.undo)
        except BaseException as error:
            roll_back(connections)
            if published and not isinstance(error, errors.CommitUnknown):
                _publish_again(pools, catalog)
            raise


def on_servers(connections: Mapping[str, Connection], act: Callable[[str, Connection], object]) -> None:
    """Do something on each of these connections at once; errors know their server.

    Raises
    ------
    psycopg.Error : of the server that failed
    errors.FanOutError : several failed
    """
    on_all(
        {name: partial(act, name, connection) for name, connection in connections.items()},
        cancel=lambda name: connections[name].cancel_safe(timeout=1.0),
    )


@contextmanager
def said_by(server: str) -> Iterator[None]:
    """Let the errors of a block's statements know their server."""
    try:
        yield
    except psycopg.Error as error:
        raise known_at(error, server) from error


def _begin(_: str, connection: Connection) -> None:
    connection.execute("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")
    connection.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
    catalog_store.pin(connection)


def _set_schema_version(_: str, connection: Connection, version: int) -> None:
    catalog_store.run(connection, "set_versions", map_version=None, schema_version=version)


def roll_back(connections: Mapping[str, Connection]) -> None:
    """ROLLBACK where a transaction is open; what does not take it is closed, which does the same."""
    for connection in connections.values():
        if connection.info.transaction_status == pq.TransactionStatus.IDLE:
            continue
        try:
            connection.execute("ROLLBACK")
        except psycopg.Error as error:
            logger.debug("rolling back failed, the connection is closed: %s", first_line(error))
            connection.close()


def _publish_again(pools: Pools, catalog: str) -> None:
    """After a failed change: routers must not find servers at a version that the catalog never comes to."""
    try:
        with ExitStack() as stack:
            connections = {name: stack.enter_context(pools[name].connection()) for name in pools}
            publish_schema_version(connections, catalog)
    except (psycopg.Error, errors.Error) as error:
        logger.warning(
            "the version of the tables could not be published again after a failed change: %s; until the next "
            "change, statements may be refused as stale",
            first_line(error),
        )


def publish_schema_version(connections: Mapping[str, Connection], catalog: str) -> int:
    """Give the tables a new version on every server, when no change is under way; each connection is idle."""
    with connections[catalog].transaction():
        catalog_store.row(connections[catalog], "lock_cluster")
        return _publish(connections, catalog)


def _publish(connections: Mapping[str, Connection], catalog: str) -> int:
    version = catalog_store.draw_version(connections[catalog])
    catalog_store.run(connections[catalog], "set_schema_version", version=version)
    on_servers(connections, partial(_set_schema_version, version=version))
    return version


def settle_versions(pools: Pools, catalog: str) -> None:
    """Wait for the change that is under way, if any; and mend what one left that died between servers and catalog.

    For routers that found a server at another version than the catalog's. A server that cannot be reached is left
    out: it is mended when it is found at another version again.

    Raises
    ------
    psycopg.errors.LockNotAvailable : the change takes longer than `LOCK_TIMEOUT`
    """
    with ExitStack() as stack:
        connections = {catalog: stack.enter_context(pools[catalog].connection())}
        with connections[catalog].transaction():
            connections[catalog].execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
            wanted = catalog_store.row(connections[catalog], "lock_cluster")
            assert wanted is not None
            for name in pools:
                if name != catalog:
                    try:
                        connections[name] = stack.enter_context(pools[name].connection(PATIENCE))
                    except (psycopg.Error, errors.Error) as error:
                        logger.warning(
                            "server %s: its versions are not looked at: %s", name, first_line(error)
                        )
            found = {
                name: catalog_store.row(connection, "versions") for name, connection in connections.items()
            }
            if behind := [name for name, versions in found.items() if versions and versions[1] != wanted[0]]:
                logger.warning(
                    "the version of the tables on %s is not the catalog's, left by a change that ended midway; "
                    "publishing a new one",
                    ", ".join(behind),
                )
                _publish(connections, catalog)


# --- committing ------------------------------------------------------------------------------------------------


def commit(
    connections: Mapping[str, Connection], cluster_id: UUID, reconnect: Reconnect, undo: Mapping[str, str]
) -> None:
    """Commit the open transactions of all servers, or of none.

    Parameters
    ----------
    connections : each in a transaction, the catalog's first
    undo : by server, what takes its part back once it is committed; empty where nothing can
    """
    names = list(connections)
    if all(_can_prepare(connections[name]) for name in names[1:]):
        commit_everywhere(connections, cluster_id, reconnect)
        return
    catalog = {names[0]: connections[names[0]]}
    if not undo:
        commit_everywhere(catalog, cluster_id, reconnect)
    _commit_one_by_one({name: connections[name] for name in names[1:]}, undo)
    if undo:
        try:
            commit_everywhere(catalog, cluster_id, reconnect)
        except errors.CommitUnknown:
            raise
        except BaseException:
            _take_back({name: connections[name] for name in names[1:]}, undo)
            raise


def _can_prepare(connection: Connection) -> bool:
    found = connection.execute(_PREPARED_SLOTS).fetchone()
    return bool(found and found[0])


def _commit_one_by_one(connections: Mapping[str, Connection], undo: Mapping[str, str]) -> None:
    committed: dict[str, Connection] = {}
    for name, connection in connections.items():
        try:
            connection.execute("COMMIT")
        except psycopg.Error as error:
            if undo:
                _take_back(committed, undo)
            raise known_at(error, name) from error
        committed[name] = connection


def _take_back(committed: Mapping[str, Connection], undo: Mapping[str, str]) -> None:
    for name, connection in committed.items():
        try:
            connection.execute(undo[name].encode())
        except psycopg.Error as error:
            logger.warning(
                "server %s: the failed change is left behind there; run %s: %s",
                name,
                undo[name],
                first_line(error),
            )
