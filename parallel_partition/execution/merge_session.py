"""The merge session: a connection of its own on which PostgreSQL computes the last step of a plan.

It is never a participant of the caller's transaction and reads nothing but the partial rows that it is sent, as arrays.
Sorting needs less: only the sort columns travel, and what comes back is the order.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from psycopg import pq
from psycopg.pq.abc import PGresult

from parallel_partition import errors
from parallel_partition.combining.merge_sort import Direction, permutation, python_values
from parallel_partition.execution.described import type_names
from parallel_partition.execution.fan_out import answers_of, run_one
from parallel_partition.execution.partial_rows import column_values, merge_train
from parallel_partition.execution.router import Router
from parallel_partition.execution.temporary_tables import make_tables
from parallel_partition.execution.transaction import Transaction
from parallel_partition.planning.plan import SortKey, Split
from parallel_partition.postgres.binary_array import TEXT_OID, binary_array
from parallel_partition.postgres.driver_errors import as_driver_error, error_of_result
from parallel_partition.postgres.named_sql import load
from parallel_partition.postgres.session import Session
from parallel_partition.statements import FIRST_USER_OID, Parameter, Statement

#: record, record[]: PostgreSQL prints them, and reads them from nothing.
_RECORDS = frozenset({2249, 2287})

_SETTINGS = b"""
    SELECT name, setting FROM pg_catalog.pg_settings WHERE source = 'session'
    AND name NOT IN ('transaction_isolation', 'transaction_read_only', 'transaction_deferrable')
    UNION ALL SELECT 'session_authorization', session_user
    UNION ALL SELECT 'role', pg_catalog.current_setting('role')
