"""Gathers for roles that may do little: as much as one PostgreSQL asks for, and what is missing said by name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from parallel_partition import Cluster, connect
from parallel_partition.dbapi.connection import Connection
from parallel_partition.execution import partial_rows
from tests.fix_clusters import MakeCluster

ROWS = [(key, key % 3, f"n{key}") for key in range(20)]


@pytest.fixture(scope="module")
def filled(make_module_cluster: MakeCluster) -> Cluster:
    """Two servers with a table whose columns not everybody may read."""
    cluster = make_module_cluster(2)
    cluster.create_table("CREATE TABLE people (id int PRIMARY KEY, age int, name text)", key="id")
    with cluster.connect(autocommit=True) as connection:
        connection.cursor().executemany("INSERT INTO people VALUES (%s, %s, %s)", ROWS)
    return cluster


def on_all(cluster: Cluster, statement: sql.Composable) -> None:
    """Run a statement on each server by itself; roles are there already on the second database of one server."""
    for server in cluster.servers.values():
        with psycopg.connect(server.conninfo, autocommit=True) as direct:
            direct.execute(statement)


@contextmanager
def clerk(cluster: Cluster, *granted: str) -> Iterator[sql.Identifier]:
    """A role with some rights on the table, on all servers."""
    role = sql.Identifier(f"clerk_of_{len(granted)}")
    made = sql.SQL("DO $$ BEGIN CREATE ROLE {} LOGIN; EXCEPTION WHEN duplicate_object THEN END $$").format(
        role
    )
    on_all(cluster, made)
    for right in granted:
        on_all(cluster, sql.SQL("GRANT " + right + " ON people TO {}").format(role))  # type: ignore[arg-type]
    try:
        yield role
    finally:
        on_all(cluster, sql.SQL("DROP OWNED BY {}").format(role))
        on_all(cluster, sql.SQL("DROP ROLE IF EXISTS {}").format(role))


@contextmanager
def connected(cluster: Cluster, role: sql.Identifier) -> Iterator[Connection]:
    """A connection whose sessions have a role from the beginning."""
    options = f"-c role={role.as_string(None)}".replace('"', "")
    conninfo = make_conninfo(cluster.servers["s1"].conninfo, options=options)
    with connect(conninfo, autocommit=True) as connection:
        yield connection


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT count(*) OVER () FROM people", [(20,)] * 20),
        ("SELECT count(*) OVER () FROM people WHERE age = 1", [(7,)] * 7),
        ("SELECT max(age) FROM people a, (SELECT 1 FROM people LIMIT 2) AS b", [(2,)]),
        ("SELECT mode() WITHIN GROUP (ORDER BY age) FROM people WHERE id IN (1, 2, 3, 4, 5, 6, 7)", None),
    ],
)
def test_who_may_read_one_column_reads_it(
    filled: Cluster, query: str, expected: list[tuple[int]] | None
) -> None:
    with clerk(filled, "SELECT (age)") as role, connected(filled, role) as connection:
        if expected is None:  # its WHERE names another column
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match="people"):
                connection.execute(query)
        else:
            assert connection.execute(query).fetchall() == expected
            assert connection.explain(query).strategy == "gather"


def test_the_librarys_column_needs_no_right(filled: Cluster) -> None:
    query = "SELECT count(*) OVER (), age FROM people WHERE id IN (1, 2, 3, 4, 5, 6, 7) ORDER BY age LIMIT 2"
    with clerk(filled, "SELECT (id)", "SELECT (age)") as role:
        with connected(filled, role) as connection:
            assert connection.explain(query).strategy == "gather"
            assert connection.execute(query).fetchall() == [(7, 0), (7, 0)]
        with filled.connect() as connection:
            assert "part IN" in str(connection.explain(query))
            connection.execute(sql.SQL("SET ROLE {}").format(role))
            assert connection.execute(query).fetchall() == [(7, 0), (7, 0)]
            assert "part IN" not in str(connection.explain(query))


def test_who_may_read_no_column_is_refused_as_by_one_postgresql(filled: Cluster) -> None:
    refused = pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied for table people")
    with clerk(filled) as role, connected(filled, role) as connection, refused:
        connection.execute("SELECT count(*) OVER () FROM people")


@contextmanager
def without_temporary_tables(cluster: Cluster, role: sql.Identifier) -> Iterator[str]:
    """A role that may make no temporary tables in the catalog's database; the database."""
    with psycopg.connect(cluster.servers["s1"].conninfo, autocommit=True) as direct:
        name = direct.info.dbname
        database = sql.Identifier(name)
        direct.execute(sql.SQL("REVOKE TEMPORARY ON DATABASE {} FROM PUBLIC").format(database))
        try:
            yield name
            direct.execute(sql.SQL("GRANT TEMPORARY ON DATABASE {} TO {}").format(database, role))
        finally:
            direct.execute(sql.SQL("GRANT TEMPORARY ON DATABASE {} TO PUBLIC").format(database))


