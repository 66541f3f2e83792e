"""Statements that are no SELECT, INSERT, UPDATE or DELETE: settings, transactions, and whatever else
PostgreSQL knows.

Settings go to every server, transactions to the connection, and the rest to the catalog's server, unless it
names a table of the cluster: then it is refused, because it would change or show one server only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from parallel_partition.catalog.tables import Schema, Table
from parallel_partition.errors import UnsupportedQuery
from parallel_partition.planning.analysis import strings
from parallel_partition.planning.functions import foreign_functions
from parallel_partition.planning.known_names import refuse_names, refuse_relation, table_of
from parallel_partition.planning.parse import ParsedText
from parallel_partition.planning.plan import (
    LocalPlan,
    ReferenceWritePlan,
    SettingPlan,
    ShardQuery,
    TransactionPlan,
)
from parallel_partition.planning.refuse import refuse
from parallel_partition.planning.tokens import scan
from parallel_partition.planning.trees import Node, kind_and_body, walk

_SETTINGS = frozenset({"VariableSetStmt", "DiscardStmt", "ConstraintsSetStmt"})
_ACTIONS = {
    "TRANS_STMT_BEGIN": "begin",
    "TRANS_STMT_START": "begin",
    "TRANS_STMT_COMMIT": "commit",
    "TRANS_STMT_ROLLBACK": "rollback",
    "TRANS_STMT_SAVEPOINT": "savepoint",
    "TRANS_STMT_RELEASE": "release",
    "TRANS_STMT_ROLLBACK_TO": "roll back to",
}
#: What PostgreSQL answers, where it is not the same in capitals.
_TAGS = {"TRANS_STMT_START": "START TRANSACTION", "TRANS_STMT_ROLLBACK_TO": "ROLLBACK"}
_READS = frozenset(
    {"VariableShowStmt", "FetchStmt", "ListenStmt", "UnlistenStmt", "DeallocateStmt", "ClosePortalStmt"}
)

#: What changes settings in a block of PL/pgSQL.
_SETS = re.compile(r"\bset_config\b|(?:^|;|\b(?:begin|then|else|loop)\b)\s*(?:re)?set\s", re.IGNORECASE)

#: What to do instead, by the first words of a refused statement.
_INSTEAD = {
    "COPY": "use Cluster.writer or load_csv to write, and a SELECT to read",
    "CREATE TABLE": "use Cluster.create_table",
    "DROP TABLE": "use Cluster.drop_table",
}
#: The words of these statements that are worth naming.
_TWO_WORDS = frozenset({"CREATE", "ALTER", "DROP", "COMMENT", "SECURITY"})

#: Objects that may be dropped with CASCADE without a table of the cluster losing anything.
_OF_ONE_SERVER = frozenset({"OBJECT_TABLE", "OBJECT_VIEW", "OBJECT_MATVIEW", "OBJECT_SEQUENCE"})


def plan_utility(
    parsed: ParsedText, schema: Schema, search_path: tuple[str, ...]
) -> LocalPlan | ReferenceWritePlan | SettingPlan | TransactionPlan:
    """Plan the only statement of a text, one that no strategy is for.

    Raises
    ------
    UnsupportedQuery : it names a table of the cluster, or cannot be run over several servers
    """
    tree = parsed.statements[0]
    kind, body = kind_and_body(tree)
    if kind == "TransactionStmt":
        return _transaction(parsed.text, body)
    if kind in _SETTINGS:
        return _setting(parsed.text, kind, body)
    nodes = tuple(walk(tree))
    refuse_names(nodes, schema, search_path)
    for found, name in nodes:
        if found == "RangeVar":
            refuse_relation(name, schema, search_path)
    words = _first_words(parsed.data)
    table = _table_named(tree, schema, search_path)
    if kind == "MergeStmt" and table is not None:
        raise refuse("MERGE", "it is not supported yet", "use INSERT ... ON CONFLICT, UPDATE and DELETE")
    if kind == "TruncateStmt" and table is not None:
        return _truncate(parsed, body, table, schema, search_path)
    if table is not None:
        raise _refused(words, f"it names {table.schema}.{table.name}, and would reach one server only")
    if schema.tables:
        _refuse_far_reaching(kind, body, words, schema)
    relations = dict.fromkeys(
        (found.get("schemaname"), found["relname"])
        for below, found in nodes
        if below == "RangeVar" and found.get("schemaname") not in ("pg_catalog", "information_schema")
    )
    reason = f"{words}: the catalog's server"
    return LocalPlan(
        parsed.text,
        reason,
        tuple(relations),
        foreign_functions(nodes, schema),
        kind not in _READS,
        utility=True,
    )


def _truncate(
    parsed: ParsedText, body: Node, table: Table, schema: Schema, search_path: tuple[str, ...]
) -> ReferenceWritePlan:
    """TRUNCATE is the same on every server; RESTART IDENTITY finds the sequences on the catalog's."""
    for item in body["relations"]:
        name = item["RangeVar"]
        if schema.find(name.get("schemaname"), name["relname"], search_path) is None:
            raise refuse(
                f"TRUNCATE {name['relname']}",
                f"it is on the catalog's server only, and {table.name} is on all",
                "truncate them one by one",
            )
    return ReferenceWritePlan(
        (table.schema, table.name), ShardQuery(parsed.text), f"{table.name} is emptied on every server"
    )


