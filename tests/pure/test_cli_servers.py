"""``up``, ``down`` and ``status`` where no server is started."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from parallel_partition.cli import main, options


def run(*words: str | Path, **environment: str) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words], env=environment)


def stopped(directory: Path, ports: list[int | None]) -> Path:
    """Make the record of servers that were started once."""
    directory.mkdir()
    (directory / "local_cluster.json").write_text(json.dumps({"ports": ports, "settings": {}}))
    return directory


@pytest.mark.parametrize("command", ["status", "down"])
def test_a_folder_without_servers(command: str, tmp_path: Path) -> None:
    answer = run(command, "--directory", tmp_path / "none")
    assert answer.exit_code == 1
    assert answer.stderr == (
        f"Error: no local servers are kept in {tmp_path / 'none'}: `parallel-partition up` makes some\n"
    )


@pytest.mark.parametrize("environment", [{}, {"NO_COLOR": "1"}, {"FORCE_COLOR": "1", "NO_COLOR": "1"}])
def test_status_is_legible_at_80_columns_and_without_colours(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    directory = stopped(tmp_path / "servers", [15_001, 31_999, None])
    answer = run("status", "--directory", directory, COLUMNS="80", **environment)
    assert answer.exit_code == 0
    title, blank, *table = [line.rstrip() for line in answer.output.splitlines()]
    assert title == f"PostgreSQL servers in {directory}"
    assert blank == ""
    if "FORCE_COLOR" not in environment:
        assert table == [
            "server    state    process  address",
            "server_1  stopped  -        postgresql://postgres@127.0.0.1:15001/postgres",
            "server_2  stopped  -        postgresql://postgres@127.0.0.1:31999/postgres",
            "server_3  stopped  -        -",
        ]
    assert "\x1b[3" not in answer.output
    assert "\x1b[9" not in answer.output


def test_down_when_nothing_runs(tmp_path: Path) -> None:
    directory = stopped(tmp_path / "servers", [15_001])
    answer = run("down", "--directory", directory)
    assert (answer.exit_code, answer.output) == (0, f"No server was running in {directory}.\n")


def test_the_folder_can_come_from_the_environment(tmp_path: Path) -> None:
    directory = stopped(tmp_path / "servers", [15_001])
    assert str(directory) in run("status", PARALLEL_PARTITION_DIRECTORY=str(directory)).output


def test_the_folder_is_the_accounts_own_unless_that_is_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setattr(options.os, "geteuid", lambda: 1000)
    assert options.default_directory() == tmp_path / "parallel_partition" / "local"
    monkeypatch.delenv("XDG_DATA_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert options.default_directory() == tmp_path / ".local/share/parallel_partition/local"
    monkeypatch.setattr(options.os, "geteuid", lambda: 0)
    assert options.default_directory() == Path("/var/lib/parallel_partition/local")


@pytest.mark.parametrize(
    "words", [("--servers", "0"), ("--servers", "-1"), ("--set", "fsync"), ("--set", "=1")]
)
def test_up_refuses_what_is_no_option(words: tuple[str, str], tmp_path: Path) -> None:
    answer = run("up", "--directory", tmp_path / "servers", *words)
    assert answer.exit_code == 2
    assert words[0] in answer.stderr
    assert not (tmp_path / "servers").exists()


def test_up_says_where_it_looked_for_postgresql(tmp_path: Path) -> None:
    answer = run("up", "--directory", tmp_path / "servers", "--pg-bin", tmp_path)
    assert answer.exit_code == 1
    assert answer.stderr == (
        f"Error: pg_bin names {tmp_path}, which does not hold a working postgres and initdb\n"
    )
    assert not (tmp_path / "servers").exists()
