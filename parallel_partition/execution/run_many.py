"""One write for many parameter sets, as fast as servers take it: each set goes to its home's pipeline as it comes.

Each set is a statement of its own, as in psycopg's ``executemany``: on a server they run in the order in which they
were given. The versions are checked once, behind the last of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from psycopg.abc import Buffer
from psycopg.pq.abc import PGresult

from parallel_partition import errors
from parallel_partition.catalog.key_parameters import reader
from parallel_partition.catalog.key_text import NotProven
from parallel_partition.catalog.shard_map import part_of
from parallel_partition.execution.answer import Answer, answer_of, changes_of
from parallel_partition.execution.fan_out import run_all
from parallel_partition.execution.point import UNREADABLE
from parallel_partition.execution.router import Planned
from parallel_partition.execution.run_plan import Runner
from parallel_partition.execution.run_writes import (
    answer_of_all,
    disagreement,
    insert_statements,
    modify_statements,
    reference_statements,
)
from parallel_partition.execution.user_types import are_users
from parallel_partition.execution.version import StaleVersion
from parallel_partition.planning.conditions import ParameterKey
from parallel_partition.planning.plan import InsertPlan, ModifyPlan, Plan, ReferenceWritePlan
from parallel_partition.postgres.executions import Executions
from parallel_partition.postgres.session import Exchange, Session, StatementKey
from parallel_partition.statements import Parameters, Statement

_INT4 = 23

#: Makes the statement of the parameter set at hand, for the planner.
Request = Callable[[], Statement]


def run_many(runner: Runner, request: Statement, send_all: Callable[[Pipelines], None]) -> Answer | None:
    """Run a write for many parameter sets.

    Parameters
    ----------
    runner : the connection's, in a transaction
    request : the statement with the first of them
    send_all : sends each of them; maybe twice

    Returns
    -------
    What was changed in all, and the tag of the last set; None when the statement is to be run for each by itself.

    Raises
    ------
    as `Runner.run` does
    """

    def attempt(request: Statement) -> Answer | None:
        planned = runner.planned(request)
        if not _is_sent_as_it_is(planned.plan):
            return None
        if planned.leaves_state or planned.prevents_prepare:
            return None
        pipelines = Pipelines(runner)
        try:
            send_all(pipelines)
            return pipelines.finish()
        except BaseException as error:
            pipelines.break_off(error)
            raise

    return runner.current(lambda asked: runner.guarded(lambda: attempt(asked)), request)


def _is_sent_as_it_is(plan: Plan) -> bool:
    """Tell whether parameters lead to homes, without asking a sequence, a clock or the merge session before."""
    match plan:
        case InsertPlan():
            return not plan.drawn and plan.clock is None
        case ModifyPlan():
            return plan.gathered is None and plan.clock is None
        case ReferenceWritePlan():
            return plan.clock is None
    return False


class _InsertRoute:
    """Where a row goes whose key is one parameter; the short way of `insert_statements`."""

    __slots__ = ("_oid", "_place", "_type", "key")

    def __init__(self, plan: InsertPlan, key: ParameterKey, types: tuple[int, ...]) -> None:
        self._place, self._type = key.number - 1, key.type
        self._oid = types[self._place]
        text = f"{plan.head} {plan.rows[0]}, ${len(types) + 1}) {plan.tail}"
        self.key: StatementKey = (text.encode(), (*types, _INT4))

    def part(self, values: Sequence[Buffer | None], formats: Sequence[int], count: int) -> int | None:
        """The partition; None when the long way must tell."""
        data = values[self._place]
        read = reader(self._type, self._oid, formats[self._place])
        if data is None or read is None:
            return None
        try:
            return part_of(read(bytes(data)), count)
        except (NotProven, *UNREADABLE):
            return None


class Pipelines:
    """The pipelines of one write, a server's opened when the first parameter set goes there.

    Parameters
    ----------
    runner : the connection's

    Raises
    ------
    as `Runner.run` does
    """

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._transaction = runner.transaction
        self._transaction.refuse_when_failed()
        if self._transaction.snapshot is not None:
            self._transaction.see_one_moment()
        self._map = runner.router.state.shard_map
        self._homes = self._map.homes
        self._count = self._map.num_partitions
        self._planned: dict[tuple[int, ...], Planned] = {}
        self._routes: dict[tuple[int, ...], _InsertRoute | None] = {}
        self._open: dict[str, Executions] = {}
        self._touched: set[str] = set()
        #: Of a reference table, the rows that each set changed on each server.
        self._counts: dict[str, list[int]] = {}
        self._table: tuple[str, str] | None = None
        #: Users' types that are known on a server.
        self._numbered: set[tuple[str, tuple[int, ...]]] = set()
        self._parts: set[int] = set()
        self._every_part = False
        self._changed = 0
        self._last: Mapping[str, PGresult] = {}
        self._latest: Sequence[str] = ()

    def send(
        self,
        values: Sequence[Buffer | None],
        types: tuple[int, ...],
        formats: Sequence[int],
        request: Request,
    ) -> None:
        """Send one parameter set to where it belongs.

        Raises
        ------
        psycopg.Error : what a server said of an earlier one
        """
        try:
            route = self._routes[types]
        except KeyError:
            self.pause()  # to plan may take asking servers
            self._planned[types] = self._runner.planned(request())
            route = self._routes[types] = self._route(types)
        part = None if route is None else route.part(values, formats, self._count)
        if part is None or route is None:
            self._send_planned(self._planned[types], request())
            return
        self._parts.add(part)
        server = self._homes[part]
        executions = self._open.get(server) or self._opened(server)
        executions.send(route.key, [*values, b"%d" % part], [*formats, 0])
        self._latest = (server,)
        if executions.failure is not None:
            self._raise()

    def _route(self, types: tuple[int, ...]) -> _InsertRoute | None:
        """The short way for parameters of these types; None where there is none."""
        plan = self._planned[types].plan
        match plan:
            case InsertPlan(keys=((ParameterKey(modifiers=()) as key,),)) if not are_users(types):
                return _InsertRoute(plan, key, types)
        return None

    def _send_planned(self, planned: Planned, request: Statement) -> None:
        """The long way: each server's own statement."""
        runner, plan = self._runner, planned.plan
        parts: frozenset[int] | None
        if isinstance(plan, InsertPlan):
            try:
                parts, statements, _ = insert_statements(runner.router, plan, request, ())
            except errors.UnsupportedQuery:
                if plan.staged is None:
                    raise
                self._run_alone(planned, request)
                return
        elif isinstance(plan, ReferenceWritePlan):
            parts, statements = reference_statements(runner.router, planned, plan, request)
            self._table = plan.table
        else:
            assert isinstance(plan, ModifyPlan)  # the types of parameters decide nothing about that
            parts, statements = modify_statements(runner.router, planned, plan, request)
        self._every_part = self._every_part or parts is None
        self._parts.update(parts or ())
        for server, statement in statements.items():
            executions = self._open.get(server) or self._opened(server)
            given = Parameters.of(statement.parameters)
            if are_users(given.types):
                if (server, given.types) not in self._numbered:
                    self.pause()  # what the server calls them may have to be asked there
                    self._numbered.add((server, given.types))
                own = self._runner.router.types.for_server(statement, server, self._transaction.aside)
                given, executions = (
                    Parameters.of(own.parameters),
                    self._open.get(server) or self._opened(server),
                )
            executions.send((statement.text, given.types), given.values, given.formats)
            if executions.failure is not None:
                self._raise()
        self._latest = tuple(statements)

    def _run_alone(self, planned: Planned, request: Statement) -> None:
        """Run one parameter set by itself, whose homes are not certain before its rows are computed."""
        self.pause()
        answer = self._runner.answered(planned, request)
        self._changed += max(answer.rowcount, 0)
        self._last = {**self._last, **dict(zip(answer.servers, answer.results, strict=True))}
        self._latest = tuple(answer.servers)

    def _opened(self, server: str) -> Executions:
        transaction = self._transaction
        if server not in transaction.wrote or server not in transaction.begun:
            self.pause()  # more may be asked of all of them
            transaction.session(server)
            transaction.note_writers((server,))
        executions = Executions(transaction.session(server), transaction.train(server, True))
        if self._table is not None:
            executions.counts = self._counts.setdefault(server, [])
        self._open[server] = executions
        self._touched.add(server)
        return executions

    # --- the end --------------------------------------------------------------------------------------------------

    def pause(self) -> None:
        """Wait until all that was sent has run."""
        self._end({server: [] for server in self._open})

    def finish(self) -> Answer:
        """Wait until all has run, and check the versions; what it changed in all, with the tag of the last set.

        Raises
        ------
        StaleVersion : a server's map or schema is another than the plans were made for
        psycopg.Error : what a server said
        """
        transaction, versions = self._transaction, self._transaction.versions
        for server in self._touched - self._open.keys():
            self._opened(server)
        parts = None if self._every_part else frozenset(self._parts)
        sessions = {server: executions.session for server, executions in self._open.items()}
        own = {server: transaction.own_snapshot(session, True) for server, session in sessions.items()}
        checks = {server: versions.checks(server, parts, own_snapshot=own[server]) for server in sessions}
        answered = self._end(checks)
        for server, session in sessions.items():
            versions.verify(session, parts, answered[server], own_snapshot=own[server])
        transaction.statements += 1
        if self._table is not None:
            return self._same_on_all(self._table)
        answer = changes_of([self._last[server] for server in self._latest], self._latest)
        answer.rowcount = self._changed
        return answer

    def _same_on_all(self, table: tuple[str, str]) -> Answer:
        """What was changed in a reference table: the first server's answer, which the others must agree with."""
        last = {server: self._last[server] for server in self._latest}
        [(first, result)] = answer_of_all(table, last).items()
        for server, counts in self._counts.items():
            if counts != self._counts[first]:
                raise disagreement(table, (first, sum(self._counts[first])), (server, sum(counts)))
        answer = answer_of(result, first)
        answer.rowcount = sum(self._counts[first])
        return answer

    def _end(self, behind: Mapping[str, list[Statement]]) -> dict[str, list[PGresult]]:
        """End the open pipelines, each with some more statements."""
        ending, self._open = self._open, {}
        exchanges: dict[str, tuple[Session, Exchange]] = {
            server: (executions.session, executions.ending(behind[server]))
            for server, executions in ending.items()
        }
        outcome = run_all(exchanges)
        if outcome.failures:
            self._transaction.raise_failures(outcome.failures, self._known_parts())
        self._changed += sum(executions.changed for executions in ending.values())
        self._last = {
            **self._last,
            **{server: one.last for server, one in ending.items() if one.last is not None},
        }
        return outcome.results

    def _known_parts(self) -> frozenset[int] | None:
        return None if self._every_part else frozenset(self._parts)

    def _raise(self) -> None:
        """Raise what servers said, once nothing is on its way to any of them."""
        self._end({server: [] for server in self._open})
        raise AssertionError("a pipeline that has failed does not end well")

    def break_off(self, error: BaseException) -> None:
        """Leave no session in the middle of its pipeline, after something went wrong."""
        if self._touched and not isinstance(error, StaleVersion):
            self._transaction.statements += 1  # of which some was done
        ending, self._open = self._open, {}
        for executions in ending.values():
            if not isinstance(error, Exception):
                executions.session.abandon()
        alive = {server: one for server, one in ending.items() if one.session.alive}
        run_all({server: (one.session, one.ending([])) for server, one in alive.items()})
