"""What calls in a statement do beyond their arguments: clocks, sequences, sessions, tables read by text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from parallel_partition.catalog.tables import Schema
from parallel_partition.planning.analysis import Nodes, call_name, strings
from parallel_partition.planning.scope import Column, Level, resolve
from parallel_partition.planning.trees import Node, walk

#: Functions that read tables named in a text or by a number, which no plan can see.
READ_BY_TEXT = frozenset(
    f"{what}_to_xml{form}"
    for what in ("query", "cursor", "table", "schema", "database")
    for form in ("", "schema", "_and_xmlschema")
) | {"ts_stat", "currtid2"}

#: Functions that tell of a table on the server that runs them.
_OF_A_TABLE = frozenset(
    {"pg_relation_size", "pg_total_relation_size", "pg_table_size", "pg_indexes_size", "pg_relation_filepath"}
)

#: Functions and values that read the clock: each server has its own.
_CLOCK = frozenset(
    {"now", "transaction_timestamp", "statement_timestamp", "clock_timestamp", "timeofday", "current_date"}
)
_CLOCK_VALUES = ("CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP", "LOCALTIME", "LOCALTIMESTAMP")

#: What no constant takes the place of: each statement has another moment.
STATEMENT_CLOCK = "statement_timestamp()"

#: Functions of sequences: each server would have its own.
SEQUENCES = frozenset({"nextval", "currval", "lastval", "setval"})

#: Stable functions of PostgreSQL that depend on nothing but their arguments and the session's settings.
_SAME_EVERYWHERE = frozenset(
    [
        "array_to_json",
        "array_to_string",
        "concat",
        "concat_ws",
        "convert",
        "convert_from",
        "convert_to",
        "date",
        "date_add",
        "date_bin",
        "date_part",
        "date_subtract",
        "date_trunc",
        "enum_first",
        "enum_last",
        "enum_range",
        "extract",
        "format",
        "generate_series",
        "json_agg",
        "json_build_array",
        "json_build_object",
        "json_object_agg",
        "json_populate_record",
        "json_populate_recordset",
        "json_to_record",
        "json_to_recordset",
        "json_agg_strict",
        "json_object_agg_strict",
        "json_object_agg_unique",
        "json_object_agg_unique_strict",
        "jsonb_agg_strict",
        "jsonb_object_agg_strict",
        "jsonb_object_agg_unique",
        "jsonb_object_agg_unique_strict",
        "json_to_tsvector",
        "jsonb_agg",
        "jsonb_build_array",
        "jsonb_build_object",
        "jsonb_object_agg",
        "jsonb_path_exists_tz",
        "jsonb_path_match_tz",
        "jsonb_path_query_array_tz",
        "jsonb_path_query_first_tz",
        "jsonb_path_query_tz",
        "jsonb_populate_record",
        "jsonb_populate_recordset",
        "jsonb_to_record",
        "jsonb_to_recordset",
        "jsonb_to_tsvector",
        "length",
        "make_timestamptz",
        "money",
        "numeric",
        "overlaps",
        "phraseto_tsquery",
        "plainto_tsquery",
        "quote_literal",
        "quote_nullable",
        "row_to_json",
        "time",
        "timestamp",
        "timestamptz",
        "timetz",
        "timezone",
        "to_char",
        "to_date",
        "to_json",
        "to_jsonb",
        "to_number",
        "to_timestamp",
        "to_tsquery",
        "to_tsvector",
        "ts_headline",
        "websearch_to_tsquery",
        "xml",
        "xml_is_well_formed",
    ]
)

#: Types whose values are the numbers of objects, which differ between servers.
_NUMBERS = frozenset(
    f"reg{what}"
    for what in (
        "class",
        "collation",
        "namespace",
        "oper",
        "operator",
        "proc",
        "procedure",
        "role",
        "type",
    )
)

#: What means rows by where they lie, by kind of node.
_OF_OWN_ROWS = {"RangeTableSample": "TABLESAMPLE", "CurrentOfExpr": "WHERE CURRENT OF"}

#: A constant that PostgreSQL reads as a time of its clock, where it reads a time at all.
_CLOCK_WORDS = re.compile(r"[\s\d:.,+/-]*\b(now|today|tomorrow|yesterday)\b[\s\d:.,+/a-z-]*", re.IGNORECASE)

CLOCK_ADVICE = "each server has a clock of its own; pass the value as a parameter"


def foreign_functions(nodes: Nodes, schema: Schema) -> tuple[tuple[str | None, str], ...]:
    """The (schema or None, name) of the functions called that are not PostgreSQL's own."""
    found: dict[tuple[str | None, str], None] = {}
    for kind, body in nodes:
        if kind == "FuncCall":
            place, name = call_name(body)
            if place not in (None, "information_schema") or (place is None and name not in schema.functions):
                found[place, name] = None
    return tuple(found)


