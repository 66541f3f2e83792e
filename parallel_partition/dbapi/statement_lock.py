"""One statement of a connection at a time."""

from __future__ import annotations

import threading
from types import TracebackType


class StatementLock:
    """Held while a statement runs; taken only when no cancel of the one before is on its way any more.

    A cancel names a session, not a statement: what arrives late ends whatever runs there by then.
    """

    __slots__ = ("_running", "cancelling")

    def __init__(self) -> None:
        self._running = threading.Lock()
        #: Held while cancels are sent. By a signal's handler, too, in the middle of anything: it can be taken again.
        self.cancelling = threading.RLock()

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        """See `threading.Lock.acquire`."""
        taken = self._running.acquire(blocking, timeout)
        if taken:
            with self.cancelling:
                pass
        return taken

    def release(self) -> None:
        """See `threading.Lock.release`."""
        self._running.release()

    def locked(self) -> bool:
        """See `threading.Lock.locked`."""
        return self._running.locked()

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()
