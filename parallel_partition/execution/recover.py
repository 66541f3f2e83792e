"""End what is left of transactions over several servers whose client or server was lost in mid-commit.

A part that stays prepared names its decider, and the decider's row is the outcome: whoever finds the part settles that
row (`resolve` inserts an abort first, so that what is found is final) and commits or rolls back accordingly. Nobody has
to judge who is still alive, so any number of recoveries may run at once, in any process. Young parts, and those whose
client still has its session on the decider, are left for a while out of courtesy: it would be a pity to abort them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple, TypeVar
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.pq.abc import PGresult

from parallel_partition import errors
from parallel_partition.execution.failpoint import reach
from parallel_partition.execution.failures import first_line
from parallel_partition.execution.resolve import resolve
from parallel_partition.execution.run_each import run_each
from parallel_partition.execution.threads import on_all
from parallel_partition.execution.two_phase import Gid
from parallel_partition.postgres.named_sql import load
from parallel_partition.postgres.pool import Pools
from parallel_partition.postgres.session import Session
from parallel_partition.statements import Parameter, Statement

logger = logging.getLogger("parallel_partition")

#: Seconds for which a prepared part is left to its client.
MIN_AGE = 5.0
#: Seconds for which it is left while its client has its session on the decider: it may be slow, or cut off.
CLIENT_PATIENCE = 600.0
#: Seconds to wait for a server, for a connection and for each answer.
PATIENCE = 10.0
#: How long decisions are kept, by their server's clock: for longer than `two_phase.MAX_AGE`, after which a transaction
#: can no longer decide, so that an abort that was taken away is not missed.
KEPT = "24 h"

T = TypeVar("T")

_SQL = {name: text.encode() for name, text in load("recovery").items()}
_UNDEFINED_OBJECT = "42704"
#: It is being decided (lock_timeout), or ended by somebody else at this moment.
_BUSY = ("55P03", "55000")


class Part(NamedTuple):
    """A prepared part of a transaction: on which server, by which name, since how many seconds."""

    server: str
    gid: str
    age: float


class Left(NamedTuple):
    """A prepared part that was left as it is, and why. ``passing``: a later recovery will end it by itself."""

    part: Part
    reason: str
    passing: bool


@dataclass(frozen=True, slots=True)
class Recovery:
    """What a recovery found, and what it did about it.

    ``committed`` and ``rolled_back`` were ended by it, ``elsewhere`` by somebody else meanwhile; ``left`` are still
    prepared. ``unreachable`` tells why servers could not be asked, by name: what is prepared there is not known.
    ``collected`` is how many decisions were taken away that nobody needs any more.
    """

    committed: tuple[Part, ...] = ()
    rolled_back: tuple[Part, ...] = ()
    elsewhere: tuple[Part, ...] = ()
    left: tuple[Left, ...] = ()
    unreachable: Mapping[str, str] = field(default_factory=dict)
    collected: int = 0

    @property
    def found(self) -> int:
        """How many prepared parts were found."""
        return len(self.committed) + len(self.rolled_back) + len(self.elsewhere) + len(self.left)

    @property
    def complete(self) -> bool:
        """True when every server was asked, and nothing stays prepared but what is left for a moment."""
        return not self.unreachable and all(left.passing for left in self.left)


@dataclass(frozen=True, slots=True)
class Courtesy:
    """For how long parts are left alone, in seconds: all, and those whose client is there."""

    min_age: float = MIN_AGE
    client_patience: float = CLIENT_PATIENCE


USUAL = Courtesy()


def recover(
    pools: Pools,
    cluster_id: UUID,
    servers: Iterable[str],
    courtesy: Courtesy,
    *,
    collect: bool = False,
) -> Recovery:
    """End what is prepared on the servers of a cluster and nobody's any more.

    Parameters
    ----------
    pools : how the servers are reached; connections of their own are made, for a pool may be full of those who wait
    servers : all of the cluster's
    courtesy : for how long parts are left alone
    collect : also take away decisions that nobody needs any more; ``servers`` must be what the catalog says now
    """
    with ExitStack() as stack:
        return _Round(pools, cluster_id, tuple(servers), courtesy, stack).run(collect)


class _Found(NamedTuple):
    part: Part
    gid: Gid
    owner: str | None
    may_end: bool


class _Round:
    """One recovery; each step is a method, in the order of `run`. Of servers, all are asked at once."""

    def __init__(
        self, pools: Pools, cluster_id: UUID, servers: Sequence[str], courtesy: Courtesy, stack: ExitStack
    ) -> None:
        self._pools = pools
        self._cluster_id = cluster_id
        self._servers = servers
        self._courtesy = courtesy
        self._stack = stack
        self._sessions: dict[str, Session] = {}
        self._unreachable: dict[str, str] = {}
        self._ended: dict[str, list[Part]] = {"committed": [], "rolled back": [], "elsewhere": []}
        self._left: list[Left] = []

    def run(self, collect: bool) -> Recovery:
        """Go through all steps."""
        self._connect()
        reach("recover.connected")
        found = self._on_each(self._sessions, self._find)
        self._unreachable |= {name: why for name, why in found.items() if isinstance(why, str)}
        parts = [part for listed in found.values() if not isinstance(listed, str) for part in listed]
        reach("recover.listed")
        outcomes = self._settle([part for part in parts if not self._is_young(part)])
        reach("recover.settled")
        by_server = _grouped((part, part.part.server) for part in parts if part.gid in outcomes)
        self._on_each(by_server, lambda server: self._end(by_server[server], outcomes))
        reach("recover.ended")
        collected = self._collect(parts) if collect else 0
        return Recovery(
            tuple(self._ordered(self._ended["committed"], lambda part: part)),
            tuple(self._ordered(self._ended["rolled back"], lambda part: part)),
            tuple(self._ordered(self._ended["elsewhere"], lambda part: part)),
            tuple(self._ordered(self._left, lambda left: left.part)),
            {name: self._unreachable[name] for name in self._servers if name in self._unreachable},
            collected,
        )

    def _ordered(self, told: Iterable[T], part_of: Callable[[T], Part]) -> list[T]:
        """What the threads told, in server order."""
        rank = {server: number for number, server in enumerate(self._servers)}
        return sorted(told, key=lambda each: (rank[part_of(each).server], part_of(each).gid))

    def _on_each(self, servers: Iterable[str], act: Callable[[str], T]) -> dict[str, T | str]:
        """Do something on several servers at once; a failure is told as its text, and stops no other server."""

        def told(server: str) -> T | str:
            try:
                return act(server)
            except (psycopg.Error, errors.Error) as error:
                return first_line(error)

        return on_all({server: partial(told, server) for server in servers})

    def _connect(self) -> None:
        connected = self._on_each(self._servers, lambda server: self._pools[server].apart(PATIENCE))
        for server, connection in connected.items():
            if isinstance(connection, str):
                self._unreachable[server] = connection
            else:
                self._stack.callback(connection.close)
                self._sessions[server] = Session(connection, server)

    def _find(self, server: str) -> list[_Found]:
        listed = _ask(self._sessions[server], "prepared_parts", f"pp1:{self._cluster_id}:")
        found = []
        for row in range(listed.ntuples):
            text, owner, may_end, age = (listed.get_value(row, column) for column in range(4))
            gid = Gid.parse((text or b"").decode())
            if gid is not None:
                part = Part(server, str(gid), float(age or 0))
                found.append(_Found(part, gid, owner.decode() if owner else None, may_end == b"t"))
        return found

    def _is_young(self, found: _Found) -> bool:
        if found.part.age >= self._courtesy.min_age:
            return False
        reason = f"it is younger than {self._courtesy.min_age:g} s: its client may be at it"
        self._left.append(Left(found.part, reason, passing=True))
        return True

    # --- the outcome ----------------------------------------------------------------------------------------------

    def _settle(self, parts: Sequence[_Found]) -> dict[Gid, bool]:
        """The outcome of each part's transaction, final from now on; those that have none are left."""
        outcomes: dict[Gid, bool] = {}
        by_decider = _grouped((part, part.gid.decider) for part in parts)

        def decide(decider: str) -> None:
            for same in _grouped((part, part.gid.xid) for part in by_decider[decider]).values():
                committed = self._outcome(self._sessions[decider], same)
                if committed is not None:
                    outcomes.update({part.gid: committed for part in same})

        asked = self._on_each([decider for decider in by_decider if decider in self._sessions], decide)
        lost = {decider: why for decider, why in asked.items() if why is not None}
        for decider, waiting in by_decider.items():
            reason = self._why_not(decider, lost)
            told = {left.part for left in self._left}
            for part in waiting:
                if reason and part.gid not in outcomes and part.part not in told:
                    self._left.append(Left(part.part, reason, passing=decider in self._servers))
        return outcomes

    def _why_not(self, decider: str, lost: Mapping[str, str]) -> str | None:
        if decider not in self._servers:
            return f"its decider {decider} is no server of this cluster"
        reason = self._unreachable.get(decider) or lost.get(decider)
        return f"its decider {decider} cannot be asked: {reason}" if reason else None

    def _outcome(self, decider: Session, same: Sequence[_Found]) -> bool | None:
        xid = same[0].gid.xid
        reason = None
        if max(found.part.age for found in same) < self._courtesy.client_patience and (
            _ask(decider, "client_lives", xid).get_value(0, 0) == b"t"
        ):
            reason = f"its client still has its session on server {decider.server}"
        else:
            try:
                return resolve(decider.connection, xid, decider.server, patience=PATIENCE)
            except psycopg.Error as error:
                if error.sqlstate not in _BUSY:
                    raise
                reason = f"it is being decided on server {decider.server}"
        self._left += [Left(found.part, reason, passing=True) for found in same]
        return None

    # --- the end --------------------------------------------------------------------------------------------------

    def _end(self, parts: Sequence[_Found], outcomes: Mapping[Gid, bool]) -> None:
        for found in parts:
            committed = outcomes[found.gid]
            try:
                self._end_one(found, "COMMIT PREPARED" if committed else "ROLLBACK PREPARED")
                self._ended["committed" if committed else "rolled back"].append(found.part)
            except (psycopg.Error, errors.Error) as error:
                state = getattr(error, "sqlstate", None)
                if state == _UNDEFINED_OBJECT:
                    self._ended["elsewhere"].append(found.part)
                else:
                    reason = f"it is decided, but server {found.part.server} says: {first_line(error)}"
                    self._left.append(Left(found.part, reason, passing=state in _BUSY))

    def _end_one(self, found: _Found, command: str) -> None:
        session = self._sessions[found.part.server]
        if not found.may_end and found.owner is not None:
            _ask(session, "take_role", found.owner)
            reach("recover.role_taken")
        try:
            gid = sql.Literal(found.part.gid).as_string(session.connection)
            _answer(session, Statement(f"{command} {gid}".encode(), prepare=False))
        finally:
            if not found.may_end and session.alive:
                _answer(session, Statement(b"RESET ROLE", prepare=False))
        reach("recover.ended_one")
        logger.info("server %s: %s %s, which was left behind", session.server, command, found.part.gid)

    def _collect(self, parts: Sequence[_Found]) -> int:
        """Take away decisions; committed ones only where it is known that no part is left anywhere."""
        everywhere = not self._unreachable
        prepared = "{" + ",".join({part.gid.xid for part in parts}) + "}"

        def collect(server: str) -> int:
            session = self._sessions[server]
            if _ask(session, "may_collect").get_value(0, 0) != b"t":
                return 0
            count = _ask(session, "collect", KEPT, "true" if everywhere else "false", prepared)
            return int(count.get_value(0, 0) or 0)

        counts = self._on_each([name for name, each in self._sessions.items() if each.alive], collect)
        for server, count in counts.items():
            if isinstance(count, str):
                logger.warning("server %s: its old decisions could not be taken away: %s", server, count)
        return sum(count for count in counts.values() if not isinstance(count, str))


def _grouped(pairs: Iterable[tuple[T, str]]) -> dict[str, list[T]]:
    groups: dict[str, list[T]] = {}
    for member, name in pairs:
        groups.setdefault(name, []).append(member)
    return groups


def _ask(session: Session, name: str, *values: str) -> PGresult:
    return _answer(
        session,
        Statement(_SQL[name], [Parameter(value.encode(), 0, 0) for value in values], prepare=False),
    )


def _answer(session: Session, statement: Statement) -> PGresult:
    """Run a statement; a server that does not answer in time is disconnected."""
    outcome = run_each({session.server: (session, session.exchange([statement]))}, PATIENCE)
    if outcome.failures:
        raise outcome.failures[session.server]
    return outcome.results[session.server][-1]
