"""Rows as a table, as CSV or as JSON. Values are PostgreSQL's own texts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Literal, get_args

import psycopg
from psycopg.types.string import TextLoader
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

Format = Literal["table", "csv", "json"]
FORMATS: tuple[Format, ...] = get_args(Format)

#: smallint, integer, bigint, real, double precision, numeric, oid
_NUMBERS = frozenset({21, 23, 20, 700, 701, 1700, 26})
_BOOLEAN = 16
#: json, jsonb
_DOCUMENTS = frozenset({114, 3802})
_NO_NUMBERS = frozenset({"NaN", "Infinity", "-Infinity"})

Row = Sequence[str | None]


def load_as_text(connection: psycopg.Connection[Any]) -> None:
    """Let a connection hand out all values as PostgreSQL writes them."""
    for type in psycopg.adapters.types:
        for oid in (type.oid, type.array_oid):
            if oid:
                connection.adapters.register_loader(oid, TextLoader)


def shown(columns: Sequence[psycopg.Column], rows: Sequence[Row], format: Format) -> str:
    """The rows of a result as text, without a line end behind the last line."""
    if format == "csv":
        return "\n".join([_csv([column.name for column in columns]), *map(_csv, rows)])
    if format == "json":
        return _json(columns, rows)
    return table(
        [column.name for column in columns],
        rows,
        right={place for place, column in enumerate(columns) if column.type_code in _NUMBERS},
    )


def table(names: Sequence[str], rows: Sequence[Row], right: set[int] | None = None) -> str:
    """Rows below their names; no value is cut, however wide the terminal is."""
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for place, name in enumerate(names):
        made.add_column(Text(name), justify="right" if place in (right or ()) else "left", no_wrap=True)
    for row in rows:
        made.add_row(*(Text("NULL", style="dim") if value is None else Text(value) for value in row))
    console = Console(width=1_000_000, highlight=False)
    with console.capture() as captured:
        console.print(made)
    return "\n".join(line.rstrip() for line in captured.get().splitlines())


def _csv(row: Row) -> str:
    """A line of CSV as PostgreSQL's COPY writes it: NULL is nothing, the empty text is quoted."""
    return ",".join("" if value is None else _quoted(value) for value in row)


def _quoted(value: str) -> str:
    if value and not any(character in value for character in '",\n\r') and value != "\\.":
        return value
    return '"' + value.replace('"', '""') + '"'


def _json(columns: Sequence[psycopg.Column], rows: Sequence[Row]) -> str:
    """An array of objects, one in a line."""
    names = [json.dumps(column.name, ensure_ascii=False) for column in columns]
    lines = [
        "{"
        + ", ".join(
            f"{name}: {_json_value(value, column.type_code)}"
            for name, column, value in zip(names, columns, row, strict=True)
        )
        + "}"
        for row in rows
    ]
    return "[" + ",\n ".join(lines) + "]"


def _json_value(value: str | None, oid: int) -> str:
    if value is None:
        return "null"
    if oid == _BOOLEAN:
        return "true" if value == "t" else "false"
    if oid in _DOCUMENTS or (oid in _NUMBERS and value not in _NO_NUMBERS):
        return value
    return json.dumps(value, ensure_ascii=False)
