"""The bulk writer: what is read back is what one PostgreSQL would hold, on the right servers, or nothing is kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from parallel_partition import Cluster, errors
from parallel_partition.execution import bulk_load
from parallel_partition.postgres.copy import CopyChunk
from parallel_partition.writing import chunks as chunks_module
from tests.cluster.loads import PLACED, assert_nothing_is_left, everywhere, rows


@pytest.fixture
def cluster(loaded: Cluster) -> Cluster:
    """Four servers and eight partitions, for all tests; their tables have names of their own."""
    return loaded


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
