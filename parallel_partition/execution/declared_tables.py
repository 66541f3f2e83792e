"""Tables that somebody changed by hand: which differ, on which server, what was found and what was wanted.

A table is declared as the catalog's server has it; each other server must have the same columns and the same primary
key, and every server a child table for each of its partitions.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import psycopg

from parallel_partition import errors
from parallel_partition.catalog.cluster import ClusterState
from parallel_partition.catalog.tables import Table
from parallel_partition.execution.failures import first_line
from parallel_partition.execution.mentioned import full_name, mentioned
from parallel_partition.postgres.driver_errors import as_driver_error
from parallel_partition.postgres.named_sql import load
from parallel_partition.postgres.pool import Pools

logger = logging.getLogger("parallel_partition")

_DESCRIBED, _SHAPE = (load("versions")[name].encode() for name in ("described", "shape"))
_ONE_MOMENT = b"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"
#: Seconds to wait for a session.
_PATIENCE = 5.0


#: After these a server's tables are looked at: no such table or column, no partition for the row, a type that is
#: another, no such function or operator for it, no constraint for ON CONFLICT.
_MAY_DIFFER = frozenset({"42P01", "42703", "23514", "42804", "42883", "42846", "42P10", "0A000", "22P03"})


class _Look(NamedTuple):
    """How a server has a table: columns and primary key as texts, and the partitions that have a child table.

    None among these is a child table for all others.
    """

    columns: tuple[str, ...]
    partitions: frozenset[int | None]


def differences(pools: Pools, server: str, state: ClusterState, tables: Iterable[Table]) -> dict[Table, str]:
    """How tables differ on a server from what is declared, in words; those that do not are left out.

    Raises
    ------
    psycopg.Error, errors.Error : a server cannot say
    """
    tables = list(tables)
    found, _ = _looks(pools, server, tables)
    declared = found if server == state.catalog else _looks(pools, state.catalog, tables)[0]
    return _compared(server, state, found, declared)


def _compared(
    server: str, state: ClusterState, found: Mapping[Table, _Look], declared: Mapping[Table, _Look]
) -> dict[Table, str]:
    held = frozenset(state.shard_map.partitions_of(server))
    told = {}
    for table in found:
        parts = held if table.sharded else frozenset()
        words = _difference(table, found[table], declared[table], parts, server, state.catalog)
        if words is not None:
            told[table] = words
    return told


class AllLooks(NamedTuple):
    """How all tables of a server are, at one moment of it and of the catalog's server.

    ``told`` is as `differences` has it; ``shape`` and ``declared`` are the tables of both in short, as the version
    check sees them.
    """

    told: dict[Table, str]
    shape: bytes
    declared: bytes


def all_differences(pools: Pools, server: str, state: ClusterState) -> AllLooks:
    """How all tables differ on a server from what is declared.

    Raises
    ------
    psycopg.Error, errors.Error : a server cannot say
    """
    tables = list(state.schema.values())
    found, shape = _looks(pools, server, tables)
    declared, as_declared = (
        (found, shape) if server == state.catalog else _looks(pools, state.catalog, tables)
    )
    return AllLooks(_compared(server, state, found, declared), shape, as_declared)


def shape_of(pools: Pools, server: str, state: ClusterState) -> bytes:
    """A server's tables in short, as a session of its own sees them now.

    Raises
    ------
    psycopg.Error, errors.Error : the server cannot say
    """
    names = [full_name(table) for table in state.schema.values()]
    with pools[server].connection(_PATIENCE) as connection, connection.transaction():
        [(shape,)] = connection.execute(_SHAPE, (names,)).fetchall()
    return bytes(shape.encode())


def differs(told: Iterable[str], server: str) -> errors.Error:
    """The error for tables that differ on a server, as `differences` tells of them."""
    return as_driver_error(errors.TableDiffers("\n".join(told)).at(server))


def differs_instead(
    pools: Pools, state: ClusterState, text: bytes | None, failures: Mapping[str, psycopg.Error]
) -> errors.Error | None:
    """The error to raise instead of what servers said of a statement because its tables differ there; else None."""
    for server, error in failures.items():
        if error.sqlstate not in _MAY_DIFFER:
            continue
        try:
            tables = mentioned(text, state.schema.values(), state.schema)
            told = differences(pools, server, state, tables) if tables else {}
        except (psycopg.Error, errors.Error) as failed:
            logger.warning("server %s: its tables could not be looked at: %s", server, first_line(failed))
            continue
        if told:
            raised = differs(told.values(), server)
            raised.__cause__ = error
            return raised
    return None


def _looks(pools: Pools, server: str, tables: Sequence[Table]) -> tuple[dict[Table, _Look], bytes]:
    """How a server has tables, and they in short, at one moment.

    Asked in a session of its own: the caller's transaction may have failed.
    """
    names = [full_name(table) for table in tables]
    with pools[server].connection(_PATIENCE) as connection, connection.transaction():
        connection.execute(_ONE_MOMENT)
        rows = connection.execute(_DESCRIBED, (names,)).fetchall()
        [(shape,)] = connection.execute(_SHAPE, (names,)).fetchall()
    looks = {
        table: _Look(tuple(columns), frozenset(partitions))
        for table, (_, columns, partitions) in zip(tables, rows, strict=True)
    }
    return looks, (shape or "").encode()


def _difference(
    table: Table, found: _Look, declared: _Look, held: frozenset[int], server: str, catalog: str
) -> str | None:
    name = f"{table.schema}.{table.name}"
    if not declared.columns:
        return (
            f"table {name} is missing on server {catalog}, whose tables are the cluster's declaration: make it there "
            "again as the other servers have it, or drop it on all of them"
        )
    if not found.columns:
        return (
            f"table {name} is missing on server {server}: make it there again, with its rows, as server {catalog} "
            "has it"
        )
    missing = Counter(declared.columns) - Counter(found.columns)
    more = Counter(found.columns) - Counter(declared.columns)
    absent = sorted(held - found.partitions)
    said = []
    if not (more or missing) and found.columns != declared.columns:
        # Nothing tells columns that were made in another order from such that were renamed to each other's names.
        said.append(f"has {', '.join(found.columns)}, and not in this order {', '.join(declared.columns)}")
    if more:
        said.append(f"has {', '.join(more)}")
    if missing:
        said.append(f"has not {', '.join(missing)}")
    if absent:
        children = ", ".join(table.child(part) for part in absent)
        said.append(f"has no child table for its partitions {', '.join(map(str, absent))} ({children})")
    if table.sharded and (strange := found.partitions - held):
        bounds = sorted("DEFAULT" if part is None else str(part) for part in strange)
        said.append(f"has child tables for partitions that are not its own: {', '.join(bounds)}")
    if not said:
        return None
    return (
        f"table {name} on server {server} differs from its declaration: it {', and '.join(said)}; change it back, so "
        f"that all servers have it as server {catalog}"
    )
