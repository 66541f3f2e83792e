"""The version check that follows each statement, and the assertion that precedes each commit.

Two checks. A statement with a snapshot of its own (autocommit, READ COMMITTED) is followed by a look at the server's
two sequences: every change of the map or of the tables sets them in its own transaction, so a change that the
statement's snapshot may have missed shows there. In REPEATABLE READ and SERIALIZABLE the snapshot may be older than
what the router knows; there the versioned rows of the partitions are looked at too, which that snapshot sees as it
sees the data. Measured on one server, beside a prepared point query: sequences by ``pg_sequence_last_value`` 0 to 2 us,
sequences read as tables 8 us, the rows as well 30 us.

Both come with a hash of the columns of all tables and the number of their children, for somebody may have changed
them by hand. PostgreSQL computes it when it plans the look, keeps it as a constant of the prepared plan, and drops that
plan whenever one of the tables changes: 5 us more. A change that commits during the planning cannot do that, so a look
that was just planned compares the constant with the tables once more. Tables are no snapshot's business: an old one
meets them as they are now, so the look says that it does not know when it was planned under one, and another session
is asked.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from functools import lru_cache

import psycopg
from psycopg import pq
from psycopg.pq.abc import PGresult

from parallel_partition import errors
from parallel_partition.catalog.cluster import ClusterState
from parallel_partition.catalog.tables import Table
from parallel_partition.execution.declared_tables import all_differences, shape_of
from parallel_partition.execution.failures import first_line
from parallel_partition.execution.fan_out import run_one
from parallel_partition.execution.mentioned import full_name, mentioned
from parallel_partition.execution.savepoints import Savepoint
from parallel_partition.planning.write_nodes import literal
from parallel_partition.postgres.named_sql import load
from parallel_partition.postgres.pool import Pools
from parallel_partition.postgres.session import Session, StatementKey
from parallel_partition.statements import Parameter, Statement

logger = logging.getLogger("parallel_partition")

_SQL = load("versions")
#: What the function concat takes.
_ARGUMENTS = 90

_ROWS = _SQL["check_rows"].encode()
_ASSERT = _SQL["assert_version"].encode()
_ASSERT_AND_ENTER = _SQL["assert_version_and_enter"].encode()

_LATEST, _AGAIN = (
    Statement(_SQL[f"plan_latest_{name}"].encode(), prepare=False) for name in ("begin", "again")
)
_END = Statement(b"COMMIT", prepare=False)

#: Shapes of changed tables that are kept; each takes a few hundred bytes.
_SHAPES_MAX = 100

#: Outside of what failed: in no transaction, or in one that was rolled back to a savepoint.
_USABLE = (pq.TransactionStatus.IDLE, pq.TransactionStatus.INTRANS)

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


#: Which tables differ on a server that has one shape where another was expected, by the version of the tables.
Differing = dict[tuple[int, str, bytes, bytes], tuple[Table, ...]]


class Versions:
    """Builds the checks for a server and reads their answers, against ``state``.

    ``state`` is what the statement's plan was made for, which the router may have left behind since. ``text`` is the
    statement, None where it is not known. ``again``: it did run before, and what was found of it was not handed out.

    Parameters
    ----------
    pools : where servers are asked aside
    differing : what is known of tables that were changed by hand, shared by all that use the same pools
    """

    def __init__(self, state: ClusterState, pools: Pools, differing: Differing) -> None:
        self.state = state
        self.text: bytes | None = None
        self.again = False
        self._pools = pools
        self._differing = differing
        self._listed: ClusterState | None = None
        self._expected_by: dict[str, tuple[bytes | None, ...]] = {}

    def copy(self) -> Versions:
        """The same for a statement that goes on while others run."""
        copied = Versions(self.state, self._pools, self._differing)
        copied.text, copied.again = self.text, self.again
        return copied

    def checks(self, server: str, parts: frozenset[int] | None, *, own_snapshot: bool) -> list[Statement]:
        """What follows a statement; `verify` reads the answers.

        Parameters
        ----------
        parts : the partitions that it relies on, None for all that the server holds
        own_snapshot : its snapshot is its own, not its transaction's
        """
        return [self.sequences] if own_snapshot else [self._rows(server, parts), self.sequences]

    def verify(
        self,
        session: Session,
        parts: frozenset[int] | None,
        results: Sequence[PGresult],
        *,
        own_snapshot: bool,
    ) -> None:
        """Compare the answers to `checks`, which are the last of ``results``, with what is expected.

        Raises
        ------
        StaleVersion : they differ
        """
        if not own_snapshot:
            self._verify_rows(session.server, parts, results[-2])
        self.verify_sequences(session, results[-1])

    def verify_all(
        self,
        sessions: Mapping[str, Session],
        parts: frozenset[int] | None,
        results: Mapping[str, Sequence[PGresult]],
        own: Mapping[str, bool],
    ) -> None:
        """`verify` the answers of several servers, all of them before one raises.

        A server that could not tell is asked another way next time (see `_asked_aside`): were only the first of them
        found each time, a statement over many servers would run as often.

        Raises
        ------
        StaleVersion : those of a server differ
        """
        stale: StaleVersion | None = None
        for server, answers in results.items():
            try:
                self.verify(sessions[server], parts, answers, own_snapshot=own[server])
            except StaleVersion as found:
                # Tables that differ are more to tell than a version.
                stale = found if stale is None or isinstance(found, StaleTables) else stale
        if stale is not None:
            raise stale

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
        self._names = tuple(full_name(table) for table in state.schema.values())
        self._sequences = _look(self._names)
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

    def verify_sequences(self, session: Session, result: PGresult) -> None:
        """Compare the answer to `sequences` with what is expected.

        Raises
        ------
        StaleVersion : they differ
        StaleTables : the server's tables do, and the statement may be about them
        """
        if self.state is not self._listed:
            self._list()
        map_version, schema_version, shape = self._expected_by[session.server]
        if (result.get_value(0, 0), result.get_value(0, 1)) != (map_version, schema_version):
            raise StaleVersion(session.server)
        if result.nfields < 3:
            return
        found = result.get_value(0, 2)
        if found is None:
            found = self._asked_aside(session)
        elif session.unsure:
            session.unsure = 0
        if found != shape and found not in self._accepted(session.server, found):
            raise StaleTables(session.server, found)

    def _asked_aside(self, session: Session) -> bytes:
        """How the tables of a server look that does not know it behind a statement.

        Those of the statement are as they were for it while its transaction has them locked. Where that has ended,
        it has to be asked again, unless that has not helped.
        """
        session.unsure += 1
        ended = session.transaction_status == pq.TransactionStatus.IDLE
        if ended and session.unsure == 1 and not self.again:
            raise StaleVersion(session.server)
        return shape_of(self._pools, session.server, self.state)

    def _accepted(self, server: str, found: bytes | None = None) -> list[bytes]:
        """The shapes that a server's tables may have for this statement; ``found`` is looked into first."""
        expected = self._expected_by[server][2] or b""
        version = self.state.schema.version
        if (
            found is not None
            and found != expected
            and (version, server, expected, found) not in self._differing
        ):
            self._look_into(server, expected, found)
        known = [
            shape
            for (at, where, wanted, shape), tables in list(self._differing.items())
            if (at, where, wanted) == (version, server, expected)
            and not mentioned(self.text, tables, self.state.schema)
        ]
        return [expected, *known]

    def _look_into(self, server: str, expected: bytes, found: bytes) -> None:
        """Find out which tables differ on a server that has the shape ``found``."""
        state = self.state
        try:
            told, shape, declared = all_differences(self._pools, server, state)
        except (psycopg.Error, errors.Error) as failed:
            logger.warning("server %s: its tables could not be looked at: %s", server, first_line(failed))
            return
        if shape == found and declared.startswith(b"%s/" % state.schema.shape.encode()):
            if len(self._differing) > _SHAPES_MAX:
                self._differing.clear()
            self._differing[state.schema.version, server, expected, found] = tuple(told)

    def verify_tables(self, session: Session) -> None:
        """Ask a server how its tables look, after an error and outside of what failed.

        Raises
        ------
        StaleTables : otherwise than is expected
        """
        if session.alive and session.transaction_status in _USABLE:
            result = run_one(session, session.exchange([self.sequences]))[-1]
            if result.status != pq.ExecStatus.FATAL_ERROR:
                self.verify_sequences(session, result)

    def plan_latest(self, session: Session, *, own_snapshot: bool) -> list[Statement]:
        """What to run before a transaction, so that `sequences` is planned by how the tables are; mostly nothing."""
        if not session.unsure and (own_snapshot or session.is_prepared(self.sequences_key)):
            return []
        return [_LATEST, _AGAIN, self.sequences, _END]

    # --- a statement under an older snapshot, and commits --------------------------------------------------------

    def _rows(self, server: str, parts: frozenset[int] | None) -> Statement:
        """The look at sequences and at the rows of ``parts`` (None: all that the server holds)."""
        return Statement(_ROWS, (self._parts(server, parts),), 0, prepare=True)

    def _verify_rows(self, server: str, parts: frozenset[int] | None, result: PGresult) -> None:
        """Compare the answer to `_rows` with what is expected.

        Raises
        ------
        StaleVersion : they differ
        """
        found = tuple(int(result.get_value(0, column) or 0) for column in range(4))
        if found != self._expected(server, parts):
            raise StaleVersion(server)

    def assertion(self, server: str, parts: frozenset[int] | None) -> Statement:
        """The same of rows and sequences as a statement that raises on the server when they are not that."""
        return self._assertion(_ASSERT, server, parts)

    def entering(self, server: str, parts: frozenset[int] | None) -> Statement:
        """The same for a write that commits behind it; it enters the snapshot gate."""
        return self._assertion(_ASSERT_AND_ENTER, server, parts)

    def write_checks(self, server: str, parts: frozenset[int] | None) -> list[Statement]:
        """The same, and an assertion of how the tables look."""
        assertion = self.entering(server, parts)
        if self.state is not self._listed:
            self._list()
        if not self._names:
            return [assertion]
        return [assertion, _assert_shape(self._names, tuple(self._accepted(server)))]

    def _assertion(self, text: bytes, server: str, parts: frozenset[int] | None) -> Statement:
        expected = [Parameter(b"%d" % number, _INT8, 0) for number in self._expected(server, parts)]
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

    def moved_on(
        self, session: Session, parts: frozenset[int] | None, savepoint: Savepoint | None = None
    ) -> bool:
        """Ask a server, after an error and outside of what failed, whether it holds other versions.

        The failed transaction on the session is rolled back first, to the last savepoint where there is one: it could
        not go on anyway.
        """
        if not session.alive:
            return False
        rollback = [
            savepoint.statement("ROLLBACK TO") if savepoint else Statement(b"ROLLBACK", prepare=False)
        ]
        train = rollback if session.transaction_status != pq.TransactionStatus.IDLE else []
        results = run_one(session, session.exchange([*train, self._rows(session.server, parts)]))
        if results[-1].status == pq.ExecStatus.FATAL_ERROR:
            return False
        try:
            self._verify_rows(session.server, parts, results[-1])
        except StaleVersion:
            return True
        return False


