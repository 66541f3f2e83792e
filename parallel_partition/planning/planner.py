"""From a text to a plan. `STRATEGIES` is the table of contents: each proves that it may be used, or says why not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from parallel_partition.catalog.tables import Schema
from parallel_partition.errors import UnsupportedQuery
from parallel_partition.planning.align import Aligner, Passed
from parallel_partition.planning.analysis import Analyser, Nodes, calls_in, is_aggregate, strings
from parallel_partition.planning.answer_first import TEMPORARY
from parallel_partition.planning.context import Query
from parallel_partition.planning.explain_statement import plan_explain
from parallel_partition.planning.functions import differs_by_server, is_volatile
from parallel_partition.planning.gather import plan_divided
from parallel_partition.planning.hide_part import hide_part
from parallel_partition.planning.known_names import Named, names_in, system_column
from parallel_partition.planning.name_partition import name_partition, name_partitions
from parallel_partition.planning.one_server import always_one_server, condition_reason
from parallel_partition.planning.parse import ParsedText, SyntaxNotRead, parse
from parallel_partition.planning.plan import (
    Gather,
    LocalPlan,
    Plan,
    ReferencePlan,
    Refusal,
    SelectPlan,
    ShardQuery,
    SplitDraft,
    Whole,
)
from parallel_partition.planning.prune import key_condition
from parallel_partition.planning.refuse import refuse
from parallel_partition.planning.scope import (
    Column,
    Level,
    WholeRow,
    field_names,
    leaves,
    relation_named,
    resolve,
)
from parallel_partition.planning.splicing import splice
from parallel_partition.planning.split import plan_split
from parallel_partition.planning.trees import Node, StatementTooComplex, walk
from parallel_partition.planning.utility import plan_utility
from parallel_partition.planning.whole import plan_whole
from parallel_partition.planning.write_nodes import Unsupported
from parallel_partition.planning.writes import plan_write

Piece = Whole | SplitDraft | Gather | Refusal
Strategy = Callable[[Query], Piece]


def plan(
    text: str, parameter_oids: tuple[int, ...], state_schema: Schema, search_path: tuple[str, ...]
) -> Plan:
    """Plan one statement.

    Parameters
    ----------
    text : the statement in ``$n`` form
    parameter_oids : the types of its parameters as they are sent; 0 for none
    state_schema : the cluster's tables
    search_path : the schemas in which unqualified names are looked up

    Raises
    ------
    UnsupportedQuery : it is refused, whatever the partitions
    SyntaxNotRead : the grammar does not read it; ask a server for the error
    StatementTooComplex : it is too long or too deeply nested
    """
    try:
        return _plan(parse(text), parameter_oids, state_schema, search_path)
    except RecursionError:
        raise StatementTooComplex.nested() from None


def _plan(parsed: ParsedText, oids: tuple[int, ...], schema: Schema, search_path: tuple[str, ...]) -> Plan:
    if not parsed.statements:
        return LocalPlan(parsed.text, "no statement", writes=False)
    if len(parsed.statements) > 1:
        raise refuse(
            f"{len(parsed.statements)} statements in one text",
            "only one is run at a time",
            "send them one by one",
        )
    tree = parsed.statements[0]
    analyser = Analyser(schema, search_path)
    root = analyser.statement(tree)
    if root is None:
        return plan_explain(parsed, schema, search_path) or plan_utility(parsed, schema, search_path)
    nodes = tuple(walk(tree))
    named = names_in(nodes, root, analyser)
    if not named.sharded and not named.reference:
        _refuse_hiding(root, schema, search_path)
        return _local(parsed.text, nodes, root, named, schema)
    _refuse_mixtures(root, named)
    if root.kind == "write":
        return plan_write(
            parsed, nodes, root, named, schema, oids, partial(_plan_source, oids, schema, search_path)
        )
    if not named.sharded:
        return _reference(parsed.text, nodes, root, named, schema)
    return _select(parsed, nodes, root, named, oids, schema, search_path)


def _refuse_mixtures(root: Level, named: Named) -> None:
    """Refuse what joins tables of all servers with those of one, and clauses that change data on the way."""
    if "intoClause" in root.node:
        raise refuse(
            "SELECT INTO", f"it reads {named.tables[0]}", "create the table first, and insert into it"
        )
    for level in root.inside():
        if level.kind == "write" and level is not root:
            raise refuse(
                "WITH (INSERT, UPDATE or DELETE)",
                "a CTE that changes data, in a statement over tables of the cluster",
            )
    if named.sharded and (named.unknown or named.catalogs):
        other = (
            ".".join(part for part in named.unknown[0] if part)
            if named.unknown
            else "a table of PostgreSQL's catalogs"
        )
        raise refuse(
            f"FROM {other}",
            f"it is on the catalog's server only, and {named.sharded[0].full_name} is on all",
            "make it a reference table",
        )
    if named.sharded and named.functions:
        shown = ".".join(part for part in named.functions[0] if part)
        raise refuse(
            f"function {shown}",
            f"it is not PostgreSQL's own, and may read tables of which a server has only a part"
            f" (the statement reads {named.sharded[0].full_name})",
        )


# --- SELECT without sharded tables
# ------------------------------------------------------------------------------------


def _refuse_hiding(root: Level, schema: Schema, search_path: tuple[str, ...]) -> None:
    """Refuse SELECT INTO a table that would be meant instead of one of the cluster."""
    made = root.node.get("intoClause", {}).get("rel")
    table = None if made is None else schema.find(None, made["relname"], search_path)
    if table is not None:
        raise refuse(
            "SELECT INTO", f"{table.name} is the name of a table of the cluster, and would be hidden"
        )


def _local(text: str, nodes: Nodes, root: Level, named: Named, schema: Schema) -> LocalPlan:
    what = "local tables" if named.unknown else "PostgreSQL's catalogs" if named.catalogs else "no tables"
    return LocalPlan(
        text,
        f"{what}: the catalog's server",
        named.unknown,
        named.functions,
        _may_change(nodes, root, named, schema),
    )


def _may_change(nodes: Nodes, root: Level, named: Named, schema: Schema) -> bool:
    """Tell whether a SELECT may change or lock something."""
    if any(level.kind == "write" for level in root.inside()) or named.functions:
        return True
    kinds = {kind for kind, _ in nodes}
    changing = {"LockingClause", "IntoClause", "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"}
    return bool(kinds & changing) or is_volatile(nodes, schema) is not None


def _reference(
    text: str, nodes: Nodes, root: Level, named: Named, schema: Schema
) -> LocalPlan | ReferencePlan:
    changes = _may_change(nodes, root, named, schema)
    if named.unknown or named.catalogs or changes:
        reason = f"reference tables ({', '.join(named.tables)}) on the catalog's server"
        return LocalPlan(text, reason, named.unknown, named.functions, changes)
    return ReferencePlan(text, f"only reference tables: {', '.join(named.tables)}", named.tables)


# --- SELECT over sharded tables
# ---------------------------------------------------------------------------------------


def one_server(query: Query) -> Piece:
    """The caller's text on one server, where it can be no more."""
    if always_one_server(query.condition):
        return Refusal("the statement's key is in one partition, so no second server is asked")
    reason = condition_reason(query.condition, query.root)
    raise Passed(f"its rows may be on several servers ({reason})")


