"""The partition of each row, from its key: many rows at a time, each distinct key hashed once."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import MAX_EMAX, MIN_EMIN, ROUND_HALF_UP, Decimal, localcontext
from typing import Any

from parallel_partition.catalog.key_forms import NotProven, decimal_form, key_text_of_literal
from parallel_partition.catalog.key_text import key_text
from parallel_partition.catalog.shard_map import joined, parts_of
from parallel_partition.catalog.tables import Table
from parallel_partition.errors import DataError
from parallel_partition.writing.refusals import BadValue

#: Distinct keys whose partition is remembered, about 10 MB. A file that is ordered by its key needs few; one
#: that is not is hashed again, which takes 1 us per row.
REMEMBERED = 100_000

#: More than any number of PostgreSQL has.
DIGITS = 150_000

_VARCHAR = re.compile(r"character varying\((\d+)\)")
_NUMERIC = re.compile(r"numeric\((\d+),(-?\d+)\)")


class Remembered:
    """The partitions of keys, computed for all new ones of a batch together."""

    def __init__(self, parts_of_new: Callable[[list[Any]], list[int]]) -> None:
        self._parts_of_new = parts_of_new
        self._known: dict[Any, int] = {}

    def __len__(self) -> int:
        return len(self._known)

    def parts(self, keys: Sequence[Any]) -> list[int]:
        """The partition of each key."""
        new = set(keys).difference(self._known)
        if new:
            if len(self._known) + len(new) > REMEMBERED:
                self._known = {}
                new = set(keys)
            ordered = list(new)
            self._known.update(zip(ordered, self._parts_of_new(ordered), strict=True))
        return list(map(self._known.__getitem__, keys))


def _as_varchar(limit: int) -> Callable[[str], str]:
    def stored(text: str) -> str:
        """What does not fit is refused by PostgreSQL, unless it is spaces: those it leaves out."""
        return text if text[limit:].strip(" ") else text[:limit]

    return stored


def _as_numeric(scale: int) -> Callable[[str], str]:
    unit = Decimal((0, (1,), -scale))

    def stored(text: str) -> str:
        """A number with more decimal places than its column is rounded, half away from zero."""
        number = Decimal(text)
        if not number.is_finite():
            return text
        with localcontext(prec=DIGITS, Emax=MAX_EMAX, Emin=MIN_EMIN):
            return decimal_form(number.quantize(unit, ROUND_HALF_UP))

    return stored


def stored_form(column_type: str) -> Callable[[str], str] | None:
    """How a key column of a limited type changes the canonical text of a value that it stores; None: never."""
    if found := _VARCHAR.fullmatch(column_type):
        return _as_varchar(int(found[1]))
    if found := _NUMERIC.fullmatch(column_type):
        return _as_numeric(int(found[2]))
    return None


class Keys:
    """Finds the partitions of a sharded table's rows.

    Parameters
    ----------
    table : the table
    num_partitions : of the cluster
    """

    def __init__(self, table: Table, num_partitions: int) -> None:
        self.columns = table.key
        self.num_partitions = num_partitions
        self._types = table.key_types
        declared = {column.name: column.type for column in table.columns}
        self._stored = [stored_form(declared[name]) for name in table.key]
        self.known = Remembered(self._parts_of_texts)

    def parts(self, columns: Sequence[Sequence[Any]]) -> list[int]:
        """The partitions of rows whose key columns' Python values are given by column.

        Raises
        ------
        BadValue : a value is no key of its column's type
        """
        texts = [self._texts(number, values) for number, values in enumerate(columns)]
        keys = texts[0] if len(texts) == 1 else list(map(joined, zip(*texts, strict=True)))
        return self.known.parts(keys)

    def canonical(self, number: int, text: str) -> str:
        """The text that the ``number``-th key column's value is hashed by, given in the type's input form.

        Raises
        ------
        NotProven : it is not certain which value PostgreSQL reads in it
        """
        stored = self._stored[number]
        canonical = key_text_of_literal(text, self._types[number])
        return stored(canonical) if stored else canonical

    def is_integer(self, number: int) -> bool:
        """True where the ``number``-th key column holds integers."""
        return self._types[number] == "integer"

    def _parts_of_texts(self, texts: Sequence[str | None]) -> list[int]:
        return parts_of([text.encode() if text else b"" for text in texts], self.num_partitions)

    def _texts(self, number: int, values: Sequence[Any]) -> Sequence[str | None]:
        type_, stored = self._types[number], self._stored[number]
        kinds = set(map(type, values))
        if type_ == "integer" and kinds == {int}:
            return list(map(str, values))
        if type_ == "text" and stored is None and kinds <= {str, type(None)}:
            return values
        texts = []
        for index, value in enumerate(values):
            try:
                text = key_text(value, type_)
                texts.append(stored(text) if stored and text is not None else text)
            except (DataError, NotProven) as error:
                raise BadValue(index, self.columns[number], str(error)) from None
        return texts
