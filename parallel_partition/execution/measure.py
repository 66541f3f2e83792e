"""What each server answered while one statement ran, measured where its rows arrive."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

from psycopg import pq
from psycopg.pq.abc import PGresult

from parallel_partition.postgres.session import Exchange


@dataclass(slots=True)
class Taken:
    """Rows, the bytes of their values, and the seconds from sending to the last of them."""

    rows: int = 0
    bytes: int = 0
    seconds: float = 0.0


class Measure:
    """Watches the exchanges of one statement; ``taken`` is by server and table ("" for a query of more than one)."""

    def __init__(self) -> None:
        self.taken: defaultdict[tuple[str, str], Taken] = defaultdict(Taken)

    def timed(self, server: str, exchange: Exchange, table: str = "") -> Exchange:
        """The same exchange, measured. Of several results the last but one is the statement's (see `Transaction`)."""
        start = perf_counter()
        results = yield from exchange
        taken = self.taken[server, table]
        taken.seconds += perf_counter() - start
        answer = results[-2] if len(results) > 1 else results[-1]
        taken.rows += _rows(answer)
        taken.bytes += bytes_of(answer)
        return results

    def counted(self, server: str, table: str, take: Callable[[bytes], None]) -> Callable[[bytes], None]:
        """The same taker of COPY's bytes, which are counted."""

        def count(rows: bytes) -> None:
            self.taken[server, table].bytes += len(rows)
            take(rows)

        return count


def _rows(result: PGresult) -> int:
    return result.ntuples if result.status == pq.ExecStatus.TUPLES_OK else result.command_tuples or 0


def bytes_of(result: PGresult) -> int:
    """The bytes of a result's values."""
    columns = range(result.nfields)
    return sum(
        len(result.get_value(row, column) or b"") for row in range(result.ntuples) for column in columns
    )
