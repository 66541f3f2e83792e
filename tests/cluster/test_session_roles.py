"""Roles, settings and time limits of a session: every server's, the merge session's, and no later borrower's."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import sql

from parallel_partition import Cluster
from parallel_partition.dbapi.connection import Connection
from parallel_partition.postgres.session import Session
from tests.fix_clusters import MakeCluster

#: Roles of nobody else's, should the servers be.
ALICE, BOB = "parallel_partition_alice", "parallel_partition_bob"


def on_all(cluster: Cluster, statement: str) -> None:
    """Run a statement on each server by itself."""
    for server in cluster.servers.values():
        with psycopg.connect(server.conninfo, autocommit=True) as direct:
            direct.execute(statement.encode())


@pytest.fixture(scope="module")
def module_trio(make_module_cluster: MakeCluster) -> Iterator[Cluster]:
    """Three servers with two roles, of which one may read a table, and rows that a policy shows to some."""
    cluster = make_module_cluster(3)
    cluster.create_table("CREATE TABLE t (k int PRIMARY KEY, v int)", key="k")
    cluster.create_table("CREATE TABLE own (k int PRIMARY KEY, tenant text)", key="k")
    with cluster.connect() as connection:
        connection.cursor().executemany("INSERT INTO t VALUES (%s, %s)", [(n, n % 4) for n in range(40)])
        connection.cursor().executemany(
            "INSERT INTO own VALUES (%s, %s)", [(n, "ab"[n % 2]) for n in range(30)]
        )
    for role in (ALICE, BOB):
        create = sql.SQL("DO $$ BEGIN CREATE ROLE {}; EXCEPTION WHEN duplicate_object THEN END $$")
        on_all(cluster, create.format(sql.Identifier(role)).as_string(None))
    on_all(cluster, f"GRANT SELECT, UPDATE ON t, own TO {ALICE}")
    on_all(cluster, "ALTER TABLE own ENABLE ROW LEVEL SECURITY")
    on_all(cluster, "CREATE POLICY tenants ON own USING (tenant = current_setting('app.tenant', true))")
    yield cluster
    on_all(cluster, f"DROP OWNED BY {ALICE}, {BOB}")
    on_all(cluster, f"DROP ROLE IF EXISTS {ALICE}, {BOB}")


@pytest.fixture
def trio(module_trio: Cluster) -> Iterator[Cluster]:
    """The same, all of whose sessions are back when the test ends."""
    yield module_trio
    settle(module_trio)


@pytest.fixture
def over(trio: Cluster) -> Iterator[Connection[Any]]:
    with trio.connect() as connection:
        yield connection
        connection.rollback()


def settle(cluster: Cluster) -> None:
    """Wait until the pools have back whatever was given back."""
    deadline = time.monotonic() + 10
    for pool in cluster._pools.values():
        while (found := pool.stats()).get("pool_available", 0) < found.get("pool_size", 0):
            assert time.monotonic() < deadline, (pool.name, found)
            time.sleep(0.01)


#: Who a statement is run by: on one server, rows of all, summed up, and with a window over all rows.
WHO = (
    "SELECT current_user::text, session_user::text",
    "SELECT current_user::text, session_user::text FROM t WHERE k = 1",
    "SELECT current_user::text, session_user::text FROM t ORDER BY k LIMIT 1",
    "SELECT max(current_user::text), max(session_user::text) FROM t",
    "SELECT current_user::text, session_user::text FROM (SELECT rank() OVER (ORDER BY v, k) FROM t) r(n) WHERE n = 1",
)


def who(connection: Connection[Any]) -> set[Any]:
    """Who statements of all kinds are run by."""
    return {connection.execute(query).fetchone() for query in WHO}


def test_who_statements_are_run_by(over: Connection[Any]) -> None:
    [(login, _)] = who(over)
    over.execute(f"SET ROLE {ALICE}")
    assert who(over) == {(ALICE, login)}
    over.execute("SAVEPOINT a")
    over.execute("RESET ROLE")
    assert who(over) == {(login, login)}
    over.execute("ROLLBACK TO a")
    assert who(over) == {(ALICE, login)}
    over.commit()
    assert who(over) == {(ALICE, login)}
    over.execute(f"SET LOCAL SESSION AUTHORIZATION {ALICE}")
    assert who(over) == {(ALICE, ALICE)}
    over.commit()
    assert who(over) == {(ALICE, login)}
    over.execute("SET ROLE NONE")
    over.execute(f"SET SESSION AUTHORIZATION {ALICE}")
    over.rollback()
    assert who(over) == {(ALICE, login)}
    over.execute(f"SET SESSION AUTHORIZATION {ALICE}")
    over.commit()
    assert who(over) == {(ALICE, ALICE)}
    over.execute("RESET SESSION AUTHORIZATION")
    assert who(over) == {(login, login)}


@pytest.mark.parametrize("become", ["SET ROLE", "SET SESSION AUTHORIZATION"])
def test_rights_are_the_roles_on_every_server(over: Connection[Any], become: str) -> None:
    for query in (
        "SELECT count(*) FROM t",
        "SELECT v FROM t WHERE k = 7",
        "SELECT rank() OVER (ORDER BY v) FROM t",
    ):
        over.execute(f"{become} {ALICE}")
        assert over.execute(query).fetchall()
        over.rollback()
        over.execute(f"{become} {BOB}")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            over.execute(query)
        over.rollback()


def test_policies_see_the_settings(over: Connection[Any]) -> None:
    over.execute(f"SET ROLE {ALICE}")
    counts = {}
    for tenant in ("a", "b", "nobody"):
        over.execute(f"SET app.tenant = '{tenant}'")
        counts[tenant] = over.execute("SELECT count(*) FROM own").fetchone()
        seen = over.execute("SELECT DISTINCT tenant, count(*) OVER () FROM own").fetchall()
        assert seen == ([(tenant, 15)] if tenant != "nobody" else [])
    assert counts == {"a": (15,), "b": (15,), "nobody": (0,)}


def test_time_limits_are_every_servers(trio: Cluster, over: Connection[Any]) -> None:
    """Also the merge session's, whose work is none of the others'."""
    over.execute("SET statement_timeout = '300ms'")
    over.commit()
    keys = {trio.shard_map.server_of(key): key for key in range(40)}
    with trio.connect() as other:
        for server, key in keys.items():
            other.execute("UPDATE t SET v = v WHERE k = %s", (key,))
            for where in (f"k = {key}", "v >= 0"):
                with pytest.raises(psycopg.errors.QueryCanceled) as caught:
                    over.execute(f"UPDATE t SET v = 0 WHERE {where}")
                assert caught.value.server == server
                over.rollback()
            other.rollback()
    long = "SELECT count(*) OVER () FROM t, generate_series(1, 100000000) LIMIT 1"
    with pytest.raises(psycopg.errors.QueryCanceled):
        over.execute(long)


def test_settings_are_those_of_one_session(over: Connection[Any]) -> None:
    """What a session starts a transaction with, too."""
    over.execute("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY, ISOLATION LEVEL REPEATABLE READ")
    over.commit()
    assert over.execute("SHOW transaction_isolation").fetchone() == ("repeatable read",)
    assert over.execute("SELECT count(*) FROM t").fetchone() == (40,)
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        over.execute("UPDATE t SET v = 1")
    over.rollback()
    over.execute("SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE")
    over.commit()
    assert over.execute("UPDATE t SET v = v").rowcount == 40


#: What a session is left with, and what shows it: the next borrower must see none of it.
LEFT = {
    f"SET ROLE {ALICE}": "SELECT current_user::text",
    f"SET SESSION AUTHORIZATION {ALICE}": "SELECT session_user::text",
    f"BEGIN; SET ROLE {ALICE}; COMMIT": "SELECT current_user::text",
    f"BEGIN; SAVEPOINT a; SET ROLE {ALICE}; RELEASE a; COMMIT": "SELECT current_user::text",
    "SET statement_timeout = '1h'": "SHOW statement_timeout",
    "SET search_path = pg_catalog": "SHOW search_path",
    "SET app.tenant = 'left'": "SELECT coalesce(current_setting('app.tenant', true), '')",
    "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY": "SHOW default_transaction_read_only",
    "SELECT setseed(0.5)": "SELECT random()::text = (SELECT random()::text)",
    "SET synchronous_commit = off": "SHOW synchronous_commit",
}


@pytest.mark.parametrize("statements", LEFT)
def test_the_next_borrower_gets_a_clean_session(trio: Cluster, statements: str) -> None:
    """On every server, and in the merge session."""
    shown = LEFT[statements]
    with psycopg.connect(trio.servers["s1"].conninfo, autocommit=True) as direct:
        wanted = direct.execute(shown).fetchone()
    with trio.connect(autocommit=True) as connection:
        for statement in statements.split("; "):
            connection.execute(statement)
        connection.execute("SELECT rank() OVER (ORDER BY v) FROM public.t")
        used = {
            (session.server, session.connection.info.backend_pid) for session in connection.runner.sessions
        }
        assert len(used) == 4
    settle(trio)
    seen = set()
    for name, pool in trio._pools.items():
        borrowed: list[Session] = []
        try:
            while not {pair for pair in used if pair[0] == name} <= seen:
                borrowed.append(pool.acquire_session(1))
                direct = borrowed[-1].connection
                seen.add((name, direct.info.backend_pid))
                assert direct.execute(shown).fetchone() == wanted
        finally:
            for session in borrowed:
                pool.release_session(session)


def test_reset_all_would_not_do(trio: Cluster) -> None:
    """The reason why sessions are reset by DISCARD ALL: the role would be the next borrower's."""
    with psycopg.connect(trio.servers["s1"].conninfo, autocommit=True) as direct:
        for statement in (f"SET ROLE {ALICE}", "RESET ALL"):
            direct.execute(statement)
        assert direct.execute("SELECT current_user::text").fetchone() == (ALICE,)
        direct.execute("DISCARD ALL")
        assert direct.execute("SELECT current_user::text").fetchone() != (ALICE,)


