"""Who runs the local servers: PostgreSQL refuses to run as root, so root hands them to a lesser account."""

from __future__ import annotations

import os
import pwd
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NamedTuple

from parallel_partition.errors import OperationalError

#: What a server inherits of the caller's environment: no secrets, and no PG* variables, which redirect it.
KEPT_ENVIRONMENT = ("PATH", "TZ", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


class Answer(NamedTuple):
    """What a command ended with: its exit code, and all that it said."""

    code: int
    said: str


@dataclass(frozen=True, slots=True)
class Account:
    """An account of this machine; ``changes`` is False when it is the one that this process runs as."""

    name: str
    uid: int
    gid: int
    changes: bool

    def options(self) -> dict[str, Any]:
        """Return the arguments of ``subprocess`` that run a command as this account."""
        environment = {name: os.environ[name] for name in KEPT_ENVIRONMENT if name in os.environ}
        options: dict[str, Any] = {"env": environment | {"LC_ALL": "C"}, "stdin": subprocess.DEVNULL}
        if self.changes:
            options |= {"user": self.uid, "group": self.gid, "extra_groups": []}
        return options

    def begin(self, command: Sequence[str | Path], *, output: int | IO[bytes]) -> subprocess.Popen[bytes]:
        """Start ``command`` as this account, in a session of its own; what it says goes to ``output``."""
        return subprocess.Popen(
            [str(word) for word in command],
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd="/",
            start_new_session=True,  # an interrupt typed at the terminal is the caller's to handle
            **self.options(),
        )

    def run(self, command: Sequence[str | Path]) -> Answer:
        """Run ``command`` to its end as this account; a command that fails does not raise."""
        with self.begin(command, output=subprocess.PIPE) as process:
            said = process.communicate()[0]
        return Answer(process.returncode, said.decode(errors="replace").strip())

    def can_run(self, command: Sequence[str | Path]) -> bool:
        """Tell whether this account may execute ``command`` and it succeeds."""
        try:
            return self.run(command).code == 0
        except OSError:
            return False

    def can_enter(self, directory: Path) -> bool:
        """Tell whether this account may enter ``directory``, all of its parents included."""
        return self.can_run(["/bin/sh", "-c", 'cd "$1"', "sh", directory])

    def own(self, *paths: Path) -> None:
        """Make this account the owner of files and folders (a folder itself, not what is in it)."""
        for path in paths if self.changes else ():
            os.chown(path, self.uid, self.gid, follow_symlinks=False)


def server_account() -> Account:
    """Return the account that local servers run as.

    Returns
    -------
    The account of this process; as root ``postgres``, else ``nobody``. No account is ever created.

    Raises
    ------
    OperationalError : this process is root's and the machine has neither account
    """
    if os.geteuid() != 0:
        return Account(str(os.geteuid()), os.geteuid(), os.getegid(), changes=False)
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid, changes=True)
    raise OperationalError(
        "PostgreSQL does not run as root, and this machine has neither an account postgres nor nobody to "
        "run it as: run this as an ordinary user"
    )
