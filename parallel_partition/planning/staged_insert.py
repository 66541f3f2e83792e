"""INSERT of rows that are computed first: in a temporary table of the merge session, like the target.

There PostgreSQL evaluates the caller's own VALUES or SELECT once, over the rows gathered for it, gives defaults, and
makes of every value what the column stores. Then keys are known, whatever they were computed from, and the rows go
to their homes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from parallel_partition.catalog.identifiers import quoted
from parallel_partition.catalog.tables import PART, Column, Schema, Table
from parallel_partition.planning.align import Passed
from parallel_partition.planning.analysis import call_name
from parallel_partition.planning.answer_first import TEMPORARY
from parallel_partition.planning.functions import (
    CLOCK_ADVICE,
    SEQUENCES,
    differs_beside_clock,
    foreign_functions,
    reads_clock,
)
from parallel_partition.planning.hide_part import Edit
from parallel_partition.planning.insert_text import InsertPieces, InsertReader
from parallel_partition.planning.inserts import (
    default_nodes,
    defaulted_columns,
    is_constant,
    refuse_key_changes,
)
from parallel_partition.planning.parse import ParsedText
from parallel_partition.planning.plan import Drawn, Gather, Refusal, ShardQuery, StagedInsertPlan
from parallel_partition.planning.refuse import refuse
from parallel_partition.planning.scope import SYSTEM_COLUMNS, field_names
from parallel_partition.planning.sent_rows import number, rows_from, sent, values
from parallel_partition.planning.splicing import renumber
from parallel_partition.planning.trees import Node, walk

#: The temporary table in which the rows are computed.
STAGE = "parallel_partition rows"
#: Its last column numbers its rows from 1, as they come: where they are stored tells no order.
STAGE_ROW = "parallel_partition row"

#: Plans the SELECT or VALUES with this text, as it would run in the merge session, and tells how many columns it has.
PlanSource = Callable[[str], tuple[Gather, int | None]]


def plan_staged_insert(
    parsed: ParsedText,
    body: Node,
    table: Table,
    schema: Schema,
    hidden: list[Edit],
    plan_source: PlanSource,
) -> StagedInsertPlan:
    """Plan an INSERT whose rows are computed before they go to their homes.

    Raises
    ------
    UnsupportedQuery : it would be another INSERT then
    """
    name = f"INSERT INTO {table.schema}.{table.name}"
    listed = tuple(item["ResTarget"]["name"] for item in body.get("cols", []))
    if PART in listed and table.sharded:
        raise refuse(
            f"column {PART}", f"it is the library's own and follows from the key, in {name}", "leave it out"
        )
    if table.sharded:
        refuse_key_changes(body, table)
    _refuse_sequences(body, name)
    _refuse_subqueries_behind(body, name)
    if not table.sharded:
        _refuse_differences(body, table, schema, name)
    added = (PART,) if table.sharded else ()
    pieces = InsertReader(parsed, body, listed, hidden, added).pieces()
    gather, width = _gathered(pieces, plan_source, name)
    if not listed:
        if width is None:
            raise refuse("*", f"how many columns it has is not known, in {name}", "list the columns")
        listed = table.column_names[:width]
    defaults = _Defaults(body, table, listed, schema, name)
    clause = reads_clock(tuple(walk(_behind(body))))
    return StagedInsertPlan(
        (table.schema, table.name),
        _definition(table, defaults),
        gather,
        _fill(pieces, listed),
        tuple(defaults.drawn()),
        tuple(column.name for column in table.columns if defaults.is_sent(column)),
        *_write(pieces, table, defaults),
        f"rows of {table.name} are computed first",
        "onConflictClause" in body,
        "returningClause" in body,
        defaults.clock,
        Refusal(f"{clause}: {CLOCK_ADVICE}") if clause else None,
    )


def _behind(body: Node) -> list[Node]:
    return [body.get(clause, {}) for clause in ("onConflictClause", "returningClause")]


def _refuse_sequences(body: Node, name: str) -> None:
    """Refuse functions of sequences: the merge session is not the one that ``currval`` is asked in."""
    for kind, call in walk(body):
        if kind == "FuncCall" and call_name(call)[1] in SEQUENCES:
            raise refuse(
                f"function {call_name(call)[1]}",
                f"its sequence is the catalog's server's alone, in {name}",
                "select the value before, and pass it",
            )


def _refuse_subqueries_behind(body: Node, name: str) -> None:
    if any(kind == "SubLink" for kind, _ in walk(_behind(body))):
        raise refuse(
            "a subquery in ON CONFLICT or RETURNING",
            f"its rows are on several servers, in {name}",
            "select before",
        )


def _refuse_differences(body: Node, table: Table, schema: Schema, name: str) -> None:
    """Refuse what each server would evaluate by itself for its copy of a reference table."""
    behind = tuple(walk(_behind(body)))
    differs = differs_beside_clock(behind, schema, any_clock=True)
    if differs is not None:
        clause, _, reason = differs.partition(": ")
        raise refuse(clause, f"{reason}, in {name}")
    for kind, below in behind:
        if kind == "ColumnRef" and field_names(below)[-1] in SYSTEM_COLUMNS:
            raise refuse(str(field_names(below)[-1]), f"it differs between servers, in {name}")
    for column in map(table.column, defaulted_columns(body)):
        if column is not None and not is_constant(column):
            raise refuse(
                f"SET {column.name} = DEFAULT",
                f"it is another value on each server, in {name}",
                "give the value",
            )


def _gathered(pieces: InsertPieces, plan_source: PlanSource, name: str) -> tuple[Gather, int | None]:
    if pieces.source.upper().split() == ["DEFAULT", "VALUES"]:
        return Gather(pieces.source, ()), 0
    try:
        return plan_source(pieces.source)
    except Passed as passed:
        clause, _, reason = str(passed).partition(": ")
        raise refuse(clause, f"{reason}, in {name}") from None


def _fill(pieces: InsertPieces, listed: Sequence[str]) -> str:
    names = f"({', '.join(map(quoted, listed))})" if listed else ""
    parts = (f"INSERT INTO {TEMPORARY}.{quoted(STAGE)}", pieces.listed or names, pieces.overriding)
    return " ".join(part for part in parts if part)


# --- defaults ----------------------------------------------------------------------------------------------------


class _Defaults:
    """What the statement leaves to defaults, column by column."""

    def __init__(self, body: Node, table: Table, listed: Sequence[str], schema: Schema, name: str) -> None:
        self._table = table
        self._listed = listed
        self._schema = schema
        self._name = name
        select = body.get("selectStmt", {}).get("SelectStmt", {})
        self._rows = [item["List"]["items"] for item in select.get("valuesLists", [])]
        self._ignores_values = body.get("override") == "OVERRIDING_USER_VALUE"
        #: What a default reads the clock by.
        self.clock: str | None = None
        for column in table.columns:
            self._look_at(column)

    def _look_at(self, column: Column) -> None:
        if not column.default or not (self._is_left_out(column) or self._default_rows(column)):
            return
        nodes = default_nodes(column.default)
        if foreign_functions(nodes, self._schema):
            left_to_home = self._table.sharded and self._is_left_out(column)
            if column.name in self._table.key or not left_to_home:
                raise refuse(
                    f"column {column.name}",
                    f"its default calls a function that is not PostgreSQL's own, in {self._name}",
                    "give the value",
                )
        else:
            self.clock = self.clock or reads_clock(nodes)

    def _is_left_out(self, column: Column) -> bool:
        return column.name not in self._listed

    def _default_rows(self, column: Column) -> tuple[int, ...]:
        """The rows of VALUES, from 1, that give DEFAULT for a column that is listed."""
        if self._is_left_out(column):
            return ()
        place = self._listed.index(column.name)
        return tuple(
            number
            for number, row in enumerate(self._rows, start=1)
            if place < len(row) and "SetToDefault" in row[place]
        )

    def is_staged(self, column: Column) -> bool:
        """Tell whether the column's value is computed before rows go to their homes, which compute the others."""
        if column.generated:
            return False
        left_out = self._is_left_out(column) and column.default is not None
        return not (left_out and foreign_functions(default_nodes(column.default or ""), self._schema))

    def is_sent(self, column: Column) -> bool:
        """Tell whether a home is sent the column's value: not where it is NULL of its own accord there too."""
        is_null = column.default is None and column.sequence is None and column.name not in self._table.key
        return self.is_staged(column) and not (is_null and self._is_left_out(column))

    def of(self, column: Column) -> str:
        """The clauses of the column of the stage that give it the same defaults, and refuse the same."""
        if column.generated:
            return f" GENERATED ALWAYS AS (CAST(NULL AS {column.type})) STORED"
        if column.identity:
            return f" GENERATED {'ALWAYS' if column.identity == 'always' else 'BY DEFAULT'} AS IDENTITY"
        if column.default is not None and self.is_staged(column):
            return f" DEFAULT {column.default}"
        return ""

    def drawn(self) -> Iterator[Drawn]:
        """The columns whose values are drawn from the catalog's sequences."""
        for column in self._table.columns:
            if column.sequence is None:
                continue
            if self._is_left_out(column) or (column.identity and self._ignores_values):
                yield Drawn(column.name, column.sequence)
            elif rows := self._default_rows(column):
                yield Drawn(column.name, column.sequence, rows)


