"""How much is killed: a few for every day, all with ``--chaos``."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

_TOLD = pytest.StashKey[Counter[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("chaos")
    group.addoption(
        "--chaos", action="store_true", help="kill everything everywhere, and the bank for a minute"
    )
    group.addoption("--bank-seconds", type=float, help="how long the bank is open (5; 60 with --chaos)")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_TOLD] = Counter()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Let a worker of several tell what its campaigns did."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["campaigns"] = dict(session.config.stash[_TOLD])


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Add up what the workers tell."""
    node.config.stash[_TOLD].update(getattr(node, "workeroutput", {}).get("campaigns", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print what campaigns told."""
    if told := config.stash[_TOLD]:
        terminalreporter.section("campaigns")
        for what, number in told.items():
            terminalreporter.line(f"{number:>9,} {what}")


@pytest.fixture(scope="session")
def counts(pytestconfig: pytest.Config) -> Counter[str]:
    """What campaigns did, by name; printed at the end of the run."""
    return pytestconfig.stash[_TOLD]


@pytest.fixture(scope="session")
def bank_seconds(pytestconfig: pytest.Config) -> float:
    """How long the bank is open."""
    given: float | None = pytestconfig.getoption("--bank-seconds")
    return given or (60 if pytestconfig.getoption("--chaos") else 5)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the tests marked ``chaos`` to runs that ask for them."""
    if config.getoption("--chaos"):
        return
    left = [item for item in items if item.get_closest_marker("chaos")]
    items[:] = [item for item in items if not item.get_closest_marker("chaos")]
    config.hook.pytest_deselected(items=left)
