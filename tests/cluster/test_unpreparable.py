"""What PostgreSQL does not prepare: refused before it makes a commit impossible, or done where it does not matter."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from parallel_partition import Cluster, CrossShardWriteRefused
from parallel_partition.dbapi.connection import Connection
from tests.cluster.accounts import IDLE, account_on, add, balance, direct

SERVERS = ("s1", "s2", "s3")


@pytest.fixture
def connection(bank: Cluster) -> Iterator[Connection[Any]]:
    connection = bank.connect()
    yield connection
    connection.close()
    assert prepared(bank) == []


def prepared(bank: Cluster) -> list[str]:
    query = "SELECT gid FROM pg_prepared_xacts WHERE database = current_database()"
    with direct(bank) as eyes:
        return [gid for eye in eyes.values() for (gid,) in eye.execute(query)]


def add_on(connection: Connection[Any], bank: Cluster, *servers: str) -> None:
    for server in servers:
        add(connection, account_on(bank, server), 1)


def balances(bank: Cluster) -> dict[str, int]:
    with bank.connect() as connection:
        return {server: balance(connection, account_on(bank, server)) for server in SERVERS}


# --- on the catalog's server, which decides -------------------------------------------------------------------


HARMLESS = {
    "a temporary table": [
        "CREATE TEMPORARY TABLE scratch (a int) ON COMMIT DROP",
        "INSERT INTO scratch VALUES (1)",
    ],
    "a temporary view": ["CREATE TEMPORARY VIEW scratched AS SELECT 1 AS a"],
    "LISTEN": ["LISTEN news"],
    "NOTIFY": ["NOTIFY news"],
    "UNLISTEN": ["UNLISTEN *"],
    "pg_notify": ["SELECT pg_notify('news', '')"],
    "a cursor WITH HOLD": ["DECLARE held CURSOR WITH HOLD FOR SELECT 1", "CLOSE held"],
    "an exported snapshot": ["SELECT pg_export_snapshot()"],
    "advisory locks": ["SELECT pg_advisory_lock(7), pg_advisory_xact_lock(7)"],
    "a block": [
        "DO $$ BEGIN PERFORM pg_notify('news', ''); CREATE TEMPORARY TABLE other () ON COMMIT DROP; END $$"
    ],
}


@pytest.mark.parametrize("what", HARMLESS)
@pytest.mark.parametrize("written", [SERVERS, ("s2", "s3")], ids=["with it", "without it"])
@pytest.mark.parametrize("first", [True, False], ids=["before", "behind"])
def test_on_the_catalogs_server_it_does_not_matter(
    bank: Cluster, connection: Connection[Any], what: str, written: tuple[str, ...], first: bool
) -> None:
    if not first:
        add_on(connection, bank, *written)
    for statement in HARMLESS[what]:
        connection.execute(statement.encode())
    if first:
        add_on(connection, bank, *written)
    connection.commit()
    assert balances(bank) == {server: int(server in written) for server in SERVERS}


# --- on others ------------------------------------------------------------------------------------------------


CALLS = {
    "pg_notify": "SELECT pg_notify('news', balance::text) FROM accounts WHERE id = {}",
    "pg_notify in a subquery": "SELECT (SELECT pg_notify('news', '')) FROM accounts WHERE id = {}",
    "pg_notify in a write": "UPDATE accounts SET balance = balance WHERE id = {} AND pg_notify('news', '') IS NOT NULL",
    "pg_notify in RETURNING": "UPDATE accounts SET balance = balance WHERE id = {} RETURNING pg_notify('news', '')",
    "pg_export_snapshot": "SELECT pg_export_snapshot() FROM accounts WHERE id = {}",
    "both locks": "SELECT pg_advisory_lock_shared(7), pg_try_advisory_xact_lock(7) FROM accounts WHERE id = {}",
}


def call(connection: Connection[Any], bank: Cluster, what: str, server: str) -> None:
    connection.execute(CALLS[what].format(account_on(bank, server)).encode())


@pytest.mark.parametrize("what", CALLS)
def test_behind_writes_on_several_servers_the_call_is_refused(
    bank: Cluster, connection: Connection[Any], what: str
) -> None:
    add_on(connection, bank, "s1", "s2")
    with pytest.raises(
        CrossShardWriteRefused, match="on server s2, where PostgreSQL cannot prepare it"
    ) as refused:
        call(connection, bank, what, "s2")
    assert refused.value.server == "s2"
    call(connection, bank, what, "s1")
    connection.commit()
    assert balances(bank) == {"s1": 1, "s2": 1, "s3": 0}, "what was refused was not run"


def test_of_many_parameter_sets_the_first_is_refused(bank: Cluster, connection: Connection[Any]) -> None:
    add_on(connection, bank, "s1")
    update = "UPDATE accounts SET balance = 9 WHERE id = %s AND pg_notify('news', '') IS NOT NULL"
    with pytest.raises(CrossShardWriteRefused, match="on server s2"):
        connection.cursor().executemany(update, [(account_on(bank, "s2"),), (account_on(bank, "s3"),)])


@pytest.mark.parametrize("what", CALLS)
def test_behind_the_call_the_second_servers_write_is_refused(
    bank: Cluster, connection: Connection[Any], what: str
) -> None:
    call(connection, bank, what, "s2")
    add_on(connection, bank, "s2")
    with pytest.raises(CrossShardWriteRefused, match="on server s2"):
        add_on(connection, bank, "s1")
    connection.commit()
    assert balances(bank) == {"s1": 0, "s2": 1, "s3": 0}
    add_on(connection, bank, *SERVERS)
    connection.commit()
    assert balances(bank) == {"s1": 1, "s2": 2, "s3": 1}, "it held for that transaction only"


@pytest.mark.parametrize("what", CALLS)
def test_where_the_server_decides_or_only_reads_it_is_allowed(
    bank: Cluster, connection: Connection[Any], what: str
) -> None:
    add_on(connection, bank, "s2", "s3")
    call(connection, bank, what, "s2")  # the first of the two decides
    connection.commit()
    assert balances(bank) == {"s1": 0, "s2": 1, "s3": 1}
    if "write" not in what and "RETURNING" not in what:
        call(connection, bank, what, "s3")  # it only reads
        add_on(connection, bank, "s1", "s2")
        connection.commit()
        assert balances(bank) == {"s1": 1, "s2": 2, "s3": 1}


def test_locks_of_the_session_outlast_the_transaction(bank: Cluster, connection: Connection[Any]) -> None:
    account = account_on(bank, "s2")
    connection.execute(f"SELECT pg_advisory_lock(7) FROM accounts WHERE id = {account}".encode())
    connection.commit()
    connection.execute(f"SELECT pg_advisory_xact_lock(7) FROM accounts WHERE id = {account}".encode())
    add_on(connection, bank, "s1")
    with pytest.raises(CrossShardWriteRefused, match="advisory locks of both"):
        add_on(connection, bank, "s2")


def test_a_commit_that_is_not_atomic_prepares_nothing(bank: Cluster) -> None:
    with bank.connect(cross_shard_writes="best_effort") as connection:
        add_on(connection, bank, *SERVERS)
        call(connection, bank, "pg_notify", "s2")
    assert balances(bank) == {"s1": 1, "s2": 1, "s3": 1}


# --- what cannot be seen before -------------------------------------------------------------------------------

HIDDEN = {
    "NOTIFY": "PERFORM pg_notify('news', '')",
    "a temporary table": "CREATE TEMPORARY TABLE scratch (a int) ON COMMIT DROP",
    "an exported snapshot": "PERFORM pg_export_snapshot()",
    "advisory locks": "PERFORM pg_advisory_lock(7), pg_advisory_xact_lock(7)",
}


@pytest.fixture(params=HIDDEN)
def trigger(bank: Cluster, request: pytest.FixtureRequest) -> Iterator[None]:
    """A trigger of a user's on the accounts of the second server."""
    with direct(bank, "s2") as eyes:
        eyes["s2"].execute(
            "CREATE FUNCTION hidden() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN {HIDDEN[request.param]}; RETURN NULL; END $$".encode()
        )
        eyes["s2"].execute("CREATE TRIGGER hidden AFTER UPDATE ON accounts EXECUTE FUNCTION hidden()")
        eyes["s2"].commit()
        yield
        eyes["s2"].execute("DROP FUNCTION hidden CASCADE")
        eyes["s2"].commit()


@pytest.mark.usefixtures("trigger")
def test_what_a_users_function_does_fails_at_the_commit_and_keeps_nothing(
    bank: Cluster, connection: Connection[Any]
) -> None:
    add_on(connection, bank, *SERVERS)
    with pytest.raises(psycopg.errors.FeatureNotSupported) as raised:
        connection.commit()
    assert raised.value.server == "s2"  # type: ignore[attr-defined]
    assert connection.info.transaction_status == IDLE
    assert prepared(bank) == []
    assert balances(bank) == {"s1": 0, "s2": 0, "s3": 0}
    add_on(connection, bank, "s2", "s3")
    connection.commit()
    assert balances(bank) == {"s1": 0, "s2": 1, "s3": 1}, "as the decider it may"
