"""executemany() over servers: a statement for each parameter set, sent without waiting for the one before."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Any

import psycopg
import pytest
from psycopg.pq import TransactionStatus
from psycopg.types.enum import EnumInfo, register_enum

from parallel_partition import Cluster, errors
from parallel_partition.dbapi import cursor as cursors
from parallel_partition.dbapi.connection import Connection
from parallel_partition.postgres import executions
from tests.fix_clusters import MakeCluster
from tests.fix_faults import StartCluster

DDL = "CREATE TABLE t (k bigint PRIMARY KEY, v int, s text)"
INSERT = "INSERT INTO t VALUES (%s, %s, %s)"
UPSERT = INSERT + " ON CONFLICT (k) DO UPDATE SET v = t.v + excluded.v"
ALL = "SELECT k, v, s FROM t ORDER BY k"


@pytest.fixture(scope="module")
def trio(make_module_cluster: MakeCluster) -> Cluster:
    cluster = make_module_cluster(3)
    cluster.create_table(DDL, key="k")
    cluster.create_table("CREATE TABLE r (id int PRIMARY KEY, label text)", reference=True)
    cluster.create_table(
        "CREATE TABLE pairs (a int, b text, n numeric(6, 2), PRIMARY KEY (a, b))", key=("a", "b")
    )
    return cluster


@pytest.fixture(scope="module")
def module_one(module_plain: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(module_plain) as plain:
        plain.execute(DDL)
        plain.execute("CREATE TABLE r (id int PRIMARY KEY, label text)")
        plain.execute("CREATE TABLE pairs (a int, b text, n numeric(6, 2), PRIMARY KEY (a, b))")
        plain.commit()
        yield plain


@pytest.fixture
def plain(module_one: psycopg.Connection[Any]) -> psycopg.Connection[Any]:
    module_one.rollback()
    for name in ("t", "r", "pairs"):
        module_one.execute(f"DELETE FROM {name}")
    module_one.commit()
    return module_one


@pytest.fixture
def over(trio: Cluster) -> Iterator[Connection[Any]]:
    with trio.connect() as connection:
        for name in ("t", "r", "pairs"):
            connection.execute(f"DELETE FROM {name}")
        connection.commit()
        yield connection


#: Keys of all the types that integers are sent as, and texts long enough to fill buffers.
KEYS = (*range(300), 2**15, 2**31 - 1, 2**31, 2**40, -1, -(2**40))
ROWS = [(key, n % 9, "x" * (n * 37 % 4000)) for n, key in enumerate(KEYS)]

CALLS: dict[str, tuple[str, list[Any]]] = {
    "rows": (INSERT, ROWS),
    "named": (
        "INSERT INTO t (v, k, s) VALUES (%(v)s, %(k)s, %(s)s)",
        [{"k": k, "v": v, "s": s, "more": 1} for k, v, s in ROWS],
    ),
    "one": (INSERT, ROWS[:1]),
    "the same row many times": (UPSERT, [(n % 7, 1, None) for n in range(500)]),
    "rows with an expression": ("INSERT INTO t VALUES (%s, %s + 1, upper(%s))", ROWS),
    "two rows each": ("INSERT INTO t VALUES (%s, 1, 'a'), (%s, 2, 'b')", [(n, n + 1000) for n in range(50)]),
    "RETURNING": (INSERT + " RETURNING k", ROWS[:40]),
    "keys that are texts": (INSERT, [(str(n), n, "a") for n in range(20)]),
    "a key of two columns": (
        "INSERT INTO pairs VALUES (%s, %s, %s)",
        [(n, f"b{n}", n / 4) for n in range(60)],
    ),
    "a reference table": ("INSERT INTO r VALUES (%s, %s)", [(n, f"l{n}") for n in range(20)]),
    "a reference table twice": (
        "INSERT INTO r VALUES (%s, %s) ON CONFLICT (id) DO UPDATE SET label = excluded.label WHERE r.id > 3",
        [(n % 9, f"l{n}") for n in range(40)],
    ),
    "a duplicate in a reference table": (
        "INSERT INTO r VALUES (%s, %s)",
        [(n % 9, f"l{n}") for n in range(40)],
    ),
    "updates by key": ("UPDATE t SET v = v + %s WHERE k = %s", [(n, n % 5) for n in range(40)]),
    "updates of all": ("UPDATE t SET v = v + %s", [(1,), (2,), (3,)]),
    "deletes": ("DELETE FROM t WHERE k BETWEEN %s AND %s", [(0, 2), (1, 3), (100, 0)]),
    "queries": ("SELECT k FROM t WHERE k = %s", [(n,) for n in range(10)]),
    "a duplicate": (INSERT, [*ROWS, ROWS[3]]),
    "a bad value": (INSERT, [*ROWS[:200], (10_000, "no number", "a"), *ROWS[200:]]),
    "a division by zero": ("UPDATE t SET v = v / %s WHERE k = %s", [(n % 50 - 40, n) for n in range(100)]),
}


@pytest.mark.parametrize("autocommit", [True, False])
@pytest.mark.parametrize("name", CALLS)
def test_the_same_as_one_postgresql(
    plain: psycopg.Connection[Any], over: Connection[Any], name: str, autocommit: bool
) -> None:
    query, rows = CALLS[name]
    said = []
    for connection in (plain, over):
        if name.startswith(("updates", "deletes", "queries", "a division")):
            connection.execute("INSERT INTO t VALUES (0, 1, 'a'), (1, 5, 'b')")
            connection.execute("INSERT INTO t VALUES (2, 1, 'a'), (3, 5, 'b'), (4, 7, NULL), (40, 1, 'z')")
            connection.commit()
        connection.autocommit = autocommit
        cursor = connection.cursor()
        try:
            cursor.executemany(query, iter(rows))
            outcome: Any = (cursor.rowcount, cursor.statusmessage, cursor.description)
        except psycopg.Error as error:
            outcome = error.sqlstate
        found: list[Any] = [outcome, connection.info.transaction_status]
        if connection.info.transaction_status != TransactionStatus.INERROR:
            found += [
                connection.execute(ALL).fetchall(),
                connection.execute("SELECT count(*) FROM r").fetchall(),
            ]
            found.append(connection.execute("SELECT * FROM pairs ORDER BY a").fetchall())
        connection.rollback()
        connection.autocommit = False
        found.append(connection.execute(ALL).fetchall())
        connection.rollback()
        said.append(found)
    assert said[1] == said[0]


def test_more_than_is_held_at_a_time(over: Connection[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cursors, "CHUNK", 100)
    cursor = over.cursor()
    cursor.executemany(INSERT, ROWS)
    assert (cursor.rowcount, cursor.statusmessage) == (len(ROWS), "INSERT 0 1")
    assert over.execute("SELECT count(*) FROM t").fetchone() == (len(ROWS),)


def test_sets_are_not_waited_for(over: Connection[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Each server is asked for results a few times, not once for each row."""
    pushed = []
    push = executions.Executions.push

    def counted(self: executions.Executions) -> None:
        pushed.append(self.session.server)
        push(self)

    monkeypatch.setattr(executions.Executions, "push", counted)
    over.cursor().executemany(INSERT, [(n, 1, "a") for n in range(2000)])
    assert {"s1", "s2", "s3"} == set(pushed)
    assert len(pushed) <= 2000 / executions.PUSH_EVERY


