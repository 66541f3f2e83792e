"""Parts of a gathered statement that servers can compute: they are answered first, and only their rows are gathered.

A subquery (in FROM, in WITH, in an expression, an arm of UNION) that looks at nothing around it and that is *one
server*, *whole* or *split* by itself becomes a table of its rows. In the text a SELECT of that table takes its place,
and the rest is gathered as any other statement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from parallel_partition.catalog.identifiers import quoted
from parallel_partition.catalog.tables import Column as TableColumn
from parallel_partition.catalog.tables import Table
from parallel_partition.planning.align import sharded_tables
from parallel_partition.planning.analysis import Analyser
from parallel_partition.planning.closed_query import is_closed
from parallel_partition.planning.context import Query
from parallel_partition.planning.grouping import is_aggregated
from parallel_partition.planning.hide_part import Edit
from parallel_partition.planning.parse import parse
from parallel_partition.planning.plan import AnsweredFirst, Count, SelectPlan, SortKey, SplitDraft, Whole
from parallel_partition.planning.query_extent import Extent, QueryExtents
from parallel_partition.planning.scope import Column, Level, is_limited, source_column
from parallel_partition.planning.splicing import renumber, splice
from parallel_partition.planning.trees import same_tree, walk

#: The schema that means a session's temporary tables, whatever its real name.
TEMPORARY = "pg_temp"

#: Plans a text with parameters of these types by a strategy that needs no gathering; None where none fits.
PlanBelow = Callable[[str, tuple[int, ...]], SelectPlan | None]


def answer_first(
    query: Query, plan_below: PlanBelow
) -> tuple[Query, tuple[int, ...], tuple[AnsweredFirst, ...]]:
    """Take out of a statement what can be answered first.

    Returns
    -------
    the statement that is left, the numbers of the caller's parameters that it has, and what is answered first; the
    statement itself where that is nothing
    """
    extents = QueryExtents(query.parsed)
    taken: list[tuple[Level, AnsweredFirst, str]] = []
    edits: list[Edit] = []
    prefix = _unused_prefix(query.parsed.text)

    def take(level: Level) -> bool:
        extent = extents.of(level.node) if is_closed(level, query) else None
        if extent is None:
            return False
        select = next((text for other, _, text in taken if same_tree(other.node, level.node)), None)
        if select is None:
            made = _below_plan(extent, query, plan_below)
            if made is None:
                return False
            first = _answered(level, f"{prefix}{len(taken) + 1}", *made)
            select = _select(first, len(level.outputs or ()), made[0].many)
            taken.append((level, first, select))
        edits.append((*extent, select.encode()))
        return True

    _take_outermost(query.root, take)
    firsts = tuple(first for _, first, _ in taken)
    if not firsts:
        return query, (), ()
    text, numbers = renumber(splice(query.parsed.data, edits))
    tables = [_table_of(first, level) for level, first, _ in taken]
    return _read_again(query, text.decode(), numbers, tables), numbers, firsts


def _take_outermost(root: Level, take: Callable[[Level], bool]) -> None:
    """Offer the subqueries that have fewer rows than their tables, the outermost first, and none within a taken one."""
    seen: set[int] = set()
    stack = [root]
    while stack:
        for below in _below(stack.pop()):
            if id(below) not in seen:
                seen.add(id(below))
                worth_it = sharded_tables(below) and _has_fewer_rows(below)
                if not (worth_it and take(below)):
                    stack.append(below)


def _below(level: Level) -> Iterator[Level]:
    yield from level.arms
    yield from (cte.level for cte in level.ctes.values() if cte.level)
    yield from (relation.level for relation in level.relations if relation.level)
    yield from (subquery.level for subquery in level.subqueries)


def _has_fewer_rows(level: Level) -> bool:
    if level.kind != "select" or is_aggregated(level) or "distinctClause" in level.node:
        return level.kind in ("select", "set operation")
    return is_limited(level.node) or len(sharded_tables(level)) > 1


def _below_plan(
    extent: Extent, query: Query, plan_below: PlanBelow
) -> tuple[SelectPlan, tuple[int, ...]] | None:
    """The plan of the subquery in ``extent``, and the numbers of the caller's parameters that it has."""
    text, numbers = renumber(query.parsed.data[slice(*extent)])
    made = plan_below(text.decode(), _types_of(query, numbers))
    return None if made is None else (made, numbers)


