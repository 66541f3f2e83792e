"""Reading SQL with PostgreSQL's own grammar. The only module that knows the SQL parser.

The parser is libpg_query, the C library that the ``postgast`` wheel carries. The library file is found beside
that package without importing it (15 ms instead of 93), and its JSON call is made by ctypes.

libpg_query has no stack guard: deeply nested SQL would end the process. How deep a text can nest is bounded
by its length, so `ANY_STACK` bytes are read wherever the caller is, and longer texts where `use_large_stack`
says: in a thread with a large stack, which only a floor that may have threads can start.

SQL is read as PostgreSQL 18 reads it with ``standard_conforming_strings`` on: a session must not turn it off.
"""

from __future__ import annotations

import ctypes
import importlib.util
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from parallel_partition import errors
from parallel_partition.planning.tokens import NotReadable, without_comments
from parallel_partition.planning.trees import Node, StatementTooComplex, same_tree, walk, without_positions

__all__ = [
    "ANY_STACK",
    "MAX_BYTES",
    "GrammarUnusable",
    "Node",
    "ParsedText",
    "StatementTooComplex",
    "SyntaxNotRead",
    "parse",
    "same_tree",
    "use_large_stack",
    "walk",
    "without_positions",
]

#: The grammar that the library's trees are known of: PostgreSQL 18.4.
GRAMMAR = 180004

#: Texts of up to this many bytes are read on any stack: the worst case needs 256 kB for 1.8 times as many.
ANY_STACK = 2_048

#: Longer texts are refused. The worst case (``1+1+1...``) takes 75 bytes of stack for each byte of text, which
#: is less than a third of `LARGE_STACK`.
MAX_BYTES = 1 << 20

#: The stack, in bytes, on which `MAX_BYTES` are safe. It is address space: memory is taken only when touched.
LARGE_STACK = 256 << 20


class SyntaxNotRead(errors.ProgrammingError):
    """The grammar of PostgreSQL 18 does not read the text.

    What is wrong is for a server to say, with its own SQLSTATE and position. ``message`` is the grammar's,
    ``cursorpos`` the position in characters counted from 1, or 0 where there is none.
    """

    def __init__(self, message: str, cursorpos: int = 0) -> None:
        super().__init__(f"{message} (at character {cursorpos})" if cursorpos else message)
        self.message, self.cursorpos = message, cursorpos


class GrammarUnusable(errors.InternalError):
    """The library with PostgreSQL's grammar is missing, or is not the one that this library was made for."""


@dataclass(frozen=True, slots=True)
class ParsedText:
    """A text and its trees.

    ``data`` is the text in UTF-8: the trees' positions are offsets into it. ``statements`` holds a node such
    as ``{"SelectStmt": {...}}`` for each statement, ``extents`` where it starts and ends, semicolon left out.
    """

    text: str
    data: bytes
    statements: list[Node]
    extents: list[tuple[int, int]]


LargeStack = Callable[[Callable[[], None]], None]
_large_stack: LargeStack | None = None


def use_large_stack(run: LargeStack) -> None:
    """Let texts of more than `ANY_STACK` bytes be read by ``run(work)``.

    It calls ``work`` where `LARGE_STACK` bytes of stack are free and returns when it has returned (``work``
    raises nothing). Until this is called, such texts are refused.
    """
    global _large_stack  # noqa: PLW0603 - the floor above hands it in once, when it is imported
    _large_stack = run


