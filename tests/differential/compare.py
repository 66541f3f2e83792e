"""Whether two answers to one statement are the same: columns, types, rows, order, count."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import psycopg

from parallel_partition import errors
from tests.differential.queries import Query

#: Types from here on, such as the row types of tables, have another OID in each database.
FIRST_OWN_OID = 16_384
#: Sums of floating-point numbers depend on the order of rows.
FLOAT_TOLERANCE = 1e-12
REFUSED = "refused"

_GROUPING_SETS = re.compile(r"\b(GROUPING SETS|ROLLUP|CUBE)\b")

Row = tuple[Any, ...]
Cursor = psycopg.Cursor[Any]


@dataclass(frozen=True)
class Answer:
    """What a statement gave: described columns and rows, or the SQLSTATE of its error (`REFUSED` for a refusal)."""

    columns: tuple[tuple[Any, ...], ...] = ()
    rows: tuple[Row, ...] = ()
    count: int = -1
    tag: str | None = None
    error: str | None = None


def answer(cursor: Cursor, text: str, parameters: Any = None, *, binary: bool = False) -> Answer:
    """Run a statement and keep all that it says."""
    try:
        cursor.execute(text.encode(), parameters, binary=binary)
        rows = tuple(cursor.fetchall()) if cursor.description else ()
    except errors.UnsupportedQuery:
        return Answer(error=REFUSED)
    except psycopg.Error as error:
        return Answer(error=error.sqlstate or repr(error))
    # Precision and scale are left out: PostgreSQL's own depend on how it plans, as in coalesce(x, NULL).
    columns = tuple(
        (one.name, min(one.type_code, FIRST_OWN_OID), one.internal_size) for one in cursor.description or ()
    )
    return Answer(columns, rows, cursor.rowcount, cursor.statusmessage)


# --- queries --------------------------------------------------------------------------------------------------------


def compare(query: Query, plain: Cursor, over: Cursor) -> str | None:
    """Run a query on both; `REFUSED`, how the answers differ, or None where they are the same."""
    found = answer(over, query.text, query.parameters, binary=query.binary)
    if found.error == REFUSED:
        return REFUSED
    expected = answer(plain, query.text, query.parameters, binary=query.binary)
    sorts = not _may_sort_wrongly(plain, query.text)
    ordered, sorted_by = (query.ordered, query.sorted_by) if sorts else (False, ())
    if query.unlimited is None or expected.error or found.error:
        return difference(expected, found, ordered=ordered, sorted_by=sorted_by, any_scale=query.any_scale)
    every = answer(plain, query.unlimited, query.parameters, binary=query.binary)
    # Without its LIMIT a statement may fail at a row that it does not come to.
    if every.error is None and not among(found.rows, every.rows):
        return f"rows: {_shown(found.rows)} are not all among {_shown(every.rows)}"
    # Any rows may be left by LIMIT, but what they are sorted by is the same.
    return _same_but_rows(expected, found) or _sorted_alike(expected, found, sorted_by)


def _may_sort_wrongly(cursor: Cursor, text: str) -> bool:
    """Tell whether PostgreSQL itself may leave rows unsorted.

    Before 18 it takes a column that grouping sets show as NULL for equal to what it is joined with, and for the
    constant that it is grouped with, and leaves it out of the sort; which rows come first then depends on its plan.
    """
    return cursor.connection.info.server_version < 180_000 and _GROUPING_SETS.search(text) is not None


def difference(
    expected: Answer,
    found: Answer,
    *,
    ordered: bool = False,
    sorted_by: Sequence[int] = (),
    any_scale: bool = False,
) -> str | None:
    """Say how two answers differ; None when they are the same.

    Parameters
    ----------
    ordered : rows come in one order only
    sorted_by : the output columns that rows are sorted by, 0-based; rows that tie there may come in any order
    any_scale : equal numerics may be shown with any scale, as where one of several equal ones stands for all
    """
    if ordered:
        same = _alike(expected.rows, found.rows, any_scale)
    else:
        same = same_rows(expected.rows, found.rows, any_scale=any_scale)
    rows = None if same else f"rows: {_shown(found.rows)}, not {_shown(expected.rows)}"
    return _same_but_rows(expected, found) or rows or _sorted_alike(expected, found, sorted_by)


def _same_but_rows(expected: Answer, found: Answer) -> str | None:
    for name in ("error", "columns", "count", "tag"):
        one, other = getattr(expected, name), getattr(found, name)
        if one != other:
            return f"{name}: {other!r}, not {one!r}"
    return None


def _sorted_alike(expected: Answer, found: Answer, places: Sequence[int]) -> str | None:
    one, other = ([[row[place] for place in places] for row in answer.rows] for answer in (expected, found))
    return None if _alike(one, other, any_scale=True) else f"order: {_shown(other)}, not {_shown(one)}"


# --- rows -----------------------------------------------------------------------------------------------------------


def same_rows(expected: Sequence[Row], found: Sequence[Row], *, any_scale: bool = False) -> bool:
    """Tell whether two answers have the same rows, each as often, in whatever order."""
    if Counter(map(repr, expected)) == Counter(map(repr, found)):
        return True
    return _alike(sorted(expected, key=_rough), sorted(found, key=_rough), any_scale)


def among(rows: Sequence[Row], all_rows: Sequence[Row]) -> bool:
    """Tell whether rows are some of ``all_rows``, none more often than there; numerics by value."""
    return not Counter(map(_rough, rows)) - Counter(map(_rough, all_rows))


def _rough(row: Row) -> str:
    """A text that equal values share, whatever their scale or last digits."""
    return repr([_rough_value(value) for value in row])


def _rough_value(value: Any) -> Any:
    if isinstance(value, Decimal):
        return "numeric", str(value.normalize() + 0) if value.is_finite() else str(value)
    if isinstance(value, float):
        return "float", f"{value + 0.0:.9g}"
    return value


def _alike(expected: Sequence[Sequence[Any]], found: Sequence[Sequence[Any]], any_scale: bool) -> bool:
    return len(expected) == len(found) and all(
        len(one) == len(other)
        and all(_same(left, right, any_scale) for left, right in zip(one, other, strict=True))
        for one, other in zip(expected, found, strict=True)
    )


def _same(one: Any, other: Any, any_scale: bool) -> bool:
    if type(one) is not type(other):
        return False
    if isinstance(one, float):
        return math.isclose(one, other, rel_tol=FLOAT_TOLERANCE) or (math.isnan(one) and math.isnan(other))
    if isinstance(one, Decimal):
        return repr(one) == repr(other) or (any_scale and one == other)
    return bool(one == other)


def _shown(rows: Sequence[Any]) -> str:
    return f"{len(rows)} rows {rows[:12]!r}{' ...' if len(rows) > 12 else ''}"
