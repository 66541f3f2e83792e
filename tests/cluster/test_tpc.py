"""Two-phase commit by the caller's hand: one transaction on several servers, and one only to its manager."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import Xid
from psycopg.pq import TransactionStatus

from parallel_partition import Cluster, errors
from parallel_partition.dbapi.connection import Connection
from parallel_partition.execution import tpc
from tests.fix_clusters import MakeCluster
from tests.fix_faults import StartCluster

DDL = "CREATE TABLE t (k int PRIMARY KEY, v int)"
COUNT = "SELECT count(*) FROM t"


@pytest.fixture(scope="module")
def trio(make_module_cluster: MakeCluster) -> Cluster:
    cluster = make_module_cluster(3)
    cluster.create_table(DDL, key="k")
    cluster.create_table("CREATE TABLE r (id int PRIMARY KEY)", reference=True)
    return cluster


@pytest.fixture
def over(trio: Cluster) -> Iterator[Connection[Any]]:
    """A connection to a cluster of empty tables on which nothing is prepared, before and after."""
    with trio.connect(autocommit=True) as connection:
        for xid in connection.tpc_recover():  # left by a test that failed
            connection.tpc_rollback(xid)
        connection.execute("DELETE FROM t")
    with trio.connect() as connection:
        yield connection
    with trio.connect() as connection:
        assert connection.tpc_recover() == []
    assert prepared(trio) == {}


def prepared(cluster: Cluster) -> dict[str, list[str]]:
    """What is prepared on each server."""
    found = {}
    for name, server in cluster.servers.items():
        with psycopg.connect(server.conninfo) as direct:
            query = "SELECT gid FROM pg_prepared_xacts WHERE database = current_database() ORDER BY 1"
            if gids := [gid for (gid,) in direct.execute(query)]:
                found[name] = gids
    return found


def insert(connection: Connection[Any], *keys: int) -> None:
    connection.execute("INSERT INTO t VALUES " + ", ".join(f"({key}, 1)" for key in keys))


def count(cluster: Cluster) -> int:
    with cluster.connect() as connection:
        return int(connection.execute(COUNT).fetchone()[0])


EVERYWHERE = tuple(range(1, 13))


@pytest.mark.parametrize("elsewhere", [True, False])
@pytest.mark.parametrize("commit", [True, False])
def test_prepared_on_all_servers(trio: Cluster, over: Connection[Any], commit: bool, elsewhere: bool) -> None:
    xid = over.xid(1, "gtrid", "bqual")
    over.tpc_begin(xid)
    assert over.info.transaction_status == TransactionStatus.INTRANS
    insert(over, *EVERYWHERE)
    over.tpc_prepare()
    assert over.info.transaction_status == TransactionStatus.IDLE
    assert set(prepared(trio)) == {"s1", "s2", "s3"}
    assert count(trio) == 0
    if elsewhere:
        over.close()
        with Cluster.open(trio.servers["s1"].conninfo) as other, other.connect() as connection:
            [found] = connection.tpc_recover()
            assert tuple(found) == tuple(xid)
            assert found.prepared is not None
            assert found.owner == connection.info.user
            (connection.tpc_commit if commit else connection.tpc_rollback)(found)
            assert connection.tpc_recover() == []
    else:
        (over.tpc_commit if commit else over.tpc_rollback)()
        insert(over, 100)  # the connection goes on
        over.rollback()
    assert prepared(trio) == {}
    assert count(trio) == (len(EVERYWHERE) if commit else 0)


@pytest.mark.parametrize("xid", ["any text: 'ä'", "1/2:x", Xid.from_parts(2**31 - 1, "g" * 64, "b" * 64)])
def test_names(trio: Cluster, over: Connection[Any], xid: Xid | str) -> None:
    """The longest that PEP 249's parts make, too, and the same again once it has ended."""
    for end in (over.tpc_commit, over.tpc_rollback, over.tpc_commit):
        over.tpc_begin(xid)
        over.execute("DELETE FROM t")
        insert(over, *EVERYWHERE)
        over.tpc_prepare()
        assert [str(found) for found in over.tpc_recover()] == [str(xid)]
        end()
        assert count(trio) == len(EVERYWHERE)


def test_a_name_that_is_too_long(trio: Cluster, over: Connection[Any]) -> None:
    over.tpc_begin("x" * 197)
    insert(over, *EVERYWHERE)
    with pytest.raises(psycopg.errors.InvalidParameterValue, match="199 bytes"):
        over.tpc_prepare()
    over.tpc_rollback()
    assert count(trio) == 0


