"""Writing SQL from trees: what is written reads back as the same tree, or is refused."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from parallel_partition import errors
from parallel_partition.catalog.identifiers import quoted
from parallel_partition.planning import write_nodes, write_sql
from parallel_partition.planning.parse import SyntaxNotRead, parse
from parallel_partition.planning.trees import Node, StatementTooComplex, same_tree, walk
from parallel_partition.planning.write_sql import Unsupported, literal, write, write_checked
from tests.pure.sql_statements import statements


def tree(text: str) -> Node:
    (statement,) = parse(text).statements
    return statement


def expression(text: str) -> Node:
    node: Node = tree(f"SELECT {text}")["SelectStmt"]["targetList"][0]["ResTarget"]["val"]
    return node


# --- statements -----------------------------------------------------------------------------------------------


def test_there_are_many_statements() -> None:
    assert len(set(statements())) > 300


@pytest.mark.parametrize("text", statements())
def test_a_statement_reads_back_as_it_was(text: str) -> None:
    written = write_checked(tree(text))
    assert same_tree(tree(written), tree(text))
    assert write(tree(written)) == written


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("SELECT a, T.b FROM t WHERE id = $1", 'SELECT "a", "t"."b" FROM "t" WHERE "id" = $1'),
        ("select a+b*c, -a, (a)::int", 'SELECT "a" + ("b" * "c"), - "a", CAST("a" AS "pg_catalog"."int4")'),
        ("SELECT a < 1 AND b OR NOT c", 'SELECT (("a" < 1) AND "b") OR (NOT "c")'),
        ("SELECT a - (-1), -1", 'SELECT "a" - (-1), -1'),
        ("SELECT count(*), sum(a) FILTER (WHERE b)", 'SELECT "count"(*), "sum"("a") FILTER (WHERE "b")'),
        ("SELECT 1 FROM a JOIN b ON c LIMIT 2", 'SELECT 1 FROM "a" JOIN "b" ON "c" LIMIT 2'),
        ("SELECT 1 UNION SELECT 2 ORDER BY 1", "(SELECT 1) UNION (SELECT 2) ORDER BY 1"),
        ("TABLE t", 'SELECT * FROM "t"'),
        ("INSERT INTO t VALUES (1), (2)", 'INSERT INTO "t" VALUES (1), (2)'),
        ("UPDATE t SET (a, b) = (1, 2)", 'UPDATE "t" SET ("a", "b") = (1, 2)'),
        ("DELETE FROM t RETURNING *", 'DELETE FROM "t" RETURNING *'),
    ],
)
def test_what_is_written_can_be_read_by_people(text: str, written: str) -> None:
    assert write_checked(tree(text)) == written


def test_expressions_are_written_too() -> None:
    assert write_checked(expression("sum(a) / count(b)")) == '"sum"("a") / "count"("b")'
    assert write(
        {
            "SortBy": {
                "node": expression("a"),
                "sortby_dir": "SORTBY_DESC",
                "sortby_nulls": "SORTBY_NULLS_LAST",
            }
        }
    )


# --- operators in each other ------------------------------------------------------------------------------------

PREFIX = ["- {}", "+ {}", "@ {}", "~ {}", "NOT {}", "|/ {}", "OPERATOR(s.-) {}"]
POSTFIX = [
    "{} IS NULL",
    "{} IS NOT NULL",
    "{} IS TRUE",
    "{} IS NOT TRUE",
    "{} IS FALSE",
    "{} IS NOT UNKNOWN",
    "{}::int",
    "{}::numeric(10, 2)[]",
    '{} COLLATE "C"',
    "{} AT LOCAL",
    "{} IS NFC NORMALIZED",
    "{} IS NOT NORMALIZED",
    "({})[1]",
    "({}).f",
    "{} IN (SELECT a)",
    "{} = ANY (SELECT a)",
    "{} < ALL (SELECT a)",
]
BINARY = [
    *(f"{{}} {symbol} {{}}" for symbol in "+-*/%^=<>~?"),
    *(f"{{}} {symbols} {{}}" for symbols in ("<=", ">=", "<>", "||", "->", "->>", "@>", "&&", "!~*", "##")),
    "{} OPERATOR(s.+) {}",
    "{} AND {}",
    "{} OR {}",
    "{} LIKE {}",
    "{} NOT LIKE {}",
    "{} ILIKE {}",
    "{} NOT ILIKE {}",
    "{} SIMILAR TO {}",
    "{} NOT SIMILAR TO {}",
    "{} IS DISTINCT FROM {}",
    "{} IS NOT DISTINCT FROM {}",
    "{} AT TIME ZONE {}",
    "{} = ANY ({} || a)",
    "{} <> ALL ({})",
    "{} LIKE ANY ({})",
]
MANY = [
    "{} BETWEEN {} AND {}",
    "{} NOT BETWEEN SYMMETRIC {} AND {}",
    "{} LIKE {} ESCAPE {}",
    "{} NOT SIMILAR TO {} ESCAPE {}",
    "{} IN ({}, {})",
    "{} NOT IN ({}, {})",
    "({}, {}) = ({}, {})",
    "ROW({}, {}) IS NULL",
    "({}, {}) OVERLAPS ({}, {})",
    "CASE WHEN {} THEN {} ELSE {} END",
    "CASE {} WHEN {} THEN {} END",
]
CALLS = [
    "CAST({} AS text)",
    "COALESCE({}, {})",
    "NULLIF({}, {})",
    "GREATEST({}, {})",
    "ARRAY[{}, {}]",
    "ROW({})",
    "f({}, x => {})",
    "f(VARIADIC {})",
    "f(DISTINCT {} ORDER BY {} DESC) FILTER (WHERE {})",
    "f({}) WITHIN GROUP (ORDER BY {})",
    "f({}) OVER (PARTITION BY {} ORDER BY {} ROWS {} PRECEDING)",
    "EXTRACT(year FROM {})",
    "POSITION({} IN {})",
    "SUBSTRING({} FROM {} FOR {})",
    "OVERLAY({} PLACING {} FROM {})",
    "TRIM(BOTH {} FROM {})",
    "NORMALIZE({}, NFD)",
    "COLLATION FOR ({})",
    "(SELECT {} FROM t WHERE {} LIMIT 1)",
    "EXISTS (SELECT FROM t WHERE {})",
    "ARRAY(SELECT {})",
    "a[{}]",
    "a[{} : {}]",
]
#: What has parentheses of its own, so that the rest needs none beside it.
TEMPLATES = PREFIX + POSTFIX + BINARY + MANY + CALLS
COLUMNS = ("a", "b.c", "$1", "'d'", "5")


def holes(template: str) -> int:
    return template.count("{}")


def filled(template: str) -> str:
    return template.format(*COLUMNS[: holes(template)])


def assert_written_right(text: str) -> None:
    node = expression(text)
    written = write(node)
    assert same_tree(expression(written), node), f"{text} was written as {written}"


@pytest.mark.parametrize("parent", TEMPLATES)
def test_every_operator_may_stand_in_every_place_of_every_other(parent: str) -> None:
    for place in range(holes(parent)):
        for child in (
            *map(filled, TEMPLATES),
            "-1",
            "- 1.5",
            "(-1)",
            "NULL",
            "TRUE",
            "B'1'",
            "DATE '2026-01-01'",
            "(a, b)",
        ):
            operands = list(COLUMNS[: holes(parent)])
            operands[place] = f"({child})"
            assert_written_right(parent.format(*operands))


def test_the_table_of_operators_in_each_other_is_large() -> None:
    assert sum(map(holes, TEMPLATES)) * len(TEMPLATES) > 10_000


_leaves = st.sampled_from(
    ["a", "t.b", "$1", "1", "-1", "'x'", "NULL", "TRUE", "now()", "1.5", "(a, b)", "a[1]", "(t).f"]
)


def _inside(children: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Put expressions into a template, with parentheses or, where the grammar may read another tree, without."""
    operand = st.tuples(children, st.booleans()).map(lambda pair: f"({pair[0]})" if pair[1] else pair[0])

    def fill(template: str) -> st.SearchStrategy[str]:
        return st.lists(operand, min_size=holes(template), max_size=holes(template)).map(
            lambda operands: template.format(*operands)
        )

    return st.sampled_from(TEMPLATES).flatmap(fill)


