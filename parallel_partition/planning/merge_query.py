"""The texts of a split: the probe, the partial query for each server, and the merge query over the partial rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

from parallel_partition.catalog.identifiers import quoted
from parallel_partition.errors import InternalError, UnsupportedQuery
from parallel_partition.planning.aggregates import Aggregate
from parallel_partition.planning.align import Passed
from parallel_partition.planning.parse import parse
from parallel_partition.planning.plan import ShardQuery, Split
from parallel_partition.planning.splicing import renumber, splice
from parallel_partition.planning.tokens import scan
from parallel_partition.planning.trees import Node, walk
from parallel_partition.planning.write_sql import Unsupported, write_checked
from parallel_partition.statements import OutputColumn

#: Types up to here have the same OID on every server.
_FIXED_OIDS = 10_000

_DIRECTIONS = {"SORTBY_ASC": " ASC", "SORTBY_DESC": " DESC"}
_NULLS = {"SORTBY_NULLS_FIRST": " NULLS FIRST", "SORTBY_NULLS_LAST": " NULLS LAST"}


@dataclass
class MergeOutput:
    """An output of the merge query, over ``p.g1``, ... and ``p.a1``, ..."""

    node: Node


@dataclass
class MergeSort:
    """An ORDER BY item of the merge query: an output's position from 1, or an expression."""

    position: int | None
    node: Node | None
    direction: str
    nulls: str


@dataclass
class SplitParts:
    """What a split is made of before types are known.

    ``select`` is the body of the caller's SELECT, whose WITH, FROM and WHERE the partial query takes over.
    ``groups`` are expressions over its rows, and ``arguments`` those of aggregates with DISTINCT: partial rows are
    grouped by both, merged ones by ``group_clause`` over ``groups``. Where those aggregates are over several sets of
    ``arguments`` (places in it), each set has partial rows of its own, as have the other aggregates. ``collations``
    are theirs where it is not the default. ``grouped`` is false for DISTINCT alone.
    """

    select: Node
    distinct: bool
    grouped: bool
    groups: list[Node] = field(default_factory=list)
    arguments: list[Node] = field(default_factory=list)
    argument_sets: list[tuple[int, ...]] = field(default_factory=list)
    group_clause: Node = field(default_factory=dict)
    collations: list[str | None] = field(default_factory=list)
    aggregates: list[Aggregate] = field(default_factory=list)
    outputs: list[MergeOutput] = field(default_factory=list)
    having: Node | None = None
    order: list[MergeSort] = field(default_factory=list)
    limit: Node | None = None
    offset: Node | None = None
    with_ties: bool = False


# --- queries over the tables
# ------------------------------------------------------------------------------------------


def probe_of(parts: SplitParts) -> ShardQuery:
    """The query whose description tells the types of grouped expressions and aggregates."""
    probed = [node for aggregate in parts.aggregates for node in aggregate.probed(parts.select)]
    return _shard_query(parts, probed)


def _shard_query(parts: SplitParts, aggregates: Sequence[Node]) -> ShardQuery:
    """The caller's FROM and WHERE under a select list of grouped expressions and aggregates."""
    grouped = [*parts.groups, *parts.arguments]
    columns = [*grouped, *aggregates] or [_COUNT]
    return _query(parts, _body(parts, columns, range(1, len(grouped) + 1)))


def _body(parts: SplitParts, columns: Sequence[Node], grouped: Sequence[int]) -> Node:
    """A SELECT over the caller's FROM and WHERE, grouped by those of its columns that have these numbers."""
    body: Node = {name: parts.select[name] for name in ("fromClause", "whereClause") if name in parts.select}
    body |= {"limitOption": "LIMIT_OPTION_DEFAULT", "op": "SETOP_NONE"}
    body["targetList"] = [
        {"ResTarget": {"name": f"c{n}", "val": node}} for n, node in enumerate(columns, start=1)
    ]
    if not parts.grouped:
        body["distinctClause"] = [{}]
    elif grouped:
        body["groupClause"] = [{"A_Const": {"ival": {"ival": n}}} for n in grouped]
    return body


