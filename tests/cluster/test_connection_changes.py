"""A connection whose cluster changes, or whose servers fail, under it."""

from __future__ import annotations

import threading
import uuid

import psycopg
import pytest

import parallel_partition
from parallel_partition import Cluster, errors
from parallel_partition.postgres.session import Session
from tests.cluster.visits import filled_with_visits, one


@pytest.fixture(scope="module")
def filled(make_module_cluster) -> Cluster:
    """A cluster with a sharded table that no test changes for good."""
    return filled_with_visits(make_module_cluster())


# --- a changing cluster -------------------------------------------------------------------------------------------


def test_a_change_of_tables_by_another_client_is_noticed(make_cluster):
    cluster = make_cluster()
    cluster.create_table("CREATE TABLE t (k int, v int)", key="k")
    with (
        cluster.connect(autocommit=True) as connection,
        Cluster.open(next(iter(cluster.servers.values())).conninfo) as other,
    ):
        connection.execute("INSERT INTO t VALUES (1, 1), (2, 2), (3, 3)")
        assert connection.execute("SELECT * FROM t ORDER BY k").fetchall() == [(1, 1), (2, 2), (3, 3)]
        other.drop_table("t")
        other.create_table("CREATE TABLE t (k int, w text, v int)", key="w")
        with other.connect(autocommit=True) as also:
            also.execute("INSERT INTO t VALUES (7, 'a', 8)")
        assert connection.execute("SELECT * FROM t ORDER BY k").fetchall() == [(7, "a", 8)]
        assert one(connection, "SELECT v FROM t WHERE w = %s", ("a",)) == (8,)


def test_a_change_in_mid_transaction_is_a_stale_map(make_cluster):
    cluster = make_cluster()
    cluster.create_table("CREATE TABLE t (k int, v int)", key="k")
    with (
        cluster.connect() as connection,
        Cluster.open(next(iter(cluster.servers.values())).conninfo) as other,
    ):
        assert one(connection, "SELECT count(*) FROM t") == (0,)
        other.create_table("CREATE TABLE u (k int, v int)", key="k")
        with pytest.raises(errors.StaleMap) as caught:
            connection.execute("SELECT count(*) FROM t")
        assert caught.value.sqlstate == "40001"
        connection.rollback()
        assert one(connection, "SELECT count(*) FROM u") == (0,)


@pytest.mark.parametrize("servers", [1, 2, 4])
def test_a_stale_commit_keeps_nothing(make_cluster, servers):
    cluster = make_cluster(servers)
    cluster.create_table("CREATE TABLE t (k int, v int)", key="k")
    with (
        cluster.connect() as connection,
        Cluster.open(next(iter(cluster.servers.values())).conninfo) as other,
    ):
        connection.execute("INSERT INTO t VALUES (1, 1), (2, 2), (3, 3), (4, 4), (5, 5)")
        other.create_table("CREATE TABLE u (k int, v int)", key="k")
        with pytest.raises(errors.StaleMap):
            connection.commit()
        assert one(connection, "SELECT count(*) FROM t") == (0,)


# --- failures -----------------------------------------------------------------------------------------------------


def terminate(conninfo: str, application: str) -> None:
    with psycopg.connect(conninfo, autocommit=True) as direct:
        direct.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s",
            (application,),
        )


def test_a_session_lost_in_mid_query_names_its_server(filled):
    name, server = list(filled.servers.items())[2]
    with filled.connect(autocommit=True) as connection:
        assert one(connection, "SELECT count(*) FROM visits") == (80,)
        pid = connection.transaction_state.session(name).connection.info.backend_pid

        def kill() -> None:
            with psycopg.connect(server.conninfo, autocommit=True) as direct:
                query = (
                    "SELECT 1 FROM pg_stat_activity"
                    " WHERE pid = %s AND query LIKE '%%pg_sleep%%' AND state = 'active'"
                )
                while not direct.execute(query, (pid,)).fetchone():
                    pass
                direct.execute("SELECT pg_terminate_backend(%s)", (pid,))

        killer = threading.Thread(target=kill)
        killer.start()
        with pytest.raises(psycopg.OperationalError) as caught:
            connection.transaction_state.ask(
                dict.fromkeys(
                    filled.servers, parallel_partition.statements.Statement(b"SELECT pg_sleep(60)")
                ),
                None,
            )
        killer.join()
        assert caught.value.server == name
        for other in filled.servers.values():
            with psycopg.connect(other.conninfo, autocommit=True) as direct:
                query = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'SELECT pg_sleep%'"
                assert direct.execute(query).fetchone() == (0,)
        assert one(connection, "SELECT count(*) FROM visits") == (80,)


