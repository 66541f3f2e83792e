"""One blocking call per connection, all at once: how `ParallelConnection` runs connections of any driver.

`fan_out` drives psycopg's own protocol from one thread; here only a thread can wait for a call that blocks.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")

#: Seconds between two cancels of one call. The first may fall between BEGIN and the statement and be lost,
#: so cancels are repeated while the call runs; the pause doubles up to the last.
_FIRST_PAUSE, _LAST_PAUSE = 0.01, 1.0
_QUERY_CANCELED = "57014"


class Round(Generic[T]):
    """One call per connection. With ``cancels`` the first to fail has the rest cancelled; without, each
    runs on.

    When every `run` has returned, nothing is on its way to a connection any more, not even a cancel: one
    that came late would hit the next statement.

    Parameters
    ----------
    size : how many connections there are
    call : what to do for the connection of this index
    cancels : what cancels each connection's call from another thread, None where the driver cannot
    """

    def __init__(
        self,
        size: int,
        call: Callable[[int], T],
        cancels: Sequence[Callable[[], object] | None] | None = None,
    ) -> None:
        self._call = call
        self._stops_on_failure = cancels is not None
        self._cancels = cancels or (None,) * size
        self._changed = threading.Condition()
        self._running: set[int] = set()
        self._stopping = False
        self._asked_to_stop: set[int] = set()
        self.results: dict[int, T] = {}
        self.failures: dict[int, Exception] = {}
        self.cancelled: set[int] = set()
        self.cancel_failures: dict[int, Exception] = {}

    def run(self, index: int) -> None:
        """Make the call for one connection, and stop the others when it is the first to fail."""
        if not self._start(index):
            return
        first_to_fail = False
        try:
            result = self._call(index)
        except Exception as error:
            first_to_fail = self._failed(index, error)
        else:
            self.results[index] = result
        finally:
            with self._changed:
                self._running.discard(index)
                self._changed.notify_all()
        if first_to_fail and self._stops_on_failure:
            self.stop()

    def stop(self) -> None:
        """Cancel what runs, until nothing does; what has not started never will."""
        with self._changed:
            self._stopping = True
        pause = _FIRST_PAUSE
        while running := self._still_running():
            for index in running:
                self._cancel(index)
            with self._changed:
                self._changed.wait_for(lambda: not self._running, timeout=pause)
            pause = min(2 * pause, _LAST_PAUSE)

    def _start(self, index: int) -> bool:
        with self._changed:
            if self._stopping:
                self.cancelled.add(index)
                return False
            self._running.add(index)
            return True

    def _failed(self, index: int, error: Exception) -> bool:
        """Note the failure; True for the first."""
        with self._changed:
            if index in self._asked_to_stop and _is_cancellation(error):
                self.cancelled.add(index)
                return False
            first = not self.failures and not self._stopping
            self.failures[index] = error
            self._stopping = self._stopping or self._stops_on_failure
            return first

    def _still_running(self) -> list[int]:
        with self._changed:
            return sorted(self._running)

    def _cancel(self, index: int) -> None:
        with self._changed:
            cancel = self._cancels[index]
            if cancel is None or index not in self._running:
                return
            self._asked_to_stop.add(index)
        try:
            cancel()
        except Exception as error:
            # The call goes on to its end then, and whoever reports the failure that stopped it says so.
            self.cancel_failures[index] = error


def _is_cancellation(error: Exception) -> bool:
    """True for what psycopg 3, psycopg 2 and sqlite3 raise in the statement that was cancelled."""
    code = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)
    return code == _QUERY_CANCELED or getattr(error, "sqlite_errorname", None) == "SQLITE_INTERRUPT"