def _query(parts: SplitParts, body: Node) -> ShardQuery:
    if "withClause" in parts.select:
        body = {**body, "withClause": parts.select["withClause"]}
    text, numbers = renumber(write_checked({"SelectStmt": body}).encode())
    return ShardQuery(text.decode(), numbers)


def _union_query(parts: SplitParts, aggregates: Sequence[Node], types: Sequence[str]) -> ShardQuery:
    """The partial rows of each set of arguments, after those without any, which alone have the other aggregates."""
    nulls = [_expression(f"CAST(NULL AS {type})") for type in types]
    first, last = len(parts.groups), len(parts.groups) + len(parts.arguments)
    arms = []
    for number, places in enumerate([(), *parts.argument_sets]):
        mine = [
            node if place in places else nulls[first + place] for place, node in enumerate(parts.arguments)
        ]
        counted = aggregates if number == 0 else nulls[last + 1 :]
        columns = [*parts.groups, *mine, _expression(str(number)), *counted]
        if number or aggregates:
            grouped = [*range(1, first + 1), *(first + 1 + place for place in places)]
            arms.append(_body(parts, columns, grouped))
    union = {"limitOption": "LIMIT_OPTION_DEFAULT", "op": "SETOP_UNION", "all": True}
    return _query(parts, reduce(lambda left, right: {**union, "larg": left, "rarg": right}, arms))


_COUNT: Node = {
    "FuncCall": {
        "funcname": [{"String": {"sval": "count"}}],
        "agg_star": True,
        "funcformat": "COERCE_EXPLICIT_CALL",
    }
}


# --- the merge query
# --------------------------------------------------------------------------------------------------


def finish(
    parts: SplitParts,
    caller: Sequence[OutputColumn],
    probe: Sequence[OutputColumn],
    typed: Sequence[int],
) -> Split:
    """Make the texts, now that types are known.

    Parameters
    ----------
    caller : PostgreSQL's description of the caller's statement
    probe : its description of the probe
    typed : the numbers of the caller's parameters that are sent with a type

    Raises
    ------
    UnsupportedQuery : with these types it cannot be split
    """
    try:
        return _finished(parts, caller, probe, typed)
    except (Passed, Unsupported) as reason:
        raise UnsupportedQuery(str(reason)) from reason


def _finished(
    parts: SplitParts,
    caller: Sequence[OutputColumn],
    probe: Sequence[OutputColumn],
    typed: Sequence[int],
) -> Split:
    if len(caller) != len(parts.outputs):
        raise InternalError(f"the statement has {len(caller)} columns, and {len(parts.outputs)} were planned")
    maker = _Maker(parts, probe)
    if parts.argument_sets:
        partial = _union_query(parts, maker.partial, maker.types)
    else:
        partial = _shard_query(parts, maker.partial)
    if not maker.types:
        maker.types.append("bigint")
        maker.oids.append(20)
    text, numbers = maker.merge_text(caller)
    shared = sorted((set(partial.numbers or ()) & set(numbers)) - set(typed))
    if shared:
        raise UnsupportedQuery(
            f"${shared[0]}: it is used both inside and outside of aggregates, and has no type; cast it to its type"
        )
    columns = len(maker.types)
    arrays = maker.arrays(0)
    if text.count(arrays) != 1:
        raise InternalError(f"the merge query reads {arrays} {text.count(arrays)} times")
    written = ShardQuery(maker.with_texts(partial.text), partial.numbers)
    return Split(written, ShardQuery(text, numbers), arrays, columns, maker.as_text)


def exact_text(column: str, *, is_enum: bool = False) -> str:
    """The text of a value, never NULL for a value, that is read back alike on another server under any settings."""
    if is_enum:  # costs a fifth
        return f"CASE WHEN {column} IS NOT NULL THEN pg_catalog.format('%s', {column}) END"
    return f"parallel_partition.exact_text({column})"


def _travels_as_text(oid: int, type: str) -> bool:
    return oid >= _FIXED_OIDS or type.endswith("[]")


