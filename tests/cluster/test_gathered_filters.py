"""Conditions that are taken along to the servers: parameters of every type and form, under several settings."""

from __future__ import annotations

import datetime
import decimal
import random
import uuid
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg.adapt import Buffer, Dumper
from psycopg.types.json import Jsonb
from psycopg.types.numeric import Int2, Int8
from psycopg.types.range import Range

from parallel_partition.dbapi.connection import Connection
from tests.differential.compare import answer, difference
from tests.fix_clusters import MakeCluster
from tests.fix_databases import MakeDatabases

pytestmark = pytest.mark.both_versions

TYPES = (
    "CREATE TYPE state AS ENUM ('lo', 'mid', 'hi')",
    "CREATE TYPE pair AS (x int, y float8, z timestamptz)",
)
COLUMNS = {
    "k": "bigint PRIMARY KEY",
    "i": "int",
    "b": "bigint",
    "s": "smallint",
    "n": "numeric",
    "f": "float8",
    "r": "real",
    "t": "text",
    "v": "varchar(8)",
    "c": "char(4)",
    "d": "date",
    "ts": "timestamp",
    "tz": "timestamptz",
    "iv": "interval",
    "tm": "time",
    "by": "bytea",
    "jb": "jsonb",
    "u": "uuid",
    "m": "money",
    "ar": "int[]",
    "at": "text[]",
    "rg": "int4range",
    "ip": "inet",
    "bi": "bit(4)",
    "st": "state",
    "pa": "pair",
    "bo": "boolean",
    "ci": '"char"',
    "na": "name",
    '"user"': "text",
    '"select"': "int",
    '"é ü"': "text",
    "vals": "int",
}
#: Columns of types that have no binary form, or one that is the server's own.
NOT_BINARY = "CREATE TABLE rights (k bigint PRIMARY KEY, who aclitem, language regconfig)"
UTC = datetime.UTC
PAIR = f'({{}},{1 / 3!r},"2026-01-02 03:04:05.5+00")'
SPANS = ("1 mon -2 days 03:04:05", "-1 year 2 mons 3 days", "-00:00:01.5", "0")


class Typed(str):
    """A text that is sent as the value of another type."""


class Bpchar(Typed):
    """character, without a length."""


class Bits(Typed):
    """bit, without a length."""


class Money(Typed):
    """money."""


class Span(Typed):
    """interval."""


class TypedDumper(Dumper):
    def dump(self, obj: str) -> Buffer:
        return obj.encode()


OIDS = {Bpchar: 1042, Bits: 1560, Money: 790, Span: 1186}

