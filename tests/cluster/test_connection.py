"""The connection is psycopg's, over four servers."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg
import pytest
from psycopg.rows import class_row, dict_row, namedtuple_row, scalar_row

import parallel_partition
from parallel_partition import Cluster, errors
from tests.cluster.visits import ROWS, filled_with_visits, one


@pytest.fixture(scope="module")
def filled(make_module_cluster) -> Cluster:
    """A cluster with a sharded table that no test changes for good."""
    return filled_with_visits(make_module_cluster())


# --- DB-API -------------------------------------------------------------------------------------------------------


def test_it_is_a_psycopg_connection(connection):
    assert isinstance(connection, psycopg.Connection)
    assert isinstance(connection.cursor(), psycopg.Cursor)
    assert repr(connection).startswith("<Connection [IDLE] map v")


def test_connect_by_conninfo(filled):
    conninfo = next(iter(filled.servers.values())).conninfo
    with parallel_partition.connect(conninfo) as connection:
        assert one(connection, "SELECT count(*) FROM visits") == (80,)
    assert connection.closed


def test_both_placeholder_styles(connection):
    assert one(connection, "SELECT ward FROM visits WHERE patient_id = %s AND visit = %s", (7, 1)) == (
        "ward 1",
    )
    query = "SELECT ward FROM visits WHERE patient_id = %(p)s AND visit = %(v)s AND %(p)s = patient_id"
    assert one(connection, query, {"p": 7, "v": 1}) == ("ward 1",)
    assert one(connection, "SELECT '%%', %s::int", (3,)) == ("%", 3)


def test_more_parameters_than_placeholders(connection):
    with pytest.raises(psycopg.ProgrammingError, match="1 placeholders but 2 parameters"):
        connection.execute("SELECT * FROM visits WHERE patient_id = %s", (1, 2))


def test_fetching(connection):
    cursor = connection.execute(
        "SELECT patient_id, visit FROM visits ORDER BY patient_id DESC, visit LIMIT 7 OFFSET 1"
    )
    assert cursor.rowcount == 7
    assert cursor.rownumber == 0
    assert cursor.fetchone() == (40, 2)
    assert cursor.fetchmany(2) == [(39, 1), (39, 2)]
    assert cursor.fetchmany() == [(38, 1)]
    assert next(cursor) == (38, 2)
    assert cursor.fetchall() == [(37, 1), (37, 2)]
    assert (cursor.fetchone(), cursor.fetchall(), cursor.fetchmany(3)) == (None, [], [])
    cursor.scroll(0, "absolute")
    assert next(iter(cursor)) == (40, 2)
    with pytest.raises(IndexError):
        cursor.scroll(99, "absolute")


def test_unordered_rows_of_all_servers(connection):
    rows = connection.execute("SELECT patient_id, visit FROM visits").fetchall()
    assert sorted(rows) == sorted((patient, visit) for patient, visit, *_ in ROWS)


def test_description_is_the_statements_own(connection):
    cursor = connection.execute("SELECT *, cost * 2 AS double FROM visits ORDER BY ward, cost DESC")
    assert [column.name for column in cursor.description] == ["patient_id", "visit", "ward", "cost", "double"]
    assert [column.type_code for column in cursor.description] == [20, 23, 25, 1700, 1700]
    cursor = connection.execute(
        "SELECT ward FROM visits ORDER BY cost LIMIT 2"
    )  # sorted by what is not shown
    assert [column.name for column in cursor.description] == ["ward"]
    assert cursor.fetchall() == [("ward 1",), ("ward 1",)]
    assert connection.execute("CREATE TEMP TABLE scratch (a int)").description is None


@dataclass
class Visit:
    patient_id: int
    visit: int


@pytest.mark.parametrize(
    ("factory", "expected"),
    [
        (dict_row, {"patient_id": 40, "visit": 2}),
        (namedtuple_row, (40, 2)),
        (class_row(Visit), Visit(40, 2)),
        (scalar_row, 40),
    ],
)
@pytest.mark.parametrize("hidden", ["", ", cost"])
def test_row_factories(connection, factory, expected, hidden):
    query = f"SELECT patient_id, visit FROM visits ORDER BY patient_id DESC, visit DESC{hidden} LIMIT 3"
    cursor = connection.cursor(row_factory=factory)
    assert cursor.execute(query).fetchone() == expected
    assert len(cursor.fetchall()) == 2


def test_rows_in_binary(connection):
    cursor = connection.cursor(binary=True)
    cursor.execute("SELECT patient_id, ward FROM visits WHERE visit = 1 ORDER BY ward, patient_id LIMIT 2")
    assert cursor.fetchall() == [(3, "ward 0"), (6, "ward 0")]
    assert (
        cursor.execute("SELECT sum(cost) FROM visits").fetchone()
        == connection.execute("SELECT sum(cost) FROM visits").fetchone()
    )


def test_closed_cursor_and_connection(filled):
    connection = filled.connect()
    cursor = connection.cursor()
    cursor.close()
    with pytest.raises(psycopg.InterfaceError, match="the cursor is closed"):
        cursor.execute("SELECT 1")
    cursor = connection.cursor()
    connection.close()
    for use in (lambda: cursor.execute("SELECT 1"), connection.commit, connection.cursor):
        with pytest.raises(psycopg.OperationalError, match="the connection is closed"):
            use()
    connection.close()


def test_fetch_without_a_result(connection):
    with pytest.raises(psycopg.ProgrammingError, match="no result available"):
        connection.cursor().fetchone()
    cursor = connection.execute("UPDATE visits SET ward = 'x' WHERE patient_id = 1")
    with pytest.raises(psycopg.ProgrammingError, match="didn't produce records"):
        cursor.fetchall()


@pytest.mark.parametrize(
    "use",
    [
        lambda connection: connection.cursor("named", withhold=True),
        lambda connection: connection.pipeline(),
        lambda connection: connection.cursor().copy("COPY visits TO STDOUT"),
        lambda connection: connection.execute("SELECT 1; SELECT 2"),
    ],
)
def test_what_is_refused_says_so(connection, use):
    with pytest.raises(psycopg.NotSupportedError):
        use(connection)


# --- strategies through the connection ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "params", "strategy"),
    [
        ("SELECT * FROM visits WHERE patient_id = %s", (7,), "one server"),
        ("SELECT * FROM visits", None, "whole"),
        ("SELECT ward, avg(cost) FROM visits GROUP BY ward", None, "split"),
        ("SELECT * FROM wards", None, "one server"),
    ],
)
def test_explain_names_the_strategy(connection, query, params, strategy):
    explanation = connection.cursor().explain(query, params)
    assert explanation.strategy == strategy
    assert strategy in str(explanation)
    assert explanation.reason
    assert all(sql for sql in explanation.servers.values())
    assert len(explanation.servers) == (1 if strategy == "one server" else 4)


def test_an_unsupported_query_names_the_clause(connection):
    with pytest.raises(errors.UnsupportedQuery, match=r"TABLESAMPLE") as caught:
        connection.execute("SELECT cost FROM visits TABLESAMPLE BERNOULLI (50)")
    assert isinstance(caught.value, psycopg.NotSupportedError)
    assert one(connection, "SELECT 1") == (1,)  # nothing was sent, so the transaction goes on


def test_null_keys_are_found_again(cluster):
    cluster.create_table("CREATE TABLE t (k text, v int)", key="k")
    with cluster.connect(autocommit=True) as connection:
        connection.execute("INSERT INTO t VALUES (NULL, 1), ('', 2), ('a', 3)")
        assert one(connection, "SELECT v FROM t WHERE k IS NULL") == (1,)
        assert one(connection, "SELECT v FROM t WHERE k = ''") == (2,)
        assert one(connection, "SELECT count(*), count(k) FROM t") == (3, 2)


def test_merge_by_the_servers_collation_and_by_enum(cluster):
    cluster.create_table('CREATE TABLE t (k int, c text COLLATE "C", i interval)', key="k")
    with cluster.connect(autocommit=True) as connection:
        for k, c in enumerate(["b", "A", "a", "B", None, "ä"]):
            connection.execute("INSERT INTO t VALUES (%s, %s, %s::interval)", (k, c, f"{10 - k} days"))
        found = connection.execute("SELECT c FROM t ORDER BY c NULLS FIRST").fetchall()
        assert found == [(None,), ("A",), ("B",), ("a",), ("b",), ("ä",)]
        assert connection.execute("SELECT k FROM t ORDER BY i LIMIT 2").fetchall() == [(5,), (4,)]


# --- transactions -------------------------------------------------------------------------------------------------


def test_commit_and_rollback_over_servers(filled):
    with filled.connect() as writer, filled.connect(autocommit=True) as reader:
        writer.execute("INSERT INTO visits VALUES (101, 1, 'new', 1), (102, 1, 'new', 1), (103, 1, 'new', 1)")
        assert one(writer, "SELECT count(*) FROM visits WHERE ward = 'new'") == (3,)
        assert one(reader, "SELECT count(*) FROM visits WHERE ward = 'new'") == (0,)
        writer.rollback()
        assert one(writer, "SELECT count(*) FROM visits WHERE ward = 'new'") == (0,)
        writer.execute("INSERT INTO visits VALUES (101, 1, 'new', 1), (102, 1, 'new', 1), (103, 1, 'new', 1)")
        writer.commit()
        assert one(reader, "SELECT count(*) FROM visits WHERE ward = 'new'") == (3,)
        assert writer.execute("DELETE FROM visits WHERE ward = 'new'").rowcount == 3
        writer.commit()
        assert one(reader, "SELECT count(*) FROM visits WHERE ward = 'new'") == (0,)


def test_autocommit_writes_are_atomic_over_servers(filled):
    with filled.connect(autocommit=True) as connection:
        values = ", ".join(f"({patient}, 1, 'many', 1)" for patient in range(201, 221))
        assert connection.execute(f"INSERT INTO visits VALUES {values}").rowcount == 20
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute(f"INSERT INTO visits VALUES (301, 1, 'many', 1), {values}")
        assert one(connection, "SELECT count(*) FROM visits WHERE ward = 'many'") == (20,)
        cursor = connection.execute("UPDATE visits SET cost = 2 WHERE ward = 'many' RETURNING *")
        assert (cursor.rowcount, len(cursor.fetchall())) == (20, 20)
        assert [column.name for column in cursor.description] == ["patient_id", "visit", "ward", "cost"]
        assert connection.execute("DELETE FROM visits WHERE ward = 'many'").statusmessage == "DELETE 20"


def test_executemany_is_all_or_nothing_in_autocommit(filled):
    with filled.connect(autocommit=True) as connection:
        rows = [(patient, 1, "some", 1) for patient in (401, 402, 403, 401)]
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.cursor().executemany("INSERT INTO visits VALUES (%s, %s, %s, %s)", rows)
        assert one(connection, "SELECT count(*) FROM visits WHERE ward = 'some'") == (0,)


def test_a_failed_transaction_refuses_until_rollback(connection):
    with pytest.raises(psycopg.errors.DivisionByZero) as caught:
        connection.execute("SELECT 1 / (patient_id - patient_id) FROM visits")
    assert caught.value.server in connection._router.state.servers
    assert connection.info.transaction_status == psycopg.pq.TransactionStatus.INERROR
    with pytest.raises(psycopg.errors.InFailedSqlTransaction):
        connection.execute("SELECT count(*) FROM visits")
    connection.rollback()
    assert one(connection, "SELECT count(*) FROM visits") == (80,)
    assert connection.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS


def test_transaction_blocks(filled):
    with filled.connect(autocommit=True) as connection:
        with pytest.raises(ZeroDivisionError), connection.transaction():
            connection.execute("INSERT INTO visits VALUES (501, 1, 'block', 1), (502, 1, 'block', 1)")
            raise ZeroDivisionError
        assert one(connection, "SELECT count(*) FROM visits WHERE ward = 'block'") == (0,)
        with connection.transaction():
            connection.execute("INSERT INTO visits VALUES (501, 1, 'block', 1), (502, 1, 'block', 1)")
            with pytest.raises(ZeroDivisionError), connection.transaction():
                connection.execute("INSERT INTO visits VALUES (503, 1, 'block', 1), (504, 1, 'block', 1)")
                raise ZeroDivisionError
        connection.execute("BEGIN")
        assert connection.execute("DELETE FROM visits WHERE ward = 'block'").rowcount == 2
        connection.execute("COMMIT")
        assert one(connection, "SELECT count(*) FROM visits WHERE ward = 'block'") == (0,)


def test_context_manager_commits_or_rolls_back(filled):
    with pytest.raises(KeyError), filled.connect() as connection:
        connection.execute("INSERT INTO visits VALUES (601, 1, 'with', 1)")
        raise KeyError
    assert connection.closed
    with filled.connect() as connection:
        assert one(connection, "SELECT count(*) FROM visits WHERE ward = 'with'") == (0,)


@pytest.mark.parametrize("level", list(psycopg.IsolationLevel))
def test_isolation_levels(filled, level):
    with filled.connect() as connection:
        connection.isolation_level = level
        assert one(connection, "SHOW transaction_isolation") == (level.name.replace("_", " ").lower(),)
        assert one(connection, "SELECT count(*) FROM visits") == (80,)
        with pytest.raises(psycopg.ProgrammingError, match="can't change 'isolation_level' now"):
            connection.isolation_level = None


def test_read_only_is_every_servers(filled):
    with filled.connect() as connection:
        connection.read_only = True
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            connection.execute("UPDATE visits SET ward = 'x'")
        connection.rollback()


# --- settings and local statements --------------------------------------------------------------------------------


def test_set_reaches_every_server_and_the_merge(filled):
    with filled.connect(autocommit=True) as connection:
        connection.execute("SET TIME ZONE 'Asia/Tokyo'")
        query = "SELECT patient_id, '2026-01-01 00:00+00'::timestamptz::text FROM visits WHERE visit = 1"
        assert {text for _, text in connection.execute(query)} == {"2026-01-01 09:00:00+09"}
        query = "SELECT max('2026-01-01 00:00+00'::timestamptz)::text FROM visits"
        assert one(connection, query) == ("2026-01-01 09:00:00+09",)
    with filled.connect(autocommit=True) as connection:  # the pool hands out clean sessions
        zones = {one(connection, "SHOW TIME ZONE") for _ in range(3)}
        assert zones.isdisjoint({("Asia/Tokyo",)})


def test_local_tables_live_on_the_catalogs_server(connection):
    connection.execute("CREATE TEMP TABLE scratch AS SELECT 1 AS a")
    assert one(connection, "SELECT a FROM scratch") == (1,)
    assert one(connection, "SELECT current_setting('server_version_num')::int > 140000") == (True,)
    assert one(connection, "SELECT count(*) FROM pg_catalog.pg_class WHERE relname = 'visits'") == (1,)


def test_a_function_over_a_sharded_table_is_refused(filled):
    conninfo = next(iter(filled.servers.values())).conninfo
    with psycopg.connect(conninfo, autocommit=True) as direct:
        direct.execute(
            "CREATE FUNCTION how_many() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM visits'"
        )
    try:
        with (
            filled.connect(autocommit=True) as connection,
            pytest.raises(errors.UnsupportedQuery, match="how_many"),
        ):
            connection.execute("SELECT how_many()")
    finally:
        with psycopg.connect(conninfo, autocommit=True) as direct:
            direct.execute("DROP FUNCTION how_many()")


def test_a_syntax_error_is_postgresqls_own(connection):
    with pytest.raises(psycopg.errors.SyntaxError, match='at or near "FORM"') as caught:
        connection.execute("SELECT * FORM visits")
    assert caught.value.diag.statement_position == "10"


def test_unknown_names_are_postgresqls_errors(connection):
    for query, error in (
        ("SELECT * FROM nowhere", psycopg.errors.UndefinedTable),
        ("SELECT nothing FROM visits WHERE patient_id = 1", psycopg.errors.UndefinedColumn),
        ("SELECT nothing, count(*) FROM visits GROUP BY 1", psycopg.errors.UndefinedColumn),
    ):
        with pytest.raises(error):
            connection.execute(query)
        connection.rollback()


def test_notices_of_every_server_arrive(filled):
    with filled.connect(autocommit=True) as connection:
        heard = []
        connection.add_notice_handler(lambda diagnostic: heard.append(diagnostic.message_primary))
        connection.execute("SET client_min_messages = debug1")
        connection.execute("DROP TABLE IF EXISTS nowhere")
        assert any("nowhere" in text for text in heard)
