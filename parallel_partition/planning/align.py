"""Proofs that a query over all rows is the union of the same query over each server's rows.

`distribution` says of a FROM clause or a query whether each server holds all of it (`REPLICATED`), or a share
of it that no other server holds (`Distributed`, with the columns that tell the share: the keys). What is
neither raises `Passed` with the reason.

A subquery may also be *pinned*: every sharded table in it is restricted to rows whose key equals a key of the
row around it, so its value is right on the server of that row, whatever it computes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from parallel_partition.catalog.tables import PART
from parallel_partition.planning.analysis import own_calls
from parallel_partition.planning.grouping import is_aggregated, item_column, partition_of_window, windows
from parallel_partition.planning.scope import (
    Column,
    Join,
    Leaf,
    Level,
    Relation,
    Source,
    Subquery,
    is_limited,
    leaves,
)
from parallel_partition.planning.set_operations import arms_of, keeps_duplicates, key_places
from parallel_partition.planning.terms import (
    Term,
    column_of,
    equal_columns,
    family,
    on_terms,
    terms_of_relations,
    terms_of_sides,
    where_terms,
)
from parallel_partition.planning.trees import Node

#: The columns of one key, in the key's order.
KeyColumns = tuple[Column, ...]

#: Aggregates whose value depends on the order of rows, or on which of equal rows comes first.
_ORDER_MATTERS = frozenset(
    [
        "array_agg",
        "string_agg",
        "json_agg",
        "jsonb_agg",
        "json_object_agg",
        "jsonb_object_agg",
        "xmlagg",
        "any_value",
        "mode",
    ]
)


class Passed(Exception):
    """A strategy cannot be proven right; the message is the reason, beginning with the clause."""


@dataclass(frozen=True)
class Distributed:
    """Each server holds a share. Equal values of any of ``keys`` are on one server."""

    keys: tuple[KeyColumns, ...]


@dataclass(frozen=True)
class Replicated:
    """Every server holds the same rows."""


REPLICATED = Replicated()
Distribution = Distributed | Replicated


class Equalities:
    """Which columns are equal wherever some conditions hold."""

    def __init__(self, terms: Iterable[Term] = ()) -> None:
        self._parent: dict[Column, Column] = {}
        for term in terms:
            pair = equal_columns(term)
            if pair is not None:
                self._parent[self._root(pair[0])] = self._root(pair[1])

    def _root(self, column: Column) -> Column:
        while column in self._parent and self._parent[column] != column:
            column = self._parent[column]
        return column

    def same(self, one: Column, other: Column) -> bool:
        """Tell whether two columns are known to be equal."""
        return self._root(one) == self._root(other)

    def same_keys(self, one: KeyColumns, other: KeyColumns) -> bool:
        """Tell whether two keys are known to be equal, column by column, and of the same types."""
        return len(one) == len(other) and all(
            self.same(left, right) and family(left) == family(right)
            for left, right in zip(one, other, strict=True)
        )


def key_of(relation: Relation) -> KeyColumns:
    """The key columns of a sharded table, by the names that they have in the statement."""
    table = relation.table
    if table is None or relation.columns is None:
        return ()
    names = table.column_names
    return tuple(Column(relation, relation.columns[names.index(name)]) for name in table.key)


# --- FROM clauses
# -----------------------------------------------------------------------------------------------------


@dataclass
class Aligner:
    """Proves alignment for one statement; ``owners`` gathers the keys of the FROM clause being looked at."""

    owners: list[KeyColumns] = field(default_factory=list)

    def of_source(self, source: Source, upper: list[Term], level: Level) -> Distribution:
        """How a FROM clause's rows are distributed.

        Parameters
        ----------
        upper : the conditions from further out that hold for all its rows that matter
        """
        if isinstance(source, Leaf):
            return self._of_relation(source.relation)
        left_terms, right_terms = terms_of_sides(source, upper, level.around)
        if source.kind in ("left", "right", "full"):
            # Rows of the nullable side are matched by ON alone.
            left_terms = [term for term in left_terms if not term.nullable]
            right_terms = [term for term in right_terms if not term.nullable]
        left = self.of_source(source.left, left_terms, level)
        right = self.of_source(source.right, right_terms, level)
        self._check_subqueries_of_on(source, level)
        if source.kind == "inner":
            return self._inner(left, right, upper + on_terms(source, level.around), source)
        return self._outer(left, right, source, level)

    def _inner(self, left: Distribution, right: Distribution, terms: list[Term], join: Join) -> Distribution:
        if isinstance(left, Replicated):
            return right
        if isinstance(right, Replicated):
            return left
        self._require_match(left, right, terms, join)
        return Distributed(left.keys + right.keys)

    def _outer(self, left: Distribution, right: Distribution, join: Join, level: Level) -> Distribution:
        kept, other = (right, left) if join.kind == "right" else (left, right)
        if isinstance(left, Replicated) and isinstance(right, Replicated):
            return REPLICATED
        if isinstance(left, Distributed) and isinstance(right, Distributed):
            self._require_match(left, right, on_terms(join, level.around), join)
            return Distributed(()) if join.kind == "full" else kept
        if join.kind == "full" or isinstance(kept, Replicated):
            names = _names(join.right if join.kind == "right" else join.left)
            raise Passed(
                f"{join.kind.upper()} JOIN: rows of {names} that have no match on one server may have one on another"
            )
        assert isinstance(other, Replicated)
        return kept

    def _require_match(self, left: Distributed, right: Distributed, terms: list[Term], join: Join) -> None:
        equalities = Equalities(terms)
        if any(equalities.same_keys(one, other) for one in left.keys for other in right.keys):
            return
        one, other = _names(join.left), _names(join.right)
        if left.keys and right.keys and not _same_types(left.keys, right.keys):
            raise Passed(
                f"JOIN: the keys of {one} and {other} are of different types, so they are not colocated"
            )
        raise Passed(f"JOIN: {one} and {other} are not joined by their whole keys")

    def _of_relation(self, relation: Relation) -> Distribution:
        if relation.sharded:
            key = key_of(relation)
            self.owners.append(key)
            return Distributed((key,))
        if relation.kind == "recursive":
            raise Passed(f"WITH RECURSIVE {relation.name}: a recursion over several servers")
        if relation.level is None:
            return REPLICATED
        return self._of_subquery_in_from(relation, relation.level)

    def _of_subquery_in_from(self, relation: Relation, inner: Level) -> Distribution:
        if not sharded_tables(inner):
            require_deterministic(inner)
            return REPLICATED
        if relation.lateral and self.pinned(inner):
            return REPLICATED
        found = Aligner().of_query(inner)
        if isinstance(found, Replicated):
            return found
        keys = tuple(key for inside in found.keys for key in _passed_on(relation, inner, inside))
        self.owners.extend(keys)
        return Distributed(keys)

    # --- queries
    # --------------------------------------------------------------------------------------------------

    def of_query(self, level: Level) -> Distribution:
        """How the rows of a whole subquery are distributed; the keys are columns inside it."""
        if is_limited(level.node):
            raise Passed("LIMIT: in a subquery it would cut the rows of each server by itself")
        if level.kind == "set operation":
            return self.of_set_operation(level)
        if level.kind != "select":
            raise Passed("VALUES: its rows are on every server")
        found = self.of_level(level)
        if isinstance(found, Replicated):
            return found
        self.require_grouping(level, found)
        self.require_distinct(level, found)
        self.require_windows(level, found)
        return found

    def of_set_operation(self, level: Level) -> Distribution:
        """How the rows of a set operation are distributed; which columns are its keys is not followed."""
        _refuse_recursion(level)
        places = []
        for arm in arms_of(level):
            found = Aligner().of_query(arm)
            if isinstance(found, Replicated):
                raise Passed(
                    "UNION, INTERSECT or EXCEPT: the rows of an arm over reference tables are on every server"
                )
            places.append(key_places(arm, found.keys, Equalities(row_terms(arm)).same))
        if not keeps_duplicates(level) and not set.intersection(*places):
            raise Passed("UNION, INTERSECT or EXCEPT: its arms do not have their keys in the same columns")
        return Distributed(())

    def of_level(self, level: Level) -> Distribution:
        """How the rows of FROM and WHERE are distributed; all subqueries of the level are checked too."""
        _refuse_recursion(level)
        if level.source is None:
            found: Distribution = REPLICATED
        else:
            found = self.of_source(level.source, where_terms(level), level)
        if isinstance(found, Distributed):
            for subquery in level.subqueries:
                if subquery.clause != "ON":
                    self.require_subquery(subquery, found)
        elif any(sharded_tables(subquery.level) for subquery in level.subqueries):
            raise Passed("a subquery over a sharded table: the tables around it are on every server")
        return found

    def _check_subqueries_of_on(self, join: Join, level: Level) -> None:
        for subquery in level.subqueries:
            if subquery.clause == "ON" and subquery.names.source is join:
                conjunct = subquery.conjunct and join.kind == "inner"
                self.require_subquery(subquery, Distributed(tuple(self.owners)), conjunct)

    def require_subquery(self, subquery: Subquery, around: Distributed, conjunct: bool | None = None) -> None:
        """Make sure that a subquery in an expression has its right value on each server."""
        inner = subquery.level
        tables = sharded_tables(inner)
        if not tables:
            require_deterministic(inner)
            return
        if self.pinned(inner):
            return
        conjunct = subquery.conjunct if conjunct is None else conjunct
        if conjunct and self._is_semi_join(subquery, around):
            return
        raise Passed(
            f"a subquery over {tables[0].full_name} ({subquery.clause}):"
            " its rows are not tied by the key to the row around it"
        )

    def _is_semi_join(self, subquery: Subquery, around: Distributed) -> bool:
        """``key IN (SELECT key ...)`` of colocated tables, as a condition that WHERE joins by AND."""
        body, inner = subquery.body, subquery.level
        if body["subLinkType"] != "ANY_SUBLINK" or "operName" in body or inner.outputs is None:
            return False
        tested = _tested_columns(body.get("testexpr"), subquery)
        if len(tested) != len(inner.outputs):
            return False
        found = Aligner().of_query(inner)
        if isinstance(found, Replicated):
            return False
        equalities = Equalities(where_terms(inner))
        for mine in around.keys:
            places = [next((n for n, column in enumerate(tested) if column == part), None) for part in mine]
            given = [inner.outputs[place].column for place in places if place is not None]
            theirs = tuple(column for column in given if column is not None)
            fits = len(theirs) == len(mine) and _types(theirs) == _types(mine)
            if fits and any(equalities.same_keys(theirs, key) for key in found.keys):
                return True
        return False

    def pinned(self, inner: Level) -> bool:
        """Tell whether every sharded table in a subquery is restricted to the key of a row around it."""
        owners = list(self.owners)
        open_ones = [
            (relation, Equalities(terms))
            for level in inner.inside()
            for relation, terms in terms_of_relations(level)
            if relation.sharded
        ]
        while open_ones:
            pinned = [
                (relation, equalities)
                for relation, equalities in open_ones
                if any(equalities.same_keys(key_of(relation), owner) for owner in owners)
            ]
            if not pinned:
                return False
            owners += [key_of(relation) for relation, _ in pinned]
            open_ones = [one for one in open_ones if one not in pinned]
        return True

    # --- GROUP BY, DISTINCT, windows
    # --------------------------------------------------------------------------------

    def require_grouping(self, level: Level, found: Distributed) -> None:
        """Make sure that no group has rows on two servers."""
        items = level.node.get("groupClause", [])
        if not items:
            if is_aggregated(level):
                raise Passed("an aggregate without GROUP BY: its rows are on several servers")
            return
        if any("GroupingSet" in item for item in items):
            raise Passed("GROUPING SETS, ROLLUP or CUBE: some groups have rows on several servers")
        columns = [
            column for item in items if (column := item_column(level, item, columns_first=True)) is not None
        ]
        if not self.cover(level, found, columns):
            raise Passed(f"GROUP BY: it does not include the key ({_key_names(found)})")

    def require_distinct(self, level: Level, found: Distributed) -> None:
        """Make sure that equal rows of DISTINCT are on one server."""
        clause = level.node.get("distinctClause")
        if clause is None:
            return
        if any(clause):
            columns = [column for item in clause if (column := item_column(level, item)) is not None]
            name = "DISTINCT ON"
        else:
            columns = [output.column for output in level.outputs or () if output.column is not None]
            name = "DISTINCT"
        if not self.cover(level, found, columns):
            raise Passed(f"{name}: it does not include the key ({_key_names(found)})")

    def require_windows(self, level: Level, found: Distributed) -> None:
        """Make sure that the rows of each window partition are on one server."""
        for window in windows(level):
            columns = [column_of(node, level.names) for node in partition_of_window(level, window)]
            if not self.cover(level, found, [column for column in columns if column is not None]):
                raise Passed(
                    f"a window function: PARTITION BY does not include the key ({_key_names(found)}),"
                    " so that a window has rows on several servers"
                )

    def cover(self, level: Level, found: Distributed, columns: Sequence[Column]) -> bool:
        """Tell whether ``columns`` hold a whole key, or what equals it in every row."""
        equalities = Equalities(row_terms(level))
        if any(
            column.relation.sharded and column.name == PART
            for column in columns
            if _always_there(level, column)
        ):
            return True
        return any(
            all(any(equalities.same(column, part) for column in columns) for part in key)
            for key in found.keys
            if key
        )


# --- what queries hold
# ------------------------------------------------------------------------------------------------


def _refuse_recursion(level: Level) -> None:
    for cte in level.ctes.values():
        if cte.recursive and cte.level is not None and sharded_tables(cte.level):
            raise Passed(f"WITH RECURSIVE {cte.name}: a recursion over several servers")


def sharded_tables(level: Level) -> list[Relation]:
    """The sharded tables anywhere in a level."""
    return [relation for relation in level.all_relations() if relation.sharded]


def row_terms(level: Level) -> list[Term]:
    """The conditions that hold in every row of FROM and WHERE: those of WHERE and of inner joins."""
    found = where_terms(level)
    stack = [level.source]
    while stack:
        source = stack.pop()
        if isinstance(source, Join):
            if source.kind == "inner":
                found += on_terms(source, level.around)
                stack += [source.left, source.right]
            elif source.kind == "left":
                stack.append(source.left)
            elif source.kind == "right":
                stack.append(source.right)
    return found


def _always_there(level: Level, column: Column) -> bool:
    """Tell whether a column's relation is on no nullable side of a join."""
    stack = [level.source]
    while stack:
        source = stack.pop()
        if isinstance(source, Leaf) and source.relation is column.relation:
            return True
        if isinstance(source, Join):
            if source.kind in ("inner", "left"):
                stack.append(source.left)
            if source.kind in ("inner", "right"):
                stack.append(source.right)
    return False