def _refused(words: str, reason: str) -> UnsupportedQuery:
    return refuse(words, reason, _INSTEAD.get(words, ""))


def _transaction(text: str, body: Node) -> TransactionPlan:
    kind = body["kind"]
    if kind not in _ACTIONS:
        clause = kind.removeprefix("TRANS_STMT_").replace("_", " ")
        raise refuse(
            clause, "a transaction over several servers has none of it", "use BEGIN, COMMIT and ROLLBACK"
        )
    if body.get("chain"):
        raise refuse("AND CHAIN", "a transaction over several servers has none of it", "use BEGIN")
    action = _ACTIONS[kind]
    return TransactionPlan(
        action,  # type: ignore[arg-type]  # one of the values of _ACTIONS
        text,
        tuple(_options(body)),
        _TAGS.get(kind, action.upper()),
        body.get("savepoint_name", ""),
    )


def _options(body: Node) -> Iterator[str]:
    """The options of BEGIN as PostgreSQL names them: ``transaction_isolation=serializable``."""
    for item in body.get("options", []):
        option = item["DefElem"]
        constant = option.get("arg", {}).get("A_Const", {})
        value = constant.get("sval", {}).get("sval", constant.get("ival", {}).get("ival", 0))
        yield f"{option['defname']}={value}"


#: Settings that stay as they are: the value of each, why, and what to do instead.
_KEPT = {
    "standard_conforming_strings": ("on", "statements are read with it on", "use E'...'"),
    "array_nulls": ("on", "arrays travel between servers as text, with NULL for nulls", """use '{"NULL"}'"""),
    "transform_null_equals": (
        "off",
        "an equality with NULL is planned as one that is never true",
        "use IS NULL",
    ),
    "quote_all_identifiers": ("off", "tables are compared by how they are written", "leave it off"),
    "xmloption": ("content", "values of xml travel between servers as content", "use XMLPARSE(DOCUMENT ...)"),
}
#: Other ways to write those values.
_SAME_AS = {"on": ("1", "true", "yes"), "off": ("0", "false", "no"), "content": ()}


def _setting(text: str, kind: str, body: Node) -> SettingPlan:
    name = body.get("name", "")
    value = " ".join(_setting_values(body))
    kept, reason, advice = _KEPT.get(name, ("", "", ""))
    if value and kept and not kept.startswith(value.lower()) and value.lower() not in _SAME_AS[kept]:
        raise refuse(f"SET {name} = {value}", reason, advice)
    if name == "client_encoding" and value and value.lower().replace("-", "").replace("_", "") != "utf8":
        raise refuse("SET client_encoding", "keys are read as UTF-8", "leave it at UTF8")
    if name == "extra_float_digits" and re.fullmatch(r"-[0-9]+|0", value):
        raise refuse(
            f"SET {name}", "numbers that are not shown whole cannot be sorted and summed", "use 1 or more"
        )
    if body.get("name") == "TRANSACTION SNAPSHOT":
        raise refuse("SET TRANSACTION SNAPSHOT", "a snapshot is one server's")
    return SettingPlan(text, f"{kind.removesuffix('Stmt')}: the same on every server", kind == "DiscardStmt")


