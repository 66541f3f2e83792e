"""UPDATE and DELETE over gathered rows: who waits for whom, what is undone, and what is refused."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import errors as pg
from psycopg import sql

from parallel_partition import Cluster, errors
from parallel_partition.dbapi.connection import Connection
from tests.fix_clusters import MakeCluster

#: A row of each of them is on another server.
ABOVE = "UPDATE t SET v = v + (SELECT max(v) FROM other) WHERE k <= 20"
MOVE = "UPDATE t SET k = k + 1000 WHERE k <= 20"


@pytest.fixture(scope="module")
def made(make_module_cluster: MakeCluster) -> Cluster:
    cluster: Cluster = make_module_cluster()
    cluster.create_table("CREATE TABLE t (k int PRIMARY KEY, v int CHECK (v < 1000), s text)", key="k")
    cluster.create_table("CREATE TABLE other (k int PRIMARY KEY, v int)", key="k")
    cluster.create_table(
        "CREATE TABLE keeps (k int, n int, PRIMARY KEY (k, n), FOREIGN KEY (k) REFERENCES t (k))", key="k"
    )
    cluster.create_table(
        "CREATE TABLE filled (k int PRIMARY KEY, v int DEFAULT 7, g int GENERATED ALWAYS AS (v + 1) STORED)",
        key="k",
    )
    return cluster


@pytest.fixture(autouse=True)
def filled(made: Cluster) -> None:
    with made.connect(autocommit=True) as connection:
        for table in ("keeps", "other", "t"):
            connection.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))
        connection.execute("INSERT INTO t SELECT g, g, 's' || g FROM generate_series(1, 40) AS g")
        connection.execute("INSERT INTO other SELECT g, g FROM generate_series(1, 10) AS g")


@pytest.fixture
def over(made: Cluster) -> Iterator[Connection[Any]]:
    with made.connect(autocommit=True) as connection:
        yield connection


def seen(cluster: Cluster, query: str) -> list[tuple[Any, ...]]:
    """What another connection sees."""
    with cluster.connect(autocommit=True) as connection:
        return connection.execute(query.encode()).fetchall()


def test_autocommit_commits_on_all_servers(made: Cluster, over: Connection[Any]) -> None:
    assert over.execute(ABOVE).rowcount == 20
    assert over.execute(MOVE).rowcount == 20
    assert over.execute("DELETE FROM t WHERE v > (SELECT avg(v) FROM t) + 10").rowcount == 5
    assert over.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
    assert seen(made, "SELECT count(*), min(k), max(k) FROM t") == [(35, 21, 1020)]


@pytest.mark.parametrize("text", [ABOVE, MOVE])
def test_a_transaction_that_is_rolled_back(made: Cluster, text: str) -> None:
    before = seen(made, "SELECT * FROM t ORDER BY k")
    with made.connect() as connection:
        assert connection.execute(text.encode()).rowcount == 20
        assert connection.execute("SELECT sum(k + v) FROM t").fetchone() != (40 * 41,)
        connection.rollback()
        assert connection.execute("SELECT * FROM t ORDER BY k").fetchall() == before


def test_what_fails_on_one_server_is_undone_on_all(made: Cluster, over: Connection[Any]) -> None:
    before = seen(made, "SELECT * FROM t ORDER BY k")
    with pytest.raises(pg.CheckViolation):
        over.execute("UPDATE t SET v = CASE k WHEN 7 THEN 5000 ELSE (SELECT max(v) FROM other) END")
    with pytest.raises(pg.UniqueViolation):
        over.execute("UPDATE t SET k = CASE k WHEN 7 THEN 8 WHEN 9 THEN 5009 ELSE k END")
    assert over.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
    assert seen(made, "SELECT * FROM t ORDER BY k") == before


def test_a_write_within_a_savepoint_is_undone(made: Cluster) -> None:
    with made.connect() as connection:
        connection.execute("INSERT INTO other VALUES (100, 500)")
        with pytest.raises(ZeroDivisionError), connection.transaction():
            connection.execute(MOVE)
            raise ZeroDivisionError
        assert connection.execute("SELECT count(*) FROM t WHERE k > 1000").fetchone() == (0,)
        assert connection.execute(ABOVE).rowcount == 20
        assert connection.execute("SELECT min(v) FROM t WHERE k <= 20").fetchone() == (501,)


@pytest.mark.parametrize("text", [ABOVE, MOVE], ids=["update", "move"])
def test_rows_that_others_change_are_waited_for(made: Cluster, over: Connection[Any], text: str) -> None:
    """And are changed from what the others made of them, not from what they were."""
    with made.connect() as other:
        other.execute("UPDATE t SET v = 100, s = 'other' WHERE k = 5")
        thread = threading.Thread(target=over.execute, args=(text.encode(),))
        thread.start()
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%FOR %UPDATE%'"
        home = made.servers[made.shard_map.server_of(5)]
        with psycopg.connect(home.conninfo, autocommit=True) as direct:
            while direct.execute(waiting.encode()).fetchone() == (0,):
                assert thread.is_alive()
        other.commit()
        thread.join()
    expected = (110, "other") if text == ABOVE else (100, "other")
    assert seen(made, "SELECT v, s FROM t WHERE k IN (5, 1005)") == [expected]


def test_rows_are_locked_until_the_transaction_ends(made: Cluster) -> None:
    with made.connect() as first, made.connect() as second:
        first.execute(ABOVE)
        second.execute("SET lock_timeout = '50ms'")
        with pytest.raises(pg.LockNotAvailable):
            second.execute("UPDATE t SET v = 0 WHERE k = 5")


def test_rows_that_others_refer_to_do_not_move(made: Cluster, over: Connection[Any]) -> None:
    over.execute("INSERT INTO keeps VALUES (5, 1)")
    with pytest.raises(pg.ForeignKeyViolation):
        over.execute(MOVE)
    assert over.execute("UPDATE t SET k = k + 1000 WHERE k BETWEEN 6 AND 20").rowcount == 15
    assert over.execute("UPDATE keeps SET k = 1010, n = n + 1 RETURNING *").fetchall() == [(1010, 2)]
    with pytest.raises(pg.ForeignKeyViolation):
        over.execute("UPDATE keeps SET k = 9999")


def test_rows_that_others_go_with_do_not_move(make_cluster: MakeCluster) -> None:
    cluster = make_cluster(2)
    cluster.create_table("CREATE TABLE up (k int PRIMARY KEY)", key="k")
    cluster.create_table(
        "CREATE TABLE down (k int, n int, FOREIGN KEY (k) REFERENCES up (k) ON DELETE CASCADE)", key="k"
    )
    with cluster.connect(autocommit=True) as connection:
        connection.execute("INSERT INTO up SELECT g FROM generate_series(1, 20) AS g")
        connection.execute("INSERT INTO down SELECT g, 1 FROM generate_series(1, 20) AS g")
        with pytest.raises(
            errors.UnsupportedQuery, match="with them would go those of down, whose foreign key"
        ):
            connection.execute("UPDATE up SET k = k + 100")
        assert connection.execute("SELECT count(*) FROM down").fetchone() == (20,)


def test_a_second_server_is_refused_where_none_may_be_written(made: Cluster) -> None:
    with made.connect(cross_shard_writes="single") as connection:
        with pytest.raises(errors.CrossShardWriteRefused):
            connection.execute(MOVE)
        connection.rollback()
        assert connection.execute("UPDATE t SET k = 7 WHERE k = 7").rowcount == 1


def test_a_limit_of_what_is_gathered(made: Cluster) -> None:
    with (
        made.connect(gather_limit=100) as connection,
        pytest.raises(errors.UnsupportedQuery, match="gather_limit"),
    ):
        connection.execute(MOVE)


def test_explain_tells_what_is_gathered(over: Connection[Any]) -> None:
    told = over.explain(MOVE)
    assert (told.strategy, told.writes) == ("gather", True)
    assert told.tables[0].table == "public.t"
    assert over.explain("DELETE FROM t WHERE v = (SELECT max(v) FROM t)").merge is not None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("UPDATE filled SET v = DEFAULT, k = k + 1", "SET v = DEFAULT"),
        ("UPDATE filled SET (k, v) = (k + 1, DEFAULT)", "SET v = DEFAULT"),
        ("UPDATE filled SET (k, v) = ROW(k + 1, DEFAULT)", "SET v = DEFAULT"),
        ("UPDATE filled SET v = 1, k = k + 1 RETURNING g", "RETURNING a generated column"),
        ("UPDATE filled SET v = 1, k = k + 1 RETURNING (SELECT filled.g)", "RETURNING a generated column"),
    ],
)
def test_what_only_homes_compute_is_refused(over: Connection[Any], text: str, message: str) -> None:
    with pytest.raises(errors.UnsupportedQuery, match=message):
        over.execute(text.encode())


def test_rows_that_a_trigger_may_change_are_not_returned(make_cluster: MakeCluster) -> None:
    """It was made by hand: what the merge session computed would not be what is written."""
    cluster = make_cluster(2)
    cluster.create_table("CREATE TABLE t (k int PRIMARY KEY, v int, s text)", key="k")
    with cluster.connect(autocommit=True) as connection:
        connection.execute("INSERT INTO t SELECT g, g, 's' FROM generate_series(1, 20) AS g")
        for server in cluster.servers.values():
            with psycopg.connect(server.conninfo, autocommit=True) as direct:
                direct.execute(
                    "CREATE FUNCTION mark() RETURNS trigger LANGUAGE plpgsql AS"
                    " 'BEGIN NEW.s := NEW.s || ''!''; RETURN NEW; END'"
                )
                direct.execute("CREATE TRIGGER marks BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION mark()")
        update = "UPDATE t SET v = 0 WHERE v > (SELECT avg(v) FROM t)"
        for text in (f"{update} RETURNING s", "UPDATE t SET k = k + 100"):
            with pytest.raises(errors.UnsupportedQuery, match="has the trigger marks on server s1"):
                connection.execute(text.encode())
        assert connection.execute(update).rowcount == 10
        assert connection.execute("SELECT count(*) FROM t WHERE s = 's!'").fetchone() == (10,)
        assert connection.execute("DELETE FROM t WHERE v < (SELECT avg(v) FROM t) RETURNING s").rowcount == 12
