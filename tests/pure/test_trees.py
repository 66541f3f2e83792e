"""Walking and comparing parse trees."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import descriptor_pb2

from parallel_partition.planning.parse import parse
from parallel_partition.planning.trees import (
    _KIND_OF_FIELD,
    _KIND_OF_OWNED_FIELD,
    Node,
    StatementTooComplex,
    all_of,
    kind_and_body,
    same_tree,
    walk,
    without_positions,
)
from tests.pure.sql_statements import statements


def tree(text: str) -> Node:
    (statement,) = parse(text).statements
    return statement


# --- walk ---------------------------------------------------------------------------------------------------


def test_parents_come_first_in_the_order_of_the_tree() -> None:
    kinds = [kind for kind, _ in walk(tree("INSERT INTO t (a) VALUES (1, b) RETURNING c AS d"))]
    assert kinds == [
        "InsertStmt",
        "RangeVar",
        "ResTarget",
        "SelectStmt",
        "List",
        "A_Const",
        "Integer",
        "ColumnRef",
        "String",
        "ReturningClause",
        "ResTarget",
        "ColumnRef",
        "String",
    ]


def test_bodies_without_a_kind_of_their_own_are_known_by_their_field() -> None:
    text = "WITH x AS (SELECT 1) SELECT a::int, sum(b) OVER (ORDER BY c) FROM t AS u UNION SELECT 2, 3"
    kinds = [kind for kind, _ in walk(tree(text))]
    assert kinds.count("SelectStmt") == 4  # the union, its two sides, the one in WITH
    assert {"WithClause", "TypeName", "WindowDef", "Alias"} <= set(kinds)


def test_the_empty_place_of_plain_distinct_is_no_node() -> None:
    assert [kind for kind, _ in walk(tree("SELECT DISTINCT a"))] == [
        "SelectStmt",
        "ResTarget",
        "ColumnRef",
        "String",
    ]


def test_what_the_tree_repeats_is_walked_once() -> None:
    kinds = [kind for kind, _ in walk(tree("UPDATE t SET (a, b) = (SELECT c, $1), d = $2"))]
    assert [kinds.count(kind) for kind in ("MultiAssignRef", "SelectStmt", "ParamRef")] == [2, 1, 2]


def test_lists_and_bare_bodies_can_be_walked() -> None:
    select = tree("SELECT a FROM t")["SelectStmt"]
    assert [kind for kind, _ in walk(select["fromClause"])] == ["RangeVar"]
    assert [kind for kind, _ in walk(select["fromClause"][0]["RangeVar"], "RangeVar")] == ["RangeVar"]


def test_a_body_may_be_changed_while_it_is_walked() -> None:
    select = tree("SELECT a FROM t WHERE b = 1")
    for kind, body in walk(select):
        if kind == "A_Expr":
            body["rexpr"] = {"ParamRef": {"number": 7}}
    assert [body["number"] for kind, body in walk(select) if kind == "ParamRef"] == [7]


def test_a_field_of_an_unknown_kind_is_not_passed_over() -> None:
    with pytest.raises(LookupError, match=r"ColumnRef\.novelty"):
        list(walk({"ColumnRef": {"novelty": {"a": 1, "b": 2}}}))


def test_deep_trees_can_be_walked_and_compared() -> None:
    deep: Node = {"A_Const": {"isnull": True}}
    for _ in range(10_000):
        deep = {"NullTest": {"arg": deep}}
    assert sum(1 for _ in walk(deep)) == 10_001
    assert same_tree(deep, deep)
    with pytest.raises(StatementTooComplex, match=f"limit is {sys.getrecursionlimit():,}"):
        without_positions(deep)


def _messages() -> Iterator[tuple[str, str, str]]:
    """Yield (message, field, kind) of every field of PostgreSQL's nodes that holds a bare body."""
    spec = importlib.util.find_spec("postgast")
    assert spec is not None
    assert spec.origin is not None
    described = descriptor_pb2.FileDescriptorSet.FromString(
        Path(spec.origin).with_name("pg_query.desc").read_bytes()
    )
    never_parsed = {"Node", "Query", "SummaryResult", "ScanResult", "ParseResult", "RangeTblEntry"}
    never_parsed |= {"JsonTablePathScan"}
    after_analysis = {"FuncExpr", "FromExpr", "OnConflictExpr", "Query", "Node"}
    for message in described.file[0].message_type:
        for field in message.field:
            kind = field.type_name.rpartition(".")[2]
            parsed = message.name not in never_parsed and kind not in after_analysis
            if parsed and field.type == field.TYPE_MESSAGE:
                yield message.name, field.json_name, kind


