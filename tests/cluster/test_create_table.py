"""Tables of a cluster: what is carried to every server, and what changes there."""

from __future__ import annotations

import threading

import psycopg
import pytest
import sqlalchemy as sa

from parallel_partition import Cluster, errors
from parallel_partition.catalog.tables import Table
from parallel_partition.execution import change_everywhere
from parallel_partition.planning.key_columns import _KEY_TYPES
from tests.fix_clusters import MakeCluster
from tests.fix_databases import MakeDatabases
from tests.fix_declared import Ask
from tests.fix_faults import StartCluster


def constraints(ask: Ask, table: str, server: str = "s2") -> dict[str, str]:
    query = """
        SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE conrelid = %s::regclass AND contype <> 'n' AND conparentid = 0
    """
    return dict(ask(query, table, server=server))


# --- carried ---


def test_parents_everywhere_and_children_at_home(shared: Cluster, ask: Ask) -> None:
    table = shared.create_table("CREATE TABLE parents (id bigint PRIMARY KEY, total numeric)", key="id")
    assert table is shared.tables["public", "parents"]
    assert (table.kind, table.key, table.key_types, table.primary_key) == (
        "sharded",
        ("id",),
        ("integer",),
        ("id",),
    )
    assert table.column_names == ("id", "total")
    for server in shared.servers:
        children = ask(
            "SELECT relid::text FROM pg_partition_tree('parents') WHERE isleaf ORDER BY 1", server=server
        )
        assert children == [(f"parents_part_{part}",) for part in shared.shard_map.partitions_of(server)]
        columns = ask(
            "SELECT column_name::text FROM information_schema.columns WHERE table_name = 'parents'",
            server=server,
        )
        assert columns == [("id",), ("total",), ("part",)]
    assert constraints(ask, "parents") == {"parents_pkey": "PRIMARY KEY (id, part)"}


def test_rows_go_into_a_child_without_part_and_never_into_another(shared: Cluster, ask: Ask) -> None:
    shared.create_table("CREATE TABLE direct (id int)", key="id")
    here, *_ = shared.shard_map.partitions_of("s2")
    elsewhere, *_ = shared.shard_map.partitions_of("s1")
    ask(f"INSERT INTO direct_part_{here} (id) VALUES (1)")
    assert ask("TABLE direct") == [(1, here)]
    with pytest.raises(psycopg.errors.CheckViolation, match="no partition of relation"):
        ask(f"INSERT INTO direct VALUES (1, {elsewhere})")
    with pytest.raises(psycopg.errors.CheckViolation):
        ask(f"INSERT INTO direct_part_{here} VALUES (1, {elsewhere})")
    with pytest.raises(psycopg.errors.CheckViolation, match="no partition of relation"):
        ask("INSERT INTO direct (id) VALUES (1)")


