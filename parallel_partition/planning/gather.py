"""The strategy *gather*: the rows that matter are brought into one merge session, and the caller's text runs there.

Temporary tables are named like the tables and come first in the search path, so that a text without schemas runs as
it stands; where a name has its schema, ``pg_temp`` takes its place. They have all columns of the table in order,
without ``part``: a missing one would let a name mean a column of a query around it. PostgreSQL does all the rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import replace

from parallel_partition.catalog.identifiers import quoted
from parallel_partition.catalog.tables import PART, Column, Table
from parallel_partition.planning.align import Passed
from parallel_partition.planning.answer_first import TEMPORARY, PlanBelow, answer_first
from parallel_partition.planning.conditions import EveryPartition
from parallel_partition.planning.context import Query
from parallel_partition.planning.correlations import indexes_of
from parallel_partition.planning.functions import clock_of, differs_in_merge, session_clock_of
from parallel_partition.planning.hide_part import Edit
from parallel_partition.planning.key_sources import Sources
from parallel_partition.planning.known_names import system_column
from parallel_partition.planning.needed_columns import NeededColumns, stored_columns
from parallel_partition.planning.parse import parse
from parallel_partition.planning.plan import ROW_ALONE, Gather, GatheredTable, Refusal
from parallel_partition.planning.prune import KnownValues, either
from parallel_partition.planning.push_filters import Filters
from parallel_partition.planning.reductions import Reductions
from parallel_partition.planning.scope import Relation, field_names
from parallel_partition.planning.splicing import column_extent, relation_extent, splice
from parallel_partition.planning.trees import Node, same_tree, walk
from parallel_partition.statements import FIRST_USER_OID


def plan_divided(query: Query, plan_below: PlanBelow) -> Gather:
    """Plan a SELECT as `plan_gather` does, with the subqueries answered first that servers can compute.

    Raises
    ------
    Passed : it would mean something else in the merge session
    """
    left, numbers, first = answer_first(query, plan_below)
    if not first:
        return plan_gather(query)
    undivided: Gather | Refusal
    try:
        undivided = plan_gather(query)
    except Passed as reason:
        undivided = Refusal(str(reason))
    return replace(plan_gather(left), first=first, numbers=numbers, undivided=undivided)


def plan_gather(query: Query) -> Gather:
    """Plan a SELECT over the rows that matter, brought together.

    Raises
    ------
    Passed : it would mean something else in the merge session
    """
    _require_same_in_merge(query)
    relations: dict[tuple[str, str], list[Relation]] = {}
    for relation in dict.fromkeys(query.root.all_relations()):
        if relation.table is not None and relation.table.schema != TEMPORARY:
            relations.setdefault((relation.table.schema, relation.table.name), []).append(relation)
    _require_one_name_each(relations)
    needed = NeededColumns(query.nodes, query.root)
    if needed.has(PART):
        raise Passed(f"{PART}: it is the library's column, and is not gathered")
    known = KnownValues(query.root, Sources(query.nodes, query.root, query.parameter_oids))
    reductions = Reductions(query, Filters(query), [one for same in relations.values() for one in same])
    indexes = indexes_of(query.root)
    tables = [
        replace(
            _gathered(same, needed, known, reductions, query),
            indexes=tuple(dict.fromkeys(index for one in same for index in indexes.get(one, ()))),
        )
        for same in relations.values()
    ]
    copies = frozenset(name for name, same in relations.items() if not _needs_copy(name, same, query))
    clock = clock_of(query.nodes, query.root)
    session_clock = session_clock_of(query.nodes, query.root) if clock else None
    return Gather(_in_merge(query), tuple(tables), copies, clock, session_clock)


def _require_same_in_merge(query: Query) -> None:
    """Make sure that expressions mean in the merge session what they mean in the caller's."""
    differs = differs_in_merge(query.nodes, query.schema)
    if differs is not None:
        raise Passed(differs)
    column = system_column(query.root)
    if column is not None:
        raise Passed(f"{column}: each server numbers its rows and transactions by itself")
    if any(kind == "LockingClause" for kind, _ in query.nodes):
        raise Passed("FOR UPDATE: the rows that are locked must be those of the result")


def _require_one_name_each(tables: dict[tuple[str, str], list[Relation]]) -> None:
    names = [name for _, name in tables]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise Passed(f"{twice}: two tables of different schemas have that name")


def _table(relations: Sequence[Relation]) -> Table:
    table = relations[0].table
    assert table is not None
    return table


