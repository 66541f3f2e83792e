"""Random statements on clusters and on one plain PostgreSQL: whatever is not refused has the same answer.

The batches of statements go in turns to clusters of one, two and four servers.
``--statements 20000`` runs more of them, ``--statement-seed 7`` others. A difference names the number that
`tests.differential.queries.query` makes the statement from again.
"""

from __future__ import annotations

from itertools import cycle

import pytest

from tests.differential.compare import REFUSED, answer, compare, difference, same_rows
from tests.differential.data import TABLES
from tests.differential.oracles import partitioned
from tests.differential.queries import query
from tests.differential.writes import write
from tests.fix_differential import SERVERS, Pair, named

#: Statements per test: a failure comes before all of them have run.
BATCH = 50

pytestmark = pytest.mark.both_versions


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test for each batch of numbers."""
    count: int = metafunc.config.getoption("--statements")
    for name, number in {
        "query_numbers": count,
        "write_numbers": count // 10,
        "oracle_numbers": count // 20,
    }.items():
        if name in metafunc.fixturenames:
            batches = list(zip(cycle(SERVERS), _batches(number)))
            ids = [f"{named(servers)}-{batch}" for servers, batch in batches]
            metafunc.parametrize(("servers", name), batches, indirect=["servers"], ids=ids, scope="module")


def _batches(count: int) -> list[range]:
    return [range(start, min(start + BATCH, count)) for start in range(0, count, BATCH)]


@pytest.fixture
def seed(pytestconfig: pytest.Config) -> int:
    """What all random statements of a run are made from."""
    number: int = pytestconfig.getoption("--statement-seed")
    return number


def test_queries_have_the_same_answer(pair: Pair, query_numbers: range, seed: int) -> None:
    wrong, refused = [], 0
    for number in query_numbers:
        made = query(seed, number)
        found = compare(made, pair.plain.cursor(), pair.over.cursor())
        if found == REFUSED:
            refused += 1
        elif found is not None:
            wrong.append(f"query({seed}, {number}): {made.text}\n{made.parameters}\n{found}")
    assert not wrong, "\n\n".join(wrong)
    assert refused <= 0.1 * len(query_numbers), "hardly anything was answered"


def test_conditions_part_a_query_in_three(pair: Pair, oracle_numbers: range, seed: int) -> None:
    """What a condition is true, false and NULL for makes up all rows, and WHERE meets as many as are counted."""
    answered = 0
    for number in oracle_numbers:
        made = partitioned(seed, number)
        texts = (made.text, *made.pieces, *made.numbers)
        whole, *others = [answer(pair.over.cursor(), text, made.parameters) for text in texts]
        if any(one.error for one in (whole, *others)):
            continue
        answered += 1
        shown = f"partitioned({seed}, {number}): {made}"
        pieces, numbers = others[: len(made.pieces)], others[len(made.pieces) :]
        assert same_rows(whole.rows, [row for piece in pieces for row in piece.rows]), shown
        assert len({int(one.rows[0][0]) for one in numbers}) == 1, shown
    assert answered > 0.8 * len(oracle_numbers), "hardly anything was answered"


def test_writes_change_the_same(pair: Pair, write_numbers: range, seed: int) -> None:
    """Each write changes and returns the same, and leaves the same rows; then it is rolled back."""
    plain, over = pair
    refused = 0
    for number in write_numbers:
        made = write(seed, number)
        shown = f"write({seed}, {number}): {made.text}\n{made.parameters}"
        plain.execute("BEGIN")
        over.execute("BEGIN")
        try:
            found = answer(over.cursor(), made.text, made.parameters)
            if found.error == REFUSED:
                refused += 1
                continue
            expected = answer(plain.cursor(), made.text, made.parameters)
            assert difference(expected, found) is None, f"{shown}\n{difference(expected, found)}"
            if found.error is None:
                assert not tables_that_differ(pair), shown
        finally:
            plain.execute("ROLLBACK")
            over.execute("ROLLBACK")
    assert refused < 0.2 * len(write_numbers), "hardly anything was written"


def tables_that_differ(pair: Pair) -> list[str]:
    """The tables whose rows are not the same in both."""
    statements = {table.name: f"SELECT * FROM {table.name}" for table in TABLES}
    rows = {name: [answer(one.cursor(), text).rows for one in pair] for name, text in statements.items()}
    return [name for name, (expected, found) in rows.items() if not same_rows(expected, found)]
