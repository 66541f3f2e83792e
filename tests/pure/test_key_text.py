"""The text that a key is hashed by: of Python values, constants and parameters."""

from __future__ import annotations

import datetime
import enum
import struct
import uuid
from decimal import Decimal

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.adapt import PyFormat, Transformer
from psycopg.types.numeric import Float4

from parallel_partition.catalog.key_text import (
    KEY_TYPES,
    NotProven,
    inferred_type,
    key_text,
    key_text_of_literal,
    key_text_of_number,
    key_text_of_parameter,
    key_texts_of_array_parameter,
)
from parallel_partition.errors import DataError

UUID = uuid.UUID("20f5e4ff-037b-4dc9-8002-a3935b0052df")


class Colour(str, enum.Enum):  # noqa: UP042 - its __str__ is not its text
    RED = "red"


class Size(enum.IntEnum):
    LARGE = 3


# --- Python values ---


@pytest.mark.parametrize(
    ("value", "type", "text"),
    [
        (0, "integer", "0"),
        (-(2**63), "integer", "-9223372036854775808"),
        (numpy.int16(-7), "integer", "-7"),
        (Size.LARGE, "integer", "3"),
        ("x", "text", "x"),
        ("", "text", ""),
        (" Grüße 🚀 ", "text", " Grüße 🚀 "),
        (Colour.RED, "text", "red"),
        (numpy.str_("x"), "text", "x"),
        (UUID, "uuid", str(UUID)),
        (datetime.date(44, 3, 15), "date", "0044-03-15"),
        (datetime.date(9999, 12, 31), "date", "9999-12-31"),
        (True, "boolean", "true"),
        (False, "boolean", "false"),
        (5, "numeric", "5"),
        (10**200, "numeric", "1" + "0" * 200),
        (Decimal("1.500"), "numeric", "1.5"),
        (Decimal("-0.00"), "numeric", "0"),
        (Decimal("0E+500"), "numeric", "0"),
        (Decimal("1E+3"), "numeric", "1000"),
        (Decimal("-1E-3"), "numeric", "-0.001"),
        (Decimal("100"), "numeric", "100"),
        (Decimal("sNaN"), "numeric", "NaN"),
        (Decimal("-Infinity"), "numeric", "-Infinity"),
    ],
)
def test_python_values(value: object, type: str, text: str) -> None:
    assert key_text(value, type) == text


def test_integers_longer_than_python_prints() -> None:
    assert key_text(10**5000, "numeric") == "1" + "0" * 5000


@pytest.mark.parametrize("type", KEY_TYPES)
def test_null_has_no_text(type: str) -> None:
    assert key_text(None, type) is None
    assert key_text_of_parameter(None, 0, 0, type) is None
    assert key_texts_of_array_parameter(None, 0, 0, type) == ()


@pytest.mark.parametrize(
    ("value", "type"),
    [
        (5.0, "integer"),
        (True, "integer"),
        (2**63, "integer"),
        ("five", "integer"),
        (Decimal(5), "integer"),
        (5, "text"),
        (b"x", "text"),
        ("a\0b", "text"),
        ("\ud800", "text"),
        ("not-a-uuid", "uuid"),
        (5, "uuid"),
        (datetime.datetime(2024, 1, 1), "date"),
        ("today", "date"),
        ("2024-02-30", "date"),
        (1, "boolean"),
        ("maybe", "boolean"),
        (1.5, "numeric"),
        (True, "numeric"),
        (Decimal("1E+131072"), "numeric"),
        (Decimal("1E-16384"), "numeric"),
        ("1e999999999", "numeric"),
    ],
)
def test_what_is_no_value_of_the_type_is_refused(value: object, type: str) -> None:
    with pytest.raises(DataError, match=f"no key of type {type}: "):
        key_text(value, type)


def test_inferred_types() -> None:
    values = (None, "x", True, 5, numpy.int8(5), Decimal(5), UUID, datetime.date(2024, 1, 1))
    expected = ["text", "text", "boolean", "integer", "integer", "numeric", "uuid", "date"]
    assert [inferred_type(value) for value in values] == expected


# --- constants ---


