"""ParallelConnection over psycopg 3, psycopg 2 and sqlite3 alike, and over a mixture of them."""

from __future__ import annotations

import os
import signal
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import psycopg2
import psycopg2.extras
import psycopg2.pool
import pytest
from psycopg.rows import dict_row

from parallel_partition.errors import FanOutError, InterfaceError, OperationalError, ProgrammingError
from parallel_partition.parallel_connection import ParallelConnection
from tests.fix_databases import MakeDatabases

Open = Callable[[str], list[Any]]
#: Runs for ever in sqlite3, unless it is interrupted.
ENDLESS = "WITH RECURSIVE t (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT count(*) FROM t"
#: Fails at once where ``plays.divisor`` is 0 and sleeps where it is not.
FAIL_OR_SLEEP = "SELECT CASE WHEN 1 / divisor = 1 THEN (SELECT 1 FROM pg_sleep(100)) END FROM plays"


@pytest.fixture(scope="module")
def places(module_databases: MakeDatabases) -> list[str]:
    """The conninfos of three databases for all tests of this module, each test beginning with empty ones."""
    return module_databases(3)


@pytest.fixture
def three(places: list[str], tmp_path: Path) -> Iterator[Open]:
    """A function: the driver's name -> three open connections; ``rows`` holds 3, 0 and 2 rows. Closed at
    the end.
    """
    opened: list[Any] = []

    def connections(driver: str) -> list[Any]:
        if driver.startswith("sqlite3"):
            same = driver == "sqlite3"
            new = [sqlite3.connect(tmp_path / f"{n}.db", check_same_thread=same) for n in range(3)]
        else:
            connect = psycopg.connect if driver == "psycopg" else psycopg2.connect
            new = [connect(conninfo) for conninfo in places]
        opened.extend(new)
        for connection, rows in zip(
            new, ([(1, "one"), (2, None), (3, "three")], [], [(4, "x"), (5, "y")]), strict=True
        ):
            fill(connection, rows)
        return new

    yield connections
    for connection in opened:
        connection.close()


def fill(connection: Any, rows: list[tuple[int, str | None]]) -> None:
    cursor = connection.cursor()
    cursor.execute("DROP TABLE IF EXISTS rows")
    cursor.execute("CREATE TABLE rows (id integer PRIMARY KEY, word text)")
    place = "?" if isinstance(connection, sqlite3.Connection) else "%s"
    cursor.executemany(f"INSERT INTO rows VALUES ({place}, {place})", rows)
    cursor.close()
    connection.commit()


def play(connections: list[Any], failing: set[int]) -> None:
    for index, connection in enumerate(connections):
        cursor = connection.cursor()
        cursor.execute("DROP TABLE IF EXISTS plays")
        cursor.execute("CREATE TABLE plays AS SELECT %s AS divisor", (int(index not in failing),))
        cursor.close()
        connection.commit()


DRIVERS = pytest.mark.parametrize("driver", ["psycopg", "psycopg2", "sqlite3", "sqlite3 of any thread"])
POSTGRES = pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
ALL = [(1, "one"), (2, None), (3, "three"), (4, "x"), (5, "y")]
QUERY = "SELECT id, word FROM rows ORDER BY id"


@DRIVERS
def test_rows_are_the_union_in_the_order_of_the_connections(three: Open, driver: str) -> None:
    connection = ParallelConnection(three(driver))
    with connection.cursor() as cursor:
        assert cursor.description is None
        cursor.execute(QUERY)
        assert [column[0] for column in cursor.description] == ["id", "word"]
        assert cursor.rowcount == (-1 if driver.startswith("sqlite3") else 5)
        assert cursor.fetchall() == ALL
        assert cursor.fetchall() == []
        assert cursor.fetchone() is None


