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
    ``servers`` say where each result comes from, none where it is the catalog's server; ``types`` are the types of
    each result's columns where they are not the result's own, since that server numbers users' types otherwise.
    """

    results: list[PGresult]
    order: Sequence[int] | None = None
    start: int = 0
    stop: int = 0
    hidden: int = 0
    rowcount: int = -1
    status: bytes | None = None
    look_up: LookUp | None = None
    servers: Sequence[str] = ()
    types: Sequence[tuple[int, ...]] | None = None

    @property
    def has_rows(self) -> bool:
        """True when the statement returned rows, be it none of them."""
        return self.results[0].status == pq.ExecStatus.TUPLES_OK


def answer_of(result: PGresult, *servers: str) -> Answer:
    """One server's result is the answer; ``servers`` name the server, unless it is the catalog's."""
    status = result.command_status
    if result.status == pq.ExecStatus.TUPLES_OK:
        rows = result.ntuples
        return Answer([result], stop=rows, rowcount=rows, status=status, servers=servers)
    changed = result.command_tuples
    return Answer([result], rowcount=-1 if changed is None else changed, status=status, servers=servers)


def rows_of(
    results: list[PGresult],
    servers: Sequence[str],
    *,
    order: Sequence[int] | None = None,
    start: int = 0,
    stop: int,
    hidden: int = 0,
) -> Answer:
    """The rows of several servers, in the order of the servers or in ``order``, cut to ``start:stop``."""
    count = stop - start
    return Answer(results, order, start, stop, hidden, count, b"SELECT %d" % count, servers=servers)


def changes_of(results: list[PGresult], servers: Sequence[str]) -> Answer:
    """What several servers changed: their counts added, their RETURNING rows concatenated."""
    first = results[0]
    changed = sum(result.command_tuples or 0 for result in results)
    tag = (first.command_status or b"").rsplit(b" ", 1)[0]
    rows = sum(result.ntuples for result in results)
    return Answer(results, stop=rows, rowcount=changed, status=tag + b" %d" % changed, servers=servers)
