"""PostgreSQL's text form of arrays, taken apart."""

from __future__ import annotations

import re

from parallel_partition.catalog.key_forms import NotProven

# An element in quotes (group 1) or without (group 2), or an opening or closing brace, and the comma behind. Spaces are
# those that PostgreSQL takes for such; Python's \s has more of them.
_SPACE = r" \t\n\r\v\f"
_TOKEN = re.compile(
    rf'[{_SPACE}]*(?:"((?:[^"\\]|\\.)*)"|([^{_SPACE}",{{}}\\](?:[^",{{}}\\]*[^{_SPACE}",{{}}\\])?)|([{{}}]))[{_SPACE}]*(,?)',
    re.S,
)
_ESCAPE = re.compile(r"\\(.)", re.S)


def array_elements(text: str) -> list[str | None]:
    """All elements of an array's text (``{1,NULL,"a b"}``) in order, whatever its dimensions; None for NULL.

    Raises
    ------
    NotProven : PostgreSQL may read it otherwise, or refuse it
    """
    if not (text.startswith("{") and text.endswith("}")):
        raise NotProven("an array that does not begin and end with a brace")
    elements: list[str | None] = []
    position = depth = 0
    while position < len(text):
        token = _TOKEN.match(text, position)
        if token is None:
            raise NotProven("an array in a form that is not read here")
        quoted, plain, brace, _ = token.groups()
        if quoted is not None:
            elements.append(_ESCAPE.sub(r"\1", quoted))
        elif plain is not None:
            elements.append(None if plain.upper() == "NULL" else plain)
        else:
            depth += 1 if brace == "{" else -1
        position = token.end()
    if depth:
        raise NotProven("an array whose braces do not match")
    return elements
