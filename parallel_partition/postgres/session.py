"""One connection as the executor drives it: statements in one round trip, on ``psycopg.pq`` itself.

Several statements go to the server in one message train that ends in one Sync, so outside an explicit transaction they
are one implicit transaction. psycopg's own ``pipeline()`` does the same at 1.7 to 2.6 times the time of one
statement; these few calls cost 1.0.

The protocol is written as generators (`Session.exchange`) that yield when the socket must be waited for;
`execution.fan_out` waits for many of them at once.
"""

from __future__ import annotations

import itertools
import logging
import os
import select
import socket
from collections import OrderedDict
from collections.abc import Generator, Mapping, Sequence
from time import monotonic
from typing import Any

import psycopg
from psycopg import generators, pq, waiting
from psycopg.abc import Buffer
from psycopg.errors import error_from_result
from psycopg.pq.abc import PGconn, PGresult

from parallel_partition import errors
from parallel_partition.postgres.driver_errors import as_driver_error, known_at
from parallel_partition.statements import Parameters, Statement

logger = logging.getLogger("parallel_partition")

#: What an exchange yields: True when it also waits for room to write.
Exchange = Generator[bool, None, list[PGresult]]

_BAD = pq.ConnStatus.BAD
_FATAL = pq.ExecStatus.FATAL_ERROR
#: After an error of this severity the server ends the connection.
_LAST_WORDS = (b"FATAL", b"PANIC")
_SYNC = pq.ExecStatus.PIPELINE_SYNC
#: A failure leaves later statements PIPELINE_ABORTED; both come after the statuses of success.
_PROBLEMS = pq.ExecStatus.BAD_RESPONSE
_COPIES = (pq.ExecStatus.COPY_IN, pq.ExecStatus.COPY_OUT, pq.ExecStatus.COPY_BOTH)

#: psycopg's own defaults: a statement is prepared when it is run for the sixth time, the 100 latest are kept.
PREPARE_THRESHOLD = 5
PREPARED_MAX = 100

#: How many results of a lost connection are looked through for its last words: a train has two or three statements.
UNREAD_MAX = 10

#: Names are never used twice: a connection may be seen through several sessions.
_names = itertools.count(1)

#: Seconds that a cancelled server has to say so before its connection is closed.
CANCEL_GRACE = 2.0
#: Seconds between two cancels of one statement.
CANCEL_PAUSE = 0.1
#: Seconds after which a wait looks whether Ctrl-C was pressed, as psycopg's own.
WAIT_INTERVAL = 0.1

#: What a statement is prepared under: its text and the types of its parameters.
StatementKey = tuple[bytes, tuple[int, ...]]


