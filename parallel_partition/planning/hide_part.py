"""Edits of the caller's text that hide the column ``part`` of sharded tables wherever the caller has not
named it.

``*`` and ``t.*`` become lists of columns. Where that is not enough (whole rows, NATURAL JOIN, column
aliases), the table's name becomes a subselect of its own columns, which PostgreSQL flattens. What cannot be
hidden is refused by name.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from parallel_partition.catalog.identifiers import quoted
from parallel_partition.catalog.tables import PART
from parallel_partition.planning.analysis import Nodes, call_name, is_whole_row
from parallel_partition.planning.grouping import item_column
from parallel_partition.planning.refuse import refuse
from parallel_partition.planning.scope import (
    Column,
    Join,
    Leaf,
    Level,
    Reference,
    Relation,
    Source,
    WholeRow,
    field_column,
    field_names,
    find_column,
    leaves,
    relation_named,
    resolve,
)
from parallel_partition.planning.splicing import around, column_extent, relation_extent
from parallel_partition.planning.tokens import tokens
from parallel_partition.planning.trees import Node, walk

Edit = tuple[int, int, bytes]

#: Functions whose result is the same for a row of a subselect as for a row of the table.
_OF_ANY_ROW = frozenset(
    [
        "count",
        "row_to_json",
        "to_json",
        "to_jsonb",
        "json_agg",
        "jsonb_agg",
        "json_build_array",
        "jsonb_build_array",
        "json_build_object",
        "jsonb_build_object",
        "json_object_agg",
        "jsonb_object_agg",
        "num_nulls",
        "num_nonnulls",
    ]
)


_COUNTING = frozenset({"count", "num_nulls", "num_nonnulls"})


def hide_part(data: bytes, nodes: Nodes, root: Level) -> list[Edit]:
    """The edits of a statement's text that hide ``part``.

    Parameters
    ----------
    data : the text
    nodes, root : the statement and its level

    Raises
    ------
    UnsupportedQuery : ``part`` cannot be hidden somewhere
    """
    uses = row_uses(nodes)
    edits: list[Edit] = []
    for level in root.inside():
        if any(relation.sharded for relation in leaves(level.source)):
            edits += _LevelEdits(data, level, uses).edits()
    return list(dict.fromkeys(edits))


def row_uses(nodes: Nodes) -> dict[int, bool]:
    """The ids of ColumnRef bodies that stand where a row of a subselect does as well as a row of the table.

    The value tells whether the names of the row's columns matter there.
    """
    found: dict[int, bool] = {}
    for kind, body in nodes:
        below: Sequence[Node] = ()
        names_matter = kind == "A_Indirection"
        if kind == "FuncCall" and call_name(body)[0] is None and call_name(body)[1] in _OF_ANY_ROW:
            below = body.get("args", [])
            names_matter = call_name(body)[1] not in _COUNTING
        elif kind in ("NullTest", "A_Indirection"):
            below = (body.get("arg", {}),)
        elif kind == "RowExpr":
            below = [node for node in body.get("args", []) if _is_star(node)]
        found.update((id(node["ColumnRef"]), names_matter) for node in below if "ColumnRef" in node)
    return found


def _is_star(node: Node) -> bool:
    return "ColumnRef" in node and field_names(node["ColumnRef"])[-1] is None


class _LevelEdits:
    """The edits for one level's FROM clause and the references to it."""

    def __init__(self, data: bytes, level: Level, row_uses: dict[int, bool]) -> None:
        self._data = data
        self._level = level
        self._row_uses = row_uses
        self._own = set(leaves(level.source))
        self._wrapped: dict[Relation, str] = {}

    def edits(self) -> list[Edit]:
        self._wrap_for_joins(self._level.source)
        stars = list(self._stars())
        for reference in self._references():
            self._wrap_for_reference(reference)
        for _, place in stars:
            if not _is_plain(place):
                self._wrap(place, "*")
        self._refuse_lost_schema()
        found = [edit for reference, place in stars for edit in self._expand(reference, place)]
        found += [self._subselect(relation, clause) for relation, clause in self._wrapped.items()]
        return found + self._group_by_part()

    # --- what to wrap
    # ---------------------------------------------------------------------------------------------

    def _wrap(self, source: Source, clause: str) -> None:
        for relation in leaves(source):
            if relation.sharded and relation in self._own:
                self._wrapped.setdefault(relation, clause)

    def _wrap_for_joins(self, source: Source | None) -> None:
        if isinstance(source, Leaf) and source.relation.renamed:
            self._wrap(source, "column aliases")
        elif isinstance(source, Join):
            if source.natural:
                self._wrap(source, "NATURAL JOIN")
            if source.alias is not None:
                self._wrap(source, "an alias of a join")
            self._wrap_for_joins(source.left)
            self._wrap_for_joins(source.right)

    def _references(self) -> Iterator[Reference]:
        """References of this level and of those below it that may mean this level's relations."""
        for level in self._level.inside():
            for reference in level.references:
                if not (
                    reference.target and field_names(reference.body)[-1] is None and level is self._level
                ):
                    yield reference

    def _stars(self) -> Iterator[tuple[Reference, Source]]:
        for reference in self._level.references:
            parts = field_names(reference.body)
            if reference.target and parts[-1] is None:
                place = self._starred(parts, reference)
                if place is not None and any(relation.sharded for relation in leaves(place)):
                    yield reference, place

    def _starred(self, parts: list[str | None], reference: Reference) -> Source | None:
        if len(parts) == 1:
            return self._level.source
        place = relation_named(str(parts[-2]), parts[-3] if len(parts) > 2 else None, reference.names)
        if place is None and reference.clause == "RETURNING":
            if parts[-2] in ("old", "new") and self._level.source is not None:
                return Leaf(next(leaves(self._level.source)))
            raise refuse(f"RETURNING {parts[-2]}.*", "its columns are not known", "name the columns")
        if isinstance(place, Join) and place.using_alias == parts[-2]:
            return None
        return place

    def _wrap_for_reference(self, reference: Reference) -> None:
        parts = field_names(reference.body)
        if parts[-1] is None:
            place = None
            if len(parts) > 1:
                place = relation_named(str(parts[-2]), parts[-3] if len(parts) > 2 else None, reference.names)
            rows: Sequence[Relation] = () if place is None else tuple(leaves(place))
        else:
            meant = is_whole_row(reference)
            rows = meant.relations if meant is not None else self._perhaps_row(parts, reference)
        rows = [relation for relation in rows if relation.sharded]
        if self._level.kind == "write":
            self._refuse_other_rows(parts, reference, rows)
        rows = [relation for relation in rows if relation in self._own]
        if not rows:
            return
        misnamed = (
            len(parts) > 1 and parts[-1] is not None
        )  # t.x without a column x: PostgreSQL says what it is
        if id(reference.body) not in self._row_uses and not (misnamed and self._level.kind == "select"):
            raise refuse(
                f"the whole row {'.'.join(part or '*' for part in parts)}",
                "its type has the library's column part",
                "name the columns, or ROW(t.*)",
            )
        for relation in rows:
            if relation.renamed and self._row_uses.get(id(reference.body), True):
                raise refuse(
                    f"the whole row {'.'.join(part or '*' for part in parts)}",
                    f"its columns have other names than those of {relation.full_name}",
                    "leave the column aliases out",
                )
            self._wrapped.setdefault(relation, "a whole row")

    def _refuse_lost_schema(self) -> None:
        """Refuse ``schema.t.x`` where ``t`` becomes a subselect, which has no schema."""
        for level in self._level.inside():
            for reference in level.references:
                parts = field_names(reference.body)
                place = None
                if len(parts) > 2:
                    place = relation_named(str(parts[-2]), parts[-3], reference.names)
                if isinstance(place, Leaf) and place.relation in self._wrapped:
                    clause = ".".join(part or "*" for part in parts)
                    raise refuse(
                        clause,
                        f"with {self._wrapped[place.relation]}, it is not found",
                        "leave the schema out",
                    )

    def _refuse_other_rows(
        self, parts: list[str | None], reference: Reference, rows: Sequence[Relation]
    ) -> None:
        """Rows of a write that stand for no FROM item: EXCLUDED, and OLD and NEW of RETURNING."""
        if "options" in self._level.node.get("returningClause", {}):
            raise refuse("RETURNING WITH", "other names of OLD and NEW are not read", "use OLD and NEW")
        returned = parts in (["old"], ["new"]) and reference.clause == "RETURNING"
        unnamed = returned and resolve(reference.body, reference.names) is None
        if unnamed or any(relation.name == "excluded" and relation not in self._own for relation in rows):
            raise refuse(f"the whole row {parts[0]}", "it has the library's column part", "name the columns")

    def _perhaps_row(self, parts: list[str | None], reference: Reference) -> tuple[Relation, ...]:
        """The rows that a name may mean which is not known for certain, because some columns are not known."""
        if resolve(reference.body, reference.names) is not None or len(parts) != 1:
            return ()
        place = relation_named(str(parts[0]), None, reference.names)
        if place is None or len(find_column(reference.names.source, str(parts[0]))[0]) > 0:
            return ()
        return tuple(leaves(place))

    # --- the edits
    # ------------------------------------------------------------------------------------------------

    def _expand(self, reference: Reference, place: Source) -> list[Edit]:
        """A star as the columns of what it covers."""
        if all(relation in self._wrapped for relation in leaves(place) if relation.sharded):
            return []
        listed = ", ".join(self._columns(relation, reference) for relation in leaves(place))
        if reference.body.get("location", 0) == -1:
            return [self._table_statement(next(leaves(place)), listed)]
        extent = column_extent(self._data, reference.body)
        if extent is None:
            raise refuse("*", "its place in the text is not certain", "name the columns")
        # PostgreSQL takes (t.*) for t.*; of a list the parentheses would make a row.
        return [
            (*extent, listed.encode()),
            *((place, place + 1, b" ") for place in around(self._data, extent)),
        ]

    def _columns(self, relation: Relation, reference: Reference) -> str:
        parts = field_names(reference.body)
        name = quoted(relation.name)
        if len(parts) > 1 and parts[-2] in ("old", "new") and parts[-2] != relation.name:
            name = str(parts[-2])
        elif relation in self._wrapped:
            pass  # a subselect has no schema
        elif relation.schema is not None and (len(parts) > 2 or "schemaname" in relation.node):
            name = f"{quoted(relation.schema)}.{name}"
        if relation.sharded and relation not in self._wrapped and relation.columns is not None:
            return ", ".join(f"{name}.{quoted(column)}" for column in relation.columns)
        return f"{name}.*"

    def _table_statement(self, relation: Relation, listed: str) -> Edit:
        """``TABLE t`` as a SELECT; the tree gives its star no place."""
        extent = relation_extent(self._data, relation.node)
        before = tokens(self._data, 0, extent[0])[-1:] if extent else []
        if extent is None or not before or self._data[before[0].start : before[0].end].upper() != b"TABLE":
            raise refuse("TABLE", "its place in the text is not certain", "write SELECT")
        return before[0].start, extent[0], f"SELECT {listed} FROM ".encode()  # noqa: S608 - identifiers, quoted

    def _subselect(self, relation: Relation, clause: str) -> Edit:
        if relation is self._target():
            raise refuse(
                clause, f"it would show the library's column part of {relation.full_name}", "name the columns"
            )
        if relation.sampled:
            raise refuse(clause, f"{relation.full_name} is sampled by TABLESAMPLE", "name the columns")
        extent = relation_extent(self._data, relation.node)
        if extent is None or relation.table is None:
            raise refuse(
                clause, f"the place of {relation.full_name} in the text is not certain", "name the columns"
            )
        if sum(other.name == relation.name for other in self._own) > 1:
            raise refuse(clause, f"two tables are called {relation.name}", "give one of them an alias")
        listed = ", ".join(quoted(column) for column in relation.table.column_names)
        name = self._data[slice(*extent)].decode()
        alias = "" if "alias" in relation.node else f" AS {quoted(relation.name)}"
        return (*extent, f"(SELECT {listed} FROM {name}){alias}".encode())  # noqa: S608 - identifiers, quoted

    def _target(self) -> Relation | None:
        return next(leaves(self._level.source), None) if self._level.kind == "write" else None

    # --- GROUP BY
    # -------------------------------------------------------------------------------------------------

    def _group_by_part(self) -> list[Edit]:
        """Add ``part`` to a GROUP BY of a whole primary key, whose last column it is.

        PostgreSQL then sees that the table's other columns depend on what is grouped. A subselect has no primary
        key: of it, what is used is added. Neither makes more groups.
        """
        items = self._level.node.get("groupClause", [])
        if not items or any("GroupingSet" in item for item in items):
            return []
        grouped = {item_column(self._level, item, columns_first=True) for item in items}
        used = {output.column for output in self._level.outputs or () if output.column is not None}
        counted = _rows_in_aggregates(self._level.node)
        fields = _fields_of_rows(self._level.node)
        for reference in self._references():
            meant = resolve(reference.body, reference.names)
            field = field_column(fields.get(id(reference.body), {}), reference.names)
            if isinstance(meant, Column):
                used.add(meant)
            elif field is not None:
                used.add(field)
            elif id(reference.body) not in counted:
                used |= {Column(relation, "*") for relation in _rows_named(reference, meant)}
        found: list[str] = []
        for relation in self._own:
            key = relation.table.primary_key if relation.sharded and relation.table else ()
            names = {column.name for column in used - grouped if column.relation is relation}
            if names and key and all(Column(relation, column) in grouped for column in _names(relation, key)):
                found += self._depending(relation, names)
        place = _group_by_place(self._data, items) if found else None
        return [] if place is None else [(place, place, "".join(sorted(found)).encode())]

    def _depending(self, relation: Relation, names: set[str]) -> Iterator[str]:
        """What GROUP BY needs beside the primary key of a table of which ``names`` (or all, ``*``) are used."""
        name = quoted(relation.name)
        if relation not in self._wrapped:
            if names != {"*"}:
                yield f"{name}.{quoted(PART)}, "
            return
        types = {column.name: column.type for column in (relation.table.columns if relation.table else ())}
        groupable = all(types.get(relation.base_name(one)) not in _NOT_GROUPED for one in names)
        if "*" in names or not groupable or not _is_visible(self._level.source, relation):
            raise refuse(
                f"GROUP BY the primary key of {relation.full_name}",
                f"with {self._wrapped[relation]}, its other columns are not seen to depend on it",
                "group by them too",
            )
        yield from (f"{name}.{quoted(one)}, " for one in names)