def test_the_kind_of_every_bare_field_of_the_grammar_is_known() -> None:
    found = list(_messages())
    assert len(found) > 100
    wrong = [
        (message, field, kind)
        for message, field, kind in found
        if (_KIND_OF_OWNED_FIELD.get((message, field)) or _KIND_OF_FIELD.get(field)) != kind
    ]
    assert wrong == []


# --- comparing ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("SELECT a FROM t", "  select  a  from  t"),
        ("SELECT a IN (1, 2)", "SELECT (a) IN ( 1 ,2 )"),
        ("SELECT ARRAY[1]", "SELECT   ARRAY [ 1 ]"),
        ("SELECT  a != b", "SELECT a <> b"),
        ("TABLE t", "SELECT * FROM t"),
    ],
)
def test_positions_do_not_count(left: str, right: str) -> None:
    assert tree(left) != tree(right)
    assert same_tree(tree(left), tree(right))
    assert without_positions(tree(left)) == without_positions(tree(right))


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("SELECT a", "SELECT b"),
        ("SELECT a", "SELECT a, a"),
        ("SELECT a", "SELECT a AS b"),
        ("SELECT 0", "SELECT FALSE"),
        ("SELECT 1", "SELECT '1'"),
        ("SELECT 1", "SELECT TRUE"),
        ("SELECT a", "SELECT DISTINCT a"),
        ("SELECT (a, b)", "SELECT ROW(a, b)"),
        ("SELECT (a AND b) OR c", "SELECT a AND (b OR c)"),
        ("UPDATE t SET a = 1", "UPDATE ONLY t SET a = 1"),
    ],
)
def test_everything_else_counts(left: str, right: str) -> None:
    assert not same_tree(tree(left), tree(right))
    assert without_positions(tree(left)) != without_positions(tree(right))


@pytest.mark.parametrize("one", [{"boolval": True}, {"ival": 1}, {"ival": "1"}])
def test_true_is_not_one(one: Any) -> None:
    others = [{"boolval": True}, {"ival": 1}, {"ival": "1"}, {"ival": True}]
    assert [same_tree(one, other) for other in others].count(True) == 1


def test_a_text_where_a_position_was_expected_counts() -> None:
    left, right = (tree(f"CREATE TABLESPACE s LOCATION '{place}'") for place in ("/a", "/b"))
    assert not same_tree(left, right)
    assert without_positions(left)["CreateTableSpaceStmt"]["location"] == "/a"


def test_taking_positions_away_leaves_none_and_the_original_as_it_was() -> None:
    for text in statements():
        before = tree(text)
        after = without_positions(before)
        assert before == tree(text)
        assert not [
            name for _, body in walk(after) for name in body if name.endswith(("location", "_start", "_end"))
        ]


# --- building -------------------------------------------------------------------------------------------------


def _where(text: str) -> Node:
    condition: Node = tree(f"SELECT FROM t WHERE {text}")["SelectStmt"]["whereClause"]
    return condition


def test_conditions_are_joined_as_the_grammar_joins_them() -> None:
    joined = all_of([_where("a AND b"), _where("c OR d"), _where("e")])
    assert joined is not None
    assert same_tree(joined, _where("a AND b AND (c OR d) AND e"))


def test_one_condition_stays_itself_and_none_is_none() -> None:
    condition = _where("a = 1")
    assert all_of([condition]) is condition
    assert all_of([]) is None


def test_a_node_has_one_kind() -> None:
    assert kind_and_body({"A_Star": {}}) == ("A_Star", {})
    with pytest.raises(ValueError, match="too many values"):
        kind_and_body({"A_Star": {}, "String": {}})
