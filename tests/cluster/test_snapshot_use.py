"""Snapshots of all servers: how they are asked for, writing in them, and clusters that change meanwhile."""

from __future__ import annotations

from contextlib import ExitStack

import psycopg
import pytest
from psycopg import IsolationLevel, sql
from psycopg.conninfo import make_conninfo

from parallel_partition import Cluster, connect, errors
from tests.cluster.accounts import (
    RATES,
    SERVERS,
    SNAPSHOTS,
    SUMS,
    account_on,
    add,
    balance,
    direct,
    move,
    total,
    with_tables,
)
from tests.fix_clusters import MakeCluster
from tests.fix_databases import MakeDatabases

# --- writing in a snapshot -----------------------------------------------------------------------------------


def test_a_snapshot_may_write_and_sees_what_it_wrote(bank: Cluster) -> None:
    with bank.connect(isolation="snapshot") as connection:
        assert total(connection) == 0
        move(bank, 7, "s2", "s3")
        add(connection, account_on(bank, "s1"), -2)
        connection.execute("INSERT INTO accounts VALUES (50, 2)")
        connection.execute("UPDATE rates SET rate = rate + 1")
        assert [total(connection, query) for query in SUMS.values()] == [0, 0, 0]
        assert connection.execute(RATES).fetchall() == [(-2 + 2, 2)]  # balance 2 is the rate's
        connection.commit()
        assert total(connection) == 0
        assert [balance(connection, account_on(bank, server)) for server in SERVERS] == [-2, -7, 7]


@pytest.mark.parametrize("server", SERVERS)
def test_rows_that_changed_since_are_not_overwritten(bank: Cluster, server: str) -> None:
    with bank.connect(isolation="snapshot") as connection:
        connection.execute("SELECT 1")
        move(bank, 7, server, next(name for name in SERVERS if name != server))
        with pytest.raises(psycopg.errors.SerializationFailure):
            add(connection, account_on(bank, server), 1)
        connection.rollback()
        assert balance(connection, account_on(bank, server)) == -7


def test_a_read_only_snapshot_refuses_to_write(bank: Cluster) -> None:
    with bank.connect(isolation="snapshot") as connection:
        connection.read_only = True
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            add(connection, 1, 1)
        connection.rollback()
        assert total(connection) == 0


# --- how it is asked for -------------------------------------------------------------------------------------


def test_isolation_is_an_attribute_as_psycopgs(bank: Cluster) -> None:
    with bank.connect() as connection:
        assert connection.isolation_level is None
        for value in (*SNAPSHOTS, *IsolationLevel, None):
            connection.isolation_level = value
            assert connection.isolation_level == value
        connection.set_isolation_level("snapshot")
        connection.execute("SELECT 1")
        with pytest.raises(psycopg.ProgrammingError, match="can't change 'isolation_level' now"):
            connection.isolation_level = None
        connection.rollback()
        assert connection.isolation_level == "snapshot"
        with pytest.raises(ValueError, match="'snapshot' or 'snapshot strict', not 'serial'"):
            connection.isolation_level = "serial"  # type: ignore[assignment]
    with connect(bank.servers["s1"].conninfo, isolation="snapshot strict") as connection:
        assert connection.isolation_level == "snapshot strict"
    with pytest.raises(ValueError, match="not 'fence'"):
        bank.connect(isolation="fence")  # type: ignore[arg-type]


@pytest.mark.parametrize("begin", ["BEGIN", "transaction()"])
def test_a_block_in_autocommit_is_a_snapshot(bank: Cluster, begin: str) -> None:
    with bank.connect(isolation="snapshot", autocommit=True) as connection, ExitStack() as stack:
        if begin == "BEGIN":
            connection.execute("BEGIN")
        else:
            stack.enter_context(connection.transaction())
        assert balance(connection, account_on(bank, "s1")) == 0
        move(bank, 7)
        assert balance(connection, account_on(bank, "s3")) == 0
        if begin == "BEGIN":
            connection.execute("COMMIT")
        stack.close()
        assert balance(connection, account_on(bank, "s3")) == 7


def test_a_role_with_rights_on_the_tables_alone(bank: Cluster) -> None:
    role = sql.Identifier(f"clerk_{bank.shard_map.num_partitions}")
    with direct(bank) as connections:
        for connection in connections.values():
            connection.execute(sql.SQL("CREATE ROLE {}").format(role))
            connection.execute(sql.SQL("GRANT SELECT, UPDATE ON accounts TO {}").format(role))
            connection.commit()
        options = f"-c role={role.as_string(None)}".replace('"', "")
        try:
            for isolation in SNAPSHOTS:
                conninfo = make_conninfo(bank.servers["s1"].conninfo, options=options)
                with connect(conninfo, isolation=isolation) as clerk:  # type: ignore[arg-type]
                    add(clerk, account_on(bank, "s1"), -1)
                    add(clerk, account_on(bank, "s2"), 1)
                    clerk.commit()
                    add(clerk, account_on(bank, "s2"), 1)
                    clerk.commit()
                    assert clerk.execute("SELECT current_user").fetchone() == (
                        role.as_string(None).strip('"'),
                    )
        finally:
            for connection in connections.values():
                connection.execute(sql.SQL("DROP OWNED BY {0}; DROP ROLE {0}").format(role))
                connection.commit()
    with bank.connect() as other:
        assert balance(other, account_on(bank, "s2")) == 4


# --- when the cluster changes --------------------------------------------------------------------------------


def test_tables_that_change_after_the_snapshot(make_cluster: MakeCluster) -> None:
    cluster = with_tables(make_cluster(servers=2, num_partitions=4))
    with (
        Cluster.open(cluster.servers["s1"].conninfo) as other,
        other.connect(isolation="snapshot") as connection,
    ):
        connection.execute("SELECT 1")
        cluster.create_table("CREATE TABLE more (id integer)", key="id")
        with pytest.raises(errors.StaleMap):
            total(connection)
        connection.rollback()
        assert connection.execute("SELECT count(*) FROM more").fetchone() == (0,)
        connection.commit()
        cluster.drop_table("more")
        assert connection.execute(SUMS["split"]).fetchone() == (None,)  # the first statement finds out unseen


def test_a_server_that_joins_is_no_part_of_a_snapshot(
    make_cluster: MakeCluster, databases: MakeDatabases
) -> None:
    cluster = with_tables(make_cluster(servers=2, num_partitions=4))
    [*_, conninfo] = databases(3)
    with cluster.connect(isolation="snapshot") as connection:
        connection.execute("SELECT 1")
        cluster.add_server(conninfo)
        with pytest.raises(errors.StaleMap) as raised:
            connection.execute("INSERT INTO rates VALUES ('two', 2)")
        assert raised.value.server == "s3"
        connection.rollback()
        connection.execute("INSERT INTO rates VALUES ('two', 2)")


def test_a_cluster_made_before_there_were_snapshots(make_cluster: MakeCluster) -> None:
    cluster = make_cluster(servers=1)
    with direct(cluster) as connections:
        connections["s1"].execute("UPDATE parallel_partition.cluster SET format_version = 1")
        connections["s1"].commit()
    with pytest.raises(errors.CatalogVersion, match=r"has format 1, .* reads format \d+: make a new cluster"):
        Cluster.open(cluster.servers["s1"].conninfo)
