"""UPDATE and DELETE over gathered rows: what no server can do by itself, and changes of keys.

The rows that may be changed are locked where they are as they are gathered, so they stay as they are until the
transaction ends. The caller's own statement runs over them in the merge session, where triggers note the rows that it
changes. What changed there is then done at the rows' homes, to the very same rows: a partition, and a place (``ctid``)
in its child table, which a lock keeps. A row whose key leads to another server is deleted here and inserted there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from parallel_partition.catalog.identifiers import quoted
from parallel_partition.catalog.tables import PART, Table
from parallel_partition.planning.align import Passed
from parallel_partition.planning.hide_part import Edit
from parallel_partition.planning.inserts import assigned_columns, defaulted_columns
from parallel_partition.planning.parse import ParsedText
from parallel_partition.planning.plan import (
    ROW_PART,
    ROW_PLACE,
    Gather,
    GatheredTable,
    GatheredWritePlan,
    HomeWrite,
)
from parallel_partition.planning.refuse import refuse
from parallel_partition.planning.scope import field_names
from parallel_partition.planning.sent_rows import ROWS, number, place, rows_from, sent, values
from parallel_partition.planning.splicing import splice
from parallel_partition.planning.trees import Node, walk

#: The partition that a changed row's new key gives it.
NEW_PART = "parallel_partition new part"

#: Plans the statement with this text, as it would run in the merge session.
PlanWrite = Callable[[str], tuple[Gather, int | None]]


def plan_gathered_write(
    parsed: ParsedText,
    body: Node,
    table: Table,
    hidden: Sequence[Edit],
    plan_write: PlanWrite,
) -> GatheredWritePlan:
    """Plan an UPDATE or DELETE of a sharded table over gathered rows.

    Raises
    ------
    UnsupportedQuery : it would be another then
    """
    what = f"a write of {table.schema}.{table.name} over gathered rows"
    assigned = tuple(dict.fromkeys(assigned_columns(body)))
    _refuse_values(body, table, assigned, what)
    _refuse_returning_generated(body, table, assigned, what)
    moves = bool(set(assigned) & set(table.key))
    try:
        gather, _ = plan_write(_shown(parsed, body, hidden))
    except Passed as passed:
        clause, _, reason = str(passed).partition(": ")
        raise refuse(clause, f"{reason}, in {what}") from None
    locked = "FOR UPDATE" if moves or not assigned else "FOR NO KEY UPDATE"
    kept = None if moves else _set_in_part(body)
    tables = tuple(_locked(one, table, locked, kept) for one in gather.tables)
    undivided = gather.undivided
    if isinstance(undivided, Gather):
        over = tuple(_locked(one, table, locked, kept) for one in undivided.tables)
        undivided = replace(undivided, tables=over)
    return GatheredWritePlan(
        (table.schema, table.name),
        replace(gather, tables=tables, undivided=undivided),
        f"rows of {table.name} are changed over gathered rows",
        moves,
        _update(table, assigned, moves=moves) if assigned else None,
        _delete(table),
        _insert(table) if moves else None,
        "returningClause" in body,
    )


def _refuse_values(body: Node, table: Table, assigned: Sequence[str], what: str) -> None:
    """Refuse what the temporary table would take otherwise than the table."""
    if PART in assigned:
        raise refuse(f"SET {PART}", "it is the library's own column and follows from the key")
    defaulted = set(defaulted_columns(body))
    for name in assigned:
        column = table.column(name)
        if column is None:
            continue  # the server says that there is none
        if column.generated:
            raise refuse(f"SET {name}", f"it is a generated column, in {what}", "leave it out")
        if name in defaulted and (column.default is not None or column.sequence is not None):
            raise refuse(f"SET {name} = DEFAULT", f"it is not supported in {what}", "give the value")


def _refuse_returning_generated(body: Node, table: Table, assigned: Sequence[str], what: str) -> None:
    """Refuse to return what the rows' homes compute anew."""
    stored = {column.name for column in table.columns if column.generated == "stored"}
    if not (stored and assigned):
        return
    for kind, below in walk(body.get("returningClause", {})):
        name = field_names(below)[-1] if kind == "ColumnRef" else ""
        if name is None or name in stored:
            raise refuse("RETURNING a generated column", f"its new value is known at home only, in {what}")


