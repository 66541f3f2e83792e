"""``parallel-partition explain``"""

from __future__ import annotations

from typing import Literal

import click

from parallel_partition.cli import options
from parallel_partition.cluster import connect


@click.command()
@options.conninfo
@click.option(
    "--analyze", is_flag=True, help="Run the statement as well, and measure it; a write is carried out."
)
@click.option(
    "--format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How the explanation is shown.",
)
@click.argument("statement")
def explain(conninfo: str, analyze: bool, format: Literal["text", "json"], statement: str) -> None:
    """Tell how a statement is answered: strategy, reason, partitions, the SQL and the plan of each server.

    \b
    Example:
      parallel-partition explain --conninfo "host=localhost dbname=shop" "SELECT count(*) FROM orders"
    """
    with connect(conninfo, autocommit=True) as connection:
        click.echo(str(connection.explain(statement, analyze=analyze, format=format)))
