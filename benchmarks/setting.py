"""Where benchmarks run: servers, a cluster over them, TPC-H data in it."""

from __future__ import annotations

import os
import platform
import secrets
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from benchmarks.baselines import RawServers
from parallel_partition import Cluster
from parallel_partition.local_cluster import LocalCluster
from tests import tpch


@dataclass
class Setting:
    """A cluster, its servers without it, and TPC-H tables that are loaded when a workload first needs them.

    ``rows`` tells how many rows each table that was loaded has.
    """

    cluster: Cluster
    raw: RawServers
    directory: Path
    scale: float
    rows: dict[str, int] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """What it was measured with."""
        told = (raw.info.parameter_status("server_version") for raw in self.raw.connections.values())
        versions = sorted({str(version).split()[0] for version in told})
        return (
            f"PostgreSQL {', '.join(versions)}; Python {platform.python_version()}; {os.cpu_count()} CPUs; "
            f"TPC-H scale {self.scale:g}"
        )

    def file(self, table: str) -> Path:
        """The CSV file of a table, made when it is missing."""
        return tpch.generate(self.directory, self.scale, [table])[table]

    @contextmanager
    def plain(self) -> Iterator[psycopg.Connection[Any]]:
        """One PostgreSQL with all tables of TPC-H, in a database of its own on the first server."""
        server = next(iter(self.cluster.servers.values())).conninfo
        name = f"plain_{secrets.token_hex(4)}"
        _run(server, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            conninfo = make_conninfo(server, dbname=name)
            tpch.create_plain(conninfo, {table: self.file(table) for table in tpch.TABLES})
            with psycopg.connect(conninfo, autocommit=True) as connection:
                connection.execute("VACUUM ANALYZE")
                yield connection
        finally:
            _run(server, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def need(self, table: str) -> None:
        """Create and fill a table, unless that was done."""
        if table not in self.rows:
            tpch.create_in(self.cluster, tpch.TABLES[table])
            self.rows[table] = self.cluster.load_csv(table, self.file(table))
            self.raw.execute("VACUUM ANALYZE")


def cache_directory() -> Path:
    """Return where TPC-H files are kept unless a folder is given."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "parallel_partition" / "tpch"


@contextmanager
def prepared(
    *, servers: int, conninfos: Sequence[str], pg_bin: Path | None, partitions: int, scale: float, data: Path
) -> Iterator[Setting]:
    """Start servers, or make databases on those of ``conninfos``, and a cluster over them; all gone at the
    end.
    """
    with ExitStack() as stack:
        if conninfos:
            places = stack.enter_context(_new_databases(conninfos))
        else:
            places = stack.enter_context(LocalCluster(servers, pg_bin=pg_bin)).conninfos
        cluster = stack.enter_context(Cluster.create(places, num_partitions=partitions))
        raw = stack.enter_context(RawServers(dict(zip(cluster.servers, places, strict=True))))
        yield Setting(cluster, raw, data / f"scale_{scale:g}", scale)


@contextmanager
def _new_databases(conninfos: Sequence[str]) -> Iterator[list[str]]:
    name = f"benchmark_{secrets.token_hex(4)}"
    made: list[str] = []
    try:
        for conninfo in conninfos:
            _run(conninfo, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
            made.append(conninfo)
        yield [make_conninfo(conninfo, dbname=name) for conninfo in conninfos]
    finally:
        for conninfo in made:
            _run(conninfo, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _run(conninfo: str, statement: sql.Composed) -> None:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(statement)
