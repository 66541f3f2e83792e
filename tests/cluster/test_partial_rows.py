"""Partial rows that are more than one message carries: the same answers, and nothing left behind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from parallel_partition import Cluster
from parallel_partition.dbapi.connection import Connection
from parallel_partition.execution import partial_rows
from tests.fix_clusters import MakeCluster

ROWS = [
    (key, key % 11 or None, f"n\u00fc{key % 23}" if key % 5 else None, key / 8, [key % 3, None])
    for key in range(300)
]


@pytest.fixture(scope="module")
def filled(make_module_cluster: MakeCluster) -> Cluster:
    """Three servers with NULLs, texts and arrays."""
    cluster = make_module_cluster(3)
    table = "CREATE TABLE t (k int PRIMARY KEY, g int, s text, n numeric, a int[])"
    cluster.create_table(table, key="k")
    with cluster.connect(autocommit=True) as connection:
        connection.cursor().executemany("INSERT INTO t VALUES (%s, %s, %s, %s, %s)", ROWS)
    return cluster


@pytest.fixture(params=[True, False], ids=["autocommit", "transaction"])
def connection(filled: Cluster, request: pytest.FixtureRequest) -> Iterator[Connection[Any]]:
    with filled.connect(autocommit=request.param) as connection:
        yield connection
        connection.rollback()


@pytest.fixture
def pieces(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Lets a message carry little; how many rows each piece had."""
    taken: list[int] = []
    arrays = partial_rows.PartialRows.arrays

    def noted(self: partial_rows.PartialRows, start: int = 0, stop: int | None = None) -> Any:
        if stop is not None:
            taken.append(stop - start)
        return arrays(self, start, stop)

    monkeypatch.setattr(partial_rows.PartialRows, "arrays", noted)
    return taken


@pytest.mark.parametrize(
    ("query", "params"),
    [
        ("SELECT g, count(*), sum(n), min(s) FROM t GROUP BY g ORDER BY g NULLS FIRST", ()),
        ("SELECT count(DISTINCT s), avg(n), stddev(g) FROM t WHERE k > %s", (7,)),
        ("SELECT DISTINCT a FROM t ORDER BY a DESC", ()),
        ('SELECT s COLLATE "C", count(DISTINCT g) FROM t GROUP BY 1 ORDER BY 1 LIMIT 9 OFFSET 2', ()),
        ("SELECT g + %s, sum(n) FROM t GROUP BY g HAVING sum(n) > %s ORDER BY sum(n) DESC", (1, 300)),
        (
            "SELECT d.g, c, t.k FROM (SELECT g, count(DISTINCT s) AS c FROM t GROUP BY g) AS d"
            " JOIN t ON t.n = d.c ORDER BY t.k, d.g",
            (),
        ),
        ("SELECT g, s, count(*) FROM t GROUP BY GROUPING SETS ((g), (s), ()) ORDER BY 1, 2, 3", ()),
    ],
)
@pytest.mark.parametrize("size", [1, 100])
def test_pieces_are_merged_to_the_same_rows(
    connection: Connection[Any],
    monkeypatch: pytest.MonkeyPatch,
    pieces: list[int],
    query: str,
    params: Any,
    size: int,
) -> None:
    cursor = connection.cursor()
    assert cursor.explain(query, params).strategy == ("gather" if "JOIN" in query else "split")
    expected, described = cursor.execute(query, params).fetchall(), repr(cursor.description)
    assert expected
    assert not pieces
    with monkeypatch.context() as patched:
        patched.setattr(partial_rows, "MESSAGE_MAX", size)
        assert cursor.execute(query, params).fetchall() == expected
        assert repr(cursor.description) == described
    assert len(pieces) > 1
    assert max(pieces) == 1 or size > 1
    merge = connection.runner.merge.session
    assert merge is not None
    assert merge.transaction_status == psycopg.pq.TransactionStatus.IDLE
    left = merge.connection.execute("SELECT count(*) FROM pg_class WHERE relname LIKE 'parallel_partition %'")
    assert left.fetchone() == (0,)


def test_an_error_over_pieces_is_the_statements_own(
    filled: Cluster, monkeypatch: pytest.MonkeyPatch, pieces: list[int]
) -> None:
    monkeypatch.setattr(partial_rows, "MESSAGE_MAX", 200)
    with filled.connect(autocommit=True) as connection:
        with pytest.raises(psycopg.errors.DivisionByZero):
            connection.execute("SELECT 1 / (count(*) - 300) FROM t HAVING count(DISTINCT s) > 2")
        assert pieces
        assert connection.execute("SELECT count(DISTINCT s) FROM t").fetchone() == (23,)


def test_a_message_is_half_of_what_postgresql_takes() -> None:
    assert partial_rows.MESSAGE_MAX == 1 << 29
