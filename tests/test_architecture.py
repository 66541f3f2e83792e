"""The shape of the house: its floors, the sizes and names of its rooms, and that no two rooms need each other."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "parallel_partition"
FILES = sorted(PACKAGE.rglob("*.py"))

LONGEST_FILE = 500
LONGEST_FUNCTION = 50
#: Of a hundred functions one may be longer: a table of cases is not clearer in pieces.
LONGER_FUNCTIONS = 0.01
JUNK_DRAWERS = {
    "util",
    "utils",
    "helper",
    "helpers",
    "manager",
    "common",
    "base",
    "core",
    "misc",
    "shared",
    "lib",
}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def name_of(file: Path) -> str:
    """Return the dotted name of a module of the package."""
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(file): file for file in FILES}


@cache
def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text("utf-8"))


def test_the_floors_hold() -> None:
    program = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run(
        [program, "--config", "setup.cfg", "--no-cache", "--no-logo"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_room_is_a_junk_drawer() -> None:
    words = {name: set(name.split(".")[-1].strip("_").split("_")) for name in MODULES}
    assert [name for name, parts in words.items() if parts & JUNK_DRAWERS] == []


def test_packages_have_two_levels() -> None:
    assert [name for name in MODULES if name.count(".") > 2] == []


@pytest.mark.parametrize("file", FILES, ids=map(name_of, FILES))
def test_a_file_is_short_and_says_what_it_is(file: Path) -> None:
    text = file.read_text("utf-8")
    assert len(text.splitlines()) <= LONGEST_FILE
    assert not text or ast.get_docstring(tree(file))


def test_functions_are_short() -> None:
    lengths = {
        f"{name}.{function.name}": _length(function)
        for name, file in MODULES.items()
        for function in ast.walk(tree(file))
        if isinstance(function, Function)
    }
    longer = {name: length for name, length in lengths.items() if length > LONGEST_FUNCTION}
    assert len(longer) <= LONGER_FUNCTIONS * len(lengths), longer


def _length(function: Function) -> int:
    """Return a function's number of lines without its docstring."""
    lines = (function.end_lineno or 0) - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function) is not None:
        lines -= (first.end_lineno or 0) - first.lineno + 1
    return lines


def test_no_modules_import_each_other_while_loading() -> None:
    imports = {name: set(_imported(name, file)) for name, file in MODULES.items()}
    # Take away what imports nothing that is left, until only cycles and what leads into them remain.
    while leaves := {name for name, others in imports.items() if not others & imports.keys()}:
        imports = {name: others for name, others in imports.items() if name not in leaves}
    assert imports == {}


def _imported(name: str, file: Path) -> Iterator[str]:
    for statement in _run_while_loading(tree(file).body):
        if isinstance(statement, ast.Import):
            yield from (alias.name for alias in statement.names)
        elif isinstance(statement, ast.ImportFrom) and statement.module:
            for alias in statement.names:
                inner = f"{statement.module}.{alias.name}"
                # `from package import module` loads the module; the package's own face is not what is wanted of it.
                target = inner if inner in MODULES else statement.module
                if target != name:
                    yield target


def _run_while_loading(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    for statement in body:
        if isinstance(statement, ast.If) and "TYPE_CHECKING" in ast.unparse(statement.test):
            continue
        if isinstance(statement, ast.If | ast.Try):
            yield from _run_while_loading([*statement.body, *statement.orelse])
        else:
            yield statement
