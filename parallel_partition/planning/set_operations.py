"""What is in a set operation: its arms, and where they have their keys.

UNION ALL over several servers is the rows of all of them. The other operations compare rows, and need equal ones on one
server: they are there when all arms have a key in the same output columns, as types that are hashed alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import product

from parallel_partition.planning.scope import Column, Level
from parallel_partition.planning.terms import family

#: The output columns that a key is in, and the key types there.
Places = tuple[tuple[int, str | None], ...]


def arms_of(level: Level) -> Iterator[Level]:
    """The SELECTs and VALUES of a set operation, from left to right."""
    for arm in level.arms:
        if arm.kind == "set operation":
            yield from arms_of(arm)
        else:
            yield arm


def keeps_duplicates(level: Level) -> bool:
    """Tell whether a set operation is UNION ALL throughout."""
    union = level.node["op"] == "SETOP_UNION" and bool(level.node.get("all"))
    return union and all(arm.kind != "set operation" or keeps_duplicates(arm) for arm in level.arms)


def key_places(
    arm: Level, keys: Sequence[tuple[Column, ...]], same: Callable[[Column, Column], bool]
) -> set[Places]:
    """Where an arm has its keys.

    Parameters
    ----------
    keys : of the arm's rows: equal values of any are on one server
    same : tells whether two columns are equal in every row of the arm
    """
    columns = [output.column for output in arm.outputs or ()]
    found: set[Places] = set()
    for key in filter(None, keys):
        choices = [
            [
                (place, family(part))
                for place, column in enumerate(columns)
                if column is not None and same(column, part)
            ]
            for part in key
        ]
        found.update(product(*choices))
    return found
