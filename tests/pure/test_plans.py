"""The plans of the statements in ``tests/plans``; see `plan_cases` for how to add one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pure.plan_cases import GIVEN, Case, found_of, read_cases
from tests.pure.plan_schema import SCHEMA

FILES = sorted((Path(__file__).parents[1] / "plans").glob("*.sql"))
CASES = [case for file in FILES for case in read_cases(file)]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_plan(case: Case) -> None:
    found = found_of(case, SCHEMA)
    names = {name for name, _ in case.expected}
    shown = "\n".join(f"-- {name}: {value}" for name, value in found)
    assert names, f"the case expects nothing; its plan says\n{shown}"
    compared = [(name, value) for name, value in found if name in names]
    assert compared == case.expected, f"the plan says\n{shown}"


def test_there_are_cases_of_every_kind() -> None:
    assert len(CASES) >= 150
    strategies = {value for case in CASES for name, value in case.expected if name == "strategy"}
    assert strategies >= {
        "one server",
        "whole",
        "split",
        "reference",
        "local",
        "insert",
        "modify",
        "every server",
        "setting",
    }
    assert all(name in GIVEN or value for case in CASES for name, value in case.said)


def test_every_case_of_refused_is_refused() -> None:
    refused = [case for case in CASES if case.file == "refused.sql"]
    assert len(refused) >= 60
    assert all("refused" in dict(case.expected) for case in refused)
