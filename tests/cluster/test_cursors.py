"""What a cursor says after its statement, and what it remembers of it: as psycopg does, over several servers too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.adapt import Loader
from psycopg.types.string import StrDumper

from parallel_partition import Cluster, errors
from parallel_partition.dbapi.connection import Connection
from tests.fix_clusters import MakeCluster

KEYS = range(20)
ALL = "SELECT k, v FROM t ORDER BY k"
LOOK_UP = "SELECT v FROM t WHERE k = %s AND s = %s"


class Marked(Loader):
    """Shows that it has loaded a value."""

    def load(self, data: psycopg.abc.Buffer) -> str:
        return f"<{bytes(data).decode()}>"


class Reversing(StrDumper):
    """Sends texts the other way round."""

    def dump(self, obj: str) -> psycopg.abc.Buffer | None:
        return super().dump(obj[::-1])


@pytest.fixture(scope="module")
def filled(make_module_cluster: MakeCluster) -> Cluster:
    """Two servers with a table of 20 rows."""
    cluster = make_module_cluster(2)
    cluster.create_table("CREATE TABLE t (k int PRIMARY KEY, v int, s text)", key="k")
    with cluster.connect() as connection:
        rows = [(k, k % 3, "ab") for k in KEYS]
        connection.cursor().executemany("INSERT INTO t VALUES (%s, %s, %s)", rows)
    return cluster


# --- what is told of a result that is several servers' --------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "tag"),
    [(ALL, "SELECT 20"), ("UPDATE t SET v = 1", "UPDATE 20"), ("DELETE FROM t", "DELETE 20")],
)
def test_a_result_that_is_selected_again_is_whole(connection: Connection, query: str, tag: str) -> None:
    cursor = connection.execute(query)
    assert [(one.rowcount, one.statusmessage) for one in cursor.results()] == [(20, tag)]
    cursor.set_result(0)
    assert (cursor.rowcount, cursor.statusmessage) == (20, tag)
    cursor.adapters.register_loader("int4", Marked)
    assert (cursor.rowcount, cursor.statusmessage) == (20, tag)


def test_results_of_several_executions_count_for_themselves(connection: Connection) -> None:
    cursor = connection.cursor()
    cursor.executemany("UPDATE t SET v = 1 WHERE k < %s", [(3,), (0,), (20,)], returning=True)
    seen = [(cursor.rowcount, cursor.statusmessage)]
    while cursor.nextset():
        seen.append((cursor.rowcount, cursor.statusmessage))
    assert seen == [(3, "UPDATE 3"), (0, "UPDATE 0"), (20, "UPDATE 20")]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT k, v FROM t WHERE k < %s ORDER BY k DESC",
        "SELECT k FROM t WHERE k < %s ORDER BY v, k LIMIT 3",
        "SELECT count(*), max(k) FROM t WHERE k < %s",
        "SELECT rank() OVER (ORDER BY k) FROM t WHERE k < %s ORDER BY 1",
        "UPDATE t SET v = k WHERE k < %s RETURNING v, k",
    ],
)
def test_each_execution_has_the_rows_of_all_servers(connection: Connection, query: str) -> None:
    given = [(3,), (0,), (1000,), (4,)]
    expected = [connection.execute(query, params).fetchall() for params in given]
    cursor = connection.cursor()
    cursor.executemany(query, given, returning=True)
    seen = [(cursor.fetchone(), cursor.fetchmany(2), cursor.fetchall())]
    assert cursor.description is not None
    while cursor.nextset():
        seen.append((cursor.fetchone(), cursor.fetchmany(2), cursor.fetchall()))
        assert cursor.rowcount == len(expected[len(seen) - 1])
    rows = [[*([first] if first else []), *some, *rest] for first, some, rest in seen]
    if "RETURNING" in query:
        rows, expected = [sorted(one) for one in rows], [sorted(one) for one in expected]
    assert rows == expected
    cursor.set_result(2)
    assert len(cursor.fetchall()) == len(expected[2])
    cursor.adapters.register_loader("int4", Marked)
    cursor.set_result(0)
    assert len(cursor.fetchall()) == len(expected[0])


def test_executemany_keeps_the_last_tag_and_adds_up(connection: Connection) -> None:
    cursor = connection.cursor()
    cursor.executemany("UPDATE t SET v = 1 WHERE k = %s", [(3,), (4,)])
    assert (cursor.rowcount, cursor.statusmessage, cursor.pgresult) == (2, "UPDATE 1", None)
    cursor.executemany("UPDATE t SET v = 1 WHERE k = %s", [])
    assert (cursor.rowcount, cursor.statusmessage) == (0, None)
    cursor.executemany("UPDATE t SET v = 1 WHERE k = %s RETURNING v", [], returning=True)
    assert (cursor.rowcount, cursor.statusmessage) == (-1, None)


def test_executemany_that_fails_leaves_no_result(connection: Connection) -> None:
    cursor = connection.execute(ALL)
    with pytest.raises(errors.UnsupportedQuery, match="ctid"):
        cursor.executemany("SELECT ctid FROM t WHERE k < %s", [(3,)], returning=True)
    assert cursor.description is None
    with pytest.raises(psycopg.ProgrammingError, match="no result available"):
        cursor.fetchone()


def test_what_executemany_began_is_not_half_of_a_transaction(connection: Connection) -> None:
    """A refusal leaves the transaction as it is; not one that comes after half of the work."""
    cursor = connection.cursor()
    with pytest.raises(errors.UnsupportedQuery):
        cursor.executemany("UPDATE t SET part = 1, v = 9 WHERE k = %s", [(1,)])
    assert connection.execute("SELECT v FROM t WHERE k = 1").fetchone() == (1,)
    for given in ((1,), ("1", "2"), ()):
        with pytest.raises(psycopg.Error):
            cursor.executemany("UPDATE t SET v = 9 WHERE k = %s", [(2,), given * 2])
        with pytest.raises(psycopg.errors.InFailedSqlTransaction):
            connection.execute("SELECT v FROM t WHERE k = 2")
        connection.commit()
        assert connection.execute("SELECT v FROM t WHERE k = 2").fetchone() == (2,)


@pytest.mark.parametrize("query", [ALL, "SELECT k, v FROM t WHERE k < 4 ORDER BY s, k", "SELECT 0, 0"])
def test_rows_that_are_left_are_loaded_by_the_loaders_of_now(connection: Connection, query: str) -> None:
    cursor = connection.execute(query)
    assert cursor.fetchone() == (0, 0)
    cursor.adapters.register_loader("int4", Marked)
    assert cursor.rownumber == 1
    cursor.scroll(0, "absolute")
    assert cursor.fetchone() == ("<0>", "<0>")


def test_fewer_rows_than_none_are_refused(connection: Connection) -> None:
    for query in (ALL, "SELECT 1"):
        with pytest.raises(psycopg.InterfaceError, match="rows must be included between 0 and"):
            connection.execute(query).fetchmany(-1)


# --- what is remembered of a query ----------------------------------------------------------------------------------


def test_a_composed_query_is_read_anew(connection: Connection) -> None:
    """It may hold a list that has changed since."""
    wanted = [0]
    query = sql.SQL("SELECT k FROM t WHERE k = %s AND v = ANY({})").format(sql.Literal(wanted))
    cursor = connection.cursor()
    for _ in range(20):
        for key in KEYS:
            wanted[0] = key % 3
            assert cursor.execute(query, (key,)).fetchone() == (key,)
            wanted[0] = 7
            assert cursor.execute(query, (key,)).fetchone() is None


def test_adapters_count_from_when_psycopg_takes_them(connection: Connection) -> None:
    """Those of a query are kept while it is repeated, until it fails or a loader is registered."""
    cursor = connection.cursor()
    for _ in range(8):
        for key in KEYS:
            assert cursor.execute(LOOK_UP, (key, "ab")).fetchone() == (key % 3,)
    cursor.adapters.register_dumper(str, Reversing)
    assert cursor.execute(LOOK_UP, (1, "ab")).fetchone() == (1,)
    cursor.adapters.register_loader("int4", Marked)
    assert cursor.execute(LOOK_UP, (1, "ab")).fetchone() is None
    assert cursor.execute(LOOK_UP, (1, "ba")).fetchone() == ("<1>",)


def test_adapters_that_are_registered_after_an_error_count(connection: Connection) -> None:
    connection.autocommit = True
    cursor = connection.cursor()
    query = "SELECT %s, 1 / v FROM t WHERE k = %s"
    with pytest.raises(psycopg.errors.DivisionByZero):
        cursor.execute(query, ("ab", 0))
    cursor.adapters.register_dumper(str, Reversing)
    assert cursor.execute(query, ("ab", 1)).fetchone() == ("ba", 1)


# --- attributes of the connection -----------------------------------------------------------------------------------


def test_methods_set_what_attributes_set(filled: Cluster) -> None:
    with filled.connect() as connection, filled.connect(autocommit=True) as other:
        connection.set_autocommit(True)
        connection.execute("UPDATE t SET s = 'new' WHERE k = 1")
        assert connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
        assert other.execute("SELECT s FROM t WHERE k = 1").fetchone() == ("new",)
        other.execute("UPDATE t SET s = 'ab' WHERE k = 1")
        connection.set_autocommit(False)
        connection.set_isolation_level(psycopg.IsolationLevel.REPEATABLE_READ)
        connection.execute("SELECT 1")
        assert connection.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS
        assert connection.transaction_state.isolation == "repeatable read"
        connection.rollback()


def test_attributes_are_for_transactions_that_psycopg_begins(filled: Cluster) -> None:
    """In autocommit it begins none but those of ``transaction()``."""
    level = "SHOW transaction_isolation"
    with filled.connect(autocommit=True) as connection:
        connection.read_only = True
        connection.isolation_level = psycopg.IsolationLevel.SERIALIZABLE
        assert connection.execute("UPDATE t SET s = 'ab'").rowcount == 20
        connection.cursor().executemany("UPDATE t SET s = 'ab' WHERE k = %s", [(1,), (2,)])
        connection.execute("BEGIN")
        assert connection.execute(level).fetchone() == ("read committed",)
        assert connection.transaction_state.isolation is None
        assert connection.execute("UPDATE t SET s = 'ab'").rowcount == 20
        connection.execute("ROLLBACK")
        with connection.transaction():
            assert connection.execute(level).fetchone() == ("serializable",)
            assert connection.transaction_state.isolation == "serializable"
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction), connection.transaction():
            connection.execute("UPDATE t SET s = 'ab'")
        assert connection.transaction_state.isolation is None


@pytest.mark.parametrize("query", ["SELECT sum(v), min(s) FROM t", "SELECT k FROM t ORDER BY s, k DESC"])
def test_the_last_step_is_taken_in_no_transaction_of_the_callers(connection: Connection, query: str) -> None:
    """What was SET is copied to where the last step is taken; the transaction's own characteristics are not."""
    expected = connection.execute(query).fetchall()
    connection.execute("SET TIME ZONE 'Asia/Tokyo'")
    connection.commit()
    connection.deferrable = False
    connection.isolation_level = psycopg.IsolationLevel.SERIALIZABLE
    assert connection.execute(query).fetchall() == expected


