"""Rows of several results, loaded as one."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Protocol

from psycopg import abc, pq
from psycopg.adapt import Transformer
from psycopg.pq.abc import PGconn, PGresult
from psycopg.pq.misc import PGresAttDesc
from psycopg.rows import RowMaker

from parallel_partition.execution.answer import Answer
from parallel_partition.execution.user_types import types_of

#: Types that any value is loaded as: text that no type is known of, and bytea.
_AS_IT_IS = {pq.Format.TEXT: 0, pq.Format.BINARY: 17}


class _Context(Protocol):
    """Whatever psycopg's Transformer takes its adapters and encoding from."""

    adapters: Any
    connection: Any


class MergedRows:
    """The rows of an `Answer` of more than one result, or of one that is cut or has hidden columns.

    Parameters
    ----------
    answer : the results, their order and what is cut
    context : the cursor, whose adapters load the values
    """

    def __init__(self, answer: Answer, context: Any) -> None:
        self._answer = answer
        self._context = context
        self._types = [tuple(types) for types in answer.types or map(types_of, answer.results)]
        #: What loads the rows of results with these types, and which of them it is at.
        self._loaders: dict[tuple[int, ...], abc.Transformer] = {}
        self._at: dict[tuple[int, ...], int] = {}
        self._starts = [0]
        for result in answer.results:
            self._starts.append(self._starts[-1] + result.ntuples)

    def __len__(self) -> int:
        return self._answer.stop - self._answer.start

    def load(self, first: int, last: int, make_row: RowMaker[Any]) -> list[Any]:
        """Rows ``first:last`` of the answer, each made by ``make_row``."""
        if hidden := self._answer.hidden:
            make_row = _without_hidden(make_row, hidden)
        first += self._answer.start
        last = min(last + self._answer.start, self._answer.stop)
        if self._answer.order is None:
            return self._load_run(first, last, make_row)
        return self._load_ordered(self._answer.order[first:last], make_row)

    def _loader(self, place: int) -> abc.Transformer:
        """What loads the rows of a result: the same for all results with the same types."""
        types, result = self._types[place], self._answer.results[place]
        loader = self._loaders.get(types)
        if loader is None:
            loader = self._loaders[types] = _loader(result, types, self._answer, self._context)
        elif self._at[types] != place:
            loader.set_pgresult(result, set_loaders=False)
        self._at[types] = place
        return loader

    def _load_run(self, first: int, last: int, make_row: RowMaker[Any]) -> list[Any]:
        rows: list[Any] = []
        for place, (start, stop) in enumerate(pairwise(self._starts)):
            if first < stop and last > start:
                low, high = max(first, start) - start, min(last, stop) - start
                rows += self._loader(place).load_rows(low, high, make_row)
        return rows

    def _load_ordered(self, positions: Sequence[int], make_row: RowMaker[Any]) -> list[Any]:
        if (found := self._load_together(positions, make_row)) is not None:
            return list(map(found.__getitem__, positions))
        rows = []
        starts = self._starts
        for position in positions:
            place = bisect_right(starts, position) - 1
            rows.append(self._loader(place).load_row(position - starts[place], make_row))
        return rows

    def _load_together(self, positions: Sequence[int], make_row: RowMaker[Any]) -> dict[int, Any] | None:
        """Rows by position, where those of each result follow each other: loading them one by one takes longer."""
        ascending = sorted(positions)
        found: list[Any] = []
        for place, (start, stop) in enumerate(pairwise(self._starts)):
            low, high = len(found), bisect_left(ascending, stop)
            if low == high:
                continue
            first, last = ascending[low], ascending[high - 1] + 1
            if last - first != high - low:
                return None
            found += self._loader(place).load_rows(first - start, last - start, make_row)
        return dict(zip(ascending, found, strict=True))


def _loader(result: PGresult, types: tuple[int, ...], answer: Answer, context: Any) -> abc.Transformer:
    """What loads rows of these types; Python may have no value for what is there to sort by only."""
    loader = Transformer(context)
    own = not answer.hidden and not answer.types
    loader.set_pgresult(result, set_loaders=own)
    if not own and result.nfields:
        format = pq.Format(result.fformat(0))
        shown = types[: result.nfields - answer.hidden]
        loader.set_loader_types([*shown, *[_AS_IT_IS[format]] * answer.hidden], format)
    return loader


def _without_hidden(make_row: RowMaker[Any], hidden: int) -> RowMaker[Any]:
    def shown(values: Sequence[Any]) -> Any:
        return make_row(tuple(values[:-hidden]))

    return shown


def shown_header(answer: Answer, pgconn: PGconn) -> PGresult:
    """A result without rows that describes the columns which the caller sees."""
    first = answer.results[0]
    header = pgconn.make_empty_result(pq.ExecStatus.TUPLES_OK)
    columns = range(first.nfields - answer.hidden)
    types = answer.types[0] if answer.types else [first.ftype(column) for column in columns]
    header.set_attributes(
        [
            PGresAttDesc(
                first.fname(i) or b"",
                first.ftable(i),
                first.ftablecol(i),
                first.fformat(i),
                types[i],
                first.fsize(i),
                first.fmod(i),
            )
            for i in columns
        ]
    )
    return header
