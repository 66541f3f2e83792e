"""Random SELECT statements. The same seed and number always make the same statement."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tests.differential import apart
from tests.differential.data import EVENTS, ITEMS, NOTHING
from tests.differential.expressions import ALL_KINDS, Expressions, Scope, Term
from tests.differential.sources import From, Sources

SORTABLE = frozenset(ALL_KINDS)
#: What equal numerics of differing scales come from.
_OF_ANY_SCALE = ("ratio", "round(", "trunc(", "numeric", "coalesce(", "CASE ")
#: Where one of several equal values is shown, it is any of them.
_ONE_STANDS_FOR_ALL = ("GROUP BY", "DISTINCT", "min(", "max(", "UNION", "INTERSECT", "EXCEPT", "OVER")


def has_any_scale(text: str, *, ordered: bool = False) -> bool:
    """Tell whether a statement may show a numeric with the scale of any of those that are equal to it."""
    stands = ordered or any(word in text for word in _ONE_STANDS_FOR_ALL)
    return stands and any(word in text for word in _OF_ANY_SCALE)


@dataclass(frozen=True)
class Query:
    """A statement and what its answer may differ in.

    ``ordered``: rows come in one order only. ``sorted_by`` are output columns that they are sorted by in any case.
    ``unlimited`` is the statement without LIMIT and OFFSET where any of its rows may be left. ``any_scale``: equal
    numerics may be shown with any scale.
    """

    text: str
    parameters: dict[str, Any]
    ordered: bool = False
    sorted_by: tuple[int, ...] = ()
    unlimited: str | None = None
    any_scale: bool = False
    binary: bool = False


@dataclass(frozen=True)
class Output:
    """An item of a select list; ``kind`` is "" where it cannot be sorted by, ``alias`` "" where it has none."""

    text: str
    kind: str
    alias: str = ""

    @property
    def written(self) -> str:
        return f"{self.text} AS {self.alias}" if self.alias else self.text


@dataclass
class Draft:
    """A statement that is not put together yet.

    ``hidden`` may be sorted by although it is no output; ``all_of_it`` are terms that tell rows apart completely.
    """

    body: str
    outputs: list[Output]
    hidden: list[Term] = field(default_factory=list)
    all_of_it: list[Term] = field(default_factory=list)
    #: DISTINCT ON wants these first in ORDER BY.
    first: str = ""


def query(seed: int, number: int) -> Query:
    """Make the statement with a number.

    Parameters
    ----------
    seed : of the whole run
    number : the statement's own, so that it can be made again alone
    """
    return _Maker(random.Random(f"{seed}/{number}")).query()


class _Maker:
    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.make = Expressions(chance, share_of_parameters=chance.choice((0.0, 0.2, 0.4)))
        self.sources = Sources(self.make)
        self.aliases = (f"o{n}" for n in range(1, 1000))
        self.names = iter(range(1, 1000))

    def query(self) -> Query:
        #: How often a part is one that no server can answer alone.
        self.apart = self.chance.choice((0.0, 0.0, 0.3, 0.6))
        drawn = self.chance.random()
        if drawn < 0.42:
            draft = self._rows()
        elif drawn < 0.84:
            draft = self._grouped()
        elif drawn < 0.96:
            draft = self._distinct()
        else:
            draft = self._set_operation()
        return self._finished(draft)

    # --- FROM and WHERE -----------------------------------------------------------------------------------------

    def _source(self) -> From:
        found = self.sources.any()
        if self.chance.random() >= self.apart:
            return found
        name = f"y{next(self.names)}"
        if self.make.one_in(3):
            item = apart.lateral(self.make, self.sources, found, name)
            return From(
                f"{found.text} CROSS JOIN {item.text}", (*found.items, item), found.merged, found.stars
            )
        item = apart.derived(self.make, self.sources, name)
        if self.make.one_in(2):
            return From(item.text, (item,))
        condition = f"{name}.n = {self.make.expression('int', Scope(found.terms), 1)}"
        word = self.chance.choice(
            ("JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN" if self.make.one_in(3) else "JOIN")
        )
        text = f"{found.text} {word} {item.text} ON {condition}"
        return From(text, (*found.items, item), found.merged, found.stars)

    def _scope(self, source: From) -> Scope:
        return Scope(source.terms, source.keys, self._subquery)

    def _where(self, scope: Scope, depth: int = 2) -> str:
        return f" WHERE {self.make.condition(scope, depth)}" if self.chance.random() < 0.55 else ""

    def _subquery(self, scope: Scope) -> str:
        """A condition with a subquery, most often tied by the key to the row around it."""
        if self.chance.random() < self.apart:
            return apart.subquery(self.make, self.sources, scope)
        inner = self.sources.table(self.chance.choice((EVENTS, ITEMS, NOTHING)), "q")
        own = Scope(inner.columns, [inner.columns[0]])
        extra = f" AND {self.make.condition(own, 1)}" if self.make.one_in(2) else ""
        keys = [key for key in scope.keys if key.kind == "int"]
        numbers = scope.of_kind("int")
        if keys and not self.make.one_in(5):
            key = self.chance.choice(keys).text
            pattern = self.chance.choice(
                (
                    "EXISTS (SELECT 1 FROM {q} WHERE q.k = {key}{extra})",
                    "EXISTS (SELECT FROM {q} WHERE {key} = q.k{extra})",
                    "NOT EXISTS (SELECT 1 FROM {q} WHERE q.k = {key}{extra})",
                    "{key} IN (SELECT q.k FROM {q} WHERE true{extra})",
                    "{key} NOT IN (SELECT q.k FROM {q} WHERE q.k IS NOT NULL{extra})",
                    "(SELECT count(*) FROM {q} WHERE q.k = {key}{extra}) > 1",
                    "{key} = ANY (SELECT q.k FROM {q} WHERE q.k = {key})",
                    "({key}, 2) IN (SELECT q.k, q.n FROM {q})",
                    "{key} IN (SELECT q.k FROM {q} GROUP BY q.k HAVING count(*) > 1)",
                )
            )
            return pattern.format(q=inner.text, key=key, extra=extra)
        number = self.chance.choice(numbers).text if numbers else "1"
        pattern = self.chance.choice(
            (
                "{n} IN (SELECT l.n FROM lookup l WHERE l.weight > 1)",
                "{n} = (SELECT max(l.n) FROM lookup l)",
                "NOT EXISTS (SELECT 1 FROM lookup l WHERE l.n = {n})",
                "{n} NOT IN (SELECT l.n FROM lookup l WHERE l.n > 2)",
                "{n} IN (SELECT q.n FROM {q})",
                "{n} > (SELECT avg(q.n) FROM {q})",
            )
        )
        return pattern.format(n=number, q=inner.text)

    # --- rows ----------------------------------------------------------------------------------------------------

    def _rows(self) -> Draft:
        source = self._source()
        scope = self._scope(source)
        outputs = [self._output(source, scope) for _ in range(self.chance.choice((1, 2, 3, 4)))]
        if self.make.one_in(5):
            outputs.append(Output(self._star(source), ""))
        body = f"FROM {source.text}{self._where(scope)}"
        return Draft(body, outputs, source.terms, source.terms)

    def _output(self, source: From, scope: Scope) -> Output:
        drawn = self.chance.random()
        alias = next(self.aliases) if self.make.one_in(3) else ""
        if self.chance.random() < self.apart / 3:
            if self.make.one_in(2):
                return Output(apart.window(self.make, source), "", alias)
            return Output(apart.scalar(self.make, self.sources, scope), "int", alias)
        if drawn < 0.5:
            term = self.chance.choice(source.terms)
            return Output(term.text, term.kind, alias)
        if drawn < 0.86:
            kind = self.chance.choice(ALL_KINDS)
            return Output(self.make.expression(kind, scope), kind, alias)
        if drawn < 0.93:
            return Output(self._window(source), "num", alias)
        if keys := [key for key in source.keys if key.kind == "int"]:
            inner = self.sources.table(self.chance.choice((EVENTS, ITEMS)), "q")
            what = self.chance.choice(("count(*)", "max(q.n)", "sum(q.n)", "min(q.tag)"))
            kind = "text" if "tag" in what else "int"
            tied = self.chance.choice(keys).text
            return Output(f"(SELECT {what} FROM {inner.text} WHERE q.k = {tied})", kind, alias)
        return self._whole_row(source)

    def _whole_row(self, source: From) -> Output:
        tables = [item for item in source.items if item.table]
        if not tables:
            return Output("1", "int")
        name = self.chance.choice(tables).name
        return Output(
            self.chance.choice(("row_to_json({})", "to_jsonb({})", "{} IS NULL", "ROW({}.*)")).format(name),
            "",
        )

    def _star(self, source: From) -> str:
        return "*" if self.make.one_in(2) else f"{self.chance.choice(source.items).name}.*"

    def _window(self, source: From) -> str:
        """A window function whose value does not depend on which of equal rows comes first."""
        numbers = [term.text for term in source.terms if term.kind in ("int", "num", "float")] or ["1"]
        over = self.chance.choice(
            [*(key.text for key in source.keys for _ in range(3)), source.terms[0].text]
        )
        by = self.chance.choice(source.terms).text
        function = self.chance.choice(
            ("rank()", "dense_rank()", "count(*)", "sum({})", "max({})", "avg({})", "count({})")
        )
        frame = self.chance.choice(
            (f"PARTITION BY {over} ORDER BY {by}", f"PARTITION BY {over}", f"ORDER BY {by} DESC")
        )
        return f"{function.format(self.chance.choice(numbers))} OVER ({frame})"

    # --- GROUP BY -------------------------------------------------------------------------------------------------

    def _grouped(self) -> Draft:
        source = self._source()
        scope = self._scope(source)
        groups = [self._group(source, scope) for _ in range(self.chance.choice((0, 1, 1, 2, 3)))]
        depending: list[Term] = []
        keyed = [item for item in source.items if item.primary_key]
        if keyed and self.make.one_in(3):
            item = self.chance.choice(keyed)
            groups += [column for column in item.columns if column.name in item.primary_key]
            depending = list(item.columns)
        shown = [
            Output(term.text, term.kind, next(self.aliases) if self.make.one_in(2) else "") for term in groups
        ]
        outputs = [output for output in shown if self.chance.random() < 0.85]
        atoms = Scope([*groups, *depending, *(self._aggregate(source, scope) for _ in range(3))])
        for _ in range(self.chance.choice((0, 1, 2, 3))):
            outputs.append(self._over_groups(atoms))
        outputs = outputs or [Output("count(*)", "int")]
        if self.chance.random() < self.apart:
            outputs.append(Output(apart.aggregate(self.make, scope), ""))
        self.chance.shuffle(outputs)
        body = f"FROM {source.text}{self._where(scope)}"
        # What PostgreSQL 15 simplifies to a constant it shows, and does not sort by, in every set.
        certain = all("(" not in term.text.removeprefix("(") for term in groups)
        if groups and certain and not depending and self.chance.random() < self.apart:
            outputs.append(Output(f"GROUPING({groups[0].text})", "int"))
            body += f" GROUP BY {apart.grouping_sets(self.make, [term.text for term in groups])}"
        elif groups:
            body += f" GROUP BY {', '.join(self._grouped_by(outputs, term) for term in groups)}"
        if self.make.one_in(4):
            body += f" HAVING {self.make.condition(atoms, 1)}"
        return Draft(body, outputs, list(atoms.terms))

    def _group(self, source: From, scope: Scope) -> Term:
        if source.keys and self.make.one_in(4):
            return self.chance.choice(source.keys)
        if self.chance.random() < 0.6:
            term = self.chance.choice(source.terms)
            return Term(term.text, term.kind)
        kind = self.chance.choice(ALL_KINDS)
        # A bare constant would be a position.
        return Term(f"coalesce({self.make.expression(kind, scope, 1)}, {self.make.value(kind)})", kind)

    def _grouped_by(self, outputs: list[Output], term: Term) -> str:
        """A group by its expression, or by the position or the alias of an output that it is."""
        for place, output in enumerate(outputs, start=1):
            if output.text == term.text and self.make.one_in(2):
                return output.alias if output.alias and self.make.one_in(2) else str(place)
        return term.text

    def _aggregate(self, source: From, scope: Scope) -> Term:
        drawn = self.chance.random()
        kind = "int"
        if drawn < 0.25:
            rows = [item.name for item in source.items if item.table]
            text = self.chance.choice(["count(*)", "count(*)", *(f"count({name})" for name in rows)])
        elif drawn < 0.35 and source.keys:
            text = f"count(DISTINCT {self.chance.choice(source.keys).text})"
        elif drawn < 0.65:
            kind = self.chance.choice(("int", "num", "float"))
            name = self.chance.choice(("sum", "avg"))
            text = f"{name}({self.make.expression(kind, scope, 1)})"
            kind = "num" if kind == "int" else kind
        elif drawn < 0.9:
            kind = self.chance.choice(("int", "num", "text", "date", "float"))
            distinct = "DISTINCT " if self.make.one_in(6) else ""
            text = f"{self.chance.choice(('min', 'max'))}({distinct}{self.make.expression(kind, scope, 1)})"
        else:
            kind = "bool"
            text = f"{self.chance.choice(('bool_and', 'bool_or', 'every'))}({self.make.condition(scope, 1)})"
        if self.make.one_in(4):
            text += f" FILTER (WHERE {self.make.condition(scope, 1)})"
        return Term(text, kind)

    def _over_groups(self, atoms: Scope) -> Output:
        alias = next(self.aliases) if self.make.one_in(2) else ""
        if self.make.one_in(12):
            return Output("rank() OVER (ORDER BY count(*) DESC)", "int", alias)
        if self.make.one_in(2):
            term = self.chance.choice(atoms.terms)
            return Output(term.text, term.kind, alias)
        kind = self.chance.choice(ALL_KINDS)
        return Output(self.make.expression(kind, atoms, 1), kind, alias)

    # --- DISTINCT, set operations -----------------------------------------------------------------------------------

    def _distinct(self) -> Draft:
        source = self._source()
        scope = self._scope(source)
        outputs = [
            output
            for _ in range(self.chance.choice((1, 2, 3)))
            if (output := self._output(source, scope)).kind and "OVER" not in output.text
        ] or [Output(source.terms[0].text, source.terms[0].kind)]
        body = f"FROM {source.text}{self._where(scope)}"
        if self.make.one_in(4):
            on = self.chance.choice([*source.keys, *source.keys, *source.terms[:2]]).text
            draft = Draft(f"{body}", outputs, source.terms, source.terms, first=on)
            draft.body = f"DISTINCT ON ({on}) {{}} {body}"
            return draft
        return Draft(f"DISTINCT {{}} {body}", outputs)

    def _set_operation(self) -> Draft:
        kinds = [
            self.chance.choice(("int", "text", "num", "date")) for _ in range(self.chance.choice((1, 2)))
        ]
        words = ("UNION", "UNION ALL", "INTERSECT", "INTERSECT ALL", "EXCEPT", "EXCEPT ALL")
        arms = []
        for _ in range(self.chance.choice((2, 2, 3))):
            source = self._source()
            scope = self._scope(source)
            outputs = [Output(self.make.expression(kind, scope, 1), kind) for kind in kinds]
            arms.append((outputs, f"FROM {source.text}{self._where(scope, 1)}"))
        (outputs, body), *rest = arms
        for others, arm in rest:
            listed = ", ".join(output.text for output in others)
            body += f" {self.chance.choice(words)} SELECT {listed} {arm}"
        return Draft(body, outputs)

    # --- ORDER BY, LIMIT --------------------------------------------------------------------------------------------

    def _finished(self, draft: Draft) -> Query:
        listed = ", ".join(output.written for output in draft.outputs)
        body = draft.body if "{}" in draft.body else f"{{}} {draft.body}"
        text = f"SELECT {body.replace('{}', listed, 1)}"
        if self.sources.ctes:
            text = f"WITH {', '.join(self.sources.ctes)} {text}"
        order, sorted_by, ordered = self._order(draft)
        text += order
        with_ties = order and not draft.first and self.make.one_in(12)
        limited = text + (" FETCH FIRST 3 ROWS WITH TIES" if with_ties else self._limit())
        cut = limited != text and not with_ties
        return Query(
            limited,
            self.make.parameters,
            ordered=ordered,
            sorted_by=sorted_by,
            unlimited=text if cut and not ordered else None,
            any_scale=has_any_scale(text, ordered=ordered),
            binary=self.make.one_in(10),
        )

    def _order(self, draft: Draft) -> tuple[str, tuple[int, ...], bool]:
        """ORDER BY, the outputs that rows are visibly sorted by, and whether no two different rows tie."""
        items: list[tuple[str, int | None]] = [(draft.first, None)] if draft.first else []
        if draft.first or self.chance.random() < 0.6:
            items += [self._sorted(draft) for _ in range(self.chance.choice((0, 1, 1, 2)))]
        total = False
        if (items and self.chance.random() < 0.75) or draft.first:
            total, rest = self._total(draft)
            items += rest
        if not items:
            return "", (), False
        visible = []
        for _, place in items:
            if place is None:
                break
            visible.append(place)
        written = ", ".join(f"{what}{self._direction()}" for what, _ in items)
        return f" ORDER BY {written}", () if draft.first else tuple(visible), total

    def _sorted(self, draft: Draft) -> tuple[str, int | None]:
        """One item of ORDER BY and the output that it is, None for another expression."""
        places = [place for place, output in enumerate(draft.outputs) if output.kind in SORTABLE]
        if draft.hidden and (not places or self.make.one_in(3)):
            kind = self.chance.choice([term.kind for term in draft.hidden])
            scope = Scope(draft.hidden)
            text = self.make.expression(kind, scope, 1)
            # A bare constant would be a position.
            return (text if self.make.one_in(2) else f"coalesce({text}, NULL)"), None
        if not places:
            return "1", 0
        place = self.chance.choice(places)
        output = draft.outputs[place]
        if output.alias and self.make.one_in(2):
            return output.alias, place
        by_text = draft.hidden and self.make.one_in(3)
        return (output.text if by_text else str(place + 1)), place

    def _total(self, draft: Draft) -> tuple[bool, list[tuple[str, int | None]]]:
        """What makes an order total: every output, or everything that rows are made of."""
        if draft.all_of_it and (draft.first or self.make.one_in(3)):
            return True, [(term.text, None) for term in draft.all_of_it]
        if all(output.kind in SORTABLE for output in draft.outputs):
            return True, [(str(place + 1), place) for place in range(len(draft.outputs))]
        return False, []

    def _direction(self) -> str:
        direction = self.chance.choice(("", "", "", " ASC", " DESC", " DESC"))
        return direction + self.chance.choice(("", "", "", " NULLS FIRST", " NULLS LAST"))

    def _limit(self) -> str:
        if not self.make.one_in(3):
            return ""
        count = self.chance.choice((0, 1, 2, 3, 5, 10, 1000))
        skip = self.chance.choice((0, 1, 2, 4, 50))
        limits = (
            f" LIMIT {count}",
            f" LIMIT {count} OFFSET {skip}",
            f" OFFSET {skip}",
            f" OFFSET {skip} ROWS FETCH NEXT {count} ROWS ONLY",
            " FETCH FIRST ROW ONLY",
            " LIMIT ALL",
            " LIMIT {} OFFSET {}",
            " LIMIT {}",
            " OFFSET {} LIMIT {}",
            f" LIMIT {count}::bigint",
        )
        values: Iterator[Any] = iter(
            [self.chance.choice((count, count, None, Decimal(count), str(count))), skip]
        )
        pattern = self.chance.choice(limits)
        for value in values:
            if "{}" in pattern:
                pattern = pattern.replace("{}", self.make.parameter(value), 1)
        return pattern