@settings(max_examples=500, deadline=None, derandomize=True)
@given(st.recursive(_leaves, _inside, max_leaves=12))
def test_any_expression_reads_back_as_it_was(text: str) -> None:
    try:
        expression(text)
    except SyntaxNotRead:
        assume(False)
    assert_written_right(text)


# --- constants and names ----------------------------------------------------------------------------------------


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.text(st.characters(exclude_characters="\0", codec="utf-8"), max_size=12))
def test_any_text_can_be_a_constant(text: str) -> None:
    assert expression(literal(text)) == {"A_Const": {"sval": {"sval": text}, "location": 7}}


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1, max_size=12))
def test_any_text_can_be_a_name(text: str) -> None:
    assert expression(quoted(text)) == {"ColumnRef": {"fields": [{"String": {"sval": text}}], "location": 7}}


def test_backslashes_are_read_alike_under_every_setting() -> None:
    assert literal("a\\b'c") == "E'a\\\\b''c'"
    assert literal("a'b") == "'a''b'"


# --- what is refused ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("MERGE INTO t USING u ON a WHEN MATCHED THEN DELETE", "MergeStmt"),
        ("SELECT a INTO u FROM t", "SelectStmt.intoClause"),
        ("CREATE TABLE t (a int)", "CreateStmt"),
        ("EXPLAIN SELECT 1", "ExplainStmt"),
        ("SELECT xmlelement(name a)", "XmlExpr"),
        ("SELECT a IS DOCUMENT", "XmlExpr"),
        ("SELECT xmlexists('/a' PASSING b)", "the syntax of pg_catalog.xmlexists"),
        ("SELECT xmlserialize(CONTENT a AS text)", "XmlSerialize"),
        ("SELECT * FROM xmltable('/a' PASSING b COLUMNS c int)", "RangeTableFunc"),
        ("SELECT * FROM json_table('{}', '$' COLUMNS (a int))", "JsonTable"),
        ("SELECT json_object('a': 1)", "JsonObjectConstructor"),
        ("SELECT json_array(1, 2)", "JsonArrayConstructor"),
        ("SELECT json_arrayagg(a)", "JsonArrayAgg"),
        ("SELECT json_objectagg(a: b)", "JsonObjectAgg"),
        ("SELECT a IS JSON", "JsonIsPredicate"),
        ("SELECT json_value(a, '$')", "JsonFuncExpr"),
        ("SELECT json_exists(a, '$.x')", "JsonFuncExpr"),
        ("SELECT (SELECT json_query(a, '$')) + 1", "JsonFuncExpr"),
    ],
)
def test_what_is_not_known_is_refused_by_name(text: str, kind: str) -> None:
    with pytest.raises(Unsupported, match="cannot be written as SQL") as caught:
        write_checked(tree(text))
    assert caught.value.kind == kind
    assert isinstance(caught.value, errors.NotSupportedError)


