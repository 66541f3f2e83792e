"""Clauses of statements as SQL: FROM, WITH, SET, GROUP BY, ORDER BY, LIMIT, FOR UPDATE, ON CONFLICT, RETURNING."""

from __future__ import annotations

from parallel_partition.catalog.identifiers import quoted
from parallel_partition.planning.trees import Node
from parallel_partition.planning.write_expressions import indirection, typed_literal
from parallel_partition.planning.write_nodes import (
    Unsupported,
    dotted,
    keyword,
    listed,
    names,
    operand,
    operator,
    write_body,
    write_node,
    writes,
)

# --- FROM ---------------------------------------------------------------------------------------------------


@writes("RangeVar", "catalogname schemaname relname inh relpersistence alias")
def _relation(body: Node) -> str:
    parts = [quoted(body[part]) for part in ("catalogname", "schemaname", "relname") if part in body]
    return f"{'' if body.get('inh') else 'ONLY '}{'.'.join(parts)}{alias(body)}"


def alias(body: Node) -> str:
    """Write the alias of something in FROM, with a space before; nothing where it has none."""
    return f" AS {write_body('Alias', body['alias'])}" if "alias" in body else ""


@writes("Alias", "aliasname colnames")
def _alias(body: Node) -> str:
    columns = f" ({names(body['colnames'])})" if "colnames" in body else ""
    return quoted(body["aliasname"]) + columns


@writes("RangeSubselect", "lateral subquery alias")
def _subselect(body: Node) -> str:
    return f"{_lateral(body)}({write_node(body['subquery'])}){alias(body)}"


def _lateral(body: Node) -> str:
    return "LATERAL " if body.get("lateral") else ""


@writes("RangeFunction", "lateral ordinality is_rowsfrom functions alias coldeflist")
def _functions(body: Node) -> str:
    functions = ", ".join(_function(item["List"]["items"]) for item in body["functions"])
    called = f"ROWS FROM ({functions})" if body.get("is_rowsfrom") else functions
    ordinality = " WITH ORDINALITY" if body.get("ordinality") else ""
    name = alias(body)
    if "coldeflist" in body:
        name = f"{name or ' AS'} ({listed(body['coldeflist'])})"
    return f"{_lateral(body)}{called}{ordinality}{name}"


def _function(items: list[Node]) -> str:
    """Write a function of FROM and, in ROWS FROM, the columns that it is said to return."""
    function, columns = items
    return write_node(function) + (f" AS {write_node(columns)}" if columns else "")


@writes("ColumnDef", "colname typeName is_local collClause")
def _column_definition(body: Node) -> str:
    written = f"{quoted(body['colname'])} {write_body('TypeName', body['typeName'])}"
    if "collClause" in body:
        written += f" COLLATE {dotted(body['collClause']['collname'])}"
    return written


@writes("RangeTableSample", "relation method args repeatable")
def _sample(body: Node) -> str:
    seed = f" REPEATABLE ({write_node(body['repeatable'])})" if "repeatable" in body else ""
    sampled = f"{dotted(body['method'])}({listed(body['args'])})"
    return f"{write_node(body['relation'])} TABLESAMPLE {sampled}{seed}"


_JOINS = {
    "JOIN_INNER": "JOIN",
    "JOIN_LEFT": "LEFT JOIN",
    "JOIN_FULL": "FULL JOIN",
    "JOIN_RIGHT": "RIGHT JOIN",
}


@writes("JoinExpr", "jointype isNatural larg rarg usingClause join_using_alias quals alias")
def _join(body: Node) -> str:
    word = keyword(_JOINS, body, "jointype")
    condition = ""
    if "quals" in body:
        condition = f" ON {write_node(body['quals'])}"
    elif "usingClause" in body:
        condition = f" USING ({names(body['usingClause'])})"
        if "join_using_alias" in body:
            condition += f" AS {write_body('Alias', body['join_using_alias'])}"
    elif body.get("isNatural"):
        word = f"NATURAL {word}"
    elif word == "JOIN":
        word = "CROSS JOIN"
    else:
        raise Unsupported("JoinExpr", f"a {word} without a condition")
    written = f"{_joined(body['larg'])} {word} {_joined(body['rarg'])}{condition}"
    return f"({written}){alias(body)}" if "alias" in body else written