@pytest.mark.both_versions
def test_everything_that_a_column_can_say(databases: MakeDatabases) -> None:
    conninfos = databases(2)
    with Cluster.create(conninfos, 4) as cluster:
        table = cluster.create_table(
            """
            CREATE TABLE public."Every thing" (
                id int GENERATED ALWAYS AS IDENTITY (START WITH 10 INCREMENT BY 5 CYCLE),
                "Ünïcode" varchar(7) COLLATE "C" NOT NULL DEFAULT 'it''s; %s',
                amount numeric(8,3) CONSTRAINT positive CHECK (amount > 0),
                doubled numeric GENERATED ALWAYS AS (amount * 2) STORED,
                n serial,
                s smallserial,
                at timestamptz DEFAULT now(),
                tags text[] COMPRESSION pglz DEFAULT '{}',
                note bytea,
                CONSTRAINT pk PRIMARY KEY (id),
                CONSTRAINT "uni que" UNIQUE NULLS NOT DISTINCT ("Ünïcode", id) INCLUDE (amount)
                    DEFERRABLE INITIALLY DEFERRED,
                CHECK (length("Ünïcode") > 1 OR note IS NULL)
            ) -- the end
            """,
            key="id",
        )
        with psycopg.connect(conninfos[1], autocommit=True) as connection:
            columns = connection.execute("""
                SELECT attname, format_type(atttypid, atttypmod), attnotnull, attidentity, attgenerated,
                       pg_get_expr(adbin, adrelid), attcompression
                FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
                WHERE attrelid = '"Every thing"'::regclass AND attnum > 0 ORDER BY attnum
            """).fetchall()
            assert columns == [
                ("id", "integer", True, "", "", None, ""),
                ("Ünïcode", "character varying(7)", True, "", "", "'it''s; %s'::character varying", ""),
                ("amount", "numeric(8,3)", False, "", "", None, ""),
                ("doubled", "numeric", False, "", "s", "(amount * (2)::numeric)", ""),
                ("n", "integer", True, "", "", None, ""),
                ("s", "smallint", True, "", "", None, ""),
                ("at", "timestamp with time zone", False, "", "", "now()", ""),
                ("tags", "text[]", False, "", "", "'{}'::text[]", "p"),
                ("note", "bytea", False, "", "", None, ""),
                ("part", "integer", True, "", "", None, ""),
            ]
            found = connection.execute("""
                SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint
                WHERE conrelid = '"Every thing"'::regclass AND contype <> 'n' ORDER BY 1
            """).fetchall()
            assert found == [
                ("Every thing_check", 'CHECK (((length(("Ünïcode")::text) > 1) OR (note IS NULL)))'),
                ("pk", "PRIMARY KEY (id, part)"),
                ("positive", "CHECK ((amount > (0)::numeric))"),
                (
                    "uni que",
                    'UNIQUE NULLS NOT DISTINCT ("Ünïcode", id, part) INCLUDE (amount) DEFERRABLE INITIALLY DEFERRED',
                ),
            ]
            assert connection.execute("SELECT to_regclass('\"Every thing_id_seq\"')").fetchone() == (None,)
        by_name = {column.name: column for column in table.columns}
        assert (by_name["id"].identity, by_name["id"].sequence) == ("always", 'public."Every thing_id_seq"')
        assert (by_name["n"].identity, by_name["n"].sequence) == ("", 'public."Every thing_n_seq"')
        assert by_name["id"].default is by_name["n"].default is by_name["doubled"].default is None
        assert by_name["doubled"].generated
        assert by_name["at"].default == "now()"
        assert by_name["Ünïcode"].collation == 'pg_catalog."C"'
        assert table.unique == (("id",), ("Ünïcode", "id"))
        with psycopg.connect(conninfos[0], autocommit=True) as connection:
            sequence = 'public."Every thing_id_seq"'
            drawn = [connection.execute("SELECT nextval(%s)", (sequence,)).fetchone() for _ in range(2)]
            assert drawn == [(10,), (15,)]
            query = "SELECT data_type, cycle FROM pg_sequences WHERE sequencename = %s"
            assert connection.execute(query, ("Every thing_id_seq",)).fetchone() == ("integer", True)
            assert connection.execute(query, ("Every thing_s_seq",)).fetchone() == ("smallint", False)
        cluster.drop_table("Every thing")
        with psycopg.connect(conninfos[0]) as connection:
            assert connection.execute(
                "SELECT count(*) FROM pg_sequences WHERE schemaname = 'public'"
            ).fetchone() == (0,)


def test_like_is_expanded_where_the_statement_is_read(shared: Cluster, ask: Ask) -> None:
    ask("CREATE TABLE pattern (a int NOT NULL DEFAULT 7, b text, CHECK (a > 0))", server="s1")
    ask("CREATE INDEX ON pattern (b)", server="s1")
    ask("COMMENT ON COLUMN pattern.a IS 'it''s'", server="s1")
    shared.create_table("CREATE TABLE alike (LIKE pattern INCLUDING ALL, c date)", key="c")
    assert constraints(ask, "alike") == {"pattern_a_check": "CHECK ((a > 0))"}
    assert ask("SELECT indexdef FROM pg_indexes WHERE tablename = 'alike'") == [
        ("CREATE INDEX alike_b_idx ON ONLY public.alike USING btree (b)",)
    ]
    assert ask("SELECT col_description('alike'::regclass, 1)") == [("it's",)]


def test_a_reference_table_is_on_every_server(shared: Cluster, ask: Ask) -> None:
    statement = "CREATE TABLE everywhere (code text PRIMARY KEY, n serial, part int, EXCLUDE (code WITH =))"
    table = shared.create_table(statement, reference=True)
    assert (table.kind, table.key, table.column_names) == ("reference", (), ("code", "n", "part"))
    for server in shared.servers:
        assert ask("SELECT count(*) FROM everywhere", server=server) == [(0,)]
        assert constraints(ask, "everywhere", server) == {
            "everywhere_pkey": "PRIMARY KEY (code)",
            "everywhere_code_excl": "EXCLUDE USING btree (code WITH =)",
        }


