"""Errors at the border to the driver: each is both the library's and psycopg's.

PostgreSQL's own errors keep psycopg's class (``psycopg.errors.UniqueViolation``) and become the library's of the same
PEP 249 name; the library's own errors become psycopg's of the same PEP 249 name. All know their server.
"""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.errors import error_from_result
from psycopg.pq.abc import PGresult

from parallel_partition import errors

# PEP 249's names in the order in which they are tried: the most special first.
_PEP_249 = (
    "DataError",
    "OperationalError",
    "IntegrityError",
    "InternalError",
    "ProgrammingError",
    "NotSupportedError",
    "InterfaceError",
    "DatabaseError",
    "Error",
)


def pep_249_name(cls: type[BaseException]) -> str:
    """The PEP 249 name of an exception class of psycopg's or of the library's."""
    for name in _PEP_249:
        if issubclass(cls, (getattr(errors, name), getattr(psycopg, name))):
            return name
    raise TypeError(f"{cls.__qualname__} is no exception of PEP 249's tree")


#: With these PostgreSQL ends the connection, or does not begin it.
_CONNECTION_ENDED = (
    psycopg.errors.AdminShutdown,
    psycopg.errors.CrashShutdown,
    psycopg.errors.CannotConnectNow,
    psycopg.errors.IdleSessionTimeout,
    psycopg.errors.IdleInTransactionSessionTimeout,
    psycopg.errors.TransactionTimeout,
    psycopg.errors.DatabaseDropped,
)

_twins: dict[type[BaseException], type[Any]] = {}


def _library_twin(cls: type[psycopg.Error]) -> type[psycopg.Error]:
    """``cls`` of psycopg's, that is also the library's class of the same PEP 249 name."""
    if cls not in _twins:
        _twins[cls] = _made_library_twin(cls)
    return _twins[cls]


def _made_library_twin(cls: type[psycopg.Error]) -> type[psycopg.Error]:
    name = pep_249_name(cls)
    library: tuple[type[errors.Error], ...] = (getattr(errors, name),)
    if issubclass(cls, _CONNECTION_ENDED):  # which PostgreSQL does for operational and for internal reasons
        unavailable = errors.ServerUnavailable
        library = (unavailable,) if issubclass(unavailable, library) else (unavailable, *library)
    return type(
        cls.__name__, (_FromServer, *library, cls), {"__module__": cls.__module__, "driver_class": cls}
    )


def _driver_twin(cls: type[errors.Error]) -> type[errors.Error]:
    """``cls`` of the library's, that is also psycopg's class of the same PEP 249 name."""
    if cls not in _twins:
        _twins[cls] = _made_driver_twin(cls)
    return _twins[cls]


def _made_driver_twin(cls: type[errors.Error]) -> type[errors.Error]:
    driver = getattr(psycopg, pep_249_name(cls))
    return type(
        cls.__name__, (cls, driver), {"__module__": cls.__module__, "__reduce__": _reduce_driver_twin}
    )


def _rebuild_driver_twin(
    cls: type[errors.Error], state: dict[str, Any], args: tuple[Any, ...]
) -> errors.Error:
    plain = cls.__new__(cls)
    Exception.__init__(plain, *args)
    plain.__dict__.update(state)
    return as_driver_error(plain)


def _reduce_driver_twin(self: errors.Error) -> tuple[Any, ...]:
    library = type(self).__mro__[1]
    state = {name: value for name, value in vars(self).items() if not name.startswith("_")}
    return _rebuild_driver_twin, (library, state, self.args)


class _FromServer:
    """What PostgreSQL's errors carry besides: ``server``, which their text names last."""

    server: str | None = None
    driver_class: type[psycopg.Error]

    def __str__(self) -> str:
        text = Exception.__str__(self)  # type: ignore[arg-type]  # every subclass is an exception
        return f"{text}\nSERVER:  {self.server}" if self.server else text

    def __reduce__(self) -> tuple[Any, ...]:
        state = psycopg.Error.__reduce__(self)[2]  # type: ignore[arg-type]  # psycopg makes it picklable
        return _rebuild_from_server, (self.driver_class, self.args, state)  # type: ignore[attr-defined]


def _rebuild_from_server(
    cls: type[psycopg.Error], args: tuple[Any, ...], state: dict[str, Any]
) -> psycopg.Error:
    error = _library_twin(cls)(*args)
    error.__dict__.update(state)
    return error


def error_of_result(result: PGresult, server: str, encoding: str = "utf-8") -> psycopg.Error:
    """The error that a failed result stands for, of psycopg's class for its SQLSTATE, from ``server``."""
    return known_at(error_from_result(result, encoding), server)


def known_at(error: psycopg.Error, server: str | None) -> psycopg.Error:
    """The same error of the driver's as one of the library's too, from ``server`` (None: from no server)."""
    if isinstance(error, errors.Error):
        if server is not None:
            error.at(server)
        return error
    twin = _library_twin(type(error))
    known = twin(*error.args, info=error._info, encoding=error._encoding)
    known.__dict__.update({name: value for name, value in vars(error).items() if not name.startswith("_")})
    known.server = server  # type: ignore[attr-defined]  # every twin has it
    known.__cause__, known.__context__ = error.__cause__, error.__context__
    return known


def as_driver_error(error: errors.Error) -> errors.Error:
    """The same error of the library's as one of psycopg's too."""
    if isinstance(error, psycopg.Error):
        return error
    twin = _driver_twin(type(error))
    known = twin.__new__(twin)
    psycopg.Error.__init__(known, *error.args)  # type: ignore[arg-type]  # the twin is one
    known.__dict__.update(vars(error))
    known.__cause__, known.__context__ = error.__cause__, error.__context__
    return known
