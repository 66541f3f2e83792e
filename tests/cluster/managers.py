"""Processes that commit in two phases by hand, and die or stand still at a place of the code."""

from __future__ import annotations

import psycopg

from parallel_partition import Cluster
from tests.cluster.mortals import keys

#: What a process tells of what it did.
DONE = "done"


def prepare_by_hand(conninfo: str, number: int) -> str:
    """Prepare a mark on each server."""
    with Cluster.open(conninfo) as cluster:
        connection = cluster.connect()
        try:
            connection.tpc_begin(f"marks {number}")
            for key in keys(cluster):
                connection.execute("INSERT INTO marks VALUES (%s, %s)", (key, number))
            connection.tpc_prepare()
        except psycopg.Error as error:
            return type(error).__name__
        finally:
            connection.close()
    return DONE


def finish_by_hand(conninfo: str, number: int, commit: bool) -> str:
    """Commit what was prepared, or roll it back."""
    with Cluster.open(conninfo) as cluster, cluster.connect(autocommit=True) as connection:
        try:
            (connection.tpc_commit if commit else connection.tpc_rollback)(f"marks {number}")
        except psycopg.Error as error:
            return type(error).__name__
    return DONE
