"""PEP 249: the well-known compliance suite over four servers, and what it does not look at."""

from __future__ import annotations

import datetime as dt
import unittest
from collections.abc import Iterator
from itertools import product
from typing import Any, ClassVar

import dbapi20
import psycopg
import pytest

import parallel_partition
from parallel_partition import Cluster, dbapi, errors
from parallel_partition.dbapi.connection import Connection
from tests.fix_clusters import MakeCluster

TABLES = {
    "booze": "CREATE TABLE dbapi20test_booze (name varchar(20))",
    "barflys": "CREATE TABLE dbapi20test_barflys (name varchar(20), drink varchar(30))",
}


@pytest.fixture(scope="module", autouse=True)
def pep_cluster(make_module_cluster: MakeCluster) -> Cluster:
    """The cluster of all these tests."""
    cluster = make_module_cluster(4)
    Suite.cluster = cluster
    Suite.connect_args = (cluster.servers["s1"].conninfo,)
    return cluster


class Suite(dbapi20.DatabaseAPI20Test):
    """The suite, of which psycopg does not pass as it is: that a second close() fails."""

    __test__ = False
    driver = dbapi
    cluster: ClassVar[Cluster]
    connect_args: ClassVar[tuple[Any, ...]] = ()

    def _connect(self) -> Any:
        connection = super()._connect()
        self.addCleanup(connection.close)
        return connection

    def test_non_idempotent_close(self) -> None:
        """PEP 249 leaves it open; psycopg's close() may be called again."""
        connection = self._connect()
        connection.close()
        connection.close()

    def test_nextset(self) -> None:
        """PostgreSQL's functions give one result; executemany gives several."""
        cursor = self._connect().cursor()
        self.executeDDL1(cursor)
        names = [("a",), ("b",), ("c",)]
        cursor.executemany("INSERT INTO dbapi20test_booze VALUES (%s) RETURNING name", names, returning=True)
        found = [cursor.fetchall()]
        while cursor.nextset():
            found.append(cursor.fetchall())
        assert found == [[name] for name in names]
        assert cursor.nextset() is None

    def test_setoutputsize(self) -> None:
        """The sizes change nothing: values come as they are."""
        cursor = self._connect().cursor()
        cursor.setinputsizes([None])
        cursor.setoutputsize(1)
        self.executeDDL1(cursor)
        cursor.execute("INSERT INTO dbapi20test_booze VALUES ('Boag''s Draught')")
        assert cursor.execute("SELECT name FROM dbapi20test_booze").fetchall() == [("Boag's Draught",)]


class OfTheCluster(Suite):
    """The tables are the cluster's: what the suite's own CREATE TABLE does has been done."""

    declaration: ClassVar[dict[str, Any]]

    @classmethod
    def setUpClass(cls) -> None:
        for name, statement in TABLES.items():
            options = cls.declaration if "key" not in cls.declaration or name == "booze" else {"key": "drink"}
            cls.cluster.create_table(statement, **options)

    @classmethod
    def tearDownClass(cls) -> None:
        for name in TABLES:
            cls.cluster.drop_table(f"dbapi20test_{name}")

    def setUp(self) -> None:
        with self.cluster.connect() as connection:
            for name in TABLES:
                connection.execute(f"DELETE FROM dbapi20test_{name}")

    def tearDown(self) -> None:
        pass

    def executeDDL1(self, cursor: Any) -> None:
        cursor.execute("SET application_name = 'dbapi20'")

    def executeDDL2(self, cursor: Any) -> None:
        cursor.execute("SET application_name = 'dbapi20'")


class TestShardedTables(OfTheCluster):
    """Rows on all servers."""

    __test__ = True
    declaration: ClassVar[dict[str, Any]] = {"key": "name"}


class TestReferenceTables(OfTheCluster):
    """Rows on every server."""

    __test__ = True
    declaration: ClassVar[dict[str, Any]] = {"reference": True}


class TestLocalTables(Suite):
    """Tables of the catalog's server, made and dropped by the suite."""

    __test__ = True


def test_the_suite_is_whole() -> None:
    """Each of its tests runs, and is the suite's own but for those that it leaves to the drivers."""
    named = {name for name in vars(dbapi20.DatabaseAPI20Test) if name.startswith("test_")}
    assert len(named) >= 35
    for cls in (TestShardedTables, TestReferenceTables, TestLocalTables):
        assert issubclass(cls, unittest.TestCase)
        own = {name for name in named if getattr(cls, name) is not getattr(dbapi20.DatabaseAPI20Test, name)}
        assert own == {"test_non_idempotent_close", "test_nextset", "test_setoutputsize"}


