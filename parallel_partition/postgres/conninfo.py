"""Conninfos: the part that the catalog keeps, and the part that stays with whoever connects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from parallel_partition.errors import InvalidCluster

#: What the catalog keeps: where a server is, and who connects. How (TLS, timeouts, passwords) is never read from it,
#: so that whoever can write the catalog cannot weaken it.
KEPT = ("service", "host", "hostaddr", "port", "dbname", "user")


def parsed(conninfo: str) -> dict[str, Any]:
    """The parameters of a conninfo, which may be a URI.

    Raises
    ------
    errors.InvalidCluster : it is no conninfo; the message does not repeat it, for it may hold a password
    """
    if not isinstance(conninfo, str):
        raise InvalidCluster(f"a conninfo is a text, not {type(conninfo).__name__}")
    try:
        parameters = dict(conninfo_to_dict(conninfo))
    except psycopg.ProgrammingError as error:
        problem = str(error).strip() if "://" not in conninfo else "it is no valid URI of PostgreSQL"
        raise InvalidCluster(f"a conninfo cannot be read: {problem}") from None
    if "@" in str(parameters.get("host", "")):
        # libpq splits a URI at its first @, so what is taken for the host holds the password's end.
        raise InvalidCluster(
            "a conninfo cannot be read: its host has an @; an @ in a URI's password is written %40"
        )
    return parameters


def place(parameters: Mapping[str, Any]) -> str:
    """Where a conninfo leads, for messages: host, port and database, or the name of the service."""
    if parameters.get("service"):
        return f"service {parameters['service']}"
    host = parameters.get("host") or parameters.get("hostaddr") or "the default host"
    return (
        f"{host}:{parameters.get('port') or 5432}/{parameters.get('dbname') or parameters.get('user') or ''}"
    )


def unreachable(name: str, parameters: Mapping[str, Any], reason: psycopg.Error) -> str:
    """The message for a server that cannot be reached: which, where, why, and what to look at."""
    # Lines that begin with a tab ask what our own last sentence asks.
    said = "; ".join(line.strip() for line in str(reason).splitlines() if line[:1] != "\t" and line.strip())
    end = "" if said.endswith((".", "?", "!")) else "."
    return (
        f"server {name} ({place(parameters)}) cannot be reached: {said}{end} "
        "Check that it runs, its conninfo, and the password"
    )


def kept_part(connection: psycopg.Connection[Any], given: Mapping[str, Any]) -> str:
    """What the catalog keeps of the parameters that ``connection`` was made with; what they left open is filled in."""
    kept = {name: given[name] for name in KEPT if given.get(name) is not None}
    if "service" not in kept:
        info = connection.info
        # A list of hosts stays a list: it is there for failover.
        kept = {"host": info.host, "port": info.port, "dbname": info.dbname, "user": info.user} | kept
    return make_conninfo("", **kept)


def rejoined(kept: str, given: Mapping[str, Any]) -> str:
    """A server's conninfo from the catalog's part and all the parameters that it was given with."""
    return make_conninfo(kept, **given)


def completed(kept: str, opening: Mapping[str, Any], password: str | None) -> str:
    """A server's conninfo from the catalog's part and what the caller connected to the catalog with.

    Parameters
    ----------
    kept : what the catalog keeps of that server
    opening : the parameters of the conninfo that the caller opened the cluster with
    password : the server's password; None: the opening conninfo's, where host and user are the same
    """
    own = parsed(kept)
    local = {name: value for name, value in opening.items() if name not in KEPT and name != "password"}
    if password is None and all(own.get(name) == opening.get(name) for name in ("host", "user")):
        password = opening.get("password")
    return make_conninfo("", **local | own | ({"password": password} if password is not None else {}))
