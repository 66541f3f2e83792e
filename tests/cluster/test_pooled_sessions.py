"""A pooled connection is driven in two ways: by `Session`, and by psycopg for catalogs and tables."""

from __future__ import annotations

import gc
import logging
import weakref

import psycopg
import pytest

from parallel_partition import Cluster, errors
from parallel_partition.execution.fan_out import run_one
from parallel_partition.statements import Statement


def test_psycopg_does_not_drop_what_a_session_has_prepared(cluster: Cluster) -> None:
    """psycopg answers DROP, ALTER and ROLLBACK with DEALLOCATE ALL, where it has prepared something itself."""
    pool = cluster._pools["s1"]
    session = pool.acquire_session()
    prepared = Statement(b"SELECT 7", prepare=True)
    for _ in range(2):
        assert run_one(session, session.exchange([prepared]))[0].get_value(0, 0) == b"7"
        for _ in range(7):
            session.connection.execute("SELECT 1")
        session.connection.execute("CREATE TEMPORARY TABLE t (id int)")
        session.connection.execute("DROP TABLE t")
        session.connection.execute("SELECT 1")
    pool.release_session(session)


def test_a_connection_that_was_closed_is_forgotten(
    cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL, logger="psycopg.pool")  # a record would keep it
    pool = cluster._pools["s1"]
    session = pool.acquire_session()
    lost = weakref.ref(session.connection)
    session.close()
    pool.release_session(session)
    del session
    other = pool.acquire_session()
    for _ in range(3):  # the pool's own thread lets go of it when it does the next task
        gc.collect()
    pool.release_session(other)
    assert lost() is None


def test_a_session_that_cannot_be_made_ready_is_given_back(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = cluster._pools["s1"]
    monkeypatch.setattr("parallel_partition.postgres.session.Session.learn_default_isolation", _interrupted)
    for _ in range(3):
        with pytest.raises(KeyboardInterrupt):
            pool.acquire_session()
    monkeypatch.undo()
    borrowed = [pool.acquire_session(1) for _ in range(2)]
    # On a busy machine a pool makes one more than is needed; the three that were interrupted are not among them.
    assert pool.stats()["pool_size"] < 2 + 3
    for session in borrowed:
        pool.release_session(session)


def test_a_session_knows_nothing_of_what_another_drew_from_a_sequence(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = cluster._pools["s1"]
    monkeypatch.setattr(pool._pool, "_max_size", 1)
    with pool.connection() as connection:
        connection.execute("CREATE SEQUENCE drawn_from; SELECT nextval('drawn_from')")
        process = connection.info.backend_pid
    session = pool.acquire_session()
    assert session.connection.info.backend_pid == process
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState):
        session.connection.execute("SELECT lastval()")
    pool.release_session(session)


def _interrupted(_: object) -> None:
    raise KeyboardInterrupt


def test_an_exhausted_pool_says_so(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    pool = cluster._pools["s2"]
    monkeypatch.setattr(pool._pool, "_max_size", 1)
    session = pool.acquire_session()
    with pytest.raises(
        errors.ServerUnavailable, match=r"server s2 .*: no connection became free .* 0\.2 s .* 1 at most"
    ) as caught:
        pool.acquire_session(0.2)
    assert isinstance(caught.value, psycopg.OperationalError)
    assert caught.value.server == "s2"
    pool.release_session(session)
    pool.release_session(pool.acquire_session(5))
