"""The partition of a row as an SQL expression over its key columns."""

from __future__ import annotations

from collections.abc import Sequence

from parallel_partition.catalog.shard_map import SEPARATOR


def part_expression(columns: Sequence[str], num_partitions: int) -> str:
    """``parallel_partition.part_of`` of a key.

    Parameters
    ----------
    columns : the key's columns, quoted, or expressions of their types, in the key's order
    num_partitions : as `catalog.shard_map.part_of` takes it
    """
    texts = [f"parallel_partition.key_text({column})" for column in columns]
    if len(texts) > 1:
        # NULL in one column is the empty text there; alone it is left to part_of.
        texts = [f"coalesce({text}, '')" for text in texts]
    between = f" operator(pg_catalog.||) pg_catalog.chr({ord(SEPARATOR)}) operator(pg_catalog.||) "
    return f"parallel_partition.part_of({between.join(texts)}, {num_partitions})"
