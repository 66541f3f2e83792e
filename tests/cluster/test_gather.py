"""Statements that are computed over gathered rows: the same answer, nothing left behind, and clear ends."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from parallel_partition import Cluster, errors
from parallel_partition.dbapi.connection import Connection
from tests.fix_clusters import MakeCluster

ORDERS = [
    (key, key % 7 or None, ("new", "paid", "ü", None)[key % 4], Decimal(key) / 4, date(2026, 1, key % 28 + 1))
    for key in range(1, 61)
]
LINES = [(key, line, (key * line) % 9, line) for key in range(1, 51) for line in range(3)]


@pytest.fixture(scope="module")
def filled(make_module_cluster: MakeCluster) -> Cluster:
    """Three servers with two sharded tables and a reference table."""
    cluster = make_module_cluster(3)
    for server in cluster.servers.values():
        with psycopg.connect(server.conninfo, autocommit=True) as direct:
            direct.execute("CREATE TYPE pair AS (x int, y text)")
            direct.execute("CREATE SCHEMA other")
    cluster.create_table(
        "CREATE TABLE orders (id bigint PRIMARY KEY, customer int, state text, total numeric, placed date)",
        key="id",
    )
    cluster.create_table(
        "CREATE TABLE lines (order_id bigint, line int, product int, qty int, PRIMARY KEY (order_id, line))",
        key="order_id",
    )
    cluster.create_table("CREATE TABLE products (id int PRIMARY KEY, name text)", reference=True)
    cluster.create_table("CREATE TABLE pairs (id int PRIMARY KEY, p pair, a pair[])", key="id")
    cluster.create_table("CREATE TABLE other.orders (id bigint PRIMARY KEY, note text)", key="id")
    with cluster.connect(autocommit=True) as connection:
        cursor = connection.cursor()
        cursor.executemany("INSERT INTO orders VALUES (%s, %s, %s, %s, %s)", ORDERS)
        cursor.executemany("INSERT INTO lines VALUES (%s, %s, %s, %s)", LINES)
        cursor.executemany("INSERT INTO products VALUES (%s, %s)", [(key, f"p{key}") for key in range(9)])
        rows = [(key, f"({key % 3},b)", f'{{"({key},c)"}}') for key in range(20)]
        cursor.executemany("INSERT INTO pairs VALUES (%s, %s, %s)", rows)
        cursor.executemany("INSERT INTO other.orders VALUES (%s, %s)", [(key, f"n{key}") for key in range(5)])
    return cluster


@pytest.fixture
def connection(filled: Cluster) -> Iterator[Connection]:
    """A connection in autocommit."""
    with filled.connect(autocommit=True) as connection:
        yield connection


MOST = "SELECT d.s FROM (SELECT sum(total) AS s FROM orders) d JOIN products p ON p.id = (SELECT min(line) FROM lines)"
LARGEST = "SELECT d.* FROM (SELECT id, total FROM orders ORDER BY total DESC LIMIT 2) d, (SELECT count(*) FROM lines) c"
MEDIAN = "SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY total) FROM orders"


def gathered(connection: Connection, query: str, params: Any = None) -> list[tuple[Any, ...]]:
    """The rows of a statement that is gathered."""
    cursor = connection.cursor()
    assert cursor.explain(query, params).strategy == "gather"
    return cursor.execute(query, params).fetchall()


def test_parameters_of_every_format(connection: Connection) -> None:
    query = """
        SELECT count(*), count(o.customer ORDER BY o.id) FROM orders o
        WHERE o.total > %s AND o.state = %s AND o.placed < %s AND o.id = ANY(%s) AND (o.customer = %s) IS NOT TRUE
    """
    params = (Decimal("2.5"), "new", date(2026, 1, 20), list(range(1, 50)), None)
    expected = [
        row
        for row in ORDERS
        if row[3] > params[0] and row[2] == "new" and row[4] < params[2] and row[0] in params[3]
    ]
    wanted = [(len(expected), len([row for row in expected if row[1]]))]
    assert gathered(connection, query, params) == wanted
    for form in ("%t", "%b"):
        with_form = query.replace("%s", form)
        assert gathered(connection, with_form, params) == wanted
    named = (
        "SELECT count(customer ORDER BY id) FROM orders WHERE state = %(s)s OR state > %(s)s AND customer > 0"
    )
    wanted = [(len([row for row in ORDERS if row[1] and row[2] and row[2] >= "it's \\"]),)]
    assert gathered(connection, named, {"s": "it's \\"}) == wanted


def test_a_transaction_sees_its_own_writes(filled: Cluster) -> None:
    with filled.connect() as connection:
        before = gathered(connection, MEDIAN)
        ((most,),) = gathered(connection, MOST)
        connection.execute("UPDATE orders SET total = total + 1000")
        connection.execute("INSERT INTO products VALUES (100, 'mine')")
        assert gathered(connection, MEDIAN) == [(before[0][0] + 1000,)]
        joined = "SELECT count(DISTINCT p.name) FROM products p LEFT JOIN orders o ON o.customer = p.id"
        assert gathered(connection, joined) == [(10,)]
        # A split within a gather, then what is whole on each server.
        assert gathered(connection, MOST)[0] == (most + 60_000,)
        assert gathered(connection, LARGEST)[0] == (60, Decimal(1015))
        connection.rollback()
        assert gathered(connection, MEDIAN) == before
        assert gathered(connection, joined) == [(9,)]
        assert gathered(connection, MOST) == [(most,)]
        assert gathered(connection, LARGEST)[0] == (60, Decimal(15))


def test_nothing_stays(filled: Cluster, connection: Connection) -> None:
    for _ in range(3):
        gathered(connection, MEDIAN)
        with pytest.raises(psycopg.errors.DivisionByZero):
            connection.execute("SELECT rank() OVER (ORDER BY 1 / (total - total)) FROM orders")
    session = connection.runner.merge.session
    assert session is not None
    left = session.connection.execute("SELECT count(*) FROM pg_class WHERE relpersistence = 't'").fetchone()
    assert left == (0,)
    path = session.connection.execute("SHOW search_path").fetchone()
    assert path is not None
    assert "pg_temp" not in path[0]
    assert connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
    catalog = next(iter(filled.servers.values()))
    with psycopg.connect(catalog.conninfo) as direct:
        query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE %s"
        assert direct.execute(query, ("idle in%",)).fetchone() == (0,)


def test_an_error_fails_the_transaction(filled: Cluster) -> None:
    with filled.connect() as connection:
        connection.execute("UPDATE orders SET state = 'x' WHERE id = 1")
        with pytest.raises(psycopg.errors.DivisionByZero):
            connection.execute("SELECT rank() OVER (ORDER BY 1 / (total - total)) FROM orders")
        with pytest.raises(psycopg.errors.InFailedSqlTransaction):
            connection.execute("SELECT 1")
        connection.rollback()
        assert gathered(connection, "SELECT count(*) FROM (SELECT DISTINCT state FROM orders) AS s") == [(4,)]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT count(public.orders.state ORDER BY id) FROM public.orders", [(45,)]),
        ("SELECT count(o.note ORDER BY o.note) FROM other.orders o", [(5,)]),
        ("WITH orders AS (SELECT DISTINCT state FROM public.orders) SELECT count(*) FROM orders", [(4,)]),
        (
            "SELECT count(DISTINCT p.name) FROM public.products p, orders o WHERE public.p.id = o.customer",
            None,
        ),
        ('SELECT count("orders".state ORDER BY id) FROM "public"."orders"', [(45,)]),
    ],
)
def test_names_with_schemas(connection: Connection, query: str, expected: list[tuple[int]] | None) -> None:
    if expected is None:
        with pytest.raises(psycopg.errors.UndefinedTable):
            connection.execute(query)
    else:
        assert gathered(connection, query) == expected


def test_two_tables_of_one_name_are_refused(connection: Connection) -> None:
    with pytest.raises(
        errors.UnsupportedQuery, match="orders: two tables of different schemas have that name"
    ):
        connection.execute("SELECT 1 FROM public.orders a, other.orders b WHERE a.customer = b.id")


def test_names_are_looked_up_by_the_callers_path(filled: Cluster) -> None:
    with filled.connect() as connection:
        connection.execute("SET search_path = other, public")
        assert gathered(connection, "SELECT count(note ORDER BY id) FROM orders") == [(5,)]
        assert gathered(connection, "SELECT count(product ORDER BY line) FROM lines") == [(150,)]


def test_users_types(connection: Connection) -> None:
    query = "SELECT p, count(id ORDER BY id) FROM pairs GROUP BY GROUPING SETS ((p), ()) ORDER BY 1"
    assert gathered(connection, query) == [("(0,b)", 7), ("(1,b)", 7), ("(2,b)", 6), (None, 20)]
    assert gathered(connection, "SELECT count(a ORDER BY id) FROM pairs") == [(20,)]


def test_a_name_means_the_inner_table_as_in_one_postgresql(connection: Connection) -> None:
    """The temporary table has every column, so that a name is not taken for one of the query around it."""
    query = """
        SELECT count(DISTINCT o.id) FROM orders o
        WHERE EXISTS (SELECT FROM lines WHERE product = o.customer AND qty = 2 AND line = qty)
    """
    expected = {
        key for key, customer, *_ in ORDERS if any(row[2] == customer and row[3] == 2 for row in LINES)
    }
    assert gathered(connection, query) == [(len(expected),)]


def test_what_is_gathered_may_be_limited(filled: Cluster, connection: Connection) -> None:
    connection.gather_limit = 100
    message = r"expected to take [\d,]+ bytes \(public\.orders [\d,]+\), more than gather_limit, 100 bytes"
    with pytest.raises(errors.UnsupportedQuery, match=message):
        connection.execute(MEDIAN)
    connection.gather_limit = 1 << 20
    assert gathered(connection, MEDIAN)
    with (
        filled.connect(gather_limit=10) as limited,
        pytest.raises(errors.UnsupportedQuery, match="gather_limit"),
    ):
        limited.execute(MEDIAN)


def test_what_is_larger_than_expected_is_limited_too(make_cluster: MakeCluster) -> None:
    cluster = make_cluster(2, num_partitions=2)
    cluster.create_table("CREATE TABLE long (k int PRIMARY KEY, v text)", key="k")
    with cluster.connect(autocommit=True) as connection:
        connection.execute("INSERT INTO long VALUES (1, repeat('x', 8000000)), (2, repeat('y', 8000000))")
        connection.gather_limit = 4_000_000
        for _ in range(2):
            with pytest.raises(
                errors.UnsupportedQuery, match=r"more than gather_limit, .* \(at table public\.long\)"
            ):
                connection.execute("SELECT count(v || k ORDER BY k) FROM long")
        assert connection.execute("SELECT count(*) FROM long").fetchone() == (2,)
        connection.gather_limit = 40_000_000
        assert connection.execute("SELECT count(v || k ORDER BY k) FROM long").fetchone() == (2,)


def test_partial_rows_of_a_subquery_are_limited(make_cluster: MakeCluster) -> None:
    cluster = make_cluster(2)
    cluster.create_table("CREATE TABLE grouped (k int PRIMARY KEY, v text)", key="k")
    query = "SELECT count(*) FROM (SELECT v, count(*) AS n FROM grouped GROUP BY v) d, generate_series(1, 2)"
    with cluster.connect(autocommit=True) as connection:
        rows = [(key, chr(60 + key) * 1_000_000) for key in range(1, 9)]
        connection.cursor().executemany("INSERT INTO grouped VALUES (%s, %s)", rows)
        connection.gather_limit = 1_000_000
        with pytest.raises(
            errors.UnsupportedQuery, match=r"more than gather_limit, .* \(at table answered_1\)"
        ):
            connection.execute(query)
        assert connection.execute("SELECT count(*) FROM grouped").fetchone() == (8,)
        connection.gather_limit = 40_000_000
        assert gathered(connection, query) == [(16,)]


def test_a_locked_table_is_gathered_when_it_is_not_described(filled: Cluster) -> None:
    catalog = next(iter(filled.servers.values()))
    query = """
        SELECT d.n FROM (SELECT max(line) AS n FROM lines GROUP BY order_id ORDER BY 1 LIMIT 50) d
        JOIN products p ON p.id = d.n - 1
    """
    with (
        filled.connect(autocommit=True) as connection,
        psycopg.connect(catalog.conninfo) as other,
    ):
        connection.execute("SELECT count(*) FROM products")
        other.execute("LOCK TABLE lines IN ACCESS EXCLUSIVE MODE")
        unlock = threading.Timer(0.5, other.rollback)
        unlock.start()
        assert connection.execute(query).fetchall() == [(2,)] * 50
        unlock.join()
        assert "answered_1" in str(connection.cursor().explain(query).merge)
        assert connection.execute(query).fetchall() == [(2,)] * 50


def test_a_change_of_tables_by_another_client_is_noticed(make_cluster: MakeCluster) -> None:
    cluster = make_cluster(2)
    cluster.create_table("CREATE TABLE t (k int PRIMARY KEY, v int)", key="k")
    catalog = next(iter(cluster.servers.values()))
    with Cluster.open(catalog.conninfo) as other, cluster.connect(autocommit=True) as connection:
        connection.execute("INSERT INTO t VALUES (1, 1), (2, 2), (3, 3)")
        assert gathered(connection, "SELECT count(v ORDER BY k) FROM t") == [(3,)]
        other.drop_table("t")
        other.create_table("CREATE TABLE t (k int PRIMARY KEY, w int, v int)", key="k")
        assert gathered(connection, "SELECT count(v ORDER BY k) FROM t") == [(0,)]


def test_a_lost_server_is_named(filled: Cluster) -> None:
    last = list(filled.servers)[-1]
    with filled.connect() as connection:
        gathered(connection, MEDIAN)
        pid = connection.transaction_state.sessions[last].connection.info.backend_pid
        with psycopg.connect(filled.servers[last].conninfo, autocommit=True) as direct:
            direct.execute("SELECT pg_terminate_backend(%s)", (pid,))
        with pytest.raises(psycopg.OperationalError) as caught:
            connection.execute(MEDIAN)
        assert last in str(caught.value) or caught.value.server == last  # type: ignore[attr-defined]
        connection.rollback()
        assert gathered(connection, MEDIAN)


ENDLESS = """
    SELECT count(DISTINCT a.total) FROM orders a, orders b, orders c, orders d, orders e, orders f
    WHERE a.total + b.total + c.total + d.total + e.total + f.total = -1
