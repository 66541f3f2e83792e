"""INSERT ... VALUES into a sharded table: where each row's key comes from, and the text taken apart row by row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from parallel_partition.catalog.key_text import NotProven
from parallel_partition.catalog.tables import PART, Column, Table
from parallel_partition.planning.align import Passed, require_deterministic, sharded_tables
from parallel_partition.planning.analysis import Nodes, call_name
from parallel_partition.planning.conditions import DrawnKey, KeyRow, KeySource, KnownKey, ParameterKey
from parallel_partition.planning.functions import (
    SEQUENCES,
    STATEMENT_CLOCK,
    reads_clock,
    session_clock_of,
)
from parallel_partition.planning.hide_part import Edit
from parallel_partition.planning.insert_parameters import ambiguous_parameter
from parallel_partition.planning.insert_text import InsertReader
from parallel_partition.planning.key_sources import Sources
from parallel_partition.planning.parse import ParsedText, parse
from parallel_partition.planning.plan import Drawn, InsertPlan, Refusal
from parallel_partition.planning.prune import check_fits
from parallel_partition.planning.refuse import refuse
from parallel_partition.planning.scope import Column as ScopeColumn
from parallel_partition.planning.scope import Level, leaves
from parallel_partition.planning.terms import family
from parallel_partition.planning.trees import Node, walk


def plan_insert(
    parsed: ParsedText,
    nodes: Nodes,
    body: Node,
    root: Level,
    table: Table,
    oids: tuple[int, ...],
    hidden: list[Edit],
) -> InsertPlan:
    """Plan an INSERT into a sharded table.

    Raises
    ------
    UnsupportedQuery : a row's key is not certain, or the statement has a form that is not supported
    """
    name = f"INSERT INTO {table.schema}.{table.name}"
    rows = _rows_of(body, name)
    columns = _columns_of(body, table, len(rows[0]))
    _refuse_columns(body, table, columns, rows, name)
    _refuse_expressions(nodes, body, root, table)
    keys = _keys(nodes, root, table, columns, rows, oids, name)
    drawn = _drawn(table, columns)
    added = [*(one.column for one in drawn), PART]
    clocked = _clocked_defaults(table, columns)
    text = InsertReader(parsed, body, columns, hidden, added, clocked).rows(len(rows))
    clock = reads_clock(nodes) or next(iter(clocked.values()), None)
    return InsertPlan(
        (table.schema, table.name),
        text.head,
        text.rows,
        keys,
        text.tail,
        f"key {table.name}.({', '.join(table.key)}) of {len(rows)} row{'s' * (len(rows) > 1)}",
        "returningClause" in body,
        _refusal(nodes, root, body, table, columns, rows, oids) if len(rows) > 1 else None,
        drawn=drawn,
        clock=clock,
    )


def _drawn(table: Table, columns: Sequence[str]) -> tuple[Drawn, ...]:
    """The columns that are left out, and get their values from a sequence."""
    return tuple(
        Drawn(column.name, column.sequence)
        for column in table.columns
        if column.sequence is not None and column.name not in columns
    )


def _clocked_defaults(table: Table, columns: Sequence[str]) -> dict[str, str]:
    """The defaults that read the clock, of columns that are left out: one moment may have to take its place."""
    return {
        column.name: column.default
        for column in table.columns
        if column.default is not None
        and column.name not in columns
        and reads_clock(default_nodes(column.default))
    }


def default_nodes(default: str) -> Nodes:
    """(kind, body) of a default's expression."""
    return tuple(walk(parse(f"SELECT {default}").statements[0]))


def _refusal(
    nodes: Nodes,
    root: Level,
    body: Node,
    table: Table,
    columns: tuple[str, ...],
    rows: list[list[Node]],
    oids: tuple[int, ...],
) -> Refusal | None:
    """Why the rows may only be written when they all go to one server."""
    shown = reads_clock(tuple(walk(body.get("returningClause", {}))))
    clock = session_clock_of(nodes, root) or (f"RETURNING {shown}" if shown else None)
    if clock is None and any(reads_clock((node,)) == STATEMENT_CLOCK for node in nodes):
        clock = STATEMENT_CLOCK
    if clock is not None:
        return Refusal(
            f"{clock}: the rows go to several servers, each with a clock of its own; pass it as a parameter"
        )
    for place, column in enumerate(columns):
        default = (table.column(column) or table.columns[0]).default
        used = any(place < len(row) and "SetToDefault" in row[place] for row in rows)
        if used and default is not None and reads_clock(default_nodes(default)):
            return Refusal(f"DEFAULT of {column}: it reads the clock, and the rows go to several servers")
    number = ambiguous_parameter(body, table, columns, rows, oids)
    if number is not None:
        return Refusal(
            f"${number}: rows that go to several servers use it in different ways, and it has no type;"
            " cast it to its type wherever it is used"
        )
    return None