def test_an_error_of_the_iterator_fails_the_transaction(over: Connection[Any]) -> None:
    """Some of the rows are there already, so that it cannot go on as if nothing was."""

    def rows() -> Iterator[Any]:
        yield from ROWS[:150]
        yield {"named": 1}

    cursor = over.cursor()
    with pytest.raises((TypeError, psycopg.ProgrammingError)):
        cursor.executemany(INSERT, rows())
    assert over.info.transaction_status == TransactionStatus.INERROR
    over.rollback()
    cursor.executemany(INSERT, ROWS)
    assert over.execute("SELECT count(*) FROM t").fetchone() == (len(ROWS),)


def test_a_reference_table_that_differs(make_cluster: MakeCluster) -> None:
    """Rows are changed on one server, of one set only, that the others do not have; the total is the same."""
    cluster = make_cluster(2)
    cluster.create_table("CREATE TABLE r (id int PRIMARY KEY, label text)", reference=True)
    with cluster.connect(autocommit=True) as connection:
        rows = [(n, "a") for n in range(10)]
        cursor = connection.cursor()
        cursor.executemany("INSERT INTO r VALUES (%s, %s)", rows)
        assert (cursor.rowcount, cursor.statusmessage) == (10, "INSERT 0 1")
        with psycopg.connect(cluster.servers["s2"].conninfo, autocommit=True) as direct:
            direct.execute("UPDATE r SET id = 77 WHERE id = 5")
        with pytest.raises(errors.InternalError, match="differs between servers") as caught:
            cursor.executemany("UPDATE r SET label = 'b' WHERE id = %s", [(n,) for n in (1, 2, 5, 77, 3)])
        assert caught.value.server == "s2"
        assert connection.execute("SELECT count(*) FROM r WHERE label = 'b'").fetchone() == (0,)