"""
#: These are set last, in this order: each undoes the next, and may not set what was set before.
_WHO = ("session_authorization", "role")
#: What an earlier statement had set, and is reset since.
_RESETS = (b"RESET SESSION AUTHORIZATION", b"RESET ALL")
_NOT_ENUMS = (
    b"SELECT pg_catalog.format_type(oid, NULL) FROM pg_catalog.pg_type WHERE oid = ANY($1) AND typtype <> 'e'"
)
_OID_ARRAY = 1028
_BEGIN = Statement(load("gather")["begin"].encode(), prepare=False)
_ROLLBACK = Statement(b"ROLLBACK", prepare=False)
_SET = b"SELECT pg_catalog.set_config($1, $2, false)"


class MergeSession:
    """The merge session of one connection, borrowed from the catalog's server when it is first needed."""

    def __init__(self, router: Router, transaction: Transaction) -> None:
        self._router = router
        self._transaction = transaction
        self._session: Session | None = None

    def release(self) -> None:
        """Give the session back to its pool."""
        session, self._session = self._session, None
        if session is not None:
            self._router.pools[session.server].release_session(session)

    @property
    def session(self) -> Session | None:
        """The session, where one is borrowed."""
        return self._session

    def abandon(self) -> None:
        """Close the session where garbage collection cannot give it back."""
        if self._session is not None:
            self._router.pools[self._session.server].abandon(self._session)

    def compute(
        self, split: Split, partials: Sequence[PGresult], parameters: Sequence[Parameter], result_format: int
    ) -> PGresult:
        """Run a split's merge query over the partial rows of all servers.

        Parameters
        ----------
        partials : one result per server, in binary
        parameters : the caller's
        """
        train = merge_train(split, partials, parameters, result_format)
        first, second = next(train), next(train, None)
        session = self.as_callers()
        if second is None:
            return answers_of(session, [first])[-1]
        try:
            answers_of(session, [_BEGIN])
            make_tables(session, [first])
            for statement in chain((second,), train):
                result = answers_of(session, [statement])[-1]
            return result
        finally:
            if session.alive:
                answers_of(session, [_ROLLBACK])

    def sort(
        self,
        results: Sequence[PGresult],
        keys: Sequence[SortKey],
        server: str,
        firsts: Sequence[int] | None = None,
    ) -> list[int]:
        """The order of the rows of several servers, by Python where that is proven to be PostgreSQL's.

        Parameters
        ----------
        server : whose answer ``results[0]`` is: it can name the types of the columns
        firsts : from which row on each result counts, None for all of their rows
        """
        columns = [column_values(results, key.column, firsts) for key in keys]
        oids = [key.exact[0] if key.exact else results[0].ftype(key.column) for key in keys]
        if not results[0].fformat(keys[0].column):
            values = [
                python_values(oid, key.collation, column)
                for oid, key, column in zip(oids, keys, columns, strict=True)
            ]
            if all(column is not None for column in values):
                directions = [Direction(key.descending, key.nulls_first) for key in keys]
                return permutation([column for column in values if column is not None], directions)
        session = self._transaction.session(server)
        _require_sortable(session, results[0], keys)
        named = type_names(session, results[0], [key.column for key in keys])
        names = [key.exact[1] if key.exact else name for key, name in zip(keys, named, strict=True)]
        return self._sort_by_server(results[0], columns, keys, names)

    def _sort_by_server(
        self,
        described: PGresult,
        columns: Sequence[list[bytes | None]],
        keys: Sequence[SortKey],
        names: Sequence[str],
    ) -> list[int]:
        arrays = []
        unnested = []
        order = []
        for n, (key, values, name) in enumerate(zip(keys, columns, names, strict=True), start=1):
            # The OID of a user's type differs between servers; an enum's binary form is its text.
            oid = described.ftype(key.column)
            binary = bool(described.fformat(key.column)) and oid < FIRST_USER_OID
            element = oid if binary else TEXT_OID
            arrays.append(Parameter(binary_array(element, values), 0, 1))
            unnested.append(f"${n}::{name if binary else 'text'}[]")
            collate = f" COLLATE {key.collation}" if key.collation else ""
            order.append(
                f"p.c{n}::{name}{collate} {'DESC' if key.descending else 'ASC'}"
                f" NULLS {'FIRST' if key.nulls_first else 'LAST'}"
            )
        listed = ", ".join(f"c{n}" for n in range(1, len(keys) + 1))
        # The names are format_type's own, quoted where they need it; values are parameters.
        text = (
            f"SELECT p.n - 1 FROM unnest({', '.join(unnested)}) WITH ORDINALITY AS p({listed}, n)"  # noqa: S608
            f" ORDER BY {', '.join(order)}, p.n"
        )
        result = self._run(Statement(text.encode(), arrays, 0))
        return [int(result.get_value(row, 0) or 0) for row in range(result.ntuples)]

    def describe(self, text: bytes, types: Sequence[int]) -> None:
        """Let PostgreSQL read a statement, and run nothing.

        Raises
        ------
        psycopg.Error : what is wrong with it
        """
        session = self.as_callers()
        (result,) = run_one(session, session.describe(text, types))
        if result.status == pq.ExecStatus.FATAL_ERROR:
            raise error_of_result(result, session.server)

    def as_callers(self) -> Session:
        """The session, with the settings and the role of the caller's."""
        session = self._session_of_its_own()
        if self._transaction.sessions.settings_touched:
            self._copy_settings(session)
        return session

    def _run(self, statement: Statement) -> PGresult:
        session = self.as_callers()
        return answers_of(session, [statement])[-1]

    def _session_of_its_own(self) -> Session:
        if self._session is None or self._session.lost_while_idle():
            self.release()
            self._session = self._router.pools[self._router.state.catalog].acquire_session()
        return self._session

    def _copy_settings(self, session: Session) -> None:
        """Make the merge session's settings and role those that SET gave the caller's sessions."""
        settings = self._transaction.ask_local(
            self._router.state.catalog, Statement(_SETTINGS, prepare=True), writes=False
        )
        pairs = [(settings.get_value(row, 0), settings.get_value(row, 1)) for row in range(settings.ntuples)]
        pairs.sort(key=lambda pair: _WHO.index(name) if (name := (pair[0] or b"").decode()) in _WHO else -1)
        train = [Statement(text, prepare=False) for text in _RESETS]
        train += [Statement(_SET, (Parameter(name, 25, 0), Parameter(value, 25, 0))) for name, value in pairs]
        session.touched = True
        answers_of(session, train)


def _require_sortable(session: Session, described: PGresult, keys: Sequence[SortKey]) -> None:
    """Refuse rows, and what users' types but enums have in binary: its parts have other OIDs on each server."""
    oids = {described.ftype(key.column) for key in keys}
    if oids & _RECORDS:
        message = "ORDER BY a row: rows are not sorted over several servers; sort by their fields"
        raise as_driver_error(errors.UnsupportedQuery(message))
    users = [oid for oid in oids if oid >= FIRST_USER_OID]
    if users and described.fformat(0):
        listed = b"{%s}" % b",".join(b"%d" % oid for oid in users)
        statement = Statement(_NOT_ENUMS, (Parameter(listed, _OID_ARRAY, 0),), prepare=True)
        result = answers_of(session, [statement])[-1]
        if result.ntuples:
            name = (result.get_value(0, 0) or b"").decode()
            message = f"ORDER BY a value of type {name}, in binary: it is not sorted over several servers; ask for text"
            raise as_driver_error(errors.UnsupportedQuery(message))
