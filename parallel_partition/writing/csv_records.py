r"""CSV as PostgreSQL's COPY reads it, in bytes: records, fields, and nothing decoded.

A quote turns quoting on and off wherever it stands, so a line end or a delimiter counts when the number of
quotes before it is even; a doubled quote changes nothing in that. `csv` of the standard library reads quotes
in the middle of a field in another way, and takes ten times as long.

PostgreSQL before 18 takes a record ``\.`` for the end of the data and drops what follows; here it is data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from parallel_partition.errors import DataError, ProgrammingError

#: Bytes read at a time. Of 256 kB, 1 MB and 4 MB this measured fastest: enough rows for each partition that
#: joining them costs nothing, few enough to stay in the processor's cache.
BLOCK = 1 << 20
#: A longer record is taken for a quote that is never closed.
RECORD_MAX = 1 << 28

_END_OF_DATA = b"\\."


@dataclass(frozen=True, slots=True)
class Dialect:
    """How the file is written; one byte each for ``delimiter`` and ``quote``."""

    delimiter: bytes = b","
    quote: bytes = b'"'
    null: bytes = b""

    def check(self) -> None:
        """Refuse what COPY would refuse too, before anything is split by it.

        Raises
        ------
        errors.ProgrammingError : which, and why
        """
        for name, value in (("delimiter", self.delimiter), ("quote", self.quote)):
            if len(value) != 1 or value in b"\r\n\0":
                raise ProgrammingError(
                    f"{name} must be one byte other than a line end, not {value.decode()!r}"
                )
        if self.delimiter == self.quote:
            raise ProgrammingError(f"delimiter and quote are both {self.quote.decode()!r}")
        if any(byte in self.null for byte in (b"\r", b"\n", self.delimiter, self.quote)):
            raise ProgrammingError(f"null={self.null.decode()!r} holds a delimiter, a quote or a line end")
        if self.null == _END_OF_DATA:
            raise ProgrammingError(r"null='\.' is PostgreSQL's mark for the end of the data")


class BadRecord(DataError):
    """A record that cannot be told apart from the next; ``index`` counts from 0 in its batch."""

    def __init__(self, index: int, message: str) -> None:
        super().__init__(message)
        self.index = index


class Records:
    """Splits a stream of blocks into complete records, without their line ends.

    Parameters
    ----------
    read : returns the next bytes, at most as many as asked for, and none at the end
    dialect : how the file is written
    """

    def __init__(self, read: Callable[[int], bytes], dialect: Dialect) -> None:
        self._read = read
        self._dialect = dialect
        self._line_end: bytes | None = None
        self._first: list[bytes] = []
        self._stream = self._complete()
        quote = dialect.quote
        self._all_but_structure = bytes(byte for byte in range(256) if byte not in b"\n" + quote)

    def header(self) -> bytes | None:
        """Take the first record off; None when there is none. Only before `batches`."""
        try:
            self._first = next(self._stream, [])
        except BadRecord as bad:
            raise BadRecord(bad.index - 1, str(bad)) from None
        return self._first.pop(0) if self._first else None

    def batches(self) -> Iterator[list[bytes]]:
        """Records in order, as many at a time as one block holds.

        Raises
        ------
        BadRecord : PostgreSQL would not take the record either
        """
        if self._first:
            yield self._first
        yield from self._stream

    def _complete(self) -> Iterator[list[bytes]]:
        rest = b""
        while True:
            # Reading as much as is left over keeps a long record from being split again and again.
            block = self._read(max(BLOCK, len(rest)))
            if not block:
                break
            data = rest + block
            end = data.rfind(b"\n") + 1
            records, unfinished = self._split(data[:end])
            rest = unfinished + data[end:]
            if len(rest) > RECORD_MAX:
                raise BadRecord(
                    len(records), f"it is longer than {RECORD_MAX >> 20} MB: is a quote not closed?"
                )
            if records:
                yield records
        if rest:
            yield self._last(rest)

    def _split(self, data: bytes) -> tuple[list[bytes], bytes]:
        """The complete records of ``data``, which ends in a line end, and what is left of it."""
        if not data:
            return [], b""
        if self._has_odd_line(data):
            lines, unfinished = self._split_quoted(data)
        else:
            lines, unfinished = data.split(b"\n"), b""
            lines.pop()
        return self._clean(lines, data), unfinished

    def _has_odd_line(self, data: bytes) -> bool:
        """True when some line holds an odd number of quotes, so that a line end may be inside a field."""
        quote = self._dialect.quote
        if quote not in data:
            return False
        # Left are runs of quotes between line ends; pairs vanish, and an odd run leaves one.
        runs = data.translate(None, self._all_but_structure)
        return quote in runs.replace(quote + quote, b"")

    def _split_quoted(self, data: bytes) -> tuple[list[bytes], bytes]:
        records: list[bytes] = []
        pieces: list[bytes] = []
        quote, inside = self._dialect.quote, False
        lines = data.split(b"\n")
        lines.pop()
        for line in lines:
            inside ^= bool(line.count(quote) & 1)
            if not inside and not pieces:
                records.append(line)
                continue
            pieces.append(line)
            if not inside:
                records.append(b"\n".join(pieces))
                pieces = []
        pieces.append(b"")
        return records, b"\n".join(pieces)

    def _clean(self, records: list[bytes], data: bytes) -> list[bytes]:
        """Take the line ends' carriage returns off, and quote what older servers take for the end of the data."""
        if b"\r" in data and records:
            self._line_end = self._line_end or (b"\r\n" if records[0].endswith(b"\r") else b"\n")
            records = [self._without_return(record, index) for index, record in enumerate(records)]
        elif records:
            self._line_end = self._line_end or b"\n"
            if self._line_end == b"\r\n":
                raise BadRecord(0, "its line ends without a carriage return, unlike the first")
        if b"\\" in data and _END_OF_DATA in records:
            quoted = self._dialect.quote + _END_OF_DATA + self._dialect.quote
            records = [quoted if record == _END_OF_DATA else record for record in records]
        return records

    def _without_return(self, record: bytes, index: int) -> bytes:
        if self._line_end == b"\r\n":
            if not record.endswith(b"\r"):
                raise BadRecord(index, "its line ends without a carriage return, unlike the first")
            record = record[:-1]
        self._refuse_bare_return(record, index)
        return record

    def _refuse_bare_return(self, record: bytes, index: int) -> None:
        outside = b"".join(record.split(self._dialect.quote)[::2]) if b"\r" in record else b""
        if b"\r" in outside:
            raise BadRecord(index, "it holds a carriage return outside of quotes")

    def _last(self, rest: bytes) -> list[bytes]:
        """The record behind which the file ends without a line end."""
        if rest.count(self._dialect.quote) & 1:
            raise BadRecord(0, "the file ends inside of quotes")
        self._refuse_bare_return(rest, 0)
        if rest == _END_OF_DATA:
            return [self._dialect.quote + rest + self._dialect.quote]
        return [rest]


def record_of_line(data: bytes, quote: bytes, line: int) -> int:
    """The place, from 0, of the record that holds a line of ``data``, where lines end inside of quotes too."""
    inside = False
    place = 0
    for number, text in enumerate(data.split(b"\n"), start=1):
        inside ^= bool(text.count(quote) & 1)
        if number >= line:
            return place
        place += not inside
    raise IndexError(f"the data has fewer than {line} lines")
