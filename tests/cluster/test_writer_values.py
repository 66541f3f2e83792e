"""The bulk writer: each value is held as one PostgreSQL would hold it, and where its key says."""

from __future__ import annotations

import ipaddress
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg.types.json import Jsonb

from parallel_partition import Cluster
from tests.cluster.loads import PLACED, Colour, Rows, everywhere, rows
from tests.fix_clusters import MakeCluster


@pytest.fixture
def cluster(loaded: Cluster) -> Cluster:
    """Four servers and eight partitions, for all tests; their tables have names of their own."""
    return loaded


# --- values ------------------------------------------------------------------------------------------------------

ALL_TYPES = """CREATE TABLE {} (
    id bigint, b boolean, i2 smallint, i4 integer, n numeric, n2 numeric(8,2), f4 real, f8 double precision,
    t text, v varchar(40), c char(5), by bytea, d date, ti time, ttz timetz, ts timestamp, tstz timestamptz,
    iv interval, u uuid, j json, jb jsonb, ia integer[], ta text[], ba bytea[], nested integer[][], ip inet, net cidr,
    col colour, r int4range, m money)"""

NOTHING = (None,) * 29


def all_types() -> Rows:
    zone = timezone(timedelta(hours=5, minutes=30))
    uuid = UUID("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11")
    full = (True, -32768, 2**31 - 1, Decimal("1.50"), Decimal("-3.145"), 1.5, 0.1 + 0.2, "text", "v", "c",
            b"\x00\\\xff", date(2026, 11, 21), time(23, 59, 59, 999999), time(1, 2, 3, tzinfo=zone),
            datetime(2026, 11, 21, 1, 2, 3, 4), datetime(2026, 11, 21, 1, 2, 3, tzinfo=zone),
            timedelta(days=-1, seconds=5, microseconds=7), uuid,
            {"a": [1, None, "\t\\"]}, {"b": {"c": 1.5}, "d": "\n"}, [1, None, -3], ["a,b", None, 'q"\\\n', ""],
            [b"\x01\\", b""], [[1, 2], [3, 4]], ipaddress.ip_address("10.0.0.1"), ipaddress.ip_network("10.0.0.0/8"),
            Colour.red, "[1,5)", "$1.50")  # fmt: skip
    odd = (False, 0, -1, Decimal("1E+20"), Decimal("0"), float("inf"), float("nan"), "", "\\N", "", b"",
           date(1, 1, 1), time(0), "04:05:06-08", datetime.max, datetime(1, 1, 1, tzinfo=UTC), timedelta(0), str(uuid),
           [1, 2], [], [], [], [], [], ipaddress.ip_interface("::1/64"), "10.1.0.0/16",
           "blue", "empty", "-2")  # fmt: skip
    texts = ("yes", "7", "8", "1e3", "2", "3.5", "-0", "\t\r\n\\.\b\f\v'\"", "ünï 漢 😀", "12345", "\\x01ff",
             "2026-11-21", "01:02", "01:02+3", "2026-11-21 05:06", "2026-11-21 05:06+02", "1 mon 2 days", str(uuid),
             "null", '"s"', "{1,2}", "{a}", "{}", "{{1},{2}}", "1.2.3.4", "1.2.3.0/24",
             "red", "(,5]", "3")  # fmt: skip
    numbers = (True, 1, 2, 3, 4, 5, 6, 7, 8.5, 9, b"", None, None, None, None, None, None, None, True, 1.5, [],
               [], [], [], None, None, None, None, 10)  # fmt: skip
    return [(number, *values) for number, values in enumerate([full, odd, texts, numbers, NOTHING], start=1)]


@pytest.mark.parametrize("separately", [True, False])
def test_every_type_is_held_as_one_postgresql_holds_it(
    cluster: Cluster, name: str, plain: str, separately: bool
) -> None:
    """The same rows through psycopg's own COPY into one plain PostgreSQL."""
    cluster.create_table(ALL_TYPES.format(name), key="id")
    given = all_types()
    with cluster.writer(name) as writer:
        for some in [[row] for row in given] if separately else [given]:
            writer.write(some)
    with psycopg.connect(plain, autocommit=True) as one:
        one.execute("CREATE TYPE colour AS ENUM ('red', 'blue')")
        one.execute(ALL_TYPES.format(name).encode())
        names = [column.name for column in one.execute(f"SELECT * FROM {name}".encode()).description or []]
        json = [index for index, column in enumerate(names) if column in ("j", "jb")]
        with one.cursor().copy(f"COPY {name} FROM STDIN".encode()) as copy:
            for row in given:
                copy.write_row(
                    [
                        Jsonb(value) if index in json and isinstance(value, dict | list | bool) else value
                        for index, value in enumerate(row)
                    ]
                )
        texts = ", ".join(f"{column}::text" for column in names)
        expected = one.execute(f"SELECT {texts} FROM {name} ORDER BY id".encode()).fetchall()
    found = everywhere(cluster, f"SELECT {texts} FROM {name}")
    assert sorted((row for each in found.values() for row in each), key=lambda row: int(row[0])) == expected


