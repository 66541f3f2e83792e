"""Python and PostgreSQL put every key into the same partition."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import sql

from parallel_partition.catalog.key_text import key_text, key_text_of_literal, key_text_of_parameter
from parallel_partition.catalog.shard_map import ShardMap, joined, part_of
from parallel_partition.planning.key_sql import part_expression
from parallel_partition.postgres.named_sql import load

pytestmark = pytest.mark.both_versions

TYPES = {
    "integer": "bigint",
    "text": "text",
    "uuid": "uuid",
    "date": "date",
    "boolean": "boolean",
    "numeric": "numeric",
}
TEXTS = st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=40)
DECIMALS = st.one_of(
    st.sampled_from([Decimal("NaN"), Decimal("Infinity"), Decimal("-Infinity"), Decimal("-0.000")]),
    st.builds(
        lambda number, exponent: Decimal(number).scaleb(exponent),
        st.integers(-(10**25), 10**25),
        st.integers(-200, 200),
    ),
)
DATES = st.dates().map(datetime.date.isoformat) | st.builds(
    lambda year, month, day, era: f"{year:04}-{month:02}-{day:02}{era}",
    st.integers(1, 4700),
    st.integers(1, 12),
    st.integers(1, 28),
    st.sampled_from([" BC", ""]),
)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "integer": st.integers(-(2**63), 2**63 - 1) | st.integers(-100, 100),
    "text": TEXTS | st.sampled_from(["", " ", "\x1f", "ß", "🚀", "e\u0301", "\u202e", "NULL"]),
    "uuid": st.uuids(),
    "date": DATES
    | st.integers(10_000, 5_874_897).map("{}-01-02".format)
    | st.sampled_from(["infinity", "-infinity"]),
    "boolean": st.booleans(),
    "numeric": DECIMALS | st.integers(-(10**40), 10**40),
}
PARTITIONS = (1, 2, 5, 15, 32, 1000, 2**31 - 1)


@pytest.fixture(scope="module")
def server(module_plain: str) -> Iterator[psycopg.Connection[Any]]:
    """A database with the server's part of the schema."""
    with psycopg.connect(module_plain, autocommit=True) as connection:
        connection.execute(load("server")["create"])
        # None of these may matter.
        connection.execute("SET DateStyle = 'SQL, DMY'")
        connection.execute("SET extra_float_digits = 0")
        yield connection


def in_sql(
    connection: psycopg.Connection[Any], values: list[Any], type: str, num_partitions: int
) -> list[int]:
    part = sql.SQL(part_expression(["v"], num_partitions))
    query = sql.SQL("SELECT {} FROM unnest(%s::text[]::{}[]) WITH ORDINALITY AS u(v, n) ORDER BY n").format(
        part, sql.SQL(TYPES[type])
    )
    texts = [None if value is None else str(value) for value in values]
    return [row[0] for row in connection.execute(query, (texts,)).fetchall()]


def test_python_and_sql_agree(server: psycopg.Connection[Any]) -> None:
    compared: Counter[str] = Counter()
    lists = {
        type: st.lists(st.none() | values, min_size=100, max_size=100) for type, values in VALUES.items()
    }

    @settings(max_examples=18, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(st.fixed_dictionaries(lists), st.sampled_from(PARTITIONS))
    def agree(batch: dict[str, list[Any]], num_partitions: int) -> None:
        for type, values in batch.items():
            expected = [part_of(key_text(value, type), num_partitions) for value in values]
            assert in_sql(server, values, type, num_partitions) == expected
            compared[type] += len(values)

    agree()
    assert compared.total() >= 10_000
    assert min(compared.values()) >= 1_500


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.none() | VALUES["integer"], st.none() | VALUES["text"]), min_size=1, max_size=50)
)
def test_keys_of_two_columns(
    server: psycopg.Connection[Any], keys: list[tuple[int | None, str | None]]
) -> None:
    part = sql.SQL(part_expression(["a", "b"], 32))
    query = sql.SQL(
        "SELECT {} FROM unnest(%s::bigint[], %s::text[]) WITH ORDINALITY AS u(a, b, n) ORDER BY n"
    )
    rows = server.execute(query.format(part), ([a for a, _ in keys], [b for _, b in keys])).fetchall()
    shard_map = ShardMap(32, {}, {}, 1)
    assert [row[0] for row in rows] == [shard_map.partition_of(key, ("integer", "text")) for key in keys]


