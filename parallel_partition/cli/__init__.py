"""The command line: one module per command, each of which calls a public function of the library."""

from __future__ import annotations

import importlib
from typing import Any

import click

from parallel_partition.errors import Error

#: The commands in the order of the help page; ``name`` is that function of ``parallel_partition.cli.name``.
COMMANDS = ("demo", "up", "status", "down", "sql", "explain", "recover")


class Commands(click.Group):
    """Commands that are imported when asked for, and whose errors end in a message instead of a traceback."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the commands' names."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click calls it so
        """Import and return the command ``cmd_name``, None when there is no such command."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = getattr(importlib.import_module(f"{__name__}.{cmd_name}"), cmd_name)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; what the library raises ends it with the error's message and exit code 1."""
        try:
            return super().invoke(ctx)
        except Error as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="parallel_partition")
def main() -> None:
    """One logical database on many ordinary PostgreSQL servers.

    \b
    Example:
      parallel-partition up --servers 4
    """