def assigned_columns(body: Node) -> Iterator[str]:
    """The columns that an UPDATE, or the DO UPDATE of an INSERT, sets."""
    for item in _assignments(body):
        yield item["name"]


def _assignments(body: Node) -> Iterator[Node]:
    conflict = body.get("onConflictClause")
    for item in (body if conflict is None else conflict).get("targetList", []):
        yield item["ResTarget"]


def defaulted_columns(body: Node) -> Iterator[str]:
    """Those of `assigned_columns` that are set to DEFAULT, each by itself or several at once."""
    for item in _assignments(body):
        value = item.get("val", {})
        if "MultiAssignRef" in value:
            row = value["MultiAssignRef"]["source"].get("RowExpr", {}).get("args", [])
            place = value["MultiAssignRef"]["colno"] - 1
            value = row[place] if place < len(row) else {}
        if "SetToDefault" in value:
            yield item["name"]


def refuse_drawn_changes(body: Node, table: Table) -> None:
    """Refuse a SET of what only the catalog's sequence may give a column.

    Raises
    ------
    UnsupportedQuery : the statement has one
    """
    defaulted = set(defaulted_columns(body))
    for name in assigned_columns(body):
        column = table.column(name)
        if column is not None and name in defaulted and column.sequence is not None:
            raise refuse(f"SET {name} = DEFAULT", "its value comes from a sequence", "give the value")
        if column is not None and column.identity == "always":
            raise refuse(f"SET {name}", "it is GENERATED ALWAYS AS IDENTITY", "leave it out")


def refuse_key_changes(body: Node, table: Table) -> None:
    """Refuse a SET of a key column or of ``part``: the row would be on the wrong server.

    Raises
    ------
    UnsupportedQuery : the statement has one
    """
    for name in assigned_columns(body):
        if name in table.key:
            raise refuse(
                f"SET {name}",
                f"it is the key of {table.schema}.{table.name}, and the row would have to move to another server",
                "delete the row and insert it anew",
            )
        if name == PART:
            raise refuse(f"SET {PART}", "it is the library's own column and follows from the key")


def _rows_of(body: Node, name: str) -> list[list[Node]]:
    select = body.get("selectStmt", {}).get("SelectStmt")
    if select is None:
        raise refuse("DEFAULT VALUES", f"the key's value must be given, in {name}")
    if "valuesLists" not in select:
        raise refuse("INSERT ... SELECT", f"it is not supported yet, in {name}", "insert VALUES")
    if any(field in select for field in ("sortClause", "limitCount", "limitOffset", "withClause")):
        raise refuse("VALUES with ORDER BY, LIMIT or WITH", f"it is not supported, in {name}")
    return [item["List"]["items"] for item in select["valuesLists"]]


def _columns_of(body: Node, table: Table, width: int) -> tuple[str, ...]:
    """The columns that the values are for; without a list, as many as there are values."""
    if "cols" in body:
        return tuple(item["ResTarget"]["name"] for item in body["cols"])
    return table.column_names[:width]


def _refuse_columns(
    body: Node, table: Table, columns: tuple[str, ...], rows: list[list[Node]], name: str
) -> None:
    if PART in columns:
        raise refuse(
            f"column {PART}", f"it is the library's own and follows from the key, in {name}", "leave it out"
        )
    for item in body.get("cols", []):
        if "indirection" in item["ResTarget"] and item["ResTarget"]["name"] in table.key:
            raise refuse(f"column {item['ResTarget']['name']}", f"a part of the key is set, in {name}")
    for column in table.columns:
        given = _values_of(column, columns, rows)
        defaulted = _is_defaulted_in(column, columns, rows)
        if given and defaulted and column.sequence is not None:
            raise refuse(
                f"column {column.name}",
                f"some rows have its value from a sequence, in {name}",
                "give the value",
            )
        computed = column.sequence is None and (column.default is not None or column.generated)
        if defaulted and column.name in table.key and (given or computed):
            raise refuse(
                f"column {column.name}", f"the key's default is not used, in {name}", "give the value"
            )
        if given and column.identity == "always" and body.get("override") != "OVERRIDING_SYSTEM_VALUE":
            raise refuse(
                f"column {column.name}",
                f"it is GENERATED ALWAYS, in {name}",
                "use OVERRIDING SYSTEM VALUE, or leave it out",
            )
    if body.get("override") == "OVERRIDING_USER_VALUE":
        raise refuse("OVERRIDING USER VALUE", f"values from a sequence take the place of others, in {name}")


def _is_defaulted_in(column: Column, columns: Sequence[str], rows: list[list[Node]]) -> bool:
    given = _values_of(column, columns, rows)
    return not given or any("SetToDefault" in value for value in given)


