"""Parts of random statements that no server can answer alone: what looks across keys, or over all rows."""

from __future__ import annotations

from tests.differential.data import EVENTS, ITEMS, LOOKUP, NOTHING, PEOPLE, Table
from tests.differential.expressions import Expressions, Scope, Term
from tests.differential.sources import From, Item, Sources

#: Tables that have ``n`` and ``tag``, more likely ones more often.
_WITH_N = (EVENTS, EVENTS, ITEMS, ITEMS, LOOKUP, NOTHING)
#: Equal values of it look different, so that it is not certain which of them is shown.
_UNCERTAIN = "ratio"


def certain(terms: list[Term]) -> list[Term]:
    """The terms whose equal values are shown alike."""
    return [term for term in terms if term.name != _UNCERTAIN]


# --- windows
# ------------------------------------------------------------------------------------------------------------


def window(make: Expressions, source: From) -> str:
    """A window function over an order in which only the same rows tie."""
    chance = make.chance
    terms = certain(source.terms)
    order = ", ".join(
        f"{term.text}{chance.choice(('', '', ' DESC', ' NULLS FIRST'))}" for term in source.terms
    )
    partition = f"PARTITION BY {chance.choice(terms).text} " if make.one_in(3) else ""
    shown = chance.choice([term.text for term in terms])
    numbers = [term.text for term in terms if term.kind in ("int", "num")] or ["1"]
    function = chance.choice(
        (
            "row_number()",
            "ntile(3)",
            f"lag({shown})",
            f"lead({shown}, 2)",
            f"first_value({shown})",
            f"last_value({shown})",
            f"nth_value({shown}, 2)",
            "cume_dist()",
            "percent_rank()",
            f"sum({chance.choice(numbers)})",
            f"count({shown})",
            f"max({shown})",
        )
    )
    takes_frame = function.startswith(("first", "last", "nth", "sum", "count", "max"))
    frame = chance.choice(
        (
            "",
            " ROWS BETWEEN 1 PRECEDING AND CURRENT ROW",
            " ROWS UNBOUNDED PRECEDING",
            " ROWS BETWEEN CURRENT ROW AND 2 FOLLOWING EXCLUDE CURRENT ROW",
            " GROUPS BETWEEN 1 PRECEDING AND 1 FOLLOWING",
        )
    )
    return f"{function} OVER ({partition}ORDER BY {order}{frame if takes_frame else ''})"


# --- aggregates
# ---------------------------------------------------------------------------------------------------------


def aggregate(make: Expressions, scope: Scope) -> str:
    """An aggregate that needs all its rows at once."""
    kind = make.chance.choice(("int", "text", "date", "int"))
    value = make.expression(kind, scope, 1)
    number = make.expression("int", scope, 1)
    text = make.chance.choice(
        (
            f"array_agg({value} ORDER BY {value})",
            f"array_agg(DISTINCT {value} ORDER BY {value} DESC NULLS LAST)",
            f"string_agg({value}::text, ',' ORDER BY {value})",
            f"json_agg({value} ORDER BY {value})",
            f"percentile_disc(0.5) WITHIN GROUP (ORDER BY {value})",
            f"percentile_cont(0.25) WITHIN GROUP (ORDER BY {number})",
            f"mode() WITHIN GROUP (ORDER BY {value})",
            f"rank(3) WITHIN GROUP (ORDER BY {number})",
            f"count(DISTINCT {value})",
            f"count(DISTINCT ({value}, {number}))",
            f"sum(DISTINCT {number})",
            f"stddev({number})",
            f"var_pop({number})",
            f"bit_xor({number})",
        )
    )
    return text + (f" FILTER (WHERE {make.condition(scope, 1)})" if make.one_in(5) else "")


def grouping_sets(make: Expressions, groups: list[str]) -> str:
    """A GROUP BY of several sets of groups."""
    listed = ", ".join(groups)
    patterns = [f"ROLLUP ({listed})", f"CUBE ({listed})", f"GROUPING SETS (({listed}), ())"]
    if len(groups) > 1:
        rest = ", ".join(groups[1:])
        patterns += [
            f"GROUPING SETS (({groups[0]}), ({rest}))",
            f"{groups[0]}, ROLLUP ({rest})",
            f"GROUPING SETS (({listed}), ({groups[0]}), ({groups[0]}), ())",
        ]
    return make.chance.choice(patterns)


# --- subqueries
# ---------------------------------------------------------------------------------------------------------


def subquery(make: Expressions, sources: Sources, scope: Scope) -> str:
    """A condition with a subquery that is tied to the row around it by anything, or by nothing."""
    inner, inner_scope = _inner(make, sources, scope, "z")
    extra = make.condition(inner_scope, 1)
    number = make.expression("int", scope, 1)
    tag = make.expression("text", scope, 1)
    deeper = ""
    if make.one_in(4):
        below, scope_below = _inner(make, sources, inner_scope, "zz")
        deeper = f" AND EXISTS (SELECT FROM {below.text} WHERE {make.condition(scope_below, 1)})"
    pattern = make.chance.choice(
        (
            "EXISTS (SELECT FROM {z} WHERE z.n = {n} AND {extra}{deeper})",
            "NOT EXISTS (SELECT * FROM {z} WHERE z.tag = {tag} AND {extra}{deeper})",
            "{n} IN (SELECT z.n FROM {z} WHERE {extra}{deeper})",
            "{n} NOT IN (SELECT z.n FROM {z} WHERE {extra}{deeper})",
            "({n}, {tag}) IN (SELECT z.n, z.tag FROM {z} WHERE {extra})",
            "{n} > ALL (SELECT z.n FROM {z} WHERE {extra})",
            "{n} <= ANY (SELECT z.n + 1 FROM {z} WHERE {extra})",
            "{n} = (SELECT z.n FROM {z} WHERE {extra} ORDER BY z.n NULLS FIRST LIMIT 1)",
            "(SELECT count(*) FROM {z} WHERE {extra}{deeper}) > 2",
            "coalesce((SELECT bool_or({extra}) FROM {z} WHERE z.n = {n}), false)",
            "{n} IN (SELECT z.n FROM {z} WHERE {extra} UNION SELECT l.n FROM lookup l WHERE l.n > {n})",
            "{tag} IN (SELECT z.tag FROM {z} EXCEPT SELECT l.tag FROM lookup l WHERE l.n = {n})",
            "CASE WHEN {n} > 2 THEN {n} IN (SELECT z.n FROM {z} WHERE {extra}) END",
        )
    )
    return pattern.format(z=inner.text, n=number, tag=tag, extra=extra, deeper=deeper)


