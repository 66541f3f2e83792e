"""The tokens of a SQL text, by PostgreSQL's lexical rules: where each starts and ends, in bytes.

A parse tree tells where things start, never where they end. For that, and for nothing else, the text is cut
into tokens; what they mean stays with the grammar, so a text comes here after `parse` has read it.
Comments and white space are no tokens: they are what lies between.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from typing import Literal, NamedTuple

from parallel_partition import errors

Kind = Literal["word", "quoted", "string", "number", "parameter", "operator", "punctuation"]


class Token(NamedTuple):
    """A token at ``data[start:end]``.

    ``kind`` is one of: word (a keyword or an unquoted name), quoted (a quoted name), string (any kind of
    quoted constant, with the parts in which it continues on further lines), number, parameter (``$n``),
    operator, punctuation (parentheses, brackets, ``, ; . .. : :: := =>``).
    """

    kind: Kind
    start: int
    end: int


class NotReadable(errors.ProgrammingError):
    """The text is not made of PostgreSQL's tokens."""


#: What may stand between two parts of one string constant: at least one line end, perhaps comments.
_CONTINUED = rb"(?:[ \t\f\v]++|--[^\n\r]*+)*+[\n\r](?:[ \t\n\r\f\v]++|--[^\n\r]*+[\n\r])*+'"
_STANDARD = rb"(?:[^']++|'')*+'"
_ESCAPED = rb"(?:[^'\\]++|''|\\.)*+'"
_DIGITS = rb"[^']*+'"
_INTEGER = rb"[0-9](?:_?[0-9])*+"


def _string(opening: bytes, body: bytes) -> bytes:
    """Return the pattern of a string constant and its continuations."""
    return opening + body + rb"(?:" + _CONTINUED + body + rb")*+"


_PATTERN = re.compile(
    rb"(?P<space>[ \t\n\r\f\v]++|--[^\n\r]*+)"
    rb"|(?P<comment>/\*)"
    rb"|(?P<string>"
    + rb"|".join(
        (_string(rb"(?:[uU]&)?'", _STANDARD), _string(rb"[eE]'", _ESCAPED), _string(rb"[bBxX]'", _DIGITS))
    )
    + rb')|(?P<quoted>(?:[uU]&)?"(?:[^"]++|"")*+")'
    rb"|(?P<word>(?![eEbBxX]'|[uU]&['\"])[A-Za-z_\x80-\xff][A-Za-z0-9_$\x80-\xff]*+)"
    rb"|(?P<parameter>\$[0-9]++)"
    rb"|(?P<dollar>\$(?:[A-Za-z_\x80-\xff][A-Za-z0-9_\x80-\xff]*+)?\$)"
    rb"|(?P<number>0[xX](?:_?[0-9A-Fa-f])++|0[oO](?:_?[0-7])++|0[bB](?:_?[01])++"
    rb"|(?:"
    + _INTEGER
    + rb"(?:\.(?!\.)(?:"
    + _INTEGER
    + rb")?)?|\."
    + _INTEGER
    + rb")(?:[eE][+-]?"
    + _INTEGER
    + rb")?)"
    rb"|(?P<punctuation>::|:=|\.\.|[()\[\],;.:])"
    rb"|(?P<operator>[~!@#^&|`?+\-*/%<>=]++)",
    re.DOTALL,
)

_COMMENT_EDGE = re.compile(rb"/\*|\*/")
#: An operator of several characters ends in + or - only when it has one of these.
_MAY_END_IN_SIGN = re.compile(rb"[~!@#^&|`?%]")


def tokens(data: bytes, start: int = 0, end: int | None = None) -> list[Token]:
    """Return the tokens of ``data[start:end]``; a token, a space or a comment must start at ``start``.

    Raises
    ------
    NotReadable : something there is no token, or a constant or comment does not end
    """
    return list(scan(data, start, end))


