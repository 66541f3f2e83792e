"""A point query run again on the same connection, with other parameters and nothing that need not be done again.

What `Runner.run` and `Transaction.ask_one` decide for a statement is decided already; left are the partition of the
key, the round trip and the version check. Each step between two round trips shows there (benchmarks/README.md has
the figure). Whatever is not as it was is left to the long way, which runs the statement anew.
"""

from __future__ import annotations

from collections.abc import Sequence

import psycopg
from psycopg import pq
from psycopg.abc import Buffer
from psycopg.pq.abc import PGresult

from parallel_partition.catalog.key_parameters import reader
from parallel_partition.catalog.key_text import NotProven
from parallel_partition.catalog.shard_map import part_of
from parallel_partition.execution.failures import stale_map
from parallel_partition.execution.point import PART_OID, UNREADABLE, PointRoute
from parallel_partition.execution.router import Router
from parallel_partition.execution.transaction import Transaction
from parallel_partition.execution.version import StaleTables, StaleVersion
from parallel_partition.postgres.driver_errors import error_of_result
from parallel_partition.postgres.session import Session

_FATAL = pq.ExecStatus.FATAL_ERROR


class LookUp:
    """A point query of one connection.

    Parameters
    ----------
    router, transaction : the connection's
    route : where the key is
    types : the types of the parameters that the plan was made for
    named : the text that names the partition runs
    """

    __slots__ = ("_key", "_named", "_route", "_router", "_state", "_transaction", "types")

    def __init__(
        self,
        router: Router,
        transaction: Transaction,
        route: PointRoute,
        types: tuple[int, ...],
        *,
        named: bool,
    ) -> None:
        self._router = router
        self._state = transaction.versions.state
        self._transaction = transaction
        self._route = route
        self.types = types
        self._named = named
        self._key = (route.text, types)
        if named and route.in_partition is not None:
            self._key = (route.in_partition, (*types, PART_OID))

    def ask(
        self, values: Sequence[Buffer | None], formats: Sequence[int], result_format: int
    ) -> PGresult | None:
        """The row of another key; None when the long way must be gone, and nothing was handed out.

        Parameters
        ----------
        values, formats : parameters of ``types``

        Raises
        ------
        psycopg.Error : what the server said; it knows its server
        """
        route = self._route
        data = values[route.place]
        read = reader(route.key_type, route.oid, formats[route.place])
        if data is None or read is None or self._is_stale():
            return None
        shard_map = self._state.shard_map
        try:
            part = part_of(read(bytes(data)), shard_map.num_partitions)
            if self._named:
                values, formats = [*values, b"%d" % part], [*formats, 0]
            return self._asked_again(shard_map.homes[part], values, formats, result_format)
        except (StaleVersion, NotProven, *UNREADABLE):
            return None

    def _is_stale(self) -> bool:
        """True when the tables are others by now, or names may be looked up elsewhere."""
        return self._router.state is not self._state or self._transaction.sessions.settings_touched

    def _asked_again(
        self, server: str, values: Sequence[Buffer | None], formats: Sequence[int], result_format: int
    ) -> PGresult | None:
        """`Transaction.ask_one` for what is prepared on the server; None where it is not, and nothing was sent."""
        transaction = self._transaction
        session = transaction.sessions.get(server)
        block = transaction.explicit or not transaction.autocommit
        if session is None or transaction.failed or session.unsure or (transaction.begun and not block):
            return None
        if block and not (server in transaction.begun and transaction.own_snapshot(session, block)):
            return None
        transaction.versions.text = None
        try:
            return self._answered(session, values, formats, result_format, block)
        except StaleTables:
            return None  # nothing was handed out, and the long way knows which tables it is about
        except StaleVersion as stale:
            began = transaction.statements > 0
            transaction.restart(failed=began)
            if began:
                raise stale_map(stale.server) from None
            return None

    def _answered(
        self,
        session: Session,
        values: Sequence[Buffer | None],
        formats: Sequence[int],
        result_format: int,
        block: bool,
    ) -> PGresult | None:
        transaction = self._transaction
        try:
            results = session.run_prepared(
                self._key, values, formats, result_format, transaction.versions.sequences_key
            )
        except psycopg.Error as error:
            if not block and not session.alive:
                return None  # it only reads, and nothing was handed out: the long way may ask another session
            transaction.raise_failures({session.server: error}, None)
        except BaseException:
            transaction.fail()
            raise
        if results is None:
            return None
        if results[-1].status == _FATAL:
            transaction.raise_failures({session.server: error_of_result(results[-1], session.server)}, None)
        transaction.versions.verify_sequences(session, results[1])
        if block:
            transaction.statements += 1
        return results[0]