class _Maker:
    """Makes the merge query; ``types`` and ``oids`` are those of the partial columns, ``partial`` their aggregates."""

    def __init__(self, parts: SplitParts, probe: Sequence[OutputColumn]) -> None:
        self._parts = parts
        names = [f"g{n}" for n, _ in enumerate(parts.groups, start=1)]
        names += [f"d{n}" for n, _ in enumerate(parts.arguments, start=1)]
        self.types = [column.type for column in probe[: len(names)]]
        self.oids = [column.oid for column in probe[: len(names)]]
        self._enums = {column.type for column in probe if column.is_enum}
        self.partial: list[Node] = []
        self._collations = list(parts.collations)
        self._finals: dict[str, Node] = {}
        self._final_types: dict[str, str] = {}
        for n, name in enumerate(names, start=1):
            self._finals[name] = _expression(f'"p"."c{n}"')
            self._final_types[name] = self.types[n - 1]
        place = len(names)
        if parts.argument_sets:
            self.types.append("integer")
            self.oids.append(23)
            self._collations.append(None)
            for n, _ in enumerate(parts.argument_sets, start=1):
                self._finals[f"s{n}"] = _expression(f'"p"."c{len(self.types)}" = {n}')
        for n, aggregate in enumerate(parts.aggregates, start=1):
            described = probe[place : place + len(aggregate.probed(parts.select))]
            place += len(described)
            self._finals[f"a{n}"] = self._add(aggregate, described)
            self._final_types[f"a{n}"] = described[0].type
        for type in self.types:
            if type in ("record", "unknown"):
                raise UnsupportedQuery(
                    f"GROUP BY a value of type {type}: it cannot be sent on; name its fields"
                )

    def _add(self, aggregate: Aggregate, described: Sequence[OutputColumn]) -> Node:
        """Add an aggregate's partial columns, and return what puts them together."""
        columns = []
        for made in aggregate.partial(described):
            self.partial.append(made.node)
            self.types.append(made.type)
            self.oids.append(made.oid)
            self._collations.append(aggregate.collation)
            columns.append(f'"p"."c{len(self.types)}"')
        return _expression(aggregate.final(described, columns))

    def merge_text(self, caller: Sequence[OutputColumn]) -> tuple[str, tuple[int, ...]]:
        """The merge query, and which of the caller's parameters follow the arrays."""
        parts = self._parts
        outputs = [
            f"{self._output(output.node, column)} AS {quoted(column.name)}"
            for output, column in zip(parts.outputs, caller, strict=True)
        ]
        text = f"SELECT {'DISTINCT ' if parts.distinct else ''}{', '.join(outputs)}"
        text += f' FROM ({self._rows()}) AS "p"'
        text += self._grouped()
        if parts.having is not None:
            text += f" HAVING {self._written(parts.having)}"
        if parts.order:
            text += " ORDER BY " + ", ".join(self._sorted(item) for item in parts.order)
        if parts.limit is not None:
            limit = self._written(parts.limit)
            text += f" FETCH FIRST ({limit}) ROWS WITH TIES" if parts.with_ties else f" LIMIT {limit}"
        if parts.offset is not None:
            text += f" OFFSET {self._written(parts.offset)}"
        return self._numbered(text)

    def _grouped(self) -> str:
        """The GROUP BY clause: that of the caller, over the partial rows."""
        clause = self._parts.group_clause
        if not clause:
            return ""
        body = {"limitOption": "LIMIT_OPTION_DEFAULT", "op": "SETOP_NONE"}
        written = write_checked({"SelectStmt": _substituted({**body, **clause}, self._finals)})
        return " " + written[written.index("GROUP BY") :]

    def _output(self, node: Node, column: OutputColumn) -> str:
        """An output, as the type that PostgreSQL described. ``unnest`` loses what is in parentheses."""
        written = self._written(node)
        name = node["ColumnRef"]["fields"][-1]["String"]["sval"] if "ColumnRef" in node else ""
        if self._final_types.get(name) == column.type and "(" not in column.type:
            return written
        return f"CAST({written} AS {_castable(column)})"

    def _rows(self) -> str:
        """The partial rows: one array per column, those with another collation under it."""
        listed = []
        collations = self._collations + [None] * (len(self.types) - len(self._collations))
        for n, (type, collation) in enumerate(zip(self.types, collations, strict=True), start=1):
            value = f'CAST("u"."c{n}" AS {type})' if self.as_text[n - 1] else f'"u"."c{n}"'
            listed.append(f'{value}{f" COLLATE {collation}" if collation else ""} AS "c{n}"')
        names = ", ".join(f'"c{n}"' for n in range(1, len(listed) + 1))
        return f'SELECT {", ".join(listed)} FROM {self.arrays(_ARRAYS)} AS "u"({names})'  # noqa: S608 - see _written

    @property
    def as_text(self) -> tuple[bool, ...]:
        """Tell which columns of the partial rows travel as text."""
        return tuple(_travels_as_text(oid, type) for oid, type in zip(self.oids, self.types, strict=True))

    def with_texts(self, partial: str) -> str:
        """The partial query with those columns as text that travel so."""
        if not any(self.as_text):
            return partial
        columns = []
        for n, (type, as_text) in enumerate(zip(self.types, self.as_text, strict=True), start=1):
            name = f'"u"."c{n}"'
            value = exact_text(name, is_enum=type in self._enums) if as_text else name
            columns.append(f'{value} AS "c{n}"')
        return f'SELECT {", ".join(columns)} FROM ({partial}) AS "u"'  # noqa: S608 - see _written

    def arrays(self, before: int) -> str:
        """What the partial rows are read from; the first array is numbered ``before + 1``."""
        types = ["text" if text else type for text, type in zip(self.as_text, self.types, strict=True)]
        return f"unnest({', '.join(f'${before + n}::{type}[]' for n, type in enumerate(types, start=1))})"

    def _sorted(self, item: MergeSort) -> str:
        what = str(item.position) if item.node is None else f"({self._written(item.node)})"
        return what + _DIRECTIONS.get(item.direction, "") + _NULLS.get(item.nulls, "")

    def _written(self, node: Node) -> str:
        return write_checked(_substituted(node, self._finals))

    def _numbered(self, text: str) -> tuple[str, tuple[int, ...]]:
        """Number the arrays from 1, and the caller's parameters after them."""
        columns = len(self.types)
        tree = parse(text).statements[0]
        used = {body.get("number", 0) for kind, body in walk(tree) if kind == "ParamRef"}
        callers = sorted(number for number in used if number <= _ARRAYS)
        data, old = renumber(text.encode())
        # What renumber made of first appearance becomes arrays first, the caller's parameters after them.
        new = {_ARRAYS + n: n for n in range(1, columns + 1)}
        new |= {number: columns + n for n, number in enumerate(callers, start=1)}
        return _with_numbers(data, [new[number] for number in old]), tuple(callers)


