"""CSV files: what COPY would hold of the same file in one plain PostgreSQL, each row on its server."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest

from parallel_partition import Cluster, errors
from parallel_partition.writing import csv_records
from tests.cluster.test_writer import PLACED, assert_nothing_is_left, everywhere, rows
from tests.fix_clusters import MakeCluster

#: ``load(b"id,t\n1,a\n", "id integer, t text", key="id")`` loads the file and returns the table's name.
Load = Callable[..., str]

_names = count(1)
COLUMNS = "id integer, t text, n numeric(6,2)"


@pytest.fixture(scope="module")
def cluster(make_module_cluster: MakeCluster) -> Cluster:
    """Four servers and eight partitions, for all tests; their tables have names of their own."""
    return make_module_cluster()


@pytest.fixture(scope="module")
def one(module_plain: str) -> Any:
    """A connection to one plain PostgreSQL."""
    with psycopg.connect(module_plain, autocommit=True) as connection:
        yield connection


@pytest.fixture
def load(cluster: Cluster, tmp_path: Path) -> Load:
    """A function that makes a table and loads a file with these bytes into it."""

    def load(data: bytes, columns: str = COLUMNS, key: str = "id", **options: Any) -> str:
        name = f"c{next(_names)}"
        cluster.create_table(f"CREATE TABLE {name} ({columns})", key=key)
        file = tmp_path / "file.csv"
        file.write_bytes(data)
        options.setdefault("show_progress", False)
        load.last = name  # type: ignore[attr-defined]
        cluster.load_csv(name, file, **options)
        return name

    return load


def copied(one: Any, data: bytes, columns: str, options: str) -> list[tuple[Any, ...]]:
    """What one PostgreSQL holds of a file."""
    one.execute(f"CREATE TEMPORARY TABLE copied ({columns})")
    try:
        with one.cursor().copy(f"COPY copied FROM STDIN WITH (FORMAT csv, {options})") as copy:
            copy.write(data)
        return sorted(one.execute("SELECT * FROM copied").fetchall(), key=repr)
    finally:
        one.execute("DROP TABLE copied")


FILES: list[tuple[str, bytes, dict[str, Any], str]] = [
    ("plain", b"id,t,n\n1,a,1.5\n2,b,\n,c,3\n", {}, "HEADER"),
    ("empty and null", b'id,t,n\n1,"",1\n2,,2\n"3",x,""\n'.replace(b'""\n', b"\n"), {}, "HEADER"),
    ("quotes", b'id,t,n\n1,"a,""b""\nc",1\n"2","x\r\ny",2\n3,a"b,c"d,3\n"4"," ",\n', {}, "HEADER"),
    ("windows", b'id,t,n\r\n1,a,1\r\n2,"b\r\nc",2\r\n', {}, "HEADER"),
    ("no header, no end", b"1,a,1\n2,b,2", {"header": False}, "HEADER false"),
    ("end of data", b'id,t,n\n1,\\.,1\n2,"\\.",\n', {}, "HEADER"),
    ("semicolons", b"id;t;n\n1;'a;b';1\n2;NULL;NULL\n3;'NULL';3\n", {"delimiter": ";", "quote": "'", "null": "NULL"},
     "HEADER, DELIMITER ';', QUOTE '''', NULL 'NULL'"),
    ("tabs", b"id\tt\tn\n01\ta\\tb\t1\n 2 \t\\N\t2\n", {"delimiter": "\t", "null": "\\N"},
     "HEADER, DELIMITER E'\\t', NULL '\\N'"),
    ("rounding", b"id,t,n\n+1,x,1.005\n-0,y,-1.005\n", {}, "HEADER"),
    ("backslashes", b"id,t,n\n1,\\n\\\\,1\n", {}, "HEADER"),
    ("utf-8", "id,t,n\n1,ünï漢😀,1\n".encode(), {}, "HEADER"),
    ("latin-1", "id,t,n\n1,ünï,1\n".encode("latin-1"), {"encoding": "latin-1"}, "HEADER, ENCODING 'latin1'"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("data", "options", "copy_options"), [case[1:] for case in FILES], ids=[case[0] for case in FILES]
)
@pytest.mark.parametrize("key", ["id", "t"])
def test_files_are_read_as_copy_reads_them(
    cluster: Cluster, load: Load, one: Any, data: bytes, options: dict[str, Any], copy_options: str, key: str
) -> None:
    name = load(data, key=key, **options)
    expected = copied(one, data, COLUMNS, copy_options)
    assert expected
    assert rows(cluster, name, "id, t, n") == expected
    misplaced = everywhere(cluster, f"SELECT * FROM {name} WHERE NOT {PLACED.format(key=key)}")
    assert not any(misplaced.values())


@pytest.mark.parametrize("block", [1, 7, 64])
def test_small_blocks_change_nothing(
    cluster: Cluster, load: Load, one: Any, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    monkeypatch.setattr(csv_records, "BLOCK", block)
    data = b"id,t,n\n" + b"".join(
        b'%d,"x%d\n,""",%d\n' % (number, number, number % 7) for number in range(300)
    )
    name = load(data)
    assert rows(cluster, name, "id, t, n") == copied(one, data, COLUMNS, "HEADER")


