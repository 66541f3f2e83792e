"""Views over sharded tables: their definitions take the place of their names, as PostgreSQL's own rewriter does it."""

from __future__ import annotations

from collections.abc import Iterator

from parallel_partition.catalog.identifiers import quoted
from parallel_partition.catalog.tables import Schema
from parallel_partition.planning.analysis import Analyser, is_whole_row
from parallel_partition.planning.hide_part import Edit, row_uses
from parallel_partition.planning.parse import ParsedText, parse
from parallel_partition.planning.refuse import refuse
from parallel_partition.planning.scope import field_names
from parallel_partition.planning.splicing import relation_extent, splice
from parallel_partition.planning.tokens import tokens
from parallel_partition.planning.trees import Node, walk

#: Views may read views; deeper than this they are taken to go round in circles.
_DEPTH = 50

ViewName = tuple[str, str]


def expand_views(text: str, schema: Schema, search_path: tuple[str, ...]) -> tuple[str, tuple[ViewName, ...]]:
    """Put subselects in the places of views over sharded tables.

    Parameters
    ----------
    text : a statement; anything but one SELECT, INSERT, UPDATE or DELETE comes back as it is

    Returns
    -------
    the text, and the (schema, name) of the views whose definitions are in it

    Raises
    ------
    UnsupportedQuery : a view is named in a way that a subselect cannot be
    """
    if not schema.views:
        return text, ()
    found: dict[ViewName, None] = {}
    aliases: set[str] = set()
    for _ in range(_DEPTH):
        parsed = parse(text)
        named = dict(_views_in(parsed, schema, search_path)) if len(parsed.statements) == 1 else {}
        if not named:
            if found:
                _refuse_rows(parsed, aliases, Analyser(schema, search_path))
            return text, tuple(found)
        _refuse_schemas(parsed, set(named.values()))
        nodes = {id(body): body for _, body in walk(parsed.statements[0])}
        edits = [_edit(parsed.data, nodes[place], name, schema) for place, name in named.items()]
        aliases.update(_alias(nodes[place]) for place in named)
        text = splice(parsed.data, edits).decode()
        found.update(dict.fromkeys(named.values()))
    raise refuse(f"view {next(iter(found))[1]}", f"views read each other more than {_DEPTH} deep")


def _views_in(
    parsed: ParsedText, schema: Schema, search_path: tuple[str, ...]
) -> Iterator[tuple[int, ViewName]]:
    """The ids of the RangeVars that mean views which can be expanded, and those views."""
    root = Analyser(schema, search_path).statement(parsed.statements[0])
    if root is None:
        return
    written = {id(level.node["relation"]) for level in root.inside() if "relation" in level.node}
    for relation in dict.fromkeys(root.all_relations()):
        if relation.kind != "unknown" or id(relation.node) in written:
            continue
        if "catalogname" in relation.node or not relation.node.get("inh"):
            continue
        places = (relation.node["schemaname"],) if "schemaname" in relation.node else search_path
        name = next(
            ((one, relation.node["relname"]) for one in places if _is_known(one, relation.node, schema)), None
        )
        if name is not None and not schema.views[name].stored:
            yield id(relation.node), name


def _is_known(place: str, node: Node, schema: Schema) -> bool:
    return (place, node["relname"]) in schema.views


def _edit(data: bytes, node: Node, name: ViewName, schema: Schema) -> Edit:
    extent = relation_extent(data, node)
    if extent is None:
        raise refuse(f"view {name[1]}", "its name is not found in the text", "write it plainly")
    alias = "" if "alias" in node else f" AS {quoted(name[1])}"
    definition = schema.views[name].definition.strip().rstrip(";")
    subselect = f"({definition}){alias}"
    before = tokens(data, 0, extent[0])[-1:]
    if before and data[before[0].start : before[0].end].upper() == b"TABLE":
        return before[0].start, extent[1], f"SELECT * FROM {subselect}".encode()  # noqa: S608 - PostgreSQL's own
    return *extent, subselect.encode()


def _alias(node: Node) -> str:
    return str(node["alias"]["aliasname"] if "alias" in node else node["relname"])


def _refuse_rows(parsed: ParsedText, aliases: set[str], analyser: Analyser) -> None:
    """Refuse whole rows of views where their type is seen: a row of a subselect has none of its own."""
    root = analyser.statement(parsed.statements[0])
    uses = row_uses(tuple(walk(parsed.statements[0])))
    for level in root.inside() if root else ():
        for reference in level.references:
            row = is_whole_row(reference)
            if row is None or id(reference.body) in uses:
                continue
            name = next((one.name for one in row.relations if one.level and one.name in aliases), None)
            if name is not None:
                raise refuse(
                    f"the whole row {name}",
                    "a view's row has a type of its own",
                    "name the columns, or ROW(v.*)",
                )


def _refuse_schemas(parsed: ParsedText, views: set[ViewName]) -> None:
    """Refuse columns named with the schema of a view: a subselect has none."""
    for kind, body in walk(parsed.statements[0]):
        parts = tuple(field_names(body)) if kind == "ColumnRef" else ()
        if len(parts) > 2 and parts[-3:-1] in views:
            raise refuse(
                f"{parts[-3]}.{parts[-2]}",
                "columns of a view are named with its schema",
                "leave the schema out",
            )
