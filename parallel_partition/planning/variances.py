"""Variances and standard deviations from the parts of several servers.

Of integers and numeric, PostgreSQL computes (N * sum(X^2) - sum(X)^2) / (N * N), or N * (N - 1), in numeric: the
three sums are exact, so the same expression over the sums of the servers' sums has the same digits. Its square root
is rounded to the scale of that quotient. Of floats, the sums of squared differences from each server's mean are put
together as PostgreSQL's own parallel workers put theirs; where all are equal, PostgreSQL's own rounding of so many is
computed again, which gives 0 for a few and next to nothing for many.
"""

from __future__ import annotations

from parallel_partition.errors import UnsupportedQuery
from parallel_partition.planning.analysis import call_name
from parallel_partition.planning.partial_columns import (
    BIGINT,
    DOUBLE,
    NUMERIC,
    Asked,
    Partial,
    cast,
    product,
    renamed,
)

#: name: (it is a sample's, it is a square root)
_KINDS = {
    "var_pop": (False, False),
    "var_samp": (True, False),
    "variance": (True, False),
    "stddev_pop": (False, True),
    "stddev_samp": (True, True),
    "stddev": (True, True),
}

NAMES = tuple(_KINDS)

#: smallint and integer: their squares are of type bigint
_SMALL = frozenset({21, 23})
_EXACT = _SMALL | {20, 1700}
_FLOATS = frozenset({700, 701})


def partial(asked: Asked) -> list[Partial]:
    """What each server computes: a count, a sum, and a sum of squares or of squared differences from the mean.

    Raises
    ------
    UnsupportedQuery : the argument is of another type than integers, numeric and floats
    """
    call = asked.call
    argument, type = call["args"][0], asked.described[1].oid
    count = Partial(renamed(call, "count"), *BIGINT)
    if type in _FLOATS:
        value = cast(argument, "float8")
        total = Partial(renamed(call, "sum", [value]), *DOUBLE)
        squares = Partial(renamed(call, "regr_sxx", [value, value]), *DOUBLE)
        ends = [Partial(renamed(call, name, [value]), *DOUBLE) for name in ("min", "max")]
        return [count, total, squares, *ends]
    if type not in _EXACT:
        name = call_name(call)[1]
        raise UnsupportedQuery(
            f"{name} of type {asked.described[1].type}: it is not known how its parts are put together"
        )
    value = cast(argument, "int8" if type in _SMALL else "numeric")
    squares = Partial(renamed(call, "sum", [product(value, value)]), *NUMERIC)
    return [count, Partial(renamed(call, "sum", [value]), *NUMERIC), squares]


def final(asked: Asked, columns: list[str]) -> str:
    """The SQL that puts the parts together."""
    sample, root = _KINDS[call_name(asked.call)[1]]
    if asked.described[1].oid in _FLOATS:
        name = "sqrt" if root else ""
        equal = _OF_EQUAL.format(name=call_name(asked.call)[1], count=columns[0], value=columns[3])
        return (
            f"CASE WHEN min({columns[3]}) = max({columns[4]}) THEN {equal}"
            f" WHEN sum({columns[0]}) > {1 if sample else 0} THEN {name}({_of_floats(columns, sample)}) END"
        )
    variance = _exact_variance(columns, sample)
    return _ROOT.format(variance=variance) if root else f"CAST({variance} AS numeric)"


#: sqrt() rounds to as many digits as it likes, and a second rounding may turn a half up that was less than a half.
_ROOT = """(SELECT CASE
    WHEN "v"."q" = 'NaN' OR "v"."q" = 0 THEN "v"."q"
    WHEN "r"."root" > 0 AND ("r"."root" - "h"."half") * ("r"."root" - "h"."half") > "v"."q"
    THEN round("r"."root" - 2 * "h"."half", scale("v"."q"))
    ELSE "r"."root" END
    FROM (SELECT {variance}) AS "v"("q"),
    LATERAL (SELECT round(sqrt("v"."q"), scale("v"."q"))) AS "r"("root"),
    LATERAL (SELECT CAST('5e-' || CAST(scale("v"."q") + 1 AS text) AS numeric)) AS "h"("half"))"""


def _exact_variance(columns: list[str], sample: bool) -> str:
    """The quotient. Past a scale of 8,191 squares are rounded: then it fails, as where they are too large."""
    count, total, squares = (f"sum({column})" for column in columns)
    numerator = f"{count} * {squares} - {total} * {total}"
    divisor = f"{count} * ({count} - 1)" if sample else f"{count} * {count}"
    return (
        f"CASE WHEN scale({total}) > 8191 THEN power(CAST(10 AS numeric), 16 * scale({total}))"
        f" WHEN {count} > {1 if sample else 0} THEN CASE WHEN {numerator} <= 0 THEN CAST(0 AS numeric)"
        f" ELSE ({numerator}) / ({divisor}) END END"
    )


_OF_EQUAL = """(SELECT {name}("v"."value")
    FROM (SELECT min({value}), sum({count})) AS "v"("value", "count"), generate_series(1, "v"."count"))"""


def _of_floats(columns: list[str], sample: bool) -> str:
    """Each server's squared differences are from its own mean; those of the means come in addition."""
    count, total, squares = columns[:3]
    mean = f"sum({total}) / CAST(sum({count}) AS double precision)"
    one = '("s"."total" / "s"."count" - ' + mean + ")"
    divisor = f"(sum({count}) - 1)" if sample else f"sum({count})"
    return (
        f'(SELECT sum("s"."squares" + "s"."count" * {one} * {one})'  # noqa: S608 - quoted
        f" FROM unnest(array_agg({count}), array_agg({total}), array_agg({squares}))"
        f' AS "s"("count", "total", "squares") WHERE "s"."count" > 0) / CAST({divisor} AS double precision)'
    )
