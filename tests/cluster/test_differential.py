"""The same statements on one plain PostgreSQL and on clusters of one, two and four servers.

Rows, names and types must be equal. A statement may be refused only where its file says so, over one server only
where that is said too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from parallel_partition import Cluster, errors
from parallel_partition.dbapi.connection import Connection
from tests.cluster.differential_cases import Case, read_cases
from tests.cluster.differential_data import SCHEMA, fill
from tests.cluster.differential_data import rows as rows_of_tables
from tests.cluster.same_answers import answer, assert_same_answer, counted
from tests.fix_clusters import MakeCluster
from tests.fix_differential import over_servers

FILES = sorted((Path(__file__).parent / "differential").glob("*.sql"))
WRITING = ("changes.sql", "inserts.sql", "writes.sql")
CASES = [case for file in FILES if file.name not in WRITING for case in read_cases(file)]
WRITES = [case for file in FILES if file.name in WRITING for case in read_cases(file)]


@pytest.fixture(scope="module")
def plain(module_plain: str) -> Iterator[psycopg.Connection[Any]]:
    """One PostgreSQL with all rows."""
    with psycopg.connect(module_plain) as connection:
        for statement, _ in SCHEMA:
            connection.execute(statement)
        fill(connection.cursor().executemany)
        connection.commit()
        connection.autocommit = True
        yield connection


@pytest.fixture(scope="module")
def filled(make_module_cluster: MakeCluster, servers: int) -> Cluster:
    """A cluster with the same rows."""
    cluster: Cluster = make_module_cluster(servers, num_partitions=16)
    for statement, key in SCHEMA:
        if key is None:
            cluster.create_table(statement, reference=True)
        else:
            cluster.create_table(statement, key=key)
    with cluster.connect() as connection:
        fill(connection.cursor().executemany)
    return cluster


@pytest.fixture(scope="module")
def over(filled: Cluster) -> Iterator[Connection]:
    """A connection to the cluster."""
    with filled.connect(autocommit=True) as connection:
        yield connection


@over_servers
@pytest.mark.parametrize("case", CASES, ids=str)
def test_same_answer(case: Case, servers: int, plain: psycopg.Connection[Any], over: Connection) -> None:
    assert_same_answer(case.over(servers), plain, over)


@over_servers
@pytest.mark.parametrize(
    "case", [case for case in CASES if not (case.fails or case.refused or case.any_rows)], ids=str
)
def test_same_rows_streamed(case: Case, plain: psycopg.Connection[Any], over: Connection) -> None:
    _, expected = answer(plain, case)
    rows = list(over.cursor().stream(case.text, case.parameters, size=3))
    if case.ordered:
        assert rows == expected
    else:
        assert counted(rows) == counted(expected)


@over_servers
@pytest.mark.parametrize("case", WRITES, ids=str)
def test_same_change(case: Case, servers: int, plain: psycopg.Connection[Any], filled: Cluster) -> None:
    case = case.over(servers)
    with plain.transaction(force_rollback=True), filled.connect() as over:
        try:
            if case.fails is not None or case.refused is not None:
                refuses_alike(case, plain, over)
            else:
                assert changed(over, case) == changed(plain, case)
                drawn = "random()" in case.text or "now()" in case.text
                assert tables(over, drawn) == tables(plain, drawn)
        finally:
            over.rollback()


def refuses_alike(case: Case, plain: psycopg.Connection[Any], over: Connection) -> None:
    """The cluster refuses the statement as its file says; what PostgreSQL refuses, it refuses with the same code."""
    with pytest.raises(psycopg.Error) as error:
        changed(over, case)
    if case.refused is not None:
        assert isinstance(error.value, errors.UnsupportedQuery)
        assert case.refused in str(error.value)
        return
    assert error.value.sqlstate == case.fails
    with pytest.raises(psycopg.Error) as one, plain.transaction():
        changed(plain, case)
    assert one.value.sqlstate == case.fails


def changed(connection: psycopg.Connection[Any], case: Case) -> tuple[int, list[str], Counter[str]]:
    """How many rows a statement changed, and what it returned."""
    cursor = connection.execute(case.text, case.parameters)
    rows = cursor.fetchall() if cursor.description else []
    return cursor.rowcount, [column.name for column in cursor.description or ()], counted(rows)


def tables(connection: psycopg.Connection[Any], drawn: bool) -> dict[str, Counter[str]]:
    """The rows of all tables; where a statement drew or took the time, without the columns that hold it."""
    found = {}
    for name in rows_of_tables():
        listed = "id, name, joined IS NULL, score IS NULL" if drawn and name == "users" else "*"
        found[name] = counted(connection.execute(f"SELECT {listed} FROM {name}").fetchall())
    return found


def test_every_file_has_cases() -> None:
    assert len(FILES) >= 3
    assert len(CASES) > 300
