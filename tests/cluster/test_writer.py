"""The bulk writer: what is read back is what one PostgreSQL would hold, on the right servers, or nothing is kept."""

from __future__ import annotations

import enum
import ipaddress
import logging
import os
import signal
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.types.json import Jsonb

from parallel_partition import Cluster, errors
from parallel_partition.execution import bulk_load
from parallel_partition.execution.bulk_load import BulkLoad
from parallel_partition.postgres.copy import CopyChunk
from parallel_partition.writing import chunks as chunks_module
from tests.fix_clusters import MakeCluster
from tests.fix_databases import MakeDatabases
from tests.fix_faults import StartCluster

Rows = list[tuple[Any, ...]]

PLACED = "part = parallel_partition.part_of(parallel_partition.key_text({key}), 8)"


class Colour(enum.Enum):
    """As PostgreSQL's enum ``colour``."""

    red = 1
    blue = 2


@pytest.fixture(scope="module")
def cluster(make_module_cluster: MakeCluster) -> Cluster:
    """Four servers and eight partitions, for all tests; their tables have names of their own."""
    cluster = make_module_cluster()
    everywhere(cluster, "CREATE TYPE colour AS ENUM ('red', 'blue')")
    return cluster


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A table's name that no other test has."""
    return f"t{next(_names)}"


_names = count(1)


def everywhere(cluster: Cluster, query: str) -> dict[str, Rows]:
    """Run a statement on each server by itself."""
    found = {}
    for server in cluster.servers.values():
        with psycopg.connect(server.conninfo, autocommit=True) as connection:
            cursor = connection.execute(query.encode())
            found[server.name] = cursor.fetchall() if cursor.description else []
    return found


def rows(cluster: Cluster, table: str, columns: str) -> Rows:
    """The rows of all servers, in order."""
    found = everywhere(cluster, f"SELECT {columns} FROM {table}")
    return sorted((row for each in found.values() for row in each), key=repr)


def assert_nothing_is_left(cluster: Cluster, table: str) -> None:
    found = everywhere(cluster, f"SELECT * FROM {table}")
    assert found == {server: [] for server in cluster.servers}
    prepared = everywhere(cluster, "SELECT gid FROM pg_prepared_xacts WHERE database = current_database()")
    assert not any(prepared.values())
    # No session holds a transaction or a lock, and no thread is left.
    held = everywhere(
        cluster,
        "SELECT state, query FROM pg_stat_activity WHERE datname = current_database() "
        "AND state LIKE '%transaction%' AND pid <> pg_backend_pid()",
    )
    assert not any(held.values()), held
    assert not [thread for thread in threading.enumerate() if thread.name in lanes(cluster)]


def lanes(cluster: Cluster) -> set[str]:
    return {f"parallel_partition-{server}" for server in cluster.servers}


# --- values ------------------------------------------------------------------------------------------------------

ALL_TYPES = """CREATE TABLE {} (
    id bigint, b boolean, i2 smallint, i4 integer, n numeric, n2 numeric(8,2), f4 real, f8 double precision,
    t text, v varchar(40), c char(5), by bytea, d date, ti time, ttz timetz, ts timestamp, tstz timestamptz,
    iv interval, u uuid, j json, jb jsonb, ia integer[], ta text[], ba bytea[], nested integer[][], ip inet, net cidr,
    col colour, r int4range, m money)"""

NOTHING = (None,) * 29


