"""Statements in one round trip, prepared or not, and what a session remembers."""

from __future__ import annotations

import signal
import struct
import time
from collections.abc import Iterator

import psycopg
import pytest

from parallel_partition import errors
from parallel_partition.execution.fan_out import run_all, run_one
from parallel_partition.postgres import session as session_module
from parallel_partition.postgres.binary_array import binary_array
from parallel_partition.postgres.session import Session
from parallel_partition.statements import Parameter, Statement


@pytest.fixture
def session(plain: str) -> Iterator[Session]:
    """A session of its own on a plain database."""
    with psycopg.connect(plain, autocommit=True) as connection:
        yield Session(connection, "s1")


def values(session: Session, *statements: Statement) -> list[bytes | None]:
    return [result.get_value(0, 0) for result in run_one(session, session.exchange(statements))]


def prepared(session: Session) -> list[str]:
    rows = session.connection.execute(
        "SELECT statement FROM pg_prepared_statements ORDER BY name", prepare=False
    ).fetchall()
    return [row[0] for row in rows]


def test_several_statements_one_result_each(session):
    one, two = Statement(b"SELECT 1"), Statement(b"SELECT $1 || 'b'", (Parameter(b"a", 25, 0),))
    assert values(session, one, two, one) == [b"1", b"ab", b"1"]


def test_the_first_failure_ends_the_results(session):
    train = [Statement(b"SELECT 1"), Statement(b"SELECT 1/0"), Statement(b"SELECT 3")]
    results = run_one(session, session.exchange(train))
    assert [result.status for result in results] == [
        psycopg.pq.ExecStatus.TUPLES_OK,
        psycopg.pq.ExecStatus.FATAL_ERROR,
    ]
    assert values(session, Statement(b"SELECT 4")) == [b"4"]


def test_statements_without_begin_are_one_implicit_transaction(session):
    session.connection.execute("CREATE TABLE t (a int)")
    run_one(session, session.exchange([Statement(b"INSERT INTO t VALUES (1)"), Statement(b"SELECT 1/0")]))
    assert values(session, Statement(b"SELECT count(*) FROM t")) == [b"0"]


def test_prepared_after_the_threshold_and_used_from_then_on(session):
    statement = Statement(b"SELECT $1::int + 1", (Parameter(b"1", 0, 0),))
    for run in range(1, 9):
        assert values(session, statement) == [b"2"]
        assert prepared(session) == (
            [] if run <= session_module.PREPARE_THRESHOLD else ["SELECT $1::int + 1"]
        )


def test_prepare_can_be_asked_for_and_refused(session):
    assert values(session, Statement(b"SELECT 1", prepare=True)) == [b"1"]
    assert prepared(session) == ["SELECT 1"]
    for _ in range(8):
        values(session, Statement(b"SELECT 2", prepare=False))
    session.prepare_threshold = None
    for _ in range(8):
        values(session, Statement(b"SELECT 3"))
    assert prepared(session) == ["SELECT 1"]


def test_a_statement_that_failed_to_parse_is_not_remembered(session):
    for _ in range(2):
        results = run_one(session, session.exchange([Statement(b"SELECT nothing", prepare=True)]))
        assert results[0].error_field(psycopg.pq.DiagnosticField.SQLSTATE) == b"42703"


def test_the_oldest_prepared_statement_is_closed(session):
    session.prepared_max = 2
    for number in (1, 2, 1, 3):
        assert values(session, Statement(b"SELECT %d" % number, prepare=True)) == [b"%d" % number]
    assert sorted(prepared(session)) == ["SELECT 1", "SELECT 3"]


def test_describe_runs_nothing(session):
    [result] = run_one(session, session.describe(b"SELECT 1/0 AS a, $1::text AS b", (0,)))
    assert [(result.fname(i), result.ftype(i)) for i in range(result.nfields)] == [(b"a", 23), (b"b", 25)]
    [failed] = run_one(session, session.describe(b"SELECT nothing", ()))
    assert failed.status == psycopg.pq.ExecStatus.FATAL_ERROR
    assert values(session, Statement(b"SELECT 1")) == [b"1"]


@pytest.mark.parametrize("way", ["exchange", "run"])
def test_a_terminated_session_says_why(session, plain, way):
    pid = session.connection.info.backend_pid
    with psycopg.connect(plain, autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s)", (pid,))
    train = [Statement(b"SELECT 1")]
    with pytest.raises(psycopg.errors.AdminShutdown, match="due to administrator command") as caught:
        session.run(train) if way == "run" else run_one(session, session.exchange(train))
    assert isinstance(caught.value, errors.ServerUnavailable)
    assert caught.value.server == "s1"
    assert not session.alive


@pytest.mark.parametrize("way", ["exchange", "run"])
def test_a_lost_connection_names_its_server(session, way):
    session.connection.pgconn.finish()
    train = [Statement(b"SELECT 1")]
    with pytest.raises(psycopg.OperationalError) as caught:
        session.run(train) if way == "run" else run_one(session, session.exchange(train))
    assert caught.value.server == "s1"
    assert not session.alive