def changed(text: str, kind: str, /, **fields: Any) -> Node:
    """Return a statement's tree with fields of each node of a kind changed."""
    node = tree(text)
    for found, body in walk(node):
        if found == kind:
            body.update(fields)
    return node


@pytest.mark.parametrize(
    ("node", "kind"),
    [
        ({"Novelty": {}}, "Novelty"),
        ({}, "an empty node"),
        (changed("SELECT a", "ColumnRef", novelty=1), "ColumnRef.novelty"),
        (changed("SELECT a + b", "A_Expr", kind="AEXPR_NOVELTY"), "AEXPR_NOVELTY +"),
        (changed("SELECT a + b", "A_Expr", name=[{"String": {"sval": "; DROP"}}]), "the operator ; DROP"),
        (changed("SELECT a LIKE b", "A_Expr", name=[{"String": {"sval": "~"}}]), "AEXPR_LIKE ~"),
        (changed("SELECT a SIMILAR TO b", "A_Expr", rexpr=expression("c")), "AEXPR_SIMILAR"),
        (changed("SELECT a AND b", "BoolExpr", boolop="XOR_EXPR"), "boolop XOR_EXPR"),
        (changed("SELECT (SELECT 1)", "SubLink", subLinkType="CTE_SUBLINK"), "CTE_SUBLINK"),
        (changed("SELECT 1 FROM a LEFT JOIN b USING (c)", "JoinExpr", usingClause=[]), None),
        (changed("SELECT 1 FROM a NATURAL LEFT JOIN b", "JoinExpr", isNatural=False), "JoinExpr"),
        (changed("SELECT 1 FROM a JOIN b ON c", "JoinExpr", jointype="JOIN_SEMI"), "jointype JOIN_SEMI"),
        (
            changed("SELECT extract(year FROM a)", "FuncCall", args=[expression("a"), expression("b")]),
            "ColumnRef",
        ),
        (
            changed("SELECT trim(a)", "FuncCall", agg_distinct=True),
            "an aggregate's clause in the syntax of btrim",
        ),
        (
            changed("SELECT trim(a)", "FuncCall", funcname=[{"String": {"sval": "btrim"}}]),
            "the syntax of btrim",
        ),
        (changed("SELECT a IS NFC NORMALIZED", "A_Const", sval={"sval": "x"}), "the normal form x"),
        (changed("SELECT a", "ColumnRef", fields=[{"A_Const": {"isnull": True}}]), None),
        ({"MultiAssignRef": {"colno": 1, "ncolumns": 1, "source": {}}}, "MultiAssignRef"),
    ],
)
def test_a_tree_that_no_text_has_is_refused(node: Node, kind: str | None) -> None:
    with pytest.raises(Unsupported) as caught:
        write_checked(node)
    assert kind is None or caught.value.kind == kind


