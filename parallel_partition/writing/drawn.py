"""The values of columns that rows leave out, where each row must get one before it is known where it goes."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from parallel_partition.catalog.tables import Column

#: Values fetched ahead at most. Fewer would cost a writer of single rows a round trip each; what is not used
#: is lost.
BLOCK_MAX = 1000

_CONSTANT = re.compile(
    r"""(?:'(?:[^']|'')*'|-?\d+(?:\.\d+)?|\(-\d+(?:\.\d+)?\)|true|false|NULL)  # a literal ...
        (?:::[\w "]+(?:\(\d+(?:,\d+)?\))?(?:\[\])*)?""",  # ... of a type
    re.VERBOSE,
)


def is_drawn(column: Column) -> bool:
    """True for a column that, when left out, cannot be left to each server's own default.

    A sequence is the catalog's alone; a default that is no constant (``now()``, ``gen_random_uuid()``) would
    differ between servers, where one PostgreSQL has one time for all rows and a reference table must be the
    same everywhere.
    """
    if column.sequence is not None:
        return True
    return column.default is not None and not _CONSTANT.fullmatch(column.default)


class Drawn:
    """Draws values in blocks that grow with use.

    Parameters
    ----------
    columns : the columns to draw for
    draw : gives so many rows of their values
    """

    def __init__(
        self, columns: Sequence[Column], draw: Callable[[Sequence[Column], int], list[tuple[str | None, ...]]]
    ) -> None:
        self._columns = tuple(columns)
        self._draw = draw
        self._left: list[tuple[str | None, ...]] = []
        self._block = 1

    def take(self, count: int) -> list[list[str | None]]:
        """The next values, by column."""
        missing = count - len(self._left)
        if missing > 0:
            self._left += self._draw(self._columns, max(missing, self._block))
            self._block = min(10 * self._block, BLOCK_MAX)
        rows, self._left = self._left[:count], self._left[count:]
        return [list(values) for values in zip(*rows, strict=True)]
