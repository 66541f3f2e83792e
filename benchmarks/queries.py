"""What planning costs, what a small fan-out costs, and what gathering costs."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterator
from time import perf_counter, process_time
from typing import Any

from benchmarks.measure import Pair, compare
from benchmarks.report import Figure
from benchmarks.setting import Setting
from parallel_partition.planning.planner import plan as plan_statement
from tests import tpch

#: The queries of TPC-H that are compared with one PostgreSQL: those that are gathered, and all between them.
WHOLE_QUERIES = range(5, 23)
#: Seconds that planning may take: what was planned before, and TPC-H Q5 anew.
CACHED_S, UNCACHED_S = 30e-6, 15e-3
#: Seconds that a small fan-out may take longer than its slowest server.
FANOUT_S = 0.6e-3


def plan(setting: Setting, repeat: int) -> Iterator[Figure]:
    """Planning a statement anew and again; the limit is the time that it may take."""
    for table in ("orders", "lineitem", "customer", "supplier", "nation", "region"):
        setting.need(table)
    query = tpch.query(5)
    with setting.cluster.connect() as connection:
        router, path = connection.runner.router, connection.runner.plans.search_path
        schema, text = router.state.schema, query.encode()
        again = _median(lambda: router.plan(text, (), path), 1_000 * repeat)
        anew = _median(lambda: plan_statement(query, (), schema, path), 10 * repeat)
    servers = len(setting.raw.connections)
    for what, seconds, most in (("TPC-H Q5, again", again, CACHED_S), ("TPC-H Q5, anew", anew, UNCACHED_S)):
        yield Figure.of("plan", what, Pair(seconds, most), goal=1.0, rows=0, servers=servers)


def small(setting: Setting, repeat: int) -> Iterator[Figure]:
    """One row of every server, against the slowest of them asked alone and 0.6 ms."""
    setting.need("orders")
    with setting.cluster.connect(autocommit=True) as connection, connection.cursor() as cursor:
        rows = cursor.execute("SELECT o_orderkey FROM orders ORDER BY o_orderkey LIMIT 1000").fetchall()
        keys = {setting.cluster.shard_map.server_of(key): key for (key,) in rows}
        text = "SELECT o_orderkey, o_custkey, o_orderdate FROM orders WHERE o_orderkey = ANY(%s)"
        listed = list(keys.values())
        raw = {name: connection.cursor() for name, connection in setting.raw.connections.items()}

        def ours() -> object:
            return cursor.execute(text, (listed,), prepare=True).fetchall()

        def slowest() -> float:
            found = []
            for one in raw.values():
                start = perf_counter()
                one.execute(text, (listed,), prepare=True).fetchall()
                found.append(perf_counter() - start)
            return max(found)

        timed: list[Pair] = []
        for _ in range(200 * repeat):
            start = perf_counter()
            ours()
            timed.append(Pair(perf_counter() - start, slowest() + FANOUT_S))
    pair = Pair(
        statistics.median(one.ours_s for one in timed), statistics.median(one.limit_s for one in timed)
    )
    what = f"a row of each of {len(keys)}"
    yield Figure.of("small", what, pair, goal=1.0, rows=len(keys), servers=len(raw))


def gather(setting: Setting, repeat: int) -> Iterator[Figure]:
    """TPC-H queries, those that are gathered among them, against one PostgreSQL that has all rows."""
    for table in tpch.TABLES:
        setting.need(table)
    with (
        setting.plain() as plain,
        setting.cluster.connect(autocommit=True) as connection,
        connection.cursor() as cursor,
    ):
        for number in WHOLE_QUERIES:
            query = tpch.query(number)

            def ours(query: str = query) -> list[tuple[Any, ...]]:
                return cursor.execute(query).fetchall()

            def limit(query: str = query) -> list[tuple[Any, ...]]:
                return plain.execute(query).fetchall()

            if Counter(ours()) != Counter(limit()):
                raise AssertionError(f"TPC-H Q{number}: the cluster and one PostgreSQL differ")
            strategy = cursor.explain(query).strategy
            pair = compare(ours, limit, pairs=repeat)
            rows = setting.rows["lineitem"]
            servers = len(setting.raw.connections)
            what = f"TPC-H Q{number}, {strategy}"
            yield Figure.of("gather", what, pair, goal=6.0, rows=rows, servers=servers)


def _median(work: Any, times: int) -> float:
    """Seconds of this process: planning asks no server, and other work must not count."""
    seconds = []
    for _ in range(times):
        start = process_time()
        work()
        seconds.append(process_time() - start)
    return statistics.median(seconds)
