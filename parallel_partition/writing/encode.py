r"""Rows to the text format of COPY, a column of many rows at a time.

Whole columns of exact ``str``, ``int``, ``float``, ``bool``, ``Decimal``, ``date`` and ``datetime``, and None,
go through functions of C (`map` over ``str``): a fifth to a tenth of what an adapter's call per value costs, and
the same text. Everything else is psycopg's to write.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from parallel_partition.writing.refusals import BadValue

NULL = "\\N"

#: A value's text, or None for NULL.
Dump = Callable[[Any], str | None]

_NONE = type(None)
_STR = frozenset({str})


def escaped(text: str) -> str:
    """``text`` as COPY's text format reads it back."""
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")


def _has_utf8(values: Sequence[str | None]) -> bool:
    """False when a text holds a lone surrogate, which is no character."""
    every = "".join(filter(None, values))
    try:
        return every.isascii() or bool(every.encode())
    except UnicodeEncodeError:
        return False


def _needs_escape(texts: Iterable[str]) -> bool:
    every = "".join(texts)
    return "\\" in every or "\n" in every or "\r" in every or "\t" in every


def column_texts(values: Sequence[Any], dump: Dump, column: str, *, json: bool = False) -> list[str]:
    """The fields of one column in COPY's text format.

    Parameters
    ----------
    values : the column's values, of any Python type that psycopg adapts
    dump : the text of a value that is none of the plain types
    column : the column's name, for errors
    json : the column holds JSON, whose booleans are not PostgreSQL's

    Raises
    ------
    BadValue : a value has no text
    """
    kinds = frozenset(map(type, values))
    plain = kinds - {_NONE}
    write = None if json and plain != _STR else _PLAIN.get(plain)
    if write is None or (write is _write_str and not _has_utf8(values)):
        return _each(values, dump, column)
    if plain and plain != kinds:
        present = iter(write([value for value in values if value is not None]))
        return [NULL if value is None else next(present) for value in values]
    return write(values)


def _write_str(values: Sequence[str]) -> list[str]:
    return list(map(escaped, values)) if _needs_escape(values) else list(values)


def _write_as_str(values: Sequence[Any]) -> list[str]:
    return list(map(str, values))


def _write_decimal(values: Sequence[Decimal]) -> list[str]:
    texts = list(map(str, values))
    if "N" not in "".join(texts):
        return texts
    # Python has several NaN, PostgreSQL one.
    return ["NaN" if value.is_nan() else text for value, text in zip(values, texts, strict=True)]


def _write_float(values: Sequence[float]) -> list[str]:
    if all(map(math.isfinite, values)):
        return list(map(repr, values))
    return [repr(value) if math.isfinite(value) else _not_finite(value) for value in values]


def _not_finite(value: float) -> str:
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _write_bool(values: Sequence[bool]) -> list[str]:
    return ["t" if value else "f" for value in values]


def _write_null(values: Sequence[Any]) -> list[str]:
    return [NULL] * len(values)


_PLAIN: dict[frozenset[type], Callable[[Sequence[Any]], list[str]]] = {
    _STR: _write_str,
    frozenset({int}): _write_as_str,
    frozenset({date}): _write_as_str,
    frozenset({datetime}): _write_as_str,
    frozenset({Decimal}): _write_decimal,
    frozenset({float}): _write_float,
    frozenset({bool}): _write_bool,
    frozenset(): _write_null,
}


def _each(values: Sequence[Any], dump: Dump, column: str) -> list[str]:
    texts = []
    for index, value in enumerate(values):
        try:
            text = dump(value)
        except Exception as error:  # an adapter may raise anything; the row and column are what helps
            raise BadValue(index, column, f"{_brief(value)} cannot be written: {error}") from error
        texts.append(NULL if text is None else escaped(text))
    return texts


def _brief(value: object) -> str:
    return f"{value!r:.60}"


def lines(columns: Sequence[Sequence[str]]) -> list[str]:
    """The rows, without line ends, of fields given by column."""
    return list(map("\t".join, zip(*columns, strict=True)))


def as_bytes(rows: Sequence[str]) -> bytes:
    """Lines as the bytes that COPY reads."""
    return ("\n".join(rows) + "\n").encode()


def drawn_texts(texts: Sequence[str | None]) -> list[str]:
    """The fields of a column whose values are PostgreSQL's own texts."""
    return [NULL if text is None else escaped(text) for text in texts]
