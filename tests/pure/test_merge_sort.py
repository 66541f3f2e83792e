"""Python's order of merged rows is PostgreSQL's, or is declined."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parallel_partition.combining.limit import window
from parallel_partition.combining.merge_sort import Direction, permutation, python_values

INTEGER, TEXT, NUMERIC, FLOAT, DATE, TIMESTAMP, BOOLEAN = 23, 25, 1700, 701, 1082, 1114, 16


@pytest.mark.parametrize(
    ("oid", "collation", "values", "expected"),
    [
        (INTEGER, None, [b"10", None, b"-9"], [10, None, -9]),
        (NUMERIC, None, [b"1.10", b"1.1"], [Decimal("1.10"), Decimal("1.1")]),
        (FLOAT, None, [b"1e+20", b"-Infinity"], [1e20, float("-inf")]),
        (BOOLEAN, None, [b"t", b"f"], [b"t", b"f"]),
        (TEXT, '"C"', [b"a", b"B"], [b"a", b"B"]),
        (DATE, None, [b"2013-01-31", None], [b"2013-01-31", None]),
        (TIMESTAMP, None, [b"2013-01-31 00:00:00.5"], [b"2013-01-31 00:00:00.5"]),
    ],
)
def test_values_that_python_compares(oid, collation, values, expected):
    assert python_values(oid, collation, values) == expected


@pytest.mark.parametrize(
    ("oid", "collation", "values"),
    [
        (TEXT, None, [b"a"]),  # the database's collation decides
        (TEXT, '"en_US"', [b"a"]),
        (NUMERIC, None, [b"1", b"NaN"]),  # NaN sorts last in PostgreSQL and nowhere in Python
        (NUMERIC, None, [b"-Infinity"]),
        (FLOAT, None, [b"NaN"]),
        (DATE, None, [b"2013-01-01", b"infinity"]),
        (DATE, None, [b"0044-03-15 BC"]),
        (DATE, None, [b"12013-01-01"]),
        (DATE, None, [b"01/31/2013"]),  # another DateStyle
        (1186, None, [b"1 day"]),  # interval
        (16500, None, [b"happy"]),  # an enum
    ],
)
def test_values_left_to_the_merge_session(oid, collation, values):
    assert python_values(oid, collation, values) is None


@given(
    st.lists(st.tuples(st.none() | st.integers(0, 3), st.none() | st.integers(0, 3)), min_size=1),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
def test_permutation_sorts_by_each_column_and_keeps_ties(rows, down1, nulls1, down2, nulls2):
    order = permutation(
        [[row[0] for row in rows], [row[1] for row in rows]],
        [Direction(down1, nulls1), Direction(down2, nulls2)],
    )

    def rank(value, down, nulls_first):
        if value is None:
            return (0 if nulls_first else 2, 0)
        return (1, -value if down else value)

    expected = sorted(
        range(len(rows)), key=lambda i: (rank(rows[i][0], down1, nulls1), rank(rows[i][1], down2, nulls2))
    )
    assert order == expected


@pytest.mark.parametrize(
    ("limit", "offset", "expected"),
    [
        (None, None, (0, 10)),
        (3, None, (0, 3)),
        (3, 8, (8, 10)),
        (None, 4, (4, 10)),
        (0, 0, (0, 0)),
        (5, 99, (10, 10)),
    ],
)
def test_window(limit, offset, expected):
    assert window(10, limit, offset) == expected
