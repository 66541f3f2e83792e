"""Where the clauses of a statement's outermost SELECT stand in its text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from parallel_partition.planning.tokens import Token, scan

#: Words that begin what may follow the select list, where they are not in parentheses.
_ENDS_SELECT_LIST = frozenset(
    {
        b"FROM",
        b"WHERE",
        b"GROUP",
        b"HAVING",
        b"WINDOW",
        b"ORDER",
        b"LIMIT",
        b"OFFSET",
        b"FETCH",
        b"FOR",
        b"UNION",
    }
    | {b"INTERSECT", b"EXCEPT"}
)
_LIMITS = frozenset({b"LIMIT", b"OFFSET", b"FETCH"})


@dataclass(frozen=True)
class Clauses:
    """Offsets into a text: ``select_end`` behind the select list, ``limit`` around LIMIT, OFFSET and FETCH.

    ``where`` is behind the word WHERE, None without one.
    """

    select_end: int
    limit: tuple[int, int] | None
    where: int | None


def find_clauses(data: bytes, start: int, end: int) -> Clauses | None:
    """The clauses of the SELECT that ``data[start:end]`` is; None where it begins otherwise (a parenthesis, VALUES)."""
    words = list(outer_words(data, start, end))
    if not words or words[0][1] not in (b"SELECT", b"WITH"):
        return None
    begin = next((place for place, (_, word) in enumerate(words) if word == b"SELECT"), None)
    if begin is None:
        return None
    after = next((place for place in range(begin + 1, len(words)) if _ends_select_list(words, place)), None)
    if after is None:
        return None
    select_end = _end_before(data, start, words[after][0].start)
    where = next((token.end for token, word in words[after:] if word == b"WHERE"), None)
    return Clauses(select_end, _limit(data, words, end), where)


def outer_words(data: bytes, start: int, end: int) -> Iterator[tuple[Token, bytes]]:
    """The words outside of parentheses that may be keywords, in upper case."""
    depth = 0
    label = False
    for token in scan(data, start, end):
        text = data[token.start : token.end]
        if token.kind == "punctuation":
            depth += (text in (b"(", b"[")) - (text in (b")", b"]"))
        word = text.upper() if token.kind == "word" else b""
        if word and depth == 0 and not label:
            yield token, word
        label = text == b"." or word == b"AS"


def _ends_select_list(words: list[tuple[Token, bytes]], place: int) -> bool:
    word, before = words[place][1], words[place - 1][1]
    if word == b"FROM" and before == b"DISTINCT":
        return words[place - 2][1] not in (b"IS", b"NOT")
    if word == b"GROUP" and before == b"WITHIN":
        return False
    return word in _ENDS_SELECT_LIST


def _end_before(data: bytes, start: int, at: int) -> int:
    """Where the last token before ``at`` ends."""
    last = start
    for token in scan(data, start, at):
        last = token.end
    return last


def _limit(data: bytes, words: list[tuple[Token, bytes]], end: int) -> tuple[int, int] | None:
    first = next((token.start for token, word in words if word in _LIMITS), None)
    if first is None:
        return None
    lock = next((token.start for token, word in words if word == b"FOR" and token.start > first), None)
    return first, _end_before(data, first, end if lock is None else lock)
