"""Which expressions fail for no row."""

from __future__ import annotations

import pytest

from parallel_partition.planning.never_fails import never_fails
from parallel_partition.planning.parse import parse
from parallel_partition.planning.trees import Node

TYPES = {
    "i": "integer",
    "n": "numeric(10,2)",
    "t": "text",
    "d": "date",
    "f": "double precision",
    "by": "bytea",
    "a": "numeric(10,2)[]",
    "v": "interval",
}

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
"""


def type_of(column: Node) -> str:
    return TYPES[column["fields"][-1]["String"]["sval"]]


def judged(text: str) -> bool:
    select = parse(f"SELECT {text.strip()}").statements[0]["SelectStmt"]
    return never_fails(select["targetList"][0]["ResTarget"]["val"], type_of)


@pytest.mark.parametrize("text", NEVER.strip().splitlines(), ids=str.strip)
def test_it_never_fails(text: str) -> None:
    assert judged(text)


@pytest.mark.parametrize("text", MAY_FAIL.strip().splitlines(), ids=str.strip)
def test_it_may_fail(text: str) -> None:
    assert not judged(text)
