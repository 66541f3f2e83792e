"""Changing a text at byte offsets, and nothing else of it.

A tree tells where a name starts. Its extent is what stands there, and only if that is exactly the name
that the tree holds; where it is not (``U&"..."``, a ``*`` that was never written), the answer is None
and nothing is spliced.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from parallel_partition import errors
from parallel_partition.planning.tokens import Token, scan, tokens
from parallel_partition.planning.trees import Node

#: Identifiers are cut to this many bytes.
_NAME_BYTES = 63


def splice(data: bytes, edits: Sequence[tuple[int, int, bytes]]) -> bytes:
    """Return ``data`` with each ``data[start:end]`` replaced.

    Parameters
    ----------
    edits : (start, end, replacement) in any order; insertions at one place keep the order given

    Raises
    ------
    errors.InternalError : two edits overlap, or one lies outside of the text
    """
    pieces: list[bytes] = []
    at = 0
    for start, end, replacement in sorted(edits, key=lambda edit: edit[:2]):
        if not at <= start <= end <= len(data):
            raise errors.InternalError(
                f"the edit of bytes {start} to {end} overlaps another or leaves the text"
            )
        pieces += (data[at:start], replacement)
        at = end
    pieces.append(data[at:])
    return b"".join(pieces)


def column_extent(data: bytes, column: Node) -> tuple[int, int] | None:
    """Return where a ColumnRef's body stands in the text: ``a``, ``t.a``, ``*``, ``s.t.*``.

    None: the text there is not literally that name, or the tree gives no place.
    """
    names = [field["String"]["sval"] if "String" in field else None for field in column["fields"]]
    return _name_extent(data, column.get("location", 0), names)


def relation_extent(data: bytes, relation: Node) -> tuple[int, int] | None:
    """Return where the name of a RangeVar's body stands in the text: ``t``, ``s.t``, without ONLY and alias.

    None: the text there is not literally that name, or the tree gives no place.
    """
    names = [relation[part] for part in ("catalogname", "schemaname", "relname") if part in relation]
    return _name_extent(data, relation.get("location", 0), names)


def around(data: bytes, extent: tuple[int, int]) -> Iterator[int]:
    """The places of the parentheses that have nothing but this extent between them."""
    behind = scan(data, extent[1])
    for before in reversed(tokens(data, 0, extent[0])):
        after = next(behind, None)
        if after is None or (data[before.start : before.end], data[after.start : after.end]) != (b"(", b")"):
            return
        yield before.start
        yield after.start


def renumber(data: bytes) -> tuple[bytes, tuple[int, ...]]:
    """Number the parameters of a text anew, from 1 in the order of their first appearance.

    Returns
    -------
    the text, and the old numbers: ``numbers[0]`` was the number of what is ``$1`` now
    """
    new: dict[int, int] = {}
    edits = []
    for token in scan(data):
        if token.kind == "parameter":
            old = int(data[token.start + 1 : token.end])
            edits.append((token.start, token.end, b"$%d" % new.setdefault(old, len(new) + 1)))
    return splice(data, edits), tuple(new)


def _name_extent(data: bytes, at: int, names: Sequence[str | None]) -> tuple[int, int] | None:
    """Return the extent of a dotted name of these parts (None: ``*``), if that is what starts at ``at``."""
    if at < 0:
        return None
    found = list(islice(scan(data, at), 2 * len(names) - 1))
    if len(found) < 2 * len(names) - 1 or found[0].start != at:
        return None
    dots = all(data[dot.start : dot.end] == b"." for dot in found[1::2])
    if dots and all(_is_name(data, token, name) for token, name in zip(found[::2], names, strict=True)):
        return at, found[-1].end
    return None


def _is_name(data: bytes, token: Token, name: str | None) -> bool:
    """Tell whether a token is the name ``name``, or ``*`` for None."""
    text = data[token.start : token.end]
    if name is None:
        return text == b"*"
    if token.kind == "word":
        return _cut(text.lower()) == name  # of bytes, so only ASCII is folded, as PostgreSQL does in UTF-8
    return token.kind == "quoted" and text[:1] == b'"' and _cut(text[1:-1].replace(b'""', b'"')) == name


def _cut(name: bytes) -> str:
    """Return a name as PostgreSQL keeps it: no longer than it allows, and no character halved."""
    return name[:_NAME_BYTES].decode(errors="ignore")
