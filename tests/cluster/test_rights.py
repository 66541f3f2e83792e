"""What README's "Rights" says: who may do what by default, and once the snapshot gate is for some only."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from parallel_partition import Cluster, connect
from parallel_partition.dbapi.connection import Connection
from tests.fix_clusters import MakeCluster

pytestmark = pytest.mark.both_versions

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
(SECTION,) = re.findall(r"```sql\n(REVOKE UPDATE.*?)```", README, re.DOTALL)
#: Roles of nobody else's, should the servers be.
APP, CLERK = "parallel_partition_app", "parallel_partition_clerk"
RESTRICT = SECTION.replace(" TO app;", f" TO {APP};")

#: One of each strategy.
READS = (
    "SELECT v FROM t WHERE k = 1",
    "SELECT k FROM t ORDER BY k",
    "SELECT v, count(*) FROM t GROUP BY v",
    "SELECT mode() WITHIN GROUP (ORDER BY v) FROM t",
)


def on_all(cluster: Cluster, statements: str) -> None:
    """Run statements on each server by itself."""
    for server in cluster.servers.values():
        with psycopg.connect(server.conninfo, autocommit=True) as direct:
            direct.execute(statements.encode())


@pytest.fixture(scope="module")
def filled(make_module_cluster: MakeCluster) -> Iterator[Cluster]:
    """Two servers where README's SQL was run, with the roles `APP` and `CLERK` that may read and write a table."""
    cluster = make_module_cluster(2)
    cluster.create_table("CREATE TABLE t (k int PRIMARY KEY, v int)", key="k")
    with cluster.writer("t") as writer:
        writer.write((k, k % 3) for k in range(20))
    for role in (APP, CLERK):
        create = sql.SQL("DO $$ BEGIN CREATE ROLE {}; EXCEPTION WHEN duplicate_object THEN END $$")
        on_all(cluster, create.format(sql.Identifier(role)).as_string(None))
        on_all(cluster, f"GRANT SELECT, INSERT, UPDATE, DELETE ON t TO {role}")
    on_all(cluster, RESTRICT)
    yield cluster
    on_all(cluster, f"DROP OWNED BY {APP}, {CLERK}")
    on_all(cluster, f"DROP ROLE IF EXISTS {APP}, {CLERK}")


@contextmanager
def connected(cluster: Cluster, role: str, **options: Any) -> Iterator[Connection[Any]]:
    """A connection whose sessions have a role."""
    conninfo = make_conninfo(cluster.servers["s1"].conninfo, options=f"-c role={role}")
    with connect(conninfo, **options) as connection:
        yield connection


@pytest.mark.parametrize("autocommit", [True, False])
def test_who_may_not_lock_the_gate_may_read(filled: Cluster, autocommit: bool) -> None:
    with connected(filled, CLERK, autocommit=autocommit) as connection:
        for query in READS:
            assert connection.execute(query).fetchall()
        connection.commit()


@pytest.mark.parametrize("autocommit", [True, False])
@pytest.mark.parametrize("where", ["k = 1", "k IN (1, 2, 3, 4, 5, 6)"])
def test_who_may_not_lock_the_gate_may_not_write(filled: Cluster, autocommit: bool, where: str) -> None:
    with connected(filled, CLERK, autocommit=autocommit) as connection:

        def write() -> None:
            connection.execute(f"UPDATE t SET v = 100 WHERE {where}")
            connection.commit()

        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="snapshot_gate"):
            write()
        connection.rollback()
        assert connection.execute("SELECT count(*) FROM t WHERE v = 100").fetchone() == (0,)


@pytest.mark.parametrize("isolation", ["snapshot", "snapshot strict"])
def test_a_snapshot_needs_the_gate(filled: Cluster, isolation: Any) -> None:
    with connected(filled, CLERK, isolation=isolation) as connection:
        for query in READS:
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match="snapshot_gate"):
                connection.execute(query)
            connection.rollback()
    with connected(filled, APP, isolation=isolation) as connection:
        for query in READS:
            assert connection.execute(query).fetchall()


@pytest.mark.parametrize("autocommit", [True, False])
def test_who_was_granted_it_writes(filled: Cluster, autocommit: bool) -> None:
    with connected(filled, APP, autocommit=autocommit) as connection:
        for where, rows in (("k = 1", 1), ("k IN (1, 2, 3, 4, 5, 6)", 6)):
            assert connection.execute(f"UPDATE t SET v = v WHERE {where}").rowcount == rows
            connection.commit()


def test_a_schema_that_a_role_may_not_use_hides_its_own_tables_only(filled: Cluster) -> None:
    on_all(filled, "CREATE SCHEMA hidden")
    filled.create_table("CREATE TABLE hidden.far (k int PRIMARY KEY)", key="k")
    conninfo = make_conninfo(next(iter(filled.servers.values())).conninfo, options=f"-c role={CLERK}")
    with Cluster.open(conninfo) as opened, opened.connect(autocommit=True) as connection:
        for query in READS:
            assert connection.execute(query.encode()).fetchall()
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="hidden"):
            connection.execute("SELECT count(*) FROM hidden.far")
    filled.drop_table("hidden.far")
