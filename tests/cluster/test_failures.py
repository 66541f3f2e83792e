"""Servers that go away: the error says which and what happened, nothing is left running, nobody waits for ever."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from psycopg.pq import TransactionStatus

import parallel_partition
from parallel_partition import Cluster, LocalCluster, errors
from parallel_partition.dbapi import connection as connection_module
from parallel_partition.dbapi.connection import Connection
from parallel_partition.execution import fan_out, transaction
from parallel_partition.local_servers import process
from parallel_partition.local_servers.server import LocalServer
from parallel_partition.postgres import pool
from parallel_partition.statements import Statement
from tests.fix_faults import StartCluster

pytestmark = pytest.mark.timeout(40)

WHOLE = "SELECT k FROM t"
SPLIT = "SELECT v, count(*) FROM t GROUP BY v"
POINT = "SELECT v FROM t WHERE k = 1"
UPDATE = "UPDATE t SET v = 2"
KEYS = range(1, 41)

OURS = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'parallel_partition' AND "
RUNNING = OURS + "state = 'active'"
BEGUN = OURS + "xact_start IS NOT NULL"
LOCKED_OUT = OURS + "wait_event_type = 'Lock'"


class Servers:
    """Servers of one test alone with a cluster over them, and direct ways to them."""

    def __init__(self, local: LocalCluster) -> None:
        self.local = local
        conninfos = [make_conninfo(conninfo, connect_timeout=2) for conninfo in local.conninfos]
        self.conninfos = {f"s{number}": conninfo for number, conninfo in enumerate(conninfos, 1)}
        self.cluster = Cluster.create(conninfos, num_partitions=8)
        self.cluster.create_table("CREATE TABLE t (k int PRIMARY KEY, v int)", key="k")
        with self.cluster.connect(autocommit=True) as connection:
            connection.execute("INSERT INTO t VALUES " + ", ".join(f"({key}, 1)" for key in KEYS))

    def __getitem__(self, name: str) -> LocalServer:
        return self.local.servers[int(name[1:]) - 1]

    def home(self, key: int) -> str:
        return self.cluster.shard_map.server_of(key)

    def key_of(self, server: str) -> int:
        return next(key for key in KEYS if self.home(key) == server)

    def ask(self, name: str, query: str) -> Any:
        with psycopg.connect(self.conninfos[name], autocommit=True) as direct:
            return direct.execute(query).fetchone()[0]

    def busy(self, name: str) -> int:
        """How many of the library's sessions run something on a server."""
        return self.ask(name, RUNNING)

    def open_transactions(self, name: str) -> int:
        return self.ask(name, BEGUN)

    @contextmanager
    def locked(self, *names: str, then: Callable[[], object]) -> Iterator[None]:
        """Statements over ``t`` wait on these servers; once one does on each of them, ``then`` is called."""
        with ExitStack() as stack:
            for name in names:
                direct = psycopg.connect(self.conninfos[name], application_name="locker")
                stack.callback(direct.close)
                direct.execute("LOCK TABLE t IN ACCESS EXCLUSIVE MODE")

            def act() -> None:
                while not ended.is_set():
                    if all(self.ask(name, LOCKED_OUT) for name in names):
                        then()
                        return

            ended = threading.Event()
            thread = threading.Thread(target=act)
            thread.start()
            try:
                yield
            finally:
                ended.set()
                thread.join()


@pytest.fixture
def servers(throwaway_cluster: StartCluster) -> Iterator[Servers]:
    """Three servers, each with rows."""
    servers = Servers(throwaway_cluster(3))
    yield servers
    for server in servers.local.servers:
        thaw(server)
    servers.cluster.close()


def freeze(server: LocalServer) -> None:
    """Stop all processes of a server without ending them, as a machine does that hangs."""
    assert server.pid is not None
    for pid in [server.pid, *process._children(server.pid)]:
        process.send(pid, signal.SIGSTOP)


