"""The bulk writer commits on all servers or none, whatever becomes of them."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Iterator
from itertools import count
from typing import Any

import psycopg
import pytest

from parallel_partition import Cluster, errors
from parallel_partition.execution import bulk_load
from parallel_partition.execution.bulk_load import BulkLoad
from parallel_partition.postgres.copy import CopyChunk
from tests.cluster.loads import assert_nothing_is_left, everywhere, lanes, rows
from tests.fix_databases import MakeDatabases
from tests.fix_faults import StartCluster


@pytest.fixture
def cluster(loaded: Cluster) -> Cluster:
    """Four servers and eight partitions, for all tests; their tables have names of their own."""
    return loaded


# --- the commit --------------------------------------------------------------------------------------------------


def test_one_server_needs_no_two_phase_commit(throwaway_cluster: StartCluster) -> None:
    """And with max_prepared_transactions = 0, PostgreSQL's default, a second one is refused."""
    local = throwaway_cluster(2, max_prepared_transactions=0)
    with Cluster.create(local.conninfos, num_partitions=8) as cluster:
        cluster.create_table("CREATE TABLE t (id bigint PRIMARY KEY)", key="id")
        here = [number for number in range(100) if cluster.shard_map.server_of(number) == "s2"]
        with cluster.writer("t") as writer:
            writer.write((number,) for number in here)
        assert len(rows(cluster, "t", "id")) == len(here)
        refused = pytest.raises(errors.CrossShardWriteRefused, match="max_prepared_transactions is 0")
        with refused, cluster.writer("t") as writer:
            writer.write((number,) for number in range(1000, 2000))
        assert len(rows(cluster, "t", "id")) == len(here)


def test_a_server_that_is_lost_takes_all_with_it(cluster: Cluster, name: str) -> None:
    cluster.create_table(f"CREATE TABLE {name} (id bigint PRIMARY KEY, t text)", key="id")
    kill = (
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
        "WHERE query LIKE 'COPY %' AND pid <> pg_backend_pid() AND datname = current_database()"
    )
    with pytest.raises(psycopg.OperationalError) as raised, cluster.writer(name) as writer:
        for first in range(0, 10**7, 1000):
            writer.write((number, "x" * 1000) for number in range(first, first + 1000))
            if first == 50_000:
                with psycopg.connect(cluster.servers["s3"].conninfo, autocommit=True) as connection:
                    assert connection.execute(kill).fetchall()
    assert raised.value.server == "s3"  # type: ignore[attr-defined]
    assert_nothing_is_left(cluster, name)


def test_a_server_that_waits_is_cancelled_when_another_refuses_a_row(cluster: Cluster, name: str) -> None:
    cluster.create_table(f"CREATE TABLE {name} (id bigint PRIMARY KEY)", key="id")
    key = next(number for number in count() if cluster.shard_map.server_of(number) == "s2")
    bad = next(number for number in count() if cluster.shard_map.server_of(number) == "s4")
    with psycopg.connect(cluster.servers["s2"].conninfo) as locker:
        locker.execute(f"LOCK TABLE {name} IN ACCESS EXCLUSIVE MODE".encode())
        with pytest.raises(errors.RowRefused, match="already exists"), cluster.writer(name) as writer:
            writer.write([(key,), (bad,), (bad,)])
        locker.rollback()
    assert_nothing_is_left(cluster, name)


def test_a_server_that_is_frozen_does_not_hold_up_the_end(
    throwaway_cluster: StartCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk_load, "CANCEL_GRACE", 0.2)
    local = throwaway_cluster(2)
    with Cluster.create(local.conninfos, num_partitions=8) as cluster:
        cluster.create_table("CREATE TABLE t (id bigint PRIMARY KEY, t text)", key="id")
        frozen: list[int] = []
        is_frozen = threading.Event()
        work = BulkLoad._work

        def freeze(load: BulkLoad, server: str, chunks: Iterator[CopyChunk]) -> None:
            def freezing() -> Iterator[CopyChunk]:
                for chunk in chunks:
                    if server == "s2":
                        frozen.append(load._sessions[server].connection.info.backend_pid)
                        os.kill(frozen[-1], signal.SIGSTOP)
                        is_frozen.set()
                    assert is_frozen.wait(30)
                    yield chunk

            work(load, server, freezing())

        monkeypatch.setattr(BulkLoad, "_work", freeze)
        here = next(number for number in count() if cluster.shard_map.server_of(number) == "s1")
        there = next(number for number in count() if cluster.shard_map.server_of(number) == "s2")
        try:
            with pytest.raises(errors.RowRefused, match="already exists"), cluster.writer("t") as writer:
                writer.write([(there, "x"), (here, "x"), (here, "x")])
        finally:
            for pid in frozen:
                os.kill(pid, signal.SIGCONT)
        assert len(frozen) == 1
        assert not [thread for thread in threading.enumerate() if thread.name in lanes(cluster)]
        monkeypatch.undo()
        with cluster.writer("t") as writer:
            writer.write([(there, "x"), (here, "x")])


