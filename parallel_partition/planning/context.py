"""A SELECT over sharded tables on its way through the strategies."""

from __future__ import annotations

from dataclasses import dataclass

from parallel_partition.catalog.tables import Schema
from parallel_partition.planning.analysis import Nodes
from parallel_partition.planning.conditions import Condition
from parallel_partition.planning.hide_part import Edit
from parallel_partition.planning.parse import ParsedText
from parallel_partition.planning.scope import Level


@dataclass(frozen=True)
class Query:
    """What every strategy looks at.

    ``hidden`` are the edits of the text that hide ``part``; ``text`` is the text with them.
    """

    parsed: ParsedText
    nodes: Nodes
    root: Level
    schema: Schema
    search_path: tuple[str, ...]
    parameter_oids: tuple[int, ...]
    condition: Condition
    hidden: list[Edit]
    text: str
