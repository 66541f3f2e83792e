"""Which columns can be a key."""

from __future__ import annotations

from collections.abc import Sequence

from parallel_partition.catalog.declaration import DeclaredColumn, DeclaredTable
from parallel_partition.catalog.identifiers import quoted
from parallel_partition.errors import UnsupportedTable
from parallel_partition.planning.key_sql import part_expression

#: The types of PostgreSQL that can be keys, and what `catalog.key_text` calls them.
_KEY_TYPES = {
    "int2": "integer",
    "int4": "integer",
    "int8": "integer",
    "text": "text",
    "varchar": "text",
    "uuid": "uuid",
    "date": "date",
    "bool": "boolean",
    "numeric": "numeric",
}
_WANTED = "smallint, integer, bigint, text, character varying, uuid, date, boolean or numeric"

_FLOAT = "equal numbers of it are not printed alike everywhere, and what is computed is seldom equal"
_TIME = "how it is printed depends on the session's settings"
_REFUSED = {
    "float4": _FLOAT,
    "float8": _FLOAT,
    "timestamp": _TIME,
    "timestamptz": _TIME,
    "time": _TIME,
    "timetz": _TIME,
    "interval": f"{_TIME}, and equal intervals are printed differently",
    "money": _TIME,
    "bytea": _TIME,
    "json": "it has no equality",
    "jsonb": "equal values of it are not printed alike everywhere",
    "xml": "it has no equality",
    "bpchar": "it is padded with blanks that do not count, so equal values have several texts; use text",
    "name": "it is PostgreSQL's own; use text",
}

_VARCHAR_HEADER = 4


def key_types(described: DeclaredTable, key: Sequence[str]) -> tuple[str, ...]:
    """The types of the key's columns, as `catalog.key_text` names them.

    Raises
    ------
    errors.UnsupportedTable : a column that cannot be in a key, with the reason
    """
    if not key:
        raise UnsupportedTable(f"table {described.schema}.{described.name}: a sharded table needs a key")
    if len(set(key)) < len(key):
        raise UnsupportedTable(f"table {described.schema}.{described.name}: a column is twice in the key")
    return tuple(_key_type(described, name) for name in key)


def _key_type(described: DeclaredTable, name: str) -> str:
    column = described.column(name)
    table = f"table {described.schema}.{described.name}"
    if column is None:
        names = ", ".join(column.name for column in described.columns)
        raise UnsupportedTable(f"{table}: there is no column {name} for the key; there are {names}")
    if reason := _reason_against(column):
        raise UnsupportedTable(f"{table}: the column {name} ({column.type}) is refused as key: {reason}")
    return _KEY_TYPES[column.type_name]


def _reason_against(column: DeclaredColumn) -> str | None:
    if column.type_kind == "d":
        return "it is a domain; declare the column with the domain's base type, and its checks in the table"
    if column.generated:
        return "it is generated, and where a row belongs must be known before a server computes it"
    if not column.deterministic:
        return (
            f"its collation {column.collation} is nondeterministic: different texts are equal by it, "
            "and would be in different partitions"
        )
    if column.type_name in _KEY_TYPES:
        return None
    reason = _REFUSED.get(column.type_name, "its values have no single text that all sessions print")
    return f"{reason}. A key is {_WANTED}"


def placement_check(
    described: DeclaredTable, key: Sequence[str], part: int, num_partitions: int
) -> str | None:
    """The condition that a row belongs to partition ``part``, for keys whose type changes what is written.

    ``numeric(10, 2)`` rounds, ``varchar(10)`` cuts blanks beyond its length. What was hashed is what was given, so such
    a row could be in another partition than its key says. None for all other keys.
    """
    columns = [column for name in key if (column := described.column(name))]
    changing = [column for column in columns if column.typmod >= 0]
    if not changing:
        return None
    belongs = f"{part_expression([quoted(column.name) for column in columns], num_partitions)} = {part}"
    if any(column.type_name != "varchar" for column in changing):
        return belongs
    # Blanks can only have been cut where the text fills its length; shorter ones are not hashed again.
    shorter = [
        f"pg_catalog.char_length({quoted(column.name)}) < {column.typmod - _VARCHAR_HEADER}"
        for column in changing
    ]
    return f"{' AND '.join(shorter)} OR {belongs}"