# --- cursors of other classes ---------------------------------------------------------------------------------------


class Noting(psycopg.Cursor[Any]):
    """Notes what is executed."""

    noted: list[Any]

    def execute(self, query: Any, *arguments: Any, **options: Any) -> Any:
        self.noted = [*getattr(self, "noted", []), query]
        return super().execute(query, *arguments, **options)


@pytest.mark.parametrize(
    ("factory", "place", "type_name"),
    [
        (psycopg.ClientCursor, "%s", "integer"),
        (psycopg.RawCursor, "$1", "smallint"),
        (Noting, "%s", "smallint"),
    ],
)
def test_cursors_of_other_classes(connection: Connection, factory: Any, place: str, type_name: str) -> None:
    connection.cursor_factory = factory
    cursor = connection.cursor()
    assert isinstance(cursor, factory)
    assert cursor.execute(f"SELECT pg_typeof({place})::text", (5,)).fetchone() == (type_name,)
    for _ in range(8):
        for key in KEYS:
            assert cursor.execute(f"SELECT v FROM t WHERE k = {place}", (key,)).fetchone() == (key % 3,)
    assert cursor.execute(f"SELECT k FROM t WHERE k > {place} ORDER BY k", (17,)).fetchall() == [(18,), (19,)]
    cursor.executemany(f"UPDATE t SET v = 0 WHERE k = {place}", [(1,), (2,)])
    assert cursor.rowcount == 2
    if factory is Noting:
        assert len(cursor.noted) == 162
    if factory is psycopg.ClientCursor:
        assert cursor.mogrify("SELECT %s", ("it's",)) == "SELECT 'it''s'"


