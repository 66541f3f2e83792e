"""Which partition a key is in, and which server a partition is on. The only module that hashes.

The hash is ``int(md5(text), 16) % n + 1`` over all 128 bits; ``parallel_partition.part_of`` is the same in
SQL.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import md5

from parallel_partition.catalog.key_text import inferred_type, key_text
from parallel_partition.errors import DataError

#: Between the texts of a key of several columns. It is the ASCII character made for that, and rare in texts;
#: where a text has it, two keys may share a partition that need not, which harms nothing.
SEPARATOR = "\x1f"


def part_of(text: str | bytes | None, num_partitions: int) -> int:
    """The partition, from 1 to ``num_partitions``, of the key with this text (NULL: None, "")."""
    data = text.encode() if isinstance(text, str) else text or b""
    return int.from_bytes(md5(data, usedforsecurity=False).digest(), "big") % num_partitions + 1


def parts_of(keys: Iterable[bytes], num_partitions: int) -> list[int]:
    """`part_of` for many keys, given as UTF-8, in half of its time."""
    return [
        int.from_bytes(md5(key, usedforsecurity=False).digest(), "big") % num_partitions + 1 for key in keys
    ]


def joined(texts: Sequence[str | None]) -> str:
    """The text that a key of these column texts is hashed by."""
    return SEPARATOR.join(text or "" for text in texts)


@dataclass(frozen=True)
class ShardMap:
    """Partition -> home, at one moment.

    Parameters
    ----------
    num_partitions : how many partitions there are
    homes : the server of each partition, numbered from 1
    versions : the version of each partition's row on its server
    version : the highest version that the catalog has given out
    """

    num_partitions: int
    homes: Mapping[int, str]
    versions: Mapping[int, int]
    version: int

    def part_of_texts(self, texts: Sequence[str | None]) -> int:
        """The partition of a key, given the canonical text of each of its columns."""
        return part_of(texts[0] if len(texts) == 1 else joined(texts), self.num_partitions)

    def home_of(self, part: int) -> str:
        """The server that partition ``part`` is on."""
        return self.homes[part]

    def partitions_of(self, server: str) -> tuple[int, ...]:
        """The partitions that are on ``server``, in order; none for a server without any."""
        return self._of_server.get(server, ())

    @cached_property
    def _of_server(self) -> Mapping[str, tuple[int, ...]]:
        found: dict[str, list[int]] = defaultdict(list)
        for part in sorted(self.homes):
            found[self.homes[part]].append(part)
        return {server: tuple(parts) for server, parts in found.items()}

    def partition_of(self, key: object, types: str | Sequence[str] | None = None) -> int:
        """The partition of a key given as Python values.

        Parameters
        ----------
        key : the value, or a tuple of the values of a key of several columns
        types : the key's types (`catalog.key_text.KEY_TYPES`, a `Table`'s ``key_types``). Without them each
            is what the Python type says: int integer, str text, Decimal numeric, ...

        Raises
        ------
        errors.DataError : a value is no key of its type
        """
        values = key if isinstance(key, tuple) else (key,)
        names = [inferred_type(value) for value in values] if types is None else _names(types)
        if len(values) != len(names) or not values:
            raise DataError(
                f"the key has {len(names)} columns ({', '.join(names)}), {len(values)} values were given"
            )
        return self.part_of_texts([key_text(value, name) for value, name in zip(values, names, strict=True)])

    def server_of(self, key: object, types: str | Sequence[str] | None = None) -> str:
        """The server that the row with this key is on; arguments as for `partition_of`."""
        return self.home_of(self.partition_of(key, types))


def _names(types: str | Sequence[str]) -> Sequence[str]:
    return (types,) if isinstance(types, str) else types
