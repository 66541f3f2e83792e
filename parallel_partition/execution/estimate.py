"""What servers expect to answer: PostgreSQL's own plans, asked for in one fan-out and without running anything."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from psycopg.pq.abc import PGresult

from parallel_partition import errors
from parallel_partition.execution.transaction import Transaction
from parallel_partition.postgres.driver_errors import as_driver_error
from parallel_partition.statements import Statement

if TYPE_CHECKING:
    from parallel_partition.execution.gather import TableQuery

#: Options of EXPLAIN that ask for figures of a run.
_OF_A_RUN = ("SERIALIZE", "TIMING", "WAL")


def explaining(options: Sequence[str] = (), *, analyze: bool = False) -> bytes:
    """What is put before a statement for PostgreSQL's plan of it; with ``analyze`` it is run, without handing out rows.

    Parameters
    ----------
    options : more of EXPLAIN's, such as ``BUFFERS true``
    """
    return f"EXPLAIN ({', '.join([*['ANALYZE'] * analyze, 'FORMAT JSON', *options])}) ".encode()


def before_a_run(options: Sequence[str]) -> list[str]:
    """Those of EXPLAIN's options that it takes without ANALYZE."""
    return [option for option in options if not option.startswith(_OF_A_RUN)]


EXPLAIN = explaining()


@dataclass(frozen=True, slots=True)
class TableEstimate:
    """What the rows of one table are expected to be: ``rows`` and ``bytes`` (rows x width) by server."""

    query: TableQuery
    rows: Mapping[str, int]
    bytes: Mapping[str, int]
    plans: Mapping[str, Mapping[str, Any]]


def estimate(
    transaction: Transaction, queries: Sequence[TableQuery], explain: bytes = EXPLAIN
) -> list[TableEstimate]:
    """What the queries of a gather are expected to bring, table by table, as the planners of the servers see it.

    Parameters
    ----------
    explain : what is put before each query

    Raises
    ------
    StaleVersion : a server's map or schema is another than the plan was made for
    psycopg.Error : what a server said
    """
    asked = [
        (server, Statement(query.sql.encode(), prepare=False))
        for query in queries
        for server in query.servers
    ]
    plans = iter(plans_of(transaction, asked, explain))
    estimates = []
    for query in queries:
        told = {server: next(plans) for server in query.servers}
        rows = {server: int(plan["Plan Rows"]) for server, plan in told.items()}
        width = {server: int(plan["Plan Width"]) for server, plan in told.items()}
        sizes = {server: rows[server] * width[server] for server in told}
        estimates.append(TableEstimate(query, rows, sizes, told))
    return estimates


def require_within(estimates: Sequence[TableEstimate], limit: int) -> None:
    """Refuse a gather that is expected to be larger than ``limit`` bytes.

    Raises
    ------
    errors.UnsupportedQuery : it names the tables, their sizes and what would avoid it
    """
    refuse_over({table.query.table.full_name: sum(table.bytes.values()) for table in estimates}, limit)


def refuse_over(sizes: Mapping[str, int], limit: int) -> None:
    """Refuse a gather of tables of these ``sizes``, in bytes, where they are more than ``limit``.

    Raises
    ------
    errors.UnsupportedQuery : it names the tables, their sizes and what would avoid it
    """
    total = sum(sizes.values())
    if total > limit:
        largest = sorted(sizes.items(), key=lambda table: -table[1])
        shown = ", ".join(f"{name} {size:,}" for name, size in largest if size * 10 > total)
        message = (
            f"gathering the rows of this statement is expected to take {total:,} bytes ({shown}), more than "
            f"gather_limit, {limit:,} bytes: filter more, join on the keys, or raise gather_limit"
        )
        raise as_driver_error(errors.UnsupportedQuery(message))


def plans_of(
    transaction: Transaction, asked: Sequence[tuple[str, Statement]], explain: bytes = EXPLAIN
) -> list[dict[str, Any]]:
    """PostgreSQL's plans of statements, each on the server named with it.

    They are asked for in the transaction where it has begun, and outside of it elsewhere.

    Parameters
    ----------
    explain : what is put before each statement

    Returns
    -------
    For each statement the ``Plan`` of EXPLAIN (FORMAT JSON), in their order.

    Raises
    ------
    StaleVersion : a server's map or schema is another than the statements were made for
    psycopg.Error : what a server said
    """
    transaction.refuse_when_failed()
    trains: dict[str, list[Statement]] = {}
    for server, statement in asked:
        numbered = transaction.router.types.for_server(statement, server, transaction.aside)
        told = numbered._replace(text=explain + numbered.text, result_format=0, prepare=False)
        trains.setdefault(server, []).append(told)
    sessions = {server: transaction.session(server) for server in trains}
    exchanges = {
        server: (sessions[server], sessions[server].exchange([*train, transaction.versions.sequences]))
        for server, train in trains.items()
    }
    results = transaction.drive(exchanges, None)
    for server, answered in results.items():
        transaction.versions.verify_sequences(sessions[server], answered[-1])
    waiting = {server: iter(answered) for server, answered in results.items()}
    return [plan_in(next(waiting[server])) for server, _ in asked]


def plan_in(result: PGresult) -> dict[str, Any]:
    """The ``Plan`` in the answer to EXPLAIN (FORMAT JSON), with what is said beside it: times, settings."""
    explained: dict[str, Any]
    (explained,) = json.loads(result.get_value(0, 0) or b"[{}]")
    return {**explained.pop("Plan"), **explained}
