"""The README's first example prints what the README says."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from parallel_partition import Cluster, UnsupportedQuery
from parallel_partition.dbapi.connection import Connection
from tests.fix_clusters import MakeCluster

README = (Path(__file__).parent.parent / "README.md").read_text("utf-8")
SECTION = README.split("## A first example")[1].split("\n## ")[0]


def block(language: str) -> str:
    (text,) = re.findall(rf"```{language}\n(.*?)```", SECTION, re.DOTALL)
    return text


def test_the_first_example_prints_what_is_shown(monkeypatch: pytest.MonkeyPatch, pg_bin: Path) -> None:
    monkeypatch.setenv("PARALLEL_PARTITION_PG_BIN", str(pg_bin))
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(block("python"), {})
    assert printed.getvalue() == block("text")


def test_all_other_python_in_it_is_python() -> None:
    for code in re.findall(r"```python\n(.*?)```", README, re.DOTALL):
        compile(code, "README.md", "exec")


#: What "What it does not do" says is refused.
REFUSED = {
    "TABLESAMPLE": "SELECT count(*) FROM visits TABLESAMPLE BERNOULLI (50)",
    "a system column": "SELECT ctid FROM visits",
    "FOR UPDATE": "SELECT patient FROM visits ORDER BY cost LIMIT 1 FOR UPDATE",
    "a value of regclass": "SELECT rank() OVER (ORDER BY cost), 'visits'::regclass FROM visits",
    "a volatile function": "SELECT pg_backend_pid(), pg_sleep(0) FROM visits",
    "a function of one's own": "SELECT one() FROM visits",
    "a join with a local table": "SELECT count(*) FROM visits, pg_class",
    "a gather that reads age() in one": "SELECT rank() OVER (ORDER BY cost), age(date '2000-1-1') FROM visits",
    "a gather that reads 'today' in one": "SELECT rank() OVER (ORDER BY cost), 'today'::date FROM visits",
    "an INSERT of local rows": "INSERT INTO visits SELECT relname, relname, 1 FROM pg_class",
    "nextval by name": "INSERT INTO keyed (n) VALUES (nextval('keyed_n_seq'))",
    "a MERGE": "MERGE INTO visits USING wards ON patient = wards.ward WHEN MATCHED THEN DELETE",
    "a write of a reference table over gathered rows": "UPDATE wards SET floor = (SELECT count(*) FROM visits)",
    "a CTE that changes data": "WITH gone AS (DELETE FROM visits RETURNING *) SELECT * FROM gone",
    "a view": "CREATE VIEW dear AS SELECT * FROM visits WHERE cost > 1000",
    "ALTER TABLE": "ALTER TABLE visits ADD COLUMN paid boolean",
    "CREATE INDEX": "CREATE INDEX ON visits (cost)",
    "GRANT": "GRANT SELECT ON visits TO PUBLIC",
    "COPY": "COPY visits TO STDOUT",
    "PREPARE TRANSACTION as a statement": "PREPARE TRANSACTION 'mine'",
}


@pytest.fixture(scope="module")
def cluster_of_readme(make_module_cluster: MakeCluster) -> Cluster:
    """A cluster with the README's tables."""
    cluster = make_module_cluster(servers=2)
    tables = dict(re.findall(r'^([A-Z]+) = "(CREATE TABLE .*)"$', SECTION, re.MULTILINE))
    cluster.create_table(tables["VISITS"], key="patient")
    cluster.create_table(tables["WARDS"], reference=True)
    keyed = "CREATE TABLE keyed (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), n serial)"
    cluster.create_table(keyed, key="id")
    return cluster


@pytest.fixture(scope="module")
def connection(cluster_of_readme: Cluster) -> Iterator[Connection]:
    with cluster_of_readme.connect() as connection:
        yield connection


@pytest.mark.parametrize("what", REFUSED)
def test_what_it_does_not_do_is_refused(connection: Connection, what: str) -> None:
    connection.execute("SELECT 1")
    with pytest.raises(UnsupportedQuery):
        connection.execute(REFUSED[what])
    connection.rollback()


def test_what_psycopg_can_and_it_cannot_is_refused(connection: Connection) -> None:
    for call in (
        lambda: connection.cursor("named", withhold=True),
        connection.pipeline,
    ):
        with pytest.raises(UnsupportedQuery):
            call()
    with connection.cursor() as cursor, pytest.raises(UnsupportedQuery):
        cursor.copy("COPY visits FROM STDIN")


def test_a_refused_query_is_answered_where_the_key_leads_to_one_server(connection: Connection) -> None:
    query = "SELECT cost FROM visits TABLESAMPLE BERNOULLI (50) WHERE patient = %s"
    assert connection.execute(query, ("ada",)).fetchall() == []


def test_a_unique_constraint_has_the_name_of_its_partitions(connection: Connection) -> None:
    insert = "INSERT INTO keyed VALUES (%s, 1)"
    connection.execute(insert, (UUID(int=1),))
    with pytest.raises(psycopg.errors.UniqueViolation) as caught:
        connection.execute(insert, (UUID(int=1),))
    assert re.fullmatch(r"keyed_part_\d+_pkey", caught.value.diag.constraint_name or "")
    connection.rollback()


def test_what_the_writer_draws(connection: Connection, cluster_of_readme: Cluster) -> None:
    with cluster_of_readme.writer("keyed", columns=[]) as writer:
        writer.write([(), ()])
    (first,), (second,) = connection.execute("SELECT n FROM keyed ORDER BY n").fetchall()
    assert second == first + 1
