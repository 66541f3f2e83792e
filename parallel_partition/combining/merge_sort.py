"""The order of rows that several servers sorted, where Python's order is PostgreSQL's.

Values arrive as PostgreSQL's text. `python_values` turns a column into values that Python compares exactly as
PostgreSQL does, or says that it cannot; then the merge session sorts instead.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

_INTEGERS = frozenset({20, 21, 23, 26})  # bigint, smallint, integer, oid
_NUMERIC = 1700
_FLOATS = frozenset({700, 701})
_BOOLEAN = 16
_UUID = 2950
_TEXTS = frozenset({25, 1043})  # text, varchar: bytewise under collation "C" only
_DATES = frozenset({1082, 1114})  # date, timestamp without time zone

#: ISO dates of four-digit years sort as their text does; others ("infinity", BC, five digits) do not.
_ISO_DATE = re.compile(rb"\d{4}-\d\d-\d\d(?: \d\d:\d\d:\d\d(?:\.\d+)?)?\Z")
_C_COLLATIONS = frozenset(
    {'"C"', '"POSIX"', '"ucs_basic"', "C", "POSIX", "ucs_basic", "pg_c_utf8", '"pg_c_utf8"'}
)

Value = bytes | None


@dataclass(frozen=True, slots=True)
class Direction:
    """How one column sorts."""

    descending: bool = False
    nulls_first: bool = False


def python_values(oid: int, collation: str | None, values: Sequence[Value]) -> list[Any] | None:
    """The column's values as Python compares them, or None when its order is not proven to be PostgreSQL's.

    Parameters
    ----------
    oid : the column's type
    collation : its collation, None for the database's default
    values : the values in text form, None for NULL
    """
    convert = _conversion(oid, collation, values)
    if convert is None:
        return None
    return [None if value is None else convert(value) for value in values]


def _conversion(oid: int, collation: str | None, values: Sequence[Value]) -> Callable[[bytes], Any] | None:
    if oid in _INTEGERS:
        return int
    if oid == _NUMERIC and not any(value is not None and value[-1:] in b"Ny" for value in values):
        return lambda value: Decimal(value.decode())  # NaN and Infinity end in N and y
    if oid in _FLOATS and b"NaN" not in values:
        return float
    if oid in (_BOOLEAN, _UUID) or (oid in _TEXTS and collation in _C_COLLATIONS):
        return bytes
    if oid in _DATES and all(value is None or _ISO_DATE.match(value) for value in values):
        return bytes
    return None


def permutation(columns: Sequence[Sequence[Any]], directions: Sequence[Direction]) -> list[int]:
    """The order in which rows 0..n-1 come, rows that tie keeping their order.

    Parameters
    ----------
    columns : the sort columns, the first sorts first; None for NULL
    directions : how each sorts

    The input is a few runs that are sorted already, which Python's sort finds and merges.
    """
    order = list(range(len(columns[0])))
    for values, direction in reversed(list(zip(columns, directions, strict=True))):
        if None not in values:
            order.sort(key=values.__getitem__, reverse=direction.descending)
            continue
        null_rank = 0 if direction.nulls_first != direction.descending else 2
        ranked = [(null_rank, None) if value is None else (1, value) for value in values]
        order.sort(key=ranked.__getitem__, reverse=direction.descending)
    return order
