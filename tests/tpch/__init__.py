"""TPC-H: its tables, its 22 queries with their validation parameters, and its data by ``tpchgen-cli``."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import psycopg

from parallel_partition.cluster import Cluster

_HERE = Path(__file__).parent
QUERIES = tuple(range(1, 23))


class TpchTable(NamedTuple):
    """A table of TPC-H: its CREATE TABLE, and the column that a cluster shards it by (None: a reference table)."""

    name: str
    definition: str
    key: str | None


def _read_schema() -> dict[str, TpchTable]:
    tables = {}
    for block in (_HERE / "schema.sql").read_text().split("\n\n")[1:]:
        held, definition = block.strip().split("\n", 1)
        name = definition.split()[2]
        key = held.removeprefix("-- key: ") if held.startswith("-- key: ") else None
        tables[name] = TpchTable(name, definition.rstrip(";"), key)
    return tables


TABLES = _read_schema()


def query(number: int) -> str:
    """The text of query ``number``, 1 to 22."""
    return (_HERE / "queries" / f"q{number:02}.sql").read_text()


def generate(directory: Path, scale: float, tables: Iterable[str] = TABLES) -> dict[str, Path]:
    """Write tables as CSV with a header line, unless they are there already.

    Parameters
    ----------
    directory : a folder, made when it is missing
    scale : TPC-H's scale factor: 1.0 is 6 million rows of lineitem
    tables : the names of the tables wanted

    Returns
    -------
    the file of each table
    """
    files = {table: directory / f"{table}.csv" for table in tables}
    missing = [table for table, file in files.items() if not file.exists()]
    if missing:
        # Written beside and renamed, so that a run that was stopped leaves no half a file.
        unfinished = directory / "unfinished"
        unfinished.mkdir(parents=True, exist_ok=True)
        options = ["--quiet", "--overwrite", f"--scale-factor={scale}", f"--output-dir={unfinished}"]
        subprocess.run([_program(), "csv", *options, f"--tables={','.join(missing)}"], check=True)
        for table in missing:
            (unfinished / f"{table}.csv").rename(files[table])
        unfinished.rmdir()
    return files


def create_in(cluster: Cluster, table: TpchTable, name: str | None = None) -> None:
    """Create a table in a cluster, under another ``name`` if wanted."""
    definition = table.definition.replace(f"TABLE {table.name} ", f"TABLE {name or table.name} ")
    cluster.create_table(definition, key=table.key, reference=table.key is None)


def create_plain(conninfo: str, files: dict[str, Path]) -> None:
    """Create the tables of ``files`` in one PostgreSQL and fill them."""
    with psycopg.connect(conninfo) as connection:
        for table, file in files.items():
            connection.execute(TABLES[table].definition)
            with connection.cursor().copy(f"COPY {table} FROM STDIN (FORMAT csv, HEADER)") as copy:
                copy.write(file.read_bytes())
        connection.execute("ANALYZE")


def _program() -> str:
    """``tpchgen-cli`` of this interpreter's environment, which need not be on PATH."""
    beside = Path(sys.executable).with_name("tpchgen-cli")
    if found := beside if beside.exists() else shutil.which("tpchgen-cli"):
        return str(found)
    raise FileNotFoundError("tpchgen-cli is missing: install the package's extra `benchmarks`")
