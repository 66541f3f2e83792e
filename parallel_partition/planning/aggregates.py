"""How an aggregate over all rows is made of aggregates over each server's rows.

A `Form` says what each server computes and how the merge query puts that together; `FORMS` names the aggregates
that have one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from parallel_partition.errors import UnsupportedQuery
from parallel_partition.planning import concatenated, variances
from parallel_partition.planning.align import Passed
from parallel_partition.planning.analysis import call_name
from parallel_partition.planning.partial_columns import (
    BIGINT,
    DOUBLE,
    Asked,
    Partial,
    cast,
    renamed,
    same_type,
)
from parallel_partition.planning.trees import Node
from parallel_partition.statements import OutputColumn

_SUMS = frozenset({"bigint", "numeric", "double precision", "real", "interval", "money"})


@dataclass(frozen=True)
class Form:
    """How one aggregate is split.

    ``partial(asked)`` is what each server computes, ``final(asked, columns)`` the SQL that puts the merge query's
    ``columns`` of it together. What is asked is the call itself, then the ``also`` aggregates over the same rows, and
    with ``argument`` the first argument. ``compared``: its value compares
    by the collation of the first argument, which ``keeps_collation`` tells to be kept in the merge query.
    """

    partial: Callable[[Asked], list[Partial]]
    final: Callable[[Asked, list[str]], str]
    also: tuple[str, ...] = ()
    argument: bool = False
    compared: bool = False
    keeps_collation: bool = True


@dataclass(frozen=True)
class Aggregate:
    """One aggregate call of the caller's, and the collation of what it compares (None: the default)."""

    call: Node
    form: Form
    collation: str | None

    def probed(self, select: Node) -> list[Node]:
        """The expressions whose types `partial` and `final` need.

        Parameters
        ----------
        select : the body of the SELECT that the call stands in
        """
        asked: list[Node] = [{"FuncCall": self.call}]
        asked += [renamed(self.call, name) for name in self.form.also]
        if self.form.argument:
            asked.append(_of_rows(self.call["args"][0], select))
        return asked

    def partial(self, described: Sequence[OutputColumn]) -> list[Partial]:
        """What each server computes, given the description of `probed`.

        Raises
        ------
        UnsupportedQuery : the aggregate of that type is not known to be the sum of its parts
        """
        return self.form.partial(Asked(self.call, described))

    def final(self, described: Sequence[OutputColumn], columns: list[str]) -> str:
        """The SQL that puts the parts together; ``columns`` are the merge query's names of what `partial` gave."""
        return self.form.final(Asked(self.call, described), columns)


def _of_rows(argument: Node, select: Node) -> Node:
    """An argument as one value of FROM, as which PostgreSQL tells its type, with what that has in parentheses."""
    body = {
        "targetList": [{"ResTarget": {"val": argument}}],
        "fromClause": select["fromClause"],
        "limitOption": "LIMIT_OPTION_DEFAULT",
        "op": "SETOP_NONE",
    }
    return {"SubLink": {"subLinkType": "EXPR_SUBLINK", "subselect": {"SelectStmt": body}}}


def form_of(call: Node) -> Form:
    """Return how an aggregate without DISTINCT, or one for which that changes nothing, is split.

    Raises
    ------
    Passed : it cannot
    """
    name = call_name(call)[1]
    require_own_rows(call)
    form = FORMS.get(name)
    if form is None:
        raise Passed(f"{name}: it is not known how it is put together from the parts of several servers")
    if "agg_order" in call:
        raise Passed(f"{name} with ORDER BY: it needs all rows in one place")
    return form


def require_own_rows(call: Node) -> None:
    """Make sure that a call is of a kind that is split at all."""
    name = call_name(call)[1]
    if call.get("agg_within_group"):
        raise Passed(f"{name} WITHIN GROUP: it needs all rows in one place")
    if call.get("func_variadic"):
        raise Passed(f"{name} with VARIADIC: it is not split")


# --- counts
# -------------------------------------------------------------------------------------------------------------


def _own_count(asked: Asked) -> list[Partial]:
    return [Partial({"FuncCall": asked.call}, *BIGINT)]


def _count(_: Asked, columns: list[str]) -> str:
    return f"CAST(coalesce(sum({columns[0]}), 0) AS bigint)"


# --- sums and averages
# --------------------------------------------------------------------------------------------------


def _own_sum(asked: Asked) -> list[Partial]:
    """The sum; real numbers are summed as double precision."""
    total = asked.described[-1]  # for avg, what was asked beside it
    if asked.type not in _SUMS:
        name = call_name(asked.call)[1]
        raise UnsupportedQuery(f"{name} of type {asked.type}: it is not known how its parts are put together")
    if total.type == "real" or asked.type == "double precision":
        return [Partial(renamed(_as_double(asked.call), "sum"), *DOUBLE)]
    return [Partial(renamed(asked.call, "sum"), total.type, total.oid)]


def _as_double(call: Node) -> Node:
    return {**call, "args": [cast(argument, "float8") for argument in call["args"]]}


def _sum(asked: Asked, columns: list[str]) -> str:
    return f"CAST(sum({columns[0]}) AS {asked.type})"


def _sum_and_count(asked: Asked) -> list[Partial]:
    return [*_own_sum(asked), Partial(renamed(asked.call, "count"), *BIGINT)]


def _avg(asked: Asked, columns: list[str]) -> str:
    """PostgreSQL divides a numeric sum by a numeric count, and other sums by a floating-point count."""
    count = f"nullif(sum({columns[1]}), 0)"
    if asked.type != "numeric":
        count = f"CAST({count} AS double precision)"
    return f"CAST(sum({columns[0]}) / {count} AS {asked.type})"


# --- what is applied again to its own values
# ----------------------------------------------------------------------------


def _again(asked: Asked, columns: list[str]) -> str:
    return f"CAST({call_name(asked.call)[1]}({columns[0]}) AS {asked.type})"


_APPLIED_AGAIN = Form(same_type, _again)
_COMPARED = Form(same_type, _again, compared=True)

#: The aggregates that can be split.
FORMS: dict[str, Form] = {
    **dict.fromkeys(("count", "regr_count"), Form(_own_count, _count)),
    "sum": Form(_own_sum, _sum),
    "avg": Form(_sum_and_count, _avg, also=("sum",)),
    **dict.fromkeys(("min", "max", "any_value"), _COMPARED),
    **dict.fromkeys(("bool_and", "bool_or", "every", "bit_and", "bit_or", "bit_xor"), _APPLIED_AGAIN),
    **dict.fromkeys(variances.NAMES, Form(variances.partial, variances.final, argument=True)),
    "array_agg": Form(
        concatenated.own_array, concatenated.array, argument=True, compared=True, keeps_collation=False
    ),
    "string_agg": Form(same_type, concatenated.string, compared=True),
    **dict.fromkeys(
        ("json_agg", "jsonb_agg"), Form(concatenated.as_text, concatenated.json_array, argument=True)
    ),
    **dict.fromkeys(
        ("json_object_agg", "jsonb_object_agg"), Form(concatenated.as_text, concatenated.json_object)
    ),
}

#: Aggregates for which DISTINCT changes nothing.
DISTINCT_IS_NOTHING = frozenset(
    {"min", "max", "bool_and", "bool_or", "every", "bit_and", "bit_or", "any_value"}
)

#: Aggregates whose parts over distinct values add up where equal values are on one server.
ADDED_WHERE_DISTINCT = frozenset({"count", "sum", "avg"})
