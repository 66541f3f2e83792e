"""The options of the tests themselves."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_without_a_docker_engine_the_tests_in_containers_are_skipped_with_the_reason(tmp_path: Path) -> None:
    tests = "tests/cluster/test_pooled_sessions.py"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--containers", tests],
        cwd=ROOT,
        env={**os.environ, "DOCKER_HOST": f"unix://{tmp_path}/docker.sock"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "--containers: no Docker engine answers: " in done.stdout
    assert " passed" not in done.stdout
