"""Pruning never loses a row: whatever row a WHERE keeps, its partition is among those that the plan names."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parallel_partition.catalog.key_text import NotProven
from parallel_partition.catalog.shard_map import ShardMap
from parallel_partition.planning.conditions import (
    ArrayKey,
    Both,
    Condition,
    Either,
    EveryPartition,
    KnownKey,
    OfKeys,
    ParameterKey,
)
from parallel_partition.planning.plan import ModifyPlan, SelectPlan
from parallel_partition.planning.planner import plan
from parallel_partition.planning.prune import check_fits, key_texts, partitions
from parallel_partition.statements import Parameter
from tests.pure.plan_schema import SCHEMA

PARTS = 97
MAP = ShardMap(PARTS, {part: f"s{part % 4}" for part in range(1, PARTS + 1)}, {}, 1)
INT2, INT4, INT8, TEXT = 21, 23, 20, 25


def condition_of(text: str, *oids: int) -> Condition:
    """The condition of a statement's plan."""
    made = plan(text, oids, SCHEMA, ("public",))
    assert isinstance(made, SelectPlan | ModifyPlan)
    return made.condition


def part_of(*texts: str | None) -> int:
    return MAP.part_of_texts(texts)


# --- every row that WHERE keeps -----------------------------------------------------------------------------

#: A condition as SQL, and as a function of a row (id, customer) that gives True, False or None.
Row = tuple[int | None, int | None]
Predicate = tuple[str, Callable[[Row], bool | None]]

KEYS = (*range(-2, 6), None)


def _not(value: bool | None) -> bool | None:
    return None if value is None else not value


def _and(values: list[bool | None]) -> bool | None:
    return False if False in values else None if None in values else True


def _equal(one: int | None, other: int | None) -> bool | None:
    return None if one is None or other is None else one == other


def _any(values: list[bool | None]) -> bool | None:
    return _not(_and([_not(value) for value in values]))


def _sql(value: int | None) -> str:
    return "NULL" if value is None else str(value)


@st.composite
def atoms(draw: st.DrawFn) -> Predicate:
    place = draw(st.sampled_from((0, 0, 0, 1)))
    column = ("id", "customer")[place]
    values = draw(st.lists(st.sampled_from(KEYS), min_size=1, max_size=3))
    first = values[0]
    listed = ", ".join(map(_sql, values))
    shape = draw(
        st.sampled_from(("=", "reversed", "text", "in", "not in", "any", "is null", "columns", "<>"))
    )
    match shape:
        case "=":
            return f"{column} = {_sql(first)}", lambda row: _equal(row[place], first)
        case "reversed":
            return f"{_sql(first)} = {column}", lambda row: _equal(row[place], first)
        case "text":
            quoted = "NULL" if first is None else f"' 0{first} '::bigint" if first >= 0 else f"'{first}'"
            return f"{column} = {quoted}", lambda row: _equal(row[place], first)
        case "in":
            return f"{column} IN ({listed})", lambda row: _any(
                [_equal(row[place], value) for value in values]
            )
        case "not in":
            return f"{column} NOT IN ({listed})", lambda row: _not(
                _any([_equal(row[place], value) for value in values])
            )
        case "any":
            return f"{column} = ANY (ARRAY[{listed}]::bigint[])", lambda row: _any(
                [_equal(row[place], value) for value in values]
            )
        case "is null":
            return f"{column} IS NULL", lambda row: row[place] is None
        case "columns":
            return "customer = id", lambda row: _equal(row[0], row[1])
    return f"{column} <> {_sql(first)}", lambda row: _not(_equal(row[place], first))


def _combined(inner: st.SearchStrategy[Predicate]) -> st.SearchStrategy[Predicate]:
    several = st.lists(inner, min_size=2, max_size=3)

    def joined(
        parts: list[Predicate], word: str, of: Callable[[list[bool | None]], bool | None]
    ) -> Predicate:
        return f"({f' {word} '.join(text for text, _ in parts)})", lambda row: of(
            [holds(row) for _, holds in parts]
        )

    return st.one_of(
        several.map(lambda parts: joined(parts, "AND", _and)),
        several.map(lambda parts: joined(parts, "OR", _any)),
        inner.map(lambda part: (f"(NOT {part[0]})", lambda row: _not(part[1](row)))),
    )


predicates = st.recursive(atoms(), _combined, max_leaves=8)


@given(predicates)
@settings(max_examples=300, deadline=None)
def test_no_row_is_lost(predicate: Predicate) -> None:
    text, holds = predicate
    parts = partitions(condition_of(f"SELECT 1 FROM orders WHERE {text}"), (), MAP)
    for row in product(KEYS, KEYS):
        if holds(row) is True and parts is not None:
            assert part_of(_text(row[0])) in parts, (text, row)


@given(predicates, predicates)
@settings(max_examples=150, deadline=None)
def test_no_row_of_a_join_is_lost(of_on: Predicate, of_where: Predicate) -> None:
    """orders LEFT JOIN lines on the key: what WHERE leaves of rows with and without a match."""
    on, where = (
        text.replace("customer", "o.customer").replace("id", "o.id") for text, _ in (of_on, of_where)
    )
    tables = f"orders o LEFT JOIN lines l ON l.order_id = o.id AND {on}"
    parts = partitions(condition_of(f"SELECT 1 FROM {tables} WHERE {where}"), (), MAP)
    for row in product(KEYS, KEYS):
        if of_where[1](row) is True and parts is not None:
            assert part_of(_text(row[0])) in parts


