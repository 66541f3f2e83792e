"""Hand-written statements in whose shapes routers are wrong, on clusters and on one plain PostgreSQL.

Refusing is allowed here, being wrong is not; which of them are answered is pinned elsewhere.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

import tests.differential
from tests.cluster.differential_cases import Case, read_cases
from tests.differential.compare import REFUSED, answer, difference
from tests.fix_differential import Pair, over_servers

CASES = list(read_cases(Path(tests.differential.__file__).parent / "shapes.sql"))

pytestmark = [pytest.mark.both_versions, over_servers]


@pytest.fixture(scope="module")
def answered(servers: int) -> Counter[bool]:
    """How many statements were answered, and how many refused."""
    return Counter()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_same_answer_or_refused(case: Case, shapes: Pair, answered: Counter[bool]) -> None:
    binary = case.line % 7 == 0
    found = answer(shapes.over.cursor(), case.text, case.parameters, binary=binary)
    answered[found.error != REFUSED] += 1
    if found.error != REFUSED:
        expected = answer(shapes.plain.cursor(), case.text, case.parameters, binary=binary)
        assert difference(expected, found, ordered=case.ordered) is None


def test_most_are_answered(shapes: Pair, answered: Counter[bool]) -> None:
    assert answered[True] > 2 * answered[False] or not answered.total()
