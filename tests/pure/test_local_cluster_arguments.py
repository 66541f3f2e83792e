"""What `LocalCluster` refuses before it starts anything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from parallel_partition.errors import InvalidCluster, OperationalError
from parallel_partition.local_cluster import LocalCluster


@pytest.mark.parametrize("number", [0, -1])
def test_a_number_of_servers_that_is_none(number: int) -> None:
    with pytest.raises(InvalidCluster, match=f"servers={number}: a local cluster has at least 1 server"):
        LocalCluster(number)


@pytest.mark.parametrize("number", [1.5, "2", True])
def test_a_number_of_servers_that_is_no_whole_number(number: Any) -> None:
    with pytest.raises(InvalidCluster, match=r"servers=.*: how many servers there are is a whole number"):
        LocalCluster(number)


@pytest.mark.parametrize("name", ["port", "listen_addresses", "Unix_Socket_Directories"])
def test_settings_that_are_not_the_callers(name: str) -> None:
    with pytest.raises(InvalidCluster, match=f"'{name}'.*port and address are given to it"):
        LocalCluster(settings={name: 1})


def test_detached_without_a_directory() -> None:
    with pytest.raises(InvalidCluster, match="need a directory to be found in again"):
        LocalCluster().start(detached=True)


def test_conninfos_before_the_start() -> None:
    with pytest.raises(OperationalError, match="were not started yet"):
        LocalCluster().conninfos  # noqa: B018 - reading it is what raises


def test_nothing_is_touched_before_the_start(tmp_path: Path) -> None:
    local = LocalCluster(3, tmp_path / "servers")
    assert not local.initialized
    assert not local.running
    local.stop()
    assert list(tmp_path.iterdir()) == []
    assert repr(local) == f"<LocalCluster 0 of 3 servers running | {tmp_path / 'servers'}>"
