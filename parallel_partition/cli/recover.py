"""``parallel-partition recover``"""

from __future__ import annotations

import sys

import click

from parallel_partition.cli import options
from parallel_partition.cluster import Cluster
from parallel_partition.execution.recover import MIN_AGE, Recovery


@click.command()
@options.conninfo
@click.option(
    "--min-age",
    type=click.FloatRange(min=0),
    default=MIN_AGE,
    show_default=True,
    help="Seconds for which a prepared part is left to its client.",
)
def recover(conninfo: str, min_age: float) -> None:
    """End what is left of transactions over several servers whose client or server was lost in mid-commit.

    Every process that has the cluster open does this by itself; it may run at any time, also more than once at a time.
    The exit code is 1 where a server could not be asked, or a part stays prepared for more than a moment.

    \b
    Example:
      parallel-partition recover --conninfo "host=localhost dbname=shop"
    """
    with Cluster.open(conninfo) as cluster:
        recovery = cluster.recover(min_age=min_age)
    show(recovery)
    if not recovery.complete:
        sys.exit(1)


def show(recovery: Recovery) -> None:
    """Print what was found, and what became of it."""
    click.echo(
        f"{recovery.found} prepared: {len(recovery.committed)} committed, "
        f"{len(recovery.rolled_back)} rolled back, {len(recovery.elsewhere)} ended by somebody else, "
        f"{len(recovery.left)} left"
    )
    click.echo(f"{recovery.collected} old decisions taken away")
    for part, reason, _ in recovery.left:
        click.echo(f"server {part.server}: {part.gid} ({part.age:.0f} s) is left: {reason}")
    for server, reason in recovery.unreachable.items():
        click.echo(f"server {server} could not be asked: {reason}")