#: Arrays are numbered from here until all parameters are known; PostgreSQL allows 65,535 parameters.
_ARRAYS = 1_000_000


def _with_numbers(data: bytes, numbers: Sequence[int]) -> str:
    edits = [
        (token.start, token.end, b"$%d" % numbers[int(data[token.start + 1 : token.end]) - 1])
        for token in scan(data)
        if token.kind == "parameter"
    ]
    return splice(data, edits).decode()


def _castable(column: OutputColumn) -> str:
    if column.type == "record":
        raise UnsupportedQuery(
            f"column {column.name}: a row is not put together over several servers; name its fields"
        )
    return column.type


def _expression(text: str) -> Node:
    """The tree of an expression."""
    node: Node = parse(f"SELECT {text}").statements[0]["SelectStmt"]["targetList"][0]["ResTarget"]["val"]
    return node


def _substituted(value: Any, finals: dict[str, Node]) -> Any:
    """A tree over ``p.g1``, ``p.a1``, ... with what these stand for."""
    if isinstance(value, list):
        return [_substituted(item, finals) for item in value]
    if not isinstance(value, dict):
        return value
    column = value.get("ColumnRef")
    if isinstance(column, dict):
        name = column["fields"][-1]["String"]["sval"]
        if name not in finals:
            raise Passed(f"column {name}: it is neither grouped nor in an aggregate")
        return finals[name]
    return {name: _substituted(below, finals) for name, below in value.items()}
