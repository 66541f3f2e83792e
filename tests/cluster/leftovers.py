"""Parts of transactions over several servers that were left behind, made by hand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from parallel_partition import Cluster
from parallel_partition.execution.two_phase import Gid, new_xid


class Leftovers:
    """A cluster, direct ways to its servers, and a table of numbers on each of them."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        for server in cluster.servers:
            self.ask(server, "CREATE TABLE numbers (id integer)")

    @contextmanager
    def direct(self, server: str, **options: Any) -> Iterator[psycopg.Connection[Any]]:
        with psycopg.connect(self.cluster.servers[server].conninfo, autocommit=True, **options) as connection:
            yield connection

    def ask(self, server: str, query: str, *values: object) -> list[Any]:
        with self.direct(server) as connection:
            cursor = connection.execute(query.encode(), values or None)
            return [row[0] for row in cursor] if cursor.description else []

    def gid(self, decider: str, xid: str | None = None, part: int = 2) -> Gid:
        return Gid(self.cluster._state.cluster_id, decider, xid or new_xid(), part)

    def prepare(self, server: str, gid: Gid | str, number: int, role: str | None = None) -> None:
        """Leave a part on a server that inserts a number."""
        with self.direct(server) as connection:
            connection.execute("BEGIN")
            if role:
                connection.execute(f"SET LOCAL ROLE {role}".encode())
            connection.execute("INSERT INTO numbers VALUES (%s)", (number,))
            connection.execute(f"PREPARE TRANSACTION '{gid}'".encode())

    def decide(self, gid: Gid, number: int) -> None:
        """Commit the decider's part, with the decision."""
        with self.direct(gid.decider) as connection, connection.transaction():
            connection.execute("INSERT INTO numbers VALUES (%s)", (number,))
            connection.execute("SELECT parallel_partition.decide(%s, '12 h')", (gid.xid,))

    def left(self, number: int, *, decided: bool, others: tuple[str, ...] = ("s2", "s3")) -> Gid:
        """Leave a whole transaction behind the loss of its client; s1 decides."""
        gid = self.gid("s1")
        for part, server in enumerate(others, 2):
            self.prepare(server, gid._replace(part=part), number)
        if decided:
            self.decide(gid, number)
        return gid

    def prepared(self) -> dict[str, list[str]]:
        query = "SELECT gid FROM pg_prepared_xacts WHERE database = current_database() ORDER BY gid"
        return {server: gids for server in self.cluster.servers if (gids := self.ask(server, query))}

    def numbers(self) -> dict[str, list[int]]:
        return {
            server: self.ask(server, "SELECT id FROM numbers ORDER BY id") for server in self.cluster.servers
        }

    def decisions(self, server: str = "s1") -> dict[str, bool]:
        with self.direct(server) as connection:
            return dict(
                connection.execute("SELECT xid, committed FROM parallel_partition.decision").fetchall()
            )

    def clear(self) -> None:
        for server, gids in self.prepared().items():
            for gid in gids:
                self.ask(server, f"ROLLBACK PREPARED '{gid}'")
        for server in self.cluster.servers:
            self.ask(server, "TRUNCATE numbers, parallel_partition.decision")
