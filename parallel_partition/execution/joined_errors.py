"""Several connections' errors as one exception, for connections of any driver.

It is a `FanOutError`, and an instance of the class that the errors share, so that ``except
psycopg2.OperationalError`` or ``except sqlite3.IntegrityError`` goes on working. The driver is known by its
exceptions alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from parallel_partition.errors import FanOutError


def joined_error(failures: Mapping[str, Exception], message: str | None = None) -> FanOutError:
    """Make one exception, with its cause, of at least one failure.

    Parameters
    ----------
    failures : the names of the connections that failed and what each raised
    message : the text, when it is not to be what each connection said

    Returns
    -------
    FanOutError
        to be raised as it is. Its text names each connection, ``errors`` is ``failures``; the driver's own
        attributes (``sqlstate``, ``pgcode``, ``diag``, ...) are those of the first
    """
    errors = list(failures.values())
    error = _of_class(_shared_class(errors), message or _message(failures), failures)
    error.__cause__ = errors[0] if len(errors) == 1 else ExceptionGroup("the connections' errors", errors)
    return error


def _message(failures: Mapping[str, Exception]) -> str:
    lines = [f"{name}: {str(error).rstrip()}" for name, error in failures.items()]
    return lines[0] if len(lines) == 1 else "\n".join([f"{len(lines)} connections failed", *lines])


def _shared_class(errors: Sequence[Exception]) -> type[Exception]:
    classes = (cls for cls in type(errors[0]).__mro__ if all(isinstance(error, cls) for error in errors))
    return next(cls for cls in classes if issubclass(cls, Exception))


def _of_class(cls: type[Exception], message: str, failures: Mapping[str, Exception]) -> FanOutError:
    if cls is Exception or issubclass(cls, FanOutError):
        return FanOutError(message, dict(failures))
    first = next(iter(failures.values()))
    try:
        cls(message)
        # In this order: SQLAlchemy takes the first of PEP 249's names among the bases, and means that of ``cls``.
        mixed = type(cls.__name__, (cls, FanOutError), _attributes(cls, message, first))
        error: FanOutError = mixed(message, dict(failures))
    except TypeError:
        # A class that does not mix with another, or wants more than a message (UnicodeDecodeError).
        return FanOutError(message, dict(failures))
    # sqlite3 and psycopg keep some of their attributes on the instance.
    kept = {
        name: value for name, value in vars(first).items() if name != "__notes__" and name not in vars(mixed)
    }
    error.__dict__.update(kept)
    return error


def _attributes(cls: type[Exception], message: str, first: Exception) -> dict[str, Any]:
    """The attributes of a class that says ``message`` and otherwise answers as ``first`` does."""
    attributes: dict[str, Any] = {"__module__": cls.__module__, "__doc__": cls.__doc__}
    attributes["__init__"] = FanOutError.__init__
    attributes["__str__"] = lambda _: message
    for name in dir(cls):
        if not name.startswith("_") and not hasattr(FanOutError, name):
            attributes[name] = _attribute_of(first, name)
    return attributes


def _attribute_of(error: Exception, name: str) -> property:
    return property(lambda _: getattr(error, name))
