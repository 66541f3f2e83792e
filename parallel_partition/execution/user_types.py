"""Types that users made (enums, composites, those of extensions): each server gives them numbers of its own.

Callers give and see the numbers of the catalog's server, by which their adapters are registered; what goes to
another server, and what comes from there, is renumbered by the types' names.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from psycopg.pq.abc import PGresult

from parallel_partition import errors
from parallel_partition.execution.answer import Answer
from parallel_partition.execution.transaction import Transaction
from parallel_partition.postgres.driver_errors import as_driver_error
from parallel_partition.postgres.named_sql import load
from parallel_partition.statements import Parameter, Parameters, Statement

#: PostgreSQL's FirstNormalObjectId: types below have the same number everywhere.
FIRST_USER_OID = 16_384

_SQL = {name: text.encode() for name, text in load("user_types").items()}
_OID_ARRAY, _TEXT_ARRAY = 1028, 1009


class UserTypes:
    """Renumbers the types of one connection's statements and results.

    Parameters
    ----------
    transaction : the connection's sessions
    catalog : the catalog's server
    """

    def __init__(self, transaction: Transaction, catalog: str) -> None:
        self._transaction = transaction
        self._catalog = catalog
        #: (from server, to server) -> number there by number here, and those whose values have numbers inside.
        self._known: dict[tuple[str, str], dict[int, int]] = {}
        self._nested: set[tuple[str, int]] = set()

    def for_server(self, statement: Statement, server: str) -> Statement:
        """A statement with its parameters' types as ``server`` numbers them.

        Raises
        ------
        errors.UnsupportedQuery : a parameter in binary holds such numbers itself
        """
        given = Parameters.of(statement.parameters)
        if server == self._catalog or not _are_users(given.types):
            return statement
        numbers = self._numbers(self._catalog, server, given.types)
        for oid, format in zip(given.types, given.formats, strict=True):
            if format and numbers.get(oid, oid) != oid and (self._catalog, oid) in self._nested:
                raise as_driver_error(
                    errors.UnsupportedQuery(_refusal("a parameter", "pass it as text (%t)"))
                )
        types = tuple(numbers.get(oid, oid) for oid in given.types)
        return statement._replace(parameters=Parameters(given.values, types, given.formats))

    def check_returning(self, statement: Statement) -> None:
        """Refuse a write before it is run, when `renumber` might refuse what it returns.

        Raises
        ------
        errors.UnsupportedQuery : as `renumber` does
        """
        if statement.result_format:
            oids = Parameters.of(statement.parameters).types
            session = self._transaction.session(self._catalog)
            described = self._transaction.describe(session, statement.text, oids)
            types = [described.ftype(column) for column in range(described.nfields)]
            users = {oid for oid in types if oid >= FIRST_USER_OID}
            if users:
                self._names(self._catalog, users)
            if any((self._catalog, oid) in self._nested for oid in users):
                raise as_driver_error(errors.UnsupportedQuery(_refusal("RETURNING", "ask for text")))

    def renumber(self, answer: Answer) -> None:
        """Set ``answer.types`` where a server that is not the catalog's gave values of such types.

        Raises
        ------
        errors.UnsupportedQuery : values in binary hold such numbers themselves
        """
        described = [tuple(map(result.ftype, range(result.nfields))) for result in answer.results]
        if not answer.servers or not any(map(_are_users, described)):
            return
        answer.types = [
            self._types_from(result, types, server)
            for result, types, server in zip(answer.results, described, answer.servers, strict=True)
        ]

    def _types_from(self, result: PGresult, types: tuple[int, ...], server: str) -> tuple[int, ...]:
        if server == self._catalog or not _are_users(types):
            return types
        numbers = self._numbers(server, self._catalog, types)
        for column, oid in enumerate(types):
            nested = numbers.get(oid, oid) != oid and (server, oid) in self._nested
            if nested and result.fformat(column):
                what = f"column {(result.fname(column) or b'').decode()}"
                raise as_driver_error(errors.UnsupportedQuery(_refusal(what, "ask for text")))
        return tuple(numbers.get(oid, oid) for oid in types)

    def _numbers(self, here: str, there: str, types: Iterable[int]) -> Mapping[int, int]:
        """The numbers that ``there`` has for the types that ``here`` numbers so; those that it has not are left out."""
        known = self._known.setdefault((here, there), {})
        unknown = {oid for oid in types if oid >= FIRST_USER_OID} - known.keys()
        if unknown:
            names = self._names(here, unknown)
            listed = b"{%s}" % b",".join(_quoted(name) for name in names.values())
            found = self._ask(there, "numbers_of_types", Parameter(listed, _TEXT_ARRAY, 0))
            numbers = [found.get_value(row, 0) for row in range(found.ntuples)]
            known.update(
                (oid, int(number)) for oid, number in zip(names, numbers, strict=True) if number is not None
            )
        return known

    def _names(self, server: str, oids: Collection[int]) -> dict[int, bytes]:
        listed = b"{%s}" % b",".join(b"%d" % oid for oid in sorted(oids))
        found = self._ask(server, "names_of_types", Parameter(listed, _OID_ARRAY, 0))
        names = {}
        for row in range(found.ntuples):
            oid = int(found.get_value(row, 0) or 0)
            names[oid] = found.get_value(row, 1) or b""
            if found.get_value(row, 2) == b"t":
                self._nested.add((server, oid))
        return names

    def _ask(self, server: str, name: str, parameter: Parameter) -> PGresult:
        return self._transaction.aside(
            self._transaction.session(server), Statement(_SQL[name], (parameter,), prepare=True)
        )


def _are_users(types: Iterable[int]) -> bool:
    return max(types, default=0) >= FIRST_USER_OID


def _quoted(name: bytes) -> bytes:
    return b'"%s"' % name.replace(b"\\", b"\\\\").replace(b'"', b'\\"')


def _refusal(what: str, advice: str) -> str:
    return f"{what}: a value of a user's type, in binary, has numbers of types in it that differ by server; {advice}"
