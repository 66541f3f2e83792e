"""Savepoints over servers: whatever is done with them, the connection says what psycopg says on one PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from psycopg.pq import TransactionStatus

from parallel_partition import Cluster, errors
from parallel_partition.dbapi.connection import Connection
from tests.fix_clusters import MakeCluster
from tests.fix_faults import StartCluster

ALL = "SELECT k, v FROM t ORDER BY k"
DDL = "CREATE TABLE t (k int PRIMARY KEY, v int)"


@pytest.fixture(scope="module")
def trio(make_module_cluster: MakeCluster) -> Cluster:
    """Three servers with a sharded and a reference table."""
    cluster = make_module_cluster(3)
    cluster.create_table(DDL, key="k")
    cluster.create_table("CREATE TABLE r (id int PRIMARY KEY, label text)", reference=True)
    return cluster


@pytest.fixture
def over(trio: Cluster) -> Iterator[Connection[Any]]:
    """A connection to it, whose tables are empty."""
    with trio.connect(autocommit=True) as connection:
        connection.execute("DELETE FROM t")
        connection.execute("DELETE FROM r")
        yield connection


@pytest.fixture(scope="module")
def module_one(module_plain: str) -> Iterator[psycopg.Connection[Any]]:
    """The same tables on one PostgreSQL."""
    with psycopg.connect(module_plain, autocommit=True) as plain:
        plain.execute(DDL)
        plain.execute("CREATE TABLE r (id int PRIMARY KEY, label text)")
        yield plain


@pytest.fixture
def plain(module_one: psycopg.Connection[Any]) -> psycopg.Connection[Any]:
    module_one.rollback()
    module_one.autocommit = True
    module_one.execute("DELETE FROM t")
    module_one.execute("DELETE FROM r")
    return module_one


def on(cluster: Cluster, server: str, count: int = 1, skip: int = 0) -> list[int]:
    """Keys whose rows are on a server."""
    keys = [key for key in range(1, 200) if cluster.shard_map.server_of(key) == server]
    return keys[skip : skip + count]


def insert(connection: Any, *keys: int) -> None:
    connection.execute("INSERT INTO t VALUES " + ", ".join(f"({key}, 1)" for key in keys))


def keys_of(connection: Any) -> list[int]:
    return [key for key, _ in connection.execute(ALL)]


# --- the same as one PostgreSQL -------------------------------------------------------------------------------

#: Sequences of statements; each is followed by a look at the transaction, and at the rows where that is possible.
SEQUENCES: dict[str, list[str]] = {
    "back and on": [
        "INSERT INTO t VALUES (1, 1), (2, 1), (3, 1), (4, 1)",
        "SAVEPOINT a",
        "UPDATE t SET v = 2",
        "ROLLBACK TO a",
        "DELETE FROM t WHERE k = 3",
        "ROLLBACK TO SAVEPOINT a",
        "INSERT INTO t VALUES (5, 5), (6, 6)",
        "RELEASE a",
        "COMMIT",
    ],
    "first of all": ["SAVEPOINT a", "INSERT INTO t VALUES (1, 1), (2, 1), (3, 1)", "ROLLBACK TO a", "COMMIT"],
    "an error": [
        "INSERT INTO t VALUES (1, 1), (2, 1), (3, 1), (4, 0)",
        "SAVEPOINT a",
        "INSERT INTO t VALUES (1, 1)",
        "SELECT 1",
        "RELEASE a",
        "SAVEPOINT b",
        "ROLLBACK TO a",
        "SELECT 1 / v FROM t",
        "ROLLBACK TO a",
        "SELECT nothing FROM t",
        "ROLLBACK TO a",
        "SELECT * FROM nowhere WHERE k = 1",
        "ROLLBACK TO a",
        "INSERT INTO t VALUES (5, 5)",
        "COMMIT",
    ],
    "the same name": [
        "SAVEPOINT a",
        "INSERT INTO t VALUES (1, 1)",
        "SAVEPOINT a",
        "INSERT INTO t VALUES (2, 2)",
        "ROLLBACK TO a",
        "INSERT INTO t VALUES (3, 3)",
        "RELEASE a",
        "ROLLBACK TO a",
        "RELEASE a",
        "ROLLBACK TO a",
        "ROLLBACK",
    ],
    "nested": [
        "INSERT INTO t VALUES (1, 1)",
        "SAVEPOINT a",
        "INSERT INTO t VALUES (2, 2)",
        'SAVEPOINT "B c"',
        "INSERT INTO t VALUES (3, 3)",
        "SAVEPOINT d",
        "INSERT INTO t VALUES (4, 4)",
        'RELEASE "B c"',
        "ROLLBACK TO d",
        "ROLLBACK TO A",
        'ROLLBACK TO "B c"',
        "ROLLBACK TO a",
        "COMMIT",
    ],
    "none": [
        "ROLLBACK TO a",
        "SELECT 1",
        "ROLLBACK",
        "RELEASE a",
        "COMMIT",
        "SAVEPOINT a",
        "COMMIT",
        "ROLLBACK TO a",
    ],
    "settings": [
        "SET TIME ZONE 'Asia/Tokyo'",
        "SAVEPOINT a",
        "SET LOCAL TIME ZONE 'Europe/Rome'",
        "SAVEPOINT b",
        "SET TIME ZONE 'Asia/Kolkata'",
        "ROLLBACK TO b",
        "ROLLBACK TO a",
        "RELEASE a",
        "COMMIT",
        "SHOW TIME ZONE",
        "RESET TIME ZONE",
        "COMMIT",
    ],
    "reference tables": [
        "INSERT INTO r VALUES (1, 'a')",
        "SAVEPOINT a",
        "UPDATE r SET label = 'b'",
        "INSERT INTO r VALUES (1, 'c')",
        "ROLLBACK TO a",
        "INSERT INTO r VALUES (2, 'd')",
        "COMMIT",
    ],
}
#: What is looked at behind each statement: rows of all kinds of plans, and the settings of all sessions.
LOOKS = (
    ALL,
    "SELECT count(*), sum(v) FROM t",
    "SELECT k, rank() OVER (ORDER BY v DESC, k) FROM t ORDER BY k",
    "SELECT v FROM t WHERE k = 2",
    "SELECT * FROM r ORDER BY id",
    "SELECT max('2026-01-01 00:00+00'::timestamptz::text) FROM t",
    "SELECT '2026-01-01 00:00+00'::timestamptz::text",
)


def outcome(connection: Any, statement: str) -> tuple[Any, ...]:
    """What a statement says, and how it leaves the transaction."""
    try:
        cursor = connection.execute(statement)
        said: tuple[Any, ...] = (
            cursor.statusmessage,
            cursor.rowcount,
            cursor.description and cursor.fetchall(),
        )
    except psycopg.Error as error:
        said = error.sqlstate, getattr(error, "driver_class", type(error)).__name__
    return *said, connection.info.transaction_status


@pytest.mark.parametrize("begin", ["BEGIN", ""])
@pytest.mark.parametrize("name", SEQUENCES)
def test_sequences(plain: psycopg.Connection[Any], over: Connection[Any], name: str, begin: str) -> None:
    plain.autocommit = over.autocommit = bool(begin)
    for connection in (plain, over):
        connection.execute("SET TIME ZONE 'UTC'")
        connection.commit()
    for statement in [begin, *SEQUENCES[name]] if begin else SEQUENCES[name]:
        assert outcome(over, statement) == outcome(plain, statement), statement
        if plain.info.transaction_status == TransactionStatus.INTRANS:
            for look in LOOKS:
                assert outcome(over, look) == outcome(plain, look), (statement, look)
    for connection in (plain, over):
        connection.rollback()
    assert outcome(over, ALL) == outcome(plain, ALL)


def blocks_within_blocks(connection: Any, log: list[Any]) -> None:
    with connection.transaction() as outer:
        assert isinstance(outer, psycopg.Transaction)
        assert outer.connection is connection
        log.append((outer.savepoint_name, outer.status))
        insert(connection, 1, 2, 3)
        with connection.transaction() as inner:
            log.append((inner.savepoint_name, inner.status, inner.force_rollback))
            insert(connection, 4, 5, 6)
        log.append(inner.status)
        with connection.transaction("named", force_rollback=True) as inner:
            log.append((inner.savepoint_name, inner.status))
            insert(connection, 7, 8, 9)
        log.append((inner.status, keys_of(connection)))
        with pytest.raises(ZeroDivisionError), connection.transaction() as inner:
            insert(connection, 7, 8, 9)
            raise ZeroDivisionError
        log.append((inner.status, keys_of(connection)))
        with connection.transaction() as inner:
            insert(connection, 7)
            raise psycopg.Rollback
        with connection.transaction() as inner, connection.transaction():
            insert(connection, 7)
            raise psycopg.Rollback(inner)
        with pytest.raises(psycopg.errors.UniqueViolation), connection.transaction():
            insert(connection, 1)
        log.append((keys_of(connection), connection.info.transaction_status))
        for end in (connection.commit, connection.rollback):
            with pytest.raises(psycopg.ProgrammingError, match="xplicit"):
                end()
    log.append((outer.status, keys_of(connection)))


def a_rollback_of_the_outer_block(connection: Any, log: list[Any]) -> None:
    with connection.transaction("first") as outer:
        log.append(outer.savepoint_name)
        insert(connection, 1, 2)
        with connection.transaction() as inner:
            insert(connection, 3)
            raise psycopg.Rollback(outer)
    log.append((outer.status, inner.status, keys_of(connection)))


def blocks_out_of_order(connection: Any, log: list[Any]) -> None:
    one, two = connection.transaction("one"), connection.transaction("two")
    one.__enter__()
    two.__enter__()
    with pytest.raises(psycopg.ProgrammingError, match="at the wrong nesting level") as caught:
        one.__exit__(None, None, None)
    log.append(str(caught.value)[:45])
    with pytest.raises(psycopg.ProgrammingError, match="at the wrong nesting level"):
        two.__exit__(None, None, None)
    log.append(connection.info.transaction_status)
    connection.rollback()


def a_block_behind_a_statement(connection: Any, log: list[Any]) -> None:
    connection.autocommit = False
    insert(connection, 1, 2)
    with connection.transaction() as block:
        log.append(block.savepoint_name)
        insert(connection, 3)
    log.append(connection.info.transaction_status)
    connection.rollback()
    log.append(keys_of(connection))


def a_block_whose_transaction_was_ended(connection: Any, log: list[Any]) -> None:
    for end in ("COMMIT", "ROLLBACK"):
        with (
            pytest.raises(psycopg.errors.NoActiveSqlTransaction) as caught,
            connection.transaction(),
            connection.transaction("inner"),
        ):
            connection.execute(end)
        log.append((str(caught.value).splitlines()[0], connection.info.transaction_status))


def a_swallowed_error(connection: Any, log: list[Any]) -> None:
    with (
        pytest.raises(psycopg.errors.InFailedSqlTransaction),
        connection.transaction(),
        connection.transaction(),
    ):
        with pytest.raises(psycopg.errors.UndefinedTable):
            connection.execute("SELECT * FROM nowhere")
        log.append(connection.info.transaction_status)
    log.append(connection.info.transaction_status)


def a_block_twice(connection: Any, log: list[Any]) -> None:
    block = connection.transaction()
    with block:
        insert(connection, 1)
    with pytest.raises((TypeError, AttributeError, RuntimeError)), block:
        pass
    log.append(keys_of(connection))


@pytest.mark.parametrize(
    "call",
    [
        blocks_within_blocks,
        a_rollback_of_the_outer_block,
        blocks_out_of_order,
        a_block_behind_a_statement,
        a_block_whose_transaction_was_ended,
        a_swallowed_error,
        a_block_twice,
    ],
    ids=lambda call: call.__name__,
)
def test_blocks(
    plain: psycopg.Connection[Any], over: Connection[Any], call: Callable[[Any, list[Any]], None]
) -> None:
    expected: list[Any] = []
    found: list[Any] = []
    call(plain, expected)
    call(over, found)
    assert found == expected
    assert len(found) > 0


def test_errors_of_blocks_are_the_librarys_too(over: Connection[Any]) -> None:
    one, two = over.transaction("one"), over.transaction("two")
    one.__enter__()
    two.__enter__()
    with pytest.raises(errors.ProgrammingError, match="at the wrong nesting level"):
        one.__exit__(None, None, None)
    with pytest.raises(errors.ProgrammingError):
        two.__exit__(None, None, None)


# --- servers that join later ----------------------------------------------------------------------------------


def test_what_a_server_did_that_joined_later_is_undone(trio: Cluster, over: Connection[Any]) -> None:
    [first], [second], [third] = (on(trio, server) for server in trio.servers)
    state = over.transaction_state
    with over.transaction():
        insert(over, first)
        over.execute("SAVEPOINT a")
        insert(over, second)
        over.execute("SAVEPOINT b")
        insert(over, third)
        assert list(state.begun) == list(trio.servers)
        over.execute("ROLLBACK TO a")
        assert keys_of(over) == [first]
        assert state.wrote == {"s1"}
        insert(over, second)
    assert keys_of(over) == sorted([first, second])


def test_who_was_written_since_is_no_writer_any_more(throwaway_cluster: StartCluster) -> None:
    """Without max_prepared_transactions a second writer is refused: who is none any more does not count."""
    local = throwaway_cluster(2, max_prepared_transactions=0)
    with Cluster.create(local.conninfos, num_partitions=8) as cluster:
        cluster.create_table(DDL, key="k")
        [first], [second] = on(cluster, "s1"), on(cluster, "s2")
        with cluster.connect() as connection:
            with connection.transaction():
                with connection.transaction(force_rollback=True):
                    insert(connection, first)
                insert(connection, second)
            with connection.transaction():
                with connection.transaction():
                    insert(connection, first)
                with pytest.raises(errors.CrossShardWriteRefused), connection.transaction():
                    connection.execute("UPDATE t SET v = 2 WHERE k = %s", (second,))
                assert connection.execute(ALL).fetchall() == sorted([(first, 1), (second, 1)])
            assert connection.execute(ALL).fetchall() == sorted([(first, 1), (second, 1)])


def test_a_commit_over_servers_behind_savepoints(trio: Cluster, over: Connection[Any]) -> None:
    """Two writers are left, and one that wrote only what was undone: it is none of the prepared."""
    [first], [second], [third] = (on(trio, server) for server in trio.servers)
    with over.transaction():
        over.execute("SAVEPOINT a")
        insert(over, second)
        over.execute("ROLLBACK TO a")
        insert(over, first)
        over.execute("SAVEPOINT b")
        insert(over, third)
        assert over.transaction_state.wrote == {"s1", "s3"}
    assert keys_of(over) == sorted([first, third])


@pytest.mark.parametrize("isolation", ["snapshot", psycopg.IsolationLevel.REPEATABLE_READ])
def test_snapshots_outlive_savepoints(trio: Cluster, over: Connection[Any], isolation: Any) -> None:
    """Also that of a server which joined behind the savepoint, as the first that read it is none of its own."""
    keys = [key for server in trio.servers for key in on(trio, server)]
    insert(over, *keys)
    with trio.connect(isolation=isolation) as reader:
        reader.execute("SAVEPOINT a")
        assert keys_of(reader) == sorted(keys)
        over.execute("DELETE FROM t")
        reader.execute("ROLLBACK TO a")
        assert keys_of(reader) == sorted(keys)
        with pytest.raises(psycopg.errors.SerializationFailure):
            reader.execute("UPDATE t SET v = 2")
        reader.execute("ROLLBACK TO a")
        assert keys_of(reader) == sorted(keys)
        insert(reader, *(key + 200 for key in keys))
        reader.execute("RELEASE a")
        reader.commit()
    assert len(keys_of(over)) == len(keys)


def test_a_snapshot_is_taken_behind_the_first_savepoint(trio: Cluster, over: Connection[Any]) -> None:
    """SAVEPOINT alone takes none, as in PostgreSQL."""
    with trio.connect(isolation="snapshot") as reader:
        reader.execute("SAVEPOINT a")
        insert(over, 1, 2, 3, 4)
        assert keys_of(reader) == [1, 2, 3, 4]


def test_locks_are_let_go(trio: Cluster, over: Connection[Any]) -> None:
    insert(over, 1, 2, 3, 4)
    with trio.connect() as other, over.transaction():
        over.execute("SAVEPOINT a")
        over.execute("SELECT k FROM t FOR UPDATE").fetchall()
        over.execute("ROLLBACK TO a")
        assert len(other.execute("SELECT k FROM t FOR UPDATE NOWAIT").fetchall()) == 4
        other.rollback()