@pytest.mark.parametrize("factory", [psycopg.ServerCursor, psycopg.AsyncCursor, lambda connection: None])
def test_other_cursor_factories_are_refused(connection: Connection, factory: Any) -> None:
    connection.cursor_factory = factory
    with pytest.raises(errors.UnsupportedQuery, match="not supported over several servers"):
        connection.cursor()


def test_client_cursors_that_are_made_by_themselves_send_literals(connection: Connection) -> None:
    for made, place, type_name in (
        (psycopg.ClientCursor(connection), "%s", "integer"),
        (psycopg.RawCursor(connection), "$1", "smallint"),
    ):
        query = f"SELECT pg_typeof({place})::text"
        assert made.execute(query, (5,)).fetchone() == (type_name,)


@pytest.mark.parametrize(
    "use",
    [
        lambda cursor: cursor.executemany("DELETE FROM t WHERE k = %s", [(1,)]),
        lambda cursor: next(cursor.stream("DELETE FROM t RETURNING k")),
        lambda cursor: cursor.copy("COPY t TO STDOUT").__enter__(),
    ],
)
def test_what_would_reach_one_server_is_refused_before_it_is_sent(
    filled: Cluster, use: Callable[[Any], Any]
) -> None:
    with filled.connect(autocommit=True) as connection:
        with pytest.raises(errors.UnsupportedQuery):
            use(psycopg.Cursor(connection))
        assert connection.pgconn.transaction_status == psycopg.pq.TransactionStatus.IDLE
        assert connection.execute("SELECT count(*) FROM t").fetchone() == (20,)
        assert connection._pipeline is None
