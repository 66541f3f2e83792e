"""One PostgreSQL server of this machine: its folder, its port, its process."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, NamedTuple

from parallel_partition.errors import OperationalError
from parallel_partition.local_servers import guard, process
from parallel_partition.local_servers.account import Account
from parallel_partition.local_servers.binaries import Binaries

Setting = str | int | float | bool
StopMode = Literal["smart", "fast", "immediate"]

HOST = "127.0.0.1"
SETTINGS_FILE = "local_cluster.conf"
SIGNALS = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}

#: Below the range that systems take outgoing connections' ports from, so that none of those is met later on.
PORTS = range(15_000, 32_000)
PORT_ATTEMPTS = 20
#: A socket's path may have 103 bytes on every system; its name takes 16 of them.
LONGEST_SOCKET_FOLDER = 86
LOG_TAIL = 12


class Launch(NamedTuple):
    """How a server is started: programs, who runs them, settings, and whether it outlives this process."""

    binaries: Binaries
    account: Account
    settings: Mapping[str, Setting]
    detached: bool = False


class LocalServer:
    """A PostgreSQL server on 127.0.0.1 whose folder and process belong to a `LocalCluster`.

    ``name`` is the name of its folder, ``port`` its TCP port (None before its first start), ``conninfo`` how
    libpq connects to it. It may be stopped, killed and started again in the middle of a test.
    """

    def __init__(self, folder: Path, port: int | None = None) -> None:
        self.folder = folder
        self.name = folder.name
        self.data = folder / "data"
        self.log = folder / "log"
        self.port = port
        self._process: subprocess.Popen[bytes] | None = None
        self._latest: Launch | None = None
        self._port_tried = 0
        self._log_offset = 0

    def __repr__(self) -> str:
        state = f"pid {self.pid}" if self.running else "stopped"
        return f"<LocalServer {self.name} | port {self.port} | {state}>"

    @property
    def conninfo(self) -> str:
        """How libpq connects to it; no password is asked for on the loopback interface."""
        if self.port is None:
            raise self._error("has no port yet: it was never started")
        return f"host={HOST} port={self.port} user=postgres dbname=postgres"

    @property
    def pid(self) -> int | None:
        """The process id of its postmaster, whoever started it; None when it does not run."""
        if self._process is not None and self._process.poll() is None:
            return self._process.pid
        try:
            return process.running_postmaster(self.data)
        except PermissionError as error:
            raise self._error(f"is another account's: {error}") from error

    @property
    def running(self) -> bool:
        """Whether its postmaster runs."""
        return self.pid is not None

    def start(self) -> None:
        """Start it again as it was started before, on the same port.

        Raises
        ------
        OperationalError : it runs already, was never started before, or did not start (with its log's end)
        """
        if self._latest is None:
            raise self._error("was not started by this process; start its LocalCluster")
        self.launch(self._latest)
        self.wait_ready()

    def launch(self, launch: Launch) -> None:
        """Start its process without waiting until it answers; `wait_ready` does that."""
        if self.running:
            raise self._error(f"runs already (process {self.pid}, port {self.port})")
        if not self.data.exists():
            raise self._error(f"is gone: there is no {self.data}")
        self._latest = launch
        self._drop_stale_locks()
        self._port_tried = self.port or _free_port()
        self._write_settings({**launch.settings, **self._addresses(self._port_tried)}, launch.account)
        if not launch.detached:
            guard.stop_if_killed(self.data)
        with self.log.open("ab") as log:
            self._log_offset = log.tell()
            self._process = launch.account.begin(
                [launch.binaries.program("postgres"), "-D", self.data], output=log
            )

    def wait_ready(self, timeout: float = 60) -> None:
        """Wait until it takes connections; a port that another process took meanwhile is replaced by another.

        Parameters
        ----------
        timeout : seconds

        Raises
        ------
        OperationalError : it ended or did not get ready; the message has the end of its log
        """
        for _ in range(PORT_ATTEMPTS):
            process.wait_until(lambda: self._ready() or not self.running, timeout)
            if self._ready():
                self.port = self._port_tried
                self._release()
                return
            if self._latest is None or self.port is not None or self.running or not self._port_taken():
                break
            self.launch(self._latest)
        raise self._did_not_start(timeout)

    def stop(self, mode: StopMode = "fast", timeout: float = 60) -> None:
        """Stop it; nothing happens when it does not run.

        Parameters
        ----------
        mode : "smart" waits for its clients, "fast" disconnects them, "immediate" also skips the checkpoint
        timeout : seconds after which "immediate", and then `kill`, are tried
        """
        self.signal_stop(mode)
        self.await_stop(timeout)

    def signal_stop(self, mode: StopMode = "fast") -> None:
        """Ask it to stop, without waiting; `await_stop` does that."""
        try:
            process.send(self.pid, SIGNALS[mode])
        except PermissionError as error:
            raise self._error(f"(process {self.pid}) is another account's: {error}") from error

    def await_stop(self, timeout: float = 60) -> None:
        """Wait until it has stopped, by ever harder means after each ``timeout`` seconds."""
        if not process.wait_until(lambda: not self.running, timeout):
            self.signal_stop("immediate")
            if not process.wait_until(lambda: not self.running, timeout):
                self.kill()
        guard.forget(self.data)

    def kill(self) -> None:
        """Kill all of its processes at once, as a crash does; nothing happens when it does not run."""
        if pid := self.pid:
            process.kill_tree(pid)
            process.wait_until(lambda: not self.running, process.PATIENCE)

    def log_tail(self, lines: int = LOG_TAIL) -> str:
        """Return the last lines that it logged since its latest start."""
        return "\n".join(self._log_text().splitlines()[-lines:])

    def _ready(self) -> bool:
        # The lock file's first line is the process, its eighth what that says of itself.
        lines = process.lock_file(self.data)
        return len(lines) >= 8 and lines[0] == str(self.pid) and lines[7].strip() == "ready"

    def _release(self) -> None:
        """Let go of a detached server's process: it is to outlive this one, of which Popen would warn."""
        if self._latest and self._latest.detached and self._process:
            self._process.returncode = 0
            self._process = None

    def _did_not_start(self, timeout: float) -> OperationalError:
        what = f"was not ready after {timeout:g} s" if self.running else "ended while starting"
        self.kill()
        if self._port_taken():
            what = "cannot have its port: another process listens there; end that, then start again"
        where = f"(port {self._port_tried}) {what}. The end of {self.log}:"
        return self._error(f"{where}\n{self.log_tail() or '(it is empty)'}")

    def _error(self, what: str) -> OperationalError:
        error = OperationalError(f"{self.name} {what}")
        error.server = self.name
        return error

    def _addresses(self, port: int) -> dict[str, Setting]:
        short = len(os.fsencode(self.data)) <= LONGEST_SOCKET_FOLDER
        sockets = str(self.data) if short and "," not in str(self.data) else ""
        return {"port": port, "listen_addresses": HOST, "unix_socket_directories": sockets}

    def _write_settings(self, settings: Mapping[str, Setting], account: Account) -> None:
        lines = [f"{name} = {_quoted(value)}\n" for name, value in settings.items()]
        (self.data / SETTINGS_FILE).write_text("".join(lines), "utf-8")
        account.own(self.data / SETTINGS_FILE)
        main = self.data / "postgresql.conf"
        line = f"include = '{SETTINGS_FILE}'\n"
        text = main.read_text("utf-8")
        if line not in text:
            main.write_text(text + line, "utf-8")

    def _drop_stale_locks(self) -> None:
        """Remove the lock files of a dead postmaster whose process id another process has been given since.

        PostgreSQL would take that process for the old postmaster and refuse to start; after a restart of the
        machine it often is one of the other local servers. While a process uses the data directory they stay.
        """
        if process.recorded_pid(self.data) and not process.in_use(self.data):
            for lock in [self.data / "postmaster.pid", *self.data.glob(".s.PGSQL.*")]:
                lock.unlink(missing_ok=True)

    def _port_taken(self) -> bool:
        return "could not bind" in self._log_text()

    def _log_text(self) -> str:
        try:
            with self.log.open("rb") as log:
                log.seek(self._log_offset)
                return log.read().decode(errors="replace")
        except FileNotFoundError:
            return ""


def _free_port() -> int:
    # Not seeded by the caller's random.seed(): two runs that seed alike would race for the same ports.
    for port in random.SystemRandom().sample(PORTS, len(PORTS)):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port
    raise OperationalError(f"no free port on {HOST} from {PORTS.start} to {PORTS.stop - 1}")


def _quoted(value: Setting) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return "'" + str(value).replace("\\", "\\\\").replace("'", "''") + "'"
