"""Run a plan: who is asked what, and how their answers become one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import psycopg
from psycopg import pq

from parallel_partition import errors
from parallel_partition.combining.limit import window
from parallel_partition.execution.answer import Answer, answer_of, rows_of
from parallel_partition.execution.count import count_of
from parallel_partition.execution.declared_tables import all_differences, differs
from parallel_partition.execution.estimate import TableEstimate
from parallel_partition.execution.explain_run import run_explain
from parallel_partition.execution.failures import stale_map
from parallel_partition.execution.gather import GATHER_LIMIT, Gatherer
from parallel_partition.execution.gathered_write import GatheredWrites
from parallel_partition.execution.local_names import (
    check_local_names,
)
from parallel_partition.execution.mentioned import mentioned
from parallel_partition.execution.merge_session import MergeSession
from parallel_partition.execution.router import Planned, Router
from parallel_partition.execution.run_point import run_point
from parallel_partition.execution.run_writes import (
    commit_in_autocommit,
    for_shard,
    run_insert,
    run_modify,
    run_reference_write,
)
from parallel_partition.execution.savepoints import run_on_savepoint
from parallel_partition.execution.settle import settle, settled_gather
from parallel_partition.execution.staged_insert import StagedInserts
from parallel_partition.execution.statement_plans import StatementPlans
from parallel_partition.execution.transaction import Transaction
from parallel_partition.execution.user_types import are_users, types_of
from parallel_partition.execution.version import StaleTables, StaleVersion
from parallel_partition.execution.whole_statement import whole_statement
from parallel_partition.planning.conditions import Condition
from parallel_partition.planning.plan import (
    ExplainPlan,
    Gather,
    GatheredWritePlan,
    InsertPlan,
    LocalPlan,
    ModifyPlan,
    ReferencePlan,
    ReferenceWritePlan,
    Refusal,
    SelectPlan,
    SettingPlan,
    Split,
    SplitDraft,
    StagedInsertPlan,
    TransactionPlan,
    Whole,
)
from parallel_partition.postgres.closed import CLOSED
from parallel_partition.postgres.driver_errors import as_driver_error
from parallel_partition.postgres.session import Session
from parallel_partition.statements import Statement

T = TypeVar("T")

#: How often a statement is planned anew when the map changes under it before it gives up.
ATTEMPTS = 5


class Runner:
    """Runs one connection's statements.

    Parameters
    ----------
    router : the cluster as this process knows it
    transaction : the connection's sessions and transaction
    gather_limit : bytes that one statement may gather
    """

    def __init__(self, router: Router, transaction: Transaction, gather_limit: int = GATHER_LIMIT) -> None:
        self.router = router
        self.transaction = transaction
        self.merge = MergeSession(router, transaction)
        self.gatherer = Gatherer(router, transaction, self.merge, gather_limit)
        self.stages = StagedInserts(router, transaction, self.gatherer)
        self.gathered_writes = GatheredWrites(router, transaction, self.gatherer)
        self.plans = StatementPlans(router, transaction, self.merge)

    def release(self) -> None:
        """Roll back and give every session back."""
        try:
            self.merge.release()
        finally:
            self.transaction.release()

    @property
    def sessions(self) -> list[Session]:
        """All sessions that are borrowed at this moment, the merge session among them."""
        merge = self.merge.session
        return [*self.transaction.sessions.listed, *([merge] if merge else [])]

    def abandon(self) -> None:
        """Close every session of a connection that nobody closed."""
        self.merge.abandon()
        self.transaction.sessions.abandon()

    def run(self, request: Statement) -> Answer:
        """Plan and run one statement of the caller's.

        Parameters
        ----------
        request : the text in ``$n`` form, its parameters, the wanted result format

        Raises
        ------
        errors.UnsupportedQuery : it cannot be answered exactly; the message says why
        errors.StaleMap : the map changed in mid-transaction
        psycopg.Error : what a server said
        """
        return self.current(self._run, request)

    def current(self, attempt: Callable[[Statement], T], request: Statement) -> T:
        """Do it by the cluster as it is now: again, when a server turns out to be ahead of what this process knows."""
        again = False
        versions = self.transaction.versions
        for _ in range(ATTEMPTS):
            state = versions.state = self.router.state
            versions.text, versions.again = request.text, again
            try:
                return attempt(request)
            except StaleVersion as stale:
                began = self.transaction.statements > 0
                self.transaction.restart(failed=began)
                if not (again and isinstance(stale, StaleTables)):
                    self.plans.reload(state)
                if isinstance(stale, StaleTables) and (again or began):
                    self._look_at_tables(stale)
                if began:
                    raise stale_map(stale.server) from None
                again = True
        message = f"the cluster's map or schema changed {ATTEMPTS} times while this statement tried to run; try again"
        raise as_driver_error(errors.StaleMap(message))

    def _look_at_tables(self, stale: StaleTables) -> None:
        """See whether the tables that differ on a server are other statements' than this one's.

        Raises
        ------
        errors.TableDiffers : they are this one's
        """
        versions = self.transaction.versions
        state = versions.state = self.router.state
        told = all_differences(self.router.pools, stale.server, state).told
        mine = mentioned(versions.text, told, state.schema)
        if mine:
            self.transaction.fail()
            raise differs([told[table] for table in mine], stale.server) from None

    def _run(self, request: Statement) -> Answer:
        """Plan and run a statement."""
        return self.guarded(lambda: self.answered(self.planned(request), request))

    def guarded(self, action: Callable[[], T]) -> T:
        """Do what a statement is for. What fails fails the transaction, as PostgreSQL's does, but for refusals."""
        try:
            return action()
        except StaleVersion:
            raise
        except errors.UnsupportedQuery:
            if self.transaction.is_streaming:
                self.transaction.rollback()  # refused while rows came: in autocommit nothing stays begun
            self._check_refusal()
            raise
        except errors.CrossShardWriteRefused:
            raise
        except psycopg.errors.InsufficientPrivilege:
            self.router.readable.clear()  # the right to read `part` may be among those that were taken away
            self.transaction.fail()
            raise
        except BaseException:
            self.transaction.fail()
            raise

    def answered(self, planned: Planned, request: Statement) -> Answer:
        """Run what is planned."""
        if planned.point is not None:
            answer = run_point(self.router, self.transaction, planned.point, request)
            if answer is not None:
                return self._as_numbered(answer)
        return self._as_numbered(self._run_planned(planned, request))

    def _as_numbered(self, answer: Answer) -> Answer:
        """The answer with the types of its columns as the catalog's server numbers them."""
        described = list(map(types_of, answer.results)) if answer.servers else []
        if any(map(are_users, described)):
            answer.look_up = None  # it would hand out results as they come
            translated = [
                self.router.types.translated(server, result, self.transaction.aside)
                for server, result in zip(answer.servers, answer.results, strict=True)
            ]
            answer.types = translated if translated != described else None
        return answer

    def _check_refusal(self) -> None:
        """Make sure that a statement was not refused for tables that are others by now."""
        if not self.transaction.failed:
            self.transaction.check_versions(self.router.state.catalog)

    def planned(self, request: Statement) -> Planned:
        """The plan of a statement; see `StatementPlans.of`."""
        return self.plans.of(request)

    def _run_planned(self, planned: Planned, request: Statement) -> Answer:
        if not isinstance(planned.plan, TransactionPlan):
            self.transaction.refuse_when_failed()
        self.transaction.unpreparable.calls = planned.prevents_prepare
        try:
            return self._by_kind(planned, request)
        finally:
            self.transaction.unpreparable.calls = ()
            if planned.leaves_state:
                self.transaction.sessions.touch(holds=planned.held)

    def _by_kind(self, planned: Planned, request: Statement) -> Answer:
        match plan := planned.plan:
            case SelectPlan():
                return self._select(planned, plan, request)
            case ReferencePlan():
                statement = request._replace(text=planned.encode(plan.text))
                return answer_of(self.transaction.ask_one(self.router.state.catalog, statement, frozenset()))
            case InsertPlan():
                return run_insert(
                    self.router,
                    self.transaction,
                    plan,
                    request,
                    lambda staged: self._staged(planned, staged, request),
                )
            case StagedInsertPlan():
                return self._staged(planned, plan, request)
            case ModifyPlan():
                return run_modify(
                    self.router,
                    self.transaction,
                    planned,
                    plan,
                    request,
                    lambda gathered: self._gathered_write(planned, gathered, request),
                )
            case GatheredWritePlan():
                return self._gathered_write(planned, plan, request)
            case ReferenceWritePlan():
                return run_reference_write(self.router, self.transaction, planned, plan, request)
            case LocalPlan():
                return self._local(planned, plan, request)
            case SettingPlan():
                return self._setting(plan, request)
            case TransactionPlan():
                return self._transaction_command(plan)
            case ExplainPlan():
                return run_explain(self, plan, request)

    def homes(
        self, condition: Condition, request: Statement
    ) -> tuple[frozenset[int] | None, tuple[str, ...]]:
        """The partitions that a condition leaves, and their homes; the catalog's server when it leaves none."""
        return self.router.homes_of(condition, request.parameters)

    # --- SELECT -----------------------------------------------------------------------------------------------

    def _select(self, planned: Planned, plan: SelectPlan, request: Statement) -> Answer:
        parts, homes = self.homes(plan.condition, request)
        if len(homes) == 1:
            statement = for_shard(planned, plan.one.text, plan.one.numbers, request)
            if plan.locking:
                answers = self.transaction.ask({homes[0]: statement}, parts, writes=True)
                commit_in_autocommit(self.transaction)
                return answer_of(answers[homes[0]], homes[0])
            return answer_of(self.transaction.ask_one(homes[0], statement, parts), homes[0])
        match self.settled(planned, plan, request).many:
            case Whole() as whole:
                return self._whole(planned, whole, homes, parts, request, plan.locking)
            case SplitDraft():
                assert planned.split is not None  # settled
                return self._split(planned, planned.split, homes, parts, request)
            case Gather() as gather:
                estimates = self.gatherer.estimates(gather, request, planned.first)
                return answer_of(self.gatherer.run(gather, estimates, request, self.plans.search_path))
            case Refusal(message):
                raise as_driver_error(errors.UnsupportedQuery(message))

    def _whole(
        self,
        planned: Planned,
        whole: Whole,
        homes: Sequence[str],
        parts: frozenset[int] | None,
        request: Statement,
        locking: bool,
    ) -> Answer:
        limit = count_of(whole.limit, request.parameters, "LIMIT")
        offset = count_of(whole.offset, request.parameters, "OFFSET")
        statement, whole = whole_statement(self.transaction, planned, whole, request, homes, parts)
        answers = self.transaction.ask(dict.fromkeys(homes, statement), parts, writes=locking)
        if locking:
            commit_in_autocommit(self.transaction)
        results = [answers[server] for server in homes]
        rows = sum(result.ntuples for result in results)
        order = self.merge.sort(results, whole.order, homes[0]) if whole.order and rows else None
        start, stop = window(rows, limit, offset)
        return rows_of(results, homes, order=order, start=start, stop=stop, hidden=whole.hidden)

    def _split(
        self,
        planned: Planned,
        split: Split,
        homes: Sequence[str],
        parts: frozenset[int] | None,
        request: Statement,
    ) -> Answer:
        statement = for_shard(planned, split.partial.text, split.partial.numbers, request)
        statement = statement._replace(result_format=1)
        answers = self.transaction.ask(dict.fromkeys(homes, statement), parts)
        partials = [answers[server] for server in homes]
        return answer_of(self.merge.compute(split, partials, request.parameters, request.result_format))

    def settled(self, planned: Planned, plan: SelectPlan, request: Statement) -> SelectPlan:
        """The plan of ``planned`` with what PostgreSQL must describe before its first run; see `settle`."""
        return settle(planned, plan, request, self.transaction, self.merge, self.plans.search_path)

    def _staged(self, planned: Planned, plan: StagedInsertPlan, request: Statement) -> Answer:
        gather, estimates = self._estimated(planned, plan.gather, request)
        return self.stages.run(plan, gather, estimates, request, self.plans.search_path)

    def _gathered_write(self, planned: Planned, plan: GatheredWritePlan, request: Statement) -> Answer:
        with self.transaction.together():
            gather, estimates = self._estimated(planned, plan.gather, request)
            return self.gathered_writes.run(plan, gather, estimates, request, self.plans.search_path)

    def _estimated(
        self, planned: Planned, gather: Gather, request: Statement
    ) -> tuple[Gather, list[TableEstimate]]:
        """A write's gather, settled, and the estimates of its queries."""
        settled = settled_gather(
            planned, gather, request, self.transaction, self.merge, self.plans.search_path
        )
        if isinstance(settled, Refusal):
            raise as_driver_error(errors.UnsupportedQuery(settled.message))
        return settled, self.gatherer.estimates(settled, request, planned.first)

    # --- the rest ---------------------------------------------------------------------------------------------

    def _local(self, planned: Planned, plan: LocalPlan, request: Statement) -> Answer:
        if not self.is_local(plan):
            return self._run(request)
        return self.ask_local(planned, plan, request)

    def is_local(self, plan: LocalPlan) -> bool:
        """Make sure that a plan's names are local; False where they are views that it must be planned anew for.

        Raises
        ------
        errors.UnsupportedQuery : they are not
        """
        try:
            # Each time: another client may have put a view or a function in the place of what there was.
            check_local_names(self._catalog_session(), plan, self.router.state)
        except errors.UnsupportedQuery:
            if self._knows_more_views():
                return False
            raise
        return True

    def ask_local(self, planned: Planned, plan: LocalPlan, request: Statement) -> Answer:
        """Run what is local on the catalog's server."""
        statement = request._replace(text=planned.encode(plan.text))
        session = self._catalog_session()
        session.touched = session.touched or plan.writes or plan.utility
        result = self.transaction.ask_local(
            session.server,
            statement,
            writes=plan.writes,
            named=plan.writes or bool(plan.relations),
            utility=plan.utility,
        )
        if result.command_status == b"DEALLOCATE ALL":
            session.forget_prepared()
        if plan.utility and plan.writes:
            self.router.forget_plans()
        return answer_of(result)

    def _knows_more_views(self) -> bool:
        """Read the catalog again, and tell whether there are other views over tables of the cluster than before."""
        state = self.router.state
        self.plans.reload(state)
        self.transaction.versions.state = self.router.state
        return self.router.state.schema.views != state.schema.views

    def _catalog_session(self) -> Session:
        return self.transaction.session(self.router.state.catalog)

    def _setting(self, plan: SettingPlan, request: Statement) -> Answer:
        """SET on every server of the cluster, on all or none, so that all answer under the same settings."""
        transaction = self.transaction
        servers = tuple(self.router.state.servers)
        statement = request._replace(text=plan.text.encode(), prepare=False)
        for server in servers:
            session = transaction.session(server)
            if plan.discards:
                session.forget_prepared()
        transaction.touch_settings()
        # DISCARD ALL is refused within a transaction.
        answers = transaction.ask(dict.fromkeys(servers, statement), None, together=not plan.discards)
        try:
            commit_in_autocommit(transaction)
        except BaseException:
            transaction.release()  # their settings differ: no statement runs on this connection any more
            raise
        return answer_of(answers[servers[0]])

    def _transaction_command(self, plan: TransactionPlan) -> Answer:
        transaction = self.transaction
        tag = plan.tag
        if plan.action == "begin":
            transaction.refuse_when_failed()
            if plan.options:
                message = "BEGIN with options is not supported; set isolation_level, read_only or deferrable instead"
                raise as_driver_error(errors.UnsupportedQuery(message))
            transaction.explicit = True
        elif plan.action == "commit":
            tag = "ROLLBACK" if transaction.failed else tag
            transaction.commit()
        elif plan.action == "rollback":
            transaction.rollback()
        else:
            run_on_savepoint(transaction, plan.action, plan.savepoint)
        return Answer([CLOSED.make_empty_result(pq.ExecStatus.COMMAND_OK)], status=tag.encode())
