"""How far several sorted runs can be merged before the rest of one of them must be known."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from operator import lt


class NotSorted(Exception):
    """A run is not sorted as the others are; ``run`` is its place."""

    def __init__(self, run: int) -> None:
        super().__init__(run)
        self.run = run


def settled(order: Sequence[int], lengths: Sequence[int], ended: Sequence[bool]) -> list[int]:
    """The first rows of ``order`` that no row still to come can precede.

    The last row known of a run that goes on is held back: the rows that come are then sorted together with it, so a
    run that is sorted otherwise than ``order`` is found out.

    Parameters
    ----------
    order : the rows of all runs sorted, each by its place in their concatenation
    lengths : how many rows of each run are known
    ended : whether these are all that are left of it

    Raises
    ------
    NotSorted : ``order`` has two rows of a run the other way round
    """
    place_of = [0] * len(order)
    for place, row in enumerate(order):
        place_of[row] = place
    cut = len(order)
    start = 0
    for run, (length, end) in enumerate(zip(lengths, ended, strict=True)):
        # One loop over the rows of all runs that looked each up took half as long again.
        places = place_of[start : start + length]
        if not all(map(lt, places, islice(places, 1, None))):
            raise NotSorted(run)
        if not end:
            cut = min(cut, places[-1] if places else 0)
        start += length
    return list(order[:cut])