@pytest.mark.parametrize(
    ("literal", "type", "text"),
    [
        (" 005\t", "integer", "5"),
        ("-0", "integer", "0"),
        ("+9223372036854775807", "integer", "9223372036854775807"),
        (" 5 ", "text", " 5 "),
        ("{20F5E4FF037B4DC98002A3935B0052DF}", "uuid", str(UUID)),
        ("20f5-e4ff-037b-4dc9-8002-a393-5b00-52df", "uuid", str(UUID)),
        ("2024-02-29", "date", "2024-02-29"),
        ("0001-02-29 BC", "date", "0001-02-29 BC"),
        ("12024-01-02", "date", "12024-01-02"),
        (" Infinity ", "date", "infinity"),
        (" T", "boolean", "true"),
        ("yE", "boolean", "true"),
        ("of", "boolean", "false"),
        ("0", "boolean", "false"),
        (" 1.50e2 ", "numeric", "150"),
        (".5", "numeric", "0.5"),
        ("5.", "numeric", "5"),
        ("-inf", "numeric", "-Infinity"),
        ("nan", "numeric", "NaN"),
    ],
)
def test_constants(literal: str, type: str, text: str) -> None:
    assert key_text_of_literal(literal, type) == text
    assert key_text(literal, type) == text


@pytest.mark.parametrize(
    ("literal", "type"),
    [
        ("0x1F", "integer"),
        ("1_000", "integer"),
        ("5.0", "integer"),
        ("٣", "integer"),
        ("", "integer"),
        ("9223372036854775808", "integer"),
        ("{20f5e4ff037b4dc98002a3935b0052df", "uuid"),
        ("20f5e4ff-037b-4dc9-8002-a3935b0052d", "uuid"),
        ("2-0f5e4ff037b4dc98002a3935b0052df", "uuid"),
        ("1/2/2024", "date"),
        ("0000-01-01", "date"),
        ("2023-02-29", "date"),
        ("0004-02-29 BC", "date"),
        ("20240229", "date"),
        ("o", "boolean"),
        ("", "boolean"),
        ("1e", "numeric"),
        ("0x1F", "numeric"),
        ("1_0", "numeric"),
        (".", "numeric"),
    ],
)
def test_constants_that_may_mean_something_else(literal: str, type: str) -> None:
    with pytest.raises(NotProven):
        key_text_of_literal(literal, type)


def test_unquoted_numbers() -> None:
    assert key_text_of_number("5", "integer") == "5"
    assert key_text_of_number("5.00", "integer") == "5"
    assert key_text_of_number("1e3", "integer") == "1000"
    assert key_text_of_number("5.50", "numeric") == "5.5"
    for number, type in [("5.5", "integer"), ("5", "text"), ("1", "boolean"), ("1e30", "integer")]:
        with pytest.raises(NotProven):
            key_text_of_number(number, type)


# --- parameters ---

DECIMALS = st.sampled_from([Decimal("NaN"), Decimal("Infinity"), Decimal("-Infinity")]) | st.builds(
    lambda number, exponent: Decimal(number).scaleb(exponent),
    st.integers(-(10**20), 10**20),
    st.integers(-60, 60),
)

VALUES = st.one_of(
    st.tuples(st.just("integer"), st.integers(-(2**63), 2**63 - 1)),
    st.tuples(st.just("text"), st.text(st.characters(exclude_characters="\0", codec="utf-8"))),
    st.tuples(st.just("uuid"), st.uuids()),
    st.tuples(st.just("date"), st.dates()),
    st.tuples(st.just("boolean"), st.booleans()),
    st.tuples(st.just("numeric"), DECIMALS),
    st.tuples(st.just("numeric"), st.integers(-(10**50), 10**50)),
)


def sent(value: object, form: PyFormat) -> tuple[bytes, int, int]:
    """The bytes, OID and format that psycopg sends for a value."""
    dumper = Transformer().get_dumper(value, form)
    data = dumper.dump(value)
    assert data is not None
    return bytes(data), dumper.oid, dumper.format


@given(VALUES, st.sampled_from(PyFormat))
def test_a_parameter_is_the_key_that_it_was_dumped_from(typed: tuple[str, object], form: PyFormat) -> None:
    type, value = typed
    assert key_text_of_parameter(*sent(value, form), type) == key_text(value, type)


@given(st.lists(VALUES, min_size=1, max_size=6), st.sampled_from(PyFormat))
def test_an_array_is_its_elements(typed: list[tuple[str, object]], form: PyFormat) -> None:
    type, first = typed[0]
    values = [value for other, value in typed if other == type and value.__class__ is first.__class__]
    expected = tuple(key_text(value, type) for value in values)
    assert key_texts_of_array_parameter(*sent([*values, None], form), type) == expected
    assert key_texts_of_array_parameter(*sent([values, list(values)], form), type) == expected * 2


