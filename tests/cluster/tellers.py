"""What the processes of a bank do: tellers move money and write down what they were told, auditors read the total."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg

from parallel_partition import Cluster, CommitUnknown, errors
from parallel_partition.dbapi.connection import Connection

ACCOUNTS = 1_000
BALANCE = 100
TOTAL = ACCOUNTS * BALANCE
TABLES = (
    "CREATE TABLE accounts (id int PRIMARY KEY, balance int NOT NULL)",
    "CREATE TABLE transfers (account int, id text, amount int NOT NULL, PRIMARY KEY (account, id))",
)
SUM = "SELECT sum(balance) FROM accounts"


def opened(cluster: Cluster) -> None:
    """Open the bank."""
    for table, key in zip(TABLES, ("id", "account"), strict=True):
        cluster.create_table(table, key=key)
    with cluster.writer("accounts", show_progress=False) as writer:
        writer.write([(account, BALANCE) for account in range(ACCOUNTS)])


def teller(conninfo: str, notes: Path, seed: int) -> None:
    """Move money until somebody puts an end to it."""
    chance = random.Random(seed)
    file = os.open(notes, os.O_CREAT | os.O_APPEND | os.O_WRONLY)
    while True:
        try:
            with Cluster.open(conninfo) as cluster, cluster.connect() as connection:
                while True:
                    _transfer(cluster, connection, chance, file)
        except psycopg.OperationalError:
            time.sleep(0.05)  # a server is away


def _transfer(cluster: Cluster, connection: Connection[Any], chance: random.Random, file: int) -> None:
    """One transfer; what was told of it is on disk before the next begins."""
    name, amount = uuid4().hex, chance.randint(1, 9)
    source, target = chance.sample(range(ACCOUNTS), 2)
    moves = sorted(
        [(source, -amount), (target, amount)],
        key=lambda move: (cluster.shard_map.server_of(move[0]), move[0]),
    )
    try:
        for account, change in moves:
            connection.execute("UPDATE accounts SET balance = balance + %s WHERE id = %s", (change, account))
            connection.execute("INSERT INTO transfers VALUES (%s, %s, %s)", (account, name, change))
        connection.commit()
    except CommitUnknown as error:
        _note(file, "unknown", name, error.xid or "-", error.server or "-")
        raise
    except psycopg.Error:
        _note(file, "failed", name)
        raise
    _note(file, "committed", name)


def _note(file: int, *words: str) -> None:
    os.write(file, (" ".join(words) + "\n").encode())


def auditor(conninfo: str, isolation: Any, seconds: float) -> tuple[int, int, int]:
    """Read the total for so long; tells how often it was right, wrong, and refused."""
    right = wrong = refused = 0
    end = time.monotonic() + seconds
    latest = end + 20  # on a busy machine, until there is anything to tell
    while time.monotonic() < (end if right else latest):
        try:
            with Cluster.open(conninfo) as cluster, cluster.connect(isolation=isolation) as connection:
                while time.monotonic() < end or not right:
                    row = connection.execute(SUM).fetchone()
                    connection.rollback()
                    if row == (TOTAL,):
                        right += 1
                    else:
                        wrong += 1
        except errors.OperationalError:
            refused += 1
            time.sleep(0.05)
    return right, wrong, refused