def whole(query: Query) -> Piece:
    """The query whole on each server."""
    _require_same_everywhere(query)
    made = plan_whole(query.parsed, query.root, query.hidden, query.parameter_oids)
    return replace(made, in_partitions=name_partitions(query, made))


def split(query: Query) -> Piece:
    """Partial aggregates on each server, the final ones in a merge session."""
    _require_same_everywhere(query)
    return plan_split(query)


def gather(query: Query) -> Piece:
    """The rows that matter in one merge session, where the caller's text runs."""
    return plan_divided(query, partial(_plan_below, query))


def _plan_below(query: Query, text: str, oids: tuple[int, ...]) -> SelectPlan | None:
    """The plan of a subquery's text by the strategies before gather, None where none fits."""
    parsed = parse(text)
    tree = parsed.statements[0]
    analyser = Analyser(query.schema, query.search_path)
    root = analyser.statement(tree)
    assert root is not None  # a SELECT
    nodes = tuple(walk(tree))
    try:
        named = names_in(nodes, root, analyser)
        made = _select(
            parsed, nodes, root, named, oids, query.schema, query.search_path, (one_server, whole, split)
        )
    except UnsupportedQuery:
        return None
    return None if made.strategy == "refused" else made


def _plan_source(
    oids: tuple[int, ...], schema: Schema, search_path: tuple[str, ...], text: str
) -> tuple[Gather, int | None]:
    """Plan what runs in the merge session for a write, and tell how many columns it has.

    That is what an INSERT selects, or the whole of an UPDATE or DELETE.

    Raises
    ------
    UnsupportedQuery, Passed : it cannot
    """
    query, named = _query_of(oids, schema, search_path, text)
    _refuse_mixtures(query.root, named)
    outputs = query.root.outputs
    made = None if query.root.kind == "write" else _answered_whole(query)
    return made or _gather_all(query), None if outputs is None else len(outputs)


