"""UPDATE and DELETE over gathered rows: run in the merge session, then done at the homes of the rows that it changed.

See `planning.gathered_write` for how, and why the rows are the same at both times.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from psycopg.pq.abc import PGresult

from parallel_partition import errors
from parallel_partition.catalog.identifiers import quoted
from parallel_partition.execution.answer import Answer, changes_of
from parallel_partition.execution.estimate import TableEstimate
from parallel_partition.execution.fan_out import answers_of
from parallel_partition.execution.gather import Gatherer
from parallel_partition.execution.home_numbers import home_numbers
from parallel_partition.execution.moment import text_at_moment
from parallel_partition.execution.router import Router
from parallel_partition.execution.temporary_tables import make_tables
from parallel_partition.execution.transaction import Transaction
from parallel_partition.planning.gathered_write import NEW_PART, defined_triggers
from parallel_partition.planning.key_sql import part_expression
from parallel_partition.planning.plan import ROW_PART, Gather, GatheredWritePlan, HomeWrite
from parallel_partition.postgres.driver_errors import as_driver_error
from parallel_partition.postgres.named_sql import load
from parallel_partition.postgres.session import Session
from parallel_partition.statements import Parameter, Statement

#: Bytes of changed rows that are sent on: PostgreSQL takes no message over 1 GB.
CHANGED_BYTES = 1 << 29

_CHANGED = "parallel_partition changed"
_CASCADING = load("foreign_keys")["cascading"].encode()
_TRIGGERS = load("triggers")["changes_rows"].encode()

_Rows = Mapping[str, tuple[int, Sequence[Parameter]]]


class GatheredWrites:
    """Runs them for one connection."""

    def __init__(self, router: Router, transaction: Transaction, gatherer: Gatherer) -> None:
        self._router = router
        self._transaction = transaction
        self._gatherer = gatherer

    def run(
        self,
        plan: GatheredWritePlan,
        gather: Gather,
        estimates: Sequence[TableEstimate],
        request: Statement,
        search_path: Sequence[str],
    ) -> Answer:
        """Change the rows. The statement is in a transaction, or in one that the caller began for it.

        Parameters
        ----------
        gather : the plan's, settled
        estimates : those of its queries

        Raises
        ------
        errors.UnsupportedQuery : it changes more bytes than can be sent, or moves rows that others would go with
        errors.CrossShardWriteRefused : several servers would be written, and cannot be
        psycopg.errors.SerializationFailure : a row was changed meanwhile
        StaleVersion : a server's map or schema is another than the plan was made for
        psycopg.Error : what a server said
        """
        locked = [told.query for told in estimates if told.query.table.lock]
        servers = list(dict.fromkeys(server for query in locked for server in query.servers))
        if plan.moves or (plan.returning and plan.update is not None):
            self._refuse_triggers(plan.table, servers)
        self._transaction.note_writers(servers)
        text, functions = text_at_moment(gather, self._transaction, self._router.state.catalog)
        with self._gatherer.gathered(gather, estimates, request, search_path, functions) as (merge, left):
            for query in locked:
                made = defined_triggers(query.table, _CHANGED)
                make_tables(merge, [Statement(one.encode(), prepare=False) for one in made])
            result = self._gatherer.answer(left._replace(text=text.encode()), estimates, merge)
            if not result.command_tuples or not locked:
                return changes_of([result], ())
            self._check_size(merge)
            writes = self._moved(plan, merge) if plan.moves else self._changed(plan, merge)
        for write, rows in writes:
            self._write(plan, write, rows)
        return changes_of([result], ())

    def _refuse_triggers(self, table: tuple[str, str], servers: Sequence[str]) -> None:
        """Refuse what triggers at the homes, made there by hand, would make other rows of than the merge session has.

        A row that moves would meet them twice.
        """
        given = [Parameter(name.encode(), 25, 0) for name in table]
        for server in servers:
            found = self._transaction.aside(server, Statement(_TRIGGERS, given, prepare=True))
            if found.ntuples:
                name = (found.get_value(0, 0) or b"").decode()
                message = (
                    f"{'.'.join(table)} has the trigger {name} on server {server}, which may change rows as they are "
                    "written; over gathered rows their keys are not changed then, and nothing of them is returned: "
                    "leave RETURNING out, or restrict the key to one server"
                )
                raise as_driver_error(errors.UnsupportedQuery(message).at(server))

    # --- in the merge session ---------------------------------------------------------------------------------

    def _check_size(self, merge: Session) -> None:
        text = (
            "SELECT pg_catalog.sum(pg_catalog.pg_column_size(c.*))::pg_catalog.int8"  # noqa: S608 - quoted
            f" FROM pg_temp.{quoted(_CHANGED)} AS c"
        )
        (result,) = answers_of(merge, [Statement(text.encode(), prepare=False)])
        size = int(result.get_value(0, 0) or 0)
        if size > CHANGED_BYTES:
            message = (
                f"the statement changes {size:,} bytes of rows over several servers, more than can be sent at a time "
                f"({CHANGED_BYTES:,}): change them in several statements"
            )
            raise as_driver_error(errors.UnsupportedQuery(message))

    def _changed(self, plan: GatheredWritePlan, merge: Session) -> list[tuple[HomeWrite, _Rows]]:
        write = plan.update or plan.delete
        return [(write, self._rows(write, quoted(ROW_PART), "true", merge))]

    def _moved(self, plan: GatheredWritePlan, merge: Session) -> list[tuple[HomeWrite, _Rows]]:
        """What is done where keys may have changed: those rows that leave their server are deleted before any comes."""
        assert plan.update is not None
        assert plan.insert is not None
        table = self._router.state.schema[plan.table]
        key = [quoted(column) for column in table.key]
        part = part_expression(key, self._router.state.num_partitions)
        changed = f"pg_temp.{quoted(_CHANGED)}"
        texts = (
            f"ALTER TABLE {changed} ADD COLUMN {quoted(NEW_PART)} pg_catalog.int4",
            f"UPDATE {changed} SET {quoted(NEW_PART)} = {part}",  # noqa: S608 - quoted
        )
        answers_of(merge, [Statement(text.encode(), prepare=False) for text in texts])
        leaves = f"{_home(ROW_PART)} <> {_home(NEW_PART)}"
        leaving = self._rows(plan.delete, quoted(ROW_PART), leaves, merge)
        if leaving:
            self._refuse_cascades(plan.table, merge)
        return [
            (plan.delete, leaving),
            (plan.update, self._rows(plan.update, quoted(ROW_PART), f"NOT {leaves}", merge)),
            (plan.insert, self._rows(plan.insert, quoted(NEW_PART), leaves, merge)),
        ]

    def _rows(self, write: HomeWrite, part: str, condition: str, merge: Session) -> _Rows:
        """How many changed rows a write has at each server, and their arrays; ``part`` is the column that tells."""
        servers = list(self._router.state.servers)
        arrays = ", ".join(f"pg_catalog.array_agg({element})" for element in write.elements)
        text = (
            f"SELECT ($1::pg_catalog.int4[])[{part}], pg_catalog.count(*)::pg_catalog.int4, {arrays}"  # noqa: S608 - quoted
            f" FROM pg_temp.{quoted(_CHANGED)} WHERE {condition} GROUP BY 1 ORDER BY 1"
        )
        homes = (home_numbers(self._router.state),)
        (result,) = answers_of(merge, [Statement(text.encode(), homes, 1, prepare=False)])
        found = {}
        for row in range(result.ntuples):
            home, count, *values = (bytes(result.get_value(row, n) or b"") for n in range(result.nfields))
            parameters = [Parameter(value, 0, 1) for value in values]
            found[servers[int.from_bytes(home, "big")]] = int.from_bytes(count, "big"), parameters
        return found

    def _refuse_cascades(self, table: tuple[str, str], merge: Session) -> None:
        """Refuse to delete rows here to insert them there where other rows would be deleted with them."""
        given = [Parameter(name.encode(), 25, 0) for name in table]
        (result,) = answers_of(merge, [Statement(_CASCADING, given, prepare=True)])
        if result.ntuples:
            constraint, other = ((result.get_value(0, n) or b"").decode() for n in range(2))
            message = (
                f"a change of the key of {'.'.join(table)} moves rows to another server, and with them would go those "
                f"of {other}, whose foreign key {constraint} deletes them: delete the rows and insert them anew"
            )
            raise as_driver_error(errors.UnsupportedQuery(message))

    # --- at the homes -----------------------------------------------------------------------------------------

    def _write(self, plan: GatheredWritePlan, write: HomeWrite, rows: _Rows) -> None:
        if not rows:
            return
        text = write.text.encode()
        ordered = [server for server in self._router.state.servers if server in rows]
        statements = {server: Statement(text, rows[server][1], prepare=False) for server in ordered}
        answers: dict[str, PGresult] = self._transaction.ask(statements, None, writes=True)
        for server, result in answers.items():
            if result.command_tuples != rows[server][0]:
                message = (
                    f"server {server} changed {result.command_tuples} of {rows[server][0]} rows of "
                    f"{'.'.join(plan.table)} that it had locked: a trigger or a rule there keeps it from them"
                )
                raise as_driver_error(errors.InternalError(message).at(server))


def _home(part: str) -> str:
    return f"($1::pg_catalog.int4[])[{quoted(part)}]"
