"""How refusals read: the clause, the reason, what to do instead."""

from __future__ import annotations

from parallel_partition.errors import UnsupportedQuery


def refuse(clause: str, reason: str, advice: str = "") -> UnsupportedQuery:
    """The error for a statement that is refused.

    Parameters
    ----------
    clause : the part of the statement that is refused, as its author wrote it
    reason : why
    advice : what to do instead
    """
    return UnsupportedQuery(f"{clause}: {reason}" + (f"; {advice}" if advice else ""))
