"""Rows that are read while they come: in bounded memory, never too few of them, and nothing left when one stops."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg.pq import TransactionStatus
from psycopg.types.string import ByteaBinaryLoader, TextLoader

from parallel_partition import Cluster, errors
from parallel_partition.dbapi import stream_cursor
from parallel_partition.dbapi.connection import Connection
from parallel_partition.execution.stream_rows import RowStream
from tests.fix_clusters import MakeCluster
from tests.fix_databases import MakeDatabases
from tests.fix_faults import StartCluster

SERVERS = 4
ROWS = 1_500
TABLE = "CREATE TABLE t (k int PRIMARY KEY, v int, n numeric, s text, d date, f float8)"
SMALL = "CREATE TABLE r (id int PRIMARY KEY, label text)"
FILL = f"""
    INSERT INTO t SELECT k, nullif(k % 7, 0), CASE WHEN k % 50 = 9 THEN 'NaN' ELSE k % 11 / 4.0 END,
        (ARRAY['ab', 'Äb', 'a c', 'B', 'ß', '', 'a-b'])[k % 7 + 1] || k % 13,
        CASE k % 40 WHEN 3 THEN 'infinity' WHEN 4 THEN '0044-03-15 BC' ELSE date '2026-01-01' + k % 90 END,
        CASE WHEN k % 30 = 1 THEN 'NaN' WHEN k % 30 = 2 THEN '-Infinity' ELSE k % 17 / 3.0 END
    FROM generate_series(1, {ROWS}) AS k
"""
ALL = "SELECT k FROM t ORDER BY k"

ORDERED = [
    ALL,
    "SELECT k, v, s FROM t ORDER BY v NULLS FIRST, k DESC",
    "SELECT v FROM t ORDER BY v DESC, k",
    "SELECT k, n FROM t ORDER BY n DESC, k",
    "SELECT s, k FROM t ORDER BY s, k",
    'SELECT s, k FROM t ORDER BY s COLLATE "C" DESC, k',
    "SELECT d, k FROM t ORDER BY d, k",
    "SELECT f, k FROM t ORDER BY f DESC NULLS LAST, k",
    "SELECT k FROM t ORDER BY k LIMIT 500 OFFSET 123",
    "SELECT k FROM t ORDER BY s, k OFFSET 1490",
    "SELECT k FROM t WHERE k < 0 ORDER BY k",
    "SELECT k FROM t ORDER BY k LIMIT 0",
    "SELECT v, s FROM t WHERE k = 5",
    "SELECT v, count(*), max(s) FROM t GROUP BY v ORDER BY v",
    "SELECT a.k, b.k FROM t AS a JOIN t AS b ON a.v = b.k ORDER BY 1 LIMIT 300",
    "SELECT id, label FROM r ORDER BY id",
    "SELECT g FROM generate_series(1, 3000) AS g",
]
UNORDERED = [
    "SELECT k, s FROM t",
    "SELECT k FROM t WHERE v = 3",
    "SELECT t.k, label FROM t JOIN r ON r.id = t.v",
]


@pytest.fixture(scope="module")
def filled(make_module_cluster: MakeCluster, module_plain: str) -> Cluster:
    """The same rows on four servers and in one PostgreSQL."""
    cluster = make_module_cluster(SERVERS)
    cluster.create_table(TABLE, key="k")
    cluster.create_table(SMALL, reference=True)
    with psycopg.connect(module_plain) as plain, cluster.connect() as connection:
        for statement in (TABLE, SMALL, FILL):
            plain.execute(statement)
        for made in (plain, connection):
            made.execute("INSERT INTO r VALUES (1, 'one'), (2, 'two'), (3, NULL)")
        with cluster.writer("t") as writer, plain.cursor() as cursor:
            cursor.execute("SELECT k, v, n::text, s, d::text, f FROM t")
            writer.write(cursor)
    return cluster


@pytest.fixture(params=[True, False], ids=["autocommit", "transaction"])
def connection(filled: Cluster, request: pytest.FixtureRequest) -> Iterator[Connection[Any]]:
    with filled.connect(autocommit=request.param) as connection:
        yield connection
        connection.rollback()


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows every answer of a server had."""
    pages: list[int] = []
    fetch = RowStream._fetch

    def counting(self: RowStream, trains: Any, count: int) -> None:
        fetch(self, trains, count)
        pages.extend(page.ntuples for page in self._first)

    monkeypatch.setattr(RowStream, "_fetch", counting)
    return pages


