"""Semi-join reduction: which rows of one table matter, told from the rows of others that do.

Where ``R.a = S.b`` must hold for a row of R to matter, rows of R whose ``a`` is no ``b`` of any row of S that matters
change nothing: nothing else of the statement lets them through. S may be around R (a correlated subquery), in an
``IN (SELECT ...)`` or ``EXISTS (SELECT ...)`` that must be true, or what a column of a subquery or CTE is inside. It
does not matter what the statement does with S besides, so it works from the optional side of an outer join too, and
from within ``NOT EXISTS`` outwards; never into it.

Each place where the statement names a table is looked at by itself, as if it were a table of its own. Tables may be
reduced one after another in any order: each step leaves the answer as it is, over the rows that earlier ones left.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from parallel_partition.catalog import tables
from parallel_partition.catalog.identifiers import quoted
from parallel_partition.planning.answer_first import TEMPORARY
from parallel_partition.planning.context import Query
from parallel_partition.planning.plan import Link, TableUse
from parallel_partition.planning.push_filters import Filters
from parallel_partition.planning.scope import Column, Join, Level, Names, Relation, Source, source_column
from parallel_partition.planning.terms import Term, column_of, is_operator, on_terms, where_terms
from parallel_partition.planning.trees import Node, kind_and_body

#: What columns are compared as, by the first words of ``format_type``: values of one family have one equality.
_FAMILIES = {
    **dict.fromkeys(("smallint", "integer", "bigint"), "integer"),
    **dict.fromkeys(("text", "character varying"), "text"),
    "uuid": "uuid",
    "date": "date",
    "numeric": "numeric",
    "boolean": "boolean",
    "timestamp without time zone": "timestamp",
    "timestamp with time zone": "timestamptz",
}
#: How many places of a statement are looked at for what one place can be reduced by in the servers.
_STEPS = 100


class _Base(NamedTuple):
    """A column of a table, in one place of the statement."""

    relation: Relation
    name: str


class Reductions:
    """What reduces the tables of one statement.

    Parameters
    ----------
    filters : what each table's rows must pass by themselves
    gathered : the places whose rows are gathered; those of others may not be complete in the merge session
    """

    def __init__(self, query: Query, filters: Filters, gathered: Collection[Relation]) -> None:
        self._filters = filters
        self._gathered = frozenset(gathered)
        self._subqueries = {
            id(subquery.body): subquery.level
            for level in query.root.inside()
            for subquery in level.subqueries
        }
        self._links: dict[Relation, tuple[tuple[str, _Base], ...]] = {}
        self._steps = 0

    def of(self, relations: Sequence[Relation]) -> tuple[str, tuple[TableUse, ...]]:
        """The WHERE of the table that all ``relations`` are, "" for none, and its uses.

        A row matters where one of them needs it.
        """
        uses = tuple(dict.fromkeys(map(self._use, relations)))
        told = all(use.filter or use.links for use in uses) and any(use.links for use in uses)
        filters = dict.fromkeys(use.filter for use in uses)
        filter = "" if "" in filters else " OR ".join(f"({one})" for one in filters)
        return filter, uses if told else ()

    def _use(self, relation: Relation) -> TableUse:
        self._steps = _STEPS
        conditions = self._conditions(relation, (relation,))
        links = [
            Link(column, _compared_as(relation, column), (table.schema, table.name), source.name)
            for column in dict(self._links_of(relation))
            for source in self._sources(_Base(relation, column))
            if (table := source.relation.table) is not None
        ]
        return TableUse(" AND ".join(conditions), tuple(dict.fromkeys(links)))

    # --- gathered tables

    def _sources(self, start: _Base) -> Iterator[_Base]:
        """The gathered columns that have each value which ``start`` has in rows that matter.

        Those of sharded tables, and of subqueries that are answered first.
        """
        seen = {start}
        waiting = [start]
        while waiting:
            for source in self._linked(waiting.pop(0)):
                if source not in seen:
                    seen.add(source)
                    waiting.append(source)
                    if self._is_list(source.relation) and source.relation.table is not start.relation.table:
                        yield source

    def _is_list(self, relation: Relation) -> bool:
        """Tell whether the values of a relation's columns can be listed when it is gathered."""
        assert relation.table is not None
        return (relation.sharded and relation in self._gathered) or relation.table.schema == TEMPORARY

    # --- reference tables

    def _conditions(self, relation: Relation, path: tuple[Relation, ...]) -> list[str]:
        """What a server can try on rows of a relation: its own conditions, and those of reference tables."""
        found = dict.fromkeys(self._filters.conditions(relation))
        for column in dict(self._links_of(relation)):
            found.update(dict.fromkeys(self._selections(column, _Base(relation, column), path)))
        return list(found)

    def _selections(self, column: str, base: _Base, path: tuple[Relation, ...]) -> Iterator[str]:
        """That a column is among those of a reference table on the same server, of which not every row matters."""
        for source in self._linked(base):
            table = source.relation.table
            if source.relation in path or table is None or not self._steps:
                continue
            self._steps -= 1
            beyond = (*path, source.relation)
            here = not table.sharded and table is not path[0].table
            if here and source.relation in self._gathered:
                conditions = self._conditions(source.relation, beyond)
                if conditions:
                    name = f"{quoted(table.schema)}.{quoted(table.name)}"
                    yield (
                        f"({quoted(column)} IN (SELECT {quoted(source.name)} FROM {name}"  # noqa: S608 - quoted
                        f" WHERE {' AND '.join(conditions)}))"
                    )
                    continue
            yield from self._selections(column, source, beyond)

    # --- links

    def _linked(self, base: _Base) -> Iterator[_Base]:
        return (source for column, source in self._links_of(base.relation) if column == base.name)

    def _links_of(self, relation: Relation) -> tuple[tuple[str, _Base], ...]:
        """The columns of a relation, each with one of a table that has all values which it has in rows that matter."""
        if relation not in self._links:
            found = (
                (mine, source)
                for term in self._filters.terms(relation)
                for mine, source in self._links_in(term, relation)
                if source.relation is not relation
            )
            usable = relation.table is not None and not relation.sampled
            self._links[relation] = tuple(dict.fromkeys(found)) if usable else ()
        return self._links[relation]

    def _links_in(self, term: Term, relation: Relation) -> Iterator[tuple[str, _Base]]:
        """The same in one condition. All forms are not true where the relation's column is NULL."""
        for mine, other in self._pairs(term, relation):
            if mine.relation is relation:
                one, source = _base(mine), _base(other)
                if one and source and (family := _family(one)) and family == _family(source):
                    yield one.name, source

    def _pairs(self, term: Term, relation: Relation) -> Iterator[tuple[Column, Column]]:
        """Columns of which a condition says that the first is equal to one value of the second."""
        if term.equal is not None:
            yield from _both_ways(*term.equal)
        if term.expression is None:
            return
        kind, body = kind_and_body(term.expression)
        if kind == "A_Expr" and body["kind"] == "AEXPR_OP" and is_operator(body, "="):
            left, right = (self._side(body.get(side), term.names) for side in ("lexpr", "rexpr"))
            if left is not None and right is not None:
                yield from _both_ways(left, right)
        elif kind == "SubLink":
            level = self._subqueries.get(id(body))
            if level is not None and body["subLinkType"] == "ANY_SUBLINK":
                yield from _pairs_of_in(body, level, term.names)
            elif level is not None and body["subLinkType"] == "EXISTS_SUBLINK":
                for inner in _terms_to_exist(level):
                    yield from self._pairs(inner, relation)

    def _side(self, node: Node | None, names: Names) -> Column | None:
        """The column that an operand is, or whose value a subquery gives.

        A subquery of more rows than one must be run, so that it is refused: it restricts nothing.
        """
        if node and "SubLink" in node and node["SubLink"]["subLinkType"] == "EXPR_SUBLINK":
            level = self._subqueries.get(id(node["SubLink"]))
            limit = (
                {} if level is None else level.node.get("limitCount", {}).get("A_Const", {}).get("ival", {})
            )
            return _output(level, 0) if level is not None and limit.get("ival") == 1 else None
        return column_of(node, names)