def test_large_statements_and_answers_do_not_block(session):
    text = b"x" * 20_000_000
    statement = Statement(b"SELECT $1 || $1", (Parameter(text, 25, 0),))
    assert [len(value or b"") for value in values(session, statement)] == [40_000_000]


def test_the_first_failure_cancels_the_other_server(session, plain):
    with psycopg.connect(plain, autocommit=True) as connection:
        other = Session(connection, "s2")
        outcome = run_all(
            {
                "s1": (session, session.exchange([Statement(b"SELECT 1/0")])),
                "s2": (other, other.exchange([Statement(b"SELECT pg_sleep(60)")])),
            }
        )
        assert list(outcome.failures) == ["s1"]
        assert isinstance(outcome.failures["s1"], psycopg.errors.DivisionByZero)
        # A server that is slow to cancel has its connection closed instead.
        assert not other.alive or values(other, Statement(b"SELECT 5")) == [b"5"]
        query = (
            "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'SELECT pg_sleep%'"
        )
        assert session.connection.execute(query, prepare=False).fetchone() == (0,)


@pytest.mark.parametrize("run", ["one", "all", "short"])
def test_an_interrupt_leaves_nothing_running(session, plain, run):
    def interrupt(*_):
        raise KeyboardInterrupt

    pid = session.connection.info.backend_pid
    exchange = session.exchange([Statement(b"SELECT pg_sleep(60)")])
    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    try:
        with pytest.raises(KeyboardInterrupt):
            if run == "one":
                run_one(session, exchange)
            elif run == "all":
                run_all({"s1": (session, exchange)})
            else:
                session.run([Statement(b"SELECT pg_sleep(60)")])
    finally:
        signal.signal(signal.SIGALRM, before)
    with psycopg.connect(plain, autocommit=True) as other:
        query = "SELECT state FROM pg_stat_activity WHERE pid = %s"
        assert other.execute(query, (pid,)).fetchone() in (("idle",), None)


@pytest.mark.parametrize("numbers", [[], [1], [1, None, -3], [None]])
def test_binary_arrays_are_what_the_server_reads(session, numbers):
    data = binary_array(23, [None if number is None else struct.pack("!i", number) for number in numbers])
    statement = Statement(b"SELECT $1::int[]", (Parameter(data, 0, 1),))
    expected = "{" + ",".join("NULL" if number is None else str(number) for number in numbers) + "}"
    assert values(session, statement) == [expected.encode()]


def test_a_statement_that_keeps_failing_is_prepared_once(session):
    failing = Statement(b"SELECT 1 / $1::int", (Parameter(b"0", 23, 0),))
    for _ in range(40):
        [result] = session.run([failing])
        assert result.error_field(psycopg.pq.DiagnosticField.SQLSTATE) == b"22012"
    query = b"SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%1 / $1%'"
    assert values(session, Statement(query, prepare=False)) == [b"1"]


class Interrupted:
    """libpq's connection, in which an interrupt hits between two steps."""

    def __init__(self, pgconn):
        self._pgconn = pgconn

    def __getattr__(self, name):
        return getattr(self._pgconn, name)

    def consume_input(self):
        raise KeyboardInterrupt


@pytest.mark.parametrize("run", ["one", "all"])
def test_an_interrupt_between_two_steps_leaves_no_answer_behind(session, run):
    """It would be taken for the answer to the next statement."""
    session._pgconn = Interrupted(session._pgconn)
    exchange = session.exchange([Statement(b"SELECT 1, pg_sleep(0.1)")])
    with pytest.raises(KeyboardInterrupt):
        run_one(session, exchange) if run == "one" else run_all({"s1": (session, exchange)})
    assert not session.alive


def test_an_exchange_that_is_given_up_closes_the_connection(session):
    exchange = session.exchange([Statement(b"SELECT pg_sleep(1)")])
    next(exchange)
    exchange.close()
    assert not session.alive


@pytest.mark.parametrize("way", ["exchange", "run"])
def test_what_cannot_be_sent_closes_the_connection(session, way):
    train = [Statement(b"BEGIN"), Statement(b"SELECT 1", [Parameter(b"1", 23, 0)] * 70_000)]
    with pytest.raises(psycopg.OperationalError, match="number of parameters") as caught:
        session.run(train) if way == "run" else run_one(session, session.exchange(train))
    assert caught.value.server == "s1"
    assert not session.alive


def test_a_loss_is_noticed_while_idle(session, plain):
    assert not session.lost_while_idle()
    session.connection.execute("LISTEN something")
    with psycopg.connect(plain, autocommit=True) as other:
        other.execute("NOTIFY something")
        time.sleep(0.05)
        assert not session.lost_while_idle()  # it only said something
        assert values(session, Statement(b"SELECT 1")) == [b"1"]
        other.execute("SELECT pg_terminate_backend(%s, 10000)", (session.connection.info.backend_pid,))
    assert session.lost_while_idle()
    assert not session.alive
