"""From a statement's tree to its `Level`s: every FROM item, reference and subquery in its place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from parallel_partition.catalog.tables import Schema
from parallel_partition.planning.output_names import output_name
from parallel_partition.planning.scope import (
    Column,
    Cte,
    Join,
    Leaf,
    Level,
    Names,
    Output,
    Reference,
    Relation,
    Source,
    Subquery,
    WholeRow,
    field_names,
    find_column,
    leaves,
    named_columns,
    relation_named,
    resolve,
)
from parallel_partition.planning.trees import Node, kind_and_body

Ctes = Mapping[str, Cte]

#: (kind, body) of everything in a statement, as `walk` yields it: walked once, looked through often.
Nodes = Sequence[tuple[str, Node]]

_JOINS = {"JOIN_INNER": "inner", "JOIN_LEFT": "left", "JOIN_RIGHT": "right", "JOIN_FULL": "full"}


#: Aggregates that are no FuncCall.
SQL_JSON_AGGREGATES = frozenset({"JsonObjectAgg", "JsonArrayAgg"})


def conjuncts(node: Node | None) -> Iterator[Node]:
    """The conditions that a condition joins by AND, in order."""
    if not node:
        return
    bool_expr = node.get("BoolExpr")
    if bool_expr is not None and bool_expr["boolop"] == "AND_EXPR":
        for argument in bool_expr["args"]:
            yield from conjuncts(argument)
    else:
        yield node


def own_nodes(level: Level) -> Iterator[tuple[str, Node]]:
    """(kind, body) of a level's select list, HAVING, ORDER BY and DISTINCT ON, without those of subqueries."""
    for name in ("targetList", "havingClause", "sortClause", "distinctClause"):
        yield from nodes_in(level.node.get(name))


def nodes_in(value: Any, without: Callable[[str, Node], bool] | None = None) -> Iterator[tuple[str, Node]]:
    """(kind, body) of the nodes of a part of a tree, without those of subqueries, and those ``without`` and below."""
    stack = [value]
    while stack:
        one = stack.pop()
        if isinstance(one, list):
            stack.extend(one)
        elif isinstance(one, dict):
            for name, below in one.items():
                if name in ("SelectStmt", "subselect"):
                    continue
                if name[0].isupper() and isinstance(below, dict):
                    if without is not None and without(name, below):
                        continue
                    yield name, below
                stack.append(below)


def own_calls(level: Level) -> Iterator[Node]:
    """The FuncCalls among `own_nodes`."""
    return (body for kind, body in own_nodes(level) if kind == "FuncCall")


def calls_in(value: Any) -> Iterator[Node]:
    """The FuncCalls among `nodes_in`."""
    return (body for kind, body in nodes_in(value) if kind == "FuncCall")


def call_name(body: Node) -> tuple[str | None, str]:
    """The schema (None: not given, or pg_catalog) and name of a FuncCall's body."""
    names = strings(body["funcname"])
    schema = names[-2] if len(names) > 1 else None
    return (None if schema == "pg_catalog" else schema), names[-1]


def is_aggregate(body: Node, schema: Schema) -> bool:
    """Tell whether a FuncCall is an aggregate of PostgreSQL's own (and not a window function)."""
    place, name = call_name(body)
    return place is None and name in schema.aggregates and "over" not in body


def strings(nodes: Iterable[Node]) -> tuple[str, ...]:
    """The values of a list of String nodes."""
    return tuple(node["String"]["sval"] for node in nodes)


