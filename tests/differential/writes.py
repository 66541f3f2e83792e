"""Random INSERT, UPDATE and DELETE statements."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from tests.differential.data import EVENTS, ITEMS, LOOKUP, NOTHING, PEOPLE, Table
from tests.differential.expressions import Expressions, Scope, Term, literal
from tests.differential.sources import Item


@dataclass(frozen=True)
class Write:
    """A statement that changes rows."""

    text: str
    parameters: dict[str, Any]


def write(seed: int, number: int) -> Write:
    """Make the statement with a number, always the same for a seed."""
    return _Writes(random.Random(f"writes {seed}/{number}")).write()


class _Writes:
    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.make = Expressions(chance, share_of_parameters=chance.choice((0.0, 0.3, 0.8)))

    def write(self) -> Write:
        makers = (self._insert, self._insert, self._update, self._update, self._update, self._delete)
        return Write(self.chance.choice(makers)(), self.make.parameters)

    def _table(self) -> Table:
        return self.chance.choice((EVENTS, EVENTS, ITEMS, ITEMS, PEOPLE, NOTHING, LOOKUP))

    def _target(self, alias: str = "") -> tuple[Table, Item]:
        table = self._table()
        name = alias if alias and self.make.one_in(2) else table.name
        text = table.name if name == table.name else f"{table.name} AS {name}"
        columns = tuple(Term(f"{name}.{column.name}", column.kind, column.name) for column in table.columns)
        return table, Item(text, name, columns, table.key or "")

    def _scope(self, item: Item) -> Scope:
        key = item.column(item.key)
        return Scope(item.columns, [key] if key else [])

    def _returning(self, item: Item) -> str:
        if not self.make.one_in(2):
            return ""
        scope = Scope(item.columns)
        listed = self.chance.choice(
            (
                "*",
                f"{item.name}.*",
                ", ".join(column.text for column in item.columns[:2]),
                f"{self.make.expression('int', scope, 1)} AS x, {self.make.expression('text', scope, 1)}",
                f"*, {item.columns[0].text} AS again",
            )
        )
        return f" RETURNING {listed}"

    # --- INSERT ---------------------------------------------------------------------------------------------------

    def _insert(self) -> str:
        table, item = self._target()
        columns = list(table.columns)
        if self.make.one_in(2):
            needed = [
                column
                for column in columns
                if column.name in (table.key, *(table.primary_key or "").split(", "))
            ]
            others = [column for column in columns if column not in needed and self.make.one_in(2)]
            columns = [*needed, *others]
            self.chance.shuffle(columns)
            listed = f" ({', '.join(column.name for column in columns)})"
        else:
            listed = ""
        count = self.chance.choice((1, 1, 2, 3, 5))
        rows = [
            f"({', '.join(self._stored(table, column.name, column.kind) for column in columns)})"
            for _ in range(count)
        ]
        behind = f"{self._conflict(table)}{self._returning(item)}"
        return f"INSERT INTO {table.name}{listed} VALUES {', '.join(rows)}{behind}"

    def _stored(self, table: Table, name: str, kind: str) -> str:
        key = name == table.key or name in (table.primary_key or "").split(", ")
        if not key and self.make.one_in(8):
            return self.chance.choice(("NULL", "DEFAULT"))
        if name == table.key and table.primary_key is None and self.make.one_in(8):
            return "NULL"
        if key and kind == "text":
            value = f"{self.make.draw('text')}{self.chance.choice(('', 'x', 'new', '9'))}"
            return literal(value, "text") if self.make.one_in(2) else self.make.parameter(value)
        if key:
            value = self.chance.choice((*range(-6, 40), 10_000_000))
            return (
                self.make.parameter(self.chance.choice((value, str(value))))
                if self.make.one_in(2)
                else str(value)
            )
        if kind == "int" and not self.make.one_in(3):
            return str(self.make.draw("int"))
        return self.make.expression(kind, Scope([]), 1) if self.make.one_in(4) else self.make.value(kind)

    def _conflict(self, table: Table) -> str:
        if table.primary_key is None or self.make.one_in(3):
            return ""
        arbiter = self.chance.choice((f" ({table.primary_key})", f" ({table.primary_key})", ""))
        if not arbiter or self.make.one_in(2):
            return f" ON CONFLICT{arbiter} DO NOTHING"
        free = [column for column in table.columns if column.name not in table.primary_key.split(", ")]
        column = self.chance.choice(free)
        value = self.chance.choice(
            (f"EXCLUDED.{column.name}", f"{table.name}.{column.name}", self.make.value(column.kind))
        )
        where = f" WHERE {table.name}.{column.name} IS NOT NULL" if self.make.one_in(3) else ""
        return f" ON CONFLICT{arbiter} DO UPDATE SET {column.name} = {value}{where}"

    # --- UPDATE and DELETE ----------------------------------------------------------------------------------------

    def _where(self, item: Item, depth: int = 1) -> str:
        scope = self._scope(item)
        if scope.keys and self.make.one_in(2):
            key = scope.keys[0].text
            also = f" AND {self.make.condition(scope, 0)}" if self.make.one_in(3) else ""
            tied = item.columns[0].kind == "int" and self.make.one_in(5)
            if tied:
                return f" WHERE {key} IN (SELECT q.k FROM items q WHERE q.n > 1){also}"
            return f" WHERE {self.make.key_condition(scope.keys[0])}{also}"
        return f" WHERE {self.make.condition(scope, depth)}" if not self.make.one_in(8) else ""

    def _assigned(self, table: Table, item: Item) -> str:
        keys = (table.key, *(table.primary_key or "").split(", "))
        free = [column for column in table.columns if column.name not in keys]
        chosen = self.chance.sample(free, self.chance.choice((1, 1, 2)))
        scope = self._scope(item)
        made = []
        for column in chosen:
            if self.make.one_in(10):
                made.append(f"{column.name} = {self.chance.choice(('DEFAULT', 'NULL'))}")
            elif column.kind == "int" and item.key == "k" and self.make.one_in(6):
                made.append(f"{column.name} = (SELECT max(q.n) FROM events q WHERE q.k = {item.name}.k)")
            else:
                value = self.make.expression(column.kind, scope, 1)
                # What does not fit is an error; other values are what is compared.
                made.append(f"{column.name} = {f'substr({value}, 1, 5)' if column.kind == 'text' else value}")
        return ", ".join(made)

    def _update(self) -> str:
        table, item = self._target("u")
        assigned = self._assigned(table, item)
        if item.key == "k" and self.make.one_in(5):
            return (
                f"UPDATE {item.text} SET {assigned} FROM (SELECT k, max(n) AS m FROM items GROUP BY k) AS other"
                f" WHERE other.k = {item.name}.k AND other.m > {self.make.draw('int')}{self._returning(item)}"
            )
        return f"UPDATE {item.text} SET {assigned}{self._where(item)}{self._returning(item)}"

    def _delete(self) -> str:
        _, item = self._target("d")
        if item.key == "k" and self.make.one_in(6):
            once = "(SELECT DISTINCT k FROM events WHERE n = 3) AS e"
            return f"DELETE FROM {item.text} USING {once} WHERE e.k = {item.name}.k{self._returning(item)}"
        return f"DELETE FROM {item.text}{self._where(item)}{self._returning(item)}"
