"""The shapes of statements that routers are known to answer wrongly, each by its name, against one plain PostgreSQL.

What is wrong elsewhere: a clause is applied on each server instead of once over all rows, or a step that PostgreSQL
should compute is computed by the router.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple

import psycopg
import pytest

from parallel_partition import Cluster
from parallel_partition.dbapi.connection import Connection
from tests.differential.compare import answer, difference
from tests.fix_clusters import MakeCluster
from tests.fix_databases import MakeDatabases

SCHEMA = (
    (
        "CREATE TABLE sales (id bigint PRIMARY KEY, shop int, state text, price numeric(10,2), qty int, note text)",
        "id",
    ),
    ("CREATE TABLE visits (shop int, n int, score numeric(6,1))", "shop"),
    ("CREATE TABLE few (id int PRIMARY KEY, v int)", "id"),
    ("CREATE TABLE none (id int PRIMARY KEY, v int)", "id"),
    ("CREATE TABLE shops (shop int PRIMARY KEY, name text, only_here int)", None),
)
WORDS = ("zebra", "Apfel", "apfel", "Ärger", "_x", "Zoo", "öl", "", None, "côte", "coté")
ROWS: dict[str, list[tuple[Any, ...]]] = {
    "sales": [
        (
            n,
            n % 7 or None,
            WORDS[n % len(WORDS)],
            None if n % 5 == 0 else Decimal(n * 37 % 1000) / 100,
            n % 4 or None,
            None,
        )
        for n in range(1, 61)
    ],
    "visits": [(n % 6 or None, n, Decimal(n * 13 % 97) / 10) for n in range(40)],
    "few": [(1, 10), (2, None)],
    "none": [],
    "shops": [(n, f"shop {n}", n) for n in range(1, 10)],
}


class Shape(NamedTuple):
    """A statement, whether its rows come in one order only, and whether any of its rows may be left."""

    text: str
    ordered: bool = False
    any_rows: bool = False


SHAPES: dict[str, tuple[Shape, ...]] = {
    "HAVING on an aggregate over servers": (
        Shape("SELECT state, sum(qty) FROM sales GROUP BY state HAVING sum(qty) > 8"),
        Shape("SELECT shop FROM sales GROUP BY shop HAVING count(*) > 8 AND min(price) < avg(price)"),
        Shape("SELECT count(*) FROM sales HAVING count(*) > 59"),
        Shape("SELECT count(*) FROM sales HAVING count(*) > 60"),
    ),
    "GROUP BY an expression or alias": (
        Shape("SELECT lower(state) AS s, count(*) FROM sales GROUP BY lower(state)"),
        Shape("SELECT lower(state) AS s, count(*) FROM sales GROUP BY s ORDER BY s", ordered=True),
        Shape("SELECT qty % 2 AS odd, sum(price) FROM sales GROUP BY 1"),
        Shape("SELECT upper(state) AS state, count(*) FROM sales GROUP BY state"),
    ),
    "GROUP BY without an aggregate": (
        Shape("SELECT shop FROM sales GROUP BY shop"),
        Shape("SELECT shop, qty FROM sales GROUP BY shop, qty ORDER BY 1, 2", ordered=True),
        Shape("SELECT 1 FROM sales GROUP BY shop"),
    ),
    "ratio of sums": (
        Shape("SELECT sum(price) / sum(qty), sum(qty) / count(*), 1.0 * sum(qty) / count(price) FROM sales"),
        Shape("SELECT shop, sum(price) / nullif(sum(qty), 0) FROM sales GROUP BY shop"),
    ),
    "round(avg())": (
        Shape("SELECT round(avg(price), 2), round(avg(qty)), avg(qty)::int FROM sales"),
        Shape("SELECT shop, round(avg(price), 3) FROM sales GROUP BY shop"),
    ),
    "avg whose scale is larger than the inputs'": (
        Shape("SELECT avg(price), avg(qty), avg(id), avg(price * 1000000), avg(price / 1000) FROM sales"),
        Shape("SELECT shop, avg(score) FROM visits GROUP BY shop"),
    ),
    "ORDER BY a column not returned": (
        Shape("SELECT state FROM sales ORDER BY id", ordered=True),
        Shape("SELECT shop, count(*) FROM sales GROUP BY shop ORDER BY sum(price) DESC, shop", ordered=True),
        Shape("SELECT state FROM sales ORDER BY price DESC NULLS LAST, id LIMIT 7", ordered=True),
    ),
    "NULLS FIRST": (
        Shape("SELECT id, price FROM sales ORDER BY price NULLS FIRST, id", ordered=True),
        Shape("SELECT id, price FROM sales ORDER BY price DESC, id LIMIT 20", ordered=True),
        Shape("SELECT id, price FROM sales ORDER BY price DESC NULLS LAST, id OFFSET 40", ordered=True),
        Shape("SELECT shop, count(*) FROM sales GROUP BY shop ORDER BY shop NULLS FIRST", ordered=True),
    ),
    "text in an ICU or en_US collation": (
        Shape("SELECT state FROM sales ORDER BY state, id", ordered=True),
        Shape('SELECT state FROM sales ORDER BY state COLLATE "C" DESC, id', ordered=True),
        Shape("SELECT min(state), max(state) FROM sales"),
        Shape("SELECT DISTINCT state FROM sales ORDER BY state DESC", ordered=True),
        Shape("SELECT count(*) FROM sales WHERE state > 'a'"),
    ),
    "LIMIT alone": (
        Shape("SELECT id FROM sales LIMIT 5", any_rows=True),
        Shape("SELECT id FROM sales LIMIT 0"),
        Shape("SELECT count(*) FROM (SELECT id FROM sales LIMIT 7) s"),
    ),
    "OFFSET alone": (
        Shape("SELECT id FROM sales OFFSET 55", any_rows=True),
        Shape("SELECT id FROM sales ORDER BY id OFFSET 55", ordered=True),
        Shape("SELECT count(*) FROM (SELECT id FROM sales OFFSET 7) s"),
        Shape("SELECT id FROM sales OFFSET 60"),
    ),
    "windows without PARTITION BY": (
        Shape("SELECT id, row_number() OVER (ORDER BY id DESC) FROM sales"),
        Shape("SELECT id, sum(price) OVER (ORDER BY id), count(*) OVER () FROM sales"),
        Shape("SELECT id, lag(price) OVER (ORDER BY id), ntile(4) OVER (ORDER BY id) FROM sales"),
        Shape("SELECT shop, rank() OVER (ORDER BY count(*) DESC) FROM sales GROUP BY shop"),
    ),
    "UNION": (
        Shape("SELECT shop FROM sales UNION SELECT shop FROM visits"),
        Shape("SELECT shop, 'a' FROM sales UNION ALL SELECT n, 'b' FROM visits"),
        Shape("SELECT shop FROM sales UNION SELECT shop FROM shops ORDER BY 1 LIMIT 4", ordered=True),
        Shape("SELECT shop FROM shops UNION ALL SELECT shop FROM shops"),
    ),
    "INTERSECT": (
        Shape("SELECT shop FROM sales INTERSECT SELECT n FROM visits"),
        Shape("SELECT shop FROM sales INTERSECT ALL SELECT shop FROM visits"),
    ),
    "EXCEPT": (
        Shape("SELECT n FROM visits EXCEPT SELECT id FROM sales"),
        Shape("SELECT shop FROM sales EXCEPT ALL SELECT shop FROM visits"),
        Shape("SELECT shop FROM shops EXCEPT SELECT shop FROM sales"),
    ),
    "IN over two servers": (
        Shape("SELECT id, state FROM sales WHERE id IN (1, 2, 3, 4, 5, 6, 7)"),
        Shape("SELECT count(*), sum(price), avg(qty) FROM sales WHERE id IN (1, 2, 3)"),
        Shape("SELECT id FROM sales WHERE id IN (SELECT n FROM visits WHERE score > 3)"),
        Shape("SELECT id FROM sales WHERE id NOT IN (SELECT n FROM visits)"),
        Shape("SELECT id FROM sales WHERE id NOT IN (SELECT shop FROM visits)"),
    ),
    "join off the key": (
        Shape("SELECT s.id, v.n FROM sales s JOIN visits v ON s.qty = v.shop"),
        Shape("SELECT a.id, b.id FROM sales a JOIN sales b ON a.shop = b.qty AND a.id < b.id"),
        Shape("SELECT s.state, count(*) FROM sales s, visits v WHERE s.qty = v.n GROUP BY s.state"),
        Shape("SELECT count(*) FROM sales CROSS JOIN visits"),
    ),
    "outer join with a reference table": (
        Shape("SELECT r.shop, s.id FROM shops r LEFT JOIN sales s ON s.shop = r.shop"),
        Shape("SELECT r.shop, s.id FROM sales s RIGHT JOIN shops r ON s.shop = r.shop AND s.qty = 1"),
        Shape("SELECT r.shop, s.id FROM sales s FULL JOIN shops r ON s.id = r.shop"),
        Shape("SELECT count(*), count(s.id) FROM shops r LEFT JOIN sales s ON s.id = r.shop"),
        Shape("SELECT r.name FROM shops r WHERE NOT EXISTS (SELECT FROM sales s WHERE s.shop = r.shop)"),
        Shape("SELECT s.id, r.name FROM sales s LEFT JOIN shops r USING (shop)"),
    ),
    "DISTINCT ON": (
        Shape("SELECT DISTINCT ON (shop) shop, id FROM sales ORDER BY shop, id DESC", ordered=True),
        Shape(
            "SELECT DISTINCT ON (state) state, id, price FROM sales ORDER BY state, price, id LIMIT 4",
            ordered=True,
        ),
    ),
    "scalar subquery with ORDER BY and LIMIT": (
        Shape(
            "SELECT id FROM sales WHERE price = (SELECT price FROM sales ORDER BY price DESC NULLS LAST LIMIT 1)"
        ),
        Shape(
            "SELECT r.shop, (SELECT id FROM sales s WHERE s.shop = r.shop ORDER BY price, id LIMIT 1) FROM shops r"
        ),
        Shape("SELECT (SELECT n FROM visits ORDER BY score, n OFFSET 3 LIMIT 1), count(*) FROM sales"),
    ),
    "constant-true OR": (
        Shape("SELECT count(*) FROM sales WHERE id = 1 OR 1 = 1"),
        Shape("SELECT count(*) FROM sales WHERE id = 1 OR true"),
        Shape("SELECT id FROM sales WHERE (id = 3 OR NOT false) AND qty = 1"),
        Shape("SELECT count(*) FROM sales WHERE id = 1 OR qty IS NOT NULL OR qty IS NULL"),
    ),
    "empty servers": (
        Shape("SELECT count(*), sum(v), min(v), avg(v) FROM few"),
        Shape("SELECT * FROM few ORDER BY v NULLS FIRST", ordered=True),
        Shape("SELECT v, count(*) FROM few GROUP BY v"),
        Shape("SELECT f.id, s.id FROM few f LEFT JOIN sales s ON s.qty = f.id"),
    ),
    "a table with no rows": (
        Shape("SELECT * FROM none"),
        Shape("SELECT count(*), count(v), sum(v), max(v), avg(v), bool_and(v > 1) FROM none"),
        Shape("SELECT v, count(*) FROM none GROUP BY v"),
        Shape("SELECT s.id FROM sales s LEFT JOIN none ON none.v = s.id WHERE s.id < 3"),
        Shape("SELECT rank() OVER (ORDER BY v) FROM none"),
    ),
    "a partition with no rows": (
        Shape("SELECT * FROM few WHERE id = 77"),
        Shape("SELECT count(*), sum(v) FROM few WHERE id IN (2, 77, 78)"),
        Shape("SELECT array_agg(v) FROM few WHERE id = 77"),
    ),
    "all-NULL sums": (
        Shape("SELECT sum(v), avg(v), min(v), count(v) FROM few WHERE id = 2"),
        Shape("SELECT sum(length(note)), max(note), count(note), bool_or(note = '') FROM sales"),
        Shape("SELECT shop, sum(length(note)) FROM sales GROUP BY shop"),
        Shape("SELECT coalesce(sum(length(note)), -1), sum(length(note)) IS NULL FROM sales"),
    ),
    "GROUP BY the primary key with other columns selected": (
        Shape("SELECT id, state, count(*) FROM sales GROUP BY id"),
        Shape(
            "SELECT s.id, s.state, s.price, count(v.n) FROM sales s LEFT JOIN visits v ON v.n = s.qty GROUP BY s.id"
        ),
        Shape("SELECT sales.*, count(*) FROM sales GROUP BY id ORDER BY id", ordered=True),
        Shape("SELECT id, state, rank() OVER (ORDER BY price) FROM sales GROUP BY id"),
    ),
    "a subquery that names a column only its outer query has": (
        Shape("SELECT shop FROM shops WHERE only_here IN (SELECT only_here FROM visits WHERE n = 3)"),
        Shape("SELECT id FROM sales WHERE state IN (SELECT state FROM visits)"),
        Shape("SELECT id FROM sales WHERE EXISTS (SELECT FROM visits WHERE n = qty AND price > 2)"),
        Shape(
            "SELECT s.id FROM sales s WHERE qty = (SELECT max(n) % 4 FROM visits WHERE shop = s.shop AND n < price)"
        ),
    ),
}
CASES = [
    pytest.param(shape, id=f"{name} {number}")
    for name, shapes in SHAPES.items()
    for number, shape in enumerate(shapes, start=1)
]

pytestmark = pytest.mark.both_versions


class Pair(NamedTuple):
    """Connections to one plain PostgreSQL and to a cluster with the same rows, both in autocommit."""

    plain: psycopg.Connection[Any]
    over: Connection
    cluster: Cluster


@pytest.fixture(scope="module")
def both(make_module_cluster: MakeCluster, module_databases: MakeDatabases) -> Iterator[Pair]:
    """Four servers of eight partitions, some of them empty, and one PostgreSQL."""
    cluster = make_module_cluster()
    (one,) = module_databases(1)
    with psycopg.connect(one, autocommit=True) as plain, cluster.connect(autocommit=True) as over:
        for definition, key in SCHEMA:
            cluster.create_table(definition, key=key, reference=key is None)
            plain.execute(definition.encode())
        for name, rows in ROWS.items():
            for connection in (plain, over):
                if rows:
                    places = ", ".join(["%s"] * len(rows[0]))
                    connection.cursor().executemany(f"INSERT INTO {name} VALUES ({places})".encode(), rows)
        yield Pair(plain, over, cluster)


@pytest.mark.parametrize("shape", CASES)
def test_shape(both: Pair, shape: Shape) -> None:
    expected = answer(both.plain.cursor(), shape.text)
    found = answer(both.over.cursor(), shape.text)
    assert expected.error is None
    if not shape.any_rows:
        assert difference(expected, found, ordered=shape.ordered) is None
        return
    every = answer(both.plain.cursor(), shape.text.partition(" LIMIT")[0].partition(" OFFSET")[0]).rows
    assert (found.columns, found.count, found.tag) == (expected.columns, expected.count, expected.tag)
    assert not Counter(found.rows) - Counter(every)


def test_text_in_every_collation_of_a_language(both: Pair) -> None:
    names = "('en-US-x-icu', 'fr-CA-x-icu', 'en_US.utf8', 'en_US', 'C.utf8', 'pg_c_utf8', 'ucs_basic')"
    found = both.plain.execute(f"SELECT collname FROM pg_collation WHERE collname IN {names}").fetchall()
    assert found
    for (name,) in found:
        for text in (
            f'SELECT state, id FROM sales ORDER BY state COLLATE "{name}", id',
            f'SELECT max(state COLLATE "{name}"), min(state COLLATE "{name}") FROM sales',
            f'SELECT state COLLATE "{name}" AS s, count(*) FROM sales GROUP BY 1 ORDER BY 1 DESC LIMIT 5',
            f"SELECT count(DISTINCT state) FROM sales WHERE state COLLATE \"{name}\" > 'a'",
            f'SELECT id, rank() OVER (ORDER BY state COLLATE "{name}") FROM sales ORDER BY id',
        ):
            expected = answer(both.plain.cursor(), text)
            assert expected.error is None
            assert difference(expected, answer(both.over.cursor(), text), ordered=True) is None


def test_a_product_with_a_parameter_has_the_type_of_that_parameter(both: Pair) -> None:
    """One plan for a text would fix the type of its result by the first value that it was planned for."""
    for _ in range(2):
        for value in (3, 2.5, Decimal("1.50"), 2**40, 3):
            for text in (
                "SELECT sum(id * %s) FROM sales",
                "SELECT shop, avg(qty * %s) FROM sales GROUP BY shop",
            ):
                expected = answer(both.plain.cursor(), text, (value,))
                assert difference(expected, answer(both.over.cursor(), text, (value,))) is None


@pytest.mark.parametrize("server", ["with rows", "without"])
def test_servers_without_rows(both: Pair, server: str) -> None:
    """That there are servers without rows, and others, is what some shapes are about."""
    counts = []
    for one in both.cluster.servers.values():
        with psycopg.connect(one.conninfo) as direct:
            (count,) = direct.execute("SELECT count(*) FROM few").fetchone() or (0,)
            counts.append(count)
    assert any(counts) if server == "with rows" else not all(counts)


def test_a_column_added_by_another_connection_under_a_remembered_star(make_cluster: MakeCluster) -> None:
    cluster = make_cluster(2)
    cluster.create_table("CREATE TABLE t (id int PRIMARY KEY, v int)", key="id")
    texts = ("SELECT * FROM t", "SELECT t.*, count(*) OVER () FROM t")
    first = next(iter(cluster.servers.values()))
    with Cluster.open(first.conninfo) as other, cluster.connect(autocommit=True) as over:
        over.execute("INSERT INTO t VALUES (1, 2)")
        for text in texts:
            assert [column.name for column in over.execute(text.encode()).description or ()][:2] == [
                "id",
                "v",
            ]
        other.drop_table("t")
        other.create_table("CREATE TABLE t (id int PRIMARY KEY, v int, w text)", key="id")
        over.execute("INSERT INTO t VALUES (1, 2, 'new')")
        for text in texts:
            cursor = over.execute(text.encode())
            assert [column.name for column in cursor.description or ()][:3] == ["id", "v", "w"]
            assert cursor.fetchall()[0][:3] == (1, 2, "new")
