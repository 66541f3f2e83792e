"""Which partitions can hold the rows that a statement needs.

`key_condition` reads it from the statement when the plan is made, as a `Condition` over key sources;
`partitions` works it out for the parameters of each run.

For every relation, known values of its columns are gathered from the conditions that must hold for its rows
to matter (`terms`): constants and parameters, and columns that are equal to a column whose values are known.
A relation that is pruned to known values is known to hold no others, so whatever refers to it, in its own
level or in a subquery, may rely on that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import product

from parallel_partition.catalog.key_text import (
    NotProven,
    key_text_of_parameter,
    key_texts_of_array_parameter,
)
from parallel_partition.catalog.shard_map import ShardMap
from parallel_partition.planning.analysis import Nodes
from parallel_partition.planning.conditions import (
    ArrayKey,
    Both,
    Condition,
    DrawnKey,
    Either,
    EveryPartition,
    KeyRow,
    KeySource,
    KnownKey,
    OfKeys,
    ParameterKey,
)
from parallel_partition.planning.key_sources import Sources
from parallel_partition.planning.scope import Column, Level, Names, Relation, is_limited, output_of
from parallel_partition.planning.terms import (
    Term,
    column_of,
    family,
    flattened,
    is_operator,
    terms_of_relations,
)
from parallel_partition.planning.trees import Node, kind_and_body, walk
from parallel_partition.statements import Parameter

Values = tuple[KeySource, ...]

#: Keys of several columns are combined up to this many; more are taken as every partition.
_KEYS_MAX = 4_096


# --- when the plan is made
# --------------------------------------------------------------------------------------------


def key_condition(root: Level, nodes: Nodes, oids: Sequence[int]) -> Condition:
    """Where the rows can be of all the sharded tables that a statement names, wherever it names them.

    Parameters
    ----------
    root : the statement's level
    nodes : the statement
    oids : the types of its parameters
    """
    known = KnownValues(root, Sources(nodes, root, oids))
    return either(known.condition(relation) for relation in root.all_relations() if relation.sharded)


def either(conditions: Iterable[Condition]) -> Condition:
    found = tuple(dict.fromkeys(conditions))
    if len(found) == 1:
        return found[0]
    if any(isinstance(condition, EveryPartition) for condition in found):
        return EveryPartition()
    return Either(found)


class KnownValues:
    """The values that columns are known to have in the rows that matter."""

    def __init__(self, root: Level, sources: Sources) -> None:
        self._sources = sources
        self._known: dict[Column, Values] = {}
        self._subqueries = {
            id(subquery.body): subquery.level for level in root.inside() for subquery in level.subqueries
        }
        self._terms = {
            relation: terms for level in root.inside() for relation, terms in terms_of_relations(level)
        }
        candidates = [
            (column, terms)
            for relation, terms in self._terms.items()
            for column in _candidates(relation, terms)
        ]
        self._settle(candidates)

    def _settle(self, candidates: list[tuple[Column, list[Term]]]) -> None:
        """Look again until nothing new becomes known: what one column is known for tells of others."""
        open_ones = candidates
        while open_ones:
            still_open = []
            for column, terms in open_ones:
                values = self._of_terms(terms, column)
                if values is None:
                    still_open.append((column, terms))
                else:
                    self._learn(column, values)
            if len(still_open) == len(open_ones):
                return
            open_ones = still_open

    def _learn(self, column: Column, values: Values) -> None:
        """Keep what is known of a column, and of what it is inside a subquery that lets conditions through."""
        self._known[column] = values
        output = output_of(column)
        while output is not None and output.column is not None and _lets_through(column.relation):
            level = column.relation.level
            if level is None or output.column.relation not in level.relations or KnownKey(None) in values:
                return
            column = output.column
            self._known.setdefault(column, values)
            output = output_of(column)

    def values(self, column: Column) -> Values | None:
        """The values that a column has in the rows that matter, None where that is not known."""
        while column not in self._known:
            output = output_of(column)
            if output is None or output.column is None:
                return None
            column = output.column
        return self._known[column]

    def condition(self, relation: Relation) -> Condition:
        """Where the rows of a sharded table can be that matter."""
        table = relation.table
        if table is None or relation.columns is None:
            return EveryPartition()
        key = [Column(relation, relation.columns[table.column_names.index(name)]) for name in table.key]
        found = [self.values(column) for column in key]
        if len(key) > 1:
            for term in self._terms.get(relation, ()):
                rows = self._key_rows(term, key, table.key_types)
                if rows is not None:
                    return OfKeys(rows)
            if any(isinstance(source, ArrayKey) for values in found for source in values or ()):
                return EveryPartition()
        rows = _product(found)
        return EveryPartition() if rows is None else OfKeys(rows)

    def _key_rows(self, term: Term, key: list[Column], types: Sequence[str]) -> tuple[KeyRow, ...] | None:
        """The keys that an OR or an IN over rows states whole."""
        if term.expression is None:
            return None
        kind, body = kind_and_body(term.expression)
        if kind == "BoolExpr" and body["boolop"] == "OR_EXPR":
            found: list[KeyRow] = []
            for arm in body["args"]:
                terms = [term._replace(expression=part) for part in flattened(arm)]
                rows = _product([self._of_terms(terms, column) for column in key])
                if rows is None or any(isinstance(source, ArrayKey) for row in rows for source in row):
                    return None
                found += rows
            return tuple(dict.fromkeys(found))
        if kind == "A_Expr" and body["kind"] == "AEXPR_IN" and is_operator(body, "="):
            return self._rows_of_in(body, term, key, types)
        return None

    def _rows_of_in(
        self, body: Node, term: Term, key: list[Column], types: Sequence[str]
    ) -> tuple[KeyRow, ...] | None:
        places = [_place_in_row(body, column, term.names) for column in key]
        found: list[KeyRow] = []
        for item in body["rexpr"]["List"]["items"]:
            args = item.get("RowExpr", {}).get("args", [])
            row = [
                self._sources.value(args[place], type) if place is not None and place < len(args) else None
                for place, type in zip(places, types, strict=True)
            ]
            if None in row:
                return None
            found.append(tuple(source for source in row if source is not None))
        return tuple(dict.fromkeys(found))

    # --- values of one column
    # -------------------------------------------------------------------------------------

    def _of_terms(self, terms: Iterable[Term], column: Column) -> Values | None:
        """The values for which all of ``terms`` can be true, as far as one of them tells."""
        found: Values | None = None
        for term in terms:
            values = self._of_term(term, column)
            if values is not None:
                found = values if found is None else _intersection(found, values)
        return found

    def _of_term(self, term: Term, column: Column) -> Values | None:
        if term.equal is not None:
            return self._of_equal(term.equal[0], term.equal[1], column)
        return None if term.expression is None else self._of_expression(term.expression, term, column)

    def _of_equal(self, left: Column, right: Column, column: Column) -> Values | None:
        if column not in (left, right):
            return None
        other = right if column == left else left
        kind = family(column)
        return self.values(other) if kind is not None and kind == family(other) else None

    def _of_expression(self, node: Node, term: Term, column: Column) -> Values | None:
        kind, body = kind_and_body(node)
        match kind:
            case "A_Expr":
                return self._of_operator(body, term, column)
            case "BoolExpr":
                return self._of_bool(body, term, column)
            case "NullTest":
                is_null = body["nulltesttype"] == "IS_NULL" and not term.nullable
                return (KnownKey(None),) if is_null and column_of(body["arg"], term.names) == column else None
            case "ColumnRef":
                is_true = family(column) == "boolean" and column_of(node, term.names) == column
                return (KnownKey("true"),) if is_true else None
            case "SubLink":
                return self._of_subquery(body, term, column)
        return None

    def _of_bool(self, body: Node, term: Term, column: Column) -> Values | None:
        if body["boolop"] == "OR_EXPR":
            arms = [
                self._of_terms((term._replace(expression=part) for part in flattened(arm)), column)
                for arm in body["args"]
            ]
            if any(arm is None for arm in arms):
                return None
            return tuple(dict.fromkeys(source for arm in arms for source in arm or ()))
        if body["boolop"] == "AND_EXPR":
            return self._of_terms((term._replace(expression=part) for part in body["args"]), column)
        return None

    def _of_operator(self, body: Node, term: Term, column: Column) -> Values | None:
        if not is_operator(body, "="):
            return None
        kind = family(column)
        if kind is None:
            return None
        left, right = body.get("lexpr"), body.get("rexpr")
        match body["kind"]:
            case "AEXPR_OP":
                return self._of_equality(left, right, term.names, column, kind)
            case "AEXPR_IN" if right is not None:
                return self._of_list(body, term.names, column, kind)
            case "AEXPR_OP_ANY":
                return self._sources.array(right, kind) if column_of(left, term.names) == column else None
        return None

    def _of_equality(
        self, left: Node | None, right: Node | None, names: Names, column: Column, kind: str
    ) -> Values | None:
        for side, other in ((left, right), (right, left)):
            if column_of(side, names) != column:
                continue
            source = self._sources.value(other, kind)
            if source is not None:
                return () if source == KnownKey(None) else (source,)
            meant = column_of(other, names)
            if meant is not None and meant != column and family(meant) == kind:
                values = self.values(meant)
                if values is not None:
                    return values
        return None

    def _of_list(self, body: Node, names: Names, column: Column, kind: str) -> Values | None:
        items = body["rexpr"]["List"]["items"]
        if column_of(body.get("lexpr"), names) == column:
            return self._sources.values(items, kind)
        place = _place_in_row(body, column, names)
        if place is None:
            return None
        rows = [item.get("RowExpr", {}).get("args", []) for item in items]
        if any(place >= len(row) for row in rows):
            return None
        return self._sources.values([row[place] for row in rows], kind)

    def _of_subquery(self, body: Node, term: Term, column: Column) -> Values | None:
        """``column IN (SELECT other ...)`` where the values of ``other`` are known."""
        if body["subLinkType"] != "ANY_SUBLINK" or "operName" in body:
            return None
        if column_of(body.get("testexpr"), term.names) != column:
            return None
        level = self._subqueries.get(id(body))
        if level is None or level.kind != "select" or not level.outputs or len(level.outputs) != 1:
            return None
        other = level.outputs[0].column
        return self.values(other) if other is not None and family(other) == family(column) else None


def _candidates(relation: Relation, terms: Iterable[Term]) -> Iterator[Column]:
    """The columns of a relation that conditions name."""
    found: dict[Column, None] = {}
    for term in terms:
        if term.equal is not None:
            found.update(dict.fromkeys(term.equal))
            continue
        for node_kind, body in walk(term.expression or []):
            if node_kind == "ColumnRef":
                column = column_of({"ColumnRef": body}, term.names)
                if column is not None:
                    found[column] = None
    return (column for column in found if column.relation is relation and family(column) is not None)


def _place_in_row(body: Node, column: Column, names: Names) -> int | None:
    """Where a column stands in the row on the left of IN."""
    row = (body.get("lexpr") or {}).get("RowExpr", {}).get("args", [])
    return next((place for place, node in enumerate(row) if column_of(node, names) == column), None)


def _intersection(one: Values, other: Values) -> Values:
    """The values in both, or either of the two where that depends on parameters."""
    if all(isinstance(source, KnownKey) for source in one + other):
        return tuple(source for source in one if source in other)
    return one if len(one) <= len(other) else other


def _product(columns: Sequence[Values | None]) -> tuple[KeyRow, ...] | None:
    """The keys of known column values; None when a column is not known or there are too many."""
    size = 1
    for values in columns:
        if values is None:
            return None
        size *= len(values)
    if size > _KEYS_MAX and len(columns) > 1:
        return None
    return tuple(product(*(values for values in columns if values is not None)))


def _lets_through(relation: Relation) -> bool:
    """Tell whether a condition on a subquery's column may be taken as one on what the column is inside.

    Not for a CTE (others may read it too), nor where rows that fail the condition decide about others: LIMIT,
    DISTINCT ON, window functions, GROUPING SETS.
    """
    level = relation.level
    if level is None or level.kind != "select" or "subquery" not in relation.node:
        return False
    body = level.node
    if is_limited(body) or any(body.get("distinctClause", [])):
        return False
    listed = [body.get("targetList", []), body.get("groupClause", []), body.get("sortClause", [])]
    return not any(
        kind == "GroupingSet" or (kind == "FuncCall" and "over" in node)
        for part in listed
        for kind, node in walk(part)
    )


# --- at each run
# ------------------------------------------------------------------------------------------------------


def partitions(
    condition: Condition, parameters: Sequence[Parameter], shard_map: ShardMap
) -> frozenset[int] | None:
    """The partitions that a condition means for these parameters; None: every partition."""
    match condition:
        case OfKeys(keys):
            return _of_keys(keys, parameters, shard_map)
        case Either(conditions):
            found = [partitions(one, parameters, shard_map) for one in conditions]
            if any(parts is None for parts in found):
                return None
            return frozenset().union(*(parts for parts in found if parts is not None))
        case Both(conditions):
            known = [
                parts for one in conditions if (parts := partitions(one, parameters, shard_map)) is not None
            ]
            return frozenset.intersection(*known) if known else None
    return None


def _of_keys(
    keys: Iterable[KeyRow], parameters: Sequence[Parameter], shard_map: ShardMap
) -> frozenset[int] | None:
    found: set[int] = set()
    text_of = partial(_text, parameters=parameters)
    try:
        for row in keys:
            if isinstance(row[0], ArrayKey):
                data, oid, format = parameters[row[0].number - 1]
                texts = key_texts_of_array_parameter(data, oid, format, row[0].type)
                found.update(shard_map.part_of_texts((text,)) for text in texts)
            else:
                found.add(shard_map.part_of_texts([text_of(source) for source in row]))
    except (NotProven, IndexError):
        return None
    return frozenset(found)


def key_texts(row: KeyRow, parameters: Sequence[Parameter]) -> tuple[str | None, ...]:
    """The canonical texts of a key that is stored.

    Raises
    ------
    NotProven : it is not certain which value PostgreSQL would store
    """
    return tuple(_text(source, parameters) for source in row)


def _text(source: KeySource, parameters: Sequence[Parameter]) -> str | None:
    if isinstance(source, KnownKey):
        return source.text
    if isinstance(source, ArrayKey):
        raise NotProven("an array is no single key")
    if isinstance(source, DrawnKey):
        raise NotProven("it is not drawn yet")
    data, oid, format = parameters[source.number - 1]
    text = key_text_of_parameter(data, oid, format, source.type)
    if source.modifiers and text is not None:
        check_fits(text, source.type, source.modifiers)
    return text


def check_fits(text: str, type: str, modifiers: Sequence[int]) -> None:
    """Make sure that a column with these type modifiers stores a value unchanged.

    Raises
    ------
    NotProven : PostgreSQL would refuse, cut or round it
    """
    if type == "text" and len(text) > modifiers[0]:
        raise NotProven(f"a text of {len(text)} characters does not fit into varchar({modifiers[0]})")
    if type == "numeric":
        scale = modifiers[1] if len(modifiers) > 1 else 0
        digits = len(text.partition(".")[2])
        if digits > max(scale, 0) or (scale < 0 and text not in ("0", "NaN")):
            raise NotProven(
                f"{text:.60} has more digits after the decimal point than the column's scale, {scale}"
            )


__all__ = ["KnownValues", "ParameterKey", "check_fits", "key_condition", "key_texts", "partitions"]
