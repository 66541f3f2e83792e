"""Accounts on several servers, between which money is moved, and the gate of their snapshots."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import psycopg
import pytest
from psycopg import pq

from parallel_partition import Cluster
from parallel_partition.dbapi.connection import Connection
from parallel_partition.execution.two_phase import TwoPhaseCommit

SERVERS = ("s1", "s2", "s3")
TABLES = (
    ("CREATE TABLE accounts (id integer PRIMARY KEY, balance integer NOT NULL)", {"key": "id"}),
    ("CREATE TABLE rates (name text PRIMARY KEY, rate integer NOT NULL)", {"reference": True}),
)
#: The same sum by each strategy that reads all servers, the last by a reference table, too.
SUMS = {
    "whole": "SELECT balance FROM accounts ORDER BY id",
    "split": "SELECT sum(balance) FROM accounts",
    "gather": "SELECT sum(balance) FROM (SELECT balance, row_number() OVER (ORDER BY balance) FROM accounts) AS ranked",
}
RATES = """
    SELECT sum(a.balance) + min(r.rate), count(DISTINCT a.balance)
    FROM rates r LEFT JOIN accounts a ON a.balance <> r.rate
"""
SNAPSHOTS = ("snapshot", "snapshot strict")
IDLE = pq.TransactionStatus.IDLE
GATE = "SELECT mode FROM pg_locks WHERE relation = 'parallel_partition.snapshot_gate'::regclass AND granted"


def with_tables(cluster: Cluster) -> Cluster:
    for statement, how in TABLES:
        cluster.create_table(statement, **how)
    return cluster


def account_on(cluster: Cluster, server: str) -> int:
    return next(n for n in range(1, 31) if cluster.shard_map.server_of(n) == server)


def move(cluster: Cluster, amount: int, source: str = "s1", target: str = "s3") -> None:
    """Move money from an account on one server to one on another, in one transaction."""
    with cluster.connect() as connection:
        add(connection, account_on(cluster, source), -amount)
        add(connection, account_on(cluster, target), amount)


def add(connection: Connection[Any], account: int, amount: int) -> None:
    connection.execute("UPDATE accounts SET balance = balance + %s WHERE id = %s", (amount, account))


def balance(connection: Connection[Any], account: int) -> int:
    row = connection.execute("SELECT balance FROM accounts WHERE id = %s", (account,)).fetchone()
    assert row is not None
    return int(row[0])


def total(connection: Connection[Any], query: str = SUMS["split"]) -> int:
    return sum(int(row[0]) for row in connection.execute(query))


@contextmanager
def direct(cluster: Cluster, *servers: str) -> Iterator[dict[str, psycopg.Connection[Any]]]:
    """Connections past the library, each in a transaction, rolled back in the end."""
    with ExitStack() as stack:
        yield {
            server: stack.enter_context(psycopg.connect(cluster.servers[server].conninfo))
            for server in servers or cluster.servers
        }


@contextmanager
def gate_held(cluster: Cluster, mode: str, *servers: str) -> Iterator[None]:
    """Hold the snapshot gate, as others do it for a moment."""
    with direct(cluster, *servers) as connections:
        for connection in connections.values():
            connection.execute(f"LOCK TABLE parallel_partition.snapshot_gate IN {mode} MODE".encode())
        yield
        for connection in connections.values():
            connection.rollback()


@contextmanager
def paused(
    monkeypatch: pytest.MonkeyPatch, step: str, act: Callable[[], None]
) -> Iterator[Callable[[], None]]:
    """Let the commit of ``act``, in a thread of its own, stand still behind a step; gives what lets it go on."""
    reached, goes_on = threading.Event(), threading.Event()
    original = getattr(TwoPhaseCommit, step)

    def stepped(commit: TwoPhaseCommit) -> None:
        original(commit)
        reached.set()
        assert goes_on.wait(30)

    thread = threading.Thread(target=act)

    def finish() -> None:
        goes_on.set()
        thread.join(30)
        assert not thread.is_alive()

    monkeypatch.setattr(TwoPhaseCommit, step, stepped)
    thread.start()
    try:
        assert reached.wait(30)
        yield finish
    finally:
        finish()
