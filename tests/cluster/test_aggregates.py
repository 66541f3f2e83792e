"""Aggregates over random numbers on a cluster and on one plain PostgreSQL: exact ones to the last digit and zero."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.differential.spreads import COLUMNS, TABLE, TEXTS_TABLE, rows, texts
from tests.fix_clusters import MakeCluster
from tests.fix_differential import Pair

pytestmark = pytest.mark.both_versions

VARIANCES = ("var_pop", "var_samp", "variance", "stddev_pop", "stddev_samp", "stddev")


@pytest.fixture(scope="module")
def spreads(
    make_module_cluster: MakeCluster, module_plain: str, request: pytest.FixtureRequest
) -> Iterator[Pair]:
    """Ten groups of numbers for each of ``--statements``."""
    groups = 10 * request.config.getoption("--statements")
    seed = request.config.getoption("--statement-seed")
    cluster = make_module_cluster(4, num_partitions=16)
    with psycopg.connect(module_plain, autocommit=True) as plain, cluster.connect(autocommit=True) as over:
        for name, statement, made in (
            ("spread", TABLE, list(rows(seed, groups))),
            ("spread_texts", TEXTS_TABLE, list(texts(seed, groups // 10))),
        ):
            plain.execute(statement.encode())
            cluster.create_table(statement, key="k")
            with cluster.writer(name) as writer:
                writer.write(made)
            with plain.cursor() as cursor, cursor.copy(f"COPY {name} FROM STDIN".encode()) as copy:
                for row in made:
                    copy.write_row(row)
        yield Pair(plain, over)


def both(spreads: Pair, text: str) -> tuple[list[Any], list[Any]]:
    """The rows of a statement that is split, from the plain PostgreSQL and from the cluster."""
    explained = spreads.over.cursor().explain(text)
    assert explained.strategy == "split"
    return spreads.plain.execute(text.encode()).fetchall(), spreads.over.execute(text.encode()).fetchall()


@pytest.mark.parametrize("column", COLUMNS)
def test_variances_are_exact(spreads: Pair, column: str) -> None:
    listed = ", ".join(f"{name}({column})::text" for name in VARIANCES)
    expected, found = both(spreads, f"SELECT g, {listed} FROM spread GROUP BY g ORDER BY g")
    assert len(expected) > 1000
    for one, other in zip(expected, found, strict=True):
        assert other == one


def test_variances_of_all_rows_are_exact(spreads: Pair) -> None:
    listed = ", ".join(f"{name}({column})" for name in VARIANCES for column in ("s", "i", "b"))
    expected, found = both(spreads, f"SELECT {listed}, stddev(n) FILTER (WHERE n < 1e30) FROM spread")
    assert list(map(repr, found)) == list(map(repr, expected))


def test_a_half_is_not_rounded_twice(spreads: Pair) -> None:
    """17 * 10^8 and so on: rounded twice, a root that is just less than a half is rounded up."""
    text = (
        "SELECT count(*) FROM (SELECT g, stddev(n) d FROM spread GROUP BY g) s WHERE scale(d) = 0 AND d > 1e9"
    )
    assert spreads.plain.execute(text.encode()).fetchone() > (0,)


@pytest.mark.parametrize("column", ["f", "r"])
def test_variances_of_floats_are_near(spreads: Pair, column: str) -> None:
    listed = ", ".join(f"{name}({column})" for name in VARIANCES)
    expected, found = both(spreads, f"SELECT g, count({column}), {listed} FROM spread GROUP BY g ORDER BY g")
    for one, other in zip(expected, found, strict=True):
        assert other[:2] == one[:2]
        for left, right in zip(one[2:], other[2:], strict=True):
            assert (left is None) == (right is None)
            assert left is None or math.isclose(left, right, rel_tol=1e-12, abs_tol=1e-9), (one, other)


def test_variances_of_equal_floats_are_the_same(spreads: Pair) -> None:
    """0 for a few of them, next to nothing for many: always what one PostgreSQL's rounding makes of so many."""
    listed = ", ".join(
        f"{name}(0.1::float8), {name}(0.3::real) FILTER (WHERE k % 3 = 0)" for name in VARIANCES
    )
    for group in ("g", "g % 20"):
        text = f"SELECT {group} AS h, {listed}, stddev('NaN'::float8), var_pop('-Infinity'::real), variance(NULL::real)"
        expected, found = both(spreads, f"{text} FROM spread GROUP BY h ORDER BY h")
        assert list(map(repr, found)) == list(map(repr, expected))


