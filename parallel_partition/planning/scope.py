"""What names mean in a statement: query levels, the relations of their FROM clauses, columns and whole rows.

A `Level` is one SELECT (or the arms of a set operation, VALUES, an UPDATE or a DELETE). Its ``source`` is the
tree of its FROM clause: `Leaf` and `Join`. `Names` is what an expression can see: a source, then what lies
around it.

Look-ups assume that PostgreSQL accepts the statement, and answer None where they cannot be sure.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from parallel_partition.catalog.tables import PART, Table
from parallel_partition.planning.trees import Node

#: Columns that PostgreSQL gives to every table.
SYSTEM_COLUMNS = frozenset({"ctid", "tableoid", "xmin", "xmax", "cmin", "cmax"})

RelationKind = Literal["table", "unknown", "derived", "recursive", "function", "merged"]


@dataclass(eq=False)
class Relation:
    """One item of a FROM clause (or the target of an UPDATE or DELETE).

    ``name`` is what it is called there. ``schema`` is the table's schema where no alias hides it. ``columns``
    are the names that its columns have there, without ``part``; None: not known. ``level`` is what a subquery
    or a CTE computes. ``kind`` "unknown" is a name that the catalog does not know, "merged" stands for the
    columns that a FULL JOIN merges of its ``sides``.
    """

    name: str
    kind: RelationKind
    node: Node
    columns: tuple[str, ...] | None
    table: Table | None = None
    schema: str | None = None
    level: Level | None = None
    renamed: bool = False
    lateral: bool = False
    sampled: bool = False
    sides: tuple[Source, ...] = ()

    @property
    def sharded(self) -> bool:
        """True for a sharded table."""
        return self.table is not None and self.table.sharded

    @property
    def full_name(self) -> str:
        """The name for messages."""
        if self.table is not None:
            return f"{self.table.schema}.{self.table.name}"
        if self.kind == "unknown":
            schema = self.node.get("schemaname")
            return f"{schema}.{self.node['relname']}" if schema else str(self.node["relname"])
        return self.name or "a subquery"

    def base_name(self, name: str) -> str:
        """The table's own name of the column that is called ``name`` here."""
        if self.renamed and self.table is not None and self.columns is not None and name in self.columns:
            return self.table.column_names[self.columns.index(name)]
        return name


class Column(NamedTuple):
    """A column of a relation, by the name that it has there."""

    relation: Relation
    name: str


class WholeRow(NamedTuple):
    """A relation's row as one value."""

    relations: tuple[Relation, ...]


@dataclass(eq=False)
class Leaf:
    """One relation of a FROM clause."""

    relation: Relation


@dataclass(eq=False)
class Join:
    """Two sources joined. A comma in FROM is an inner join without a condition.

    ``using`` are the merged columns, of USING or NATURAL; None: NATURAL over columns that are not known.
    ``merged`` is the relation that the merged columns of a FULL JOIN belong to. ``columns`` are the names
    that an alias's column list gives.
    """

    kind: Literal["inner", "left", "right", "full"]
    left: Source
    right: Source
    node: Node
    on: Node | None = None
    using: tuple[str, ...] | None = ()
    natural: bool = False
    alias: str | None = None
    columns: tuple[str, ...] = ()
    using_alias: str | None = None
    merged: Relation | None = None


Source = Leaf | Join


@dataclass(eq=False)
class Names:
    """What an expression can see: ``source`` first, then ``outer``."""

    source: Source | None
    outer: Names | None = None


class Reference(NamedTuple):
    """A ColumnRef's body where it stands. ``clause`` names the place; ``target`` is true directly in a select list."""

    body: Node
    names: Names
    clause: str
    target: bool = False


@dataclass(eq=False)
class Subquery:
    """A subquery in an expression: its SubLink's body, its level, and where it stands.

    ``conjunct`` is true where it is one of the conditions that WHERE joins by AND.
    """

    body: Node
    level: Level
    clause: str
    names: Names
    conjunct: bool = False


@dataclass(eq=False)
class Cte:
    """A WITH query; ``level`` is None for one that changes data."""

    name: str
    level: Level | None
    recursive: bool
    columns: tuple[str, ...] | None