def parse(text: str) -> ParsedText:
    """Read SQL in ``$n`` form: any number of statements, also none.

    Raises
    ------
    SyntaxNotRead : the grammar does not read it; ask a server for the error
    StatementTooComplex : more than `MAX_BYTES`, or nested too deeply
    GrammarUnusable : the library with the grammar is missing or has changed
    """
    data = _encoded(text)
    if len(data) <= ANY_STACK:
        tree = _read(data)
    elif len(data) > MAX_BYTES:
        raise StatementTooComplex(
            f"a statement of {len(data):,} bytes is not read: the most is {MAX_BYTES:,}"
            " (rows are better written by COPY or by a writer)"
        )
    elif _large_stack is None:
        raise StatementTooComplex(
            f"a statement of {len(data):,} bytes needs a thread with a large stack to be read, and none was"
            " provided: import parallel_partition.execution, which provides it"
        )
    else:
        tree = _read_elsewhere(data, _large_stack)
    return _parsed(text, data, tree)


def _parsed(text: str, data: bytes, tree: Any) -> ParsedText:
    """Take the statements and their extents out of the library's answer."""
    statements, extents = [], []
    for raw in tree["stmts"]:
        start = raw.get("stmt_location", 0)
        length = raw.get("stmt_len", 0)
        statements.append(raw["stmt"])
        extents.append((start, start + length if length else len(data)))
    return ParsedText(text, data, statements, extents)


def _encoded(text: str) -> bytes:
    """Return the text in UTF-8; refuse what a C string or UTF-8 cannot hold."""
    try:
        data = text.encode()
    except UnicodeEncodeError as error:
        raise SyntaxNotRead("a lone surrogate cannot be sent to PostgreSQL", error.start + 1) from None
    if b"\0" in data:
        raise SyntaxNotRead("a NUL character cannot be sent to PostgreSQL", text.index("\0") + 1)
    return data


def _read_elsewhere(data: bytes, run: LargeStack) -> Any:
    """Read on a large stack, and raise here what was raised there."""
    answer: list[Any] = []
    failure: list[BaseException] = []

    def work() -> None:
        try:
            answer.append(_read(data))
        except BaseException as error:  # raised again below, in the caller's thread
            failure.append(error)

    run(work)
    if failure:
        raise failure[0]
    return answer[0]


# --- the C library ------------------------------------------------------------------------------------------


class _Error(ctypes.Structure):
    _fields_ = (
        ("message", ctypes.c_char_p),
        ("funcname", ctypes.c_char_p),
        ("filename", ctypes.c_char_p),
        ("lineno", ctypes.c_int),
        ("cursorpos", ctypes.c_int),
        ("context", ctypes.c_char_p),
    )


class _Result(ctypes.Structure):
    _fields_ = (
        ("parse_tree", ctypes.c_char_p),
        ("stderr_buffer", ctypes.c_char_p),
        ("error", ctypes.POINTER(_Error)),
    )


def _read(data: bytes) -> Any:
    """Return the library's answer to a text: ``{"version": ..., "stmts": [...]}``.

    It refuses a comment between two words that PostgreSQL reads as one step, such as NOT and LIKE: what it refuses
    is therefore tried once more without comments.
    """
    library = _library()
    try:
        return _call(library, data)
    except SyntaxNotRead as refusal:
        bare = _without_comments(data)
        if bare == data:
            raise
        try:
            return _call(library, bare)
        except SyntaxNotRead:
            raise refusal from None


def _without_comments(data: bytes) -> bytes:
    """Return a text without its comments; as it is where it has none, or is not made of tokens."""
    if b"--" not in data and b"/*" not in data:
        return data
    try:
        return without_comments(data)
    except NotReadable:
        return data


def _call(library: ctypes.CDLL, data: bytes) -> Any:
    """Call the parser and free what it gave."""
    result = library.pg_query_parse(data)
    try:
        if result.error:
            error = result.error.contents
            raise SyntaxNotRead(error.message.decode(errors="replace"), error.cursorpos)
        return json.loads(result.parse_tree.decode())
    except UnicodeDecodeError:
        raise SyntaxNotRead("a string constant of the statement is not valid UTF-8") from None
    except RecursionError:
        raise StatementTooComplex.nested() from None
    finally:
        library.pg_query_free_parse_result(result)