def _types_of(query: Query, numbers: tuple[int, ...]) -> tuple[int, ...]:
    """The types of these parameters of the caller's; 0 for those that were not given, for a server to refuse."""
    given = query.parameter_oids
    return tuple(given[number - 1] if number <= len(given) else 0 for number in numbers)


def _answered(level: Level, table: str, made: SelectPlan, numbers: tuple[int, ...]) -> AnsweredFirst:
    """A subquery as a table of its rows."""
    columns = tuple(output.name for output in level.outputs or ())
    asked = described = made.one
    if isinstance(made.many, Whole):
        asked = described = made.many.shard
        columns += tuple(_hidden_names(made.many))
    return AnsweredFirst(
        table,
        columns,
        made.condition,
        made.many if isinstance(made.many, SplitDraft) else asked,
        described,
        numbers,
        made.strategy,
        made.one_reason if made.strategy == "one server" else made.reason,
    )


def _hidden_names(whole: Whole) -> Iterator[str]:
    """The names of the columns that a shard query has for its order only."""
    if whole.hidden:
        targets = parse(whole.shard.text).statements[0]["SelectStmt"]["targetList"]
        yield from (target["ResTarget"]["name"] for target in targets[-whole.hidden :])


def _unused_prefix(text: str) -> str:
    """A beginning of names that no name in a text has, in whatever case it is written."""
    prefix = "answered_"
    while prefix in text.lower():
        prefix = f"_{prefix}"
    return prefix


# --- the statement that is left
# -----------------------------------------------------------------------------------------------------------


def _select(first: AnsweredFirst, shown: int, many: object) -> str:
    """The SELECT that takes a subquery's place: its columns by name, as names of outputs come from them."""
    listed = ", ".join(map(quoted, first.columns[:shown]))
    text = f"SELECT {listed} FROM {TEMPORARY}.{quoted(first.table)}"  # noqa: S608 - quoted
    if isinstance(many, Whole):
        if many.order:
            text += f" ORDER BY {', '.join(_sorted(key, first.columns) for key in many.order)}"
        for word, count in (("LIMIT", many.limit), ("OFFSET", many.offset)):
            text += "" if count is None else f" {word} {_number(count)}"
    return text


def _sorted(key: SortKey, columns: tuple[str, ...]) -> str:
    collate = f" COLLATE {key.collation}" if key.collation else ""
    direction = "DESC" if key.descending else "ASC"
    return (
        f"{quoted(columns[key.column])}{collate} {direction} NULLS {'FIRST' if key.nulls_first else 'LAST'}"
    )


def _number(count: Count) -> str:
    assert count.number is None  # `is_closed` wants constants
    return str(count.value)


def _read_again(query: Query, text: str, numbers: tuple[int, ...], tables: Iterable[Table]) -> Query:
    named = {(table.schema, table.name): table for table in tables}
    schema = replace(query.schema, tables={**query.schema.tables, **named})
    parsed = parse(text)
    tree = parsed.statements[0]
    root = Analyser(schema, query.search_path).statement(tree)
    assert root is not None  # a SELECT, as before
    oids = _types_of(query, numbers)
    nodes = tuple(walk(tree))
    return replace(
        query, parsed=parsed, nodes=nodes, root=root, schema=schema, parameter_oids=oids, hidden=[], text=text
    )


def _table_of(first: AnsweredFirst, level: Level) -> Table:
    outputs = level.outputs or ()
    passed = [output.column for output in outputs] + [None] * (len(first.columns) - len(outputs))
    columns = tuple(map(_column, first.columns, passed))
    return Table(TEMPORARY, first.table, "reference", columns)


def _column(name: str, passed: Column | None) -> TableColumn:
    """A column of a subquery's table: its type is known where a column of a table is passed on."""
    source = None if passed is None else source_column(passed)
    if source is not None and source.relation.table is not None:
        found = source.relation.table.column(source.relation.base_name(source.name))
        if found is not None:
            return TableColumn(name, found.type, found.oid, collation=found.collation)
    return TableColumn(name, "", 0)
