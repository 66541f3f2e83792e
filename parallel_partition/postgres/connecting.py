"""A connection of its own to a database, for work that no pool is there for yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from parallel_partition.errors import ServerUnavailable
from parallel_partition.postgres.conninfo import unreachable
from parallel_partition.postgres.driver_errors import as_driver_error

#: Seconds to wait for a server before the attempt counts as failed; a conninfo's own connect_timeout wins.
CONNECT_TIMEOUT = 10


@contextmanager
def connected(name: str, parameters: Mapping[str, Any]) -> Iterator[psycopg.Connection[Any]]:
    """Connect for a block, in autocommit.

    Parameters
    ----------
    name : what messages call the server
    parameters : of the conninfo, password included

    Raises
    ------
    errors.ServerUnavailable : it cannot be reached, with the reason
    """
    defaults: dict[str, Any] = {"connect_timeout": CONNECT_TIMEOUT, "application_name": "parallel_partition"}
    try:
        connection = psycopg.connect(make_conninfo("", **defaults | dict(parameters)), autocommit=True)
    except psycopg.OperationalError as error:
        message = unreachable(name, parameters, error)
        raise as_driver_error(ServerUnavailable(message).at(name)) from error
    try:
        yield connection
    finally:
        connection.close()
