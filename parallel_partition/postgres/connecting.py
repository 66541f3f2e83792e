"""A connection of its own to a database, for work that no pool is there for yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from parallel_partition.errors import ServerUnavailable
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
        raise as_driver_error(_unavailable(name, parameters, error).at(name)) from error
    try:
        yield connection
    finally:
        connection.close()


def _unavailable(name: str, parameters: Mapping[str, Any], error: psycopg.Error) -> ServerUnavailable:
    place = (
        f"{parameters.get('host', 'localhost')}:{parameters.get('port', 5432)}/{parameters.get('dbname', '')}"
    )
    return ServerUnavailable(
        f"server {name} ({place}) cannot be reached: {str(error).strip()}. Check that it runs, its conninfo, and the "
        "password"
    )
