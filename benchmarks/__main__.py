"""``python -m benchmarks``"""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

from benchmarks import report
from benchmarks.report import Figure
from benchmarks.setting import cache_directory, prepared
from benchmarks.workloads import WORKLOADS


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("workloads", nargs=-1, type=click.Choice(list(WORKLOADS)))
@click.option(
    "--scale",
    type=click.FloatRange(min=0, min_open=True),
    default=0.17,
    show_default=True,
    help="TPC-H's scale factor; 0.17 is a million rows of lineitem.",
)
@click.option(
    "--servers", type=click.IntRange(min=1), default=4, show_default=True, help="How many are started."
)
@click.option(
    "--conninfo",
    "conninfos",
    multiple=True,
    help="A running server to use instead, once per server; a database is made on it and dropped.",
)
@click.option("--partitions", type=click.IntRange(min=1), default=32, show_default=True)
@click.option(
    "--repeat",
    type=click.IntRange(min=1),
    default=5,
    show_default=True,
    help="How many pairs of ours and the limit are timed.",
)
@click.option(
    "--json", "json_file", type=click.Path(dir_okay=False, path_type=Path), help="Write the figures there."
)
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    default=cache_directory,
    show_default=str(cache_directory()),
    help="The folder that TPC-H files are kept in.",
)
@click.option(
    "--pg-bin",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="PARALLEL_PARTITION_PG_BIN",
    help="The folder of PostgreSQL's programs.",
)
def main(
    workloads: tuple[str, ...],
    scale: float,
    servers: int,
    conninfos: tuple[str, ...],
    partitions: int,
    repeat: int,
    json_file: Path | None,
    data: Path,
    pg_bin: Path | None,
) -> None:
    """Measure WORKLOADS (all when none is named) against the raw limit of the same servers.

    \b
    Example:
      python -m benchmarks point fanout --repeat 15 --json figures.json
    """
    figures: list[Figure] = []
    with prepared(
        servers=servers, conninfos=conninfos, pg_bin=pg_bin, partitions=partitions, scale=scale, data=data
    ) as setting:
        for name in workloads or WORKLOADS:
            click.echo(f"{name} ...", err=True)
            figures += WORKLOADS[name](setting, repeat)
        place = setting.place
    console = Console(highlight=False)
    report.show(figures, console)
    console.print(f"\n{place}")
    if json_file is not None:
        report.write(figures, json_file)


if __name__ == "__main__":
    main(prog_name="python -m benchmarks")
