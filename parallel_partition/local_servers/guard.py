"""A small process that outlives this one by a moment, to end its local servers when it is killed.

`atexit` does not run when a process ends by a signal: a terminal is closed, a job cancelled, ``kill -9``.
The guard reads a pipe whose other end only this process has. When that is closed, however this process ends,
the guard stops the servers and removes the folders that it was told of and not told to forget. Where this
Python is part of another program, and so cannot be started a second time, there is no guard.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path
from threading import Lock

from parallel_partition.local_servers import process

_lock = Lock()
_guards: dict[int, subprocess.Popen[str] | None] = {}


def stop_if_killed(data: Path) -> None:
    """Have the server of the data directory ``data`` stopped when this process ends without stopping it."""
    _tell("stop", data)


def remove_if_killed(folder: Path) -> None:
    """Have ``folder`` removed when this process ends without removing it."""
    _tell("remove", folder)


def forget(place: Path) -> None:
    """Take back what was said of a data directory or a folder."""
    _tell("forget", place)


def _tell(duty: str, place: Path) -> None:
    with _lock, contextlib.suppress(BrokenPipeError):  # somebody ended the guard: then there is none
        if os.getpid() not in _guards:
            _guards[os.getpid()] = _start()
        running = _guards[os.getpid()]
        if running and running.stdin:
            running.stdin.write(json.dumps([duty, str(place)]) + "\n")
            running.stdin.flush()


def _start() -> subprocess.Popen[str] | None:
    try:
        return subprocess.Popen(
            [sys.executable, "-I", "-S", process.__file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            text=True,
            start_new_session=True,
        )
    except OSError:
        return None


def _dismiss() -> None:
    # A forked child has inherited its parent's guard, which is not its own.
    running = _guards.pop(os.getpid(), None)
    if running and running.stdin:
        with contextlib.suppress(BrokenPipeError):
            running.stdin.close()
        running.wait()


# Registered while loading, hence run after all that is registered by those who use this.
atexit.register(_dismiss)