def thaw(server: LocalServer) -> None:
    if server.pid is not None:
        for pid in [server.pid, *process._children(server.pid)]:
            process.send(pid, signal.SIGCONT)  # a session that ends meanwhile is gone


def loses(act: Callable[[], object], server: str, match: str | None = None) -> errors.Error:
    """The error of a server that went away: both families', knowing the server, with its name in the text."""
    with pytest.raises(errors.ServerUnavailable, match=match) as caught:
        act()
    assert isinstance(caught.value, psycopg.OperationalError)
    assert caught.value.server == server
    assert server in str(caught.value)
    return caught.value


def works(connection: Connection[Any], rows: int = len(KEYS)) -> None:
    """All strategies answer as they did."""
    assert len(connection.execute(WHOLE).fetchall()) == rows
    assert sum(count for _, count in connection.execute(SPLIT).fetchall()) == rows
    assert connection.execute(POINT).fetchone() is not None
    connection.rollback()


# --- down when somebody comes ---------------------------------------------------------------------------------


def test_the_catalogs_server_is_down_at_connect(servers: Servers) -> None:
    servers["s1"].kill()
    conninfo = servers.conninfos["s1"]
    loses(lambda: parallel_partition.connect(conninfo), "catalog", "cannot be reached: .*Connection refused")
    loses(servers.cluster.connect, "s1", "server s1 .* cannot be reached: .*Connection refused")
    servers["s1"].start()
    with servers.cluster.connect() as connection:
        works(connection)


@pytest.mark.parametrize("query", [WHOLE, SPLIT, UPDATE, "SET TIME ZONE 'UTC'"])
@pytest.mark.parametrize("autocommit", [True, False])
def test_a_server_is_down_at_first_use(servers: Servers, query: str, autocommit: bool) -> None:
    servers["s3"].kill()
    with servers.cluster.connect(autocommit=autocommit) as connection:
        loses(lambda: connection.execute(query), "s3", "server s3 .* cannot be reached: .*Connection refused")
        if not autocommit:
            assert connection.info.transaction_status == TransactionStatus.INERROR
            with pytest.raises(psycopg.errors.InFailedSqlTransaction):
                connection.execute(POINT)
        connection.rollback()
        here = servers.key_of("s2")
        assert connection.execute("SELECT v FROM t WHERE k = %s", (here,)).fetchone() == (1,)  # others answer
        connection.rollback()
        servers["s3"].start()
        works(connection)
    assert servers.ask("s2", "SELECT count(*) FROM t WHERE v = 2") == 0


def test_a_server_that_starts_again_while_nobody_asks(servers: Servers) -> None:
    with servers.cluster.connect() as connection:
        works(connection)
        for name in ("s1", "s2", "s3"):
            servers[name].stop()
            servers[name].start()
        works(connection)


def test_more_clients_than_a_server_takes(throwaway_cluster: StartCluster) -> None:
    servers = Servers(throwaway_cluster(2, max_connections=8, superuser_reserved_connections=0))
    with ExitStack() as stack:
        stack.callback(servers.cluster.close)
        fresh = stack.enter_context(Cluster.open(servers.conninfos["s1"]))
        connection = stack.enter_context(fresh.connect(autocommit=True))
        with pytest.raises(psycopg.OperationalError, match="too many clients"):
            while True:
                direct = psycopg.connect(servers.conninfos["s2"])
                stack.callback(direct.close)
        loses(lambda: connection.execute(WHOLE), "s2", "server s2 .* cannot be reached: .*too many clients")
        direct.close()
        works(connection)