def test_rows_that_a_server_leaves_out_are_noticed(cluster: Cluster, name: str) -> None:
    cluster.create_table(f"CREATE TABLE {name} (id bigint PRIMARY KEY)", key="id")
    part = cluster.shard_map.partition_of(7)
    server = cluster.servers[cluster.shard_map.home_of(part)]
    with psycopg.connect(server.conninfo, autocommit=True) as connection:
        connection.execute(
            "CREATE FUNCTION leave_out() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'"
        )
        connection.execute(
            f"CREATE TRIGGER leave_out BEFORE INSERT ON {name}_part_{part} FOR EACH ROW "
            "WHEN (NEW.id = 7) EXECUTE FUNCTION leave_out()".encode()
        )
    with pytest.raises(errors.InternalError, match="took") as raised, cluster.writer(name) as writer:
        writer.write((number,) for number in range(100))
    assert raised.value.server == server.name
    assert_nothing_is_left(cluster, name)


def test_a_table_that_changed_since_is_not_written(cluster: Cluster, name: str) -> None:
    cluster.create_table(f"CREATE TABLE {name} (id bigint PRIMARY KEY)", key="id")
    late = cluster.writer(name)
    cluster.create_table(f"CREATE TABLE {name}_other (id bigint PRIMARY KEY)", key="id")
    with pytest.raises(errors.StaleMap), late:
        late.write([(number,) for number in range(100)])
    assert_nothing_is_left(cluster, name)
    with cluster.writer(name) as writer:
        writer.write([(1,)])
    assert rows(cluster, name, "id") == [(1,)]


def test_a_change_during_the_load_keeps_nothing(
    cluster: Cluster, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster.create_table(f"CREATE TABLE {name} (id bigint PRIMARY KEY)", key="id")
    commit = BulkLoad.commit

    def changed_before(load: BulkLoad) -> object:
        assert load._lanes.finish()
        cluster.create_table(f"CREATE TABLE {name}_other (id bigint PRIMARY KEY)", key="id")
        return commit(load)

    monkeypatch.setattr(BulkLoad, "commit", changed_before)
    with pytest.raises(errors.StaleMap), cluster.writer(name) as writer:
        writer.write([(number,) for number in range(100)])
    assert_nothing_is_left(cluster, name)


def test_texts_are_read_alike_on_all_servers(databases: MakeDatabases) -> None:
    """The servers' own defaults differ; the catalog's server decides, as it would alone."""
    conninfos = databases(2)
    for setting in ("datestyle = 'SQL, DMY'", "timezone = 'Asia/Tokyo'", "intervalstyle = 'sql_standard'"):
        with psycopg.connect(conninfos[1], autocommit=True) as connection:
            connection.execute(f'ALTER DATABASE "{connection.info.dbname}" SET {setting}'.encode())
    with Cluster.create(conninfos, num_partitions=8) as cluster:
        cluster.create_table(
            "CREATE TABLE t (id integer PRIMARY KEY, at timestamptz, d date, i interval)", key="id"
        )
        with cluster.writer("t") as writer:
            writer.write((number, "2026-01-02 03:04:05", "02/01/2026", "-1 2:03") for number in range(40))
        query = "SELECT DISTINCT extract(epoch FROM at), d - date '2026-01-01', extract(epoch FROM i) FROM t"
        found = everywhere(cluster, query)
        assert found["s1"] == found["s2"]
        assert len(found["s1"]) == 1


def test_a_server_that_cannot_be_told_is_named(
    cluster: Cluster, name: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    commit = bulk_load.commit_everywhere

    def pending(*arguments: Any, **options: Any) -> Any:
        done = commit(*arguments, **options)
        return type(done)(done.xid, ("s2",))

    monkeypatch.setattr(bulk_load, "commit_everywhere", pending)
    cluster.create_table(f"CREATE TABLE {name} (id bigint PRIMARY KEY)", key="id")
    with caplog.at_level(logging.WARNING), cluster.writer(name) as writer:
        writer.write((number,) for number in range(100))
    assert writer.pending == ("s2",)


def test_many_loads_leave_nothing_on_their_connections(cluster: Cluster, name: str) -> None:
    cluster.create_table(f"CREATE TABLE {name} (id bigint PRIMARY KEY)", key="id")
    most = 0
    for first in range(0, 160, 8):
        with cluster.writer(name) as writer:
            writer.write((number,) for number in range(first, first + 8))
    for pool in cluster._pools.values():
        with pool.connection() as connection:
            [(number,)] = connection.execute("SELECT count(*) FROM pg_prepared_statements").fetchall()
            most = max(most, number)
    assert most < 10


# --- progress ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("wanted", "shown"), [(True, True), (None, False), (False, False)])
def test_progress_is_for_terminals(
    cluster: Cluster, name: str, capsys: pytest.CaptureFixture[str], wanted: bool | None, shown: bool
) -> None:
    cluster.create_table(f"CREATE TABLE {name} (id bigint PRIMARY KEY)", key="id")
    with cluster.writer(name, show_progress=wanted) as writer:
        writer.write((number,) for number in range(1500))
    out, err = capsys.readouterr()
    assert out == ""
    assert ("1,500 rows" in err and name in err) if shown else err == ""