def all_types() -> Rows:
    zone = timezone(timedelta(hours=5, minutes=30))
    uuid = UUID("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")
    full = (True, -32768, 2**31 - 1, Decimal("1.50"), Decimal("-3.145"), 1.5, 0.1 + 0.2, "text", "v", "c",
            b"\x00\\\xff", date(2026, 11, 21), time(23, 59, 59, 999999), time(1, 2, 3, tzinfo=zone),
            datetime(2026, 11, 21, 1, 2, 3, 4), datetime(2026, 11, 21, 1, 2, 3, tzinfo=zone),
            timedelta(days=-1, seconds=5, microseconds=7), uuid,
            {"a": [1, None, "\t\\"]}, {"b": {"c": 1.5}, "d": "\n"}, [1, None, -3], ["a,b", None, 'q"\\\n', ""],
            [b"\x01\\", b""], [[1, 2], [3, 4]], ipaddress.ip_address("10.0.0.1"), ipaddress.ip_network("10.0.0.0/8"),
            Colour.red, "[1,5)", "$1.50")  # fmt: skip
    odd = (False, 0, -1, Decimal("1E+20"), Decimal("0"), float("inf"), float("nan"), "", "\\N", "", b"",
           date(1, 1, 1), time(0), "04:05:06-08", datetime.max, datetime(1, 1, 1, tzinfo=UTC), timedelta(0), str(uuid),
           [1, 2], [], [], [], [], [], ipaddress.ip_interface("::1/64"), "10.1.0.0/16",
           "blue", "empty", "-2")  # fmt: skip
    texts = ("yes", "7", "8", "1e3", "2", "3.5", "-0", "\t\r\n\\.\b\f\v'\"", "ünï 漢 😀", "12345", "\\x01ff",
             "2026-11-21", "01:02", "01:02+3", "2026-11-21 05:06", "2026-11-21 05:06+02", "1 mon 2 days", str(uuid),
             "null", '"s"', "{1,2}", "{a}", "{}", "{{1},{2}}", "1.2.3.4", "1.2.3.0/24",
             "red", "(,5]", "3")  # fmt: skip
    numbers = (True, 1, 2, 3, 4, 5, 6, 7, 8.5, 9, b"", None, None, None, None, None, None, None, True, 1.5, [],
               [], [], [], None, None, None, None, 10)  # fmt: skip
    return [(number, *values) for number, values in enumerate([full, odd, texts, numbers, NOTHING], start=1)]


@pytest.mark.parametrize("separately", [True, False])
def test_every_type_is_held_as_one_postgresql_holds_it(
    cluster: Cluster, name: str, plain: str, separately: bool
) -> None:
    """The same rows through psycopg's own COPY into one plain PostgreSQL."""
    cluster.create_table(ALL_TYPES.format(name), key="id")
    given = all_types()
    with cluster.writer(name) as writer:
        for some in [[row] for row in given] if separately else [given]:
            writer.write(some)
    with psycopg.connect(plain, autocommit=True) as one:
        one.execute("CREATE TYPE colour AS ENUM ('red', 'blue')")
        one.execute(ALL_TYPES.format(name).encode())
        names = [column.name for column in one.execute(f"SELECT * FROM {name}".encode()).description or []]
        json = [index for index, column in enumerate(names) if column in ("j", "jb")]
        with one.cursor().copy(f"COPY {name} FROM STDIN".encode()) as copy:
            for row in given:
                copy.write_row(
                    [
                        Jsonb(value) if index in json and isinstance(value, dict | list | bool) else value
                        for index, value in enumerate(row)
                    ]
                )
        texts = ", ".join(f"{column}::text" for column in names)
        expected = one.execute(f"SELECT {texts} FROM {name} ORDER BY id".encode()).fetchall()
    found = everywhere(cluster, f"SELECT {texts} FROM {name}")
    assert sorted((row for each in found.values() for row in each), key=lambda row: int(row[0])) == expected


KEYS: list[tuple[str, list[Any]]] = [
    ("bigint", [0, -1, 2**63 - 1, "007", " 5 ", None, *range(100, 150)]),
    ("text", ["", "a", "é", "\t", "\\N", "x\ny", "\\", None, *map(str, range(50))]),
    ("varchar(3)", ["abc", "abc   ", "a  ", "ab     ", None]),
    ("numeric", [Decimal("1.50"), 1, "1e2", Decimal("1E+2"), "NaN", None, Decimal("-0")]),
    ("numeric(10,2)", ["1.005", Decimal("2.345"), "-1.005", 3, None]),
    ("uuid", [UUID(int=7), "{A0EEBC99-9C0B4EF8BB6D6BB9BD380A11}", None]),
    ("date", [date(2026, 1, 2), date(1, 1, 1), "0044-03-15 BC", "infinity", None]),
    ("boolean", [True, False, "yes", "f", None]),
]


