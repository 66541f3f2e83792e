"""``parallel-partition down``"""

from __future__ import annotations

from pathlib import Path

import click

from parallel_partition.cli import options
from parallel_partition.cli.status import existing


@click.command()
@options.directory
def down(directory: Path) -> None:
    """Stop the PostgreSQL servers that `up` started.

    Their data stays in the folder; `up` starts them again.

    \b
    Example:
      parallel-partition down --directory ./servers
    """
    local = existing(directory)
    running = [server.name for server in local.servers if server.running]
    local.stop()
    click.echo(
        f"Stopped {', '.join(running)}." if running else f"No server was running in {local.directory}."
    )