class Analyser:
    """Builds levels. ``seen`` holds the ids of the RangeVar bodies that became relations.

    Parameters
    ----------
    schema : the cluster's tables
    search_path : the schemas in which unqualified names are looked up
    """

    def __init__(self, schema: Schema, search_path: tuple[str, ...]) -> None:
        self.schema = schema
        self.search_path = search_path
        self.seen: set[int] = set()

    def statement(self, node: Node) -> Level | None:
        """The level of a SELECT, INSERT, UPDATE or DELETE; None for anything else."""
        return self._statement(node, None, {})

    def _statement(self, node: Node, around: Names | None, ctes: Ctes) -> Level | None:
        kind, body = kind_and_body(node)
        match kind:
            case "SelectStmt":
                return self._select(body, around, ctes)
            case "UpdateStmt":
                return self._write(body, around, ctes, body.get("fromClause", []))
            case "DeleteStmt":
                return self._write(body, around, ctes, body.get("usingClause", []))
            case "InsertStmt":
                return self._insert(body, around, ctes)
        return None

    # --- SELECT
    # -------------------------------------------------------------------------------------------------

    def _select(self, body: Node, around: Names | None, ctes: Ctes) -> Level:
        if body["op"] != "SETOP_NONE":
            return self._set_operation(body, around, ctes)
        if "valuesLists" in body:
            return self._values(body, around, ctes)
        level = Level(body, "select", around)
        ctes = self._with(body, level, ctes)
        level.source = self._from(body.get("fromClause", []), level, ctes)
        level.outputs = _outputs(body.get("targetList", []), level)
        visitor = _Visitor(self, level, ctes)
        for target in body.get("targetList", []):
            visitor.visit_target(target["ResTarget"], "the select list")
        visitor.visit_condition(body.get("whereClause"), level.names, "WHERE")
        visitor.visit(body.get("havingClause"), level.names, "HAVING")
        visitor.visit(body.get("windowClause"), level.names, "WINDOW")
        self._visit_items(visitor, body)
        for field in ("limitCount", "limitOffset"):
            visitor.visit(body.get(field), level.names, "LIMIT")
        level.aggregated = any(
            kind in SQL_JSON_AGGREGATES or (kind == "FuncCall" and is_aggregate(node, self.schema))
            for kind, node in own_nodes(level)
        )
        return level

    def _visit_items(self, visitor: _Visitor, body: Node) -> None:
        """Visit ORDER BY, DISTINCT ON and GROUP BY, where a bare name may mean an output."""
        for item in body.get("sortClause", []):
            visitor.visit_item(item["SortBy"].get("node"), "ORDER BY")
        for item in body.get("distinctClause", []):
            visitor.visit_item(item, "DISTINCT ON")
        for item in body.get("groupClause", []):
            visitor.visit_item(item, "GROUP BY", columns_first=True)

    def _set_operation(self, body: Node, around: Names | None, ctes: Ctes) -> Level:
        level = Level(body, "set operation", around)
        ctes = self._with(body, level, ctes)
        level.arms = (self._select(body["larg"], around, ctes), self._select(body["rarg"], around, ctes))
        first = level.arms[0].outputs
        level.outputs = None if first is None else tuple(Output(output.name, None, None) for output in first)
        visitor = _Visitor(self, level, ctes)
        for item in body.get("sortClause", []):
            visitor.visit_item(item["SortBy"].get("node"), "ORDER BY")
        for field in ("limitCount", "limitOffset"):
            visitor.visit(body.get(field), level.names, "LIMIT")
        return level

    def _values(self, body: Node, around: Names | None, ctes: Ctes) -> Level:
        level = Level(body, "values", around)
        ctes = self._with(body, level, ctes)
        visitor = _Visitor(self, level, ctes)
        visitor.visit(body["valuesLists"], level.names, "VALUES")
        visitor.visit(body.get("sortClause"), level.names, "ORDER BY")
        for field in ("limitCount", "limitOffset"):
            visitor.visit(body.get(field), level.names, "LIMIT")
        width = len(body["valuesLists"][0]["List"]["items"])
        level.outputs = tuple(Output(f"column{n}", None, None) for n in range(1, width + 1))
        return level

    def _with(self, body: Node, level: Level, ctes: Ctes) -> Ctes:
        clause = body.get("withClause")
        if not clause:
            return ctes
        recursive = bool(clause.get("recursive"))
        visible = dict(ctes)
        bodies = [item["CommonTableExpr"] for item in clause["ctes"]]
        if recursive:
            visible.update({cte["ctename"]: Cte(cte["ctename"], None, True, None) for cte in bodies})
        for cte in bodies:
            made = self._statement(cte["ctequery"], level.around, visible)
            itself = recursive and made is not None and _mentions(made, cte["ctename"])
            known = Cte(cte["ctename"], made, itself, strings(cte.get("aliascolnames", [])) or None)
            level.ctes[known.name] = visible[known.name] = known
        return visible

    # --- writes
    # -------------------------------------------------------------------------------------------------

    def _write(self, body: Node, around: Names | None, ctes: Ctes, others: list[Node]) -> Level:
        level = Level(body, "write", around)
        ctes = self._with(body, level, ctes)
        target: Source = self._table(body["relation"], level, {})
        level.source = target
        level.source = self._from(others, level, ctes, target)
        visitor = _Visitor(self, level, ctes)
        for item in body.get("targetList", []):
            visitor.visit(item["ResTarget"].get("val"), level.names, "SET")
        visitor.visit_condition(body.get("whereClause"), level.names, "WHERE")
        for item in body.get("returningClause", {}).get("exprs", []):
            visitor.visit_target(item["ResTarget"], "RETURNING")
        level.outputs = _outputs(body.get("returningClause", {}).get("exprs", []), level)
        return level

    def _insert(self, body: Node, around: Names | None, ctes: Ctes) -> Level:
        level = Level(body, "write", around)
        ctes = self._with(body, level, ctes)
        target = self._table(body["relation"], level, {})
        if "selectStmt" in body:
            level.arms = (self._select(body["selectStmt"]["SelectStmt"], around, ctes),)
        level.source = target
        visitor = _Visitor(self, level, ctes)
        conflict = body.get("onConflictClause")
        if conflict:
            excluded = Relation(
                "excluded", "table", target.relation.node, target.relation.columns, target.relation.table
            )
            both = Names(Join("inner", target, Leaf(excluded), {}), around)
            visitor.visit(conflict.get("infer"), Names(target, around), "ON CONFLICT")
            for item in conflict.get("targetList", []):
                visitor.visit(item["ResTarget"].get("val"), both, "SET")
            visitor.visit(conflict.get("whereClause"), both, "WHERE")
        for item in body.get("returningClause", {}).get("exprs", []):
            visitor.visit_target(item["ResTarget"], "RETURNING")
        level.outputs = _outputs(body.get("returningClause", {}).get("exprs", []), level)
        return level

    # --- FROM
    # ---------------------------------------------------------------------------------------------------

    def _from(
        self, items: list[Node], level: Level, ctes: Ctes, first: Source | None = None
    ) -> Source | None:
        found = first
        for item in items:
            found = _both(found, self._item(item, level, ctes, found))
        return found

    def _item(self, node: Node, level: Level, ctes: Ctes, left: Source | None) -> Source:
        """One FROM item; ``left`` is what LATERAL sees of the items before it."""
        kind, body = kind_and_body(node)
        match kind:
            case "RangeVar":
                return self._table(body, level, ctes)
            case "JoinExpr":
                return self._join(body, level, ctes, left)
            case "RangeSubselect":
                return self._subselect(body, level, ctes, left)
            case "RangeTableSample":
                sampled = self._item(body["relation"], level, ctes, left)
                for relation in leaves(sampled):
                    relation.sampled = True
                _Visitor(self, level, ctes).visit(body.get("args"), Names(left, level.around), "TABLESAMPLE")
                return sampled
        alias = body.get("alias", {})
        columns = _defined_columns(body)
        relation = Relation(
            alias.get("aliasname") or _function_name(body), "function", body, columns, lateral=True
        )
        level.relations.append(relation)
        _Visitor(self, level, ctes).visit(
            {name: value for name, value in body.items() if name != "alias"},
            Names(left, level.around),
            "FROM",
        )
        return Leaf(relation)

    def _table(self, body: Node, level: Level, ctes: Ctes) -> Leaf:
        self.seen.add(id(body))
        alias = body.get("alias", {})
        name, schema = body["relname"], body.get("schemaname")
        relation: Relation
        if schema is None and "catalogname" not in body and name in ctes:
            cte = ctes[name]
            inner = None if cte.recursive else cte.level
            relation = Relation(
                name, "derived" if inner else "recursive", body, _cte_columns(cte), level=inner
            )
        else:
            table = None if "catalogname" in body else self.schema.find(schema, name, self.search_path)
            columns = None if table is None else table.column_names
            relation = Relation(name, "unknown" if table is None else "table", body, columns, table)
            relation.schema = schema or (table.schema if table else None)
        if alias:
            relation.name, relation.schema = alias["aliasname"], None
            _rename(relation, strings(alias.get("colnames", [])))
        level.relations.append(relation)
        return Leaf(relation)

    def _subselect(self, body: Node, level: Level, ctes: Ctes, left: Source | None) -> Leaf:
        lateral = bool(body.get("lateral"))
        around = Names(left, level.around) if lateral else level.around
        inner = self._select(body["subquery"]["SelectStmt"], around, ctes)
        alias = body.get("alias", {})
        relation = Relation(
            alias.get("aliasname", ""), "derived", body, _output_names(inner), level=inner, lateral=lateral
        )
        _rename(relation, strings(alias.get("colnames", [])))
        level.relations.append(relation)
        return Leaf(relation)

    def _join(self, body: Node, level: Level, ctes: Ctes, left: Source | None) -> Join:
        larg = self._item(body["larg"], level, ctes, left)
        rarg = self._item(body["rarg"], level, ctes, _both(left, larg))
        alias = body.get("alias", {})
        join = Join(
            _JOINS[body["jointype"]],  # type: ignore[arg-type]
            larg,
            rarg,
            body,
            on=body.get("quals"),
            using=strings(body.get("usingClause", [])),
            natural=bool(body.get("isNatural")),
            using_alias=body.get("join_using_alias", {}).get("aliasname"),
        )
        if join.natural:
            join.using = _common(larg, rarg)
        if join.kind == "full" and join.using:
            join.merged = Relation("", "merged", body, join.using, sides=(larg, rarg))
        if join.on:
            _Visitor(self, level, ctes).visit_condition(join.on, Names(join, level.around), "ON")
        join.alias, join.columns = alias.get("aliasname"), strings(alias.get("colnames", []))
        return join