def _joined(node: Node) -> str:
    """Write one side of a join: a join there has parentheses, unless its alias has given it some."""
    join = node.get("JoinExpr")
    return f"({write_node(node)})" if join is not None and "alias" not in join else write_node(node)


# --- what is selected, assigned, returned -------------------------------------------------------------------


@writes("ResTarget", "name val")
def _target(body: Node) -> str:
    return write_node(body["val"]) + (f" AS {quoted(body['name'])}" if "name" in body else "")


def columns_of(targets: list[Node]) -> str:
    """Write the columns of an INSERT."""
    return ", ".join(_place(target["ResTarget"]) for target in targets)


def _place(target: Node) -> str:
    """Write the place that a value is put to: a column, or a part of one."""
    return quoted(target["name"]) + indirection(target.get("indirection", []))


def assignments(targets: list[Node]) -> str:
    """Write what follows SET. ``(a, b) = ...`` is one target for each column in the tree, with one source."""
    written, at = [], 0
    while at < len(targets):
        value = targets[at]["ResTarget"]["val"]
        count = value["MultiAssignRef"]["ncolumns"] if "MultiAssignRef" in value else 1
        places = [_place(target["ResTarget"]) for target in targets[at : at + count]]
        if "MultiAssignRef" in value:
            written.append(f"({', '.join(places)}) = {write_node(value['MultiAssignRef']['source'])}")
        else:
            written.append(f"{places[0]} = {write_node(value)}")
        at += count
    return ", ".join(written)


@writes("ReturningClause", "options exprs")
def _returning(body: Node) -> str:
    options = f"WITH ({listed(body['options'])}) " if "options" in body else ""
    return f"RETURNING {options}{listed(body['exprs'])}"


@writes("ReturningOption", "option value")
def _returning_option(body: Node) -> str:
    word = keyword({"RETURNING_OPTION_OLD": "OLD", "RETURNING_OPTION_NEW": "NEW"}, body, "option")
    return f"{word} AS {quoted(body['value'])}"


# --- WITH ---------------------------------------------------------------------------------------------------


@writes("WithClause", "ctes recursive")
def _with(body: Node) -> str:
    return f"WITH {'RECURSIVE ' if body.get('recursive') else ''}{listed(body['ctes'])}"


_MATERIALIZED = {
    "CTEMaterializeDefault": "",
    "CTEMaterializeAlways": "MATERIALIZED ",
    "CTEMaterializeNever": "NOT MATERIALIZED ",
}


@writes("CommonTableExpr", "ctename aliascolnames ctematerialized ctequery search_clause cycle_clause")
def _cte(body: Node) -> str:
    columns = f" ({names(body['aliascolnames'])})" if "aliascolnames" in body else ""
    kept = keyword(_MATERIALIZED, body, "ctematerialized")
    written = f"{quoted(body['ctename'])}{columns} AS {kept}({write_node(body['ctequery'])})"
    if "search_clause" in body:
        written += f" {write_body('CTESearchClause', body['search_clause'])}"
    if "cycle_clause" in body:
        written += f" {write_body('CTECycleClause', body['cycle_clause'])}"
    return written


@writes("CTESearchClause", "search_col_list search_breadth_first search_seq_column")
def _search(body: Node) -> str:
    order = "BREADTH" if body.get("search_breadth_first") else "DEPTH"
    return f"SEARCH {order} FIRST BY {names(body['search_col_list'])} SET {quoted(body['search_seq_column'])}"


@writes(
    "CTECycleClause",
    "cycle_col_list cycle_mark_column cycle_mark_value cycle_mark_default cycle_path_column",
)
def _cycle(body: Node) -> str:
    mark = f"TO {typed_literal(body['cycle_mark_value'])} DEFAULT {typed_literal(body['cycle_mark_default'])}"
    return (
        f"CYCLE {names(body['cycle_col_list'])} SET {quoted(body['cycle_mark_column'])} {mark}"
        f" USING {quoted(body['cycle_path_column'])}"
    )


