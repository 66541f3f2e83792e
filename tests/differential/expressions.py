"""Random values, expressions and conditions over what is in scope."""

from __future__ import annotations

import datetime
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tests.differential.data import FIRST_DAY, TAGS, TEXTS

#: The kinds of `data.KINDS`.
ALL_KINDS = ("int", "num", "text", "date", "float", "bool")
#: What a value of each kind is cast to where its type must be certain.
TYPE_OF = {
    "int": "int",
    "num": "numeric",
    "text": "text",
    "date": "date",
    "float": "float8",
    "bool": "boolean",
}


@dataclass(frozen=True)
class Term:
    """Something of a known kind that expressions may be made of: a column, or a finished expression."""

    text: str
    kind: str
    #: Its place in the statement must be found again by GROUP BY or ORDER BY, so it is used as it is.
    name: str = ""


@dataclass
class Scope:
    """What an expression may refer to: ``terms``, and of these the keys of sharded tables."""

    terms: Sequence[Term]
    keys: Sequence[Term] = ()
    #: Gives a condition with a subquery, where those may be.
    subquery: Callable[[Scope], str] | None = None

    def of_kind(self, kind: str) -> list[Term]:
        return [term for term in self.terms if term.kind == kind]


@dataclass
class Expressions:
    """Makes expressions; the values that it passes as parameters are in ``parameters`` by name."""

    chance: random.Random
    parameters: dict[str, Any] = field(default_factory=dict)
    #: How often a value is passed as a parameter.
    share_of_parameters: float = 0.2
    _placeholders: list[tuple[str, Any]] = field(default_factory=list)

    def one_in(self, number: int) -> bool:
        """True once in ``number`` times."""
        return self.chance.randrange(number) == 0

    # --- values -------------------------------------------------------------------------------------------------

    def parameter(self, value: Any) -> str:
        """The placeholder of a value, which may be that of an equal value used before."""
        for placeholder, used in self._placeholders:
            if type(used) is type(value) and used == value and self.one_in(2):
                return placeholder
        name = f"p{len(self.parameters) + 1}"
        self.parameters[name] = value
        placeholder = f"%({name}){'b' if self.one_in(8) and not isinstance(value, list) else 's'}"
        self._placeholders.append((placeholder, value))
        return placeholder

    def value(self, kind: str) -> str:
        """A constant or a parameter."""
        drawn = self.draw(kind)
        if self.chance.random() < self.share_of_parameters:
            placeholder = self.parameter(drawn)
            return f"{placeholder}::{TYPE_OF[kind]}" if self.one_in(2) else placeholder
        return literal(drawn, kind)

    def draw(self, kind: str) -> Any:
        """A Python value of a kind."""
        chance = self.chance
        match kind:
            case "int":
                return chance.choice((-5, -1, 0, 1, 2, 2, 3, 5, 7, 8, 10, 13))
            case "num":
                return Decimal(
                    chance.choice(("1.5", "1.50", "0", "-0.25", "2", "3.125", "-3", "100", "0.001"))
                )
            case "text":
                return chance.choice([text for text in (*TEXTS, *TAGS) if text is not None])
            case "date":
                return FIRST_DAY + datetime.timedelta(days=chance.randrange(12))
            case "float":
                return chance.randrange(-20, 40) / 4
        return chance.choice((True, False))

    # --- expressions --------------------------------------------------------------------------------------------

    def expression(self, kind: str, scope: Scope, depth: int = 2) -> str:
        """An expression of a kind, in parentheses where it needs them."""
        terms = scope.of_kind(kind)
        if terms and (depth <= 0 or self.one_in(2)):
            return self.chance.choice(terms).text
        if depth <= 0:
            return self.value(kind)
        if kind == "bool":
            return f"({self.condition(scope, depth - 1)})"
        makers = _MAKERS[kind]
        return self._filled(self.chance.choice(makers), scope, depth - 1)

    def _filled(self, pattern: str, scope: Scope, depth: int) -> str:
        """A pattern with expressions in place of ``{int}``, ``{num}``, ..., and a condition in place of ``{if}``."""

        def fill(found: re.Match[str]) -> str:
            kind = found[1]
            return self.condition(scope, depth) if kind == "if" else self.expression(kind, scope, depth)

        return _PLACES.sub(fill, pattern)

    # --- conditions ---------------------------------------------------------------------------------------------

    def condition(self, scope: Scope, depth: int = 2) -> str:
        """A condition, with parentheses around it where it is made of several."""
        drawn = self.chance.random()
        if depth > 0 and drawn < 0.3:
            count = self.chance.choice((2, 2, 3))
            word = self.chance.choice((" AND ", " OR "))
            return f"({word.join(self.condition(scope, depth - 1) for _ in range(count))})"
        if depth > 0 and drawn < 0.36:
            return f"NOT ({self.condition(scope, depth - 1)})"
        if scope.keys and drawn < 0.6:
            return self.key_condition(self.chance.choice(scope.keys))
        if scope.subquery and drawn < 0.7:
            return scope.subquery(scope)
        if drawn < 0.72:
            return self.chance.choice(("true", "false", "NULL::boolean", "1 = 1", "NULL IS NULL"))
        return self._comparison(scope, depth)

    def _comparison(self, scope: Scope, depth: int) -> str:
        kind = self.chance.choice([kind for kind in ALL_KINDS if scope.of_kind(kind)] or ["int"])
        pattern = self.chance.choice(
            (
                "{x} = {x}",
                "{x} <> {x}",
                "{x} < {x}",
                "{x} >= {x}",
                "{x} IS NULL",
                "{x} IS NOT NULL",
                "{x} BETWEEN {x} AND {x}",
                "{x} IN ({x}, {x}, {x})",
                "{x} NOT IN ({x}, {x})",
                "{x} IS DISTINCT FROM {x}",
                "({x} > {x}) IS TRUE",
                "({x} > {x}) IS NOT FALSE",
                "{text} LIKE '%%a%%'",
                "{text} ILIKE 'A%%'",
                "coalesce({x}, {x}) <= {x}",
                "CASE WHEN {x} = {x} THEN {x} < {x} ELSE {x} IS NULL END",
            )
        )
        return self._filled(pattern.replace("{x}", f"{{{kind}}}"), scope, min(depth, 1))

    def key_condition(self, key: Term) -> str:
        """A condition on a key: most of them say what it is."""

        def fill(found: re.Match[str]) -> str:
            match found[1]:
                case "key":
                    return key.text
                case "value":
                    return literal(self.draw(key.kind), key.kind)
                case "digits":
                    return str(self.draw(key.kind))
                case "list":
                    return self.parameter([self.draw(key.kind) for _ in range(3)] + [None] * self.one_in(3))
            return self.parameter(self._key_parameter(key.kind))

        return _PLACES.sub(fill, self.chance.choice(_TEXT_KEY if key.kind == "text" else _INT_KEY))

    def _key_parameter(self, kind: str) -> Any:
        drawn = self.draw(kind)
        if kind == "text":
            return self.chance.choice((drawn, drawn, None))
        return self.chance.choice(
            (drawn, drawn, str(drawn), f"0{abs(drawn)}", Decimal(drawn), float(drawn), None)
        )


