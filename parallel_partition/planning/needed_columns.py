"""Which columns of each table a statement can look at.

Read off names: a column is needed where its name stands anywhere in the statement, or where a star, a whole row, a
NATURAL JOIN or a list of column aliases takes in all columns of its table. That may be too many, never too few.
"""

from __future__ import annotations

from collections.abc import Iterator

from parallel_partition.planning.analysis import Nodes, strings
from parallel_partition.planning.scope import (
    Join,
    Level,
    Reference,
    Relation,
    Source,
    field_names,
    leaves,
    relation_named,
)


class NeededColumns:
    """The columns of tables that one statement can look at.

    Parameters
    ----------
    nodes, root : the statement and its level
    """

    def __init__(self, nodes: Nodes, root: Level) -> None:
        self.names = frozenset(_names(nodes))
        self._whole = frozenset(_whole_relations(root))
        self._every = _stars_in_other_places(nodes, root)

    def of(self, relations: list[Relation]) -> tuple[str, ...]:
        """The needed columns of the table that all ``relations`` are, in its order; at least one."""
        table = relations[0].table
        assert table is not None
        # A whole row is written like a column, by the name of its relation.
        whole = self._every or any(
            relation in self._whole or relation.name in self.names or relation.renamed
            for relation in relations
        )
        names = table.column_names
        found = names if whole else tuple(name for name in names if name in self.names)
        return found or table.key[:1] or names[:1]


def _names(nodes: Nodes) -> Iterator[str]:
    """Every name that may be a column's: of ColumnRefs and fields of rows, of USING, of a call of one argument."""
    for kind, body in nodes:
        if kind == "ColumnRef":
            name = field_names(body)[-1]
            yield from [] if name is None else [name]
        elif kind == "A_Indirection":
            yield from (step["String"]["sval"] for step in body["indirection"] if "String" in step)
        elif kind == "JoinExpr":
            yield from strings(body.get("usingClause", []))
        elif kind == "FuncCall":
            yield strings(body["funcname"])[-1]


def _whole_relations(root: Level) -> Iterator[Relation]:
    """The relations whose columns are all taken in by a star or a NATURAL JOIN."""
    for level in root.inside():
        for reference in level.references:
            if field_names(reference.body)[-1] is None:
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


def _stars_in_other_places(nodes: Nodes, root: Level) -> bool:
    """Tell whether a star stands where no level's references have it, so that nothing is known of it."""
    seen = {id(reference.body) for level in root.inside() for reference in level.references}
    return any(
        kind == "ColumnRef" and field_names(body)[-1] is None and id(body) not in seen for kind, body in nodes
    )
