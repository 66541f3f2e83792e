"""Which statements stream, and how their rows are opened: what one server answers and what runs whole on each.

The final result of a split is small, and that of a gather is computed in the merge session, which the connection's next
statement may need: both are fetched, and handed out from there, as are rows that are locked and what may write.
"""

from __future__ import annotations

from collections import deque

from psycopg import pq

from parallel_partition import errors
from parallel_partition.execution.answer import Answer
from parallel_partition.execution.count import count_of
from parallel_partition.execution.gather import GATHER_LIMIT
from parallel_partition.execution.local_names import check_local_names
from parallel_partition.execution.router import Planned, Router
from parallel_partition.execution.run_plan import Runner
from parallel_partition.execution.run_writes import for_shard
from parallel_partition.execution.stream_rows import HeldRows, Rows, RowStream, Wanted
from parallel_partition.execution.transaction import Transaction
from parallel_partition.execution.whole_statement import whole_statement
from parallel_partition.planning.plan import LocalPlan, ReferencePlan, SelectPlan, TransactionPlan, Whole
from parallel_partition.postgres.driver_errors import as_driver_error
from parallel_partition.statements import Parameters, Statement

_NO_PARTS: frozenset[int] = frozenset()


def _declared(request: Statement, scroll: bool | None) -> bytes:
    return b"DECLARE pp %sCURSOR FOR %s" % (b"SCROLL " if scroll else b"", request.text)


class StreamingRunner(Runner):
    """A `Runner` whose answers can also be read while they come."""

    def __init__(self, router: Router, transaction: Transaction, gather_limit: int = GATHER_LIMIT) -> None:
        super().__init__(router, transaction, gather_limit)
        #: Rows that nobody reads any more; what garbage collection calls may send nothing, but append.
        self.abandoned: deque[Rows] = deque()

    def run(self, request: Statement) -> Answer:
        """Plan and run one statement; see `Runner.run`."""
        self.refuse_while_streaming()
        return super().run(request)

    def refuse_while_streaming(self) -> None:
        """Raise while rows stream in autocommit: a statement would be part of the stream's transaction.

        Raises
        ------
        errors.ProgrammingError : they do
        """
        while self.abandoned:
            self.abandoned.popleft().close()
        if self.transaction.is_streaming:
            message = (
                "rows of a stream() in autocommit are still being read on this connection: read them to the end or "
                "close the iterator first, or stream within a transaction"
            )
            raise as_driver_error(errors.ProgrammingError(message))

    def stream(self, request: Statement, page: int) -> Rows:
        """Begin to read the rows of a statement.

        Parameters
        ----------
        request : the statement; one that returns no rows is run
        page : how many rows of each server are fetched at first

        Raises
        ------
        as `Runner.run` does
        """
        self.refuse_while_streaming()
        return self.current(lambda asked: self._opened(asked, page, False), request)

    def declare(self, request: Statement, scroll: bool | None) -> Rows:
        """The same for a cursor that is read, and maybe scrolled, at will: it must be a query.

        Parameters
        ----------
        scroll : as in ``DECLARE [NO] SCROLL``, None for neither
        """
        self.refuse_while_streaming()
        return self.current(lambda asked: self._opened(asked, 0, scroll, declared=True), request)

    def _opened(self, request: Statement, page: int, scroll: bool | None, *, declared: bool = False) -> Rows:
        rows = self.guarded(lambda: self._streamed(request, page, scroll, declared))
        return HeldRows(self._run(request), scroll) if rows is None else rows

    def _streamed(
        self, request: Statement, page: int, scroll: bool | None, declared: bool
    ) -> RowStream | None:
        """The rows of a statement whose rows stream; None for others."""
        planned = self.planned(request)
        if not isinstance(planned.plan, TransactionPlan):
            self.transaction.refuse_when_failed()
        if declared and not self.transaction.in_block:
            declaration = request._replace(text=_declared(request, scroll), prepare=False)
            # Refused by the server: it is in no transaction.
            self.transaction.aside(self.router.state.catalog, declaration)
        wanted = self._wanted(planned, request, scroll)
        if wanted is not None:
            if planned.leaves_state:
                self.transaction.sessions.touch()
            return RowStream(self.router, self.transaction, self.merge, wanted, self._as_numbered, page)
        if declared:
            self._let_server_judge(request, scroll)
        return None

    def _let_server_judge(self, request: Statement, scroll: bool | None) -> None:
        """Let the catalog's server refuse what no cursor can be declared for, before it is run."""
        oids = Parameters.of(request.parameters).types
        described = self.transaction.describe(self._catalog_session(), _declared(request, scroll), oids)
        assert described.status == pq.ExecStatus.COMMAND_OK

    def _wanted(self, planned: Planned, request: Statement, scroll: bool | None) -> Wanted | None:
        """What is asked of which servers, where the rows stream."""
        catalog = self.router.state.catalog
        match plan := planned.plan:
            case SelectPlan() if not plan.locking:
                return self._wanted_of_select(planned, plan, request, scroll)
            case ReferencePlan():
                statement = request._replace(text=planned.encode(plan.text))
                return Wanted(statement, (catalog,), _NO_PARTS, scroll=scroll)
            case LocalPlan() if not plan.writes and not plan.utility and plan.text.strip():
                try:
                    check_local_names(self._catalog_session(), plan, self.router.state)
                except errors.UnsupportedQuery:
                    return None  # `Runner.run` looks closer before it refuses
                statement = request._replace(text=planned.encode(plan.text))
                return Wanted(statement, (catalog,), _NO_PARTS, scroll=scroll)
        return None

    def _wanted_of_select(
        self, planned: Planned, plan: SelectPlan, request: Statement, scroll: bool | None
    ) -> Wanted | None:
        parts, homes = self.homes(plan.condition, request)
        if len(homes) == 1:
            return Wanted(
                for_shard(planned, plan.one.text, plan.one.numbers, request), homes, parts, scroll=scroll
            )
        if not isinstance(plan.many, Whole):
            return None
        statement, whole = whole_statement(self.transaction, planned, plan.many, request, homes, parts)
        return Wanted(
            statement,
            homes,
            parts,
            whole.order,
            count_of(whole.limit, request.parameters, "LIMIT"),
            count_of(whole.offset, request.parameters, "OFFSET") or 0,
            whole.hidden,
            scroll,
        )
