"""What servers said, with their names, as one error."""

from __future__ import annotations

from collections.abc import Mapping

import psycopg

from parallel_partition import errors
from parallel_partition.execution.joined_errors import joined_error
from parallel_partition.postgres.driver_errors import as_driver_error, known_at


def at_server(error: Exception, server: str) -> Exception:
    """The same error, with ``server`` set; one of psycopg's becomes the library's too."""
    if isinstance(error, errors.Error):
        return error if error.server else error.at(server)
    if isinstance(error, psycopg.Error):
        return known_at(error, server).with_traceback(error.__traceback__)
    error.server = server  # type: ignore[attr-defined]  # an exception takes any attribute
    return error


def one_error(failures: Mapping[str, Exception]) -> Exception:
    """One error for what at least one server said, to be raised as it is.

    Returns
    -------
    The one failure with its server; for several an `errors.FanOutError` that names each, which is also an
    instance of the class that they share.
    """
    known = {server: at_server(error, server) for server, error in failures.items()}
    return joined_error(known, _message(known)) if len(known) > 1 else next(iter(known.values()))


def _message(known: Mapping[str, Exception]) -> str:
    """What each server said; once, where all say the same of the same statement."""
    said = {server: _text(error) for server, error in known.items()}
    if len(set(said.values())) == 1 and all(getattr(error, "sqlstate", None) for error in known.values()):
        return f"{next(iter(said.values()))}\nSERVERS: {', '.join(known)}"
    return "\n".join(
        [f"{len(known)} servers failed", *(f"{server}: {text}" for server, text in said.items())]
    )


def first_line(error: BaseException) -> str:
    """The first line of an error's text, or its class where it has none."""
    return next(iter(str(error).splitlines()), type(error).__name__)


def _text(error: Exception) -> str:
    """What an error says, without the line that names its server."""
    return (Exception.__str__(error) if isinstance(error, psycopg.Error) else str(error)).rstrip()


def stale_map(server: str) -> errors.Error:
    """The error for a map or a schema that changed in mid-transaction."""
    message = (
        f"the shard map or a table's definition on server {server} changed while this transaction ran; "
        "it was rolled back: run it again"
    )
    return as_driver_error(errors.StaleMap(message).at(server))


def lost_with_session(server: str, what: str) -> errors.Error:
    """The error for a session that was lost while nobody used it; ``what`` was lost with it, and what to do."""
    message = f"the connection to server {server} was lost, and with it {what}"
    return as_driver_error(errors.ServerUnavailable(message).at(server))


def commit_unknown(server: str, lost: psycopg.Error) -> psycopg.Error:
    """The error for a connection that was lost before a COMMIT, or a write in autocommit, was answered."""
    message = (
        f"server {server} was lost before it answered whether it has committed ({first_line(lost)}): look at the data "
        "before you run this again"
    )
    error = as_driver_error(errors.CommitUnknown(message).at(server))
    assert isinstance(error, psycopg.Error)
    error.__cause__ = lost
    return error