def _text(value: int | None) -> str | None:
    return None if value is None else str(value)


# --- parameters ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameter", "parts"),
    [
        (Parameter(b"7", 0, 0), {part_of("7")}),
        (Parameter(b" 007 ", 0, 0), {part_of("7")}),
        (Parameter((7).to_bytes(2, "big"), INT2, 1), {part_of("7")}),
        (Parameter((-7).to_bytes(8, "big", signed=True), INT8, 1), {part_of("-7")}),
        (Parameter(None, 0, 0), {part_of(None)}),
        (Parameter(b"seven", 0, 0), None),
        (Parameter(b"7", TEXT, 0), None),
    ],
)
def test_one_parameter(parameter: Parameter, parts: set[int] | None) -> None:
    condition = condition_of("SELECT 1 FROM orders WHERE id = $1", parameter.oid)
    assert partitions(condition, (parameter,), MAP) == parts


def test_array_parameter() -> None:
    condition = condition_of("SELECT 1 FROM orders WHERE id = ANY($1)", 1016)
    assert condition == OfKeys(((ArrayKey(1, "integer"),),))
    parts = {part_of("1"), part_of("22")}
    assert partitions(condition, (Parameter(b"{1,NULL,22}", 1016, 0),), MAP) == parts
    assert partitions(condition, (Parameter(b"{}", 1016, 0),), MAP) == set()
    assert partitions(condition, (Parameter(None, 1016, 0),), MAP) == set()
    assert partitions(condition, (Parameter(b"{1,x}", 1016, 0),), MAP) is None


def test_parameters_of_composite_keys() -> None:
    condition = condition_of("SELECT 1 FROM events WHERE tenant = $2 AND day = $1")
    parameters = (Parameter(b"2026-01-05", 0, 0), Parameter(b"acme", 0, 0))
    assert partitions(condition, parameters, MAP) == {part_of("acme", "2026-01-05")}
    assert partitions(condition, (Parameter(b"today", 0, 0), parameters[1]), MAP) is None


def test_a_missing_parameter_is_for_the_server_to_refuse() -> None:
    assert partitions(condition_of("SELECT 1 FROM orders WHERE id = $3"), (), MAP) is None


# --- conditions ---------------------------------------------------------------------------------------------


def keys(*texts: str | None) -> OfKeys:
    return OfKeys(tuple((KnownKey(text),) for text in texts))


def test_unions_and_intersections() -> None:
    one, two, three = part_of("1"), part_of("2"), part_of("3")
    assert len({one, two, three}) == 3
    assert partitions(Either((keys("1"), keys("2", "3"))), (), MAP) == {one, two, three}
    assert partitions(Either((keys("1"), EveryPartition())), (), MAP) is None
    assert partitions(Both((keys("1", "2"), keys("2", "3"))), (), MAP) == {two}
    assert partitions(Both((keys("1", "2"), EveryPartition())), (), MAP) == {one, two}
    assert partitions(Both((EveryPartition(),)), (), MAP) is None
    assert partitions(OfKeys(()), (), MAP) == set()
    assert partitions(EveryPartition(), (), MAP) is None


def test_writes_are_pruned_alike() -> None:
    assert condition_of("DELETE FROM orders WHERE id IN (1, 2)") == keys("1", "2")
    assert condition_of("UPDATE orders SET state = 'x' WHERE id = 5 OR id IS NULL") == keys("5", None)


def test_many_combinations_are_every_partition() -> None:
    tenants = ", ".join(f"'t{n}'" for n in range(100))
    days = ", ".join(f"'2026-01-{n:02}'" for n in range(1, 32))
    wide = condition_of(f"SELECT 1 FROM events WHERE tenant IN ({tenants}) AND day IN ({days})")
    assert isinstance(wide, OfKeys)
    assert len(wide.keys) == 3_100
    more = (
        f"SELECT 1 FROM events WHERE tenant IN ({tenants}, {tenants.replace('t', 'u')}) AND day IN ({days})"
    )
    assert condition_of(more) == EveryPartition()


# --- stored keys --------------------------------------------------------------------------------------------


def test_key_texts_of_a_row() -> None:
    row = (ParameterKey(1, "text", (3,)), KnownKey(None), ParameterKey(2, "numeric", (6, 2)))
    assert key_texts(row, (Parameter("äöü".encode(), 0, 0), Parameter(b"1.50", 1700, 0))) == (
        "äöü",
        None,
        "1.5",
    )
    with pytest.raises(NotProven, match=r"varchar\(3\)"):
        key_texts(row, (Parameter(b"ab  ", 0, 0), Parameter(b"1", 1700, 0)))
    with pytest.raises(NotProven, match="scale, 2"):
        key_texts(row, (Parameter(b"ab", 0, 0), Parameter(b"1.505", 1700, 0)))
    with pytest.raises(NotProven, match="array"):
        key_texts((ArrayKey(1, "integer"),), (Parameter(b"{1}", 0, 0),))


@pytest.mark.parametrize(("text", "modifiers"), [("100", (6, -2)), ("1", (3, -1)), ("0.5", (6,))])
def test_numbers_that_are_rounded(text: str, modifiers: tuple[int, ...]) -> None:
    with pytest.raises(NotProven):
        check_fits(text, "numeric", modifiers)


def test_numbers_that_fit() -> None:
    check_fits("0", "numeric", (3, -1))
    check_fits("12.25", "numeric", (6, 2))
    check_fits("-12", "numeric", (6,))
    check_fits("NaN", "numeric", (6, -2))