@cache
def _library() -> ctypes.CDLL:
    """Load the library and make sure that it is the one whose trees are known here."""
    path = _library_file()
    try:
        library = ctypes.CDLL(str(path))
        library.pg_query_parse.argtypes = [ctypes.c_char_p]
        library.pg_query_parse.restype = _Result
        library.pg_query_free_parse_result.argtypes = [_Result]
        library.pg_query_free_parse_result.restype = None
    except (OSError, AttributeError) as error:
        raise GrammarUnusable(f"{path}, PostgreSQL's SQL grammar, cannot be loaded: {error}") from error
    _check(library, path)
    return library


_FILES = {"win32": "pg_query.dll", "darwin": "libpg_query.dylib"}


def _library_file() -> Path:
    """Find the library's file beside the package that carries it, which is not imported."""
    spec = importlib.util.find_spec("postgast")
    if spec is None or spec.origin is None:
        raise GrammarUnusable("the package postgast, which carries PostgreSQL's grammar, is not installed")
    path = Path(spec.origin).with_name(_FILES.get(sys.platform, "libpg_query.so"))
    if not path.is_file():
        raise GrammarUnusable(f"the installed package postgast lacks its {path.name} (looked for {path})")
    return path


def _column(field: Node, at: int) -> Node:
    return {"ColumnRef": {"fields": [field], "location": at}}


def _named(name: str, at: int) -> Node:
    return _column({"String": {"sval": name}}, at)


def _id_is_parameter(at: int) -> Node:
    return {
        "A_Expr": {
            "kind": "AEXPR_OP",
            "name": [{"String": {"sval": "="}}],
            "lexpr": _named("id", at),
            "rexpr": {"ParamRef": {"number": 1, "location": at + 5}},
            "location": at + 3,
        }
    }


def _relation(name: str, at: int) -> Node:
    return {"relname": name, "inh": True, "relpersistence": "p", "location": at}


#: Texts whose trees must be exactly these, positions included.
_KNOWN: tuple[tuple[str, Node], ...] = (
    (
        "SELECT a FROM t WHERE id = $1",
        {
            "SelectStmt": {
                "targetList": [{"ResTarget": {"val": _named("a", 7), "location": 7}}],
                "fromClause": [{"RangeVar": _relation("t", 14)}],
                "whereClause": _id_is_parameter(22),
                "limitOption": "LIMIT_OPTION_DEFAULT",
                "op": "SETOP_NONE",
            }
        },
    ),
    (
        "VALUES ('é', 0)",
        {
            "SelectStmt": {
                "valuesLists": [
                    {
                        "List": {
                            "items": [
                                {"A_Const": {"sval": {"sval": "é"}, "location": 8}},
                                {"A_Const": {"ival": {}, "location": 14}},
                            ]
                        }
                    }
                ],
                "limitOption": "LIMIT_OPTION_DEFAULT",
                "op": "SETOP_NONE",
            }
        },
    ),
    (
        "DELETE FROM s.t WHERE id = $1 RETURNING *",
        {
            "DeleteStmt": {
                "relation": {"schemaname": "s", **_relation("t", 12)},
                "whereClause": _id_is_parameter(22),
                "returningClause": {
                    "exprs": [{"ResTarget": {"val": _column({"A_Star": {}}, 40), "location": 40}}]
                },
            }
        },
    ),
)


def _check(library: ctypes.CDLL, path: Path) -> None:
    """Raise `GrammarUnusable` unless the library reads SQL the way this library expects."""
    for text, expected in _KNOWN:
        answer = _call(library, text.encode())
        if answer["version"] != GRAMMAR:
            raise GrammarUnusable(
                f"{path} has PostgreSQL's grammar number {answer['version']}, and {GRAMMAR} is wanted:"
                " install a postgast of the version that this package asks for"
            )
        if answer["stmts"] != [{"stmt": expected}]:
            raise GrammarUnusable(f"{path} reads «{text}» in another way than the grammar that is wanted")
