"""Types that users made on every server: enums, composites, ranges, domains. Their OIDs differ between servers."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Any, NamedTuple

import psycopg
import pytest
from psycopg.types.composite import CompositeInfo, register_composite
from psycopg.types.enum import EnumInfo, register_enum

from parallel_partition import Cluster, errors
from parallel_partition.dbapi.connection import Connection

TYPES = (
    "CREATE TYPE mood AS ENUM ('sad', 'ok', 'Happy')",
    "CREATE TYPE pair AS (x int, y text)",
    'CREATE DOMAIN bytewise AS text COLLATE "C"',
)
ROWS = [(1, "Happy", "(2,b)"), (2, "sad", "(10,a)"), (3, None, None), (4, "ok", "(2,B)"), (5, "sad", "(2,)")]


@pytest.fixture(scope="module")
def filled(make_module_cluster) -> Cluster:
    """A cluster with a table of such types."""
    cluster = make_module_cluster()
    for number, server in enumerate(cluster.servers.values()):
        with psycopg.connect(server.conninfo, autocommit=True) as connection:
            for before in range(number):
                connection.execute(f"CREATE TYPE other_{before} AS ENUM ()")
            for statement in TYPES:
                connection.execute(statement)
    cluster.create_table("CREATE TABLE faces (id bigint PRIMARY KEY, m mood, p pair, t text)", key="id")
    with cluster.connect(autocommit=True) as connection:
        connection.cursor().executemany("INSERT INTO faces (id, m, p) VALUES (%s, %s, %s)", ROWS)
    return cluster


@pytest.mark.parametrize("binary", [False, True])
def test_enums_sort_by_their_own_order(filled, binary):
    with filled.connect() as connection, connection.cursor(binary=binary) as cursor:
        cursor.execute("SELECT id FROM faces ORDER BY m, id")
        assert [number for (number,) in cursor] == [2, 5, 4, 1, 3]
        cursor.execute("SELECT m::text AS text, count(*) FROM faces GROUP BY m ORDER BY m DESC NULLS LAST")
        assert cursor.fetchall() == [("Happy", 1), ("ok", 1), ("sad", 2), (None, 1)]


def test_composites_sort_by_their_fields(filled):
    with filled.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT id FROM faces ORDER BY p, id")
        texts = [number for (number,) in cursor if number in (2, 5)]
        assert texts == [5, 2]
        with pytest.raises(errors.UnsupportedQuery, match="type pair, in binary"):
            cursor.execute("SELECT id FROM faces ORDER BY p, id", binary=True)


def test_a_domain_s_collation_is_not_guessed(filled):
    """PostgreSQL sorts by it, over gathered rows."""
    texts = {1: "b", 2: "B", 3: "a", 4: "Z", 5: "ä"}
    with filled.connect() as connection:
        for key, text in texts.items():
            connection.execute("UPDATE faces SET t = %s WHERE id = %s", (text, key))
        query = "SELECT id FROM faces ORDER BY coalesce(t::bytewise, 'a')"
        assert connection.cursor().explain(query).strategy == "gather"
        assert [number for (number,) in connection.execute(query)] == [2, 4, 3, 1, 5]
        connection.rollback()


# --- adapters registered by the numbers of the catalog's server --------------------------------------------------


class Mood(Enum):
    """The enum's values in Python."""

    sad = "sad"
    ok = "ok"
    Happy = "Happy"


class Pair(NamedTuple):
    """The composite's fields."""

    x: int
    y: str | None


def register(connection: psycopg.Connection[Any]) -> tuple[EnumInfo, CompositeInfo]:
    """Make a connection give and take `Mood` and `Pair`."""
    moods, pairs = EnumInfo.fetch(connection, "mood"), CompositeInfo.fetch(connection, "pair")
    assert moods is not None
    assert pairs is not None
    register_enum(moods, connection, Mood)
    register_composite(pairs, connection, Pair)
    return moods, pairs


@pytest.fixture
def connection(filled: Cluster) -> Iterator[Connection]:
    """A connection with the adapters; what it writes is rolled back."""
    with filled.connect() as connection:
        register(connection)
        yield connection
        connection.rollback()


EXPECTED = [
    (1, Mood.Happy, Pair(2, "b")),
    (2, Mood.sad, Pair(10, "a")),
    (3, None, None),
    (4, Mood.ok, Pair(2, "B")),
    (5, Mood.sad, Pair(2, None)),
]


def test_numbers_differ(filled: Cluster) -> None:
    """Or the tests below would show nothing."""
    numbers = set()
    for server in filled.servers.values():
        with psycopg.connect(server.conninfo) as direct:
            numbers.add(EnumInfo.fetch(direct, "mood").oid)
    assert len(numbers) == len(filled.servers)


