"""Making, opening and enlarging clusters, and what is refused."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from parallel_partition import Cluster, errors
from parallel_partition.catalog.shard_map import part_of
from parallel_partition.execution import change_everywhere, create_cluster
from parallel_partition.postgres.identity import check_identity
from tests.fix_clusters import MakeCluster
from tests.fix_databases import MakeDatabases


def rows(conninfo: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        return connection.execute(query.encode()).fetchall()


def has_schema(conninfo: str) -> bool:
    return rows(conninfo, "SELECT to_regnamespace('parallel_partition') IS NOT NULL") == [(True,)]


# --- made ---


@pytest.mark.both_versions
def test_a_new_cluster(databases: MakeDatabases) -> None:
    conninfos = databases(3)
    with Cluster.create(conninfos, num_partitions=8) as cluster:
        assert repr(cluster) == "<Cluster map v1 | 3 servers | 8 partitions>"
        assert list(cluster.servers) == ["s1", "s2", "s3"]
        assert dict(cluster.tables) == {}
        assert [cluster.shard_map.partitions_of(name) for name in cluster.servers] == [
            (1, 4, 7),
            (2, 5, 8),
            (3, 6),
        ]
        assert cluster.shard_map.version == 1
        assert cluster.shard_map.partition_of(42) == part_of("42", 8)
        assert cluster.shard_map.server_of(42) == cluster.shard_map.home_of(part_of("42", 8))
        assert [status.problem for status in cluster.status()] == [None, None, None]
    for conninfo, parts in zip(conninfos, ([1, 4, 7], [2, 5, 8], [3, 6]), strict=True):
        held = rows(conninfo, "SELECT part, state, version FROM parallel_partition.held ORDER BY part")
        assert held == [(part, "live", 1) for part in parts]


def test_one_server_and_one_partition(databases: MakeDatabases) -> None:
    with Cluster.create(databases(1), 1, ["only"]) as cluster:
        assert repr(cluster) == "<Cluster map v1 | 1 server | 1 partition>"
        assert cluster.shard_map.server_of("x") == "only"


def test_more_servers_than_partitions(make_cluster: MakeCluster) -> None:
    cluster = make_cluster(servers=3, num_partitions=2)
    assert [cluster.shard_map.partitions_of(name) for name in cluster.servers] == [(1,), (2,), ()]
    assert all(status.problem is None for status in cluster.status())


@pytest.mark.parametrize("number", [0, -1, 1.5, "8", True, None, 10_001])
def test_numbers_of_partitions_that_no_cluster_has(number: object) -> None:
    with pytest.raises(
        errors.InvalidCluster, match=r"num_partitions is a whole number from 1 to 10,000, not "
    ):
        Cluster.create(["host=nowhere.invalid"], number)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("conninfos", "names", "message"),
    [
        ([], None, "at least one server"),
        ("host=x", None, "give a list"),
        (["host=x"], ["a", "b"], "1 conninfos need as many names"),
        (["host=x", "host=y"], ["a", "a"], "different names"),
        (["host=x"], ["a b"], "no name for a server"),
        (["host=x"], [""], "no name for a server"),
        (["host=x"], ["ä"], "no name for a server"),
        (["host=x colour=red"], None, "cannot be read: .*colour"),
    ],
)
def test_arguments_that_no_cluster_has(conninfos: list[str], names: list[str] | None, message: str) -> None:
    with pytest.raises(errors.InvalidCluster, match=message):
        Cluster.create(conninfos, names=names)


def test_an_unreadable_uri_is_not_repeated() -> None:
    with pytest.raises(errors.InvalidCluster) as caught:
        Cluster.create(["postgresql://user:canary%zz@host/db"])
    assert "canary" not in str(caught.value)


def test_two_that_make_a_cluster_of_the_same_databases(
    databases: MakeDatabases, monkeypatch: pytest.MonkeyPatch
) -> None:
    conninfos = databases(2)
    checked, go_on = threading.Event(), threading.Event()
    initialise = create_cluster._initialise

    def initialise_later(*arguments: Any) -> None:
        checked.set()
        assert go_on.wait(30)
        initialise(*arguments)

    monkeypatch.setattr(create_cluster, "_initialise", initialise_later)
    with ThreadPoolExecutor(1) as other:
        made = other.submit(Cluster.create, conninfos)
        try:
            assert checked.wait(30)
            with pytest.raises(errors.InvalidCluster, match="is being made a server of a cluster by another"):
                Cluster.create(conninfos[::-1])
        finally:
            go_on.set()
        with made.result() as cluster:
            assert [status.problem for status in cluster.status()] == [None, None]
    with pytest.raises(errors.CatalogExists):
        Cluster.create(conninfos)


def test_the_same_database_twice(databases: MakeDatabases) -> None:
    [conninfo] = databases(1)
    again = make_conninfo(conninfo, host="localhost", hostaddr="127.0.0.1")
    with pytest.raises(errors.InvalidCluster, match="servers s1 and s2 are the same database"):
        Cluster.create([conninfo, again])
    assert not has_schema(conninfo)


def test_an_existing_catalog_is_left_alone(databases: MakeDatabases) -> None:
    conninfos = databases(3)
    Cluster.create(conninfos[:2]).close()
    with pytest.raises(errors.CatalogExists, match="holds the catalog of cluster"):
        Cluster.create([conninfos[2], conninfos[0]])
    assert not has_schema(conninfos[2])
    with pytest.raises(errors.InvalidCluster, match="is server s2 of cluster") as caught:
        Cluster.create([conninfos[2], conninfos[1]])
    assert caught.value.server == "s2"
    assert not has_schema(conninfos[2])
    Cluster.open(conninfos[0]).close()


def test_a_schema_of_that_name(databases: MakeDatabases) -> None:
    [conninfo] = databases(1)
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("CREATE SCHEMA parallel_partition")
    with pytest.raises(errors.InvalidCluster, match="has a schema parallel_partition already"):
        Cluster.create([conninfo])


@pytest.fixture
def odd_database(databases: MakeDatabases) -> Iterator[tuple[str, str]]:
    """Two databases on one server: an ordinary one, and one that orders texts otherwise."""
    [conninfo] = databases(1)
    name = f"{conninfo_to_dict(conninfo)['dbname']}_odd"
    with psycopg.connect(conninfo, autocommit=True) as connection:
        create = "CREATE DATABASE {} TEMPLATE template0 LOCALE 'C' ENCODING 'UTF8'"
        connection.execute(sql.SQL(create).format(sql.Identifier(name)))
        yield conninfo, make_conninfo(conninfo, dbname=name)
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def test_databases_that_order_texts_differently(odd_database: tuple[str, str]) -> None:
    if rows(odd_database[0], "SELECT datcollate FROM pg_database WHERE datname = current_database()") == [
        ("C",)
    ]:
        pytest.skip("the servers under test order by C themselves")
    with pytest.raises(errors.InvalidCluster, match="servers s1 and s2 order texts differently: "):
        Cluster.create(list(odd_database))
    assert not any(map(has_schema, odd_database))


def test_another_encoding(databases: MakeDatabases) -> None:
    [conninfo] = databases(1)
    name = f"{conninfo_to_dict(conninfo)['dbname']}_latin1"
    with psycopg.connect(conninfo, autocommit=True) as connection:
        create = "CREATE DATABASE {} TEMPLATE template0 LOCALE 'C' ENCODING 'LATIN1'"
        connection.execute(sql.SQL(create).format(sql.Identifier(name)))
        try:
            with pytest.raises(errors.InvalidCluster, match=r"has the encoding LATIN1; .* UTF8 is needed"):
                Cluster.create([make_conninfo(conninfo, dbname=name)])
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def powerless(databases: MakeDatabases) -> Iterator[str]:
    """A conninfo whose user may connect and nothing else."""
    [conninfo] = databases(1)
    name = f"{conninfo_to_dict(conninfo)['dbname']}_user"
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD 'canary'").format(sql.Identifier(name)))
        yield make_conninfo(conninfo, user=name, password="canary")
        connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))


def test_a_user_who_may_make_no_schema(powerless: str) -> None:
    with pytest.raises(errors.InvalidCluster, match="lets this user make no schema; GRANT CREATE"):
        Cluster.create([powerless])


def test_a_prepared_transaction_of_another_cluster(databases: MakeDatabases) -> None:
    [conninfo] = databases(1)
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("BEGIN; CREATE TABLE t (); PREPARE TRANSACTION 'pp1:left behind'")
        with pytest.raises(errors.InvalidCluster, match="prepared transaction 'pp1:left behind'"):
            Cluster.create([conninfo])
        connection.execute("ROLLBACK PREPARED 'pp1:left behind'")


def test_a_server_that_is_not_there(databases: MakeDatabases) -> None:
    [conninfo] = databases(1)
    with pytest.raises(
        errors.ServerUnavailable, match=r"server s2 \(127.0.0.1:1/x\) cannot be reached"
    ) as caught:
        Cluster.create([conninfo, "host=127.0.0.1 port=1 dbname=x user=u password=canary"])
    assert caught.value.server == "s2"
    assert "canary" not in str(caught.value)
    assert not has_schema(conninfo)


def test_all_or_none(databases: MakeDatabases, monkeypatch: pytest.MonkeyPatch) -> None:
    conninfos = databases(3)
    monkeypatch.setattr("parallel_partition.execution.create_cluster.commit", _fails)
    with pytest.raises(RuntimeError, match="on purpose"):
        Cluster.create(conninfos)
    assert not any(map(has_schema, conninfos))


def _fails(*_: object, **__: object) -> None:
    raise RuntimeError("on purpose")


# --- opened ---


def test_open_finds_what_was_made(databases: MakeDatabases) -> None:
    conninfos = databases(2)
    with Cluster.create(conninfos, 5, ["left", "right"]) as made, Cluster.open(conninfos[0]) as opened:
        assert repr(opened) == repr(made)
        assert opened.servers == made.servers
        assert opened.shard_map == made.shard_map


def test_no_catalog(databases: MakeDatabases) -> None:
    conninfos = databases(2)
    with pytest.raises(errors.CatalogMissing, match=r"no cluster is catalogued in .*Cluster\.create"):
        Cluster.open(conninfos[0])
    Cluster.create(conninfos).close()
    with pytest.raises(errors.CatalogMissing, match="a server of a cluster whose catalog is elsewhere"):
        Cluster.open(conninfos[1])


def test_a_newer_catalog(databases: MakeDatabases) -> None:
    [conninfo] = databases(1)
    Cluster.create([conninfo]).close()
    rows(conninfo, "UPDATE parallel_partition.cluster SET format_version = 99 RETURNING 1")
    with pytest.raises(errors.CatalogVersion, match="format 99, written by a newer parallel_partition"):
        Cluster.open(conninfo)


def test_a_catalog_that_cannot_be_reached() -> None:
    with pytest.raises(errors.ServerUnavailable, match="server catalog"):
        Cluster.open("host=127.0.0.1 port=1 dbname=x")


def test_another_server_behind_a_conninfo(databases: MakeDatabases) -> None:
    conninfos = databases(2)
    with Cluster.create(conninfos) as cluster:
        state = cluster._state
        with psycopg.connect(conninfos[1], autocommit=True) as connection:
            check_identity(connection, state.cluster_id, "s2")
            with pytest.raises(
                errors.InvalidCluster, match="the database there is server s2 of this cluster"
            ):
                check_identity(connection, state.cluster_id, "s1")
            connection.execute("UPDATE parallel_partition.identity SET cluster_id = gen_random_uuid()")
            with pytest.raises(errors.InvalidCluster, match="is server s2 of cluster"):
                check_identity(connection, state.cluster_id, "s2")
            connection.execute("DROP SCHEMA parallel_partition CASCADE")
            with pytest.raises(errors.InvalidCluster, match="belongs to no cluster"):
                check_identity(connection, state.cluster_id, "s2")


# --- passwords ---


def test_passwords_are_not_kept(databases: MakeDatabases, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    conninfos = [make_conninfo(conninfo, password="canary", connect_timeout=7) for conninfo in databases(2)]
    with Cluster.create(conninfos) as cluster:
        cluster.create_table("CREATE TABLE t (a int)", key="a")
        kept = rows(conninfos[0], "SELECT conninfo FROM parallel_partition.server")
        assert set(conninfo_to_dict(str(kept[0][0]))) == {"host", "port", "dbname", "user"}
        told = [repr(cluster), repr(cluster.servers), repr(cluster.status()), str(kept), caplog.text]
        assert not any("canary" in text for text in told)


def test_passwords_when_opening(databases: MakeDatabases) -> None:
    conninfos = databases(3)
    other = make_conninfo(conninfos[2], host="localhost")
    Cluster.create([*conninfos[:2], other]).close()
    asked: list[str] = []

    def password(name: str) -> str | None:
        asked.append(name)
        return "given" if name == "s3" else None

    opening = make_conninfo(conninfos[0], password="first", application_name="mine")
    with Cluster.open(opening, password=password) as cluster:
        used = {name: conninfo_to_dict(pool._conninfo) for name, pool in cluster._pools.items()}
    assert asked == ["s2", "s3"]
    assert {name: found["password"] for name, found in used.items()} == {
        "s1": "first",
        "s2": "first",
        "s3": "given",
    }
    assert {found["application_name"] for found in used.values()} == {"mine"}
    with Cluster.open(opening) as cluster:
        # Another host: the password is not sent there.
        assert "password" not in conninfo_to_dict(cluster._pools["s3"]._conninfo)


# --- enlarged ---


@pytest.mark.both_versions
def test_add_server(databases: MakeDatabases) -> None:
    *conninfos, new = databases(3)
    with Cluster.create(conninfos, 4) as cluster, Cluster.open(conninfos[0]) as other:
        cluster.create_table(
            "CREATE TABLE country (code text PRIMARY KEY, part int, big text DEFAULT 'x')", reference=True
        )
        cluster.create_table("CREATE TABLE o (id int PRIMARY KEY, n numeric(5,1) CHECK (n > 0))", key="id")
        cluster.create_table(
            "CREATE TABLE i (id int REFERENCES o, c text REFERENCES country, PRIMARY KEY (id, c))", key="id"
        )
        for conninfo in conninfos:
            rows(
                conninfo, "INSERT INTO country (code, part) VALUES (E'a\\tb\\\\', 7), ('ü', NULL) RETURNING 1"
            )
        added = cluster.add_server(new)
        assert (added.name, repr(cluster)) == ("s3", "<Cluster map v1 | 3 servers | 4 partitions>")
        assert [status.problem for status in cluster.status()] == [None] * 3
        described = """
            SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
            WHERE connamespace = 'public'::regnamespace AND conparentid = 0
            AND conrelid::regclass::text NOT LIKE '%\\_part\\_%' ORDER BY 1, 2
        """
        assert rows(new, described) == rows(conninfos[0], described)
        assert rows(new, "TABLE country ORDER BY code") == [("a\tb\\", 7, "x"), ("ü", None, "x")]
        assert rows(new, "SELECT count(*) FROM parallel_partition.held") == [(0,)]
        other.refresh()
        assert [status.reachable for status in other.status()] == [True] * 3
        cluster.create_table("CREATE TABLE later (id int)", key="id")
        assert rows(new, "SELECT count(*) FROM later") == [(0,)]


def test_servers_that_cannot_be_added(databases: MakeDatabases) -> None:
    *conninfos, new = databases(3)
    with Cluster.create(conninfos, 4) as cluster:
        before = cluster.status()
        with pytest.raises(errors.InvalidCluster, match="has a server s1 already"):
            cluster.add_server(new, "s1")
        with pytest.raises(errors.InvalidCluster, match="no name for a server"):
            cluster.add_server(new, "a b")
        with pytest.raises(errors.InvalidCluster, match="servers s2 and s3 are the same database"):
            cluster.add_server(conninfos[1])
        with pytest.raises(errors.ServerUnavailable, match="server s3"):
            cluster.add_server("host=127.0.0.1 port=1 dbname=x")
        with (
            Cluster.create([new]),
            pytest.raises(errors.CatalogExists, match=r"server s3 .* holds the catalog"),
        ):
            cluster.add_server(new)
        assert (
            [status.problem for status in cluster.status()]
            == [status.problem for status in before]
            == [None] * 2
        )


# --- status, and versions that went apart ---


def test_status_of_a_server_that_is_away(databases: MakeDatabases) -> None:
    conninfos = databases(2)
    with Cluster.create(conninfos, 4) as cluster:
        cluster.create_table("CREATE TABLE t (a int)", key="a")
        name = conninfo_to_dict(conninfos[1])["dbname"]
        with psycopg.connect(make_conninfo(conninfos[1], dbname="postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
        here, away = cluster.status()
        assert (here.problem, here.reachable, here.partitions, here.prepared) == (None, True, 2, 0)
        assert here.bytes is not None
        assert here.bytes > 1_000_000
        assert away.problem is not None
        assert "does not exist" in away.problem
        assert (away.reachable, away.partitions) == (False, None)
        with pytest.raises(errors.ServerUnavailable, match="server s2"):
            cluster.create_table("CREATE TABLE u (a int)", key="a")
        cluster.refresh()
        assert list(cluster.tables) == [("public", "t")]


def test_prepared_transactions_are_a_problem(make_cluster: MakeCluster) -> None:
    cluster = make_cluster(2)
    with psycopg.connect(cluster.servers["s2"].conninfo, autocommit=True) as connection:
        connection.execute("BEGIN; CREATE TABLE t (); PREPARE TRANSACTION 'pp1:left behind'")
        problems = [status.problem for status in cluster.status()]
        connection.execute("ROLLBACK PREPARED 'pp1:left behind'")
    assert problems == [None, "transactions over several servers that wait there for their end: 1"]


def test_a_change_that_fails_late_publishes_the_next_version(
    make_cluster: MakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = make_cluster(2)
    monkeypatch.setattr(change_everywhere, "commit", _fails)
    with pytest.raises(RuntimeError, match="on purpose"):
        cluster.create_table("CREATE TABLE t (a int)", key="a")
    assert dict(cluster.tables) == {}
    cluster.refresh()
    assert dict(cluster.tables) == {}
    assert [status.problem for status in cluster.status()] == [None, None]
    monkeypatch.undo()
    cluster.create_table("CREATE TABLE t (a int)", key="a")


def test_what_a_dead_change_left_is_mended(make_cluster: MakeCluster) -> None:
    cluster = make_cluster(2)
    with psycopg.connect(cluster.servers["s2"].conninfo, autocommit=True) as connection:
        connection.execute("SELECT setval('parallel_partition.schema_version', 99)")
    assert [status.problem for status in cluster.status()] == [
        None,
        "its tables have version 99, the catalog's 1",
    ]
    cluster._router.reload(cluster._router.state)
    assert [status.problem for status in cluster.status()] == [None, None]
    assert cluster._state.schema.version == 2
