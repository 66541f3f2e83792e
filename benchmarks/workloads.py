"""What is measured. Each workload is a function of its name that yields figures; each answer is checked
first.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Callable, Iterator
from typing import Any

from psycopg.conninfo import make_conninfo

from benchmarks import queries, writes
from benchmarks.baselines import split_csv
from benchmarks.measure import Pair, compare, compare_each
from benchmarks.peak import stream_apart
from benchmarks.report import Figure
from benchmarks.setting import Setting
from tests import tpch

POINT_QUERIES = 2_000
POINT = """
    SELECT o_orderkey, o_custkey, o_orderstatus, o_totalprice, o_orderdate FROM orders WHERE o_orderkey = %s
"""
FETCHED_ROWS = 400_000
FETCH = """
    SELECT l_orderkey, l_linenumber, l_quantity, l_extendedprice, l_shipdate, l_shipmode, l_comment
    FROM lineitem WHERE l_orderkey < {}
"""

STREAMED_ROWS = 2_000_000
STREAMS = {
    "concatenated": "SELECT k, v, s FROM streamed",
    "merged": "SELECT k, v, s FROM streamed ORDER BY k",
}
#: 200 MB.
STREAM_MIB = 190

Workload = Callable[[Setting, int], Iterator[Figure]]


def point(setting: Setting, repeat: int) -> Iterator[Figure]:
    """One row by its key, prepared, against psycopg connected to the server that has it."""
    setting.need("orders")
    rows = _read(setting, "SELECT o_orderkey FROM orders")
    keys = random.Random(1).choices([key for (key,) in rows], k=POINT_QUERIES)
    servers = {key: setting.cluster.shard_map.server_of(key) for key in keys}
    with setting.cluster.connect(autocommit=True) as connection, connection.cursor() as cursor:
        cursors = {name: raw.cursor() for name, raw in setting.raw.connections.items()}

        def ours(key: int) -> Any:
            return cursor.execute(POINT, (key,), prepare=True).fetchone()

        def limit(key: int) -> Any:
            return cursors[servers[key]].execute(POINT, (key,), prepare=True).fetchone()

        for key in keys:
            _same(ours(key), limit(key), f"order {key}")
        pair = compare_each(ours, limit, keys, rounds=repeat)
    yield _figure("point", "by key", pair, setting, goal=1.3, rows=1)


def fanout(setting: Setting, repeat: int) -> Iterator[Figure]:
    """Aggregates over all servers, against the same SQL per server in a thread each, unmerged."""
    setting.need("lineitem")
    for number in (1, 6):
        pair = _fan_out(setting, tpch.query(number), repeat)
        yield _figure("fanout", f"TPC-H Q{number}", pair, setting, goal=1.15, rows=setting.rows["lineitem"])


def _fan_out(setting: Setting, query: str, repeat: int) -> Pair:
    with setting.cluster.connect(autocommit=True) as connection, connection.cursor() as cursor:
        queries = cursor.explain(query).servers

        def ours() -> object:
            return cursor.execute(query).fetchall()

        def limit() -> object:
            return setting.raw.fetch(queries)

        return compare(ours, limit, pairs=repeat)


def fetch(setting: Setting, repeat: int) -> Iterator[Figure]:
    """Many rows of several columns, against psycopg's fetchall in a thread per server."""
    setting.need("lineitem")
    query = FETCH.format(_key_after(setting, FETCHED_ROWS))
    with setting.cluster.connect(autocommit=True) as connection, connection.cursor() as cursor:
        queries = dict.fromkeys(setting.raw.connections, query)

        def ours() -> list[tuple[Any, ...]]:
            return cursor.execute(query).fetchall()

        def limit() -> list[list[tuple[Any, ...]]]:
            return setting.raw.fetch(queries)

        rows = sorted(ours())
        _same(rows, sorted(row for some in limit() for row in some), "the rows fetched")
        pair = compare(ours, limit, pairs=repeat)
    # At least 0.85 of the limit's rows per second.
    yield _figure("fetch", "fetchall", pair, setting, goal=1 / 0.85, rows=len(rows))