# --- GROUP BY, ORDER BY, LIMIT, FOR UPDATE ------------------------------------------------------------------

_GROUPINGS = {
    "GROUPING_SET_EMPTY": "",
    "GROUPING_SET_ROLLUP": "ROLLUP ",
    "GROUPING_SET_CUBE": "CUBE ",
    "GROUPING_SET_SETS": "GROUPING SETS ",
}


@writes("GroupingSet", "kind content")
def _grouping_set(body: Node) -> str:
    return f"{keyword(_GROUPINGS, body, 'kind')}({listed(body.get('content', ()))})"


_DIRECTIONS = {"SORTBY_DEFAULT": "", "SORTBY_ASC": " ASC", "SORTBY_DESC": " DESC"}
_NULLS = {
    "SORTBY_NULLS_DEFAULT": "",
    "SORTBY_NULLS_FIRST": " NULLS FIRST",
    "SORTBY_NULLS_LAST": " NULLS LAST",
}


@writes("SortBy", "node sortby_dir sortby_nulls useOp")
def _sort(body: Node) -> str:
    if body["sortby_dir"] == "SORTBY_USING":
        direction = f" USING {operator(body['useOp'])}"
    else:
        direction = keyword(_DIRECTIONS, body, "sortby_dir")
    return f"{write_node(body['node'])}{direction}{keyword(_NULLS, body, 'sortby_nulls')}"


def limits(body: Node) -> list[str]:
    """Write the LIMIT (or FETCH ... WITH TIES) and OFFSET of a SELECT's body."""
    written = []
    if "limitCount" in body:
        count = operand(body["limitCount"])
        ties = body["limitOption"] == "LIMIT_OPTION_WITH_TIES"
        written.append(f"FETCH FIRST ({count}) ROWS WITH TIES" if ties else f"LIMIT {count}")
    if "limitOffset" in body:
        written.append(f"OFFSET {operand(body['limitOffset'])}")
    return written


_STRENGTHS = {
    "LCS_FORKEYSHARE": "FOR KEY SHARE",
    "LCS_FORSHARE": "FOR SHARE",
    "LCS_FORNOKEYUPDATE": "FOR NO KEY UPDATE",
    "LCS_FORUPDATE": "FOR UPDATE",
}
_WAITS = {"LockWaitBlock": "", "LockWaitSkip": " SKIP LOCKED", "LockWaitError": " NOWAIT"}


@writes("LockingClause", "lockedRels strength waitPolicy")
def _locking(body: Node) -> str:
    tables = f" OF {listed(body['lockedRels'])}" if "lockedRels" in body else ""
    return f"{keyword(_STRENGTHS, body, 'strength')}{tables}{keyword(_WAITS, body, 'waitPolicy')}"


# --- ON CONFLICT --------------------------------------------------------------------------------------------


@writes("OnConflictClause", "action infer targetList whereClause")
def _on_conflict(body: Node) -> str:
    arbiter = f" {write_body('InferClause', body['infer'])}" if "infer" in body else ""
    if body["action"] == "ONCONFLICT_NOTHING":
        return f"ON CONFLICT{arbiter} DO NOTHING"
    where = f" WHERE {write_node(body['whereClause'])}" if "whereClause" in body else ""
    return f"ON CONFLICT{arbiter} DO UPDATE SET {assignments(body['targetList'])}{where}"


@writes("InferClause", "indexElems whereClause conname")
def _arbiter(body: Node) -> str:
    if "conname" in body:
        return f"ON CONSTRAINT {quoted(body['conname'])}"
    where = f" WHERE {write_node(body['whereClause'])}" if "whereClause" in body else ""
    return f"({listed(body['indexElems'])}){where}"


@writes("IndexElem", "name expr collation opclass ordering nulls_ordering")
def _index_element(body: Node) -> str:
    written = quoted(body["name"]) if "name" in body else f"({write_node(body['expr'])})"
    if "collation" in body:
        written += f" COLLATE {dotted(body['collation'])}"
    if "opclass" in body:
        written += f" {dotted(body['opclass'])}"
    return written + keyword(_DIRECTIONS, body, "ordering") + keyword(_NULLS, body, "nulls_ordering")