class _Visitor:
    """Records the references and subqueries of one level's expressions."""

    def __init__(self, analyser: Analyser, level: Level, ctes: Ctes) -> None:
        self.analyser, self.level, self.ctes = analyser, level, ctes

    def visit_condition(self, node: Node | None, names: Names, clause: str) -> None:
        for part in conjuncts(node):
            self.visit(part, names, clause, conjunct=True)

    def visit_target(self, target: Node, clause: str) -> None:
        value = target.get("val")
        if value and "ColumnRef" in value:
            self.level.references.append(Reference(value["ColumnRef"], self.level.names, clause, target=True))
        else:
            self.visit(value, self.level.names, clause)

    def visit_item(self, node: Node | None, clause: str, columns_first: bool = False) -> None:
        """Visit an item of ORDER BY or GROUP BY unless it is the name of an output."""
        if node and "ColumnRef" in node and len(parts := field_names(node["ColumnRef"])) == 1:
            named = any(output.name == parts[0] for output in self.level.outputs or ())
            if named and not (columns_first and any(find_column(self.level.source, str(parts[0])))):
                return
        self.visit(node, self.level.names, clause)

    def visit(self, value: Any, names: Names, clause: str, conjunct: bool = False) -> None:
        if isinstance(value, list):
            for item in value:
                self.visit(item, names, clause)
        elif isinstance(value, dict):
            if "ColumnRef" in value and isinstance(value["ColumnRef"], dict):
                self.level.references.append(Reference(value["ColumnRef"], names, clause))
            elif "SubLink" in value and isinstance(value["SubLink"], dict):
                self._subquery(value["SubLink"], names, clause, conjunct)
            elif "SelectStmt" in value and isinstance(value["SelectStmt"], dict):
                inner = self.analyser._select(value["SelectStmt"], names, self.ctes)
                self.level.subqueries.append(Subquery({"subLinkType": "OTHER"}, inner, clause, names))
            else:
                for item in value.values():
                    if isinstance(item, (dict, list)):
                        self.visit(item, names, clause)

    def _subquery(self, body: Node, names: Names, clause: str, conjunct: bool) -> None:
        self.visit(body.get("testexpr"), names, clause)
        inner = self.analyser._select(body["subselect"]["SelectStmt"], names, self.ctes)
        self.level.subqueries.append(Subquery(body, inner, clause, names, conjunct))