def literal(value: Any, kind: str) -> str:
    """A value as SQL writes it."""
    if value is None:
        return f"NULL::{TYPE_OF[kind]}"
    match kind:
        case "text":
            return "'" + str(value).replace("'", "''").replace("%", "%%") + "'"
        case "date":
            return f"DATE '{value}'"
        case "bool":
            return str(value).lower()
        case "float":
            return f"{value}::float8"
    return str(value) if str(value)[0] != "-" else f"({value})"


_PLACES = re.compile(r"\{([a-z]+)\}")

_INT_KEY = (
    *(
        "{key} = {value}",
        "{value} = {key}",
        "{key} = {parameter}",
        "{key} = {parameter}",
        "{key} = ANY({list})",
    ),
    *("{key} = ANY({list})", "{key} IN ({value}, {value}, {value})", "{key} IN ({parameter}, {value})"),
    *("{key} IS NULL", "{key} = {value} AND {key} = {value}", "{key} = {value} OR {key} = {value}"),
    *(
        "({key} = {value} OR {key} IS NULL)",
        "({key} = {value}) IS TRUE",
        "{key} = '{digits}'",
        "{key} = '00{digits}'",
    ),
    *("{key} = {digits}.0", "{key} = {digits}.5", "{key} = '{digits}'::bigint", "{key} = {value}::int"),
    *(
        "{key} = {parameter}::bigint",
        "{key}::text = '{digits}'",
        "{key} + 0 = {value}",
        "{key} IN ({value}, NULL)",
    ),
    *("{key} NOT IN ({value}, NULL)", "{key} NOT IN ({value}, {value})", "{key} BETWEEN {value} AND {value}"),
    *(
        "{key} > {value}",
        "{key} <> {value}",
        "{key} = ANY('{{digits},{digits},NULL}')",
        "{key} <> ALL({list})",
    ),
    *("{key} = ANY(ARRAY[{value}, {value}])", "{key} IS NOT DISTINCT FROM {value}", "{key} IS NOT NULL"),
    *(
        "({key} = {value} OR 1 = 1)",
        "{key} = {value} AND true",
        "{key} = {value}::numeric",
        "{key} = 10000000000",
    ),
    *("({key} = {value} AND {value} = {key} OR {key} = {parameter})", "({key}, 1) = ({value}, 1)"),
    *(
        "({key}, 1) IN (({value}, 1), ({value}, 2))",
        "NOT {key} = {value}",
        "{key} = - {value}",
        "{key} %% 3 = 1",
    ),
    *(
        "{key} = (SELECT {value})",
        "NOT ({key} <> {value})",
        "{value} IN ({key}, 3)",
        "{key} = {value} IS NOT FALSE",
    ),
)
_TEXT_KEY = (
    *(
        "{key} = {value}",
        "{value} = {key}",
        "{key} = {parameter}",
        "{key} = {parameter}",
        "{key} = ANY({list})",
    ),
    *(
        "{key} IN ({value}, {value}, {value})",
        "{key} IS NULL",
        "{key} = {value} OR {key} = {value}",
        "{key} > {value}",
    ),
    *("{key} = {value}::text", "{key} = {value}::varchar(1)", "{key} = {value} || ''", "{key} LIKE {value}"),
    *(
        "lower({key}) = {value}",
        "{key} = {value} AND {key} = {value}",
        "{key} <> {value}",
        "{key} = (SELECT {value})",
    ),
    *("{key} = ANY(ARRAY[{value}, {value}])", "{key} NOT IN ({value}, {value})", "({key} = {value} OR true)"),
    *("{key} BETWEEN {value} AND {value}", "{key} = {value}::char(1)", '{key} = {value} COLLATE "C"'),
)

