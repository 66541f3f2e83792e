"""A psycopg cursor whose statements are planned over the servers of a cluster."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any, NoReturn, Self

import psycopg
from psycopg import pq, sql
from psycopg._queries import PostgresClientQuery
from psycopg.abc import Buffer, Params, Query
from psycopg.adapt import Transformer
from psycopg.pq.abc import PGresult
from psycopg.rows import Row, RowFactory

from parallel_partition import errors
from parallel_partition.dbapi.rows import MergedRows, shown_header
from parallel_partition.dbapi.stream_cursor import let_go, streamed
from parallel_partition.execution.answer import Answer
from parallel_partition.execution.explain import Explanation, Format
from parallel_partition.execution.explain_plan import explain
from parallel_partition.execution.look_up import LookUp
from parallel_partition.execution.run_many import Pipelines, run_many
from parallel_partition.execution.stream_rows import Rows
from parallel_partition.postgres.driver_errors import as_driver_error, known_at
from parallel_partition.statements import Parameters, Statement

if TYPE_CHECKING:
    from parallel_partition.dbapi.connection import Connection

#: PostgreSQL counts a statement's parameters in 16 bits; one of them is the library's own.
PARAMETERS_MAX = 65_534

#: How many parameter sets of ``executemany`` are held at a time: they are sent again when the map has changed.
CHUNK = 10_000


#: Queries whose text is the same whenever they are the same object; a ``sql.Literal`` may hold a list.
_UNCHANGING = frozenset({str, bytes, sql.SQL})


def _as_bytes(value: Buffer | None) -> bytes | None:
    """What a dumper made; some make other buffers than bytes."""
    return value if value is None or type(value) is bytes else bytes(value)


def _shown_otherwise(answer: Answer) -> bool:
    """Tell whether an answer has other rows, columns or types than its first result."""
    return len(answer.results) > 1 or bool(answer.hidden) or answer.order is not None or bool(answer.types)


def _own(error: psycopg.Error) -> psycopg.Error:
    """The error as the library's too, without the frames between, as psycopg hides its own."""
    return known_at(error, None).with_traceback(None)