def _definition(table: Table, defaults: _Defaults) -> str:
    columns = [
        f"{quoted(column.name)} {column.type}"
        + (f" COLLATE {column.collation}" if column.collation else "")
        + defaults.of(column)
        for column in table.columns
    ]
    columns.append(f"{quoted(STAGE_ROW)} pg_catalog.int8 GENERATED ALWAYS AS IDENTITY")
    return f"CREATE TEMPORARY TABLE {quoted(STAGE)} ({', '.join(columns)})"


# --- the write ---------------------------------------------------------------------------------------------------


def _write(pieces: InsertPieces, table: Table, defaults: _Defaults) -> tuple[ShardQuery, tuple[str, ...]]:
    """What a home is sent with its rows as one array per column and one of their partitions, and the arrays' elements.

    The arrays are behind the caller's parameters.
    """
    tail, numbers = renumber(pieces.tail.encode())
    staged = [column for column in table.columns if defaults.is_sent(column)]
    columns = [sent(column) for column in staged]
    listed = [quoted(column.name) for column in staged]
    elements = tuple(column.element for column in columns)
    if table.sharded:
        columns.append(number(PART))
        listed.append(quoted(PART))
    elif not staged:
        raise refuse(
            "DEFAULT VALUES", f"nothing of its row is known, in a write of {table.name}", "give a value"
        )
    text = (
        f"{pieces.target} ({', '.join(listed)}) SELECT {', '.join(values(columns))}"  # noqa: S608 - quoted
        f" FROM {rows_from(columns, len(numbers) + 1)} {tail.decode()}"
    )
    return ShardQuery(text.strip(), numbers), elements
