"""The partition of a row as an SQL expression over its key columns."""

from __future__ import annotations

from collections.abc import Sequence

from psycopg import sql

from parallel_partition.catalog.shard_map import SEPARATOR


def part_expression(columns: Sequence[sql.Composable], num_partitions: int) -> sql.Composable:
    """``parallel_partition.part_of`` of a key.

    Parameters
    ----------
    columns : the key's columns, or expressions of their types, in the key's order
    num_partitions : as `catalog.shard_map.part_of` takes it
    """
    texts = [sql.SQL("parallel_partition.key_text({})").format(column) for column in columns]
    if len(texts) > 1:
        # NULL in one column is the empty text there; alone it is left to part_of.
        texts = [sql.SQL("coalesce({}, '')").format(text) for text in texts]
    between = sql.SQL(f" operator(pg_catalog.||) pg_catalog.chr({ord(SEPARATOR)}) operator(pg_catalog.||) ")
    return sql.SQL("parallel_partition.part_of({}, {})").format(
        between.join(texts), sql.Literal(num_partitions)
    )
