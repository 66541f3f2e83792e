"""What a transaction is after something went wrong: half-way, in between, or behind its back."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from psycopg.pq import TransactionStatus

from parallel_partition import Cluster, errors
from parallel_partition.dbapi.connection import Connection
from tests.fix_clusters import MakeCluster
from tests.fix_faults import StartCluster

COUNT = "SELECT count(*) FROM t"


def one(connection: Connection, query: str, params: object = None) -> tuple[object, ...]:
    return connection.execute(query, params).fetchone()


def keys_of(cluster: Cluster, server: str) -> list[int]:
    """Keys of rows that are on ``server``."""
    return [key for key in range(1, 100) if cluster.shard_map.server_of(key) == server]


def rows(cluster: Cluster) -> list[tuple[int, int]]:
    """What is committed, asked by a connection of its own."""
    with cluster.connect(autocommit=True) as connection:
        return connection.execute("SELECT k, v FROM t ORDER BY k").fetchall()


def lose(connection: Connection, server: str) -> None:
    """End the session that a connection has on a server, and wait until it is gone."""
    session = connection.transaction_state.session(server)
    pid = session.connection.info.backend_pid
    conninfo = connection._router.state.servers[server].conninfo
    with psycopg.connect(conninfo, autocommit=True) as direct:
        direct.execute("SELECT pg_terminate_backend(%s, 10000)", (pid,))


@pytest.fixture
def pair(make_cluster: MakeCluster) -> Cluster:
    """Two servers with an empty table."""
    cluster = make_cluster(2)
    cluster.create_table("CREATE TABLE t (k int PRIMARY KEY, v int)", key="k")
    return cluster


@pytest.fixture
def other(pair: Cluster) -> Iterator[Cluster]:
    """The same cluster as another client sees it."""
    with Cluster.open(pair.servers["s1"].conninfo) as other:
        yield other


# --- a server that cannot be asked ----------------------------------------------------------------------------


def test_a_statement_that_did_not_reach_all_servers_fails_the_transaction(
    throwaway_cluster: StartCluster,
) -> None:
    """The servers that were reached first must not go on as if they were in the transaction already."""
    local = throwaway_cluster(2)
    with Cluster.create(local.conninfos, num_partitions=8) as cluster:
        cluster.create_table("CREATE TABLE t (k int PRIMARY KEY, v int)", key="k")
        [here, *_] = keys_of(cluster, "s1")
        with cluster.connect() as connection:
            local.servers[1].kill()
            with pytest.raises(errors.ServerUnavailable, match="server s2"):
                connection.execute(COUNT)
            assert connection.info.transaction_status == TransactionStatus.INERROR
            with pytest.raises(psycopg.errors.InFailedSqlTransaction):
                connection.execute("INSERT INTO t VALUES (%s, 1)", (here,))
            connection.rollback()
            connection.execute("INSERT INTO t VALUES (%s, 1)", (here,))
            connection.rollback()
            local.servers[1].start()
            assert one(connection, COUNT) == (0,)


def test_a_session_lost_in_a_transaction_is_not_replaced_within_it(pair: Cluster) -> None:
    """What was written on the lost session is gone; committing the rest would keep half of the transaction."""
    [mine, *_] = keys_of(pair, "s1")
    [others, *_] = keys_of(pair, "s2")
    with pair.connect() as connection:
        connection.execute("INSERT INTO t VALUES (%s, 1), (%s, 1)", (mine, others))
        lose(connection, "s1")
        with pytest.raises(errors.ServerUnavailable, match="server s1") as caught:
            connection.execute(
                "SELECT v, count(*) FROM t GROUP BY v"
            )  # described first, by the catalog's server
        assert caught.value.server == "s1"
        with pytest.raises(psycopg.errors.InFailedSqlTransaction):
            connection.execute(COUNT)
        connection.commit()  # of a failed transaction: a rollback, as PostgreSQL's
        assert one(connection, COUNT) == (0,)


@pytest.mark.parametrize("server", ["s1", "s2"])
def test_a_session_lost_while_idle_in_a_transaction_fails_the_commit(pair: Cluster, server: str) -> None:
    values = ", ".join(f"({key}, 1)" for key in range(1, 9))
    with pair.connect() as connection:
        connection.execute(f"INSERT INTO t VALUES {values}")
        lose(connection, server)
        with pytest.raises(psycopg.OperationalError, match=server) as caught:
            connection.commit()
        assert caught.value.server == server
        assert connection.info.transaction_status == TransactionStatus.IDLE
        assert one(connection, COUNT) == (0,)


@pytest.mark.parametrize("server", ["s1", "s2"])
@pytest.mark.parametrize("autocommit", [True, False])
def test_a_session_lost_between_transactions_is_replaced(
    pair: Cluster, server: str, autocommit: bool
) -> None:
    """Nothing was sent on it yet, so nothing can be applied twice."""
    with pair.connect(autocommit=autocommit) as connection:
        assert one(connection, COUNT) == (0,)
        connection.rollback()
        lose(connection, server)
        connection.execute("INSERT INTO t VALUES " + ", ".join(f"({key}, 1)" for key in range(1, 9)))
        connection.commit()
        assert one(connection, "SELECT v, count(*) FROM t GROUP BY v") == (1, 8)


def test_a_look_up_finds_its_session_lost(pair: Cluster) -> None:
    """The same cursor and query as before take a shorter way."""
    query = "SELECT v FROM t WHERE k = %s"
    for autocommit in (True, False):
        with pair.connect(autocommit=autocommit) as connection:
            cursor = connection.cursor()
            for _ in range(10):
                assert cursor.execute(query, (1,)).fetchone() is None
            lose(connection, pair.shard_map.server_of(1))
            if autocommit:
                assert cursor.execute(query, (1,)).fetchone() is None
            else:
                with pytest.raises(
                    errors.ServerUnavailable, match=r"server s\d was lost|terminating connection"
                ):
                    cursor.execute(query, (1,))
                with pytest.raises(psycopg.errors.InFailedSqlTransaction):
                    cursor.execute(query, (1,))
                connection.rollback()
                assert cursor.execute(query, (1,)).fetchone() is None


def test_the_connections_own_session_is_replaced_for_psycopg_too(pair: Cluster) -> None:
    """psycopg reads time zone, encoding and quoting rules from ``connection.pgconn``."""
    with pair.connect() as connection:
        lose(connection, "s1")
        composed = psycopg.sql.SQL("SELECT {}, now()").format(psycopg.sql.Literal("it's"))
        assert one(connection, composed)[0] == "it's"
        connection.rollback()
        connection.autocommit = True
        connection.set_autocommit(False)
        assert connection.info.backend_pid == one(connection, "SELECT pg_backend_pid()")[0]


def test_settings_lost_with_their_session_are_missed(pair: Cluster) -> None:
    """Another session would answer under other settings than the servers beside it."""
    with pair.connect(autocommit=True) as connection:
        connection.execute("SET TIME ZONE 'Asia/Tokyo'")
        lose(connection, "s2")
        for _ in range(2):
            with pytest.raises(
                psycopg.OperationalError, match=r"s2.*settings.*close this connection"
            ) as caught:
                connection.execute("SELECT '2026-01-01 00:00+00'::timestamptz::text FROM t")
            assert caught.value.server == "s2"


# --- a map that changes underneath ----------------------------------------------------------------------------


def test_a_block_whose_first_statement_was_stale_is_still_a_block(pair: Cluster, other: Cluster) -> None:
    with pair.connect(autocommit=True) as connection:
        other.create_table("CREATE TABLE u (k int)", key="k")
        with pytest.raises(ZeroDivisionError), connection.transaction():
            connection.execute("INSERT INTO t VALUES (1, 1)")
            raise ZeroDivisionError
        other.drop_table("u")
        connection.execute("BEGIN")
        connection.execute("INSERT INTO t VALUES (1, 1)")
        connection.execute("ROLLBACK")
        assert one(connection, COUNT) == (0,)


def test_executemany_that_was_stale_is_all_or_nothing(pair: Cluster, other: Cluster) -> None:
    with pair.connect(autocommit=True) as connection:
        other.create_table("CREATE TABLE u (k int)", key="k")
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.cursor().executemany("INSERT INTO t VALUES (%s, 1)", [(1,), (2,), (1,)])
        assert rows(pair) == []


def test_a_look_up_in_a_transaction_finds_the_map_stale(pair: Cluster, other: Cluster) -> None:
    query = "SELECT v FROM t WHERE k = %s"
    with pair.connect(autocommit=True) as connection:
        cursor = connection.cursor()
        for _ in range(10):
            cursor.execute(query, (1,))
        connection.execute("BEGIN")
        cursor.execute(query, (1,))
        other.create_table("CREATE TABLE u (k int)", key="k")
        with pytest.raises(errors.StaleMap):
            cursor.execute(query, (1,))
        with pytest.raises(psycopg.errors.InFailedSqlTransaction):
            connection.execute("INSERT INTO t VALUES (1, 1)")
        connection.rollback()
        assert rows(pair) == []


@pytest.mark.parametrize("autocommit", [True, False])
def test_after_a_stale_map_in_mid_transaction_only_rollback_goes_on(
    pair: Cluster, other: Cluster, autocommit: bool
) -> None:
    with pair.connect(autocommit=autocommit) as connection:
        connection.execute("BEGIN")
        connection.execute("INSERT INTO t VALUES (1, 1)")
        other.create_table("CREATE TABLE u (k int)", key="k")
        with pytest.raises(errors.StaleMap):
            connection.execute("INSERT INTO t VALUES (2, 2)")
        with pytest.raises(psycopg.errors.InFailedSqlTransaction):
            connection.execute("INSERT INTO t VALUES (3, 3)")
        assert connection.execute("COMMIT").statusmessage == "ROLLBACK"
        assert one(connection, COUNT) == (0,)


def test_a_table_that_another_client_made_is_no_local_table(pair: Cluster, other: Cluster) -> None:
    """Taken for a table of the catalog's server, it would show a part of its rows."""
    with pair.connect(autocommit=True) as reader, pair.connect(autocommit=True) as writer:
        for connection in (reader, writer):
            with pytest.raises(psycopg.errors.UndefinedTable):
                connection.execute("SELECT count(*) FROM u")
        other.create_table("CREATE TABLE u (k int PRIMARY KEY, v int)", key="k")
        with other.connect(autocommit=True) as filler:
            filler.execute("INSERT INTO u VALUES " + ", ".join(f"({key}, 1)" for key in range(1, 41)))
        assert one(reader, "SELECT count(*) FROM u") == (40,)
        other.drop_table("u")
        other.create_table("CREATE TABLE u (k int PRIMARY KEY, v int)", key="k")
        assert writer.execute("INSERT INTO u SELECT g, 1 FROM generate_series(1, 20) AS g").rowcount == 20
        with other.connect(autocommit=True) as looking:
            assert one(looking, "SELECT count(*) FROM u") == (20,)


