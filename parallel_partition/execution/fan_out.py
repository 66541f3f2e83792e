"""Drive exchanges with many servers from one thread: send to all first, then read as they answer.

Threads would cost more than they bring here: the servers work at once in any case, and libpq's parsing of their
answers holds Python's lock. One thread and one ``poll`` keep small answers small.
"""

from __future__ import annotations

import logging
import select
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from time import monotonic

import psycopg
from psycopg import pq
from psycopg.pq.abc import PGresult

from parallel_partition.postgres.driver_errors import error_of_result
from parallel_partition.postgres.session import CANCEL_GRACE, CANCEL_PAUSE, Exchange, Session
from parallel_partition.statements import Statement

logger = logging.getLogger("parallel_partition")


_READ = select.POLLIN
_BOTH = select.POLLIN | select.POLLOUT


@dataclass(slots=True)
class _Running:
    session: Session
    exchange: Exchange
    both: bool = False


@dataclass(slots=True)
class Outcome:
    """What one fan-out brought: ``results`` per server for those that ended, ``failures`` for those that did not."""

    results: dict[str, list[PGresult]] = field(default_factory=dict)
    failures: dict[str, psycopg.Error] = field(default_factory=dict)


def run_one(session: Session, exchange: Exchange) -> list[PGresult]:
    """Drive one exchange. The caller looks for failed results; a lost connection raises.

    Raises
    ------
    psycopg.OperationalError : the connection was lost
    """
    try:
        both = next(exchange)
        poller = session.poller
        while True:
            if both:
                poller.modify(session.fileno, _BOTH)
                poller.poll()
                poller.modify(session.fileno, _READ)
            else:
                poller.poll()
            both = next(exchange)
    except StopIteration as stop:
        results: list[PGresult] = stop.value
        return results
    except psycopg.Error:
        raise
    except BaseException:
        _abandon({session.server: _Running(session, exchange)})
        raise


def answers_of(session: Session, statements: Sequence[Statement]) -> list[PGresult]:
    """Run statements of the library's own on one server.

    Raises
    ------
    psycopg.Error : one failed, or the connection was lost; it knows its server
    """
    results = run_one(session, session.exchange(statements))
    if results[-1].status == pq.ExecStatus.FATAL_ERROR:
        raise error_of_result(results[-1], session.server)
    return results


def run_all(exchanges: Mapping[str, tuple[Session, Exchange]]) -> Outcome:
    """Drive exchanges with several servers at once; the first failure cancels the others.

    Returns
    -------
    Outcome : ``failures`` holds every server's own error; servers that were only cancelled are in neither mapping
    """
    outcome = Outcome()
    running: dict[str, _Running] = {}
    try:
        for server, (session, exchange) in exchanges.items():
            _advance(server, _Running(session, exchange), running, outcome)
        _poll_until_ended(running, outcome)
    except BaseException:
        _abandon(running)
        raise
    return outcome


def _poll_until_ended(running: dict[str, _Running], outcome: Outcome) -> None:
    poller = select.poll()
    servers = {task.session.fileno: server for server, task in running.items()}
    for task in running.values():
        poller.register(task.session.fileno, _BOTH if task.both else _READ)
    while running:
        if outcome.failures:
            _abandon(running)
            return
        for descriptor, _ in poller.poll():
            server = servers[descriptor]
            task = running[server]
            before = task.both
            _advance(server, task, running, outcome)
            if server not in running:
                poller.unregister(descriptor)
            elif task.both != before:
                poller.modify(descriptor, _BOTH if task.both else _READ)


def _advance(server: str, task: _Running, running: dict[str, _Running], outcome: Outcome) -> None:
    """Let one exchange go on until it must wait, ends or fails."""
    running[server] = task
    try:
        task.both = next(task.exchange)
    except StopIteration as stop:
        del running[server]
        results: list[PGresult] = stop.value
        outcome.results[server] = results
        if results and results[-1].status == pq.ExecStatus.FATAL_ERROR:
            outcome.failures[server] = error_of_result(results[-1], server)
    except psycopg.Error as error:
        del running[server]
        outcome.failures[server] = error


def _abandon(running: dict[str, _Running]) -> None:
    """Cancel what still runs, and close whoever does not answer in time: nothing is left running on any server.

    A cancel that arrives before the server has begun with the statement is lost, so it is sent again until the
    statement has ended.
    """
    deadline = monotonic() + CANCEL_GRACE
    while running and monotonic() < deadline:
        for task in list(running.values()):
            _cancel(task)
        _drain(running)
    for task in running.values():
        task.session.close()
    running.clear()


def _cancel(task: _Running) -> None:
    try:
        task.session.cancel()
    except psycopg.Error as error:
        logger.warning(
            "server %s: cancelling failed, its connection is closed: %s", task.session.server, error
        )
        task.session.close()


def _drain(running: dict[str, _Running]) -> None:
    """Read cancelled exchanges to their ends, for one pause between two cancels at most."""
    poller = select.poll()
    servers = {}
    for server, task in list(running.items()):
        if not task.session.alive:
            del running[server]
            continue
        servers[task.session.fileno] = server
        poller.register(task.session.fileno, _BOTH if task.both else _READ)
    for descriptor, _ in poller.poll(CANCEL_PAUSE * 1000):
        server = servers[descriptor]
        try:
            running[server].both = next(running[server].exchange)
        except StopIteration:
            del running[server]
        except psycopg.Error as error:
            logger.debug("server %s: lost while cancelled: %s", server, error)
            del running[server]
