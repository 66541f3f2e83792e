"""Where the subqueries of a statement stand in its text: a tree tells where names start, not where a SELECT does.

A subquery stands in parentheses, or is an arm of a set operation. What stands there is read, and is the subquery
only if that gives its tree.
"""

from __future__ import annotations

from collections.abc import Iterator

from parallel_partition.planning.clauses import outer_words
from parallel_partition.planning.parse import ParsedText, SyntaxNotRead, parse
from parallel_partition.planning.tokens import scan
from parallel_partition.planning.trees import POSITIONS, Node, same_tree, walk

Extent = tuple[int, int]

_SET_OPERATIONS = frozenset({b"UNION", b"INTERSECT", b"EXCEPT"})
#: What may stand behind an arm and belongs to the set operation.
_BEHIND_ARMS = frozenset({b"ORDER", b"LIMIT", b"OFFSET", b"FETCH", b"FOR"})


class QueryExtents:
    """Finds subqueries in the text of one statement."""

    def __init__(self, parsed: ParsedText) -> None:
        self._data = parsed.data
        # The shorter ones first: of all that hold a subquery's names the shortest that reads like it is the subquery.
        self._places = sorted(set(_places(parsed)), key=lambda place: place[1] - place[0])

    def of(self, body: Node) -> Extent | None:
        """Where the SELECT with this body stands, without the parentheses around it; None where it is not found."""
        positions = [place for _, below in walk({"SelectStmt": body}) for place in _positions(below)]
        if not positions:
            return None
        first, last = min(positions), max(positions)
        for start, end in self._places:
            if start <= first and last < end and self._reads_as(start, end, body):
                return start, end
        return None

    def _reads_as(self, start: int, end: int, body: Node) -> bool:
        try:
            made = parse(self._data[start:end].decode()).statements
        except SyntaxNotRead:
            return False
        return same_tree(made, [{"SelectStmt": body}])


def _positions(body: Node) -> Iterator[int]:
    for name, value in body.items():
        if name in POSITIONS and isinstance(value, int) and value > 0:
            yield value


def _places(parsed: ParsedText) -> Iterator[Extent]:
    """What stands in parentheses, and the arms of set operations."""
    data = parsed.data
    for extent in (parsed.extents[0], *_in_parentheses(data)):
        yield extent
        yield from (_stripped(data, *arm) for arm in _arms(data, *extent))


def _stripped(data: bytes, start: int, end: int) -> Extent:
    """The same without white space at its ends, so that whatever takes its place keeps its distance."""
    text = data[start:end]
    return start + len(text) - len(text.lstrip()), end - len(text) + len(text.rstrip())


def _in_parentheses(data: bytes) -> Iterator[Extent]:
    opened: list[int] = []
    for token in scan(data):
        text = data[token.start : token.end] if token.kind == "punctuation" else b""
        if text == b"(":
            opened.append(token.end)
        elif text == b")" and opened:
            yield opened.pop(), token.start


def _arms(data: bytes, start: int, end: int) -> Iterator[Extent]:
    """The arms of a set operation that are in no parentheses of their own."""
    words = list(outer_words(data, start, end))
    places = [number for number, (_, word) in enumerate(words) if word in _SET_OPERATIONS]
    if not places:
        return
    begin = next((token.start for token, word in words if word == b"SELECT"), start)
    for number in places:
        yield begin, words[number][0].start
        behind = number + 1
        if behind < len(words) and words[behind][1] in (b"ALL", b"DISTINCT"):
            behind += 1
        begin = words[behind - 1][0].end
    yield begin, next((token.start for token, word in words[behind:] if word in _BEHIND_ARMS), end)