@pytest.mark.both_versions
@pytest.mark.parametrize(("type_", "values"), KEYS, ids=[type_ for type_, _ in KEYS])
def test_every_key_is_where_sql_says(
    make_cluster: MakeCluster, type_: str, values: list[Any], tmp_path: Any
) -> None:
    """The key as PostgreSQL stored it, hashed by PostgreSQL: from tuples, mappings and CSV."""
    cluster = make_cluster(servers=2)
    cluster.create_table(f"CREATE TABLE k (key {type_}, n integer)", key="key")
    with cluster.writer("k") as writer:
        writer.write((value, number) for number, value in enumerate(values))
        writer.write({"n": number, "key": value} for number, value in enumerate(values))
    file = tmp_path / "k.csv"
    literal = [None if value is None else str(value) for value in values]
    lines = ["" if text is None else '"' + text.replace('"', '""') + '"' for text in literal]
    file.write_text(
        "key,n\n" + "".join(f"{line},{number}\n" for number, line in enumerate(lines)), newline=""
    )
    cluster.load_csv("k", file)
    misplaced = everywhere(cluster, f"SELECT key::text FROM k WHERE NOT {PLACED.format(key='key')}")
    assert misplaced == {"s1": [], "s2": []}
    assert len(rows(cluster, "k", "n")) == 3 * len(values)
    nulls = sum(value is None for value in values)
    assert len(rows(cluster, "k WHERE key IS NULL", "n")) == 3 * nulls


def test_keys_of_several_columns(cluster: Cluster, name: str) -> None:
    cluster.create_table(f"CREATE TABLE {name} (a text, b integer, c text)", key=("b", "a"))
    given = [("x", 1, "p"), (None, None, "q"), ("", 2, "r"), ("y", None, "s")]
    with cluster.writer(name) as writer:
        writer.write(given)
    assert sorted(rows(cluster, name, "a, b, c"), key=lambda row: str(row[2])) == given
    for row in given:
        part = cluster.shard_map.partition_of((row[1], row[0]), ("integer", "text"))
        server = cluster.shard_map.home_of(part)
        found = everywhere(cluster, f"SELECT part FROM {name} WHERE c = '{row[2]}'")
        assert found == {each: [(part,)] if each == server else [] for each in cluster.servers}


def test_null_keys_are_found_again(cluster: Cluster, name: str) -> None:
    cluster.create_table(f"CREATE TABLE {name} (k text, n integer)", key="k")
    with cluster.writer(name) as writer:
        writer.write((None, number) for number in range(3))
        writer.write([{"n": 3}, {"n": 4, "k": None}])
    assert rows(cluster, f"{name} WHERE k IS NULL", "n") == [(0,), (1,), (2,), (3,), (4,)]


# --- rows --------------------------------------------------------------------------------------------------------


def test_tuples_lists_and_mappings(cluster: Cluster, name: str) -> None:
    cluster.create_table(
        f"CREATE TABLE {name} (id integer PRIMARY KEY, a text DEFAULT 'def', b integer)", key="id"
    )
    with cluster.writer(name) as writer:
        writer.write([(1, "x", 1), [2, "y", 2]])
        writer.write([{"b": 3, "id": 3, "a": "z"}, {"id": 4}, {"a": None, "id": 5}, (6, None, None)])
        writer.write({"id": number, "b": number} for number in range(7, 5000))
        assert writer.rows_written == 4999
    found = sorted(rows(cluster, name, "id, a, b"))
    assert found[:6] == [
        (1, "x", 1),
        (2, "y", 2),
        (3, "z", 3),
        (4, "def", None),
        (5, None, None),
        (6, None, None),
    ]
    assert found[6:] == [(number, "def", number) for number in range(7, 5000)]


def test_columns_name_the_values_of_tuples(cluster: Cluster, name: str) -> None:
    cluster.create_table(
        f"CREATE TABLE {name} (id integer PRIMARY KEY, a text, b integer DEFAULT 9)", key="id"
    )
    with cluster.writer(name, columns=["a", "id"]) as writer:
        writer.write([("x", 1), {"id": 2, "b": 3}])
    assert rows(cluster, name, "id, a, b") == [(1, "x", 9), (2, None, 3)]


def test_names_that_need_quotes(cluster: Cluster) -> None:
    cluster.create_table(
        'CREATE TABLE "Odd ""Name" ("Id" bigint PRIMARY KEY, "select" text, "a, b" integer)', key="Id"
    )
    with cluster.writer('Odd "Name') as writer:
        writer.write([(1, "x", 2), {"a, b": 3, "Id": 4, "select": "y"}])
    assert rows(cluster, '"Odd ""Name"', '"Id", "select", "a, b"') == [(1, "x", 2), (4, "y", 3)]
    with (
        pytest.raises(errors.RowRefused, match="column a, b") as raised,
        cluster.writer('Odd "Name') as writer,
    ):
        writer.write([(1, "x", "no number")])
    assert raised.value.column == "a, b"


