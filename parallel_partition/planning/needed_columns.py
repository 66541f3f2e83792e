"""Which columns of each table a statement can look at: perhaps too many, never too few.

A name whose meaning is certain needs that column; any other needs every column that is called so, wherever it stands.
A star, a whole row, a NATURAL JOIN and a list of column aliases take in all columns of their tables.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from parallel_partition.catalog.tables import Table
from parallel_partition.planning.analysis import Nodes, strings
from parallel_partition.planning.parse import parse
from parallel_partition.planning.scope import (
    Column,
    Join,
    Level,
    Reference,
    Relation,
    Source,
    WholeRow,
    field_names,
    leaves,
    relation_named,
    resolve,
)
from parallel_partition.planning.trees import walk


class NeededColumns:
    """The columns of tables that one statement can look at.

    Parameters
    ----------
    nodes, root : the statement and its level
    """

    def __init__(self, nodes: Nodes, root: Level) -> None:
        references = {
            id(reference.body): reference for level in root.inside() for reference in level.references
        }
        #: Names that may mean a column of any table.
        self.names: set[str] = set(_names_of_fields(nodes))
        self._columns: set[tuple[Relation, str]] = set()
        self._whole = set(_starred_relations(root))
        self._every = False
        for kind, body in nodes:
            if kind == "ColumnRef":
                self._look_at(field_names(body)[-1], references.get(id(body)))

    def _look_at(self, name: str | None, reference: Reference | None) -> None:
        if name is None:
            # A star that no level's references have: nothing is known of it.
            self._every = self._every or reference is None
            return
        meant = None if reference is None else resolve(reference.body, reference.names)
        if isinstance(meant, Column):
            self._columns.add((meant.relation, meant.relation.base_name(meant.name)))
        elif isinstance(meant, WholeRow):
            self._whole.update(meant.relations)
        else:
            self.names.add(name)

    def of(self, relations: list[Relation]) -> tuple[str, ...]:
        """The needed columns of the table that all ``relations`` are, in its order; none where rows alone count."""
        table = relations[0].table
        assert table is not None
        names = table.column_names
        if self._every or any(map(self._is_whole, relations)):
            return names
        return tuple(name for name in names if self._is_needed(name, relations))

    def has(self, name: str) -> bool:
        """Tell whether a column of this name may be looked at, of whatever table."""
        return name in self.names or any(name == column for _, column in self._columns)

    def _is_whole(self, relation: Relation) -> bool:
        return relation in self._whole or relation.renamed or relation.name in self.names

    def _is_needed(self, name: str, relations: list[Relation]) -> bool:
        return name in self.names or any((relation, name) in self._columns for relation in relations)


def stored_columns(table: Table, names: Sequence[str]) -> tuple[str, ...]:
    """The columns by which a server can tell those of ``names``: virtual ones are computed from others."""
    needed = set(names)
    for column in table.columns:
        if column.generated == "virtual" and column.name in needed:
            needed.remove(column.name)
            tree = parse(f"SELECT {column.expression}").statements
            needed.update(
                str(field_names(body)[-1])
                for statement in tree
                for kind, body in walk(statement)
                if kind == "ColumnRef"
            )
    return tuple(name for name in table.column_names if name in needed)


def _names_of_fields(nodes: Nodes) -> Iterator[str]:
    """Names that stand for columns elsewhere: fields of rows, of USING, and calls, as ``name(t)`` is ``t.name``."""
    for kind, body in nodes:
        if kind == "A_Indirection":
            yield from (step["String"]["sval"] for step in body["indirection"] if "String" in step)
        elif kind == "JoinExpr":
            yield from strings(body.get("usingClause", []))
        elif kind == "FuncCall":
            yield strings(body["funcname"])[-1]


def _starred_relations(root: Level) -> Iterator[Relation]:
    """The relations whose columns are all taken in by a star or a NATURAL JOIN."""
    exist = {
        id(subquery.level)
        for level in root.inside()
        for subquery in level.subqueries
        if subquery.body["subLinkType"] == "EXISTS_SUBLINK"
    }
    for level in root.inside():
        for reference in level.references:
            unseen = reference.target and id(level) in exist  # EXISTS (SELECT * ...) looks at no column
            if field_names(reference.body)[-1] is None and not unseen:
                yield from leaves(_starred(reference, level))
        yield from _natural(level.source)


def _starred(reference: Reference, level: Level) -> Source | None:
    parts = field_names(reference.body)
    if len(parts) == 1:
        return reference.names.source
    schema = parts[-3] if len(parts) > 2 else None
    return relation_named(str(parts[-2]), schema, reference.names) or level.source


def _natural(source: Source | None) -> Iterator[Relation]:
    if isinstance(source, Join):
        if source.natural or source.columns:
            yield from leaves(source)
        yield from _natural(source.left)
        yield from _natural(source.right)