@pytest.mark.parametrize("autocommit", [True, False])
def test_who_may_make_no_temporary_tables_is_told_what_to_grant(filled: Cluster, autocommit: bool) -> None:
    query = "SELECT mode() WITHIN GROUP (ORDER BY age) FROM people"
    with clerk(filled, "SELECT") as role, connected(filled, role) as connection:
        connection.autocommit = autocommit
        name = role.as_string(None).strip('"')
        with without_temporary_tables(filled, role) as database:
            wanted = rf"on server s1.*GRANT TEMPORARY ON DATABASE {database} TO {name}"
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match=wanted) as caught:
                connection.execute(query)
            assert caught.value.server == "s1"  # type: ignore[attr-defined]
            connection.rollback()
            assert connection.execute("SELECT count(*) FROM people").fetchone() == (20,)
            connection.rollback()
        assert connection.execute(query).fetchone() == (0,)


def test_partial_rows_in_pieces_need_temporary_tables(
    filled: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partial_rows, "MESSAGE_MAX", 50)
    with clerk(filled, "SELECT") as role, connected(filled, role) as connection:
        with (
            without_temporary_tables(filled, role),
            pytest.raises(psycopg.errors.InsufficientPrivilege, match="GRANT TEMPORARY ON DATABASE"),
        ):
            connection.execute("SELECT count(DISTINCT name) FROM people")
        assert connection.execute("SELECT count(DISTINCT name) FROM people").fetchone() == (20,)


def test_a_right_on_a_type_is_asked_for_as_such(filled: Cluster) -> None:
    on_all(filled, sql.SQL("CREATE TYPE mood AS ENUM ('sad', 'glad')"))
    filled.create_table("CREATE TABLE moods (id int PRIMARY KEY, m mood)", key="id")
    with clerk(filled) as role:
        on_all(filled, sql.SQL("GRANT SELECT ON moods TO {}").format(role))
        on_all(filled, sql.SQL("REVOKE USAGE ON TYPE mood FROM PUBLIC"))
        with (
            connected(filled, role) as connection,
            pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied for type mood"),
        ):
            connection.execute("SELECT mode() WITHIN GROUP (ORDER BY m) FROM moods")


def test_a_right_that_is_taken_away_is_noticed(filled: Cluster) -> None:
    """Rows of lists are asked for by `part` while it may be read, and without it afterwards."""
    query = "SELECT name FROM people WHERE id IN (1, 2, 3) ORDER BY id"
    with clerk(filled, "SELECT") as role, connected(filled, role) as connection:
        assert connection.execute(query).fetchall() == [("n1",), ("n2",), ("n3",)]
        on_all(filled, sql.SQL("REVOKE SELECT ON people FROM {}").format(role))
        on_all(filled, sql.SQL("GRANT SELECT (id, age, name) ON people TO {}").format(role))
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(query)
        assert connection.execute(query).fetchall() == [("n1",), ("n2",), ("n3",)]
