"""Changing a text at byte offsets: exact or declined."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parallel_partition import errors
from parallel_partition.planning.parse import parse
from parallel_partition.planning.splicing import column_extent, relation_extent, renumber, splice
from parallel_partition.planning.trees import same_tree, walk
from tests.pure.sql_statements import statements

# --- splice -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ([], "SELECT é, b FROM t"),
        ([(7, 9, b"a")], "SELECT a, b FROM t"),
        ([(18, 19, b"s.t"), (7, 9, b"x")], "SELECT x, b FROM s.t"),
        ([(7, 9, b""), (9, 11, b"")], "SELECT b FROM t"),
        ([(19, 19, b" AS u")], "SELECT é, b FROM t AS u"),
        ([(0, 0, b"1"), (0, 0, b"2"), (0, 6, b"3")], "123 é, b FROM t"),
    ],
)
def test_edits_are_made_where_they_belong(edits: list[tuple[int, int, bytes]], expected: str) -> None:
    assert splice("SELECT é, b FROM t".encode(), edits).decode() == expected


@pytest.mark.parametrize(
    "edits",
    [
        [(0, 3, b""), (2, 4, b"")],
        [(0, 4, b""), (1, 2, b"")],
        [(2, 1, b"")],
        [(5, 7, b"")],
        [(-1, 1, b"")],
        [(0, 3, b"x"), (1, 1, b"y")],
    ],
)
def test_edits_that_overlap_or_leave_the_text_are_refused(edits: list[tuple[int, int, bytes]]) -> None:
    with pytest.raises(errors.InternalError, match="overlaps another or leaves the text"):
        splice(b"abcdef", edits)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.text(max_size=4), st.text(max_size=4), st.booleans()), max_size=8), st.randoms())
def test_any_pieces_can_be_replaced_in_any_order(pieces: list[tuple[str, str, bool]], shuffled: Any) -> None:
    edits, at = [], 0
    for before, after, changed in pieces:
        size = len(before.encode())
        if changed and size:
            edits.append((at, at + size, after.encode()))
        at += size
    shuffled.shuffle(edits)
    expected = "".join(after if changed and before else before for before, after, changed in pieces)
    assert splice("".join(before for before, _, _ in pieces).encode(), edits).decode() == expected


# --- names --------------------------------------------------------------------------------------------------


def extents(text: str) -> list[str | None]:
    """Return what stands where each column and table of a text is, None where that is declined."""
    parsed = parse(text)
    found = []
    for kind, body in walk(parsed.statements):
        if kind in ("ColumnRef", "RangeVar"):
            extent = (column_extent if kind == "ColumnRef" else relation_extent)(parsed.data, body)
            found.append(parsed.data[slice(*extent)].decode() if extent else None)
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT a, t.b, s.t.c FROM s.t", ["a", "t.b", "s.t.c", "s.t"]),
        ("SELECT *, t.*, s.t.* FROM t", ["*", "t.*", "s.t.*", "t"]),
        (
            'SELECT É."a""b" /*x*/ . -- y\n C, count(*) FROM ONLY S . T AS u',
            ['É."a""b" /*x*/ . -- y\n C', "S . T"],
        ),
        ("SELECT a[1].b, (c).d, (e.f).*, g::text FROM t *", ["a", "c", "e.f", "g", "t"]),
        ("SELECT a.b[1], -a.b FROM d.s.t", ["a.b", "a.b", "d.s.t"]),
        ("INSERT INTO s.t (a) VALUES (excluded.b)", ["s.t", "excluded.b"]),
        ('SELECT \'é\', ü.ä FROM "日本"."語"', ["ü.ä", '"日本"."語"']),
        (f'SELECT {"x" * 70}, "{"é" * 40}" FROM t', ["x" * 70, f'"{"é" * 40}"', "t"]),
        ("SELECT t.select FROM t", ["t.select", "t"]),
    ],
)
def test_the_extent_of_a_name_is_what_was_written(text: str, expected: list[str | None]) -> None:
    assert extents(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("TABLE t", [None, "t"]),
        ('SELECT U&"d\\0061t" FROM U&"t"', [None, None]),
        ('SELECT a.U&"b" FROM t', [None, "t"]),
    ],
)
def test_what_is_not_literally_the_name_is_declined(text: str, expected: list[str | None]) -> None:
    assert extents(text) == expected


@pytest.mark.parametrize(
    ("text", "at", "fields"),
    [
        ("SELECT b FROM t", 7, ["a"]),
        ("SELECT a FROM t", 7, ["a", "b"]),
        ("SELECT a.b FROM t", 7, ["a", None]),
        ("SELECT  a FROM t", 7, ["a"]),
        ("SELECT 'a' FROM t", 7, ["a"]),
        ('SELECT "A" FROM t', 7, ["a"]),
        ("SELECT a", 8, ["a"]),
        ("SELECT a", -1, ["a"]),
    ],
)
def test_a_name_that_does_not_stand_there_is_declined(text: str, at: int, fields: list[str | None]) -> None:
    column = {
        "fields": [{"A_Star": {}} if field is None else {"String": {"sval": field}} for field in fields],
        "location": at,
    }
    assert column_extent(text.encode(), column) is None


@pytest.mark.parametrize("text", statements())
def test_every_name_is_found_and_can_be_written_anew(text: str) -> None:
    parsed = parse(text)
    edits = []
    for kind, body in walk(parsed.statements):
        extent = None
        if kind == "ColumnRef":
            extent = column_extent(parsed.data, body)
        elif kind == "RangeVar":
            extent = relation_extent(parsed.data, body)
        if extent is not None:
            edits.append((*extent, b" " + parsed.data[slice(*extent)] + b" "))
        elif kind in ("ColumnRef", "RangeVar"):
            assert body["location"] == -1 or b"U&" in parsed.data
    spliced = parse(splice(parsed.data, edits).decode())
    assert same_tree(spliced.statements, parsed.statements)


# --- parameters -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected", "numbers"),
    [
        ("SELECT 1", "SELECT 1", ()),
        ("SELECT $1, $2", "SELECT $1, $2", (1, 2)),
        (
            "SELECT $7 + $3, $7::int, '$3', $$ $3 $$ -- $5",
            "SELECT $1 + $2, $1::int, '$3', $$ $3 $$ -- $5",
            (7, 3),
        ),
        ('SELECT a[$12:$9], "$1", b$1', 'SELECT a[$1:$2], "$1", b$1', (12, 9)),
    ],
)
def test_parameters_are_numbered_from_one(text: str, expected: str, numbers: tuple[int, ...]) -> None:
    assert renumber(text.encode()) == (expected.encode(), numbers)