def require_deterministic(level: Level) -> None:
    """Make sure that a query over reference tables gives every server the same rows."""
    for one in level.inside():
        body = one.node
        if is_limited(body):
            raise Passed("LIMIT: in a subquery over reference tables it may keep other rows on each server")
        if any(body.get("distinctClause", [])):
            raise Passed(
                "DISTINCT ON: in a subquery over reference tables it may keep other rows on each server"
            )
        for call in own_calls(one):
            name = call["funcname"][-1]["String"]["sval"]
            if "over" in call:
                raise Passed(
                    "a window function in a subquery over reference tables: the order of rows may differ"
                )
            if name in _ORDER_MATTERS:
                raise Passed(f"{name} in a subquery over reference tables: the order of rows may differ")


def _tested_columns(node: Node | None, subquery: Subquery) -> list[Column | None]:
    """The columns on the left of IN."""
    if not node:
        return []
    listed = node["RowExpr"].get("args", []) if "RowExpr" in node else [node]
    return [column_of(one, subquery.names) for one in listed]


def _passed_on(relation: Relation, inner: Level, key: KeyColumns) -> Iterator[KeyColumns]:
    """A key inside a subquery as columns of the subquery, where all of them are among its outputs."""
    if inner.outputs is None or relation.columns is None:
        return
    equalities = Equalities(row_terms(inner))
    found = []
    for part in key:
        place = next(
            (
                n
                for n, output in enumerate(inner.outputs)
                if output.column is not None and equalities.same(output.column, part)
            ),
            None,
        )
        if place is None or relation.columns.count(relation.columns[place]) > 1:
            return
        found.append(Column(relation, relation.columns[place]))
    yield tuple(found)


def _types(columns: Iterable[Column]) -> list[str | None]:
    return [family(column) for column in columns]


def _same_types(left: Sequence[KeyColumns], right: Sequence[KeyColumns]) -> bool:
    return any(_types(one) == _types(other) for one in left for other in right)


def _names(source: Source) -> str:
    return ", ".join(relation.full_name for relation in leaves(source))


def _key_names(found: Distributed) -> str:
    keys = [", ".join(f"{column.relation.name}.{column.name}" for column in key) for key in found.keys if key]
    return " or ".join(keys) or "none is known here"
