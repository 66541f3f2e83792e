"""Reading a CREATE TABLE statement: what it declares, and what of it cannot be held over several servers.

PostgreSQL itself is to say what the statement means: it is run once, described and rolled back (see
`execution.create_table`). Only its foreign keys are read here and cut out of the text, because between
sharded tables they become others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from parallel_partition.errors import UnsupportedTable
from parallel_partition.planning.parse import parse
from parallel_partition.planning.splicing import relation_extent, splice
from parallel_partition.planning.tokens import Token, closing, tokens
from parallel_partition.planning.trees import Node, kind_and_body

_ACTIONS = {"a": "NO ACTION", "r": "RESTRICT", "c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT"}
_MATCHES = {"s": "SIMPLE", "f": "FULL", "p": "PARTIAL"}
#: What follows a constraint and belongs to it.
_ATTRIBUTES = {
    "CONSTR_ATTR_DEFERRABLE": ("deferrable", True),
    "CONSTR_ATTR_NOT_DEFERRABLE": ("deferrable", False),
    "CONSTR_ATTR_DEFERRED": ("initially_deferred", True),
    "CONSTR_ATTR_IMMEDIATE": ("initially_deferred", False),
    "CONSTR_ATTR_ENFORCED": ("enforced", True),
    "CONSTR_ATTR_NOT_ENFORCED": ("enforced", False),
}


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A foreign key as it was written; ``referenced`` is empty when it names no columns (the primary key's
    then).
    """

    name: str | None
    columns: tuple[str, ...]
    schema: str | None
    table: str
    referenced: tuple[str, ...] = ()
    match: str = "SIMPLE"
    on_update: str = "NO ACTION"
    on_delete: str = "NO ACTION"
    delete_columns: tuple[str, ...] = ()
    deferrable: bool = False
    initially_deferred: bool = False
    enforced: bool = True
    period: bool = False


@dataclass(frozen=True, slots=True)
class Declaration:
    """A CREATE TABLE statement: ``text`` is it without its foreign keys, ``indexes`` are statements that
    follow.
    """

    schema: str | None
    name: str
    text: str
    foreign_keys: tuple[ForeignKey, ...] = ()
    indexes: tuple[str, ...] = field(default=())


def read_declaration(text: str, indexes: tuple[str, ...] = ()) -> Declaration:
    """Read a CREATE TABLE statement.

    Raises
    ------
    errors.UnsupportedTable : it is something else, or has a clause that cannot be held over several servers
    errors.ProgrammingError : it is no SQL
    """
    parsed = parse(text)
    if len(parsed.statements) != 1:
        raise UnsupportedTable(f"one CREATE TABLE statement is wanted, {len(parsed.statements)} were given")
    kind, body = kind_and_body(parsed.statements[0])
    if kind == "CreateTableAsStmt":
        raise UnsupportedTable("CREATE TABLE AS is not taken: create the table first, then write its rows")
    if kind != "CreateStmt":
        raise UnsupportedTable(f"a CREATE TABLE statement is wanted, not {text.strip()[:60]!r}")
    relation = body["relation"]
    for clause, reason in _refused_clauses(body):
        raise UnsupportedTable(f"table {relation['relname']}: {clause} is refused: {reason}")
    start, end = parsed.extents[0]
    cut, foreign_keys = _without_foreign_keys(parsed.data, body, end)
    return Declaration(
        relation.get("schemaname"),
        relation["relname"],
        cut[start:].decode(),
        foreign_keys,
        indexes,
    )


#: Fields of the statement that no table of a cluster can have: the clause, and the reason.
_REFUSED_FIELDS = {
    "if_not_exists": (
        "IF NOT EXISTS",
        "an existing table would not become one of the cluster; see cluster.tables",
    ),
    "partspec": ("PARTITION BY", "a sharded table is partitioned already, by part"),
    "partbound": ("PARTITION OF", "the partitions of a sharded table are the library's to make"),
    "inhRelations": ("INHERITS", "its parent would have to be split in the same way"),
    "ofTypename": ("OF", "the column part cannot be added to a typed table"),
    "tablespacename": ("TABLESPACE", "tablespaces are a server's own; set default_tablespace for the role"),
    "options": ("WITH", "a partitioned table takes no storage parameters"),
}


def _refused_clauses(body: Node) -> Iterator[tuple[str, str]]:
    """Clauses of the statement that no table of a cluster can have, with the reason."""
    relation = body["relation"]
    if relation["relpersistence"] == "t" or relation.get("schemaname") == "pg_temp":
        yield "TEMPORARY", "a temporary table belongs to one session of one server; create it on a connection"
    if relation["relpersistence"] == "u":
        yield "UNLOGGED", "a crash of one server would empty a part of the table"
    if "catalogname" in relation:
        yield "a database before the table's name", "the tables of a cluster are not in one database"
    if relation.get("schemaname") == "parallel_partition":
        yield "schema parallel_partition", "it is the library's own"
    yield from (refused for field, refused in _REFUSED_FIELDS.items() if field in body)
    if body.get("accessMethod", "heap") != "heap":
        yield f"USING {body['accessMethod']}", "only heap tables are tested"
    if body.get("oncommit", "ONCOMMIT_NOOP") != "ONCOMMIT_NOOP":
        yield "ON COMMIT", "it is for temporary tables"


