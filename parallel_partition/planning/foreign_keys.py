"""What becomes of foreign keys: between sharded tables they carry ``part`` along, so that no server needs another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from parallel_partition.catalog.identifiers import quoted
from parallel_partition.catalog.tables import PART, Schema, Table
from parallel_partition.errors import UnsupportedTable
from parallel_partition.planning.declare_table import ForeignKey

#: PostgreSQL cuts longer names.
_NAME_BYTES = 63
#: What colocated tables can do: nothing that changes the referring row's key and leaves its part.
_COLOCATED_UPDATES = ("NO ACTION", "RESTRICT")
_COLOCATED_DELETES = ("NO ACTION", "RESTRICT", "CASCADE")
_CHANGING = ("SET NULL", "SET DEFAULT")


def foreign_key_statements(
    table: Table, foreign_keys: Sequence[ForeignKey], schema: Schema, search_path: tuple[str, ...]
) -> list[str]:
    """The statements that add a new table's foreign keys on a server.

    Parameters
    ----------
    table : the new table
    foreign_keys : as they were written
    schema : the tables that there are
    search_path : where names without a schema are looked for

    Raises
    ------
    errors.UnsupportedTable : a foreign key that cannot be held over several servers, with the reason
    """
    names: set[str] = set()
    statements = []
    for foreign_key in foreign_keys:
        referenced = _referenced(table, foreign_key, schema, search_path)
        complete = replace(foreign_key, referenced=foreign_key.referenced or referenced.primary_key)
        if problem := _problem(table, complete, referenced):
            raise _refusal(table, complete, problem)
        name = _name(table, complete, names)
        names.add(name)
        statements.append(_statement(table, complete, referenced, name))
    return statements


def _referenced(table: Table, foreign_key: ForeignKey, schema: Schema, search_path: tuple[str, ...]) -> Table:
    if foreign_key.table == table.name and foreign_key.schema in (None, table.schema):
        return table
    found = schema.find(foreign_key.schema, foreign_key.table, search_path)
    if found is None:
        raise _refusal(
            table,
            foreign_key,
            f"{foreign_key.table} is no table of the cluster; create it with create_table first (reference=True puts a "
            "copy on every server)",
        )
    return found


def _problem(table: Table, foreign_key: ForeignKey, referenced: Table) -> str | None:
    """Why a foreign key cannot be held; None when it can."""
    if not foreign_key.enforced:
        return "NOT ENFORCED is not tested"
    if foreign_key.period:
        return "PERIOD is not tested"
    if len(foreign_key.referenced) != len(foreign_key.columns):
        return (
            f"it has {len(foreign_key.columns)} columns ({', '.join(foreign_key.columns)}) and refers to "
            f"{len(foreign_key.referenced)} ({', '.join(foreign_key.referenced)})"
        )
    if not referenced.sharded:
        return _problem_with_key(table, foreign_key)
    if not table.sharded:
        return (
            f"{referenced.name} is sharded, so a copy of {table.name} finds only a part of it on its server"
        )
    return _problem_between_sharded(table, foreign_key, referenced)


def _problem_with_key(table: Table, foreign_key: ForeignKey) -> str | None:
    """A reference table's foreign keys are ordinary, as long as they leave the key alone."""
    deletes = foreign_key.on_delete in _CHANGING
    changed = foreign_key.delete_columns if deletes and foreign_key.delete_columns else foreign_key.columns
    changes_on_delete = deletes and set(changed) & set(table.key)
    changes_on_update = foreign_key.on_update in (*_CHANGING, "CASCADE") and set(foreign_key.columns) & set(
        table.key
    )
    if changes_on_delete or changes_on_update:
        action = (
            f"ON DELETE {foreign_key.on_delete}"
            if changes_on_delete
            else f"ON UPDATE {foreign_key.on_update}"
        )
        return f"{action} would change the key of a row, which may then belong to another server"
    return None


def _problem_between_sharded(table: Table, foreign_key: ForeignKey, referenced: Table) -> str | None:
    if not table.colocated_with(referenced):
        return (
            f"the tables are not colocated: the key of {table.name} is {_typed_key(table)}, that of {referenced.name} "
            f"{_typed_key(referenced)}"
        )
    pairs = dict(zip(foreign_key.referenced, foreign_key.columns, strict=True))
    if tuple(pairs.get(column) for column in referenced.key) != table.key:
        return (
            f"it is not on the key: {', '.join(table.key)} must refer to {', '.join(referenced.key)}, or the rows may "
            "be on different servers"
        )
    if foreign_key.match != "SIMPLE":
        return f"MATCH {foreign_key.match} cannot carry part along, which is never NULL"
    if foreign_key.on_update not in _COLOCATED_UPDATES:
        return f"ON UPDATE {foreign_key.on_update} would change part along with the key"
    if foreign_key.on_delete not in _COLOCATED_DELETES:
        return f"ON DELETE {foreign_key.on_delete} would change the key, and part along with it"
    return None


def _typed_key(table: Table) -> str:
    return (
        "(" + ", ".join(f"{name} {type}" for name, type in zip(table.key, table.key_types, strict=True)) + ")"
    )


def _refusal(table: Table, foreign_key: ForeignKey, problem: str) -> UnsupportedTable:
    columns = ", ".join(foreign_key.columns)
    return UnsupportedTable(
        f"table {table.schema}.{table.name}: the foreign key ({columns}) to {foreign_key.table} is refused: {problem}"
    )


def _name(table: Table, foreign_key: ForeignKey, taken: set[str]) -> str:
    """The name that PostgreSQL would give without ``part``, as long as that is simple."""
    if foreign_key.name is not None:
        return foreign_key.name
    stem = f"{table.name}_{'_'.join(foreign_key.columns)}_fkey"
    if len(stem.encode()) > _NAME_BYTES - 3:
        stem = stem.encode()[: _NAME_BYTES - 10].decode(errors="ignore") + "_fkey"
    return next(name for number in range(len(taken) + 1) if (name := f"{stem}{number or ''}") not in taken)


def _statement(table: Table, foreign_key: ForeignKey, referenced: Table, name: str) -> str:
    part = (PART,) if referenced.sharded else ()
    text = (
        f"ALTER TABLE {_qualified(table)} ADD CONSTRAINT {quoted(name)} "
        f"FOREIGN KEY ({_listed((*foreign_key.columns, *part))}) "
        f"REFERENCES {_qualified(referenced)} ({_listed((*foreign_key.referenced, *part))}) "
        f"MATCH {foreign_key.match} ON UPDATE {foreign_key.on_update} ON DELETE {foreign_key.on_delete}"
    )
    if foreign_key.delete_columns:
        text += f" ({_listed(foreign_key.delete_columns)})"
    if foreign_key.deferrable:
        text += " DEFERRABLE"
    if foreign_key.initially_deferred:
        text += " INITIALLY DEFERRED"
    return text


def _qualified(table: Table) -> str:
    return f"{quoted(table.schema)}.{quoted(table.name)}"


def _listed(columns: Sequence[str]) -> str:
    return ", ".join(quoted(column) for column in columns)
