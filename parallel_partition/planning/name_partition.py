"""Naming the partitions of a look-up in its text, so that the server opens few children of each table instead of all.

Of a table with 8 children on a server, a prepared look-up by key visits 8 indexes; with ``part`` named it visits one.
Measured on the server alone (PostgreSQL 15 and 18): 0.52 of the time. As ``part = $n`` it was 0.76: PostgreSQL then
thinks a plan for each value cheaper than one for all, and plans every look-up anew. `pg_catalog.concat` is STABLE,
so that both plans look alike to it and children are cut when the plan is started. A child named instead of the
table would be 0.49, but its privileges, row type and ``tableoid`` are its own.

Several partitions are an array: PostgreSQL plans a list of keys anew each time anyway, and then for fewer children.
"""

from __future__ import annotations

from collections.abc import Iterator

from parallel_partition.catalog.identifiers import quoted
from parallel_partition.catalog.tables import PART, Table
from parallel_partition.planning.clauses import find_clauses
from parallel_partition.planning.conditions import EveryPartition, OfKeys, ParameterKey
from parallel_partition.planning.context import Query
from parallel_partition.planning.parse import ParsedText, parse
from parallel_partition.planning.plan import PartitionQuery, Whole
from parallel_partition.planning.scope import Join, Leaf, Relation, Source, leaves
from parallel_partition.planning.splicing import splice
from parallel_partition.planning.trees import Node, kind_and_body, same_tree


def name_partition(query: Query) -> PartitionQuery | None:
    """The text of a SELECT whose sharded tables all have the key that one parameter gives, with ``part`` named.

    Returns
    -------
    None where it cannot be named: the key is given otherwise, or no table stands where a condition may be added
    """
    match query.condition:
        case OfKeys(keys=((ParameterKey(),),)) if query.root.kind == "select":
            parsed = parse(query.text) if query.hidden else query.parsed
        case _:
            return None
    number = f"pg_catalog.concat(${len(query.parameter_oids) + 1})::pg_catalog.int4"
    return _named(query, parsed, number)


def name_partitions(query: Query, whole: Whole) -> PartitionQuery | None:
    """The text for each server of a SELECT that runs whole, with ``part`` compared with an array of partitions.

    Returns
    -------
    None where nothing is known of the key, or no table stands where a condition may be added
    """
    if isinstance(query.condition, EveryPartition) or query.root.kind != "select" or whole.shard.numbers:
        return None
    parsed = query.parsed if whole.shard.text == query.parsed.text else parse(whole.shard.text)
    return _named(query, parsed, f"ANY (${len(query.parameter_oids) + 1})")


def _named(query: Query, parsed: ParsedText, what: str) -> PartitionQuery | None:
    """A text of a query in which ``part`` of its tables is equal to something."""
    tables = _tables(query.root.source, parsed.statements[0]["SelectStmt"])
    where = _where(parsed)
    if not tables or where is None:
        return None
    terms = "".join(f" {quoted(name)}.{PART} = {what} AND" for name in tables)
    text = splice(parsed.data, [(where, where, terms.encode())]).decode()
    if not _only_adds(parsed, parse(text), len(tables)):
        return None
    return PartitionQuery(text, tuple(dict.fromkeys((table.schema, table.name) for table in tables.values())))


def _tables(source: Source | None, select: Node) -> dict[str, Table]:
    """The sharded tables that the outermost WHERE can restrict without touching other rows, by their names there."""
    names = [relation.name for relation in leaves(source)]
    there = _names_of_tables(select)
    return {
        relation.name: relation.table
        for relation in _kept(source)
        if relation.table is not None
        and relation.sharded
        and relation.name in there
        and names.count(relation.name) == 1
        and not relation.renamed
        and not relation.sampled
    }


def _kept(source: Source | None) -> Iterator[Relation]:
    """The relations that no join fills with NULL: each row of the result has a row of theirs."""
    if isinstance(source, Leaf):
        yield source.relation
    elif isinstance(source, Join) and source.alias is None:
        if source.kind in ("inner", "left"):
            yield from _kept(source.left)
        if source.kind in ("inner", "right"):
            yield from _kept(source.right)


def _names_of_tables(select: Node) -> set[str]:
    """What the tables of FROM are called there, but for those in subqueries, as hiding ``part`` may have made some."""
    found: set[str] = set()
    rest = list(select.get("fromClause", []))
    while rest:
        kind, body = kind_and_body(rest.pop())
        if kind == "JoinExpr":
            rest += (body["larg"], body["rarg"])
        elif kind == "RangeVar":
            found.add(body.get("alias", {}).get("aliasname") or body["relname"])
    return found


def _where(parsed: ParsedText) -> int | None:
    """Where a condition can be put in front of those of WHERE; None before an OR, which binds less than AND."""
    condition = parsed.statements[0]["SelectStmt"].get("whereClause")
    if condition is None or condition.get("BoolExpr", {}).get("boolop") == "OR_EXPR":
        return None
    clauses = find_clauses(parsed.data, *parsed.extents[0])
    return None if clauses is None else clauses.where


def _only_adds(before: ParsedText, after: ParsedText, count: int) -> bool:
    """Tell whether a text is another with ``count`` conditions put before those of its WHERE, and nothing else."""
    old, new = (dict(parsed.statements[0]["SelectStmt"]) for parsed in (before, after))
    condition = old.pop("whereClause")
    terms = new.pop("whereClause").get("BoolExpr", {}).get("args", [])[count:]
    inside = condition.get("BoolExpr", {})
    joined = inside["args"] if inside.get("boolop") == "AND_EXPR" else [condition]
    return same_tree(old, new) and (same_tree(terms, [condition]) or same_tree(terms, joined))
