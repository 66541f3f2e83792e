"""Tables for the hand-written statements of ``shapes.sql``: keys of every type, composite and odd ones."""

from __future__ import annotations

import random
import uuid
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

#: (CREATE TABLE, key): the key's column or columns, None for a reference table.
SCHEMA: tuple[tuple[str, str | tuple[str, ...] | None], ...] = (
    ("CREATE TABLE one (k bigint PRIMARY KEY, v text, w int, big bigint, x numeric)", "k"),
    ("CREATE TABLE pk (k bigint, no int, v text, w int, PRIMARY KEY (k, no))", "k"),
    ("CREATE TABLE small (k smallint, n int)", "k"),
    ("CREATE TABLE byday (d date, n int, t text)", "d"),
    ("CREATE TABLE byuuid (u uuid, n int)", "u"),
    ("CREATE TABLE bybool (b boolean, n int)", "b"),
    ("CREATE TABLE bynum (x numeric, n int)", "x"),
    ("CREATE TABLE bynum2 (x numeric(10,2), n int)", "x"),
    ("CREATE TABLE byvc (s varchar(5), n int)", "s"),
    ("CREATE TABLE multi (a text, b int, n int)", ("a", "b")),
    ("CREATE TABLE multi2 (b int, a text, m int)", ("a", "b")),
    ('CREATE TABLE "Weird ""T" ("K k" bigint, "select" int, "ORDER" text, "a""b" int, ñ int)', "K k"),
    (
        'CREATE TABLE mixed (k int, tag text COLLATE "C", tags text[] COLLATE "C", name text, nm name, c char(4))',
        "k",
    ),
    ("CREATE TABLE refx (k bigint PRIMARY KEY, v text, n int)", None),
    ("CREATE TABLE part (n int PRIMARY KEY, part text, x int)", None),
)
_DAYS = (None, "2026-01-01", "2026-01-02", "0044-03-15 BC", "infinity", "-infinity", "12026-01-01")
_NUMBERS = (None, "1", "1.0", "1.50", "1.5", "-0.0", "0", "NaN", "1e3", "1000.00", "Infinity")
_BIG = (2**62, -(2**62), 2**61, None)
_EXTREME = ("1e30", "1e-20", "NaN", None, "0.1")
_WORDS = ("a", "B", "b", "A", "é", "_", None)


def rows() -> dict[str, list[tuple[Any, ...]]]:
    """The rows of each table by its name as SQL writes it, the same at every call."""
    draw = random.Random(3).choice
    some = (None, 1, 2, 3)
    return {
        "one": [(k, draw("abcAB"), draw(some), draw(_BIG), _number(draw(_EXTREME))) for k in range(-3, 30)],
        "pk": [(k, no, draw("abcAB"), draw(some)) for k in range(-3, 12) for no in range(3)],
        "small": [(draw((None, -1, 0, 1, 2, 3)), n) for n in range(20)],
        "byday": [(draw(_DAYS), n, draw("ab")) for n in range(30)],
        "byuuid": [(draw((None, uuid.UUID(int=5), uuid.UUID(int=2**127))), n) for n in range(12)],
        "bybool": [(draw((None, True, False)), n) for n in range(12)],
        "bynum": [(_number(draw(_NUMBERS)), n) for n in range(40)],
        "bynum2": [(_number(draw((None, "1", "1.50", "0", "1000.00"))), n) for n in range(20)],
        "byvc": [(draw((None, "a", "A", "a ", "é", "日本", "")), n) for n in range(20)],
        "multi": [(draw((None, "a", "b", "")), draw((None, 1, 2)), n) for n in range(40)],
        "multi2": [(draw((None, 1, 2)), draw((None, "a", "b", "")), n) for n in range(20)],
        '"Weird ""T"': [(draw(some), n % 4, draw(("x", "Y", None)), n, n * 2) for n in range(20)],
        "mixed": [_mixed(draw) for _ in range(40)],
        "refx": [(k, draw("abcAB"), k % 3) for k in range(8)],
        "part": [(1, "one", 10), (2, "two", 20), (3, None, 30)],
    }


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def _mixed(draw: Any) -> tuple[Any, ...]:
    tags: Sequence[str] | None = draw((None, ["a", "B"], ["é", "Z"], ["b", "a"], []))
    return (
        draw((None, *range(12))),
        draw(_WORDS),
        tags,
        draw(_WORDS),
        draw((None, "abc", "Abc", "B")),
        draw((None, "ab", "abc")),
    )
