"""Cutting SQL into tokens, held against PostgreSQL's own scanner and against what the parser says."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import postgast
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from parallel_partition.planning.parse import parse
from parallel_partition.planning.tokens import (
    NotReadable,
    closing,
    index_at,
    scan,
    text_of,
    tokens,
    without_comments,
)
from parallel_partition.planning.trees import POSITIONS
from tests.pure.sql_statements import statements


def cut(text: str) -> list[tuple[str, str]]:
    """Return (kind, text) of each token."""
    data = text.encode()
    return [(token.kind, data[token.start : token.end].decode()) for token in tokens(data)]


def texts(text: str) -> list[str]:
    return [token for _, token in cut(text)]


# --- each kind ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "'plain'",
        "''",
        "''''",
        "'it''s'",
        "'back\\'",
        "'two\nlines'",
        "'é 日本 😀'",
        "'-- no comment'",
        "'/* none */'",
        "'$$'",
        "E'it\\'s'",
        "e'\\\\'",
        "E'a''b\\''",
        "E'\\\n'",
        "U&'\\0061'",
        "u&'it''s'",
        "B'1010'",
        "x'1F'",
        "X''",
        "$$dollar$$",
        "$$it's$$",
        "$a$ $b$ $$ $a$",
        "$é1$ $é$ $é1$",
        "$a$ $a $a$",
        "'one'\n'two'",
        "'one'  \r\n\t 'two'\n\n'three'",
        "'one' -- a comment\n 'two'",
        "'one'\n-- a comment\n-- another\n'two'",
        "E'one\\''\n'two\\''",
        "B'1'\n'0'",
    ],
)
def test_a_string_is_one_token(text: str) -> None:
    assert cut(f"a={text};b") == [
        ("word", "a"),
        ("operator", "="),
        ("string", text),
        ("punctuation", ";"),
        ("word", "b"),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("'a' 'b'", ["'a'", "'b'"]),
        ("'a' /* c */\n'b'", ["'a'", "'b'"]),
        ("$$a$$\n'b'", ["$$a$$", "'b'"]),
        ("'a'\n$$b$$", ["'a'", "$$b$$"]),
        ("'a'\nE'b'", ["'a'", "E'b'"]),
        ('"a"\n"b"', ['"a"', '"b"']),
        ("B'1''0'", ["B'1'", "'0'"]),
        ("n'x'", ["n", "'x'"]),
        ("xe'x'", ["xe", "'x'"]),
        ("u & 'x'", ["u", "&", "'x'"]),
        ("u&x", ["u", "&", "x"]),
        ("'a'-'b'", ["'a'", "-", "'b'"]),
        ("$1$$x$$", ["$1", "$$x$$"]),
    ],
)
def test_where_one_string_ends_and_another_token_starts(text: str, expected: list[str]) -> None:
    assert texts(text) == expected


@pytest.mark.parametrize(
    "text", ['"a"', '"a b"', '"quote""d"', '"Ä\n"', 'U&"d\\0061t"', 'u&"a""b"', '"--"', '"/*"']
)
def test_a_quoted_name_is_one_token(text: str) -> None:
    assert cut(f"t.{text}.*") == [
        ("word", "t"),
        ("punctuation", "."),
        ("quoted", text),
        ("punctuation", "."),
        ("operator", "*"),
    ]


@pytest.mark.parametrize("text", ["a", "_a", "a1$", "É", "日本", "select", "NOT", "a$$b", "u", "E", "x1"])
def test_a_word_is_one_token(text: str) -> None:
    assert cut(text) == [("word", text)]


@pytest.mark.parametrize(
    "text",
    [
        "0",
        "42",
        "1.5",
        "1.",
        ".5",
        "1e5",
        "1E+5",
        "1.5e-3",
        ".5e1",
        "1.e5",
        "1_000",
        "1_0.0_1e1_0",
        "0x1F",
        "0O17",
        "0b1_0",
    ],
)
def test_a_number_is_one_token(text: str) -> None:
    assert cut(f"{text} ") == [("number", text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1..10", ["1", "..", "10"]),
        ("a[1:2]", ["a", "[", "1", ":", "2", "]"]),
        ("-1", ["-", "1"]),
        ("1-1", ["1", "-", "1"]),
        ("$1+$23", ["$1", "+", "$23"]),
        ("a::int", ["a", "::", "int"]),
        ("f(a=>1,b:=2)", ["f", "(", "a", "=>", "1", ",", "b", ":=", "2", ")"]),
        ("a.b.*", ["a", ".", "b", ".", "*"]),
        ("1e", ["1", "e"]),
    ],
)
def test_numbers_parameters_and_punctuation(text: str, expected: list[str]) -> None:
    assert texts(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a<=b", "<="),
        ("a<>b", "<>"),
        ("a->>b", "->>"),
        ("a@>b", "@>"),
        ("a=-b", "= -"),
        ("a=+-b", "= + -"),
        ("a*-b", "* -"),
        ("a@-b", "@-"),
        ("a<@-+b", "<@-+"),
        ("a--b", ""),
        ("a+--b", "+"),
        ("a+/*c*/b", "+"),
        ("a</*c*/>b", "< >"),
        ("a- -b", "- -"),
        ("a-+b", "- +"),
        ("a|/b", "|/"),
        ("a?&b", "?&"),
        ("a=>b", "=>"),
        ("a=>=b", "=>="),
        ("a=>+b", "=> +"),
        ("a/-*b", "/-*"),
        ("a*/b", "*/"),
    ],
)
def test_operators_end_where_postgresql_ends_them(text: str, expected: str) -> None:
    found = [token for kind, token in cut(text) if kind in ("operator", "punctuation")]
    assert found == expected.split()


@pytest.mark.parametrize(
    "text",
    [
        "-- to the end",
        "--\n",
        "/* a */",
        "/* /* nested */ */",
        "/**/",
        "/***/",
        "/* * / */",
        "/*/ a */",
        "/* /*/ */ */",
        "/* -- */",
        " \t\f\v\r\n",
    ],
)
def test_comments_and_spaces_are_no_tokens(text: str) -> None:
    assert cut(text) == []
    assert texts(f"a {text}\n b") == ["a", "b"]


@pytest.mark.parametrize(
    "text",
    [
        "'open",
        "E'open\\'",
        '"open',
        "$$open",
        "$a$open$$",
        "/* open",
        "/* /* half */",
        "U&'open",
        "{",
        "\\",
        "$",
        "$a",
        "B'1",
    ],
)
def test_what_does_not_end_is_refused(text: str) -> None:
    with pytest.raises(NotReadable, match=r"byte \d|at byte 4"):
        cut(f"a = {text}")


def test_a_part_of_a_text_can_be_cut() -> None:
    data = b"SELECT a, b FROM t"
    assert [data[token.start : token.end] for token in tokens(data, 7, 11)] == [b"a", b",", b"b"]


def test_scanning_stops_where_it_is_left() -> None:
    found = scan(b"a.b 'open")
    assert [next(found).kind for _ in range(3)] == ["word", "punctuation", "word"]
    with pytest.raises(NotReadable):
        next(found)


# --- against PostgreSQL ---------------------------------------------------------------------------------------

_SQL_COMMENT, _C_COMMENT, _STRING = 275, 276, 261

#: Pieces that are tricky beside each other.
_PIECES = (
    "'|''|\"|$|$$|$a$|$1|a|e'|E'|u&'|U&\"|b'|x'|n'|\\|\\'|/*|*/|--|\n|\r| |\t|\v|\f|+|-|*|/|<|>|=|~|@|!|%|^|&|||`|?|#"
    "|:|::|:=|..|.|0|1|9|_|e|0x|0b|0o|1e5|é|€|(|)|[|]|,|;|=>|<=|UESCAPE '!'|x|1.5|.5|select"
)
_tricky = st.lists(st.sampled_from([*_PIECES.replace("|||", "|").split("|"), "|"]), max_size=14).map("".join)


@settings(max_examples=500, deadline=None, derandomize=True)
@given(_tricky)
def test_tokens_are_those_of_postgresql_s_scanner(text: str) -> None:
    try:
        scanned = list(postgast.scan(text).tokens)
    except postgast.PgQueryError:
        return
    kinds = [token.token for token in scanned]
    # Its library does not continue a constant over a comment, as PostgreSQL does.
    assume(not any(kinds[at : at + 2] == [_SQL_COMMENT, _STRING] for at in range(len(kinds))))
    expected = [
        (token.start, token.end) for token in scanned if token.token not in (_SQL_COMMENT, _C_COMMENT)
    ]
    data = text.encode()
    try:
        found = [(token.start, token.end) for token in tokens(data)]
    except NotReadable:
        assert any(data[start:end] in (b"$", b"\\") for start, end in expected)
    else:
        assert found == expected


def _positions(value: Any) -> list[int]:
    """Return every position in a tree; those of -1 are none."""
    if isinstance(value, list):
        return [position for below in value for position in _positions(below)]
    if not isinstance(value, dict):
        return []
    own = [place for name, place in value.items() if name in POSITIONS and isinstance(place, int)]
    return [place for place in own if place != -1] + _positions(list(value.values()))


@pytest.mark.parametrize("text", statements())
def test_every_position_of_a_tree_is_where_a_token_starts(text: str) -> None:
    parsed = parse(text)
    starts = {token.start for token in tokens(parsed.data)}
    assert [place for place in _positions(parsed.statements) if place not in starts] == []


@pytest.mark.parametrize("text", statements())
def test_between_tokens_is_nothing_but_space_and_comments(text: str) -> None:
    data = text.encode()
    at, gaps = 0, []
    for token in tokens(data):
        assert token.start >= at
        gaps.append(data[at : token.start])
        at = token.end
    assert [gap for gap in [*gaps, data[at:]] if tokens(gap)] == []


_token_texts = st.one_of(
    st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=5).map(
        lambda text: f"'{text}'".replace("'", "''")[1:-1]
    ),
    st.text(st.characters(exclude_characters='\0"', codec="utf-8"), min_size=1, max_size=5).map(
        '"{}"'.format
    ),
    st.from_regex(r"[A-Za-z_é日][A-Za-z0-9_$é]{0,4}", fullmatch=True),
    st.from_regex(r"[0-9]{1,3}(\.[0-9]{1,2})?([eE][+-]?[0-9]{1,2})?", fullmatch=True),
    st.sampled_from([*"()[],;.:+-*/<?", "::", ":=", "=>", ">=", "<>", "||", "@>", "->>", "~*", "$1", "$22"]),
    st.sampled_from(["$$a'b$$", "E'\\''", "B'1'", "U&'a'", 'U&"a"', "$a$ $$ $a$"]),
)
_gaps = st.sampled_from([" ", "  ", "\t", " /* c */ ", " /* a /* b */ ' */ ", " -- it's\n", "\f", " --\r"])


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.lists(st.tuples(_token_texts, _gaps), max_size=12))
def test_tokens_are_what_the_text_was_made_of(pieces: list[tuple[str, str]]) -> None:
    made = [token for token, _ in pieces]
    assume(not any("'" in left and right.startswith("'") for left, right in pairwise(made)))
    assert texts("".join(token + gap for token, gap in pieces)) == made


# --- comments taken away ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", statements())
def test_without_comments_all_else_keeps_its_place(text: str) -> None:
    data = text.encode()
    bare = without_comments(data)
    assert len(bare) == len(data)
    assert tokens(bare) == tokens(data)
    assert all(bare[token.start : token.end] == data[token.start : token.end] for token in tokens(data))


def test_comments_become_blanks() -> None:
    assert without_comments(b"a/*\n*/b -- c\n d --") == b"a     b       d   "


@pytest.mark.parametrize("text", ["'a' /* c */\n'b'", "'a' -- c\n'b'"])
def test_no_two_strings_become_one(text: str) -> None:
    assert without_comments(text.encode()) == text.encode()


# --- finding the way --------------------------------------------------------------------------------------------


def test_a_token_is_found_by_its_offset() -> None:
    data = b"SELECT (a, b) FROM t"
    found = tokens(data)
    assert [index_at(found, offset) for offset in (0, 1, 7, 8, 19, 20)] == [0, 1, 1, 2, 7, 8]
    assert text_of(data, found[index_at(found, 14)]) == b"FROM"


def test_words_are_told_in_upper_case_and_nothing_else_is() -> None:
    data = "select É 'a' \"a\" from".encode()
    assert [text_of(data, token).decode() for token in tokens(data)] == ["SELECT", "É", "'a'", '"a"', "FROM"]


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("f(a, (b), ')', \")\")", 1, 18),
        ("VALUES ((1), (2)), (3)", 7, 16),
        ("a[b[1]] /* ] */ ]", 1, 6),
    ],
)
def test_parentheses_are_matched(text: str, start: int, end: int) -> None:
    data = text.encode()
    found = tokens(data)
    assert found[closing(data, found, index_at(found, start))].start == end


@pytest.mark.parametrize(("text", "index", "byte"), [("a + b", 1, 2), ("(a", 0, 0), ("(a[1)", 0, 0)])
def test_what_is_not_closed_is_told(text: str, index: int, byte: int) -> None:
    data = text.encode()
    with pytest.raises(NotReadable, match=f"byte {byte} opens is not closed"):
        closing(data, tokens(data), index)