def scalar(make: Expressions, sources: Sources, scope: Scope) -> str:
    """A subquery that gives one number."""
    inner, inner_scope = _inner(make, sources, scope, "z")
    extra = make.condition(inner_scope, 1)
    what = make.chance.choice(("max(z.n)", "count(*)", "count(DISTINCT z.tag)", "min(z.n)", "sum(z.n)"))
    return f"(SELECT {what} FROM {inner.text} WHERE {extra})::int"


def _inner(make: Expressions, sources: Sources, scope: Scope, name: str) -> tuple[Item, Scope]:
    """A table of a subquery, and the scope of its conditions: its own columns and those around it."""
    inner = sources.table(make.chance.choice(_WITH_N), name)
    return inner, Scope([*inner.columns, *inner.columns, *scope.terms], [inner.columns[0], *scope.keys])


# --- FROM
# ---------------------------------------------------------------------------------------------------------------


def derived(make: Expressions, sources: Sources, name: str) -> Item:
    """A subquery in FROM that needs all rows of its table, or rows of other keys."""
    chance = make.chance
    inner = sources.table(chance.choice(_WITH_N), "d")
    scope = Scope(inner.columns, [inner.columns[0]])
    where = make.condition(scope, 1)
    columns = certain([column for column in inner.columns if column.name in ("n", "tag") or make.one_in(4)])
    listed = ", ".join(column.text for column in columns)
    shown = columns
    match chance.randrange(7):
        case 0:
            body = (
                f"SELECT {listed}, row_number() OVER (ORDER BY {listed}) AS c FROM {inner.text} WHERE {where}"
            )
            shown = [*columns, Term("", "int", "c")]
        case 1:
            word = chance.choice(("UNION", "UNION ALL", "EXCEPT", "EXCEPT ALL", "INTERSECT", "INTERSECT ALL"))
            other = make.condition(scope, 1)
            body = f"SELECT {listed} FROM {inner.text} WHERE {where}"
            body += f" {word} SELECT {listed} FROM {inner.text} WHERE {other}"
        case 2:
            body = (
                f"SELECT {listed}, count(*) AS c FROM {inner.text} WHERE {where} GROUP BY ROLLUP ({listed})"
            )
            shown = [*columns, Term("", "int", "c")]
        case 3:
            body = f"SELECT DISTINCT ON (d.tag) {listed} FROM {inner.text} WHERE {where} ORDER BY d.tag, {listed}"
        case 4:
            body = f"SELECT {listed} FROM {inner.text} WHERE {where} ORDER BY {listed} LIMIT 5 OFFSET 1"
        case 5:
            return _recursive(make, sources, name)
        case _:
            condition = subquery(make, sources, scope)
            body = f"SELECT {listed} FROM {inner.text} WHERE {condition}"
    outside = tuple(Term(f"{name}.{term.name}", term.kind, term.name) for term in shown)
    return Item(f"({body}) AS {name}", name, outside)


def _recursive(make: Expressions, sources: Sources, name: str) -> Item:
    one, other = (sources.table(make.chance.choice(_tables()), alias) for alias in ("d", "x"))
    first = make.condition(Scope(one.columns, [one.columns[0]]), 1)
    step = make.chance.choice(
        ("x.n = w.n + 1", "x.n = w.d", "x.n > w.n AND x.n = 3", "x.n IS NULL AND w.d = 0")
    )
    body = (
        f"WITH RECURSIVE w (n, d) AS (SELECT DISTINCT d.n::int, 0 FROM {one.text} WHERE {first}"
        f" UNION SELECT x.n, w.d + 1 FROM w JOIN {other.text} ON {step} WHERE w.d < 3) SELECT n, d FROM w"
    )
    return Item(f"({body}) AS {name}", name, (Term(f"{name}.n", "int", "n"), Term(f"{name}.d", "int", "d")))


def lateral(make: Expressions, sources: Sources, left: From, name: str) -> Item:
    """LATERAL that is tied to what stands before it by any columns."""
    inner = sources.table(make.chance.choice(_WITH_N), "x")
    scope = Scope([*inner.columns, *left.terms], [inner.columns[0]])
    where = make.condition(scope, 1)
    if make.one_in(2):
        body = f"SELECT max(x.n) AS n, count(*) AS c FROM {inner.text} WHERE {where}"
    else:
        outer = make.expression("int", Scope(left.terms), 1)
        body = f"SELECT x.n, {outer} AS c FROM {inner.text} WHERE {where} ORDER BY x.n, 2 LIMIT 3"
    columns = (Term(f"{name}.n", "int", "n"), Term(f"{name}.c", "int", "c"))
    return Item(f"LATERAL ({body}) AS {name}", name, columns)


def _tables() -> tuple[Table, ...]:
    return tuple(table for table in (*_WITH_N, PEOPLE) if any(column.name == "n" for column in table.columns))
