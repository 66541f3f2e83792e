"""One transaction over many servers that is fed by COPY: all of its rows are kept, or none."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterator, Sequence
from time import monotonic
from typing import Any

import psycopg
from psycopg import pq

from parallel_partition.catalog.cluster import ClusterState
from parallel_partition.catalog.identifiers import quoted
from parallel_partition.catalog.tables import Column, Table
from parallel_partition.execution.declared_tables import differences, differs, differs_instead
from parallel_partition.execution.failures import one_error, stale_map
from parallel_partition.execution.fan_out import run_one
from parallel_partition.execution.lanes import Lanes
from parallel_partition.execution.run_each import roll_back
from parallel_partition.execution.snapshot import ENTER_TOGETHER
from parallel_partition.execution.two_phase import (
    PATIENCE,
    Committed,
    check_prepared_allowed,
    commit_everywhere,
)
from parallel_partition.execution.version import StaleTables, StaleVersion, Versions, may_be_stale
from parallel_partition.postgres.copy import CopyChunk, CopyRefused, copy_in
from parallel_partition.postgres.draw import draw
from parallel_partition.postgres.driver_errors import error_of_result
from parallel_partition.postgres.named_sql import load
from parallel_partition.postgres.pool import Pools
from parallel_partition.postgres.session import CANCEL_GRACE, Session
from parallel_partition.statements import Parameter, Statement

logger = logging.getLogger("parallel_partition")

#: Chunks that wait per server. One to work on and one behind it keep a server busy.
DEPTH = 2

_SQL = load("load")
#: The same isolation on every server, whatever its sessions default to.
_BEGIN = Statement(b"BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE", prepare=False)


class BulkLoad:
    """Chunks go in by `send`; `commit` or `abort` ends it and gives every connection back.

    Parameters
    ----------
    pools : the cluster's pools
    state : the cluster as it is known; a server that knows a later one refuses the load
    table : where the rows go; a server that has it otherwise refuses the load
    """

    def __init__(self, pools: Pools, state: ClusterState, table: Table) -> None:
        self._pools = pools
        self._state = state
        self._table = table
        self._versions = Versions(state, pools, {})
        self._versions.text = quoted(table.name).encode()
        self._look = self._versions.sequences
        self._lanes = Lanes(self._work, DEPTH)
        self._sessions: dict[str, Session] = {}
        self._cancelled: dict[str, float] = {}
        self._catalog: psycopg.Connection[Any] | None = None
        self._catalog_begun = False
        self._settings: list[tuple[str, str]] = []

    @property
    def catalog(self) -> psycopg.Connection[Any]:
        """A connection of this load's own to the catalog's server."""
        if self._catalog is None:
            self._catalog = self._pools[self._state.catalog].acquire()
        return self._catalog

    def draw(self, columns: Sequence[Column], count: int) -> list[tuple[str | None, ...]]:
        """Values for so many rows by the catalog's sequences and the columns' defaults.

        All are drawn in one transaction, so that ``now()`` is one time. It is rolled back in the end, which
        sequences do not mind.
        """
        if not self._catalog_begun:
            self.catalog.execute(_BEGIN.text)
            self._catalog_begun = True
        return draw(self.catalog, columns, count)

    def send(self, server: str, chunk: CopyChunk) -> None:
        """Hand a chunk to a server, waiting while it has enough.

        Raises
        ------
        CopyRefused : some server refused a row, of this or an earlier chunk
        psycopg.Error, errors.Error : a server failed otherwise
        """
        if not self._settings:
            self._settings = self.catalog.execute(_SQL["input_settings"]).fetchall()
        if not self._lanes.put(server, chunk):
            raise self._failure()

    def commit(self) -> Committed:
        """Wait until all is written, and commit it on all servers at once.

        Raises
        ------
        errors.StaleMap : the map or a table changed since; nothing is kept
        errors.TableDiffers : a server has the table otherwise by now; nothing is kept
        As `send` and `two_phase.commit_everywhere`.
        """
        if not self._lanes.finish():
            raise self._failure()
        sessions = [self._sessions[server] for server in self._state.servers if server in self._sessions]
        participants = {session.server: session.connection for session in sessions}
        if len(participants) > 1:
            for server, connection in participants.items():
                check_prepared_allowed(connection, server)
        for session in sessions:
            self._check(session, [])
        if len(sessions) > 1:
            self._enter_first(sessions[0])
        committed = commit_everywhere(
            participants,
            self._state.cluster_id,
            lambda server: self._pools[server].connection(),
            writers=participants,
        )
        self._release()
        return committed

    def abort(self) -> None:
        """End everything at once, and keep nothing. After a `commit` that raised this only cleans up."""
        self._lanes.stop(self._cancel)
        for server in self._cancelled:
            # A late cancel would hit whatever the next borrower runs.
            self._sessions[server].close()
        roll_back(self._sessions.values(), PATIENCE)
        self._release()

    def _work(self, server: str, chunks: Iterator[CopyChunk]) -> None:
        """What a server's thread does."""
        session = self._sessions[server] = self._pools[server].acquire_session()
        settings = [
            Statement(_SQL["take_setting"].encode(), [_text(name), _text(value)], prepare=False)
            for name, value in self._settings
        ]
        self._check(session, [_BEGIN, *settings])
        if server != self._lanes.servers[0]:
            check_prepared_allowed(session.connection, server)
        for chunk in chunks:
            try:
                copy_in(session.connection, server, chunk)
            except (psycopg.Error, CopyRefused) as error:
                self._raise_for_tables(session, error)
                raise

    def _raise_for_tables(self, session: Session, error: psycopg.Error | CopyRefused) -> None:
        """Raise where a chunk was refused because tables are others than this load takes them for."""
        said = error.__cause__ if isinstance(error, CopyRefused) else error
        if not isinstance(said, psycopg.Error):
            return
        if may_be_stale(said) and self._versions.moved_on(session, None):
            raise stale_map(session.server) from error
        instead = differs_instead(
            self._pools, self._versions.state, self._versions.text, {session.server: said}
        )
        if instead is not None:
            raise instead

    def _check(self, session: Session, before: list[Statement]) -> None:
        """Raise unless map and tables are those that this load was made for.

        Behind the last row that is so until the commit: who changes a table waits for those who write its children.
        """
        train = [*before, self._versions.assertion(session.server, None), self._look]
        result = run_one(session, session.exchange(train))[-1]
        if result.status == pq.ExecStatus.FATAL_ERROR:
            error = error_of_result(result, session.server)
            if may_be_stale(error):
                raise stale_map(session.server) from error
            raise error
        try:
            self._versions.verify_sequences(session, result)
        except StaleTables:
            told = differences(self._pools, session.server, self._state, [self._table])
            raise (differs(told.values(), session.server) if told else stale_map(session.server)) from None
        except StaleVersion:
            raise stale_map(session.server) from None

    def _enter_first(self, session: Session) -> None:
        """Enter the first server's snapshot gate before the others': see `snapshot`."""
        result = run_one(session, session.exchange([ENTER_TOGETHER]))[-1]
        if result.status == pq.ExecStatus.FATAL_ERROR:
            raise error_of_result(result, session.server)

    def _failure(self) -> Exception:
        """One error for those of all servers: a row that was refused, when there is one."""
        failures = self._lanes.failures
        refused = next((error for error in failures.values() if isinstance(error, CopyRefused)), None)
        return refused or one_error(failures)

    def _cancel(self, server: str) -> None:
        session = self._sessions.get(server)
        if session is None:
            return  # it is still connecting
        since = self._cancelled.setdefault(server, monotonic())
        if monotonic() - since > CANCEL_GRACE:
            _cut(session.connection)
            return
        try:
            session.cancel(timeout=CANCEL_GRACE / 2)
        except psycopg.Error as error:
            logger.warning("server %s: cancelling failed, its connection is cut: %s", server, error)
            _cut(session.connection)

    def _release(self) -> None:
        sessions, self._sessions = self._sessions, {}
        for server, session in sessions.items():
            self._pools[server].release_session(session)
        if self._catalog is not None:
            catalog, self._catalog = self._catalog, None
            if not catalog.closed:
                roll_back([Session(catalog, self._state.catalog)], PATIENCE)
            self._pools[self._state.catalog].release(catalog)


def _text(value: str) -> Parameter:
    return Parameter(value.encode(), 0, 0)


def _cut(connection: psycopg.Connection[Any]) -> None:
    """Let the thread that waits on the connection see its end; closing it under it would be unsafe."""
    try:
        own = socket.socket(fileno=os.dup(connection.fileno()))
    except (OSError, psycopg.OperationalError):
        return  # it is closed
    with own:
        own.shutdown(socket.SHUT_RDWR)
