"""The values that every floor speaks: a statement as PostgreSQL's protocol takes it, and what it answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, overload

#: PostgreSQL's FirstNormalObjectId: types below have the same number on every server, those of users have not.
FIRST_USER_OID = 16_384


class Parameter(NamedTuple):
    """One value bound to ``$n``.

    Its bytes as sent (None for NULL), the type's OID (0: unknown), the format (0 text, 1 binary).
    """

    data: bytes | None
    oid: int
    format: int


class Parameters(Sequence[Parameter]):
    """The parameters of a statement, kept by kind as the protocol takes them."""

    __slots__ = ("formats", "types", "values")

    def __init__(
        self, values: Sequence[bytes | None] = (), types: tuple[int, ...] = (), formats: Sequence[int] = ()
    ) -> None:
        self.values = values
        self.types = types
        self.formats = formats

    @classmethod
    def of(cls, parameters: Iterable[Parameter]) -> Parameters:
        """The same from single ones."""
        if isinstance(parameters, cls):
            return parameters
        listed = list(parameters)
        return cls(
            [parameter.data for parameter in listed],
            tuple(parameter.oid for parameter in listed),
            [parameter.format for parameter in listed],
        )

    def __len__(self) -> int:
        return len(self.types)

    @overload
    def __getitem__(self, place: int) -> Parameter: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Parameter]: ...
    def __getitem__(self, place: int | slice) -> Parameter | Sequence[Parameter]:
        if isinstance(place, slice):
            return list(self)[place]
        return Parameter(self.values[place], self.types[place], self.formats[place])

    def __iter__(self) -> Iterator[Parameter]:
        return map(Parameter, self.values, self.types, self.formats)


class Statement(NamedTuple):
    """A statement in ``$n`` form and its parameters.

    ``result_format`` is 0 for text and 1 for binary; ``prepare`` says whether it may be prepared on the server;
    ``answered_at_once`` that its answer must not wait for those of the statements behind it.
    """

    text: bytes
    parameters: Sequence[Parameter] = ()
    result_format: int = 0
    prepare: bool | None = None
    answered_at_once: bool = False


class OutputColumn(NamedTuple):
    """A column of a result as PostgreSQL describes it; ``type`` is ``format_type(oid, typmod)``."""

    name: str
    oid: int
    type: str
    is_enum: bool = False