def scan(data: bytes, start: int = 0, end: int | None = None) -> Iterator[Token]:
    """Yield the tokens of ``data[start:end]`` one by one, as `tokens` returns them."""
    at, stop = start, len(data) if end is None else end
    while at < stop:
        match = _PATTERN.match(data, at, stop)
        if match is None:
            raise NotReadable(f"byte {at} of the text starts no token: {data[at : at + 20]!r}")
        kind = match.lastgroup
        if kind == "space":
            at = match.end()
        elif kind == "comment":
            at = _comment_end(data, at, stop)
        else:
            token = _token(data, kind, match, stop)
            yield token
            at = token.end


def _token(data: bytes, kind: str | None, match: re.Match[bytes], stop: int) -> Token:
    """Return the token of a match; operators and dollar-quoted strings end where no pattern can tell."""
    if kind == "operator":
        end = _operator_end(match.group(), match.start())
        return Token("punctuation" if data[match.start() : end] == b"=>" else "operator", match.start(), end)
    if kind == "dollar":
        end = data.find(match.group(), match.end(), stop)
        if end < 0:
            raise NotReadable(
                f"the string that starts with {match.group()!r} at byte {match.start()} does not end"
            )
        return Token("string", match.start(), end + len(match.group()))
    return Token(kind, match.start(), match.end())  # type: ignore[arg-type] # the other groups are the kinds


def _comment_end(data: bytes, at: int, stop: int) -> int:
    """Return where the comment ends that starts at ``at``; comments nest."""
    depth = 0
    for edge in _COMMENT_EDGE.finditer(data, at, stop):
        depth += 1 if edge.group() == b"/*" else -1
        if depth == 0:
            return edge.end()
    raise NotReadable(f"the comment that starts at byte {at} does not end")


def _operator_end(run: bytes, at: int) -> int:
    """Return where the operator ends that starts a run of operator characters at ``at``.

    A comment ends it; so do signs at its end, unless it has a character that no operator of standard SQL has.
    """
    for comment in (b"/*", b"--"):
        cut = run.find(comment)
        if cut > 0:
            run = run[:cut]
    if run[-1:] in (b"+", b"-") and not _MAY_END_IN_SIGN.search(run, 0, len(run) - 1):
        run = run[:1] + run[1:].rstrip(b"+-")
    return at + len(run)


def without_comments(data: bytes) -> bytes:
    """Return a text with its comments blanked out, so that all else keeps its place.

    Comments between two string constants, or between the parts of one, stay: blanks could change what they are.

    Raises
    ------
    NotReadable : something there is no token, or a constant or comment does not end
    """
    pieces: list[bytes] = []
    at, before = 0, ""
    for token in scan(data):
        gap = data[at : token.start]
        both_strings = before == "string" == token.kind
        pieces += (gap if both_strings else b" " * len(gap), data[token.start : token.end])
        at, before = token.end, token.kind
    return b"".join((*pieces, b" " * (len(data) - at)))


# --- finding the way among tokens ------------------------------------------------------------------------


def index_at(found: list[Token], offset: int) -> int:
    """Return the index of the first token that starts at ``offset`` or later, or ``len(found)``."""
    return bisect_left(found, offset, key=lambda token: token.start)


def text_of(data: bytes, token: Token) -> bytes:
    """Return the token's text: a word in upper case, everything else as it stands."""
    text = data[token.start : token.end]
    return text.upper() if token.kind == "word" else text


_CLOSING = {b"(": b")", b"[": b"]"}


def closing(data: bytes, found: list[Token], index: int) -> int:
    """Return the index of what closes the parenthesis or bracket at ``index``.

    Raises
    ------
    NotReadable : it is not closed
    """
    expected: list[bytes] = []
    for position in range(index, len(found)):
        token = found[position]
        if token.kind != "punctuation":
            continue
        text = data[token.start : token.end]
        if text in _CLOSING:
            expected.append(_CLOSING[text])
        elif expected and text == expected[-1]:
            expected.pop()
            if not expected:
                return position
    raise NotReadable(f"what byte {found[index].start} opens is not closed")
