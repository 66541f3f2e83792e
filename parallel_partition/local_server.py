"""One PostgreSQL server of this machine: its folder, its port, its process."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

from parallel_partition.errors import OperationalError
from parallel_partition.local_account import Account
from parallel_partition.local_binaries import Binaries

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
POLL = 0.01


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
        self._start_options: tuple[Binaries, Account, Mapping[str, Setting]] | None = None
        self._log_offset = 0
        self._launched_port = 0

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
        if self._process is not None:
            return self._process.pid if self._process.poll() is None else None
        pid = self._recorded_pid()
        return pid if pid is not None and _is_postmaster(pid, self.data) else None

    @property
    def running(self) -> bool:
        """Whether its postmaster runs."""
        return self.pid is not None

    def start(self) -> None:
        """Start it again, on the port that it had.

        Raises
        ------
        OperationalError : it runs already, was never started before, or did not start (with its log's end)
        """
        if self._start_options is None:
            raise self._error("was not started by this process; start its LocalCluster")
        self.launch(*self._start_options)
        self.wait_ready()

    def launch(self, binaries: Binaries, account: Account, settings: Mapping[str, Setting]) -> None:
        """Start its process without waiting until it answers; `wait_ready` does that.

        Parameters
        ----------
        binaries : the programs to run
        account : who runs them
        settings : PostgreSQL settings, on top of the port and the addresses
        """
        if self.running:
            raise self._error(f"runs already (process {self.pid}, port {self.port})")
        self._start_options = binaries, account, settings
        self._drop_stale_lock()
        port = self.port or _free_port()
        self._write_settings({**settings, **self._addresses(port)})
        with self.log.open("ab") as log:
            self._log_offset = log.tell()
            self._process = account.begin([binaries.program("postgres"), "-D", self.data], output=log)
        self._launched_port = port

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
            if self._await_status(timeout):
                self.port = self._launched_port
                return
            if not (self._said("could not bind") and self.port is None and self._start_options):
                break
            self.launch(*self._start_options)
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
        _signal(self.pid, SIGNALS[mode])

    def await_stop(self, timeout: float = 60) -> None:
        """Wait until it has stopped, by ever harder means after each ``timeout`` seconds."""
        if self._await_end(timeout):
            return
        self.signal_stop("immediate")
        if not self._await_end(timeout):
            self.kill()

    def kill(self) -> None:
        """Kill all of its processes at once, as a crash does; nothing happens when it does not run."""
        pid = self.pid
        if pid is None:
            return
        _signal(pid, signal.SIGSTOP)  # it cannot start further processes while these are killed
        for process in [*_children(pid), pid]:
            _signal(process, signal.SIGKILL)
        self._await_end(timeout=10)

    def log_tail(self, lines: int = LOG_TAIL) -> str:
        """Return the last lines that it logged since its latest start."""
        return "\n".join(self._log_text().splitlines()[-lines:])

    def _await_status(self, timeout: float) -> bool:
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                return False
            lines = _lines(self.data / "postmaster.pid")
            if len(lines) >= 8 and lines[0] == str(self._process.pid) and lines[7].strip() == "ready":
                return True
            time.sleep(POLL)
        return False

    def _await_end(self, timeout: float) -> bool:
        deadline = time.monotonic() + timeout
        while self.running:
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL)
        return True

    def _did_not_start(self, timeout: float) -> OperationalError:
        ended = not self.running
        self.kill()
        what = "ended while starting" if ended else f"was not ready after {timeout:g} s"
        port = self.port or self._launched_port
        if ended and self._said("could not bind"):
            what = "cannot have its port: another process listens there; end that, then start again"
        return self._error(f"(port {port}) {what}. The end of {self.log}:\n{self.log_tail() or '(empty)'}")

    def _error(self, what: str) -> OperationalError:
        error = OperationalError(f"{self.name} {what}")
        error.server = self.name
        return error

    def _addresses(self, port: int) -> dict[str, Setting]:
        short = len(os.fsencode(self.data)) <= LONGEST_SOCKET_FOLDER
        sockets = str(self.data) if short and "," not in str(self.data) else ""
        return {"port": port, "listen_addresses": HOST, "unix_socket_directories": sockets}

    def _write_settings(self, settings: Mapping[str, Setting]) -> None:
        lines = [f"{name} = {_quoted(value)}\n" for name, value in settings.items()]
        (self.data / SETTINGS_FILE).write_text("".join(lines), "utf-8")
        main = self.data / "postgresql.conf"
        line = f"include = '{SETTINGS_FILE}'\n"
        text = main.read_text("utf-8")
        if line not in text:
            main.write_text(text + line, "utf-8")

    def _recorded_pid(self) -> int | None:
        lines = _lines(self.data / "postmaster.pid")
        return int(lines[0]) if lines and lines[0].isdigit() else None

    def _drop_stale_lock(self) -> None:
        """Remove the lock file of a dead postmaster whose process id another process has been given since.

        PostgreSQL would take that process for the old postmaster and refuse to start; after a restart of the
        machine it often is one of the other local servers. While a process uses the data directory it stays.
        """
        if not Path("/proc/self/cwd").exists():
            return
        if not any(_works_in(process, self.data) for process in Path("/proc").glob("[0-9]*")):
            (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _said(self, text: str) -> bool:
        return text in self._log_text()

    def _log_text(self) -> str:
        try:
            with self.log.open("rb") as log:
                log.seek(self._log_offset)
                return log.read().decode(errors="replace")
        except FileNotFoundError:
            return ""


def _free_port() -> int:
    for port in _shuffled_ports():
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port
    raise OperationalError(f"no free port on {HOST} from {PORTS.start} to {PORTS.stop - 1}")


def _shuffled_ports() -> Iterator[int]:
    # Not seeded by the caller's random.seed(): two runs that seed alike would race for the same ports.
    yield from random.SystemRandom().sample(PORTS, len(PORTS))


def _quoted(value: Setting) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return "'" + str(value).replace("\\", "\\\\").replace("'", "''") + "'"


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text("utf-8", errors="replace").splitlines()
    except (FileNotFoundError, PermissionError):
        return []


def _signal(pid: int | None, number: signal.Signals) -> None:
    if pid is None:
        return
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _is_postmaster(pid: int, data: Path) -> bool:
    """Tell whether process ``pid`` is the postmaster of ``data``, not one that was given its id since."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except FileNotFoundError:
        if Path("/proc/self/cmdline").exists():
            return False
        command = ["ps", "-ww", "-o", "args=", "-p", str(pid)]
        return os.fsencode(data) in subprocess.run(command, capture_output=True, check=False).stdout
    return os.fsencode(data) in words


def _works_in(process: Path, directory: Path) -> bool:
    try:
        return os.readlink(process / "cwd") == str(directory)
    except OSError:
        return False


def _children(pid: int) -> list[int]:
    answer = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True)
    pairs = [line.split() for line in answer.stdout.splitlines()]
    return [int(child) for child, parent in pairs if int(parent) == pid]
