"""Processes that commit or recover, and die, stand still or fail at a place of the code.

They are forked from a process that has the library loaded and nothing else: a hundred of them take seconds.
"""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable
from multiprocessing.connection import Connection as Pipe
from multiprocessing.context import ForkServerContext, ForkServerProcess
from typing import Any

import psycopg

from parallel_partition import Cluster, CommitUnknown, PartialCommit
from parallel_partition import cluster as cluster_module
from parallel_partition.execution import failpoint, two_phase
from parallel_partition.execution.two_phase import TwoPhaseCommit
from parallel_partition.local_servers import process

#: What a child says of its transaction. Whoever died says nothing.
COMMITTED, FAILED, UNKNOWN, PARTIAL = "committed", "failed", "unknown", "partial"

SERVERS = ("s1", "s2", "s3")
TABLE = "CREATE TABLE marks (k int, n int, PRIMARY KEY (k, n))"


def keys(cluster: Cluster) -> list[int]:
    """A key on each server."""
    return [next(k for k in range(200) if cluster.shard_map.server_of(k) == server) for server in SERVERS]


def context() -> ForkServerContext:
    made = multiprocessing.get_context("forkserver")
    made.set_forkserver_preload([__name__, "tests.cluster.tellers"])
    return made


class Mortal:
    """A child at work.

    Parameters
    ----------
    act : what it does, with the failpoint and ``arguments``; what it returns, it tells
    point : ``name=action``, or "" for none
    """

    def __init__(self, act: Callable[..., object], point: str, *arguments: object) -> None:
        made = context()
        self._told, told = made.Pipe(duplex=False)
        self._process: ForkServerProcess = made.Process(target=_run, args=(told, act, point, arguments))
        self._process.start()
        told.close()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def await_stop(self) -> None:
        """Wait until it stands still."""
        stands = process.wait_until(lambda: process._state_and_parent(self.pid)[0] in {"T", "Z", ""}, 30)
        assert stands
        assert process._state_and_parent(self.pid)[0] == "T", f"it ended: {self.end()}"

    @property
    def dead(self) -> bool:
        """True once it has ended, by whatever cause."""
        return self._process.exitcode is not None

    def stop(self) -> None:
        process.send(self.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        process.send(self.pid, signal.SIGCONT)

    def kill(self) -> None:
        process.send(self.pid, signal.SIGKILL)

    def end(self, timeout: float = 60) -> tuple[int | None, Any]:
        """Wait for its end: its exit code, and what it told, if anything."""
        self._process.join(timeout)
        code = self._process.exitcode
        if code is None:
            self.kill()
            self._process.join()
        told = None
        if self._told.poll():
            try:
                told = self._told.recv()
            except EOFError:
                told = None
        self._told.close()
        self._process.close()
        return code, told


#: Seconds after which a child takes a server for lost.
IMPATIENCE = 0.5


def impatient(*arguments: Any) -> tuple[str, str | None]:
    """The same as `mark`, by a client that does not wait for servers to come back."""
    defaults = two_phase.commit_everywhere.__kwdefaults__
    assert defaults is not None
    defaults["patience"] = IMPATIENCE
    return mark(*arguments)


def _run(told: Pipe, act: Callable[..., object], point: str, arguments: tuple[object, ...]) -> None:
    if point:
        failpoint.armed = failpoint.Failpoint(point)
    cluster_module.RECOVER_EVERY = None
    told.send(act(*arguments))


# --- what they do ---------------------------------------------------------------------------------------------


def mark(conninfo: str, number: int, scenario: str = "plain") -> tuple[str, str | None]:
    """Insert a mark on each server in one transaction; tells what it was told."""
    prepare_scenario(scenario)
    ways = {"best effort": "best_effort"}
    with Cluster.open(conninfo) as cluster:
        connection = cluster.connect(cross_shard_writes=ways.get(scenario, "2pc"))  # type: ignore[arg-type]
        try:
            for key in keys(cluster):
                connection.execute("INSERT INTO marks VALUES (%s, %s)", (key, number))
            connection.commit()
        except CommitUnknown as error:
            return UNKNOWN, error.xid
        except PartialCommit:
            return PARTIAL, None
        except (psycopg.Error, failpoint.FailpointReached) as error:
            notes = " ".join(getattr(error, "__notes__", []))
            return (COMMITTED if "is committed" in notes else FAILED), f"{type(error).__name__}: {error}"
        finally:
            connection.close()
    return COMMITTED, None


def prepare_scenario(scenario: str) -> None:
    """What goes wrong on the way, beside the failpoint."""
    if scenario == "refused":
        two_phase.MAX_AGE = "0 s"
    if scenario.endswith("lost"):
        lose_session("s1" if scenario == "decider lost" else "s2")


def lose_session(server: str) -> None:
    """Behind PREPARE, the session on a server is ended."""
    original = TwoPhaseCommit.prepare

    def then_lost(commit: TwoPhaseCommit) -> None:
        original(commit)
        connection = commit._sessions[server].connection
        with psycopg.connect(connection.info.dsn, autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s, 5000)", (connection.info.backend_pid,))

    TwoPhaseCommit.prepare = then_lost  # type: ignore[method-assign]  # in this process only


def recover(conninfo: str, user: str | None = None) -> int:
    """Make a recovery; tells how many parts it found."""
    with Cluster.open(conninfo) as cluster:
        if user is not None:
            for pool in cluster._pools.values():
                pool._conninfo = psycopg.conninfo.make_conninfo(pool._conninfo, user=user)
        return cluster.recover(min_age=0).found
