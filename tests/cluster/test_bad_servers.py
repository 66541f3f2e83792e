"""Servers, passwords and catalogs that are not right: each error says what was found, where, and what to do."""

from __future__ import annotations

import logging
import pickle
import re
import socket
import threading
import traceback
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

import parallel_partition
from parallel_partition import Cluster, LocalCluster, errors
from tests.cluster.failing import fails
from tests.fix_databases import MakeDatabases
from tests.fix_faults import StartCluster

CANARY = "c4n4ry-bird"


# --- servers that are not there -------------------------------------------------------------------------------


@pytest.fixture
def deaf_port() -> Iterator[int]:
    """A port of this machine at which nobody listens."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        yield reserved.getsockname()[1]


@pytest.fixture
def no_postgresql() -> Iterator[int]:
    """A port at which something else answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            while True:
                try:
                    client, _ = listener.accept()
                except OSError:
                    return
                with client:
                    client.recv(1000)
                    client.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
    thread.join()


def unreachable(place: str, reason: str, name: str = "s2") -> str:
    where = rf"server {name} \({place}\) cannot be reached"
    return f"{where}: .*{reason}.*Check that it runs, its conninfo, and the password"


def test_a_host_that_does_not_resolve(databases: MakeDatabases) -> None:
    [first] = databases(1)
    message = unreachable(
        r"no\.such\.host\.invalid:5432/x", r"failed to resolve host 'no\.such\.host\.invalid'"
    )
    for act in (
        lambda: Cluster.create([first, "host=no.such.host.invalid dbname=x"]),
        lambda: Cluster.create([first]).add_server("host=no.such.host.invalid dbname=x"),
    ):
        error = fails(act, errors.ServerUnavailable, psycopg.OperationalError, match=message)
        assert error.server == "s2"


def test_a_port_where_nobody_listens(databases: MakeDatabases, deaf_port: int) -> None:
    [first] = databases(1)
    nowhere = f"host=127.0.0.1 port={deaf_port} dbname=x user=y"
    message = unreachable(rf"127\.0\.0\.1:{deaf_port}/x", "Connection refused")
    error = fails(lambda: Cluster.create([first, nowhere]), errors.ServerUnavailable, match=message)
    assert error.server == "s2"
    assert "\n" not in str(error)
    message = unreachable(rf"127\.0\.0\.1:{deaf_port}/x", "Connection refused", "catalog")
    for act in (lambda: Cluster.open(nowhere), lambda: parallel_partition.connect(nowhere)):
        fails(act, errors.ServerUnavailable, psycopg.OperationalError, match=message)


def test_a_port_where_something_else_listens(no_postgresql: int) -> None:
    conninfo = f"host=127.0.0.1 port={no_postgresql} dbname=x user=y sslmode=disable"
    message = unreachable(rf"127\.0\.0\.1:{no_postgresql}/x", "expected authentication request", "catalog")
    fails(lambda: Cluster.open(conninfo), errors.ServerUnavailable, match=message)


def test_a_database_and_a_role_that_are_not_there(databases: MakeDatabases) -> None:
    [first] = databases(1)
    for change, reason in (
        ({"dbname": "nowhere"}, 'database "nowhere" does not exist'),
        ({"user": "nobody_at_all"}, 'role "nobody_at_all" does not exist'),
    ):
        fails(partial(Cluster.open, make_conninfo(first, **change)), errors.ServerUnavailable, match=reason)


