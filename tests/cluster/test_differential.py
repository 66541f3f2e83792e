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
from tests.fix_clusters import MakeCluster
from tests.fix_differential import over_servers

FILES = sorted((Path(__file__).parent / "differential").glob("*.sql"))
#: Types from here on, such as the row types of tables, have another OID in each database.
FIRST_OWN_OID = 16_384
CASES = [case for file in FILES if file.name != "writes.sql" for case in read_cases(file)]
WRITES = list(read_cases(Path(__file__).parent / "differential" / "writes.sql"))


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


def answer(connection: psycopg.Connection[Any], case: Case) -> tuple[list[Any], list[tuple[Any, ...]]]:
    """The names and types of a statement's columns, and its rows."""
    cursor = connection.execute(case.text, case.parameters)
    return [described(column) for column in cursor.description or ()], cursor.fetchall()


def described(column: psycopg.Column) -> tuple[Any, ...]:
    """A column's name, type and what the type has in parentheses."""
    type = min(column.type_code, FIRST_OWN_OID)
    return column.name, type, column.display_size, column.precision, column.scale


@over_servers
@pytest.mark.parametrize("case", CASES, ids=str)
def test_same_answer(case: Case, servers: int, plain: psycopg.Connection[Any], over: Connection) -> None:
    case = case.over(servers)
    if case.fails is not None:
        with pytest.raises(psycopg.Error) as one:
            answer(plain, case)
        assert one.value.sqlstate == case.fails
        with pytest.raises(psycopg.Error) as many:
            answer(over, case)
        assert many.value.sqlstate == case.fails
        return
    expected = answer(plain, case)
    if case.refused is not None:
        with pytest.raises(errors.UnsupportedQuery) as refusal:
            answer(over, case)
        assert case.refused in str(refusal.value)
        return
    columns, rows = answer(over, case)
    assert columns == expected[0]
    if case.any_answer:
        return
    if case.any_rows:
        same_rows_without_limit(case, plain, rows, expected[1])
    elif case.ordered:
        assert rows == expected[1]
    else:
        assert counted(rows) == counted(expected[1])


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


def same_rows_without_limit(
    case: Case, plain: psycopg.Connection[Any], rows: list[tuple[Any, ...]], expected: list[tuple[Any, ...]]
) -> None:
    """As many rows as expected, each of them a row of the statement without its LIMIT."""
    all_rows = plain.execute(case.text.partition(" LIMIT")[0].encode()).fetchall()
    assert len(rows) == len(expected)
    assert not counted(rows) - counted(all_rows)


def counted(rows: list[tuple[Any, ...]]) -> Counter[str]:
    """How often each row occurs; values such as lists have no hash, but one ``repr``."""
    return Counter(map(repr, rows))


def test_every_file_has_cases() -> None:
    assert len(FILES) >= 3
    assert len(CASES) > 300