def shown(rows: list[Any]) -> list[str]:
    """As texts: NaN is not equal to itself."""
    return list(map(repr, rows))


def is_usable(connection: Connection[Any]) -> None:
    """No server runs anything any more, and the next statement is answered."""
    assert connection.execute("SELECT count(*) FROM t").fetchone() == (ROWS,)
    for session in connection.transaction_state.sessions.values():
        found = session.connection.execute("SELECT count(*) FROM pg_cursors WHERE name LIKE 'pp%'").fetchone()
        assert found == (0,)


# --- the same rows --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("query", ORDERED + UNORDERED)
@pytest.mark.parametrize("size", [1, 20])
def test_a_stream_is_what_one_postgresql_answers(
    filled: Cluster, module_plain: str, query: str, size: int
) -> None:
    for binary in (False, True):
        with psycopg.connect(module_plain) as plain, filled.connect(autocommit=size == 20) as connection:
            for made in (plain, connection):
                for loader in (TextLoader, ByteaBinaryLoader):
                    made.adapters.register_loader("date", loader)
            expected = shown(plain.execute(query, binary=binary).fetchall())
            cursor = connection.cursor()
            found = shown(list(cursor.stream(query, binary=binary, size=size)))
            if query in UNORDERED:
                expected, found = sorted(expected), sorted(found)
            assert found == expected
            assert cursor.description is not None


@pytest.mark.parametrize("query", [*ORDERED, "VALUES (1), (2)", "SELECT", "TABLE r"])
def test_a_named_cursor_is_psycopgs(filled: Cluster, module_plain: str, query: str) -> None:
    calls: list[Any] = [
        lambda cursor: cursor.fetchone(),
        lambda cursor: cursor.fetchmany(3),
        lambda cursor: [next(cursor), next(cursor)],
        lambda cursor: cursor.fetchmany(),
        lambda cursor: cursor.scroll(2),
        lambda cursor: cursor.fetchone(),
        lambda cursor: cursor.scroll(-4),
        lambda cursor: cursor.fetchmany(2),
        lambda cursor: cursor.scroll(-3, "absolute"),
        lambda cursor: cursor.fetchall(),
        lambda cursor: cursor.scroll(-2),
        lambda cursor: cursor.fetchall(),
        lambda cursor: cursor.scroll(5, "absolute"),
        list,
    ]
    with psycopg.connect(module_plain) as plain, filled.connect() as connection:
        for made in (plain, connection):
            made.adapters.register_loader("date", TextLoader)
        with plain.cursor("c", scrollable=True) as one, connection.cursor("c", scrollable=True) as other:
            for cursor in (one, other):
                cursor.itersize = 2
                cursor.execute(query)
            for number, call in enumerate(calls):
                answers = []
                for cursor in (one, other):
                    try:
                        answers.append(repr(call(cursor)))
                    except StopIteration:
                        answers.append("no more")
                assert answers[1] == answers[0], number
                assert other.rownumber == one.rownumber, number
                assert (other.rowcount, other.statusmessage) == (one.rowcount, one.statusmessage), number
                assert [column.name for column in other.description or ()] == [
                    column.name for column in one.description or ()
                ]


# --- no more than is wanted -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("query", ["SELECT k FROM t", ALL, "SELECT k FROM t ORDER BY s, k"])
def test_rows_are_read_when_they_are_wanted(
    connection: Connection[Any], counted: list[int], query: str
) -> None:
    """However many rows were taken, at most one page and a half of each server waits for its reader."""
    page = 30
    for taken, _ in enumerate(connection.cursor().stream(query, size=page), 1):
        assert sum(counted) - taken <= SERVERS * page * 1.5
    assert taken == sum(counted) == ROWS