def _gathered(
    relations: list[Relation],
    needed: NeededColumns,
    known: KnownValues,
    reductions: Reductions,
    query: Query,
) -> GatheredTable:
    table = _table(relations)
    names = needed.of(relations)
    keyed = bool(table.primary_key) and set(table.primary_key) <= set(names) and _groups(query)
    columns = [_declared(column, names) for column in table.columns]
    names = stored_columns(table, names)
    if not names:
        columns.append(f"{quoted(ROW_ALONE)} pg_catalog.int4")
    if keyed:  # columns that depend on a grouped primary key need not be grouped
        columns.append(f"PRIMARY KEY ({', '.join(map(quoted, table.primary_key))})")
    filter, uses = reductions.of(relations)
    return GatheredTable(
        table.schema,
        table.name,
        ", ".join(columns),
        names,
        either(map(known.condition, relations)) if table.sharded else EveryPartition(),
        filter,
        # Of all columns: COPY in binary wants their types to have a binary form even where it is not given them.
        all(map(travels_in_binary, table.columns)),
        uses=uses,
    )


def _declared(column: Column, needed: Sequence[str]) -> str:
    """A column of a temporary table; a virtual one is computed there, of no other rows than PostgreSQL would."""
    declared = f"{quoted(column.name)} {column.type}" + (
        f" COLLATE {column.collation}" if column.collation else ""
    )
    if column.generated == "virtual" and column.name in needed:
        declared += f" GENERATED ALWAYS AS ({column.expression}) VIRTUAL"
    return declared


def travels_in_binary(column: Column) -> bool:
    """Tell whether the binary form of a column's values is the same on all servers, and there is one at all."""
    return column.oid < FIRST_USER_OID and not column.type.startswith(
        ("aclitem", "regconfig", "regdictionary")
    )


def _needs_copy(name: tuple[str, str], relations: Sequence[Relation], query: Query) -> bool:
    """Tell whether the merge session cannot read a table as it is; by a name with a schema it reads a copy."""
    named = any("schemaname" in relation.node for relation in relations) or any(
        kind == "ColumnRef" and tuple(field_names(body)[-3:-1]) == name for kind, body in query.nodes
    )
    return named or _table(relations).sharded


def _groups(query: Query) -> bool:
    return any(kind == "SelectStmt" and "groupClause" in body for kind, body in query.nodes)


# --- the text
# -----------------------------------------------------------------------------------------------------------


def _in_merge(query: Query) -> str:
    """The caller's text with the schemas of tables changed to that of temporary tables."""
    data = query.parsed.data
    edits = list(dict.fromkeys(_edits(query, data)))
    if not edits:
        return query.parsed.text
    text = splice(data, edits).decode()
    made = parse(text).statements
    if not same_tree(made, [_renamed(query)]):
        raise Passed("a name with a schema: it cannot be changed in the text; leave the schema out")
    return text


def _edits(query: Query, data: bytes) -> Iterator[Edit]:
    for relation in query.root.all_relations():
        if relation.table is not None and "schemaname" in relation.node:
            extent = relation_extent(data, relation.node)
            yield _edit(extent, f"{TEMPORARY}.{quoted(relation.table.name)}")
    for kind, body in query.nodes:
        if kind == "ColumnRef" and _has_schema(body, query):
            _, table, column = field_names(body)[-3:]
            shown = "*" if column is None else quoted(column)
            yield _edit(column_extent(data, body), f"{TEMPORARY}.{quoted(str(table))}.{shown}")


def _edit(extent: tuple[int, int] | None, text: str) -> Edit:
    if extent is None:
        raise Passed("a name with a schema: its place in the text is not found; leave the schema out")
    return *extent, text.encode()


def _has_schema(column: Node, query: Query) -> bool:
    parts = field_names(column)
    return len(parts) > 2 and (parts[-3], parts[-2]) in query.schema


def _renamed(query: Query) -> Node:
    """The tree that the changed text must have."""
    tables = {id(relation.node) for relation in query.root.all_relations() if relation.table is not None}
    places = [place for place, (_, body) in enumerate(query.nodes) if id(body) in tables]
    tree = deepcopy(query.parsed.statements[0])
    nodes = list(walk(tree))
    for place in places:
        body = nodes[place][1]
        body.pop("catalogname", None)
        if "schemaname" in body:
            body["schemaname"] = TEMPORARY
    for kind, body in nodes:
        if kind == "ColumnRef" and _has_schema(body, query):
            body["fields"] = [{"String": {"sval": TEMPORARY}}, *body["fields"][-2:]]
    return tree
