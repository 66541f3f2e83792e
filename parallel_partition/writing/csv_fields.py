"""Fields of CSV records: the key's, without touching the others where that can be helped."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from parallel_partition.catalog.key_forms import NotProven
from parallel_partition.catalog.shard_map import joined, parts_of
from parallel_partition.writing.csv_records import BadRecord, Dialect
from parallel_partition.writing.keys import Keys, Remembered
from parallel_partition.writing.refusals import BadValue

#: Lines of integers as PostgreSQL prints them.
_INTEGERS = re.compile(rb"(?:[1-9][0-9]{0,17}|0)(?:\n(?:[1-9][0-9]{0,17}|0))*+")


def fields(record: bytes, dialect: Dialect) -> list[bytes]:
    """The fields as they stand in the record, quotes and all."""
    pieces = record.split(dialect.delimiter)
    if dialect.quote not in record:
        return pieces
    found: list[bytes] = []
    parts: list[bytes] = []
    inside = False
    for piece in pieces:
        inside ^= bool(piece.count(dialect.quote) & 1)
        parts.append(piece)
        if not inside:
            found.append(dialect.delimiter.join(parts))
            parts = []
    return found


def unquoted(field: bytes, quote: bytes) -> bytes:
    """The value of a field, as PostgreSQL reads it: quotes in its middle switch quoting too."""
    outside, *rest = field.split(quote)
    value = [outside]
    for place, text in enumerate(rest, start=1):
        doubled = place % 2 == 0 and not text and place < len(rest)
        value.append(quote if doubled else text)
    return b"".join(value)


def header_names(record: bytes, dialect: Dialect) -> list[str]:
    """The column names in a file's first record.

    Raises
    ------
    BadRecord : it is no UTF-8 text
    """
    try:
        return [unquoted(field, dialect.quote).decode() for field in fields(record, dialect)]
    except UnicodeDecodeError as error:
        raise BadRecord(-1, f"the header is no text in the file's encoding: {error}") from None


class CsvKeys:
    """Finds the partitions of records.

    A key field is looked up as it stands in the file; a new one is read, made canonical and hashed once. A
    quoted field is looked up by a quote and its value: unlike any other it is never NULL.

    Parameters
    ----------
    keys : the table's key
    places : the field of each key column, from 0; None for one that records leave out, which is NULL
    dialect : how the file is written
    """

    def __init__(self, keys: Keys, places: Sequence[int | None], dialect: Dialect) -> None:
        self._keys = keys
        self._places = tuple(places)
        self._dialect = dialect
        self._single = places[0] if len(places) == 1 else None
        self._known = Remembered(self._parts_of_several if self._single is None else self._parts_of_single)

    def parts(self, records: Sequence[bytes]) -> list[int]:
        """The partition of each record.

        Raises
        ------
        BadValue : a record has no such field, or a value that is no key
        """
        try:
            return self._known.parts(self._key_fields(records))
        except (IndexError, NotProven, UnicodeDecodeError):
            self._raise_first(records)
            raise

    def _key_fields(self, records: Sequence[bytes]) -> Sequence[Any]:
        delimiter, quote = self._dialect.delimiter, self._dialect.quote
        if self._single is None:
            return [self._fields_of(record) for record in records]
        place, last = self._single, self._single + 1
        if quote not in b"".join(records):
            return [record.split(delimiter, last)[place] for record in records]
        if place == 0:
            first = [record.split(delimiter, 1)[0] for record in records]
            if quote not in b"".join(first):
                return first
        return [
            before[place]
            if len(before := record.split(quote, 1)[0].split(delimiter, last)) > last
            else self._field_of(record, place)
            for record in records
        ]

    def _field_of(self, record: bytes, place: int) -> bytes:
        return self._looked_up(fields(record, self._dialect)[place])

    def _fields_of(self, record: bytes) -> tuple[bytes | None, ...]:
        every = fields(record, self._dialect)
        return tuple(None if place is None else self._looked_up(every[place]) for place in self._places)

    def _looked_up(self, field: bytes) -> bytes:
        quote = self._dialect.quote
        return quote + unquoted(field, quote) if quote in field else field

    def _parts_of_single(self, new: list[bytes]) -> list[int]:
        # Most keys are integers as PostgreSQL prints them, and hashed as they are.
        if (
            self._keys.is_integer(0)
            and self._dialect.null not in new
            and _INTEGERS.fullmatch(b"\n".join(new))
        ):
            return parts_of(new, self._keys.num_partitions)
        return parts_of([(self._text(0, field) or "").encode() for field in new], self._keys.num_partitions)

    def _parts_of_several(self, new: list[tuple[bytes | None, ...]]) -> list[int]:
        texts = [joined([self._text(number, field) for number, field in enumerate(key)]) for key in new]
        return parts_of([text.encode() for text in texts], self._keys.num_partitions)

    def _text(self, number: int, field: bytes | None) -> str | None:
        if field is None:
            return None
        if field.startswith(self._dialect.quote):
            field = field[1:]
        elif field == self._dialect.null:
            return None
        return self._keys.canonical(number, field.decode())

    def _raise_first(self, records: Sequence[bytes]) -> None:
        for index, record in enumerate(records):
            every = fields(record, self._dialect)
            for number, place in enumerate(self._places):
                column = self._keys.columns[number]
                if place is None:
                    continue
                if place >= len(every):
                    raise BadValue(
                        index, column, f"the record has {len(every)} fields, and this is the {place + 1}th"
                    )
                try:
                    self._text(number, self._looked_up(every[place]))
                except (NotProven, UnicodeDecodeError) as error:
                    raise BadValue(index, column, f"no key of this column's type: {error}") from None
