"""Do these databases fit together? What is asked of a database before it joins a cluster."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any, NamedTuple

import psycopg

from parallel_partition.errors import CatalogExists, InvalidCluster
from parallel_partition.postgres import catalog_store
from parallel_partition.postgres.identity import identity_of

Connection = psycopg.Connection[Any]

#: The oldest version that is tested; older ones lack what the catalog's SQL uses.
OLDEST = 150000


class Facts(NamedTuple):
    """What decides whether a database fits into a cluster; ``ordering`` is what texts are ordered by."""

    version: int
    encoding: str
    ordering: Mapping[str, str | None]
    may_create: bool
    prepared_slots: int
    standby: bool
    prepared: str | None


def facts_of(connection: Connection) -> Facts:
    """Ask a database."""
    found = catalog_store.row(connection, "facts")
    assert found is not None
    return Facts(*found)


def check_alone(name: str, connection: Connection, facts: Facts) -> None:
    """Refuse a database that no cluster can have as its server, whatever the others are.

    The connection is in a transaction; until its end nobody else passes this check.

    Raises
    ------
    errors.CatalogExists : a cluster is catalogued in it
    errors.InvalidCluster : it belongs to a cluster, or lacks something, as the message says
    """
    place = f"server {name} ({place_of(connection)})"
    if problem := _problem(facts):
        raise InvalidCluster(f"{place} {problem}").at(name)
    # Two that waited for each other, each on another server, would do so for ever: no server sees the circle.
    if catalog_store.row(connection, "take_database") != (True,):
        raise InvalidCluster(
            f"{place} is being made a server of a cluster by another session; see what became of that"
        ).at(name)
    found = catalog_store.row(connection, "is_initialised")
    assert found is not None
    is_server, is_catalog, has_schema = found
    if not has_schema:
        return
    identity = identity_of(connection) if is_server else None
    if identity and is_catalog:
        raise CatalogExists(
            f"{place} holds the catalog of cluster {identity[0]}: use Cluster.open, or drop its schema "
            "parallel_partition when that cluster is gone"
        ).at(name)
    owner = (
        f"is server {identity[1]} of cluster {identity[0]}" if identity else "has a schema parallel_partition"
    )
    raise InvalidCluster(
        f"{place} {owner} already; when that is gone for good, drop the schema parallel_partition there"
    ).at(name)


def _problem(facts: Facts) -> str | None:
    if facts.version < OLDEST:
        return f"runs PostgreSQL {facts.version // 10000}; {OLDEST // 10000} or newer is needed"
    if facts.encoding != "UTF8":
        return f"has the encoding {facts.encoding}; keys are hashed as UTF-8, so UTF8 is needed"
    if facts.standby:
        return "is a standby, which takes no writes; give the primary's conninfo"
    if not facts.may_create:
        return "lets this user make no schema; GRANT CREATE ON DATABASE to it, or connect as the owner"
    if facts.prepared:
        return (
            f"holds the prepared transaction {facts.prepared!r} of a cluster; end it with ROLLBACK PREPARED (or "
            "COMMIT PREPARED, when its decider has committed) first"
        )
    return None


def check_together(facts: Mapping[str, Facts]) -> None:
    """Refuse databases that would order texts differently: what they answer is merged.

    Raises
    ------
    errors.InvalidCluster : naming two of them, and what differs
    """
    (first, expected), *others = facts.items()
    for name, found in others:
        for what, value in found.ordering.items():
            if value != expected.ordering[what]:
                raise InvalidCluster(
                    f"servers {first} and {name} order texts differently: {what} is "
                    f"{expected.ordering[what]!r} and {value!r}; make the databases of a cluster alike"
                ).at(name)


def check_distinct(connections: Mapping[str, Connection]) -> None:
    """Refuse two names for one database, however its address is written.

    Each connection, in a transaction, leaves a mark in its database that only the same database shows to another.

    Raises
    ------
    errors.InvalidCluster : naming the two servers
    """
    marks = {secrets.randbits(63): name for name in connections}
    for mark, name in marks.items():
        catalog_store.run(connections[name], "mark_database", mark=mark)
    for name, connection in connections.items():
        found = [
            marks[mark] for (mark,) in catalog_store.rows(connection, "marks_of_database") if mark in marks
        ]
        if len(found) > 1:
            names = [each for each in connections if each in found]
            raise InvalidCluster(
                f"servers {' and '.join(names)} are the same database ({place_of(connection)}); each server of a "
                "cluster is a database of its own"
            ).at(name)


def place_of(connection: Connection) -> str:
    """Where a connection leads: host, port, database."""
    info = connection.info
    return f"{info.host}:{info.port}/{info.dbname}"
