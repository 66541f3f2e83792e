"""What a server says of a statement's columns before it is run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from psycopg.pq.abc import PGresult

from parallel_partition.execution.fan_out import answers_of
from parallel_partition.postgres.session import Session
from parallel_partition.statements import OutputColumn, Parameter, Statement

_OID_ARRAY, _INT4_ARRAY = 1028, 1007
_TYPES = b"""
    SELECT pg_catalog.format_type(c.oid, c.typmod), t.typtype = 'e'
    FROM ROWS FROM (pg_catalog.unnest($1::oid[]), pg_catalog.unnest($2::int4[])) WITH ORDINALITY AS c(oid, typmod, n)
    LEFT JOIN pg_catalog.pg_type AS t ON t.oid = c.oid
    ORDER BY c.n
"""


def output_columns(session: Session, described: PGresult) -> list[OutputColumn]:
    """The columns of a statement that this session described."""
    named = _types(session, described, range(described.nfields))
    return [
        OutputColumn((described.fname(column) or b"").decode(), described.ftype(column), name, is_enum)
        for column, (name, is_enum) in enumerate(named)
    ]


def type_names(session: Session, described: PGresult, columns: Sequence[int]) -> list[str]:
    """The types of ``columns`` of a described result, by ``format_type`` on the server that described it."""
    return [name for name, _ in _types(session, described, columns)]


def _types(session: Session, described: PGresult, columns: Sequence[int]) -> Iterator[tuple[str, bool]]:
    listed = (
        Parameter(b"{%s}" % b",".join(b"%d" % described.ftype(column) for column in columns), _OID_ARRAY, 0),
        Parameter(b"{%s}" % b",".join(b"%d" % described.fmod(column) for column in columns), _INT4_ARRAY, 0),
    )
    (found,) = answers_of(session, [Statement(_TYPES, listed, prepare=True)])
    for row in range(found.ntuples):
        yield (found.get_value(row, 0) or b"").decode(), found.get_value(row, 1) == b"t"