@DRIVERS
def test_rows_can_be_taken_in_pieces(three: Open, driver: str) -> None:
    cursor = ParallelConnection(three(driver)).execute(QUERY)
    assert cursor.fetchone() == ALL[0]
    assert cursor.fetchmany(3) == ALL[1:4]
    assert cursor.fetchmany() == ALL[4:]
    assert cursor.fetchmany(10) == []
    cursor.execute(QUERY)
    assert cursor.fetchone() == ALL[0]
    assert list(cursor) == ALL[1:]
    cursor.execute(QUERY)
    rows = iter(cursor)
    assert next(rows) == ALL[0]
    assert cursor.fetchall() == ALL[1:]
    cursor.close()


@DRIVERS
def test_a_row_of_nulls_is_a_row(three: Open, driver: str) -> None:
    cursor = ParallelConnection(three(driver)).execute("SELECT NULL AS x")
    assert [cursor.fetchone() for _ in range(4)] == [(None,), (None,), (None,), None]
    cursor.close()


@DRIVERS
def test_statements_write_on_every_connection(three: Open, driver: str) -> None:
    place = "?" if driver.startswith("sqlite3") else "%s"
    connection = ParallelConnection(three(driver))
    cursor = connection.cursor()
    cursor.executemany(f"INSERT INTO rows VALUES ({place}, {place})", ((n, "new") for n in (10, 11)))
    assert cursor.rowcount == 6
    connection.commit()
    cursor.execute(f"DELETE FROM rows WHERE id < {place}", (10,))
    assert cursor.rowcount == 5
    connection.rollback()
    cursor.execute(f"SELECT count(*) FROM rows WHERE word = {place}", ("new",))
    assert cursor.fetchall() == [(2,), (2,), (2,)]
    cursor.execute("SELECT count(*) FROM rows")
    assert cursor.fetchall() == [(5,), (2,), (4,)]
    cursor.close()


def test_cursor_arguments_reach_the_drivers_cursors(three: Open) -> None:
    with ParallelConnection(three("psycopg2")).cursor(
        cursor_factory=psycopg2.extras.RealDictCursor
    ) as cursor:
        cursor.execute("SELECT id, word FROM rows WHERE id > %s ORDER BY id", (3,))
        assert cursor.fetchone()["word"] == "x"
        assert [dict(row) for row in cursor.fetchall()] == [{"id": 5, "word": "y"}]


def test_psycopg_3s_row_factory_and_options_reach_its_cursors(three: Open) -> None:
    with ParallelConnection(three("psycopg")).cursor(row_factory=dict_row) as cursor:
        cursor.execute("SELECT id FROM rows WHERE id > %(low)s ORDER BY id", {"low": 3}, binary=True)
        assert cursor.fetchall() == [{"id": 4}, {"id": 5}]


@POSTGRES
def test_server_side_cursors(three: Open, driver: str) -> None:
    connection = ParallelConnection(three(driver))
    cursor = connection.cursor("named")
    cursor.execute(QUERY)
    assert cursor.fetchmany(2) == ALL[:2]
    assert list(cursor) == ALL[2:]
    cursor.close()


def test_mogrify(three: Open) -> None:
    with ParallelConnection(three("psycopg2")).cursor() as cursor:
        assert cursor.mogrify("SELECT %s", ("it's",)) == b"SELECT 'it''s'"
    with ParallelConnection(three("psycopg")[:2]).cursor() as cursor, pytest.raises(FanOutError):
        cursor.mogrify("SELECT %s", ("only a ClientCursor has it",))


def test_the_connections_run_at_the_same_time(three: Open) -> None:
    connections = three("sqlite3 of any thread")
    barrier = threading.Barrier(3, timeout=60)
    for connection in connections:
        connection.create_function("meet", 0, barrier.wait)
    cursor = ParallelConnection(connections).execute("SELECT meet()")
    assert sorted(cursor.fetchall()) == [(0,), (1,), (2,)]
    cursor.close()


def test_connections_bound_to_a_thread_run_beside_the_others(three: Open) -> None:
    mine, free = three("sqlite3")[0], three("psycopg")[1:]
    meeting: list[str] = []
    mine.create_function("name", 0, lambda: meeting.append(threading.current_thread().name))
    cursor = ParallelConnection([free[0], mine, free[1]]).execute(QUERY)
    assert cursor.fetchall() == [*ALL[:3], *ALL[3:]]
    mine.execute("SELECT name()")
    assert meeting == [threading.current_thread().name]
    cursor.close()