class Session:
    """A connection of one server, and what is prepared on it.

    ``default_isolation`` is the isolation of a BEGIN that names none, once it was learned. ``touched`` is set by
    whoever changes session state (SET, temporary tables); such a session is reset with DISCARD ALL before somebody
    else borrows it.
    """

    def __init__(self, connection: psycopg.Connection[Any], server: str) -> None:
        self.connection = connection
        self.server = server
        self.touched = False
        self.default_isolation: str | None = None
        #: What was answered in the latest exchange, also where it did not come to its end.
        self.received: list[PGresult] = []
        #: How many exchanges have begun: one that goes on for long has the same number.
        self.exchanges = 0
        #: How often running the server could not tell how its tables look: the plan of that look is no good.
        self.unsure = 0
        self.prepare_threshold: int | None = PREPARE_THRESHOLD
        self.prepared_max: int | None = PREPARED_MAX
        self._prepared: OrderedDict[StatementKey, bytes] = OrderedDict()
        self._seen: OrderedDict[StatementKey, int] = OrderedDict()
        self._pgconn = connection.pgconn
        #: Waits for this session's answers alone; made once, since one per statement would show in point queries.
        self.poller = select.poll()
        self.poller.register(self._pgconn.socket, select.POLLIN)

    @property
    def fileno(self) -> int:
        """The socket's descriptor."""
        return self._pgconn.socket

    @property
    def alive(self) -> bool:
        """False once the connection was lost or closed."""
        return self._pgconn.status != _BAD

    def lost_while_idle(self) -> bool:
        """True when the connection was lost, also when only its socket knows of it so far."""
        while self._pgconn.status != _BAD:
            if not self.poller.poll(0):
                return False
            try:
                self._pgconn.consume_input()  # notices may have come, too
            except psycopg.OperationalError:
                break
        return True

    @property
    def transaction_status(self) -> int:
        """libpq's transaction status."""
        return self._pgconn.transaction_status

    def exchange(self, statements: Sequence[Statement]) -> Exchange:
        """Send ``statements`` and one Sync, and return a result for each, up to and including the first that failed.

        One that does not come to its end closes the connection: its answers would be taken for the next one's.

        Raises
        ------
        errors.ServerUnavailable : the connection was lost
        psycopg.Error : it could not be sent; either knows its server
        """
        pgconn = self._pgconn
        fresh: list[tuple[int, StatementKey, bytes]] = []
        owners: list[int] = []
        with _ToItsEnd(self):
            pgconn.enter_pipeline_mode()
            for number, statement in enumerate(statements):
                owners += [number] * self.send(statement, number, fresh)
                if statement.answered_at_once:
                    pgconn.send_flush_request()
            received = yield from self._synchronized()
        return self.settle(received, owners, fresh)

    def run(self, statements: Sequence[Statement]) -> list[PGresult]:
        """The same as `exchange`, to its end: the short way where one server is asked.

        It waits and reads by psycopg's compiled generators; ours cost a point query a tenth of its time.

        Raises
        ------
        errors.ServerUnavailable, psycopg.Error : as `exchange` does
        """
        fresh: list[tuple[int, StatementKey, bytes]] = []
        owners: list[int] = []
        with _ToItsEnd(self):
            self._pgconn.enter_pipeline_mode()
            for number, statement in enumerate(statements):
                owners += [number] * self.send(statement, number, fresh)
            received = self._answered()
        return self.settle(received, owners, fresh)

    def run_prepared(
        self,
        key: StatementKey,
        values: Sequence[Buffer | None],
        formats: Sequence[int],
        result_format: int,
        then: StatementKey,
    ) -> list[PGresult] | None:
        """Run a statement that is prepared, and ``then`` one without parameters; None where they are not.

        Returns
        -------
        Two results, or one that failed.
        """
        name, guard = self._prepared.get(key), self._prepared.get(then)
        pgconn = self._pgconn
        if name is None or guard is None or pgconn.status == _BAD:
            return None
        self._prepared.move_to_end(key)
        with _ToItsEnd(self):
            pgconn.enter_pipeline_mode()
            pgconn.send_query_prepared(name, values, formats, result_format)
            pgconn.send_query_prepared(guard, (), (), 0)
            received = self._answered()
        return received[:1] if received[0].status == _FATAL else received

    def _answered(self) -> list[PGresult]:
        """Send what is queued and a Sync, and wait for all results."""
        pgconn = self._pgconn
        wait = waiting.wait
        received: list[PGresult] = []
        try:
            fileno = pgconn.socket
            pgconn.pipeline_sync()
            if pgconn.flush():
                wait(generators.send(pgconn), fileno, WAIT_INTERVAL)
            while True:
                results = wait(generators.fetch_many(pgconn), fileno, WAIT_INTERVAL)
                if not results:
                    raise psycopg.OperationalError("the connection was closed meanwhile")
                status = results[-1].status
                if status == _SYNC:
                    break
                received += results
                if status in _COPIES:
                    self._refuse_copy(results[-1])
            pgconn.exit_pipeline_mode()
        except psycopg.OperationalError as error:
            raise _said_why(pgconn, received) or error from error
        return received

    def _refuse_copy(self, result: PGresult) -> None:
        if result.status in _COPIES:
            raise psycopg.NotSupportedError("COPY is not a statement that execute() can carry")

    def _synchronized(self) -> Exchange:
        """Send what is queued and a Sync, and read up to the server's Sync."""
        pgconn = self._pgconn
        self.received = received = list[PGresult]()
        try:
            pgconn.pipeline_sync()
            while pgconn.flush():
                yield True
                pgconn.consume_input()
            while True:
                while pgconn.is_busy():
                    yield False
                    pgconn.consume_input()
                result = pgconn.get_result()
                if result is None:
                    continue
                if result.status == _SYNC:
                    pgconn.exit_pipeline_mode()
                    self.hand_out_notifies()
                    return received
                self._refuse_copy(result)
                received.append(result)
        except psycopg.OperationalError as error:
            raise _said_why(pgconn, received) or error from error

    def hand_out_notifies(self) -> None:
        """Tell the connection of the notifications that came; where psycopg's generators read, they have done it."""
        while (notify := self._pgconn.notifies()) is not None:
            if (handler := self._pgconn.notify_handler) is not None:
                handler(notify)

    def broken_off(self, error: psycopg.Error) -> psycopg.Error:
        """The error of an exchange that did not come to its end; the connection is closed."""
        lost = not self.alive
        if lost and not error.sqlstate:
            error = _said_why(self._pgconn, []) or error
        self.close()
        if not lost or error.sqlstate:
            return known_at(error, self.server)
        message = f"the connection to server {self.server} was lost: {str(error).splitlines()[0]}"
        unavailable = as_driver_error(errors.ServerUnavailable(message).at(self.server))
        assert isinstance(unavailable, psycopg.Error)
        return unavailable

    def settle(
        self, received: list[PGresult], owners: list[int], fresh: list[tuple[int, StatementKey, bytes]]
    ) -> list[PGresult]:
        """One result per statement: the last of what it sent, or its failure; remember what got prepared."""
        if len(owners) == len(received) and not fresh and received[-1].status < _PROBLEMS:
            return received  # the usual case: one result each, none failed
        results: list[PGresult] = []
        prepared = len(owners)
        for place, (owner, result) in enumerate(zip(owners, received, strict=False)):
            if owner == len(results):
                results.append(result)
            else:
                results[owner] = result
            if result.status == _FATAL:
                # What fails when it is run, after its own PREPARE, is prepared all the same.
                prepared = owner + (
                    place > 0 and owners[place - 1] == owner and owner not in owners[place + 1 :]
                )
                break
        for number, key, name in fresh:
            if number < prepared:
                self._prepared[key] = name
        return results

    def send(self, statement: Statement, number: int, fresh: list[tuple[int, StatementKey, bytes]]) -> int:
        """Queue one statement; returns how many results it will have."""
        pgconn = self._pgconn
        parameters = statement.parameters
        if type(parameters) is not Parameters:
            parameters = Parameters.of(parameters)
        values, types, formats = parameters.values, parameters.types, parameters.formats
        key = (statement.text, types)
        name = self._prepared.get(key)
        if name is not None:
            self._prepared.move_to_end(key)
            pgconn.send_query_prepared(name, values, formats, statement.result_format)
            return 1
        if self._worth_preparing(key, statement.prepare):
            evicted, name = self.room_for_prepared()
            pgconn.send_prepare(name, statement.text, types)
            pgconn.send_query_prepared(name, values, formats, statement.result_format)
            fresh.append((number, key, name))
            return evicted + 2
        pgconn.send_query_params(statement.text, values, types, formats, statement.result_format)
        return 1

    def _worth_preparing(self, key: StatementKey, asked: bool | None) -> bool:
        if asked is not None:
            return asked
        if self.prepare_threshold is None:
            return False
        times = self._seen.pop(key, 0)
        if times >= self.prepare_threshold:
            return True
        self._seen[key] = times + 1
        if len(self._seen) > PREPARED_MAX:
            self._seen.popitem(last=False)
        return False

    def room_for_prepared(self) -> tuple[int, bytes]:
        """Close the prepared statements that were not used for longest, when there are too many.

        Returns
        -------
        How many results that will have, and a name for another one.
        """
        evicted = 0
        while self._prepared and self.prepared_max is not None and len(self._prepared) >= self.prepared_max:
            _, oldest = self._prepared.popitem(last=False)
            self._pgconn.send_query_params(b"DEALLOCATE " + oldest, [], (), [], 0)
            evicted += 1
        return evicted, b"pp%d" % next(_names)

    def prepared_name(self, key: StatementKey) -> bytes | None:
        """What a statement is prepared as; None where it is not."""
        return self._prepared.get(key)

    def remember_prepared(self, prepared: Mapping[StatementKey, bytes]) -> None:
        """Note what others prepared here, under names of `room_for_prepared`."""
        self._prepared.update(prepared)

    def describe(self, text: bytes, types: Sequence[int]) -> Exchange:
        """Parse and describe a statement without running it; the one result is its description or its failure."""
        pgconn = self._pgconn
        with _ToItsEnd(self):
            pgconn.enter_pipeline_mode()
            pgconn.send_prepare(b"", text, types)
            pgconn.send_describe_prepared(b"")
            received = yield from self._synchronized()
        failure = next((result for result in received if result.status == _FATAL), None)
        return [failure or received[-1]]

    def learn_default_isolation(self) -> None:
        """Ask once which isolation BEGIN gives here when it says nothing."""
        row = self.connection.execute("SHOW default_transaction_isolation", prepare=False).fetchone()
        self.default_isolation = row[0] if row else None

    def is_prepared(self, key: StatementKey) -> bool:
        """True when a statement is prepared here."""
        return key in self._prepared

    def forget_prepared(self) -> None:
        """Forget what is prepared, after DISCARD ALL, DEALLOCATE ALL or a change of tables."""
        self._prepared.clear()
        self._seen.clear()

    def discard_all(self) -> None:
        """Reset the session for its next borrower. RESET ALL would keep the role; DISCARD ALL does not."""
        self.connection.execute("DISCARD ALL")
        self.forget_prepared()
        self.touched = False

    def cancel(self, timeout: float = 1.0) -> None:
        """Ask the server to cancel what runs here; the caller reads the outcome or closes the connection."""
        self.connection.cancel_safe(timeout=timeout)

    def shut_down(self) -> None:
        """Let whoever waits for an answer here find the connection lost; called from another thread."""
        with socket.socket(fileno=os.dup(self.fileno)) as same:
            same.shutdown(socket.SHUT_RDWR)

    def abandon(self) -> None:
        """Close the connection in the middle of an exchange, and leave nothing running on the server.

        A cancel that arrives before the server has begun with the statement is lost, so it is sent until one works.
        """
        deadline = monotonic() + CANCEL_GRACE
        try:
            while monotonic() < deadline and self._pgconn.is_busy():
                self.cancel()
                if self.poller.poll(CANCEL_PAUSE * 1000):
                    self._pgconn.consume_input()
        except psycopg.Error as error:
            logger.warning("server %s: cancelling failed, the connection is closed: %s", self.server, error)
        finally:
            self.close()

    def close(self) -> None:
        """Close the connection, whatever state it is in."""
        self.connection.close()


class _ToItsEnd:
    """An exchange that closes the connection where it does not come to its end. A class: contextlib's is slower."""

    __slots__ = ("_session",)

    def __init__(self, session: Session) -> None:
        self._session = session
        session.exchanges += 1

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if error is None:
            return
        if isinstance(error, psycopg.Error):
            raise self._session.broken_off(error) from error
        self._session.abandon()


def _said_why(pgconn: PGconn, received: list[PGresult]) -> psycopg.Error | None:
    """The error with which the server ended the connection: "terminating connection due to ..."; None without one.

    What had arrived together with the end is not read yet, and added to what was received.
    """
    for _ in range(UNREAD_MAX):
        if (result := pgconn.get_result()) is not None:
            received.append(result)
    for result in received:
        if result.error_field(pq.DiagnosticField.SEVERITY_NONLOCALIZED) in _LAST_WORDS:
            return error_from_result(result, "utf-8")
    return None
