"""Types that users made (enums, composites, those of extensions): each server gives them numbers of its own.

Callers give and see the numbers of the catalog's server, by which their adapters are registered; what goes to
another server, and what comes from there, is renumbered by the types' names.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from psycopg import pq
from psycopg.pq.abc import PGresult

from parallel_partition import errors
from parallel_partition.postgres.binary_array import text_array
from parallel_partition.postgres.driver_errors import as_driver_error
from parallel_partition.postgres.named_sql import load
from parallel_partition.statements import FIRST_USER_OID, Parameter, Parameters, Statement

_SQL = {name: text.encode() for name, text in load("user_types").items()}
_OID_ARRAY = 1028

#: Runs a statement of the library's own on a server.
Ask = Callable[[str, Statement], PGresult]


def types_of(result: PGresult) -> tuple[int, ...]:
    """The types of a result's columns, as its server numbers them."""
    return tuple(map(result.ftype, range(result.nfields)))


def are_users(types: Iterable[int]) -> bool:
    """Tell whether one of some types is a user's."""
    return max(types, default=0) >= FIRST_USER_OID


class UserTypes:
    """Translates between the numbers of the catalog's server and those of the others, and remembers them.

    Parameters
    ----------
    catalog : the catalog's server
    """

    def __init__(self, catalog: str) -> None:
        self._catalog = catalog
        #: (from server, to server) -> number there by number here.
        self._known: dict[tuple[str, str], dict[int, int]] = {}
        #: Those whose binary form has numbers of types inside.
        self._nested: set[tuple[str, int]] = set()

    def for_server(self, statement: Statement, server: str, ask: Ask) -> Statement:
        """A statement with its parameters' types as ``server`` numbers them.

        Raises
        ------
        errors.UnsupportedQuery : a parameter in binary has such numbers inside
        errors.ProgrammingError : the server has no type of that name
        """
        if server == self._catalog:
            return statement
        given = Parameters.of(statement.parameters)
        if not are_users(given.types):
            return statement
        numbers = self._numbers(self._catalog, server, given.types, ask)
        for oid, format in zip(given.types, given.formats, strict=True):
            there = numbers.get(oid, oid)
            if oid and not there:
                raise as_driver_error(self._missing(oid, server, ask))
            if format and there != oid and (self._catalog, oid) in self._nested:
                raise as_driver_error(_refusal("a parameter", "pass it as text (%t)"))
        types = tuple(numbers.get(oid, oid) for oid in given.types)
        return statement._replace(parameters=Parameters(given.values, types, given.formats))

    def _missing(self, oid: int, server: str, ask: Ask) -> errors.Error:
        name = self._names(self._catalog, [oid], ask)[oid]
        message = f"a parameter has type {name}, which server {server} has not; create it there as on {self._catalog}"
        return errors.ProgrammingError(message).at(server)

    def require_flat(self, described: PGresult, ask: Ask) -> None:
        """Refuse what `translated` would refuse of a statement's result in binary, before it is run.

        Parameters
        ----------
        described : the statement, as the catalog's server describes it

        Raises
        ------
        errors.UnsupportedQuery : values in binary have such numbers inside
        """
        types = types_of(described)
        if are_users(types):
            self._names(self._catalog, {oid for oid in types if oid >= FIRST_USER_OID}, ask)
            self._require_flat(self._catalog, described, types)

    def translated(self, server: str, result: PGresult, ask: Ask) -> tuple[int, ...]:
        """The types of a result's columns as the catalog's server numbers them; 0 for those that it has not.

        Raises
        ------
        errors.UnsupportedQuery : values in binary have such numbers inside
        """
        types = types_of(result)
        if server == self._catalog or not are_users(types):
            return types
        numbers = self._numbers(server, self._catalog, types, ask)
        differing = [oid if numbers.get(oid, oid) != oid else 0 for oid in types]
        if result.nfields and result.fformat(0) == pq.Format.BINARY:
            self._require_flat(server, result, differing)
        return tuple(numbers.get(oid, oid) for oid in types)

    def _require_flat(self, server: str, result: PGresult, types: Sequence[int]) -> None:
        for column, oid in enumerate(types):
            if (server, oid) in self._nested:
                name = (result.fname(column) or b"").decode()
                raise as_driver_error(_refusal(f"column {name}", "ask for text"))

    def _numbers(self, here: str, there: str, types: Iterable[int], ask: Ask) -> Mapping[int, int]:
        """The numbers that ``there`` has for the types that ``here`` numbers so; 0 for those that it has not."""
        known = self._known.setdefault((here, there), {})
        unknown = {oid for oid in types if oid >= FIRST_USER_OID} - known.keys()
        if unknown:
            names = self._names(here, unknown, ask)
            listed = text_array(names.values())
            found = ask(there, Statement(_SQL["numbers_of_types"], (listed,), prepare=True))
            for row, oid in enumerate(names):
                known[oid] = int(found.get_value(row, 0) or 0)
        return known

    def _names(self, server: str, oids: Collection[int], ask: Ask) -> dict[int, str]:
        listed = Parameter(b"{%s}" % b",".join(b"%d" % oid for oid in oids), _OID_ARRAY, 0)
        found = ask(server, Statement(_SQL["names_of_types"], (listed,), prepare=True))
        names = {}
        for row in range(found.ntuples):
            oid = int(found.get_value(row, 0) or 0)
            names[oid] = (found.get_value(row, 1) or b"").decode()
            if found.get_value(row, 2) == b"t":
                self._nested.add((server, oid))
        return names


def _refusal(what: str, advice: str) -> errors.UnsupportedQuery:
    return errors.UnsupportedQuery(
        f"{what}: a value of a user's type, in binary, has numbers of types in it that differ by server; {advice}"
    )
