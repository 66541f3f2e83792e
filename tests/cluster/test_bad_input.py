"""Bad input: each error says what was found, what was wanted, on which server, and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import Any

import psycopg
import pytest

from parallel_partition import Cluster, errors
from parallel_partition.dbapi.connection import Connection
from tests.cluster.failing import fails
from tests.fix_clusters import MakeCluster
from tests.fix_databases import MakeDatabases


@pytest.fixture(scope="module")
def pair(make_module_cluster: MakeCluster) -> Cluster:
    """Two servers with a table that no test changes for good."""
    cluster = make_module_cluster(2)
    cluster.create_table("CREATE TABLE t (k int PRIMARY KEY, v int, d date, s varchar(3), u uuid)", key="k")
    return cluster


@pytest.fixture
def connection(pair: Cluster) -> Iterator[Connection[Any]]:
    """A connection whose changes are rolled back."""
    with pair.connect() as connection:
        yield connection
        connection.rollback()


# --- clusters and tables --------------------------------------------------------------------------------------


def test_a_server_that_the_catalog_does_not_know(pair: Cluster) -> None:
    fails(
        lambda: pair.servers["s9"], errors.UnknownServer, match="the cluster has no server s9; it has s1, s2"
    )
    assert "s9" not in pair.servers
    assert pair.servers.get("s9") is None


@pytest.mark.parametrize("number", [0, -1, True, False, "x", "8", 1.5, 8.0, None, 10**9])
def test_numbers_of_partitions(number: Any) -> None:
    message = f"num_partitions is a whole number from 1 to 10,000, not {re.escape(repr(number))}"
    fails(lambda: Cluster.create(["host=x"], num_partitions=number), errors.InvalidCluster, match=message)


def test_the_same_database_twice(databases: MakeDatabases) -> None:
    [one] = databases(1)
    again = one.replace("127.0.0.1", "localhost")
    message = (
        r"servers s1 and s2 are the same database \(.*\); each server of a cluster is a database of its own"
    )
    fails(lambda: Cluster.create([one, again]), errors.InvalidCluster, match=message)
    with Cluster.create([one], num_partitions=4) as cluster:
        fails(lambda: cluster.add_server(again), errors.InvalidCluster, match=message)


@pytest.mark.parametrize(
    ("type", "reason"),
    [
        ("float8", "double precision"),
        ("real", "real"),
        ("timestamptz", "the session's settings"),
        ("jsonb", "not printed alike"),
        ("int[]", "no single text"),
        ("money", "the session's settings"),
        ("bytea", "bytea"),
    ],
)
def test_keys_of_refused_types(pair: Cluster, type: str, reason: str) -> None:
    message = rf"table public\.a: the column k \(.*refused as key: .*{reason}|\({reason}\) is refused as key"
    error = fails(
        lambda: pair.create_table(f"CREATE TABLE a (k {type})", key="k"),
        errors.UnsupportedTable,
        match=message,
    )
    assert "A key is smallint, integer, bigint, text" in str(error)
    assert ("public", "a") not in pair.tables


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("nope", "table public.a: there is no column nope for the key; there are k"),
        (("k", "nope"), "there is no column nope"),
        (("k", "k"), "a column is twice in the key"),
        ("", "key= is the name of a column, or several names, not ''"),
        (5, "key= is the name of a column, or several names, not 5"),
        ([5], r"key= is the name of a column, or several names, not \[5\]"),
        (None, "give key=, .* or reference=True"),
    ],
)
def test_keys_that_are_no_columns(pair: Cluster, key: Any, message: str) -> None:
    fails(
        lambda: pair.create_table("CREATE TABLE a (k int)", key=key), errors.UnsupportedTable, match=message
    )


@pytest.mark.parametrize(
    "name", ["nope", "other.t", "a.b.c", "", 5, None, ("public", "nope"), ("public",), ()]
)
def test_tables_that_are_unknown(pair: Cluster, name: Any) -> None:
    message = r"the cluster has no table .*; it has public\.t"
    fails(lambda: pair.drop_table(name), errors.UnknownTable, match=message)


def test_a_writer_of_an_unknown_table(pair: Cluster) -> None:
    fails(lambda: pair.writer("nope"), errors.UnknownTable, match=r"no table nope; it has public\.t")


@pytest.mark.parametrize(
    "statement",
    ["SELECT * FROM nope", "INSERT INTO nope VALUES (1)", "UPDATE nope SET a = 1", "DELETE FROM nope"],
)
def test_statements_over_unknown_tables(connection: Connection[Any], statement: str) -> None:
    error = fails(
        lambda: connection.execute(statement),
        psycopg.errors.UndefinedTable,
        errors.ProgrammingError,
        match='relation "nope" does not exist',
    )
    assert (error.server, error.sqlstate) == ("s1", "42P01")


# --- statements -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "params", "message"),
    [
        ("SELECT * FROM t WHERE k = %s", (1, 2), "1 placeholders but 2 parameters"),
        ("SELECT * FROM t WHERE k = %s AND v = %s", (1,), "2 placeholders but 1 parameters"),
        ("SELECT * FROM t WHERE k = %s", (), "1 placeholders but 0 parameters"),
        ("SELECT * FROM t", (1,), "0 placeholders but 1 parameters"),
        ("SELECT * FROM t WHERE k = %(a)s", {"b": 1}, "query parameter missing: a"),
        ("SELECT * FROM t WHERE k = %s AND v = %(a)s", (1,), "cannot be mixed"),
        ("SELECT 1 % 2", (), "incomplete placeholder"),
        ("SELECT %d", (1,), "only '%s', '%b', '%t' are allowed"),
        ("SELECT * FROM t WHERE k = %s", (object(),), "cannot adapt type 'object'"),
        (
            "SELECT " + ", ".join(["%s"] * 65_535),
            [1] * 65_535,
            "65,535 parameters.* at most 65,534; send fewer",
        ),
    ],
)
def test_parameters_that_do_not_fit(
    connection: Connection[Any], query: str, params: Any, message: str
) -> None:
    cursor = connection.cursor()
    for act in (cursor.execute, cursor.explain):
        error = fails(
            partial(act, query, params), psycopg.ProgrammingError, errors.ProgrammingError, match=message
        )
        assert error.server is None
    assert connection.execute("SELECT 1").fetchone() == (1,)  # nothing was sent


@pytest.mark.parametrize(
    ("query", "params", "cls"),
    [
        ("SELECT * FROM t WHERE k = %s", 5, TypeError),
        ("SELECT * FROM t WHERE k = %s", "5", TypeError),
        ("SELECT * FROM t WHERE k = %(a)s", (1,), TypeError),
        ("SELECT * FROM t WHERE k = %s", {"a": 1}, TypeError),
        (None, None, TypeError),
        (5, None, TypeError),
    ],
)
def test_arguments_of_the_wrong_kind(connection: Connection[Any], query: Any, params: Any, cls: Any) -> None:
    with pytest.raises(cls):
        connection.execute(query, params)
    assert connection.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.parametrize(
    ("query", "params", "cls", "message"),
    [
        ("SELECT * FROM t WHERE k = 'abc'", None, psycopg.errors.InvalidTextRepresentation, '"abc"'),
        ("SELECT * FROM t WHERE k = %s", ("abc",), psycopg.errors.InvalidTextRepresentation, '"abc"'),
        ("SELECT * FROM t WHERE d = %s", ("xx",), psycopg.errors.InvalidDatetimeFormat, '"xx"'),
        ("SELECT count(*) FROM t WHERE u = 'x'", None, psycopg.errors.InvalidTextRepresentation, '"x"'),
        ("INSERT INTO t VALUES (%s, 1)", (10**12,), psycopg.errors.NumericValueOutOfRange, "out of range"),
        ("INSERT INTO t VALUES (1, %s)", ("x",), psycopg.errors.InvalidTextRepresentation, '"x"'),
        ("INSERT INTO t VALUES (1, 1, %s)", ("2020-13-45",), psycopg.errors.DatetimeFieldOverflow, "2020-13-45"),
        ("INSERT INTO t (k, s) VALUES (1, %s)", ("abcd",), psycopg.errors.StringDataRightTruncation, r"varying\(3\)"),
        ("INSERT INTO t (k, s) VALUES (1, %s)", ("a\0b",), psycopg.DataError, "NUL"),
        ("INSERT INTO t VALUES (NULL, 1)", None, psycopg.errors.NotNullViolation, 'column "k"'),
        ("INSERT INTO t (v) VALUES (1)", None, psycopg.errors.NotNullViolation, 'column "k"'),
        ("INSERT INTO t (nope) VALUES (1)", None, psycopg.errors.UndefinedColumn, '"nope"'),
        ("UPDATE t SET v = 'x'", None, psycopg.errors.InvalidTextRepresentation, '"x"'),
        ("SELECT nope FROM t", None, psycopg.errors.UndefinedColumn, '"nope"'),
        ("SELECT * FROM t LIMIT -1", None, psycopg.errors.InvalidRowCountInLimitClause, "LIMIT"),
        ("SELECT * FROM t LIMIT 1 OFFSET %s", (-1,), psycopg.errors.InvalidRowCountInResultOffsetClause, "OFFSET"),
        ("SELECT 1/0", None, psycopg.errors.DivisionByZero, "division"),
        ("SELECT * FORM t", None, psycopg.errors.SyntaxError, '"FORM"'),
    ],
)  # fmt: skip
def test_values_of_the_wrong_type(
    connection: Connection[Any], query: str, params: Any, cls: type[psycopg.Error], message: str
) -> None:
    error = fails(lambda: connection.execute(query, params), cls, errors.DatabaseError, match=message)
    assert "failed" not in str(error)  # several servers that say the same are one error
    if error.sqlstate:
        assert error.server in ("s1", "s2")
        assert error.sqlstate == error.diag.sqlstate


def test_a_key_that_cannot_be_read(connection: Connection[Any]) -> None:
    """PostgreSQL says what is wrong with it."""
    fails(
        lambda: connection.execute("INSERT INTO t VALUES (%s, 1)", ("abc",)),
        errors.DataError,
        psycopg.errors.InvalidTextRepresentation,
        match='invalid input syntax for type integer: "abc"',
    )


def test_several_servers_that_say_the_same(connection: Connection[Any]) -> None:
    """What one PostgreSQL would say once is said once, with all who said it."""
    with pytest.raises(psycopg.errors.UndefinedColumn) as caught:
        connection.execute("SELECT nope FROM t")
    lines = str(caught.value).splitlines()
    assert lines[0] == 'column "nope" does not exist'
    assert lines[1].startswith("LINE 1: SELECT nope")
    assert lines[-1] in ("SERVER:  s1", "SERVER:  s2", "SERVERS: s1, s2")


# --- closed things --------------------------------------------------------------------------------------------


def test_a_closed_cursor(connection: Connection[Any]) -> None:
    cursor = connection.execute("SELECT k FROM t")
    cursor.close()
    for act in (
        lambda: cursor.execute("SELECT 1"),
        lambda: cursor.executemany("SELECT 1", [()]),
        lambda: cursor.executemany("SELECT 1", []),
        lambda: cursor.explain("SELECT 1"),
        lambda: list(cursor.stream("SELECT 1")),
        cursor.fetchone,
        cursor.fetchall,
        cursor.fetchmany,
        lambda: next(cursor),
        lambda: cursor.scroll(1),
    ):
        fails(act, psycopg.InterfaceError, errors.InterfaceError, match="the cursor is closed")


def test_a_cursor_without_a_result(connection: Connection[Any]) -> None:
    cursor = connection.cursor()
    for act in (cursor.fetchone, cursor.fetchall, cursor.fetchmany, lambda: next(cursor)):
        fails(act, psycopg.ProgrammingError, errors.ProgrammingError, match="no result available")
    cursor.execute("UPDATE t SET v = 1 WHERE k = 1")
    fails(cursor.fetchall, psycopg.ProgrammingError, errors.ProgrammingError, match="didn't produce records")
    stream = cursor.stream("UPDATE t SET v = 1 WHERE k = 1")
    fails(
        lambda: list(stream),
        psycopg.ProgrammingError,
        errors.ProgrammingError,
        match="didn't produce a result",
    )


def test_a_closed_connection(pair: Cluster) -> None:
    connection = pair.connect()
    cursor = connection.cursor()
    connection.close()

    def set_autocommit() -> None:
        connection.autocommit = True

    for act in (
        lambda: connection.execute("SELECT 1"),
        lambda: cursor.execute("SELECT 1"),
        lambda: cursor.executemany("SELECT 1", [()]),
        lambda: cursor.explain("SELECT 1"),
        lambda: cursor.copy("COPY t TO STDOUT"),
        lambda: connection.transaction().__enter__(),
        connection.cursor,
        connection.commit,
        connection.rollback,
        set_autocommit,
    ):
        fails(act, psycopg.OperationalError, errors.OperationalError, match="the connection is closed")
    assert repr(connection) == "<Connection [closed] map v1 | 2 servers>"
    connection.close()


@pytest.mark.parametrize("used", [True, False])
def test_a_closed_cluster(databases: MakeDatabases, used: bool) -> None:
    cluster = Cluster.create(databases(2), num_partitions=4)
    connection = cluster.connect(autocommit=True)
    if not used:
        connection.close()
        cluster = Cluster.open(next(iter(cluster.servers.values())).conninfo)
    cluster.close()
    for act in (
        cluster.connect,
        cluster.refresh,
        cluster.status,
        lambda: cluster.create_table("CREATE TABLE t (k int)", key="k"),
        lambda: cluster.drop_table("t"),
        lambda: cluster.writer("t").write([]) if used else cluster.refresh(),
    ):
        error = fails(
            act,
            errors.Error,
            match="the cluster is closed; open it again with Cluster.open|the cluster has no table t",
        )
        assert isinstance(error, errors.InterfaceError | errors.UnknownTable)
    if used:
        fails(
            lambda: connection.execute("SET search_path = x"),
            errors.InterfaceError,
            psycopg.InterfaceError,
            match="closed",
        )
        connection.close()
    cluster.close()


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("SELECT nothing_of_ours(k) FROM t", psycopg.errors.UndefinedFunction),
        ("SELECT no_such_column, set_config('a.b', 'c', true) FROM t", psycopg.errors.UndefinedColumn),
        ("SELECT * FROM t, no_such_table", psycopg.errors.UndefinedTable),
    ],
)
def test_what_would_be_refused_and_does_not_exist(
    connection: Connection[Any], query: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        connection.execute(query)
    with pytest.raises(psycopg.errors.InFailedSqlTransaction):
        connection.execute("SELECT 1")


def test_a_refusal_fails_no_transaction(connection: Connection[Any]) -> None:
    connection.execute("INSERT INTO t (k, v) VALUES (500, 1), (501, 1), (502, 1)")
    with pytest.raises(errors.UnsupportedQuery):
        connection.execute("SELECT ctid, v FROM t GROUP BY k")
    assert connection.execute("SELECT count(*) FROM t WHERE v = 1").fetchone() == (3,)