def test_no_sets_at_all(over: Connection[Any]) -> None:
    cursor = over.cursor()
    cursor.executemany(INSERT, [])
    assert (cursor.rowcount, cursor.statusmessage) == (0, None)


def test_a_savepoint_recovers_from_it(over: Connection[Any]) -> None:
    cursor = over.cursor()
    with over.transaction():
        cursor.executemany(INSERT, ROWS[:100])
        with pytest.raises(psycopg.errors.UniqueViolation), over.transaction():
            cursor.executemany(INSERT, ROWS)
        cursor.executemany(INSERT, ROWS[100:])
    assert over.execute("SELECT count(*) FROM t").fetchone() == (len(ROWS),)


def test_within_a_snapshot(trio: Cluster, over: Connection[Any]) -> None:
    with trio.connect(isolation="snapshot") as connection:
        connection.cursor().executemany(INSERT, ROWS)
        connection.commit()
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.cursor().executemany(INSERT, ROWS)
        connection.rollback()
    assert over.execute("SELECT count(*) FROM t").fetchone() == (len(ROWS),)


def test_cancelled_by_ctrl_c(over: Connection[Any], trio: Cluster) -> None:
    """Sessions in the middle of a pipeline are closed, and others take their places."""

    def rows() -> Iterator[Any]:
        for number in range(10**6):
            if number == 11_000:
                raise KeyboardInterrupt
            yield number, 1, "a"

    with pytest.raises(KeyboardInterrupt):
        over.cursor().executemany(INSERT, rows())
    over.rollback()
    over.cursor().executemany(INSERT, ROWS)
    assert over.execute("SELECT count(*) FROM t").fetchone() == (len(ROWS),)


def test_a_statement_timeout(over: Connection[Any], trio: Cluster) -> None:
    """A server that waits for a lock is waited for, and its error is the call's."""
    over.cursor().executemany(INSERT, ROWS)
    over.commit()
    with trio.connect() as other:
        other.execute("UPDATE t SET v = 1 WHERE k = 7")
        over.execute("SET LOCAL statement_timeout = '200ms'")
        with pytest.raises(psycopg.errors.QueryCanceled):
            over.cursor().executemany("UPDATE t SET v = v + 1 WHERE k = %s", [(n,) for n in range(300)])
        over.rollback()
        other.rollback()


