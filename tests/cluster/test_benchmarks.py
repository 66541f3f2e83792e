"""The benchmarks run and write what programs read; how fast it is here is not looked at."""

from __future__ import annotations

import json
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner

from benchmarks import workloads, writes
from benchmarks.__main__ import main
from benchmarks.workloads import WORKLOADS


def test_every_workload_gives_its_figures(
    conninfos: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workloads, "POINT_QUERIES", 20)
    monkeypatch.setattr(workloads, "STREAMED_ROWS", 3_000)
    monkeypatch.setattr(writes, "MANY", 3_000)
    file = tmp_path / "figures.json"
    options = ["--scale=0.001", "--repeat=1", "--partitions=8", f"--json={file}", f"--data={tmp_path}"]
    options += [f"--conninfo={conninfo}" for conninfo in conninfos[:2]]
    # All but gather: at so small a scale TPC-H's partsupp has a key twice.
    named = [name for name in WORKLOADS if name != "gather"]
    answer = CliRunner().invoke(main, [*named, *options], catch_exceptions=False)
    assert answer.exit_code == 0
    figures = json.loads(file.read_text())
    assert [figure["workload"] for figure in figures] == [
        *("point", "fanout", "fanout", "fetch", "load", "many", "plan", "plan", "small", "stream", "stream"),
    ]
    for figure in figures:
        assert figure["ratio"] == pytest.approx(figure["ours_s"] / figure["limit_s"])
        assert figure["servers"] == 2
        assert figure["rows"] in (0, 1, 2, 6005, 3_000)
        assert (figure["peak_mib"] is not None) == (figure["workload"] == "stream")
    with psycopg.connect(conninfos[0]) as connection:
        left = connection.execute("SELECT count(*) FROM pg_database WHERE datname ~ '^benchmark_'").fetchone()
    assert left == (0,)


def test_an_unknown_workload_is_refused() -> None:
    answer = CliRunner().invoke(main, ["pint"])
    assert answer.exit_code == 2
    assert "'pint' is not one of 'point', 'fanout', 'fetch', 'load'" in answer.output
