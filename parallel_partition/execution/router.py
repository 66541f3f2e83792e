"""What all connections of a cluster share in one process: its state, its pools, and the plans made so far."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from parallel_partition import errors
from parallel_partition.catalog.cluster import ClusterState
from parallel_partition.execution.point import PointRoute, point_route
from parallel_partition.execution.user_types import UserTypes
from parallel_partition.execution.version import Differing
from parallel_partition.planning.conditions import Condition
from parallel_partition.planning.expand_views import expand_views
from parallel_partition.planning.overloads import Overload
from parallel_partition.planning.plan import FirstTable, Plan, Split
from parallel_partition.planning.planner import plan as make_plan
from parallel_partition.planning.prevents_prepare import prevents_prepare
from parallel_partition.planning.prune import partitions
from parallel_partition.postgres.pool import Pools
from parallel_partition.statements import Parameter

#: Plans kept per process. A plan of a short statement takes a few kB.
PLANS_MAX = 1000
#: Longer texts are mostly made by programs, one of a kind each; keeping them would push out the useful ones.
TEXT_MAX = 16_384

#: What is made for the session, by its first words.
_MADE = (
    r"\b(?:create|into)\s+(?:global\s+|local\s+)?temp(?:orary)?\b"
    r"|\A(?:\s|--[^\n]*\n|/\*(?:[^*]|\*(?!/))*+\*/)*+(?:listen|prepare)\b"
)
#: What may leave something in the session; of PostgreSQL's functions, the only ones that tables of the cluster are read
#: with.
_LEAVES_STATE = re.compile(rf"advisory|setseed|{_MADE}", re.IGNORECASE)
#: What of that somebody may rely on until the connection is closed.
_HELD = re.compile(rf"advisory_lock|{_MADE}", re.IGNORECASE)

_PlanKey = tuple[bytes, tuple[int, ...], tuple[str, ...]]


@dataclass(slots=True)
class Planned:
    """A plan and what its first run found out, such as the types of a split.

    ``first`` are the tables of subqueries that are answered first, None where they are not known yet; ``is_undivided``:
    none can be.
    ``leaves_state``: it may leave something in the sessions, as advisory locks; ``held``: on which the caller may rely
    until it closes the connection. ``unhidden``: no local relation comes
    before its tables in the search path. ``beside``: what users made under names of PostgreSQL's own, none of which it
    means. ``views`` are those whose definitions it has. ``prevents_prepare``: what it calls that does.
    """

    plan: Plan
    text: bytes
    oids: tuple[int, ...]
    point: PointRoute | None = None
    leaves_state: bool = False
    held: bool = False
    split: Split | None = None
    first: tuple[FirstTable, ...] | None = None
    is_undivided: bool = False
    unhidden: bool = False
    beside: tuple[Overload, ...] | None = None
    views: tuple[tuple[str, str], ...] = ()
    prevents_prepare: tuple[str, ...] = ()
    encoded: dict[str, bytes] = field(default_factory=dict)

    def encode(self, text: str) -> bytes:
        """``text`` of this plan in UTF-8, made once."""
        data = self.encoded.get(text)
        if data is None:
            data = self.encoded[text] = text.encode()
        return data


class Router:
    """The cached view of a cluster. Routers are caches; the servers know (see `execution.transaction`).

    Parameters
    ----------
    state : the cluster as its catalog described it
    pools : a pool per server
    load : reads the state again
    """

    def __init__(self, state: ClusterState, pools: Pools, load: Callable[[], ClusterState]) -> None:
        self.pools = pools
        #: Tables that were changed by hand, found by whatever connection.
        self.differing: Differing = {}
        self.generation = 0
        self._load = load
        self._lock = threading.Lock()
        self._plans: OrderedDict[_PlanKey, Planned] = OrderedDict()
        self._take(state)

    def _take(self, state: ClusterState) -> None:
        self.state = state
        #: Whether ``part`` of some tables (schema, name) may be read on a server.
        self.readable: dict[tuple[str, tuple[tuple[str, str], ...]], bool] = {}
        self.types = UserTypes(state.catalog)
        #: Raised whenever plans are forgotten.
        self.generation += 1
        self._plans.clear()
        self._rank = {name: rank for rank, name in enumerate(state.servers)}
        shard_map = state.shard_map
        self._everyone = self._ordered(
            {shard_map.home_of(part) for part in range(1, shard_map.num_partitions + 1)}
        )

    def _ordered(self, servers: Iterable[str]) -> tuple[str, ...]:
        return tuple(sorted(servers, key=self._rank.__getitem__))

    def reload(self, seen: ClusterState) -> ClusterState:
        """Read the catalog again, unless somebody did since ``seen`` was current."""
        with self._lock:
            if self.state is seen:
                self._take(self._load())
            return self.state

    def replace(self, state: ClusterState) -> None:
        """Take a state that the caller just loaded, after a change of its own."""
        with self._lock:
            self._take(state)

    def forget_plans(self) -> None:
        """Plan every statement anew: local relations, functions or types may be others by now."""
        with self._lock:
            self.generation += 1
            self._plans.clear()

    def homes(self, parts: frozenset[int] | None) -> tuple[str, ...]:
        """The servers that hold ``parts`` (None: all of them), in server order."""
        if parts is None:
            return self._everyone
        home_of = self.state.shard_map.home_of
        return self._ordered({home_of(part) for part in parts})

    def homes_of(
        self, condition: Condition, parameters: Sequence[Parameter]
    ) -> tuple[frozenset[int] | None, tuple[str, ...]]:
        """The partitions that a condition leaves, and their homes; the catalog's server when it leaves none."""
        parts = partitions(condition, parameters, self.state.shard_map)
        return parts, self.homes(parts) or (self.state.catalog,)

    def plan(self, text: bytes, oids: tuple[int, ...], search_path: tuple[str, ...]) -> Planned:
        """The plan of a statement, made now or before.

        Raises
        ------
        errors.UnsupportedQuery : no strategy answers it exactly
        """
        key = (text, oids, search_path)
        planned = self._plans.get(key)
        if planned is not None:
            return planned
        try:
            decoded = text.decode()
        except UnicodeDecodeError as error:
            raise errors.DataError(f"the statement is no valid UTF-8: {error}") from error
        schema = self.state.schema
        expanded, views = expand_views(decoded, schema, search_path)
        plan = make_plan(expanded, oids, schema, search_path)
        leaves_state = _LEAVES_STATE.search(decoded) is not None
        held = leaves_state and _HELD.search(decoded) is not None
        prevents = prevents_prepare(expanded)
        point = None if leaves_state or views or prevents else point_route(plan, oids)
        planned = Planned(plan, text, oids, point, leaves_state, held, views=views, prevents_prepare=prevents)
        if len(text) <= TEXT_MAX:
            with self._lock:
                if schema is self.state.schema:
                    self._plans[key] = planned
                    if len(self._plans) > PLANS_MAX:
                        self._plans.popitem(last=False)
        return planned
