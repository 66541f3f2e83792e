"""Which tables, views and functions a statement names, and which of those names are refused wherever it runs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from parallel_partition.catalog.tables import PART, Schema, Table
from parallel_partition.planning.analysis import Analyser, Nodes, call_name, strings
from parallel_partition.planning.functions import (
    foreign_functions,
    reads_by_text,
    tells_of_table,
)
from parallel_partition.planning.parse import parse
from parallel_partition.planning.refuse import refuse
from parallel_partition.planning.scope import (
    SYSTEM_COLUMNS,
    Column,
    Level,
    Names,
    Reference,
    Relation,
    field_names,
    find_column,
    leaves,
    relation_named,
    resolve,
)
from parallel_partition.planning.trees import Node, walk

_CATALOGS = frozenset({"pg_catalog", "information_schema"})
_CHILD = re.compile(r"(.+)_part_[0-9]+")

#: System columns that tell nothing of a row of a sharded table: children have the same ones.
_OF_CHILDREN = frozenset({"ctid", "tableoid"})


@dataclass(frozen=True)
class Named:
    """The relations of a statement by kind, and the functions that are not PostgreSQL's own."""

    sharded: tuple[Relation, ...]
    reference: tuple[Relation, ...]
    unknown: tuple[tuple[str | None, str], ...]
    catalogs: bool
    functions: tuple[tuple[str | None, str], ...]

    @property
    def tables(self) -> tuple[str, ...]:
        """The full names of the sharded and reference tables, each once."""
        return tuple(dict.fromkeys(relation.full_name for relation in (*self.sharded, *self.reference)))


def names_in(nodes: Nodes, root: Level, analyser: Analyser) -> Named:
    """Sort a statement's names, and refuse those that no server can answer for.

    Raises
    ------
    UnsupportedQuery : a view over sharded tables, a child table, ONLY, a table in a place that is not followed, ...
    """
    schema, search_path = analyser.schema, analyser.search_path
    refuse_names(nodes, schema, search_path)
    relations = list(dict.fromkeys(root.all_relations()))
    for relation in relations:
        if relation.kind in ("table", "unknown"):
            refuse_relation(relation.node, schema, search_path)
    sharded = tuple(relation for relation in relations if relation.sharded)
    reference = tuple(
        relation for relation in relations if relation.table is not None and not relation.sharded
    )
    unknown = dict.fromkeys(
        (relation.node.get("schemaname"), relation.node["relname"])
        for relation in relations
        if relation.kind == "unknown"
    )
    for body in _unseen(nodes, analyser):
        refuse_relation(body, schema, search_path)
        table = schema.find(body.get("schemaname"), body["relname"], search_path)
        if table is not None:
            raise refuse(
                f"{table.schema}.{table.name}", "it is named in a clause that is not followed (MERGE?)"
            )
        unknown[body.get("schemaname"), body["relname"]] = None
    if sharded:
        _refuse_columns(root, sharded)
    outside = tuple(name for name in unknown if name[0] not in _CATALOGS)
    return Named(sharded, reference, outside, len(outside) < len(unknown), foreign_functions(nodes, schema))


def refuse_names(nodes: Nodes, schema: Schema, search_path: tuple[str, ...]) -> None:
    """Refuse types and functions that would show one server's part of a table, or the column ``part``.

    Raises
    ------
    UnsupportedQuery : the statement has one
    """
    for kind, body in nodes:
        if kind == "TypeName":
            _refuse_row_type(body, schema, search_path)
        elif kind == "FuncCall" and call_name(body) == (None, "set_config"):
            raise refuse("set_config", "it would set one server's session only", "use SET")
    name = reads_by_text(nodes)
    if name is not None:
        raise refuse(
            f"function {name}", "it reads tables that the statement does not name, of one server only"
        )
    told = tells_of_table(nodes, schema, search_path)
    if told is not None:
        raise refuse(f"function {told[0]}", f"it would tell of one server's part of {told[1]} only")


def refuse_relation(body: Node, schema: Schema, search_path: tuple[str, ...]) -> None:
    """Refuse a RangeVar's body that means something else on each server: a view over sharded tables, a child,
    ONLY.

    Raises
    ------
    UnsupportedQuery : it does
    """
    place, name = body.get("schemaname"), body["relname"]
    for one in (place,) if place else search_path:
        if (one, name) in schema.views:
            view = schema.views[one, name]
            held = "has rows that one server had of" if view.stored else "reads"
            raise refuse(
                f"view {name}",
                f"it {held} the sharded table {view.table}",
                "name the table instead of the view",
            )
    child = _CHILD.fullmatch(name)
    parent = schema.find(place, child[1], search_path) if child else None
    if parent is not None and parent.sharded and schema.find(place, name, search_path) is None:
        raise refuse(name, f"it is a child table of {parent.name}, on one server only", f"name {parent.name}")
    table = None if "catalogname" in body else schema.find(place, name, search_path)
    if table is not None and table.sharded and not body.get("inh"):
        raise refuse(f"ONLY {name}", "the rows of a sharded table are in its child tables", "leave ONLY out")
    if "catalogname" in body and schema.find(place, name, search_path) is not None:
        raise refuse(
            f"{body['catalogname']}.{place}.{name}", "a table is named with its database", "leave it out"
        )


