"""A statement begins when the one before has ended, and so have its cancels."""

from __future__ import annotations

import threading

from parallel_partition.dbapi.statement_lock import StatementLock


def test_it_is_taken_once_no_cancel_is_on_its_way() -> None:
    lock = StatementLock()
    began = threading.Event()

    def run() -> None:
        with lock:
            began.set()

    with lock.cancelling:
        with lock.cancelling:  # in the handler of a signal
            statement = threading.Thread(target=run)
            statement.start()
        assert not began.wait(0.1)
    assert began.wait(10)
    statement.join()
    assert not lock.locked()


def test_it_is_held_by_one_at_a_time() -> None:
    lock = StatementLock()
    with lock:
        assert lock.locked()
        assert not lock.acquire(blocking=False)
        assert not lock.acquire(timeout=0.01)
    assert lock.acquire(blocking=False)
    lock.release()
