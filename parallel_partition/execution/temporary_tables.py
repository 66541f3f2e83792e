"""Temporary tables of the merge session: what its role needs for them, and what the planner is told of them."""

from __future__ import annotations

from collections.abc import Sequence

import psycopg
from psycopg.pq.abc import PGresult

from parallel_partition.catalog.identifiers import quoted
from parallel_partition.execution.failures import first_line
from parallel_partition.execution.fan_out import answers_of
from parallel_partition.planning.plan import GatheredTable
from parallel_partition.postgres.driver_errors import known_at
from parallel_partition.postgres.named_sql import load
from parallel_partition.postgres.session import Session
from parallel_partition.statements import Statement

#: Rows from which on a table is worth ANALYZE. Of a table that nobody analyzed PostgreSQL expects a condition to leave
#: one row in 200: with 5,000 here, 640 customers counted as one, and TPC-H's query 3 over gathered rows took 25 s.
ANALYZED_ROWS = 100
#: Rows from which on a table is worth its indexes.
INDEXED_ROWS = 5_000

_MAY_MAKE = Statement(load("gather")["may_make_temporary"].encode(), prepare=False)
_ROLLBACK = Statement(b"ROLLBACK", prepare=False)


def make_tables(session: Session, statements: Sequence[Statement]) -> list[PGresult]:
    """Run statements that make temporary tables, in the merge session's transaction.

    Raises
    ------
    psycopg.errors.InsufficientPrivilege : its role may not; the message says what to grant, and where
    psycopg.Error : what the server said
    """
    try:
        return answers_of(session, statements)
    except psycopg.errors.InsufficientPrivilege as error:
        found = answers_of(session, [_ROLLBACK, _MAY_MAKE])[-1]
        may, role, database = ((found.get_value(0, column) or b"").decode() for column in range(3))
        if may == "t":
            raise
        message = (
            f"{first_line(error)}: over several servers this statement is computed from temporary tables on server "
            f"{session.server}, which role {role} may not make; there, GRANT TEMPORARY ON DATABASE {database} TO "
            f"{role}, or restrict the key so that one server answers"
        )
        refused = known_at(psycopg.errors.InsufficientPrivilege(message), session.server)
        raise refused from error


def analyze(table: GatheredTable, rows: int, session: Session) -> None:
    """Give a table of many rows its indexes, and the planner its figures."""
    name = quoted(table.name)
    texts = [f"CREATE INDEX ON {name} {index}" for index in table.indexes if rows >= INDEXED_ROWS]
    if rows >= ANALYZED_ROWS:
        columns = f" ({', '.join(map(quoted, table.columns))})" if table.columns else ""
        texts.append(f"ANALYZE {name}{columns}")
    if texts:
        answers_of(session, [Statement(text.encode(), prepare=False) for text in texts])
