"""Views over sharded tables, made on the catalog's server by whoever makes views: they show the rows of all servers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from parallel_partition import Cluster, errors
from parallel_partition.dbapi.connection import Connection
from tests.fix_clusters import MakeCluster

TABLES = {
    "CREATE TABLE orders (id bigint PRIMARY KEY, customer int, total numeric)": "id",
    "CREATE TABLE lines (order_id bigint, line int, qty int, PRIMARY KEY (order_id, line))": "order_id",
    "CREATE TABLE customers (id int PRIMARY KEY, name text)": None,
}
VIEWS = (
    "CREATE VIEW dear AS SELECT id, customer, total * 2 AS twice FROM orders WHERE total > 5",
    "CREATE VIEW per_customer (who, orders) AS SELECT customer, count(*) FROM orders GROUP BY customer",
    "CREATE VIEW named AS SELECT c.name, d.* FROM dear d JOIN customers c ON c.id = d.customer",
    'CREATE VIEW "Odd ""Name" AS SELECT id AS "the id" FROM orders ORDER BY total DESC, id LIMIT 5',
    "CREATE VIEW both_ways AS SELECT id FROM orders UNION SELECT order_id FROM lines",
)
QUERIES = (
    "SELECT * FROM dear",
    "SELECT * FROM dear WHERE id = 7",
    "SELECT d.id, l.qty FROM dear d JOIN lines l ON l.order_id = d.id ORDER BY 1, 2",
    "SELECT sum(twice) FROM public.dear",
    "SELECT * FROM per_customer",
    "SELECT max(orders) FROM per_customer AS p (who, orders) WHERE p.who > 1",
    "SELECT name, sum(twice) FROM named GROUP BY name ORDER BY name",
    'SELECT "the id" FROM "Odd ""Name" ORDER BY 1',
    "SELECT count(*) FROM both_ways",
    "SELECT id FROM orders WHERE customer IN (SELECT who FROM per_customer WHERE orders > 6) ORDER BY 1",
    "WITH dear AS (SELECT 1 AS one) SELECT * FROM dear",
    "WITH d AS (SELECT * FROM dear) SELECT count(*) FROM d a, d b WHERE a.id = b.id",
    "SELECT (SELECT count(*) FROM dear WHERE dear.customer = c.id) FROM customers c ORDER BY c.id",
    "SELECT row_to_json(d) FROM dear d WHERE d.id = 3",
    "SELECT a.id FROM dear a LEFT JOIN named b USING (id) WHERE b.name IS NULL ORDER BY 1",
)


def fill(connection: psycopg.Connection[Any]) -> None:
    cursor = connection.cursor()
    orders = [(key, key % 5, key / 4) for key in range(1, 41)]
    cursor.executemany("INSERT INTO orders VALUES (%s, %s, %s)", orders)
    cursor.executemany("INSERT INTO lines VALUES (%s, %s, %s)", [(key, 1, key % 3) for key in range(30, 60)])
    cursor.executemany("INSERT INTO customers VALUES (%s, %s)", [(key, f"c{key}") for key in range(4)])


@pytest.fixture(scope="module")
def filled(make_module_cluster: MakeCluster) -> Cluster:
    """Three servers with tables; the views are on the catalog's."""
    cluster = make_module_cluster(3)
    for table, key in TABLES.items():
        if key is None:
            cluster.create_table(table, reference=True)
        else:
            cluster.create_table(table, key=key)
    run_on_catalog(cluster, *VIEWS)
    with cluster.connect(autocommit=True) as connection:
        fill(connection)
    cluster.refresh()
    return cluster


@pytest.fixture(scope="module")
def plain(module_plain: str) -> Iterator[psycopg.Connection[Any]]:
    """One PostgreSQL with the same."""
    with psycopg.connect(module_plain, autocommit=True) as connection:
        for statement in (*TABLES, *VIEWS):
            connection.execute(statement)
        fill(connection)
        yield connection


@pytest.fixture
def connection(filled: Cluster) -> Iterator[Connection]:
    """A connection in autocommit."""
    with filled.connect(autocommit=True) as connection:
        yield connection


def run_on_catalog(cluster: Cluster, *statements: str) -> None:
    """Run statements past the library."""
    catalog = next(iter(cluster.servers.values()))
    with psycopg.connect(catalog.conninfo, autocommit=True) as direct:
        for statement in statements:
            direct.execute(statement)


