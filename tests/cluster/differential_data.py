"""The same rows for a plain PostgreSQL and for a cluster: every key type, NULLs everywhere, ties, skewed groups.

Floating-point numbers are multiples of 1/4, so that their sums are the same in any order and may be compared exactly.
"""

from __future__ import annotations

import datetime
import random
import uuid
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

#: (CREATE TABLE, key): the key's column or columns, None for a reference table.
SCHEMA: tuple[tuple[str, str | tuple[str, ...] | None], ...] = (
    (
        "CREATE TABLE users (id bigint PRIMARY KEY, name text NOT NULL, country text, born date, score numeric(8,2),"
        ' active boolean, rating real, height double precision, tag text COLLATE "C", nick varchar(12), uid uuid,'
        " notes jsonb, joined timestamptz, marks int[], span interval, code char(4))",
        "id",
    ),
    (
        "CREATE TABLE orders (user_id bigint NOT NULL, no int NOT NULL, product_id int, qty int, price numeric(10,2),"
        " placed timestamp, state text, PRIMARY KEY (user_id, no))",
        "user_id",
    ),
    (
        "CREATE TABLE trips (plane text, day date NOT NULL, dist int, minutes interval, carrier text NOT NULL,"
        " delay double precision)",
        "plane",
    ),
    ("CREATE TABLE planes (plane varchar(10) PRIMARY KEY, made int, maker text)", "plane"),
    (
        "CREATE TABLE events (tenant text NOT NULL, day date NOT NULL, kind text, n bigint, PRIMARY KEY (tenant, day))",
        ("tenant", "day"),
    ),
    ("CREATE TABLE limits (tenant text NOT NULL, day date NOT NULL, most int)", ("tenant", "day")),
    ("CREATE TABLE sessions (sid uuid PRIMARY KEY, user_id bigint, seconds smallint)", "sid"),
    ("CREATE TABLE flags (on_off boolean, n int)", "on_off"),
    ("CREATE TABLE weights (kg numeric(6,2), what text)", "kg"),
    (
        "CREATE TABLE products (id int PRIMARY KEY, name text NOT NULL, category text, price numeric(10,2))",
        None,
    ),
    ("CREATE TABLE countries (code text PRIMARY KEY, name text, region text)", None),
)

COUNTRIES = (
    ("FR", "France", "EU"),
    ("DE", "Germany", "EU"),
    ("JP", "Japan", "ASIA"),
    ("US", "USA", None),
    ("XX", None, None),
)
STATES = ("new", "paid", "sent", "Sent", None)


def rows() -> dict[str, list[tuple[Any, ...]]]:
    """The rows of each table, the same at every call."""
    chance = random.Random(7)
    users = [_user(chance, n) for n in (*range(1, 61), -5, 10_000_000_000)]
    return {
        "users": users,
        "orders": [
            _order(chance, user[0], no) for user in users for no in range(1, chance.choice((1, 2, 2, 4, 7)))
        ],
        "trips": [_trip(chance) for _ in range(120)],
        "planes": [(f"N{n}", 1990 + n % 4, chance.choice(("Airbus", "Boeing", None))) for n in range(1, 16)],
        "events": [
            (
                tenant,
                datetime.date(2026, 1, day),
                chance.choice(("a", "b", None)),
                chance.choice((1, 2, None)),
            )
            for tenant in ("acme", "Ünïcode", "")
            for day in range(1, 15)
        ],
        "limits": [
            (tenant, datetime.date(2026, 1, day), day * 2)
            for tenant in ("acme", "")
            for day in range(1, 15, 2)
        ],
        "sessions": [
            (uuid.UUID(int=n * 7919), chance.choice((n % 60 + 1, None)), chance.randrange(300))
            for n in range(1, 41)
        ],
        "flags": [(chance.choice((True, False, None)), n) for n in range(12)],
        "weights": [(Decimal(n) / 4, f"w{n}") for n in range(20)] + [(None, "none")],
        "products": [
            (n, f"product {n % 7}", chance.choice(("food", "tool", None)), Decimal(n * 5) / 4)
            for n in range(1, 13)
        ],
        "countries": list(COUNTRIES),
    }


def _user(chance: random.Random, n: int) -> tuple[Any, ...]:
    def perhaps(value: Any) -> Any:
        return None if chance.random() < 0.15 else value

    return (
        n,
        f"user {abs(n) % 23}",
        chance.choice(("FR", "DE", "JP", "US", None)),
        perhaps(datetime.date(1970, 1, 1) + datetime.timedelta(days=chance.randrange(12_000))),
        perhaps(Decimal(chance.randrange(-5000, 90000)) / 100),
        perhaps(chance.random() < 0.5),
        perhaps(chance.randrange(40) / 4),
        perhaps(chance.randrange(600, 800) / 4),
        perhaps(chance.choice(("a", "B", "b", "A", "é", "Z", "_"))),
        perhaps(f"nick{n % 9}"),
        perhaps(uuid.UUID(int=abs(n) * 104_729)),
        perhaps(f'{{"n": {n % 5}}}'),
        perhaps(
            datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
            + datetime.timedelta(hours=chance.randrange(5000))
        ),
        perhaps([n % 3, n % 4]),
        perhaps(datetime.timedelta(minutes=chance.randrange(9000))),
        perhaps(chance.choice(("ab", "abc", "abcd"))),
    )


def _order(chance: random.Random, user: int, no: int) -> tuple[Any, ...]:
    return (
        user,
        no,
        chance.choice((*range(1, 13), 99, None)),
        chance.choice((1, 2, 3, 10, None)),
        chance.choice((None, Decimal(chance.randrange(100, 9999)) / 100)),
        datetime.datetime(2026, 1, 1) + datetime.timedelta(minutes=chance.randrange(500_000)),
        chance.choice(STATES),
    )


def _trip(chance: random.Random) -> tuple[Any, ...]:
    return (
        chance.choice((None, None, *(f"N{n}" for n in range(1, 20)))),
        datetime.date(2026, 1, 1) + datetime.timedelta(days=chance.randrange(30)),
        chance.choice((None, *range(100, 3000, 50))),
        datetime.timedelta(minutes=chance.randrange(600)),
        chance.choice(("AA", "UA", "DL", "aa")),
        chance.choice((None, chance.randrange(-40, 200) / 4)),
    )


def fill(execute_many: Any) -> None:
    """Insert all rows.

    Parameters
    ----------
    execute_many : called with a statement and the parameters of each row
    """
    for table, found in rows().items():
        execute_many(f"INSERT INTO {table} VALUES ({placeholders(found)})", found)


def placeholders(found: Iterable[Sequence[Any]]) -> str:
    """As many ``%s`` as a row has values."""
    return ", ".join(["%s"] * len(next(iter(found))))
