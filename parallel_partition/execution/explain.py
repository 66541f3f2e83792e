"""How a statement is answered, as values: what ``cursor.explain`` returns."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from parallel_partition.execution.explain_text import text_of

#: How an explanation is shown.
Format = Literal["text", "json"]


@dataclass(frozen=True, slots=True)
class ServerQuery:
    """What one server is asked.

    ``table`` is the table whose rows are fetched, "" where the query is more than that. ``plan`` is PostgreSQL's own
    (the ``Plan`` of its EXPLAIN (FORMAT JSON)), None where it makes none. ``rows``, ``bytes`` (of the values) and
    ``seconds`` (from sending to the last row) are what was measured; None where the statement was not run.
    """

    server: str
    sql: str
    table: str = ""
    plan: Mapping[str, Any] | None = None
    rows: int | None = None
    bytes: int | None = None
    seconds: float | None = None

    @property
    def estimated_rows(self) -> int | None:
        """The rows that PostgreSQL expects: of the result, and of a write those that it changes."""
        plan = self.plan
        if plan is None:
            return None
        if plan["Node Type"] == "ModifyTable" and not plan["Plan Rows"] and plan.get("Plans"):
            plan = plan["Plans"][0]
        return int(plan["Plan Rows"])

    @property
    def estimated_bytes(self) -> int | None:
        """Rows x width of what PostgreSQL expects to answer."""
        return None if self.plan is None else int(self.plan["Plan Rows"]) * int(self.plan["Plan Width"])

    def as_dict(self) -> dict[str, Any]:
        """The same as plain values."""
        return {
            "server": self.server,
            "table": self.table or None,
            "sql": self.sql,
            "estimated": {"rows": self.estimated_rows, "bytes": self.estimated_bytes},
            "actual": {"rows": self.rows, "bytes": self.bytes, "seconds": self.seconds},
            "plan": self.plan,
        }


@dataclass(frozen=True, slots=True)
class TableRows:
    """What a gather fetches of one table.

    ``table`` is its name with the schema; ``filter`` the WHERE clause, "" for none; ``partitions`` reads "2 of 32".
    ``first`` is "one server", "whole" or "split" where it is a subquery that is answered first, "" elsewhere.
    ``reduced_by`` reads "customer in public.customers (id)": when rows of customers are gathered first and are few,
    only rows with their values are fetched; "" for nothing.
    """

    table: str
    columns: tuple[str, ...]
    filter: str
    partitions: str
    first: str = ""
    reduced_by: str = ""

    def as_dict(self) -> dict[str, Any]:
        """The same as plain values."""
        return {
            "table": self.table,
            "columns": list(self.columns),
            "filter": self.filter or None,
            "partitions": self.partitions,
            "answered_first": self.first or None,
            "reduced_by": self.reduced_by or None,
        }


@dataclass(frozen=True, slots=True)
class Explanation:
    """What ``cursor.explain`` returns; ``str()`` of it is for people, or JSON where that was asked for.

    ``strategy`` is "one server", "whole", "split", "gather", "local", "every server" or, of the rows of an INSERT,
    "computed first"; ``reason`` says why, and ``passed`` why each cheaper strategy is not used; ``partitions`` reads "2
    of 32". ``queries`` are what servers are
    asked. ``tables`` say what a gather fetches. ``merge`` is what the merge session runs over their rows, None where
    it has nothing to do, and ``merge_plan`` PostgreSQL's plan of it, known once it ran. ``analyzed``: the statement
    was run, and answered or changed ``rows`` in ``seconds``; ``writes``: it is one that changes rows.
    """

    strategy: str
    reason: str
    partitions: str
    queries: tuple[ServerQuery, ...] = ()
    merge: str | None = None
    passed: Mapping[str, str] = field(default_factory=dict)
    tables: tuple[TableRows, ...] = ()
    merge_plan: Mapping[str, Any] | None = None
    writes: bool = False
    analyzed: bool = False
    rows: int | None = None
    seconds: float | None = None
    format: Format = "text"

    @property
    def servers(self) -> dict[str, str]:
        """The SQL that each server gets, in server order; several statements are joined by semicolons."""
        texts: dict[str, list[str]] = {}
        for query in self.queries:
            texts.setdefault(query.server, []).append(query.sql)
        return {server: ";\n".join(listed) for server, listed in texts.items()}

    def as_dict(self) -> dict[str, Any]:
        """The same as plain values, which JSON can hold.

        Returns
        -------
        ``strategy``, ``reason``, ``passed`` (strategy: why it is not used), ``partitions``, ``servers`` (server:
        SQL), ``tables`` (of a gather: ``table``, ``columns``, ``filter``, ``partitions``, ``answered_first``,
        ``reduced_by``), ``merge``, ``merge_plan``, ``queries`` (each ``server``, ``table``, ``sql``, ``estimated``
        and ``actual`` with ``rows``, ``bytes`` and for the latter ``seconds``, ``plan``), ``writes``, ``analyzed``,
        ``rows``, ``seconds``. What is not known is None.
        """
        return {
            "strategy": self.strategy,
            "reason": self.reason,
            "passed": dict(self.passed),
            "partitions": self.partitions,
            "servers": self.servers,
            "tables": [table.as_dict() for table in self.tables],
            "merge": self.merge,
            "merge_plan": self.merge_plan,
            "queries": [query.as_dict() for query in self.queries],
            "writes": self.writes,
            "analyzed": self.analyzed,
            "rows": self.rows,
            "seconds": self.seconds,
        }

    def as_json(self) -> str:
        """`as_dict` as a JSON text."""
        return json.dumps(self.as_dict(), indent=2, ensure_ascii=False)

    def __str__(self) -> str:
        return self.as_json() if self.format == "json" else text_of(self)
