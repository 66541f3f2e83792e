"""A pooled connection is driven in two ways: by `Session`, and by psycopg for catalogs and tables."""

from __future__ import annotations

from parallel_partition import Cluster
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