def test_distinct_values_of_several_columns(spreads: Pair) -> None:
    text = (
        "SELECT g %% 50 AS h, count(DISTINCT s), sum(DISTINCT i), count(DISTINCT b) FILTER (WHERE s > 0),"
        " array_agg(DISTINCT s ORDER BY s DESC), count(DISTINCT k), count(*), sum(n)::text, bit_xor(b)"
        " FROM spread GROUP BY h ORDER BY h"
    ).replace("%%", "%")
    expected, found = both(spreads, text)
    assert found == expected


def in_any_order(rows: list[Any]) -> list[Any]:
    """Rows whose lists and JSON arrays are sorted."""
    return [
        tuple(sorted(map(repr, value)) if isinstance(value, list) else value for value in row) for row in rows
    ]


def test_arrays_in_any_order(spreads: Pair) -> None:
    columns = ("t", "v", "c", "y", "u", "o", "n", "b", "k")
    listed = ", ".join(
        f"array_agg({column}), array_agg({column}) FILTER (WHERE k % 2 = 0)" for column in columns
    )
    expected, found = both(spreads, f"SELECT g, {listed} FROM spread_texts GROUP BY g ORDER BY g")
    assert in_any_order(found) == in_any_order(expected)
    assert any(None in row[1] for row in found)


def test_json_in_any_order(spreads: Pair) -> None:
    """Sorted, and of the same length as text: then the spaces between elements are the same."""
    columns = ("t", "c", "u", "o", "n", "j", "b", "w")
    made = [f"{function}({column})" for function in ("json_agg", "jsonb_agg") for column in columns]
    made += ["json_agg(a) FILTER (WHERE a IS NOT NULL)", "json_agg(s)", "jsonb_agg(s)", "json_agg((t, a))"]
    listed = ", ".join(f"{one}, length({one}::text)" for one in made)
    expected, found = both(spreads, f"SELECT g, {listed} FROM spread_texts s GROUP BY g ORDER BY g")
    assert in_any_order(found) == in_any_order(expected)


def test_json_of_one_server_is_the_same_text(spreads: Pair) -> None:
    made = ", ".join(f"{function}(a)::text, {function}(s)::text" for function in ("json_agg", "jsonb_agg"))
    expected, found = both(
        spreads,
        f"SELECT k, {made} FROM (SELECT k + 0 AS k, a, t AS s FROM spread_texts) AS s GROUP BY k ORDER BY k",
    )
    assert found == expected


def test_objects_and_texts(spreads: Pair) -> None:
    listed = (
        "json_object_agg(k, j) IS NULL, length(json_object_agg(k, j)::text), json_object_agg(k, t),"
        " jsonb_object_agg(k, b), jsonb_object_agg(k % 1, 1)::text, length(json_object_agg(k, a)::text),"
        " length(string_agg(t, ', ')), length(string_agg(y, '\\x00')), string_agg(t, NULL) IS NULL,"
        " string_agg(DISTINCT t, '|' ORDER BY t), string_agg(v, '') FILTER (WHERE false), string_agg('', ';')"
    )
    expected, found = both(spreads, f"SELECT g, {listed} FROM spread_texts GROUP BY g ORDER BY g")
    assert found == expected


def test_arrays_in_json_begin_on_a_new_line(spreads: Pair) -> None:
    """But for the first of them and for NULL, whichever server these come from."""
    expected, found = both(spreads, "SELECT json_agg(a)::text FROM spread_texts GROUP BY g")
    texts_of_both = [text for (text,) in expected + found]
    assert any("[null, \n [" in text for text in texts_of_both)
    assert any("], null" in text for text in texts_of_both)
    for text in texts_of_both:
        first, *others = json.loads(text)
        shown = [", null" if one is None else f", \n {_shown(one)}" for one in others]
        assert text == f"[{_shown(first)}{''.join(shown)}]"


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def test_any_value_where_postgresql_has_it(spreads: Pair) -> None:
    text = "SELECT count(DISTINCT g), any_value(1), max(k) FROM spread"
    if spreads.plain.info.server_version >= 160_000:
        expected, found = both(spreads, text)
        assert found == expected
    else:
        for connection in spreads:
            with pytest.raises(psycopg.errors.UndefinedFunction):
                connection.execute(text.encode())