@lru_cache(maxsize=64)
def _look(names: tuple[str, ...]) -> Statement:
    if not names:
        return Statement(_SQL["check_sequences"].encode(), (), 0, prepare=True)
    text = _SQL["check_sequences_and_tables"].replace("{shape}", _shape(names))
    return Statement(text.encode(), (), 0, prepare=True)


@lru_cache(maxsize=64)
def _assert_shape(names: tuple[str, ...], wanted: tuple[bytes, ...]) -> Statement:
    """Without parameters: with them PostgreSQL would plan it, and look at the tables, more than once."""
    literals = ", ".join(literal(shape.decode()) for shape in wanted)
    text = _SQL["assert_shape"].replace("{shape}", _shape(names)).replace("{wanted}", literals)
    return Statement(text.encode(), (), 0, prepare=True)


@lru_cache(maxsize=64)
def _shape(names: tuple[str, ...]) -> str:
    literals = [literal(name) for name in names]
    relations = [f"parallel_partition.relation({literal})" for literal in literals]
    while len(relations) > 1 or not relations[0].startswith("pg_catalog.concat"):
        chunks = [relations[start : start + _ARGUMENTS] for start in range(0, len(relations), _ARGUMENTS)]
        relations = [f"pg_catalog.concat({', '.join(chunk)})" for chunk in chunks]
    text = _SQL["shape_of_tables"]
    return text.replace("{relations}", relations[0]).replace("{names}", ", ".join(literals))
