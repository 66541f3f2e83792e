"""Which rows of several sorted runs may be handed out while more of them are still to come."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parallel_partition.combining.merge_runs import NotSorted, settled


def _order(runs: list[list[int]]) -> list[int]:
    rows = [value for run in runs for value in run]
    return sorted(range(len(rows)), key=rows.__getitem__)


def test_the_last_row_of_a_run_that_goes_on_is_held_back() -> None:
    runs = [[1, 4, 9], [2, 3, 5]]
    assert settled(_order(runs), [3, 3], [False, False]) == [0, 3, 4, 1]
    assert settled(_order(runs), [3, 3], [True, False]) == [0, 3, 4, 1]
    assert settled(_order(runs), [3, 3], [False, True]) == [0, 3, 4, 1, 5]
    assert settled(_order(runs), [3, 3], [True, True]) == [0, 3, 4, 1, 5, 2]


def test_a_run_that_is_sorted_otherwise_is_found_out() -> None:
    with pytest.raises(NotSorted) as caught:
        settled(_order([[1, 2], [3, 2]]), [2, 2], [True, True])
    assert caught.value.run == 1


RUNS = st.lists(st.lists(st.integers(0, 9), max_size=12).map(sorted), min_size=1, max_size=4)


@given(runs=RUNS, page=st.integers(2, 4))
def test_merging_page_by_page_is_merging_all(runs: list[list[int]], page: int) -> None:
    """Each run is known page by page; what is settled is taken off, and the rest goes on."""
    given_, known = [0] * len(runs), [0] * len(runs)
    merged: list[int] = []
    for _ in range(200):
        for place, run in enumerate(runs):
            if known[place] - given_[place] < 2:
                known[place] = min(known[place] + page, len(run))
        parts = [run[given_[place] : known[place]] for place, run in enumerate(runs)]
        rows = [(value, place) for place, part in enumerate(parts) for value in part]
        ended = [known[place] == len(run) for place, run in enumerate(runs)]
        taken = settled(_order(parts), list(map(len, parts)), ended)
        merged += [rows[row][0] for row in taken]
        for row in taken:
            given_[rows[row][1]] += 1
        if len(merged) == sum(map(len, runs)):
            break
    assert merged == sorted(value for run in runs for value in run)
