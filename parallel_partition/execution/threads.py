"""One thread per server, for work that blocks: connecting, COPY. Statements go through `fan_out`."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from contextvars import copy_context
from queue import SimpleQueue
from threading import Thread
from time import sleep
from typing import Generic, TypeVar

from psycopg.errors import QueryCanceled

from parallel_partition.execution.failures import one_error

logger = logging.getLogger("parallel_partition")

T = TypeVar("T")
Cancel = Callable[[str], None]

_TRIES = 100


def on_all(tasks: Mapping[str, Callable[[], T]], cancel: Cancel | None = None) -> dict[str, T]:
    """Run one task per server at once, each in a copy of the caller's context, and wait for all of them.

    The first failure, and an interrupt of the caller, cancel what still runs. No thread is left behind.

    Parameters
    ----------
    tasks : what to run, by server
    cancel : makes the task of the server that it is called with end early

    Returns
    -------
    What each task returned, in the order of ``tasks``.

    Raises
    ------
    The error of the server that failed, with ``server`` set.
    errors.FanOutError : several servers failed, each for its own reason
    """
    return _Running(tasks, cancel).results()


def start_thread(threads: dict[str, Thread], server: str, thread: Thread) -> None:
    """Start a thread and note it, also when an interrupt hits the start: it may run all the same."""
    threads[server] = thread
    try:
        thread.start()
    except RuntimeError:  # the system has no room for another
        del threads[server]
        raise


def join_all(threads: Iterable[Thread]) -> None:
    """Wait for the end of threads. One whose start was interrupted is given a second to come up."""
    for thread in threads:
        for _ in range(_TRIES):
            try:
                thread.join()
                break
            except RuntimeError:
                sleep(1 / _TRIES)


class _Running(Generic[T]):
    def __init__(self, tasks: Mapping[str, Callable[[], T]], cancel: Cancel | None) -> None:
        self._tasks = tasks
        self._cancel = cancel
        self._ended: SimpleQueue[str] = SimpleQueue()
        self._returned: dict[str, T] = {}
        self._failures: dict[str, Exception] = {}
        self._cancelled: set[str] = set()
        self._threads: dict[str, Thread] = {}

    def results(self) -> dict[str, T]:
        try:
            for server, task in self._tasks.items():
                self._start(server, task)
            for _ in self._tasks:
                if self._ended.get() in self._failures:
                    self._cancel_others()
        except BaseException:
            self._cancel_others()
            raise
        finally:
            join_all(self._threads.values())
        if failures := self._own_failures():
            raise one_error(failures)
        return {server: self._returned[server] for server in self._tasks}

    def _start(self, server: str, task: Callable[[], T]) -> None:
        thread = Thread(
            target=copy_context().run,
            args=(self._run, server, task),
            name=f"parallel_partition-{server}",
            daemon=True,
        )
        start_thread(self._threads, server, thread)

    def _run(self, server: str, task: Callable[[], T]) -> None:
        try:
            self._returned[server] = task()
        except Exception as error:
            self._failures[server] = error
        finally:
            self._ended.put(server)

    def _cancel_others(self) -> None:
        for server in self._threads:
            if self._cancel and not {server} & (
                self._cancelled | self._failures.keys() | self._returned.keys()
            ):
                self._cancelled.add(server)
                try:
                    self._cancel(server)
                except Exception as error:
                    logger.warning("server %s: cancelling failed: %s", server, error)

    def _own_failures(self) -> dict[str, Exception]:
        """The failures in server order, without those that our own cancelling caused."""
        ordered = {server: self._failures[server] for server in self._tasks if server in self._failures}
        own = {
            server: error
            for server, error in ordered.items()
            if not (server in self._cancelled and isinstance(error, QueryCanceled))
        }
        return own or ordered