@pytest.mark.parametrize("statement", ["DROP TABLE u", "TRUNCATE u", "UPDATE u SET v = 2", "DELETE FROM u"])
@pytest.mark.parametrize("autocommit", [True, False])
def test_a_table_that_another_client_made_is_not_changed_on_one_server(
    pair: Cluster, other: Cluster, statement: str, autocommit: bool
) -> None:
    with pair.connect(autocommit=autocommit) as connection:
        other.create_table("CREATE TABLE u (k int PRIMARY KEY, v int)", key="k")
        with other.connect(autocommit=True) as filler:
            filler.execute("INSERT INTO u VALUES " + ", ".join(f"({key}, 1)" for key in range(1, 41)))
        if statement.startswith("DROP"):
            with pytest.raises(errors.UnsupportedQuery, match=r"public\.u"):
                connection.execute(statement)
        elif statement.startswith("TRUNCATE"):
            connection.execute(statement)
            assert one(connection, "SELECT count(*) FROM u") == (0,)
        else:
            assert connection.execute(statement).rowcount == 40
        connection.rollback()
    with other.connect(autocommit=True) as connection:
        left = one(connection, "SELECT count(*) FROM u")
        emptied = autocommit and statement.startswith(("DELETE", "TRUNCATE"))
        assert left == ((0,) if emptied else (40,))


