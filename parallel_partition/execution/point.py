"""The short way of the most common statement: a SELECT whose one key is one parameter.

It says nothing that `planning.prune.partitions` would not; it only takes fewer steps to the same server, since
between two round trips of some 50 us each step shows.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace

from parallel_partition.catalog.key_parameters import reader
from parallel_partition.catalog.key_text import NotProven
from parallel_partition.catalog.shard_map import part_of
from parallel_partition.planning.conditions import OfKeys, ParameterKey
from parallel_partition.planning.plan import Plan, SelectPlan
from parallel_partition.statements import Parameters

#: The partition's number is sent as text (see `planning.name_partition`).
PART_OID = 25

#: What reading bytes that are no value of their type raises.
UNREADABLE = (UnicodeDecodeError, struct.error)


@dataclass(frozen=True, slots=True)
class PointRoute:
    """How one parameter leads to a partition.

    ``place`` is the parameter's, from 0; ``key_type`` and ``oid`` say how its bytes are read; ``text`` is what runs.
    ``in_partition`` is what runs where ``part`` of its ``tables`` (schema, name) may be read: it takes the partition's
    number as one more parameter.
    """

    place: int
    key_type: str
    oid: int
    text: bytes
    in_partition: bytes | None = None
    tables: tuple[tuple[str, str], ...] = ()

    def part(self, parameters: Parameters, num_partitions: int) -> int | None:
        """The partition that these parameters mean; None when the long way must tell."""
        data = parameters.values[self.place]
        read = reader(self.key_type, self.oid, parameters.formats[self.place])
        if data is None or read is None:
            return None
        try:
            return part_of(read(data), num_partitions)
        except (NotProven, *UNREADABLE):
            return None


def point_route(plan: Plan, oids: tuple[int, ...]) -> PointRoute | None:
    """The route of a plan that looks up one key given by one parameter; None for every other plan."""
    if not isinstance(plan, SelectPlan) or plan.locking or plan.one.numbers is not None:
        return None
    match plan.condition:
        case OfKeys(keys=((ParameterKey(number=number, type=type, modifiers=()),),)):
            route = PointRoute(number - 1, type, oids[number - 1], plan.one.text.encode())
            named = plan.in_partition
            return (
                route
                if named is None
                else replace(route, in_partition=named.text.encode(), tables=named.tables)
            )
    return None


def with_partition(parameters: Parameters, part: int) -> Parameters:
    """The parameters of the text that names the partition."""
    return Parameters(
        [*parameters.values, b"%d" % part], (*parameters.types, PART_OID), [*parameters.formats, 0]
    )
