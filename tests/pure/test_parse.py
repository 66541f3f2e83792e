"""Reading SQL: what `parse` returns, what it refuses, and that no text ends the process."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from parallel_partition import errors
from parallel_partition.execution import large_stack
from parallel_partition.planning import parse as parser
from parallel_partition.planning.parse import (
    ANY_STACK,
    MAX_BYTES,
    GrammarUnusable,
    StatementTooComplex,
    SyntaxNotRead,
    parse,
)
from parallel_partition.planning.trees import walk


def in_new_process(code: str) -> str:
    """Run Python code in a process of its own and return what it prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"ended with {done.returncode}: {done.stderr[-2000:]}"
    return done.stdout.strip()


# --- what is returned ---------------------------------------------------------------------------------------


def test_each_statement_has_its_tree_and_its_extent() -> None:
    text = "SELECT 1; ;\n  DELETE FROM t ;VALUES (2) -- the end"
    parsed = parse(text)
    assert [next(iter(statement)) for statement in parsed.statements] == [
        "SelectStmt",
        "DeleteStmt",
        "SelectStmt",
    ]
    pieces = [parsed.data[start:end].decode().strip() for start, end in parsed.extents]
    assert pieces == ["SELECT 1", "DELETE FROM t", "VALUES (2) -- the end"]
    assert parsed.text is text


@pytest.mark.parametrize("text", ["", "  ", ";;", "-- only a comment", "/* and */ ; -- another"])
def test_a_text_may_hold_no_statement(text: str) -> None:
    assert parse(text).statements == []


def test_positions_are_byte_offsets() -> None:
    parsed = parse("SELECT 'naïve 日本語 😀' AS \"é\", ü.ä FROM ü")
    where = {
        tuple(_names(body)): body["location"] for kind, body in walk(parsed.statements) if kind == "ColumnRef"
    }
    assert parsed.data[where["ü", "ä"] :].decode() == "ü.ä FROM ü"
    (table,) = (body for kind, body in walk(parsed.statements) if kind == "RangeVar")
    assert parsed.data[table["location"] :].decode() == "ü"


def _names(column: dict[str, Any]) -> list[str]:
    return [field["String"]["sval"] for field in column["fields"]]


def test_comments_may_stand_between_words_that_are_one_step_of_the_grammar() -> None:
    parsed = parse("SELECT a NOT /* é */ LIKE b FROM t ORDER BY a NULLS -- here\n LAST")
    select = parsed.statements[0]["SelectStmt"]
    assert select["targetList"][0]["ResTarget"]["val"]["A_Expr"]["kind"] == "AEXPR_LIKE"
    assert select["sortClause"][0]["SortBy"]["sortby_nulls"] == "SORTBY_NULLS_LAST"
    assert parsed.data[select["fromClause"][0]["RangeVar"]["location"] :].startswith(b"t ORDER")


# --- what is refused ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message", "position"),
    [
        ("SELEC 1", 'syntax error at or near "SELEC"', 1),
        ("SELECT 'é', FROM t", 'syntax error at or near "FROM"', 13),
        ("SELECT /* a comment */ a NOT LIKE FROM t", 'syntax error at or near "FROM"', 35),
        ("SELECT 'open", "unterminated quoted string", 8),
        ("SELECT 1 /* open", "unterminated /* comment", 10),
        ("SELECT (1", "syntax error at end of input", 10),
        ("SELECT E'\\xff'", "invalid byte sequence", 0),
        ("SELECT '\ud800'", "lone surrogate", 9),
        ("SELECT '\0'", "NUL", 9),
        ("SELECT %s", 'syntax error at or near "%"', 8),
    ],
)
def test_what_the_grammar_does_not_read_is_told_with_its_position(
    text: str, message: str, position: int
) -> None:
    with pytest.raises(SyntaxNotRead) as caught:
        parse(text)
    assert message in caught.value.message
    assert caught.value.cursorpos == position
    assert isinstance(caught.value, errors.ProgrammingError)


def test_a_statement_that_is_too_long_is_refused_with_its_length() -> None:
    with pytest.raises(
        StatementTooComplex, match=f"a statement of {MAX_BYTES + 1:,} bytes is not read"
    ) as caught:
        parse("SELECT 1".ljust(MAX_BYTES + 1))
    assert isinstance(caught.value, errors.NotSupportedError)


@pytest.mark.parametrize("text", ["SELECT 1" + " + 1" * 499, "SELECT 1" + " + 1" * 100_000])
def test_deep_nesting_is_refused_wherever_it_is_read(text: str) -> None:
    assert (len(text) > ANY_STACK) == (len(text) > 100_000)
    with pytest.raises(StatementTooComplex, match="too deeply nested"):
        parse(text)


# --- long texts ---------------------------------------------------------------------------------------------


def test_a_long_statement_is_read_as_a_short_one_is() -> None:
    wide = "SELECT " + ", ".join(f"'é' AS c{number}" for number in range(2_000)) + " FROM t"
    parsed = parse(wide)
    targets = parsed.statements[0]["SelectStmt"]["targetList"]
    assert [target["ResTarget"]["name"] for target in targets] == [f"c{number}" for number in range(2_000)]
    table = parsed.statements[0]["SelectStmt"]["fromClause"][0]["RangeVar"]
    assert parsed.data[table["location"] :] == b"t"


def test_errors_of_a_long_statement_reach_the_caller() -> None:
    with pytest.raises(SyntaxNotRead, match="at or near"):
        parse("SELECT 1, " * 1_000 + "FROM")