def test_a_page_grows_until_it_is_large(
    connection: Connection[Any], counted: list[int], monkeypatch: Any
) -> None:
    monkeypatch.setattr(stream_cursor, "PAGE_BYTES", 2_000)
    assert sum(1 for _ in connection.cursor().stream("SELECT k, repeat('x', 100) FROM t WHERE v > 1")) > 1_000
    assert max(counted[SERVERS:]) == 19  # 2,000 bytes / 104
    assert min(counted[:SERVERS]) == stream_cursor.FIRST_PAGE


def test_a_limit_cuts_what_is_read(connection: Connection[Any], counted: list[int]) -> None:
    cursor = connection.cursor()
    assert len(list(cursor.stream("SELECT k FROM t LIMIT 20"))) == 20
    assert sum(counted) == SERVERS * 20
    counted.clear()
    assert [k for (k,) in cursor.stream("SELECT k FROM t ORDER BY k LIMIT 10 OFFSET 5", size=7)] == [
        *range(6, 16)
    ]
    assert sum(counted) <= SERVERS * 14
    is_usable(connection)


def test_itersize_is_what_a_named_cursor_reads(filled: Cluster, counted: list[int]) -> None:
    with filled.connect() as connection, connection.cursor("c") as cursor:
        cursor.itersize = 10
        cursor.execute("SELECT k FROM t")
        assert sum(counted) == 0
        for taken, _ in enumerate(cursor, 1):
            assert sum(counted) - taken <= SERVERS * 10
            if taken == 100:
                break
        assert max(counted) == 10


# --- the end before the end -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["close", "cursor.close", "forget", "cycle", "error"])
@pytest.mark.parametrize("query", [ALL, "SELECT k FROM t", "SELECT v FROM t WHERE k = 1"])
def test_who_stops_leaves_nothing(connection: Connection[Any], how: str, query: str) -> None:
    cursor = connection.cursor()
    rows: Any = cursor.stream(query, size=1)
    next(rows)
    match how:
        case "close":
            rows.close()
        case "cursor.close":
            cursor.close()
        case "forget":
            del rows
        case "cycle":
            cycle = [rows]
            cycle.append(cycle)  # type: ignore[arg-type]
            del rows, cycle
            gc.collect()
        case "error":
            with pytest.raises(ZeroDivisionError):
                rows.throw(ZeroDivisionError)
    status = TransactionStatus.IDLE if connection.autocommit else TransactionStatus.INTRANS
    assert connection.info.transaction_status == status
    is_usable(connection)


def test_a_closed_cursor_streams_no_further(connection: Connection[Any]) -> None:
    cursor = connection.cursor()
    rows = cursor.stream(ALL, size=10)
    next(rows)
    cursor.close()
    with pytest.raises(psycopg.Error):
        list(rows)
    connection.rollback()
    is_usable(connection)


def test_a_stream_that_garbage_collection_ends_in_mid_statement(filled: Cluster) -> None:
    """It may not wait for the connection's lock, which the statement holds."""
    with filled.connect() as connection:
        rows = connection.cursor().stream(ALL, size=10)
        next(rows)
        with connection.lock:
            del rows
        is_usable(connection)


def test_a_named_cursor_that_is_forgotten(filled: Cluster) -> None:
    with filled.connect() as connection:
        cursor = connection.cursor("c")
        cursor.execute(ALL)
        with pytest.warns(ResourceWarning, match="still open"):
            cursor.__del__()
        cursor.close()
        is_usable(connection)


def test_in_autocommit_a_stream_has_the_connection_for_itself(filled: Cluster) -> None:
    """Else what others write would be part of the stream's transaction."""
    with filled.connect(autocommit=True) as connection:
        rows = connection.cursor().stream(ALL)
        next(rows)
        uses: list[Any] = [
            lambda: connection.execute("SELECT 1"),
            lambda: connection.execute("SELECT v FROM t WHERE k = 1"),
            lambda: connection.cursor().executemany("UPDATE t SET v = %s WHERE k = 1", [(1,)]),
            lambda: next(connection.cursor().stream(ALL)),
            lambda: connection.set_autocommit(False),
        ]
        for use in uses:
            with pytest.raises(psycopg.ProgrammingError):
                use()
        assert len(list(rows)) == ROWS - 1
        is_usable(connection)


