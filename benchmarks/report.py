"""Figures for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.measure import Pair


@dataclass(frozen=True, slots=True)
class Figure:
    """One measurement: ``ratio`` is ``ours_s / limit_s``, and ``goal`` the most that it should be.

    ``peak_mib`` is the most memory that our process held, where that was measured, and ``peak_goal_mib`` its goal.
    """

    workload: str
    what: str
    ours_s: float
    limit_s: float
    ratio: float
    goal: float
    met: bool
    rows: int
    servers: int
    peak_mib: float | None = None
    peak_goal_mib: float | None = None

    @classmethod
    def of(cls, workload: str, what: str, pair: Pair, *, goal: float, rows: int, servers: int) -> Figure:
        """Make the figure of a measured pair."""
        met = pair.ratio <= goal
        return cls(workload, what, pair.ours_s, pair.limit_s, pair.ratio, goal, met, rows, servers)

    def with_peak(self, mib: float, *, goal: float) -> Figure:
        """The same with the memory that it took; its goal is to be met too."""
        return replace(self, peak_mib=mib, peak_goal_mib=goal, met=self.met and mib <= goal)


def show(figures: Sequence[Figure], console: Console) -> None:
    """Print a table."""
    table = Table("workload", "", box=None, pad_edge=False, header_style="bold")
    peaks = any(figure.peak_mib is not None for figure in figures)
    for heading in ("rows", "ours", "limit", "ratio", "goal", *["memory"] * peaks, "met"):
        table.add_column(heading, justify="right")
    for figure in figures:
        table.add_row(
            figure.workload,
            figure.what,
            f"{figure.rows:,}",
            _seconds(figure.ours_s),
            _seconds(figure.limit_s),
            f"{figure.ratio:.2f}",
            f"{figure.goal:.2f}",
            *[_memory(figure)] * peaks,
            "yes" if figure.met else "no",
        )
    console.print(table)


def write(figures: Sequence[Figure], file: Path) -> None:
    """Write a JSON list with an object per figure."""
    file.write_text(json.dumps([asdict(figure) for figure in figures], indent=2) + "\n")


def _memory(figure: Figure) -> str:
    if figure.peak_mib is None:
        return ""
    return f"{figure.peak_mib:.0f}/{figure.peak_goal_mib:.0f} MiB"


def _seconds(seconds: float) -> str:
    if seconds < 0.001:
        return f"{seconds * 1e6:.0f} µs"
    return f"{seconds * 1e3:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"