# --- gone in mid-query ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("query", [WHOLE, SPLIT])
@pytest.mark.parametrize("killed", ["s1", "s3"])
@pytest.mark.parametrize("autocommit", [True, False])
def test_a_server_is_killed_in_mid_query(servers: Servers, query: str, killed: str, autocommit: bool) -> None:
    others = [name for name in servers.conninfos if name != killed]
    with servers.cluster.connect(autocommit=autocommit) as connection:
        works(connection)
        connection.execute(query)  # what is asked about the statement itself is asked before
        connection.rollback()
        with servers.locked(*servers.conninfos, then=servers[killed].kill):
            loses(lambda: connection.execute(query), killed, f"connection to server {killed} was lost")
            assert [servers.busy(name) for name in others] == [0, 0]
        if not autocommit:
            with pytest.raises(psycopg.errors.InFailedSqlTransaction):
                connection.execute(POINT)
        connection.rollback()
        assert [servers.open_transactions(name) for name in others] == [0, 0]
        loses(lambda: connection.execute(query), killed, "cannot be reached")
        connection.rollback()
        servers[killed].start()
        works(connection)


def test_a_session_that_its_server_ends_says_why(servers: Servers) -> None:
    def stop() -> None:
        # Before the session that has the lock: the statement would come to its end.
        servers.ask("s2", LOCKED_OUT.replace("count(*)", "count(pg_terminate_backend(pid))"))
        servers["s2"].signal_stop("fast")

    with servers.cluster.connect() as connection:
        works(connection)
        with servers.locked(*servers.conninfos, then=stop):
            error = loses(
                lambda: connection.execute(WHOLE), "s2", "terminating connection due to administrator command"
            )
        assert isinstance(error, psycopg.errors.AdminShutdown)
        assert [servers.busy(name) for name in ("s1", "s3")] == [0, 0]
        connection.rollback()
        servers["s2"].await_stop()
        servers["s2"].start()
        works(connection)


def test_what_was_fetched_before_stays(servers: Servers) -> None:
    with servers.cluster.connect() as connection:
        cursor = connection.execute("SELECT k, timestamptz '2026-01-01 00:00+00' FROM t ORDER BY k")
        assert cursor.fetchone()[0] == 1
        for name in servers.conninfos:
            servers[name].kill()
        assert [key for key, _ in cursor.fetchall()] == list(KEYS[1:])
        loses(lambda: connection.execute(POINT), servers.home(1))


@pytest.mark.parametrize("killed", ["s1", "s3"])
def test_a_server_is_killed_with_a_transaction_open(servers: Servers, killed: str) -> None:
    """Nothing of the transaction is kept anywhere."""
    with servers.cluster.connect() as connection:
        assert connection.execute(UPDATE).rowcount == len(KEYS)
        servers[killed].kill()
        with pytest.raises(psycopg.OperationalError, match=killed) as caught:
            connection.commit()
        assert caught.value.server == killed
        assert connection.info.transaction_status == TransactionStatus.IDLE
        servers[killed].start()
        assert connection.execute("SELECT count(*) FROM t WHERE v = 2").fetchone() == (0,)


def test_a_write_in_autocommit_whose_answer_was_lost_is_unknown(servers: Servers) -> None:
    here = servers.key_of("s2")
    with servers.cluster.connect(autocommit=True) as connection:
        works(connection)
        with servers.locked("s2", then=servers["s2"].kill), pytest.raises(errors.CommitUnknown) as caught:
            connection.execute("UPDATE t SET v = 2 WHERE k = %s", (here,))
        assert isinstance(caught.value, psycopg.OperationalError)
        assert caught.value.server == "s2"
        assert "server s2 was lost before it answered whether it has committed" in str(caught.value)
        assert "look at the data before you run this again" in str(caught.value)
        servers["s2"].start()
        works(connection)


# --- frozen ---------------------------------------------------------------------------------------------------


def test_a_server_is_frozen_and_then_killed(servers: Servers) -> None:
    with servers.cluster.connect() as connection:
        works(connection)

        def freeze_and_kill() -> None:
            freeze(servers["s3"])
            servers["s3"].kill()

        with servers.locked(*servers.conninfos, then=freeze_and_kill):
            loses(lambda: connection.execute(WHOLE), "s3")
            assert [servers.busy(name) for name in ("s1", "s2")] == [0, 0]
        connection.rollback()
        servers["s3"].start()
        works(connection)


