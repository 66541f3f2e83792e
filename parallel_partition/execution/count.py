"""The numbers that LIMIT and OFFSET stand for."""

from __future__ import annotations

from collections.abc import Sequence

from parallel_partition import errors
from parallel_partition.planning.plan import Count
from parallel_partition.postgres.driver_errors import as_driver_error
from parallel_partition.statements import Parameter

#: smallint, integer, bigint
_INTEGERS = frozenset({21, 23, 20})


def count_of(count: Count | None, parameters: Sequence[Parameter], clause: str) -> int | None:
    """The number that a LIMIT or OFFSET stands for; None for no clause and for NULL.

    A negative number is for the servers to refuse: their texts have it too.
    """
    if count is None:
        return None
    if count.number is None:
        number = count.value
    else:
        data, oid, fmt = parameters[count.number - 1]
        if data is None:
            return None
        try:
            number = _whole_number(data, oid) if fmt else int(data)
        except ValueError:
            shown = f"{bytes(data)!r}{f' of the type with OID {oid}' if fmt else ''}"
            message = f"{clause} over several servers needs a whole number, not {shown}"
            raise as_driver_error(errors.UnsupportedQuery(message)) from None
    return number


def _whole_number(data: bytes, oid: int) -> int:
    """The number that binary data of an integer type is; PostgreSQL rounds numbers of other types first."""
    if oid not in _INTEGERS:
        raise ValueError
    return int.from_bytes(data, "big", signed=True)