@pytest.mark.parametrize(
    "held",
    [
        "SELECT pg_advisory_lock(1)",
        "SELECT pg_try_advisory_lock(k) FROM t WHERE k = 1",
        "CREATE TEMPORARY TABLE scratch (a int)",
        "SELECT 1 AS a INTO TEMP scratch",
        "-- mine\nPREPARE mine AS SELECT 1",
    ],
)
def test_what_was_held_is_not_lost_in_silence(trio: Cluster, held: str) -> None:
    """Who goes on believes to hold the lock; a session that held nothing is replaced."""
    for statement in (
        "SELECT pg_advisory_xact_lock(1)",
        "SELECT k AS temp, v AS listen FROM t WHERE k = 1",
        held,
    ):
        with trio.connect(autocommit=True) as connection:
            connection.execute(statement)
            for session in connection.transaction_state.sessions.listed:
                with psycopg.connect(trio.servers[session.server].conninfo, autocommit=True) as direct:
                    direct.execute(
                        "SELECT pg_terminate_backend(%s, 10000)", (session.connection.info.backend_pid,)
                    )
            for _ in range(2):
                if statement is held:
                    with pytest.raises(psycopg.OperationalError, match="what this connection held"):
                        connection.execute("SELECT count(*) FROM t")
                else:
                    assert connection.execute("SELECT count(*) FROM t").fetchone() == (40,)


def test_temporary_tables_locks_and_sequences_are_the_catalogs(trio: Cluster, over: Connection[Any]) -> None:
    over.execute("CREATE TEMPORARY TABLE scratch AS SELECT 7 AS a")
    over.execute("SELECT pg_advisory_lock(4711)")
    assert over.execute("SELECT a FROM scratch").fetchall() == [(7,)]
    with psycopg.connect(trio.servers["s1"].conninfo) as direct:
        held = direct.execute(
            "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711"
        ).fetchall()
    assert held == [(over.info.backend_pid,)]
    over.rollback()
    with pytest.raises(psycopg.errors.UndefinedTable):
        over.execute("SELECT a FROM scratch")
    over.rollback()
    assert over.execute("SELECT pg_advisory_unlock(4711)").fetchone() == (True,)
