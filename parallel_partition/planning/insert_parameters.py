"""Parameters of an INSERT of several rows whose type depends on where they stand first.

PostgreSQL gives a parameter that is sent without a type the type of its first use. When rows go to several
servers, each server sees other uses, and may read another value in the same bytes ('007' is 7 in an integer
column, and stays itself in a text).
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from parallel_partition.catalog.tables import Table
from parallel_partition.planning.key_sources import typed_parameters
from parallel_partition.planning.trees import Node, walk, without_positions

#: Where the clauses behind the rows stand: on every server.
_BEHIND = -1


def ambiguous_parameter(
    body: Node, table: Table, columns: Sequence[str], rows: Sequence[Sequence[Node]], oids: Sequence[int]
) -> int | None:
    """The number of a parameter without a type that several rows use in different ways, or None.

    Parameters
    ----------
    body : the InsertStmt
    columns : what the values of ``rows`` are for
    oids : the types of the parameters
    """
    typed = set(typed_parameters(oids))
    places: dict[int, set[int]] = defaultdict(set)
    uses: dict[int, set[str | None]] = defaultdict(set)
    for place, value, column in _values(body, columns, rows):
        for number, use in _uses(value, table, column):
            places[number].add(place)
            uses[number].add(use)
    for number in sorted(set(places) - typed):
        if len(places[number]) > 1 and (len(uses[number]) > 1 or None in uses[number]):
            return number
    return None


def _values(
    body: Node, columns: Sequence[str], rows: Sequence[Sequence[Node]]
) -> Iterator[tuple[int, Any, str | None]]:
    """(row, value, column that it is stored in) of all that an INSERT computes."""
    for place, row in enumerate(rows):
        for column, value in zip(columns, row, strict=False):
            yield place, value, column
    conflict = body.get("onConflictClause", {})
    for item in conflict.get("targetList", []):
        yield _BEHIND, item["ResTarget"].get("val", {}), item["ResTarget"]["name"]
    for clause in (conflict.get("infer"), conflict.get("whereClause"), body.get("returningClause")):
        yield _BEHIND, clause or {}, None


def _uses(value: Any, table: Table, column: str | None) -> Iterator[tuple[int, str | None]]:
    """(parameter, what gives it its type) in a value: a column's type, a cast, None for anything else."""
    cast = value.get("TypeCast", {})
    if "ParamRef" in value:
        stored = table.column(column) if column else None
        yield value["ParamRef"].get("number", 0), stored.type.partition("(")[0] if stored else None
    elif "ParamRef" in cast.get("arg", {}):
        type = json.dumps(without_positions(cast["typeName"]), sort_keys=True)
        yield cast["arg"]["ParamRef"].get("number", 0), type
    else:
        for kind, body in walk(value):
            if kind == "ParamRef":
                yield body.get("number", 0), None
