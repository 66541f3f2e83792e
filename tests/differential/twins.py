"""Two cursors, or two connections, that are told the same: one of plain psycopg's and one over a cluster."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

from psycopg.errors import InFailedSqlTransaction, InvalidSqlStatementName
from psycopg.rows import tuple_row

from parallel_partition import errors
from tests.differential.compare import FIRST_OWN_OID

Call = Callable[[Any], Any]


class Refused(Exception):
    """The cluster does not answer this, and says why; plain psycopg was not asked."""


def shown(row: Any) -> tuple[str, Any]:
    """A row as something that compares: what kind it is, and its names or values."""
    if isinstance(row, SimpleNamespace):
        return "namespace", repr(sorted(vars(row).items()))
    if isinstance(row, tuple) and hasattr(row, "_fields"):
        return f"named {row._fields}", repr(tuple(row))
    return type(row).__name__, repr(row)


def outcome(call: Call, target: Any) -> tuple[Any, BaseException | None]:
    """What a call returns, or the exception that it raises."""
    try:
        return call(target), None
    except Exception as error:
        return None, error


class Failed(Exception):
    """Both failed, and in the same way."""


def same_call(call: Call, plain: Any, over: Any) -> tuple[Any, Any]:
    """Call the cluster's, then plain psycopg's, and return what plain psycopg and the cluster say.

    Raises
    ------
    Refused : the cluster refused it
    Failed : both failed
    AssertionError : one of them failed, or both in different ways
    """
    found, error = outcome(call, over)
    if isinstance(error, errors.UnsupportedQuery):
        raise Refused(str(error)) from error
    expected, wanted = outcome(call, plain)
    same_error(wanted, error)
    if wanted is not None:
        raise Failed(repr(wanted))
    return expected, found


def same_error(wanted: BaseException | None, error: BaseException | None) -> None:
    """Two errors are the same where code for one catches the other."""
    if wanted is None or error is None:
        if wanted is not error:
            raise AssertionError(f"{error!r}, not {wanted!r}") from error
        return
    if isinstance(wanted, InvalidSqlStatementName) and isinstance(error, InFailedSqlTransaction):
        return  # psycopg takes for prepared what it has sent in a failed transaction
    caught = isinstance(error, type(wanted)) and getattr(error, "sqlstate", 0) == getattr(
        wanted, "sqlstate", 0
    )
    if not caught:
        raise AssertionError(f"{error!r}, not {wanted!r}") from error


def cursor_state(cursor: Any) -> dict[str, Any]:
    """All that a cursor says of itself."""
    result = cursor.pgresult
    return {
        "rowcount": cursor.rowcount,
        "statusmessage": cursor.statusmessage,
        "rownumber": cursor.rownumber,
        "description": None if cursor.description is None else list(map(_column, cursor.description)),
        "status": None if result is None else result.status,
        "closed": cursor.closed,
        "format": cursor.format,
        "arraysize": cursor.arraysize,
    }


def _column(column: Any) -> tuple[Any, ...]:
    return (
        column.name,
        min(column.type_code, FIRST_OWN_OID),
        column.internal_size,
        column.display_size,
        column.precision,
        column.scale,
    )


def connection_state(connection: Any) -> dict[str, Any]:
    """What a connection says of its transaction."""
    return {
        "transaction": connection.info.transaction_status,
        "autocommit": connection.autocommit,
        "isolation": connection.isolation_level,
        "read only": connection.read_only,
        "closed": connection.closed,
    }


class Cursors:
    """The same cursor twice. Rows of queries without an order are compared once both have given all of them."""

    def __init__(self, plain: Any, over: Any) -> None:
        self.plain = plain
        self.over = over
        self.begin(ordered=True)

    def begin(self, *, ordered: bool) -> None:
        """Forget the rows of the query before."""
        self.ordered = ordered
        self._seen: tuple[list[Any], list[Any]] = ([], [])
        self._kinds: set[str] = set()
        self._whole = True

    def moved(self) -> None:
        """The rows are not read one after another."""
        self._whole = False

    def fetched(self, expected: list[Any], found: list[Any]) -> None:
        """Compare rows: now where they have an order, else when there are no more of them."""
        one, other = list(map(shown, expected)), list(map(shown, found))
        if self.ordered:
            assert other == one, f"{other}, not {one}"
            return
        assert [kind for kind, _ in other] == [kind for kind, _ in one]
        self._kinds.update(kind for kind, _ in one)
        self._seen[0].extend(values for _, values in one)
        self._seen[1].extend(values for _, values in other)
        all_seen = self._whole and self.plain.rownumber == self.plain.rowcount == len(self._seen[0])
        if all_seen and len(self._kinds) == 1:
            assert Counter(self._seen[1]) == Counter(self._seen[0])

    def same_state(self) -> None:
        """Both must say the same of themselves."""
        one, other = cursor_state(self.plain), cursor_state(self.over)
        assert other == one, (
            f"{ {name: (other[name], one[name]) for name in one if other[name] != one[name]} }"
        )

    def forget(self) -> None:
        """Make plain psycopg's cursor what the other one is after a refusal: one without a result."""
        self.plain._reset()
        self.plain._last_query = None
        self.begin(ordered=True)


def all_rows(connection: Any, names: tuple[str, ...]) -> Iterator[tuple[str, list[str]]]:
    """The rows of tables as a connection sees them."""
    for name in names:
        with connection.cursor(row_factory=tuple_row) as cursor:
            yield name, sorted(map(repr, cursor.execute(f"SELECT * FROM {name}")))