_ANY_KIND = (
    "coalesce({x}, {x})",
    "CASE WHEN {if} THEN {x} ELSE {x} END",
    "CASE WHEN {if} THEN {x} END",
    "nullif({x}, {x})",
    "greatest({x}, {x})",
    "least({x}, {x})",
)
_OF_KIND = {
    "int": (
        *("({int} + {int})", "({int} - {int})", "({int} * 2)", "(- {int})", "abs({int})", "length({text})"),
        *("({int} %% 3)", "({int} / 2)", "extract(day FROM {date})::int", "round({num})::int", "{bool}::int"),
    ),
    "num": (
        *(
            "({num} + {num})",
            "({num} * 1.5)",
            "round({num}, 1)",
            "({num} / nullif({num}, 0))",
            "{int}::numeric",
        ),
        *("({num} - {int})", "trunc({num})", "abs({num})", "({int} * 0.5)", "round({num} / 3, 2)"),
    ),
    "text": (
        *("upper({text})", "lower({text})", "({text} || {text})", "substr({text}, 1, 2)", "{int}::text"),
        *(
            "({text} || {int})",
            "{date}::text",
            "replace({text}, 'a', 'ä')",
            "{bool}::text",
            "concat({text}, {int})",
        ),
    ),
    "date": ("({date} + 1)", "({date} - 3)", "date_trunc('month', {date})::date"),
    "float": ("({float} * 2)", "({float} + 0.5)", "abs({float})", "{int}::float8", "({float} - {int})"),
}
_MAKERS = {
    kind: own + tuple(pattern.replace("{x}", f"{{{kind}}}") for pattern in _ANY_KIND)
    for kind, own in _OF_KIND.items()
}