def test_foreign_keys_hold(shared: Cluster, ask: Ask) -> None:
    shared.create_table("CREATE TABLE place (code text PRIMARY KEY)", reference=True)
    shared.create_table("CREATE TABLE customer (id int PRIMARY KEY, place text REFERENCES place)", key="id")
    shared.create_table(
        "CREATE TABLE visit (customer int REFERENCES customer ON DELETE CASCADE, n int, PRIMARY KEY (n, customer))",
        key="customer",
    )
    assert constraints(ask, "visit") == {
        "visit_pkey": "PRIMARY KEY (n, customer, part)",
        "visit_customer_fkey": "FOREIGN KEY (customer, part) REFERENCES customer(id, part) ON DELETE CASCADE",
    }
    part = shared.shard_map.partitions_of("s2")[0]
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        ask(f"INSERT INTO customer_part_{part} (id, place) VALUES (1, 'x')")
    ask("INSERT INTO place VALUES ('x')")
    ask(f"INSERT INTO customer_part_{part} (id, place) VALUES (1, 'x')")
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        ask(f"INSERT INTO visit_part_{part} (customer, n) VALUES (2, 1)")
    ask(f"INSERT INTO visit_part_{part} (customer, n) VALUES (1, 1)")
    ask("DELETE FROM customer")
    assert ask("SELECT count(*) FROM visit") == [(0,)]


def test_keys_of_several_columns(shared: Cluster) -> None:
    statement = "CREATE TABLE several (a int, b text, c int, PRIMARY KEY (c, b, a))"
    table = shared.create_table(statement, key=["b", "a"])
    assert (table.key, table.key_types, table.primary_key) == (
        ("b", "a"),
        ("text", "integer"),
        ("c", "b", "a"),
    )


@pytest.mark.parametrize(
    "type", ["smallint", "integer", "bigint", "text", "varchar", "uuid", "date", "boolean", "numeric"]
)
def test_key_types(shared: Cluster, type: str) -> None:
    table = shared.create_table(f"CREATE TABLE key_{type} (a {type})", key="a")
    internal = {"smallint": "int2", "integer": "int4", "bigint": "int8", "boolean": "bool"}.get(type, type)
    assert table.key_types == (_KEY_TYPES[internal],)
    shared.drop_table(table.name)


@pytest.mark.parametrize(
    ("type", "given", "stored"),
    [("varchar(3)", "'abc   '", "abc"), ("numeric(5,1)", "1.25", "1.3"), ("numeric(5)", "0.5", "1")],
)
def test_what_a_type_changes_cannot_land_in_another_partition(
    shared: Cluster, ask: Ask, type: str, given: str, stored: str
) -> None:
    table = shared.create_table(f"CREATE TABLE changing (a {type})", key="a")
    right = shared.shard_map.partition_of(stored, table.key_types)
    for server in shared.servers:
        for part in shared.shard_map.partitions_of(server):
            insert = f"INSERT INTO changing_part_{part} (a) VALUES ({given})"
            if part == right:
                ask(insert, server=server)
            else:
                with pytest.raises(psycopg.errors.CheckViolation, match=f"changing_part_{part}_key"):
                    ask(insert, server=server)
    assert ask("SELECT a::text FROM changing", server=shared.shard_map.home_of(right)) == [(stored,)]
    nulls = shared.shard_map.partition_of(None)
    ask(f"INSERT INTO changing_part_{nulls} (a) VALUES (NULL)", server=shared.shard_map.home_of(nulls))
    shared.drop_table("changing")


def test_other_schemas_and_strange_names(shared: Cluster, ask: Ask) -> None:
    for server in shared.servers:
        ask('CREATE SCHEMA "Sales; %s"', server=server)
    table = shared.create_table('CREATE TABLE "Sales; %s"."q""t(" ("k ,)" int UNIQUE, "}{" int)', key="k ,)")
    assert (table.schema, table.name, table.key) == ("Sales; %s", 'q"t(', ("k ,)",))
    assert table.unique == (("k ,)",),)
    shared.drop_table(("Sales; %s", 'q"t('))
    assert ask("SELECT count(*) FROM pg_class WHERE relname LIKE 'q\"t(%'") == [(0,)]


