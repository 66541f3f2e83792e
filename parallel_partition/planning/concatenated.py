"""Arrays, texts and JSON of all rows from those of each server. Without ORDER BY any order is right.

They travel as text, which for these types reads the same under every setting.
"""

from __future__ import annotations

from collections.abc import Sequence

from parallel_partition.errors import UnsupportedQuery
from parallel_partition.planning.align import Passed
from parallel_partition.planning.analysis import call_name
from parallel_partition.planning.partial_columns import TEXT, Asked, Partial, cast
from parallel_partition.planning.trees import Node
from parallel_partition.planning.write_sql import write_checked

_RECORD = 2249

#: boolean, bytea, "char", name, bigint, smallint, integer, text, json, cidr, inet, macaddr, bpchar, varchar, bit,
#: varbit, numeric, uuid, jsonb: their texts are read back as they were, whatever the session's settings.
_PLAIN = frozenset(
    {16, 17, 18, 19, 20, 21, 23, 25, 114, 650, 829, 869, 1042, 1043, 1560, 1562, 1700, 2950, 3802}
)
#: real, double precision, date, time, timestamp, timestamptz, interval, timetz, money and `_PLAIN`: no element of
#: a JSON array of these begins on a new line.
_SIMPLE = _PLAIN | {700, 701, 790, 1082, 1083, 1114, 1184, 1186, 1266}


def as_text(asked: Asked) -> list[Partial]:
    """The call's value as text."""
    return [Partial(cast({"FuncCall": asked.call}, "text"), *TEXT)]


def own_array(asked: Asked) -> list[Partial]:
    """Each server's array, as text.

    Raises
    ------
    UnsupportedQuery : what is in it is an array itself, or of a type whose text depends on settings
    """
    argument = asked.described[1]
    if argument.oid not in _PLAIN:
        raise UnsupportedQuery(
            f"array_agg of type {argument.type}: the arrays of several servers are not joined"
        )
    return as_text(asked)


def array(asked: Asked, columns: list[str]) -> str:
    """The array of the elements of all arrays."""
    return (  # the texts below are the planner's own
        f'(SELECT array_agg("e"."value") FROM unnest(array_agg({columns[0]})) AS "s"("array"),'  # noqa: S608 - quoted
        f' unnest(CAST("s"."array" AS {asked.type})) AS "e"("value"))'
    )


def string(asked: Asked, columns: list[str]) -> str:
    """The texts with the same delimiter between them as within them."""
    type = asked.type
    return f"string_agg({columns[0]}, CAST({write_checked(asked.call['args'][1])} AS {type}))"


def require_constant_delimiter(call: Node, typed: Sequence[int]) -> None:
    """Make sure that string_agg's delimiter is the same for all rows.

    Parameters
    ----------
    typed : the numbers of the caller's parameters that are sent with a type
    """
    delimiter = call["args"][1] if len(call.get("args", [])) > 1 else {}
    while "TypeCast" in delimiter:
        delimiter = delimiter["TypeCast"]["arg"]
    if "A_Const" not in delimiter and delimiter.get("ParamRef", {}).get("number") not in typed:
        raise Passed("string_agg: its delimiter is no constant")


def json_array(asked: Asked, columns: list[str]) -> str:
    """The JSON array of the elements of all arrays, with PostgreSQL's spaces between them.

    Raises
    ------
    UnsupportedQuery : it is not known whether its elements begin on a new line, as rows and arrays do in json
    """
    inside = f"substr({columns[0]}, 2, length({columns[0]}) - 2)"
    delimiter = "', '"
    argument = asked.described[1]
    if call_name(asked.call)[1] == "json_agg" and argument.oid not in _SIMPLE:
        if argument.oid != _RECORD and not argument.type.endswith("[]"):
            raise UnsupportedQuery(
                f"json_agg of type {argument.type}: the arrays of several servers are not joined"
            )
        delimiter = f"CASE WHEN {inside} LIKE 'null%' THEN ', ' ELSE ', ' || chr(10) || ' ' END"
    return f"CAST('[' || string_agg({inside}, {delimiter}) || ']' AS {asked.type})"


def json_object(asked: Asked, columns: list[str]) -> str:
    """The JSON object of the pairs of all objects: json puts a space inside of its braces, jsonb none."""
    first, last = ("{", "}") if asked.type == "jsonb" else ("{ ", " }")
    column, width = columns[0], len(first)
    inside = f"substr({column}, {width + 1}, length({column}) - {2 * width})"
    return f"CAST('{first}' || string_agg({inside}, ', ') || '{last}' AS {asked.type})"
