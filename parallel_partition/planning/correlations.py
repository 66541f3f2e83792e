"""Columns by which a subquery looks up rows for each row around it: worth an index where many rows are gathered.

PostgreSQL turns EXISTS and IN of a WHERE into joins, and hashes what EXISTS looks for elsewhere; other subqueries that
name columns around them are run once for each row there. Without an index each run reads all rows: TPC-H's query 17
over 600,000 gathered rows took 32 s, with one 3 s.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from parallel_partition.catalog.identifiers import quoted
from parallel_partition.catalog.tables import Table
from parallel_partition.planning.scope import Level, Relation
from parallel_partition.planning.terms import Term, column_of, is_operator, terms_of_relations

#: Types of one short length, by the first words of ``format_type``.
_SHORT = ("smallint", "integer", "bigint", "date", "timestamp", "uuid", "boolean", "real", "double precision")
#: Types whose values may be too long for an entry of a B-tree.
_LONG = ("text", "character", "numeric")


def indexes_of(root: Level) -> dict[Relation, tuple[str, ...]]:
    """For each table the indexes, as ``USING btree ("a", "b")``, by which a subquery looks up its rows."""
    found: dict[Relation, tuple[str, ...]] = {}
    for level in _run_for_each_row(root):
        for relation, terms in terms_of_relations(level):
            columns = list(dict.fromkeys(_compared(relation, terms, level)))
            if columns and relation.table is not None:
                found[relation] = tuple(_indexes(relation.table, columns))
    return found


def _indexes(table: Table, columns: list[str]) -> Iterator[str]:
    types = {column.name: column.type for column in table.columns if column.generated != "virtual"}
    short = [name for name in columns if types.get(name, "").startswith(_SHORT) and "[" not in types[name]]
    if short:
        yield f"USING btree ({', '.join(map(quoted, short))})"
        return
    for name in columns:
        if types.get(name, "").startswith(_LONG) and "[" not in types[name]:
            yield f"USING hash ({quoted(name)})"


def _run_for_each_row(root: Level) -> Iterator[Level]:
    for level in root.inside():
        for subquery in level.subqueries:
            kind = subquery.body["subLinkType"]
            if kind != "EXISTS_SUBLINK" and not (kind == "ANY_SUBLINK" and subquery.conjunct):
                yield subquery.level
        yield from (relation.level for relation in level.relations if relation.lateral and relation.level)


def _compared(relation: Relation, terms: Iterable[Term], level: Level) -> Iterator[str]:
    own = set(level.relations)
    for term in terms:
        body = (term.expression or {}).get("A_Expr", {})
        if body.get("kind") != "AEXPR_OP" or not is_operator(body, "="):
            continue
        sides = [column_of(body.get(side), term.names) for side in ("lexpr", "rexpr")]
        for mine, other in (sides, reversed(sides)):
            around = other is not None and other.relation not in own
            if mine is not None and mine.relation is relation and around:
                yield relation.base_name(mine.name)
