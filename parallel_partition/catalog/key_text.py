"""The text that a key is hashed by, of Python values, SQL constants and query parameters.

Rows and look-ups must agree on it whoever computes it, so it is PostgreSQL's own text of the value (see
`key_forms`). Python's ``str`` is another for booleans, decimals and dates before our era. NULL has no text:
None.
"""

from __future__ import annotations

import datetime
import operator
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from parallel_partition.catalog.key_forms import (
    FORMS,
    INT8_MAX,
    INT8_MIN,
    NotProven,
    decimal_form,
    key_text_of_literal,
    key_text_of_number,
)
from parallel_partition.catalog.key_parameters import key_text_of_parameter, key_texts_of_array_parameter
from parallel_partition.errors import DataError

__all__ = [
    "KEY_TYPES",
    "NotProven",
    "inferred_type",
    "key_text",
    "key_text_of_literal",
    "key_text_of_number",
    "key_text_of_parameter",
    "key_texts_of_array_parameter",
]

#: The names of the key types.
KEY_TYPES = tuple(FORMS)


def _of_integer(value: Any) -> str:
    number = _index(value)
    if not INT8_MIN <= number <= INT8_MAX:
        raise NotProven("the number is beyond bigint")
    return str(number)


def _of_numeric(value: Any) -> str:
    return decimal_form(value if isinstance(value, Decimal) else Decimal(_index(value)))


def _of_uuid(value: Any) -> str:
    if isinstance(value, UUID):
        return str(value)
    raise TypeError


def _of_date(value: Any) -> str:
    if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
        return value.isoformat()
    raise TypeError


def _of_boolean(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    raise TypeError


def _of_text(_: Any) -> str:
    raise TypeError


def _index(value: Any) -> int:
    if isinstance(value, bool):
        raise TypeError
    return operator.index(value)


_OF_PYTHON: Mapping[str, Callable[[Any], str]] = {
    "integer": _of_integer,
    "text": _of_text,
    "uuid": _of_uuid,
    "date": _of_date,
    "boolean": _of_boolean,
    "numeric": _of_numeric,
}


def key_text(value: object, type: str) -> str | None:
    """The text that a Python value is hashed by, as a key of ``type``.

    Parameters
    ----------
    value : None; a ``str`` in the type's input form ("007" is the integer 7, as PostgreSQL reads it); or an
        ``int`` (or what has ``__index__``) for integer and numeric, ``Decimal`` for numeric, ``uuid.UUID``,
        ``datetime.date``, ``bool``
    type : one of `KEY_TYPES`

    Raises
    ------
    errors.DataError : it is no value of that type; floats are none of any: they have no exact text
    """
    if value is None:
        return None
    try:
        if isinstance(value, str):
            # The characters themselves, also of a subclass with a __str__ of its own (as enumerations have).
            return FORMS[type](str.__str__(value))
        return _OF_PYTHON[type](value)
    except NotProven as reason:
        raise DataError(f"no key of type {type}: {reason}") from None
    except TypeError:
        raise DataError(f"no key of type {type}: {value!r:.60}, a {value.__class__.__qualname__}") from None


def inferred_type(value: object) -> str:
    """The key type that a Python value has by itself; "text" for None, which is hashed alike as every type.

    Raises
    ------
    errors.DataError : values of its Python type are no keys
    """
    if value is None or isinstance(value, str):
        return "text"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, Decimal):
        return "numeric"
    if isinstance(value, UUID):
        return "uuid"
    if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
        return "date"
    if hasattr(value, "__index__"):
        return "integer"
    raise DataError(
        f"no key: {value!r:.60}, a {value.__class__.__qualname__}; keys are {', '.join(KEY_TYPES)}"
    )