def test_a_lost_server(throwaway_cluster: StartCluster) -> None:
    local = throwaway_cluster(2)
    with Cluster.create(local.conninfos, num_partitions=8) as cluster:
        cluster.create_table(DDL, key="k")

        def rows() -> Iterator[Any]:
            for number in range(40_000):
                if number == 15_000:
                    local.servers[1].kill()
                yield number, 1, "a" * 200

        with cluster.connect() as connection:
            with pytest.raises(errors.ServerUnavailable) as caught:
                connection.cursor().executemany(INSERT, rows())
            assert caught.value.server == "s2"
            assert connection.info.transaction_status == TransactionStatus.INERROR
            connection.rollback()
            local.servers[1].start()
            assert connection.execute("SELECT count(*) FROM t").fetchone() == (0,)


def test_a_map_that_changed(make_cluster: MakeCluster) -> None:
    """Unseen before anything was done in the transaction, and an error after that."""
    cluster = make_cluster(2)
    cluster.create_table(DDL, key="k")
    with cluster.connect() as connection, Cluster.open(cluster.servers["s1"].conninfo) as other:
        other.create_table("CREATE TABLE another (k int PRIMARY KEY)", key="k")
        cursor = connection.cursor()
        cursor.executemany(INSERT, ROWS)
        assert cursor.rowcount == len(ROWS)
        other.create_table("CREATE TABLE more (k int PRIMARY KEY)", key="k")
        with pytest.raises(errors.StaleMap):
            cursor.executemany(UPSERT, ROWS)
        connection.rollback()
        cursor.executemany(INSERT, ROWS)
        connection.commit()
        assert connection.execute("SELECT count(*) FROM t").fetchone() == (len(ROWS),)


class Mood(Enum):
    """Of the type ``mood``."""

    sad = "sad"
    ok = "ok"


def test_users_types(make_cluster: MakeCluster) -> None:
    """Their numbers differ between servers."""
    cluster = make_cluster(2)
    for number, server in enumerate(cluster.servers.values()):
        with psycopg.connect(server.conninfo, autocommit=True) as direct:
            for more in range(number):
                direct.execute(f"CREATE TYPE other_{more} AS ENUM ('x')")
            direct.execute("CREATE TYPE mood AS ENUM ('sad', 'ok')")
    cluster.create_table("CREATE TABLE moods (k int PRIMARY KEY, m mood)", key="k")
    with cluster.connect() as connection:
        info = EnumInfo.fetch(connection, "mood")
        assert info is not None
        register_enum(info, connection, Mood)
        moods = [(n, Mood.ok if n % 2 else Mood.sad) for n in range(40)]
        connection.cursor().executemany("INSERT INTO moods VALUES (%s, %s)", moods)
        assert connection.execute("SELECT k, m FROM moods ORDER BY k").fetchall() == moods


def test_without_prepared_statements(over: Connection[Any]) -> None:
    over.prepare_threshold = None
    query = "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE 'INSERT%'"
    before = over.execute(query).fetchone()
    over.cursor().executemany(INSERT.replace("INTO", "INTO /* unprepared */"), ROWS[:20])
    assert over.execute(query).fetchone() == before
    assert over.execute("SELECT count(*) FROM t").fetchone() == (20,)


def test_a_second_writer_where_it_is_refused(throwaway_cluster: StartCluster) -> None:
    local = throwaway_cluster(2, max_prepared_transactions=0)
    with Cluster.create(local.conninfos, num_partitions=8) as cluster:
        cluster.create_table(DDL, key="k")
        with cluster.connect() as connection:
            with pytest.raises(errors.CrossShardWriteRefused):
                connection.cursor().executemany(INSERT, ROWS)
            connection.rollback()
            mine = [row for row in ROWS if cluster.shard_map.server_of(row[0]) == "s2"]
            connection.cursor().executemany(INSERT, mine)
            connection.commit()
            assert connection.execute("SELECT count(*) FROM t").fetchone() == (len(mine),)
