"""A table as PostgreSQL describes it."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.rows import dict_row

from parallel_partition.catalog.declaration import (
    DeclaredColumn,
    DeclaredConstraint,
    DeclaredIndex,
    DeclaredSequence,
    DeclaredTable,
)
from parallel_partition.postgres.named_sql import load

_SQL = load("introspect")


def described(connection: psycopg.Connection[Any], table: str) -> DeclaredTable:
    """Describe a table.

    Parameters
    ----------
    connection : in a transaction whose search_path is pinned, so that every name in the description is
        qualified
    table : its name, quoted and qualified, or its OID
    """
    [head] = _rows(connection, "table", table)
    return DeclaredTable(
        **head,
        columns=tuple(_column(found) for found in _rows(connection, "columns", table)),
        constraints=tuple(
            DeclaredConstraint(**found | {"columns": tuple(found["columns"])})
            for found in _rows(connection, "constraints", table)
        ),
        indexes=tuple(
            DeclaredIndex(**found | {"columns": tuple(found["columns"])})
            for found in _rows(connection, "indexes", table)
        ),
    )


def _rows(connection: psycopg.Connection[Any], statement: str, table: str) -> list[dict[str, Any]]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(_SQL[statement], {"table": table}).fetchall()


def _column(found: dict[str, Any]) -> DeclaredColumn:
    sequence = found["sequence"]
    return DeclaredColumn(**found | {"sequence": DeclaredSequence(**sequence) if sequence else None})
