"""``up``, ``down`` and ``status`` with real servers."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from parallel_partition.local_cluster import LocalCluster

PROGRAM = Path(sys.executable).parent / "parallel-partition"


@pytest.fixture
def directory(pg_bin: Path) -> Iterator[Path]:
    """A folder for servers that are kept; every account may enter it."""
    parent = Path(tempfile.mkdtemp(prefix="test_cli_servers_")).resolve()
    parent.chmod(0o755)
    yield parent / "servers"
    LocalCluster(directory=parent / "servers", pg_bin=pg_bin).stop()
    shutil.rmtree(parent)


def run(command: str, directory: Path, *words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the installed program, its output in a pipe, with every warning of Python an error."""
    environment = {**os.environ, "PYTHONWARNINGS": "error", "PYTHONDEVMODE": "1", "COLUMNS": "80"}
    return subprocess.run(
        [PROGRAM, command, "--directory", directory, *words],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )


def states(answer: subprocess.CompletedProcess[str]) -> dict[str, str]:
    assert answer.stderr == ""
    assert answer.returncode == 0
    words = [line.split() for line in answer.stdout.splitlines() if line.startswith("server_")]
    return {name: state for name, state, _, _ in words}


def test_servers_outlive_up_and_end_with_down(directory: Path, pg_bin: Path) -> None:
    up = run("up", directory, "--servers", "2", "--pg-bin", pg_bin, "--set", "fsync=off")
    assert states(up) == {"server_1": "running", "server_2": "running"}
    address = up.stdout.splitlines()[-1].split()[-1]
    with psycopg.connect(address) as connection:
        connection.execute("CREATE TABLE kept ()")

    status = run("status", directory)
    assert status.stdout == up.stdout

    again = run("up", directory, "--servers", "3", "--pg-bin", pg_bin)
    assert states(again) == {"server_1": "running", "server_2": "running", "server_3": "running"}
    assert again.stdout.splitlines()[:5] == up.stdout.splitlines()

    down = run("down", directory)
    assert (down.stdout, down.stderr) == ("Stopped server_1, server_2, server_3.\n", "")
    assert set(states(run("status", directory)).values()) == {"stopped"}
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(address)

    assert len(states(run("up", directory, "--pg-bin", pg_bin))) == 3
    with psycopg.connect(address) as connection:
        row = connection.execute("SELECT to_regclass('kept')::text, current_setting('fsync')").fetchone()
    assert row == ("kept", "off")


def test_a_failed_up_leaves_no_server_behind(directory: Path, pg_bin: Path) -> None:
    answer = run("up", directory, "--servers", "2", "--pg-bin", pg_bin, "--set", "no_such_setting=1")
    assert answer.returncode == 1
    assert answer.stderr.startswith("Error: server_1 (port ")
    assert "no_such_setting" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert set(states(run("status", directory)).values()) == {"stopped"}
    assert json.loads((directory / "local_cluster.json").read_text())["settings"] == {}