def test_in_a_transaction_statements_run_in_between(filled: Cluster) -> None:
    with filled.connect() as connection:
        seen = 0
        for (k,) in connection.cursor().stream("SELECT k FROM t ORDER BY k LIMIT 100", size=5):
            assert connection.execute("SELECT k FROM t WHERE k = %s", (k,)).fetchone() == (k,)
            connection.execute("UPDATE t SET v = 0 WHERE k = %s", (k + 100,))
            seen += 1
        assert seen == 100
        connection.rollback()


@pytest.mark.parametrize("end", ["commit", "rollback"])
def test_rows_end_with_their_transaction(filled: Cluster, end: str) -> None:
    with filled.connect() as connection:
        rows = connection.cursor().stream(ALL, size=10)
        next(rows)
        getattr(connection, end)()
        with pytest.raises(psycopg.errors.InvalidCursorName, match=r"transaction .* has ended"):
            list(rows)
        assert connection.info.transaction_status == TransactionStatus.IDLE
        rows = connection.cursor().stream(ALL, size=10)
        next(rows)
        getattr(connection, end)()
        connection.execute("SELECT count(*) FROM t")
        with pytest.raises(psycopg.errors.InvalidCursorName):
            list(rows)
        assert connection.info.transaction_status == TransactionStatus.INERROR
        connection.rollback()
        is_usable(connection)


# --- what goes wrong ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("query", ["SELECT k / (k - 1490) FROM t", "SELECT 1 / (k - 1490) FROM t ORDER BY k"])
def test_an_error_behind_many_rows(connection: Connection[Any], query: str) -> None:
    rows = connection.cursor().stream(query, size=10)
    with pytest.raises(psycopg.errors.DivisionByZero) as caught:
        list(rows)
    assert isinstance(caught.value, errors.DatabaseError)
    assert caught.value.server in {f"s{n}" for n in range(1, SERVERS + 1)}
    if not connection.autocommit:
        with pytest.raises(psycopg.errors.InFailedSqlTransaction):
            connection.execute("SELECT 1")
    connection.rollback()
    is_usable(connection)


@pytest.mark.parametrize("query", [ALL, "SELECT k FROM t"])
@pytest.mark.parametrize("autocommit", [True, False])
def test_a_server_that_is_lost_is_an_error_and_no_end(
    throwaway_cluster: StartCluster, query: str, autocommit: bool
) -> None:
    local = throwaway_cluster(2)
    with Cluster.create(local.conninfos, num_partitions=4) as cluster:
        cluster.create_table("CREATE TABLE t (k int PRIMARY KEY)", key="k")
        with cluster.writer("t") as writer:
            writer.write((k,) for k in range(2_000))
        with cluster.connect(autocommit=autocommit) as connection:
            rows = connection.cursor().stream(query, size=100)
            next(rows)
            local.servers[1].kill()
            with pytest.raises(errors.ServerUnavailable, match="s2") as caught:
                list(rows)
            assert caught.value.server == "s2"
            assert not list(rows)
            local.servers[1].start()
            connection.rollback()
            assert len(list(connection.cursor().stream(query))) == 2_000


def test_a_map_that_changes_before_the_first_row_is_not_seen(
    make_cluster: MakeCluster, databases: MakeDatabases
) -> None:
    cluster = make_cluster(2)
    cluster.create_table("CREATE TABLE t (k int)", key="k")
    with cluster.connect(autocommit=True) as connection, Cluster.open(_conninfo(cluster)) as other:
        connection.execute("INSERT INTO t VALUES (1), (2), (3)")
        other.create_table("CREATE TABLE u (k int)", key="k")
        assert list(connection.cursor().stream("SELECT k FROM t ORDER BY k")) == [(1,), (2,), (3,)]


