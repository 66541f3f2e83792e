"""The options that several commands share."""

from __future__ import annotations

import os
from pathlib import Path

import click


def default_directory() -> Path:
    """Return where local servers are kept unless a directory is given."""
    if os.geteuid() == 0:  # the account that root's servers run as cannot enter root's own folders
        return Path("/var/lib/parallel_partition/local")
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data) / "parallel_partition" / "local"


directory = click.option(
    "--directory",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="PARALLEL_PARTITION_DIRECTORY",
    show_envvar=True,
    default=default_directory,
    show_default=str(default_directory()),
    help="The folder that the servers are kept in.",
)

pg_bin = click.option(
    "--pg-bin",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="PARALLEL_PARTITION_PG_BIN",
    show_envvar=True,
    help="The folder of PostgreSQL's programs; by default they are looked for.",
)

conninfo = click.option(
    "--conninfo",
    envvar="PARALLEL_PARTITION_CONNINFO",
    show_envvar=True,
    required=True,
    help='The database with the cluster\'s catalog, as libpq takes it: "host=... dbname=..." or a URI.',
)
