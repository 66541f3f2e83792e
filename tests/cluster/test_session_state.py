"""What a connection changes in its sessions: the same on every server, until it is undone, and nobody else's."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator

import psycopg
import pytest

from parallel_partition import Cluster, errors
from parallel_partition.dbapi.connection import Connection
from parallel_partition.postgres.session import Session
from tests.fix_clusters import MakeCluster

UTC_TEXT = "'2026-01-01 00:00+00'::timestamptz::text"


def one(connection: Connection, query: str, params: object = None) -> tuple[object, ...]:
    return connection.execute(query, params).fetchone()


@pytest.fixture(scope="module")
def module_pair(make_module_cluster: MakeCluster) -> Cluster:
    """Two servers with a table of 40 rows, and one of the same name in another schema."""
    cluster = make_module_cluster(2)
    for server in cluster.servers.values():
        with psycopg.connect(server.conninfo, autocommit=True) as direct:
            direct.execute("CREATE SCHEMA other")
    cluster.create_table("CREATE TABLE t (k int PRIMARY KEY, v int)", key="k")
    cluster.create_table("CREATE TABLE other.t (v int PRIMARY KEY, k int)", key="v")
    with cluster.connect(autocommit=True) as connection:
        connection.execute("INSERT INTO t VALUES " + ", ".join(f"({key}, 1)" for key in range(1, 41)))
        connection.execute("INSERT INTO other.t VALUES " + ", ".join(f"({key}, 7)" for key in range(1, 11)))
    return cluster


@pytest.fixture
def pair(module_pair: Cluster) -> Iterator[Cluster]:
    """The same, all of whose sessions are back when the test ends."""
    yield module_pair
    settle(module_pair)


def settle(cluster: Cluster) -> None:
    """Wait until the pools have back whatever was given back."""
    deadline = time.monotonic() + 10
    for pool in cluster._pools.values():
        while (found := pool.stats()).get("pool_available", 0) < found.get("pool_size", 0):
            assert time.monotonic() < deadline, (pool.name, found)
            time.sleep(0.01)


# --- settings ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", ["commit", "rollback"])
@pytest.mark.parametrize("statement", ["SET search_path = other", "SET LOCAL search_path = other"])
def test_names_are_looked_up_where_the_servers_do(pair: Cluster, statement: str, end: str) -> None:
    """The end of the transaction takes back what SET did in it."""
    with pair.connect() as connection:
        assert one(connection, "SELECT count(*) FROM t") == (40,)
        connection.execute(statement)
        assert one(connection, "SELECT count(*) FROM t WHERE k = 7") == (10,)
        assert one(connection, "SELECT count(*) FROM t") == (10,)
        getattr(connection, end)()
        stays = end == "commit" and "LOCAL" not in statement
        assert one(connection, "SELECT count(*) FROM t") == ((10,) if stays else (40,))
        assert one(connection, "SELECT count(*) FROM t WHERE k = 7") == ((10,) if stays else (1,))


def test_names_are_looked_up_anew_after_discard_and_reset(pair: Cluster) -> None:
    with pair.connect(autocommit=True) as connection:
        for undo in ("RESET search_path", "DISCARD ALL", "RESET ALL"):
            connection.execute("SET search_path = other")
            assert one(connection, "SELECT count(*) FROM t") == (10,)
            assert connection.execute(undo).statusmessage == undo.split()[0] + " ALL" * ("DISCARD" in undo)
            assert one(connection, "SELECT count(*) FROM t") == (40,)


def test_the_merge_session_forgets_what_was_reset(pair: Cluster) -> None:
    with pair.connect(autocommit=True) as connection:
        before = one(connection, f"SELECT max({UTC_TEXT}) FROM t")
        connection.execute("SET TIME ZONE 'Asia/Tokyo'")
        assert one(connection, f"SELECT max({UTC_TEXT}) FROM t") == ("2026-01-01 09:00:00+09",)
        connection.execute("RESET TIME ZONE")
        assert one(connection, f"SELECT max({UTC_TEXT}) FROM t") == before


def test_a_setting_that_one_server_refuses_is_set_on_none(pair: Cluster) -> None:
    with psycopg.connect(pair.servers["s1"].conninfo, autocommit=True) as direct:
        name = f"only_on_s1_{direct.info.dbname}"
        direct.execute(f"CREATE ROLE {name}")
    try:
        with pair.connect(autocommit=True) as connection:
            with pytest.raises(psycopg.errors.InvalidParameterValue, match="does not exist") as caught:
                connection.execute(f"SET ROLE {name}")
            assert caught.value.server == "s2"
            assert one(connection, "SELECT current_user <> %s", (name,)) == (True,)
            assert one(connection, "SELECT count(*) FROM t") == (40,)
    finally:
        with psycopg.connect(pair.servers["s1"].conninfo, autocommit=True) as direct:
            direct.execute(f"DROP ROLE {name}")


def test_an_unknown_setting_leaves_the_connection_usable(pair: Cluster) -> None:
    with pair.connect(autocommit=True) as connection:
        with pytest.raises(psycopg.errors.UndefinedObject, match='parameter "bogus"'):
            connection.execute("SET bogus = 1")
        assert one(connection, "SELECT count(*) FROM t") == (40,)


# --- what is prepared ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("statement", ["DISCARD ALL", "DEALLOCATE ALL"])
def test_statements_prepared_before_are_prepared_anew(pair: Cluster, statement: str) -> None:
    queries = ["SELECT v FROM t WHERE k = 1", "SELECT count(*) FROM t", "SELECT k FROM t ORDER BY k LIMIT 1"]
    with pair.connect(autocommit=True) as connection:
        for _ in range(2):
            for query in queries:
                for _ in range(8):
                    assert one(connection, query) is not None
            connection.execute(statement)


# --- what others must not find -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TEMP TABLE scratch AS SELECT 1 AS a",
        "SELECT pg_advisory_lock(77)",
        "SELECT pg_advisory_lock(k) FROM t WHERE k = 1",
        "PREPARE mine AS SELECT 1",
        "LISTEN something",
        "SET TIME ZONE 'Asia/Tokyo'",
    ],
)
def test_the_next_borrower_gets_a_clean_session(pair: Cluster, statement: str) -> None:
    left = """
        SELECT (SELECT count(*) FROM pg_class WHERE relname = 'scratch'),
               (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'
                AND database = (SELECT oid FROM pg_database WHERE datname = current_database())),
               (SELECT count(*) FROM pg_prepared_statements WHERE name = 'mine'),
               (SELECT count(*) FROM pg_listening_channels()),
               current_setting('TimeZone') = 'Asia/Tokyo'
    """
    with pair.connect(autocommit=True) as connection:
        connection.execute(statement)
        pids = {
            name: s.connection.info.backend_pid for name, s in connection.transaction_state.sessions.items()
        }
    settle(pair)
    seen = set()
    for name, pool in pair._pools.items():
        borrowed: list[Session] = []
        try:
            while name in pids and (name, pids[name]) not in seen:
                borrowed.append(pool.acquire_session(1))
                direct = borrowed[-1].connection
                assert direct.execute(left).fetchone() == (0, 0, 0, 0, False)
                seen.add((name, direct.info.backend_pid))
        finally:
            for session in borrowed:
                pool.release_session(session)
    assert seen >= set(pids.items())


def test_plain_queries_leave_sessions_prepared(pair: Cluster) -> None:
    """Resetting a session costs its next borrower all that was prepared."""
    with pair.connect(autocommit=True) as connection:
        for query in ("SELECT v FROM t WHERE k = 1", "SELECT 1", "SELECT count(*) FROM pg_class"):
            connection.execute(query)
        assert not any(session.touched for session in connection.transaction_state.sessions.values())
        connection.execute("SELECT pg_advisory_xact_lock(1)")
        assert connection.transaction_state.sessions["s1"].touched


# --- sessions that are not given back ------------------------------------------------------------------------


def in_use(cluster: Cluster) -> dict[str, int]:
    """How many sessions are borrowed from each pool."""
    found = {name: pool.stats() for name, pool in cluster._pools.items()}
    return {name: one.get("pool_size", 0) - one.get("pool_available", 0) for name, one in found.items()}


def test_a_commit_that_fails_at_the_end_of_a_with_block_closes_the_connection(pair: Cluster) -> None:
    with pytest.raises(errors.ServerUnavailable), pair.connect() as connection:
        connection.execute("INSERT INTO t VALUES (100, 1), (101, 1), (102, 1), (103, 1)")
        pid = connection.transaction_state.session("s2").connection.info.backend_pid
        with psycopg.connect(pair.servers["s2"].conninfo, autocommit=True) as direct:
            direct.execute("SELECT pg_terminate_backend(%s, 10000)", (pid,))
    assert connection.closed
    settle(pair)


def test_a_connection_that_nobody_closed_gives_its_sessions_back(pair: Cluster) -> None:
    def forget() -> int:
        connection = pair.connect()
        connection.execute("SELECT sum(v) FROM t")
        assert in_use(pair)["s1"] >= 2  # the merge session, too
        del connection
        return gc.collect()

    settle(pair)
    with pytest.warns(ResourceWarning, match="deleted while still open"):
        forget()
    with pair.connect(autocommit=True) as connection:  # whoever borrows next puts the pools in order
        assert one(connection, "SELECT count(*) FROM t") == (40,)
    settle(pair)


def test_a_connection_that_cannot_be_made_leaves_nothing_borrowed(pair: Cluster) -> None:
    class Bad:
        def __bool__(self) -> bool:
            raise ZeroDivisionError

    settle(pair)
    with pytest.raises(ZeroDivisionError):
        pair.connect(autocommit=Bad())  # type: ignore[arg-type]
    settle(pair)


def test_a_closed_connection_borrows_nothing(pair: Cluster) -> None:
    connection = pair.connect()
    connection.close()
    assert connection.info.status == psycopg.pq.ConnStatus.BAD
    assert connection.info.transaction_status == psycopg.pq.TransactionStatus.UNKNOWN
    with pytest.raises(psycopg.OperationalError, match="the connection is closed"):
        connection.autocommit = True
    with pytest.raises(psycopg.OperationalError, match="the connection is closed"):
        connection.isolation_level = psycopg.IsolationLevel.SERIALIZABLE
    settle(pair)


def test_a_look_up_does_not_outlive_a_setting(pair: Cluster) -> None:
    """The same cursor and query as before take a shorter way, by the plan of before."""
    query = "SELECT k, v FROM t WHERE k = %s ORDER BY v LIMIT 1"
    with pair.connect() as connection:
        cursor = connection.cursor()
        for key in range(1, 11):
            assert cursor.execute(query, (key,)).fetchone() == (key, 1)
        connection.rollback()
        connection.execute("SET search_path = other")
        assert cursor.execute(query, (7,)).fetchone() == (7, 1)
        assert [cursor.execute(query, (key,)).fetchone() for key in range(1, 7)] == [None] * 6
        connection.rollback()
        assert cursor.execute(query, (3,)).fetchone() == (3, 1)