def test_a_thread_that_cannot_start_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    before = threading.stack_size()
    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pytest.raises(errors.OperationalError, match="no thread with a stack of 256 MB"):
        large_stack.run_on_large_stack(lambda: None)
    assert threading.stack_size() == before


def test_without_a_large_stack_long_statements_are_refused() -> None:
    code = (
        "from parallel_partition.planning import parse as module\n"
        "from parallel_partition.planning.parse import parse, ANY_STACK, StatementTooComplex\n"
        "from parallel_partition.execution.large_stack import run_on_large_stack\n"
        "module.use_large_stack(None)\n"
        "parse('SELECT 1'.ljust(ANY_STACK))\n"
        "try: parse('SELECT 1'.ljust(ANY_STACK + 1))\n"
        "except StatementTooComplex as error: print(error)\n"
        "module.use_large_stack(run_on_large_stack)\n"
        "print(len(parse('SELECT 1'.ljust(ANY_STACK + 1)).statements))"
    )
    refusal, count = in_new_process(code).splitlines()
    assert "a statement of 2,049 bytes needs a thread with a large stack" in refusal
    assert count == "1"


#: What nests deepest for its length, on the left (the parser's own output recurses) and on the right.
DEEPEST = [
    "1{+1}",
    "1{^1}",
    "a{::a}",
    "a{[1]}",
    "(a){.a}",
    "a{ isnull}",
    "{- }1",
    "{not }a",
    "{(}1",
    "{array[}1",
    "1{ union select 1}",
]


def worst_text(shape: str, size: int) -> str:
    """Return SELECT with the part of ``shape`` in braces repeated until the text has ``size`` bytes."""
    before, repeated, after = shape.replace("}", "{").split("{")
    return f"SELECT {before}{repeated * ((size - 20) // len(repeated))}{after}"


PARSE_IN_A_SMALL_THREAD = """
import json, sys, threading
import parallel_partition.execution
from parallel_partition.planning import parse as parser
texts = json.loads(sys.stdin.read())
outcomes = []
def work():
    for text in texts:
        try:
            parser.parse(text)
            outcomes.append("read")
        except parser.SyntaxNotRead:
            outcomes.append("refused by the grammar")
        except parser.StatementTooComplex:
            outcomes.append("too complex")
parser.parse("SELECT 1")
threading.stack_size(256 << 10)
thread = threading.Thread(target=work)
thread.start()
threading.stack_size(0)
thread.join()
print(json.dumps(outcomes))
"""


@pytest.mark.parametrize(("shapes", "size"), [(DEEPEST, ANY_STACK), (DEEPEST[:1], MAX_BYTES)])
def test_no_text_ends_the_process(shapes: list[str], size: int) -> None:
    texts = [worst_text(shape, size) for shape in shapes]
    done = subprocess.run(
        [sys.executable, "-c", PARSE_IN_A_SMALL_THREAD],
        input=json.dumps(texts),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"ended with {done.returncode}: {done.stderr[-2000:]}"
    outcomes = json.loads(done.stdout)
    assert len(outcomes) == len(shapes)
    assert outcomes[0] == "too complex"


# --- threads ------------------------------------------------------------------------------------------------


def test_many_threads_read_the_same_trees() -> None:
    texts = [f"SELECT a{number}, 'é' FROM t WHERE id = ${number + 1}" for number in range(20)]
    texts += ["SELECT " + ", ".join(f"c{column}" for column in range(600)), "SELEC 'é'"]
    expected = [_outcome(text) for text in texts]
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(_outcome, texts * 40))
    assert found == expected * 40


def _outcome(text: str) -> Any:
    try:
        return parse(text).statements
    except SyntaxNotRead as error:
        return str(error)


# --- the library --------------------------------------------------------------------------------------------


def test_the_package_that_carries_the_library_is_not_imported() -> None:
    code = (
        "import sys\n"
        "from parallel_partition.planning.parse import parse\n"
        "parse('SELECT 1')\n"
        "print([name for name in sys.modules if name.startswith(('postgast', 'google'))])"
    )
    assert in_new_process(code) == "[]"


@pytest.fixture
def library_anew() -> Any:
    """Forget the loaded library, before and after."""
    parser._library.cache_clear()
    yield
    parser._library.cache_clear()


@pytest.mark.usefixtures("library_anew")
def test_a_missing_package_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(GrammarUnusable, match=r"the package postgast, .* is not installed"):
        parse("SELECT 1")


@pytest.mark.usefixtures("library_anew")
def test_a_package_without_the_library_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(GrammarUnusable, match=r"lacks its libpg_query\.dylib"):
        parse("SELECT 1")


@pytest.mark.usefixtures("library_anew")
def test_a_library_that_is_another_one_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parser, "_library_file", lambda: parser.Path(json.__file__))
    with pytest.raises(GrammarUnusable, match="cannot be loaded"):
        parse("SELECT 1")


@pytest.mark.usefixtures("library_anew")
def test_another_grammar_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parser, "GRAMMAR", 190000)
    with pytest.raises(GrammarUnusable, match="grammar number 180004, and 190000 is wanted"):
        parse("SELECT 1")


@pytest.mark.usefixtures("library_anew")
@pytest.mark.parametrize("number", range(len(parser._KNOWN)))
def test_a_library_that_reads_otherwise_is_told(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    known = list(parser._KNOWN)
    text, tree = known[number]
    changed = json.loads(json.dumps(tree).replace('"location": 14', '"location": 15').replace(": 40", ": 41"))
    assert changed != tree
    known[number] = (text, changed)
    monkeypatch.setattr(parser, "_KNOWN", tuple(known))
    with pytest.raises(GrammarUnusable, match="in another way"):
        parse("SELECT 1")
