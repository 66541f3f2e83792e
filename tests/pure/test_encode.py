"""COPY's text format: what is written reads back, column by column."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parallel_partition.catalog.shard_map import part_of
from parallel_partition.catalog.tables import Column, Table
from parallel_partition.postgres.copy import TEXT, CopyChunk, CopyFormat, copy_statement, refused_place
from parallel_partition.writing import chunks as chunks_module
from parallel_partition.writing import keys as keys_module
from parallel_partition.writing.chunks import (
    EVERYWHERE,
    FIRST_WAITING_BYTES,
    WAITING_BYTES,
    Batch,
    Chunks,
    Layout,
)
from parallel_partition.writing.drawn import BLOCK_MAX, Drawn, is_drawn
from parallel_partition.writing.encode import as_bytes, column_texts, drawn_texts, lines
from parallel_partition.writing.keys import Keys
from parallel_partition.writing.refusals import BadValue

CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
VALUES = (
    st.none() | st.integers() | st.text(CHARACTERS) | st.sampled_from(["\\N", "\\.", "a\tb", "\r\n", "\\"])
)


def dump(value: Any) -> str | None:
    """Stands for psycopg's adapters."""
    if isinstance(value, complex):
        raise TypeError("cannot adapt type 'complex'")
    return None if value is None else str(value)


def read_back(field: str) -> str | None:
    """COPY's text format as PostgreSQL's manual describes it."""
    if field == "\\N":
        return None
    out, at = "", 0
    while at < len(field):
        if field[at] == "\\":
            at += 1
            out += {"n": "\n", "r": "\r", "t": "\t", "\\": "\\"}[field[at]]
        else:
            out += field[at]
        at += 1
    return out


@given(st.lists(st.tuples(VALUES, VALUES, VALUES), min_size=1, max_size=20))
def test_rows_read_back(rows: list[tuple[Any, ...]]) -> None:
    texts = [column_texts(values, dump, "c") for values in zip(*rows, strict=True)]
    data = as_bytes(lines(texts))
    assert data.count(b"\n") == len(rows)
    found = [tuple(map(read_back, line.split("\t"))) for line in data.decode().split("\n")[:-1]]
    assert found == [tuple(map(dump, row)) for row in rows]


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([1, -2, 10**30], ["1", "-2", str(10**30)]),
        ([True, False, None], ["t", "f", "\\N"]),
        ([1, True], ["1", "True"]),  # mixed types: each by its own adapter
        ([1.5, 1e300, -0.0], ["1.5", "1e+300", "-0.0"]),
        ([math.inf, -math.inf, math.nan, None], ["Infinity", "-Infinity", "NaN", "\\N"]),
        ([Decimal("1.50"), Decimal("1E+2"), None], ["1.50", "1E+2", "\\N"]),
        ([Decimal("-Infinity"), Decimal("sNaN"), Decimal("-NaN12")], ["-Infinity", "NaN", "NaN"]),
        ([date(1, 2, 3)], ["0001-02-03"]),
        ([datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC)], ["2026-01-02 03:04:05.000006+00:00"]),
        ([datetime(1, 1, 1), None], ["0001-01-01 00:00:00", "\\N"]),
        ([date(2026, 1, 2), datetime(2026, 1, 2)], ["2026-01-02", "2026-01-02 00:00:00"]),
        ([None, None], ["\\N", "\\N"]),
        (["a", None, "\\N"], ["a", "\\N", "\\\\N"]),
        (["", None], ["", "\\N"]),
    ],
)
def test_plain_types(values: list[Any], texts: list[str]) -> None:
    assert column_texts(values, dump, "c") == texts


def test_json_columns_are_not_given_postgresqls_booleans() -> None:
    asked: list[Any] = []

    def dump_json(value: Any) -> str:
        asked.append(value)
        return "json"

    assert column_texts([True, {"a": 1}], dump_json, "c", json=True) == ["json", "json"]
    assert column_texts([True], dump_json, "c", json=True) == ["json"]
    assert column_texts(['{"a": "\\n"}'], dump_json, "c", json=True) == ['{"a": "\\\\n"}']
    assert asked == [True, {"a": 1}, True]


