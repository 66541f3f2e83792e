"""Columns that PostgreSQL computes when they are read are computed for no other rows than there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from parallel_partition import Cluster
from parallel_partition.dbapi.connection import Connection
from tests.fix_clusters import MakeCluster

Pair = tuple[Connection[Any], psycopg.Connection[Any]]

TABLE = """
    CREATE TABLE {name} (k int PRIMARY KEY, a int, b int, q int GENERATED ALWAYS AS ({quotient}) {kind},
      "Next" int GENERATED ALWAYS AS (k + 1) {kind}, t text)
"""
QUERIES = [
    "SELECT x.k, y.q FROM ratios x JOIN ratios y ON x.a = y.b WHERE y.b <> 0 ORDER BY 1, 2",
    "SELECT CASE WHEN k < 0 THEN (SELECT max(q) FROM ratios) END FROM ratios ORDER BY k",
    "SELECT q FROM ratios WHERE b <> 0 ORDER BY q, k LIMIT 3",
    "SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY q) FROM ratios WHERE b <> 0",
    'SELECT x.t, "Next", row_to_json(x) FROM (SELECT k, "Next", t FROM ratios) x ORDER BY rank() OVER (ORDER BY t), 2',
    'SELECT (SELECT count(*) FROM ratios y WHERE y."Next" = x.k) FROM ratios x ORDER BY k',
    'SELECT count(*) FROM ratios x JOIN ratios y ON y."Next" = x."Next"',
]


@pytest.fixture(scope="module")
def pair(make_module_cluster: MakeCluster) -> Iterator[Pair]:
    """A cluster and a database with the same rows; before PostgreSQL 18 the columns are stored."""
    cluster: Cluster = make_module_cluster(3)
    catalog = next(iter(cluster.servers.values()))
    with (
        psycopg.connect(catalog.conninfo, autocommit=True) as plain,
        cluster.connect(autocommit=True) as connection,
    ):
        virtual = plain.info.server_version >= 180_000
        kind, quotient = ("VIRTUAL", "a / b") if virtual else ("STORED", "a / nullif(b, 0)")
        cluster.create_table(TABLE.format(name="ratios", kind=kind, quotient=quotient), key="k")
        plain.execute(TABLE.format(name="plain", kind=kind, quotient=quotient))
        for one, name in ((connection, "ratios"), (plain, "plain")):
            rows = [(k, k * 3, k % 4, f"t{k % 3}") for k in range(40)]
            one.cursor().executemany(f"INSERT INTO {name} (k, a, b, t) VALUES (%s, %s, %s, %s)", rows)
        yield connection, plain


@pytest.mark.parametrize("query", QUERIES)
def test_same_rows(pair: Pair, query: str) -> None:
    connection, plain = pair
    assert connection.execute(query).fetchall() == plain.execute(query.replace("ratios", "plain")).fetchall()
