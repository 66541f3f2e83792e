"""``connection.transaction()``: psycopg's own blocks, over all servers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import pq

from parallel_partition.postgres.driver_errors import known_at

if TYPE_CHECKING:
    from parallel_partition.dbapi.connection import Connection

#: The generators of psycopg's that begin and end a block; they send nothing but what the connection carries out.
BLOCK_GENERATORS = frozenset(
    getattr(psycopg.Transaction, name).__code__ for name in ("_enter_gen", "_exit_gen")
)


class _Seen:
    """The connection to the catalog's server as a block sees it: with the state of the transaction over all servers."""

    def __init__(self, connection: Connection[Any]) -> None:
        self._connection = connection

    @property
    def status(self) -> pq.ConnStatus:
        return pq.ConnStatus.BAD if self._connection.closed else pq.ConnStatus.OK

    @property
    def transaction_status(self) -> pq.TransactionStatus:
        return self._connection.info.transaction_status

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection.pgconn, name)


class Block(psycopg.Transaction):
    """psycopg's ``Transaction``: a transaction over servers, or within one a savepoint."""

    _conn: Connection[Any]

    def __init__(
        self, connection: Connection[Any], savepoint_name: str | None = None, force_rollback: bool = False
    ) -> None:
        super().__init__(connection, savepoint_name, force_rollback)
        self.pgconn = _Seen(connection)  # type: ignore[assignment]  # what of it is used

    def _check_enter(self) -> None:
        super()._check_enter()
        self._conn.check_usable()

    def _push_savepoint(self) -> None:
        super()._push_savepoint()
        self._conn.note_isolation()

    def _pop_savepoint(self, action: str) -> Exception | None:
        error = super()._pop_savepoint(action)
        self._conn.note_isolation()
        return known_at(error, None) if isinstance(error, psycopg.Error) else None


Block.__name__ = Block.__qualname__ = "Transaction"
