"""Look-ups of one key: planned once, repeated the short way, in one child of what a server holds."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from parallel_partition import Cluster, connect
from parallel_partition.dbapi.connection import Connection
from tests.fix_clusters import MakeCluster

ROWS = 40
QUERY = "SELECT name FROM people WHERE id = %s"


@pytest.fixture(scope="module")
def people(make_module_cluster: MakeCluster) -> Cluster:
    """Two servers with a table of 40 rows; a small and a large number are keys of it."""
    cluster = make_module_cluster(2)
    cluster.create_table("CREATE TABLE people (id bigint PRIMARY KEY, name text, mother bigint)", key="id")
    with cluster.writer("people") as writer:
        writer.write((key, f"p{key}", key // 2) for key in (*range(ROWS), 100_000))
    return cluster


@pytest.fixture
def connection(people: Cluster) -> Iterator[Connection]:
    """A connection in autocommit."""
    with people.connect(autocommit=True) as connection:
        yield connection


def test_one_child_is_opened(people: Cluster, connection: Connection) -> None:
    explained = connection.cursor().explain(QUERY, (7,))
    ((server, text),) = explained.servers.items()
    part = people.shard_map.partition_of(7)
    with psycopg.connect(people.servers[server].conninfo, autocommit=True) as direct:
        direct.execute(f"PREPARE look_up (bigint, text) AS {text}")
        for _ in range(8):  # the plan for all values is taken after five
            assert direct.execute(f"EXECUTE look_up (7, '{part}')").fetchone() == ("p7",)
        plan = "\n".join(row for (row,) in direct.execute(f"EXPLAIN EXECUTE look_up (7, '{part}')"))
        taken = direct.execute("SELECT generic_plans FROM pg_prepared_statements").fetchone()
    assert f"people_part_{part}" in plan
    assert "Subplans Removed" in plan
    assert plan.count("people_part_") == plan.count(f"people_part_{part}")
    assert taken[0] > 0


def test_every_key_is_found(connection: Connection) -> None:
    cursor = connection.cursor()
    for _ in range(3):
        for key in (*range(ROWS), 100_000, 3, 100_000):  # sent as int2 and as int4
            assert cursor.execute(QUERY, (key,)).fetchone() == (f"p{key}",)
        for absent in (-1, ROWS, None, 10**30, 99_999):
            assert cursor.execute(QUERY, (absent,)).fetchone() is None
    assert len(cursor._look_ups) > 1


def test_other_statements_in_between_leave_it_alone(connection: Connection) -> None:
    """What is kept of a query is not taken for another of the same parameters."""
    query = "SELECT name, %(a)s::int FROM people WHERE id = %(b)s"
    other = "SELECT mother, %(b)s::int FROM people WHERE id = %(a)s"
    cursor = connection.cursor()
    for _ in range(2):
        assert cursor.execute(query, {"a": 6, "b": 7}).fetchone() == ("p7", 6)
        # Often enough for it to be prepared on both servers: only then is a repetition short.
        cursor.executemany(other, [{"b": 6, "a": key} for key in range(ROWS)], returning=True)
        assert cursor.execute(query, {"a": 6, "b": 9}).fetchone() == ("p9", 6)
        cursor.explain(other, {"b": 6, "a": 7})
        assert cursor.execute(query, {"a": 6, "b": 8}).fetchone() == ("p8", 6)
        with pytest.raises(psycopg.ProgrammingError):
            cursor.execute(other, {"b": 6})
        assert cursor.execute(query, {"a": 5, "b": 3}).fetchone() == ("p3", 5)
        with pytest.raises(psycopg.ProgrammingError):
            cursor.execute(query, {"a": 5})
        assert cursor.execute(query, {"a": 5, "b": 4}).fetchone() == ("p4", 5)


@pytest.fixture
def reader(people: Cluster) -> Iterator[str]:
    """A role that may read two columns of the table."""
    role = f"reader_{people.shard_map.num_partitions}"
    name = sql.Identifier(role)
    for server in people.servers.values():
        with psycopg.connect(server.conninfo, autocommit=True) as direct:
            direct.execute(sql.SQL("CREATE ROLE {}").format(name))
            direct.execute(sql.SQL("GRANT SELECT (id, name) ON people TO {}").format(name))
    yield role
    for server in people.servers.values():
        with psycopg.connect(server.conninfo, autocommit=True) as direct:
            direct.execute(sql.SQL("DROP OWNED BY {0}; DROP ROLE {0}").format(name))


@pytest.mark.parametrize("way", ["from the start", "by SET ROLE"])
def test_columns_granted_to_a_role_are_enough(people: Cluster, reader: str, way: str) -> None:
    catalog = next(iter(people.servers.values())).conninfo
    options = f"-c role={reader}" if way == "from the start" else ""
    with connect(make_conninfo(catalog, options=options)) as connection:
        cursor = connection.cursor()
        if way == "by SET ROLE":
            assert cursor.execute(QUERY, (5,)).fetchone() == ("p5",)
            connection.execute(f"SET ROLE {reader}")
        for key in range(ROWS):
            assert cursor.execute(QUERY, (key,)).fetchone() == (f"p{key}",)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT mother FROM people WHERE id = %s", (5,))