def test_cancel_from_another_thread_reaches_all_servers(filled):
    with filled.connect(autocommit=True) as connection:
        statement = parallel_partition.statements.Statement(b"SELECT pg_sleep(60)")
        timer = threading.Timer(0.5, connection.cancel)
        timer.start()
        with pytest.raises(psycopg.errors.QueryCanceled):
            connection.transaction_state.ask(dict.fromkeys(filled.servers, statement), None)
        timer.join()
        assert one(connection, "SELECT count(*) FROM visits") == (80,)


def test_a_cancel_goes_where_something_runs(filled, monkeypatch):
    cancelled = []
    monkeypatch.setattr(Session, "cancel", lambda session, timeout=1.0: cancelled.append(session.server))
    with filled.connect() as connection:
        assert one(connection, "SELECT count(*) FROM visits") == (80,)
        connection.cancel()  # all are idle, in a transaction
        assert cancelled == []


def test_threads_share_the_pools(filled):
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            with filled.connect() as connection:
                for _ in range(10):
                    assert one(connection, "SELECT count(*) FROM visits WHERE patient_id <= 40") == (80,)
                    patient = number % 40 + 1
                    query = "SELECT count(*) FROM visits WHERE patient_id = %s"
                    assert one(connection, query, (patient,)) == (2,)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def test_uuid_keys_go_to_one_server(cluster):
    cluster.create_table("CREATE TABLE t (k uuid PRIMARY KEY, v int)", key="k")
    keys = [uuid.UUID(int=number) for number in range(20)]
    with cluster.connect(autocommit=True) as connection:
        connection.cursor().executemany(
            "INSERT INTO t VALUES (%s, %s)", [(key, n) for n, key in enumerate(keys)]
        )
        for n, key in enumerate(keys):
            assert one(connection, "SELECT v FROM t WHERE k = %s", (key,)) == (n,)
            assert len(connection.cursor().explain("SELECT v FROM t WHERE k = %s", (key,)).servers) == 1
            assert one(connection, "SELECT v FROM t WHERE k = %s", (str(key).upper(),)) == (n,)


def test_every_session_starts_with_the_settings_of_the_catalogs_server(databases):
    conninfos = databases(4)
    zones = ("Asia/Tokyo", "UTC", "America/New_York", "Europe/Rome")
    for conninfo, zone in zip(conninfos, zones, strict=True):
        with psycopg.connect(conninfo, autocommit=True) as direct:
            name = direct.info.dbname
            direct.execute(f"ALTER DATABASE {name} SET TimeZone = '{zone}'")
            direct.execute(
                f"ALTER DATABASE {name} SET DateStyle = 'German, DMY'" if zone == "UTC" else "SELECT"
            )
            direct.execute(
                f"ALTER DATABASE {name} SET search_path = pg_catalog" if zone == "UTC" else "SELECT"
            )
    with Cluster.create(conninfos, num_partitions=8) as made:
        made.create_table("CREATE TABLE t (k int, at timestamptz)", key="k")
        with made.connect(autocommit=True) as connection:
            for k in range(20):
                connection.execute("INSERT INTO t VALUES (%s, '2026-01-01 00:00+00')", (k,))
            for _ in range(2):  # also after the pool has reset the sessions
                seen = connection.execute("SELECT DISTINCT at::text FROM t").fetchall()
                assert seen == [("2026-01-01 09:00:00+09",)]
                connection.execute("SET TIME ZONE 'UTC'")
                assert one(connection, "SELECT max(at)::text FROM t") == ("2026-01-01 00:00:00+00",)
                connection.execute("RESET TIME ZONE")