def _setting_values(body: Node) -> Iterator[str]:
    for item in body.get("args", []):
        constant = item.get("A_Const", {})
        if "ival" in constant:
            yield str(constant["ival"].get("ival", 0))
        else:
            yield str(constant.get("sval", {}).get("sval", ""))


# --- names
# ------------------------------------------------------------------------------------------------------------


def _first_words(data: bytes) -> str:
    """The first word of a statement, or the first two, in upper case."""
    words: list[str] = []
    for token in scan(data):
        if token.kind != "word":
            break
        words.append(data[token.start : token.end].decode().upper())
        if words[0] not in _TWO_WORDS or len(words) == 2:
            break
    return " ".join(words)


def _table_named(tree: Node, schema: Schema, search_path: tuple[str, ...]) -> Table | None:
    """A table of the cluster that a utility statement names, in whatever form."""
    for kind, body in walk(tree):
        if kind == "RangeVar":
            table = schema.find(body.get("schemaname"), body["relname"], search_path)
            shadowed = body.get("relpersistence") == "t" or body.get("schemaname") == "pg_temp"
            if table is None and shadowed:
                table = schema.find(None, body["relname"], search_path)
            if table is not None:
                return table
    for names in _name_lists(tree):
        table = table_of(names, schema, search_path) or table_of(names[:-1], schema, search_path)
        if table is not None:
            return table
    kind, body = kind_and_body(tree)
    return _table_in_body(body, schema) if kind == "DoStmt" else None


def _name_lists(value: Any) -> Iterator[tuple[str, ...]]:
    """Dotted names that stand as lists of strings (in DROP, COMMENT, ALTER ...)."""
    if isinstance(value, dict):
        for below in value.values():
            yield from _name_lists(below)
    elif isinstance(value, list):
        if value and all(isinstance(item, dict) and "String" in item for item in value):
            yield strings(value)
        for below in value:
            yield from _name_lists(below)


def _table_in_body(body: Node, schema: Schema) -> Table | None:
    """A table whose name is a word of a DO block."""
    texts = [item["DefElem"]["arg"].get("String", {}).get("sval", "") for item in body.get("args", [])]
    words = {word for text in texts for word in re.findall(r"\w+", text.lower())}
    return next((table for table in schema.values() if table.name.lower() in words), None)


def _refuse_far_reaching(kind: str, body: Node, words: str, schema: Schema) -> None:
    """Refuse what may reach a table of the cluster without naming it."""
    reason = "it may reach tables of the cluster, and on one server only"
    if kind == "DropStmt":
        dropped = body["removeType"]
        names = {name for found in _name_lists(body) for name in found}
        if dropped == "OBJECT_INDEX" or (
            dropped == "OBJECT_SCHEMA" and names & {table.schema for table in schema.values()}
        ):
            raise refuse(words, reason)
        if body.get("behavior") == "DROP_CASCADE" and dropped not in _OF_ONE_SERVER:
            raise refuse(f"{words} CASCADE", reason)
    elif kind == "DoStmt" and any(
        _SETS.search(below.get("sval", "")) for name, below in walk(body) if name == "String"
    ):
        raise refuse(words, "it would set one server's session only", "use SET")
    elif kind in ("DropOwnedStmt", "ReassignOwnedStmt", "AlterTableMoveAllStmt"):
        raise refuse(words, reason)
    elif kind == "GrantStmt" and body.get("targtype") == "ACL_TARGET_ALL_IN_SCHEMA":
        if {name for found in _name_lists(body) for name in found} & {
            table.schema for table in schema.values()
        }:
            raise refuse(f"{words} ON ALL", reason)
    elif kind == "RenameStmt" and body.get("newname") in {table.name for table in schema.values()}:
        raise refuse(words, f"{body['newname']} is the name of a table of the cluster, and would hide it")
    elif kind in ("RenameStmt", "AlterTableStmt") and "INDEX" in words:
        raise refuse(words, reason)
