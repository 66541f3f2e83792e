"""EXPLAIN as a statement: what it explains, and how."""

from __future__ import annotations

from typing import Literal

from parallel_partition.catalog.tables import Schema
from parallel_partition.planning.parse import ParsedText, parse
from parallel_partition.planning.plan import ExplainPlan
from parallel_partition.planning.refuse import refuse
from parallel_partition.planning.tokens import closing, text_of, tokens
from parallel_partition.planning.trees import Node, kind_and_body, same_tree, walk

_FALSE = frozenset({"false", "off", "0"})
_TRUE = frozenset({"true", "on", "1"})
#: Options that are passed on: the servers' own plans have what they ask for.
_PASSED_ON = frozenset({"buffers", "memory", "serialize", "settings", "summary", "timing", "verbose", "wal"})
#: Statements that EXPLAIN takes and that the planner plans.
_QUERIES = frozenset({"SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"})


def plan_explain(parsed: ParsedText, schema: Schema, search_path: tuple[str, ...]) -> ExplainPlan | None:
    """Plan an EXPLAIN that names something of the cluster; None for every other statement.

    Raises
    ------
    UnsupportedQuery : it has an option that means nothing over several servers
    """
    kind, body = kind_and_body(parsed.statements[0])
    if kind != "ExplainStmt" or kind_and_body(body["query"])[0] not in _QUERIES:
        return None
    if not any(
        found == "RangeVar" and _of_cluster(name, schema, search_path) for found, name in walk(body["query"])
    ):
        return None
    analyze = False
    format: Literal["text", "json"] = "text"
    passed_on: list[str] = []
    for item in body.get("options", []):
        name, value = _option(item["DefElem"])
        if name == "analyze" and value in _TRUE | _FALSE:
            analyze = value in _TRUE
        elif name == "format" and value in ("text", "json"):
            format = "json" if value == "json" else "text"
        elif name in _PASSED_ON and value.isalnum():
            passed_on.append(f"{name.upper()} {value}")
        elif not (value in _FALSE or (name == "costs" and value in _TRUE)):
            shown = f"{name.upper()} {value.upper()}" if name == "format" else name.upper()
            listed = ", ".join(sorted(map(str.upper, _PASSED_ON)))
            raise refuse(
                f"EXPLAIN ({shown})",
                f"over several servers there are ANALYZE, FORMAT TEXT and JSON, COSTS, {listed}",
                "leave it out",
            )
    return ExplainPlan(parsed.text, _explained(parsed, body), analyze, format, tuple(passed_on))


def _of_cluster(name: Node, schema: Schema, search_path: tuple[str, ...]) -> bool:
    """Tell whether a name may mean a table of the cluster, or a view over one."""
    given, relation = name.get("schemaname"), name["relname"]
    places = (given,) if given else search_path
    return schema.find(given, relation, search_path) is not None or any(
        (place, relation) in schema.views for place in places
    )


def _option(option: Node) -> tuple[str, str]:
    """An option's name and value, both in lower case."""
    arg = option.get("arg", {})
    if not arg:
        return option["defname"].lower(), "true"
    kind, body = kind_and_body(arg)
    value = body.get(
        {"Integer": "ival", "Boolean": "boolval"}.get(kind, "sval"), 0 if kind == "Integer" else ""
    )
    if kind == "Boolean":
        value = bool(value)
    return option["defname"].lower(), str(value).lower()


def _explained(parsed: ParsedText, body: Node) -> str:
    """The text of what is explained."""
    data = parsed.data
    found = tokens(data)
    place = 1
    options = body.get("options", [])
    if options and text_of(data, found[place]) == b"(":
        place = closing(data, found, place) + 1
    else:
        place += len(options)  # ANALYZE, VERBOSE or both
    text = data[found[place].start :].decode()
    if not same_tree(parse(text).statements, [body["query"]]):
        raise refuse("EXPLAIN", "what it explains is not found in its text", "use cursor.explain")
    return text
