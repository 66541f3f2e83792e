"""INSERT of rows that are computed first in the merge session: there they are filled in, and then sent to their homes.

What is evaluated once in one PostgreSQL is evaluated once here: in the merge session, whose transaction is rolled back
when the rows have been read. Values from sequences are drawn in the caller's own session on the catalog's server, so
that ``currval`` and ``lastval`` tell there what they would tell in one PostgreSQL.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from psycopg.pq.abc import PGresult

from parallel_partition import errors
from parallel_partition.catalog.identifiers import quoted
from parallel_partition.execution.answer import Answer, changes_of
from parallel_partition.execution.estimate import TableEstimate
from parallel_partition.execution.fan_out import answers_of
from parallel_partition.execution.gather import Gatherer
from parallel_partition.execution.home_numbers import home_numbers
from parallel_partition.execution.moment import began_at, require_nameable, text_at
from parallel_partition.execution.router import Router
from parallel_partition.execution.run_writes import (
    answer_of_all,
    commit_in_autocommit,
    draw,
    in_order_of_rows,
    require_readable,
)
from parallel_partition.execution.transaction import Transaction
from parallel_partition.planning.key_sql import part_expression
from parallel_partition.planning.plan import Drawn, Gather, StagedInsertPlan
from parallel_partition.planning.splicing import renumber
from parallel_partition.planning.staged_insert import STAGE, STAGE_ROW
from parallel_partition.postgres.binary_array import binary_array, integers_of
from parallel_partition.postgres.driver_errors import as_driver_error
from parallel_partition.postgres.session import Session
from parallel_partition.statements import Parameter, Statement

_INT8, _INT8_ARRAY = 20, 1016

_NOTHING = Parameter(None, 0, 0)
_NO_PARTS: frozenset[int] = frozenset()

_ROW = quoted(STAGE_ROW)
#: Its partition, and the number of that one's home.
_PART, _HOME = quoted("parallel_partition part"), quoted("parallel_partition home")
#: Rows whose width is not asked for before they are read.
FEW_ROWS = 10_000
#: Bytes of rows that are held in this process and sent on at once, and what ON CONFLICT is refused over: PostgreSQL
#: takes no message over 1 GB.
BATCH_BYTES = 32 << 20
STATEMENT_BYTES = 1 << 29


@dataclass(frozen=True, slots=True)
class HomeRows:
    """Rows of one home: their numbers in the order of the statement, their partitions, and the arrays of its write."""

    numbers: Sequence[int]
    parts: frozenset[int]
    arrays: Sequence[Parameter]


class StagedInserts:
    """Runs them for one connection."""

    def __init__(self, router: Router, transaction: Transaction, gatherer: Gatherer) -> None:
        self._router = router
        self._transaction = transaction
        self._gatherer = gatherer

    def run(
        self,
        plan: StagedInsertPlan,
        gather: Gather,
        estimates: Sequence[TableEstimate],
        request: Statement,
        search_path: Sequence[str],
    ) -> Answer:
        """Compute the rows, and write them.

        Parameters
        ----------
        gather : the plan's, settled
        estimates : those of its queries

        Raises
        ------
        errors.UnsupportedQuery : they have several homes, and may have one only; or they are too many
        StaleVersion : a server's map or schema is another than the plan was made for; nothing is written
        psycopg.Error : what a server said
        """
        stage, text, functions = self._at_moment(plan, gather)
        with self._gatherer.gathered(gather, estimates, request, search_path, [*functions, stage]) as (
            merge,
            left,
        ):
            filled, numbers = renumber(f"{plan.fill} {text}".encode())
            given = [left.parameters[number - 1] for number in numbers]
            statement = left._replace(text=filled, parameters=given, result_format=0)
            rows = self._gatherer.answer(statement, estimates, merge).command_tuples or 0
            self._draw_all(plan, rows, merge)
            batches = self._batches(plan, rows, merge)
            first = next(batches, {})
            if rest := next(batches, None):
                return self._write_batches(plan, request, [first, rest], batches)
        return self._write_batches(plan, request, [first], iter(()))

    def _at_moment(self, plan: StagedInsertPlan, gather: Gather) -> tuple[str, str, Sequence[str]]:
        """The texts that make and fill the stage, and what is to be made before for the clocks that they read."""
        transaction = self._transaction
        clocked = gather.clock is not None or plan.clock is not None
        if not (transaction.in_block and clocked):
            return plan.stage, gather.text, ()
        require_nameable(gather, transaction)
        moment = began_at(transaction, self._router.state.catalog)
        stage, of_stage = text_at(moment, plan.stage)
        text, of_text = text_at(moment, gather.text) if gather.clock is not None else (gather.text, ())
        return stage, text, tuple(dict.fromkeys((*of_stage, *of_text)))

    # --- in the merge session ---------------------------------------------------------------------------------

    def _draw_all(self, plan: StagedInsertPlan, rows: int, merge: Session) -> None:
        """Give the rows the values that are drawn."""
        table = f"pg_temp.{quoted(STAGE)}"
        schema = self._router.state.schema[plan.table]
        texts = [
            f"ALTER TABLE {table} ALTER COLUMN {quoted(column.name)} DROP IDENTITY"
            for column in schema.columns
            if column.identity
        ]
        if texts:
            answers_of(merge, [Statement(text.encode(), prepare=False) for text in texts])
        for drawn in plan.drawn:
            numbers = range(1, rows + 1) if drawn.rows is None else drawn.rows
            if numbers:
                self._draw(drawn, numbers, merge)

    def _draw(self, drawn: Drawn, numbers: Sequence[int], merge: Session) -> None:
        values = draw(self._transaction, drawn.sequence, len(numbers))
        text = (
            f"UPDATE pg_temp.{quoted(STAGE)} SET {quoted(drawn.column)} = d.value"  # noqa: S608 - quoted
            f" FROM ROWS FROM (pg_catalog.unnest($1::pg_catalog.int8[]), pg_catalog.unnest($2::pg_catalog.int8[]))"
            f" AS d(number, value)"
            f" WHERE {_ROW} operator(pg_catalog.=) d.number"
        )
        encoded = [number.to_bytes(8, "big") for number in numbers]
        arrays = (Parameter(binary_array(_INT8, encoded), _INT8_ARRAY, 1), Parameter(values, _INT8_ARRAY, 1))
        answers_of(merge, [Statement(text.encode(), arrays, prepare=False)])

    def _batches(self, plan: StagedInsertPlan, rows: int, merge: Session) -> Iterator[Mapping[str, HomeRows]]:
        """The rows by home: all of them where they must be together or are few, else batch by batch."""
        step = self._rows_at_once(plan, rows, merge)
        for start in range(0, rows, step):
            yield self._by_home(plan, start, start + step, merge)

    def _rows_at_once(self, plan: StagedInsertPlan, rows: int, merge: Session) -> int:
        if rows <= FEW_ROWS:
            return max(rows, 1)
        listed = ", ".join(quoted(column) for column in plan.columns)
        text = (
            f"SELECT pg_catalog.sum(pg_catalog.pg_column_size(ROW({listed})))::pg_catalog.int8"  # noqa: S608 - quoted
            f" FROM pg_temp.{quoted(STAGE)}"
        )
        (result,) = answers_of(merge, [Statement(text.encode(), prepare=False)])
        size = int(result.get_value(0, 0) or 0)
        if not plan.conflicts and plan.refusal is None:
            return max(1, rows * BATCH_BYTES // max(size, BATCH_BYTES))
        if size > STATEMENT_BYTES:
            schema, table = plan.table
            message = (
                f"INSERT INTO {schema}.{table}: the {rows:,} rows, {size:,} bytes, are more than one "
                f"statement takes ({STATEMENT_BYTES:,} bytes); insert them in several statements"
            )
            raise as_driver_error(errors.UnsupportedQuery(message))
        return rows

    def _by_home(self, plan: StagedInsertPlan, start: int, stop: int, merge: Session) -> dict[str, HomeRows]:
        """The rows from ``start`` to ``stop``, by their homes in server order."""
        state = self._router.state
        table = state.schema[plan.table]
        servers = list(state.servers)
        key = [quoted(column) for column in table.key]
        part = part_expression(key, state.num_partitions) if table.sharded else "1"
        arrays = "".join(f", pg_catalog.array_agg({element})" for element in plan.elements)
        text = (
            f"SELECT r.{_HOME}, pg_catalog.array_agg(r.{_ROW}), pg_catalog.array_agg(r.{_PART}){arrays}"  # noqa: S608 - quoted
            f" FROM (SELECT p.*, ($1::pg_catalog.int4[])[p.{_PART}] AS {_HOME}"
            f" FROM (SELECT *, {part} AS {_PART} FROM pg_temp.{quoted(STAGE)}"
            f" WHERE {_ROW} operator(pg_catalog.>) $2 AND {_ROW} operator(pg_catalog.<=) $3) AS p"
            f" ORDER BY {_HOME}, p.{_ROW}) AS r GROUP BY r.{_HOME} ORDER BY r.{_HOME}"
        )
        given = (
            home_numbers(state),
            Parameter(b"%d" % start, _INT8, 0),
            Parameter(b"%d" % stop, _INT8, 0),
        )
        (result,) = answers_of(merge, [Statement(text.encode(), given, 1, prepare=False)])
        if table.sharded:
            return dict(_home_rows(result, servers))
        return {server: rows for _, rows in _home_rows(result, servers) for server in servers}

    # --- at the homes -----------------------------------------------------------------------------------------

    def _write_batches(
        self,
        plan: StagedInsertPlan,
        request: Statement,
        read: Sequence[Mapping[str, HomeRows]],
        more: Iterator[Mapping[str, HomeRows]],
    ) -> Answer:
        """Write the batches that are read already, and those to come, in one transaction where they are several."""
        results: list[PGresult] = []
        servers: list[str] = []
        numbers: list[int] = []
        together = len(read) > 1
        for batch in (*read, *more):
            answers = self._write(plan, request, batch, together=together)
            if not self._router.state.schema[plan.table].sharded:
                answers = answer_of_all(plan.table, answers)
            for server, result in answers.items():
                servers.append(server)
                results.append(result)
                numbers += batch[server].numbers if server in batch else ()
        commit_in_autocommit(self._transaction)
        answer = changes_of(results, servers)
        return in_order_of_rows(answer, numbers) if plan.returning else answer

    def _write(
        self, plan: StagedInsertPlan, request: Statement, batch: Mapping[str, HomeRows], *, together: bool
    ) -> dict[str, PGresult]:
        state = self._router.state
        sharded = state.schema[plan.table].sharded
        if (len(batch) > 1 or not sharded) and plan.refusal is not None:
            raise as_driver_error(errors.UnsupportedQuery(plan.refusal.message))
        given = [request.parameters[number - 1] for number in plan.write.numbers or ()]
        rows = batch or {state.catalog: HomeRows((), frozenset(), [_NOTHING] * (len(plan.elements) + 1))}
        text = plan.write.text.encode()
        statements = {
            server: request._replace(text=text, parameters=[*given, *home.arrays[: None if sharded else -1]])
            for server, home in rows.items()
        }
        if plan.returning:
            require_readable(self._transaction, statements)
        parts = frozenset().union(*(home.parts for home in rows.values())) if sharded else _NO_PARTS
        answers = self._transaction.ask(statements, parts, writes=True, together=together)
        return {server: answers[server] for server in statements}


def _home_rows(result: PGresult, servers: Sequence[str]) -> Iterator[tuple[str, HomeRows]]:
    for row in range(result.ntuples):
        home, numbers, parts, *arrays = (
            bytes(result.get_value(row, column) or b"") for column in range(result.nfields)
        )
        parameters = [Parameter(array, 0, 1) for array in (*arrays, parts)]
        found = HomeRows(integers_of(numbers), frozenset(integers_of(parts)), parameters)
        yield servers[int.from_bytes(home, "big")], found
