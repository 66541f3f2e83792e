"""A local relation with the name of the cluster's table, where PostgreSQL would find it first."""

from __future__ import annotations

import psycopg
import pytest

from parallel_partition import Cluster, errors


@pytest.fixture
def filled(cluster: Cluster) -> Cluster:
    """A cluster with a table ``public.visits`` of four rows."""
    cluster.create_table("CREATE TABLE visits (id bigint PRIMARY KEY, ward text)", key="id")
    with cluster.connect(autocommit=True) as connection:
        connection.execute("INSERT INTO visits VALUES (1, 'a'), (2, 'b'), (3, 'c'), (4, 'd')")
    return cluster


def test_an_earlier_schema_hides_no_table_unseen(filled):
    with filled.connect(autocommit=True) as connection:
        connection.execute("CREATE SCHEMA first")
        connection.execute("SET search_path = first, public")
        count = "SELECT count(*) FROM visits"
        assert connection.execute(count).fetchone() == (4,)
        connection.execute("CREATE TABLE first.visits (id int, ward text)")
        for statement in (count, "DELETE FROM visits", "INSERT INTO visits VALUES (9, 'x')"):
            with pytest.raises(
                errors.UnsupportedQuery, match=r"first\.visits: it is on the catalog's server only"
            ):
                connection.execute(statement)
        assert connection.execute("SELECT count(*) FROM public.visits").fetchone() == (4,)
        assert connection.execute("SELECT count(*) FROM first.visits").fetchone() == (0,)
        connection.execute("DROP TABLE first.visits")
        assert connection.execute(count).fetchone() == (4,)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT 1 AS id INTO TEMP visits",
        "CREATE TEMP TABLE visits (id int)",
        "CREATE TEMP VIEW visits AS SELECT 1 AS id",
        "ALTER TABLE scratch RENAME TO visits",
    ],
)
def test_nothing_takes_a_table_s_name(filled, statement):
    with filled.connect(autocommit=True) as connection:
        connection.execute("CREATE TEMP TABLE scratch (id int)")
        with pytest.raises(errors.UnsupportedQuery, match="visits"):
            connection.execute(statement)


def test_numbers_are_shown_whole(filled):
    with filled.connect(autocommit=True) as connection:
        for digits in ("0", "-10", "'-1'"):
            with pytest.raises(errors.UnsupportedQuery, match="SET extra_float_digits"):
                connection.execute(f"SET extra_float_digits = {digits}")
        connection.execute("SET extra_float_digits = 3")


def test_what_starts_a_transaction_says_so(filled):
    with filled.connect(autocommit=True) as connection:
        assert connection.execute("START TRANSACTION").statusmessage == "START TRANSACTION"
        assert connection.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS
        assert connection.execute("ABORT").statusmessage == "ROLLBACK"
