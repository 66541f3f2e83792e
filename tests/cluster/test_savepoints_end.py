"""How savepoints over servers end otherwise: by failures, with their cursors, and in what a connection remembers."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from psycopg.pq import TransactionStatus

from parallel_partition import Cluster, errors
from parallel_partition.dbapi.connection import Connection
from tests.cluster.test_savepoints import ALL, DDL, insert, keys_of, module_one, on, over, plain, trio
from tests.fix_clusters import MakeCluster

__all__ = ["module_one", "over", "plain", "trio"]


# --- failures -------------------------------------------------------------------------------------------------


def lose(connection: Connection[Any], cluster: Cluster, server: str) -> None:
    """End the session that a connection has on a server."""
    pid = connection.transaction_state.session(server).connection.info.backend_pid
    with psycopg.connect(cluster.servers[server].conninfo, autocommit=True) as direct:
        direct.execute("SELECT pg_terminate_backend(%s, 10000)", (pid,))


@pytest.mark.parametrize("joined", ["before", "behind"])
def test_a_lost_session_takes_the_transaction_with_it(
    trio: Cluster, over: Connection[Any], joined: str
) -> None:
    [first], [second] = on(trio, "s1"), on(trio, "s2")
    over.execute("BEGIN")
    insert(over, first)
    if joined == "before":
        insert(over, second)
    over.execute("SAVEPOINT a")
    over.execute("UPDATE t SET v = 2")
    lose(over, trio, "s2")
    for _ in range(2):
        with pytest.raises((errors.ServerUnavailable, psycopg.errors.InFailedSqlTransaction)):
            over.execute("ROLLBACK TO a")
        assert over.info.transaction_status == TransactionStatus.INERROR
        with pytest.raises(psycopg.errors.InFailedSqlTransaction):
            over.execute(ALL)
    over.execute("ROLLBACK")
    assert keys_of(over) == []


def test_what_one_server_refuses_is_undone_on_all(trio: Cluster, over: Connection[Any]) -> None:
    keys = [key for server in trio.servers for key in on(trio, server, 2)]
    insert(over, *keys[:3])
    with over.transaction():
        over.execute("UPDATE t SET v = 5")
        with pytest.raises(psycopg.errors.UniqueViolation), over.transaction():
            insert(over, *keys[3:], keys[0])
        assert over.execute(ALL).fetchall() == [(key, 5) for key in sorted(keys[:3])]
    assert over.execute(ALL).fetchall() == [(key, 5) for key in sorted(keys[:3])]


def test_an_interrupted_savepoint_is_not_taken_for_one_of_its_name(
    trio: Cluster, over: Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was set on one server and not on the other when somebody pressed Ctrl-C."""
    [first], [second] = on(trio, "s1"), on(trio, "s2")
    over.execute("BEGIN")
    over.execute("SAVEPOINT a")
    insert(over, first, second)
    state = over.transaction_state

    def half(exchanges: Any, _parts: Any) -> None:
        session = exchanges["s1"][0]
        assert session.run([state.savepoints.next("a", frozenset(), frozenset()).statement("SAVEPOINT")])
        state.fail()
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(state, "drive", half)
        with pytest.raises(KeyboardInterrupt):
            over.execute("SAVEPOINT a")
    over.execute("ROLLBACK TO a")
    assert keys_of(over) == []
    over.execute("ROLLBACK")


def test_a_map_that_changed_ends_the_transaction_savepoints_and_all(make_cluster: MakeCluster) -> None:
    cluster = make_cluster(2)
    cluster.create_table(DDL, key="k")
    with (
        cluster.connect(autocommit=True) as connection,
        Cluster.open(cluster.servers["s1"].conninfo) as other,
    ):
        connection.execute("BEGIN")
        insert(connection, 1, 2, 3, 4)
        connection.execute("SAVEPOINT a")
        other.create_table("CREATE TABLE another (k int PRIMARY KEY)", key="k")
        with pytest.raises(errors.StaleMap):
            connection.execute(ALL)
        with pytest.raises(psycopg.errors.InFailedSqlTransaction, match="rolled back as a whole"):
            connection.execute("ROLLBACK TO a")
        assert connection.execute("COMMIT").statusmessage == "ROLLBACK"
        assert keys_of(connection) == []


