"""CSV files into a table of the cluster. A record's bytes go to its server as they are: only the key is read."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import IO, Any

from parallel_partition.catalog.cluster import ClusterState
from parallel_partition.errors import ProgrammingError
from parallel_partition.execution.create_table import find_table
from parallel_partition.postgres.copy import CopyFormat
from parallel_partition.postgres.driver_errors import as_driver_error
from parallel_partition.postgres.pool import Pools
from parallel_partition.writing.chunks import Layout
from parallel_partition.writing.csv_fields import CsvKeys, header_names
from parallel_partition.writing.csv_records import BadRecord, Dialect, Records
from parallel_partition.writing.drawn import Drawn
from parallel_partition.writing.progress import Show, progress
from parallel_partition.writing.refusals import BadValue
from parallel_partition.writing.sources import Source, open_source
from parallel_partition.writing.table_load import TableLoad


def load_csv(
    pools: Pools,
    state: ClusterState,
    table: str | tuple[str, str],
    path_or_file: str | os.PathLike[str] | IO[Any],
    *,
    header: bool = True,
    delimiter: str = ",",
    null: str = "",
    quote: str = '"',
    encoding: str = "utf-8",
    columns: Sequence[str] | None = None,
    show_progress: bool | None = None,
    on_stale: Callable[[], object] | None = None,
) -> int:
    """Load a CSV file, all of it or nothing. It is read as PostgreSQL's COPY reads CSV.

    Parameters
    ----------
    pools, state : of the cluster
    table : its name, or (schema, name)
    path_or_file : a path (``.gz`` and ``.zip`` are unpacked), or a binary or text file object
    header : the first record names the columns
    delimiter, quote : one byte each
    null : what stands for NULL where it is not quoted
    encoding : of the file
    columns : what the fields are, instead of the header's names or of all columns in order
    show_progress : None shows it where standard error is a terminal
    on_stale : called when the load was refused because the map or the tables changed

    Returns
    -------
    How many rows were loaded.

    Raises
    ------
    errors.RowRefused : a row cannot be written
    errors.UnknownTable, errors.ProgrammingError : no such table or column, or options that COPY does not take
    """
    dialect = Dialect(delimiter.encode(), quote.encode(), null.encode())
    form = CopyFormat(csv=True, delimiter=delimiter, quote=quote, null=null)
    found = find_table(state, table)
    with (
        open_source(path_or_file, encoding) as source,
        progress(found.name, source.size, show_progress) as show,
        TableLoad(pools, state, found, on_stale) as load,
    ):
        _CsvLoad(load, dialect, form, source, show).run(Records(source.read, dialect), header, columns)
    return load.rows


class _CsvLoad:
    """The steps of one file's load."""

    def __init__(
        self, load: TableLoad, dialect: Dialect, form: CopyFormat, source: Source, show: Show
    ) -> None:
        self._load = load
        self._dialect = dialect
        self._form = form
        self._source = source
        self._show = show

    def run(self, records: Records, header: bool, columns: Sequence[str] | None) -> None:
        try:
            self._dialect.check()
            if header:
                names = self._names(records.header())
                columns = columns or names
            self._add_all(
                records, [column.name for column in self._load.columns(columns or self._load.writable())]
            )
        except BadValue as bad:
            self._load.refuse(bad)
        except BadRecord as bad:
            self._load.refuse(BadValue(bad.index, None, str(bad)))

    def _names(self, header: bytes | None) -> list[str]:
        if header is None:
            raise as_driver_error(ProgrammingError(f"{self._source.name} is empty, without even a header"))
        return header_names(header, self._dialect)

    def _add_all(self, records: Records, given: list[str]) -> None:
        left_out = self._load.left_out(given)
        drawn = self._load.drawn(left_out) if left_out else None
        names = (*given, *(column.name for column in left_out))
        layout = Layout(names, self._form)
        keys = self._load.keys
        csv_keys = None
        if keys is not None:
            places = [names.index(name) if name in names else None for name in keys.columns]
            csv_keys = CsvKeys(keys, places, self._dialect)
        for batch in records.batches():
            whole = self._with_drawn(batch, drawn) if drawn is not None else batch
            parts = csv_keys.parts(whole) if csv_keys is not None else None
            self._load.add(layout, whole, parts, _as_bytes)
            position = self._source.position
            self._show(self._load.rows, position() if position is not None else None)

    def _with_drawn(self, batch: Sequence[bytes], drawn: Drawn) -> list[bytes]:
        """The records with the fields that the file leaves out."""
        fields = [[self._field(text) for text in texts] for texts in drawn.take(len(batch))]
        return list(map(self._dialect.delimiter.join, zip(batch, *fields, strict=True)))

    def _field(self, text: str | None) -> bytes:
        quote = self._dialect.quote
        return self._dialect.null if text is None else quote + text.encode().replace(quote, 2 * quote) + quote


def _as_bytes(records: Sequence[bytes]) -> bytes:
    return b"\n".join(records) + b"\n"