def test_a_schema_of_its_own(cluster: Cluster) -> None:
    everywhere(cluster, "CREATE SCHEMA sales")
    cluster.create_table("CREATE TABLE sales.orders (id bigint PRIMARY KEY)", key="id")
    for table in ("sales.orders", ("sales", "orders")):
        with cluster.writer(table) as writer:
            writer.write([(len(rows(cluster, "sales.orders", "id")),)])
    assert rows(cluster, "sales.orders", "id") == [(0,), (1,)]


def test_nothing_written_is_nothing_done(cluster: Cluster, name: str) -> None:
    cluster.create_table(f"CREATE TABLE {name} (id bigint PRIMARY KEY)", key="id")
    with cluster.writer(name) as writer:
        writer.write([])
    assert writer.rows_written == 0
    assert_nothing_is_left(cluster, name)


def test_rows_are_visible_only_when_all_are(cluster: Cluster, name: str) -> None:
    cluster.create_table(f"CREATE TABLE {name} (id bigint PRIMARY KEY, t text)", key="id")
    with cluster.writer(name) as writer:
        writer.write((number, "x" * 1000) for number in range(20_000))
        assert rows(cluster, name, "id") == []
    assert len(rows(cluster, name, "id")) == 20_000
    assert writer.pending == ()


def test_a_generator_is_read_no_faster_than_the_servers_write(
    cluster: Cluster, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks_module, "WAITING_BYTES", 1 << 16)
    monkeypatch.setattr(chunks_module, "WAITING_BYTES_PER_SERVER", 1 << 16)
    taken = written = most = 0

    def source() -> Iterator[tuple[int, str]]:
        nonlocal taken, most
        for taken in range(1, 30_001):
            most = max(most, taken - written)
            yield taken, "x" * 100

    copy_in = bulk_load.copy_in

    def counted(connection: Any, server: str, chunk: CopyChunk) -> None:
        nonlocal written
        copy_in(connection, server, chunk)
        written += chunk.rows

    monkeypatch.setattr(bulk_load, "copy_in", counted)
    cluster.create_table(f"CREATE TABLE {name} (id bigint PRIMARY KEY, t text)", key="id")
    with cluster.writer(name) as writer:
        writer.write(source())
    assert len(rows(cluster, name, "id")) == 30_000
    # A batch, and per server 64 kB that wait here and (two in its queue and one at work) three chunks.
    assert most < 2000 + 4 * 4 * (1 << 16) // 100


# --- columns that PostgreSQL fills -------------------------------------------------------------------------------


def test_sequences_fill_what_rows_leave_out(cluster: Cluster, name: str) -> None:
    cluster.create_table(
        f"CREATE TABLE {name} (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, s serial, t text)",
        key="id",
    )
    with cluster.writer(name) as writer:
        writer.write({"t": str(number)} for number in range(3000))
        writer.write([{"id": -5, "t": "given"}, (-6, -7, "both")])
    found = rows(cluster, name, "id, s, t")
    assert len(found) == 3002
    drawn = [row for row in found if row[0] > 0]
    assert len({row[0] for row in drawn}) == 3000
    assert len({row[1] for row in found}) == 3002
    assert (-6, -7, "both") in found
    assert everywhere(cluster, f"SELECT * FROM {name} WHERE NOT {PLACED.format(key='id')}") == {
        server: [] for server in cluster.servers
    }


def test_columns_that_are_always_generated(cluster: Cluster, name: str) -> None:
    cluster.create_table(
        f"CREATE TABLE {name} (k integer, id bigint GENERATED ALWAYS AS IDENTITY, twice integer "
        "GENERATED ALWAYS AS (k * 2) STORED)",
        key="k",
    )
    with cluster.writer(name) as writer:
        writer.write([(4,), {"k": 5}])
    assert rows(cluster, name, "k, twice") == [(4, 8), (5, 10)]
    assert len({row[0] for row in rows(cluster, name, "id")}) == 2
    for column, reason in (("id", "GENERATED ALWAYS AS IDENTITY"), ("twice", "generated")):
        with pytest.raises(errors.ProgrammingError, match=f"column {column} is {reason}"):
            cluster.writer(name, columns=["k", column])
        with pytest.raises(errors.RowRefused, match=reason) as raised, cluster.writer(name) as writer:
            writer.write([(1,), {"k": 1, column: 1}])
        assert raised.value.row == 2