#: Conditions and the parameter of each; None where there is none.
CONDITIONS: tuple[tuple[str, Any], ...] = (
    ("i = %s", 3),
    ("i = %s", None),
    ("n = %s", decimal.Decimal("NaN")),
    ("n = %s", decimal.Decimal("1.5")),
    ("f = %s", 0.1 + 0.2),
    ("f = %s", 1 / 3),
    ("f = %s", float("nan")),
    ("f < %s", float("inf")),
    ("r = %s::real", 0.1),
    ("t = %s", "it's \\"),
    ("t = %s", "é"),
    ("t LIKE %s", "a%"),
    ("v = %s", "ab "),
    ("c = %s", "ab"),
    ("c = %s", Bpchar("ab")),
    ("d = %s", datetime.date(2026, 2, 3)),
    ("ts >= %s", datetime.datetime(2026, 3, 4, 5, 6, 7, 20)),
    ("tz >= %s", datetime.datetime(2026, 3, 4, 20, 6, 7, 123456, tzinfo=UTC)),
    ("iv = %s", datetime.timedelta(days=28, hours=3, minutes=4, seconds=5)),
    ("iv < %s", datetime.timedelta(seconds=-1)),
    *(("iv = %s", Span(span)) for span in SPANS),
    ("tm = %s", datetime.time(1, 2, 3)),
    ("by = %s", bytes([3, 0, 255, 92])),
    ("jb @> %s", Jsonb({"b": [2]})),
    ("u = %s", uuid.UUID(int=4)),
    ("m = %s", Money("1.50")),
    ("ar = %s::int[]", [3, None, 2]),
    ("at = %s", ["a", None, '"q\\']),
    ("i = ANY(%s)", [1, 2, None]),
    ("t = ANY(%s)", ["a", "é", "it's \\"]),
    ("d = ANY(%s)", [datetime.date(2026, 2, 3)]),
    ("rg = %s", Range(3, 6)),
    ("ip = %s", Typed("10.0.0.3/24")),
    ("bi = %s", Bits("0101")),
    ("st = %s::state", "mid"),
    ("st > %s", "lo"),
    ("(pa).y = %s", 1 / 3),
    ("pa = %s::pair", PAIR.format(3)),
    ("bo = %s", True),
    ("bo IS NOT DISTINCT FROM %s", None),
    ("k = ANY(%s)", [1, 2, 3]),
    ('"user" = %s', "us"),
    ('"select" > %s', 4),
    ('"é ü" = %s', "ü"),
    ("vals.vals = %s", 2),
    ("na = %s", "nm"),
    ("ci = %s", "x"),
    ("s = %s", Int2(1)),
    ("b = %s", Int8(3 * 10**9)),
    ("CASE WHEN i > %s THEN true ELSE s = 1 END", 2),
    ("t || %s = 'ab'", "b"),
    ("vals IS NULL OR i > %s", 1),
)
SETTINGS = {
    "as they are": (),
    "German": ("SET TimeZone = 'Asia/Kolkata'", "SET DateStyle = 'German'", "SET extra_float_digits = 3"),
    "American": (
        "SET DateStyle = 'SQL, MDY'",
        "SET TimeZone = 'America/New_York'",
        "SET IntervalStyle = 'sql_standard'",
    ),
    "verbose": (
        "SET DateStyle = 'Postgres, DMY'",
        "SET IntervalStyle = 'postgres_verbose'",
        "SET bytea_output = 'escape'",
    ),
}
#: Dates are shown as text: psycopg reads those of few styles.
SHOWN = (
    'k, f, f::text, t, c, d::text, ts::text, tz::text, iv::text, by, m::text, ar, at, rg, st, pa::text, "é ü"'
)


def value_of(chance: random.Random, k: int) -> list[Any]:
    values: list[Any] = [
        k % 5,
        k * 10**9,
        k % 3,
        ("1.50", "NaN", "-0.1", "1e20", "2")[k % 5],
        (0.1 + 0.2, 1 / 3, "NaN", 1e300, -0.0)[k % 5],
        (0.1, 1.5)[k % 2],
        ("a", "B", "é", "it's \\", "a%b", "")[k % 6],
        ("ab", "ab ")[k % 2],
        ("ab", "cd  ")[k % 2],
        datetime.date(2026, 2, k % 28 + 1),
        datetime.datetime(2026, 3, 4, 5, 6, 7, k),
        datetime.datetime(2026, 3, 4, 5, 6, 7, 123456, tzinfo=UTC) + datetime.timedelta(hours=k),
        SPANS[k % 4],
        datetime.time(1, 2, k),
        bytes([k, 0, 255, 92]),
        '{"b": [1, 2]}',
        uuid.UUID(int=k),
        ("1.50", "-3")[k % 2],
        f"{{{k},NULL,2}}",
        ["a", None, '"q\\'],
        f"[{k},{k + 3})",
        f"10.0.0.{k}/24",
        "0101",
        ("lo", "mid", "hi")[k % 3],
        PAIR.format(k),
        k % 2 == 0,
        "x",
        "nm",
        "us",
        k,
        "ü",
        k % 4,
    ]
    return [k, *(None if chance.random() < 0.12 else value for value in values)]


