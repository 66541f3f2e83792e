"""What a described table becomes on the servers: checked, with ``part`` in it, and as the statements that
make it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from parallel_partition.catalog.declaration import (
    DeclaredColumn,
    DeclaredConstraint,
    DeclaredIndex,
    DeclaredTable,
)
from parallel_partition.catalog.identifiers import quoted
from parallel_partition.catalog.tables import PART, Column, Kind, Table
from parallel_partition.errors import UnsupportedTable
from parallel_partition.planning.key_columns import key_types, placement_check
from parallel_partition.planning.tokens import closing, text_of, tokens

#: PostgreSQL cuts longer names.
NAME_BYTES = 63


@dataclass(frozen=True, slots=True)
class DistributedTable:
    """A table of the cluster: ``table`` for the catalog, ``described`` as it is on the servers, without
    foreign keys.
    """

    table: Table
    described: DeclaredTable

    def parent(self) -> list[str]:
        """The statements that make it on a server, without children and foreign keys."""
        return create_statements(self.described, sharded=self.table.sharded)

    def children(self, parts: Sequence[int], num_partitions: int) -> list[str]:
        """The statements that make the child tables of these partitions."""
        return [self.child(part, num_partitions) for part in parts] if self.table.sharded else []

    def child(self, part: int, num_partitions: int) -> str:
        """The statement that makes the child table of a partition; COPY into it needs no value for part."""
        name = self.table.child(part)
        qualified = f"{quoted(self.table.schema)}.{quoted(name)}"
        check = placement_check(self.described, self.table.key, part, num_partitions)
        constraint = f", CONSTRAINT {quoted(name + '_key')} CHECK ({check})" if check else ""
        return (
            f"CREATE TABLE {qualified} PARTITION OF {self.described.qualified} "
            f"({quoted(PART)} DEFAULT {part}{constraint}) FOR VALUES IN ({part})"
        )

    def sequences(self) -> list[str]:
        """The statements that make the sequences of its columns, on the catalog's server, after the table."""
        found = [(column, column.sequence) for column in self.described.columns if column.sequence]
        return [
            f"CREATE SEQUENCE {sequence.name} AS {sequence.type} INCREMENT BY {sequence.increment} "
            f"MINVALUE {sequence.minimum} MAXVALUE {sequence.maximum} START WITH {sequence.start} "
            f"CACHE {sequence.cache} {'' if sequence.cycle else 'NO '}CYCLE "
            f"OWNED BY {self.described.qualified}.{quoted(column.name)}"
            for column, sequence in found
        ]


def distribute(
    described: DeclaredTable, kind: Kind, key: Sequence[str], num_partitions: int
) -> DistributedTable:
    """Check a described table and put ``part`` where it belongs.

    Parameters
    ----------
    described : the table as PostgreSQL describes it where it is not distributed
    key : the key's columns; none for a reference table

    Raises
    ------
    errors.UnsupportedTable : what cannot be held over several servers, with the reason
    """
    _check(described, kind)
    types = key_types(described, key) if kind == "sharded" else ()
    if kind == "sharded":
        _check_names(described, num_partitions)
        on_servers = replace(
            described,
            columns=(*described.columns, _PART_COLUMN),
            constraints=tuple(_with_part(described, constraint, key) for constraint in described.constraints),
            indexes=tuple(_index_with_part(described, index, key) for index in described.indexes),
        )
    else:
        on_servers = described
    table = Table(
        schema=described.schema,
        name=described.name,
        kind=kind,
        columns=tuple(_catalogued(column) for column in described.columns),
        key=tuple(key),
        key_types=types,
        primary_key=next((found.columns for found in described.constraints if found.kind == "p"), ()),
        unique=_uniques(described),
    )
    return DistributedTable(table, on_servers)


