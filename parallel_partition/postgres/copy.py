"""COPY FROM STDIN on one server, a chunk of rows at a time, and which row PostgreSQL refused."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql

from parallel_partition import errors
from parallel_partition.postgres.driver_errors import as_driver_error, known_at

#: SQLSTATE classes that are about the operation or the session, never about a row.
_NOT_A_ROW = ("08", "25", "40", "53", "57", "58", "F0", "PP", "XX")
#: Data and integrity errors are about a row even where PostgreSQL does not say which.
_ALWAYS_A_ROW = ("22", "23")
_COPY_LINE = re.compile(r"\D*(?P<line>\d+)(?:, ?\S+ \"?(?P<column>.*))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class CopyFormat:
    """What the bytes of a chunk are: PostgreSQL's text format, or CSV as its options say.

    ``delimiter``, ``quote`` and ``null`` are for CSV only; bytes are always UTF-8.
    """

    csv: bool = False
    delimiter: str = ","
    quote: str = '"'
    null: str = ""

    def options(self) -> sql.Composable:
        """The options of COPY."""
        if not self.csv:
            return sql.SQL("ENCODING 'UTF8'")
        return sql.SQL("ENCODING 'UTF8', FORMAT csv, DELIMITER {}, QUOTE {}, NULL {}").format(
            sql.Literal(self.delimiter), sql.Literal(self.quote), sql.Literal(self.null)
        )


TEXT = CopyFormat()


def copy_statement(schema: str, relation: str, columns: Sequence[str], form: CopyFormat) -> bytes:
    """COPY ... FROM STDIN for the named columns of a table."""
    return (
        sql.SQL("COPY {}.{} ({}) FROM STDIN WITH ({})")
        .format(
            sql.Identifier(schema),
            sql.Identifier(relation),
            sql.SQL(", ").join(map(sql.Identifier, columns)),
            form.options(),
        )
        .as_bytes(None)
    )


@dataclass(slots=True, eq=False)
class CopyChunk:
    """Rows for one table of one server.

    ``pieces`` are the bytes, ``rows`` how many rows they are; ``relation`` and ``columns`` are as in
    ``statement``, to recognise them in PostgreSQL's messages. ``source`` is the sender's own: where the rows
    came from.
    """

    statement: bytes
    relation: str
    columns: Sequence[str]
    pieces: list[bytes]
    rows: int
    source: Any = field(default=None)


class CopyRefused(Exception):
    """PostgreSQL refused a row of a chunk.

    ``line`` is the line of the chunk, from 1, as COPY counts: by line ends, also by those inside quotes;
    None where PostgreSQL names none. ``column`` likewise.
    """

    def __init__(self, chunk: CopyChunk, server: str, error: psycopg.Error) -> None:
        self.chunk, self.server = chunk, server
        self.line, self.column = refused_place(chunk, error.diag.context or "")
        self.column = self.column or error.diag.column_name or _column_of_bad_format(chunk, error)
        self.message = ": ".join(filter(None, (error.diag.message_primary, error.diag.message_detail)))
        super().__init__(f"{server}: {self.message}")


def copy_in(connection: psycopg.Connection[Any], server: str, chunk: CopyChunk) -> None:
    """Send a chunk to its table.

    Raises
    ------
    CopyRefused : a row cannot be written
    psycopg.Error : something else about the server; it knows its server
    """
    try:
        with connection.cursor() as cursor:
            with cursor.copy(chunk.statement) as copy:
                for piece in chunk.pieces:
                    copy.write(piece)
            taken = cursor.rowcount
    except psycopg.Error as error:
        if _is_about_a_row(error):
            raise CopyRefused(chunk, server, error) from error
        raise known_at(error, server) from error
    if taken != chunk.rows:
        message = (
            f"server {server} took {taken} rows for the {chunk.rows} that were sent to {chunk.relation}: the "
            "data is read there in another way than here, or a trigger leaves rows out"
        )
        raise as_driver_error(errors.InternalError(message).at(server))


def _is_about_a_row(error: psycopg.Error) -> bool:
    state = error.sqlstate or "08"
    if state.startswith(_ALWAYS_A_ROW):
        return True
    return (
        not state.startswith(_NOT_A_ROW) and error.diag.context is not None and "COPY" in error.diag.context
    )


def refused_place(chunk: CopyChunk, context: str) -> tuple[int | None, str | None]:
    """Line and column in an error's context, in any language: ``COPY t, line 3, column price: "x"``."""
    for said in context.splitlines():
        _, found, rest = said.partition(chunk.relation)
        if found and "COPY" in said and (numbered := _COPY_LINE.match(rest)):
            return int(numbered["line"]), _named_first(numbered["column"] or "", chunk.columns)
    return None, None


def _named_first(text: str, columns: Sequence[str]) -> str | None:
    """The column whose name ``text`` begins with, up to a colon or the end."""
    named = [
        name for name in columns if text.startswith(name) and text[len(name) :].lstrip(' "')[:1] in ("", ":")
    ]
    return max(named, key=len, default=None)


def _column_of_bad_format(chunk: CopyChunk, error: psycopg.Error) -> str | None:
    """The column of ``missing data for column "price"``."""
    if not isinstance(error, psycopg.errors.BadCopyFileFormat):
        return None
    return next((name for name in chunk.columns if f'"{name}"' in (error.diag.message_primary or "")), None)
