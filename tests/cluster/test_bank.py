"""A bank whose tellers and servers are killed all the time: no money is lost, and no transfer is done by halves."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from parallel_partition import Cluster, LocalCluster
from parallel_partition.execution.recover import Courtesy
from tests.cluster import tellers
from tests.cluster.kill_cases import COMMITS
from tests.cluster.marks import conninfo, prepared, settled
from tests.cluster.mortals import Mortal
from tests.cluster.tellers import ACCOUNTS, BALANCE, TOTAL
from tests.fix_servers import SETTINGS

TELLERS = 8
SEED = 7
#: Seconds between two kills, and between two servers' ends.
KILL_EVERY, SERVER_EVERY = 0.15, 8.0
#: Where tellers die: all that every commit comes by.
PLACES = sorted({case.point for case in COMMITS if case.scenario == "plain" and "=" not in case.point})
#: Seconds for which parts are left to their clients here.
AGE = 0.3


@pytest.fixture
def local(pg_bin: Path) -> Iterator[LocalCluster]:
    """Four servers of the bank's own."""
    with LocalCluster(4, settings=SETTINGS, pg_bin=pg_bin) as local:
        yield local


class Bank:
    """The bank's processes, and what was done to them."""

    def __init__(self, cluster: Cluster, local: LocalCluster, folder: Path, counts: Counter[str]) -> None:
        self.cluster = cluster
        self._local = local
        self._folder = folder
        self._counts = counts
        self._chance = random.Random(SEED)
        self._hired = 0
        self._stopped: set[int] = set()
        self._tellers = [self._hire() for _ in range(TELLERS)]
        self._closing = threading.Event()
        self._recoveries = [threading.Thread(target=self._recover, daemon=True) for _ in range(2)]
        for thread in self._recoveries:
            thread.start()

    def _hire(self) -> Mortal:
        """A teller; three of four die at a place of some commit, the third or so."""
        self._hired += 1
        point = f"{self._chance.choice(PLACES)}=kill@{self._chance.randint(1, 6)}"
        if self._chance.random() < 0.25:
            point = ""
        notes = self._folder / f"{self._hired}"
        return Mortal(tellers.teller, point, conninfo(self.cluster), notes, self._hired)

    def _recover(self) -> None:
        while not self._closing.wait(0.3):
            recovery = self.cluster._recoverer.run(Courtesy(AGE), collect=False)
            self._counts["parts in doubt: committed"] += len(recovery.committed)
            self._counts["parts in doubt: rolled back"] += len(recovery.rolled_back)

    def open_for(self, seconds: float) -> None:
        """Kill tellers and servers for so long."""
        end = time.monotonic() + seconds
        next_server = time.monotonic() + min(SERVER_EVERY, seconds / 2)
        while time.monotonic() < end:
            time.sleep(KILL_EVERY)
            self._harm(self._chance.randrange(TELLERS))
            if time.monotonic() > next_server:
                next_server += SERVER_EVERY
                self._crash()

    def _harm(self, number: int) -> None:
        """Kill a teller and hire another, or let one stand still until its next turn."""
        teller = self._tellers[number]
        if number in self._stopped:
            self._stopped.remove(number)
            teller.go_on()
            return
        if self._chance.random() < 0.2:
            self._stopped.add(number)
            teller.stop()
            self._counts["tellers stopped for a while"] += 1
            return
        self._counts[
            "tellers killed at a place of the commit" if teller.dead else "tellers killed anywhere"
        ] += 1
        teller.kill()
        teller.end()
        self._tellers[number] = self._hire()

    def _crash(self) -> None:
        server = self._chance.choice(self._local.servers)
        server.kill()
        server.start()
        self._counts["servers killed"] += 1

    def close(self) -> list[list[str]]:
        """Send all home; returns what the tellers have written down."""
        for teller in self._tellers:
            teller.kill()
            teller.end()
        self._closing.set()
        for thread in self._recoveries:
            thread.join()
        self._counts["parts in doubt at the end"] += settled(self.cluster)
        lines = [line for notes in self._folder.iterdir() for line in notes.read_text().splitlines()]
        return [line.split() for line in lines]


def test_no_money_is_lost(
    local: LocalCluster, tmp_path: Path, bank_seconds: float, counts: Counter[str]
) -> None:
    with Cluster.create(local.conninfos, num_partitions=16) as cluster:
        tellers.opened(cluster)
        bank = Bank(cluster, local, tmp_path, counts)
        auditors = {
            isolation: Mortal(tellers.auditor, "", conninfo(cluster), isolation, bank_seconds)
            for isolation in ("snapshot", None)
        }
        try:
            bank.open_for(bank_seconds)
        finally:
            notes = bank.close()
        found = {isolation: auditor.end()[1] for isolation, auditor in auditors.items()}
        for isolation, (right, wrong, refused) in found.items():
            name = f"isolation={isolation!r}"
            counts[f"totals read with {name}: right"] += right
            counts[f"totals read with {name}: wrong"] += wrong
            counts[f"totals read with {name}: refused"] += refused
        assert found["snapshot"][0] > 0
        assert found["snapshot"][1] == 0
        if sum(found[None]) > 200:
            assert found[None][1] > 0, "no anomaly where one is to be expected: this test cannot fail"
        check(cluster, notes, counts)


def check(cluster: Cluster, notes: list[list[str]], counts: Counter[str]) -> None:
    """Hold the books against what the tellers have written down."""
    assert prepared(cluster) == []
    with cluster.connect() as connection:
        assert connection.execute(tellers.SUM).fetchone() == (TOTAL,)
        balances = dict(connection.execute("SELECT id, balance FROM accounts").fetchall())
        rows = connection.execute("SELECT account, id, amount FROM transfers").fetchall()
    moved: Counter[int] = Counter()
    sides: Counter[str] = Counter()
    for account, name, amount in rows:
        moved[account] += amount
        sides[name] += 1
    assert {account: BALANCE + moved[account] for account in range(ACCOUNTS)} == balances
    assert set(sides.values()) <= {2}, "half of a transfer is there"
    told = {note[1]: note[0] for note in notes}
    lost = [name for name, what in told.items() if what == "committed" and name not in sides]
    undead = [name for name, what in told.items() if what == "failed" and name in sides]
    for what, name, *where in notes:
        if what == "unknown" and where[0] != "-":
            assert cluster.outcome(where[0], where[1]) is (name in sides)
    counts["transfers reported committed"] += sum(what == "committed" for what in told.values())
    counts["transfers reported failed"] += sum(what == "failed" for what in told.values())
    counts["transfers whose outcome was unknown"] += sum(what == "unknown" for what in told.values())
    counts["transfers that nobody was told of"] += len(sides.keys() - told.keys())
    counts["transfers lost"] += len(lost)
    counts["transfers reported failed, but done"] += len(undead)
    counts["transfers duplicated"] += sum(number > 2 for number in sides.values())
    assert (lost, undead) == ([], [])
