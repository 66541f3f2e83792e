"""A connection that ``psycopg_pool.ConnectionPool(conninfo, connection_class=Connection)`` lends."""

from __future__ import annotations

import logging
from types import TracebackType
from typing import Any

import psycopg
from psycopg import pq
from psycopg.rows import Row

from parallel_partition.execution.transaction import Transaction

logger = logging.getLogger("parallel_partition")


class LentConnection(psycopg.Connection[Row]):
    """The part of a connection that knows whether a pool lends it."""

    transaction_state: Transaction
    _lender: Any

    @property
    def _pool(self) -> Any:
        """The pool that has lent the connection, None while it has not; psycopg_pool sets it.

        Raises
        ------
        AttributeError : the connection is no pool's; psycopg asks so
        """
        return self._lender

    @_pool.setter
    def _pool(self, value: Any) -> None:
        # psycopg_pool looks at the catalog's server only, where no transaction may be open.
        if value is None and getattr(self, "_lender", None) is not None and not self.closed:
            with self.lock:
                if self.transaction_state.status != pq.TransactionStatus.IDLE:
                    logger.warning("rolling back returned connection: %s", self)
                    self.transaction_state.rollback()
        self._lender = value

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """As psycopg's: commit, or roll back after an error, and close unless a pool has lent it.

        It is closed also when the commit fails.
        """
        try:
            super().__exit__(kind, error, trace)
        finally:
            if getattr(self, "_lender", None) is None:
                self.close()
