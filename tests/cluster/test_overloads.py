"""What users made under names of PostgreSQL's own is not taken for what PostgreSQL has by them."""

from __future__ import annotations

import psycopg
import pytest

from parallel_partition import Cluster, errors
from tests.fix_clusters import MakeCluster

DEFINITIONS = """
    CREATE SCHEMA mine;
    CREATE FUNCTION mine.joined(varchar, varchar) RETURNS varchar LANGUAGE sql IMMUTABLE
      RETURN coalesce($1, '') || $2;
    CREATE AGGREGATE mine.max(varchar) (sfunc = mine.joined, stype = varchar);
    CREATE FUNCTION mine.round(float8, int) RETURNS numeric LANGUAGE sql IMMUTABLE
      RETURN pg_catalog.round($1::numeric, $2);
    CREATE FUNCTION mine.abs(text) RETURNS bigint LANGUAGE sql STABLE AS 'SELECT count(*) FROM public.cats';
    CREATE SCHEMA compared;
    CREATE FUNCTION compared.as_long(varchar, varchar) RETURNS bool LANGUAGE sql IMMUTABLE
      RETURN length($1) = length($2);
    CREATE OPERATOR compared.= (leftarg = varchar, rightarg = varchar, function = compared.as_long);
    CREATE SCHEMA harmless;
    CREATE FUNCTION harmless.same(json, json) RETURNS bool LANGUAGE sql IMMUTABLE RETURN $1::text = $2::text;
    CREATE OPERATOR harmless.= (leftarg = json, rightarg = json, function = harmless.same);
    CREATE FUNCTION harmless.number(mood) RETURNS int LANGUAGE sql STABLE AS 'SELECT count(*)::int FROM public.cats';
    CREATE CAST (mood AS int) WITH FUNCTION harmless.number(mood);
"""


@pytest.fixture(scope="module")
def cats(make_module_cluster: MakeCluster) -> Cluster:
    """A cluster of two servers with the same definitions on both."""
    cluster = make_module_cluster(2)
    for server in cluster.servers.values():
        with psycopg.connect(server.conninfo, autocommit=True) as direct:
            direct.execute("CREATE TYPE mood AS ENUM ('ok', 'sad')")
    cluster.create_table(
        "CREATE TABLE cats (name varchar PRIMARY KEY, mood mood, doc json, weight float8)", key="name"
    )
    for server in cluster.servers.values():
        with psycopg.connect(server.conninfo, autocommit=True) as direct:
            direct.execute(DEFINITIONS)
    with cluster.connect(autocommit=True) as connection:
        rows = [(f"cat {n}", "sad", f"[{n}]", n / 3) for n in range(9)]
        connection.cursor().executemany("INSERT INTO cats VALUES (%s, %s, %s, %s)", rows)
    return cluster


@pytest.mark.parametrize(
    ("path", "query", "what"),
    [
        ("mine", "SELECT max(name) FROM cats", "aggregate mine.max"),
        ("mine", "SELECT abs(name) FROM cats", "function mine.abs"),
        ("mine", "DELETE FROM cats WHERE abs(name) = 3", "function mine.abs"),
        ("compared", "SELECT weight FROM cats WHERE name = 'cat 1'::varchar", "operator compared.="),
        ("compared", "SELECT weight FROM cats WHERE name IN ('cat 1'::varchar)", "operator compared.="),
        ("compared", "DELETE FROM cats WHERE name = 'cat 1'::varchar", "operator compared.="),
        ("harmless", "SELECT mood::int FROM cats", "the cast from mood to integer"),
    ],
)
def test_what_may_be_meant_instead(cats: Cluster, path: str, query: str, what: str) -> None:
    with cats.connect(autocommit=True) as connection:
        connection.execute(f"SET search_path = public, {path}")
        with pytest.raises(errors.UnsupportedQuery, match=f"^{what}: it may be meant here"):
            connection.execute(query)
        connection.execute("SET search_path = public")
        if path == "compared" and query.startswith("SELECT"):
            connection.execute(query)


def test_what_is_made_later(cats: Cluster) -> None:
    """A connection notices what it made itself, and one that begins later what anybody made."""
    query = "SELECT min(name) FROM cats"
    aggregate = "CREATE AGGREGATE min(varchar) (sfunc = mine.joined, stype = varchar)"
    with cats.connect(autocommit=True) as connection, cats.connect(autocommit=True) as other:
        for one in (connection, other):
            assert one.execute(query).fetchone() == ("cat 0",)
        other.execute(aggregate)
        for one in (other, cats.connect(autocommit=True)):
            with one, pytest.raises(errors.UnsupportedQuery, match=r"aggregate public\.min"):
                one.execute(query)
        connection.execute("DROP AGGREGATE min(varchar)")
        assert connection.execute(query).fetchone() == ("cat 0",)


@pytest.mark.parametrize(
    ("path", "query", "wanted"),
    [
        ("mine", "SELECT round(avg(weight), 2) FROM cats WHERE weight < 2.5", 1.17),
        ("mine", "SELECT min(weight) FROM cats WHERE upper(name) = 'CAT 3'", 1.0),
        ("harmless", "SELECT count(*) FROM cats WHERE doc = '[3]'::json", 1),
        ("harmless", "SELECT count(*) FROM cats WHERE name = 'cat 3'", 1),
    ],
)
def test_what_does_no_harm(cats: Cluster, path: str, query: str, wanted: float) -> None:
    with cats.connect(autocommit=True) as connection:
        connection.execute(f"SET search_path = public, {path}")
        ((found,),) = connection.execute(query).fetchall()
        assert float(found) == wanted