@pytest.mark.parametrize("query", QUERIES)
def test_same_as_one_postgresql(plain: psycopg.Connection[Any], connection: Connection, query: str) -> None:
    one, many = plain.execute(query), connection.execute(query)
    assert [column[:2] for column in many.description] == [column[:2] for column in one.description]
    expected, found = one.fetchall(), many.fetchall()
    if "ORDER BY" in query:
        assert found == expected
    else:
        assert Counter(map(repr, found)) == Counter(map(repr, expected))


def test_a_key_leads_to_one_server(connection: Connection) -> None:
    cursor = connection.cursor()
    explained = cursor.explain("SELECT * FROM dear WHERE id = %s", (7,))
    assert explained.strategy == "one server"
    for key in (30, 2, 30, 2):
        expected = [(key, key % 5, key / 2)] if key > 20 else []
        assert cursor.execute("SELECT * FROM dear WHERE id = %s", (key,)).fetchall() == expected


@pytest.mark.parametrize("autocommit", [True, False])
def test_changes_of_views_are_noticed(filled: Cluster, autocommit: bool) -> None:
    query = "SELECT count(*) FROM fresh"
    with filled.connect(autocommit=autocommit) as connection:
        assert connection.execute("SELECT count(*) FROM orders").fetchone() == (40,)
        run_on_catalog(filled, "CREATE VIEW fresh AS SELECT id FROM orders WHERE id <= 10")
        assert connection.execute(query).fetchone() == (10,)
        connection.commit()
        run_on_catalog(filled, "CREATE OR REPLACE VIEW fresh AS SELECT id FROM orders WHERE id <= 20")
        assert connection.execute(query).fetchone() == (20,)
        connection.commit()
        run_on_catalog(filled, "DROP VIEW fresh", "CREATE VIEW fresh AS SELECT 1 WHERE false")
        assert connection.execute(query).fetchone() == (0,)
        connection.commit()
        run_on_catalog(filled, "DROP VIEW fresh")
        with pytest.raises(psycopg.errors.UndefinedTable):
            connection.execute(query)


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("INSERT INTO dear VALUES (1, 2, 3)", "view dear"),
        ("UPDATE dear SET customer = 1", "view dear"),
        ("DELETE FROM dear", "view dear"),
        (
            "SELECT public.dear.id FROM public.dear",
            r"public\.dear: columns of a view are named with its schema",
        ),
        ("SELECT * FROM kept", "view kept: it has rows that one server had of the sharded table orders"),
        ("SELECT * FROM over_kept", "view kept: it has rows"),
    ],
)
def test_what_is_refused(filled: Cluster, connection: Connection, query: str, reason: str) -> None:
    if "kept" in query:
        kept = "CREATE MATERIALIZED VIEW IF NOT EXISTS kept AS SELECT id FROM orders"
        run_on_catalog(filled, kept, "CREATE OR REPLACE VIEW over_kept AS SELECT id FROM kept")
        filled.refresh()
    with pytest.raises(errors.UnsupportedQuery, match=reason):
        connection.execute(query)


def test_a_local_name_is_looked_at_each_time(filled: Cluster, connection: Connection) -> None:
    """Another client may put something in its place that reads a sharded table."""
    run_on_catalog(
        filled, "CREATE FUNCTION told() RETURNS bigint IMMUTABLE LANGUAGE sql AS 'SELECT 1::bigint'"
    )
    assert connection.execute("SELECT told()").fetchone() == (1,)
    body = "SELECT count(*) FROM orders"
    run_on_catalog(filled, f"CREATE OR REPLACE FUNCTION told() RETURNS bigint LANGUAGE sql AS '{body}'")
    with pytest.raises(errors.UnsupportedQuery, match="told"):
        connection.execute("SELECT told()")
    run_on_catalog(filled, "CREATE TABLE turns AS SELECT 1 AS n")
    assert connection.execute("SELECT count(*) FROM turns").fetchone() == (1,)
    run_on_catalog(filled, "DROP TABLE turns", "CREATE VIEW turns AS SELECT id FROM orders")
    assert connection.execute("SELECT count(*) FROM turns").fetchone() == (40,)


def test_a_relation_earlier_in_the_path_hides_a_view(filled: Cluster) -> None:
    run_on_catalog(filled, "CREATE SCHEMA before", "CREATE TABLE before.dear (id int)")
    with filled.connect() as connection:
        connection.execute("SET search_path = before, public")
        with pytest.raises(errors.UnsupportedQuery, match=r"before\.dear"):
            connection.execute("SELECT count(*) FROM dear")
        assert connection.execute("SELECT count(*) FROM public.dear").fetchone() == (20,)
