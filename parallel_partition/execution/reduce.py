"""Semi-join reduction while rows are gathered: small tables first, and their values into the queries of the others.

What a table's rows must have in common with rows that are in the merge session already becomes a list of constants in
its query (see `planning.reductions`), as long as it is short.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from parallel_partition.catalog.identifiers import quoted
from parallel_partition.catalog.key_forms import FORMS, NotProven
from parallel_partition.execution.estimate import TableEstimate, estimate, refuse_over
from parallel_partition.execution.fan_out import answers_of
from parallel_partition.execution.readable_part import nameable
from parallel_partition.execution.router import Router
from parallel_partition.execution.transaction import Transaction
from parallel_partition.planning.merge_query import exact_text
from parallel_partition.planning.plan import GatheredTable, Link, TableUse
from parallel_partition.planning.write_nodes import literal
from parallel_partition.postgres.session import Session
from parallel_partition.statements import Statement

if TYPE_CHECKING:
    from parallel_partition.execution.gather import TableQuery


#: Values that a query is given as a list; with more of them it fetches what it fetches without.
VALUES_MAX = 1_000
#: Rows up to which a temporary table is looked through for its values.
ROWS_MAX = 100_000

#: Types whose names a user's type may have too; those of the others are keywords.
_NO_KEYWORDS = ("text", "uuid", "date")
_INTEGERS = {"smallint": 1 << 15, "integer": 1 << 31, "bigint": 1 << 63}


def smallest_first(estimates: Iterable[TableEstimate]) -> list[TableEstimate]:
    """The tables in the order in which they are gathered, after the subqueries that are answered first."""
    return sorted(estimates, key=lambda told: (told.query.first is None, sum(told.rows.values())))


def irreducible(estimates: Sequence[TableEstimate]) -> list[TableEstimate]:
    """Those of the tables, in the order in which they are gathered, that none before them can reduce."""
    found = []
    before: set[tuple[str, str]] = set()
    for told in estimates:
        table = told.query.table
        uses = table.uses
        if not uses or not all(any(link.table in before for link in use.links) for use in uses):
            found.append(told)
        before.add((table.schema, table.name))
    return found


class Reducer:
    """Makes the queries for the rows of one statement smaller, from table to table.

    Parameters
    ----------
    router : the cluster as this process knows it
    merge : the merge session, in the transaction that has the temporary tables
    estimates : of the tables in the order in which they are gathered
    limit : bytes that the statement may gather
    """

    def __init__(
        self,
        router: Router,
        transaction: Transaction,
        merge: Session,
        estimates: Sequence[TableEstimate],
        limit: int,
    ) -> None:
        self._router = router
        self._state = router.state
        self._transaction = transaction
        self._merge = merge
        self._limit = limit
        self._gathered: dict[tuple[str, str], tuple[GatheredTable, int]] = {}
        self._values: dict[tuple[tuple[str, str], str], tuple[str, ...] | None] = {}
        #: Bytes by table: of those that are gathered, and what is expected of the others, 0 while nobody knows.
        self._sizes = {told.query.table.full_name: sum(told.bytes.values()) for told in estimates}
        self._tight = sum(self._sizes.values()) > limit
        if self._tight:
            fixed = {told.query.table.full_name for told in irreducible(estimates)}
            self._sizes = {name: size if name in fixed else 0 for name, size in self._sizes.items()}

    def took(self, table: GatheredTable, rows: int, size: int) -> None:
        """Note what a table's rows came to."""
        self._gathered[table.schema, table.name] = table, rows
        self._sizes[table.full_name] = size

    def reduced(self, query: TableQuery) -> TableQuery:
        """The query for a table's rows, given those that are gathered already.

        Raises
        ------
        errors.UnsupportedQuery : it is expected to take more than is left of the limit
        """
        made = self._with_values(query)
        if self._tight:
            (told,) = estimate(self._transaction, [made])
            self._sizes[query.table.full_name] = sum(told.bytes.values())
            refuse_over(self._sizes, self._limit)
        return made

    def _with_values(self, query: TableQuery) -> TableQuery:
        """The same with lists of values, unless one place in the statement needs every row."""
        wheres: list[str] = []
        parts: frozenset[int] | None = frozenset()
        for use, filter in zip(query.table.uses, query.filters, strict=True):
            lists = self._lists(use)
            if not lists and not filter:
                return query
            if all(lists.values()):
                tests = [f"({filter})"] if filter else []
                wheres.append(" AND ".join([*tests, *(_test(link, lists[link]) for link in lists)]))
                found = self._parts(query.table, lists)
                parts = None if parts is None or found is None else parts | found
        if not query.table.uses:
            return query
        servers = query.servers
        if parts is None or len(parts) == self._state.num_partitions:
            parts = query.parts
        else:
            parts = parts if query.parts is None else parts & query.parts
            servers = self._router.homes(parts)
        named = nameable(parts, query.table, servers, self._router, self._transaction)
        return query.narrowed(wheres, parts, named, servers)

    def _lists(self, use: TableUse) -> dict[Link, tuple[str, ...]]:
        """For each column the shortest list of values that it is known to be in."""
        found: dict[str, tuple[Link, tuple[str, ...]]] = {}
        for link in use.links:
            values = self._values_of(link)
            if values is not None and (link.column not in found or len(values) < len(found[link.column][1])):
                found[link.column] = link, values
        return dict(found.values())

    def _values_of(self, link: Link) -> tuple[str, ...] | None:
        """The values that a link stands for, None where they are too many or not known yet."""
        table, rows = self._gathered.get(link.table, (None, 0))
        if table is None or rows > ROWS_MAX or link.other not in table.columns:
            return None
        name = link.table, link.other
        if name not in self._values:
            self._values[name] = self._distinct(table.name, link.other)
        values = self._values[name]
        if values is not None and (end := _INTEGERS.get(link.type)) is not None:
            values = tuple(value for value in values if -end <= int(value) < end)
        return values

    def _distinct(self, table: str, column: str) -> tuple[str, ...] | None:
        """The values of a temporary table's column, as texts that mean the same under all settings."""
        text = (
            f"SELECT {exact_text('q.value')} FROM (SELECT DISTINCT {quoted(column)} AS value"  # noqa: S608 - quoted
            f" FROM pg_temp.{quoted(table)} WHERE {quoted(column)} IS NOT NULL LIMIT {VALUES_MAX + 1}) AS q"
        )
        (result,) = answers_of(self._merge, [Statement(text.encode(), prepare=False)])
        if result.ntuples > VALUES_MAX:
            return None
        return tuple((result.get_value(row, 0) or b"").decode() for row in range(result.ntuples))

    def _parts(self, table: GatheredTable, lists: Mapping[Link, tuple[str, ...]]) -> frozenset[int] | None:
        """The partitions of rows that have the values of ``lists``, None where these are not all of the key."""
        known = self._state.schema[table.schema, table.name]
        values = next((lists[link] for link in lists if (link.column,) == known.key), None)
        if values is None:
            return None
        form = FORMS[known.key_types[0]]
        try:
            return frozenset(self._state.shard_map.part_of_texts((form(value),)) for value in values)
        except NotProven:
            return None


def _test(link: Link, values: Sequence[str]) -> str:
    """That a column is among values, as an array: PostgreSQL hashes it."""
    plain = link.type in _INTEGERS
    listed = ",".join(values if plain else map(_element, values))
    type = f"pg_catalog.{link.type}" if link.type in _NO_KEYWORDS else link.type
    return f"{quoted(link.column)} = ANY (CAST({literal(f'{{{listed}}}')} AS {type}[]))"


def _element(value: str) -> str:
    """A value as an element of an array's text."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
