"""The version check that follows each statement, and the assertion that precedes each commit."""

from __future__ import annotations

from psycopg import pq
from psycopg.pq.abc import PGresult

import psycopg

from parallel_partition.execution.fan_out import run_one
from parallel_partition.execution.router import Router
from parallel_partition.postgres.named_sql import load
from parallel_partition.postgres.session import Session
from parallel_partition.statements import Parameter, Statement

_SQL = load("session")
_CHECK = _SQL["check_version"].encode()
_ASSERT = _SQL["assert_version"].encode()

_INT4_ARRAY = 1007
_INT8 = 20
_NULL_PARTS = Parameter(None, _INT4_ARRAY, 0)

#: After these the versions are read before the error is raised: no partition of the row found, undefined table, a
#: cached plan's result changed, undefined column, and the library's own "version changed".
_MAY_BE_STALE = frozenset({"23514", "42P01", "0A000", "42703", "PP001"})


class StaleVersion(Exception):
    """The server holds another version of the map or of the tables than the router; nothing was handed out."""

    def __init__(self, server: str) -> None:
        super().__init__(server)
        self.server = server


def may_be_stale(error: psycopg.Error) -> bool:
    """True for an error that a stale map or schema may have caused."""
    return error.sqlstate in _MAY_BE_STALE


class Versions:
    """Builds the check for a server and reads its answer, against the router's state of the moment."""

    def __init__(self, router: Router) -> None:
        self._router = router

    def _expected(self, server: str, parts: frozenset[int] | None) -> tuple[int, int, int, int]:
        """(highest version of the held partitions, how many, the server's map version, the schema version)."""
        state = self._router.state
        shard_map = state.shard_map
        relevant = shard_map.partitions_of(server) if parts is None else parts
        here = [part for part in relevant if shard_map.home_of(part) == server]
        highest = max((shard_map.versions[part] for part in here), default=0)
        return highest, len(here), state.servers[server].map_version, state.schema.version

    def _parts(self, server: str, parts: frozenset[int] | None) -> Parameter:
        if parts is None:
            return _NULL_PARTS
        home_of = self._router.state.shard_map.home_of
        here = ",".join(str(part) for part in sorted(parts) if home_of(part) == server)
        return Parameter(b"{%s}" % here.encode(), _INT4_ARRAY, 0)

    def check(self, server: str, parts: frozenset[int] | None) -> Statement:
        """The look at a server's versions for ``parts`` (None: all that it holds)."""
        return Statement(_CHECK, (self._parts(server, parts),), 0, prepare=True)

    def assertion(self, server: str, parts: frozenset[int] | None) -> Statement:
        """The same as a statement that raises on the server when they are not what the router expects."""
        expected = [Parameter(b"%d" % number, _INT8, 0) for number in self._expected(server, parts)]
        return Statement(_ASSERT, (self._parts(server, parts), *expected), 0, prepare=True)

    def verify(self, server: str, parts: frozenset[int] | None, result: PGresult) -> None:
        """Compare the answer to `check` with what the router expects.

        Raises
        ------
        StaleVersion : they differ
        """
        found = tuple(int(result.get_value(0, column) or 0) for column in range(4))
        if found != self._expected(server, parts):
            raise StaleVersion(server)

    def moved_on(self, session: Session, parts: frozenset[int] | None) -> bool:
        """Ask a server, after an error and outside of what failed, whether it holds other versions.

        The failed transaction on the session is rolled back first; it could not go on anyway.
        """
        if not session.alive:
            return False
        rollback = [Statement(b"ROLLBACK", prepare=False)]
        train = rollback if session.transaction_status != pq.TransactionStatus.IDLE else []
        results = run_one(session, session.exchange([*train, self.check(session.server, parts)]))
        if results[-1].status == pq.ExecStatus.FATAL_ERROR:
            return False
        try:
            self.verify(session.server, parts, results[-1])
        except StaleVersion:
            return True
        return False
