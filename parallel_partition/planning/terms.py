"""The conditions that must hold for a relation's row to matter, taken from WHERE and from ON.

Removing the rows for which such a condition cannot be true changes nothing in the result. WHERE and the
conditions of joins further out hold for every relation; an ON holds for both sides of an inner join and for
the nullable side of an outer join; the ON of a FULL JOIN for neither. On a nullable side, conditions from
further out may be used only where they are false or NULL for a row of NULLs, so ``IS NULL`` may not
(`Term.nullable`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from parallel_partition.planning.analysis import conjuncts
from parallel_partition.planning.scope import (
    Column,
    Join,
    Leaf,
    Level,
    Names,
    Relation,
    Source,
    find_column,
    leaves,
    resolve,
    source_column,
)
from parallel_partition.planning.trees import Node

#: Column types that are equal whenever their key texts are, by the first words of ``format_type``.
_FAMILIES = {
    "smallint": "integer",
    "integer": "integer",
    "bigint": "integer",
    "text": "text",
    "character varying": "text",
    "uuid": "uuid",
    "date": "date",
    "boolean": "boolean",
    "numeric": "numeric",
}


#: Operators that are NULL, so not true, where one side is NULL.
_COMPARISONS = ("=", "<", ">", "<=", ">=", "<>")


class Term(NamedTuple):
    """One condition and what its names mean; ``expression`` None: that ``equal`` columns (of USING) are the
    same.

    ``nullable`` tells that it stands outside of an outer join that may fill the relation's columns with NULL.
    """

    expression: Node | None
    names: Names
    nullable: bool = False
    equal: tuple[Column, Column] | None = None


def family(column: Column) -> str | None:
    """The key type that a column's values compare as, None where that is not known."""
    relation, name = source_column(column)
    if relation.table is None:
        return None
    base = relation.base_name(name)
    if base in relation.table.key:
        return relation.table.key_types[relation.table.key.index(base)]
    found = relation.table.column(base)
    if found is None or found.collation is not None or found.type.endswith("[]"):
        return None
    return _FAMILIES.get(found.type.partition("(")[0].strip())


def is_operator(body: Node, name: str) -> bool:
    """Tell whether an A_Expr is PostgreSQL's own operator ``name``."""
    parts = [part["String"]["sval"] for part in body.get("name", [])]
    return parts in ([name], ["pg_catalog", name])


def column_of(node: Node | None, names: Names) -> Column | None:
    """The column that an expression is, with nothing around it."""
    if not node or "ColumnRef" not in node:
        return None
    meant = resolve(node["ColumnRef"], names)
    return meant if isinstance(meant, Column) else None


def flattened(node: Node | None) -> Iterator[Node]:
    """The conditions joined by AND, with equal rows ``(a, b) = (c, d)`` taken apart."""
    for part in conjuncts(node):
        yield from _row_equality(part)


def _row_equality(node: Node) -> Iterator[Node]:
    body = node.get("A_Expr")
    if body and body["kind"] == "AEXPR_OP" and is_operator(body, "="):
        left, right = _row(body.get("lexpr")), _row(body.get("rexpr"))
        if left is not None and right is not None and len(left) == len(right):
            for one, other in zip(left, right, strict=True):
                yield equality(one, other)
            return
    yield node


def _row(node: Node | None) -> list[Node] | None:
    return node["RowExpr"].get("args", []) if node and "RowExpr" in node else None


def equality(left: Node, right: Node) -> Node:
    """The tree of ``left = right``."""
    return {
        "A_Expr": {"kind": "AEXPR_OP", "name": [{"String": {"sval": "="}}], "lexpr": left, "rexpr": right}
    }


def where_terms(level: Level) -> list[Term]:
    """The conditions of a level's WHERE."""
    return [Term(part, level.names) for part in flattened(level.node.get("whereClause"))]


def on_terms(join: Join, around: Names | None) -> list[Term]:
    """The conditions of a join's own ON, USING or NATURAL."""
    names = Names(join, around)
    found = [Term(part, names) for part in flattened(join.on)]
    for name in join.using or ():
        left, right = find_column(join.left, name)[0], find_column(join.right, name)[0]
        if len(left) == 1 and len(right) == 1:
            found.append(Term(None, names, equal=(left[0], right[0])))
    return found


def terms_of_relations(level: Level) -> Iterator[tuple[Relation, list[Term]]]:
    """Each relation of a level's FROM clause with the conditions that must hold for its rows to matter."""
    if level.source is not None:
        yield from _below(level.source, where_terms(level), level.around)


def _below(source: Source, upper: list[Term], around: Names | None) -> Iterator[tuple[Relation, list[Term]]]:
    if isinstance(source, Leaf):
        yield source.relation, upper
        return
    left, right = terms_of_sides(source, upper, around)
    yield from _below(source.left, left, around)
    yield from _below(source.right, right, around)


def terms_of_sides(join: Join, upper: list[Term], around: Names | None) -> tuple[list[Term], list[Term]]:
    """The conditions for the left and for the right side of a join, given those from further out.

    An outer join whose added rows a condition from further out refuses is an inner join.
    """
    if join.kind == "full":
        return nullable(upper), nullable(upper)
    own = on_terms(join, around)
    filled = {"left": join.right, "right": join.left}.get(join.kind)
    if filled is None or any(_refuses_nulls(term, filled) for term in upper):
        return upper + own, upper + own
    if join.kind == "left":
        return upper, nullable(upper) + own
    return nullable(upper) + own, upper


def _refuses_nulls(term: Term, source: Source) -> bool:
    """Tell whether a condition compares a column of ``source``, so that it is not true where that is NULL."""
    columns: list[Column | None] = list(term.equal or ())
    body = (term.expression or {}).get("A_Expr")
    if (
        body
        and body["kind"] in ("AEXPR_OP", "AEXPR_IN")
        and any(is_operator(body, one) for one in _COMPARISONS)
    ):
        columns += [column_of(body.get(side), term.names) for side in ("lexpr", "rexpr")]
    return any(column is not None and column.relation in set(leaves(source)) for column in columns)


def nullable(terms: list[Term]) -> list[Term]:
    """The same conditions, seen from the nullable side of an outer join."""
    return [term._replace(nullable=True) for term in terms]


def equal_columns(term: Term) -> tuple[Column, Column] | None:
    """The two columns that a term says are equal, when they compare as one key type; as the subqueries' sources."""
    if term.equal is not None:
        left, right = term.equal
    else:
        body = (term.expression or {}).get("A_Expr")
        if not body or body["kind"] != "AEXPR_OP" or not is_operator(body, "="):
            return None
        one, other = column_of(body.get("lexpr"), term.names), column_of(body.get("rexpr"), term.names)
        if one is None or other is None:
            return None
        left, right = one, other
    kind = family(left)
    return (left, right) if kind is not None and kind == family(right) else None
