"""Statements that must say the same as each other, whatever the rows are: no second PostgreSQL is needed to tell.

A condition is true, false or NULL for every row, so the rows of a query are those of the query with it, with its
negation and with ``IS NULL`` of it, together; and as many rows meet it in WHERE as are counted by it elsewhere.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from tests.differential import apart
from tests.differential.expressions import Expressions, Scope
from tests.differential.sources import From, Sources


@dataclass(frozen=True)
class Partitioned:
    """A query, the statements whose rows make it up, and statements of one number each that must all be equal."""

    text: str
    pieces: tuple[str, ...]
    numbers: tuple[str, ...]
    parameters: dict[str, Any]


def partitioned(seed: int, number: int) -> Partitioned:
    """Make the statements with a number.

    Parameters
    ----------
    seed : of the whole run
    number : of these statements, so that they can be made again alone
    """
    chance = random.Random(f"{seed}/{number}/partitioned")
    make = Expressions(chance, share_of_parameters=0.1)
    sources = Sources(make)
    source = sources.any()
    if make.one_in(3):
        item = apart.derived(make, sources, "y")
        source = From(
            f"{source.text} CROSS JOIN {item.text}", (*source.items, item), source.merged, source.stars
        )
    scope = Scope(source.terms, source.keys, lambda scope: apart.subquery(make, sources, scope))
    condition = make.condition(scope, 2)
    first = f"WITH {', '.join(sources.ctes)} " if sources.ctes else ""
    listed = ", ".join(term.text for term in chance.sample(source.terms, min(3, len(source.terms))))
    text = f"{first}SELECT {listed} FROM {source.text}"
    true, false, unknown = (f"({condition})", f"NOT ({condition})", f"({condition}) IS NULL")
    pieces = [f"{text} WHERE {one}" for one in (true, false, unknown)]
    if make.one_in(3):
        arms = " UNION ALL ".join(
            f"SELECT {listed} FROM {source.text} WHERE {one}" for one in (true, false, unknown)
        )
        pieces = [first + arms]
    numbers = (
        f"{first}SELECT count(*) FROM {source.text} WHERE {true}",
        f"{first}SELECT count(*) FILTER (WHERE {true}) FROM {source.text}",
        f"{first}SELECT coalesce(sum(CASE WHEN {true} THEN 1 ELSE 0 END), 0) FROM {source.text}",
        f"{first}SELECT count(*) FROM (SELECT {true} AS met FROM {source.text}) AS r WHERE met",
    )
    return Partitioned(text, tuple(pieces), numbers, make.parameters)