@pytest.mark.parametrize(
    "node",
    [
        {"BoolExpr": {"boolop": "AND_EXPR", "args": [expression("a AND b"), expression("c")]}},
        {"BoolExpr": {"boolop": "AND_EXPR", "args": [expression("a")]}},
        {"A_Expr": {"kind": "AEXPR_OP", "name": [{"String": {"sval": "-"}}], "rexpr": expression("1")}},
        {"A_Expr": {"kind": "AEXPR_OP", "name": [{"String": {"sval": "--"}}], "rexpr": expression("a")}},
        {"ColumnRef": {"fields": [{"String": {"sval": "x" * 64}}]}},
        {"A_Const": {"fval": {"fval": "1, 2"}}},
        {"A_Const": {"ival": {"ival": 2**31}}},
        changed("SELECT 1", "SelectStmt", op="SETOP_NONE", limitOption="LIMIT_OPTION_COUNT"),
    ],
)
def test_what_would_read_as_something_else_is_refused(node: Node) -> None:
    assert write(node)
    with pytest.raises(Unsupported, match=r"reads as something else|is not SQL"):
        write_checked(node)


def test_a_fault_of_the_writer_becomes_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    node = tree("SELECT (a OR b) IS NULL")
    assert write_checked(node) == 'SELECT ("a" OR "b") IS NULL'
    monkeypatch.setattr(write_nodes, "_ATOMS", frozenset(("ColumnRef", "BoolExpr")))
    assert write(node) == 'SELECT "a" OR "b" IS NULL'
    with pytest.raises(Unsupported, match='reads as something else: SELECT "a" OR "b" IS NULL'):
        write_checked(node)


def test_deep_trees_are_refused() -> None:
    node = expression("a")
    for _ in range(sys.getrecursionlimit()):
        node = {"NullTest": {"arg": node, "nulltesttype": "IS_NULL"}}
    with pytest.raises(StatementTooComplex, match="too deeply nested"):
        write(node)


def test_what_can_be_read_can_be_written_at_any_depth_that_people_write() -> None:
    text = "a" + " + a" * 250
    assert_written_right(text)
    nested = "SELECT 1 FROM " + "(SELECT 1 FROM " * 40 + "t" + ") AS s" * 40
    assert write_checked(tree(nested))


def test_everything_public_is_here() -> None:
    assert write_sql.__all__ == ["Unsupported", "literal", "write", "write_checked"]