def _query_of(
    oids: tuple[int, ...], schema: Schema, search_path: tuple[str, ...], text: str
) -> tuple[Query, Named]:
    parsed = parse(text)
    tree = parsed.statements[0]
    analyser = Analyser(schema, search_path)
    root = analyser.statement(tree)
    assert root is not None  # a SELECT or a write
    nodes = tuple(walk(tree))
    named = names_in(nodes, root, analyser)
    condition = key_condition(root, nodes, oids)
    return Query(parsed, nodes, root, schema, search_path, oids, condition, [], text), named


def _gather_all(query: Query) -> Gather:
    made = gather(query)
    assert isinstance(made, Gather)
    return made


def _answered_whole(query: Query) -> Gather | None:
    """The gather of a SELECT that servers can compute: it is answered first, as a subquery. None for others."""
    inner = query.parsed.data[slice(*query.parsed.extents[0])].decode()
    around = f'SELECT * FROM ({inner}\n) AS "parallel_partition source"'  # noqa: S608 - the caller's own
    try:
        made = _gather_all(_query_of(query.parameter_oids, query.schema, query.search_path, around)[0])
    except (UnsupportedQuery, Passed):
        return None
    (source,) = parse(made.text).statements[0]["SelectStmt"]["fromClause"]
    left = source["RangeSubselect"]["subquery"]["SelectStmt"].get("fromClause", [])
    is_answered = len(left) == 1 and left[0].get("RangeVar", {}).get("schemaname") == TEMPORARY
    return made if is_answered and not made.tables else None


#: From cheap to dear; a strategy that passes says why.
STRATEGIES: tuple[Strategy, ...] = (one_server, whole, split, gather)


def _select(
    parsed: ParsedText,
    nodes: Nodes,
    root: Level,
    named: Named,
    oids: tuple[int, ...],
    schema: Schema,
    search_path: tuple[str, ...],
    strategies: Sequence[Strategy] | None = None,
) -> SelectPlan:
    locking = _locking(nodes, named)
    condition = key_condition(root, nodes, oids)
    hidden = hide_part(parsed.data, nodes, root)
    text = splice(parsed.data, hidden).decode() if hidden else parsed.text
    if hidden:
        _require_readable(text)
    query = Query(parsed, nodes, root, schema, search_path, oids, condition, hidden, text)
    strategy, many, reason, passed = _over_several(query, strategies or STRATEGIES)
    return SelectPlan(
        condition=condition,
        one=ShardQuery(text),
        many=many,
        strategy=strategy,  # type: ignore[arg-type] # the names of STRATEGIES, and "refused"
        reason=reason,
        one_reason=condition_reason(condition, root),
        tables=named.tables,
        locking=locking,
        in_partition=name_partition(query),
        passed=passed,
    )


def _require_readable(text: str) -> None:
    try:
        parse(text)
    except SyntaxNotRead as error:
        raise refuse(
            "*", f"the column part cannot be hidden from the text: {error}", "name the columns"
        ) from error


