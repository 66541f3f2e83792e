"""All that psycopg's connections and cursors have: the same, done over all servers, or refused by name."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from threading import Thread
from typing import Any

import psycopg
import pydantic
import pytest
from psycopg import sql
from psycopg.rows import args_row, class_row, dict_row, kwargs_row, namedtuple_row, scalar_row
from psycopg.types.composite import CompositeInfo, register_composite
from psycopg_pool import ConnectionPool

from parallel_partition import Cluster, connect, errors
from parallel_partition.dbapi.connection import Connection
from parallel_partition.dbapi.cursor import Cursor
from parallel_partition.dbapi.server_cursor import ServerCursor
from tests.fix_clusters import MakeCluster

#: psycopg's own, which does all there is to do over several servers, too.
SAME = {
    "Connection": {
        *("DataError", "DatabaseError", "Error", "IntegrityError", "InterfaceError", "InternalError"),
        *("NotSupportedError", "OperationalError", "ProgrammingError", "Warning"),
        *("adapters", "add_notice_handler", "add_notify_handler", "remove_notice_handler"),
        *(
            "remove_notify_handler",
            "autocommit",
            "connection",
            "deferrable",
            "execute",
            "fileno",
            "read_only",
        ),
        *("set_deferrable", "set_read_only", "xid"),
    },
    "Cursor": {
        *("adapters", "arraysize", "closed", "connection", "description", "format", "nextset", "pgresult"),
        *("results", "row_factory", "rowcount", "rownumber", "set_result", "setinputsizes", "setoutputsize"),
        "statusmessage",
    },
    "ServerCursor": {
        *(
            "adapters",
            "arraysize",
            "closed",
            "connection",
            "description",
            "format",
            "itersize",
            "name",
            "nextset",
        ),
        *("pgresult", "results", "row_factory", "rowcount", "rownumber", "scrollable", "set_result"),
        *("setinputsizes", "setoutputsize", "statusmessage", "withhold", "executemany"),
    },
}
#: Refused by an `UnsupportedQuery` that says why, and how it is called.
REFUSED: dict[str, Any] = {
    "Connection.pipeline": lambda connection: connection.pipeline(),
    "Cursor.copy": lambda connection: connection.cursor().copy("COPY visits TO STDOUT"),
}


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [(psycopg.Connection, Connection), (psycopg.Cursor, Cursor), (psycopg.ServerCursor, ServerCursor)],
    ids=["Connection", "Cursor", "ServerCursor"],
)
def test_every_public_name_of_psycopgs_is_dealt_with(theirs: type, ours: type) -> None:
    """Whatever a later psycopg adds is found here before somebody calls it, and one server answers."""
    public = {name for name in dir(theirs) if not name.startswith("_")}
    own = {
        name
        for name in public
        if next(cls for cls in ours.__mro__ if name in vars(cls)).__module__.startswith("parallel_partition")
    }
    assert public - own == SAME[theirs.__name__]
    for name in own:
        assert inspect.getdoc(getattr(ours, name)), f"{name} does not say what it does"
    documented = {name for name in own if (inspect.getdoc(getattr(ours, name)) or "").startswith("Refused:")}
    assert documented - {name.split(".")[1] for name in REFUSED} == set()


@pytest.fixture(scope="module")
def trio(make_module_cluster: MakeCluster) -> Cluster:
    cluster = make_module_cluster(3)
    cluster.create_table("CREATE TABLE visits (patient int, ward text, PRIMARY KEY (patient))", key="patient")
    with cluster.connect() as connection:
        connection.cursor().executemany(
            "INSERT INTO visits VALUES (%s, %s)", [(n, f"w{n % 3}") for n in range(9)]
        )
    return cluster


@pytest.fixture
def over(trio: Cluster) -> Iterator[Connection[Any]]:
    with trio.connect() as connection:
        yield connection
        connection.rollback()


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_says_why(over: Connection[Any], name: str) -> None:
    with pytest.raises(
        errors.UnsupportedQuery, match=name.split(".")[1].upper() if "copy" in name else "pipeline"
    ):
        REFUSED[name](over)


# --- rows -----------------------------------------------------------------------------------------------------


@dataclass
class Visit:
    """A row of visits."""

    patient: int
    ward: str


class Model(pydantic.BaseModel):
    """The same for pydantic."""

    patient: int
    ward: str


ROW_FACTORIES: dict[str, tuple[Any, Any]] = {
    "dict": (dict_row, {"patient": 1, "ward": "w1"}),
    "dataclass": (class_row(Visit), Visit(1, "w1")),
    "pydantic": (class_row(Model), Model(patient=1, ward="w1")),
    "args": (args_row(Visit), Visit(1, "w1")),
    "kwargs": (kwargs_row(Model), Model(patient=1, ward="w1")),
    "scalar": (scalar_row, 1),
}
#: One server's answer, and rows of all merged, summed up and gathered.
QUERIES = (
    "SELECT patient, ward FROM visits WHERE patient = 1",
    "SELECT patient, ward FROM visits WHERE patient > 0 ORDER BY patient",
    "SELECT min(patient) AS patient, ward FROM visits WHERE patient BETWEEN 1 AND 3 GROUP BY ward "
    "ORDER BY 2 DESC OFFSET 1",
    "SELECT patient, first_value(ward) OVER (ORDER BY ward DESC, patient) AS ward FROM visits "
    "WHERE patient IN (1, 4) ORDER BY patient",
)


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("name", ROW_FACTORIES)
def test_row_factories(over: Connection[Any], name: str, query: str) -> None:
    factory, wanted = ROW_FACTORIES[name]
    for cursor in (over.cursor(row_factory=factory), over.cursor("named", row_factory=factory)):
        with cursor:
            assert cursor.execute(query).fetchone() == wanted
    over.row_factory = factory
    assert over.execute(query).fetchone() == wanted
    assert next(over.cursor(binary=True).stream(query)) == wanted


def test_named_tuples(over: Connection[Any]) -> None:
    row = over.cursor(row_factory=namedtuple_row).execute(QUERIES[1]).fetchone()
    assert (row.patient, row.ward) == (1, "w1")


def test_a_pydantic_model_that_does_not_fit(over: Connection[Any]) -> None:
    cursor = over.cursor(row_factory=class_row(Model))
    cursor.execute("SELECT patient, NULL AS ward FROM visits ORDER BY patient")
    with pytest.raises(pydantic.ValidationError):
        cursor.fetchall()


# --- queries --------------------------------------------------------------------------------------------------


def test_composed_queries(over: Connection[Any]) -> None:
    query = sql.SQL(
        "SELECT {columns} FROM {table} WHERE {key} = {value} OR {key} = {parameter} ORDER BY 1"
    ).format(
        columns=sql.SQL(", ").join(map(sql.Identifier, ("patient", "ward"))),
        table=sql.Identifier("visits"),
        key=sql.Identifier("patient"),
        value=2,
        parameter=sql.Placeholder("more"),
    )
    assert over.execute(query, {"more": 5}).fetchall() == [(2, "w2"), (5, "w2")]
    assert query.as_string(over).startswith('SELECT "patient", "ward" FROM "visits" WHERE "patient" = 2')
    assert sql.Literal("it's").as_string(over) == "'it''s'"


@pytest.mark.parametrize("factory", [psycopg.ClientCursor, psycopg.RawCursor])
def test_other_cursors_of_psycopgs(over: Connection[Any], factory: Any) -> None:
    over.cursor_factory = factory
    cursor = over.cursor()
    assert isinstance(cursor, factory)
    assert isinstance(cursor, Cursor)
    place = "$1" if factory is psycopg.RawCursor else "%s"
    query = f"SELECT ward FROM visits WHERE patient = {place}"
    assert cursor.execute(query, (4,)).fetchone() == ("w1",)
    cursor.executemany(f"UPDATE visits SET ward = 'x' WHERE patient = {place}", [(1,), (2,), (77,)])
    assert cursor.rowcount == 2
    assert over.execute("SELECT count(*) FROM visits WHERE ward = 'x'").fetchone() == (2,)


def test_mogrify(over: Connection[Any]) -> None:
    over.cursor_factory = psycopg.ClientCursor
    assert over.cursor().mogrify("SELECT %s, %s", (1, "it's")) == "SELECT 1, 'it''s'"


def test_results_of_executemany(over: Connection[Any]) -> None:
    cursor = over.cursor()
    cursor.executemany("SELECT ward FROM visits WHERE patient = %s", [(1,), (2,), (99,)], returning=True)
    assert [result.fetchall() for result in cursor.results()] == [[("w1",)], [("w2",)], []]
    cursor.set_result(1)
    assert (cursor.rownumber, cursor.rowcount, cursor.statusmessage) == (0, 1, "SELECT 1")
    assert cursor.fetchone() == ("w2",)
    assert cursor.rownumber == 1
    cursor.set_result(0)
    assert [cursor.nextset(), cursor.nextset(), cursor.nextset()] == [True, True, None]


# --- the connection -------------------------------------------------------------------------------------------


def test_connect_as_psycopgs_class_does(trio: Cluster) -> None:
    with Connection.connect(
        trio.servers["s1"].conninfo, autocommit=True, row_factory=scalar_row
    ) as connection:
        assert isinstance(connection, Connection)
        assert connection.execute("SELECT count(*) FROM visits").fetchone() == 9


def test_info_is_the_catalogs(trio: Cluster, over: Connection[Any]) -> None:
    server = over.execute("SELECT current_database(), pg_backend_pid(), current_user").fetchone()
    assert (over.info.dbname, over.info.backend_pid, over.info.user) == server
    assert over.info.encoding == "utf-8"
    assert over.info.server_version // 10_000 >= 15
    assert over.info.parameter_status("client_encoding") == "UTF8"
    assert over.fileno() == over.transaction_state.sessions["s1"].fileno


def test_notices_of_all_servers(over: Connection[Any]) -> None:
    notices: list[str] = []
    over.add_notice_handler(lambda diagnostic: notices.append(diagnostic.message_primary or ""))
    over.execute("DO $$ BEGIN RAISE NOTICE 'hello'; END $$")
    over.execute("DROP TABLE IF EXISTS nowhere")
    assert notices == ["hello", 'table "nowhere" does not exist, skipping']


def test_prepared_max(over: Connection[Any]) -> None:
    assert over.prepared_max == 100
    over.prepared_max = 3
    for number in range(12):
        over.execute(f"SELECT ward, {number} FROM visits WHERE patient = 1", prepare=True)
    query = "SELECT ward, 0 FROM visits WHERE patient = 1"
    session = over.transaction_state.sessions[over._router.state.shard_map.server_of(1)]
    names = session.connection.execute("SELECT count(*) FROM pg_prepared_statements").fetchone()
    assert names is not None
    assert names[0] <= 3 + 2  # a look at versions is prepared with the first, and may be left of another's
    over.prepared_max = None
    assert over.prepared_max is None
    assert over.execute(query).fetchone() == ("w1", 0)


def test_composites_made_in_another_order(make_cluster: MakeCluster) -> None:
    """Their numbers differ between servers; the catalog's are shown."""
    cluster = make_cluster(2)
    for number, server in enumerate(cluster.servers.values()):
        with psycopg.connect(server.conninfo, autocommit=True) as direct:
            for more in range(number):
                direct.execute(f"CREATE TYPE other_{more} AS (x int)")
            direct.execute("CREATE TYPE place AS (street text, house int)")
    cluster.create_table("CREATE TABLE homes (id int PRIMARY KEY, at place)", key="id")
    with cluster.connect() as connection:
        info = CompositeInfo.fetch(connection, "place")
        assert info is not None
        register_composite(info, connection)
        made = info.python_type
        places = [(n, made(street=f"s{n}", house=n)) for n in range(8)]
        connection.cursor().executemany("INSERT INTO homes VALUES (%s, %s)", places)
        assert connection.execute("SELECT id, at FROM homes ORDER BY id").fetchall() == places
        gathered = "SELECT first_value(at) OVER (ORDER BY id DESC) FROM homes"
        assert connection.execute(gathered).fetchone() == (places[-1][1],)