# --- cutting out the foreign keys
# ----------------------------------------------------------------------------


def _without_foreign_keys(data: bytes, body: Node, end: int) -> tuple[bytes, tuple[ForeignKey, ...]]:
    """The text up to ``end`` without its foreign keys, and these."""
    elements = body.get("tableElts", [])
    foreign_keys: list[ForeignKey] = []
    kept: list[bytes] = []
    extents, inner = _elements(data, body, end)
    if len(extents) != len(elements):
        raise UnsupportedTable(
            f"table {body['relation']['relname']}: its list of columns could not be followed"
        )
    for element, (start, stop) in zip(elements, extents, strict=True):
        kind, content = kind_and_body(element)
        if kind == "Constraint" and content["contype"] == "CONSTR_FOREIGN":
            columns = _names(content.get("fk_attrs"))
            foreign_keys.append(_foreign_key(content, columns, _table_attributes(content)))
        elif kind == "ColumnDef":
            found, cuts = _column_foreign_keys(content, stop)
            foreign_keys += found
            kept.append(splice(data[:stop], [(a, b, b" ") for a, b in cuts])[start:])
        else:
            kept.append(data[start:stop])
    if not foreign_keys:
        return data[:end], ()
    return data[: inner[0]] + b",\n".join(kept) + b"\n" + data[inner[1] : end], tuple(foreign_keys)


def _elements(data: bytes, body: Node, end: int) -> tuple[list[tuple[int, int]], tuple[int, int]]:
    """Where each column or constraint of the list stands, and where the list does between its parentheses."""
    extent = relation_extent(data, body["relation"])
    if extent is None:
        raise UnsupportedTable(
            f"the name of table {body['relation']['relname']} could not be found in the text"
        )
    found = tokens(data, extent[1], end)
    close = closing(data, found, 0)
    extents: list[tuple[int, int]] = []
    first: Token | None = None
    index = 1
    while index <= close:
        token = found[index]
        text = data[token.start : token.end]
        if index == close or text == b",":
            if first is not None:
                extents.append((first.start, found[index - 1].end))
            first = None
        else:
            first = first or token
            if text in (b"(", b"["):
                index = closing(data, found, index)
        index += 1
    return extents, (found[0].end, found[close].start)


def _column_foreign_keys(column: Node, end: int) -> tuple[list[ForeignKey], list[tuple[int, int]]]:
    """The REFERENCES of a column definition that ends at ``end``, and where they stand."""
    parts = [kind_and_body(constraint)[1] for constraint in column.get("constraints", [])]
    others = [column["collClause"]["location"]] if "collClause" in column else []
    foreign_keys: list[ForeignKey] = []
    cuts: list[tuple[int, int]] = []
    for index, part in enumerate(parts):
        if part["contype"] != "CONSTR_FOREIGN":
            continue
        attributes: dict[str, bool] = {}
        following = index + 1
        while following < len(parts) and parts[following]["contype"] in _ATTRIBUTES:
            name, value = _ATTRIBUTES[parts[following]["contype"]]
            attributes[name] = value
            following += 1
        behind = [*(other["location"] for other in parts[following:]), *others]
        cuts.append((part["location"], min((at for at in behind if at > part["location"]), default=end)))
        foreign_keys.append(_foreign_key(part, (column["colname"],), attributes))
    return foreign_keys, cuts


def _table_attributes(constraint: Node) -> dict[str, bool]:
    return {
        "deferrable": constraint.get("deferrable", False),
        "initially_deferred": constraint.get("initdeferred", False),
        "enforced": constraint.get("is_enforced", False),
    }


def _foreign_key(constraint: Node, columns: tuple[str, ...], attributes: dict[str, bool]) -> ForeignKey:
    referenced = constraint["pktable"]
    deferred = attributes.get("initially_deferred", False)
    return ForeignKey(
        name=constraint.get("conname"),
        columns=columns,
        schema=referenced.get("schemaname"),
        table=referenced["relname"],
        referenced=_names(constraint.get("pk_attrs")),
        match=_MATCHES[constraint["fk_matchtype"]],
        on_update=_ACTIONS[constraint["fk_upd_action"]],
        on_delete=_ACTIONS[constraint["fk_del_action"]],
        delete_columns=_names(constraint.get("fk_del_set_cols")),
        deferrable=attributes.get("deferrable", deferred),
        initially_deferred=deferred,
        enforced=attributes.get("enforced", True),
        period=constraint.get("fk_with_period", False) or constraint.get("pk_with_period", False),
    )


def _names(nodes: list[Any] | None) -> tuple[str, ...]:
    return tuple(node["String"]["sval"] for node in nodes or ())
