"""Tables that somebody changed by hand, where an old snapshot, a role or another connection's statement hides it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from psycopg import IsolationLevel
from psycopg.conninfo import make_conninfo

from parallel_partition import Cluster
from parallel_partition.dbapi.connection import Connection
from parallel_partition.execution import declared_tables, gather
from tests.cluster.test_changed_by_hand import ROWS, differs, held, home, on, over, pair

__all__ = ["over", "pair"]

ISOLATIONS = (IsolationLevel.REPEATABLE_READ, IsolationLevel.SERIALIZABLE, "snapshot")
GONE = "it has no child table for its partitions"
#: A role of nobody else's, should the servers be.
LOWLY = "parallel_partition_lowly"


def detach(cluster: Cluster, table: str = "t") -> None:
    """Detach a child on s2; what it was called stays."""
    part = held(cluster, "s2")
    on(cluster, "s2", f"ALTER TABLE {table} DETACH PARTITION {table}_part_{part}")


def detached_key(cluster: Cluster) -> int:
    """A key whose row is in the child that `detach` takes."""
    part = held(cluster, "s2")
    return next(k for k, *_ in ROWS if cluster.shard_map.part_of_texts((str(k),)) == part)


def row_of(cluster: Cluster, server: str, query: str) -> Any:
    with psycopg.connect(cluster.servers[server].conninfo) as direct:
        return direct.execute(query.encode()).fetchone()


@pytest.mark.both_versions
@pytest.mark.parametrize("isolation", ISOLATIONS)
def test_a_child_detached_under_an_old_snapshot(pair: Cluster, isolation: Any) -> None:
    """It meets the table as it is now: fewer rows than its snapshot has."""
    for warm in (False, True):
        with pair.connect(isolation=isolation) as connection:
            for _ in range(2 * warm):
                connection.execute("SELECT count(*) FROM t")
                connection.rollback()
            assert connection.execute("SELECT count(*) FROM t").fetchone() == (len(ROWS),)
            connection.execute("SELECT sum(v) FROM other")
            connection.rollback()
            assert connection.execute("SELECT sum(v) FROM other").fetchone() == (15,)
            if warm:
                detach(pair)
                differs(connection, GONE, "SELECT count(*) FROM t")


@pytest.mark.parametrize("isolation", ISOLATIONS)
@pytest.mark.parametrize(
    "text", ["UPDATE t SET v = 9", "DELETE FROM t WHERE k >= 0", "SELECT * FROM t FOR UPDATE"]
)
def test_no_row_is_left_out_of_a_write(pair: Cluster, isolation: Any, text: str) -> None:
    with pair.connect(isolation=isolation) as connection:
        connection.execute("SELECT sum(v) FROM other")
        detach(pair)
        differs(connection, GONE, text)
        connection.rollback()
        differs(connection, GONE, text)
    for server in pair.servers:
        assert row_of(pair, server, "SELECT count(*) FROM t WHERE v = 9") == (0,)


def test_columns_swapped_under_an_old_snapshot(pair: Cluster) -> None:
    with pair.connect(isolation=IsolationLevel.REPEATABLE_READ) as connection:
        connection.execute("SELECT sum(v) FROM t")
        rename = "ALTER TABLE other RENAME k TO x; ALTER TABLE other RENAME v TO k; ALTER TABLE other RENAME x TO v"
        on(pair, "s2", rename)
        differs(connection, "differs from its declaration", "SELECT k, v FROM other")


def test_an_old_snapshot_goes_on_after_a_change_that_changes_nothing(pair: Cluster) -> None:
    """Its plan of the look is dropped, and the new one is made under the old snapshot: another session is asked."""
    with pair.connect(isolation=IsolationLevel.REPEATABLE_READ) as connection:
        for _ in range(2):
            assert connection.execute("SELECT count(*) FROM t").fetchone() == (len(ROWS),)
            on(pair, "s2", "COMMENT ON TABLE t IS 'x'", "ANALYZE t")
            assert connection.execute("SELECT count(*) FROM t").fetchone() == (len(ROWS),)
            assert connection.execute("UPDATE t SET v = v").rowcount == len(ROWS)
            connection.commit()
        on(pair, "s2", "ANALYZE t")
    detach(pair)
    with pair.connect(isolation=IsolationLevel.REPEATABLE_READ) as connection:
        differs(connection, GONE, "SELECT count(*) FROM t")


@pytest.mark.both_versions
@pytest.mark.parametrize("text", ["UPDATE t SET v = 9 WHERE k = %s", "DELETE FROM t WHERE k = %s"])
def test_a_write_of_one_server_that_finds_no_row(pair: Cluster, over: Connection[Any], text: str) -> None:
    key = detached_key(pair)
    assert over.execute("UPDATE t SET s = 'mine' WHERE k = %s", (key,)).rowcount == 1
    detach(pair)
    differs(over, GONE, text, (key,))
    differs(over, GONE, "SELECT s FROM t WHERE k = %s FOR UPDATE", (key,))
    child = f"t_part_{held(pair, 's2')}"
    assert row_of(pair, "s2", f"SELECT s FROM {child} WHERE k = {key}") == ("mine",)
    mine = next(k for k in range(1000, 2000) if home(pair, k) == "s2")
    assert over.execute("INSERT INTO other VALUES (%s, 1)", (mine,)).rowcount == 1
    assert over.execute("UPDATE other SET v = 2 WHERE k = %s", (mine,)).rowcount == 1
    with pair.connect(autocommit=True) as fresh:
        assert fresh.execute("DELETE FROM other WHERE k = %s", (mine,)).rowcount == 1


def test_writes_where_sessions_begin_with_an_old_snapshot(pair: Cluster) -> None:
    key = detached_key(pair)
    with pair.connect(autocommit=True) as connection:
        connection.execute("SET default_transaction_isolation = 'repeatable read'")
        for _ in range(3):
            assert connection.execute("UPDATE t SET s = 'mine' WHERE k = %s", (key,)).rowcount == 1
            assert connection.execute("SELECT count(*) FROM t").fetchone() == (len(ROWS),)
            on(pair, "s2", "ANALYZE t")
        detach(pair)
        differs(connection, GONE, "UPDATE t SET s = 'yours' WHERE k = %s", (key,))
    child = f"t_part_{held(pair, 's2')}"
    assert row_of(pair, "s2", f"SELECT s FROM {child} WHERE k = {key}") == ("mine",)


@pytest.mark.parametrize("isolation", [None, IsolationLevel.REPEATABLE_READ])
def test_transactions_over_other_tables_go_on(pair: Cluster, isolation: Any) -> None:
    """Whoever began when the table was changed, and whoever comes later."""
    with pair.connect(isolation=isolation) as began:
        assert began.execute("SELECT sum(v) FROM other").fetchone() == (15,)
        detach(pair)
        assert began.execute("UPDATE other SET v = v + 1").rowcount == 5
        assert began.execute("SELECT sum(v) FROM other").fetchone() == (20,)
        began.commit()
    for _ in range(2):
        with pair.connect(isolation=isolation) as fresh:
            assert fresh.execute("SELECT sum(v) FROM other").fetchone() == (20,)
            assert fresh.execute("SELECT label FROM few").fetchone() == ("one",)
            assert fresh.execute("SELECT sum(v) FROM other").fetchone() == (20,)
            differs(fresh, GONE, "SELECT count(*) FROM t")


def test_each_shape_is_looked_into_once_for_all_connections(
    pair: Cluster, over: Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[str] = []
    look = declared_tables.all_differences

    def counted(pools: Any, server: str, state: Any) -> Any:
        looks.append(server)
        return look(pools, server, state)

    monkeypatch.setattr("parallel_partition.execution.version.all_differences", counted)
    detach(pair)
    for _ in range(3):
        with pair.connect() as connection:
            assert connection.execute("SELECT sum(v) FROM other").fetchone() == (15,)
    assert looks == ["s2"]


@pytest.mark.both_versions
def test_a_table_made_again_by_hand(pair: Cluster, over: Connection[Any]) -> None:
    """Planned while it was missing, the look depends on nothing that tells of it."""
    on(pair, "s2", "ALTER TABLE other RENAME TO away")
    for _ in range(3):
        differs(over, "table public.other is missing on server s2", "SELECT count(*) FROM other")
        assert over.execute("SELECT count(*) FROM t").fetchone() == (len(ROWS),)
    on(pair, "s2", "CREATE TABLE other (k int, v int)")
    differs(over, "on server s2 differs from its declaration", "SELECT count(*) FROM other")
    on(pair, "s2", "DROP TABLE other", "ALTER TABLE away RENAME TO other")
    assert over.execute("SELECT sum(v) FROM other").fetchone() == (15,)


@pytest.mark.both_versions
def test_a_child_that_is_being_detached(pair: Cluster, over: Connection[Any]) -> None:
    """Statements leave it out as soon as its detaching has begun."""
    part = held(pair, "s2")
    with psycopg.connect(pair.servers["s2"].conninfo) as reader:
        reader.execute("SELECT count(*) FROM t")
        with psycopg.connect(pair.servers["s2"].conninfo, autocommit=True) as direct:
            direct.execute("SET statement_timeout = '200ms'")
            with pytest.raises(psycopg.errors.QueryCanceled):
                direct.execute(f"ALTER TABLE t DETACH PARTITION t_part_{part} CONCURRENTLY".encode())
    differs(over, GONE, "SELECT count(*) FROM t")
    assert over.execute("SELECT sum(v) FROM other").fetchone() == (15,)


@pytest.mark.both_versions
def test_a_table_changed_while_the_look_at_it_is_planned(pair: Cluster, over: Connection[Any]) -> None:
    """The planning has a snapshot of before, and no plan is there yet that the change could invalidate."""
    key = detached_key(pair)
    swap = "ALTER TABLE other RENAME k TO x; ALTER TABLE other RENAME v TO k; ALTER TABLE other RENAME x TO v"
    on(pair, "s2", "ALTER TABLE few ALTER label SET STATISTICS 10")  # the look is planned anew
    with (
        ThreadPoolExecutor(1) as thread,
        psycopg.connect(pair.servers["s2"].conninfo) as changing,
    ):
        changing.execute("LOCK TABLE pg_catalog.pg_inherits")
        read = thread.submit(over.execute, b"SELECT s FROM t WHERE k = %s", (key,))
        while row_of(pair, "s2", "SELECT count(*) FROM pg_locks WHERE NOT granted") == (0,):
            assert not read.done()
        changing.execute(swap.encode())
        changing.commit()
        assert read.result().fetchone() == (str(key),)
    differs(over, "differs from its declaration", "SELECT k, v FROM other")
    assert over.execute("SELECT count(*) FROM t").fetchone() == (len(ROWS),)


def test_a_server_whose_transactions_begin_with_an_old_snapshot(pair: Cluster) -> None:
    """Its answers have another check behind them than the other server's."""
    with psycopg.connect(pair.servers["s2"].conninfo, autocommit=True) as direct:
        database = f'ALTER DATABASE "{direct.info.dbname}" SET default_transaction_isolation = serializable'
        direct.execute(database.encode())
    with Cluster.open(pair.servers["s1"].conninfo) as opened, opened.connect() as connection:
        assert connection.execute("SELECT k, s FROM t ORDER BY k").fetchall() == [
            (k, s) for k, _, _, s in ROWS
        ]
        assert connection.execute("UPDATE t SET v = v").rowcount == len(ROWS)
        locked = connection.execute("SELECT k FROM t FOR UPDATE").fetchall()
        assert sorted(locked) == [(k,) for k, *_ in ROWS]


