"""A connection that leads nowhere: what is left of one that was given back, and of statements that ask no server."""

from __future__ import annotations

from psycopg import pq
from psycopg.pq.abc import PGconn


def _closed() -> PGconn:
    pgconn = pq.PGconn.connect_start(b"port=-1")  # refused as it is read, before anything is connected
    pgconn.finish()
    return pgconn


#: Its status is BAD, and it makes empty results.
CLOSED = _closed()
