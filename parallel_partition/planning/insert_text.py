"""The text of an INSERT taken apart: the table and its columns, the rows, and the clauses behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from parallel_partition.catalog.identifiers import quoted
from parallel_partition.catalog.tables import PART
from parallel_partition.planning.hide_part import Edit
from parallel_partition.planning.parse import ParsedText, parse
from parallel_partition.planning.refuse import refuse
from parallel_partition.planning.splicing import relation_extent, splice
from parallel_partition.planning.tokens import NotReadable, Token, closing, index_at, tokens
from parallel_partition.planning.trees import Node, same_tree


@dataclass(frozen=True)
class InsertText:
    """The parts of the text of an INSERT ... VALUES; see `InsertPlan`."""

    head: str
    rows: tuple[str, ...]
    tail: str


@dataclass(frozen=True)
class InsertPieces:
    """The parts of the text of any INSERT.

    ``target`` is ``INSERT INTO`` with the table and its alias; ``listed`` the column list in parentheses, and
    ``overriding`` a clause, "" where there is none. ``source`` is what gives the rows, with the WITH clause of the
    statement before it. ``tail`` is what follows (ON CONFLICT with ``part``, RETURNING without).
    """

    target: str
    listed: str
    overriding: str
    source: str
    tail: str


class InsertReader:
    """Takes the text of an INSERT apart.

    Parameters
    ----------
    body : the InsertStmt
    columns : what rows of values are for
    hidden : the edits that hide ``part``
    added : columns whose values come behind those of a row, ``part`` last
    computed : other columns before them, by the expressions that are their values in each row
    """

    def __init__(
        self,
        parsed: ParsedText,
        body: Node,
        columns: Sequence[str],
        hidden: list[Edit],
        added: Sequence[str],
        computed: Mapping[str, str] | None = None,
    ) -> None:
        self._data = parsed.data
        self._body = body
        self._columns = columns
        self._computed = computed or {}
        self._added = (*self._computed, *added)
        self._edits = list(hidden)
        self._start, self._end = parsed.extents[0]
        self._tokens = tokens(self._data, self._start, self._end)

    def pieces(self) -> InsertPieces:
        """The parts of the text.

        Raises
        ------
        UnsupportedQuery : they are not found for certain
        """
        try:
            extent = relation_extent(self._data, self._body["relation"])
            if extent is None:
                raise NotReadable("the table's name is not found in the text")
            made = self._pieces(index_at(self._tokens, extent[1]), extent[0])
        except (NotReadable, IndexError) as error:
            raise refuse("INSERT", f"its text is not taken apart: {error}") from error
        return made

    def _pieces(self, at: int, name: int) -> InsertPieces:
        into = self._tokens[index_at(self._tokens, name) - 2]
        if self._word(at) == b"AS":
            at += 2
        target = self._data[into.start : self._before(at).end].decode()
        listed = overriding = ""
        if "cols" in self._body:
            close = closing(self._data, self._tokens, at)
            listed = self._data[self._tokens[at].start : self._tokens[close].end].decode()
            at = close + 1
        if self._word(at) == b"OVERRIDING":
            overriding = self._data[self._tokens[at].start : self._tokens[at + 2].end].decode()
            at += 3
        behind = self._tail(at)
        source = self._data[self._tokens[at].start : self._before(behind).end]
        before = self._data[self._start : into.start] if "withClause" in self._body else b""
        tail_at = self._tokens[behind].start if behind < len(self._tokens) else self._end
        check_pieces(before + source, target, self._data[tail_at : self._end], self._body)
        self._conflict_part()
        tail = self._piece(tail_at, self._end).strip()
        return InsertPieces(target, listed, overriding, (before + source).decode(), tail)

    def _tail(self, at: int) -> int:
        """The index of the token that ON CONFLICT or RETURNING begins with, behind the last without them."""
        conflict = self._body.get("onConflictClause")
        if conflict is not None:
            return index_at(self._tokens, conflict["location"])
        depth = 0
        for place in range(at, len(self._tokens)):
            word = self._word(place)
            depth += (word == b"(") - (word == b")")
            if not depth and word == b"RETURNING":
                return place
        return len(self._tokens)

    def rows(self, count: int) -> InsertText:
        """The head, the texts of ``count`` rows of values, and the tail.

        Raises
        ------
        UnsupportedQuery : they are not found for certain
        """
        try:
            extent = relation_extent(self._data, self._body["relation"])
            if extent is None:
                raise NotReadable("the table's name is not found in the text")
            at = index_at(self._tokens, extent[1])
            values = self._name_part(at)
            rows, after = self._row_texts(values + 1, count)
            self._conflict_part()
        except (NotReadable, IndexError) as error:
            raise refuse("INSERT", f"its text is not taken apart: {error}") from error
        head = self._piece(self._start, self._tokens[values].end)
        found = InsertText(head, rows, self._piece(after, self._end).strip())
        _check(found, self._body, self._added, len(self._computed))
        return found

    def _word(self, index: int) -> bytes:
        token = self._tokens[index]
        text = self._data[token.start : token.end]
        return text.upper() if token.kind == "word" else text

    def _name_part(self, at: int) -> int:
        """Add columns to the list, or add the list; return the index of VALUES."""
        if self._word(at) == b"AS":
            at += 2
        if self._word(at) == b"(":
            close = closing(self._data, self._tokens, at)
            place = self._tokens[close].start
            self._edits.append((place, place, "".join(f", {quoted(name)}" for name in self._added).encode()))
            at = close + 1
        else:
            listed = ", ".join(quoted(name) for name in (*self._columns, *self._added))
            place = self._tokens[at - 1].end
            self._edits.append((place, place, f" ({listed})".encode()))
        while self._word(at) != b"VALUES":
            at += 1
        return at

    def _row_texts(self, at: int, count: int) -> tuple[tuple[str, ...], int]:
        """The texts of the rows without their closing parentheses, and where the last one ends."""
        found = []
        for _ in range(count):
            close = closing(self._data, self._tokens, at)
            row = self._data[self._tokens[at].start : self._before(close).end].decode()
            found.append("".join((row, *(f", {value}" for value in self._computed.values()))))
            at = close + 2  # the parenthesis, and the comma behind it
        return tuple(found), self._tokens[at - 2].end

    def _before(self, index: int) -> Token:
        return self._tokens[index - 1]

    def _conflict_part(self) -> None:
        """Add ``part`` to the columns of ON CONFLICT: it is the last one of every unique constraint."""
        conflict = self._body.get("onConflictClause", {})
        if "indexElems" not in conflict.get("infer", {}) or PART not in self._added:
            return
        at = index_at(self._tokens, conflict["location"])
        if (self._word(at), self._word(at + 1), self._word(at + 2)) != (b"ON", b"CONFLICT", b"("):
            raise NotReadable("ON CONFLICT is not found in the text")
        place = self._tokens[closing(self._data, self._tokens, at + 2)].start
        self._edits.append((place, place, f", {quoted(PART)}".encode()))

    def _piece(self, start: int, end: int) -> str:
        edits = [
            (left - start, right - start, text)
            for left, right, text in self._edits
            if start <= left and right <= end
        ]
        return splice(self._data[start:end], edits).decode()


def _check(text: InsertText, body: Node, added: Sequence[str], there: int) -> None:
    """Read the text put together again: its columns and rows must be the caller's, with those ``added`` at the end.

    Of these the values of the first ``there`` are in the rows' texts.
    """
    values = "".join(", 1" for _ in added[there:])
    joined = f"{text.head} {', '.join(f'{row}{values})' for row in text.rows)} {text.tail}"
    made = parse(joined).statements[0].get("InsertStmt", {})
    rows = [
        item["List"]["items"]
        for item in made.get("selectStmt", {}).get("SelectStmt", {}).get("valuesLists", [])
    ]
    given = [item["List"]["items"] for item in body["selectStmt"]["SelectStmt"]["valuesLists"]]
    cols = made.get("cols", [])
    count = len(added)
    same = [item["ResTarget"]["name"] for item in cols[-count:]] == list(added)
    same = same and ("cols" not in body or same_tree(cols[:-count], body["cols"]))
    if not same or not same_tree([row[:-count] for row in rows], given):
        raise refuse("INSERT", "its text is not taken apart")
    if ("onConflictClause" in made, "returningClause" in made) != (
        "onConflictClause" in body,
        "returningClause" in body,
    ):
        raise refuse("INSERT", "its text is not taken apart")


def check_pieces(source: bytes, target: str, tail: bytes, body: Node) -> None:
    """Read the parts again: together they must be the caller's statement.

    Raises
    ------
    UnsupportedQuery : they are not
    """
    select = body.get("selectStmt")
    if select is not None:
        wanted = select["SelectStmt"]
        if "withClause" in body:
            if "withClause" in wanted:
                raise refuse("WITH, twice in one INSERT", "it is not taken apart", "write one of them")
            wanted = wanted | {"withClause": body["withClause"]}
        if not same_tree(parse(source.decode()).statements, [{"SelectStmt": wanted}]):
            raise refuse("INSERT", "its text is not taken apart")
    made = parse(f"{target} DEFAULT VALUES {tail.decode()}").statements[0]["InsertStmt"]
    for clause in ("relation", "onConflictClause", "returningClause"):
        if not same_tree([made.get(clause)], [body.get(clause)]):
            raise refuse("INSERT", "its text is not taken apart")
