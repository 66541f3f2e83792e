"""Whose a process id is, and what the guard does when its pipe ends."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from parallel_partition.local_servers import process as local_process

WAITS = "import sys, time; print(flush=True); time.sleep(600)"


@pytest.fixture(params=[True, False], ids=["proc", "ps"])
def source(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Where processes are looked up: in /proc, or by ps as on systems without that."""
    if request.param and not local_process.PROC:
        pytest.skip("this system has no /proc")
    if not request.param and shutil.which("ps") is None:
        pytest.skip("this system has no ps")
    monkeypatch.setattr(local_process, "PROC", request.param)
    return "proc" if request.param else "ps"


@pytest.fixture
def process(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that waits; the last word of its command line is a data directory."""
    with subprocess.Popen([sys.executable, "-c", WAITS, tmp_path], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


def lock(data: Path, pid: object) -> None:
    (data / "postmaster.pid").write_text(f"{pid}\n{data}\n1700000000\n15001\n")


def test_a_postmaster_is_known_by_its_data_directory(
    source: str, process: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    lock(tmp_path, process.pid)
    assert local_process.running_postmaster(tmp_path) == process.pid
    lock(tmp_path, os.getpid())
    assert local_process.running_postmaster(tmp_path) is None


@pytest.mark.parametrize("content", ["", "\n", "garbage\n", "-5\n"])
def test_a_lock_file_without_a_process(content: str, tmp_path: Path) -> None:
    assert local_process.running_postmaster(tmp_path) is None
    (tmp_path / "postmaster.pid").write_text(content)
    assert local_process.running_postmaster(tmp_path) is None


def test_a_process_that_ended_is_not_alive_even_before_it_is_waited_for(
    source: str, process: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    assert local_process.alive(process.pid)
    process.send_signal(signal.SIGKILL)
    assert local_process.wait_until(lambda: not local_process.alive(process.pid), seconds=30)
    assert process.returncode is None
    lock(tmp_path, process.pid)
    assert local_process.running_postmaster(tmp_path) is None
    process.wait()
    assert not local_process.alive(process.pid)
    local_process.send(process.pid, signal.SIGINT)


def test_a_process_is_killed_with_its_children(source: str) -> None:
    script = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {WAITS!r}])"
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        parent.stdout.readline()
        (child,) = local_process._children(parent.pid)
        local_process.kill_tree(parent.pid)
        assert not local_process.alive(child)
        assert not local_process.alive(parent.pid)


def test_a_data_directory_is_in_use_while_a_process_works_in_it(tmp_path: Path) -> None:
    if not local_process.PROC:
        assert local_process.in_use(tmp_path)
        return
    assert not local_process.in_use(tmp_path)
    with subprocess.Popen([sys.executable, "-c", WAITS], stdout=subprocess.PIPE, cwd=tmp_path) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert local_process.in_use(tmp_path)
        process.kill()


def test_the_guard_ends_what_it_was_not_told_to_forget(
    process: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    kept, removed = tmp_path / "kept", tmp_path / "removed"
    for folder in (kept, removed):
        folder.mkdir()
    lock(tmp_path, process.pid)
    messages = [
        ["stop", str(tmp_path)],
        ["remove", str(kept)],
        ["remove", str(removed)],
        ["forget", str(kept)],
        ["forget", "/never/mentioned"],
    ]
    local_process.guard(map(json.dumps, messages))
    assert process.wait(30) == -signal.SIGINT
    assert (kept.exists(), removed.exists()) == (True, False)


def test_waiting_ends_when_time_is_up() -> None:
    assert not local_process.wait_until(lambda: False, seconds=0)
    assert local_process.wait_until(lambda: True, seconds=0)
