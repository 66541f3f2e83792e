"""Tables as the planner and the writer see them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

#: The column that the library adds to every sharded table.
PART = "part"

Kind = Literal["sharded", "reference"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table, without the library's own ``part``.

    ``type`` is PostgreSQL's ``format_type`` text ("bigint", "character varying(10)"); ``oid`` the type's OID on the
    catalog's server; ``collation`` the quoted collation name when it is not the database's default, else None.
    ``default`` is the default's SQL text or None; ``identity`` is "" or "always" or "by default"; ``generated`` is "",
    "stored" or "virtual", and ``expression`` is what a virtual column is computed by. ``sequence`` is the catalog's
    sequence (quoted, qualified) that fills the column, or None.
    """

    name: str
    type: str
    oid: int
    not_null: bool = False
    default: str | None = None
    collation: str | None = None
    identity: str = ""
    generated: str = ""
    expression: str | None = None
    sequence: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A sharded or a reference table of the cluster.

    ``key`` are the key columns' names in the key's order and ``key_types`` their types as `key_text` names them
    ("integer", "text", "uuid", "date", "boolean", "numeric"); both are empty for a reference table. ``unique`` holds
    the primary key first (when there is one) and every unique constraint, each as column names without ``part``.
    """

    schema: str
    name: str
    kind: Kind
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    key_types: tuple[str, ...] = ()
    primary_key: tuple[str, ...] = ()
    unique: tuple[tuple[str, ...], ...] = ()

    @property
    def sharded(self) -> bool:
        """True for a table that is split by key."""
        return self.kind == "sharded"

    @property
    def column_names(self) -> tuple[str, ...]:
        """The names of the table's own columns, in order; ``part`` is not among them."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column | None:
        """The column called ``name``, or None."""
        return next((column for column in self.columns if column.name == name), None)

    def child(self, part: int) -> str:
        """The name of the native child table that holds partition ``part``."""
        return f"{self.name}_part_{part}"

    def colocated_with(self, other: Table) -> bool:
        """True when equal keys of both tables are always on the same server."""
        return self.sharded and other.sharded and self.key_types == other.key_types


@dataclass(frozen=True, slots=True)
class View:
    """A view on the catalog's server that reads a sharded table, directly or through other views.

    ``table`` is that table's name; ``definition`` its SELECT with every name qualified; ``stamp`` changes whenever the
    view does; ``stored`` tells a materialised view, which has the rows that one server had.
    """

    table: str
    definition: str
    stamp: str
    stored: bool = False


@dataclass(frozen=True, slots=True)
class Schema(Mapping[tuple[str, str], Table]):
    """The tables of a cluster by (schema, name), and what PostgreSQL says of functions and collations.

    ``volatile_functions`` and ``stable_functions`` are names of ``pg_catalog`` with any overload of that volatility;
    ``aggregates`` and ``window_functions`` likewise by ``prokind``; ``functions`` are all its names.
    ``views`` are those that read sharded tables, by (schema, name). ``shape`` is a hash of the columns and keys of all
    tables, as the catalog's server has them.
    """

    tables: Mapping[tuple[str, str], Table] = field(default_factory=dict)
    version: int = 0
    volatile_functions: frozenset[str] = field(default=frozenset(), repr=False)
    stable_functions: frozenset[str] = field(default=frozenset(), repr=False)
    aggregates: frozenset[str] = field(default=frozenset(), repr=False)
    window_functions: frozenset[str] = field(default=frozenset(), repr=False)
    functions: frozenset[str] = field(default=frozenset(), repr=False)
    views: Mapping[tuple[str, str], View] = field(default_factory=dict)
    shape: str = ""

    def __getitem__(self, name: tuple[str, str]) -> Table:
        return self.tables[name]

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return iter(self.tables)

    def __len__(self) -> int:
        return len(self.tables)

    def find(self, schema: str | None, name: str, search_path: tuple[str, ...]) -> Table | None:
        """The table that ``[schema.]name`` means under ``search_path``, or None when the catalog has none of it."""
        for place in (schema,) if schema else search_path:
            if table := self.tables.get((place, name)):
                return table
        return None
