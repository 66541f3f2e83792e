"""Which described columns can be a key, and when a row's place is checked by the server."""

from __future__ import annotations

from dataclasses import replace

import pytest

from parallel_partition.catalog.declaration import DeclaredColumn, DeclaredTable
from parallel_partition.errors import UnsupportedTable
from parallel_partition.planning.key_columns import key_types, placement_check

PLAIN = DeclaredColumn(
    name="a",
    type="text",
    oid=25,
    type_name="text",
    type_kind="b",
    typmod=-1,
    not_null=False,
    collation=None,
    deterministic=True,
    expression=None,
    generated="",
    identity="",
    sequence=None,
    storage=None,
    compression=None,
    comment=None,
)
VARCHAR = replace(PLAIN, name='v"{', type="character varying(10)", type_name="varchar", typmod=14)
NUMERIC = replace(PLAIN, name="n", type="numeric(5,2)", type_name="numeric", typmod=327686)


def described(*columns: DeclaredColumn) -> DeclaredTable:
    return DeclaredTable("public", "t", columns, (), (), None)


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (
            replace(PLAIN, deterministic=False, collation="public.ci"),
            "collation public.ci is nondeterministic",
        ),
        (replace(PLAIN, type_kind="d", type_name=""), "it is a domain"),
        (replace(PLAIN, generated="v"), "it is generated"),
        (replace(PLAIN, type="text", type_name=""), "no single text"),
        (replace(PLAIN, type_kind="e", type_name=""), "no single text"),
    ],
)
def test_columns_that_are_no_key(column: DeclaredColumn, message: str) -> None:
    with pytest.raises(UnsupportedTable, match=message):
        key_types(described(column), ["a"])


def test_a_sharded_table_needs_a_key() -> None:
    with pytest.raises(UnsupportedTable, match="needs a key"):
        key_types(described(PLAIN), [])


def test_places_are_checked_only_where_the_type_changes_what_is_written() -> None:
    assert placement_check(described(PLAIN), ["a"], 3, 8) is None
    assert placement_check(described(VARCHAR), ['v"{'], 3, 8) == (
        'pg_catalog.char_length("v""{") < 10 '
        'OR parallel_partition.part_of(parallel_partition.key_text("v""{"), 8) = 3'
    )
    both = placement_check(described(PLAIN, NUMERIC), ["n", "a"], 3, 8)
    assert both is not None
    assert both.startswith("parallel_partition.part_of(coalesce(parallel_partition.key_text(\"n\"), '')")
    assert both.endswith(", 8) = 3")
