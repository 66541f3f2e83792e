"""Groups of values that are hard to put together: numbers of every type for variances, texts and arrays to join."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

TABLE = (
    "CREATE TABLE spread (k bigint PRIMARY KEY, g int NOT NULL, n numeric, s smallint, i int, b bigint,"
    " f double precision, r real)"
)
COLUMNS = ("n", "s", "i", "b")

_SPECIAL = (Decimal("NaN"), Decimal("Infinity"), Decimal("-Infinity"), None, Decimal(0), Decimal("0.000"))


def rows(seed: int, groups: int) -> Iterator[tuple[Any, ...]]:
    """The rows of ``spread``, the same for the same seed; a group's number is that of its kind of numbers too."""
    chance = random.Random(seed)
    key = 0
    for group in range(groups):
        kind = chance.choice(_KINDS)
        many = chance.choice((1, 1, 2, 2, 3, 4, 6, 9))
        for number in kind(chance, many):
            key += 1
            yield (key, group, number, *_whole(chance, group), *_floats(chance))


def _whole(chance: random.Random, group: int) -> tuple[int | None, ...]:
    """A smallint, an integer and a bigint: small, near the ends of their types, or NULL."""
    if group % 3 == 0:
        return tuple(chance.choice((None, -1, 0, 1, 2, 7)) for _ in range(3))
    if group % 3 == 1:
        return tuple(chance.choice((-1, 1)) * (2**bits - 1 - chance.randrange(3)) for bits in (15, 31, 63))
    return tuple(chance.randrange(-(2 ** (bits - 1)), 2 ** (bits - 1)) for bits in (16, 32, 64))


def _floats(chance: random.Random) -> tuple[float | None, float | None]:
    """Well apart from each other: where all are nearly equal the last digits of none are right."""
    drawn = chance.choice((None, chance.uniform(-1000, 1000), chance.randrange(-4000, 4000) / 4))
    return drawn, None if drawn is None else float(round(drawn * 4)) / 4


def _any_scale(chance: random.Random, many: int) -> list[Decimal | None]:
    return [_number(chance, chance.randrange(1, 40), chance.randrange(0, 45)) for _ in range(many)]


def _same_scale(chance: random.Random, many: int) -> list[Decimal | None]:
    digits, scale = chance.randrange(1, 25), chance.randrange(0, 12)
    return [_number(chance, digits, scale) for _ in range(many)]


def _equal(chance: random.Random, many: int) -> list[Decimal | None]:
    return [_number(chance, chance.randrange(1, 30), chance.randrange(0, 20))] * many


def _far(chance: random.Random, many: int) -> list[Decimal | None]:
    """Huge numbers and tiny ones."""
    return [
        _number(chance, chance.randrange(1, 8), chance.choice((-300, -40, -8, 0, 8, 40, 300, 1500)))
        for _ in range(many)
    ]


def _near(chance: random.Random, many: int) -> list[Decimal | None]:
    """A large number plus little."""
    base, scale = chance.randrange(10**20, 10**21), chance.randrange(0, 6)
    return [Decimal(base + chance.randrange(-3, 4)).scaleb(-scale) for _ in range(many)]


def _special(chance: random.Random, many: int) -> list[Decimal | None]:
    return [chance.choice((*_SPECIAL, _number(chance, 5, 2))) for _ in range(many)]


def _half(chance: random.Random, _: int) -> list[Decimal | None]:
    """0 and d, where d * d / 2 = k * k + k: the standard deviation is less than k + 1/2 by next to nothing."""
    k, d = 1, 2
    for _ in range(chance.randrange(1, 60)):
        k, d = 3 * k + 2 * d + 1, 4 * k + 3 * d + 2
    scale = chance.choice((0, 0, 0, 2, 7))
    return [Decimal(0), Decimal(d).scaleb(-scale)]


def _number(chance: random.Random, digits: int, scale: int) -> Decimal:
    """``digits`` digits, of which ``scale`` are behind the point; below 0 there are zeros before it."""
    whole = chance.randrange(10**digits) * chance.choice((1, -1))
    if scale >= 0:
        return Decimal(f"{whole}E-{scale}")
    return Decimal(whole * 10**-scale)


_KINDS = (_any_scale, _same_scale, _equal, _far, _near, _special, _half)


# --- texts
# ---------------------------------------------------------------------------------------------------------------

TEXTS_TABLE = (
    "CREATE TABLE spread_texts (k bigint PRIMARY KEY, g int NOT NULL, t text, v varchar(9), c char(5), y bytea, u uuid,"
    " o boolean, n numeric, j json, b jsonb, a text[], w timestamptz)"
)

_TEXTS = (
    None,
    "",
    " ",
    "NULL",
    "null",
    "a,b",
    '"',
    "{}",
    "\\",
    "é ü",
    "line\nend",
    "[1, 2]",
    "', '",
    "%s $1",
    "}",
)
_JSONS = (None, "null", "1.50", '"a"', "[]", "[1,  2]", '{"a":  1, "a": 2}', '[null,\n {"b": [1]}]', '"], ["')


def texts(seed: int, groups: int) -> Iterator[tuple[Any, ...]]:
    """The rows of ``spread_texts``."""
    chance = random.Random(seed)
    key = 0
    for group in range(groups):
        for _ in range(chance.choice((1, 1, 2, 3, 5, 8))):
            key += 1
            text, other = chance.choice(_TEXTS), chance.choice(_TEXTS)
            yield (
                key,
                group,
                text,
                None if other is None else other[:9],
                None if text is None else text[:5],
                None if other is None else other.encode(),
                chance.choice((None, uuid.UUID(int=chance.randrange(2**128)))),
                chance.choice((None, True, False)),
                chance.choice(_SPECIAL),
                chance.choice(_JSONS),
                chance.choice(_JSONS),
                chance.choice((None, [], [text], [text, other])),
                chance.choice(
                    (None, datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=chance.randrange(9000)))
                ),
            )