def test_a_pool_of_psycopgs_lends_them(trio: Cluster, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing of a transaction is left to the next borrower, on whatever server it was."""
    caplog.set_level("CRITICAL")
    elsewhere = next(key for key in range(9) if trio.shard_map.server_of(key) == "s3")
    conninfo = trio.servers["s1"].conninfo
    with ConnectionPool(conninfo, connection_class=Connection, min_size=1, max_size=1, timeout=10) as pool:
        with pool.connection() as connection:
            first = connection
            connection.execute("UPDATE visits SET ward = ward WHERE patient = %s", (elsewhere,))
        with pool.connection() as connection:
            assert connection is first
            assert connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
        connection = pool.getconn()
        connection.execute("UPDATE visits SET ward = 'gone' WHERE patient = %s", (elsewhere,))
        pool.putconn(connection)
        with pool.connection() as connection:
            assert connection is first
            assert connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
            query = "SELECT ward <> 'gone' FROM visits WHERE patient = %s"
            assert connection.execute(query, (elsewhere,)).fetchone() == (True,)
        with pytest.raises(ZeroDivisionError), pool.connection() as connection:
            connection.execute("UPDATE visits SET ward = 'gone'")
            raise ZeroDivisionError
        with pool.connection() as connection:
            assert connection is first
            assert connection.execute("SELECT count(*) FROM visits WHERE ward = 'gone'").fetchone() == (0,)
    assert first.closed


# --- notifications --------------------------------------------------------------------------------------------


def test_notifies(trio: Cluster, over: Connection[Any]) -> None:
    over.autocommit = True
    over.execute("LISTEN news")
    assert list(over.notifies(timeout=0)) == []
    with trio.connect(autocommit=True) as other:
        other.execute("NOTIFY news, 'one'")
        other.execute("SELECT pg_notify('news', %s)", ("two",))
        other.execute("NOTIFY elsewhere")
        found = list(over.notifies(timeout=5, stop_after=2))
        assert [(notify.channel, notify.payload) for notify in found] == [("news", "one"), ("news", "two")]
        assert found[0].pid == other.info.backend_pid
        other.execute("NOTIFY news, 'three'")
        over.execute("SELECT count(*) FROM visits")  # what comes meanwhile is kept
        assert [notify.payload for notify in over.notifies(timeout=5, stop_after=1)] == ["three"]


def test_notifies_of_a_transaction_come_when_it_commits(trio: Cluster, over: Connection[Any]) -> None:
    over.autocommit = True
    over.execute("LISTEN news")
    with trio.connect() as other:
        other.execute("UPDATE visits SET ward = ward")
        other.execute("NOTIFY news, 'committed'")
        assert list(over.notifies(timeout=0)) == []
        other.commit()
    with trio.connect() as other:
        other.execute("NOTIFY news, 'undone'")
        other.rollback()
    assert [notify.payload for notify in over.notifies(timeout=0.2)] == ["committed"]


def test_notify_handlers(trio: Cluster, over: Connection[Any]) -> None:
    over.autocommit = True
    payloads: list[str] = []

    def handler(notify: psycopg.Notify) -> None:
        payloads.append(notify.payload)

    over.add_notify_handler(handler)
    over.execute("LISTEN news")
    with trio.connect(autocommit=True) as other:
        other.execute("NOTIFY news, 'handled'")
        for query in ("SELECT 1", "SELECT count(*) FROM visits"):
            over.execute(query)
        assert payloads == ["handled"]
        over.remove_notify_handler(handler)
        other.execute("NOTIFY news, 'kept'")
    assert [notify.payload for notify in over.notifies(timeout=5, stop_after=1)] == ["kept"]
    assert payloads == ["handled"]


def test_another_thread_notifies_and_uses_the_connection(trio: Cluster, over: Connection[Any]) -> None:
    over.autocommit = True
    over.execute("LISTEN news")
    counts: list[Any] = []

    def work() -> None:
        counts.append(over.execute("SELECT count(*) FROM visits").fetchone())
        over.execute("NOTIFY news, 'from a thread'")

    thread = Thread(target=work)
    thread.start()
    assert [notify.payload for notify in over.notifies(timeout=10, stop_after=1)] == ["from a thread"]
    thread.join()
    assert counts == [(9,)]


def test_a_lost_session_does_not_listen_any_more(trio: Cluster) -> None:
    """Waiting on would be for ever."""
    with connect(trio.servers["s1"].conninfo, autocommit=True) as connection:
        connection.execute("LISTEN news")
        pid = connection.info.backend_pid
        with psycopg.connect(trio.servers["s1"].conninfo, autocommit=True) as direct:
            direct.execute("SELECT pg_terminate_backend(%s, 10000)", (pid,))
        for _ in range(2):
            with pytest.raises(errors.ServerUnavailable, match="LISTEN"):
                list(connection.notifies(timeout=5))
            with pytest.raises(errors.ServerUnavailable):
                connection.execute("SELECT count(*) FROM visits")


def test_a_closed_connection_is_not_notified(trio: Cluster) -> None:
    connection = trio.connect()
    connection.close()
    with pytest.raises(psycopg.OperationalError, match="the connection is closed"):
        next(connection.notifies())
