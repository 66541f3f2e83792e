"""``parallel-partition up``"""

from __future__ import annotations

from pathlib import Path

import click

from parallel_partition.cli import options
from parallel_partition.cli.status import show
from parallel_partition.local_cluster import LocalCluster


@click.command()
@click.option("--servers", type=click.IntRange(min=1), help="How many; 4, or as many as the folder has.")
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="A setting of PostgreSQL.")
@options.directory
@options.pg_bin
def up(servers: int | None, settings: tuple[str, ...], directory: Path, pg_bin: Path | None) -> None:
    """Start PostgreSQL servers on this machine and leave them running.

    They keep their data, ports and settings. More servers than the folder has are added to it. They ask for
    no password, and listen on 127.0.0.1 only.

    \b
    Example:
      parallel-partition up --servers 4 --directory ./servers
    """
    local = LocalCluster(servers, directory, dict(map(_setting, settings)), pg_bin=pg_bin)
    local.start(detached=True)
    show(local)


def _setting(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise click.BadParameter(f"{text!r} is not NAME=VALUE", param_hint="--set")
    return name.strip(), value.strip()
