"""The answer to one statement: results of one or several servers, seen as one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import pq
from psycopg.pq.abc import PGresult

from parallel_partition.execution.look_up import LookUp


@dataclass(slots=True)
class Answer:
    """Results that together are the answer.

    ``results`` hold rows (or a command's outcome) in server order; ``order``, when there is one, lists rows by their
    position in the concatenation of all results. ``start`` and ``stop`` cut what LIMIT and OFFSET leave of it.
    The last ``hidden`` columns were fetched to sort by and are not shown. ``rowcount`` is what a command changed or a
    query returned; ``status`` the command tag.
    ``look_up`` answers the same point query for other keys.
    """

    results: list[PGresult]
    order: Sequence[int] | None = None
    start: int = 0
    stop: int = 0
    hidden: int = 0
    rowcount: int = -1
    status: bytes | None = None
    look_up: LookUp | None = None

    @property
    def has_rows(self) -> bool:
        """True when the statement returned rows, be it none of them."""
        return self.results[0].status == pq.ExecStatus.TUPLES_OK


def answer_of(result: PGresult) -> Answer:
    """One server's result is the answer."""
    if result.status == pq.ExecStatus.TUPLES_OK:
        return Answer([result], None, 0, result.ntuples, 0, result.ntuples, result.command_status)
    changed = result.command_tuples
    return Answer([result], None, 0, 0, 0, -1 if changed is None else changed, result.command_status)


def rows_of(
    results: list[PGresult], *, order: Sequence[int] | None = None, start: int = 0, stop: int, hidden: int = 0
) -> Answer:
    """The rows of several servers, in the order of the servers or in ``order``, cut to ``start:stop``."""
    count = stop - start
    return Answer(results, order, start, stop, hidden, count, b"SELECT %d" % count)


def changes_of(results: list[PGresult]) -> Answer:
    """What several servers changed: their counts added, their RETURNING rows concatenated."""
    first = results[0]
    changed = sum(result.command_tuples or 0 for result in results)
    tag = (first.command_status or b"").rsplit(b" ", 1)[0]
    rows = sum(result.ntuples for result in results)
    return Answer(results, None, 0, rows, 0, changed, tag + b" %d" % changed)
