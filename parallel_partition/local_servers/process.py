"""The processes of local servers: whose a process id is, and how they end.

Run as a program, this file is the guard of `local_servers.guard`: it ends the servers of a Python process that was
killed before it could do so itself. It imports only the standard library, to start at once and stay small.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

#: Whether processes are described below /proc, as on Linux; elsewhere `ps` is asked.
PROC = Path("/proc/self/stat").exists()
POLL = 0.01
#: Seconds that the guard gives a server to stop in an orderly way.
PATIENCE = 10.0


def recorded_pid(data: Path) -> int | None:
    """Return the process id in the lock file of a data directory; the process may be long gone."""
    lines = lock_file(data)
    return int(lines[0]) if lines and lines[0].isdigit() else None


def lock_file(data: Path) -> list[str]:
    """Return the lines of a data directory's ``postmaster.pid``; none when it has no such file."""
    try:
        return (data / "postmaster.pid").read_text("utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return []


def running_postmaster(data: Path) -> int | None:
    """Return the process id of a data directory's postmaster, whoever started it; None when none runs."""
    pid = recorded_pid(data)
    return pid if pid is not None and is_postmaster(pid, data) else None


def is_postmaster(pid: int, data: Path) -> bool:
    """Tell whether process ``pid`` is the postmaster of ``data``, not one that was given its id since."""
    wanted = os.fsencode(data)
    if PROC:
        return wanted in (_contents(f"/proc/{pid}/cmdline") or b"").split(b"\0")
    return wanted in _ps("-ww", "-o", "args=", "-p", str(pid))


def in_use(data: Path) -> bool:
    """Tell whether any process works in a data directory; True where this cannot be found out."""
    return not PROC or any(
        _working_directory(process) == str(data) for process in Path("/proc").glob("[0-9]*")
    )


def send(pid: int | None, number: signal.Signals) -> None:
    """Send a signal; nothing happens when the process is gone."""
    if pid is None:
        return
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def kill_tree(pid: int) -> None:
    """Kill a postmaster and all of its children at once, and wait until they are gone."""
    send(pid, signal.SIGSTOP)  # it cannot start further processes while these are killed
    processes = [*_children(pid), pid]
    for process in processes:
        send(process, signal.SIGKILL)
    wait_until(lambda: not any(alive(process) for process in processes), seconds=PATIENCE)


def alive(pid: int) -> bool:
    """Tell whether a process exists and has not ended, even if nobody has waited for its end yet."""
    if PROC:
        return _state_and_parent(pid)[0] not in {"", "Z", "X"}
    state = _ps("-o", "state=", "-p", str(pid)).strip()
    return bool(state) and not state.startswith(b"Z")


def wait_until(true: Callable[[], bool], seconds: float) -> bool:
    """Wait until ``true()``, at most ``seconds``; return whether it came true."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL)
    return True


def guard(messages: Iterable[str]) -> None:
    """Take note of servers and folders until ``messages`` end, then stop and remove those not forgotten.

    Each message is a JSON pair: "stop" and a data directory, "remove" and a folder, or "forget" and either.
    """
    duties: dict[str, str] = {}
    for message in messages:
        duty, place = json.loads(message)
        if duty == "forget":
            duties.pop(place, None)
        else:
            duties[place] = duty
    _end([Path(place) for place, duty in duties.items() if duty == "stop"])
    for place, duty in duties.items():
        if duty == "remove":
            shutil.rmtree(place, ignore_errors=True)


def _end(datas: list[Path]) -> None:
    for data in datas:
        send(running_postmaster(data), signal.SIGINT)
    wait_until(lambda: not any(map(running_postmaster, datas)), seconds=PATIENCE)
    for data in datas:
        if pid := running_postmaster(data):
            kill_tree(pid)


def _children(pid: int) -> list[int]:
    return [child for child, parent in _processes() if parent == pid]


def _processes() -> Iterator[tuple[int, int]]:
    if PROC:
        for process in Path("/proc").glob("[0-9]*"):
            yield int(process.name), _state_and_parent(int(process.name))[1]
        return
    for line in _ps("-A", "-o", "pid=,ppid=").splitlines():
        pid, parent = line.split()
        yield int(pid), int(parent)


def _state_and_parent(pid: int) -> tuple[str, int]:
    # "4711 (any (name)) S 1 ...": the name may hold whatever the process likes, so count from its end.
    words = (_contents(f"/proc/{pid}/stat") or b"").rpartition(b")")[2].split()
    return (words[0].decode(), int(words[1])) if words else ("", 0)


def _working_directory(process: Path) -> str | None:
    try:
        return os.readlink(process / "cwd")
    except OSError:
        return None


def _contents(path: str) -> bytes | None:
    try:
        return Path(path).read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return None


def _ps(*words: str) -> bytes:
    """Ask ``ps``."""
    return subprocess.run(["ps", *words], capture_output=True, check=False).stdout


if __name__ == "__main__":
    guard(sys.stdin)