def test_a_connection_bound_to_another_thread_is_named(three: Open) -> None:
    connection = ParallelConnection([*three("psycopg")[:1], *three("sqlite3")[1:2]])
    errors: list[BaseException] = []

    def use() -> None:
        with pytest.raises(sqlite3.ProgrammingError) as caught:
            connection.execute("SELECT 1")
        errors.append(caught.value)

    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
    assert "connection 2 of 2 (sqlite3.Connection): SQLite objects created in a thread" in str(errors[0])


# --- failures -----------------------------------------------------------------------------------------------


@POSTGRES
def test_one_failure_is_named_and_the_others_are_cancelled(three: Open, driver: str) -> None:
    connections = three(driver)
    play(connections, failing={1})
    connection = ParallelConnection(connections)
    module = psycopg if driver == "psycopg" else psycopg2
    with connection.cursor() as cursor, pytest.raises(module.errors.DivisionByZero) as caught:
        cursor.execute(FAIL_OR_SLEEP)
    error = caught.value
    assert isinstance(error, FanOutError)
    assert isinstance(error, OperationalError)
    assert str(error).startswith(f"connection 2 of 3 (127.0.0.1:{connections[1].info.port}/")
    assert "division by zero" in str(error)
    assert isinstance(error.__cause__, module.errors.DivisionByZero)
    assert list(error.errors.values()) == [error.__cause__]
    code = error.sqlstate if driver == "psycopg" else error.pgcode
    assert code == "22012"
    assert error.diag.message_primary == "division by zero"
    first, third = error.__notes__
    assert (first[:17], third[:17]) == ("connection 1 of 3", "connection 3 of 3")
    assert first.endswith("was cancelled")
    connection.rollback()
    assert connection.execute(QUERY).fetchall() == ALL


@POSTGRES
def test_every_failure_is_there(three: Open, driver: str) -> None:
    module = psycopg if driver == "psycopg" else psycopg2
    connection = ParallelConnection(three(driver))
    with pytest.raises(module.errors.UndefinedTable) as caught:
        connection.execute("SELECT * FROM absent")
    error = caught.value
    assert isinstance(error, FanOutError)
    # Only those that were cancelled before they could fail are missing, and then that is said.
    assert len(error.errors) + len(getattr(error, "__notes__", [])) == 3
    assert all(isinstance(each, module.errors.UndefinedTable) for each in error.errors.values())
    connection.rollback()
    with pytest.raises(module.errors.InFailedSqlTransaction) as caught:
        connections_failed(connection)
    assert "3 connections failed" in str(caught.value)


def connections_failed(connection: ParallelConnection) -> None:
    """Fail on every connection in a call that cancels nothing."""
    cursor = connection.cursor()
    for each in cursor.cursors:
        with pytest.raises(Exception, match="absent"):
            each.execute("SELECT * FROM absent")
    connection.run_each(lambda index: cursor.cursors[index].execute("SELECT 1"), cancel=False)


@POSTGRES
def test_a_late_cancel_never_hits_the_next_statement(three: Open, driver: str) -> None:
    connections = three(driver)
    for connection in connections:
        connection.autocommit = True
    play_later = ParallelConnection(connections)
    play(connections, failing={2})
    for _ in range(50):
        with pytest.raises(FanOutError, match="division by zero"):
            play_later.execute("SELECT 1 / divisor FROM plays")
        assert play_later.execute("SELECT count(*) FROM rows").fetchall() == [(3,), (0,), (2,)]


@POSTGRES
def test_a_lost_connection_is_named_and_ends_the_others(three: Open, driver: str) -> None:
    connections = three(driver)
    connection = ParallelConnection(connections)
    lost = connections[0].info.backend_pid
    killer = threading.Thread(target=kill_when_asleep, args=(connections[0].info, lost))
    killer.start()
    with pytest.raises(FanOutError, match=r"connection 1 of 3 \(127\.0\.0\.1:") as caught:
        connection.execute("SELECT pg_sleep(100)")
    killer.join()
    assert len(caught.value.errors) == 1
    assert [note[-13:] for note in caught.value.__notes__] == ["was cancelled"] * 2
    with pytest.raises(FanOutError) as caught:
        connection.rollback()
    assert "rolled back: connection 2 of 3" in caught.value.__notes__[0]
    connection.close()


