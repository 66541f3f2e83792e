"""Statements in what is typed or piped in: where each ends."""

from __future__ import annotations

from parallel_partition.planning.tokens import NotReadable, scan


def split(text: str) -> tuple[list[str], str]:
    """Cut a text at the semicolons that end statements.

    Returns
    -------
    The statements without their semicolons, and what comes behind the last of them: a statement that has not ended.
    """
    data = text.encode()
    statements = []
    start = depth = 0
    try:
        for token in scan(data):
            word = data[token.start : token.end] if token.kind == "punctuation" else b""
            depth += (word in (b"(", b"[")) - (word in (b")", b"]"))
            if word == b";" and depth <= 0:
                statements.append(data[start : token.start].decode().strip())
                start, depth = token.end, 0
    except NotReadable:
        pass  # a constant or a comment that goes on in the next line, or no SQL: PostgreSQL says so when it is sent
    return [statement for statement in statements if statement], data[start:].decode()


def is_blank(text: str) -> bool:
    """Tell whether a text has nothing but space and comments."""
    try:
        return next(scan(text.encode()), None) is None
    except NotReadable:
        return False