def test_a_server_that_moved_away(databases: MakeDatabases, deaf_port: int) -> None:
    """The catalog is right there, one of its servers is not: that shows at its first use."""
    conninfos = databases(2)
    with Cluster.create(conninfos, num_partitions=4) as cluster:
        cluster.create_table("CREATE TABLE t (k int PRIMARY KEY)", key="k")
    with psycopg.connect(conninfos[0], autocommit=True) as direct:
        query = "UPDATE parallel_partition.server SET conninfo = %s WHERE name = 's2'"
        direct.execute(query, (f"host=127.0.0.1 port={deaf_port} dbname=x user=y",))
    with parallel_partition.connect(conninfos[0], autocommit=True) as connection:
        message = unreachable(rf"127\.0\.0\.1:{deaf_port}/x", "Connection refused")
        error = fails(
            lambda: connection.execute("SELECT count(*) FROM t"),
            errors.ServerUnavailable,
            psycopg.OperationalError,
            match=message,
        )
        assert error.server == "s2"
        assert connection.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.parametrize(
    ("conninfo", "message"),
    [
        (None, "a conninfo is a text, not NoneType"),
        (5, "a conninfo is a text, not int"),
        (b"host=x", "a conninfo is a text, not bytes"),
        (f"host=x bogus=1 password={CANARY}", 'invalid connection option "bogus"'),
        (f"postgresql://u:{CANARY}%zz@h/d", "it is no valid URI of PostgreSQL"),
        (f"postgresql://u:p@{CANARY}@h:5432/d", "its host has an @; an @ in a URI's password is written %40"),
    ],
)
def test_conninfos_that_are_none(conninfo: Any, message: str) -> None:
    for act in (lambda: Cluster.open(conninfo), lambda: Cluster.create([conninfo])):
        error = fails(act, errors.InvalidCluster, match=message)
        assert CANARY not in "".join(traceback.format_exception(error))
    fails(lambda: parallel_partition.connect(conninfo), psycopg.ProgrammingError, errors.Error, match=message)


def test_a_port_that_is_no_number() -> None:
    fails(
        lambda: Cluster.open("host=127.0.0.1 port=abc dbname=x"),
        errors.ServerUnavailable,
        match=unreachable("127.0.0.1:abc/x", 'invalid integer value "abc"', "catalog"),
    )


# --- passwords ------------------------------------------------------------------------------------------------


@pytest.fixture
def guarded(throwaway_cluster: StartCluster) -> LocalCluster:
    """Two servers at which the role app needs a password; it owns a database app on each."""
    local = throwaway_cluster(2)
    for server in local.servers:
        with psycopg.connect(server.conninfo, autocommit=True) as direct:
            direct.execute(f"CREATE ROLE app LOGIN SUPERUSER PASSWORD '{CANARY}'")
            direct.execute("CREATE DATABASE app OWNER app")
            hba = direct.execute("SHOW hba_file").fetchone()[0]
            Path(hba).write_text(
                "host all app all scram-sha-256\nhost all postgres all trust\nlocal all all trust\n"
            )
            direct.execute("SELECT pg_reload_conf()")
            # Each backend reads the file when it is told; new ones are started by who has read it.
            query = (
                "SELECT count(*) FROM pg_hba_file_rules WHERE auth_method = 'scram-sha-256' AND error IS NULL"
            )
            assert direct.execute(query).fetchone() == (1,)
    return local


def app(server: Any, **password: str) -> str:
    return make_conninfo(server.conninfo, user="app", dbname="app", connect_timeout=20, **password)


def wait_until_guarded(local: LocalCluster) -> None:
    """Wait until the postmasters have read their new rules."""
    for server in local.servers:
        while True:
            try:
                psycopg.connect(app(server)).close()
            except psycopg.OperationalError:
                break


