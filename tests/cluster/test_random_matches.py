"""Random statements that match tables off their keys, on clusters and on one plain PostgreSQL: the same answers.

A tenth as many as ``--statements`` says; a difference names the number that `tests.differential.matches.match` makes
the statement from again.
"""

from __future__ import annotations

from itertools import cycle

import pytest

from tests.differential.compare import REFUSED, answer, difference
from tests.differential.matches import match
from tests.differential.queries import has_any_scale
from tests.fix_differential import SERVERS, Pair, named

BATCH = 50

#: A statement that multiplies rows too often is of no use.
TIMEOUT = "SET statement_timeout = '5s'"
#: Cancelled for its time.
CANCELLED = "57014"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test for each batch of numbers, in turns over clusters of several sizes."""
    count: int = metafunc.config.getoption("--statements") // 10
    ranges = [range(start, min(start + BATCH, count)) for start in range(0, count, BATCH)]
    batches = list(zip(cycle(SERVERS[1:]), ranges))
    ids = [f"{named(servers)}-{batch}" for servers, batch in batches]
    metafunc.parametrize(("servers", "numbers"), batches, indirect=["servers"], ids=ids, scope="module")


def test_matches_are_the_same(pair: Pair, numbers: range, pytestconfig: pytest.Config) -> None:
    seed: int = pytestconfig.getoption("--statement-seed")
    for connection in pair:
        connection.execute(TIMEOUT)
    wrong, refused, reduced = [], 0, 0
    for number in numbers:
        made = match(seed, number)
        found = answer(pair.over.cursor(), made.text)
        expected = answer(pair.plain.cursor(), made.text)
        refused += found.error == REFUSED
        if found.error == REFUSED or CANCELLED in (found.error, expected.error):
            continue
        different = difference(expected, found, any_scale=has_any_scale(made.text))
        if different is not None:
            wrong.append(f"match({seed}, {number}): {made.text}\n{different}")
        elif found.error is None:
            tables = pair.over.cursor().explain(made.text).tables
            reduced += any(table.reduced_by or " IN (SELECT " in table.filter for table in tables)
    assert not wrong, "\n\n".join(wrong)
    assert refused <= 0.05 * len(numbers), "hardly anything was answered"
    assert reduced > 0.3 * len(numbers), "hardly anything was reduced"
