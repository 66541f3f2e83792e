"""SQL by name: ``postgres/sql/*.sql`` hold statements, each under a ``-- name: x`` line and a comment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType

_NAME = re.compile(r"^-- name: (\w+)[ \t]*\n", re.MULTILINE)


@cache
def load(file: str) -> Mapping[str, str]:
    """The statements of ``postgres/sql/<file>.sql`` by name, without their leading comments.

    Raises
    ------
    ValueError : two statements of one name, or text before the first name
    """
    text = files(__package__).joinpath("sql", f"{file}.sql").read_text("utf-8")
    before, *named = _NAME.split(text)
    if any(line.strip() and not line.startswith("--") for line in before.splitlines()):
        raise ValueError(f"{file}.sql: there is text before the first `-- name:` line")
    statements: dict[str, str] = {}
    for name, body in zip(named[::2], named[1::2], strict=True):
        if name in statements:
            raise ValueError(f"{file}.sql: two statements are named {name}")
        statements[name] = _without_leading_comments(body)
    return MappingProxyType(statements)


def _without_leading_comments(body: str) -> str:
    lines = body.strip().splitlines()
    while lines and lines[0].startswith("--"):
        del lines[0]
    return "\n".join(lines).strip().removesuffix(";")