class Output(NamedTuple):
    """An output column of a level: its name, and its expression or the column that a ``*`` gave."""

    name: str
    node: Node | None
    column: Column | None


@dataclass(eq=False)
class Level:
    """One SELECT, set operation, VALUES, UPDATE, DELETE or INSERT.

    ``node`` is its body, ``around`` what its expressions see beyond its own FROM clause; ``aggregated`` tells
    that it calls aggregates.
    """

    node: Node
    kind: Literal["select", "set operation", "values", "write"]
    around: Names | None
    source: Source | None = None
    arms: tuple[Level, ...] = ()
    ctes: dict[str, Cte] = field(default_factory=dict)
    relations: list[Relation] = field(default_factory=list)
    references: list[Reference] = field(default_factory=list)
    subqueries: list[Subquery] = field(default_factory=list)
    outputs: tuple[Output, ...] | None = None
    aggregated: bool = False

    @property
    def names(self) -> Names:
        """What this level's own expressions see."""
        return Names(self.source, self.around)

    def inside(self) -> Iterator[Level]:
        """This level and every level below it, each once."""
        seen: set[int] = set()
        stack = [self]
        while stack:
            level = stack.pop()
            if id(level) in seen:
                continue
            seen.add(id(level))
            yield level
            stack.extend(level.arms)
            stack.extend(cte.level for cte in level.ctes.values() if cte.level)
            stack.extend(relation.level for relation in level.relations if relation.level)
            stack.extend(subquery.level for subquery in level.subqueries)

    def all_relations(self) -> Iterator[Relation]:
        """Every relation of this level and of those below it, in the order of levels."""
        for level in self.inside():
            yield from level.relations


def is_limited(body: Node) -> bool:
    """Tell whether a SELECT's body has a LIMIT or OFFSET; ``LIMIT ALL`` is none."""
    count = body.get("limitCount")
    return (count is not None and not count.get("A_Const", {}).get("isnull")) or "limitOffset" in body


# --- looking names up
# ------------------------------------------------------------------------------------------------


def leaves(source: Source | None) -> Iterator[Relation]:
    """The relations of a source from left to right."""
    if isinstance(source, Leaf):
        yield source.relation
    elif isinstance(source, Join):
        yield from leaves(source.left)
        yield from leaves(source.right)


def columns_of(source: Source | None) -> list[Column] | None:
    """What ``*`` means over a source: columns in order, without ``part``; None where some are not known."""
    named = named_columns(source)
    return None if named is None else [column for _, column in named]


def named_columns(source: Source | None) -> list[tuple[str, Column]] | None:
    """The same as (name, column): an alias over a join may rename columns."""
    if source is None:
        return []
    if isinstance(source, Leaf):
        relation = source.relation
        if relation.columns is None:
            return None
        return [(name, Column(relation, name)) for name in relation.columns]
    left, right = named_columns(source.left), named_columns(source.right)
    if left is None or right is None or source.using is None:
        return None
    merged = [(name, column) for name in source.using for column in _merged(source, name)]
    rest = [pair for pair in (*left, *right) if pair[0] not in source.using]
    found = merged + rest
    renamed = list(source.columns) + [name for name, _ in found[len(source.columns) :]]
    return [(name, column) for name, (_, column) in zip(renamed, found, strict=False)]


def _merged(join: Join, name: str) -> list[Column]:
    """The column that a merged name stands for."""
    if join.kind == "full":
        return [Column(join.merged, name)] if join.merged else []
    return find_column(join.right if join.kind == "right" else join.left, name)[0]


def find_column(source: Source | None, name: str) -> tuple[list[Column], bool]:
    """The columns that an unqualified name may mean in a source, and whether there may be others that are not known."""
    if source is None:
        return [], False
    if isinstance(source, Leaf):
        return _column_of_relation(source.relation, name)
    if source.alias is not None:
        named = named_columns(source)
        if named is None:
            return [], True
        return [column for found, column in named if found == name], False
    if source.using is None:
        return [], True
    if name in source.using:
        return _merged(source, name), False
    left, left_unsure = find_column(source.left, name)
    right, right_unsure = find_column(source.right, name)
    return left + right, left_unsure or right_unsure


