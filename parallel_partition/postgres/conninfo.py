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
    try:
        return dict(conninfo_to_dict(conninfo))
    except psycopg.ProgrammingError as error:
        problem = str(error).strip() if "://" not in conninfo else "it is no valid URI of PostgreSQL"
        raise InvalidCluster(f"a conninfo cannot be read: {problem}") from None


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