def test_a_time_that_is_drawn_is_one_time(cluster: Cluster, name: str) -> None:
    cluster.create_table(
        f"CREATE TABLE {name} (id integer PRIMARY KEY, at timestamptz DEFAULT now(), u uuid DEFAULT gen_random_uuid())",
        key="id",
    )
    with cluster.writer(name) as writer:
        writer.write({"id": number} for number in range(50))
        writer.write({"id": number} for number in range(50, 100))
    assert len({row[0] for row in rows(cluster, name, "at")}) == 1
    assert len({row[0] for row in rows(cluster, name, "u")}) == 100


def test_reference_tables_are_the_same_everywhere(cluster: Cluster, name: str) -> None:
    cluster.create_table(
        f"CREATE TABLE {name} (id serial PRIMARY KEY, t text, u uuid DEFAULT gen_random_uuid(), "
        "at timestamptz DEFAULT clock_timestamp(), n integer DEFAULT 7)",
        reference=True,
    )
    with cluster.writer(name) as writer:
        writer.write([{"t": "a"}, {"t": "b\t"}, {"t": None, "n": 8, "id": -1}])
        writer.write({"t": str(number)} for number in range(1000))
    found = everywhere(cluster, f"SELECT * FROM {name} ORDER BY id")
    assert len(found["s1"]) == 1003
    assert all(each == found["s1"] for each in found.values())
    with pytest.raises(errors.RowRefused) as raised, cluster.writer(name) as writer:
        writer.write([{"t": "x"}, {"t": "y", "n": "many"}])
    assert (raised.value.row, raised.value.column) == (2, "n")
    assert len(everywhere(cluster, f"SELECT * FROM {name}")["s4"]) == 1003


# --- what is refused ---------------------------------------------------------------------------------------------

STRICT = """CREATE TABLE {} (id bigint PRIMARY KEY, price numeric(6,2) CHECK (price > 0), name varchar(5) NOT NULL,
    at date, doc jsonb, owner integer)"""
GOOD = {"price": 1, "name": "ok"}

