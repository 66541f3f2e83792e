"""The test servers as containers (``--containers``), with the settings of the local ones."""

from __future__ import annotations

import gc
import time
import warnings
from collections.abc import Callable

import psycopg
import pytest

PASSWORD = "test"
SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "max_prepared_transactions": "64",
    "wal_level": "logical",
}
SECONDS_TO_START = 120


def started_containers(number: int, major: int, stop: list[Callable[[], None]]) -> list[str]:
    """Start ``number`` servers of PostgreSQL ``major`` in containers and return their conninfos.

    What stops each is added to ``stop``. Tests are skipped, with the reason, where no Docker engine answers.
    """
    from testcontainers.core.container import DockerContainer

    with warnings.catch_warnings(action="ignore", category=ResourceWarning):
        problem = _no_engine()
        gc.collect()  # Docker's client leaves the socket open on which nobody answered
    if problem:
        pytest.skip(f"--containers: no Docker engine answers: {problem}")
    conninfos = []
    for _ in range(number):
        container = (
            DockerContainer(f"postgres:{major}")
            .with_exposed_ports(5432)
            .with_env("POSTGRES_PASSWORD", PASSWORD)
            .with_env("POSTGRES_INITDB_ARGS", "--encoding=UTF8 --locale=C.UTF-8")
            .with_command(" ".join(["postgres", *(f"-c {name}={value}" for name, value in SETTINGS.items())]))
        )
        container.start()
        stop.append(container.stop)
        place = f"host={container.get_container_host_ip()} port={container.get_exposed_port(5432)}"
        conninfos.append(f"{place} user=postgres dbname=postgres password={PASSWORD}")
    for conninfo in conninfos:
        _await(conninfo)
    return conninfos


def _no_engine() -> str | None:
    """Tell why no Docker engine can be used; None when one answers."""
    import docker
    from docker.errors import DockerException

    try:
        with docker.DockerClient.from_env() as client:
            client.ping()
    except DockerException as error:
        return str(error)
    return None


def _await(conninfo: str) -> None:
    # While it initialises itself the image's server listens on no TCP port: who is let in is past that.
    deadline = time.monotonic() + SECONDS_TO_START
    while True:
        try:
            psycopg.connect(conninfo, connect_timeout=5).close()
            return
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
