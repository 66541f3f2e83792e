"""The key that a query parameter holds, read from the bytes that go to the server.

What the bytes mean is decided by the type that is sent with them (its OID; 0 lets PostgreSQL take the type of
what the parameter is compared with or stored in). A parameter of another type is converted by PostgreSQL in
ways that depend on the statement, so only conversions with one possible outcome are followed here; the rest
raises `NotProven`.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping

from parallel_partition.catalog.array_texts import array_elements
from parallel_partition.catalog.key_forms import (
    FORMS,
    NotProven,
    boolean_form,
    date_form,
    decimal_form,
    integer_form,
    numeric_form,
    text_form,
    uuid_form,
)
from parallel_partition.catalog.numeric_binary import decimal_of_binary

_UNKNOWN, _BOOL, _INT8, _INT2, _INT4, _TEXT = 0, 16, 20, 21, 23, 25
_FLOAT4, _FLOAT8, _DATE, _NUMERIC, _UUID, _VARCHAR, _UNKNOWN_TYPE = 700, 701, 1082, 1700, 2950, 1043, 705

#: Array types and the types of their elements.
_ELEMENTS = {
    1000: _BOOL,
    1005: _INT2,
    1007: _INT4,
    1009: _TEXT,
    1015: _VARCHAR,
    1016: _INT8,
    1021: _FLOAT4,
    1022: _FLOAT8,
    1182: _DATE,
    1231: _NUMERIC,
    2951: _UUID,
}

#: Below these every integer is a float of its own, so that equal floats mean equal integers. (In text form a real may
#: have more digits than the server keeps of it.)
_EXACT_REAL, _EXACT_DOUBLE = 2**24, 2**53

_DATE_NEVER, _DATE_ALWAYS = -(2**31), 2**31 - 1


def _integer_of_number(text: str) -> str:
    return integer_form(numeric_form(text))


def _integer_of_float(exact: int) -> Callable[[str], str]:
    def conversion(text: str) -> str:
        number = _integer_of_number(text)
        if abs(int(number)) >= exact:
            raise NotProven(f"several integers are equal to the floating-point number {text}")
        return number

    return conversion


#: How the text of a parameter of each type becomes the text of a key: (key type, parameter's type) ->
#: function.
_CONVERSIONS: Mapping[tuple[str, int], Callable[[str], str]] = {
    **{(name, oid): form for name, form in FORMS.items() for oid in (_UNKNOWN, _UNKNOWN_TYPE)},
    **{("integer", oid): integer_form for oid in (_INT2, _INT4, _INT8)},
    ("integer", _NUMERIC): _integer_of_number,
    ("integer", _FLOAT4): _integer_of_float(_EXACT_REAL),
    ("integer", _FLOAT8): _integer_of_float(_EXACT_DOUBLE),
    **{("text", oid): text_form for oid in (_TEXT, _VARCHAR)},
    **{("text", oid): integer_form for oid in (_INT2, _INT4, _INT8)},
    ("text", _UUID): uuid_form,
    ("uuid", _UUID): uuid_form,
    ("date", _DATE): date_form,
    ("boolean", _BOOL): boolean_form,
    **{("numeric", oid): integer_form for oid in (_INT2, _INT4, _INT8)},
    ("numeric", _NUMERIC): numeric_form,
}


def _text_of_date(data: bytes) -> str:
    """The ISO text of days since 2000-01-01, by the civil calendar of 400-year eras that begin in March."""
    (days,) = struct.unpack("!i", data)
    if days in (_DATE_NEVER, _DATE_ALWAYS):
        return "-infinity" if days < 0 else "infinity"
    era, day_of_era = divmod(days + 730_425, 146_097)
    year_of_era = (day_of_era - day_of_era // 1_460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted_month = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * shifted_month + 2) // 5 + 1
    month = shifted_month + 3 if shifted_month < 10 else shifted_month - 9
    year = year_of_era + era * 400 + (month <= 2)
    return f"{year:04}-{month:02}-{day:02}" if year > 0 else f"{1 - year:04}-{month:02}-{day:02} BC"


def _text_of_uuid(data: bytes) -> str:
    if len(data) != 16:
        raise NotProven(f"a binary UUID has 16 bytes, not {len(data)}")
    return data.hex()


def _text_of_float(layout: str) -> Callable[[bytes], str]:
    return lambda data: repr(struct.unpack(layout, data)[0])


def _text_of_integer(layout: str) -> Callable[[bytes], str]:
    return lambda data: str(struct.unpack(layout, data)[0])


_BINARY: Mapping[int, Callable[[bytes], str]] = {
    _INT2: _text_of_integer("!h"),
    _INT4: _text_of_integer("!i"),
    _INT8: _text_of_integer("!q"),
    _NUMERIC: lambda data: decimal_form(decimal_of_binary(data)),
    _UUID: _text_of_uuid,
    _DATE: _text_of_date,
    _BOOL: lambda data: "true" if struct.unpack("!?", data)[0] else "false",
    _TEXT: bytes.decode,
    _VARCHAR: bytes.decode,
    _FLOAT4: _text_of_float("!f"),
    _FLOAT8: _text_of_float("!d"),
}

#: Readers whose text is canonical already; most parameters are of these types.
_CANONICAL = frozenset({_INT2, _INT4, _INT8, _DATE, _BOOL})


def _from_text(conversion: Callable[[str], str]) -> Callable[[bytes], str]:
    return lambda data: conversion(data.decode())


def _from_binary(conversion: Callable[[str], str], oid: int) -> Callable[[bytes], str]:
    read = _BINARY[oid]
    return read if oid in _CANONICAL else lambda data: conversion(read(data))


#: The same conversions from the bytes themselves: (key type, parameter's type, format) -> function.
_DECODERS = {
    **{(type, oid, 0): _from_text(conversion) for (type, oid), conversion in _CONVERSIONS.items()},
    **{
        (type, oid, 1): _from_binary(conversion, oid)
        for (type, oid), conversion in _CONVERSIONS.items()
        if oid in _BINARY
    },
}


def reader(type: str, oid: int, format: int) -> Callable[[bytes], str] | None:
    """What reads the canonical text of a key of ``type`` from a parameter's bytes; None where nothing can.

    It raises `NotProven`, UnicodeDecodeError or struct.error for bytes that are no proven value.
    """
    return _DECODERS.get((type, oid, format))


def _decoded(data: bytes, oid: int, format: int, type: str) -> str:
    decode = reader(type, oid, format)
    if decode is None:
        raise NotProven(f"a key of type {type} is compared with a parameter of the type with OID {oid}")
    try:
        return decode(data)
    except (UnicodeDecodeError, struct.error) as error:
        raise NotProven(f"the parameter's bytes are no value of its type: {error}") from None


def key_text_of_parameter(data: bytes | None, oid: int, format: int, type: str) -> str | None:
    """The canonical text of the key that a parameter is equal to, and that it becomes when it is stored.

    Parameters
    ----------
    data : the parameter's bytes as sent, None for NULL; texts are UTF-8
    oid : the type sent with it, 0 when none is
    format : 0 for text, 1 for binary
    type : the key's type, one of `key_forms.FORMS`

    Returns
    -------
    The text, None for NULL.

    Raises
    ------
    NotProven : it is not certain which key that is
    """
    return None if data is None else _decoded(bytes(data), oid, format, type)


def key_texts_of_array_parameter(data: bytes | None, oid: int, format: int, type: str) -> tuple[str, ...]:
    """The canonical texts of the keys that ``key = ANY(parameter)`` can be true for.

    Elements that are NULL are equal to nothing, and so is a NULL array: they drop out. Arrays of several
    dimensions count as the list of all their elements, as ANY takes them.

    Raises
    ------
    NotProven : it is not certain which keys those are
    """
    if data is None:
        return ()
    if format == 0:
        element = _UNKNOWN if oid in (_UNKNOWN, _UNKNOWN_TYPE) else _ELEMENTS.get(oid)
        if element is None:
            raise NotProven(f"a parameter of the type with OID {oid} is no array of a known type")
        try:
            texts = array_elements(bytes(data).decode())
        except UnicodeDecodeError:
            raise NotProven("the array is no UTF-8") from None
        return tuple(_decoded(text.encode(), element, 0, type) for text in texts if text is not None)
    return tuple(_decoded(value, element, 1, type) for element, value in _binary_elements(bytes(data)))


def _binary_elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """(element type, value) of each element of an array in binary form that is not NULL."""
    try:
        dimensions, _, element = struct.unpack_from("!iiI", data)
        offset = 12 + 8 * dimensions
        while offset < len(data):
            (length,) = struct.unpack_from("!i", data, offset)
            offset += 4
            if length >= 0:
                yield element, data[offset : offset + length]
                offset += length
    except struct.error as error:
        raise NotProven(f"the parameter's bytes are no array: {error}") from None
