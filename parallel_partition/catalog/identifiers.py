"""Names as SQL takes them."""

from __future__ import annotations


def quoted(name: str) -> str:
    """A name as a quoted identifier, whether it needs the quotes or not: always right, without a list of keywords."""
    return '"' + name.replace('"', '""') + '"'