REFUSED: list[tuple[str, Any, str | None, str]] = [
    ("number", {**GOOD, "price": "cheap"}, "price", 'invalid input syntax for type numeric: "cheap"'),
    ("too large", {**GOOD, "price": 123456}, "price", "numeric field overflow"),
    ("too long", {**GOOD, "name": "toolong"}, "name", "value too long for type character varying"),
    ("check", {**GOOD, "price": -1}, None, "violates check constraint"),
    ("null", {**GOOD, "name": None}, "name", "violates not-null constraint"),
    ("missing", {"price": 1}, "name", "violates not-null constraint"),
    ("date", {**GOOD, "at": "2026-02-30"}, "at", "date/time field value out of range"),
    ("json", {**GOOD, "doc": "{"}, "doc", "invalid input syntax for type json"),
    ("integer", {**GOOD, "owner": 2**31}, "owner", "out of range for type integer"),
    ("nul", {**GOOD, "name": "a\0b"}, None, "invalid byte sequence"),
    ("surrogate", {**GOOD, "name": "\ud800"}, "name", "cannot be written"),
    ("adapt", {**GOOD, "owner": 1j}, "owner", "cannot adapt type 'complex'"),
    ("dict", {**GOOD, "owner": {"a": 1}}, "owner", "cannot adapt type 'dict'"),
    ("unknown column", {**GOOD, "colour": 1}, None, "no column colour; it has id, price, name"),
    ("key type", {**GOOD, "id": 1.5}, "id", "1.5"),
    ("key text", {**GOOD, "id": "seven"}, "id", "seven"),
    ("null key", {**GOOD, "id": None}, "id", "violates not-null constraint"),
    ("width", (1, 2, "x"), None, "has 3 values, 6 are wanted: id, price"),
    ("no row", "text", None, "not 'text', a str"),
    ("no row either", 7, None, "not 7, a int"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("bad", "column", "message"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED]
)
def test_a_row_that_cannot_be_written_is_named(
    cluster: Cluster, name: str, bad: Any, column: str | None, message: str
) -> None:
    cluster.create_table(STRICT.format(name), key="id")
    place = 1234

    def source() -> Iterator[Any]:
        for number in range(1, 3000):
            good = {"id": number, **GOOD}
            yield good if number != place else {"id": number, **bad} if isinstance(bad, dict) else bad

    with pytest.raises(errors.RowRefused) as raised, cluster.writer(name) as writer:
        writer.write(source())
    refused = raised.value
    assert message in str(refused)
    assert (refused.table, refused.row, refused.column) == (name, place, column)
    assert isinstance(refused, psycopg.DataError)
    by_server = "violates" in message or "invalid" in message or ("type" in message and "key" not in message)
    if by_server and refused.server is not None:
        assert refused.server in cluster.servers
        assert f"row {place:,}" in str(refused)
    assert "nothing of this batch was kept" in str(refused)
    assert_nothing_is_left(cluster, name)


def test_a_duplicate_key_is_named_with_its_server(cluster: Cluster, name: str) -> None:
    cluster.create_table(f"CREATE TABLE {name} (id bigint PRIMARY KEY, t text)", key="id")
    with (
        pytest.raises(errors.RowRefused, match=r"Key \(id\)=\(7\) already exists") as raised,
        cluster.writer(name) as writer,
    ):
        writer.write((number, "x") for number in range(1, 1000))
        writer.write([(7, "again")])
    assert raised.value.row == 1000
    assert raised.value.server == cluster.shard_map.server_of(7)
    assert isinstance(raised.value.__cause__, psycopg.errors.UniqueViolation)
    assert_nothing_is_left(cluster, name)


def test_foreign_keys_hold(cluster: Cluster, name: str) -> None:
    cluster.create_table(f"CREATE TABLE {name}_kinds (kind text PRIMARY KEY)", reference=True)
    cluster.create_table(
        f"CREATE TABLE {name} (id bigint PRIMARY KEY, kind text REFERENCES {name}_kinds)", key="id"
    )
    with cluster.writer(f"{name}_kinds") as writer:
        writer.write([("a",)])
    with (
        pytest.raises(errors.RowRefused, match=r"Key \(kind\)=\(b\) is not present") as raised,
        cluster.writer(name) as writer,
    ):
        writer.write([(1, "a"), (2, "b")])
    assert raised.value.server == cluster.shard_map.server_of(2)
    assert_nothing_is_left(cluster, name)


def test_who_catches_the_error_keeps_nothing_either(cluster: Cluster, name: str) -> None:
    cluster.create_table(f"CREATE TABLE {name} (id bigint PRIMARY KEY)", key="id")
    with pytest.raises(errors.RowRefused, match=r"1\.5"), cluster.writer(name) as writer:
        writer.write([(1,)])
        with pytest.raises(errors.RowRefused):
            writer.write([(1.5,)])
        with pytest.raises(errors.RowRefused):
            writer.write([(2,)])
    assert_nothing_is_left(cluster, name)


@pytest.mark.parametrize("error", [ValueError("the source broke"), KeyboardInterrupt()])
def test_an_error_of_the_source_keeps_nothing(cluster: Cluster, name: str, error: BaseException) -> None:
    cluster.create_table(f"CREATE TABLE {name} (id bigint PRIMARY KEY, t text)", key="id")

    def source() -> Iterator[tuple[int, str]]:
        for number in range(50_000):
            yield number, "x" * 500
        raise error

    with pytest.raises(type(error)) as raised, cluster.writer(name) as writer:
        writer.write(source())
    assert raised.value is error
    assert_nothing_is_left(cluster, name)


def test_misuse(cluster: Cluster, name: str) -> None:
    cluster.create_table(f"CREATE TABLE {name} (id bigint PRIMARY KEY)", key="id")
    writer = cluster.writer(name)
    with pytest.raises(errors.InterfaceError, match="the writer is new"):
        writer.write([(1,)])
    with writer:
        writer.write([(1,)])
        assert repr(writer) == f"<Writer public.{name} | 1 rows | open>"
    with pytest.raises(errors.InterfaceError, match="the writer is closed"):
        writer.write([(1,)])
    with pytest.raises(errors.InterfaceError, match="used once"):
        writer.__enter__()
    with pytest.raises(errors.UnknownTable, match="no table nowhere"):
        cluster.writer("nowhere")
    with pytest.raises(errors.ProgrammingError, match="no column colour; it has id"):
        cluster.writer(name, columns=["id", "colour"])
    with pytest.raises(errors.ProgrammingError, match="more than once: id, id"):
        cluster.writer(name, columns=["id", "id"])


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
