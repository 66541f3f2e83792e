"""``parallel-partition status``"""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from parallel_partition.cli import options
from parallel_partition.errors import InvalidCluster
from parallel_partition.local_cluster import LocalCluster


@click.command()
@options.directory
def status(directory: Path) -> None:
    """Show the PostgreSQL servers that `up` started.

    \b
    Example:
      parallel-partition status --directory ./servers
    """
    show(existing(directory))


def existing(directory: Path) -> LocalCluster:
    """Return the local servers kept in ``directory``; an error when there are none."""
    local = LocalCluster(directory=directory)
    if not local.initialized:
        raise InvalidCluster(f"no local servers are kept in {directory}: `parallel-partition up` makes some")
    return local


def show(local: LocalCluster) -> None:
    """Print the servers as a table."""
    click.echo(f"PostgreSQL servers in {local.directory}\n")
    table = Table("server", "state", "process", "address", box=None, pad_edge=False)
    for server in local.servers:
        state = "[green]running[/]" if server.running else "[red]stopped[/]"
        address = f"postgresql://postgres@127.0.0.1:{server.port}/postgres" if server.port else "-"
        table.add_row(server.name, state, str(server.pid or "-"), address)
    Console().print(table)