def test_a_map_that_changed_before_anything_was_read_is_not_noticed(make_cluster: MakeCluster) -> None:
    """The transaction begins anew, and its savepoints with it."""
    cluster = make_cluster(2)
    cluster.create_table(DDL, key="k")
    with (
        cluster.connect(autocommit=True) as connection,
        Cluster.open(cluster.servers["s1"].conninfo) as other,
    ):
        connection.execute("BEGIN")
        connection.execute("SAVEPOINT a")
        other.create_table("CREATE TABLE another (k int PRIMARY KEY)", key="k")
        insert(connection, 1, 2, 3, 4)
        connection.execute("SAVEPOINT b")
        insert(connection, 5, 6)
        connection.execute("ROLLBACK TO b")
        assert keys_of(connection) == [1, 2, 3, 4]
        connection.execute("ROLLBACK TO a")
        assert keys_of(connection) == []
        connection.execute("COMMIT")


# --- cursors --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("query", [ALL, "SELECT k FROM t", "SELECT k, rank() OVER (ORDER BY v) FROM t"])
def test_cursors_end_with_what_declared_them(
    plain: psycopg.Connection[Any], over: Connection[Any], query: str
) -> None:
    found = []
    for connection in (plain, over):
        connection.autocommit = False
        insert(connection, *range(1, 9))
        early = connection.cursor("early")
        early.execute(query)
        early.fetchmany(2)
        connection.execute("SAVEPOINT a")
        early.fetchmany(2)
        late = connection.cursor("late")
        late.execute(query)
        late.fetchone()
        connection.execute("ROLLBACK TO a")
        said: list[Any] = [len(early.fetchmany(2))]
        with pytest.raises(psycopg.errors.InvalidCursorName):
            late.fetchone()
        said.append(connection.info.transaction_status)
        connection.execute("ROLLBACK TO a")
        again = connection.cursor("again")
        again.execute(query)
        connection.execute("RELEASE a")
        said += [len(again.fetchall()), len(early.fetchall()), connection.info.transaction_status]
        early.close()
        again.close()
        said.append(connection.info.transaction_status)
        connection.rollback()
        late.close()
        found.append(said)
    assert found[0] == found[1]


def test_a_cursor_that_was_undone_closes_quietly(over: Connection[Any]) -> None:
    over.autocommit = False
    insert(over, 1, 2, 3, 4)
    over.execute("SAVEPOINT a")
    cursor = over.cursor("late")
    cursor.execute(ALL)
    rows = over.cursor().stream(ALL)
    next(rows)
    over.execute("ROLLBACK TO a")
    cursor.close()
    rows.close()
    assert keys_of(over) == [1, 2, 3, 4]
    over.rollback()


# --- what one connection remembers -----------------------------------------------------------------------------


def test_names_are_looked_up_where_the_servers_do(make_cluster: MakeCluster) -> None:
    cluster = make_cluster(2)
    for server in cluster.servers.values():
        with psycopg.connect(server.conninfo, autocommit=True) as direct:
            direct.execute("CREATE SCHEMA other")
    cluster.create_table(DDL, key="k")
    cluster.create_table("CREATE TABLE other.t (k int PRIMARY KEY, v int)", key="k")
    with cluster.connect() as connection:
        insert(connection, 1, 2, 3)
        connection.execute("SAVEPOINT a")
        connection.execute("SET search_path = other, public")
        assert keys_of(connection) == []
        connection.execute("SAVEPOINT b")
        with pytest.raises(psycopg.errors.UndefinedColumn):
            connection.execute("SELECT nothing FROM t")
        connection.execute("ROLLBACK TO b")
        assert keys_of(connection) == []
        connection.execute("ROLLBACK TO a")
        assert keys_of(connection) == [1, 2, 3]


def test_a_look_up_within_savepoints(over: Connection[Any]) -> None:
    """The same cursor and query as before take a shorter way."""
    over.autocommit = False
    insert(over, 1, 2, 3)
    cursor = over.cursor()
    query = "SELECT v FROM t WHERE k = %s"
    for _ in range(8):
        assert cursor.execute(query, (1,)).fetchone() == (1,)
    over.execute("SAVEPOINT a")
    over.execute("UPDATE t SET v = 2")
    assert cursor.execute(query, (1,)).fetchone() == (2,)
    over.execute("ROLLBACK TO a")
    assert [cursor.execute(query, (key,)).fetchone() for key in (1, 2, 3)] == [(1,), (1,), (1,)]
    over.rollback()