def _both_ways(left: Column, right: Column) -> Iterator[tuple[Column, Column]]:
    yield left, right
    yield right, left


def _pairs_of_in(body: Node, level: Level, names: Names) -> Iterator[tuple[Column, Column]]:
    """The columns before ``IN (SELECT ...)``, each with the one that it selects."""
    if not is_operator({"name": body.get("operName", [{"String": {"sval": "="}}])}, "="):
        return
    tested = body.get("testexpr", {})
    for place, node in enumerate(tested["RowExpr"]["args"] if "RowExpr" in tested else [tested]):
        mine, other = column_of(node, names), _output(level, place)
        if mine is not None and other is not None:
            yield mine, other


def _output(level: Level, place: int) -> Column | None:
    """The column that an output of a SELECT passes on: it has no other values, but for NULL."""
    if level.kind != "select" or level.outputs is None or place >= len(level.outputs):
        return None
    return level.outputs[place].column


def _terms_to_exist(level: Level) -> Iterator[Term]:
    """The conditions without which a SELECT has no row. Aggregates without groups have one from no rows at all."""
    grouped = level.aggregated or "groupClause" in level.node or "havingClause" in level.node
    if level.kind == "select" and not grouped:
        yield from where_terms(level)
        yield from _inner_terms(level.source, level.around)


def _inner_terms(source: Source | None, around: Names | None) -> Iterator[Term]:
    if isinstance(source, Join) and source.kind == "inner":
        yield from on_terms(source, around)
        yield from _inner_terms(source.left, around)
        yield from _inner_terms(source.right, around)


def _base(column: Column) -> _Base | None:
    """The column of a table that a column is, through subqueries and CTEs; None where it is anything else."""
    relation, name = source_column(column)
    return None if relation.table is None else _Base(relation, relation.base_name(name))


def _family(base: _Base) -> str | None:
    """What a column's values are compared as; None where not everything is known of their equality."""
    found = _column(base.relation, base.name)
    if found is None or found.collation is not None or found.type.endswith("[]"):
        return None
    return _FAMILIES.get(_type(found))


def _compared_as(relation: Relation, name: str) -> str:
    """The type as which a column is compared: that of the column, without modifiers."""
    found = _column(relation, name)
    assert found is not None
    type = _type(found)
    return "text" if _FAMILIES[type] == "text" else type


def _column(relation: Relation, name: str) -> tables.Column | None:
    return None if relation.table is None else relation.table.column(name)


def _type(column: tables.Column) -> str:
    return column.type.partition("(")[0].strip()
