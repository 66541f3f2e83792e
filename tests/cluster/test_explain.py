"""Explanations: what they say of each strategy, what they run, and that they are legible."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg.pq import TransactionStatus

from parallel_partition import Cluster, errors
from parallel_partition.dbapi.connection import Connection
from parallel_partition.execution.estimate import estimate
from parallel_partition.execution.explain import Explanation
from parallel_partition.planning.plan import Gather, SelectPlan
from parallel_partition.statements import Statement
from tests.fix_clusters import MakeCluster

ORDERS = 400
GATHERED = """
    SELECT o.customer, percentile_disc(0.5) WITHIN GROUP (ORDER BY l.qty)
    FROM orders o JOIN lines l ON l.product = o.customer WHERE o.total > %s GROUP BY o.customer
"""
#: A statement of each strategy, its parameters, and how many of the three servers it asks.
QUERIES: dict[str, tuple[str, Any, int]] = {
    "one server": ("SELECT * FROM orders WHERE id = %s", (7,), 1),
    "whole": ("SELECT id, total FROM orders ORDER BY total", None, 3),
    "split": ("SELECT customer, sum(total) FROM orders GROUP BY customer", None, 3),
    "gather": (GATHERED, (350,), 3),
}


@pytest.fixture(scope="module")
def filled(make_module_cluster: MakeCluster) -> Cluster:
    """Three servers with two sharded tables and a reference table."""
    cluster = make_module_cluster(3)
    cluster.create_table("CREATE TABLE orders (id bigint PRIMARY KEY, customer int, total int)", key="id")
    cluster.create_table(
        "CREATE TABLE lines (order_id bigint, line int, product int, qty int, PRIMARY KEY (order_id, line))",
        key="order_id",
    )
    cluster.create_table("CREATE TABLE products (id int PRIMARY KEY, name text)", reference=True)
    with cluster.connect(autocommit=True) as connection:
        cursor = connection.cursor()
        cursor.execute(
            "INSERT INTO orders VALUES " + ", ".join(f"({n}, {n % 7}, {n})" for n in range(ORDERS))
        )
        cursor.execute(
            "INSERT INTO lines VALUES " + ", ".join(f"({n}, {n % 2}, {n % 9}, {n})" for n in range(90))
        )
        cursor.execute("INSERT INTO products VALUES (1, 'one'), (2, 'two')")
    for server in cluster.servers.values():
        with psycopg.connect(server.conninfo, autocommit=True) as direct:
            direct.execute("CREATE TABLE mine (n int)")
            direct.execute("INSERT INTO mine VALUES (1), (2)")
            direct.execute("ANALYZE")
    return cluster


@pytest.fixture
def connection(filled: Cluster) -> Iterator[Connection[Any]]:
    """A connection in autocommit."""
    with filled.connect(autocommit=True) as connection:
        yield connection


def explained(connection: Connection[Any], strategy: str, **options: Any) -> Explanation:
    query, params, _ = QUERIES[strategy]
    explanation = connection.cursor().explain(query, params, **options)
    assert explanation.strategy == strategy
    return explanation


# --- what is said
# -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", QUERIES)
def test_each_server_is_named_with_its_sql_and_its_plan(connection: Connection[Any], strategy: str) -> None:
    explanation = explained(connection, strategy)
    assert len(explanation.servers) == QUERIES[strategy][2]
    assert all(sql.startswith("SELECT") for sql in explanation.servers.values())
    assert all(query.plan and query.estimated_rows is not None for query in explanation.queries)
    assert not explanation.analyzed
    assert explanation.rows is None
    assert connection.info.transaction_status == TransactionStatus.IDLE


@pytest.mark.parametrize(
    ("strategy", "passed"),
    [
        ("one server", []),
        ("whole", ["one server"]),
        ("split", ["one server", "whole"]),
        ("gather", ["one server", "whole", "split"]),
    ],
)
def test_it_says_why_each_cheaper_strategy_is_not_used(
    connection: Connection[Any], strategy: str, passed: list[str]
) -> None:
    explanation = explained(connection, strategy)
    assert list(explanation.passed) == passed
    assert all(explanation.passed.values())
    words = " ".join(str(explanation).split())
    assert all(why in words for why in explanation.passed.values())


def test_partitions_are_counted(connection: Connection[Any]) -> None:
    assert explained(connection, "one server").partitions == "1 of 8"
    assert explained(connection, "split").partitions == "8 of 8"
    assert connection.cursor().explain("SELECT * FROM orders WHERE id IN (1, 2)").partitions in (
        "1 of 8",
        "2 of 8",
    )


def test_a_gather_names_tables_columns_filters_and_partitions(connection: Connection[Any]) -> None:
    query = """
        SELECT o.customer, percentile_disc(0.5) WITHIN GROUP (ORDER BY l.qty) FROM orders o JOIN lines l
        ON l.product = o.customer WHERE o.total > %s AND l.order_id IN (1, 2, 3, 4, 5) GROUP BY o.customer
    """
    explanation = connection.cursor().explain(query, (350,))
    orders, lines = explanation.tables
    assert (orders.table, set(orders.columns), orders.partitions) == (
        "public.orders",
        {"customer", "total"},
        "8 of 8",
    )
    assert orders.filter == '("total" > $1)'.join(("(", ")"))
    assert lines.table == "public.lines"
    assert int(lines.partitions.split()[0]) < 8
    assert explanation.merge is not None
    assert "percentile_disc" in explanation.merge
    assert all("350" in query.sql for query in explanation.queries if query.table == "public.orders")
    assert "gathered    public.orders" in str(explanation)


def test_a_split_has_its_merge_query_and_a_sorted_whole_says_so(connection: Connection[Any]) -> None:
    assert "unnest" in (explained(connection, "split").merge or "")
    assert explained(connection, "whole").merge == "sort"
    assert explained(connection, "one server").merge is None


@pytest.mark.parametrize("analyze", [False, True])
@pytest.mark.parametrize("strategy", QUERIES)
def test_its_text_is_legible_at_100_columns(
    connection: Connection[Any], strategy: str, analyze: bool
) -> None:
    explanation = explained(connection, strategy, analyze=analyze)
    lines = str(explanation).splitlines()
    assert max(map(len, lines)) <= 100
    assert lines[0] == f"strategy    {strategy}"
    assert f"PostgreSQL's plan on {explanation.queries[0].server}" in str(explanation)
    assert ("real rows" in str(explanation)) == analyze


def test_equal_children_are_shown_once(connection: Connection[Any]) -> None:
    text = str(explained(connection, "whole"))
    assert text.count("Seq Scan on orders_part_") == 1
    assert "-> and " in text


@pytest.mark.parametrize("strategy", QUERIES)
def test_json_holds_all_of_it(connection: Connection[Any], strategy: str) -> None:
    explanation = explained(connection, strategy, analyze=True, format="json")
    document = json.loads(str(explanation))
    assert document == json.loads(json.dumps(explanation.as_dict()))
    assert list(document) == [
        "strategy",
        "reason",
        "passed",
        "partitions",
        "servers",
        "tables",
        "merge",
        "merge_plan",
        "queries",
        "writes",
        "analyzed",
        "rows",
        "seconds",
    ]
    assert document["servers"] == explanation.servers
    assert {"server", "table", "sql", "estimated", "actual", "plan"} == set(document["queries"][0])
    assert document["queries"][0]["plan"]["Node Type"]


def test_a_format_that_there_is_not_is_refused(connection: Connection[Any]) -> None:
    with pytest.raises(errors.ProgrammingError, match="'text' or 'json', not 'xml'"):
        connection.cursor().explain("SELECT 1", format="xml")  # type: ignore[arg-type] # that is the point


# --- what is estimated
# ------------------------------------------------------------------------------------------------


def test_estimates_are_the_planners_rows_and_width(connection: Connection[Any]) -> None:
    explanation = connection.cursor().explain("SELECT id FROM orders")
    assert sum(query.estimated_rows or 0 for query in explanation.queries) == ORDERS
    assert sum(query.estimated_bytes or 0 for query in explanation.queries) == ORDERS * 8


def test_a_gather_is_estimated_table_by_table(connection: Connection[Any]) -> None:
    runner = connection.runner
    query = "SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY o.total + l.qty) FROM orders o, lines l, products p"
    request = Statement(query.encode())
    plan = runner.planned(request).plan
    assert isinstance(plan, SelectPlan)
    assert isinstance(plan.many, Gather)
    found = estimate(runner.transaction, runner.gatherer.queries(plan.many, request))
    # The merge session is on a server that has all of products: they are read where they are.
    assert [told.query.table.full_name for told in found] == ["public.orders", "public.lines"]
    assert [sum(told.rows.values()) for told in found] == [ORDERS, 90]
    assert [sum(told.bytes.values()) for told in found] == [ORDERS * 4, 90 * 4]
    assert connection.info.transaction_status == TransactionStatus.IDLE


# --- what is run
# ------------------------------------------------------------------------------------------------------


def test_analyze_measures_rows_bytes_and_time_of_each_server(connection: Connection[Any]) -> None:
    for strategy, (query, params, servers) in QUERIES.items():
        explanation = explained(connection, strategy, analyze=True)
        rows = connection.execute(query, params).fetchall()
        assert explanation.analyzed
        assert explanation.rows == len(rows)
        assert explanation.seconds is not None
        assert len({query.server for query in explanation.queries}) == servers
        for asked in explanation.queries:
            assert asked.rows is not None
            assert asked.seconds is not None
            assert 0 < asked.seconds < explanation.seconds


def test_real_rows_and_bytes_are_those_that_came(connection: Connection[Any]) -> None:
    explanation = connection.cursor().explain("SELECT customer FROM orders", analyze=True)
    assert sum(query.rows or 0 for query in explanation.queries) == ORDERS
    assert sum(query.bytes or 0 for query in explanation.queries) == ORDERS  # a digit each
    gathered = explained(connection, "gather", analyze=True)
    by_table = {query.table: 0 for query in gathered.queries}
    for query in gathered.queries:
        by_table[query.table] += query.rows or 0
        assert (query.bytes or 0) >= 4 * (query.rows or 0)
    assert by_table == {"public.orders": ORDERS - 351, "public.lines": 70}
    assert gathered.merge_plan is not None
    assert gathered.merge_plan["Actual Rows"] == gathered.rows


def test_postgresqls_plans_have_real_rows_where_running_twice_changes_nothing(
    filled: Cluster, connection: Connection[Any]
) -> None:
    for strategy in ("one server", "whole", "split"):
        for query in explained(connection, strategy, analyze=True).queries:
            assert query.plan is not None
            assert query.plan["Actual Rows"] == query.rows
    query = "SELECT id, nextval('drawn') FROM orders WHERE id = 7"
    connection.execute("CREATE SEQUENCE drawn")
    assert filled.shard_map.server_of(7) == "s1", "where the sequence is"
    explanation = connection.cursor().explain(query, analyze=True)
    assert "Actual Rows" not in (explanation.queries[0].plan or {})
    assert connection.execute("SELECT last_value, is_called FROM drawn").fetchone() == (1, True)
    connection.execute("DROP SEQUENCE drawn")


def test_without_analyze_nothing_is_written_with_it_all_is(connection: Connection[Any]) -> None:
    cursor = connection.cursor()
    writes = [
        ("INSERT INTO orders (id) VALUES (2000), (2001), (2002), (2003)", 4),
        ("UPDATE orders SET customer = 8 WHERE id >= 2000", 4),
        ("UPDATE products SET name = 'zwei' WHERE id = 2", 1),
        ("DELETE FROM orders WHERE id >= 2000", 4),
    ]
    for statement, changed in writes:
        plain = cursor.explain(statement)
        assert plain.writes
        assert not plain.analyzed
        ran = cursor.explain(statement, analyze=True)
        assert ran.rows == changed
        assert f"{changed} row{'s' * (changed > 1)} changed" in str(ran)
        assert "carried out" in str(ran)
    assert cursor.execute("SELECT count(*), max(id) FROM orders").fetchone() == (ORDERS, ORDERS - 1)
    assert cursor.execute("SELECT name FROM products WHERE id = 2").fetchone() == ("zwei",)


def test_an_analyzed_write_is_rolled_back_with_its_transaction(filled: Cluster) -> None:
    with filled.connect() as connection:
        connection.cursor().explain("DELETE FROM orders", analyze=True)
        assert connection.info.transaction_status == TransactionStatus.INTRANS
        assert connection.execute("SELECT count(*) FROM orders").fetchone() == (0,)
        connection.rollback()
        assert connection.execute("SELECT count(*) FROM orders").fetchone() == (ORDERS,)


def test_what_fails_when_it_runs_fails_as_it_does_otherwise(filled: Cluster) -> None:
    query = "SELECT 1 / (total - 5) FROM orders"
    with filled.connect() as connection:
        cursor = connection.cursor()
        assert cursor.explain(query).strategy == "whole"
        with pytest.raises(psycopg.errors.DivisionByZero):
            cursor.explain(query, analyze=True)
        assert connection.info.transaction_status == TransactionStatus.INERROR
        for refused in (query, "SET work_mem = '5MB'"):
            with pytest.raises(psycopg.errors.InFailedSqlTransaction):
                cursor.explain(refused)
        connection.rollback()
        # Nothing is measured any more.
        assert connection.transaction_state.measure is None


def test_what_is_no_query_is_not_run(connection: Connection[Any]) -> None:
    for text in ("SET work_mem = '5MB'", "SHOW work_mem", "CREATE TABLE never (n int)", ""):
        assert connection.cursor().explain(text).strategy in ("local", "every server")
        with pytest.raises(errors.UnsupportedQuery, match="no query"):
            connection.cursor().explain(text, analyze=True)
    assert connection.execute("SELECT to_regclass('never')").fetchone() == (None,)


def test_local_tables_are_explained_by_postgresql(connection: Connection[Any]) -> None:
    cursor = connection.cursor()
    plain = cursor.explain("SELECT * FROM mine WHERE n > %s", (1,))
    assert (plain.strategy, list(plain.servers)) == ("local", ["s1"])
    assert plain.queries[0].plan is not None
    ran = cursor.explain("INSERT INTO mine VALUES (3), (4)", analyze=True)
    assert (ran.rows, ran.writes) == (2, True)
    assert cursor.execute("DELETE FROM mine WHERE n > 2").rowcount == 2


# --- EXPLAIN as a statement
# -------------------------------------------------------------------------------------------


def test_explain_as_a_statement_answers_lines_of_text(connection: Connection[Any]) -> None:
    cursor = connection.execute("EXPLAIN SELECT customer, sum(total) FROM orders GROUP BY customer")
    assert [(column.name, column.type_code) for column in cursor.description or ()] == [("QUERY PLAN", 25)]
    lines = [line for (line,) in cursor.fetchall()]
    assert lines[0] == "strategy    split"
    assert cursor.rowcount == len(lines)
    assert cursor.statusmessage == "EXPLAIN"
    explanation = connection.cursor().explain("SELECT customer, sum(total) FROM orders GROUP BY customer")
    assert lines == str(explanation).splitlines()


def test_explain_as_a_statement_answers_json(connection: Connection[Any]) -> None:
    cursor = connection.execute("EXPLAIN (ANALYZE, FORMAT JSON) SELECT * FROM orders WHERE total < %s", (9,))
    assert [(column.name, column.type_code) for column in cursor.description or ()] == [("QUERY PLAN", 114)]
    ((document,),) = cursor.fetchall()
    assert (document["strategy"], document["rows"], document["analyzed"]) == ("whole", 9, True)


@pytest.mark.parametrize("binary", [False, True])
def test_explain_as_a_statement_takes_parameters_and_formats(
    connection: Connection[Any], binary: bool
) -> None:
    for query, params, _ in QUERIES.values():
        text = connection.execute(f"EXPLAIN {query}", params, binary=binary).fetchall()
        assert text[0][0].startswith("strategy")
        assert max(len(line) for (line,) in text) <= 100


def test_explain_analyze_of_a_write_writes(filled: Cluster) -> None:
    with filled.connect() as connection:
        connection.execute("EXPLAIN UPDATE orders SET total = -1")
        assert connection.execute("SELECT count(*) FROM orders WHERE total = -1").fetchone() == (0,)
        connection.execute("EXPLAIN ANALYZE UPDATE orders SET total = -1")
        assert connection.execute("SELECT count(*) FROM orders WHERE total = -1").fetchone() == (ORDERS,)
        connection.rollback()


def test_explain_of_local_tables_is_postgresqls_own(connection: Connection[Any]) -> None:
    own = connection.execute("EXPLAIN (COSTS OFF) SELECT * FROM mine").fetchall()
    assert own == [("Seq Scan on mine",)]
    shadowed = connection.execute(
        "EXPLAIN (COSTS OFF) WITH orders AS (SELECT 1) SELECT * FROM orders"
    ).fetchall()
    assert shadowed == [("Result",)]


def test_explain_of_what_is_refused_is_refused(connection: Connection[Any]) -> None:
    for statement in (
        "SELECT ctid FROM orders",
        "EXPLAIN SELECT ctid FROM orders",
        "EXPLAIN (FORMAT XML) SELECT * FROM orders",
    ):
        with pytest.raises(errors.UnsupportedQuery, match=r"ctid|FORMAT XML"):
            if statement.startswith("EXPLAIN"):
                connection.execute(statement)
            else:
                connection.cursor().explain(statement)


def test_explain_in_a_transaction_sees_it_and_begins_one_as_postgresqls_does(filled: Cluster) -> None:
    with filled.connect() as connection:
        connection.execute("EXPLAIN SELECT * FROM orders")
        assert connection.info.transaction_status == TransactionStatus.INTRANS
        connection.rollback()
        connection.execute("INSERT INTO orders (id) VALUES (5000)")
        ran = connection.cursor().explain("SELECT * FROM orders WHERE id >= 5000", analyze=True)
        assert ran.rows == 1
        connection.rollback()


# --- among other things
# -----------------------------------------------------------------------------------------------


def test_a_view_is_explained_by_its_definition(filled: Cluster, connection: Connection[Any]) -> None:
    with psycopg.connect(filled.servers["s1"].conninfo, autocommit=True) as direct:
        direct.execute("CREATE VIEW dear AS SELECT customer, total FROM orders WHERE total > 390")
        assert connection.cursor().explain("SELECT count(*) FROM dear").strategy == "split"
        shown = connection.execute("EXPLAIN ANALYZE SELECT * FROM dear").fetchall()
        assert shown[0] == ("strategy    whole",)
        assert any(line.startswith("ran         9 rows") for (line,) in shown)
        direct.execute("CREATE VIEW fresh AS SELECT customer FROM orders")
        with pytest.raises(errors.UnsupportedQuery):
            connection.cursor().explain("INSERT INTO mine SELECT customer FROM fresh")
        assert direct.execute("SELECT count(*) FROM mine").fetchone() == (2,)
        direct.execute("DROP VIEW dear, fresh")


def test_tables_that_another_client_changed_are_explained_as_they_are(
    filled: Cluster, connection: Connection[Any]
) -> None:
    with Cluster.open(filled.servers["s1"].conninfo) as other:
        other.create_table("CREATE TABLE late (id int PRIMARY KEY, n int)", key="id")
        assert connection.cursor().explain("SELECT count(*) FROM late").strategy == "split"
        assert connection.cursor().explain("SELECT n FROM late WHERE id = 1", analyze=True).rows == 0
        other.drop_table("late")
        with pytest.raises(psycopg.errors.UndefinedTable):
            connection.cursor().explain("SELECT count(*) FROM late")


def test_while_rows_stream_in_autocommit_nothing_is_explained(connection: Connection[Any]) -> None:
    rows = connection.cursor().stream("SELECT * FROM orders", size=2)
    assert next(rows)
    with pytest.raises(errors.ProgrammingError, match="stream"):
        connection.cursor().explain("SELECT * FROM orders")
    assert len(list(rows)) == ORDERS - 1
    assert connection.explain("SELECT * FROM orders").strategy == "whole"


def test_what_exceeds_gather_limit_ends_and_leaves_nothing(connection: Connection[Any]) -> None:
    connection.gather_limit = 100
    explained(connection, "gather")
    with pytest.raises(errors.UnsupportedQuery, match="gather_limit"):
        explained(connection, "gather", analyze=True)
    connection.gather_limit = 1 << 20
    assert explained(connection, "gather", analyze=True).rows


def test_users_types_are_numbered_for_each_server(make_cluster: MakeCluster) -> None:
    cluster = make_cluster(2)
    for place, server in enumerate(cluster.servers.values()):
        with psycopg.connect(server.conninfo, autocommit=True) as direct:
            for n in range(place):
                direct.execute(f"CREATE TYPE other_{n} AS ENUM ('x')")
            direct.execute("CREATE TYPE mood AS ENUM ('good', 'bad')")
    cluster.create_table("CREATE TABLE days (id int PRIMARY KEY, mood mood)", key="id")
    with cluster.connect(autocommit=True) as connection:
        connection.execute("INSERT INTO days VALUES (1, 'good'), (2, 'bad'), (3, 'good'), (4, 'bad')")
        query = "SELECT rank() OVER (ORDER BY id) FROM days WHERE mood = %s::mood"
        explanation = connection.cursor().explain(query, ("good",), analyze=True)
        assert (explanation.strategy, explanation.rows) == ("gather", 2)
        assert connection.cursor().explain("SELECT mood FROM days", analyze=True).rows == 4
