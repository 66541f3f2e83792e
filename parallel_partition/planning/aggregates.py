"""How an aggregate over all rows is made of aggregates over each server's rows."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass

from parallel_partition.errors import UnsupportedQuery
from parallel_partition.planning.align import Passed
from parallel_partition.planning.analysis import call_name
from parallel_partition.planning.trees import Node

SPLITTABLE = frozenset({"count", "sum", "avg", "min", "max", "bool_and", "bool_or", "every"})

#: Aggregates for which DISTINCT changes nothing.
_DISTINCT_IS_NOTHING = frozenset({"min", "max", "bool_and", "bool_or", "every"})

_SUMS = frozenset({"bigint", "numeric", "double precision", "real", "interval", "money"})


@dataclass(frozen=True)
class Aggregate:
    """One aggregate call of the caller's, and the collation of what it compares (None: the default)."""

    call: Node
    name: str
    collation: str | None

    @property
    def probed(self) -> list[Node]:
        """The calls whose types `partial` and `final` need: the caller's, and for avg the sum of the same."""
        own = {"FuncCall": self.call}
        return [own, _as(self.call, "sum")] if self.name == "avg" else [own]

    def partial(self, types: list[str]) -> list[Node]:
        """What each server computes, given the types of `probed`.

        Raises
        ------
        UnsupportedQuery : the aggregate of that type is not known to be the sum of its parts
        """
        if self.name in ("sum", "avg") and types[0] not in _SUMS:
            raise UnsupportedQuery(
                f"{self.name} of type {types[0]}: it is not known how its parts are put together"
            )
        call = (
            _cast_to_double(self.call) if types[-1] == "real" or types[0] == "double precision" else self.call
        )
        if self.name == "avg":
            return [_as(call, "sum"), _as(self.call, "count")]
        if self.name == "sum":
            return [_as(call, "sum")]
        return [{"FuncCall": self.call}]

    def final(self, types: list[str], columns: list[str]) -> str:
        """The SQL that puts the parts together.

        Parameters
        ----------
        types : the types of `probed`
        columns : the merge query's names of what `partial` gave
        """
        return _FINALS[self.name](types[0], columns)


def check_splittable(call: Node, covers_key: Callable[[list[Node]], bool]) -> str:
    """Return the name of an aggregate that can be split.

    Parameters
    ----------
    call : the FuncCall's body
    covers_key : tells whether its arguments hold a whole key, so that equal arguments are on one server

    Raises
    ------
    Passed : it cannot
    """
    name = call_name(call)[1]
    if call.get("agg_within_group"):
        raise Passed(f"{name} WITHIN GROUP: it needs all rows in one place")
    if name not in SPLITTABLE:
        raise Passed(f"{name}: it is not known how it is put together from the parts of several servers")
    if "agg_order" in call:
        raise Passed(f"{name} with ORDER BY: it needs all rows in one place")
    if call.get("func_variadic"):
        raise Passed(f"{name} with VARIADIC: it is not split")
    if call.get("agg_distinct") and name not in _DISTINCT_IS_NOTHING and not covers_key(call.get("args", [])):
        raise Passed(
            f"{name}(DISTINCT ...): equal values may be on several servers, since it is not over the key"
        )
    return name


def _as(call: Node, name: str) -> Node:
    """The same call of another aggregate."""
    return {"FuncCall": {**call, "funcname": [{"String": {"sval": name}}]}}


def _cast_to_double(call: Node) -> Node:
    """The same call with its argument as double precision: real numbers are summed as such."""
    made = copy.deepcopy(call)
    made["args"] = [
        {
            "TypeCast": {
                "arg": argument,
                "typeName": {
                    "names": [{"String": {"sval": "pg_catalog"}}, {"String": {"sval": "float8"}}],
                    "typemod": -1,
                },
            }
        }
        for argument in made.get("args", [])
    ]
    return made


def _count(_: str, columns: list[str]) -> str:
    return f"CAST(coalesce(sum({columns[0]}), 0) AS bigint)"


def _sum(type: str, columns: list[str]) -> str:
    return f"CAST(sum({columns[0]}) AS {type})"


def _avg(type: str, columns: list[str]) -> str:
    """PostgreSQL divides a numeric sum by a numeric count, and other sums by a floating-point count."""
    count = f"nullif(sum({columns[1]}), 0)"
    if type != "numeric":
        count = f"CAST({count} AS double precision)"
    return f"CAST(sum({columns[0]}) / {count} AS {type})"


def _same(name: str) -> Callable[[str, list[str]], str]:
    return lambda type, columns: f"CAST({name}({columns[0]}) AS {type})"


_FINALS: dict[str, Callable[[str, list[str]], str]] = {
    "count": _count,
    "sum": _sum,
    "avg": _avg,
    **{name: _same(name) for name in ("min", "max", "bool_and", "bool_or", "every")},
}