# --- SQLAlchemy ---


def test_a_table_of_sqlalchemy(shared: Cluster, ask: Ask) -> None:
    metadata = sa.MetaData()
    sa.Table("sa_country", metadata, sa.Column("code", sa.String(2), primary_key=True))
    users = sa.Table(
        "sa_users",
        metadata,
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("email", sa.String(100), nullable=False, server_default="a%b"),
        sa.Column("country", sa.ForeignKey("sa_country.code")),
        sa.CheckConstraint("email LIKE '%@%'", name="at"),
        sa.Index("sa_users_email", "email", postgresql_where=sa.text("email LIKE 'x%'")),
        sa.Index("sa_users_unique", "email", "id", unique=True),
    )
    shared.create_table(metadata.tables["sa_country"], reference=True)
    table = shared.create_table(users, key="id")
    assert table.columns[0].identity == "by default"
    assert table.columns[1].default == "'a%b'::character varying"
    assert constraints(ask, "sa_users") == {
        "sa_users_pkey": "PRIMARY KEY (id, part)",
        "at": "CHECK (((email)::text ~~ '%@%'::text))",
        "sa_users_country_fkey": "FOREIGN KEY (country) REFERENCES sa_country(code)",
    }
    indexes = ask("SELECT indexdef FROM pg_indexes WHERE tablename = 'sa_users' ORDER BY 1")
    assert indexes == [
        (
            "CREATE INDEX sa_users_email ON ONLY public.sa_users USING btree (email) "
            "WHERE ((email)::text ~~ 'x%'::text)",
        ),
        ("CREATE UNIQUE INDEX sa_users_pkey ON ONLY public.sa_users USING btree (id, part)",),
        ("CREATE UNIQUE INDEX sa_users_unique ON ONLY public.sa_users USING btree (email, id, part)",),
    ]


def test_a_unique_index_of_sqlalchemy_needs_the_key(shared: Cluster) -> None:
    table = sa.Table(
        "sa_bad", sa.MetaData(), sa.Column("id", sa.Integer), sa.Column("n", sa.Integer, unique=False)
    )
    sa.Index("sa_bad_n", table.c.n, unique=True)
    with pytest.raises(errors.UnsupportedTable, match=r"the unique index sa_bad_n on \(n\) is refused"):
        shared.create_table(table, key="id")


def test_what_is_no_table(shared: Cluster) -> None:
    with pytest.raises(TypeError, match=r"a CREATE TABLE statement or a sqlalchemy.Table, not int"):
        shared.create_table(7, key="id")  # type: ignore[arg-type]


# --- dropped, and in step ---


def test_drop_table(shared: Cluster, ask: Ask) -> None:
    shared.create_table("CREATE TABLE dropped (id serial)", key="id")
    shared.create_table("CREATE TABLE referred (id int PRIMARY KEY)", key="id")
    shared.create_table("CREATE TABLE referring (id int REFERENCES referred)", key="id")
    shared.drop_table("public.dropped")
    assert ("public", "dropped") not in shared.tables
    for server in shared.servers:
        assert ask("SELECT to_regclass('dropped'), to_regclass('dropped_id_seq')", server=server) == [
            (None, None)
        ]
    with pytest.raises(psycopg.errors.DependentObjectsStillExist):
        shared.drop_table("referred")
    assert ("public", "referred") in shared.tables
    with pytest.raises(errors.UnknownTable, match="the cluster has no table nosuch; it has "):
        shared.drop_table("nosuch")
    assert [status.problem for status in shared.status()] == [None, None]


def test_every_change_gives_the_tables_a_new_version(make_cluster: MakeCluster) -> None:
    cluster = make_cluster(2)
    versions = [cluster._state.schema.version]
    for act in (
        lambda: cluster.create_table("CREATE TABLE t (a int)", key="a"),
        lambda: cluster.drop_table("t"),
    ):
        act()
        versions.append(cluster._state.schema.version)
    assert versions == sorted(set(versions))
    assert cluster.shard_map.version == 1
    for server in cluster.servers.values():
        with psycopg.connect(server.conninfo) as connection:
            found = connection.execute("SELECT last_value FROM parallel_partition.schema_version").fetchone()
            assert found == (versions[-1],)