def reads_by_text(nodes: Nodes) -> str | None:
    """The name of a function called that reads tables which the statement does not name, or None."""
    for kind, body in nodes:
        if kind == "FuncCall":
            place, name = call_name(body)
            if place is None and (
                name in READ_BY_TEXT or (name == "ts_rewrite" and len(body.get("args", [])) == 2)
            ):
                return name
    return None


def tells_of_table(nodes: Nodes, schema: Schema, search_path: tuple[str, ...]) -> tuple[str, str] | None:
    """A function called that tells of a sharded table as one server has it, and that table; or None."""
    for kind, body in nodes:
        if kind != "FuncCall" or call_name(body)[1] not in _OF_A_TABLE:
            continue
        for below, constant in walk(body.get("args", [])):
            if below == "A_Const" and "sval" in constant:
                name = str(constant["sval"].get("sval", ""))
                parts = [part.strip('"') for part in name.split(".")]
                table = schema.find(parts[-2] if len(parts) > 1 else None, parts[-1], search_path)
                if table is not None and table.sharded:
                    return call_name(body)[1], table.name
    return None


def is_volatile(nodes: Nodes, schema: Schema) -> str | None:
    """The name of a volatile function called, or None; functions not PostgreSQL's own count as volatile."""
    for kind, body in nodes:
        if kind == "FuncCall":
            place, name = call_name(body)
            if place is not None or name not in schema.functions or name in schema.volatile_functions:
                return name
    return None


def reads_clock(nodes: Nodes) -> str | None:
    """What reads the clock, or None."""
    for kind, body in nodes:
        if kind == "FuncCall":
            place, name = call_name(body)
            if place is None and (name in _CLOCK or (name == "age" and len(body.get("args", [])) == 1)):
                return f"{name}()"
        elif kind == "SQLValueFunction":
            value = body["op"].removeprefix("SVFOP_").removesuffix("_N")
            if value in _CLOCK_VALUES:
                return str(value)
    return None


def clock_of(nodes: Nodes, root: Level) -> str | None:
    """What reads the clock, be it a constant such as 'today', or None."""
    return reads_clock(nodes) or _clock_word(nodes, root)


def session_clock_of(nodes: Nodes, root: Level) -> str | None:
    """What reads the moment at which the session's own transaction began, and no text can name another; or None."""
    ages = (("FuncCall", body) for kind, body in nodes if kind == "FuncCall" and call_name(body)[1] == "age")
    return reads_clock(tuple(ages)) or _clock_word(nodes, root)


def differs_by_server(nodes: Nodes, root: Level, schema: Schema) -> str | None:
    """Why a statement may mean something else on each server, or None: clocks, volatile and unknown functions."""
    clock = clock_of(nodes, root)
    if clock is not None:
        return f"{clock}: {CLOCK_ADVICE}"
    return differs_beside_clock(nodes, schema)


def differs_beside_clock(nodes: Nodes, schema: Schema, *, any_clock: bool = False) -> str | None:
    """The same, where the clock was looked for; ``any_clock``: what reads it does not count.

    The moment of the statement does: nothing takes its place.
    """
    for kind, body in nodes:
        if any_clock and reads_clock(((kind, body),)) not in (None, STATEMENT_CLOCK):
            continue
        if kind == "FuncCall":
            reason = _call_differs(body, schema)
            if reason is not None:
                return reason
        elif kind == "SQLValueFunction":
            value = body["op"].removeprefix("SVFOP_")
            return f"{value}: its value may differ between servers"
        else:
            reason = _differs(kind, body, "its number differs between servers")
            if reason is not None:
                return reason
    return None


