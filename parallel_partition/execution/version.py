"""The version check that follows each statement, and the assertion that precedes each commit.

Two checks. A statement with a snapshot of its own (autocommit, READ COMMITTED) is followed by a look at the server's
two sequences: every change of the map or of the tables sets them in its own transaction, so a change that the
statement's snapshot may have missed shows there. In REPEATABLE READ and SERIALIZABLE the snapshot may be older than
what the router knows; there the versioned rows of the partitions are looked at too, which that snapshot sees as it
sees the data. Measured on one server, beside a prepared point query: sequences by ``pg_sequence_last_value`` 0 to 2 us,
sequences read as tables 8 us, the rows as well 30 us.

Behind the sequences there is also a hash of the columns of all tables and the number of their children, for somebody
may have changed them by hand. PostgreSQL computes it when it plans the look, keeps it as a constant of the prepared
plan, and drops that plan whenever one of the tables changes: 5 us more.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from functools import lru_cache

import psycopg
from psycopg import pq
from psycopg.pq.abc import PGresult

from parallel_partition.catalog.cluster import ClusterState
from parallel_partition.catalog.identifiers import quoted
from parallel_partition.catalog.tables import Schema, Table
from parallel_partition.execution.fan_out import run_one
from parallel_partition.planning.write_nodes import literal
from parallel_partition.postgres.named_sql import load
from parallel_partition.postgres.session import Session, StatementKey
from parallel_partition.statements import Parameter, Statement

_SQL = load("versions")
#: What the function concat takes.
_ARGUMENTS = 90

_ROWS = _SQL["check_rows"].encode()
_ASSERT = _SQL["assert_version"].encode()
_ASSERT_AND_ENTER = _SQL["assert_version_and_enter"].encode()

_INT4_ARRAY = 1007
_INT8 = 20
_NULL_PARTS = Parameter(None, _INT4_ARRAY, 0)

#: After these the versions are read before the error is raised: no partition for the row, undefined table, a cached
#: plan's result changed, undefined column, other columns than an INSERT has values for, and the library's own
#: "version changed".
_MAY_BE_STALE = frozenset({"23514", "42P01", "0A000", "42703", "42601", "PP001"})


class StaleVersion(Exception):
    """The server holds another version of the map or of the tables than the router; nothing was handed out."""

    def __init__(self, server: str) -> None:
        super().__init__(server)
        self.server = server


class StaleTables(StaleVersion):
    """The server's tables look otherwise than those of the catalog's server did; ``shape`` is how, in short."""

    def __init__(self, server: str, shape: bytes) -> None:
        super().__init__(server)
        self.shape = shape


def may_be_stale(error: psycopg.Error) -> bool:
    """True for an error that a stale map or schema may have caused."""
    return error.sqlstate in _MAY_BE_STALE


class Versions:
    """Builds the checks for a server and reads their answers, against ``state``.

    ``state`` is what the statement's plan was made for, which the router may have left behind since. ``text`` is the
    statement, None where it is not known.
    """

    def __init__(self, state: ClusterState) -> None:
        self.state = state
        self.text: bytes | None = None
        self._listed: ClusterState | None = None
        self._expected_by: dict[str, tuple[bytes | None, ...]] = {}
        #: The tables that differ on a server while it has this shape.
        self._differing: dict[tuple[str, bytes], tuple[Table, ...]] = {}

    def copy(self) -> Versions:
        """The same for a statement that goes on while others run."""
        copied = Versions(self.state)
        copied.text = self.text
        copied._differing = dict(self._differing)
        return copied

    # --- a statement with a snapshot of its own -----------------------------------------------------------------

    @property
    def sequences(self) -> Statement:
        """The look at a server's sequences and tables, behind a statement with a snapshot of its own."""
        if self.state is not self._listed:
            self._list()
        return self._sequences

    @property
    def sequences_key(self) -> StatementKey:
        """What `sequences` is prepared under."""
        return self.sequences.text, ()

    def _list(self) -> None:
        state = self._listed = self.state
        self._sequences = _look(tuple(full_name(table) for table in state.schema.values()))
        schema = b"%d" % state.schema.version
        sharded = sum(table.sharded for table in state.schema.values())
        self._expected_by = {
            name: (
                b"%d" % known.map_version,
                schema,
                b"%s/%d" % (state.schema.shape.encode(), sharded * len(state.shard_map.partitions_of(name))),
            )
            for name, known in state.servers.items()
        }
        self._differing.clear()

    def verify_sequences(self, server: str, result: PGresult) -> None:
        """Compare the answer to `sequences` with what is expected.

        Raises
        ------
        StaleVersion : they differ
        StaleTables : the server's tables do, and the statement may be about them
        """
        if self.state is not self._listed:
            self._list()
        map_version, schema_version, shape = self._expected_by[server]
        if (result.get_value(0, 0), result.get_value(0, 1)) != (map_version, schema_version):
            raise StaleVersion(server)
        if result.nfields > 2 and (found := result.get_value(0, 2) or b"") != shape:
            differing = self._differing.get((server, found))
            if differing is None or mentioned(self.text, differing, self.state.schema):
                raise StaleTables(server, found)

    def verify_tables(self, session: Session) -> None:
        """Ask a server how its tables look, after an error and outside of what failed.

        Raises
        ------
        StaleTables : otherwise than is expected
        """
        if session.alive and session.transaction_status == pq.TransactionStatus.IDLE:
            result = run_one(session, session.exchange([self.sequences]))[-1]
            if result.status != pq.ExecStatus.FATAL_ERROR:
                self.verify_sequences(session.server, result)

    def tolerate(self, server: str, shape: bytes, differing: Collection[Table]) -> None:
        """Note which tables differ on a server that has this shape: statements about others are answered."""
        if self.state is not self._listed:
            self._list()
        self._differing[server, shape] = tuple(differing)

    # --- a statement under an older snapshot, and commits --------------------------------------------------------

    def rows(self, server: str, parts: frozenset[int] | None) -> Statement:
        """The look at sequences and at the rows of ``parts`` (None: all that the server holds)."""
        return Statement(_ROWS, (self._parts(server, parts),), 0, prepare=True)

    def verify_rows(self, server: str, parts: frozenset[int] | None, result: PGresult) -> None:
        """Compare the answer to `rows` with what is expected.

        Raises
        ------
        StaleVersion : they differ
        """
        found = tuple(int(result.get_value(0, column) or 0) for column in range(4))
        if found != self._expected(server, parts):
            raise StaleVersion(server)

    def assertion(self, server: str, parts: frozenset[int] | None, *, enters: bool = False) -> Statement:
        """The same as a statement that raises on the server when they are not that.

        Parameters
        ----------
        enters : the snapshot gate too, for a write that commits behind it
        """
        expected = [Parameter(b"%d" % number, _INT8, 0) for number in self._expected(server, parts)]
        text = _ASSERT_AND_ENTER if enters else _ASSERT
        return Statement(text, (self._parts(server, parts), *expected), 0, prepare=True)

    def _expected(self, server: str, parts: frozenset[int] | None) -> tuple[int, int, int, int]:
        """(highest version of the held partitions, how many, the server's map version, the schema version)."""
        state = self.state
        shard_map = state.shard_map
        here = shard_map.partitions_of(server) if parts is None else self._here(server, parts)
        highest = max((shard_map.versions[part] for part in here), default=0)
        return highest, len(here), state.servers[server].map_version, state.schema.version

    def _here(self, server: str, parts: frozenset[int]) -> list[int]:
        home_of = self.state.shard_map.home_of
        return sorted(part for part in parts if home_of(part) == server)

    def _parts(self, server: str, parts: frozenset[int] | None) -> Parameter:
        if parts is None:
            return _NULL_PARTS
        listed = b",".join(b"%d" % part for part in self._here(server, parts))
        return Parameter(b"{%s}" % listed, _INT4_ARRAY, 0)

    def moved_on(self, session: Session, parts: frozenset[int] | None) -> bool:
        """Ask a server, after an error and outside of what failed, whether it holds other versions.

        The failed transaction on the session is rolled back first; it could not go on anyway.
        """
        if not session.alive:
            return False
        rollback = [Statement(b"ROLLBACK", prepare=False)]
        train = rollback if session.transaction_status != pq.TransactionStatus.IDLE else []
        results = run_one(session, session.exchange([*train, self.rows(session.server, parts)]))
        if results[-1].status == pq.ExecStatus.FATAL_ERROR:
            return False
        try:
            self.verify_rows(session.server, parts, results[-1])
        except StaleVersion:
            return True
        return False


