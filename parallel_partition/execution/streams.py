"""Rows that stream out of servers by COPY: their transactions, and the version check behind the last row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from parallel_partition.execution.transaction import Transaction
from parallel_partition.postgres.named_sql import load
from parallel_partition.postgres.session import Session
from parallel_partition.statements import Statement

_ONE_MOMENT = load("gather")["begin_one_moment"].encode()
_COMMIT = Statement(b"COMMIT", prepare=False)


def begin_streams(transaction: Transaction, servers: Iterable[str]) -> dict[str, Session]:
    """The sessions on ``servers``, begun; in autocommit with transactions that see one moment of each."""
    transaction.refuse_when_failed()
    if transaction.snapshot is not None:
        transaction.see_one_moment()
    sessions = {server: transaction.session(server) for server in servers}
    train = transaction.beginning() if transaction.in_block else [Statement(_ONE_MOMENT, prepare=False)]
    fresh = {server: session for server, session in sessions.items() if server not in transaction.begun}
    transaction.plan_latest(fresh.values(), own_snapshot=False)
    transaction.begun.update(dict.fromkeys(fresh))
    exchanges = {server: (session, session.exchange(train)) for server, session in fresh.items()}
    transaction.drive(exchanges, None)
    return sessions


def end_streams(transaction: Transaction, sessions: Mapping[str, Session]) -> None:
    """Check versions behind the last row; in autocommit, end what `begin_streams` began.

    Raises
    ------
    StaleVersion : a server's map or schema is another than the plan was made for; no row may be handed out
    """
    block = transaction.in_block
    if not block:
        sessions = {server: transaction.session(server) for server in transaction.begun}
    versions = transaction.versions
    own = {server: block and transaction.own_snapshot(session, block) for server, session in sessions.items()}
    exchanges = {}
    for server, session in sessions.items():
        train = versions.checks(server, None, own_snapshot=own[server])
        exchanges[server] = (session, session.exchange(train if block else [*train, _COMMIT]))
    answers = {
        server: results if block else results[:-1]
        for server, results in transaction.drive(exchanges, None).items()
    }
    versions.verify_all(sessions, None, answers, own)
    if block:
        transaction.statements += 1
    else:
        transaction.clear()