def test_a_plan_is_checked_against_the_tables_that_it_was_made_for(pair: Cluster, other: Cluster) -> None:
    """Another thread may have read the catalog again between planning and running."""
    router = pair._router
    with pair.connect(autocommit=True) as connection:
        connection.execute("INSERT INTO t VALUES (1, 1), (2, 2), (3, 3)")
        old = router.plan
        calls = []

        def plan_then_reload(*arguments):
            planned = old(*arguments)
            if not calls:
                other.drop_table("t")
                other.create_table("CREATE TABLE t (v int PRIMARY KEY, k int)", key="v")
                with other.connect(autocommit=True) as filler:
                    filler.execute("INSERT INTO t VALUES (1, 7), (2, 7), (3, 7), (4, 7)")
                pair.refresh()
            calls.append(planned)
            return planned

        router.plan = plan_then_reload
        try:
            assert one(connection, "SELECT count(*) FROM t WHERE k = 7") == (4,)
        finally:
            del router.plan
        assert len(calls) == 2


def test_rows_locked_on_several_servers_in_autocommit_are_let_go(pair: Cluster) -> None:
    with pair.connect(autocommit=True) as connection:
        connection.execute("INSERT INTO t VALUES (1, 1), (2, 2), (3, 3), (4, 4)")
        assert len(connection.execute("SELECT k FROM t FOR UPDATE").fetchall()) == 4
        assert connection.info.transaction_status == TransactionStatus.IDLE
        with pair.connect() as other:
            assert len(other.execute("SELECT k FROM t FOR UPDATE NOWAIT").fetchall()) == 4


