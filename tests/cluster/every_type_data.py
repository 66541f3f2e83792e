"""The same rows for a plain PostgreSQL and for a cluster: columns of every type, and keys of every type.

Columns that are there for their type alone are named by a letter of it: ``i`` int, ``b`` bigint,
``s`` smallint, ``n`` numeric, ``f`` double precision, ``r`` real, ``t`` text, ``v`` varchar, ``c`` char,
``d`` date, ``m`` money, ``u`` uuid, ``j`` json, ``o`` oid. ``k`` is a table's key.

Sums of floating-point numbers are the same in any order. Values are there because they are hard to tell apart
or to compare: numbers equal in spite of their zeros, -0, NaN, infinities, blanks that count in text and not
in char, letters that a collation takes for others, spans of equal length, arrays that do not begin at 1.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

Row = tuple[Any, ...]
#: (CREATE TABLE, key): the key's column or columns, None for a reference table.
Tables = Sequence[tuple[str, str | tuple[str, ...] | None]]

#: What every server has before its tables.
DEFINITIONS = (
    "CREATE SCHEMA second",
    "CREATE SCHEMA other",
    "CREATE TYPE feeling AS ENUM ('sad', 'ok', 'Happy')",
    "CREATE TYPE pair AS (x int, y text)",
    "CREATE TYPE packed AS (a text[], b timestamptz, c bytea)",
    "CREATE TYPE float_range AS RANGE (subtype = float8)",
    "CREATE DOMAIN bounded AS int CHECK (VALUE > -1000)",
    'CREATE DOMAIN bytewise_text AS text COLLATE "C"',
    "CREATE DOMAIN listed AS text[]",
)
#: By ICU there is a collation to which A is a; where PostgreSQL has no ICU, it has the second pair.
COLLATIONS = (
    "CREATE COLLATION ignoring_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);"
    " CREATE COLLATION english (provider = icu, locale = 'en-US')"
)
COLLATIONS_WITHOUT_ICU = (
    "CREATE COLLATION ignoring_case (provider = builtin, locale = 'C.UTF-8');"
    " CREATE COLLATION english (provider = builtin, locale = 'C.UTF-8')"
)

_SIMPLE = (
    "CREATE TABLE simple (k bigint PRIMARY KEY, i int, b bigint, n numeric, price numeric(10,2), f float8,"
    " r float4, t text, v varchar(5), c char(5), any_case text COLLATE ignoring_case,"
    ' bytewise text COLLATE "C", english text COLLATE english, d date, local_time timestamp,'
    " moment timestamptz, span interval, m money, yes boolean, s smallint)"
)
_RICH = (
    "CREATE TABLE rich (k bigint, bytes bytea, u uuid, j json, doc jsonb, ints int[], texts text[],"
    ' address inet, stretch int4range, bits bit(4), varbits varbit, o oid, letter "char", word name,'
    " mood feeling, above bounded, label bytewise_text, couple pair, lexemes tsvector, spot point,"
    " clock time, zoned timetz, stretches int4multirange, network cidr, mac macaddr, amounts numeric(6,2)[])"
)
_NESTED = (
    "CREATE TABLE nested (k bigint, i int, list listed, pack packed, during tstzrange, amount numrange,"
    " float_range float_range, query tsquery, path jsonpath, position pg_lsn, area box, line path,"
    " grid text[][], moments timestamptz[], days daterange, prices money[], spans interval[], reals real[],"
    " byte_lists bytea[], docs jsonb[], oids oid[], chars char(3)[], amounts numeric(6,2)[],"
    ' short varchar(3)[], letters "char"[])'
)
_EXTREMES = (
    "CREATE TABLE extremes (k bigint PRIMARY KEY, g int, big numeric, f float8, r real, d date,"
    " local_time timestamp, o oid, b bigint,"
    ' bytewise_text text COLLATE "C", any_case_text text COLLATE ignoring_case, t text, docs json[],'
    " p pair, i int, s smallint, gap int4range, below_1000 numeric(5,2), huge numeric(1000,0))"
)
_LONGEST_NAME = "L" * 63
_HARD_NAMES = (
    'CREATE TABLE "My ""T" ("K k" int PRIMARY KEY, c1 int, c2 text, "count" int, "?column?" int, "a""b" int,'
    f' "é" int, "select" int, "row" int, k1 int, "part_" int, "{_LONGEST_NAME}" int)'
)

TABLES: Tables = (
    (_SIMPLE, "k"),
    (_RICH, "k"),
    (_NESTED, "k"),
    ("CREATE TABLE text_keys (k text PRIMARY KEY, i int, n numeric(10,2))", "k"),
    ("CREATE TABLE varchar_keys (k varchar(5), i int)", "k"),
    ("CREATE TABLE numeric_keys (k numeric, i int)", "k"),
    ("CREATE TABLE scaled_keys (k numeric(8,3), i int)", "k"),
    ("CREATE TABLE boolean_keys (k boolean, i int)", "k"),
    ("CREATE TABLE date_keys (k date, i int)", "k"),
    ("CREATE TABLE uuid_keys (k uuid, i int)", "k"),
    ("CREATE TABLE int_keys (k int, i int)", "k"),
    ("CREATE TABLE smallint_keys (k smallint, i int)", "k"),
    ("CREATE TABLE two_keys (a int, b text, i int)", ("a", "b")),
    ("CREATE TABLE no_rows (k bigint, i int, t text)", "k"),
    ("CREATE TABLE lookup (id int PRIMARY KEY, word text, n numeric, c char(3))", None),
    (_EXTREMES, "k"),
    (
        "CREATE TABLE no_extremes (k bigint, g int, big numeric, d date, local_time timestamp, o oid,"
        " b bigint, t text, f float8, i int)",
        "k",
    ),
    (_HARD_NAMES, "K k"),
    ('CREATE TABLE answered_1 (k int, answered_1 int, value text, key int, "user" text)', "k"),
    ("CREATE TABLE second.int_keys (k int, z int, i text)", "k"),
    (
        "CREATE TABLE computed (k int PRIMARY KEY, a int, b int GENERATED ALWAYS AS (a * 2) STORED,"
        " c int DEFAULT 5, s text NOT NULL DEFAULT 'x')",
        "k",
    ),
    ("CREATE TABLE one (k int)", "k"),
)
#: What only PostgreSQL 18 has.
TABLES_SINCE_18: Tables = (
    ("CREATE TABLE divided (k bigint, a int, b int, q int GENERATED ALWAYS AS (a / b) VIRTUAL)", "k"),
)

#: The columns are listed: a star would take in the one that a sharded table has for its part.
VIEWS = (
    "CREATE VIEW positive AS SELECT k, i, t FROM public.simple WHERE i > 0",
    "CREATE VIEW counts (p, q) AS SELECT i, count(*) FROM public.simple GROUP BY i",
    "CREATE VIEW counts_joined AS SELECT p, q, v.k, v.i FROM counts JOIN public.varchar_keys v ON v.i = p",
    "CREATE VIEW last_keys AS SELECT k, i FROM public.int_keys ORDER BY k DESC, i LIMIT 5",
    "CREATE VIEW guarded WITH (security_barrier) AS SELECT k, i FROM public.int_keys WHERE i <> 0",
    "CREATE VIEW first_of_each AS SELECT DISTINCT ON (i) i, k, t::varchar(3) short, price * 1.5 more,"
    " 'lit' literal, NULL nothing FROM public.simple ORDER BY i, k",
    "CREATE VIEW repeated AS WITH RECURSIVE r (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 4)"
    " SELECT r.n, k, i FROM r JOIN public.int_keys ON k = r.n",
    'CREATE VIEW renamed AS SELECT k AS "K up", i AS "select" FROM public.int_keys',
    "CREATE VIEW literals AS VALUES (1, 'a'), (2, 'b')",
    "CREATE VIEW ranked AS SELECT k, row_number() OVER (ORDER BY k, i) rn, sum(i) OVER (PARTITION BY k) s"
    " FROM public.int_keys",
    "CREATE VIEW paired AS SELECT p.k, q.i AS qi, p.i FROM public.int_keys p"
    " LEFT JOIN public.smallint_keys q USING (k)",
    "CREATE VIEW stacked AS SELECT k, t FROM public.simple WHERE english = 'a' OR bytewise > 'A'"
    " UNION ALL SELECT k, word::text FROM public.rich",
    "CREATE VIEW latest AS SELECT max(d) m, current_setting('TimeZone') zone, k FROM public.simple"
    " GROUP BY k",
    "CREATE VIEW timed AS SELECT k, now() n FROM public.int_keys",
    "CREATE VIEW correlated AS SELECT k, EXISTS (SELECT FROM public.varchar_keys v WHERE v.i = o.i) e,"
    " ARRAY(SELECT v.k FROM public.varchar_keys v WHERE v.i = o.i ORDER BY 1) ks FROM public.int_keys o",
    "CREATE VIEW couples AS SELECT couple, (couple).x, (couple).y, mood FROM public.rich",
    "CREATE VIEW in_both AS SELECT k, i FROM public.int_keys JOIN public.smallint_keys USING (k, i)",
    "CREATE VIEW other.positive AS SELECT 1 AS one, k FROM public.int_keys",
    "CREATE VIEW other.int_keys AS SELECT k, -i AS i FROM public.int_keys",
)

_UUIDS = (
    "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
    "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A12",
    "00000000-0000-0000-0000-000000000000",
)
_TEXTS = ("a", "A", "a ", "", "b", "é", "É", "5", "05", "10", "abc", "ab", "x" * 30, "NULL", "t", "true")
_VARCHARS = ("a", "a ", "b", "ab", "5", "05", " a", "", "abcde")
_NUMERICS = (
    *(
        "1",
        "1.0",
        "1.00",
        "0",
        "-0.5",
        "0.5",
        ".50",
        "1e3",
        "1000",
        "1000.000",
        "NaN",
        "12345678901234567890",
    ),
    *("5", "5.0", "100"),
)
_SCALED = ("1", "1.5", "0", "-0.5", "0.125", "1000", "5", "99999.999")
_DATES = (
    *("2020-01-01", "2020-01-02", "2020-02-29", "infinity", "-infinity", "0044-03-15 BC", "2021-12-31"),
    "5874897-01-01",
)


def rows(version: int) -> Mapping[str, Sequence[Row]]:
    """The rows of each table, the same at every call.

    Parameters
    ----------
    version : PostgreSQL's, such as 180_004

    Returns
    -------
    The rows of each table, by its name as INSERT INTO has it; texts where Python has no value for them.
    """
    chance = random.Random(5)
    found: dict[str, Sequence[Row]] = {
        "simple": [_simple(chance, k) for k in (*range(-4, 60), 2**40, 2**53 + 1)],
        "rich": [_rich(chance, k) for k in range(40)],
        "nested": [_nested(k) for k in range(12)],
        "text_keys": [
            (k, _perhaps(chance, chance.randrange(5)), f"{chance.randrange(500) / 100:.2f}") for k in _TEXTS
        ],
        "varchar_keys": _keyed(chance, _VARCHARS),
        "numeric_keys": [*_keyed(chance, _NUMERICS), ("5", 1), ("1", 2)],
        "scaled_keys": _keyed(chance, _SCALED),
        "boolean_keys": [(chance.choice((True, True, False, None)), i) for i in range(10)],
        "date_keys": _keyed(chance, _DATES),
        "uuid_keys": _keyed(chance, _UUIDS),
        "int_keys": [*_keyed(chance, range(-3, 12)), (4, 4), (3, 3), (3, 0)],
        "smallint_keys": _keyed(chance, range(-5, 10)),
        "two_keys": [
            *((None, None, 0), (1, None, 1), (1, "a", 2), (2, "b", 3)),
            *(
                (
                    _perhaps(chance, chance.randrange(4)),
                    _perhaps(chance, chance.choice(("a", "b", "A", ""))),
                    i,
                )
                for i in range(4, 30)
            ),
        ],
        "lookup": [_lookup(chance, number) for number in range(-2, 8)],
        "extremes": _EXTREME_ROWS,
        '"My ""T"': [(n, *((n * j) % 7 for j in range(1, 12))) for n in range(20)],
        "answered_1": [(n, n % 3, f"v{n % 4}", n % 6, f"u{n % 2}") for n in range(20)],
        "second.int_keys": [(n, n % 3, f"t{n % 4}") for n in range(20)],
        "computed (k, a)": [(n, n % 3) for n in range(20)],
        "one": [(n % 7,) for n in range(20)],
    }
    if version >= 180_000:
        found["divided (k, a, b)"] = [(1, 1, 0), (2, 4, 2), (3, 5, 0), (4, 9, 3)]
    return found


def _perhaps(chance: random.Random, value: Any) -> Any:
    return None if chance.random() < 0.15 else value


def _keyed(chance: random.Random, keys: Sequence[Any]) -> Sequence[Row]:
    """Each key twice, some of them NULL."""
    return [(_perhaps(chance, key), _perhaps(chance, chance.randrange(5))) for key in (*keys, *keys)]


def _simple(chance: random.Random, k: int) -> Row:
    hour = chance.randrange(9)
    values = (
        chance.randrange(-5, 6),
        chance.choice((2**62, -(2**62), 1, 7, 2**53 + 1, 3)),
        chance.choice(("1", "1.0", "1.00", "0", "-0.5", "NaN", "Infinity", "1e20", "2.50")),
        f"{chance.randrange(-400, 400) / 100:.2f}",
        chance.choice(("0", "-0", "1.5", "NaN", "Infinity", "2.25", "-1")),
        chance.choice(("0", "-0", "1.5", "0.25", "2.25")),
        chance.choice(("a", "A", "b", "B ", "é", "", "Z", "_x")),
        chance.choice(("a", "a ", "ab", "B", "")),
        chance.choice(("a", "ab ", "B", " x")),
        chance.choice(("a", "A", "b", "B", "é", "É")),
        chance.choice(("a", "A", "b", "B", "é")),
        chance.choice(("a", "A", "b", "B", "é", "É")),
        f"20{chance.randrange(10, 30)}-0{chance.randrange(1, 4)}-{chance.randrange(10, 28)}",
        f"2020-01-01 0{hour}:00:00.5",
        f"2020-07-01 0{chance.randrange(9)}:00:00+02",
        chance.choice(("1 day", "24:00", "1 mon", "30 days", "-1 day 2:00")),
        chance.choice(("1.25", "-3", "100")),
        chance.random() < 0.5,
        chance.randrange(-3, 3),
    )
    return (k, *(_perhaps(chance, value) for value in values))


def _rich(chance: random.Random, k: int) -> Row:
    values = (
        chance.choice((r"\x00ff", r"\x61")),
        chance.choice(_UUIDS[:2]),
        chance.choice(('{"a": 1, "a":2}', "[1, 2]")),
        chance.choice(('{"a": 1, "b":2}', "[1, 2]", "1.0", "1")),
        chance.choice(("{1,2}", "{1,NULL}", "{}", "[2:3]={1,2}")),
        chance.choice(("{a,b}", "{B}", '{NULL,"x y"}')),
        chance.choice(("10.0.0.1", "10.0.0.0/8", "::1")),
        chance.choice(("[1,3)", "empty", "(,5]")),
        chance.choice(("1010", "0011")),
        chance.choice(("10", "1", "0011")),
        chance.choice((1, 5, 4_000_000_000)),
        chance.choice("az"),
        chance.choice(("nm", "Nm")),
        chance.choice(("sad", "ok", "Happy")),
        chance.choice((1, 2, -5)),
        chance.choice(("a", "B", "b")),
        chance.choice(("(1,a)", "(,)", '(2,"b c")', "(1,A)")),
        chance.choice(("'a':1 'b':2", "'a'")),
        "(1,2)",
        chance.choice(("01:00", "23:59:59.5")),
        chance.choice(("01:00+02", "00:00+01")),
        chance.choice(("{[1,3),[5,7)}", "{}")),
        chance.choice(("10.0.0.0/8", "192.168.0.0/16")),
        "08:00:2b:01:02:03",
        chance.choice(("{1.10,2}", "{NULL}")),
    )
    return (k, *(_perhaps(chance, value) for value in values))


def _nested(k: int) -> Row:
    return (
        k,
        k % 3,
        ("{NULL,a}", "{a,NULL}", '{"NULL",b}', None)[k % 4],
        (r'("{a,NULL}","2020-01-01 00:00+00","\\x00ff")', None, '("{NULL}",infinity,)')[k % 3],
        ("[2020-01-01 00:00+00,2020-02-01 00:00+02)", "empty", "(,)")[k % 3],
        "[1.10,2.0)",
        ("[0.1,0.3)", "(,inf)")[k % 2],
        ("'a' & 'b'", "!'x'")[k % 2],
        "$.a[*]",
        "16/B374D848",
        "((1,2),(3,4.5))",
        "[(0,0),(1,1)]",
        ("{{a,NULL},{b,c}}", "{}", "[2:3][1:1]={{a},{NULL}}")[k % 3],
        ('{"2020-01-01 00:00+00",NULL}', None)[k % 2],
        "[2020-01-01,2020-02-01)",
        "{1.5,NULL}",
        ('{1 mon,NULL,"-1 day 2:00"}', "{}")[k % 2],
        "{0.1,NULL,NaN}",
        r'{"\\x00ff",NULL}',
        (r'{"{\"a\": 1}",NULL}', "{null}")[k % 2],
        "{1,4000000000}",
        "{a,NULL}",
        "{1.1,NULL}",
        "{a,NULL}",
        "{a,NULL}",
    )


def _lookup(chance: random.Random, number: int) -> Row:
    values = chance.choice("abA"), chance.choice(("1", "1.0", "2.5")), chance.choice(("a", "ab"))
    return (number, *(_perhaps(chance, value) for value in values))


_EXTREME_ROWS: Sequence[Row] = (
    (
        *(
            1,
            1,
            "1e100000",
            "1e300",
            "1e38",
            "5000000-01-01",
            "294276-01-01",
            4_000_000_000,
            -1,
            "a",
            "A",
            "x",
        ),
        *('{"{}"}', "(1,a)", 2_000_000_000, 32_767, "[1,2)", "999.99", "9e999"),
    ),
    (
        *(
            2,
            1,
            "2e100000",
            "1e300",
            "1e38",
            "5000000-01-02",
            "294276-01-01",
            4_000_000_001,
            2**63 - 1,
            "a",
            "A",
        ),
        *("y", '{"{}","{}"}', "(1,b)", 2_000_000_000, 32_767, "[5,9)", "999.99", "9e999"),
    ),
    (
        *(3, 2, "2e100000", "-1e300", "3e38", "infinity", "infinity", 1, 2**63 - 1, "b", "b"),
        *("y", '{"[]","{}"}', "(2,b)", 2_000_000_001, 32_767, "[5,9)", "999.99", "9e999"),
    ),
)
