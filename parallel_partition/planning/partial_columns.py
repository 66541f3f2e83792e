"""The columns of partial rows: what each server computes for an aggregate, and of which type."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from parallel_partition.planning.trees import Node
from parallel_partition.statements import OutputColumn

#: Types as `format_type` names them, and their OIDs.
BIGINT = ("bigint", 20)
NUMERIC = ("numeric", 1700)
DOUBLE = ("double precision", 701)
TEXT = ("text", 25)


class Asked(NamedTuple):
    """An aggregate call, and what PostgreSQL says of its value and of all else that was asked for it."""

    call: Node
    described: Sequence[OutputColumn]

    @property
    def type(self) -> str:
        """The type of the call's value."""
        return self.described[0].type


@dataclass(frozen=True)
class Partial:
    """One column of the partial rows."""

    node: Node
    type: str
    oid: int


def same_type(asked: Asked) -> list[Partial]:
    """The call itself, of the type that the caller's has."""
    return [Partial({"FuncCall": asked.call}, asked.type, asked.described[0].oid)]


def renamed(call: Node, name: str, args: list[Node] | None = None) -> Node:
    """The same call of another aggregate, over the same arguments or others."""
    made = {**call, "funcname": [{"String": {"sval": name}}]}
    return {"FuncCall": made if args is None else {**made, "args": args}}


def cast(argument: Node, type: str) -> Node:
    """An expression as a type of PostgreSQL's own, by the name that it has in the catalog."""
    names = [{"String": {"sval": "pg_catalog"}}, {"String": {"sval": type}}]
    return {"TypeCast": {"arg": argument, "typeName": {"names": names, "typemod": -1}}}


def product(left: Node, right: Node) -> Node:
    """The product of two expressions."""
    return {
        "A_Expr": {"kind": "AEXPR_OP", "name": [{"String": {"sval": "*"}}], "lexpr": left, "rexpr": right}
    }
