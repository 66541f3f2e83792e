"""Gather: bring the rows that a statement needs into temporary tables of the merge session, and run it there.

Rows go from server to server as COPY's bytes, through this process and one thread, so that memory stays bounded and
a slow merge session holds the servers back. Everything happens in one transaction of the merge session that is rolled
back, so nothing of it stays, however it ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from psycopg.pq.abc import PGresult

from parallel_partition import errors
from parallel_partition.catalog.identifiers import quoted
from parallel_partition.execution.answer_first import fill_from_split, text_of
from parallel_partition.execution.copied_texts import (
    columns_as_text,
    hold_as_text,
    hold_as_themselves,
    with_texts,
)
from parallel_partition.execution.estimate import TableEstimate, estimate, require_within
from parallel_partition.execution.fan_out import answers_of
from parallel_partition.execution.literals import with_literals
from parallel_partition.execution.merge_session import MergeSession
from parallel_partition.execution.moment import text_at_moment
from parallel_partition.execution.readable_part import nameable
from parallel_partition.execution.reduce import Reducer, irreducible, smallest_first
from parallel_partition.execution.router import Router
from parallel_partition.execution.streams import begin_streams, end_streams
from parallel_partition.execution.temporary_tables import analyze, make_tables
from parallel_partition.execution.transaction import Transaction
from parallel_partition.planning.plan import ROW_ALONE, ROW_PART, ROW_PLACE, FirstTable, Gather, GatheredTable
from parallel_partition.planning.prune import partitions
from parallel_partition.postgres.binary_array import TEXT_OID, text_array
from parallel_partition.postgres.copy_stream import CopyIn, copied_out
from parallel_partition.postgres.driver_errors import as_driver_error
from parallel_partition.postgres.named_sql import load
from parallel_partition.postgres.session import Exchange, Session
from parallel_partition.statements import Parameter, Statement

_SQL = {name: text.encode() for name, text in load("gather").items()}

#: Columns of temporary tables that are called otherwise in the table.
_STORED_AS = {ROW_PART: "part", ROW_PLACE: "ctid"}

#: Bytes that one statement may gather unless the connection says otherwise.
GATHER_LIMIT = 1 << 30


@dataclass(frozen=True, slots=True)
class TableQuery:
    """The query for a table's rows, the servers that get it, and the partitions (None: all) that the rows are in.

    ``first`` is the subquery whose rows they are, where it is answered first. ``filters`` are those of the table's
    uses, with constants in the place of parameters.
    """

    table: GatheredTable
    sql: str
    servers: tuple[str, ...]
    parts: frozenset[int] | None
    first: FirstTable | None = None
    filters: tuple[str, ...] = ()

    def narrowed(
        self,
        wheres: Sequence[str],
        parts: frozenset[int] | None,
        named: frozenset[int] | None,
        servers: tuple[str, ...],
    ) -> TableQuery:
        """The query for the rows that pass one of ``wheres``, in these partitions (those of ``named`` are named)."""
        where = " OR ".join(f"({one})" for one in dict.fromkeys(wheres)) or "false"
        return replace(self, sql=_rows_of(self.table, where, named), parts=parts, servers=servers)


class Gatherer:
    """Runs gathers for one connection.

    Parameters
    ----------
    limit : bytes that one statement may gather
    """

    def __init__(self, router: Router, transaction: Transaction, merge: MergeSession, limit: int) -> None:
        self._router = router
        self._transaction = transaction
        self._merge = merge
        self.limit = limit

    def run(
        self, plan: Gather, estimates: Sequence[TableEstimate], request: Statement, search_path: Sequence[str]
    ) -> PGresult:
        """Answer a statement.

        Parameters
        ----------
        estimates : those of the plan's queries

        Raises
        ------
        errors.UnsupportedQuery : it would gather more than the limit, or reads a clock that is not the transaction's
        StaleVersion : a server's map or schema is another than the plan was made for; nothing was handed out
        psycopg.Error : what a server said
        """
        text, functions = text_at_moment(plan, self._transaction, self._router.state.catalog)
        with self.gathered(plan, estimates, request, search_path, functions) as (session, left):
            return self.answer(left._replace(text=text.encode()), estimates, session)

    @contextmanager
    def gathered(
        self,
        plan: Gather,
        estimates: Sequence[TableEstimate],
        request: Statement,
        search_path: Sequence[str],
        made_before: Sequence[str] = (),
    ) -> Iterator[tuple[Session, Statement]]:
        """The merge session with the rows of a plan, for a block at whose end all that is made there is undone.

        Parameters
        ----------
        made_before : statements that make temporary tables and functions

        Returns
        -------
        It, and the statement with the parameters of what is left of it when subqueries are answered first.
        """
        with self._merging(search_path) as session:
            if made_before:
                make_tables(session, [Statement(made.encode(), prepare=False) for made in made_before])
            if estimates:
                self._gather(estimates, request, session)
            yield session, _of_what_is_left(plan, request)

    def copied_tables(self, plan: Gather) -> list[GatheredTable]:
        """The tables of a plan whose rows must be brought."""
        return [table for table in plan.tables if not self._is_read_in_place(table, plan)]

    def queries(
        self, plan: Gather, request: Statement, firsts: Sequence[FirstTable] | None = ()
    ) -> list[TableQuery]:
        """What servers are asked for the rows of a plan's tables.

        Parameters
        ----------
        firsts : the tables of what is answered first
        """
        answered = [self._first_query(first, request) for first in firsts or ()]
        return answered + self._queries_of_tables(plan, _of_what_is_left(plan, request))

    def estimates(
        self, plan: Gather, request: Statement, firsts: Sequence[FirstTable] | None
    ) -> list[TableEstimate]:
        """The same queries in the order in which they are run, each with what it is expected to bring.

        Raises
        ------
        errors.UnsupportedQuery : together they are expected to bring more than the limit
        """
        estimates = smallest_first(estimate(self._transaction, self.queries(plan, request, firsts)))
        require_within(irreducible(estimates), self.limit)
        return estimates

    def _first_query(self, first: FirstTable, request: Statement) -> TableQuery:
        state = self._router.state
        parts = partitions(first.first.condition, first.parameters(request.parameters), state.shard_map)
        text = text_of(first, request, self._merge.as_callers())
        return TableQuery(first.table, text, self._router.homes(parts) or (state.catalog,), parts, first)

    def _queries_of_tables(self, plan: Gather, request: Statement) -> list[TableQuery]:
        tables = self.copied_tables(plan)
        filters = [text for table in tables for text in (table.filter, *(use.filter for use in table.uses))]
        texts = iter(with_literals(filters, request.parameters, self._merge.as_callers()))
        made = []
        for table in tables:
            homes, parts = self._homes(table, request)
            named = nameable(parts, table, homes, self._router, self._transaction)
            sql = _rows_of(table, next(texts), named)
            filters_of_uses = tuple(next(texts) for _ in table.uses)
            made.append(TableQuery(table, sql, homes, parts, filters=filters_of_uses))
        return made

    def _is_read_in_place(self, table: GatheredTable, plan: Gather) -> bool:
        """Tell whether the merge session sees of a reference table what the caller does, without a copy."""
        transaction = self._transaction
        alone = not transaction.status and transaction.snapshot is None
        return alone and (table.schema, table.name) in plan.copies

    @contextmanager
    def _merging(self, search_path: Sequence[str]) -> Iterator[Session]:
        """The merge session in a transaction of its own that looks for names among temporary tables first."""
        session = self._merge.as_callers()
        listed = Parameter(", ".join(map(quoted, search_path or ("pg_catalog",))).encode(), TEXT_OID, 0)
        begin = Statement(_SQL["begin"], prepare=False)
        look = Statement(_SQL["look_in_temporary_first"], (listed,), prepare=True)
        try:
            answers_of(session, [begin, look])
            yield session
        finally:
            if session.alive:
                answers_of(session, [Statement(b"ROLLBACK", prepare=False)])

    # --- rows -------------------------------------------------------------------------------------------------

    def _gather(self, estimates: Sequence[TableEstimate], request: Statement, merge: Session) -> None:
        queries = [told.query for told in estimates]
        texts = [
            f"CREATE TEMPORARY TABLE {quoted(query.table.name)} ({query.table.definition})"
            for query in queries
        ]
        if texts:
            make_tables(merge, [Statement(text.encode(), prepare=False) for text in texts])
        servers = {server for query in queries for server in query.servers}
        ordered = [server for server in self._router.state.servers if server in servers]
        sessions = begin_streams(self._transaction, ordered)
        reducer = Reducer(self._router, self._transaction, merge, estimates, self.limit)
        left = self.limit
        for query in queries:
            if query.first is not None and query.first.split is not None:
                rows, size = self._fill_from_split(query.first, query, request, sessions, merge, left)
            else:
                rows, size = self._copy(reducer.reduced(query), sessions, merge, left)
            reducer.took(query.table, rows, size)
            left -= size
        end_streams(self._transaction, sessions)

    def _homes(
        self, table: GatheredTable, request: Statement
    ) -> tuple[tuple[str, ...], frozenset[int] | None]:
        """Who has rows of a table that matter, and in which partitions; a reference table's are on every server."""
        state = self._router.state
        if not state.schema[table.schema, table.name].sharded:
            return (state.catalog,), None
        parts = partitions(table.condition, request.parameters, state.shard_map)
        return self._router.homes(parts), parts

    def _copy(
        self, query: TableQuery, sessions: Mapping[str, Session], merge: Session, limit: int
    ) -> tuple[int, int]:
        """Copy a table's rows; returns how many they are, and their bytes."""
        if not query.servers:
            return 0, 0
        table = query.table
        columns = ", ".join(map(quoted, table.columns or (ROW_ALONE,)))
        texts = [] if table.binary else columns_as_text(merge, table)
        hold_as_text(merge, table, texts)
        asked = with_texts(query.sql, table, texts)
        out = f"COPY ({asked}) TO STDOUT (FORMAT binary)".encode()
        into = f"COPY {quoted(table.name)} ({columns}) FROM STDIN (FORMAT binary)".encode()
        size = 0
        with CopyIn(merge, into) as target:

            def take(rows: bytes) -> None:
                nonlocal size
                size += len(rows)
                if size > limit:
                    raise self._too_large(table)
                target.write(rows)

            exchanges = {
                server: (sessions[server], self._copied_out(sessions[server], table, out, take))
                for server in query.servers
            }
            self._transaction.drive(exchanges, query.parts)
        hold_as_themselves(merge, table, texts)
        analyze(table, target.rows, merge)
        return target.rows, size

    def _fill_from_split(
        self,
        first: FirstTable,
        query: TableQuery,
        request: Statement,
        sessions: Mapping[str, Session],
        merge: Session,
        limit: int,
    ) -> tuple[int, int]:
        own = {server: sessions[server] for server in query.servers}
        size, rows = fill_from_split(first, request, self._transaction, own, merge, query.parts)
        if size > limit:
            raise self._too_large(query.table)
        analyze(query.table, rows, merge)
        return rows, size

    def _copied_out(
        self, session: Session, table: GatheredTable, out: bytes, take: Callable[[bytes], None]
    ) -> Exchange:
        """The rows of a server, on their way out; measured where somebody asked for it."""
        measure = self._transaction.measure
        if measure is None:
            return copied_out(session, out, take)
        counted = measure.counted(session.server, table.full_name, take)
        return measure.timed(session.server, copied_out(session, out, counted), table.full_name)

    def _too_large(self, table: GatheredTable) -> BaseException:
        message = (
            f"gathering the rows of this statement takes more than gather_limit, {self.limit:,} bytes "
            f"(at table {table.full_name}): filter more, join on the keys, or raise gather_limit"
        )
        return as_driver_error(errors.UnsupportedQuery(message))

    # --- the answer -------------------------------------------------------------------------------------------

    def answer(self, statement: Statement, estimates: Sequence[TableEstimate], merge: Session) -> PGresult:
        """Run a statement, and make sure that it read no table of the cluster in place of a temporary one."""
        tables = [told.query.table for told in estimates]
        names = [text_array(table.schema for table in tables), text_array(table.name for table in tables)]
        look = Statement(_SQL["locked_tables"], names, prepare=True)
        result, locked = answers_of(merge, [statement._replace(prepare=False), look])
        if locked.ntuples:
            name = (locked.get_value(0, 0) or b"").decode()
            message = f"the merge session read {name} itself instead of the rows gathered of it; nothing is handed out"
            raise as_driver_error(errors.InternalError(message))
        return result


def _of_what_is_left(plan: Gather, request: Statement) -> Statement:
    """The statement with the parameters of what is left of it when subqueries are answered first."""
    if plan.numbers is None:
        return request
    return request._replace(parameters=[request.parameters[number - 1] for number in plan.numbers])


def _rows_of(table: GatheredTable, filter: str, parts: frozenset[int] | None) -> str:
    """The query for the columns and rows of a table that matter."""
    conditions = [f"({filter})"] if filter else []
    if parts is not None:
        conditions.append(f"part IN ({', '.join(map(str, sorted(parts)))})")
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    columns = (
        ", ".join(_STORED_AS.get(name, quoted(name)) for name in table.columns) or "NULL::pg_catalog.int4"
    )
    lock = f" {table.lock}" if table.lock else ""
    return f"SELECT {columns} FROM {quoted(table.schema)}.{quoted(table.name)}{where}{lock}"  # noqa: S608 - quoted