@pytest.mark.parametrize("autocommit", [True, False])
def test_a_map_that_changes_behind_rows_is_an_error(make_cluster: MakeCluster, autocommit: bool) -> None:
    cluster = make_cluster(2)
    cluster.create_table("CREATE TABLE t (k int)", key="k")
    with cluster.connect(autocommit=autocommit) as connection, Cluster.open(_conninfo(cluster)) as other:
        connection.cursor().executemany("INSERT INTO t VALUES (%s)", [(k,) for k in range(100)])
        if not autocommit:
            connection.commit()
        rows = connection.cursor().stream("SELECT k FROM t ORDER BY k", size=10)
        next(rows)
        other.create_table("CREATE TABLE u (k int)", key="k")
        with pytest.raises(errors.StaleMap) as caught:
            list(rows)
        assert caught.value.sqlstate == "40001"
        connection.rollback()
        assert len(list(connection.cursor().stream("SELECT k FROM t"))) == 100


def _conninfo(cluster: Cluster) -> str:
    return next(iter(cluster.servers.values())).conninfo


# --- what is refused ------------------------------------------------------------------------------------------------


def test_what_is_no_query_streams_as_in_psycopg(connection: Connection[Any]) -> None:
    with pytest.raises(psycopg.ProgrammingError, match="didn't produce a result"):
        next(connection.cursor().stream("UPDATE t SET v = v WHERE k = 1"))
    with pytest.raises(ValueError, match="size must be"):
        next(connection.cursor().stream(ALL, size=0))
    with pytest.raises(psycopg.errors.SyntaxError):
        next(connection.cursor().stream("SELECT * FORM t"))
    connection.rollback()
    assert len(list(connection.cursor().stream("UPDATE t SET v = v WHERE k < 9 RETURNING k"))) == 8


def test_named_cursors_refuse_what_psycopgs_do(filled: Cluster) -> None:
    with filled.connect(autocommit=True) as connection:
        with pytest.raises(errors.UnsupportedQuery, match="WITH HOLD"):
            connection.cursor("c", withhold=True)
        with connection.cursor("c") as cursor, pytest.raises(psycopg.errors.NoActiveSqlTransaction):
            cursor.execute(ALL)
        with connection.cursor("c") as cursor, pytest.raises(psycopg.NotSupportedError):
            cursor.executemany(ALL, [])
    with filled.connect() as connection, connection.cursor("c") as cursor:
        with pytest.raises(psycopg.errors.SyntaxError):
            cursor.execute("DELETE FROM t")
        connection.rollback()
        assert connection.execute("SELECT count(*) FROM t").fetchone() == (ROWS,)
        with pytest.raises(psycopg.errors.InvalidCursorName):
            cursor.fetchone()
        connection.rollback()
        cursor.execute(ALL)
        with connection.cursor("c") as same, pytest.raises(psycopg.errors.DuplicateCursor):
            same.execute(ALL)
        with pytest.raises(psycopg.errors.InFailedSqlTransaction):
            cursor.fetchone()
        connection.rollback()
        with connection.cursor("d", scrollable=False) as forward:
            forward.execute(ALL)
            forward.fetchmany(5)
            with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="only scan forward"):
                forward.scroll(-1)
        connection.rollback()


def test_servers_whose_collations_sort_otherwise_are_found_out(
    filled: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their rows, merged, would be in no order at all."""
    with filled.connect() as connection:
        sort = connection.runner.merge.sort
        monkeypatch.setattr(connection.runner.merge, "sort", lambda *given: sort(*given)[::-1])
        with pytest.raises(errors.InternalError, match="sorts otherwise"):
            list(connection.cursor().stream(ALL))
        connection.rollback()


class Shouting(psycopg.ServerCursor[Any]):
    """A cursor class of the caller's."""

    def fetchone(self) -> Any:
        row = super().fetchone()
        return row and ("!", *row)


def test_server_cursors_of_other_classes(filled: Cluster) -> None:
    with filled.connect() as connection:
        connection.server_cursor_factory = Shouting
        with connection.cursor("c") as cursor:
            assert isinstance(cursor, Shouting)
            assert cursor.execute(ALL).fetchone() == ("!", 1)
        connection.server_cursor_factory = psycopg.Cursor  # type: ignore[assignment]
        with pytest.raises(errors.UnsupportedQuery, match="server_cursor_factory"):
            connection.cursor("c")