def _values_of(column: Column, columns: Sequence[str], rows: list[list[Node]]) -> list[Node]:
    if column.name not in columns:
        return []
    place = columns.index(column.name)
    return [row[place] for row in rows if place < len(row)]


def _refuse_expressions(nodes: Nodes, body: Node, root: Level, table: Table) -> None:
    refuse_key_changes(body, table)
    for kind, call in nodes:
        if kind == "FuncCall" and call_name(call)[1] in SEQUENCES:
            raise refuse(
                f"function {call_name(call)[1]}",
                "each server would have a sequence of its own",
                "pass the value",
            )
    for level in root.inside():
        if level is root or level in root.arms:
            continue
        inner = sharded_tables(level)
        if inner:
            raise refuse(
                f"a subquery over {inner[0].full_name}",
                "its rows are on several servers, and an INSERT goes to one",
            )
        try:
            require_deterministic(level)
        except Passed as passed:
            clause, _, reason = str(passed).partition(": ")
            raise refuse(clause, reason) from None


# --- keys ---------------------------------------------------------------------------------------------------
# ----------


def _keys(
    nodes: Nodes,
    root: Level,
    table: Table,
    columns: tuple[str, ...],
    rows: list[list[Node]],
    oids: tuple[int, ...],
    name: str,
) -> tuple[KeyRow, ...]:
    key_types = dict(zip(table.key, table.key_types, strict=True))
    target = next(leaves(root.source))
    families = {column: family(ScopeColumn(target, column)) for column in columns}
    stored = {
        id(value["ParamRef"]): kind
        for row in rows
        for column, value in zip(columns, row, strict=False)
        if "ParamRef" in value and (kind := families[column]) is not None
    }
    sources = Sources(nodes, root, oids, stored)
    drawn = {one.column: DrawnKey(place) for place, one in enumerate(_drawn(table, columns))}
    found = []
    for row in rows:
        values = dict(zip(columns, row, strict=False))
        found.append(
            tuple(
                drawn.get(column) or _key(sources, values.get(column), table, column, key_types[column], name)
                for column in table.key
            )
        )
    return tuple(found)


def _key(sources: Sources, value: Node | None, table: Table, column: str, type: str, name: str) -> KeySource:
    if value is None:
        return KnownKey(None)
    source = sources.value(value, type)
    described = table.column(column)
    modifiers = modifiers_of(described.type) if described is not None else ()
    if isinstance(source, KnownKey):
        try:
            if source.text is not None and modifiers:
                check_fits(source.text, type, modifiers)
        except NotProven as reason:
            raise refuse(
                f"column {column}", f"{reason}, in {name}", "give the value as it is stored"
            ) from None
        return source
    if isinstance(source, ParameterKey):
        return ParameterKey(source.number, type, modifiers)
    raise refuse(
        f"column {column}",
        f"the key must be a constant or a parameter whose value is certain to be what is stored, in {name}",
        "compute it first",
    )


def modifiers_of(type: str) -> tuple[int, ...]:
    """The modifiers of a type as ``format_type`` writes it: (10, 2) of ``numeric(10,2)``."""
    _, found, rest = type.partition("(")
    return tuple(int(number) for number in rest.rstrip(")").split(",")) if found else ()


# --- defaults
# ---------------------------------------------------------------------------------------------------------


def default_values(kind: str, body: Node, table: Table) -> Iterator[str]:
    """The columns of a reference table that a write fills with a default that is not a constant."""
    for column in table.columns:
        if column.generated or is_constant(column):
            continue
        if _is_defaulted(kind, body, table, column):
            yield f"column {column.name}"


def _is_defaulted(kind: str, body: Node, table: Table, column: Column) -> bool:
    if column.name in defaulted_columns(body):
        return True
    if kind != "InsertStmt":
        return False
    rows = [
        item["List"]["items"]
        for item in body.get("selectStmt", {}).get("SelectStmt", {}).get("valuesLists", [])
    ]
    if not rows:
        return True
    given = _values_of(column, _columns_of(body, table, len(rows[0])), rows)
    return not given or any("SetToDefault" in value for value in given)


def is_constant(column: Column) -> bool:
    """Tell whether a column's default is the same on every server: none, or a constant, perhaps cast."""
    if column.sequence is not None or column.identity:
        return False
    if column.default is None:
        return True
    node: Node = parse(f"SELECT {column.default}").statements[0]["SelectStmt"]["targetList"][0]["ResTarget"][
        "val"
    ]
    while "TypeCast" in node or ("A_Expr" in node and "lexpr" not in node["A_Expr"]):
        node = node["TypeCast"]["arg"] if "TypeCast" in node else node["A_Expr"]["rexpr"]
    return "A_Const" in node