@pytest.mark.both_versions
def test_the_end_of_data_mark_loses_no_rows(make_cluster: MakeCluster, tmp_path: Path) -> None:
    """Servers before PostgreSQL 18 would stop at it, without an error."""
    cluster = make_cluster(servers=2)
    cluster.create_table("CREATE TABLE marks (t text)", key="t")
    file = tmp_path / "marks.csv"
    file.write_bytes(b"t\na\n\\.\nb\nc\n")
    assert cluster.load_csv("marks", file) == 4
    assert rows(cluster, "marks", "t") == [("\\.",), ("a",), ("b",), ("c",)]


def test_many_rows(cluster: Cluster, load: Load) -> None:
    number = 200_000
    name = load(b"id,t,n\n" + b"".join(b"%d,text %d,%d\n" % (n // 4, n, n % 1000) for n in range(number)))
    total = everywhere(cluster, f"SELECT count(*), sum(id), count(DISTINCT id), min(length(t)) FROM {name}")
    assert sum(found[0][0] for found in total.values()) == number
    assert sum(found[0][1] for found in total.values()) == sum(n // 4 for n in range(number))
    assert sum(found[0][2] for found in total.values()) == number // 4


# --- columns -----------------------------------------------------------------------------------------------------


def test_the_header_says_which_columns(cluster: Cluster, load: Load) -> None:
    name = load(b"n,id\n1.5,1\n2.5,2\n", "id integer, t text DEFAULT 'x', n numeric, m integer")
    assert rows(cluster, name, "id, t, n::text, m") == [(1, "x", "1.5", None), (2, "x", "2.5", None)]


def test_columns_instead_of_the_header(cluster: Cluster, tmp_path: Path) -> None:
    cluster.create_table("CREATE TABLE renamed (id integer, t text, n integer)", key="id")
    for data, header in ((b"x,y\na,1\n", True), (b"b,2\n", False)):
        (tmp_path / "f.csv").write_bytes(data)
        cluster.load_csv("renamed", tmp_path / "f.csv", columns=["t", "id"], header=header)
    assert rows(cluster, "renamed", "id, t, n") == [(1, "a", None), (2, "b", None)]


def test_what_the_file_leaves_out_is_drawn(cluster: Cluster, load: Load) -> None:
    columns = "id bigserial, t text, at timestamptz DEFAULT now(), note text DEFAULT 'a\"b' || 'c'"
    name = load(b't\r\na\r\n"b,"\r\nc', columns)
    found = rows(cluster, name, "t, at, note")
    assert [(row[0], row[2]) for row in found] == [("a", 'a"bc'), ("b,", 'a"bc'), ("c", 'a"bc')]
    assert len({row[1] for row in found}) == 1
    assert len({row[0] for row in rows(cluster, name, "id")}) == 3
    assert not any(everywhere(cluster, f"SELECT 1 FROM {name} WHERE NOT {PLACED.format(key='id')}").values())


def test_a_key_that_the_file_leaves_out_is_null(cluster: Cluster, load: Load) -> None:
    name = load(b"t\na\nb\n")
    assert rows(cluster, f"{name} WHERE id IS NULL", "t") == [("a",), ("b",)]
    assert len([found for found in everywhere(cluster, f"SELECT * FROM {name}").values() if found]) == 1


def test_keys_of_several_columns(cluster: Cluster, tmp_path: Path) -> None:
    cluster.create_table("CREATE TABLE several (a text, x integer, b integer)", key=("b", "a"))
    file = tmp_path / "several.csv"
    file.write_bytes(b'x,b,a\n1,07,"p,q"\n2,,\n3,8,\n')
    cluster.load_csv("several", file)
    for a, b, x in (("p,q", 7, 1), (None, None, 2), (None, 8, 3)):
        server = cluster.shard_map.server_of((b, a), ("integer", "text"))
        assert (a, b) in everywhere(cluster, f"SELECT a, b FROM several WHERE x = {x}")[server]


def test_reference_tables(cluster: Cluster, tmp_path: Path) -> None:
    cluster.create_table(
        "CREATE TABLE refs (id serial, code text, u uuid DEFAULT gen_random_uuid())", reference=True
    )
    file = tmp_path / "refs.csv"
    file.write_bytes(b'code\na\n"b\nc"\n')
    assert cluster.load_csv("refs", file) == 2
    found = everywhere(cluster, "SELECT * FROM refs ORDER BY id")
    assert [row[1] for row in found["s1"]] == ["a", "b\nc"]
    assert all(each == found["s1"] for each in found.values())


# --- sources -----------------------------------------------------------------------------------------------------


def sources(tmp_path: Path, data: bytes) -> dict[str, Any]:
    path = tmp_path / "f.csv"
    path.write_bytes(data)
    packed = tmp_path / "f.csv.gz"
    packed.write_bytes(gzip.compress(data))
    archive = tmp_path / "f.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("folder/f.csv", data)
    return {
        "path": path,
        "text path": str(path),
        "gz": packed,
        "zip": archive,
        "binary": io.BytesIO(data),
        "text": io.StringIO(data.decode(), newline=""),
        "open": path.open("rb"),
        "open text": path.open(encoding="utf-8", newline=""),
    }


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("kind", ["path", "text path", "gz", "zip", "binary", "text", "open", "open text"])
def test_sources(cluster: Cluster, tmp_path: Path, kind: str, mark: bytes) -> None:
    name = f"c{next(_names)}"
    cluster.create_table(f"CREATE TABLE {name} (id integer, t text)", key="id")
    given = sources(tmp_path, mark + 'id,t\n1,ü\n2,"漢\n"\n'.encode())
    try:
        assert cluster.load_csv(name, given[kind]) == 2
        assert kind in ("path", "text path", "gz", "zip") or not given[kind].closed
    finally:
        given["open"].close()
        given["open text"].close()
    assert rows(cluster, name, "id, t") == [(1, "ü"), (2, "漢\n")]


def test_other_encodings_over_block_ends(
    cluster: Cluster, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_records, "BLOCK", 1)
    text = "id,t\n" + "".join(f"{number},漢{number}😀\n" for number in range(20))
    for encoding in ("utf-16", "shift_jisx0213"):
        name = load(
            (text if encoding == "utf-16" else text.replace("😀", "ア")).encode(encoding), encoding=encoding
        )
        assert len(rows(cluster, f"{name} WHERE t LIKE '漢' || id || '_'", "id")) == 20


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ("absent.csv", FileNotFoundError, "absent.csv"),
        (7, errors.ProgrammingError, "not 7, a int"),
        ("two.zip", errors.ProgrammingError, "holds 2 files"),
        (b"", errors.ProgrammingError, "is empty, without even a header"),
    ],
)
def test_sources_that_cannot_be_read(
    cluster: Cluster, tmp_path: Path, given: Any, error: type[Exception], message: str
) -> None:
    name = f"c{next(_names)}"
    cluster.create_table(f"CREATE TABLE {name} (id integer)", key="id")
    two_in_a_zip(tmp_path)
    source = tmp_path / given if isinstance(given, str) else io.BytesIO(given) if given == b"" else given
    with pytest.raises(error, match=message):
        cluster.load_csv(name, source)


def two_in_a_zip(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as made:
        made.writestr("a.csv", "id\n1\n")
        made.writestr("b.csv", "id\n1\n")


def test_a_header_alone_is_no_rows(cluster: Cluster, load: Load) -> None:
    assert rows(cluster, load(b"id,t,n"), "id") == []


# --- what is refused ---------------------------------------------------------------------------------------------

BAD: list[tuple[str, bytes, int | None, str | None, str]] = [
    ("value", b"id,t,n\n1,a,1\n2,b,x\n3,c,3\n", 2, "n", "invalid input syntax for type numeric"),
    ("key", b"id,t,n\n1,a,1\n2,b,2\nthree,c,3\n", 3, "id", "three"),
    ("large key", b"id,t,n\n99999999999999999999,a,1\n", 1, "id", "bigint"),
    ("large id", b"id,t,n\n9999999999,a,1\n", 1, "id", "out of range for type integer"),
    ("few fields", b"id,t,n\n1,a,1\n2,b\n", 2, "n", "missing data"),
    ("many fields", b"id,t,n\n1,a,1\n2,b,2,2\n", 2, None, "extra data"),
    ("no key field", b"t,n,id\na,1,1\nb,2\n", 2, "id", "has 2 fields"),
    ("empty line", b"id,t,n\n1,a,1\n\n2,b,2\n", 2, "t", "missing data"),
    ("many lines", b'id,t,n\n1,"a\n\n",1\n2,"b\nb",x\n3,c,3\n', 2, "n", "numeric"),
    ("open quote", b'id,t,n\n1,a,1\n2,"b,2\n3,c,3\n', 2, None, "ends inside of quotes"),
    ("bare return", b"id,t,n\n1,a,1\n2,b\rc,2\n", 2, None, "carriage return outside of quotes"),
    ("mixed ends", b"id,t,n\n1,a,1\r\n2,b,2\n", 1, None, "carriage return"),
    ("bytes", b"id,t,n\n1,a,1\n2,\xff,2\n", 2, None, "invalid byte sequence"),
    ("too large", b"id,t,n\n1,a,12345\n", 1, "n", "numeric field overflow"),
]


@pytest.mark.parametrize(
    ("data", "row", "column", "message"), [case[1:] for case in BAD], ids=[case[0] for case in BAD]
)
@pytest.mark.parametrize("before", [0, 1000])
def test_a_record_that_cannot_be_written_is_named(
    cluster: Cluster, load: Load, data: bytes, row: int, column: str | None, message: str, before: int
) -> None:
    """At the start of a file and behind many rows of other partitions, which may be on the servers already."""
    header, _, rest = data.partition(b"\n")
    end = b"\r\n" if data.count(b"\r\n") else b"\n"
    filler = b"".join(b"%d,%d,%d" % (n, n, n % 9) + end for n in range(before))
    if end == b"\r\n" and before:
        return  # the first line end decides, and it is another here
    with pytest.raises(errors.RowRefused, match=message) as raised:
        load(header + b"\n" + filler + rest)
    name = load.last  # type: ignore[attr-defined]
    assert (raised.value.row, raised.value.column) == (before + row, column)
    assert raised.value.table == name
    assert_nothing_is_left(cluster, name)


@pytest.mark.parametrize(
    ("data", "options", "message"),
    [
        (b"id,colour\n1,red\n", {}, "no column colour; it has id, t, n"),
        (b"id,id\n1,1\n", {}, "more than once"),
        (b"id,t\n1,a\n", {"delimiter": "||"}, "delimiter must be one byte"),
        (b"id,t\n1,a\n", {"quote": ","}, "delimiter and quote are both"),
        (b"id,t\n1,a\n", {"null": "a,b"}, "null='a,b'"),
        (b"id,t\n1,a\n", {"encoding": "klingon"}, "encoding='klingon'"),
    ],
)
def test_options_that_cannot_be(
    cluster: Cluster, load: Load, data: bytes, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(errors.ProgrammingError, match=message):
        load(data, **options)
    assert_nothing_is_left(cluster, load.last)  # type: ignore[attr-defined]


def test_a_file_that_is_not_in_its_encoding(cluster: Cluster, load: Load) -> None:
    with pytest.raises(errors.DataError, match="not in the given encoding"):
        load("id,t\n1,ü\n".encode(), encoding="ascii")
    assert_nothing_is_left(cluster, load.last)  # type: ignore[attr-defined]


def test_progress_of_a_file(cluster: Cluster, load: Load, capsys: pytest.CaptureFixture[str]) -> None:
    name = load(b"id,t\n1,a\n2,b\n", show_progress=True)
    err = capsys.readouterr().err
    assert name in err
    assert "2 rows" in err


def test_the_bar_of_a_compressed_file_is_full_at_the_end(
    cluster: Cluster, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster.create_table("CREATE TABLE zipped (id int, t text)", key="id")
    with zipfile.ZipFile(tmp_path / "rows.zip", "w") as archive:
        archive.writestr("rows.csv", "id,t\n1,a\n")
    cluster.load_csv("zipped", tmp_path / "rows.zip", show_progress=True)
    assert "━" * 40 + " 1 rows" in capsys.readouterr().err
