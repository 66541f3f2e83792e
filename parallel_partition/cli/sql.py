"""``parallel-partition sql``"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from parallel_partition.cli import options
from parallel_partition.cli.shell import Shell
from parallel_partition.cli.shell_output import FORMATS, Format
from parallel_partition.cluster import Cluster


def history_file() -> Path:
    """Return where the lines that were typed are kept."""
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "parallel_partition" / "sql_history"


@click.command()
@options.conninfo
@click.option(
    "-c",
    "--command",
    "commands",
    multiple=True,
    help="Run this and leave: statements, or one command that begins with a backslash. May be given several times.",
)
@click.option(
    "--format",
    type=click.Choice(FORMATS),
    default="table",
    show_default=True,
    help="How rows are shown.",
)
def sql(conninfo: str, commands: tuple[str, ...], format: Format) -> None:
    """Send SQL to a cluster: what is typed, a script on standard input, or --command.

    Each statement is a transaction of its own unless BEGIN is sent. A script and --command end at the first error, with
    exit code 1. \\? shows the commands that begin with a backslash.

    \b
    Example:
      parallel-partition sql --conninfo "host=localhost dbname=shop" -c "SELECT count(*) FROM orders"
    """
    with Cluster.open(conninfo) as cluster, cluster.connect(autocommit=True) as connection:
        shell = Shell(cluster, connection, format)
        if commands:
            done = all(shell.run(command) for command in commands)
        elif sys.stdin.isatty():
            done = shell.converse(history_file())
        else:
            done = shell.run(sys.stdin.read())
        shell.end()
    if not done:
        sys.exit(1)
