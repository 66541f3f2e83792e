"""Where a key value comes from: a constant or a parameter of the statement, as a key of a given type.

Only what is certain to be the same value as the key's canonical text is taken: constants and parameters, also
cast to a type of the key's own family. ``parameter::varchar(2)`` may be cut, ``5.5::bigint`` is rounded: no
source.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from parallel_partition.catalog.array_texts import array_elements
from parallel_partition.catalog.key_text import NotProven, key_text_of_literal, key_text_of_number
from parallel_partition.planning.analysis import Nodes, strings
from parallel_partition.planning.conditions import ArrayKey, KeySource, KnownKey, ParameterKey
from parallel_partition.planning.scope import Column, Level, resolve
from parallel_partition.planning.terms import family
from parallel_partition.planning.trees import Node, walk

#: The types that a value may be cast to and stay the same key, by the key's type.
_CASTS = {
    "integer": {"int2", "int4", "int8", "smallint", "integer", "bigint"},
    "text": {"text", "varchar"},
    "uuid": {"uuid"},
    "date": {"date"},
    "boolean": {"bool", "boolean"},
    "numeric": {"numeric"},
}

#: Parameters of these types (none, unknown) get their type from where they first stand in the statement.
_UNTYPED = (0, 705)


class Sources:
    """Reads key sources of one statement.

    Parameters
    ----------
    nodes : the statement
    root : its level
    oids : the types of its parameters
    stored : the key types of the columns that values of an INSERT are stored in, by the id of a ParamRef's body
    """

    def __init__(
        self, nodes: Nodes, root: Level, oids: Sequence[int], stored: Mapping[int, str] | None = None
    ) -> None:
        self._nodes = nodes
        self._root = root
        self._oids = oids
        self._stored = stored or {}
        self._places: Counter[int] | None = None
        self._fitting: dict[str, Counter[int]] = {}

    def value(self, node: Node | None, type: str) -> KeySource | None:
        """The source that an expression is, as a key of ``type``; None where that is not certain."""
        inner = uncast(node, type)
        if inner is None:
            return None
        if "ParamRef" in inner:
            number = inner["ParamRef"].get("number", 0)
            return ParameterKey(number, type) if self._certain(number, type) else None
        if "A_Const" not in inner:
            return None
        try:
            return KnownKey(constant_text(inner["A_Const"], type))
        except NotProven:
            return None

    def array(self, node: Node | None, type: str) -> tuple[KeySource, ...] | None:
        """The sources of the elements of an array expression, as keys of ``type``; NULLs drop out."""
        inner = uncast(node, type, array=True)
        if inner is None:
            return None
        if "ParamRef" in inner:
            number = inner["ParamRef"].get("number", 0)
            return (ArrayKey(number, type),) if self._certain(number, type) else None
        if "A_ArrayExpr" in inner:
            return self.values(inner["A_ArrayExpr"].get("elements", []), type)
        text = inner.get("A_Const", {}).get("sval")
        if text is None:
            return None
        try:
            elements = array_elements(text.get("sval", ""))
            return tuple(KnownKey(key_text_of_literal(one, type)) for one in elements if one is not None)
        except NotProven:
            return None

    def values(self, nodes: Sequence[Node], type: str) -> tuple[KeySource, ...] | None:
        """The sources of a list (of IN or ARRAY); NULL is equal to nothing and drops out."""
        found: list[KeySource] = []
        for node in nodes:
            source = self.value(node, type)
            if source is None:
                return None
            if source != KnownKey(None):
                found.append(source)
        return tuple(found)

    def _certain(self, number: int, type: str) -> bool:
        """Tell whether a parameter's type is sure to be of the key's family.

        One without a type takes it from where it stands first. If that is not a comparison with a column of
        the family or a cast to it, PostgreSQL may convert it (to character(n), to a floating-point number,
        ...) first.
        """
        if number < 1 or (number <= len(self._oids) and self._oids[number - 1] not in _UNTYPED):
            return number >= 1
        if self._places is None:
            self._places = Counter(body.get("number", 0) for kind, body in self._nodes if kind == "ParamRef")
        if self._places[number] <= 1:
            return True
        if type not in self._fitting:
            self._fitting[type] = Counter(self._fitting_parameters(type))
        return self._fitting[type][number] == self._places[number]

    def _fitting_parameters(self, type: str) -> Iterator[int]:
        """The numbers of the parameters that stand where their type is of the family of ``type``, once for each."""
        columns = {
            id(reference.body)
            for level in self._root.inside()
            for reference in level.references
            if isinstance(meant := resolve(reference.body, reference.names), Column) and family(meant) == type
        }
        for kind, body in self._nodes:
            if kind == "ParamRef" and self._stored.get(id(body)) == type:
                yield body.get("number", 0)
            for node in _operands(kind, body, type, columns):
                if node and "ParamRef" in node:
                    yield node["ParamRef"].get("number", 0)


def _operands(kind: str, body: Node, type: str, columns: set[int]) -> list[Node]:
    """What is compared with one of ``columns``, or cast to the family of ``type``."""
    if kind == "TypeCast":
        harmless = any(_harmless(body["typeName"], type, array) for array in (False, True))
        return [body.get("arg", {})] if harmless else []
    if kind != "A_Expr" or body["kind"] not in ("AEXPR_OP", "AEXPR_OP_ANY", "AEXPR_IN"):
        return []
    left, right = body.get("lexpr", {}), body.get("rexpr", {})
    if not any("ColumnRef" in side and id(side["ColumnRef"]) in columns for side in (left, right)):
        return []
    return [left, right, *right.get("List", {}).get("items", [])]


def typed_parameters(oids: Sequence[int]) -> tuple[int, ...]:
    """The numbers of the parameters that are sent with a type."""
    return tuple(number for number, oid in enumerate(oids, start=1) if oid not in _UNTYPED)


def untyped_in(nodes: list[Any], typed: Sequence[int]) -> set[int]:
    """The numbers of the parameters in some nodes that are not ``typed``."""
    found = {body.get("number", 0) for node in nodes for kind, body in walk(node) if kind == "ParamRef"}
    return found - set(typed)


def uncast(node: Node | None, type: str, array: bool = False) -> Node | None:
    """What is under the casts of an expression, None when one of them may change a key of ``type``."""
    while node and "TypeCast" in node:
        name = node["TypeCast"]["typeName"]
        if not _harmless(name, type, array):
            return None
        node = node["TypeCast"].get("arg")
    return node or None


def _harmless(name: Node, type: str, array: bool) -> bool:
    names = strings(name.get("names", []))
    if name.get("typmods") or name.get("setof") or bool(name.get("arrayBounds")) != array:
        return False
    return names[-1] in _CASTS[type] and names[:-1] in ((), ("pg_catalog",))


def constant_text(constant: Node, type: str) -> str | None:
    """The canonical text of a constant as a key of ``type``; None for NULL.

    Raises
    ------
    NotProven : it is not certain which key that is
    """
    if constant.get("isnull"):
        return None
    if "sval" in constant:
        return key_text_of_literal(constant["sval"].get("sval", ""), type)
    if "ival" in constant:
        return key_text_of_number(str(constant["ival"].get("ival", 0)), type)
    if "fval" in constant:
        return key_text_of_number(_decimal(constant["fval"]["fval"]), type)
    if "boolval" in constant and type == "boolean":
        return "true" if constant["boolval"].get("boolval") else "false"
    raise NotProven("a constant of a kind that no key is equal to")


def _decimal(text: str) -> str:
    """A number of SQL without its underscores, which PostgreSQL 16 and later allow; other bases stay unread."""
    return text.replace("_", "")
