"""SQLAlchemy's ``Table`` as the statements that create it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parallel_partition.planning.declare_table import Declaration, read_declaration

if TYPE_CHECKING:
    from sqlalchemy import Table


def declaration_of(table: str | Table) -> Declaration:
    """Read a CREATE TABLE statement, or what SQLAlchemy would send for a table and its indexes.

    Raises
    ------
    TypeError : it is neither
    errors.UnsupportedTable : as `read_declaration` raises
    """
    if isinstance(table, str):
        return read_declaration(table)
    from sqlalchemy import Table
    from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
    from sqlalchemy.schema import CreateIndex, CreateTable

    if not isinstance(table, Table):
        raise TypeError(
            f"table is a CREATE TABLE statement or a sqlalchemy.Table, not {type(table).__qualname__}"
        )
    # With this style a percent sign stays one: the texts are sent without parameters.
    dialect = PGDialect_psycopg(paramstyle="named")  # type: ignore[no-untyped-call]
    indexes = sorted(table.indexes, key=lambda index: str(index.name))
    return read_declaration(
        str(CreateTable(table).compile(dialect=dialect)),
        tuple(str(CreateIndex(index).compile(dialect=dialect)) for index in indexes),
    )
