"""The strategy *whole*: the query runs whole on each server; rows are concatenated, or merged in order, then cut."""

from __future__ import annotations

from collections.abc import Sequence

from parallel_partition.planning.align import Aligner, Distributed, Passed
from parallel_partition.planning.clauses import Clauses, find_clauses
from parallel_partition.planning.hide_part import Edit
from parallel_partition.planning.key_sources import typed_parameters, untyped_in
from parallel_partition.planning.ordering import SortItem, sort_items
from parallel_partition.planning.parse import ParsedText, parse
from parallel_partition.planning.plan import Count, ShardQuery, SortKey, Whole
from parallel_partition.planning.scope import Level, field_names, is_limited
from parallel_partition.planning.splicing import splice
from parallel_partition.planning.trees import Node, same_tree, walk
from parallel_partition.planning.write_sql import write_checked

_BIGINT_MAX = 2**63 - 1

#: Casts of LIMIT's value that change no whole number.
_INTEGERS = ("int2", "int4", "int8", "smallint", "integer", "bigint")


def plan_whole(parsed: ParsedText, level: Level, hidden: list[Edit], oids: Sequence[int] = ()) -> Whole:
    """Plan a SELECT as the same query on each server.

    Parameters
    ----------
    parsed : the caller's text
    level : the level of its only statement
    hidden : the edits that hide ``part``
    oids : the types of the parameters

    Raises
    ------
    Passed : it is not proven that the rows of the servers together are the rows of the query
    """
    require_whole(level)
    limit, offset = counts(level.node)
    items = sort_items(level) if "sortClause" in level.node else []
    added = [item for item in items if item.output is None]
    if added and "distinctClause" in level.node:
        raise Passed("ORDER BY with DISTINCT: it sorts by an expression that is not in the select list")
    if untyped_in([item.node for item in added], typed_parameters(oids)):
        raise Passed("ORDER BY: it sorts by a parameter that has no type; cast it to its type")
    edits = list(hidden)
    if added or offset is not None:
        clauses = find_clauses(parsed.data, *parsed.extents[0])
        if clauses is None:
            raise Passed("a SELECT in parentheses: its clauses are not found; leave the parentheses out")
        edits += _edits(clauses, level, added, limit, offset)
    if not edits:
        return Whole(ShardQuery(parsed.text), _order(level, items), limit, offset)
    text = splice(parsed.data, edits).decode()
    _check(text, level.node, len(added))
    return Whole(ShardQuery(text), _order(level, items), limit, offset, len(added))


def require_whole(level: Level) -> Distributed:
    """Make sure that the rows of a query are the rows that it has on each server.

    Raises
    ------
    Passed : that is not proven
    """
    aligner = Aligner()
    if level.kind == "set operation":
        found = aligner.of_set_operation(level)
        assert isinstance(found, Distributed)
        return found
    found = aligner.of_level(level)
    if not isinstance(found, Distributed):
        raise Passed("FROM: only reference tables")
    aligner.require_grouping(level, found)
    aligner.require_distinct(level, found)
    aligner.require_windows(level, found)
    if level.node.get("lockingClause") and is_limited(level.node):
        raise Passed("FOR UPDATE with LIMIT: more rows would be locked than are returned")
    return found


# --- LIMIT and OFFSET
# -------------------------------------------------------------------------------------------------


def counts(body: Node) -> tuple[Count | None, Count | None]:
    """The LIMIT and the OFFSET of a SELECT's body.

    Raises
    ------
    Passed : one of them is neither a number nor a parameter, or there is WITH TIES
    """
    if body.get("limitOption") == "LIMIT_OPTION_WITH_TIES":
        raise Passed("FETCH ... WITH TIES: ties may be on other servers")
    return _count(body.get("limitCount"), "LIMIT"), _count(body.get("limitOffset"), "OFFSET")


def _count(node: Node | None, clause: str) -> Count | None:
    while node and "TypeCast" in node:
        if node["TypeCast"]["typeName"]["names"][-1]["String"]["sval"] not in _INTEGERS:
            break
        node = node["TypeCast"].get("arg")
    if not node or node.get("A_Const", {}).get("isnull"):
        return None
    if "ParamRef" in node:
        return Count(number=node["ParamRef"].get("number", 0))
    constant = node.get("A_Const", {})
    if "ival" in constant:
        return Count(value=constant["ival"].get("ival", 0))
    text = constant.get("fval", {}).get("fval", "")
    if text.isdigit() and int(text) <= _BIGINT_MAX:
        return Count(value=int(text))
    raise Passed(f"{clause}: it is an expression; over several servers it must be a number or a parameter")


def _limit_text(limit: Count | None, offset: Count) -> str:
    """The LIMIT of one server: what is skipped may all be there. OFFSET stays to refuse a negative number."""
    skip = _number(offset)
    if limit is None:
        return f"OFFSET least({skip}, 0)"
    if limit.value is not None and offset.value is not None and limit.value >= 0 and offset.value >= 0:
        return f"LIMIT {min(limit.value + offset.value, _BIGINT_MAX)}"
    take = _number(limit)
    return f"LIMIT CASE WHEN {take} < 0 THEN {take} ELSE {take} + greatest({skip}, 0) END OFFSET least({skip}, 0)"


def _number(count: Count) -> str:
    return f"${count.number}::bigint" if count.number is not None else f"({count.value})::bigint"


# --- the shard query
# --------------------------------------------------------------------------------------------------


def _edits(
    clauses: Clauses, level: Level, added: list[SortItem], limit: Count | None, offset: Count | None
) -> list[Edit]:
    found: list[Edit] = []
    if added:
        prefix = _unused_prefix(level)
        columns = [f', {write_checked(item.node)} AS "{prefix}{n}"' for n, item in enumerate(added, start=1)]
        found.append((clauses.select_end, clauses.select_end, "".join(columns).encode()))
    if offset is not None and clauses.limit is not None:
        found.append((*clauses.limit, _limit_text(limit, offset).encode()))
    return found


def _unused_prefix(level: Level) -> str:
    """A beginning of names that no output and no name in ORDER BY has: what is sorted by keeps its meaning."""
    used = {output.name for output in level.outputs or ()}
    for kind, body in walk(level.node["sortClause"]):
        if kind == "ColumnRef":
            used.update(name for name in field_names(body) if name)
    prefix = "sort_"
    while any(name.startswith(prefix) for name in used):
        prefix = f"_{prefix}"
    return prefix


def _order(level: Level, items: list[SortItem]) -> tuple[SortKey, ...]:
    column = len(level.outputs or ())
    order = []
    for item in items:
        if item.output is None:
            order.append(item.key(column))
            column += 1
        else:
            order.append(item.key(item.output))
    return tuple(order)


def _check(text: str, body: Node, added: int) -> None:
    """Read the text of the shard query again: all but the select list and LIMIT must be the caller's."""
    try:
        made = parse(text).statements[0]["SelectStmt"]
    except Exception as error:  # what the text became is no SELECT: whatever the reason, it is not run
        raise Passed(f"the text of the query for one server cannot be made: {error}") from error
    for name in (
        "whereClause",
        "havingClause",
        "sortClause",
        "distinctClause",
        "windowClause",
        "lockingClause",
    ):
        if name in body and name not in made:
            raise Passed(f"the text of the query for one server cannot be made: it lost its {name}")
    if not same_tree(made.get("sortClause"), body.get("sortClause")):
        raise Passed("the text of the query for one server cannot be made: it changed its ORDER BY")
    if added and len(made["targetList"]) < added:
        raise Passed("the text of the query for one server cannot be made: it lost its sort columns")
