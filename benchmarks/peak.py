"""How much memory a process of its own takes for streaming the rows of a query: ``stream_apart``."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from parallel_partition import Cluster


def stream_apart(conninfo: str, query: str) -> tuple[int, float]:
    """Stream a query's rows in a new process.

    Parameters
    ----------
    conninfo : finds the cluster's catalog

    Returns
    -------
    how many rows came, and the most memory that the process held at a time, in MiB
    """
    given = json.dumps([conninfo, query])
    command = [sys.executable, "-m", "benchmarks.peak"]
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=True)
    rows, kib = json.loads(done.stdout)
    return rows, kib / 1024


def _stream(conninfo: str, query: str) -> tuple[int, int]:
    with Cluster.open(conninfo) as cluster, cluster.connect(autocommit=True) as connection:
        rows = sum(1 for _ in connection.cursor().stream(query))
    return rows, _peak_kib()


def _peak_kib() -> int:
    """The high-water mark as Linux tells it; getrusage's also counts the process that this one was forked from."""
    status = Path("/proc/self/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")))


if __name__ == "__main__":
    print(json.dumps(_stream(*json.load(sys.stdin))))