def _locking(nodes: Nodes, named: Named) -> bool:
    """Tell whether a SELECT locks rows; refuse to lock those of reference tables on one server of many."""
    locking = False
    for kind, body in nodes:
        if kind != "LockingClause":
            continue
        locking = True
        locked = {one["RangeVar"]["relname"] for one in body.get("lockedRels", [])}
        copies = [one for one in named.reference if not locked or one.name in locked]
        if copies:
            raise refuse(
                "FOR UPDATE",
                f"it would lock rows of the reference table {copies[0].full_name} on one server only",
                "add OF and the sharded tables",
            )
    return locking


def _over_several(
    query: Query, strategies: Sequence[Strategy]
) -> tuple[str, Piece, str, tuple[tuple[str, str], ...]]:
    """The first strategy that can be proven, its plan, its reason and why others passed; or the refusal."""
    passed: dict[str, str] = {}
    for strategy in strategies:
        try:
            piece = strategy(query)
        except (Passed, Unsupported) as reason:
            passed[strategy.__name__] = str(reason)
        else:
            name = strategy.__name__
            return _shown(name), piece, _reason(name, query, passed), _listed(passed)
    message = _refusal(passed, query)
    return "refused", Refusal(message), message, _listed(passed)


def _shown(strategy: str) -> str:
    return strategy.replace("_", " ")


def _listed(passed: dict[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple((_shown(strategy), reason) for strategy, reason in passed.items())


def _reason(strategy: str, query: Query, passed: dict[str, str]) -> str:
    if strategy == "one_server":
        return condition_reason(query.condition, query.root)
    if strategy == "whole":
        return "every row of the result comes from one server"
    if strategy == "split" or passed["split"].startswith("nothing to split"):
        return f"not whole: {passed['whole']}"
    return f"not whole: {passed['whole']}; not split: {passed['split']}"


def _refusal(passed: dict[str, str], query: Query) -> str:
    reason = next(reversed(passed.values()))
    condition = condition_reason(query.condition, query.root).partition(":")[0].removeprefix("key ")
    return (
        f"{reason}; over several servers this is not answered: "
        f"restrict the key ({condition}) so that one server answers"
    )


def _require_same_everywhere(query: Query) -> None:
    """Make sure that expressions mean the same on every server."""
    differs = differs_by_server(query.nodes, query.root, query.schema)
    if differs is not None:
        raise Passed(differs)
    column = system_column(query.root)
    if column is not None:
        raise Passed(f"{column}: each server numbers its rows and transactions by itself")
    for level in query.root.inside():
        if level is not query.root:
            _require_own_aggregates(level, query.schema)


def _require_own_aggregates(level: Level, schema: Schema) -> None:
    """Make sure that the aggregates of a subquery are its own: one over outer columns only is the outer query's."""
    means = {id(reference.body): resolve(reference.body, reference.names) for reference in level.references}
    for call in calls_in(level.node):
        if not is_aggregate(call, schema):
            continue
        inside = [call.get(name, []) for name in ("args", "agg_filter", "agg_order")]
        found = [body for kind, body in walk(inside) if kind == "ColumnRef"]
        if found and not any(_is_of_level(body, means.get(id(body)), level) for body in found):
            raise Passed("an aggregate in a subquery over columns of the query around it")


def _is_of_level(body: Node, meant: Column | WholeRow | None, level: Level) -> bool:
    """Tell whether a name in an expression is certain to mean something of the level's own FROM clause."""
    if isinstance(meant, Column):
        return meant.relation in level.relations
    parts = field_names(body)
    if meant is None and len(parts) > 1:
        place = relation_named(str(parts[-2]), None, level.names)
        return place is not None and any(relation in level.relations for relation in leaves(place))
    if meant is None:
        listed = [relation.node.get("alias", {}).get("colnames", []) for relation in level.relations]
        return parts[-1] in {name for names in listed for name in strings(names)}
    return any(relation in level.relations for relation in meant.relations)


__all__ = ["STRATEGIES", "Aligner", "plan"]
