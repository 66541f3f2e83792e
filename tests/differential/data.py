"""The tables that random statements are about, and their rows.

Two colocated sharded tables without a primary key, whose keys repeat, are negative or NULL; one sharded by a text
key; one sharded and empty, with names that need quotes; a reference table. Some partitions, and with them whole
servers, have no rows. Floating-point numbers are multiples of 1/4, so that sums of them are exact in any order;
``ratio`` holds equal numerics of differing scales.
"""

from __future__ import annotations

import datetime
import random
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

#: What expressions are made of: the types of PostgreSQL that behave alike, by one word.
KINDS: Mapping[str, str] = {
    "bigint": "int",
    "int": "int",
    "smallint": "int",
    "numeric": "num",
    "text": "text",
    "varchar": "text",
    "date": "date",
    "double": "float",
    "real": "float",
    "boolean": "bool",
}


@dataclass(frozen=True)
class Column:
    """A column as it is declared; ``name`` is as it stands in SQL, with the quotes that it needs."""

    name: str
    type: str

    @property
    def kind(self) -> str:
        """The word of `KINDS` for its type."""
        return KINDS[self.type.partition("(")[0].partition(" ")[0]]


@dataclass(frozen=True)
class Table:
    """A table as it is declared; ``key`` is None for a reference table."""

    name: str
    key: str | None
    columns: tuple[Column, ...]
    primary_key: str | None = None

    @property
    def statement(self) -> str:
        """CREATE TABLE."""
        listed = [f"{column.name} {column.type}" for column in self.columns]
        if self.primary_key:
            listed.append(f"PRIMARY KEY ({self.primary_key})")
        return f"CREATE TABLE {self.name} ({', '.join(listed)})"


def _columns(**types: str) -> tuple[Column, ...]:
    return tuple(Column(name, type) for name, type in types.items())


EVENTS = Table(
    "events",
    "k",
    _columns(
        k="bigint",
        n="int",
        name="text",
        tag='text COLLATE "C"',
        amount="numeric(10,2)",
        ratio="numeric",
        day="date",
        f="double precision",
        ok="boolean",
    ),
)
ITEMS = Table(
    "items",
    "k",
    (
        *_columns(
            k="int",
            n="smallint",
            label="text",
            tag='varchar(9) COLLATE "C"',
            price="numeric(8,3)",
            day="date",
        ),
        Column('"Größe"', "double precision"),
        Column('"order"', "int"),
    ),
)
PEOPLE = Table(
    "people",
    "name",
    _columns(
        name="text",
        k="bigint",
        score="numeric(6,1)",
        born="date",
        tag='text COLLATE "C"',
        active="boolean",
        r="real",
    ),
    primary_key="name",
)
NOTHING = Table(
    '"Empty Things"',
    "k",
    (*_columns(k="bigint", n="int"), Column('"Sum"', "numeric(10,2)"), Column("tag", "text")),
    primary_key="k, n",
)
LOOKUP = Table(
    "lookup",
    None,
    _columns(n="int", label="text", weight="numeric(5,2)", tag='text COLLATE "C"', day="date"),
    primary_key="n",
)
TABLES = (EVENTS, ITEMS, PEOPLE, NOTHING, LOOKUP)

KEYS = (None, None, -5, -1, 0, 1, 2, 2, 3, 5, 7, 8, 13, 10_000_000_000)
TEXTS = (
    None,
    "a",
    "A",
    "b",
    "B",
    "é",
    "e",
    "f",
    "Ä",
    "z",
    "_",
    "",
    "ab",
    "a b",
    "ß",
    "日本",
    "O'Neil",
    "50%",
    'q"x',
)
TAGS = (None, "a", "B", "b", "é", "A", "", "zz", "_x", "ß")
FIRST_DAY = datetime.date(2026, 1, 1)
SEED = 20_261


class _Random(random.Random):
    """Draws values, some of them NULL."""

    def perhaps(self, value: Any) -> Any:
        return None if self.random() < 0.12 else value

    def number(self, scale: int) -> Decimal:
        return Decimal(self.randrange(-300, 900)).scaleb(-scale)

    def ratio(self) -> Decimal:
        return Decimal(
            self.choice(("1.5", "1.50", "1.500", "2", "2.0", "-0.25", "0", "0.00", "3.125", "1e3", "-7.1"))
        )

    def day(self) -> datetime.date:
        return FIRST_DAY + datetime.timedelta(days=self.randrange(12))

    def quarters(self) -> float:
        return self.randrange(-40, 80) / 4


def rows() -> dict[str, list[tuple[Any, ...]]]:
    """The rows of each table by its name, the same at every call."""
    chance = _Random(SEED)
    events = [_event(chance) for _ in range(130)]
    # The same row several times over: its copies are counted, not merged.
    events += events[:4]
    return {
        EVENTS.name: events,
        ITEMS.name: [_item(chance) for _ in range(80)],
        PEOPLE.name: [_person(chance, name) for name in TEXTS if name is not None],
        NOTHING.name: [],
        LOOKUP.name: [
            (
                n,
                chance.choice(TEXTS),
                chance.perhaps(chance.number(2)),
                chance.choice(TAGS),
                chance.perhaps(chance.day()),
            )
            for n in range(-1, 9)
        ],
    }


def _event(chance: _Random) -> tuple[Any, ...]:
    return (
        chance.choice(KEYS),
        chance.perhaps(chance.randrange(-3, 12)),
        chance.choice(TEXTS),
        chance.choice(TAGS),
        chance.perhaps(chance.number(2)),
        chance.perhaps(chance.ratio()),
        chance.perhaps(chance.day()),
        chance.perhaps(chance.quarters()),
        chance.choice((True, False, None)),
    )


def _item(chance: _Random) -> tuple[Any, ...]:
    key = chance.choice(KEYS)
    return (
        None if key is not None and key > 2**31 else key,
        chance.perhaps(chance.randrange(-2, 9)),
        chance.choice(TEXTS),
        chance.choice(TAGS),
        chance.perhaps(chance.number(3)),
        chance.perhaps(chance.day()),
        chance.perhaps(chance.quarters()),
        chance.randrange(5),
    )


def _person(chance: _Random, name: str) -> tuple[Any, ...]:
    return (
        name,
        chance.choice(KEYS),
        chance.perhaps(chance.number(1)),
        chance.perhaps(chance.day()),
        chance.choice(TAGS),
        chance.choice((True, False, None)),
        chance.perhaps(chance.quarters()),
    )