def test_local_tables_where_transactions_begin_with_an_old_snapshot(pair: Cluster) -> None:
    with pair.connect(autocommit=True) as connection:
        connection.execute("SET default_transaction_isolation = 'repeatable read'")
        connection.execute("CREATE TABLE mine (n int)")
        assert connection.execute("INSERT INTO mine VALUES (1)").rowcount == 1
        connection.execute("VACUUM mine")
        assert connection.execute("SELECT n FROM mine").fetchone() == (1,)


@pytest.fixture
def lowly(pair: Cluster) -> Iterator[str]:
    """A role that may read one table, and not use the schema of another."""
    for server in pair.servers:
        on(
            pair,
            server,
            f"DO $$ BEGIN CREATE ROLE {LOWLY} LOGIN; EXCEPTION WHEN duplicate_object THEN END $$",
            f"GRANT SELECT ON t, few TO {LOWLY}",
            "CREATE SCHEMA secret",
        )
    pair.create_table("CREATE TABLE secret.far (k int PRIMARY KEY)", key="k")
    yield LOWLY
    for server in pair.servers:
        on(pair, server, f"DROP OWNED BY {LOWLY}", f"DROP ROLE IF EXISTS {LOWLY}")


@pytest.mark.both_versions
def test_a_role_that_may_not_use_the_schema_of_another_table(pair: Cluster, lowly: str) -> None:
    with pair.connect(autocommit=True) as connection:
        connection.execute(f"SET ROLE {lowly}".encode())
        for _ in range(2):
            assert connection.execute("SELECT count(*) FROM t").fetchone() == (len(ROWS),)
            assert connection.execute("SELECT s FROM t WHERE k = 3").fetchone() == ("3",)
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="secret"):
            connection.execute("SELECT count(*) FROM secret.far")
        detach(pair)
        differs(connection, GONE, "SELECT count(*) FROM t")
        assert connection.execute("SELECT label FROM few").fetchone() == ("one",)


@pytest.mark.both_versions
def test_a_cluster_opened_by_such_a_role(pair: Cluster, lowly: str) -> None:
    conninfo = make_conninfo(pair.servers["s1"].conninfo, options=f"-c role={lowly}")
    with Cluster.open(conninfo) as opened, opened.connect(autocommit=True) as connection:
        assert connection.execute("SELECT count(*) FROM t").fetchone() == (len(ROWS),)


@pytest.mark.both_versions
def test_rows_are_gathered_while_servers_analyze_their_tables(
    pair: Cluster, over: Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As autovacuum does all the time: it drops what was planned, which is planned again under an old snapshot."""
    begin = gather.begin_streams

    def begun(*given: Any) -> Any:
        sessions = begin(*given)
        for server in pair.servers:
            on(pair, server, "ANALYZE t", "ANALYZE other")
        return sessions

    monkeypatch.setattr(gather, "begin_streams", begun)
    query = "SELECT count(*) FROM t JOIN other ON t.v = other.v"
    expected = over.execute(query).fetchone()
    for _ in range(3):
        assert over.execute(query).fetchone() == expected
    detach(pair)
    differs(over, GONE, query)
