"""CSV in bytes: the same records and values as Python's csv reads, and PostgreSQL's ways where the two differ."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from parallel_partition.catalog.shard_map import joined, part_of
from parallel_partition.catalog.tables import Column, Table
from parallel_partition.errors import ProgrammingError
from parallel_partition.writing import csv_records
from parallel_partition.writing.csv_fields import CsvKeys, fields, header_names, unquoted
from parallel_partition.writing.csv_records import BadRecord, Dialect, Records, record_of_line
from parallel_partition.writing.keys import Keys
from parallel_partition.writing.refusals import BadValue

CSV = Dialect()
#: What decides where records and fields end, and little else.
TEXT = st.text(alphabet='ab,;"\n\r\\.é|\t ', max_size=6)
ROWS = st.lists(st.lists(TEXT, min_size=1, max_size=4), max_size=12)


def reader(data: bytes, *sizes: int) -> Callable[[int], bytes]:
    """Reads ``data`` in blocks of the given sizes, over and over, whatever is asked for."""
    state = {"at": 0, "turn": 0}

    def read(_: int) -> bytes:
        size = sizes[state["turn"] % len(sizes)] if sizes else len(data)
        block = data[state["at"] : state["at"] + size]
        state["at"] += len(block)
        state["turn"] += 1
        return block

    return read


def records(data: bytes, *sizes: int, dialect: Dialect = CSV) -> list[bytes]:
    return [record for batch in Records(reader(data, *sizes), dialect).batches() for record in batch]


def written(rows: list[list[str]], **options: str) -> bytes:
    out = io.StringIO()
    csv.writer(out, **options).writerows(rows)  # type: ignore[arg-type]
    return out.getvalue().encode()


def table(*columns: tuple[str, str, str]) -> Table:
    """A table whose columns (name, type, key type) are all its key."""
    return Table(
        "public",
        "t",
        "sharded",
        tuple(Column(name, type_, 0) for name, type_, _ in columns),
        tuple(name for name, _, _ in columns),
        tuple(key_type for _, _, key_type in columns),
    )


@given(
    ROWS,
    st.lists(st.integers(1, 9), max_size=3),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([",", ";", "|", "\t"]),
    st.sampled_from(['"', "'"]),
    st.booleans(),
)
@example([["a\n", "b"]], [1], "\r\n", ",", '"', True)
@example([['"']], [1], "\n", ",", '"', True)
def test_records_and_values_are_those_of_the_standard_library(
    rows: list[list[str]], sizes: list[int], line_end: str, delimiter: str, quote: str, ends_in_line_end: bool
) -> None:
    data = written(rows, lineterminator=line_end, delimiter=delimiter, quotechar=quote, quoting=csv.QUOTE_ALL)
    if not ends_in_line_end:
        data = data.removesuffix(line_end.encode())
    dialect = Dialect(delimiter.encode(), quote.encode())
    found = [
        [unquoted(field, dialect.quote).decode() for field in fields(record, dialect)]
        for record in records(data, *sizes, dialect=dialect)
    ]
    assert found == rows


@given(ROWS, st.lists(st.integers(1, 9), max_size=3))
def test_minimal_quotes_are_read_alike(rows: list[list[str]], sizes: list[int]) -> None:
    rows = [
        row if row != [""] else ["x"] for row in rows
    ]  # csv writes "" for it, to tell it from an empty line
    data = written(rows, lineterminator="\n")
    if b"\r" in data.replace(b"\r\n", b""):
        return  # csv leaves some carriage returns unquoted, which PostgreSQL refuses
    expected = list(csv.reader(io.StringIO(data.decode(), newline="")))
    try:
        found = records(data, *sizes)
    except BadRecord:
        assert b"\r" in data
        return
    assert [[unquoted(field, b'"').decode() for field in fields(record, CSV)] for record in found] == expected


@given(
    st.binary(max_size=40).map(lambda data: bytes(b'ab",\n'[byte % 5] for byte in data)), st.integers(1, 7)
)
def test_blocks_change_nothing(data: bytes, size: int) -> None:
    """Whatever the text: read at once, or in blocks of any size."""

    def outcome(*sizes: int) -> object:
        try:
            return records(data, *sizes)
        except BadRecord as bad:
            return str(bad)

    assert outcome(size) == outcome()


@given(st.lists(st.sampled_from(['"', "a", ",", '""', '"a"']), max_size=8).map("".join))
def test_values_with_quotes_anywhere_are_read_as_postgresql_reads_them(text: str) -> None:
    assert unquoted(text.encode(), b'"').decode() == value_by_postgresql(text) or text.count('"') % 2


def value_by_postgresql(text: str) -> str:
    """CopyReadAttributesCSV, one character at a time, for a field with an even number of quotes."""
    value, inside, at = "", False, 0
    while at < len(text):
        character = text[at]
        if character != '"':
            value += character
        elif not inside:
            inside = True
        elif text[at + 1 : at + 2] == '"':
            value += '"'
            at += 1
        else:
            inside = False
        at += 1
    return value


# --- line ends ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_carriage_returns_of_line_ends_are_left_out_and_quoted_ones_kept(size: int) -> None:
    assert records(b'a,"x\r\ny"\r\nb,"\r"\r\n', size) == [b'a,"x\r\ny"', b'b,"\r"']


@pytest.mark.parametrize(
    ("data", "index", "message"),
    [
        (b"a\nb\r\n", 1, "carriage return outside of quotes"),
        (b"a\r\nb\n", 1, "unlike the first"),
        (b"a\r\nb\r\nc\n", 2, "unlike the first"),
        (b"a\rb\rc\r", 0, "carriage return outside of quotes"),
        (b'"x",a\rb\n', 0, "carriage return outside of quotes"),
        (b"a\nb\r", 0, "carriage return outside of quotes"),  # a batch of its own: the last
        (b'a\n"b', 0, "ends inside of quotes"),
    ],
)
def test_what_postgresql_would_not_take_is_refused(data: bytes, index: int, message: str) -> None:
    with pytest.raises(BadRecord, match=message) as raised:
        records(data)
    assert raised.value.index == index


def test_line_ends_must_agree_over_blocks() -> None:
    with pytest.raises(BadRecord, match="unlike the first"):
        records(b"aaaa\r\nb\n", 6)


def test_the_last_line_needs_no_end() -> None:
    assert records(b"a\nb") == [b"a", b"b"]
    assert records(b"a\r\nb") == [b"a", b"b"]
    assert records(b"") == []


def test_empty_lines_are_records() -> None:
    assert records(b"\na\n\n") == [b"", b"a", b""]


@pytest.mark.parametrize("data", [b"a\n\\.\nb\n", b"a\r\n\\.\r\nb", b"a\nb\n\\."])
def test_the_end_of_data_mark_is_data(data: bytes) -> None:
    """Unquoted, servers before PostgreSQL 18 would drop what follows it."""
    assert b'"\\."' in records(data)
    assert len(records(data)) == 3


def test_a_quote_that_is_never_closed_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_records, "RECORD_MAX", 100)
    with pytest.raises(BadRecord, match="is a quote not closed") as raised:
        records(b'a\nb\n"c\n' + b"d\n" * 1000, 10)
    assert raised.value.index == 0


def test_long_records_are_read_in_growing_blocks() -> None:
    asked: list[int] = []
    data = io.BytesIO(b'"' + b"x\n" * (2 * csv_records.BLOCK) + b'"\n')

    def read(size: int) -> bytes:
        asked.append(size)
        return data.read(size)

    [[record]] = Records(read, CSV).batches()
    assert len(record) == 4 * csv_records.BLOCK + 2
    assert max(asked) > csv_records.BLOCK, "else each block would be split again with all before it"


# --- header ------------------------------------------------------------------------------------------------------


def test_the_header_is_taken_off() -> None:
    read = Records(reader(b'id,"na""me"\n1,a\n2,b\n'), CSV)
    assert header_names(read.header() or b"", CSV) == ["id", 'na"me']
    assert list(read.batches()) == [[b"1,a", b"2,b"]]


def test_a_header_alone_and_no_header() -> None:
    alone = Records(reader(b"id"), CSV)
    assert alone.header() == b"id"
    assert list(alone.batches()) == []
    assert Records(reader(b""), CSV).header() is None


def test_rows_are_counted_from_behind_the_header() -> None:
    read = Records(reader(b"id\n1\n2\r\n"), CSV)
    with pytest.raises(BadRecord) as raised:
        read.header()
    assert raised.value.index == 1  # the second row of data


# --- dialects ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "dialect",
    [
        Dialect(delimiter=b""),
        Dialect(delimiter=b"ab"),
        Dialect(delimiter="é".encode()),
        Dialect(delimiter=b"\n"),
        Dialect(quote=b"\r"),
        Dialect(quote=b""),
        Dialect(delimiter=b'"'),
        Dialect(null=b"a,b"),
        Dialect(null=b'"'),
        Dialect(null=b"\n"),
        Dialect(null=b"\\."),
    ],
)
def test_dialects_that_copy_does_not_take_are_refused(dialect: Dialect) -> None:
    with pytest.raises(ProgrammingError):
        dialect.check()


@pytest.mark.parametrize("dialect", [Dialect(), Dialect(b"|", b"'", b"\\N"), Dialect(b"\t", b'"', b"NULL")])
def test_dialects_that_copy_takes_pass(dialect: Dialect) -> None:
    dialect.check()


# --- keys --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "text"),
    [
        (b"42", "42"),
        (b"-7", "-7"),
        (b"007", "7"),
        (b" 5 ", "5"),
        (b"+5", "5"),
        (b"-0", "0"),
        (b"0", "0"),
        (b"", None),
        (b'"12"', "12"),
        (b'1"2"', "12"),
        (b"9223372036854775807", "9223372036854775807"),
    ],
)
def test_integer_keys_are_hashed_as_postgresql_prints_them(field: bytes, text: str | None) -> None:
    for data, place in ((field + b",x", 0), (b"x," + field, 1), (b'"q,",' + field + b",y", 1)):
        keys = CsvKeys(Keys(table(("id", "bigint", "integer")), 97), [place], CSV)
        assert keys.parts([data]) == [part_of(text, 97)], data


@pytest.mark.parametrize(
    ("dialect", "record", "text"),
    [
        (Dialect(null=b"99"), b"99,x", None),
        (Dialect(null=b"99"), b'"99",x', "99"),
        (Dialect(null=b"NULL"), b"NULL,x", None),
        (Dialect(null=b"NULL"), b'"NULL",x', "NULL"),
        (Dialect(null=b"NULL"), b",x", ""),
        (Dialect(), b'"a,""b""\nc",x', 'a,"b"\nc'),
        (Dialect(quote=b"'"), b"\"a',',x", '"a,'),
        (Dialect(quote=b"'"), b"'\"a',x", '"a'),
        (Dialect(quote=b"'", null=b'"a'), b'"a,x', None),
        (Dialect(), "Ä,x".encode(), "Ä"),
    ],
)
def test_null_and_quotes_of_text_keys(dialect: Dialect, record: bytes, text: str | None) -> None:
    keys = CsvKeys(Keys(table(("k", "text", "text")), 97), [0], dialect)
    assert keys.parts([record, record]) == [part_of(text, 97)] * 2


@given(
    st.lists(st.lists(TEXT, min_size=3, max_size=3), min_size=1, max_size=8),
    st.integers(0, 2),
    st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
)
def test_any_text_key_at_any_place(rows: list[list[str]], place: int, quoting: int) -> None:
    data = written(
        [[text.replace("\r", "") for text in row] for row in rows], lineterminator="\n", quoting=quoting
    )  # type: ignore[arg-type]
    expected = [part_of(row[place], 1009) for row in csv.reader(io.StringIO(data.decode(), newline=""))]
    keys = CsvKeys(Keys(table(("k", "text", "text")), 1009), [place], CSV)
    assert keys.parts(records(data)) == expected


def test_keys_of_several_columns_in_the_keys_order() -> None:
    found = table(("a", "integer", "integer"), ("b", "text", "text"))
    keys = CsvKeys(Keys(found, 97), [2, 0], CSV)
    assert keys.parts([b'x,"y,",07', b",,"]) == [
        part_of(joined(["7", "x"]), 97),
        part_of(joined([None, None]), 97),
    ]


def test_a_key_that_the_file_leaves_out_is_null() -> None:
    assert (
        CsvKeys(Keys(table(("k", "text", "text")), 97), [None], CSV).parts([b"a", b"b"])
        == [part_of(None, 97)] * 2
    )
    two = table(("a", "integer", "integer"), ("b", "text", "text"))
    assert CsvKeys(Keys(two, 97), [0, None], CSV).parts([b"1"]) == [part_of(joined(["1", None]), 97)]


@pytest.mark.parametrize(
    ("batch", "index", "message"),
    [
        ([b"1,2", b"x"], 1, "has 1 fields"),
        ([b'1,"2"', b'"x"'], 1, "has 1 fields"),
        ([b"a,1", b"b,2x", b"c,y"], 1, "2x"),
        ([b"a,1", b"b,99999999999999999999"], 1, "bigint"),
        ([b"a,\xff"], 0, "utf-8"),
    ],
)
def test_records_without_a_key_are_named(batch: list[bytes], index: int, message: str) -> None:
    keys = CsvKeys(Keys(table(("id", "bigint", "integer")), 97), [1], CSV)
    with pytest.raises(BadValue, match=message) as raised:
        keys.parts(batch)
    assert (raised.value.index, raised.value.column) == (index, "id")


# --- lines back to records ---------------------------------------------------------------------------------------


@given(st.lists(st.sampled_from([b"a", b'"b\nc"', b'"\n\n",x', b""]), min_size=1, max_size=8))
def test_copys_line_numbers_lead_back_to_the_record(data: list[bytes]) -> None:
    text = b"\n".join(data) + b"\n"
    line = 0
    for place, record in enumerate(data):
        for _ in range(record.count(b"\n") + 1):
            line += 1
            assert record_of_line(text, b'"', line) == place