def test_changes_follow_each_other(make_cluster: MakeCluster) -> None:
    cluster = make_cluster(2)
    made: list[Table] = []

    def create(number: int) -> None:
        made.append(cluster.create_table(f"CREATE TABLE t{number} (a int)", key="a"))

    threads = [threading.Thread(target=create, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    cluster.refresh()
    assert (
        {table.name for table in made} == {name for _, name in cluster.tables} == {f"t{n}" for n in range(4)}
    )
    assert [status.problem for status in cluster.status()] == [None, None]


def test_a_table_in_use_is_not_waited_for_long(
    make_cluster: MakeCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(change_everywhere, "LOCK_TIMEOUT", "50ms")
    cluster = make_cluster(2)
    cluster.create_table("CREATE TABLE t (a int)", key="a")
    with psycopg.connect(cluster.servers["s2"].conninfo) as connection:
        connection.execute("SELECT FROM t")
        with pytest.raises(psycopg.errors.LockNotAvailable) as caught:
            cluster.drop_table("t")
        assert isinstance(caught.value, errors.Error)
        assert caught.value.server == "s2"
    cluster.refresh()
    assert list(cluster.tables) == [("public", "t")]
    cluster.drop_table("t")


def test_views_over_sharded_tables_are_known(shared: Cluster, ask: Ask) -> None:
    shared.create_table("CREATE TABLE viewed (a int)", key="a")
    ask("CREATE VIEW v1 AS SELECT a FROM viewed", server="s1")
    ask("CREATE MATERIALIZED VIEW v2 AS SELECT count(*) FROM v1", server="s1")
    ask("CREATE VIEW v3 AS SELECT (SELECT * FROM v2) AS n", server="s1")
    ask("CREATE VIEW v4 AS SELECT 1", server="s1")
    child = shared.shard_map.partitions_of("s1")[0]
    ask(f"CREATE VIEW v5 AS TABLE viewed_part_{child}", server="s1")
    shared.refresh()
    views = shared._state.schema.views
    assert {name: (view.table, view.stored) for (_, name), view in views.items()} == {
        name: ("viewed", name == "v2") for name in ("v1", "v2", "v3", "v5")
    }
    definition = views["public", "v1"].definition.replace("viewed.a", "a")  # so before PostgreSQL 16
    assert definition.split() == ["SELECT", "a", "FROM", "public.viewed;"]


def test_functions_and_search_path_are_known(shared: Cluster) -> None:
    schema = shared._state.schema
    assert {"random", "nextval", "clock_timestamp"} <= schema.volatile_functions
    assert {"now", "current_setting"} <= schema.stable_functions
    assert {"sum", "count"} <= schema.aggregates
    assert "sum" not in schema.window_functions
    assert {"rank", "lag"} <= schema.window_functions
    assert {"lower", "random"} <= schema.functions
    assert not {"lower"} & (schema.volatile_functions | schema.stable_functions)
    assert shared._state.search_path == ("public",)


# --- servers that cannot prepare transactions ---


@pytest.fixture
def plain_servers(throwaway_cluster: StartCluster) -> list[str]:
    """Conninfos of two servers with PostgreSQL's default, no prepared transactions."""
    return throwaway_cluster(2, max_prepared_transactions=0).conninfos


def test_without_prepared_transactions(plain_servers: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    with Cluster.create(plain_servers, 4) as cluster:
        cluster.create_table("CREATE TABLE kept (a int)", key="a")
        assert [status.problem for status in cluster.status()] == [None, None]

        def fails(*_: object) -> None:
            raise RuntimeError("on purpose")

        monkeypatch.setattr(change_everywhere, "commit_everywhere", fails)
        with pytest.raises(RuntimeError, match="on purpose"):
            cluster.create_table("CREATE TABLE lost (a int)", key="a")
        monkeypatch.undo()
        cluster.refresh()
        assert list(cluster.tables) == [("public", "kept")]
        for conninfo in plain_servers:
            with psycopg.connect(conninfo) as connection:
                assert connection.execute("SELECT to_regclass('lost')").fetchone() == (None,)
        cluster.drop_table("kept")
        assert [status.problem for status in cluster.status()] == [None, None]
        for conninfo in plain_servers:
            with psycopg.connect(conninfo) as connection:
                assert connection.execute("SELECT to_regclass('kept')").fetchone() == (None,)
