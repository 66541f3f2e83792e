"""Threads per server: results and errors of all, nothing left behind."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import NoReturn

import psycopg
import pytest

from parallel_partition import errors
from parallel_partition.execution.lanes import Lanes
from parallel_partition.execution.threads import on_all

SEEN: ContextVar[str] = ContextVar("SEEN")


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) == before


def raising(error: BaseException) -> Callable[[], NoReturn]:
    def fail() -> NoReturn:
        raise error

    return fail


def test_all_run_at_once_and_answer_in_order() -> None:
    together = threading.Barrier(3, timeout=10)
    tasks = {name: lambda name=name: (together.wait(), name.upper())[1] for name in ("b", "a", "c")}
    assert list(on_all(tasks).items()) == [("b", "B"), ("a", "A"), ("c", "C")]
    assert on_all({}) == {}


def test_tasks_see_the_callers_context() -> None:
    SEEN.set("outside")

    def task() -> str:
        seen = SEEN.get()
        SEEN.set("inside")
        return seen

    assert on_all({"a": task, "b": task}) == {"a": "outside", "b": "outside"}
    assert SEEN.get() == "outside"


@pytest.mark.parametrize(
    "error", [ValueError("x"), psycopg.errors.UniqueViolation("x"), errors.OperationalError("x")]
)
def test_one_error_is_raised_with_its_server(error: Exception) -> None:
    with pytest.raises(type(error)) as raised:
        on_all({"a": lambda: 1, "b": raising(error)})
    assert raised.value.server == "b"  # type: ignore[attr-defined]
    with pytest.raises(type(error)) as raised:
        on_all({"b": raising(error)})
    assert raised.value.server == "b"  # type: ignore[attr-defined]


def test_several_errors_are_all_named() -> None:
    failing = {"a": raising(ValueError("one")), "b": lambda: 1, "c": raising(KeyError("two"))}
    with pytest.raises(errors.FanOutError, match=r"(?s)a: one.*c: 'two'") as raised:
        on_all(failing)
    assert set(raised.value.errors) == {"a", "c"}


def test_the_first_failure_cancels_the_others_and_hides_what_that_causes() -> None:
    cancelled = threading.Event()
    asked: list[str] = []

    def waiting() -> None:
        assert cancelled.wait(10)
        raise psycopg.errors.QueryCanceled("canceling statement due to user request")

    def cancel(server: str) -> None:
        asked.append(server)
        cancelled.set()

    with pytest.raises(ValueError, match="x") as raised:
        on_all({"a": waiting, "b": raising(ValueError("x"))}, cancel)
    assert raised.value.server == "b"  # type: ignore[attr-defined]
    assert asked == ["a"]


def test_a_cancellation_by_somebody_else_is_an_error() -> None:
    with pytest.raises(psycopg.errors.QueryCanceled):
        on_all({"a": raising(psycopg.errors.QueryCanceled("by an administrator")), "b": lambda: 1})


def test_a_cancel_that_fails_does_not_hide_the_error(caplog: pytest.LogCaptureFixture) -> None:
    go_on = threading.Event()

    def cancel(server: str) -> None:
        go_on.set()
        raise OSError("cannot cancel")

    with pytest.raises(ValueError, match="x"):
        on_all({"a": lambda: go_on.wait(10), "b": raising(ValueError("x"))}, cancel)
    assert "server a: cancelling failed: cannot cancel" in caplog.text


def test_an_interrupt_cancels_all() -> None:
    cancelled = {"a": threading.Event(), "b": threading.Event()}
    main = threading.get_ident()

    def waiting(server: str) -> None:
        if server == "b":
            signal.pthread_kill(main, signal.SIGINT)
        assert cancelled[server].wait(10)

    with pytest.raises(KeyboardInterrupt):
        on_all(
            {name: lambda name=name: waiting(name) for name in cancelled},
            lambda server: cancelled[server].set(),
        )


# --- lanes -------------------------------------------------------------------------------------------------------


def test_each_lane_works_off_its_items_in_order() -> None:
    done: dict[str, list[int]] = {}

    def work(server: str, items: Iterator[int]) -> None:
        done[server] = list(items)

    lanes = Lanes(work, 2)
    for number in range(100):
        assert lanes.put("ab"[number % 2], number)
    assert lanes.finish()
    assert done == {"a": list(range(0, 100, 2)), "b": list(range(1, 100, 2))}
    assert lanes.servers == ("a", "b")
    assert not lanes.running


def test_a_lane_without_items_has_no_thread() -> None:
    lanes: Lanes[int] = Lanes(lambda server, items: pytest.fail("no work"), 2)
    assert lanes.finish()
    assert lanes.servers == ()


def test_whoever_is_faster_waits() -> None:
    taken: list[int] = []
    goes_on = threading.Semaphore(0)

    def work(server: str, items: Iterator[int]) -> None:
        for item in items:
            taken.append(item)
            assert goes_on.acquire(timeout=10)

    lanes = Lanes(work, 2)
    put: list[int] = []

    def putting() -> None:
        for number in range(10):
            lanes.put("a", number)
            put.append(number)
        lanes.finish()

    thread = threading.Thread(target=putting)
    thread.start()
    most = 0
    for _ in range(10):
        most = max(most, len(put) - len(taken))
        goes_on.release()
    thread.join(10)
    assert taken == list(range(10))
    assert most <= 3  # two wait, one was being handed over


def test_a_failure_is_told_at_the_next_put_and_at_the_end() -> None:
    error = ValueError("x")

    def work(server: str, items: Iterator[int]) -> None:
        for _ in items:
            raise error

    lanes = Lanes(work, 1)
    assert lanes.put("a", 1)
    while lanes.put("b", 1) and lanes.put("a", 1):
        pass
    assert not lanes.finish()
    assert set(lanes.failures.values()) == {error}
    lanes.stop(lambda server: None)


def test_stop_cancels_until_all_have_ended_and_notes_no_more_failures() -> None:
    asked: list[str] = []
    at_work, cancelled = threading.Event(), threading.Event()

    def work(server: str, items: Iterator[int]) -> None:
        for _ in items:
            at_work.set()
            assert cancelled.wait(10)
            raise ValueError("because of the cancel")

    def cancel(server: str) -> None:
        asked.append(server)
        if len(asked) > 1:  # the first cancel got lost
            cancelled.set()

    lanes = Lanes(work, 1)
    lanes.put("a", 1)
    assert at_work.wait(10)
    lanes.stop(cancel)
    assert asked[:2] == ["a", "a"]
    assert lanes.failures == {}


def test_stop_ends_lanes_that_wait_for_items() -> None:
    ended: list[str] = []

    def work(server: str, items: Iterator[int]) -> None:
        list(items)
        ended.append(server)

    lanes = Lanes(work, 1)
    lanes.put("a", 1)
    lanes.stop(lambda server: None)
    assert ended == ["a"]


def test_lanes_see_the_callers_context() -> None:
    SEEN.set("outside")
    seen: list[str] = []

    def work(server: str, items: Iterator[int]) -> None:
        seen.append(SEEN.get())
        list(items)

    lanes = Lanes(work, 1)
    lanes.put("a", 1)
    assert lanes.finish()
    assert seen == ["outside"]
