"""Local servers end with the Python process that started them, however that ends."""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from parallel_partition.local_servers import process as local_process

IMPORTS = """
import os, sys
from parallel_partition.local_cluster import LocalCluster
"""
START = """
local = LocalCluster(1, settings={"fsync": "off"}, pg_bin=sys.argv[1]).start()
print(local.servers[0].folder.parent, local.servers[0].pid, flush=True)
"""


def run(script: str, pg_bin: Path, *options: str, before: str = "") -> tuple[int, Path, int]:
    """Run a script after a start of a server; return its exit code, the server's home and its process."""
    done = subprocess.run(
        [sys.executable, *options, "-c", IMPORTS + before + START + script, str(pg_bin)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout, done.stderr
    if done.returncode >= 0:
        assert not done.stderr
    home, pid = done.stdout.split()[:2]
    return done.returncode, Path(home), int(pid)


def gone(home: Path, pid: int) -> bool:
    return local_process.wait_until(lambda: not (home.exists() or local_process.alive(pid)), seconds=30)


def test_at_the_interpreters_exit(pg_bin: Path) -> None:
    code, home, pid = run("", pg_bin, "-W", "error", "-X", "dev")
    assert code == 0
    assert not home.exists()
    assert not local_process.alive(pid)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGHUP])
def test_when_the_process_is_killed(pg_bin: Path, number: signal.Signals) -> None:
    # Under nohup SIGHUP is ignored, by whatever is started there too.
    heeded = "" if number == signal.SIGKILL else f"signal.signal({int(number)}, signal.SIG_DFL); "
    code, home, pid = run(f"import signal; {heeded}os.kill(os.getpid(), {int(number)})", pg_bin)
    assert code == -number
    assert gone(home, pid)


def test_not_with_a_forked_child(pg_bin: Path) -> None:
    code, home, pid = run(
        """
if (child := os.fork()) == 0:
    sys.exit(0)
assert os.waitpid(child, 0) == (child, 0)
assert local.running
""",
        pg_bin,
    )
    assert code == 0
    assert gone(home, pid)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another account")
def test_an_ordinary_account_runs_its_own_servers(pg_bin: Path) -> None:
    account = pwd.getpwnam("nobody")
    # After the imports: what Python itself is made of may lie in root's folders.
    become = f"os.setgroups([]); os.setgid({account.pw_gid}); os.setuid({account.pw_uid})"
    assert_owner = f"assert os.stat(local.servers[0].data).st_uid == {account.pw_uid}"
    code, home, pid = run(assert_owner, pg_bin, before=become)
    assert code == 0
    assert gone(home, pid)
