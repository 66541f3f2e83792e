"""Where keys come from in a statement, and in which partitions the rows can be that have them."""

from __future__ import annotations

from dataclasses import dataclass

# --- where keys come from ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A key value that the statement itself states, as PostgreSQL's canonical text; None for NULL."""

    text: str | None


@dataclass(frozen=True, slots=True)
class ParameterKey:
    """A key value given by ``$number``; ``type`` is the key's type as `catalog.key_text` names it.

    ``modifiers`` are those of a column that the value is stored in (the length of varchar, precision and scale of
    numeric): a value that PostgreSQL would cut or round to fit is no proven key.
    """

    number: int
    type: str
    modifiers: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ArrayKey:
    """Key values given by the elements of the array ``$number`` (``key = ANY(%s)``); single-column keys only."""

    number: int
    type: str


@dataclass(frozen=True, slots=True)
class DrawnKey:
    """A key value of an INSERT that is drawn from a sequence: that of ``drawn[place]`` of its plan."""

    place: int


KeySource = KnownKey | ParameterKey | ArrayKey | DrawnKey
#: One source per key column, in the key's order.
KeyRow = tuple[KeySource, ...]


# --- which partitions ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class EveryPartition:
    """Nothing is known of the key: any partition may hold matching rows."""


@dataclass(frozen=True, slots=True)
class OfKeys:
    """The partitions of these keys. No keys: no partition (a contradiction)."""

    keys: tuple[KeyRow, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """The union of several conditions."""

    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Both:
    """The intersection of several conditions."""

    conditions: tuple[Condition, ...]


Condition = EveryPartition | OfKeys | Either | Both
