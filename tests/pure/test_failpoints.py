"""Places at which tests cut the library off: armed by one variable only, for one time, and all of them tested."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from parallel_partition.execution import failpoint
from parallel_partition.execution.failpoint import Failpoint, FailpointReached
from tests.cluster.kill_cases import in_code, named


def test_every_place_in_the_code_has_a_case() -> None:
    assert in_code() == named()
    assert len(named()) >= 10


def test_none_is_armed_here() -> None:
    assert failpoint.VARIABLE not in os.environ
    assert failpoint.armed is None
    exchanges = {"s1": object()}
    assert failpoint.watched(exchanges, "a", "b") is exchanges, "no cost"  # type: ignore[arg-type, comparison-overlap]
    failpoint.reach("prepare.done")


def test_it_acts_once_and_at_its_time() -> None:
    point = Failpoint("prepare.done=raise@2")
    point.reach("decide.sent")
    point.reach("prepare.done")
    with pytest.raises(FailpointReached, match=r"prepare\.done"):
        point.reach("prepare.done")
    point.reach("prepare.done")


@pytest.mark.parametrize("text", ["prepare.done", "x=die", "=kill", "x=kill@0", "x=kill@", "X=kill"])
def test_what_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=failpoint.VARIABLE):
        Failpoint(text)


def test_the_variable_arms_one() -> None:
    code = "from parallel_partition.execution.failpoint import reach; reach('a'); print('on', flush=True); reach('b')"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, failpoint.VARIABLE: "b=kill"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (-signal.SIGKILL, "on\n")
