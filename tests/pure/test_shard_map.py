"""Which partition and server a key has."""

from __future__ import annotations

import datetime
import uuid
from decimal import Decimal
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parallel_partition import errors
from parallel_partition.catalog.shard_map import ShardMap, joined, part_of

MAP = ShardMap(
    5, MappingProxyType({1: "one", 2: "two", 3: "one", 4: "two", 5: "one"}), dict.fromkeys(range(1, 6), 1), 1
)


@pytest.mark.parametrize(
    ("text", "num_partitions", "part"),
    [
        ("1", 5, 2),
        ("2", 5, 3),
        ("42", 5, 5),
        ("patient-7", 5, 1),
        ("0", 15, 11),
        ("-1", 15, 8),
        (str(10**18), 15, 11),
        ("abc", 15, 11),
        ("", 15, 7),
    ],
)
def test_known_partitions(text: str, num_partitions: int, part: int) -> None:
    assert part_of(text, num_partitions) == part
    assert part_of(text.encode(), num_partitions) == part


def test_null_is_hashed_as_the_empty_text() -> None:
    assert part_of(None, 15) == part_of("", 15) == 7
    assert MAP.partition_of(None) == MAP.part_of_texts((None,)) == part_of("", 5)


def test_all_128_bits_count() -> None:
    # md5("a") is 0cc175b9c0f1b6a831c399e269772661: with a power of two only the last word would decide.
    assert part_of("a", 2**31 - 1) == 0x0CC175B9C0F1B6A831C399E269772661 % (2**31 - 1) + 1


@given(st.text(), st.integers(1, 2**31 - 1))
def test_partitions_are_numbered_from_1_to_n(text: str, num_partitions: int) -> None:
    assert 1 <= part_of(text, num_partitions) <= num_partitions


def test_one_partition_takes_everything() -> None:
    assert {part_of(str(n), 1) for n in range(100)} == {1}


@pytest.mark.parametrize(
    ("key", "text"),
    [
        (42, "42"),
        ("42", "42"),
        (True, "true"),
        (Decimal("1.50"), "1.5"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (datetime.date(2024, 2, 29), "2024-02-29"),
        ((1, "x"), "1\x1fx"),
        ((None, "x"), "\x1fx"),
        ((7,), "7"),
    ],
)
def test_python_values_by_their_own_type(key: object, text: str) -> None:
    assert MAP.partition_of(key) == part_of(text, 5)
    assert MAP.server_of(key) == MAP.home_of(part_of(text, 5))


def test_the_key_types_decide_when_given() -> None:
    assert MAP.partition_of("007", "integer") == MAP.partition_of(7)
    assert MAP.partition_of(("007", "007"), ("integer", "text")) == part_of("7\x1f007", 5)


@pytest.mark.parametrize("key", [1.5, datetime.datetime(2024, 1, 1), b"x", [1], ()])
def test_what_is_no_key_is_refused(key: object) -> None:
    with pytest.raises(errors.DataError):
        MAP.partition_of(key)


def test_as_many_values_as_columns() -> None:
    with pytest.raises(
        errors.DataError, match=r"the key has 2 columns \(integer, text\), 1 values were given"
    ):
        MAP.partition_of(1, ("integer", "text"))


def test_partitions_of_servers() -> None:
    assert MAP.partitions_of("one") == (1, 3, 5)
    assert MAP.partitions_of("two") == (2, 4)
    assert MAP.partitions_of("three") == ()


def test_joined_texts_keep_columns_apart() -> None:
    assert joined(("ab", "c")) != joined(("a", "bc"))
    assert joined(("x",)) == "x"
