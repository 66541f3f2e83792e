"""Which expressions fail for no row."""

from __future__ import annotations

import pytest

from parallel_partition.catalog.tables import Column
from parallel_partition.planning.never_fails import never_fails
from parallel_partition.planning.parse import parse
from parallel_partition.planning.trees import Node

TYPES = {
    "i": "integer",
    "b": "bigint",
    "n": "numeric(10,2)",
    "t": "text",
    "d": "date",
    "f": "double precision",
    "by": "bytea",
    "a": "numeric(10,2)[]",
    "v": "interval",
    "ts": "timestamp without time zone",
    "big": "numeric",
    "o": "oid",
    "ja": "json[]",
    "ia": "integer[]",
    "t2": "text",
    "t3": "text",
    "q": "integer",
    "u": "uuid",
    "w": "character varying(5)",
}
COLLATIONS = {"t2": 'pg_catalog."C"', "t3": "public.folded"}

NEVER = """
    i
    i = 5 AND t <> 'x' OR n IS NULL
    i IN (1, 2) AND i BETWEEN 1 AND 5 AND (i, t) = (1, 'x')
    t LIKE 'a%' AND t NOT LIKE '%b_'
    coalesce(t, 'x') = nullif(t, 'y')
    CASE i WHEN 1 THEN n ELSE 0.0 END > greatest(n, 2)
    n * (1 - n) + i
    n / 7.0
    0.2 * avg(n) > sum(n * 2)
    count(*) FILTER (WHERE i > 5)
    2 * avg(i)
    bool_or(t = 'x')
    extract(year FROM d) = 1998
    substring(t FROM 1 FOR 2) = lower(t)
    1 / 0
    row_number() OVER (PARTITION BY t ORDER BY n DESC)
    EXISTS (SELECT 1) AND i IN (SELECT 5)
    f > 2.5 AND f = i AND max(f) > min(i)
    upper(btrim(t))
    d < ts AND d BETWEEN ts AND '2020-01-01' AND d > date '2020-01-01' + 1
    i = b AND b IN (i, 7) AND n = i AND big > n
    i = 3::float8
    ia = '{1,2}' OR max(ia) > min(ia)
    CASE WHEN i > 0 THEN 1 ELSE 0 END
    t2 LIKE 'a%' AND max(t2) > 'x'
    t3 = 'a'
    b IN (SELECT i)
    t = w AND coalesce(t, w) = 'x'
    u = u AND greatest(u, u) IS NULL
"""
MAY_FAIL = """
    1 / i
    i + 1
    n / i
    n / 0
    - i
    f * 2.0
    f + n
    t::int
    t LIKE t
    t LIKE 'a\\'
    sqrt(n)
    extract(hour FROM d)
    substring(t FROM i)
    substring(t FROM 1 FOR -1)
    i = 1 / i
    CASE WHEN i > 0 THEN 1 / i END
    sum(i ORDER BY 1 / i)
    sum(i) FILTER (WHERE 1 / i > 0)
    ntile(0) OVER ()
    rank() OVER (ORDER BY 1 / i)
    rank() OVER (ORDER BY i ROWS BETWEEN -1 PRECEDING AND CURRENT ROW)
    i = (SELECT 5)
    i > ANY (SELECT 5)
    own.length(t)
    string_agg(t, t)
    sum(f)
    avg(v)
    n < f
    coalesce(f, n)
    length(by)
    length(by, 'UTF8')
    lower(i)
    a * 2
    max(big * big)
    sum(big)
    big + 1
    n < 1.5::float8 OR big < 1.5::float8
    o = b
    o = 5
    b IN (o)
    b IN (SELECT o)
    (i, o) = (1, b)
    t = t2
    max(t2) < max(t)
    coalesce(t, t2)
    greatest(d, ts)
    coalesce(d, ts) > '2020-01-01'
    max(CASE WHEN i > 0 THEN d ELSE ts END)
    d IN (ts, '2020-01-01')
    nullif(d, ts)
    CASE d WHEN o THEN 1 END
    ja = ja
    max(ja)
    t3 LIKE 'a%'
    lower(t3) LIKE 'a%'
    q
    max(q)
"""


def column_of(column: Node) -> Column:
    name = column["fields"][-1]["String"]["sval"]
    generated = "virtual" if name == "q" else ""
    return Column(name, TYPES[name], 0, collation=COLLATIONS.get(name), generated=generated)


def judged(text: str) -> bool:
    select = parse(f"SELECT {text.strip()}").statements[0]["SelectStmt"]
    return never_fails(select["targetList"][0]["ResTarget"]["val"], column_of)


@pytest.mark.parametrize("text", NEVER.strip().splitlines(), ids=str.strip)
def test_it_never_fails(text: str) -> None:
    assert judged(text)


@pytest.mark.parametrize("text", MAY_FAIL.strip().splitlines(), ids=str.strip)
def test_it_may_fail(text: str) -> None:
    assert not judged(text)
