"""Aggregates over random numbers on a cluster and on one plain PostgreSQL: exact ones to the last digit and zero."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.differential.spreads import COLUMNS, TABLE, rows
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
    cluster = make_module_cluster(4, num_partitions=16)
    cluster.create_table(TABLE, key="k")
    made = list(rows(request.config.getoption("--statement-seed"), groups))
    with cluster.writer("spread") as writer:
        writer.write(made)
    with psycopg.connect(module_plain, autocommit=True) as plain, cluster.connect(autocommit=True) as over:
        plain.execute(TABLE)
        with plain.cursor() as cursor, cursor.copy("COPY spread FROM STDIN") as copy:
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


def test_distinct_values_of_several_columns(spreads: Pair) -> None:
    text = (
        "SELECT g %% 50 AS h, count(DISTINCT s), sum(DISTINCT i), count(DISTINCT b) FILTER (WHERE s > 0),"
        " array_agg(DISTINCT s ORDER BY s DESC), count(DISTINCT k), count(*), sum(n)::text, bit_xor(b)"
        " FROM spread GROUP BY h ORDER BY h"
    ).replace("%%", "%")
    expected, found = both(spreads, text)
    assert found == expected
