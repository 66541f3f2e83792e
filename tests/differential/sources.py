"""Random FROM clauses: tables, joins of them, subqueries, functions, and what is in scope then."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from tests.differential.data import EVENTS, ITEMS, LOOKUP, NOTHING, PEOPLE, Table
from tests.differential.expressions import Expressions, Scope, Term

#: Tables whose keys are colocated, more likely ones more often.
BY_NUMBER = (EVENTS, EVENTS, EVENTS, ITEMS, ITEMS, NOTHING)


@dataclass(frozen=True)
class Item:
    """One item of FROM: its name there and its columns; ``key`` is one of these, "" where there is none."""

    text: str
    name: str
    columns: tuple[Term, ...]
    key: str = ""
    #: The names of the primary key's columns.
    primary_key: tuple[str, ...] = ()
    #: True where the whole row may be used by its name.
    table: bool = False

    def column(self, name: str) -> Term | None:
        return next((column for column in self.columns if column.name == name), None)


@dataclass(frozen=True)
class From:
    """A FROM clause. ``stars`` tells whether ``*`` means the columns of all items in their order."""

    text: str
    items: tuple[Item, ...]
    merged: tuple[Term, ...] = ()
    stars: bool = True

    @property
    def terms(self) -> list[Term]:
        """All columns."""
        return [*self.merged, *(column for item in self.items for column in item.columns)]

    @property
    def keys(self) -> list[Term]:
        """The key columns of sharded tables."""
        return [column for item in self.items if item.key and (column := item.column(item.key))]


@dataclass
class Sources:
    """Makes FROM clauses; CTEs that they need are added to ``ctes``."""

    make: Expressions
    ctes: list[str] = field(default_factory=list)
    _names: Iterator[int] = field(default_factory=lambda: iter(range(1, 1000)))

    # --- items ----------------------------------------------------------------------------------------------------

    def table(self, table: Table, alias: str | None = None) -> Item:
        """A table with an alias, by its own name, or with its schema."""
        chance = self.make.chance
        alias = alias or chance.choice(("", f"t{next(self._names)}", f'"T {next(self._names)}"'))
        text = f"public.{table.name}" if self.make.one_in(6) else table.name
        name = alias or table.name
        if alias:
            text += f"{chance.choice((' AS ', ' '))}{alias}"
        as_field = self.make.one_in(20)
        columns = tuple(
            Term(f"({name}).{column.name}" if as_field else f"{name}.{column.name}", column.kind, column.name)
            for column in table.columns
        )
        primary_key = tuple((table.primary_key or "").split(", ")) if table.primary_key else ()
        return Item(text, name, columns, table.key or "", primary_key, table=True)

    def any_table(self) -> Item:
        return self.table(self.make.chance.choice((*BY_NUMBER, PEOPLE, PEOPLE, LOOKUP)))

    def _derived(self) -> Item:
        """A subquery or a CTE over one table."""
        inner = self.table(self.make.chance.choice((*BY_NUMBER, PEOPLE, LOOKUP)), "d")
        body, columns = self._body(inner)
        name = f"s{next(self._names)}"
        outside = tuple(Term(f"{name}.{term.name}", term.kind, term.name) for term in columns)
        key = inner.key if any(term.name == inner.key for term in outside) else ""
        if self.make.one_in(2):
            self.ctes.append(f"{name} AS {self.make.chance.choice(('', '', 'MATERIALIZED '))}({body})")
            return Item(name, name, outside, key)
        return Item(f"({body}) AS {name}", name, outside, key)

    def _body(self, inner: Item) -> tuple[str, list[Term]]:
        chance = self.make.chance
        scope = Scope(inner.columns, [column for column in inner.columns if column.name == inner.key])
        where = f" WHERE {self.make.condition(scope, 1)}" if self.make.one_in(2) else ""
        columns = [column for column in inner.columns if column.name == inner.key or self.make.one_in(2)]
        columns = columns or list(inner.columns[:2])
        listed = ", ".join(column.text for column in columns)
        match chance.randrange(6):
            case 0:
                return f"SELECT DISTINCT {listed} FROM {inner.text}{where}", columns
            case 1:
                counted = [*columns, Term("", "int", "c")]
                return f"SELECT {listed}, count(*) AS c FROM {inner.text}{where} GROUP BY {listed}", counted
            case 2:
                made = [*columns, Term("", "text", "x")]
                return (
                    f"SELECT {listed}, {self.make.expression('text', scope, 1)} AS x FROM {inner.text}{where}",
                    made,
                )
            case 3 if self.make.one_in(3):
                return f"SELECT {listed} FROM {inner.text}{where} ORDER BY {listed} LIMIT 7", columns
        return f"SELECT {listed} FROM {inner.text}{where}", columns

    def _values(self) -> Item:
        name = f"v{next(self._names)}"
        n, w = Term(f"{name}.n", "int", "n"), Term(f"{name}.w", "text", "w")
        text, columns = self.make.chance.choice(
            (
                ("(VALUES (1, 'a'), (2, NULL), (NULL, 'b'), (3, 'é')) AS {name} (n, w)", (n, w)),
                ("generate_series(0, 4) AS {name} (n)", (n,)),
                ("unnest(ARRAY['a', 'B', 'b', NULL]) AS {name} (w)", (w,)),
                ("unnest(ARRAY['a', 'B', 'b', NULL] COLLATE \"C\") AS {name} (w)", (w,)),
                ("unnest(ARRAY[1, 2, 3], ARRAY['a', 'B']) AS {name} (n, w)", (n, w)),
                ("regexp_split_to_table('b,A,a', ',') WITH ORDINALITY AS {name} (w, n)", (n, w)),
            )
        )
        return Item(text.format(name=name), name, columns)

    def _lateral(self, left: Item) -> Item:
        """LATERAL, tied by the key to what stands before it."""
        name = f"l{next(self._names)}"
        inner = self.table(self.make.chance.choice(BY_NUMBER), "x")
        (n,) = (column for column in inner.columns if column.name == "n")
        columns = (Term(f"{name}.n", "int", "n"), Term(f"{name}.c", "int", "c"))
        key = left.column(left.key)
        tied = f"x.k = {key.text}" if key and key.kind == "int" else f"x.n = {left.columns[:2][-1].text}"
        body = f"SELECT max({n.text}) AS n, count(*) AS c FROM {inner.text} WHERE {tied}"
        return Item(f"LATERAL ({body}) AS {name}", name, columns)

    # --- FROM -----------------------------------------------------------------------------------------------------

    def any(self) -> From:
        """A FROM clause of one to three items."""
        drawn = self.make.chance.random()
        if drawn < 0.4:
            item = self._derived() if self.make.one_in(4) else self.any_table()
            return From(item.text, (item,))
        if drawn < 0.5:
            return self._merging()
        one = self._derived() if self.make.one_in(6) else self.any_table()
        found = self._joined(one, self._second(one))
        return self._third(found) if self.make.one_in(4) else found

    def _second(self, one: Item) -> Item:
        """What an item is joined with: most often something that has the same key."""
        drawn = self.make.chance.random()
        if drawn < 0.15:
            return self._derived()
        if drawn < 0.2:
            return self._values()
        if drawn < 0.4:
            return self.table(LOOKUP)
        if drawn < 0.5:
            return self.any_table()
        return self.table(PEOPLE if one.key == "name" else self.make.chance.choice(BY_NUMBER))

    def _third(self, found: From) -> From:
        made = self._joined(
            found.items[-1], self.table(self.make.chance.choice((ITEMS, EVENTS, LOOKUP))), left=found
        )
        return From(made.text, (*found.items, made.items[-1]), found.merged, found.stars)

    def _joined(self, one: Item, other: Item, left: From | None = None) -> From:
        """Two items joined: most often by their keys."""
        if one.name == other.name:
            other = self._renamed(other)
        text = left.text if left else one.text
        drawn = self.make.chance.random()
        if drawn < 0.06 and left is None and one.key:
            other = self._lateral(one)
            word = self.make.chance.choice(("CROSS JOIN {}", "LEFT JOIN {} ON true", "JOIN {} ON true"))
            return From(f"{text} {word.format(other.text)}", (one, other))
        condition = self._join_condition(one, other)
        if drawn < 0.12 and left is None:
            return From(f"{text}, {other.text}", (one, other))
        kind = self.make.chance.choice(
            ("JOIN", "JOIN", "INNER JOIN", "LEFT JOIN", "LEFT OUTER JOIN", "RIGHT JOIN", "FULL JOIN")
        )
        return From(f"{text} {kind} {other.text} ON {condition}", (one, other))

    def _renamed(self, item: Item) -> Item:
        name = f"r{next(self._names)}"
        columns = tuple(Term(f"{name}.{column.name}", column.kind, column.name) for column in item.columns)
        return replace(item, text=f"{item.text} AS {name}", name=name, columns=columns)

    def _join_condition(self, one: Item, other: Item) -> str:
        pairs = self._pairs(one, other)
        keys = [pair for pair in pairs if (pair[0].name, pair[1].name) == (one.key, other.key)]
        chosen = self.make.chance.choice(
            keys if keys and not self.make.one_in(6) else pairs or [(one.columns[0],) * 2]
        )
        condition = f"{chosen[0].text} = {chosen[1].text}"
        if self.make.one_in(2):
            condition = f"{chosen[1].text} = {chosen[0].text}"
        if self.make.one_in(4):
            scope = Scope([*one.columns, *other.columns], [*keys[0]] if keys else ())
            condition += f" AND {self.make.condition(scope, 1)}"
        return condition

    def _pairs(self, one: Item, other: Item) -> Sequence[tuple[Term, Term]]:
        return [
            (left, right)
            for left in one.columns
            for right in other.columns
            if left.kind == right.kind and left.kind in ("int", "text", "date")
        ]

    def _merging(self) -> From:
        """A join by USING or NATURAL, whose merged columns have no table's name."""
        one, other = (
            self.table(EVENTS, "a"),
            self.table(self.make.chance.choice((ITEMS, EVENTS, NOTHING)), "b"),
        )
        shared = [column.name for column in one.columns if other.column(column.name)]
        kind = self.make.chance.choice(("JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"))
        alias = ""
        if self.make.one_in(3):
            used, text = shared, f"{one.text} NATURAL {kind} {other.text}"
        else:
            used = [
                "k",
                *self.make.chance.sample(
                    [name for name in shared if name != "k"], self.make.chance.randrange(2)
                ),
            ]
            if self.make.one_in(8):
                used = ["n"]
            text = f"{one.text} {kind} {other.text} USING ({', '.join(used)})"
            if self.make.one_in(4):
                text, alias = f"{text} AS u", "u."
        merged = tuple(
            Term(f"{alias}{name}", column.kind, name) for name in used if (column := one.column(name))
        )
        return From(text, (one, other), merged, stars=False)


#: Gives the scope of a FROM clause.
MakeScope = Callable[[From], Scope]
