"""Time two ways of doing the same thing against each other, on a machine that has other things to do.

Both run in turn, so that whatever slows the machine for a while slows both; each pair gives a ratio, and
the pair with the median ratio is the figure. Python's garbage collector runs before each timing and not
during it: when it happens to run depends on what was made before, which is not what is measured.
"""

from __future__ import annotations

import gc
import statistics
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from time import perf_counter
from typing import Any, NamedTuple

Work = Callable[[], object]


class Pair(NamedTuple):
    """Seconds that the library took and seconds that the raw limit took."""

    ours_s: float
    limit_s: float

    @property
    def ratio(self) -> float:
        """How many times the limit the library took."""
        return self.ours_s / self.limit_s


def compare(ours: Work, limit: Work, *, pairs: int, before: Work | None = None) -> Pair:
    """Time two callables in turn.

    Parameters
    ----------
    ours, limit : called ``pairs`` times each, after one call that is not timed
    pairs : how many pairs are timed
    before : called before every call, not timed

    Returns
    -------
    the pair with the median ratio
    """
    timed = []
    for number in range(pairs + 1):
        # Who comes second finds the machine as the other left it: each is second every other time.
        first, second = (ours, limit) if number % 2 else (limit, ours)
        seconds = {work: _time(work, before) for work in (first, second)}
        if number:
            timed.append(Pair(seconds[ours], seconds[limit]))
    return _median(timed)


def compare_each(
    ours: Callable[[Any], object], limit: Callable[[Any], object], items: Sequence[Any], *, rounds: int
) -> Pair:
    """Time two calls that are too short for one timing, on each of ``items`` in turn.

    Returns
    -------
    the round with the median ratio, each of its figures the median over ``items``
    """
    timed = []
    for number in range(rounds + 1):
        seconds: dict[Callable[[Any], object], list[float]] = {ours: [], limit: []}
        with _garbage_collector_off():
            for index, item in enumerate(items):
                for call in (ours, limit) if index % 2 else (limit, ours):
                    start = perf_counter()
                    call(item)
                    seconds[call].append(perf_counter() - start)
        if number:
            timed.append(Pair(statistics.median(seconds[ours]), statistics.median(seconds[limit])))
    return _median(timed)


def _time(work: Work, before: Work | None) -> float:
    if before is not None:
        before()
    with _garbage_collector_off():
        start = perf_counter()
        work()
        return perf_counter() - start


@contextmanager
def _garbage_collector_off() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _median(pairs: list[Pair]) -> Pair:
    return sorted(pairs, key=lambda pair: pair.ratio)[len(pairs) // 2]
