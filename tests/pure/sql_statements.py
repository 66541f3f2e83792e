"""The statements of statements.sql, one by one."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import parallel_partition.execution  # noqa: F401 - the file is longer than what is read on any stack
from parallel_partition.planning.parse import parse


@cache
def statements() -> tuple[str, ...]:
    """Return the text of each statement, in the file's order."""
    parsed = parse(Path(__file__).with_name("statements.sql").read_text(encoding="utf-8"))
    return tuple(parsed.data[start:end].decode().strip() for start, end in parsed.extents)
