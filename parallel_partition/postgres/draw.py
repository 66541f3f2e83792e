"""Values that PostgreSQL makes for rows: a sequence's next numbers, a default that is no constant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import tuple_row

from parallel_partition.catalog.tables import Column


def draw(
    connection: psycopg.Connection[Any], columns: Sequence[Column], count: int
) -> list[tuple[str | None, ...]]:
    """The texts of ``count`` rows of values for ``columns``, each column's from its sequence or by its default.

    The default's text is PostgreSQL's own, as the catalog's server prints it; a bytea or float in it keeps
    all of its value as a text whatever the session's settings are.
    """
    values = sql.SQL(", ").join(
        sql.SQL("({})::pg_catalog.text").format(_expression(column)) for column in columns
    )
    query = sql.SQL("SELECT {} FROM pg_catalog.generate_series(1, {})").format(values, sql.Literal(count))
    with connection.cursor(row_factory=tuple_row) as cursor:
        return cursor.execute(query).fetchall()


def _expression(column: Column) -> sql.Composable:
    if column.sequence is not None:
        return sql.SQL("pg_catalog.nextval({})").format(sql.Literal(column.sequence))
    if column.default is None:
        raise ValueError(f"column {column.name} has neither a sequence nor a default")
    # The catalog's server printed this text itself, from the parsed default.
    return sql.SQL(column.default)