def _refuse_row_type(body: Node, schema: Schema, search_path: tuple[str, ...]) -> None:
    table = table_of(strings(body.get("names", [])), schema, search_path)
    if table is not None and table.sharded:
        raise refuse(
            f"the type {table.name}",
            "the row type of a sharded table has the library's column part",
            "name the columns",
        )


def _unseen(nodes: Nodes, analyser: Analyser) -> Iterator[Node]:
    """RangeVars that became no relation: those of clauses that the analysis does not know."""
    skipped = {
        id(below)
        for kind, body in nodes
        if kind in ("LockingClause", "IntoClause")
        for found, below in walk(body, kind)
        if found == "RangeVar"
    }
    for kind, body in nodes:
        if kind == "RangeVar" and id(body) not in analyser.seen and id(body) not in skipped:
            yield body


def _refuse_columns(root: Level, sharded: Iterable[Relation]) -> None:
    """Refuse ``ctid`` and ``tableoid`` of sharded tables, and ``part`` where it hides a name of the caller's."""
    known = set(sharded)
    for level in root.inside():
        for reference in level.references:
            name = field_names(reference.body)[-1]
            if field_names(reference.body) == [PART]:
                _refuse_hidden(level, reference)
            if name not in _OF_CHILDREN:
                continue
            meant = resolve(reference.body, reference.names)
            if (isinstance(meant, Column) and meant.relation in known) or (
                meant is None and any(relation in known for relation in leaves(reference.names.source))
            ):
                raise refuse(
                    str(name), "rows of different child tables of a sharded table share it", "use the key"
                )


def _refuse_hidden(level: Level, reference: Reference) -> None:
    """Refuse a bare ``part`` that means something else where tables have no such column of the library's."""
    found: list[Column] = []
    names: Names | None = reference.names
    while names is not None:
        here = find_column(names.source, PART)[0]
        found += here
        if any(not _is_librarys(column) for column in here):
            break  # it is meant, if there is no other beside it
        names = names.outer
    library = [column for column in found if _is_librarys(column)]
    others = len(found) > len(library) or relation_named(PART, None, reference.names) is not None
    if reference.clause == "GROUP BY":
        named = [output.column for output in level.outputs or () if output.name == PART]
        others = others or any(column is None or not _is_librarys(column) for column in named)
    if library and others:
        raise refuse(
            PART,
            f"it may be the library's own column of {library[0].relation.full_name}, or another of that name",
            "say which table's it is, or give the other one another name",
        )


def _is_librarys(column: Column) -> bool:
    return column.relation.sharded and column.name == PART and PART not in (column.relation.columns or ())


def earlier_names(text: str, schema: Schema, search_path: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """(schema, name) of the relations that, if there are any, are meant instead of the cluster's tables and views.

    They have the same names and are in schemas that the search path names before.
    """
    found: dict[tuple[str, str], None] = {}
    for statement in parse(text).statements:
        for kind, body in walk(statement):
            if kind == "RangeVar" and "schemaname" not in body:
                name = body["relname"]
                place = next((one for one in search_path if _is_of_cluster((one, name), schema)), None)
                before = search_path[: search_path.index(place)] if place is not None else ()
                found.update(dict.fromkeys((earlier, name) for earlier in before))
    return tuple(found)


def _is_of_cluster(name: tuple[str, str], schema: Schema) -> bool:
    return name in schema or name in schema.views


def system_column(root: Level) -> str | None:
    """A system column of a table of the cluster that a statement reads, or None."""
    for level in root.inside():
        for reference in level.references:
            name = field_names(reference.body)[-1]
            if name in SYSTEM_COLUMNS:
                meant = resolve(reference.body, reference.names)
                if meant is None or (isinstance(meant, Column) and meant.relation.table is not None):
                    return name
    return None


def table_of(names: tuple[str, ...], schema: Schema, search_path: tuple[str, ...]) -> Table | None:
    """The cluster's table that a dotted name means, or None."""
    return schema.find(names[-2] if len(names) > 1 else None, names[-1], search_path) if names else None


__all__ = ["PART", "Named", "earlier_names", "names_in", "refuse_names", "system_column", "table_of"]