def test_a_wrong_password(guarded: LocalCluster, caplog: pytest.LogCaptureFixture) -> None:
    """It says which server and which user; no password, right or wrong, is in anything that can be read."""
    for name in (None, "psycopg", "psycopg.pool", "parallel_partition"):
        caplog.set_level(logging.DEBUG, name)
    wait_until_guarded(guarded)
    right = [app(server, password=CANARY) for server in guarded.servers]
    wrong = [app(server, password=f"{CANARY}-wrong") for server in guarded.servers]
    none = app(guarded.servers[0])
    seen: list[BaseException] = []
    refused = r'password authentication failed for user "app"'

    def refuses(act: Callable[[], object], server: str, reason: str = refused) -> None:
        error = fails(act, errors.ServerUnavailable, psycopg.OperationalError, match=reason)
        assert error.server == server
        assert f"server {server} (127.0.0.1:" in str(error)
        seen.append(error)

    refuses(lambda: Cluster.create([right[0], wrong[1]]), "s2")
    with Cluster.create(right, num_partitions=4) as cluster:
        cluster.create_table("CREATE TABLE t (k int PRIMARY KEY, v int)", key="k")
        refuses(lambda: Cluster.open(wrong[0]), "catalog")
        refuses(lambda: parallel_partition.connect(wrong[0]), "catalog")
        refuses(lambda: Cluster.open(none), "catalog", "no password supplied")
        shown = [repr(cluster), repr(cluster.servers), repr(cluster.status()), str(cluster.tables)]
        with cluster.connect(autocommit=True) as connection:
            connection.execute("INSERT INTO t VALUES (1, 1), (2, 2), (3, 3)")
            assert connection.execute("SELECT sum(v) FROM t").fetchone() == (6,)
            with pytest.raises(psycopg.errors.UniqueViolation) as caught:
                connection.execute("INSERT INTO t VALUES (1, 1)")
            seen.append(caught.value)
            shown += [repr(connection), repr(connection.cursor()), connection.info.dsn]
            shown += [repr(session) for session in connection.transaction_state.sessions.values()]
            shown += [repr(session.connection) for session in connection.transaction_state.sessions.values()]
            shown.append(repr(connection.execute("SELECT * FROM parallel_partition.server").fetchall()))
        shown += [repr(cluster._pools), repr(cluster._router), repr(cluster._state)]
        for pool in cluster._pools.values():
            shown += [repr(pool), repr(pool._pool), pool.conninfo, pool.place, repr(pool.stats())]
    answers = {"s2": f"{CANARY}-wrong"}
    with (
        Cluster.open(right[0], password=answers.get) as cluster,
        cluster.connect(autocommit=True) as connection,
    ):
        refuses(lambda: connection.execute("SELECT count(*) FROM t").fetchone(), "s2")
        [status] = [status for status in cluster.status() if not status.reachable]
        assert re.search(refused, status.problem or "")
        shown.append(repr(status))
    shown += [text for error in seen for text in traceback.format_exception(error)]
    shown += [
        repr(error) + repr(pickle.loads(pickle.dumps(error))) + pickle.dumps(error).decode("latin-1")
        for error in seen
    ]
    shown += [record.getMessage() for record in caplog.records] + [caplog.text]
    assert len(caplog.records) > 20
    assert not [text for text in shown if CANARY in text]


def test_the_canary_would_be_found(guarded: LocalCluster) -> None:
    """The password is in use: without it the servers refuse."""
    wait_until_guarded(guarded)
    with psycopg.connect(app(guarded.servers[0], password=CANARY)) as direct:
        assert direct.execute("SELECT current_user").fetchone() == ("app",)


# --- catalogs -------------------------------------------------------------------------------------------------


def test_a_database_without_a_catalog(databases: MakeDatabases) -> None:
    [plain] = databases(1)
    message = r"no cluster is catalogued in 127\.0\.0\.1:\d+/\w+; make a cluster with Cluster\.create"
    for act in (lambda: Cluster.open(plain), lambda: parallel_partition.connect(plain)):
        fails(act, errors.CatalogMissing, match=message)
    fails(lambda: parallel_partition.connect(plain), psycopg.ProgrammingError, match=message)


def test_a_server_that_is_not_the_catalogs(databases: MakeDatabases) -> None:
    conninfos = databases(2)
    Cluster.create(conninfos, num_partitions=4).close()
    fails(
        lambda: parallel_partition.connect(conninfos[1]),
        errors.CatalogMissing,
        psycopg.ProgrammingError,
        match="it is a server of a cluster whose catalog is elsewhere: give that server's conninfo",
    )