def full_name(table: Table) -> str:
    """A table's name, quoted and qualified."""
    return f"{quoted(table.schema)}.{quoted(table.name)}"


def mentioned(text: bytes | None, tables: Iterable[Table], schema: Schema) -> list[Table]:
    """The tables that a statement may be about: those whose name its text holds.

    It may be about all of them where it is not known, names a view, or holds names that are written with escapes.
    """
    lower = (text or b"").decode("utf-8", "replace").lower()
    if text is None or 'u&"' in lower or any(_holds(lower, name) for _, name in schema.views):
        return list(tables)
    return [table for table in tables if _holds(lower, table.name)]


def _holds(lower: str, name: str) -> bool:
    written = re.escape(name.lower().replace('"', '""'))
    return re.search(rf"(?<![\w$]){written}(?![\w$])", lower) is not None


@lru_cache(maxsize=64)
def _look(names: tuple[str, ...]) -> Statement:
    if not names:
        return Statement(_SQL["check_sequences"].encode(), (), 0, prepare=True)
    literals = [literal(name) for name in names]
    relations = [f"parallel_partition.relation({literal})" for literal in literals]
    while len(relations) > 1 or not relations[0].startswith("pg_catalog.concat"):
        chunks = [relations[start : start + _ARGUMENTS] for start in range(0, len(relations), _ARGUMENTS)]
        relations = [f"pg_catalog.concat({', '.join(chunk)})" for chunk in chunks]
    text = _SQL["check_sequences_and_tables"]
    text = text.replace("{relations}", relations[0]).replace("{names}", ", ".join(literals))
    return Statement(text.encode(), (), 0, prepare=True)
