"""A table as PostgreSQL describes it, in enough detail to make it again on another server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from parallel_partition.catalog.identifiers import quoted


@dataclass(frozen=True, slots=True)
class DeclaredSequence:
    """The sequence of a serial or identity column; ``name`` is quoted and qualified, ``type`` as format_type
    says.
    """

    name: str
    type: str
    start: int
    increment: int
    minimum: int
    maximum: int
    cache: int
    cycle: bool


@dataclass(frozen=True, slots=True)
class DeclaredColumn:
    """A column.

    ``type`` is PostgreSQL's ``format_type`` text; ``type_name`` the type's name in ``pg_catalog``, "" for one
    of another schema; ``type_kind`` is ``typtype``: "b" base, "d" domain, "e" enum, ...; ``typmod`` the
    type's modifier, -1 without. ``collation`` is quoted and qualified, None for the database's default;
    ``deterministic`` tells whether only equal bytes are equal by it. ``expression`` is the default's text, or
    that of a ``generated`` column ("s" stored, "v" virtual). ``identity`` is "", "always" or "by default".
    ``storage`` and ``compression`` are None for the type's own.
    """

    name: str
    type: str
    oid: int
    type_name: str
    type_kind: str
    typmod: int
    not_null: bool
    collation: str | None
    deterministic: bool
    expression: str | None
    generated: Literal["", "s", "v"]
    identity: Literal["", "always", "by default"]
    sequence: DeclaredSequence | None
    storage: str | None
    compression: str | None
    comment: str | None


@dataclass(frozen=True, slots=True)
class DeclaredConstraint:
    """A constraint; ``kind`` is ``contype`` ("p", "u", "c", "f", "x"), ``definition`` what follows its
    name.
    """

    name: str
    kind: str
    definition: str
    columns: tuple[str, ...]
    no_inherit: bool
    period: bool


@dataclass(frozen=True, slots=True)
class DeclaredIndex:
    """An index that is no constraint's; ``columns`` are the plain columns among its keys, ``definition`` the
    statement.
    """

    name: str
    definition: str
    unique: bool
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DeclaredTable:
    """A table with everything that is carried from one server to another."""

    schema: str
    name: str
    columns: tuple[DeclaredColumn, ...]
    constraints: tuple[DeclaredConstraint, ...]
    indexes: tuple[DeclaredIndex, ...]
    comment: str | None

    @property
    def qualified(self) -> str:
        """Schema and name, quoted."""
        return f"{quoted(self.schema)}.{quoted(self.name)}"

    def column(self, name: str) -> DeclaredColumn | None:
        """The column called ``name``, or None."""
        return next((column for column in self.columns if column.name == name), None)