@pytest.mark.parametrize(
    ("value", "type", "text"),
    [
        (5.0, "integer", "5"),
        (-0.0, "integer", "0"),
        (Float4(7), "integer", "7"),
        (float(2**53 - 1), "integer", str(2**53 - 1)),
        (Decimal("5.00"), "integer", "5"),
        (5, "text", "5"),
        (UUID, "text", str(UUID)),
        (2**40, "numeric", str(2**40)),
    ],
)
@pytest.mark.parametrize("form", [PyFormat.TEXT, PyFormat.BINARY])
def test_parameters_of_other_types(value: object, type: str, text: str, form: PyFormat) -> None:
    assert key_text_of_parameter(*sent(value, form), type) == text


@pytest.mark.parametrize(
    ("value", "type"),
    [
        (5.5, "integer"),
        (float(2**53), "integer"),
        (Float4(2**24 + 1), "integer"),
        (float("nan"), "integer"),
        (Decimal("5.5"), "integer"),
        (True, "integer"),
        (1.5, "numeric"),
        (1.0, "text"),
        (datetime.date(2024, 1, 1), "text"),
        (datetime.datetime(2024, 1, 1), "date"),
        (5, "uuid"),
        (1, "boolean"),
        (b"x", "text"),
    ],
)
@pytest.mark.parametrize("form", [PyFormat.TEXT, PyFormat.BINARY])
def test_parameters_that_are_not_proven(value: object, type: str, form: PyFormat) -> None:
    with pytest.raises(NotProven):
        key_text_of_parameter(*sent(value, form), type)
    with pytest.raises(NotProven):
        key_texts_of_array_parameter(*sent([value], form), type)


def test_a_text_parameter_of_a_stated_type_is_no_integer() -> None:
    assert key_text_of_parameter(b" 005 ", 0, 0, "integer") == "5"
    with pytest.raises(NotProven):
        key_text_of_parameter(b"5", 25, 0, "integer")


@pytest.mark.parametrize("data", [b"", b"\0\0\5", b"\0" * 9])
@pytest.mark.parametrize("oid", [20, 21, 23, 1082, 1700, 2950])
def test_bytes_that_are_no_value(data: bytes, oid: int) -> None:
    type = {1082: "date", 1700: "numeric", 2950: "uuid"}.get(oid, "integer")
    if oid == 1700 and len(data) == 9:
        data = data[:7]
    with pytest.raises(NotProven):
        key_text_of_parameter(data, oid, 1, type)


def test_text_that_is_no_utf8() -> None:
    for form in (0, 1):
        with pytest.raises(NotProven):
            key_text_of_parameter(b"\xff", 25, form, "text")
    with pytest.raises(NotProven):
        key_texts_of_array_parameter(b"{\xff}", 1009, 0, "text")


@pytest.mark.parametrize(
    ("days", "text"),
    [
        (0, "2000-01-01"),
        (-1, "1999-12-31"),
        (59, "2000-02-29"),
        (-730_120, "0001-12-31 BC"),
        (-730_119, "0001-01-01"),
        (-2_451_545, "4714-11-24 BC"),
        (2_145_031_948, "5874897-12-31"),
        (2**31 - 1, "infinity"),
        (-(2**31), "-infinity"),
    ],
)
def test_binary_dates(days: int, text: str) -> None:
    assert key_text_of_parameter(struct.pack("!i", days), 1082, 1, "date") == text


def test_binary_numeric_is_cut_at_its_scale() -> None:
    # 0.5678 sent with scale 1: the server keeps 0.5.
    data = struct.pack("!HhHHH", 1, -1, 0, 1, 5678)
    assert key_text_of_parameter(data, 1700, 1, "numeric") == "0.5"


@pytest.mark.parametrize("data", ["{1,2", "[0:1]={1,2}", "{1,,2}", "{{1}", "{a b\\}", '{"a}', "1,2", ""])
def test_arrays_in_other_forms(data: str) -> None:
    with pytest.raises(NotProven):
        key_texts_of_array_parameter(data.encode(), 0, 0, "text")


@given(st.lists(st.none() | st.text(st.characters(exclude_characters="\0", codec="utf-8")), max_size=5))
def test_texts_in_arrays(texts: list[str | None]) -> None:
    expected = tuple(text for text in texts if text is not None)
    quoted = ",".join(
        "null" if text is None else '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
        for text in texts
    )
    assert key_texts_of_array_parameter(f"{{{quoted}}}".encode(), 1009, 0, "text") == expected
