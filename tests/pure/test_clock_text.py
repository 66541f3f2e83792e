"""Texts whose clocks are changed to functions that say another moment."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from parallel_partition.errors import UnsupportedQuery
from parallel_partition.planning.clock_text import at_moment

MOMENT = datetime(2026, 3, 1, 23, 59, 59, 120_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT now()", 'SELECT pg_temp."now"()'),
        ("SELECT a, NOW ( /* so */ ) FROM t", 'SELECT a, pg_temp."now"() FROM t'),
        ('SELECT pg_catalog . "now"()::date', 'SELECT pg_temp."now"()::date'),
        ("SELECT transaction_timestamp()", 'SELECT pg_temp."transaction_timestamp"()'),
        ("SELECT 'now()', current_date -- now()", "SELECT 'now()', pg_temp.\"current_date\"() -- now()"),
        (
            "SELECT Current_Timestamp(0), localtime (3)",
            'SELECT CAST(pg_temp."current_timestamp"() AS pg_catalog.timestamptz(0)), '
            'CAST(pg_temp."localtime"() AS pg_catalog.time(3))',
        ),
        (
            "WITH a AS (SELECT localtimestamp) SELECT * FROM a, now() WHERE current_time > '1:00'",
            'WITH a AS (SELECT pg_temp."localtimestamp"()) SELECT * FROM a, pg_temp."now"() '
            "WHERE pg_temp.\"current_time\"() > '1:00'",
        ),
        ("SELECT statement_timestamp(), clock_timestamp(), current_user", None),
        ("SELECT other.now(), now FROM now", None),
    ],
)
def test_clocks_are_found_where_they_stand(text: str, expected: str | None) -> None:
    made, functions = at_moment(text, MOMENT)
    assert made == (text if expected is None else expected)
    assert bool(functions) == (expected is not None)


def test_each_function_is_made_once() -> None:
    _, functions = at_moment("SELECT now(), now(), current_date", MOMENT)
    constant = "CAST('2026-03-01 23:59:59.120000+00:00' AS pg_catalog.timestamptz)"
    assert functions == (
        'CREATE FUNCTION pg_temp."now"() RETURNS pg_catalog.timestamptz LANGUAGE sql STABLE PARALLEL SAFE '
        f"RETURN CAST({constant} AS pg_catalog.timestamptz)",
        'CREATE FUNCTION pg_temp."current_date"() RETURNS pg_catalog.date LANGUAGE sql STABLE PARALLEL SAFE '
        f"RETURN CAST({constant} AS pg_catalog.date)",
    )


def test_a_place_that_is_not_found_is_refused() -> None:
    with pytest.raises(UnsupportedQuery, match="pass the value"):
        at_moment('SELECT U&"\\006eow"()', MOMENT)