def _call_differs(body: Node, schema: Schema) -> str | None:
    place, name = call_name(body)
    if place is not None or name not in schema.functions:
        shown = name if place is None else f"{place}.{name}"
        return f"function {shown}: it is not PostgreSQL's own, and may read tables of which each server has only a part"
    if name in schema.volatile_functions:
        return f"function {name}: it is volatile, so that each server would give a value of its own"
    if name == "age" and len(body.get("args", [])) > 1:
        return None
    if name in schema.stable_functions and name not in _SAME_EVERYWHERE:
        return f"function {name}: its value may differ between servers"
    return None


#: Volatile functions whose value is as good in one session as in another.
_ANY_SESSION = frozenset({"random", "random_normal", "gen_random_uuid", "clock_timestamp", "timeofday"})

#: Stable functions that tell of the server, the database or the role, which the merge session has in common.
_SAME_IN_MERGE = frozenset({"current_database", "version", "pg_client_encoding", "getdatabaseencoding"})


def differs_in_merge(nodes: Nodes, schema: Schema) -> str | None:
    """Why a statement may mean something else in another session of the catalog's server, or None.

    What reads the clock is for `clock_of` to tell.
    """
    for kind, body in nodes:
        if kind == "FuncCall":
            reason = _call_differs_in_merge(body, schema)
            if reason is not None:
                return reason
        elif kind == "SQLValueFunction" and body["op"] == "SVFOP_CURRENT_SCHEMA":
            return "CURRENT_SCHEMA: its value differs between sessions"
        else:
            reason = _differs(kind, body, "it would mean a temporary table")
            if reason is not None:
                return reason
    return None


def _call_differs_in_merge(body: Node, schema: Schema) -> str | None:
    place, name = call_name(body)
    if place is not None or name not in schema.functions:
        return _call_differs(body, schema)
    if name in _CLOCK or name in _SAME_IN_MERGE or name in _SAME_EVERYWHERE or name in _ANY_SESSION:
        return None
    if name in schema.volatile_functions:
        return f"function {name}: it is volatile, and would act in a session that is not the caller's"
    if name in schema.stable_functions and name != "age":
        return f"function {name}: its value may differ between sessions"
    return None


def _differs(kind: str, body: Node, number: str) -> str | None:
    """Why a node means something else in another session, or None; ``number`` says it of the number of an object."""
    if kind == "TypeName":
        name = "".join(strings(body.get("names", []))[-1:])
        return f"a value of type {name}: {number}" if name in _NUMBERS else None
    clause = _OF_OWN_ROWS.get(kind)
    return None if clause is None else f"{clause}: it means other rows on each server"


def _clock_word(nodes: Nodes, root: Level) -> str | None:
    """A constant such as 'today', unless it stands as an output or is compared with a column of text."""
    harmless = set(_text_constants(nodes, root))
    for kind, body in nodes:
        if kind == "A_Const" and id(body) not in harmless:
            text = body.get("sval", {}).get("sval", "")
            if text and _CLOCK_WORDS.fullmatch(text):
                return f"'{text}'"
    return None


def _text_constants(nodes: Nodes, root: Level) -> Iterator[int]:
    """The ids of constants that are read as text."""
    texts = {
        id(reference.body)
        for level in root.inside()
        for reference in level.references
        if _is_text(reference.body, reference.names)
    }
    for kind, body in nodes:
        if kind == "ResTarget" and "A_Const" in body.get("val", {}):
            yield id(body["val"]["A_Const"])
        elif kind == "A_Expr":
            left, right = body.get("lexpr", {}), body.get("rexpr", {})
            if any("ColumnRef" in side and id(side["ColumnRef"]) in texts for side in (left, right)):
                for below, constant in walk([left, right]):
                    if below == "A_Const":
                        yield id(constant)


def _is_text(body: Node, names: object) -> bool:
    meant = resolve(body, names)  # type: ignore[arg-type]
    if not isinstance(meant, Column) or meant.relation.table is None:
        return False
    column = meant.relation.table.column(meant.relation.base_name(meant.name))
    return column is not None and column.type.startswith(("text", "character"))
