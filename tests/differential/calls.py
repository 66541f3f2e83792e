"""Queries, parameters and adapters that sequences of psycopg's calls are drawn from.

They are few, so that the same ones come again, on the same cursor and on others: what is remembered of one call is
what another may wrongly be answered from.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, NamedTuple

from hypothesis import strategies as st
from psycopg import sql
from psycopg.abc import Buffer
from psycopg.adapt import Loader
from psycopg.rows import args_row, class_row, dict_row, kwargs_row, namedtuple_row, scalar_row, tuple_row
from psycopg.types.string import StrDumper

#: (CREATE TABLE, key): None for a reference table.
TABLES = (
    ("CREATE TABLE t (k int PRIMARY KEY, v int, n numeric(10, 2), s text)", "k"),
    ("CREATE TABLE u (k bigint, i smallint, x varchar(20), PRIMARY KEY (k, i))", "k"),
    ("CREATE TABLE w (name text PRIMARY KEY, c int)", "name"),
    ("CREATE TABLE r (id int PRIMARY KEY, label text)", None),
)
LOCAL_TABLE = "CREATE TABLE l (a int PRIMARY KEY, b text)"
CONTENTS = (
    "INSERT INTO t VALUES "
    + ", ".join(f"({k}, {k % 4 or 'NULL'}, {k}.5, 's{k % 3}')" for k in (*range(9), 40_000, 100_000)),
    "INSERT INTO u VALUES " + ", ".join(f"({k}, {i}, 'x{k}{i}')" for k in range(7) for i in (1, 2)),
    "INSERT INTO w VALUES ('a', 1), ('b', 2), ('', 3), ('é', NULL)",
    "INSERT INTO r VALUES (0, 'none'), (1, 'one'), (2, 'two'), (3, NULL)",
    "INSERT INTO l VALUES (1, 'one'), (2, 'two'), (3, NULL)",
)
NAMES = ("t", "u", "w", "r", "l")


class Text(NamedTuple):
    """A query; ``kinds`` of its parameters, by place or by name; ``ordered`` when its rows come in one order only."""

    text: str
    kinds: Any = None
    ordered: bool = True


READS = (
    Text("SELECT v, s FROM t WHERE k = %s", ("key",)),
    Text("SELECT * FROM t WHERE k = %s", ("key",)),
    Text("SELECT k, n FROM t WHERE k = %s AND v = %s", ("key", "number")),
    Text("SELECT %(b)s::int AS b, k, v FROM t WHERE k = %(a)s", {"a": "id", "b": "id"}),
    Text("SELECT v, %(a)s::int AS b, k FROM t WHERE k = %(b)s", {"a": "id", "b": "id"}),
    Text("SELECT k, %(b)s::text FROM t WHERE k = %(a)s AND %(a)s = k", {"a": "key", "b": "text"}),
    Text("SELECT k, v FROM t WHERE k = %b AND s = %t", ("key", "text")),
    Text("SELECT x, i FROM u WHERE k = %s ORDER BY i", ("key",)),
    Text("SELECT x, i FROM u WHERE k = %s AND i = %s", ("key", "number")),
    Text("SELECT name, c FROM w WHERE name = %s", ("text",)),
    Text("SELECT k, s FROM t WHERE k IN (%s, %s) ORDER BY k", ("key", "key")),
    Text("SELECT k FROM t WHERE k = ANY(%s) ORDER BY k", ("keys",)),
    Text("SELECT k, v FROM t WHERE k = %s FOR UPDATE", ("key",)),
    Text("SELECT k, v FROM t WHERE v > %s ORDER BY k", ("number",)),
    Text("SELECT k, n FROM t ORDER BY k LIMIT %s OFFSET %s", ("limit", "limit")),
    Text("SELECT k, s FROM t ORDER BY v NULLS FIRST, k DESC LIMIT %s", ("limit",)),
    Text("SELECT k, v, n, s FROM t", None, False),
    Text("SELECT t.*, u.x FROM t JOIN u ON u.k = t.k WHERE u.i = %s", ("number",), False),
    Text("SELECT * FROM u ORDER BY x"),
    Text("SELECT count(*), sum(v), min(n), max(s) FROM t"),
    Text("SELECT v, count(*) AS c, sum(n) AS total FROM t GROUP BY v ORDER BY v"),
    Text("SELECT sum(v) + %s AS more FROM t WHERE s = %s", ("number", "text")),
    Text("SELECT DISTINCT v FROM t ORDER BY v"),
    Text("SELECT r.label, count(*) FROM t JOIN r ON r.id = t.v GROUP BY r.label ORDER BY 1"),
    Text("SELECT * FROM r ORDER BY id"),
    Text("SELECT label FROM r WHERE id = %s", ("key",)),
    Text("SELECT * FROM l ORDER BY a"),
    Text("SELECT b FROM l WHERE a = %s", ("key",)),
    Text("SELECT %s::int AS a, %s AS b, '%%' AS c", ("key", "text")),
    Text("VALUES (1, 'a'), (2, NULL)"),
    Text("SELECT"),
    Text("SELECT FROM t WHERE k < 3", None),
    Text("SELECT 1 AS a, 2 AS a, 3"),
    Text("SELECT now() IS NOT NULL, k, '2026-01-01 00:00+00'::timestamptz FROM t WHERE k = %s", ("key",)),
    Text("SELECT max('2026-01-01 00:00+00'::timestamptz)::text FROM t"),
)
WRITES = (
    Text("INSERT INTO t (k, v, n, s) VALUES (%s, %s, %s, %s)", ("key", "number", "number", "text")),
    Text("INSERT INTO t (k, v) VALUES (%s, %s) RETURNING k, v", ("key", "number")),
    Text("INSERT INTO t VALUES (%s, 1, 1, 'a'), (%s, 2, 2, 'b') RETURNING *", ("id", "id"), False),
    Text(
        "INSERT INTO t (k, v) VALUES (%s, %s) ON CONFLICT (k) DO UPDATE SET v = excluded.v RETURNING v",
        ("key", "number"),
    ),
    Text("UPDATE t SET v = %s WHERE k = %s", ("number", "key")),
    Text("UPDATE t SET v = %(v)s WHERE k = %(k)s RETURNING *", {"k": "key", "v": "number"}),
    Text("UPDATE t SET s = %s WHERE v = %s", ("text", "number")),
    Text("UPDATE t SET v = v + 1 WHERE k < %s RETURNING k, v", ("number",), False),
    Text("DELETE FROM t WHERE k = %s", ("key",)),
    Text("DELETE FROM t WHERE v < %s", ("number",)),
    Text("INSERT INTO u VALUES (%s, %s, %s)", ("key", "number", "text")),
    Text("DELETE FROM u WHERE k = %s RETURNING *", ("key",), False),
    Text("INSERT INTO w VALUES (%s, %s)", ("text", "number")),
    Text("UPDATE w SET c = c + %s WHERE name = %s RETURNING c", ("number", "text")),
    Text("INSERT INTO r VALUES (%s, %s)", ("key", "text")),
    Text("UPDATE r SET label = %s WHERE id = %s", ("text", "key")),
    Text("DELETE FROM r WHERE id = %s RETURNING id, label", ("key",)),
    Text("INSERT INTO l VALUES (%s, %s)", ("key", "text")),
    Text("UPDATE l SET b = %s WHERE a = %s RETURNING a, b", ("text", "key")),
)
ERRORS = (
    Text("SELECT 1 / (k - k) FROM t"),
    Text("SELECT 10 / v FROM t WHERE k = %s", ("key",)),
    Text("SELECT s::date FROM t WHERE k = %s", ("key",)),
    Text("SELECT * FORM t"),
    Text("SELECT * FROM nowhere"),
    Text("SELECT nothing FROM t WHERE k = %s", ("key",)),
    Text("SELECT k FROM t WHERE k = %s", ("key", "key")),
    Text("SELECT k FROM t WHERE k = %(a)s", {"b": "key"}),
    Text("SELECT k FROM t WHERE k = %s", {"b": "key"}),
    Text("SELECT k FROM t WHERE k = %x", ("key",)),
    Text("SELECT 1; SELECT 2"),
)
STATE = (
    Text("BEGIN"),
    Text("START TRANSACTION"),
    Text("COMMIT"),
    Text("END"),
    Text("ROLLBACK"),
    Text("ABORT"),
    Text("SAVEPOINT here"),
    Text("SAVEPOINT there"),
    Text("ROLLBACK TO here"),
    Text("ROLLBACK TO SAVEPOINT there"),
    Text("ROLLBACK TO _pg3_1"),
    Text("RELEASE here"),
    Text("RELEASE SAVEPOINT there"),
    Text("SET TIME ZONE 'Asia/Tokyo'"),
    Text("SET LOCAL TIME ZONE 'Asia/Tokyo'"),
    Text("RESET TIME ZONE"),
    Text("SHOW TIME ZONE"),
    Text("SELECT set_config('timezone', 'UTC', false)"),
    Text("SET bogus = 1"),
    Text("SET search_path = public"),
    Text("RESET ALL"),
    Text("DEALLOCATE ALL"),
    Text("CREATE TEMP TABLE scratch AS SELECT a FROM l"),
    Text("SELECT a FROM scratch ORDER BY a"),
    Text("DROP TABLE scratch"),
    Text("DECLARE c CURSOR FOR SELECT a FROM l ORDER BY a"),
    Text("FETCH 2 FROM c"),
    Text("LISTEN something"),
    Text("DO 'BEGIN END'"),
)

#: Parameters that several of `READS` have.
SHARED_KINDS = (("key",), ("key",), {"a": "id", "b": "id"}, ("key", "number"), ("number",))

_SMALL = st.integers(0, 9)
KINDS: dict[str, st.SearchStrategy[Any]] = {
    "key": st.one_of(
        _SMALL,
        _SMALL,
        st.sampled_from(
            (
                40_000,
                100_000,
                3_000_000_000,
                10**20,
                -1,
                None,
                Decimal(3),
                Decimal("2.0"),
                "4",
                "x",
                True,
                2.0,
            )
        ),
    ),
    "id": st.one_of(_SMALL, st.sampled_from((40_000, 77, 78))),
    "number": st.one_of(st.integers(-2, 5), st.sampled_from((None, 40_000, 100_000, Decimal("1.50"), "2"))),
    "text": st.sampled_from(("a", "b", "", "é", None, "s1", "new", "x" * 30)),
    "keys": st.one_of(
        st.lists(_SMALL, max_size=4), st.sampled_from(([100_000, 1], [None, 2], None, [10**12]))
    ),
    "limit": st.sampled_from((0, 1, 3, 100, None, 40_000)),
}


def parameters(kinds: Any) -> st.SearchStrategy[Any]:
    """Parameters of a query, by place or by name."""
    if kinds is None:
        return st.sampled_from((None, None, None, ()))
    if isinstance(kinds, dict):
        return st.fixed_dictionaries({name: KINDS[kind] for name, kind in kinds.items()})
    listed = st.tuples(*(KINDS[kind] for kind in kinds))
    return st.one_of(listed, listed, listed.map(list))


def _equal(text: str) -> str:
    return "".join(list(text))


#: How a query is written: the very same object at each call, an equal one, or another kind of the same.
FORMS: dict[str, Callable[[str], Any]] = {
    "same": lambda text: text,
    "equal": _equal,
    "bytes": str.encode,
    "SQL": lambda text: _kept(text, sql.SQL),
    "Composed": lambda text: _kept(text, lambda one: sql.SQL("{}").format(sql.SQL(one))),
}
_composed: dict[tuple[str, int], Any] = {}


def _kept(text: str, make: Callable[[str], Any]) -> Any:
    place = text, len(FORMS) if make is sql.SQL else 0
    if place not in _composed:
        _composed[place] = make(text)
    return _composed[place]


#: What is done with a named cursor; a step that gives rows gives a list of them.
NAMED_STEPS: dict[str, Callable[[Any], list[Any] | None]] = {
    "one": lambda cursor: [row for row in [cursor.fetchone()] if row is not None],
    "many": lambda cursor: cursor.fetchmany(2),
    "all": lambda cursor: cursor.fetchall(),
    "next": lambda cursor: [next(cursor)],
    "rest": list,
    "on": lambda cursor: cursor.scroll(1),
    "forth": lambda cursor: cursor.scroll(3),
    "back": lambda cursor: cursor.scroll(-2),
    "back to the first": lambda cursor: cursor.scroll(0, "absolute"),
    "back to the third": lambda cursor: cursor.scroll(2, "absolute"),
    "back from the end": lambda cursor: cursor.scroll(-3, "absolute"),
}


# --- rows and adapters ----------------------------------------------------------------------------------------------

ROW_FACTORIES = {
    "tuple": tuple_row,
    "dict": dict_row,
    "namedtuple": namedtuple_row,
    "scalar": scalar_row,
    "class": class_row(SimpleNamespace),
    "args": args_row(lambda *values: ["args", *values]),
    "kwargs": kwargs_row(lambda **values: ["kwargs", *values.items()]),
}


class Marked(Loader):
    """Shows that it has loaded a value."""

    def load(self, data: Buffer) -> str:
        return f"<{bytes(data)!r}>"


class AlsoMarked(Marked):
    """The same for another registration."""

    def load(self, data: Buffer) -> str:
        return f"[{bytes(data)!r}]"


class Reversing(StrDumper):
    """Sends texts the other way round."""

    def dump(self, obj: str) -> Buffer | None:
        return super().dump(obj[::-1])


class Doubling(StrDumper):
    """Sends texts twice."""

    def dump(self, obj: str) -> Buffer | None:
        return super().dump(obj * 2)


#: What registers an adapter on a cursor or a connection.
REGISTRATIONS: dict[str, Callable[[Any], None]] = {
    "int4": lambda adapters: adapters.register_loader("int4", Marked),
    "int4 again": lambda adapters: adapters.register_loader("int4", AlsoMarked),
    "int8": lambda adapters: adapters.register_loader("int8", Marked),
    "numeric": lambda adapters: adapters.register_loader("numeric", Marked),
    "text": lambda adapters: adapters.register_loader("text", AlsoMarked),
    "reversing": lambda adapters: adapters.register_dumper(str, Reversing),
    "doubling": lambda adapters: adapters.register_dumper(str, Doubling),
}
