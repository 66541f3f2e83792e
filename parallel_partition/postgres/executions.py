"""Many statements on one server, sent one behind the other; their answers are read while more are sent.

What libpq calls a pipeline: the server works on the first while the last is still being made, and nobody waits for a
round trip. `Session.exchange` is for a few statements, whose results matter; here only how many rows they changed does.
"""

from __future__ import annotations

import select
from collections.abc import Sequence

import psycopg
from psycopg import pq
from psycopg.abc import Buffer
from psycopg.pq.abc import PGresult

from parallel_partition.postgres.session import Exchange, Session, StatementKey
from parallel_partition.statements import Statement

_FATAL = pq.ExecStatus.FATAL_ERROR
_SYNC = pq.ExecStatus.PIPELINE_SYNC
_BOTH = select.POLLIN | select.POLLOUT

#: After how many statements what was sent is pushed out, and what came is read. With 20 more time goes into asking;
#: with 1,000 the server waits at the beginning.
PUSH_EVERY = 100


class Executions:
    """Statements that run on a session, which is in a transaction; from the first `send` until `ending` was driven.

    ``changed`` is how many rows they changed so far, ``last`` the result of the last one, ``failure`` of the one that
    failed: none after it is run. ``counts`` are the rows of each, where it is made a list.
    """

    def __init__(self, session: Session, before: Sequence[Statement]) -> None:
        self.session = session
        self.changed = 0
        self.counts: list[int] | None = None
        self.last: PGresult | None = None
        self.failure: PGresult | None = None
        self._pgconn = session.connection.pgconn
        self._awaited = 0
        self._unpushed = 0
        self._names: dict[StatementKey, bytes] = {}
        self._fresh: dict[StatementKey, bytes] = {}
        self._pgconn.enter_pipeline_mode()
        for statement in before:
            self._awaited += session.send(statement, 0, [])

    def send(self, key: StatementKey, values: Sequence[Buffer | None], formats: Sequence[int]) -> None:
        """Send one more; it is prepared at its first time.

        Parameters
        ----------
        key : its text and the types of its parameters

        Raises
        ------
        psycopg.OperationalError : the connection was lost
        """
        name = self._names.get(key) or self._named(key)
        self._pgconn.send_query_prepared(name, values, formats, 0)
        self._awaited += 1
        self._unpushed += 1
        if self._unpushed >= PUSH_EVERY:
            self.push()

    def _named(self, key: StatementKey) -> bytes:
        name = self.session.prepared_name(key)
        if name is None:
            evicted, name = self.session.room_for_prepared()
            self._pgconn.send_prepare(name, *key)
            self._awaited += evicted + 1
            self._fresh[key] = name
        self._names[key] = name
        return name

    def push(self) -> None:
        """Make sure that all is on its way, and read what has come; a server that is behind is waited for."""
        self._unpushed = 0
        pgconn, poller = self._pgconn, self.session.poller
        while pgconn.flush():
            poller.modify(self.session.fileno, _BOTH)
            poller.poll()
            poller.modify(self.session.fileno, select.POLLIN)
            pgconn.consume_input()
            self._read()
        if poller.poll(0):
            pgconn.consume_input()
            self._read()

    def _read(self) -> None:
        """Take the results that are here."""
        pgconn = self._pgconn
        while self._awaited and not pgconn.is_busy():
            result = pgconn.get_result()
            if result is not None:
                self._awaited -= 1
                self._take(result)

    def _take(self, result: PGresult) -> None:
        if result.status == _FATAL:
            self.failure = result
        elif self.failure is None and (count := result.command_tuples) is not None:
            self.changed += count
            if self.counts is not None:
                self.counts.append(count)
            self.last = result

    def ending(self, then: Sequence[Statement]) -> Exchange:
        """Run what is to follow the last one, and read to the end; as `Session.exchange`, the results of ``then``.

        Returns
        -------
        They, or the failure of what was sent before, alone.
        """
        session, pgconn = self.session, self._pgconn
        fresh: list[tuple[int, StatementKey, bytes]] = []
        owners: list[int] = []
        received: list[PGresult] = []
        try:
            for number, statement in enumerate(then):
                owners += [number] * session.send(statement, number, fresh)
            pgconn.pipeline_sync()
            while pgconn.flush():
                yield True
                pgconn.consume_input()
                self._read()
            while True:
                while pgconn.is_busy():
                    yield False
                    pgconn.consume_input()
                result = pgconn.get_result()
                if result is None:
                    continue
                if result.status == _SYNC:
                    break
                if self._awaited:
                    self._awaited -= 1
                    self._take(result)
                else:
                    received.append(result)
            pgconn.exit_pipeline_mode()
        except psycopg.Error as error:
            raise session.broken_off(error) from error
        except BaseException:
            session.abandon()
            raise
        if self.failure is not None:
            return [self.failure]
        session.remember_prepared(self._fresh)
        return session.settle(received, owners, fresh) if received else []
