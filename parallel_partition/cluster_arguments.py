"""What a cluster can be made of: conninfos, names of servers, a number of partitions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from parallel_partition.errors import InvalidCluster
from parallel_partition.postgres.conninfo import parsed

#: A sharded table has a child table per partition; more of them than this cost more than they bring.
MAX_PARTITIONS = 10_000

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}")


def named_servers(conninfos: Sequence[str], names: Sequence[str] | None) -> dict[str, dict[str, Any]]:
    """The parameters of each conninfo by its server's name, in order.

    Raises
    ------
    errors.InvalidCluster : no conninfos, or not as many names, or names that no servers can have
    """
    if isinstance(conninfos, str):
        raise InvalidCluster("conninfos is one text; give a list with a conninfo for each server")
    if not conninfos:
        raise InvalidCluster("a cluster has at least one server; no conninfo was given")
    if names is None:
        names = [f"s{number}" for number in range(1, len(conninfos) + 1)]
    if isinstance(names, str) or len(names) != len(conninfos):
        raise InvalidCluster(f"{len(conninfos)} conninfos need as many names; given: {names!r}")
    for name in names:
        check_name(name)
    if len(set(names)) < len(names):
        raise InvalidCluster(f"servers have different names; given: {', '.join(names)}")
    return {name: parsed(conninfo) for name, conninfo in zip(names, conninfos, strict=True)}


def check_name(name: str) -> None:
    """Refuse what cannot be the name of a server."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InvalidCluster(
            f"{name!r} is no name for a server: 1 to 63 ASCII letters, digits, dots, dashes and underscores"
        )


def check_num_partitions(number: int) -> None:
    """Refuse what cannot be the number of partitions."""
    if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= MAX_PARTITIONS:
        raise InvalidCluster(f"num_partitions is a whole number from 1 to {MAX_PARTITIONS:,}, not {number!r}")