_AGGREGATES_OF_ROWS = frozenset(
    (None, name) for name in ("count", "json_agg", "jsonb_agg", "json_object_agg", "jsonb_object_agg")
)
#: Types that GROUP BY does not take.
_NOT_GROUPED = frozenset({"json", "xml", "point", "line", "lseg", "box", "path", "polygon", "circle"})


def _rows_named(reference: Reference, meant: WholeRow | None) -> Sequence[Relation]:
    """The relations whose rows are meant by ``t`` or ``t.*``."""
    if meant is not None:
        return meant.relations
    parts = field_names(reference.body)
    place = (
        relation_named(str(parts[-2]), None, reference.names) if len(parts) > 1 and not parts[-1] else None
    )
    return tuple(leaves(place))


def _rows_in_aggregates(node: Node) -> set[int]:
    """The ids of ColumnRef bodies that are arguments of an aggregate which takes rows."""
    calls = [
        body for kind, body in walk(node) if kind == "FuncCall" and call_name(body) in _AGGREGATES_OF_ROWS
    ]
    return {id(one["ColumnRef"]) for body in calls for one in body.get("args", []) if "ColumnRef" in one}


def _fields_of_rows(node: Node) -> dict[int, Node]:
    """The fields ``(t).x`` in a statement, by the id of the ColumnRef body ``t``."""
    return {
        id(body["arg"]["ColumnRef"]): body
        for kind, body in walk(node)
        if kind == "A_Indirection" and "ColumnRef" in body["arg"]
    }


