"""The README's first example prints what the README says."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest

README = (Path(__file__).parent.parent / "README.md").read_text("utf-8")
SECTION = README.split("## A first example")[1].split("\n## ")[0]


def block(language: str) -> str:
    (text,) = re.findall(rf"```{language}\n(.*?)```", SECTION, re.DOTALL)
    return text


def test_the_first_example_prints_what_is_shown(monkeypatch: pytest.MonkeyPatch, pg_bin: Path) -> None:
    monkeypatch.setenv("PARALLEL_PARTITION_PG_BIN", str(pg_bin))
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(block("python"), {})
    assert printed.getvalue() == block("text")


def test_all_other_python_in_it_is_python() -> None:
    for code in re.findall(r"```python\n(.*?)```", README, re.DOTALL):
        compile(code, "README.md", "exec")
