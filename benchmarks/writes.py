"""What it costs to write rows one by one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from benchmarks.measure import compare
from benchmarks.report import Figure
from benchmarks.setting import Setting

#: Parameter sets of one executemany().
MANY = 100_000


def many(setting: Setting, repeat: int) -> Iterator[Figure]:
    """``executemany`` of an INSERT over all servers, against psycopg's own to the first of them."""
    table = "(k bigint PRIMARY KEY, v int, s text)"
    setting.cluster.create_table(f"CREATE TABLE many {table}", key="k")
    name, raw = next(iter(setting.raw.connections.items()))
    raw.execute(f"CREATE TABLE many_of_one {table}".encode())
    rows = [(number, number % 7, f"name number {number:09}") for number in range(MANY)]

    def empty() -> None:
        setting.raw.execute("TRUNCATE many")
        raw.execute("TRUNCATE many_of_one")
        setting.raw.execute("CHECKPOINT")

    def insert(connection: Any, table: str) -> None:
        with connection.transaction(), connection.cursor() as cursor:
            cursor.executemany(f"INSERT INTO {table} VALUES (%s, %s, %s)", rows)
            if cursor.rowcount != MANY:
                raise AssertionError(f"{cursor.rowcount} rows were counted, not {MANY}")

    with setting.cluster.connect(autocommit=True) as connection:
        empty()
        insert(connection, "many")
        insert(raw, "many_of_one")
        checksum = "SELECT count(*), sum(k), sum(v), sum(length(s)) FROM {}"
        ours, limit = (
            one.execute(checksum.format(table)).fetchone()
            for one, table in ((connection, "many"), (raw, "many_of_one"))
        )
        if ours != limit:
            raise AssertionError(f"the rows differ from those on {name}, so there is nothing to compare")
        pair = compare(
            lambda: insert(connection, "many"),
            lambda: insert(raw, "many_of_one"),
            pairs=repeat,
            before=empty,
        )
    # At least 0.7 of psycopg's rows per second.
    yield Figure.of(
        "many", "executemany", pair, goal=1 / 0.7, rows=MANY, servers=len(setting.raw.connections)
    )