def _shown(parsed: ParsedText, body: Node, hidden: Sequence[Edit]) -> str:
    """The text with stars of RETURNING as lists of columns: the temporary table has more."""
    places = [
        below["location"]
        for _, below in walk(body.get("returningClause", {}))
        if below.get("location", -1) >= 0
    ]
    first = min(places, default=len(parsed.data))
    return splice(parsed.data, [edit for edit in hidden if edit[0] >= first]).decode()


def _set_in_part(body: Node) -> frozenset[str]:
    """The columns of which an element or a field is set: the rest stays what it was."""
    items = (item["ResTarget"] for item in body.get("targetList", []))
    return frozenset(item["name"] for item in items if "indirection" in item)


def _locked(one: GatheredTable, table: Table, lock: str, kept: frozenset[str] | None) -> GatheredTable:
    """The target's rows with what tells where they are, and the columns ``kept`` beside those needed; None: all."""
    if (one.schema, one.name) != (table.schema, table.name):
        return one
    stored = [column.name for column in table.columns if column.generated != "virtual"]
    names = [name for name in stored if kept is None or name in kept or name in one.columns]
    definition = f"{one.definition}, {quoted(ROW_PART)} pg_catalog.int4, {quoted(ROW_PLACE)} pg_catalog.tid"
    return replace(one, definition=definition, columns=(*names, ROW_PART, ROW_PLACE), lock=lock)


# --- at the homes ------------------------------------------------------------------------------------------------


def _name(table: Table) -> str:
    return f'{quoted(table.schema)}.{quoted(table.name)} AS "t"'


def _update(table: Table, assigned: Sequence[str], *, moves: bool) -> HomeWrite:
    columns = [column for column in table.columns if column.name in assigned]
    rows = [number(ROW_PART), place(ROW_PLACE), *map(sent, columns)]
    names = [column.name for column in columns]
    if moves:
        rows.append(number(NEW_PART))
        names.append(PART)
    set_to = [f"{quoted(name)} = {value}" for name, value in zip(names, list(values(rows))[2:], strict=True)]
    text = f"UPDATE {_name(table)} SET {', '.join(set_to)} FROM {rows_from(rows, 1)} WHERE {_same_row()}"  # noqa: S608 - quoted
    return HomeWrite(text, tuple(column.element for column in rows))


def _delete(table: Table) -> HomeWrite:
    rows = [number(ROW_PART), place(ROW_PLACE)]
    text = f"DELETE FROM {_name(table)} USING {rows_from(rows, 1)} WHERE {_same_row()}"  # noqa: S608 - quoted
    return HomeWrite(text, tuple(column.element for column in rows))


def _same_row() -> str:
    equals = "operator(pg_catalog.=)"
    return f'"t".{quoted(PART)} {equals} {ROWS}."c1" AND "t".ctid {equals} {ROWS}."c2"'


def _insert(table: Table) -> HomeWrite:
    columns = [column for column in table.columns if not column.generated]
    rows = [*map(sent, columns), number(NEW_PART)]
    listed = ", ".join([*(quoted(column.name) for column in columns), quoted(PART)])
    text = f"INSERT INTO {_name(table)} ({listed}) SELECT {', '.join(values(rows))} FROM {rows_from(rows, 1)}"  # noqa: S608 - quoted
    return HomeWrite(text, tuple(column.element for column in rows))


def defined_triggers(table: GatheredTable, changed: str) -> Iterator[str]:
    """The statements that let a temporary table note in another, ``changed``, which of its rows a statement changes."""
    name = f"pg_temp.{quoted(table.name)}"
    yield f"CREATE TEMPORARY TABLE {quoted(changed)} (LIKE {name})"
    yield (
        'CREATE FUNCTION pg_temp."parallel_partition note"() RETURNS trigger LANGUAGE plpgsql AS'  # noqa: S608 - quoted
        f" 'BEGIN INSERT INTO pg_temp.{quoted(changed)} SELECT * FROM noted; RETURN NULL; END'"
    )
    for command, rows in (("UPDATE", "NEW"), ("DELETE", "OLD")):
        yield (
            f'CREATE TRIGGER "parallel_partition {command.lower()}" AFTER {command} ON {name}'
            f" REFERENCING {rows} TABLE AS noted FOR EACH STATEMENT"
            ' EXECUTE FUNCTION pg_temp."parallel_partition note"()'
        )