@pytest.mark.parametrize("query", ["SELECT id, m, p FROM faces", "SELECT id, m, p FROM faces ORDER BY id"])
def test_values_of_every_server(connection: Connection, query: str) -> None:
    assert sorted(connection.execute(query)) == EXPECTED


@pytest.mark.parametrize("prepare", [None, True])
def test_look_ups(connection: Connection, prepare: bool | None) -> None:
    cursor = connection.cursor()
    moods = EnumInfo.fetch(connection, "mood")
    for _ in range(7):
        for row in EXPECTED:
            cursor.execute("SELECT id, m, p FROM faces WHERE id = %s", (row[0],), prepare=prepare)
            assert cursor.description[1].type_code == moods.oid
            assert cursor.fetchall() == [row]


def test_as_parameters(connection: Connection) -> None:
    found = connection.execute("SELECT id FROM faces WHERE m = %s", (Mood.sad,))
    assert sorted(found) == [(2,), (5,)]
    found = connection.execute("SELECT id FROM faces WHERE m = ANY(%s)", ([Mood.sad, Mood.ok],))
    assert sorted(found) == [(2,), (4,), (5,)]
    found = connection.execute("SELECT id FROM faces WHERE p = %s", (Pair(2, "B"),))
    assert sorted(found) == [(4,)]
    for key, mood, pair in EXPECTED:
        found = connection.execute(
            "SELECT %s::mood, %s::pair, id FROM faces WHERE id = %s AND m IS NOT DISTINCT FROM %s",
            (Mood.ok, pair, key, mood),
        )
        assert found.fetchall() == [(Mood.ok, pair, key)]


def test_written_and_returned(connection: Connection) -> None:
    cursor = connection.cursor()
    for key in range(10, 20):
        values = (key, Mood.Happy, Pair(key, "new"))
        cursor.execute("INSERT INTO faces (id, m, p) VALUES (%s, %s, %s) RETURNING id, m, p", values)
        assert cursor.fetchall() == [values]
    cursor.execute("UPDATE faces SET m = %s WHERE id >= 10 RETURNING id, m", (Mood.ok,))
    assert sorted(cursor.fetchall()) == [(key, Mood.ok) for key in range(10, 20)]


def test_aggregates(connection: Connection) -> None:
    found = connection.execute("SELECT m, count(*), max(m) FROM faces GROUP BY m ORDER BY m")
    assert found.fetchall() == [
        (Mood.sad, 2, Mood.sad),
        (Mood.ok, 1, Mood.ok),
        (Mood.Happy, 1, Mood.Happy),
        (None, 1, None),
    ]


def test_enums_in_binary(connection: Connection) -> None:
    cursor = connection.cursor(binary=True)
    assert sorted(cursor.execute("SELECT id, m FROM faces")) == [row[:2] for row in EXPECTED]
    assert cursor.execute("SELECT id FROM faces WHERE m = %b", (Mood.Happy,)).fetchall() == [(1,)]


def test_what_has_numbers_inside_is_refused_in_binary(connection: Connection) -> None:
    for query in ("SELECT id, p FROM faces", "SELECT array_agg(m) FROM faces GROUP BY id"):
        with pytest.raises(errors.UnsupportedQuery, match="has numbers of types in it"):
            connection.cursor(binary=True).execute(query)


def test_a_write_that_returns_such_is_refused_before_it_is_run(filled: Cluster) -> None:
    with filled.connect(autocommit=True) as connection:
        cursor = connection.cursor(binary=True)
        for key in range(30, 40):
            query = "INSERT INTO faces (id, p) VALUES (%s, '(1,a)') RETURNING p"
            try:
                cursor.execute(query, (key,))
            except errors.UnsupportedQuery:
                assert connection.execute("SELECT count(*) FROM faces WHERE id = %s", (key,)).fetchone() == (
                    0,
                )
            else:
                assert filled.shard_map.server_of(key) == next(iter(filled.servers))
        connection.execute("DELETE FROM faces WHERE id >= 30")


def test_a_type_that_a_server_has_not(filled: Cluster) -> None:
    catalog = next(iter(filled.servers.values()))
    with psycopg.connect(catalog.conninfo, autocommit=True) as direct:
        direct.execute("CREATE TYPE only_here AS ENUM ('a')")
    with filled.connect() as connection:
        info = EnumInfo.fetch(connection, "only_here")
        assert info is not None
        register_enum(info, connection, Enum("OnlyHere", {"A": "a"}))
        only_here = next(iter(info.enum))
        with pytest.raises(
            errors.ProgrammingError, match=r"type public\.only_here, which server s\d has not"
        ):
            connection.execute("SELECT id FROM faces WHERE %s::text = m::text", (only_here,))
