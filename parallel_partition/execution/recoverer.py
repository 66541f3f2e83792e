"""The recoveries of one cluster in this process: when asked for, from time to time, and when somebody may be waiting.

A thread of its own makes a recovery every minute or so; earlier when a new connection finds parts that were left
behind, when a statement waited for a lock in vain, which may be a prepared part's, and when one waits for long. Nobody
waits for that thread.
"""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable
from time import monotonic
from typing import Any
from weakref import ref

import psycopg

from parallel_partition import errors
from parallel_partition.catalog.cluster import ClusterState
from parallel_partition.execution.failures import first_line
from parallel_partition.execution.recover import PATIENCE, USUAL, Courtesy, Recovery, recover
from parallel_partition.postgres.pool import Pools

logger = logging.getLogger("parallel_partition")

#: Seconds between two recoveries of one process, give or take half: processes that started together spread. A recovery
#: costs a connection to each server, and what is in doubt is mostly found by those who wait for it, much earlier.
EVERY = 60.0
#: Seconds between two recoveries at least, however many ask; also how long young parts are left to their clients.
PAUSE = 5.0
#: Seconds between two looks at what this process' statements are at, which asks no server.
LOOK = 2.0
#: A statement that is found waiting for so many looks may wait for a part that was left behind, or be a long one.
LONG = (2, 6, 16)
#: Seconds between two times that old decisions are taken away: that looks at all that were kept.
COLLECT_EVERY = 3600.0
#: Seconds that the end of the cluster waits for a recovery under way.
END_PATIENCE = 1.0


class Recoverer:
    """Makes recoveries; its thread ends with `stop`, or when nobody knows the recoverer any more.

    Parameters
    ----------
    pools : a pool per server
    known : the cluster as this process knows it
    load : reads it from a connection to the catalog's server, and gives pools to new servers
    every : seconds between two recoveries, None for none by itself
    """

    def __init__(
        self,
        pools: Pools,
        known: Callable[[], ClusterState],
        load: Callable[[psycopg.Connection[Any]], ClusterState],
        every: float | None,
    ) -> None:
        self._pools = pools
        self._known = known
        self._load = load
        self._every = every
        self._wanted = threading.Event()
        self._stopped = threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._waiting: dict[tuple[int, int], int] = {}
        if every is not None:
            self._start()

    def run(self, courtesy: Courtesy | None = None, *, collect: bool = True) -> Recovery:
        """Make a recovery now. Servers that cannot be reached are told in what it returns."""
        state, current = self._known(), False
        try:
            with self._pools[state.catalog].apart(PATIENCE) as connection:
                state, current = self._load(connection), True
        except (psycopg.Error, errors.Error) as error:
            logger.info("recovery goes on without the catalog: %s", first_line(error))
        return recover(
            self._pools, state.cluster_id, state.servers, courtesy or USUAL, collect=collect and current
        )

    def wake(self) -> None:
        """Let the thread make a recovery soon; returns at once."""
        self._wanted.set()
        if self._every is not None and not self._stopped.is_set():
            self._start()

    def somebody_waits(self) -> bool:
        """Look which exchanges are under way; True when one of them is for so long that a recovery may help."""
        under_way = [exchange for pool in list(self._pools.values()) for exchange in pool.under_way()]
        self._waiting = {exchange: self._waiting.get(exchange, 0) + 1 for exchange in under_way}
        return any(looks in LONG for looks in self._waiting.values())

    def stop(self) -> None:
        """Make no more recoveries."""
        self._stopped.set()
        self._wanted.set()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(END_PATIENCE)

    def _start(self) -> None:
        """Start the thread, also in a process that was forked from the one where it ran."""
        with self._starting:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(
                    target=_keep_recovering,
                    args=(ref(self), self._wanted, self._stopped, self._every or EVERY),
                    name="parallel_partition-recovery",
                    daemon=True,
                )
                self._thread.start()


def _keep_recovering(
    recoverer: ref[Recoverer], wanted: threading.Event, stopped: threading.Event, every: float
) -> None:
    """What the thread does. It holds the recoverer only while it makes a recovery."""
    before: frozenset[str] | None = None
    since_collected = random.uniform(0, COLLECT_EVERY)
    while True:
        pause = 0 if before else random.uniform(every / 2, every * 3 / 2)
        _wait(recoverer, wanted, pause)
        if stopped.is_set():
            return
        wanted.clear()
        alive = recoverer()
        if alive is None:
            return
        since_collected += pause
        collect = since_collected > COLLECT_EVERY
        since_collected = 0 if collect else since_collected
        left = _recovered(alive, collect)
        del alive
        # Under load there are always young parts; those that are found twice may have been left behind.
        before = left if before is None or left & before else None
        if stopped.wait(PAUSE):
            return


def _wait(recoverer: ref[Recoverer], wanted: threading.Event, pause: float) -> None:
    """Wait until the next recovery is due: after ``pause`` seconds, when it is wanted, or when a statement waits."""
    end = monotonic() + pause
    while not wanted.wait(max(min(LOOK, end - monotonic()), 0)) and monotonic() < end:
        alive = recoverer()
        if alive is None or alive.somebody_waits():
            return


def _recovered(recoverer: Recoverer, collect: bool) -> frozenset[str]:
    """Make a recovery and tell the log; returns what another one may end soon."""
    try:
        recovery = recoverer.run(collect=collect)
    except Exception:  # the next one may do better, and nobody else will tell
        logger.exception("recovery failed")
        return frozenset()
    for part, reason, passing in recovery.left:
        level = logging.DEBUG if passing else logging.WARNING
        logger.log(level, "server %s: %s stays prepared: %s", part.server, part.gid, reason)
    for server, reason in recovery.unreachable.items():
        logger.info("server %s: what is prepared there is not known: %s", server, reason)
    return frozenset(left.part.gid for left in recovery.left if left.passing)
