"""Compares what a plain PostgreSQL and a cluster answer to one statement."""

from __future__ import annotations

from collections import Counter
from typing import Any

import psycopg
import pytest

from parallel_partition import errors
from tests.cluster.differential_cases import Case

Row = tuple[Any, ...]
Connection = psycopg.Connection[Any]
#: Types from here on, such as the row types of tables, have another OID in each database.
FIRST_OWN_OID = 16_384


def assert_same_answer(case: Case, plain: Connection, over: Connection) -> None:
    """Names, types, rows and their order are equal; what PostgreSQL refuses is refused with the same code.

    Parameters
    ----------
    case : the statement, with what is expected of it
    plain : to one PostgreSQL with all rows
    over : to a cluster with the same rows
    """
    if case.fails is not None:
        assert_fails_alike(case, plain, over)
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
        assert_rows_without_limit(case, plain, rows, expected[1])
    elif case.ordered:
        assert rows == expected[1]
    else:
        assert counted(rows) == counted(expected[1])


def assert_fails_alike(case: Case, plain: Connection, over: Connection) -> None:
    """PostgreSQL refuses the statement with the code that its file says, and so does the cluster."""
    for connection in (plain, over):
        with pytest.raises(psycopg.Error) as error:
            answer(connection, case)
        assert error.value.sqlstate == case.fails


def assert_rows_without_limit(case: Case, plain: Connection, rows: list[Row], expected: list[Row]) -> None:
    """As many rows as expected, each of them a row of the statement without its LIMIT."""
    all_rows = plain.execute(case.text.partition(" LIMIT")[0].encode()).fetchall()
    assert len(rows) == len(expected)
    assert not counted(rows) - counted(all_rows)


def answer(connection: Connection, case: Case) -> tuple[list[Row], list[Row]]:
    """The names and types of a statement's columns, and its rows."""
    cursor = connection.execute(case.text.encode(), case.parameters)
    return [described(column) for column in cursor.description or ()], cursor.fetchall()


def described(column: psycopg.Column) -> Row:
    """A column's name, type and what the type has in parentheses."""
    type = min(column.type_code, FIRST_OWN_OID)
    return column.name, type, column.display_size, column.precision, column.scale


def counted(rows: list[Row]) -> Counter[str]:
    """How often each row occurs; values such as lists have no hash, but one ``repr``."""
    return Counter(map(repr, rows))