def test_an_older_catalog(databases: MakeDatabases) -> None:
    conninfos = databases(1)
    Cluster.create(conninfos, num_partitions=4).close()
    with psycopg.connect(conninfos[0], autocommit=True) as direct:
        direct.execute("UPDATE parallel_partition.cluster SET format_version = 1")
    fails(
        lambda: parallel_partition.connect(conninfos[0]),
        errors.CatalogVersion,
        psycopg.NotSupportedError,
        match="has format 1, written before the first release .* reads format \\d+: make a new cluster",
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [("array_nulls", "off"), ("transform_null_equals", "on"), ("quote_all_identifiers", "on")],
)
def test_a_default_under_which_answers_would_be_wrong(
    databases: MakeDatabases, name: str, value: str
) -> None:
    conninfos = databases(1)
    Cluster.create(conninfos, num_partitions=4).close()
    with psycopg.connect(conninfos[0], autocommit=True) as direct:
        direct.execute(f"ALTER DATABASE {direct.info.dbname} SET {name} = {value}")
    fails(
        lambda: parallel_partition.connect(conninfos[0]),
        errors.InvalidCluster,
        psycopg.ProgrammingError,
        match=f"{name} is {value} for this user or database in .*, the catalog's server",
    )


def test_a_newer_catalog(databases: MakeDatabases) -> None:
    conninfos = databases(1)
    with Cluster.create(conninfos, num_partitions=4) as cluster, cluster.connect() as connection:
        with psycopg.connect(conninfos[0], autocommit=True) as direct:
            direct.execute("UPDATE parallel_partition.cluster SET format_version = 99")
        message = "has format 99, written by a newer parallel_partition; this one reads format \\d+: install the newer"
        fails(
            lambda: parallel_partition.connect(conninfos[0]),
            errors.CatalogVersion,
            psycopg.NotSupportedError,
            match=message,
        )
        fails(cluster.refresh, errors.CatalogVersion, match=message)
        # A connection that was there before is told when it must read the catalog again.
        with psycopg.connect(conninfos[0], autocommit=True) as direct:
            direct.execute("SELECT setval('parallel_partition.schema_version', 77)")
        fails(
            lambda: connection.execute("SELECT * FROM nowhere"),
            errors.CatalogVersion,
            psycopg.NotSupportedError,
            match=message,
        )


def test_a_catalog_that_was_dropped_under_a_connection(databases: MakeDatabases) -> None:
    conninfos = databases(2)
    with Cluster.create(conninfos, num_partitions=4) as cluster, cluster.connect() as connection:
        cluster.create_table("CREATE TABLE t (k int)", key="k")
        with psycopg.connect(conninfos[0], autocommit=True) as direct:
            direct.execute("DROP SCHEMA parallel_partition CASCADE")
        error = fails(
            lambda: connection.execute("SELECT * FROM t"),
            psycopg.ProgrammingError,
            errors.Error,
            match="parallel_partition",
        )
        assert error.server == "s1"


def test_a_catalog_that_may_not_be_read(databases: MakeDatabases) -> None:
    conninfos = databases(1)
    Cluster.create(conninfos, num_partitions=4).close()
    with psycopg.connect(conninfos[0], autocommit=True) as direct:
        role = f"stranger_{direct.info.dbname}"
        direct.execute(f"CREATE ROLE {role} LOGIN")
        direct.execute("REVOKE SELECT ON parallel_partition.server FROM PUBLIC")
        try:
            error = fails(
                lambda: parallel_partition.connect(make_conninfo(conninfos[0], user=role)),
                psycopg.errors.InsufficientPrivilege,
                errors.ProgrammingError,
                match="permission denied for table server",
            )
            assert error.server == "catalog"
        finally:
            direct.execute(f"DROP ROLE {role}")
