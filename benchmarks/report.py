"""Figures for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.measure import Pair


@dataclass(frozen=True, slots=True)
class Figure:
    """One measurement: ``ratio`` is ``ours_s / limit_s``, and ``goal`` the most that it should be."""

    workload: str
    what: str
    ours_s: float
    limit_s: float
    ratio: float
    goal: float
    met: bool
    rows: int
    servers: int

    @classmethod
    def of(cls, workload: str, what: str, pair: Pair, *, goal: float, rows: int, servers: int) -> Figure:
        """Make the figure of a measured pair."""
        met = pair.ratio <= goal
        return cls(workload, what, pair.ours_s, pair.limit_s, pair.ratio, goal, met, rows, servers)


def show(figures: Sequence[Figure], console: Console) -> None:
    """Print a table."""
    table = Table("workload", "", box=None, pad_edge=False, header_style="bold")
    for heading in ("rows", "ours", "limit", "ratio", "goal", "met"):
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
            "yes" if figure.met else "no",
        )
    console.print(table)


def write(figures: Sequence[Figure], file: Path) -> None:
    """Write a JSON list with an object per figure."""
    file.write_text(json.dumps([asdict(figure) for figure in figures], indent=2) + "\n")


def _seconds(seconds: float) -> str:
    if seconds < 0.001:
        return f"{seconds * 1e6:.0f} µs"
    return f"{seconds * 1e3:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"
