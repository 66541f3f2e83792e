"""The values that every floor speaks: a statement as PostgreSQL's protocol takes it, and what it answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Parameter(NamedTuple):
    """One value bound to ``$n``.

    Its bytes as sent (None for NULL), the type's OID (0: unknown), the format (0 text, 1 binary).
    """

    data: bytes | None
    oid: int
    format: int


class Statement(NamedTuple):
    """A statement in ``$n`` form and its parameters.

    ``result_format`` is 0 for text and 1 for binary; ``prepare`` says whether it may be prepared on the server.
    """

    text: bytes
    parameters: Sequence[Parameter] = ()
    result_format: int = 0
    prepare: bool | None = None


class OutputColumn(NamedTuple):
    """A column of a result as PostgreSQL describes it; ``type`` is ``format_type(oid, typmod)``."""

    name: str
    oid: int
    type: str