def _names(relation: Relation, columns: Sequence[str]) -> list[str]:
    """What a table's columns are called in the statement."""
    if relation.table is None or relation.columns is None:
        return list(columns)
    return [relation.columns[relation.table.column_names.index(one)] for one in columns]


def _is_visible(source: Source | None, relation: Relation) -> bool:
    """Tell whether no alias of a join hides a relation's name."""
    if isinstance(source, Leaf):
        return source.relation is relation
    if isinstance(source, Join) and source.alias is None:
        return _is_visible(source.left, relation) or _is_visible(source.right, relation)
    return False


def _is_plain(source: Source) -> bool:
    """Tell whether a star over a source is the list of its relations' columns, and each relation has a name."""
    if isinstance(source, Leaf):
        return bool(source.relation.name)
    return not source.using and source.alias is None and _is_plain(source.left) and _is_plain(source.right)


def _group_by_place(data: bytes, items: list[Node]) -> int | None:
    """Where the first item of a GROUP BY may be inserted: behind the ``BY`` before it."""
    places = [body["location"] for _, body in walk(items[0]) if body.get("location", -1) >= 0]
    if not places:
        return None
    found = tokens(data, 0, min(places))
    depth = 0
    for place in range(len(found) - 1, 0, -1):
        text = data[found[place].start : found[place].end].upper()
        depth += (text == b")") - (text == b"(")
        if (
            depth <= 0
            and text == b"BY"
            and data[found[place - 1].start : found[place - 1].end].upper() == b"GROUP"
        ):
            return found[place].end + _space(data, found[place].end)
    return None


def _space(data: bytes, at: int) -> int:
    """How far to go to stand behind one space."""
    return 1 if data[at : at + 1] == b" " else 0
