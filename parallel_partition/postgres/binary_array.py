"""PostgreSQL arrays in binary form, put together from values as a server sent them, without decoding any."""

from __future__ import annotations

import struct
from collections.abc import Iterable

from parallel_partition.statements import Parameter

TEXT_OID = 25
_TEXT_ARRAY = 1009

_HEADER = struct.Struct("!iiI")  # dimensions, has-null flag, element type
_DIMENSION = struct.Struct("!ii")  # length, lower bound
_LENGTH = struct.Struct("!i")
_NULL = _LENGTH.pack(-1)


def binary_array(element: int, values: Iterable[bytes | None]) -> bytes:
    """A one-dimensional array of ``element`` (a type's OID), as ``array_recv`` reads it.

    Parameters
    ----------
    values : each value in the element type's binary form (for text that is its UTF-8), None for NULL

    The layout is that of PostgreSQL's ``src/backend/utils/adt/arrayfuncs.c``: array_recv.
    """
    pieces: list[bytes] = []
    count = 0
    has_null = 0
    pack = _LENGTH.pack
    for value in values:
        count += 1
        if value is None:
            has_null = 1
            pieces.append(_NULL)
        else:
            pieces.append(pack(len(value)))
            pieces.append(value)
    if not count:
        return _HEADER.pack(0, 0, element)
    return b"".join([_HEADER.pack(1, has_null, element), _DIMENSION.pack(count, 1), *pieces])


def text_array(values: Iterable[str | None]) -> Parameter:
    """A parameter of type ``text[]``; None for NULL."""
    encoded = (None if value is None else value.encode() for value in values)
    return Parameter(binary_array(TEXT_OID, encoded), _TEXT_ARRAY, 1)


def integers_of(array: bytes) -> list[int]:
    """The values of a one-dimensional array of integers in binary form, none of which is NULL."""
    if len(array) < _HEADER.size + _DIMENSION.size:
        return []
    count = _DIMENSION.unpack_from(array, _HEADER.size)[0]
    width = _LENGTH.unpack_from(array, _HEADER.size + _DIMENSION.size)[0] if count else 0
    step = _LENGTH.size + width
    start = _HEADER.size + _DIMENSION.size + _LENGTH.size
    values = array[start:]
    return [
        int.from_bytes(values[at : at + width], "big", signed=True) for at in range(0, count * step, step)
    ]
