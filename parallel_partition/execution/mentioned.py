"""Which tables of a cluster a statement may be about, told by its text alone."""

from __future__ import annotations

import re
from collections.abc import Iterable

from parallel_partition.catalog.identifiers import quoted
from parallel_partition.catalog.tables import Schema, Table


def full_name(table: Table) -> str:
    """A table's name, quoted and qualified."""
    return f"{quoted(table.schema)}.{quoted(table.name)}"


def mentioned(text: bytes | None, tables: Iterable[Table], schema: Schema) -> list[Table]:
    """The tables that a statement may be about: those whose name its text holds.

    It may be about all of them where it is not known, names a view, or holds names that are written with escapes.
    """
    lower = (text or b"").decode("utf-8", "replace").lower()
    if text is None or 'u&"' in lower or any(_holds(lower, name) for _, name in schema.views):
        return list(tables)
    return [table for table in tables if _holds(lower, table.name)]


def _holds(lower: str, name: str) -> bool:
    written = re.escape(name.lower().replace('"', '""'))
    return re.search(rf"(?<![\w$]){written}(?![\w$])", lower) is not None
