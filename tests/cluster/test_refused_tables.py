"""Tables that a cluster refuses, each with its reason."""

from __future__ import annotations

import psycopg
import pytest

from parallel_partition import Cluster, errors
from tests.fix_clusters import MakeCluster
from tests.fix_declared import Ask


@pytest.mark.parametrize(
    ("columns", "key", "message"),
    [
        ("a float4", "a", r"the column a \(real\) is refused as key: equal numbers"),
        ("a float8", "a", r"double precision\) is refused as key"),
        ("a timestamp", "a", "depends on the session's settings"),
        ("a timestamptz", "a", "depends on the session's settings"),
        ("a json", "a", "it has no equality"),
        ("a jsonb", "a", "not printed alike"),
        ("a char(3)", "a", "padded with blanks"),
        ("a char", "a", "padded with blanks"),
        ('a "char"', "a", "no single text"),
        ("a name", "a", "PostgreSQL's own; use text"),
        ("a bytea", "a", "depends on the session's settings"),
        ("a int[]", "a", "no single text"),
        ("a inet", "a", "no single text"),
        ("a information_schema.cardinal_number", "a", "it is a domain"),
        ("a int, b int GENERATED ALWAYS AS (a + 1) STORED", "b", "it is generated"),
        ("a int", "b", "there is no column b for the key; there are a"),
        ("a int", ["a", "a"], "a column is twice in the key"),
        ("a int, part int", "a", "a column called part is refused"),
        ("a int, b regclass", "a", "the column b is refused: the value of a regclass is a number"),
        ("a int, b regtype[]", "a", r"the value of a regtype\[\] is a number"),
        (
            "a int, b int PRIMARY KEY",
            "a",
            r"the primary key refused_pkey on \(b\) is refused: it lacks the key column a",
        ),
        ("a int, b int, UNIQUE (b)", "a", r"the unique constraint refused_b_key on \(b\) is refused"),
        ("a int, b int, c int, UNIQUE (a)", ["a", "b", "c"], "lacks the key columns b, c"),
        ("a int, EXCLUDE (a WITH =)", "a", "the exclusion constraint refused_a_excl is refused"),
        ("a int CHECK (a > 0) NO INHERIT", "a", "NO INHERIT of the check"),
        ("a int, b int DEFAULT nextval('some_sequence')", "a", "a default that calls nextval is refused"),
        ("a int REFERENCES nowhere", "a", "nowhere is no table of the cluster"),
        ("a int REFERENCES some_local", "a", "some_local is no table of the cluster"),
    ],
)
def test_refused_tables(shared: Cluster, ask: Ask, columns: str, key: str | list[str], message: str) -> None:
    ask("CREATE SEQUENCE IF NOT EXISTS some_sequence", server="s1")
    ask("CREATE TABLE IF NOT EXISTS some_local (id int PRIMARY KEY)", server="s1")
    with pytest.raises(errors.UnsupportedTable, match=f"table public.refused: .*{message}"):
        shared.create_table(f"CREATE TABLE refused ({columns})", key=key)
    assert ("public", "refused") not in shared.tables
    for server in shared.servers:
        assert ask("SELECT to_regclass('refused')", server=server) == [(None,)]


@pytest.mark.both_versions
def test_a_nondeterministic_collation(make_cluster: MakeCluster) -> None:
    cluster = make_cluster(2)
    for server in cluster.servers.values():
        with psycopg.connect(server.conninfo, autocommit=True) as connection:
            try:
                connection.execute(
                    "CREATE COLLATION nc (provider = icu, locale = 'und', deterministic = false)"
                )
            except psycopg.errors.FeatureNotSupported:
                pytest.skip("this PostgreSQL was built without ICU, so it has no nondeterministic collations")
    with pytest.raises(errors.UnsupportedTable, match=r"its collation public\.nc is nondeterministic"):
        cluster.create_table("CREATE TABLE refused (a text COLLATE nc)", key="a")
    cluster.create_table("CREATE TABLE collated (a int, b text COLLATE nc)", key="a")
    assert cluster.tables["public", "collated"].columns[1].collation == "public.nc"


@pytest.mark.parametrize(
    ("key", "reference", "message"),
    [
        (None, False, "give key=.* or reference=True"),
        ((), False, "give key=.* or reference=True"),
        ("a", True, "a reference table has no key"),
    ],
)
def test_a_key_or_reference(shared: Cluster, key: str | None, reference: bool, message: str) -> None:
    with pytest.raises(errors.UnsupportedTable, match=message):
        shared.create_table("CREATE TABLE refused (a int)", key, reference=reference)


def test_a_name_too_long_for_its_children(shared: Cluster) -> None:
    with pytest.raises(errors.UnsupportedTable, match="the name is too long"):
        shared.create_table(f"CREATE TABLE {'x' * 60} (a int)", key="a")


def test_what_postgresql_refuses_is_its_own_error(shared: Cluster, ask: Ask) -> None:
    with pytest.raises(psycopg.errors.UndefinedObject, match='type "nosuch" does not exist') as caught:
        shared.create_table("CREATE TABLE refused (a nosuch)", key="a")
    assert isinstance(caught.value, errors.Error)
    assert caught.value.server == "s1"
    with pytest.raises(psycopg.ProgrammingError, match="syntax error"):
        shared.create_table("CREATE TABLE refused (a int", key="a")
    shared.create_table("CREATE TABLE twice (a int)", key="a")
    with pytest.raises(psycopg.errors.DuplicateTable, match='relation "twice" already exists'):
        shared.create_table("CREATE TABLE twice (a int)", key="a")
    ask("CREATE TABLE in_the_way (a int)")
    with pytest.raises(psycopg.errors.DuplicateTable) as duplicate:
        shared.create_table("CREATE TABLE in_the_way (a int)", key="a")
    assert isinstance(duplicate.value, errors.Error)
    assert duplicate.value.server == "s2"
    assert ask("SELECT to_regclass('in_the_way')", server="s1") == [(None,)]
    assert ("public", "in_the_way") not in shared.tables
