"""Statements with what is expected of them, read from text files.

A file holds statements that end in ``;`` at the end of a line. Comment lines before a statement say more of it::

    -- with: (5, "a")          the parameters, in Python; several such lines: run once with each
    -- refused: GROUP BY       over several servers it is refused, and the message has these words
    -- also by one server      over one server too
    -- any answer              PostgreSQL itself does not answer it the same twice: only names and types are compared
    -- ties                    rows that compare equal in ORDER BY may come in any order
    -- any rows                LIMIT without ORDER BY: as many rows, each one that there is without LIMIT
    -- fails: 22012            PostgreSQL refuses it with this SQLSTATE, and so must the cluster
    -- since: 17               before this version PostgreSQL refuses it, and so must the cluster
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

_DIRECTIVE = re.compile(r"-- (with|refused|also by one server|any answer|ties|any rows|fails|since):? ?(.*)")
#: What parameters may be made of.
_KINDS = (date, datetime, timedelta, float, Decimal, Jsonb, UUID)
_VALUES = {**{kind.__name__: kind for kind in _KINDS}, "UTC": UTC}


@dataclass(frozen=True)
class Case:
    """One statement with one set of parameters."""

    file: str
    line: int
    text: str
    parameters: Any = None
    refused: str | None = None
    refused_by_one: bool = False
    fails: str | None = None
    since: int = 0
    ties: bool = False
    any_rows: bool = False
    any_answer: bool = False

    @property
    def ordered(self) -> bool:
        """Whether the order of rows is part of the answer."""
        return not self.ties and "ORDER BY" in _outermost(self.text)

    def over(self, servers: int) -> Case:
        """What is expected over so many servers."""
        return replace(self, refused=None) if servers == 1 and not self.refused_by_one else self

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


def _outermost(text: str) -> str:
    """A statement without what is in parentheses."""
    kept, depth = [], 0
    for character in text:
        depth += character == "("
        if depth == 0:
            kept.append(character)
        depth -= character == ")"
    return "".join(kept)


def read_cases(path: Path) -> Iterator[Case]:
    """The cases of a file, in order."""
    lines: list[str] = []
    said: list[tuple[str, str]] = []
    start = 0
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        directive = _DIRECTIVE.fullmatch(line)
        if directive and not lines:
            said.append((directive[1], directive[2]))
        elif line.strip() and not (line.startswith("--") and not lines):
            start = start if lines else number
            lines.append(line)
            if line.rstrip().endswith(";"):
                text = "\n".join(lines).rstrip().removesuffix(";")
                yield from _cases(path.name, start, text, said)
                lines, said = [], []


def _cases(file: str, line: int, text: str, said: list[tuple[str, str]]) -> Iterator[Case]:
    words = dict(said)
    for parameters in [value for name, value in said if name == "with"] or ["None"]:
        yield Case(
            file,
            line,
            text,
            eval(parameters, {**_VALUES}),
            refused=words.get("refused"),
            refused_by_one="also by one server" in words,
            fails=words.get("fails"),
            since=int(words.get("since", 0)),
            ties="ties" in words,
            any_rows="any rows" in words,
            any_answer="any answer" in words,
        )
