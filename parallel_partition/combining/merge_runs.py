"""How far several sorted runs can be merged before the rest of one of them must be known."""

from __future__ import annotations

from collections.abc import Sequence


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
    run_of = [run for run, length in enumerate(lengths) for _ in range(length)]
    expected = [sum(lengths[:run]) for run in range(len(lengths))]
    ends = [start + length - (not end) for start, length, end in zip(expected, lengths, ended, strict=True)]
    for count, place in enumerate(order):
        run = run_of[place]
        if place != expected[run]:
            raise NotSorted(run)
        if place == ends[run]:
            return list(order[:count])
        expected[run] = place + 1
    return list(order)
