"""The moment at which the caller's transaction began, for what is computed in another session."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from parallel_partition import errors
from parallel_partition.execution.streams import begin_streams
from parallel_partition.execution.transaction import Transaction
from parallel_partition.planning.clock_text import at_moment
from parallel_partition.planning.plan import Gather
from parallel_partition.postgres.driver_errors import as_driver_error
from parallel_partition.statements import Statement

_NOW = Statement(b"SELECT pg_catalog.now()", result_format=1, prepare=True)
#: Times are microseconds since then.
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


def text_at_moment(plan: Gather, transaction: Transaction, catalog: str) -> tuple[str, tuple[str, ...]]:
    """The text of a gather as the merge session is to run it, and what is to be made for it before.

    Within a transaction, what reads the moment at which it began reads that of the transaction on the catalog's
    server, which local statements read too.

    Raises
    ------
    errors.UnsupportedQuery : that is not certain to be what one PostgreSQL would read
    """
    if plan.clock is None or not transaction.in_block:
        return plan.text, ()
    if plan.session_clock is not None:
        message = f"{plan.session_clock}: the merge session's clock is another than this transaction's; pass the value"
        raise as_driver_error(errors.UnsupportedQuery(message))
    other = next((server for server in transaction.wrote if server != catalog), None)
    if other is not None:
        message = (
            f"{plan.clock}: this transaction has written on server {other}, whose clock is another than that of "
            f"server {catalog}; pass the value"
        )
        raise as_driver_error(errors.UnsupportedQuery(message))
    begin_streams(transaction, (catalog,))
    found = transaction.aside(catalog, _NOW).get_value(0, 0) or b""
    began = _EPOCH + timedelta(microseconds=int.from_bytes(found, "big", signed=True))
    try:
        return at_moment(plan.text, began)
    except errors.Error as error:
        raise as_driver_error(error) from None
