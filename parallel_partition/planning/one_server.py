"""The strategy *one server*: the caller's own text, where the rows of all sharded tables it names have one home."""

from __future__ import annotations

from parallel_partition.planning.align import key_of, sharded_tables
from parallel_partition.planning.conditions import (
    ArrayKey,
    Condition,
    Either,
    EveryPartition,
    KnownKey,
    OfKeys,
)
from parallel_partition.planning.scope import Level

#: Keys named in a reason before it is cut.
_NAMED = 3


def always_one_server(condition: Condition) -> bool:
    """Tell whether a condition means at most one partition whatever the parameters are."""
    if not isinstance(condition, OfKeys):
        return False
    return len(condition.keys) == 0 or (
        len(condition.keys) == 1 and all(isinstance(source, KnownKey) for source in condition.keys[0])
    )


def condition_reason(condition: Condition, level: Level) -> str:
    """Say where a condition's keys come from: ``key orders.customer_id = $1``."""
    names = ", ".join(dict.fromkeys(_key_name(relation) for relation in sharded_tables(level)))
    return f"key {names}: {describe(condition)}"


def _key_name(relation: object) -> str:
    key = key_of(relation)  # type: ignore[arg-type]
    columns = ", ".join(column.name for column in key)
    name = key[0].relation.name if key else "?"
    return f"{name}.{columns}" if len(key) == 1 else f"{name}.({columns})"


def describe(condition: Condition) -> str:
    """A condition for people: ``= 5``, ``IN ($1, $2)``, ``= ANY($1)``, ``not known``."""
    match condition:
        case EveryPartition():
            return "not restricted"
        case OfKeys(()):
            return "contradictory"
        case OfKeys((row,)):
            return f"= ANY({_row(row)})" if isinstance(row[0], ArrayKey) else f"= {_row(row)}"
        case OfKeys(keys):
            shown = ", ".join(_row(row) for row in keys[:_NAMED])
            return f"IN ({shown}{', ...' if len(keys) > _NAMED else ''})"
        case Either(conditions):
            return " or ".join(describe(one) for one in conditions)
    return " and ".join(describe(one) for one in condition.conditions)


def _row(row: tuple[object, ...]) -> str:
    shown = [_source(source) for source in row]
    return shown[0] if len(shown) == 1 else f"({', '.join(shown)})"


def _source(source: object) -> str:
    if isinstance(source, KnownKey):
        return "NULL" if source.text is None else f"'{source.text}'"
    return f"${source.number}"  # type: ignore[attr-defined]
