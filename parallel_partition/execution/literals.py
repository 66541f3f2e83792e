"""Parameters as constants in a text: COPY takes none."""

from __future__ import annotations

from collections.abc import Sequence

from parallel_partition.execution.fan_out import answers_of
from parallel_partition.planning.merge_query import exact_text
from parallel_partition.planning.splicing import splice
from parallel_partition.planning.tokens import scan
from parallel_partition.planning.write_nodes import literal
from parallel_partition.postgres.session import Session
from parallel_partition.statements import Parameter, Statement


def with_literals(texts: Sequence[str], parameters: Sequence[Parameter], session: Session) -> list[str]:
    """Put the values of parameters into texts, as constants of the same types.

    Parameters
    ----------
    texts : SQL in ``$n`` form
    session : lets PostgreSQL write the values that are in binary

    Raises
    ------
    psycopg.Error : it refused one
    """
    places = [
        [(token.start, token.end) for token in scan(text.encode()) if token.kind == "parameter"]
        for text in texts
    ]
    numbers = sorted(
        {
            int(text.encode()[start + 1 : end])
            for text, found in zip(texts, places, strict=True)
            for start, end in found
        }
    )
    if not numbers:
        return list(texts)
    constants = _constants(numbers, parameters, session)
    made = []
    for text, found in zip(texts, places, strict=True):
        data = text.encode()
        edits = [(start, end, constants[int(data[start + 1 : end])]) for start, end in found]
        made.append(splice(data, edits).decode())
    return made


def _constants(numbers: Sequence[int], parameters: Sequence[Parameter], session: Session) -> dict[int, bytes]:
    """What stands for each parameter: its text, cast to its type where it has one."""
    given = [parameters[number - 1] for number in numbers]
    # Asked for without a modifier, as ``character`` is character(1); -1 makes that bpchar.
    wanted = [
        f"{exact_text(f'${place}')}, pg_catalog.format_type({oid or 25}, -1)"
        for place, (_, oid, _) in enumerate(given, 1)
    ]
    sent = [parameter if parameter.oid else parameter._replace(oid=25) for parameter in given]
    result = answers_of(session, [Statement(f"SELECT {', '.join(wanted)}".encode(), sent, prepare=False)])[-1]
    constants = {}
    for place, (number, parameter) in enumerate(zip(numbers, given, strict=True)):
        value, type = (result.get_value(0, 2 * place + column) for column in (0, 1))
        text = "NULL" if value is None else literal(value.decode())
        constants[number] = (f"CAST({text} AS {(type or b'').decode()})" if parameter.oid else text).encode()
    return constants