@pytest.fixture(scope="module")
def pair(
    make_module_cluster: MakeCluster, module_databases: MakeDatabases
) -> Iterator[tuple[psycopg.Connection[Any], Connection]]:
    """One PostgreSQL and three servers with a table of many types."""
    cluster = make_module_cluster(3)
    (one,) = module_databases(1)
    for conninfo in (one, *(server.conninfo for server in cluster.servers.values())):
        with psycopg.connect(conninfo, autocommit=True) as direct:
            for statement in TYPES:
                direct.execute(statement.encode())
    listed = ", ".join(f"{name} {type}" for name, type in COLUMNS.items())
    definition = f"CREATE TABLE vals ({listed})"
    cluster.create_table(definition, key="k")
    cluster.create_table("CREATE TABLE other (k bigint PRIMARY KEY, i int)", key="k")
    cluster.create_table(NOT_BINARY, key="k")
    chance = random.Random(5)
    rows = [value_of(chance, k) for k in range(1, 41)]
    insert = f"INSERT INTO vals VALUES ({', '.join(['%s'] * len(COLUMNS))})"
    with psycopg.connect(one, autocommit=True) as plain, cluster.connect(autocommit=True) as over:
        plain.execute(definition.encode())
        plain.execute("CREATE TABLE other (k bigint PRIMARY KEY, i int)")
        plain.execute(NOT_BINARY)
        for connection in (plain, over):
            connection.cursor().executemany(insert.encode(), rows)
            connection.cursor().executemany(
                "INSERT INTO other VALUES (%s, %s)", [(k, k % 6) for k in range(9)]
            )
            connection.execute("INSERT INTO rights VALUES (1, '=r/postgres', 'english'), (2, NULL, 'simple')")
            for type, oid in OIDS.items():
                dumper = type.__name__ + "Dumper", (TypedDumper,), {"oid": oid}
                connection.adapters.register_dumper(type, __builtins__["type"](*dumper))
        yield plain, over


@pytest.mark.parametrize("settings", SETTINGS)
def test_parameters_of_every_type(pair: tuple[psycopg.Connection[Any], Connection], settings: str) -> None:
    plain, over = pair
    for connection in pair:
        for statement in SETTINGS[settings]:
            connection.execute(statement.encode())
    found = 0
    try:
        for condition, parameter in CONDITIONS:
            query = f"SELECT count(*) OVER (), {SHOWN} FROM vals WHERE {condition} ORDER BY k"
            if settings == "as they are":
                assert over.cursor().explain(query, (parameter,)).strategy in ("gather", "one server")
            binary = not isinstance(parameter, Typed) or type(parameter) is Typed
            for form in ("%s", "%t", "%b")[: 3 if binary else 2]:
                text = query.replace("%s", form)
                expected = answer(plain.cursor(), text, (parameter,))
                there = answer(over.cursor(), text, (parameter,))
                assert difference(expected, there, ordered=True) is None, (text, parameter)
                found += len(there.rows)
    finally:
        for connection in pair:
            connection.execute("RESET ALL")
    assert found > 500


def test_what_never_runs_never_fails(pair: tuple[psycopg.Connection[Any], Connection]) -> None:
    """A condition of a subquery that is not reached is not tried on the servers."""
    plain, over = pair
    for query in (
        "SELECT CASE WHEN false THEN (SELECT v.i FROM vals v WHERE 1 / v.i > 0 AND v.i = o.i) END FROM other o",
        "SELECT o.k FROM other o WHERE o.i > 99 AND EXISTS (SELECT FROM vals v WHERE v.i = o.i AND v.t::int = 1)",
    ):
        assert over.cursor().explain(query).strategy == "gather"
        assert over.execute(query.encode()).fetchall() == plain.execute(query.encode()).fetchall()


def test_types_without_a_binary_form(pair: tuple[psycopg.Connection[Any], Connection]) -> None:
    plain, over = pair
    for query in (
        "SELECT k, count(*) OVER () FROM rights",
        "SELECT rights.*, o.i FROM rights JOIN other o ON o.i = rights.k",
    ):
        assert over.cursor().explain(query).strategy == "gather"
        assert difference(answer(plain.cursor(), query), answer(over.cursor(), query)) is None
