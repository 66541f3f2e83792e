"""LIMIT and OFFSET over the rows of several servers."""

from __future__ import annotations


def window(rows: int, limit: int | None, offset: int | None) -> tuple[int, int]:
    """The half-open range of merged rows that LIMIT and OFFSET leave of ``rows``; None stands for no clause."""
    start = min(offset or 0, rows)
    stop = rows if limit is None else min(start + limit, rows)
    return start, stop
