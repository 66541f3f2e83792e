import gc
import json
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks import measure, report
from benchmarks.baselines import split_csv
from benchmarks.measure import Pair, compare, compare_each
from benchmarks.report import Figure


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that stands still until ``clock[0]`` is moved."""
    now = [0.0]
    monkeypatch.setattr(measure, "perf_counter", lambda: now[0])
    return now


def test_the_pair_with_the_median_ratio_is_the_figure(clock: list[float]) -> None:
    calls: list[str] = []
    # The first of each is the warming up; the ratios of the rest are 2, 8 and 3.
    ours, limit = iter([50, 2, 8, 30]), iter([1, 1, 1, 10])

    def run(name: str, seconds: int) -> None:
        calls.append(name)
        clock[0] += seconds

    pair = compare(
        lambda: run("ours", next(ours)),
        lambda: run("limit", next(limit)),
        pairs=3,
        before=lambda: run("before", 1000),
    )
    assert pair == Pair(30, 10)
    assert pair.ratio == 3
    names = [name for name in calls if name != "before"]
    assert names == ["limit", "ours", "ours", "limit", "limit", "ours", "ours", "limit"]
    assert calls[::2] == ["before"] * 8


def test_short_calls_are_timed_one_by_one(clock: list[float]) -> None:
    collecting: set[bool] = set()

    def ours(item: int) -> None:
        collecting.add(gc.isenabled())
        clock[0] += item * 3

    def limit(item: int) -> None:
        clock[0] += item

    assert compare_each(ours, limit, [1, 2, 100], rounds=1) == Pair(6, 2)
    assert collecting == {False}
    assert gc.isenabled()


def test_a_figure_says_whether_its_goal_is_met(tmp_path: Path) -> None:
    met = Figure.of("point", "by key", Pair(0.0012, 0.001), goal=1.3, rows=1, servers=4)
    missed = Figure.of("load", "CSV", Pair(9, 3), goal=2.0, rows=1_000_000, servers=4)
    report.write([met, missed], tmp_path / "figures.json")
    written = json.loads((tmp_path / "figures.json").read_text())
    assert [figure["met"] for figure in written] == [True, False]
    assert written[1] == {
        "workload": "load",
        "what": "CSV",
        "ours_s": 9,
        "limit_s": 3,
        "ratio": 3.0,
        "goal": 2.0,
        "met": False,
        "rows": 1_000_000,
        "servers": 4,
        "peak_mib": None,
        "peak_goal_mib": None,
    }
    console = Console(width=80, record=True, file=(tmp_path / "shown").open("w"))
    report.show([met, missed], console)
    console.file.close()
    lines = console.export_text().splitlines()
    assert lines[1].split() == ["point", "by", "key", "1", "1.2", "ms", "1.0", "ms", "1.20", "1.30", "yes"]
    assert lines[2].split()[-3:] == ["3.00", "2.00", "no"]


def test_memory_has_a_goal_too(tmp_path: Path) -> None:
    figure = Figure.of("stream", "merged", Pair(1, 1), goal=2.0, rows=10, servers=4)
    assert figure.with_peak(62.4, goal=190).met
    assert not figure.with_peak(200, goal=190).met
    console = Console(width=100, record=True, file=(tmp_path / "shown").open("w"))
    report.show([figure, figure.with_peak(62.4, goal=190)], console)
    console.file.close()
    lines = console.export_text().splitlines()
    assert lines[0].split()[-2:] == ["memory", "met"]
    assert lines[1].split()[-2:] == ["2.00", "yes"]
    assert lines[2].split()[-3:] == ["62/190", "MiB", "yes"]


def test_a_file_is_split_by_partition(tmp_path: Path) -> None:
    source = tmp_path / "rows.csv"
    source.write_text('id,text\n1,"a, b"\n2,\n3,c\n')
    files = split_csv(source, tmp_path / "split", [7, 2, 7])
    assert {part: file.read_text() for part, file in files.items()} == {2: "2,,2\n", 7: '1,"a, b",7\n3,c,7\n'}