@pytest.mark.parametrize("end", ["ROLLBACK", "COMMIT", "END"])
def test_a_statement_ends_a_transaction_that_failed_after_set(pair: Cluster, end: str) -> None:
    with pair.connect() as connection:
        connection.execute("SET LOCAL search_path = public")
        with pytest.raises(psycopg.errors.DivisionByZero):
            connection.execute("SELECT 1 / 0")
        assert connection.execute(end).statusmessage == "ROLLBACK"
        assert connection.info.transaction_status == TransactionStatus.IDLE


# --- errors that are no server's ------------------------------------------------------------------------------


def test_a_refused_statement_leaves_the_transaction_as_it_is(pair: Cluster) -> None:
    with pair.connect() as connection:
        connection.execute("INSERT INTO t VALUES (1, 1)")
        with pytest.raises(errors.UnsupportedQuery):
            connection.execute("SELECT v FROM t TABLESAMPLE BERNOULLI (50)")
        with pytest.raises(psycopg.ProgrammingError):
            connection.execute("SELECT * FROM t WHERE k = %s", (1, 2))
        connection.commit()
    assert rows(pair) == [(1, 1)]


def test_an_error_of_the_last_step_fails_the_transaction(pair: Cluster) -> None:
    """One PostgreSQL would not know of a last step: an error is an error."""
    with pair.connect() as connection:
        connection.execute("INSERT INTO t VALUES (1, 1), (2, -1), (3, 1), (4, -1)")
        with pytest.raises(psycopg.errors.DivisionByZero):
            connection.execute("SELECT 1 / sum(v) FROM t")
        assert connection.info.transaction_status == TransactionStatus.INERROR
        connection.commit()
    assert rows(pair) == []


def test_reference_tables_that_differ_roll_back_the_whole_transaction(pair: Cluster) -> None:
    pair.create_table("CREATE TABLE r (k int PRIMARY KEY, v int)", reference=True)
    with psycopg.connect(pair.servers["s2"].conninfo, autocommit=True) as direct:
        direct.execute("INSERT INTO r VALUES (1, 1)")
    for autocommit in (True, False):
        with pair.connect(autocommit=autocommit) as connection:
            connection.execute("BEGIN")
            connection.execute("INSERT INTO t VALUES (1, 1)")
            with pytest.raises(errors.InternalError, match=r"public\.r differs .* 0 rows on s1 and 1 on s2"):
                connection.execute("UPDATE r SET v = 2")
            with pytest.raises(psycopg.errors.InFailedSqlTransaction):
                connection.execute("INSERT INTO t VALUES (2, 2)")
            connection.execute("COMMIT")
    assert rows(pair) == []


def test_begin_in_a_failed_transaction_is_refused(pair: Cluster) -> None:
    with pair.connect() as connection:
        with pytest.raises(psycopg.errors.UndefinedTable):
            connection.execute("SELECT * FROM nowhere")
        with pytest.raises(psycopg.errors.InFailedSqlTransaction):
            connection.execute("BEGIN")
        connection.rollback()


def test_rollback_exceptions_of_psycopg_end_the_block(pair: Cluster) -> None:
    with pair.connect(autocommit=True) as connection:
        with connection.transaction() as block:
            connection.execute("INSERT INTO t VALUES (1, 1)")
            raise psycopg.Rollback(block)
        with connection.transaction():
            connection.execute("INSERT INTO t VALUES (2, 2)")
            raise psycopg.Rollback
        assert one(connection, COUNT) == (0,)


def test_writes_of_different_servers_in_autocommit_are_no_transaction_of_both(
    throwaway_cluster: StartCluster,
) -> None:
    """Without max_prepared_transactions, PostgreSQL's default, each of them can be committed all the same."""
    local = throwaway_cluster(2, max_prepared_transactions=0)
    with Cluster.create(local.conninfos, num_partitions=8) as cluster:
        cluster.create_table("CREATE TABLE t (k int PRIMARY KEY, v int)", key="k")
        with cluster.connect(autocommit=True) as connection:
            for key in range(1, 9):
                connection.execute("INSERT INTO t VALUES (%s, 1)", (key,))
            with pytest.raises(
                errors.CrossShardWriteRefused, match="max_prepared_transactions is 0"
            ) as caught:
                connection.execute("INSERT INTO t VALUES " + ", ".join(f"({key}, 1)" for key in range(9, 20)))
            assert isinstance(caught.value, psycopg.NotSupportedError)
            with pytest.raises(errors.CrossShardWriteRefused), connection.transaction():
                for key in range(9, 20):
                    connection.execute("INSERT INTO t VALUES (%s, 1)", (key,))
            assert one(connection, COUNT) == (8,)