def test_every_column_type_of_a_key(server: psycopg.Connection[Any]) -> None:
    columns = {
        "smallint": ("-7", "-7"),
        "integer": ("7", "7"),
        "bigint": ("9223372036854775807", "9223372036854775807"),
        "text": (" x ", " x "),
        "character varying(3)": ("abcd", "abc"),
        "uuid": ("{20F5E4FF037B4DC98002A3935B0052DF}", "20f5e4ff-037b-4dc9-8002-a3935b0052df"),
        "date": ("0044-03-15 BC", "0044-03-15 BC"),
        "boolean": ("on", "true"),
        "numeric": ("-1.500e2", "-150"),
        "numeric(10, 2)": ("1.005", "1.01"),
    }
    for type, (given_text, text) in columns.items():
        part = part_expression([f"'{given_text}'::{type}"], 1_000)
        row = server.execute(f"SELECT {part}").fetchone()
        assert row == (part_of(text, 1_000),), type


def test_null_is_in_the_partition_of_the_empty_text(server: psycopg.Connection[Any]) -> None:
    one = server.execute("SELECT parallel_partition.part_of(NULL, 15), parallel_partition.part_of('', 15)")
    assert one.fetchone() == (7, 7)
    two = "SELECT " + part_expression(["NULL::int", "NULL::text"], 15)
    assert server.execute(two).fetchone() == (part_of(joined((None, None)), 15),)


def test_part_of_is_inlined_immutable_and_parallel_safe(server: psycopg.Connection[Any]) -> None:
    query = "EXPLAIN (VERBOSE, COSTS OFF) SELECT parallel_partition.part_of(i::text, 32) FROM generate_series(1, 9) i"
    assert not any("part_of" in line for (line,) in server.execute(query).fetchall())
    query = """
        SELECT DISTINCT provolatile, proparallel, proconfig::text FROM pg_proc
        WHERE pronamespace = 'parallel_partition'::regnamespace AND proname IN ('part_of', 'key_text')
    """
    assert server.execute(query).fetchall() == [("i", "s", None)]


def test_dates_that_the_server_writes_are_read(server: psycopg.Connection[Any]) -> None:
    """What the binary form of a parameter says is what the server says, over the whole range of dates."""
    query = """
        SELECT parallel_partition.key_text(d), date_send(d)
        FROM generate_series(-2451545, 2145031948, 214748) AS n, LATERAL (SELECT '2000-01-01'::date + n AS d) AS _
        UNION ALL SELECT parallel_partition.key_text(d), date_send(d) FROM (
            VALUES ('infinity'::date), ('-infinity'), ('0001-01-01'), ('0001-12-31 BC'), ('5874897-12-31')
        ) AS _(d)
    """
    rows = server.execute(query).fetchall()
    assert len(rows) > 9_000
    assert [key_text_of_parameter(data, 1082, 1, "date") for _, data in rows] == [text for text, _ in rows]
    assert all(key_text_of_literal(text, "date") == text for text, _ in rows)


def test_constants_mean_the_same_to_the_server(server: psycopg.Connection[Any]) -> None:
    """Whatever `key_text_of_literal` reads, the server reads alike."""
    literals = {
        "integer": [" 005 ", "-0", "+7", "\t7\n"],
        "uuid": ["20f5-e4ff-037b-4dc9-8002-a393-5b00-52df", "{20F5E4FF037B4DC98002A3935B0052DF}"],
        "date": ["2024-02-29", "0004-03-15 BC", "0001-02-29 BC", "12024-01-02", "Infinity", " 2024-01-02 "],
        "boolean": ["t", " TRUE", "ye", "1", "f", "fals", "n", "of", "off", "0", "on"],
        "numeric": ["1e3", " -.5 ", "5.", "nan", "Inf", "-infinity", "+inf", "1.50e-3", "-0.0"],
    }
    for type, texts in literals.items():
        query = sql.SQL("SELECT parallel_partition.key_text(%s::text::{})").format(sql.SQL(TYPES[type]))
        for text in texts:
            assert server.execute(query, (text,)).fetchone() == (key_text_of_literal(text, type),), text
