"""The moment at which the caller's transaction began, for what is computed in another session."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from psycopg.pq.abc import PGresult

from parallel_partition import errors
from parallel_partition.execution.streams import begin_streams
from parallel_partition.execution.transaction import Transaction
from parallel_partition.planning.clock_text import at_moment, with_constants
from parallel_partition.planning.plan import Gather
from parallel_partition.postgres.driver_errors import as_driver_error
from parallel_partition.statements import Statement

_NOW = Statement(b"SELECT pg_catalog.now()", result_format=1, prepare=True)
#: Times are microseconds since then.
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


def text_at_moment(plan: Gather, transaction: Transaction, catalog: str) -> tuple[str, tuple[str, ...]]:
    """The text of a gather as the merge session is to run it, and what is to be made for it before; see `text_at`.

    Raises
    ------
    errors.UnsupportedQuery : it reads a clock whose moment no text can name
    """
    if plan.clock is None or not transaction.in_block:
        return plan.text, ()
    require_nameable(plan, transaction)
    return text_at(began_at(transaction, catalog), plan.text)


def require_nameable(plan: Gather, transaction: Transaction) -> None:
    """Refuse, within a transaction, what reads the merge session's own clock.

    Raises
    ------
    errors.UnsupportedQuery : the plan has it
    """
    if plan.session_clock is not None and transaction.in_block:
        message = f"{plan.session_clock}: the merge session's clock is another than this transaction's; pass the value"
        raise as_driver_error(errors.UnsupportedQuery(message))


def began_at(transaction: Transaction, catalog: str) -> datetime:
    """The moment at which the transaction began: on the first of its servers, the catalog's where there is none."""
    if not transaction.begun:
        begin_streams(transaction, (catalog,))
    return _moment(transaction.aside(next(iter(transaction.begun)), _NOW))


def with_one_clock(
    texts: Mapping[str, bytes], clock: str | None, transaction: Transaction
) -> Mapping[str, bytes]:
    """The texts of a write for each server, with one moment for all of them, and for all of the transaction.

    Parameters
    ----------
    clock : what they read the clock by, None for nothing

    Raises
    ------
    errors.UnsupportedQuery : a clock's place in a text is not found
    """
    block = transaction.in_block
    first = next(iter(transaction.begun), None) if block else None
    if clock is None or (len(texts) == 1 and (first is None or first in texts)):
        return texts
    catalog = transaction.router.state.catalog
    moment = began_at(transaction, catalog) if block else _moment(transaction.aside(catalog, _NOW))
    try:
        made = {
            text: with_constants(text.decode(), moment).encode() for text in dict.fromkeys(texts.values())
        }
    except errors.Error as error:
        raise as_driver_error(error) from None
    return {server: made[text] for server, text in texts.items()}


def _moment(result: PGresult) -> datetime:
    found = result.get_value(0, 0) or b""
    return _EPOCH + timedelta(microseconds=int.from_bytes(found, "big", signed=True))


def text_at(moment: datetime, text: str) -> tuple[str, tuple[str, ...]]:
    """A text that reads ``moment`` where it reads the clock, and what is to be made for it before.

    Raises
    ------
    errors.UnsupportedQuery : a clock's place in the text is not found
    """
    try:
        return at_moment(text, moment)
    except errors.Error as error:
        raise as_driver_error(error) from None
