"""How a statement would be answered: told, not run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Explanation:
    """What ``cursor.explain`` returns; ``str()`` of it is for people.

    ``strategy`` is "one server", "whole", "split", "local" or "every server"; ``reason`` says why; ``partitions`` reads
    "2 of 32"; ``servers`` maps each server that is asked to its SQL; ``merge`` is what the merge session computes over
    their rows, None where it has nothing to do.
    """

    strategy: str
    reason: str
    partitions: str
    servers: Mapping[str, str] = field(default_factory=dict)
    merge: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """The same as plain values."""
        return {
            "strategy": self.strategy,
            "reason": self.reason,
            "partitions": self.partitions,
            "servers": dict(self.servers),
            "merge": self.merge,
        }

    def __str__(self) -> str:
        lines = [
            f"strategy    {self.strategy}",
            f"reason      {self.reason}",
            f"partitions  {self.partitions}",
        ]
        by_text: dict[str, list[str]] = {}
        for server, text in self.servers.items():
            by_text.setdefault(text, []).append(server)
        for text, servers in by_text.items():
            lines += [", ".join(servers), *_indented(text)]
        if self.merge is not None:
            lines += ["merge session", *_indented(self.merge)]
        return "\n".join(lines)


def _indented(text: str) -> list[str]:
    return [f"    {line}" for line in text.strip().splitlines()]
