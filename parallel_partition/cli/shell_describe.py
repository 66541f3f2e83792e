r"""What ``\d`` shows: the tables of a cluster, and one table."""

from __future__ import annotations

from collections.abc import Iterable

from parallel_partition.catalog.tables import Table
from parallel_partition.cli.shell_output import table as shown
from parallel_partition.cluster import Cluster


def tables_of(cluster: Cluster) -> str:
    """All tables of a cluster."""
    rows = [
        (table.schema, table.name, table.kind, _key(table), ", ".join(table.column_names))
        for table in cluster.tables.values()
    ]
    if not rows:
        return "the cluster has no tables"
    return shown(["schema", "table", "kind", "key", "columns"], rows)


def table_of(cluster: Cluster, name: str) -> str:
    """One table, by its name with or without a schema; every one of that name."""
    found = [table for table in cluster.tables.values() if _unquoted(name) in (table.name, _full_name(table))]
    if not found:
        named = ", ".join(map(_full_name, cluster.tables.values())) or "none"
        return f"the cluster has no table {name}; it has {named}"
    return "\n\n".join(_described(table, cluster) for table in found)


def _unquoted(name: str) -> str:
    """A name as it is written in SQL, folded as PostgreSQL does."""
    parts = name.split(".")
    return ".".join(part[1:-1] if part[:1] == part[-1:] == '"' else part.lower() for part in parts)


def _full_name(table: Table) -> str:
    return f"{table.schema}.{table.name}"


def _key(table: Table) -> str | None:
    return ", ".join(table.key) if table.sharded else None


def _described(table: Table, cluster: Cluster) -> str:
    if table.sharded:
        partitions = cluster.shard_map.num_partitions
        where = f"sharded by {_key(table)}: {partitions} partitions on {len(cluster.servers)} servers"
    else:
        where = f"reference table: all rows on each of {len(cluster.servers)} servers"
    rows = [
        (
            column.name,
            column.type,
            "not null" if column.not_null else "",
            _filled(column.default, column.identity, column.sequence, column.generated),
        )
        for column in table.columns
    ]
    lines = [f"{_full_name(table)}, {where}", "", shown(["column", "type", "", "default"], rows)]
    for columns in table.unique:
        kind = "primary key" if columns == table.primary_key else "unique"
        lines.append(f"{kind} ({_listed(columns)})")
    return "\n".join(lines)


def _filled(default: str | None, identity: str, sequence: str | None, generated: str) -> str:
    if identity:
        return f"generated {identity} as identity"
    if generated:
        return f"generated, {generated}"
    return f"drawn from {sequence}" if sequence else default or ""


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)