# --- columns
# ---------------------------------------------------------------------------------------------------------


def _both(left: Source | None, right: Source) -> Source:
    return right if left is None else Join("inner", left, right, {})


def _common(left: Source, right: Source) -> tuple[str, ...] | None:
    """The columns that NATURAL JOIN merges, None where they are not known."""
    one, other = named_columns(left), named_columns(right)
    if one is None or other is None:
        return None
    names = {name for name, _ in other}
    return tuple(name for name, _ in one if name in names)


def _rename(relation: Relation, names: tuple[str, ...]) -> None:
    """Give a relation the column names of its alias."""
    if names:
        relation.renamed = True
        rest = relation.columns[len(names) :] if relation.columns is not None else None
        relation.columns = None if rest is None else names + rest


def _output_names(level: Level) -> tuple[str, ...] | None:
    return None if level.outputs is None else tuple(output.name for output in level.outputs)


def _cte_columns(cte: Cte) -> tuple[str, ...] | None:
    names = None if cte.level is None else _output_names(cte.level)
    if cte.columns is None or names is None:
        return names if cte.columns is None else None
    return cte.columns + names[len(cte.columns) :]


def _mentions(level: Level, name: str) -> bool:
    """Tell whether a recursive query refers to itself."""
    return any(
        relation.kind == "recursive" and relation.node.get("relname") == name
        for relation in level.all_relations()
    )