_PART_COLUMN = DeclaredColumn(
    name=PART,
    type="integer",
    oid=23,
    type_name="int4",
    type_kind="b",
    typmod=-1,
    not_null=True,
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


def _uniques(described: DeclaredTable) -> tuple[tuple[str, ...], ...]:
    constraints = sorted((c for c in described.constraints if c.kind in ("p", "u")), key=lambda c: c.kind)
    return tuple(constraint.columns for constraint in constraints)


def _catalogued(column: DeclaredColumn) -> Column:
    return Column(
        name=column.name,
        type=column.type,
        oid=column.oid,
        not_null=column.not_null,
        default=None if column.generated or column.sequence else column.expression,
        collation=column.collation,
        identity=column.identity,
        generated={"s": "stored", "v": "virtual"}.get(column.generated, ""),
        sequence=column.sequence.name if column.sequence else None,
    )


# --- what is refused
# ------------------------------------------------------------------------------------------


#: Types whose values are shown as names, and stored as numbers that each server gives on its own.
_NUMBERS_OF_ITS_SERVER = frozenset(
    f"reg{what}"
    for what in ("class", "proc", "procedure", "oper", "operator", "type", "role", "namespace", "collation")
)


def _check(described: DeclaredTable, kind: Kind) -> None:
    for column in described.columns:
        if column.name == PART and kind == "sharded":
            raise _refusal(
                described, f"a column called {PART} is refused: it is the library's own in sharded tables"
            )
        if column.type_name.lstrip("_") in _NUMBERS_OF_ITS_SERVER:
            raise _refusal(
                described,
                f"the column {column.name} is refused: the value of a {column.type} is a number that means something "
                "else on each server; store the name as text",
            )
        if column.expression and not column.sequence and "nextval(" in column.expression:
            raise _refusal(
                described,
                f"column {column.name}: a default that calls nextval is refused, for the sequence would have "
                "to be the "
                "same on every server; declare the column serial or GENERATED AS IDENTITY",
            )
    for constraint in described.constraints:
        if constraint.kind == "x" and kind == "sharded":
            raise _refusal(
                described,
                f"the exclusion constraint {constraint.name} is refused: rows of different partitions cannot "
                "be "
                "compared with each other",
            )
        if constraint.period and kind == "sharded":
            raise _refusal(
                described,
                f"WITHOUT OVERLAPS of the constraint {constraint.name} is refused: it excludes as an "
                "exclusion "
                "constraint does",
            )
        if constraint.no_inherit and kind == "sharded":
            raise _refusal(
                described,
                f"NO INHERIT of the check {constraint.name} is refused: the rows are in child tables",
            )


def _check_names(described: DeclaredTable, num_partitions: int) -> None:
    longest = f"{described.name}_part_{num_partitions}_key"
    if len(longest.encode()) > NAME_BYTES:
        raise _refusal(
            described,
            f"the name is too long: {longest!r} would be {len(longest.encode())} bytes, PostgreSQL takes "
            f"{NAME_BYTES}",
        )


def _refusal(described: DeclaredTable, message: str) -> UnsupportedTable:
    return UnsupportedTable(f"table {described.schema}.{described.name}: {message}")


# --- part in unique constraints and indexes
# -----------------------------------------------------------------------


def _with_part(
    described: DeclaredTable, constraint: DeclaredConstraint, key: Sequence[str]
) -> DeclaredConstraint:
    if constraint.kind not in ("p", "u"):
        return constraint
    what = "primary key" if constraint.kind == "p" else "unique constraint"
    _check_unique(described, f"the {what} {constraint.name}", constraint.columns, key)
    return replace(
        constraint,
        definition=_append_to_columns(constraint.definition),
        columns=(*constraint.columns, PART),
    )


def _index_with_part(described: DeclaredTable, index: DeclaredIndex, key: Sequence[str]) -> DeclaredIndex:
    if not index.unique:
        return index
    _check_unique(described, f"the unique index {index.name}", index.columns, key)
    return replace(index, definition=_append_to_columns(index.definition, after=b"USING"))


def _check_unique(described: DeclaredTable, what: str, columns: Sequence[str], key: Sequence[str]) -> None:
    missing = [column for column in key if column not in columns]
    if missing:
        raise _refusal(
            described,
            f"{what} on ({', '.join(columns)}) is refused: it lacks the key column{'s' * (len(missing) > 1)} "
            f"{', '.join(missing)}, so equal values may be on different servers, where nothing compares them",
        )


def _append_to_columns(definition: str, after: bytes = b"") -> str:
    """Put ``part`` behind the last column of the first list in parentheses (behind the word ``after``)."""
    data = definition.encode()
    found = tokens(data)
    texts = [text_of(data, token) for token in found]
    start = texts.index(after) if after else 0
    opening = texts.index(b"(", start)
    at = found[closing(data, found, opening)].start
    return (data[:at] + f", {quoted(PART)}".encode() + data[at:]).decode()


# --- statements
# ---------------------------------------------------------------------------------------------------


def create_statements(described: DeclaredTable, *, sharded: bool) -> list[str]:
    """The statements that make a described table, without its foreign keys, children and sequences."""
    lines = [_column_line(column) for column in described.columns]
    lines += [
        f"CONSTRAINT {quoted(constraint.name)} {constraint.definition}"
        for constraint in described.constraints
        if constraint.kind != "f"
    ]
    tail = f" PARTITION BY LIST ({quoted(PART)})" if sharded else ""
    create = f"CREATE TABLE {described.qualified} ({', '.join(lines)}){tail}"
    storage = [
        f"ALTER TABLE {described.qualified} ALTER COLUMN {quoted(column.name)} SET STORAGE {column.storage}"
        for column in described.columns
        if column.storage
    ]
    return [create, *storage, *(index.definition for index in described.indexes), *_comments(described)]


def _column_line(column: DeclaredColumn) -> str:
    parts = [quoted(column.name), column.type]
    if column.compression:
        parts.append(f"COMPRESSION {column.compression}")
    if column.collation:
        parts.append(f"COLLATE {column.collation}")
    if column.generated:
        stored = "STORED" if column.generated == "s" else "VIRTUAL"
        parts.append(f"GENERATED ALWAYS AS ({column.expression}) {stored}")
    elif column.expression is not None and column.sequence is None:
        parts.append(f"DEFAULT {column.expression}")
    if column.not_null:
        parts.append("NOT NULL")
    return " ".join(parts)


def _comments(described: DeclaredTable) -> list[str]:
    found = [(f"TABLE {described.qualified}", described.comment)]
    found += [(f"COLUMN {described.qualified}.{quoted(c.name)}", c.comment) for c in described.columns]
    return [f"COMMENT ON {what} IS {_literal(comment)}" for what, comment in found if comment is not None]


def _literal(text: str) -> str:
    """A string constant; sessions that run it have standard_conforming_strings on."""
    return "'" + text.replace("'", "''") + "'"
