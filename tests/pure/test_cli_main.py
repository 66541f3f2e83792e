"""The command line as a whole: its commands, its errors, what it prints into a pipe."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from parallel_partition import cli
from parallel_partition.errors import ServerUnavailable

NOT_COMMANDS = {
    "__init__",
    "demo_flights",
    "options",
    "shell",
    "shell_describe",
    "shell_input",
    "shell_output",
}


def test_every_module_of_a_command_is_listed() -> None:
    modules = {path.stem for path in Path(cli.__file__).parent.glob("*.py")}
    assert modules - NOT_COMMANDS == set(cli.COMMANDS)


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_is_named_like_its_module_and_has_help(name: str) -> None:
    answer = CliRunner().invoke(cli.main, [name, "--help"])
    assert answer.exit_code == 0
    assert answer.output.startswith(f"Usage: main {name} [OPTIONS]")


def test_the_help_page_lists_the_commands_in_their_order() -> None:
    answer = CliRunner().invoke(cli.main, ["-h"])
    places = [answer.output.index(f"\n  {name} ") for name in cli.COMMANDS]
    assert places == sorted(places)
    assert max(map(len, answer.output.splitlines())) <= 80


def test_an_unknown_command_is_a_usage_error() -> None:
    answer = CliRunner().invoke(cli.main, ["upp"])
    assert answer.exit_code == 2
    assert "No such command 'upp'" in answer.output


def test_the_version_is_the_packages() -> None:
    from importlib.metadata import version

    answer = CliRunner().invoke(cli.main, ["--version"])
    assert version("parallel_partition") in answer.output


def test_an_error_of_the_library_is_one_line_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    @click.command()
    def fail() -> None:
        raise ServerUnavailable("server_2 (127.0.0.1:5433): connection refused; start it")

    monkeypatch.setattr(cli.main, "get_command", lambda ctx, name: fail)
    answer = CliRunner().invoke(cli.main, ["fail"])
    assert answer.exit_code == 1
    assert answer.stderr == "Error: server_2 (127.0.0.1:5433): connection refused; start it\n"
    assert not answer.stdout


def test_an_error_that_is_not_the_librarys_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    @click.command()
    def fail() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(cli.main, "get_command", lambda ctx, name: fail)
    with pytest.raises(ZeroDivisionError):
        CliRunner().invoke(cli.main, ["fail"], catch_exceptions=False)


def test_the_installed_program_runs() -> None:
    program = Path(sys.executable).parent / "parallel-partition"
    answer = subprocess.run([program, "--help"], capture_output=True, text=True, check=True)
    assert answer.stdout.startswith("Usage: parallel-partition [OPTIONS] COMMAND")
