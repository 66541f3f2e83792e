"""INSERT of rows that are computed first: names that are also the library's, and copies that must not differ."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from parallel_partition import Cluster, errors
from parallel_partition.dbapi.connection import Connection
from tests.fix_clusters import MakeCluster


@pytest.fixture(scope="module")
def made(make_module_cluster: MakeCluster) -> Cluster:
    cluster: Cluster = make_module_cluster()
    cluster.create_table('CREATE TABLE odd (s int PRIMARY KEY, home int, "row" int, p int, r int)', key="s")
    cluster.create_table(
        "CREATE TABLE ref (id int PRIMARY KEY, n int DEFAULT 1, drawn uuid DEFAULT gen_random_uuid())",
        reference=True,
    )
    return cluster


@pytest.fixture
def over(made: Cluster) -> Iterator[Connection[Any]]:
    with made.connect() as connection:
        yield connection
        connection.rollback()


def test_columns_with_any_name(over: Connection[Any]) -> None:
    cursor = over.execute(
        "INSERT INTO odd SELECT g, g + 1, g + 2, g + 3, g + 4 FROM generate_series(1, 20) AS g"
    )
    assert cursor.rowcount == 20
    assert over.execute('SELECT sum(s), sum(home), sum("row"), sum(p), sum(r) FROM odd').fetchone() == (
        210,
        230,
        250,
        270,
        290,
    )


@pytest.mark.parametrize(
    "text", ["INSERT INTO odd SELECT 1, 2, 3, 4, 5, 6", "INSERT INTO odd VALUES (1+1, 2, 3, 4, 5, 6)"]
)
def test_more_values_than_columns(over: Connection[Any], text: str) -> None:
    with pytest.raises(Exception, match="more expressions than target columns"):
        over.execute(text.encode())


@pytest.mark.parametrize(
    "assigned",
    [
        "drawn = DEFAULT",
        "(n, drawn) = (1, DEFAULT)",
        "drawn = gen_random_uuid()",
        "n = 2 WHERE random() < 0.5",
        "n = length(ref.xmin::text)",
    ],
)
def test_copies_never_differ(over: Connection[Any], assigned: str) -> None:
    """What ON CONFLICT sets is evaluated on each server."""
    text = f"INSERT INTO ref SELECT id FROM ref ON CONFLICT (id) DO UPDATE SET {assigned}"
    with pytest.raises(errors.UnsupportedQuery, match=r"each server|between servers"):
        over.execute(text.encode())
    over.rollback()
    over.execute("INSERT INTO ref SELECT 1 ON CONFLICT (id) DO UPDATE SET n = DEFAULT")
