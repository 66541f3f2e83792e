"""``parallel-partition demo``"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import click
import psycopg
from psycopg.conninfo import make_conninfo
from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from parallel_partition.cli import demo_flights, options
from parallel_partition.cli.demo_flights import FlightsTable, Question
from parallel_partition.cluster import Cluster
from parallel_partition.local_cluster import LocalCluster

SERVERS = 4
PLAIN = "plain"


class Answered(NamedTuple):
    """An answer with what is said about it."""

    columns: list[str]
    rows: list[tuple[Any, ...]]
    strategy: str
    reason: str
    seconds: float


@click.command()
@options.pg_bin
def demo(pg_bin: Path | None) -> None:
    """Load 336,776 flights onto four PostgreSQL servers and ask them questions.

    The servers run on this machine for as long as the demo does. Each answer is compared with that of a plain
    copy in one PostgreSQL.

    \b
    Example:
      parallel-partition demo
    """
    console = Console(highlight=False)
    demo_flights.data_directory()
    start = perf_counter()
    with LocalCluster(SERVERS, pg_bin=pg_bin) as local:
        version = local.version
        console.print(f"{SERVERS} servers of PostgreSQL {version} started", _seconds(perf_counter() - start))
        with Cluster.create(local.conninfos) as cluster, _plain_database(local.conninfos[0]) as plain:
            _load(cluster, plain, console)
            same = _ask(cluster, plain, console)
    console.print(f"\nAll of this took {perf_counter() - start:.1f} s. The servers are stopped and gone.")
    if not same:
        raise click.ClickException("an answer differs from that of one PostgreSQL")


# --- loading ------------------------------------------------------------------------------------------------


def _plain_database(conninfo: str) -> psycopg.Connection[tuple[Any, ...]]:
    """Make a database of its own on one of the servers, for the plain copy."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {PLAIN}")
    return psycopg.connect(make_conninfo(conninfo, dbname=PLAIN), autocommit=True)


def _load(cluster: Cluster, plain: psycopg.Connection[Any], console: Console) -> None:
    start = perf_counter()
    shown = Table("table", "rows", "", box=box.SIMPLE)
    shown.columns[1].justify = "right"
    for table in demo_flights.TABLES:
        cluster.create_table(table.definition, key=table.key, reference=table.key is None)
        rows = cluster.load_csv(table.name, demo_flights.path_of(table), null=demo_flights.NULL)
        shown.add_row(table.name, f"{rows:,}", _held(cluster, table))
    seconds = perf_counter() - start
    console.print(shown)
    console.print(f"Loaded in {seconds:.1f} s, all or nothing per table.")
    _load_plain(plain)


def _held(cluster: Cluster, table: FlightsTable) -> str:
    if table.key is None:
        return "a full copy on every server"
    partitions = cluster.shard_map.num_partitions
    return f"sharded by {table.key}: {partitions} partitions on {len(cluster.servers)} servers"


def _load_plain(plain: psycopg.Connection[Any]) -> None:
    for table in demo_flights.TABLES:
        plain.execute(table.definition)
        copy_in = f"COPY {table.name} FROM STDIN (FORMAT csv, HEADER, NULL '{demo_flights.NULL}')"
        with demo_flights.opened(table) as file, plain.cursor().copy(copy_in) as copy:
            while block := file.read(1 << 20):
                copy.write(block)
    plain.execute("ANALYZE")


# --- asking -------------------------------------------------------------------------------------------------


def _ask(cluster: Cluster, plain: psycopg.Connection[Any], console: Console) -> bool:
    """Ask all questions; True when every answer is that of one PostgreSQL."""
    same = True
    with cluster.connect(autocommit=True) as connection:
        for question in (demo_flights.POINT, demo_flights.BY_CARRIER, demo_flights.TOP_TEN):
            answered = _answer(connection, question)
            expected = plain.execute(question.query, question.parameters).fetchall()
            same &= _show(question, answered, answered.rows == expected, console)
        question = demo_flights.PER_PARTITION
        answered = _by_server(cluster, _answer(connection, question))
        same &= _show(question, answered, answered.rows == _expected_by_server(cluster, plain), console)
    return same


def _answer(connection: psycopg.Connection[Any], question: Question) -> Answered:
    with connection.cursor() as cursor:
        explained = cursor.explain(question.query, question.parameters)  # type: ignore[attr-defined]
        start = perf_counter()
        rows = cursor.execute(question.query, question.parameters).fetchall()
        seconds = perf_counter() - start
        columns = [column.name for column in cursor.description or ()]
    strategy = f"{explained.strategy}, {explained.partitions} partitions"
    return Answered(columns, rows, strategy, explained.reason, seconds)


def _by_server(cluster: Cluster, answered: Answered) -> Answered:
    """Sum the counts per partition to counts per server."""
    flights: Counter[str] = Counter()
    partitions: Counter[str] = Counter()
    for part, count in answered.rows:
        flights[cluster.shard_map.home_of(part)] += count
        partitions[cluster.shard_map.home_of(part)] += 1
    rows = [(server, partitions[server], flights[server]) for server in sorted(flights)]
    return answered._replace(columns=["server", "partitions", "flights"], rows=rows)


def _expected_by_server(cluster: Cluster, plain: psycopg.Connection[Any]) -> list[tuple[str, int, int]]:
    """The counts per server as the planes' numbers and the shard map alone give them."""
    flights: Counter[str] = Counter()
    partitions: dict[str, set[int]] = {}
    for tailnum, count in plain.execute(demo_flights.PER_PLANE):
        part = cluster.shard_map.partition_of(tailnum, "text")
        server = cluster.shard_map.home_of(part)
        flights[server] += count
        partitions.setdefault(server, set()).add(part)
    return [(server, len(partitions[server]), flights[server]) for server in sorted(flights)]


# --- showing ------------------------------------------------------------------------------------------------


def _show(question: Question, answered: Answered, same: bool, console: Console) -> bool:
    console.print(f"\n[bold]{question.title}[/]")
    console.print(Padding(Text(question.query, style="cyan"), (1, 0, 0, 2), expand=False))
    if question.parameters:
        console.print(f"  with {', '.join(map(repr, question.parameters))}")
    console.print(_table(answered))
    facts = Table.grid(padding=(0, 2))
    facts.add_row("  strategy", answered.strategy)
    facts.add_row("  reason", answered.reason)
    facts.add_row("  time", _seconds(answered.seconds))
    console.print(facts)
    console.print(f"  the same as one PostgreSQL: {'[green]yes[/]' if same else '[red]no[/]'}")
    return same


def _table(answered: Answered) -> Table:
    table = Table(box=box.SIMPLE)
    for number, name in enumerate(answered.columns):
        texts = all(isinstance(row[number], (str, datetime)) for row in answered.rows)
        table.add_column(name, justify="left" if texts else "right")
    for row in answered.rows:
        table.add_row(*map(_text, row))
    return table


def _text(value: object) -> str:
    return f"{value:%Y-%m-%d %H:%M}" if isinstance(value, datetime) else str(value)


def _seconds(seconds: float) -> str:
    return f"in {seconds:.1f} s" if seconds >= 1 else f"{seconds * 1000:.1f} ms"
