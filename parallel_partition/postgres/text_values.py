"""Python values as PostgreSQL's input texts, by psycopg's adapters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
from psycopg.adapt import PyFormat, Transformer
from psycopg.types.json import Json

#: Types whose values are written as JSON, when the column is.
_JSON_TYPES = ("json", "jsonb")
_AS_JSON = (dict, list, tuple, bool)


def text_dumper(connection: psycopg.Connection[Any], column_type: str) -> Callable[[Any], str | None]:
    """A function from a value to the text that a column of ``column_type`` reads; None is NULL.

    It raises `psycopg.Error` (``cannot adapt``) or the adapter's own error for a value that has no text. The
    connection gives its adapters and encoding; nothing is sent on it.
    """
    transformer = Transformer(connection)
    encoding = connection.info.encoding

    def dump(value: Any) -> str | None:
        if value is None:
            return None
        data = transformer.get_dumper(value, PyFormat.TEXT).dump(value)
        return None if data is None else bytes(data).decode(encoding)

    def dump_json(value: Any) -> str | None:
        return dump(Json(value) if isinstance(value, _AS_JSON) else value)

    return dump_json if column_type in _JSON_TYPES else dump
