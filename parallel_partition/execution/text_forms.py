"""Rows in text that are sorted by values of which the text does not say all under the caller's settings.

In any DateStyle but ISO a time is written with the name of its zone, which may stand for several offsets or for none
that is read back; with few ``extra_float_digits`` different floats are written alike. The exact texts of such keys are
fetched beside what the caller sees.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from psycopg.pq.abc import PGresult

from parallel_partition.catalog.identifiers import quoted
from parallel_partition.execution.described import type_names
from parallel_partition.execution.transaction import Transaction
from parallel_partition.planning.merge_query import exact_text
from parallel_partition.planning.plan import SortKey
from parallel_partition.planning.tokens import scan
from parallel_partition.postgres.session import Session
from parallel_partition.statements import Parameters, Statement

#: Types whose text says all whatever is set: booleans, integers, texts, numeric, uuid, bytea, jsonb, times of a day.
_PLAIN = frozenset({16, 17, 18, 19, 20, 21, 23, 25, 26, 1042, 1043, 1083, 1266, 1700, 2950, 3802})
#: Rows, which PostgreSQL writes, and reads from nothing.
_RECORDS = frozenset({2249, 2287})


def with_exact_keys(
    transaction: Transaction, statement: Statement, order: tuple[SortKey, ...], hidden: int, server: str
) -> tuple[Statement, tuple[SortKey, ...], int]:
    """The statement with the exact texts of keys behind its columns, where what is shown does not tell the order.

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
    psycopg.Error : what the server said of the statement
    """
    if not order or statement.result_format:
        return statement, order, hidden
    transaction.refuse_when_failed()
    session = transaction.session(server)
    if _writes_all(transaction, session):
        return statement, order, hidden
    given = transaction.router.types.for_server(statement, server, transaction.aside)
    described = transaction.describe(session, given.text, Parameters.of(given.parameters).types)
    unsure = [key for key in order if described.ftype(key.column) not in _PLAIN | _RECORDS]
    if not unsure:
        return statement, order, hidden
    names = type_names(session, described, [key.column for key in unsure])
    types = {key: (described.ftype(key.column), name) for key, name in zip(unsure, names, strict=True)}
    text, keys = _with_keys(_bare(statement.text), described, order, types)
    return statement._replace(text=text), keys, hidden + sum(key.exact is not None for key in keys)


def _writes_all(transaction: Transaction, session: Session) -> bool:
    """Tell whether texts say all: of dates and intervals the server reports it of its own accord."""
    told = session.connection.pgconn.parameter_status
    if not (told(b"DateStyle") or b"").startswith(b"ISO") or told(b"IntervalStyle") != b"postgres":
        return False
    # SET of fewer digits is refused; a server may have them as its default.
    return int(transaction.router.state.settings["extra_float_digits"]) > 0


def _with_keys(
    text: bytes, described: PGresult, order: Sequence[SortKey], types: dict[SortKey, tuple[int, str]]
) -> tuple[bytes, tuple[SortKey, ...]]:
    """The statement with the exact texts of the keys in ``types``, and all keys by what it returns."""
    columns = range(1, described.nfields + 1)
    listed = [f"q.c{n} AS {quoted((described.fname(n - 1) or b'').decode())}" for n in columns]
    keys = []
    for key in order:
        if key in types:
            listed.append(exact_text(f"q.c{key.column + 1}"))
            keys.append(replace(key, column=len(listed) - 1, exact=types[key]))
        else:
            keys.append(key)
    names = ", ".join(f"c{n}" for n in columns)
    before, after = f"SELECT {', '.join(listed)} FROM (", f"\n) AS q({names})"  # noqa: S608 - identifiers, quoted
    return before.encode() + text + after.encode(), tuple(keys)


def _bare(text: bytes) -> bytes:
    """A statement without its semicolons."""
    ends = [token.end for token in scan(text) if text[token.start : token.end] != b";"]
    return text[: ends[-1]]
