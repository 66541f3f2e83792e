"""Every place at which a commit or a recovery may be cut off, and what must have become of its transaction then."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import parallel_partition


class Case(NamedTuple):
    """A place, what else goes wrong, and on how many of three servers the transaction is after a kill there.

    ``marks`` is None where the server may be faster than the kill, or not: all or nothing.
    """

    point: str
    scenario: str = "plain"
    marks: int | None = None


COMMITS = (
    Case("gate.entered", marks=0),
    Case("commit.begun", marks=0),
    Case("prepare.sent", marks=0),
    Case("prepare.answered", marks=0),
    Case("prepare.answered=2", marks=0),
    Case("prepare.done", marks=0),
    Case("decide.sent"),
    Case("decide.answered", marks=3),
    Case("complete.begun", marks=3),
    Case("end.sent", marks=3),
    Case("end.answered", marks=3),
    Case("end.answered=2", marks=3),
    Case("complete.done", marks=3),
    Case("abort.begun", "refused", marks=0),
    Case("abort.rolled_back", "refused", marks=0),
    Case("end.sent", "refused", marks=0),
    Case("end.answered", "refused", marks=0),
    Case("settle.begun", "decider lost", marks=0),
    Case("settle.connected", "decider lost", marks=0),
    Case("resolve.sent", "decider lost", marks=0),
    Case("resolve.answered", "decider lost", marks=0),
    Case("abort.begun", "decider lost", marks=0),
    Case("end.connected", "other lost", marks=3),
)
#: Not atomic, and known not to be.
IN_TURN = (
    Case("in_turn.entered", "best effort", marks=0),
    Case("in_turn.committed_one", "best effort", marks=1),
)
RECOVERIES = (
    Case("recover.connected"),
    Case("recover.listed"),
    Case("resolve.sent"),
    Case("resolve.answered"),
    Case("recover.settled"),
    Case("recover.ended_one"),
    Case("recover.ended_one=2"),
    Case("recover.ended"),
)
ROLES = (Case("recover.role_taken"),)
#: Two-phase commit by the caller's hand. ``marks`` is what a commit by somebody else makes of it afterwards; parts are
#: listed before they are prepared and before they are ended, on each of the three servers.
PREPARES = (
    Case("tpc.answered", marks=0),
    Case("tpc.entered", marks=0),
    Case("tpc.prepare_sent", marks=0),
    Case("tpc.prepare_answered", marks=0),
    Case("tpc.prepare_answered=2", marks=0),
    Case("tpc.prepared_others", marks=0),
    Case("tpc.prepare_sent=3"),
    Case("tpc.prepare_answered=3", marks=3),
    Case("tpc.prepared", marks=3),
)
#: ``marks`` is None where the other end is still possible.
FINISHES = (
    Case("tpc.sent"),
    Case("tpc.answered=3"),
    Case("tpc.listed"),
    Case("tpc.decided", marks=3),
    Case("tpc.sent=4", marks=3),
    Case("tpc.answered=4", marks=3),
    Case("tpc.answered=5", marks=3),
    Case("tpc.sent=6", marks=3),
    Case("tpc.answered=6", marks=3),
)
#: A few for every day, in the middle of each of the steps.
FAST = (
    *("prepare.answered", "decide.sent", "end.answered", "recover.settled"),
    *("tpc.prepared_others", "tpc.prepared", "tpc.listed", "tpc.decided", "tpc.answered=4"),
)


def label(case: Case) -> str:
    """How a test of it is called."""
    return f"{case.point}-{case.scenario}"


def some(cases: Iterable[Case]) -> list[Any]:
    """The same as parameters of a test, of which a few are for every day and the others for `--chaos`."""
    return [
        pytest.param(case, id=label(case), marks=() if case.point in FAST else pytest.mark.chaos)
        for case in cases
    ]


def points(case: Case, action: str) -> str:
    """The failpoint as the variable takes it; ``name=2`` stands for the second time."""
    name, _, time = case.point.partition("=")
    return f"{name}={action}" + (f"@{time}" if time else "")


def named() -> set[str]:
    """All places that have a case."""
    return {
        case.point.partition("=")[0]
        for case in (*COMMITS, *IN_TURN, *RECOVERIES, *ROLES, *PREPARES, *FINISHES)
    }


def in_code() -> set[str]:
    """All places in the library."""
    found: set[str] = set()
    for file in Path(parallel_partition.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                names = {"reach": node.args[:1], "watched": node.args[1:]}.get(node.func.id, [])
                found |= {arg.value for arg in names if isinstance(arg, ast.Constant)}
    return found