def load(setting: Setting, repeat: int) -> Iterator[Figure]:
    """A CSV file into a sharded table, against COPY of files that were split by partition beforehand."""
    source = setting.file("lineitem")
    shard_map = setting.cluster.shard_map
    with source.open(newline="") as lines:
        reader = csv.reader(lines)
        next(reader)
        parts = [shard_map.partition_of(int(row[0])) for row in reader]
    split = split_csv(source, setting.directory / f"split_{shard_map.num_partitions}", parts)
    files: dict[str, list[Any]] = {name: [] for name in setting.raw.connections}
    for part, file in split.items():
        files[shard_map.home_of(part)].append((part, file))
    tpch.create_in(setting.cluster, tpch.TABLES["lineitem"], "loaded")

    def empty() -> None:
        setting.raw.execute("TRUNCATE loaded")
        setting.raw.execute("CHECKPOINT")

    def ours() -> None:
        setting.cluster.load_csv("loaded", source)

    def limit() -> None:
        setting.raw.copy("loaded", files)

    checksum = "SELECT count(*), sum(l_orderkey), sum(l_extendedprice), sum(length(l_comment)) FROM loaded"
    empty()
    ours()
    expected = _read(setting, checksum)
    empty()
    limit()
    _same(_read(setting, checksum), expected, "what was loaded")
    pair = compare(ours, limit, pairs=repeat, before=empty)
    yield _figure("load", "CSV", pair, setting, goal=2.0, rows=len(parts))


def stream(setting: Setting, repeat: int) -> Iterator[Figure]:
    """Rows that nobody keeps, against psycopg's own stream of each server; the memory is that of a process apart."""
    setting.cluster.create_table("CREATE TABLE streamed (k bigint PRIMARY KEY, v int, s text)", key="k")
    with setting.cluster.writer("streamed") as writer:
        writer.write((k, k % 7, f"name number {k:09}") for k in range(STREAMED_ROWS))
    setting.raw.execute("VACUUM ANALYZE")
    catalog = next(iter(setting.raw.connections.values())).info
    conninfo = make_conninfo(catalog.dsn, password=catalog.password or None)
    for what, query in STREAMS.items():
        with setting.cluster.connect(autocommit=True) as connection:
            pair = compare(
                lambda query=query, connection=connection: _count(connection.cursor().stream(query)),
                lambda query=query, what=what: _count(setting.raw.stream(query, merged=what == "merged")),
                pairs=repeat,
            )
        rows, peak = stream_apart(conninfo, query)
        _same(rows, STREAMED_ROWS, "the number of rows")
        figure = _figure("stream", what, pair, setting, goal=2.0, rows=rows)
        yield figure.with_peak(peak, goal=STREAM_MIB)


def _count(rows: Iterator[Any]) -> None:
    _same(sum(1 for _ in rows), STREAMED_ROWS, "the number of rows")


WORKLOADS: dict[str, Workload] = {
    "point": point,
    "fanout": fanout,
    "fetch": fetch,
    "load": load,
    "many": writes.many,
    "plan": queries.plan,
    "small": queries.small,
    "gather": queries.gather,
    "stream": stream,
}


def _figure(workload: str, what: str, pair: Pair, setting: Setting, *, goal: float, rows: int) -> Figure:
    servers = len(setting.raw.connections)
    return Figure.of(workload, what, pair, goal=goal, rows=rows, servers=servers)


def _read(setting: Setting, query: str) -> list[tuple[Any, ...]]:
    with setting.cluster.connect() as connection:
        return connection.execute(query).fetchall()


def _key_after(setting: Setting, rows: int) -> int:
    """The order key below which there are about ``rows`` lines, or one above all when there are fewer."""
    keys = sorted(key for (key,) in _read(setting, "SELECT l_orderkey FROM lineitem"))
    return int(keys[rows] if rows < len(keys) else keys[-1] + 1)


def _same(ours: object, limit: object, what: str) -> None:
    if ours != limit:
        raise AssertionError(f"{what}: the library and the limit differ, so there is nothing to compare")
