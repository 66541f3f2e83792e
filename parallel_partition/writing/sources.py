"""Where CSV bytes come from: a path, also of a compressed file, or a file object. They come out as UTF-8."""

from __future__ import annotations

import codecs
import gzip
import os
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import IO, Any

from parallel_partition.errors import DataError, ProgrammingError

Read = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Source:
    """An open source.

    ``read`` returns at most so many bytes, none at the end. ``size`` is how many there are on disk and
    ``position`` tells how many of those were read; both are None for a file object.
    """

    name: str
    read: Read
    size: int | None = None
    position: Callable[[], int] | None = None


@contextmanager
def open_source(path_or_file: str | os.PathLike[str] | IO[Any], encoding: str = "utf-8") -> Iterator[Source]:
    """Open a path, or use a file object and leave it open. A byte order mark is left out.

    Parameters
    ----------
    path_or_file : a path (``.gz``, and ``.zip`` with one file inside, are unpacked), or a binary or text file
    encoding : of the bytes; a text file has its own

    Raises
    ------
    errors.ProgrammingError : an unknown encoding, neither a path nor a file, a ``.zip`` of several files
    """
    try:
        decoder = codecs.getincrementaldecoder(encoding)("strict")
    except LookupError as error:
        raise ProgrammingError(f"encoding={encoding!r} is none that Python knows") from error
    recoded = None if codecs.lookup(encoding).name in ("utf-8", "utf-8-sig") else decoder
    with ExitStack() as stack:
        if isinstance(path_or_file, str | os.PathLike):
            path = os.fspath(path_or_file)
            packed = stack.enter_context(open(path, "rb"))
            file = stack.enter_context(_unpacked(path, packed))
            size = os.fstat(packed.fileno()).st_size
            yield Source(path, _without_mark(_as_utf8(file.read, recoded, path)), size, packed.tell)
        elif callable(getattr(path_or_file, "read", None)):
            name = str(getattr(path_or_file, "name", "the file"))
            yield Source(name, _without_mark(_as_utf8(path_or_file.read, recoded, name)))
        else:
            kind = type(path_or_file).__qualname__
            raise ProgrammingError(f"a path or a file is wanted, not {path_or_file!r:.60}, a {kind}")


@contextmanager
def _unpacked(path: str, packed: IO[bytes]) -> Iterator[IO[bytes]]:
    if path.endswith(".gz"):
        with gzip.open(packed, "rb") as file:
            yield file  # type: ignore[misc]  # gzip's file is one in all but name
    elif path.endswith(".zip"):
        with zipfile.ZipFile(packed) as archive:
            names = [name for name in archive.namelist() if not name.endswith("/")]
            if len(names) != 1:
                message = (
                    f"{path} holds {len(names)} files, one is wanted; open the one you mean and give that"
                )
                raise ProgrammingError(message)
            with archive.open(names[0]) as file:
                yield file
    else:
        yield packed


def _as_utf8(read: Callable[[int], Any], decoder: codecs.IncrementalDecoder | None, name: str) -> Read:
    """Bytes of another encoding and texts become UTF-8; what is not to be recoded passes as it is."""

    def recode(size: int) -> bytes:
        data = read(size)
        if isinstance(data, str):
            return data.encode()
        if decoder is None:
            return bytes(data)
        # A multi-byte character may be all that was read, and be incomplete: an empty answer would mean the
        # end.
        while not (text := decoder.decode(data, final=not data)) and data:
            data = read(size)
        return text.encode()

    def checked(size: int) -> bytes:
        try:
            return recode(size)
        except UnicodeError as error:
            raise DataError(f"{name} is not in the given encoding: {error}") from error

    return checked


def _without_mark(read: Read) -> Read:
    first = True

    def unmarked(size: int) -> bytes:
        nonlocal first
        data = read(size)
        if first:
            first = False
            while data and len(data) < len(codecs.BOM_UTF8) and codecs.BOM_UTF8.startswith(data):
                if not (more := read(size)):
                    break
                data += more
            return data.removeprefix(codecs.BOM_UTF8) or (read(size) if data else data)
        return data

    return unmarked
