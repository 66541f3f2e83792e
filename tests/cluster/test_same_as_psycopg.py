"""Sequences of psycopg's calls: a connection over a cluster says after each what psycopg says on one PostgreSQL.

Not one statement is looked for here but what one leaves behind for the next: on the same cursor, on another, in the
transaction, in the session. ``--sequences 2000 --hypothesis-profile=random`` looks for new ones.
"""

from __future__ import annotations

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import (
    run_state_machine_as_test,
)

from tests.differential import calls
from tests.differential.machine import Calls
from tests.fix_clusters import MakeCluster

STEPS = 40
#: Making a sequence shorter takes minutes; one that fails is shown as it is.
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)


@pytest.fixture(scope="module")
def machine(make_module_cluster: MakeCluster, module_plain: str) -> type[Calls]:
    """The machine on a cluster of three servers."""
    cluster = make_module_cluster(3)
    with psycopg.connect(module_plain) as plain:
        for statement, key in calls.TABLES:
            plain.execute(statement.encode())
            if key is None:
                cluster.create_table(statement, reference=True)
            else:
                cluster.create_table(statement, key=key)
        plain.execute(calls.LOCAL_TABLE)
    with cluster.connect() as over:
        over.execute(calls.LOCAL_TABLE)
    return type("Calls", (Calls,), {"cluster": cluster, "plain_conninfo": module_plain})


# The pools' threads may use it while an example is drawn.
@pytest.mark.filterwarnings("ignore:Do not use the `random` module inside strategies")
def test_sequences_of_calls(machine: type[Calls], pytestconfig: pytest.Config) -> None:
    """Whatever was called before, the next call says what psycopg's does."""
    count: int = pytestconfig.getoption("--sequences")
    run_state_machine_as_test(
        machine,
        settings=settings(
            phases=PHASES,
            max_examples=count,
            stateful_step_count=STEPS,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert machine.refused < 0.3 * machine.ran, "hardly anything was answered"
