"""TPC-DS: its tables, its 99 queries and its data, made by the ``duckdb`` wheel when they are asked for."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import psycopg

from parallel_partition.cluster import Cluster

QUERIES = tuple(range(1, 100))

#: The column that a cluster shards a table by; the other tables are reference tables. Sales and returns meet in
#: what was sold together. Customers and their addresses meet nothing by their key, so that joins with them are off it.
KEYS = {
    "catalog_returns": "cr_order_number",
    "catalog_sales": "cs_order_number",
    "customer": "c_customer_sk",
    "customer_address": "ca_address_sk",
    "inventory": "inv_item_sk",
    "store_returns": "sr_ticket_number",
    "store_sales": "ss_ticket_number",
    "web_returns": "wr_order_number",
    "web_sales": "ws_order_number",
}

#: At a small scale some queries find no rows at all: what is put in place of which words, so that they find some.
WIDER = {
    3: (("= 128", "< 300"),),
    8: (("count(*) > 10", "count(*) > 0"), ("(ca_zip, 1, 5) IN", "(ca_zip, 1, 5) NOT IN")),
    10: (("ca_county IN", "ca_county NOT IN"), ("= 2002", "> 1900"), ("1 AND 1+3", "1 AND 12")),
    11: (("> CASE", "< CASE"),),
    19: (("i_manager_id=8", "i_manager_id>8"),),
    23: (("count(*) >4", "count(*) >1"), ("50/100.0", "1/100.0")),
    25: (("d1.d_moy = 4", "d1.d_moy > 0"), ("BETWEEN 4 AND 10", "BETWEEN 1 AND 12"), ("= 2001", "> 2000")),
    30: (("= 'GA'", "IS NOT NULL"), ("= 2002", "< 2002")),
    37: (("i_manufact_id IN", "i_manufact_id NOT IN"),),
    39: (("> 1)", "> 0.2)"),),
    41: (("738 AND 738+40", "1 AND 2000"),),
    44: (("ss_store_sk = 4", "ss_store_sk = 1"),),
    49: (("> 10000", "> 100"),),
    58: (("0.9 *", "0.01 *"), ("1.1 *", "100 *")),
    64: (
        ("i_color IN", "i_color NOT IN"),
        ("64 AND 64 + 10", "0 AND 900"),
        ("64 + 1 AND 64 + 15", "0 AND 900"),
    ),
    65: (("0.1 * sb.ave", "0.9 * sb.ave"),),
    74: (("> CASE", "< CASE"),),
    82: (("i_manufact_id IN", "i_manufact_id NOT IN"),),
    83: (("d_date IN ('2000-06-30'", "d_date NOT IN ('2000-06-30'"),),
    91: (("d_moy = 11", "d_moy > 0"), ("= 1998", "> 1900"), ("LIKE 'Unknown%'", "IS NOT NULL")),
    93: (("= 'reason 28'", "IS NOT NULL"),),
}


class Made:
    """What DuckDB makes of TPC-DS: tables of one scale, and the texts of the queries.

    Parameters
    ----------
    scale : TPC-DS's scale factor: 1.0 is 2.9 million rows of store_sales
    """

    def __init__(self, scale: float) -> None:
        self._duckdb = duckdb.connect()
        self._duckdb.execute(f"CALL dsdgen(sf={scale})")
        found = self._duckdb.execute("SELECT table_name, sql FROM duckdb_tables() ORDER BY 1").fetchall()
        #: CREATE TABLE of each table.
        self.tables: dict[str, str] = {name: definition.rstrip(";") for name, definition in found}

    def close(self) -> None:
        """Let go of the rows."""
        self._duckdb.close()

    def write(self, directory: Path) -> dict[str, Path]:
        """Write every table into ``directory`` as CSV with a header line; returns the file of each."""
        files = {name: directory / f"{name}.csv" for name in self.tables}
        for name, file in files.items():
            self._duckdb.execute(f"COPY {name} TO '{file}' (FORMAT csv, HEADER)")
        return files


def queries() -> dict[int, str]:
    """The text of each query, as PostgreSQL reads it."""
    with duckdb.connect() as connection:
        found = connection.execute("SELECT query_nr, query FROM tpcds_queries()").fetchall()
    return {number: _for_postgresql(text) for number, text in found}


def wider(number: int, text: str) -> str:
    """The text of a query with the words of `WIDER`."""
    for words, others in WIDER[number]:
        text = text.replace(words, others)
    return text


def without_limit(text: str) -> str:
    """A query's text without the LIMIT at its end: of rows that tie, any may be left by it."""
    return re.sub(r"\s+LIMIT \d+\s*$", "", text)


def create_in(cluster: Cluster, name: str, definition: str) -> None:
    """Create a table in a cluster."""
    key = KEYS.get(name)
    cluster.create_table(definition, key=key, reference=key is None)


def create_plain(conninfo: str, made: Made, files: dict[str, Path]) -> None:
    """Create the tables of ``files`` in one PostgreSQL and fill them."""
    with psycopg.connect(conninfo) as connection:
        for name, file in files.items():
            connection.execute(made.tables[name].encode())
            with connection.cursor().copy(f"COPY {name} FROM STDIN (FORMAT csv, HEADER)".encode()) as copy:
                copy.write(file.read_bytes())
        connection.execute("ANALYZE")


def _for_postgresql(text: str) -> str:
    return text.strip().rstrip(";").rstrip()
