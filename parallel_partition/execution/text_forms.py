"""Dates and times that travel as text, or are sorted by it, in a DateStyle in which texts say less than the values.

In any but ISO a time is written with the name of its zone, which may stand for several offsets or for none that is
read back. So keys of such types are fetched in binary form beside what the caller sees, and what can only travel as
text with such values inside is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from psycopg.pq.abc import PGresult

from parallel_partition import errors
from parallel_partition.catalog.identifiers import quoted
from parallel_partition.execution.transaction import Transaction
from parallel_partition.planning.plan import SortKey
from parallel_partition.planning.tokens import scan
from parallel_partition.postgres.binary_array import text_array
from parallel_partition.postgres.driver_errors import as_driver_error
from parallel_partition.postgres.named_sql import load
from parallel_partition.postgres.session import Session
from parallel_partition.statements import Parameter, Parameters, Statement

_LOSES = load("text_forms")["loses_as_text"].encode()
_NAMES = b"SELECT pg_catalog.format_type(t.oid, NULL) FROM pg_catalog.unnest($1::oid[]) AS t(oid)"
_OID_ARRAY = 1028

#: Types by number: the name of each, and the function that gives its binary form.
_DATES = {
    1082: ("date", "date_send"),
    1114: ("timestamp", "timestamp_send"),
    1184: ("timestamptz", "timestamptz_send"),
    1186: ("interval", "interval_send"),
    3908: ("tsrange", "range_send"),
    3910: ("tstzrange", "range_send"),
    3912: ("daterange", "range_send"),
    4533: ("tsmultirange", "multirange_send"),
    4534: ("tstzmultirange", "multirange_send"),
    4535: ("datemultirange", "multirange_send"),
}
#: Types whose values are whole numbers in binary: days, microseconds.
_NUMBERS = frozenset({1082, 1114, 1184})
#: Types with no dates inside: booleans, floats, integers, texts, numeric, uuid, bytea, jsonb, times of a day.
_PLAIN = frozenset({16, 17, 18, 19, 20, 21, 23, 25, 26, 700, 701, 1042, 1043, 1083, 1266, 1700, 2950, 3802})

SENT_NAMES = {oid: f"pg_catalog.{name}" for oid, (name, _) in _DATES.items()}


def sent_numbers(oid: int, values: Iterable[bytes | None]) -> list[int | None] | None:
    """The values of a type in binary as numbers that sort as they do; None where they have none."""
    if oid not in _NUMBERS:
        return None
    return [None if value is None else int.from_bytes(value, "big", signed=True) for value in values]


def _writes_iso(session: Session) -> bool:
    """Tell whether dates and intervals are written plainly: the server reports it of its own accord."""
    told = session.connection.pgconn.parameter_status
    return (told(b"DateStyle") or b"").startswith(b"ISO") and told(b"IntervalStyle") == b"postgres"


def require_whole(transaction: Transaction, types: Sequence[str]) -> None:
    """Make sure that values of ``types`` lose nothing on their way as text.

    Raises
    ------
    errors.UnsupportedQuery : they may, under the caller's settings
    """
    server = transaction.router.state.catalog
    if not types or _writes_iso(transaction.session(server)):
        return
    found = transaction.aside(server, Statement(_LOSES, (text_array(types),), prepare=True))
    if found.ntuples:
        name = (found.get_value(0, 0) or b"").decode()
        message = (
            f"a value of type {name} has to travel as text between servers, and in this connection's DateStyle the "
            "text of a date or time in it is not read alike by all of them; SET DateStyle TO ISO"
        )
        raise as_driver_error(errors.UnsupportedQuery(message))


def with_exact_keys(
    transaction: Transaction, statement: Statement, order: tuple[SortKey, ...], hidden: int, server: str
) -> tuple[Statement, tuple[SortKey, ...], int]:
    """The statement with keys in binary form behind its columns, where the texts of its rows do not tell the order.

    Parameters
    ----------
    statement : what each server is asked
    order : the order of its rows, by their columns
    hidden : how many of its last columns are not shown
    server : one of those asked

    Returns
    -------
    statement, order and hidden

    Raises
    ------
    errors.UnsupportedQuery : a key's type has such values inside
    psycopg.Error : what the server said of the statement
    """
    if not order or statement.result_format or _writes_iso(transaction.session(server)):
        return statement, order, hidden
    transaction.refuse_when_failed()
    session = transaction.session(server)
    given = transaction.router.types.for_server(statement, server, transaction.aside)
    described = transaction.describe(session, given.text, Parameters.of(given.parameters).types)
    oids = [described.ftype(key.column) for key in order]
    others = {oid for oid in oids if oid not in _DATES and oid not in _PLAIN}
    if others:
        require_whole(transaction, _names(transaction, server, others))
    sent = [oid in _DATES for oid in oids]
    if not any(sent):
        return statement, order, hidden
    text, keys = _with_keys(_bare(statement.text), described, order, oids)
    return statement._replace(text=text), keys, hidden + sum(sent)


def _with_keys(
    text: bytes, described: PGresult, order: Sequence[SortKey], oids: Sequence[int]
) -> tuple[bytes, tuple[SortKey, ...]]:
    columns = range(1, described.nfields + 1)
    listed = [f"q.c{n} AS {quoted((described.fname(n - 1) or b'').decode())}" for n in columns]
    keys = []
    for key, oid in zip(order, oids, strict=True):
        if oid in _DATES:
            listed.append(f"pg_catalog.encode(pg_catalog.{_DATES[oid][1]}(q.c{key.column + 1}), 'hex')")
            keys.append(replace(key, column=len(listed) - 1, sent=oid))
        else:
            keys.append(key)
    names = ", ".join(f"c{n}" for n in columns)
    before, after = f"SELECT {', '.join(listed)} FROM (", f"\n) AS q({names})"  # noqa: S608 - identifiers, quoted
    return before.encode() + text + after.encode(), tuple(keys)


def _names(transaction: Transaction, server: str, oids: Iterable[int]) -> list[str]:
    listed = Parameter(b"{%s}" % b",".join(b"%d" % oid for oid in oids), _OID_ARRAY, 0)
    found = transaction.aside(server, Statement(_NAMES, (listed,), prepare=True))
    return [(found.get_value(row, 0) or b"").decode() for row in range(found.ntuples)]


def _bare(text: bytes) -> bytes:
    """A statement without its semicolons."""
    ends = [token.end for token in scan(text) if text[token.start : token.end] != b";"]
    return text[: ends[-1]]
