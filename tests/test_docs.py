"""What is public says what it is and shows how it is used; what the documents name exists."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import click
import psycopg
import pytest

import parallel_partition
from parallel_partition.cli import COMMANDS, main
from parallel_partition.local_cluster import DEFAULTS

ROOT = Path(__file__).parent.parent
PUBLIC: list[str] = sorted(getattr(parallel_partition, "__all__", []))
#: PEP 249 gives these their names and their meaning.
CONSTANTS = {"apilevel", "threadsafety", "paramstyle", "__version__"}
SHOWN = [
    name
    for name in PUBLIC
    if callable(thing := getattr(parallel_partition, name))
    and not (inspect.isclass(thing) and issubclass(thing, BaseException))
]


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_name_has_a_docstring(name: str) -> None:
    thing = getattr(parallel_partition, name)
    assert name in CONSTANTS or inspect.getdoc(thing)
    if inspect.isclass(thing):
        assert thing.__doc__, "a class does not speak through its parent's docstring"


def test_it_is_a_module_of_pep_249() -> None:
    assert set(PUBLIC) >= {"apilevel", "threadsafety", "paramstyle", "connect"}
    asked = (parallel_partition.apilevel, parallel_partition.threadsafety, parallel_partition.paramstyle)
    assert asked == (psycopg.apilevel, psycopg.threadsafety, psycopg.paramstyle)


@pytest.mark.parametrize("name", SHOWN)
def test_what_can_be_called_shows_an_example(name: str) -> None:
    text = inspect.getdoc(getattr(parallel_partition, name)) or ""
    assert re.search(r"^Examples?\n-+\n(.*\n)*?\s*>>> ", text, re.MULTILINE), f"{name} has no Example section"


@pytest.mark.parametrize("name", SHOWN)
def test_public_methods_have_docstrings(name: str) -> None:
    thing = getattr(parallel_partition, name)
    members = vars(thing).items() if inspect.isclass(thing) else ()
    functions = [
        member
        for member, value in members
        if not member.startswith("_") and (inspect.isroutine(value) or isinstance(value, property))
    ]
    assert [member for member in functions if not inspect.getdoc(getattr(thing, member))] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_says_what_it_does_and_shows_an_example(name: str) -> None:
    command = main.get_command(click.Context(main), name)
    assert command is not None
    text = inspect.cleandoc(command.help or "")
    assert text.splitlines()[0].endswith(".")
    assert f"\b\nExample:\n  parallel-partition {name}" in text
    options = [option for option in command.params if isinstance(option, click.Option)]
    assert [option.name for option in options if not option.help] == []


@pytest.mark.parametrize("document", sorted(ROOT.glob("*.md")), ids=lambda document: document.name)
def test_a_document_names_only_targets_and_commands_that_exist(document: Path) -> None:
    text = document.read_text("utf-8")
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    code = "\n".join(re.findall(r"```.*?```|`[^`\n]+`", text, re.DOTALL))
    assert set(re.findall(r"\bmake ([a-z]+)", code)) <= set(targets)
    assert set(re.findall(r"\bparallel-partition ([a-z]+)", code)) <= set(COMMANDS)


def test_containers_have_the_settings_of_local_servers() -> None:
    text = (ROOT / "docker-compose.yml").read_text("utf-8")
    assert [name for name, value in DEFAULTS.items() if f"- {name}={value}\n" not in text] == []