"""


def test_it_can_be_cancelled(filled: Cluster) -> None:
    with filled.connect(autocommit=True) as connection:
        cancel = threading.Timer(0.5, connection.cancel)
        cancel.start()
        with pytest.raises(psycopg.errors.QueryCanceled):
            connection.execute(ENDLESS)
        cancel.join()
        assert gathered(connection, MEDIAN)


def test_it_can_be_interrupted(filled: Cluster) -> None:
    with filled.connect(autocommit=True) as connection:
        gathered(connection, MEDIAN)
        interrupt = threading.Timer(0.5, signal.pthread_kill, [threading.get_ident(), signal.SIGINT])
        interrupt.start()
        with pytest.raises(KeyboardInterrupt):
            connection.execute(ENDLESS)
        interrupt.join()
        assert gathered(connection, MEDIAN)
    catalog = next(iter(filled.servers.values()))
    with psycopg.connect(catalog.conninfo, autocommit=True) as direct:
        running = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%%a.total + b.total%%'"
        running += " AND pid <> pg_backend_pid()"
        for _ in range(50):
            if direct.execute(running).fetchone() == (0,):
                break
            time.sleep(0.1)
        assert direct.execute(running).fetchone() == (0,)


def test_statement_timeout_holds_for_the_last_step(filled: Cluster) -> None:
    with filled.connect() as connection:
        connection.execute("SET statement_timeout = '300ms'")
        with pytest.raises(psycopg.errors.QueryCanceled):
            connection.execute(ENDLESS)
        connection.rollback()
        assert connection.execute("SHOW statement_timeout").fetchone() == ("0",)
        assert gathered(connection, MEDIAN)