def kill_when_asleep(info: Any, pid: int) -> None:
    query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = %s AND wait_event = 'PgSleep'"
    with psycopg.connect(host=info.host, port=info.port, dbname=info.dbname, user=info.user) as other:
        while other.execute(query, (pid,)).fetchone() is None:
            other.commit()


def test_sqlite_is_interrupted_whichever_thread_it_runs_in(three: Open) -> None:
    bound, *free = sqlite3.connect(":memory:"), *three("sqlite3 of any thread")
    for connections in ([bound, free[0]], [free[1], free[0]]):
        connections[0].create_function("part", 0, lambda: 0)
        connections[1].create_function("part", 0, lambda: 1 // 0)
        query = f"SELECT CASE part() WHEN 0 THEN ({ENDLESS}) END"
        with pytest.raises(sqlite3.OperationalError, match="connection 2 of 2") as caught:
            ParallelConnection(connections).execute(query)
        assert caught.value.__notes__ == ["connection 1 of 2 (sqlite3.Connection) was cancelled"]
    bound.close()


def test_a_failure_in_the_callers_thread_cancels_the_others(three: Open) -> None:
    bound, free = three("sqlite3")[0], three("psycopg")[0]
    bound.create_function("pg_sleep", 1, lambda _: 1 // 0)
    with pytest.raises(sqlite3.OperationalError, match="connection 2 of 2") as caught:
        ParallelConnection([free, bound]).execute("SELECT pg_sleep(100)")
    assert caught.value.__notes__[0].endswith("was cancelled")
    assert isinstance(caught.value, FanOutError)
    free.rollback()
    assert free.execute("SELECT 1").fetchall() == [(1,)]


def test_what_differs_between_drivers_is_not_lost(three: Open) -> None:
    connection = ParallelConnection([three("sqlite3")[0], three("psycopg")[0]])
    with pytest.raises(FanOutError) as caught:
        connection.run_each(lambda index: connection.connections[index].execute("SELEC"), cancel=False)
    assert {type(error) for error in caught.value.errors.values()} == {
        sqlite3.OperationalError,
        psycopg.errors.SyntaxError,
    }


def test_interrupting_the_wait_cancels_everything(three: Open) -> None:
    connections = three("psycopg2")
    connection = ParallelConnection(connections)
    info = connections[2].info
    sender = threading.Thread(target=interrupt_when_asleep, args=(info, info.backend_pid))
    sender.start()
    with pytest.raises(KeyboardInterrupt):
        connection.execute("SELECT pg_sleep(100)")
    sender.join()
    connection.rollback()
    assert connection.execute(QUERY).fetchall() == ALL


def interrupt_when_asleep(info: Any, pid: int) -> None:
    query = "SELECT FROM pg_stat_activity WHERE pid = %s AND wait_event = 'PgSleep'"
    with psycopg.connect(host=info.host, port=info.port, dbname=info.dbname, user=info.user) as other:
        while other.execute(query, (pid,)).fetchone() is None:
            other.commit()
    os.kill(os.getpid(), signal.SIGINT)


@DRIVERS
def test_results_of_different_shapes_are_refused(three: Open, driver: str) -> None:
    connections = three(driver)
    cursor = connections[2].cursor()
    cursor.execute("ALTER TABLE rows RENAME COLUMN word TO term")
    connections[2].commit()
    cursor.close()
    with pytest.raises(ProgrammingError, match=r"columns id, word, connection 3 answers id, term"):
        ParallelConnection(connections).execute("SELECT * FROM rows")


def test_a_commit_that_fails_says_what_was_committed(three: Open) -> None:
    connections = three("psycopg")
    connections[1].execute("ALTER TABLE rows ADD UNIQUE (word) DEFERRABLE INITIALLY DEFERRED")
    connections[1].commit()
    connection = ParallelConnection(connections)
    connection.execute("INSERT INTO rows VALUES (20, 'same'), (21, 'same')")
    with pytest.raises(psycopg.errors.UniqueViolation, match="connection 2 of 3") as caught:
        connection.commit()
    (note,) = caught.value.__notes__
    assert note.startswith("committed: connection 1 of 3")
    assert ", connection 3 of 3" in note
    assert connection.execute("SELECT count(*) FROM rows").fetchall() == [(5,), (0,), (4,)]


# --- blocks, closing, pools ---------------------------------------------------------------------------------


@DRIVERS
def test_a_block_commits_or_rolls_back_and_leaves_the_connections_open(three: Open, driver: str) -> None:
    connections = three(driver)
    with ParallelConnection(connections) as connection:
        connection.execute("INSERT INTO rows VALUES (20, 'kept')").close()
    with pytest.raises(ZeroDivisionError), ParallelConnection(connections) as connection:
        lose(connection)
    cursor = ParallelConnection(connections).execute("SELECT id FROM rows WHERE id >= 20")
    assert cursor.fetchall() == [(20,)] * 3
    cursor.close()


def lose(connection: ParallelConnection) -> None:
    connection.execute("INSERT INTO rows VALUES (21, 'lost')").close()
    raise ZeroDivisionError


@DRIVERS
def test_what_is_closed_says_so(three: Open, driver: str) -> None:
    connections = three(driver)
    connection = ParallelConnection(connections)
    cursor, other = connection.cursor(), connection.cursor()
    other.close()
    assert repr(other) == "<ParallelCursor | 3 cursors | closed>"
    with pytest.raises(InterfaceError, match="this cursor is closed"):
        other.execute("SELECT 1")
    connection.close()
    connection.close()
    assert connection.closed
    for use in (connection.cursor, connection.commit, lambda: cursor.execute("SELECT 1")):
        with pytest.raises(InterfaceError, match="this ParallelConnection is closed"):
            use()
    cursor.close()
    module = sqlite3 if driver.startswith("sqlite3") else psycopg if driver == "psycopg" else psycopg2
    with pytest.raises(module.Error):
        connections[0].cursor().execute("SELECT 1")


def test_connections_go_back_to_their_pools(places: list[str]) -> None:
    pools = [psycopg2.pool.ThreadedConnectionPool(1, 2, dsn=dsn) for dsn in places[:2]]
    connections = [pool.getconn() for pool in pools]
    connection = ParallelConnection(connections)
    assert connection.execute("SELECT 1").fetchall() == [(1,), (1,)]
    with pytest.raises(InterfaceError, match="2 connections, but 1 pools"):
        connection.putconn(pools[:1])
    with pytest.raises(psycopg2.pool.PoolError, match="connection 1 of 2") as caught:
        connection.putconn([pools[1], pools[1]])
    assert len(caught.value.errors) == 1
    with pytest.raises(InterfaceError, match="closed"):
        connection.execute("SELECT 1")
    pools[0].putconn(connections[0])
    assert [pool.getconn() for pool in pools] == connections
    assert all(each.status == psycopg2.extensions.STATUS_READY for each in connections)
    for pool in pools:
        pool.closeall()


def test_connections_that_cannot_be_joined_are_refused(three: Open) -> None:
    with pytest.raises(InterfaceError, match="at least one"):
        ParallelConnection([])
    connections = three("psycopg")
    with pytest.raises(InterfaceError, match="given twice"):
        ParallelConnection([*connections, connections[0]])
    unfinished = psycopg.AsyncConnection(psycopg.pq.PGconn.connect_start(b"host=127.0.0.1"))
    unfinished.pgconn.finish()
    with pytest.raises(InterfaceError, match=r"connection 2 of 2 \(AsyncConnection\) is one for asyncio"):
        ParallelConnection([connections[0], unfinished])
    connections[1].close()
    with pytest.raises(psycopg.OperationalError, match="connection 2 of 3"):
        ParallelConnection(connections)