@pytest.mark.parametrize(
    "work", ["SELECT 1", COUNT, "INSERT INTO t VALUES (1, 1)", "INSERT INTO r VALUES (77)"]
)
def test_few_writers(trio: Cluster, over: Connection[Any], work: str) -> None:
    """One part is enough where at most one server was written; readers are done when it is prepared."""
    over.tpc_begin("few")
    over.execute(COUNT)
    over.execute(work)
    over.tpc_prepare()
    assert len(prepared(trio)) == (3 if "INTO r" in work else 1)
    assert all(
        session.connection.info.transaction_status == TransactionStatus.IDLE
        for session in over.transaction_state.sessions.values()
    )
    over.tpc_rollback()


def test_in_one_phase(trio: Cluster, over: Connection[Any]) -> None:
    over.tpc_begin("one phase")
    insert(over, *EVERYWHERE)
    over.tpc_rollback()
    assert count(trio) == 0
    over.tpc_begin("one phase")
    insert(over, *EVERYWHERE)
    over.tpc_commit()
    assert count(trio) == len(EVERYWHERE)


def test_misuse(module_plain: str, trio: Cluster, over: Connection[Any]) -> None:
    """The same errors as psycopg's."""
    with psycopg.connect(module_plain) as plain:
        for connection in (over, plain):
            for call in (
                connection.tpc_prepare,
                connection.tpc_commit,
                connection.tpc_rollback,
            ):
                with pytest.raises(psycopg.ProgrammingError, match="inside a two-phase transaction"):
                    call()
            connection.execute("SELECT 1")
            with pytest.raises(psycopg.ProgrammingError, match="in status INTRANS"):
                connection.tpc_begin("x")
            with pytest.raises(psycopg.errors.ActiveSqlTransaction):
                connection.tpc_commit("x")
            connection.rollback()
            with pytest.raises(psycopg.errors.UndefinedObject, match='identifier "x" does not exist'):
                connection.tpc_rollback("x")
            connection.rollback()
            connection.autocommit = True
            with pytest.raises(psycopg.ProgrammingError, match="in autocommit mode"):
                connection.tpc_begin("x")
            connection.autocommit = False
            connection.tpc_begin("x")
            for call in (connection.commit, connection.rollback):
                with pytest.raises(psycopg.ProgrammingError, match="during a two-phase transaction"):
                    call()
            with pytest.raises(psycopg.ProgrammingError, match="outside a two-phase transaction"):
                connection.tpc_commit("y")
            if connection is over:  # the other's server takes none
                connection.tpc_prepare()
                with pytest.raises(psycopg.ProgrammingError, match="during a prepared"):
                    connection.tpc_prepare()
                with pytest.raises(psycopg.ProgrammingError, match="prepared two-phase"):
                    connection.cancel()
            connection.tpc_rollback()


def test_what_cannot_be_prepared_is_rolled_back(trio: Cluster, over: Connection[Any]) -> None:
    over.tpc_begin("temporary")
    insert(over, *EVERYWHERE)
    over.execute("CREATE TEMPORARY TABLE scratch (a int)")
    with pytest.raises(psycopg.NotSupportedError, match="temporary") as caught:
        over.tpc_prepare()
    assert isinstance(caught.value, errors.NotSupportedError)
    assert prepared(trio) == {}
    assert over.info.transaction_status == TransactionStatus.INERROR
    over.tpc_rollback()
    assert count(trio) == 0


def test_a_name_in_use(trio: Cluster, over: Connection[Any]) -> None:
    """Also where the other transaction wrote on other servers."""
    one, two = (
        next(key for key in EVERYWHERE if trio.shard_map.server_of(key) == name) for name in ("s1", "s2")
    )
    over.tpc_begin("twice")
    insert(over, one)
    over.tpc_prepare()
    with trio.connect() as other:
        other.tpc_begin("twice")
        insert(other, two)
        with pytest.raises(psycopg.errors.DuplicateObject, match='"twice" is already in use'):
            other.tpc_prepare()
        other.tpc_rollback()
    over.tpc_commit()
    assert count(trio) == 1


def test_without_prepared_transactions(throwaway_cluster: StartCluster) -> None:
    local = throwaway_cluster(2, max_prepared_transactions=0)
    with Cluster.create(local.conninfos, num_partitions=8) as cluster:
        cluster.create_table(DDL, key="k")
        with cluster.connect() as connection:
            connection.tpc_begin("x")
            connection.execute("INSERT INTO t VALUES (1, 1)")
            with pytest.raises(psycopg.NotSupportedError, match="max_prepared_transactions"):
                connection.tpc_prepare()
            connection.tpc_rollback()
            assert connection.execute(COUNT).fetchone() == (0,)


# --- half-way -------------------------------------------------------------------------------------------------