def _defined_columns(body: Node) -> tuple[str, ...] | None:
    """The columns of a function in FROM, where its column definitions tell them."""
    defined = body.get("coldeflist")
    return tuple(item["ColumnDef"]["colname"] for item in defined) if defined else None


def _function_name(body: Node) -> str:
    """What a function in FROM is called without an alias."""
    functions = body.get("functions", [])
    call = functions[0]["List"]["items"][0].get("FuncCall") if functions else None
    return str(strings(call["funcname"])[-1]) if call else ""


def _outputs(targets: list[Node], level: Level) -> tuple[Output, ...] | None:
    """The output columns of a select list with its stars expanded, None where a star's columns are not known."""
    found: list[Output] = []
    for item in targets:
        target = item["ResTarget"]
        value = target.get("val", {})
        parts = field_names(value["ColumnRef"]) if "ColumnRef" in value else []
        if parts and parts[-1] is None:
            expanded = star_columns(value["ColumnRef"], level.names)
            if expanded is None:
                return None
            found += [Output(name, None, column) for name, column in expanded]
        elif "A_Indirection" in value and any(
            "A_Star" in part for part in value["A_Indirection"]["indirection"]
        ):
            return None
        else:
            meant = resolve(value["ColumnRef"], level.names) if parts else None
            found.append(Output(output_name(target), value, meant if isinstance(meant, Column) else None))
    return tuple(found)


def star_columns(body: Node, names: Names) -> list[tuple[str, Column]] | None:
    """What ``*``, ``t.*`` or ``s.t.*`` stands for, without ``part``; None where it is not known."""
    parts = field_names(body)
    if len(parts) == 1:
        return named_columns(names.source)
    schema = parts[-3] if len(parts) > 2 else None
    place = relation_named(str(parts[-2]), schema, names)
    if place is None or (isinstance(place, Join) and place.using_alias == parts[-2]):
        return None
    return named_columns(place)


def is_whole_row(reference: Reference) -> WholeRow | None:
    """The whole row that a reference means, if it does."""
    meant = resolve(reference.body, reference.names)
    return meant if isinstance(meant, WholeRow) else None