def test_a_frozen_server_does_not_hold_up_the_others_error(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is cancelled in vain, and then disconnected."""
    monkeypatch.setattr(fan_out, "CANCEL_GRACE", 0.2)
    with servers.cluster.connect() as connection:
        works(connection)

        def freeze_and_kill() -> None:
            freeze(servers["s2"])
            servers["s3"].kill()

        with servers.locked(*servers.conninfos, then=freeze_and_kill):
            loses(lambda: connection.execute(WHOLE), "s3")
            assert servers.busy("s1") == 0
        connection.rollback()
        thaw(servers["s2"])
        servers["s3"].start()
        works(connection)


def test_a_frozen_server_does_not_hold_up_a_rollback(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transaction, "PATIENCE", 0.2)
    with servers.cluster.connect() as connection:
        assert connection.execute(UPDATE).rowcount == len(KEYS)
        freeze(servers["s2"])
        connection.rollback()
        assert [servers.open_transactions(name) for name in ("s1", "s3")] == [0, 0]
        thaw(servers["s2"])
        works(connection)
        assert connection.execute("SELECT count(*) FROM t WHERE v = 2").fetchone() == (0,)
        freeze(servers["s2"])
        connection.close()
    thaw(servers["s2"])


def test_a_frozen_server_is_unreachable(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "CHECK_TIMEOUT", 0.2)
    servers.cluster.connect().close()
    with servers.cluster.connect() as connection:
        works(connection)  # its sessions wait in the pools afterwards
    freeze(servers["s3"])
    with servers.cluster.connect() as connection:
        loses(
            lambda: connection.execute(WHOLE),
            "s3",
            r"server s3 .* cannot be reached: no answer within 0\.2 s",
        )
        connection.rollback()
        loses(lambda: connection.execute(WHOLE), "s3", "server s3 .* cannot be reached: .*timeout expired")
        connection.rollback()
        thaw(servers["s3"])
        works(connection)


# --- interrupted by the user ----------------------------------------------------------------------------------


@pytest.fixture
def interrupt() -> Iterator[Callable[[], None]]:
    """What another thread calls to press Ctrl-C in the main one."""

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGUSR1, interrupted)
    yield lambda: os.kill(os.getpid(), signal.SIGUSR1)
    signal.signal(signal.SIGUSR1, before)


@pytest.mark.parametrize("query", [WHOLE, SPLIT, UPDATE, POINT])
@pytest.mark.parametrize("autocommit", [True, False])
def test_an_interrupt_in_mid_query(
    servers: Servers, interrupt: Callable[[], None], query: str, autocommit: bool
) -> None:
    where = [servers.home(1)] if query == POINT else list(servers.conninfos)
    with servers.cluster.connect(autocommit=autocommit) as connection:
        works(connection)
        connection.execute(query)
        connection.rollback()
        with servers.locked(*where, then=interrupt), pytest.raises(KeyboardInterrupt):
            connection.execute(query)
        status = connection.info.transaction_status
        assert status == (TransactionStatus.IDLE if autocommit else TransactionStatus.INERROR)
        assert [servers.busy(name) for name in servers.conninfos] == [0, 0, 0]
        if not autocommit:
            with pytest.raises(psycopg.errors.InFailedSqlTransaction):
                connection.execute(POINT)
        connection.rollback()
        assert [servers.open_transactions(name) for name in servers.conninfos] == [0, 0, 0]
        works(connection)


def test_an_interrupt_of_a_write_keeps_nothing(servers: Servers, interrupt: Callable[[], None]) -> None:
    with servers.cluster.connect(autocommit=True) as connection:
        with servers.locked("s2", then=interrupt), pytest.raises(KeyboardInterrupt):
            connection.execute(UPDATE)
        assert connection.execute("SELECT count(*) FROM t WHERE v = 2").fetchone() == (0,)
        with servers.locked("s2", then=interrupt), pytest.raises(KeyboardInterrupt), connection.transaction():
            connection.execute(UPDATE)
        assert connection.execute("SELECT count(*) FROM t WHERE v = 2").fetchone() == (0,)


# --- threads --------------------------------------------------------------------------------------------------


def test_threads_that_share_a_connection_take_turns(servers: Servers) -> None:
    failures: list[BaseException] = []
    with servers.cluster.connect(autocommit=True) as connection:

        def work(first: int) -> None:
            try:
                for key in list(KEYS)[first::4]:
                    assert connection.execute("SELECT k FROM t WHERE k = %s", (key,)).fetchone() == (key,)
                    found = connection.execute(
                        "SELECT k, v FROM t WHERE k <= %s ORDER BY k", (key,)
                    ).fetchall()
                    assert found == [(before, 1) for before in range(1, key + 1)]
                    with connection.cursor() as cursor:
                        assert cursor.execute(SPLIT).fetchall() == [(1, len(KEYS))]
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=work, args=(first,)) for first in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not failures


def test_a_connection_is_closed_while_another_thread_waits(servers: Servers) -> None:
    connection = servers.cluster.connect()
    works(connection)
    with servers.locked(*servers.conninfos, then=connection.close), pytest.raises(psycopg.OperationalError):
        connection.execute(WHOLE)
    assert connection.closed
    with pytest.raises(psycopg.OperationalError, match="the connection is closed"):
        connection.execute(WHOLE)
    with servers.cluster.connect() as connection:
        works(connection)


def test_the_last_step_is_cancelled_too(servers: Servers) -> None:
    with servers.cluster.connect() as connection:
        works(connection)
        timer = threading.Timer(0.2, connection.cancel)
        timer.start()
        with pytest.raises(psycopg.errors.QueryCanceled):
            connection.runner.merge._run(Statement(b"SELECT pg_sleep(60)"))
        timer.join()


def test_a_handler_closes_the_connection_that_it_is_told_of(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_module, "CLOSE_PATIENCE", 0.1)
    connection = servers.cluster.connect(autocommit=True)
    connection.add_notice_handler(lambda _: connection.close())
    with suppress(psycopg.OperationalError):  # its answer may have come before
        connection.execute("DO 'BEGIN RAISE WARNING ''now''; END'")
    assert connection.closed
    with pytest.raises(psycopg.OperationalError, match="the connection is closed"):
        connection.execute(WHOLE)
    with servers.cluster.connect() as connection:
        works(connection)


def test_what_another_thread_cancels(servers: Servers) -> None:
    with servers.cluster.connect() as connection:
        works(connection)
        with servers.locked(*servers.conninfos, then=connection.cancel):
            with pytest.raises(psycopg.errors.QueryCanceled, match="due to user request") as caught:
                connection.execute(WHOLE)
            assert isinstance(caught.value, errors.OperationalError)
        connection.rollback()
        works(connection)


def test_the_mapping_of_errors(servers: Servers) -> None:
    """Several servers that fail for reasons of their own are all named."""
    with servers.cluster.connect() as connection:
        works(connection)

        def kill() -> None:
            for name in ("s2", "s3"):
                servers[name].signal_stop("immediate")
            for name in ("s2", "s3"):
                servers[name].await_stop()

        with servers.locked(*servers.conninfos, then=kill), pytest.raises(errors.OperationalError) as caught:
            connection.execute(WHOLE)
        failed: Mapping[str, BaseException] = getattr(caught.value, "errors", {}) or {"s2": caught.value}
        assert set(failed) <= {"s2", "s3"}
        connection.rollback()
        servers["s2"].start()
        servers["s3"].start()
        works(connection)
