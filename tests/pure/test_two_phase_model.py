"""No way leads to half a commit or to a part that stays prepared, and every rule of the protocol is needed for that."""

from __future__ import annotations

import pytest

from tests.pure.two_phase_model import RULES, explored, never_settled


def test_all_states_are_right_and_can_be_settled() -> None:
    graph, problem = explored()
    assert problem is None
    assert len(graph) > 1_000
    assert never_settled(graph) == set()


@pytest.mark.parametrize("broken", RULES)
def test_without_a_rule_something_wrong_is_reached(broken: str) -> None:
    _, problem = explored(broken)
    assert problem is not None
