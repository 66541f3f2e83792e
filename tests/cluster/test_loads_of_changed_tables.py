"""Loads into tables that somebody changed on a server by hand: refused before their rows are committed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest

from parallel_partition import Cluster, errors
from parallel_partition.execution import bulk_load
from parallel_partition.postgres.copy import CopyChunk, copy_in
from tests.cluster.test_changed_by_hand import change, held, home, on, over, pair

__all__ = ["change", "over", "pair"]

SWAP = "ALTER TABLE other RENAME v TO x; ALTER TABLE other RENAME k TO v; ALTER TABLE other RENAME x TO k"
NEW = [(k, 1, None, "x") for k in range(1000, 1100)]


def refused(cluster: Cluster, said: str, rows: Any = NEW, table: str = "t") -> None:
    """Load rows; one server has the table otherwise."""
    with pytest.raises(errors.TableDiffers, match=said) as caught, cluster.writer(table) as writer:
        writer.write(rows)
    assert isinstance(caught.value, psycopg.OperationalError)
    assert caught.value.server == "s2"


def kept(cluster: Cluster, table: str = "t") -> int:
    """How many rows of loads there are, in children that are attached and in others."""
    found = 0
    for server in cluster.servers.values():
        with psycopg.connect(server.conninfo) as direct:
            tables = direct.execute(
                "SELECT relname FROM pg_class WHERE relkind = 'r' AND relname ~ %s",
                (f"^{table}(_part_.*)?$",),
            ).fetchall()
            for (name,) in tables:
                query = f"SELECT count(*) FROM {name} AS r WHERE (to_jsonb(r) ->> 'k')::int >= 1000"
                found += (direct.execute(query.encode()).fetchone() or (0,))[0]
    return found


@pytest.mark.both_versions
def test_a_table_that_one_server_has_otherwise(pair: Cluster, change: tuple[str, str]) -> None:
    """Whether the server would take the rows or not."""
    on(pair, "s2", change[0])
    refused(pair, change[1])
    assert kept(pair) == 0
    with pair.writer("other") as writer:
        writer.write([(k, 1) for k in range(1000, 1100)])
    assert kept(pair, "other") == 100


@pytest.mark.both_versions
def test_columns_of_one_type_that_were_renamed_to_each_other(pair: Cluster, tmp_path: Path) -> None:
    on(pair, "s2", SWAP)
    refused(pair, "table public.other on server s2 differs", [(k, -k) for k in range(1000, 1100)], "other")
    file = tmp_path / "other.csv"
    file.write_text("k,v\n" + "".join(f"{k},{-k}\n" for k in range(1000, 1100)))
    with pytest.raises(errors.TableDiffers, match=r"table public\.other on server s2 differs"):
        pair.load_csv("other", file)
    assert kept(pair, "other") == 0


def test_a_reference_table(pair: Cluster) -> None:
    on(pair, "s2", "ALTER TABLE few ALTER n TYPE bigint")
    refused(pair, "it has n bigint NOT NULL, and has not n integer NOT NULL", [(7, "seven")], "few")
    with psycopg.connect(pair.servers["s1"].conninfo) as direct:
        assert direct.execute("SELECT n FROM few").fetchall() == [(1,)]


@pytest.mark.both_versions
@pytest.mark.parametrize("change", [SWAP, "ALTER TABLE other DETACH PARTITION other_part_{part}"])
def test_a_change_while_the_load_goes_on(pair: Cluster, monkeypatch: pytest.MonkeyPatch, change: str) -> None:
    """The server takes all rows, as it has such columns and tables of such names."""
    statement = change.format(part=held(pair, "s2"))
    changes = [statement]

    def copied(connection: psycopg.Connection[Any], server: str, chunk: CopyChunk) -> None:
        if server == "s2" and changes:
            on(pair, "s2", changes.pop())
        copy_in(connection, server, chunk)

    monkeypatch.setattr(bulk_load, "copy_in", copied)
    refused(pair, "table public.other on server s2 differs", [(k, k) for k in range(1000, 1100)], "other")
    assert not changes
    assert kept(pair, "other") == 0


def test_who_changes_a_table_waits_for_a_load(pair: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    waited = []

    def copied(connection: psycopg.Connection[Any], server: str, chunk: CopyChunk) -> None:
        copy_in(connection, server, chunk)
        with pytest.raises(psycopg.errors.LockNotAvailable):
            on(pair, server, "SET lock_timeout = '50ms'", SWAP)
        waited.append(server)

    monkeypatch.setattr(bulk_load, "copy_in", copied)
    with pair.writer("other") as writer:
        writer.write([(1000, 1), (1001, 1), (1002, 1)])
    assert waited
    assert kept(pair, "other") == 3


def test_a_change_on_all_servers(pair: Cluster) -> None:
    """One of before is taken over; one during the load is another's table than its rows were made for."""
    for server in pair.servers:
        on(pair, server, "ALTER TABLE t RENAME v TO w")
    with pair.writer("t", ["k", "w"]) as writer:
        writer.write([(k, 1) for k in range(2000, 2100)])
    with pytest.raises(errors.StaleMap), pair.writer("t", ["k", "w", "s"]) as writer:
        for server in pair.servers:
            on(pair, server, "ALTER TABLE t RENAME s TO x; ALTER TABLE t ADD s text")
        writer.write([(k, 1, "x") for k in range(3000, 3100)])
    assert kept(pair) == 100


def test_rows_for_the_other_server_alone(pair: Cluster) -> None:
    on(pair, "s2", f"ALTER TABLE t DETACH PARTITION t_part_{held(pair, 's2')}")
    mine = [row for row in NEW if home(pair, row[0]) == "s1"]
    with pair.writer("t") as writer:
        writer.write(mine)
    assert kept(pair) == len(mine)