# --- what the suite does not look at --------------------------------------------------------------------------


@pytest.fixture
def over(pep_cluster: Cluster) -> Iterator[Connection[Any]]:
    with pep_cluster.connect() as connection:
        yield connection


def test_the_module() -> None:
    assert dbapi.connect is parallel_partition.connect
    assert (dbapi.apilevel, dbapi.threadsafety, dbapi.paramstyle) == ("2.0", 2, "pyformat")
    assert all(hasattr(dbapi, name) for name in dbapi.__all__)
    wanted = (
        "connect apilevel threadsafety paramstyle Warning Error InterfaceError DatabaseError DataError "
        "OperationalError IntegrityError InternalError ProgrammingError NotSupportedError Date Time Timestamp "
        "DateFromTicks TimeFromTicks TimestampFromTicks Binary STRING BINARY NUMBER DATETIME ROWID"
    )
    assert set(wanted.split()) <= set(dbapi.__all__)


def test_types_are_told_by_the_type_objects(over: Connection[Any]) -> None:
    cursor = over.execute("SELECT 'a'::text, 1, 1.5, now(), '\\x00'::bytea, 1::oid")
    assert cursor.description is not None
    wanted = [dbapi.STRING, dbapi.NUMBER, dbapi.NUMBER, dbapi.DATETIME, dbapi.BINARY, dbapi.ROWID]
    assert [column.type_code for column in cursor.description] == wanted
    assert cursor.description[0].type_code != dbapi.NUMBER


def test_values_of_the_constructors(over: Connection[Any]) -> None:
    values = (
        dbapi.Date(2026, 1, 2),
        dbapi.Time(3, 4, 5),
        dbapi.Timestamp(2026, 1, 2, 3, 4, 5),
        dbapi.Binary(b"\0a"),
    )
    found = over.execute("SELECT %s::date, %s::time, %s::timestamp, %s::bytea", values).fetchone()
    assert found == (dt.date(2026, 1, 2), dt.time(3, 4, 5), dt.datetime(2026, 1, 2, 3, 4, 5), b"\0a")


def test_errors_are_those_of_the_module(over: Connection[Any]) -> None:
    for statement, name in (
        ("SELECT * FROM nowhere", "ProgrammingError"),
        ("SELECT 1 / 0", "DataError"),
        ("SAVEPOINT a; SAVEPOINT b", "NotSupportedError"),
    ):
        for of in (dbapi, over, psycopg, errors, parallel_partition):
            with pytest.raises(getattr(of, name)):
                over.execute(statement)
            over.rollback()


def test_values_that_cannot_be_read_are_the_modules_errors_too(
    pep_cluster: Cluster, over: Connection[Any]
) -> None:
    """psycopg itself raises them, in the middle of a fetch."""
    pep_cluster.create_table("CREATE TABLE dates (a int PRIMARY KEY)", key="a")
    over.execute("INSERT INTO dates VALUES (1), (2), (3), (4), (5), (6)")
    for fetch, query in product(
        ("fetchone", "fetchmany", "fetchall", "__next__"),
        ("SELECT '10000-01-01'::date", "SELECT '10000-01-01'::date FROM dates ORDER BY a"),
    ):
        cursor = over.execute(query)
        with pytest.raises(errors.DataError) as caught:
            getattr(cursor, fetch)()
        assert isinstance(caught.value, dbapi.DataError)
        assert isinstance(caught.value, psycopg.DataError)


def test_callproc(over: Connection[Any]) -> None:
    cursor = over.cursor()
    assert cursor.callproc("lower", ["ABC"]) == ["ABC"]
    assert cursor.fetchall() == [("abc",)]
    assert cursor.callproc("pg_catalog.upper", ("abc",)) == ("abc",)
    assert cursor.fetchall() == [("ABC",)]
    named = {"hour": 8, "min": 15, "sec": 23.5}
    assert cursor.callproc("make_time", named) is named
    assert cursor.fetchone() == (dt.time(8, 15, 23, 500000),)
    cursor.callproc("pi")
    assert cursor.rowcount == 1
    with pytest.raises(dbapi.ProgrammingError):
        cursor.callproc('lower(); SELECT "x', ["a"])
    assert cursor.lastrowid is None
