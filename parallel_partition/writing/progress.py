"""How far a load is, for people: shown where standard error is a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

#: Seconds between two looks of the bar. It is drawn by whoever loads, so that no thread of its own is needed.
_EVERY = 0.1

#: Takes the number of rows and, where the size is known, how much of it is read.
Show = Callable[[int, int | None], None]


def show_nothing(rows: int, position: int | None) -> None:
    """Where nobody looks."""


@contextmanager
def progress(label: str, size: int | None, wanted: bool | None) -> Iterator[Show]:
    """Show rows, rows per second and, for a known size, a bar.

    Parameters
    ----------
    label : what is loaded
    size : of what is read, in bytes; None where it is not known
    wanted : None shows it where standard error is a terminal
    """
    if not (sys.stderr.isatty() if wanted is None else wanted):
        yield show_nothing
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = [TextColumn("{task.description}"), *([BarColumn()] if size else [])]
    counts = TextColumn("{task.fields[rows]:,} rows, {task.fields[speed]:,.0f}/s")
    bar = Progress(*columns, counts, TimeElapsedColumn(), console=Console(stderr=True), auto_refresh=False)
    began = monotonic()
    drawn = 0.0
    task = bar.add_task(label, total=size, rows=0, speed=0.0)

    def show(rows: int, position: int | None, *, last: bool = False) -> None:
        nonlocal drawn
        now = monotonic()
        if last or now - drawn > _EVERY:
            drawn = now
            bar.update(task, rows=rows, speed=rows / max(now - began, 1e-9), completed=position or 0)
            bar.refresh()

    with bar:
        rows_seen = 0

        def note(rows: int, position: int | None) -> None:
            nonlocal rows_seen
            rows_seen = rows
            show(rows, position)

        yield note
        # A compressed file has an end that nobody reads; to the reader of the bar all of it is done.
        show(rows_seen, size, last=True)