def test_subclasses_are_left_to_their_adapters() -> None:
    class Loud(str):
        __slots__ = ()

        def __str__(self) -> str:
            return "LOUD"

    assert column_texts([Loud("quiet"), "b"], dump, "c") == ["LOUD", "b"]


@pytest.mark.parametrize("bad", [1j, "\ud800"])
def test_a_value_without_a_text_is_named(bad: Any) -> None:
    def strict(value: Any) -> str:
        return str(value).encode().decode() if isinstance(value, str) else str(dump(value))

    with pytest.raises(BadValue, match="cannot be written") as raised:
        column_texts(["a", bad, "b"], strict, "price")
    assert (raised.value.index, raised.value.column) == (1, "price")


# --- keys --------------------------------------------------------------------------------------------------------


def keyed(*columns: tuple[str, str]) -> Keys:
    names = [f"k{number}" for number in range(len(columns))]
    made = tuple(Column(name, type_, 0) for name, (type_, _) in zip(names, columns, strict=True))
    return Keys(Table("public", "t", "sharded", made, tuple(names), tuple(kind for _, kind in columns)), 97)


@pytest.mark.parametrize(
    ("column", "value", "text"),
    [
        (("bigint", "integer"), 42, "42"),
        (("bigint", "integer"), "042", "42"),
        (("bigint", "integer"), None, None),
        (("text", "text"), "a\tb", "a\tb"),
        (("character varying(3)", "text"), "abc", "abc"),
        (("character varying(3)", "text"), "abc  ", "abc"),
        (("character varying(3)", "text"), "ab     ", "ab "),
        (("character varying(3)", "text"), "abcd ", "abcd "),  # refused by PostgreSQL
        (("numeric(10,2)", "numeric"), "1.005", "1.01"),
        (("numeric(10,2)", "numeric"), "-1.005", "-1.01"),
        (("numeric(10,2)", "numeric"), "1.50", "1.5"),
        (("numeric(10,2)", "numeric"), "0.004", "0"),
        (("numeric(10,2)", "numeric"), "NaN", "NaN"),
        (("numeric(5,-2)", "numeric"), "12350", "12400"),
        (("numeric(10,2)", "numeric"), None, None),
        (("numeric", "numeric"), "1.005", "1.005"),
        (("numeric(1000,500)", "numeric"), "1" + "0" * 400 + ".5", "1" + "0" * 400 + ".5"),
        (("boolean", "boolean"), "yes", "true"),
        (("uuid", "uuid"), "{A0EEBC99-9C0B4EF8BB6D6BB9BD380A11}", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
    ],
)
def test_keys_are_hashed_as_they_are_stored(column: tuple[str, str], value: Any, text: str | None) -> None:
    keys = keyed(column)
    assert keys.parts([[value, value]]) == [part_of(text, 97)] * 2
    if isinstance(value, str):
        assert part_of(keys.canonical(0, value), 97) == part_of(text, 97)


def test_a_key_of_the_wrong_type_is_named() -> None:
    with pytest.raises(BadValue, match=r"1\.5") as raised:
        keyed(("bigint", "integer")).parts([[1, 1.5]])
    assert (raised.value.index, raised.value.column) == (1, "k0")
    with pytest.raises(BadValue):
        keyed(("bigint", "integer")).parts([[1, True]])


def test_equal_values_of_different_types_are_not_confused() -> None:
    """1 == True == 1.0 in Python, and a remembered 1 must not let the others through."""
    keys = keyed(("boolean", "boolean"), ("bigint", "integer"))
    assert keys.parts([[True], [1]]) == keys.parts([["t"], ["1"]])
    with pytest.raises(BadValue):
        keys.parts([[1], [1]])


def test_what_is_remembered_of_keys_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys_module, "REMEMBERED", 10)
    keys = keyed(("bigint", "integer"))
    for first in range(0, 1000, 5):
        several = [*range(first, first + 5), first]
        assert keys.parts([several]) == [part_of(str(key), 97) for key in several]
    assert len(keys.known) <= 10