def leave_half_way(
    over: Connection[Any], monkeypatch: pytest.MonkeyPatch, commit: bool, stop_before: int
) -> None:
    """End a prepared transaction and be killed before its ``stop_before``-th step."""
    over.tpc_begin("half")
    insert(over, *EVERYWHERE)
    over.tpc_prepare()
    end, steps = tpc._end, iter(range(10))

    def stopped(*arguments: Any) -> None:
        if next(steps) == stop_before:
            raise KeyboardInterrupt
        end(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(tpc, "_end", stopped)
        with pytest.raises(KeyboardInterrupt):
            (over.tpc_commit if commit else over.tpc_rollback)()
    over.close()


@pytest.mark.parametrize("stop_before", [0, 1])
@pytest.mark.parametrize("commit", [True, False])
def test_what_has_begun_to_end_ends_the_same_way(
    trio: Cluster, over: Connection[Any], monkeypatch: pytest.MonkeyPatch, commit: bool, stop_before: int
) -> None:
    leave_half_way(over, monkeypatch, commit, stop_before)
    assert len(prepared(trio)) == 3 - 2 * stop_before
    with trio.connect() as other:
        assert [xid.gtrid for xid in other.tpc_recover()] == ["half"]
        ends = [other.tpc_rollback, other.tpc_commit]
        with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="cannot end otherwise"):
            ends[not commit]("half")
        ends[commit]("half")
    assert count(trio) == (len(EVERYWHERE) if commit else 0)


def test_a_commit_that_did_not_reach_one_server_is_finished_by_the_next(
    throwaway_cluster: StartCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    local = throwaway_cluster(3)
    with Cluster.create(local.conninfos, num_partitions=8) as cluster:
        cluster.create_table(DDL, key="k")
        connection = cluster.connect()
        connection.tpc_begin("half")
        insert(connection, *EVERYWHERE)
        connection.tpc_prepare()
        decide = tpc._decide

        def kill_then(*arguments: Any, **options: Any) -> None:
            decide(*arguments, **options)
            local.servers[2].kill()

        with monkeypatch.context() as patched:
            patched.setattr(tpc, "_decide", kill_then)
            with pytest.raises(errors.ServerUnavailable) as caught:
                connection.tpc_commit()
        assert caught.value.server == "s3"
        connection.close()
        local.servers[2].start()
        with cluster.connect() as connection:
            assert [str(xid) for xid in connection.tpc_recover()] == ["half"]
            with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState):
                connection.tpc_rollback("half")
            connection.tpc_commit("half")
            assert connection.tpc_recover() == []
            assert connection.execute(COUNT).fetchone() == (len(EVERYWHERE),)


@pytest.mark.parametrize("left", ["decider", "others"])
def test_a_set_that_is_not_whole_is_rolled_back_only(trio: Cluster, over: Connection[Any], left: str) -> None:
    """Its client was lost while it prepared, or somebody ended a part by hand."""
    over.tpc_begin("lost")
    insert(over, *EVERYWHERE)
    over.tpc_prepare()
    over.close()
    gids = prepared(trio)
    gone = "s2" if left == "decider" else "s1"
    with psycopg.connect(trio.servers[gone].conninfo, autocommit=True) as direct:
        direct.execute(f"ROLLBACK PREPARED '{gids[gone][0]}'")
    with trio.connect() as other:
        assert [str(xid) for xid in other.tpc_recover()] == ["lost"]
        with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="can only be rolled back"):
            other.tpc_commit("lost")
        other.tpc_rollback("lost")
        assert other.tpc_recover() == []
    assert count(trio) == 0


def test_recovery_leaves_them_alone(trio: Cluster, over: Connection[Any]) -> None:
    """Whoever prepared by hand decides by hand."""
    over.tpc_begin("mine")
    insert(over, *EVERYWHERE)
    over.tpc_prepare()
    trio.recover(min_age=0)
    assert set(prepared(trio)) == {"s1", "s2", "s3"}
    over.tpc_commit()
    assert count(trio) == len(EVERYWHERE)


def test_a_snapshot_sees_all_of_it_or_nothing(trio: Cluster, over: Connection[Any], monkeypatch: Any) -> None:
    """While one part is committed and another is not, no snapshot is taken."""
    monkeypatch.setattr("parallel_partition.execution.snapshot.PATIENCE", 0.2)
    leave_half_way(over, monkeypatch, True, 1)
    with trio.connect(isolation="snapshot") as reader:
        with pytest.raises(psycopg.errors.LockNotAvailable):
            reader.execute(COUNT)
        reader.rollback()
        reader.tpc_commit("half")
        assert reader.execute(COUNT).fetchone() == (len(EVERYWHERE),)
