"""LISTEN and NOTIFY: what the catalog's server notifies of, to which both go."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from time import monotonic
from typing import TYPE_CHECKING

import psycopg
from psycopg import Notify
from psycopg.rows import Row

from parallel_partition.execution.failures import lost_with_session
from parallel_partition.execution.router import Router
from parallel_partition.execution.transaction import Transaction

if TYPE_CHECKING:
    from parallel_partition.execution.stream_plan import StreamingRunner

#: Seconds after which a wait looks whether Ctrl-C was pressed, or the connection closed.
_WAIT_INTERVAL = 0.1


class NotifiedConnection(psycopg.Connection[Row]):
    """The part of a connection that is told of notifications."""

    transaction_state: Transaction
    runner: StreamingRunner
    _router: Router
    #: What came while nobody waited for it and no handler was there.
    _came: deque[Notify]

    def check_usable(self) -> None:
        """Raise when the connection is closed."""
        raise NotImplementedError  # the connection that this is a part of has it

    def _notified(self, notify: Notify) -> None:
        """Hand a notification to the handlers, or keep it for `notifies`."""
        for callback in self._notify_handlers:
            callback(notify)
        if not self._notify_handlers:
            self._came.append(notify)

    def notifies(
        self, *, timeout: float | None = None, stop_after: int | None = None
    ) -> Generator[Notify, None, None]:
        """Iterate over the notifications of channels that LISTEN was executed for; see psycopg's ``notifies``.

        They are the catalog's server's, on which LISTEN and NOTIFY run. While one is handled, the connection can be
        used.

        Parameters
        ----------
        timeout : seconds to wait in all, None for ever
        stop_after : how many are enough; more may come where they came together

        Raises
        ------
        parallel_partition.errors.ServerUnavailable : the session that listens was lost
        """
        deadline = None if timeout is None else monotonic() + timeout
        received = 0
        while True:
            left = _WAIT_INTERVAL if deadline is None else min(_WAIT_INTERVAL, deadline - monotonic())
            for notify in self._arrived(max(left, 0.0)):
                yield notify
                received += 1
            if stop_after is not None and received >= stop_after:
                return
            if deadline is not None and monotonic() > deadline:
                return

    def _arrived(self, seconds: float) -> list[Notify]:
        """What came by now, or does within this time."""
        with self.lock:
            self.check_usable()
            self.runner.refuse_while_streaming()
            catalog = self._router.state.catalog
            session = self.transaction_state.session(catalog)
            if not self._came:
                session.poller.poll(seconds * 1000)
                if session.lost_while_idle():
                    raise lost_with_session(
                        catalog, "what it listened to: close this connection and open another"
                    )
            session.hand_out_notifies()
            came = list(self._came)
            self._came.clear()
            return came