class Cursor(psycopg.Cursor[Row]):
    """What ``connection.cursor()`` gives: psycopg's cursor, answered by all servers of the cluster.

    ``%s`` and ``%(name)s`` parameters, row factories, ``description``, ``rowcount`` and fetching are psycopg's own.
    """

    _conn: Connection[Any]

    def __init__(self, connection: Connection[Any], *, row_factory: RowFactory[Row] | None = None) -> None:
        super().__init__(connection, row_factory=row_factory or connection.row_factory)
        #: Those of the last query, by the types of its parameters: small and large numbers differ in theirs.
        self._look_ups: dict[tuple[int, ...], LookUp] = {}
        #: What `stream` is reading.
        self._streaming: Rows | None = None

    # --- execute ----------------------------------------------------------------------------------------------

    def execute(
        self,
        query: Query,
        params: Params | None = None,
        *,
        prepare: bool | None = None,
        binary: bool | None = None,
    ) -> Self:
        """Plan and run a statement; see psycopg's ``Cursor.execute``.

        Raises
        ------
        parallel_partition.errors.UnsupportedQuery : no strategy answers it exactly; the message names clause and reason
        psycopg.Error : what a server said; ``server`` names it
        """
        try:
            with self._conn.lock:
                self._conn.check_usable()
                again = query is self._last_query and params is not None and prepare is not False
                if not (
                    again and self._look_ups and type(query) in _UNCHANGING and self._repeat(params, binary)
                ):
                    self._run(self._request(query, params, prepare, binary))
                    self._last_query = query
        except psycopg.Error as error:
            raise _own(error) from error.__cause__
        return self

    def _repeat(self, params: Params | None, binary: bool | None) -> bool:
        """Run the last statement with other parameters the short way; False when it must go the long one."""
        converted = self._query
        if self._closed or converted is None:
            return False
        self._reset(reset_query=False)
        converted.dump(params)
        look_up = self._look_ups.get(converted.types)
        if look_up is None:
            return False
        result = look_up.ask(converted.params or (), converted.formats or (), self._result_format(binary))
        if result is None:
            return False
        self._results = [result]
        self._select_current_result(0)
        return True

    def _result_format(self, binary: bool | None) -> pq.Format:
        return self.format if binary is None else (pq.Format.BINARY if binary else pq.Format.TEXT)

    def _request(
        self, query: Query, params: Params | None, prepare: bool | None = None, binary: bool | None = None
    ) -> Statement:
        """The statement in ``$n`` form with its parameters dumped, as psycopg does both."""
        self._check_open()
        self._reset()
        if self._last_query is None or self._last_query is not query:
            self._last_query = None  # until it has run: adapters registered by then count, as in psycopg
            self._tx = Transformer(self)
            self._look_ups = {}
        converted = self._query_cls(self._tx)
        converted.convert(query, params)
        self._query = converted
        if type(converted.query) is not bytes:
            raise TypeError(f"a query is a text, not {type(query).__name__}")
        if len(converted.types) > PARAMETERS_MAX:
            raise psycopg.ProgrammingError(
                f"the query has {len(converted.types):,} parameters, and a statement takes at most {PARAMETERS_MAX:,}; "
                "send fewer rows at a time, or pass many values as one list"
            )
        # Where psycopg.ClientCursor has put the values into the text, there are no types.
        values = list(map(_as_bytes, converted.params or ())) if converted.types else []
        parameters = Parameters(values, converted.types, converted.formats or ())
        return Statement(converted.query, parameters, self._result_format(binary), prepare)

    def _check_open(self) -> None:
        if self._closed:
            raise psycopg.InterfaceError("the cursor is closed")

    def _reset(self, reset_query: bool = True) -> None:
        super()._reset(reset_query)
        self._merged: MergedRows | None = None
        #: What `_results` are of, where there is more to say than they do.
        self._answers: Sequence[Answer] = ()

    def _run(self, request: Statement) -> None:
        answer = self._conn.runner.run(request)
        self._take(answer)
        self._answers = (answer,)

    def _select_current_result(self, i: int, format: pq.Format | None = None) -> None:
        super()._select_current_result(i, format)
        if self._answers:
            answer = self._answers[i]
            self._merged = self._merged_rows(answer)
            self._rowcount, self._statusmessage = answer.rowcount, answer.status

    def _merged_rows(self, answer: Answer) -> MergedRows | None:
        """The rows of an answer that are not simply those of one result."""
        own = answer.stop - answer.start == answer.results[0].ntuples and not _shown_otherwise(answer)
        return None if own or not answer.has_rows else MergedRows(answer, self)

    @classmethod
    def _loaders_changed(cls, wself: Any, oid: int, loader: Any) -> None:
        """Load by the new loader also what was answered before it was registered, as psycopg does."""
        super()._loaders_changed(wself, oid, loader)
        self = wself()
        if self is not None:
            self._look_ups = {}  # they send by the adapters of before

    def _take(self, answer: Answer) -> None:
        if answer.look_up is not None:
            self._look_ups[answer.look_up.types] = answer.look_up
        self._merged = self._merged_rows(answer)
        own = self._merged is None or not _shown_otherwise(answer)
        self._results = [answer.results[0] if own else shown_header(answer, self._pgconn)]
        try:
            self._select_current_result(0)
        finally:  # a row factory may refuse the columns, and psycopg tells how many rows there are all the same
            self._rowcount = answer.rowcount
            self._statusmessage = answer.status

    @property
    def lastrowid(self) -> None:
        """Always None: rows have no numbers in PostgreSQL. RETURNING tells of a row that was inserted."""

    def callproc(self, name: str, parameters: Params = ()) -> Params:
        """Call a function, whose result can be fetched as that of a query; PEP 249's ``callproc``.

        Parameters
        ----------
        name : of the function, with its schema before a point where it is wanted; upper case is not folded
        parameters : its arguments, by place or by name

        Returns
        -------
        The parameters, as PostgreSQL's functions give out arguments as rows.
        """
        function = sql.Identifier(*name.split("."))
        if isinstance(parameters, Mapping):
            given = [
                sql.SQL("{} => {}").format(sql.Identifier(key), sql.Placeholder(key)) for key in parameters
            ]
        else:
            given = [sql.SQL("{}").format(sql.Placeholder()) for _ in parameters]
        self.execute(sql.SQL("SELECT * FROM {}({})").format(function, sql.SQL(", ").join(given)), parameters)
        return parameters

    def executemany(self, query: Query, params_seq: Iterable[Params], *, returning: bool = False) -> None:
        """Run a statement once per parameter set, all or none of them; see psycopg's ``Cursor.executemany``."""
        try:
            self._run_many(query, params_seq, returning)
        except BaseException as error:
            self._reset(reset_query=False)
            if isinstance(error, psycopg.Error):
                raise _own(error) from error.__cause__
            raise

    def _run_many(self, query: Query, params_seq: Iterable[Params], returning: bool) -> None:
        changed = 0
        status: bytes | None = None
        results: list[PGresult] = []
        answers: list[Answer] = []
        with self._conn.lock:
            self._conn.check_usable()
            self._check_open()
            with self._conn.one_transaction(), self._all_or_none():
                sets = iter(params_seq)
                while chunk := list(islice(sets, CHUNK)):
                    answer = None if returning else self._run_chunk(query, chunk)
                    if answer is not None:
                        changed, status = changed + answer.rowcount, answer.status
                        continue
                    for params in chunk:
                        self._run(self._request(query, params))
                        self._last_query = query
                        changed += max(self._rowcount, 0)
                        status = self._statusmessage
                        if returning:
                            results += self._results
                            answers += self._answers
        self._reset(reset_query=False)
        if results:
            self._results, self._answers = results, answers
            self._select_current_result(0)
        elif not returning:
            self._rowcount, self._statusmessage = changed, status

    def _run_chunk(self, query: Query, chunk: Sequence[Params]) -> Answer | None:
        """Send a write with many parameter sets without waiting for each; None when that is not the way to run it."""
        if self._conn.prepare_threshold is None or issubclass(self._query_cls, PostgresClientQuery):
            return None
        request = self._request(query, chunk[0])
        converted = self._query
        assert converted is not None

        def statement() -> Statement:
            values = list(map(_as_bytes, converted.params or ()))
            return request._replace(parameters=Parameters(values, converted.types, converted.formats or ()))

        def send_all(pipelines: Pipelines) -> None:
            for params in chunk:
                converted.dump(params)
                pipelines.send(converted.params or (), converted.types, converted.formats or (), statement)

        self._conn.runner.refuse_while_streaming()
        answer = run_many(self._conn.runner, request, send_all)
        if answer is not None:
            self._last_query = query
        return answer

    @contextmanager
    def _all_or_none(self) -> Iterator[None]:
        """Fail the transaction where the statements cannot all be run: some of them may have been."""
        before = self._conn.transaction_state.statements
        try:
            yield
        except BaseException:
            if self._conn.transaction_state.statements > before:
                self._conn.transaction_state.fail()
            raise

    def explain(
        self,
        query: Query,
        params: Params | None = None,
        *,
        analyze: bool = False,
        format: Format = "text",
    ) -> Explanation:
        """Tell how a statement is answered, with PostgreSQL's own plans on each server.

        Parameters
        ----------
        query, params : as `execute` takes them
        analyze : the statement is run as well, and what each server answers is measured: rows, bytes and time. A
            query runs twice, once for PostgreSQL's own figures; a write is carried out, once
        format : "text" for people, or "json": what ``str()`` of the explanation is

        Returns
        -------
        Explanation : strategy, reason, why cheaper strategies are not used, partitions, the SQL for each server;
            ``as_dict()`` has all of it as plain values

        Raises
        ------
        parallel_partition.errors.UnsupportedQuery : no strategy answers it exactly; the message says why
        psycopg.Error : what a server said
        """
        try:
            with self._conn.lock:
                self._conn.check_usable()
                self._conn.runner.refuse_while_streaming()
                request = self._request(query, params)
                return explain(self._conn.runner, request, analyze=analyze, format=format)
        except psycopg.Error as error:
            raise _own(error) from error.__cause__

    # --- fetch ------------------------------------------------------------------------------------------------

    def _check_result_for_fetch(self) -> PGresult:
        try:
            return super()._check_result_for_fetch()
        except psycopg.Error as error:
            raise _own(error) from None

    def fetchone(self) -> Row | None:
        """The next row, or None."""
        if self._merged is None:
            try:
                return super().fetchone()
            except psycopg.Error as error:
                raise _own(error) from None
        rows = self._next_rows(1)
        return rows[0] if rows else None

    def fetchmany(self, size: int = 0) -> list[Row]:
        """The next ``size`` rows (``arraysize`` when not given)."""
        if self._merged is None:
            try:
                return super().fetchmany(size)
            except psycopg.Error as error:
                raise _own(error) from None
        return self._next_rows(size or self.arraysize)

    def fetchall(self) -> list[Row]:
        """All rows that are left."""
        if self._merged is None:
            try:
                return super().fetchall()
            except psycopg.Error as error:
                raise _own(error) from None
        return self._next_rows(len(self._merged) - self._pos)

    def __next__(self) -> Row:
        if self._merged is None:
            try:
                return super().__next__()
            except psycopg.Error as error:
                raise _own(error) from None
        rows = self._next_rows(1)
        if not rows:
            raise StopIteration("no more records to return")
        return rows[0]

    def _next_rows(self, count: int) -> list[Row]:
        self._check_result_for_fetch()
        assert self._merged is not None
        if self._pos + count < 0:
            raise _own(psycopg.InterfaceError(f"rows must be included between 0 and {len(self._merged)}"))
        try:
            rows = self._merged.load(self._pos, self._pos + count, self._make_row)
        except psycopg.Error as error:
            raise _own(error) from None
        self._pos += len(rows)
        return rows

    def scroll(self, value: int, mode: str = "relative") -> None:
        """Move within the rows; see psycopg's ``Cursor.scroll``."""
        if self._merged is None:
            super().scroll(value, mode)
            return
        if mode not in ("relative", "absolute"):
            raise ValueError(f"bad mode: {mode}. It should be 'relative' or 'absolute'")
        position = self._pos + value if mode == "relative" else value
        if not 0 <= position < len(self._merged):
            raise IndexError("position out of bound")
        self._pos = position

    def stream(
        self, query: Query, params: Params | None = None, *, binary: bool | None = None, size: int = 1
    ) -> Iterator[Row]:
        """Iterate over the rows of a statement while they come, in bounded memory; see psycopg's ``Cursor.stream``.

        A slow reader holds the servers back. In autocommit no other statement runs on the connection meanwhile.

        Parameters
        ----------
        size : rows fetched of each server at a time; 1 leaves it to the size of the rows

        Raises
        ------
        parallel_partition.errors.StaleMap : the shard map changed after rows were handed out
        psycopg.Error : what a server said, also after rows were handed out; ``server`` names it
        """
        if size < 1:
            raise ValueError("size must be >= 1")
        try:
            yield from streamed(self, query, params, binary, size)
        except psycopg.Error as error:
            raise _own(error) from error.__cause__

    def close(self) -> None:
        """Close the cursor, and let go of the servers whose rows are being read."""
        rows, self._streaming = self._streaming, None
        if rows is not None:
            let_go(self._conn, rows)
        super().close()

    def copy(self, *_arguments: object, **_options: object) -> NoReturn:
        """Refused: COPY through a cursor is not routed yet."""
        self._conn.check_usable()
        message = (
            "COPY through a cursor is not supported; "
            "load with cluster.writer(table) or cluster.load_csv(table, path)"
        )
        raise as_driver_error(errors.UnsupportedQuery(message))
