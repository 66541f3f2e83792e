"""The calls of psycopg that are made at random, the same on a cluster and on one plain PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

import psycopg
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)
from psycopg.pq import TransactionStatus

from parallel_partition import Cluster
from tests.differential import calls
from tests.differential.twins import Cursors, Failed, Refused, all_rows, connection_state, same_call


class Block(NamedTuple):
    """What ``connection.transaction()`` gives, and what that gives when it is entered."""

    manager: AbstractContextManager[Any]
    entered: psycopg.Transaction


class Calls(RuleBasedStateMachine):
    """The same calls on both, each compared."""

    cluster: Cluster
    plain_conninfo: str
    ran = refused = 0

    def __init__(self) -> None:
        super().__init__()
        self.plain = psycopg.connect(self.plain_conninfo)
        self.over = self.cluster.connect()
        #: Blocks within each other, plain psycopg's and the cluster's.
        self.blocks: list[tuple[Block, Block]] = []
        self.cursors: list[Cursors] = []

    @initialize(autocommit=st.booleans(), threshold=st.sampled_from((0, 0, 5, None)))
    def start(self, autocommit: bool, threshold: int | None) -> None:
        with psycopg.connect(self.plain_conninfo) as plain, self.cluster.connect() as over:
            for connection in (plain, over):
                for name, statement in zip(calls.NAMES, calls.CONTENTS, strict=True):
                    connection.execute(f"DELETE FROM {name}")
                    connection.execute(statement)
        self.plain.autocommit = self.over.autocommit = autocommit
        self.plain.prepare_threshold = self.over.prepare_threshold = threshold
        for _ in range(2):
            self._open()

    def teardown(self) -> None:
        try:
            if self.cursors:
                while self.blocks:
                    self._end_block()
                for connection in (self.plain, self.over):
                    connection.rollback()
                self._same_rows()
        finally:
            self.plain.close()
            self.over.close()

    def _same_rows(self) -> None:
        expected = dict(all_rows(self.plain, calls.NAMES))
        assert dict(all_rows(self.over, calls.NAMES)) == expected

    # --- calls ------------------------------------------------------------------------------------------------

    def _both(self, call: Callable[[Any], Any]) -> tuple[Any, Any] | None:
        """Call both connections; None when it was refused, or failed."""
        try:
            return same_call(call, self.plain, self.over)
        except Failed:
            self._after_nothing()
            return None
        except Refused:
            self._after_refusal()
            return None

    def _on(self, cursors: Cursors, call: Callable[[Any], Any]) -> tuple[Any, Any] | None:
        """Call both cursors; None when it was refused, or failed."""
        type(self).ran += 1
        try:
            return same_call(call, cursors.plain, cursors.over)
        except Failed:
            self._after_nothing()
            return None
        except Refused:
            type(self).refused += 1
            cursors.forget()
            self._after_refusal()
            return None

    def _after_nothing(self) -> None:
        """psycopg begins the transaction before it finds that there is nothing to send; here nothing is begun then."""
        statuses = self.plain.info.transaction_status, self.over.info.transaction_status
        if statuses == (TransactionStatus.INTRANS, TransactionStatus.IDLE):
            self.plain.execute("ROLLBACK")

    def _after_refusal(self) -> None:
        """What is refused may have begun the transaction, or failed it when some was done; psycopg was not asked."""
        statuses = self.plain.info.transaction_status, self.over.info.transaction_status
        if statuses == (TransactionStatus.IDLE, TransactionStatus.INTRANS):
            self.plain.execute("SELECT")
        elif statuses[1] == TransactionStatus.INERROR != statuses[0]:
            with pytest.raises(psycopg.errors.DivisionByZero):
                self.plain.execute("SELECT 1 / 0")

    def _open(self, **options: Any) -> None:
        opened = self._both(lambda connection: connection.cursor(**options))
        assert opened is not None
        self.cursors.append(Cursors(*opened))

    def _execute(self, cursors: Cursors, made: calls.Text, form: str, values: Any, **options: Any) -> None:
        query = calls.FORMS[form](made.text)
        cursors.begin(ordered=made.ordered)
        self._on(cursors, lambda cursor: cursor.execute(query, values, **options) and None)

    def _executemany(
        self, cursors: Cursors, made: calls.Text, form: str, several: list[Any], *, returning: bool = False
    ) -> None:
        query = calls.FORMS[form](made.text)
        cursors.begin(ordered=made.ordered)
        done = self._on(
            cursors, lambda cursor: cursor.executemany(query, several, returning=returning) or True
        )
        if not several:
            self._after_nothing()
        if done is None:
            cursors.forget()  # how many rows it had counted by then is as may be

    def _cursors(self, data: st.DataObject) -> Cursors:
        return data.draw(st.sampled_from(self.cursors), label="cursor")

    # --- execute ----------------------------------------------------------------------------------------------

    @rule(
        data=st.data(),
        made=st.one_of(
            st.sampled_from(calls.READS), st.sampled_from((*calls.READS, *calls.WRITES, *calls.ERRORS))
        ),
        form=st.sampled_from(("same", "same", *calls.FORMS)),
        prepare=st.sampled_from((None, None, True, False)),
        binary=st.sampled_from((None, None, True, False)),
    )
    def execute(
        self, data: st.DataObject, made: calls.Text, form: str, prepare: bool | None, binary: bool | None
    ) -> None:
        values = data.draw(calls.parameters(made.kinds))
        self._execute(self._cursors(data), made, form, values, prepare=prepare, binary=binary)

    @rule(data=st.data(), made=st.sampled_from(calls.READS[:12]), form=st.sampled_from(tuple(calls.FORMS)))
    def look_up_often(self, data: st.DataObject, made: calls.Text, form: str) -> None:
        """The same query with one key after the other: from the sixth time it is prepared."""
        cursors = self._cursors(data)
        several = data.draw(st.lists(calls.parameters(made.kinds), min_size=3, max_size=12))
        for values in several:
            self._execute(cursors, made, form, values)
            cursors.same_state()
            self._fetch(cursors, lambda cursor: cursor.fetchall())

    @rule(data=st.data(), kinds=st.sampled_from(calls.SHARED_KINDS))
    def take_turns(self, data: st.DataObject, kinds: Any) -> None:
        """Queries of the same parameters, each several times on one cursor: none is taken for another."""
        cursors = self._cursors(data)
        alike = st.sampled_from([made for made in calls.READS if made.kinds == kinds])
        turn = st.tuples(alike, st.lists(calls.parameters(kinds), min_size=1, max_size=4), st.booleans())
        for made, several, at_once in data.draw(st.lists(turn, min_size=2, max_size=6)):
            if at_once:
                self._executemany(cursors, made, "same", several)
                continue
            for values in several:
                self._execute(cursors, made, "same", values)
                cursors.same_state()
                self._fetch(cursors, lambda cursor: cursor.fetchall())

    @rule(data=st.data(), made=st.sampled_from(calls.STATE))
    def change_state(self, data: st.DataObject, made: calls.Text) -> None:
        self._execute(self._cursors(data), made, "same", None)

    @rule(
        data=st.data(),
        made=st.one_of(st.sampled_from(calls.WRITES), st.sampled_from(calls.READS)),
        returning=st.booleans(),
        form=st.sampled_from(tuple(calls.FORMS)),
    )
    def executemany(self, data: st.DataObject, made: calls.Text, returning: bool, form: str) -> None:
        cursors = self._cursors(data)
        several = (
            data.draw(st.lists(calls.parameters(made.kinds).filter(bool), max_size=4)) if made.kinds else [()]
        )
        self._executemany(cursors, made, form, several, returning=returning)

    @rule(data=st.data(), made=st.sampled_from((*calls.READS, *calls.WRITES)), binary=st.booleans())
    def execute_on_the_connection(self, data: st.DataObject, made: calls.Text, binary: bool) -> None:
        values = data.draw(calls.parameters(made.kinds))
        got = self._both(lambda connection: connection.execute(made.text, values, binary=binary))
        if got is not None:
            cursors = Cursors(*got)
            cursors.begin(ordered=made.ordered)
            self.cursors[-1] = cursors

    @rule(
        data=st.data(),
        made=st.sampled_from((*calls.READS, *calls.ERRORS[:9])),
        size=st.sampled_from((1, 2)),
    )
    def stream(self, data: st.DataObject, made: calls.Text, size: int) -> None:
        """What the cursor says afterwards is not compared: psycopg's says it of the last rows that came."""
        cursors = self._cursors(data)
        values = data.draw(calls.parameters(made.kinds))

        def call(cursor: Any) -> list[Any]:
            if cursor is cursors.over:
                return list(cursor.stream(made.text, values, size=size))
            return cursor.execute(
                made.text, values
            ).fetchall()  # a stream of psycopg's can spoil what comes next

        streamed = self._on(cursors, call)
        cursors.begin(ordered=made.ordered)
        if streamed is not None:
            if made.ordered:
                cursors.fetched(*streamed)
            else:
                assert len(streamed[0]) == len(streamed[1])
        self._replace(cursors)

    @rule(
        data=st.data(),
        made=st.one_of(
            st.sampled_from([made for made in calls.READS if made.ordered]),
            st.sampled_from((*calls.READS, *calls.WRITES, *calls.ERRORS)),
        ),
        scrollable=st.booleans(),
        binary=st.sampled_from((None, True, False)),
        itersize=st.integers(1, 3),
    )
    def read_by_name(
        self, data: st.DataObject, made: calls.Text, scrollable: bool, binary: bool | None, itersize: int
    ) -> None:
        """A named cursor, from its declaration to its end; going back is for those that are made for it.

        That a write is no query is known to PostgreSQL before it knows that the transaction has failed.
        """
        if made in calls.WRITES and self.plain.info.transaction_status == TransactionStatus.INERROR:
            return
        opened = self._both(lambda connection: connection.cursor("named", scrollable=scrollable))
        assert opened is not None
        cursors = Cursors(*opened)
        for cursor in opened:
            cursor.itersize = itersize
        values = data.draw(calls.parameters(made.kinds))
        cursors.begin(ordered=made.ordered)
        declared = self._on(cursors, lambda cursor: cursor.execute(made.text, values, binary=binary) and None)
        steps = data.draw(st.lists(st.sampled_from(tuple(calls.NAMED_STEPS)), max_size=6))
        for step in steps if declared is not None else ():
            back = step.startswith("back")
            if back and not scrollable:
                continue
            done = self._on(cursors, calls.NAMED_STEPS[step])
            if done is None:
                break
            if made.ordered:
                cursors.fetched(*(rows or [] for rows in done))
            else:
                assert len(done[0] or ()) == len(done[1] or ()), step
            one, other = cursors.plain, cursors.over
            assert (other.rownumber, other.rowcount) == (one.rownumber, one.rowcount), step
        self._on(cursors, lambda cursor: cursor.close())

    def _replace(self, cursors: Cursors) -> None:
        place = self.cursors.index(cursors)
        self._open()
        self.cursors[place] = self.cursors.pop()

    # --- fetch ------------------------------------------------------------------------------------------------

    def _fetch(self, cursors: Cursors, call: Callable[[Any], Any]) -> None:
        fetched = self._on(cursors, call)
        if fetched is None:
            return
        one, other = fetched
        cursors.fetched(one, other)

    @rule(
        data=st.data(),
        how=st.sampled_from(("one", "one", "many", "all", "all", "next", "rest")),
        size=st.integers(0, 4),
    )
    def fetch(self, data: st.DataObject, how: str, size: int) -> None:
        ways: dict[str, Callable[[Any], Any]] = {
            "one": lambda cursor: [row for row in [cursor.fetchone()] if row is not None],
            "many": lambda cursor: cursor.fetchmany(size),
            "all": lambda cursor: cursor.fetchall(),
            "next": lambda cursor: [next(cursor)],
            "rest": list,
        }
        self._fetch(self._cursors(data), ways[how])

    @rule(data=st.data(), value=st.integers(-2, 6), mode=st.sampled_from(("relative", "absolute", "bad")))
    def scroll(self, data: st.DataObject, value: int, mode: str) -> None:
        cursors = self._cursors(data)
        cursors.moved()
        self._on(cursors, lambda cursor: cursor.scroll(value, mode))

    @rule(data=st.data(), how=st.sampled_from(("next", "first", "last", "each")))
    def other_result(self, data: st.DataObject, how: str) -> None:
        cursors = self._cursors(data)
        ordered, whole = cursors.ordered, cursors.plain.rownumber == 0
        ways: dict[str, Callable[[Any], Any]] = {
            "next": lambda cursor: cursor.nextset(),
            "first": lambda cursor: cursor.set_result(0) and None,
            "last": lambda cursor: cursor.set_result(-1) and None,
            "each": lambda cursor: [(one.rowcount, one.statusmessage) for one in cursor.results()],
        }
        done = self._on(cursors, ways[how])
        if done is not None:
            assert done[0] == done[1], done
        cursors.begin(ordered=ordered)
        if not whole:
            cursors.moved()

    # --- cursors ----------------------------------------------------------------------------------------------

    @rule(
        data=st.data(),
        factory=st.sampled_from(tuple(calls.ROW_FACTORIES)),
        on=st.sampled_from(("cursor", "connection")),
    )
    def set_row_factory(self, data: st.DataObject, factory: str, on: str) -> None:
        cursors = self._cursors(data)
        made = calls.ROW_FACTORIES[factory]
        if on == "connection":
            self.plain.row_factory = self.over.row_factory = made
        else:
            self._on(cursors, lambda cursor: setattr(cursor, "row_factory", made))

    @rule(
        data=st.data(),
        adapter=st.sampled_from(tuple(calls.REGISTRATIONS)),
        on=st.sampled_from(("cursor", "cursor", "connection")),
    )
    def register(self, data: st.DataObject, adapter: str, on: str) -> None:
        cursors = self._cursors(data)
        for target in (cursors.plain, cursors.over) if on == "cursor" else (self.plain, self.over):
            calls.REGISTRATIONS[adapter](target.adapters)

    @rule(
        data=st.data(),
        binary=st.booleans(),
        factory=st.sampled_from((None, *calls.ROW_FACTORIES)),
        arraysize=st.integers(1, 3),
    )
    def open_another(self, data: st.DataObject, binary: bool, factory: str | None, arraysize: int) -> None:
        """Close a cursor and open another in its place, or keep the closed one."""
        cursors = self._cursors(data)
        keep = data.draw(st.booleans(), label="keep") and len(self.cursors) < 4
        self._on(cursors, lambda cursor: cursor.close())
        options = {} if factory is None else {"row_factory": calls.ROW_FACTORIES[factory]}
        self._open(binary=binary, **options)
        made = self.cursors[-1]
        made.plain.arraysize = made.over.arraysize = arraysize
        if not keep:
            self.cursors.remove(cursors)

    # --- transactions -----------------------------------------------------------------------------------------

    @rule(end=st.sampled_from(("commit", "rollback")))
    def end(self, end: str) -> None:
        self._both(lambda connection: getattr(connection, end)())

    @rule(value=st.booleans(), method=st.booleans())
    def set_autocommit(self, value: bool, method: bool) -> None:
        if method:
            self._both(lambda connection: connection.set_autocommit(value))
        else:
            self._both(lambda connection: setattr(connection, "autocommit", value))

    @rule(
        attribute=st.sampled_from(("isolation_level", "read_only", "deferrable")),
        value=st.sampled_from((None, 0, 1, 2)),
        method=st.booleans(),
    )
    def set_transaction(self, attribute: str, value: int | None, method: bool) -> None:
        if attribute != "isolation_level" and value is not None:
            value = value == 1
        elif value is not None:
            value += 2
        if method:
            self._both(lambda connection: getattr(connection, f"set_{attribute}")(value))
        else:
            self._both(lambda connection: setattr(connection, attribute, value))

    @precondition(lambda self: len(self.blocks) < 3)
    @rule(force=st.sampled_from((False, False, True)), name=st.sampled_from((None, None, "here", "Of mine")))
    def begin_block(self, force: bool, name: str | None) -> None:
        """A transaction, or within one a savepoint.

        psycopg loses count where a block's transaction was ended by a statement.
        """
        if self.blocks and self.plain.info.transaction_status == TransactionStatus.IDLE:
            return
        made: list[Block] = []

        def enter(connection: Any) -> Any:
            block = connection.transaction(name, force_rollback=force)
            made.append(Block(block, block.__enter__()))

        if self._both(enter) is not None and len(made) == 2:
            over, plain = made
            self.blocks.append((plain, over))

    @precondition(lambda self: self.blocks)
    @rule(
        how=st.sampled_from(
            ("well", "well", "error", "Rollback", "this Rollback", "outer Rollback", "other Rollback")
        )
    )
    def end_block(self, how: str) -> None:
        self._end_block(how)

    def _end_block(self, how: str = "well") -> None:
        if not self.blocks:
            return
        outermost, blocks = self.blocks[0], self.blocks.pop()
        at = (id(self.plain), id(self.over))
        of = dict(zip(at, zip(blocks, outermost, strict=True), strict=True))
        errors: dict[str, Callable[[Any, Any], BaseException]] = {
            "error": lambda *_: ZeroDivisionError("in the block"),
            "Rollback": lambda *_: psycopg.Rollback(),
            "this Rollback": lambda entered, _: psycopg.Rollback(entered),
            "outer Rollback": lambda _, outer: psycopg.Rollback(outer),
            "other Rollback": lambda *_: psycopg.Rollback(psycopg.Connection.transaction(self.plain)),
        }

        def leave(connection: Any) -> bool:
            block, outer = of[id(connection)]
            if how == "well":
                return bool(block.manager.__exit__(None, None, None))
            error = errors[how](block.entered, outer.entered)
            return bool(block.manager.__exit__(type(error), error, None))

        done = self._both(leave)
        if done is not None:
            assert done[0] == done[1], done
        plain, over = (block.entered for block in blocks)
        assert (over.savepoint_name, over.status) == (plain.savepoint_name, plain.status)

    @rule()
    def read_all(self) -> None:
        """All rows as the connections see them, where they can."""
        if self.plain.info.transaction_status != TransactionStatus.INERROR:
            before = self.plain.info.transaction_status
            self._same_rows()
            if before == TransactionStatus.IDLE and not self.blocks:
                for connection in (self.plain, self.over):
                    connection.rollback()

    # --- what is compared -------------------------------------------------------------------------------------

    @invariant()
    def same_states(self) -> None:
        for cursors in self.cursors:
            cursors.same_state()
        expected, found = connection_state(self.plain), connection_state(self.over)
        assert found == expected, f"{found}, not {expected}"

        self._nothing_is_left_open()

    def _nothing_is_left_open(self) -> None:
        """No server is in a transaction that the connection knows nothing of."""
        state = self.over.transaction_state
        open_on = {
            name
            for name, session in state.sessions.items()
            if session.connection.info.transaction_status != TransactionStatus.IDLE
        }
        assert open_on <= set(state.begun), f"{open_on}, not {set(state.begun)}"
