"""Types that users made on every server: enums, composites, ranges, domains. Their OIDs differ between servers."""

from __future__ import annotations

import psycopg
import pytest

from parallel_partition import Cluster, errors

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
    with (
        filled.connect() as connection,
        pytest.raises(errors.UnsupportedQuery, match=r"collation .* value of type bytewise"),
    ):
        connection.execute("SELECT id FROM faces ORDER BY coalesce(t::bytewise, 'a')")
