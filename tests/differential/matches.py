"""Random statements that match rows of several tables by columns that are no keys, in every place where that can be.

Which rows matter of one table is told from others there, so the statements are full of joins of all kinds, IN, EXISTS
and other subqueries within each other, negated and under OR too; filters leave few rows of some tables.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from tests.differential.data import EVENTS, ITEMS, TABLES, Table
from tests.differential.queries import Query

#: Those with rows are more likely.
FILLED = (EVENTS, EVENTS, ITEMS, ITEMS, *TABLES)
#: Values that rows have, by the kind of their column.
VALUES = {
    "int": ("-1", "0", "2", "3", "5", "7"),
    "text": ("'a'", "'B'", "'é'", "''", "'O''Neil'"),
    "date": ("DATE '2026-01-03'", "DATE '2026-01-07'"),
    "num": ("1.5", "2", "-0.25", "3.50"),
}
COMPARISONS = ("=", "=", "<", ">", "<=", "<>")


@dataclass(frozen=True)
class Named:
    """A column by which something in FROM is matched: as it is written, and its kind."""

    text: str
    kind: str


@dataclass(frozen=True)
class Source:
    """What stands in FROM, and its columns."""

    text: str
    columns: tuple[Named, ...]
    joined: bool = False

    @property
    def enclosed(self) -> str:
        """The same as one operand of a JOIN."""
        return f"({self.text})" if self.joined else self.text


def match(seed: int, number: int) -> Query:
    """Make the statement with a number.

    Parameters
    ----------
    seed : of the whole run
    number : the statement's own, so that it can be made again alone
    """
    return Query(_Maker(random.Random(f"matches/{seed}/{number}")).statement(), {})


class _Maker:
    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.aliases = (f"t{n}" for n in range(1, 1000))
        self.ctes: list[tuple[str, str, tuple[tuple[str, str], ...]]] = []

    def statement(self) -> str:
        ctes = ""
        if self.one_in(4):
            select, columns = self.derived(1)
            self.ctes.append(("c", select, columns))
            ctes = f"WITH {self.chance.choice(('', 'RECURSIVE '))}c AS ({select}) "
        arms = [self.select() for _ in range(2 if self.one_in(8) else 1)]
        return ctes + self.chance.choice((" UNION ALL ", " UNION ALL ", " INTERSECT ", " EXCEPT ")).join(arms)

    def select(self) -> str:
        source = self.source(self.chance.choice((1, 2, 2, 2, 3)))
        shown = self.of_kind(source.columns, "int") or source.columns
        where = self.where(source, (), 2)
        column = self.chance.choice(shown).text
        if self.one_in(2):
            return f"SELECT count(*), count(DISTINCT {column}) FROM {source.text}{where}"
        return f"SELECT {column}, count(*) FROM {source.text}{where} GROUP BY {column}"

    # --- FROM

    def source(self, size: int) -> Source:
        found = self.item()
        for _ in range(size - 1):
            found = self.joined(found, self.item())
        return found

    def joined(self, left: Source, right: Source) -> Source:
        kind = self.chance.choice(("JOIN", "JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"))
        columns = left.columns + right.columns
        names = {column.text.rpartition(".")[2] for column in left.columns}
        shared = sorted(names & {column.text.rpartition(".")[2] for column in right.columns})
        if shared and not left.joined and self.one_in(5):
            using = f"USING ({self.chance.choice(shared)})"
            return Source(f"{left.text} {kind} {right.text} {using}", columns, joined=True)
        pairs = [(one, other) for one in left.columns for other in right.columns if one.kind == other.kind]
        if not pairs or self.one_in(12):
            on = self.filter(left.columns)
            return Source(f"{left.text} JOIN {right.text} ON {on}", columns, joined=True)
        one, other = self.chance.choice(pairs)
        on = f"{one.text} = {other.text}" if self.one_in(2) else f"{other.text} = {one.text}"
        if self.one_in(3) and kind != "FULL JOIN":
            on += f" AND {self.condition(Source('', columns), (), 1)}"
        if self.one_in(3):
            return Source(f"{right.text} {kind} {left.enclosed} ON {on}", columns, joined=True)
        text = left.enclosed if self.one_in(2) else left.text
        return Source(f"{text} {kind} {right.text} ON {on}", columns, joined=True)

    def item(self, depth: int = 1) -> Source:
        alias = next(self.aliases)
        if self.ctes and self.one_in(3):
            name, _, columns = self.chance.choice(self.ctes)
            return Source(f"{name} AS {alias}", _named(alias, columns))
        if depth and self.one_in(5):
            select, columns = self.derived(depth - 1)
            return Source(f"({select}) AS {alias}", _named(alias, columns))
        table = self.chance.choice(FILLED)
        return Source(f"{table.name} AS {alias}", _named(alias, _columns(table)))

    def derived(self, depth: int) -> tuple[str, tuple[tuple[str, str], ...]]:
        """A subquery that passes columns on, and these columns."""
        inner = self.item(depth)
        picked = self.chance.sample(inner.columns, min(3, len(inner.columns)))
        named = tuple((f"x{place}", column.kind) for place, column in enumerate(picked))
        listed = ", ".join(
            f"{column.text} AS {name}" for column, (name, _) in zip(picked, named, strict=True)
        )
        where = self.where(inner, (), 1)
        first = picked[0].text
        drawn = self.chance.randrange(6)
        if drawn == 0:
            return f"SELECT DISTINCT {listed} FROM {inner.text}{where}", named
        if drawn == 1:
            select = f"SELECT {first} AS x0, count(*) AS n FROM {inner.text}{where}"
            return f"{select} GROUP BY GROUPING SETS (({first}), ())", (named[0], ("n", "int"))
        if drawn == 2:
            arm = f"SELECT {first} AS x0 FROM {inner.text}{where}"
            value = self.chance.choice(VALUES[picked[0].kind])
            return f"{arm} UNION ALL SELECT {value}", named[:1]
        return f"SELECT {listed} FROM {inner.text}{where}", named

    # --- conditions

    def where(self, source: Source, around: Sequence[Named], depth: int) -> str:
        parts = [self.condition(source, around, depth) for _ in range(self.chance.choice((0, 1, 1, 2, 3)))]
        return f" WHERE {' AND '.join(parts)}" if parts else ""

    def condition(self, source: Source, around: Sequence[Named], depth: int) -> str:
        drawn = self.chance.randrange(14)
        if depth and drawn < 6:
            return self.subquery(source, depth)
        if depth and drawn == 6:
            word = self.chance.choice(("OR", "OR", "AND"))
            one, other = (self.condition(source, around, depth - 1) for _ in range(2))
            return f"({one} {word} {other})"
        if depth and drawn == 7:
            test = self.chance.choice(("NOT ({})", "({}) IS TRUE", "({}) IS NOT TRUE"))
            return test.format(self.condition(source, around, depth - 1))
        if drawn < 11:
            columns = [*source.columns, *around]
            one = self.chance.choice(columns)
            other = self.chance.choice(self.of_kind(columns, one.kind))
            return (
                f"{one.text} {self.chance.choice(('=', '=', '=', 'IS NOT DISTINCT FROM', '<='))} {other.text}"
            )
        return self.filter(source.columns)

    def subquery(self, source: Source, depth: int) -> str:
        inner = self.source(self.chance.choice((1, 1, 2)))
        pairs = [(one, other) for one in source.columns for other in inner.columns if one.kind == other.kind]
        one, other = self.chance.choice(pairs) if pairs else (Named("1", "int"), Named("2", "int"))
        where = self.where(inner, source.columns, depth - 1)
        equal = f"{where} AND " if where else " WHERE "
        equal += f"{other.text} = {one.text}"
        rows = inner.text
        patterns = (
            f"{one.text} IN (SELECT {other.text} FROM {rows}{where})",
            f"{one.text} IN (SELECT {other.text} FROM {rows}{where})",
            f"{one.text} NOT IN (SELECT {other.text} FROM {rows}{where})",
            f"({one.text}, {one.text}) IN (SELECT {other.text}, {other.text} FROM {rows}{where})",
            f"EXISTS (SELECT FROM {rows}{equal})",
            f"EXISTS (SELECT 1 FROM {rows}{equal})",
            f"NOT EXISTS (SELECT FROM {rows}{equal})",
            f"EXISTS (SELECT count(*) FROM {rows}{equal})",
            f"EXISTS (SELECT 1 FROM {rows}{equal} GROUP BY GROUPING SETS ((), ({other.text})))",
            f"(SELECT count(*) FROM {rows}{equal}) {self.chance.choice(COMPARISONS)} 1",
            f"{one.text} = (SELECT max({other.text}) FROM {rows}{equal})",
            f"{one.text} = (SELECT {other.text} FROM {rows}{where} ORDER BY 1 LIMIT 1)",
            f"{one.text} = ANY (SELECT {other.text} FROM {rows}{where})",
            f"{one.text} <> ALL (SELECT {other.text} FROM {rows}{where})",
        )
        return self.chance.choice(patterns)

    def filter(self, columns: Sequence[Named]) -> str:
        column = self.chance.choice(list(columns))
        if self.one_in(6):
            return f"{column.text} IS {self.chance.choice(('', 'NOT '))}NULL"
        value = self.chance.choice(VALUES[column.kind])
        return f"{column.text} {self.chance.choice(COMPARISONS)} {value}"

    def of_kind(self, columns: Sequence[Named], kind: str) -> list[Named]:
        return [column for column in columns if column.kind == kind]

    def one_in(self, number: int) -> bool:
        return self.chance.randrange(number) == 0


def _columns(table: Table) -> tuple[tuple[str, str], ...]:
    """The columns that rows are matched by; those with a collation of their own conflict with others."""
    return tuple(
        (column.name, column.kind)
        for column in table.columns
        if column.kind in VALUES and "COLLATE" not in column.type
    )


def _named(alias: str, columns: Sequence[tuple[str, str]]) -> tuple[Named, ...]:
    return tuple(Named(f"{alias}.{name}", kind) for name, kind in columns)