def _column_of_relation(relation: Relation, name: str) -> tuple[list[Column], bool]:
    if relation.columns is not None and name in relation.columns:
        return [Column(relation, name)], False
    if relation.table is not None and (name in SYSTEM_COLUMNS or (relation.sharded and name == PART)):
        return [Column(relation, name)], False
    return [], relation.columns is None


def find_relation(source: Source | None, name: str, schema: str | None = None) -> Leaf | Join | None:
    """The leaf or aliased join that a source calls ``[schema.]name``."""
    if isinstance(source, Leaf):
        relation = source.relation
        same = relation.name == name and (schema is None or schema == relation.schema)
        return source if same else None
    if isinstance(source, Join):
        if source.alias is not None:
            return source if source.alias == name and schema is None else None
        if source.using_alias == name and schema is None:
            return source
        return find_relation(source.left, name, schema) or find_relation(source.right, name, schema)
    return None


def field_names(body: Node) -> list[str | None]:
    """The parts of a ColumnRef's name; None for ``*``."""
    return [part["String"]["sval"] if "String" in part else None for part in body["fields"]]


def resolve(body: Node, names: Names | None) -> Column | WholeRow | None:
    """What a ColumnRef means; None: a star, a name that is not known here, or one that may mean several things."""
    parts = field_names(body)
    if None in parts:
        return None
    if len(parts) == 1:
        return _resolve_bare(str(parts[0]), names)
    schema = str(parts[-3]) if len(parts) > 2 else None
    return _resolve_qualified(schema, str(parts[-2]), str(parts[-1]), names)


def field_column(body: Node, names: Names | None) -> Column | None:
    """The column that an A_Indirection ``(t).x`` means, where ``t`` is the row of a table or a subquery."""
    argument, fields = body.get("arg", {}), body.get("indirection", [])
    meant = resolve(argument["ColumnRef"], names) if "ColumnRef" in argument else None
    if not isinstance(meant, WholeRow) or len(meant.relations) != 1 or len(fields) != 1:
        return None
    name = fields[0].get("String", {}).get("sval")
    found = find_column(Leaf(meant.relations[0]), name)[0] if name else []
    return found[0] if len(found) == 1 else None


def _resolve_bare(name: str, names: Names | None) -> Column | WholeRow | None:
    """Columns come first, at every level; then a relation's name is its row."""
    unsure = False
    around = names
    while around is not None:
        found, maybe = find_column(around.source, name)
        if len(found) == 1:
            return None if unsure else found[0]
        if found:
            return None
        unsure = unsure or maybe
        around = around.outer
    place = relation_named(name, None, names)
    return None if place is None else WholeRow(tuple(leaves(place)))


def _resolve_qualified(
    schema: str | None, name: str, column: str, names: Names | None
) -> Column | WholeRow | None:
    place = relation_named(name, schema, names)
    if place is None:
        return None
    if isinstance(place, Join) and place.using_alias == name:
        return None
    found, unsure = find_column(place, column)
    if len(found) == 1:
        return found[0]
    return None if found or unsure else WholeRow(tuple(leaves(place)))


def relation_named(name: str, schema: str | None, names: Names | None) -> Leaf | Join | None:
    """The relation or aliased join that a name means, the innermost first."""
    while names is not None:
        found = find_relation(names.source, name, schema)
        if found is not None:
            return found
        names = names.outer
    return None


def source_column(column: Column) -> Column:
    """The column of a table (or whatever it ends in) that a column of subqueries passes on unchanged."""
    for _ in range(100):
        output = output_of(column)
        if output is None or output.column is None:
            return column
        column = output.column
    return column


def output_of(column: Column) -> Output | None:
    """The output of the subquery that a column of it is, None for other relations."""
    relation = column.relation
    if relation.level is None or relation.columns is None or relation.level.outputs is None:
        return None
    if relation.level.kind != "select" or column.name not in relation.columns:
        return None
    if relation.columns.count(column.name) > 1:
        return None
    index = relation.columns.index(column.name)
    return relation.level.outputs[index] if index < len(relation.level.outputs) else None