# --- chunks ------------------------------------------------------------------------------------------------------

SHARDED = Table("s", "t", "sharded", (Column("id", "bigint", 20),), ("id",), ("integer",))
LAYOUT = Layout(("id",), TEXT)


def test_rows_wait_until_a_server_has_many_and_the_largest_partition_goes_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(chunks_module, "FIRST_WAITING_BYTES", WAITING_BYTES)
    sent: list[tuple[str, CopyChunk]] = []
    chunks = Chunks(SHARDED, lambda part: f"s{part % 2}", ["s0", "s1"], lambda *both: sent.append(both))
    piece = b"x" * (WAITING_BYTES // 10)
    for number, part in enumerate([1, 3, 3, 2, 3, 1, 3], start=1):
        chunks.add(LAYOUT, Batch(number, [part]), part, piece, 1)
    assert [(server, chunk.relation, chunk.rows) for server, chunk in sent] == [("s1", "t_part_3", 4)]
    chunks.flush()
    assert {(server, chunk.relation, chunk.rows) for server, chunk in sent[1:]} == {
        ("s1", "t_part_1", 2),
        ("s0", "t_part_2", 1),
    }
    chunks.flush()
    assert len(sent) == 3


def test_the_first_chunks_are_small_and_what_waits_is_bounded() -> None:
    sent = added = most = 0

    def send(server: str, chunk: CopyChunk) -> None:
        nonlocal sent
        sent += sum(map(len, chunk.pieces))

    chunks = Chunks(SHARDED, lambda part: "s", ["s"], send)
    piece = b"x" * 50_000
    while added < 8 * WAITING_BYTES:
        part = added // 50_000 % 7 + 1
        chunks.add(LAYOUT, Batch(1, [part]), part, piece, 1)
        added += len(piece)
        assert sent or added <= FIRST_WAITING_BYTES
        most = max(most, added - sent)
    assert most <= WAITING_BYTES
    assert most > WAITING_BYTES // 2, "later chunks are large"


def test_rows_of_reference_tables_go_to_every_server() -> None:
    sent: list[tuple[str, CopyChunk]] = []
    table = Table("s", "r", "reference", (Column("id", "bigint", 20),))
    chunks = Chunks(
        table, lambda part: pytest.fail("no partitions"), ["s0", "s1"], lambda *both: sent.append(both)
    )
    chunks.add(LAYOUT, Batch(1, None), EVERYWHERE, b"1\n2\n", 2)
    chunks.flush()
    assert [(server, chunk.relation, chunk.pieces) for server, chunk in sent] == [
        ("s0", "r", [b"1\n2\n"]),
        ("s1", "r", [b"1\n2\n"]),
    ]


def test_all_that_waits_goes_to_the_servers_in_turn() -> None:
    sent: list[str] = []
    chunks = Chunks(
        SHARDED, lambda part: f"s{part % 2}", ["s0", "s1"], lambda server, chunk: sent.append(server)
    )
    for part in (1, 3, 5, 2, 4):
        chunks.add(LAYOUT, Batch(1, [part]), part, b"1\n", 1)
    chunks.flush()
    assert sent == ["s1", "s0", "s1", "s0", "s1"]


@given(st.lists(st.lists(st.integers(1, 3), min_size=1, max_size=6), min_size=1, max_size=6))
def test_the_rows_of_a_chunk_keep_their_numbers(batches: list[list[int]]) -> None:
    sent: list[CopyChunk] = []
    chunks = Chunks(SHARDED, lambda part: "s", ["s"], lambda server, chunk: sent.append(chunk))
    first = 1
    for parts in batches:
        for part in set(parts):
            mine = [number for number, each in enumerate(parts, first) if each == part]
            chunks.add(
                LAYOUT, Batch(first, parts), part, b"".join(b"%d\n" % number for number in mine), len(mine)
            )
        first += len(parts)
    chunks.flush()
    for chunk in sent:
        numbers = [int(line) for line in b"".join(chunk.pieces).split()]
        assert [chunk.source.number(place) for place in range(chunk.rows)] == numbers
    assert sum(chunk.rows for chunk in sent) == first - 1


# --- COPY --------------------------------------------------------------------------------------------------------


def test_copy_names_what_it_needs_and_quotes_it() -> None:
    assert copy_statement('S"x', "t_part_7", ["id", "Na me"], TEXT) == (
        b'COPY "S""x"."t_part_7" ("id", "Na me") FROM STDIN WITH (ENCODING \'UTF8\')'
    )
    form = CopyFormat(csv=True, delimiter="'", quote="|", null="\\N")
    assert copy_statement("s", "t", ["id"], form) == (
        b'COPY "s"."t" ("id") FROM STDIN WITH (ENCODING \'UTF8\', FORMAT csv, '
        b"DELIMITER '''', QUOTE '|', NULL  E'\\\\N')"
    )


@pytest.mark.parametrize(
    ("context", "place"),
    [
        ('COPY t_part_1, line 12, column price: "x"', (12, "price")),
        ("COPY t_part_1, line 12, column price: null input", (12, "price")),
        ('COPY t_part_1, line 12, column price, net: "x"', (12, "price, net")),
        ('COPY t_part_1, line 3: "1, column price: 2"', (3, None)),
        ("COPY t_part_1, line 3", (3, None)),
        ('COPY t_part_1, Zeile 12, Spalte price: "x"', (12, "price")),
        ('COPY t_part_1, ligne 12, colonne price : "x"', (12, "price")),
        ('COPY t_part_1, line 12, column other: "x"', (12, None)),
        ("PL/pgSQL function f() line 5 at RAISE\nCOPY t_part_1, line 2", (2, None)),
        ("PL/pgSQL function f() line 5 at RAISE", (None, None)),
        ("", (None, None)),
    ],
)
def test_the_place_of_a_refused_row(context: str, place: tuple[int | None, str | None]) -> None:
    chunk = CopyChunk(b"", "t_part_1", ["price", "price, net"], [], 0)
    assert refused_place(chunk, context) == place


# --- values drawn for columns that rows leave out ----------------------------------------------------------------


@pytest.mark.parametrize(
    "default",
    ["0", "-1", "(-1)", "1.50", "'a''b'::text", "'2020-01-01'::date", "true", "'{}'::jsonb", "NULL::character varying",
     "'x'::character varying(10)", "'{1,2}'::integer[]", "'0'::numeric(10,2)", "'a'::\"my type\""],
)  # fmt: skip
def test_constants_are_left_to_the_servers(default: str) -> None:
    assert not is_drawn(Column("c", "text", 25, default=default))


@pytest.mark.parametrize(
    "default",
    ["now()", "CURRENT_DATE", "gen_random_uuid()", "'now'::text::date", "('now'::text)::date", "(1 + 2)",
     "'a'::text || f('b'::text)", "'a' || f('b')", "nextval('s'::regclass)"],
)  # fmt: skip
def test_other_defaults_are_drawn_once_for_all_servers(default: str) -> None:
    assert is_drawn(Column("c", "text", 25, default=default))


def test_columns_without_a_default_are_not_drawn() -> None:
    assert not is_drawn(Column("c", "text", 25))
    assert is_drawn(Column("c", "bigint", 20, sequence="public.c_seq"))


def test_values_are_drawn_in_blocks_that_grow() -> None:
    asked: list[int] = []

    def draw(columns: Any, count: int) -> list[tuple[str | None, ...]]:
        first = sum(asked)
        asked.append(count)
        return [(str(first + number), None) for number in range(count)]

    drawn = Drawn([Column("a", "bigint", 20), Column("b", "text", 25)], draw)
    taken = [drawn.take(1) for _ in range(2000)]
    assert taken == [[[str(number)], [None]] for number in range(2000)]
    assert asked == [1, 10, 100, BLOCK_MAX, BLOCK_MAX]
    assert drawn.take(5000)[0] == [str(number) for number in range(2000, 7000)]
    assert len(asked) == 6


def test_drawn_texts_are_escaped() -> None:
    assert drawn_texts(["a\tb", None]) == ["a\\tb", "\\N"]