KEYS: list[tuple[str, list[Any]]] = [
    ("bigint", [0, -1, 2**63 - 1, "007", " 5 ", None, *range(100, 150)]),
    ("text", ["", "a", "é", "\t", "\\N", "x\ny", "\\", None, *map(str, range(50))]),
    ("varchar(3)", ["abc", "abc   ", "a  ", "ab     ", None]),
    ("numeric", [Decimal("1.50"), 1, "1e2", Decimal("1E+2"), "NaN", None, Decimal("-0")]),
    ("numeric(10,2)", ["1.005", Decimal("2.345"), "-1.005", 3, None]),
    ("uuid", [UUID(int=7), "{A0EEBC99-9C0B4EF8BB6D6BB9BD380A11}", None]),
    ("date", [date(2026, 1, 2), date(1, 1, 1), "0044-03-15 BC", "infinity", None]),
    ("boolean", [True, False, "yes", "f", None]),
]


@pytest.mark.both_versions
@pytest.mark.parametrize(("type_", "values"), KEYS, ids=[type_ for type_, _ in KEYS])
def test_every_key_is_where_sql_says(
    make_cluster: MakeCluster, type_: str, values: list[Any], tmp_path: Any
) -> None:
    """The key as PostgreSQL stored it, hashed by PostgreSQL: from tuples, mappings and CSV."""
    cluster = make_cluster(servers=2)
    cluster.create_table(f"CREATE TABLE k (key {type_}, n integer)", key="key")
    with cluster.writer("k") as writer:
        writer.write((value, number) for number, value in enumerate(values))
        writer.write({"n": number, "key": value} for number, value in enumerate(values))
    file = tmp_path / "k.csv"
    literal = [None if value is None else str(value) for value in values]
    lines = ["" if text is None else '"' + text.replace('"', '""') + '"' for text in literal]
    file.write_text(
        "key,n\n" + "".join(f"{line},{number}\n" for number, line in enumerate(lines)), newline=""
    )
    cluster.load_csv("k", file)
    misplaced = everywhere(cluster, f"SELECT key::text FROM k WHERE NOT {PLACED.format(key='key')}")
    assert misplaced == {"s1": [], "s2": []}
    assert len(rows(cluster, "k", "n")) == 3 * len(values)
    nulls = sum(value is None for value in values)
    assert len(rows(cluster, "k WHERE key IS NULL", "n")) == 3 * nulls


def test_keys_of_several_columns(cluster: Cluster, name: str) -> None:
    cluster.create_table(f"CREATE TABLE {name} (a text, b integer, c text)", key=("b", "a"))
    given = [("x", 1, "p"), (None, None, "q"), ("", 2, "r"), ("y", None, "s")]
    with cluster.writer(name) as writer:
        writer.write(given)
    assert sorted(rows(cluster, name, "a, b, c"), key=lambda row: str(row[2])) == given
    for row in given:
        part = cluster.shard_map.partition_of((row[1], row[0]), ("integer", "text"))
        server = cluster.shard_map.home_of(part)
        found = everywhere(cluster, f"SELECT part FROM {name} WHERE c = '{row[2]}'")
        assert found == {each: [(part,)] if each == server else [] for each in cluster.servers}


def test_null_keys_are_found_again(cluster: Cluster, name: str) -> None:
    cluster.create_table(f"CREATE TABLE {name} (k text, n integer)", key="k")
    with cluster.writer(name) as writer:
        writer.write((None, number) for number in range(3))
        writer.write([{"n": 3}, {"n": 4, "k": None}])
    assert rows(cluster, f"{name} WHERE k IS NULL", "n") == [(0,), (1,), (2,), (3,), (4,)]
