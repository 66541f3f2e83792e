"""One thread per server that works off what the caller puts into its queue while the caller goes on.

The queues are short: a caller that is faster than a server waits for it, so memory stays bounded.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextvars import copy_context
from threading import Condition, Thread
from typing import Generic, TypeVar

from parallel_partition.execution.threads import join_all, start_thread

T = TypeVar("T")


class Lanes(Generic[T]):
    """Threads that start with their first item. Whoever made them calls `finish` or `stop` in the end.

    Parameters
    ----------
    work : what a server's thread does, given the server and its items as they come
    depth : how many items may wait per server
    """

    def __init__(self, work: Callable[[str, Iterator[T]], None], depth: int) -> None:
        self._work = work
        self._depth = depth
        self._changed = Condition()
        self._waiting: dict[str, deque[T]] = {}
        self._threads: dict[str, Thread] = {}
        self._running: set[str] = set()
        self._complete = self._stopping = False
        self.failures: dict[str, Exception] = {}

    @property
    def servers(self) -> tuple[str, ...]:
        """The servers that got an item, in that order."""
        with self._changed:
            return tuple(self._threads)

    @property
    def running(self) -> frozenset[str]:
        """The servers whose thread has not ended."""
        with self._changed:
            return frozenset(self._running)

    def put(self, server: str, item: T) -> bool:
        """Hand an item to a server, waiting while it has enough; False, without that, when one failed."""
        with self._changed:
            if server not in self._threads:
                self._start(server)
            waiting = self._waiting[server]
            self._changed.wait_for(lambda: self.failures or len(waiting) < self._depth)
            if self.failures:
                return False
            waiting.append(item)
            self._changed.notify_all()
        return True

    def finish(self) -> bool:
        """Let the threads work off their items and end; False as soon as one failed: then `stop`."""
        with self._changed:
            self._complete = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self.failures or not self._running)
            if self.failures:
                return False
        join_all(self._threads.values())
        return True

    def stop(self, cancel: Callable[[str], None]) -> None:
        """End all threads, cancelling what they are at; failures from here on are not noted."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        while running := self.running:
            for server in running:
                cancel(server)
            # A cancel that arrives between two statements is lost: it is sent again.
            with self._changed:
                self._changed.wait_for(lambda: not self._running, timeout=0.2)
        join_all(self._threads.values())

    def _start(self, server: str) -> None:
        self._waiting[server] = deque()
        thread = Thread(
            target=copy_context().run,
            args=(self._run, server),
            name=f"parallel_partition-{server}",
            daemon=True,
        )
        # All is noted before the thread can look; it waits for the lock that the caller holds.
        self._running.add(server)
        try:
            start_thread(self._threads, server, thread)
        except RuntimeError:
            self._running.remove(server)
            raise

    def _run(self, server: str) -> None:
        try:
            self._work(server, self._items(server))
        except Exception as error:
            with self._changed:
                if not self._stopping:
                    self.failures[server] = error
        finally:
            with self._changed:
                self._running.discard(server)
                self._changed.notify_all()

    def _items(self, server: str) -> Iterator[T]:
        waiting = self._waiting[server]
        while True:
            with self._changed:
                self._changed.wait_for(lambda: waiting or self._complete or self._stopping)
                if self._stopping or not waiting:
                    return
                item = waiting.popleft()
                self._changed.notify_all()
            yield item
