"""The one text of a value of each key type: what PostgreSQL prints for it, whatever the session's settings.

A key is hashed by its text, so a value must have exactly one. Each function here reads a text as PostgreSQL's
input function of that type would and returns the canonical text, or raises `NotProven` for what it cannot be
sure of: not every text that PostgreSQL takes is taken here ("today" is a date, and 0x1F an integer for newer
servers only).

=========  ==================================  ==============================
type       of the columns                      canonical text
=========  ==================================  ==============================
integer    smallint, integer, bigint           -7
text       text, character varying             itself
uuid       uuid                                lower case, with dashes
date       date                                ISO: 0044-03-15 BC, infinity
boolean    boolean                             true, false
numeric    numeric                             trailing zeros trimmed: 1.5
=========  ==================================  ==============================
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal

INT8_MIN, INT8_MAX = -(2**63), 2**63 - 1

#: PostgreSQL's limits of numeric: digits before and after the decimal point.
NUMERIC_DIGITS_BEFORE, NUMERIC_DIGITS_AFTER = 131_072, 16_383

_SPACE = " \t\n\r\v\f"
_INTEGER = re.compile(r"[+-]?[0-9]{1,30}")
_NUMERIC = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,6})?")
_NUMERIC_WORDS = {
    "nan": "NaN",
    **dict.fromkeys(("inf", "infinity", "+inf", "+infinity"), "Infinity"),
    **dict.fromkeys(("-inf", "-infinity"), "-Infinity"),
}
_UUID = re.compile(r"(\{)?[0-9a-f]{4}(?:-?[0-9a-f]{4}){7}(?(1)\})", re.IGNORECASE)
_DATE = re.compile(r"([0-9]{4}|[1-9][0-9]{4,6})-([0-9]{2})-([0-9]{2})( BC)?")
_BOOLEAN_WORDS = {
    **dict.fromkeys(
        ("1", "on", *("true"[:n] for n in range(1, 5)), *("yes"[:n] for n in range(1, 4))), "true"
    ),
    **dict.fromkeys(
        (
            "0",
            *("off"[:n] for n in range(2, 4)),
            *("false"[:n] for n in range(1, 6)),
            *("no"[:n] for n in range(1, 3)),
        ),
        "false",
    ),
}


class NotProven(Exception):
    """It is not certain which text PostgreSQL would print for a value; whoever asks must not rely on any."""


def integer_form(text: str) -> str:
    """Optional sign and decimal digits, white space around them, within bigint."""
    stripped = text.strip(_SPACE)
    if _INTEGER.fullmatch(stripped) and INT8_MIN <= (number := int(stripped)) <= INT8_MAX:
        return str(number)
    raise NotProven(f"{text!r:.60} is no decimal integer within bigint")


def text_form(text: str) -> str:
    """Any text that PostgreSQL can hold."""
    if "\0" in text:
        raise NotProven("PostgreSQL holds no text with a NUL character")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise NotProven(f"the text has no UTF-8 form: {error.reason}") from None
    return text


def uuid_form(text: str) -> str:
    """32 hexadecimal digits, optionally a dash after any four of them, optionally in braces."""
    if not _UUID.fullmatch(text):
        raise NotProven(f"{text!r:.60} is no UUID")
    digits = text.strip("{}").replace("-", "").lower()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def boolean_form(text: str) -> str:
    """Any prefix of true, false, yes and no, of off from its second letter on, on, 1 and 0, in any case."""
    try:
        return _BOOLEAN_WORDS[text.strip(_SPACE).lower()]
    except KeyError:
        raise NotProven(f"{text!r:.60} is no boolean") from None


def numeric_form(text: str) -> str:
    """A decimal number with or without an exponent, NaN or an infinity."""
    stripped = text.strip(_SPACE)
    if _NUMERIC.fullmatch(stripped):
        return decimal_form(Decimal(stripped))
    if (word := _NUMERIC_WORDS.get(stripped.lower())) is not None:
        return word
    raise NotProven(f"{text!r:.60} is no decimal number")


def decimal_form(value: Decimal) -> str:
    """What PostgreSQL prints for ``trim_scale(value)``."""
    if not value.is_finite():
        return "NaN" if value.is_nan() else "Infinity" if value > 0 else "-Infinity"
    if not value:
        return "0"
    exponent = value.as_tuple().exponent
    assert isinstance(exponent, int)  # only NaN and infinities have a letter there
    if value.adjusted() >= NUMERIC_DIGITS_BEFORE or -exponent > NUMERIC_DIGITS_AFTER:
        raise NotProven("the number has more digits than PostgreSQL's numeric holds")
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def date_form(text: str) -> str:
    """A date that every DateStyle reads as year, month, day; or an infinity."""
    stripped = text.strip(_SPACE)
    if match := _DATE.fullmatch(stripped):
        year, month, day = int(match[1]), int(match[2]), int(match[3])
        if year and 1 <= month <= 12 and 1 <= day <= _days_in(1 - year if match[4] else year, month):
            return stripped
    elif stripped.lower() in ("infinity", "-infinity"):
        return stripped.lower()
    raise NotProven(f"{text!r:.60} is no date in ISO form")


def _days_in(year: int, month: int) -> int:
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


#: The key types, and how a text becomes the canonical one of each.
FORMS: Mapping[str, Callable[[str], str]] = {
    "integer": integer_form,
    "text": text_form,
    "uuid": uuid_form,
    "date": date_form,
    "boolean": boolean_form,
    "numeric": numeric_form,
}


def key_text_of_literal(text: str, type: str) -> str:
    """The canonical text of a quoted SQL constant (``'007'``), or of any text in a type's input form.

    Parameters
    ----------
    text : the constant's value, without its quotes
    type : the key's type, one of `FORMS`

    Raises
    ------
    NotProven : PostgreSQL may read something else in it, or refuse it
    """
    return FORMS[type](text)


def key_text_of_number(text: str, type: str) -> str:
    """The canonical text of the key that an unquoted number of SQL (``5``, ``5.0``, ``1e3``) is equal to.

    Raises
    ------
    NotProven : no key of that type is equal to it, or it is not certain which
    """
    number = numeric_form(text)
    if type == "numeric":
        return number
    if type == "integer":
        return integer_form(number)
    raise NotProven(f"the number {text:.60} is compared with a key of type {type}")
