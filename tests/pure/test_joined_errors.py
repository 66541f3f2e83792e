import sqlite3
from typing import Any

import psycopg
import psycopg2
import pytest

from parallel_partition.errors import FanOutError, OperationalError
from parallel_partition.execution.joined_errors import joined_error


def raised(error: Exception) -> Exception:
    """The same error as it looks when it was raised."""
    try:
        raise error
    except type(error) as caught:
        return caught


@pytest.mark.parametrize(
    "cls",
    [
        psycopg.errors.UniqueViolation,
        psycopg2.errors.UniqueViolation,
        sqlite3.IntegrityError,
        TypeError,
        KeyError,
        OSError,
    ],
)
def test_one_error_keeps_its_class_and_says_whose_it_was(cls: type[Exception]) -> None:
    original = raised(cls("already there"))
    error = joined_error({"connection 2 of 3": original})
    assert isinstance(error, cls)
    assert isinstance(error, FanOutError)
    assert isinstance(error, OperationalError)
    assert str(error) == f"connection 2 of 3: {original}"
    assert error.__cause__ is original
    assert error.errors == {"connection 2 of 3": original}


@pytest.mark.parametrize("driver", [psycopg, psycopg2])
def test_the_first_of_the_standard_names_is_that_of_the_shared_class(driver: Any) -> None:
    """SQLAlchemy raises its own error of that name."""
    failures = {name: driver.errors.NotNullViolation(name) for name in ("first", "second")}
    names = [cls.__name__ for cls in type(joined_error(failures)).__mro__]
    assert next(name for name in names if name in ("OperationalError", "IntegrityError")) == "IntegrityError"


def test_several_errors_are_all_there_under_the_class_they_share() -> None:
    failures: dict[str, Exception] = {
        "first": psycopg.errors.UndefinedTable("no table\n"),
        "second": psycopg.errors.DivisionByZero("division"),
    }
    error = joined_error(failures)
    assert isinstance(error, psycopg.DatabaseError)
    assert not isinstance(error, psycopg.errors.UndefinedTable)
    assert str(error) == "2 connections failed\nfirst: no table\nsecond: division"
    assert error.errors == failures
    assert isinstance(error.__cause__, ExceptionGroup)
    assert error.__cause__.exceptions == tuple(failures.values())


def test_errors_that_share_nothing_are_a_fan_out_error() -> None:
    error = joined_error({"a": psycopg.errors.UndefinedTable("x"), "b": sqlite3.OperationalError("y")})
    assert type(error) is FanOutError


def test_an_exception_that_wants_more_than_a_message_is_kept_as_the_cause() -> None:
    original = UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")
    error = joined_error({"a": original})
    assert type(error) is FanOutError
    assert error.__cause__ is original
    assert str(original) in str(error)


def test_the_drivers_attributes_are_kept() -> None:
    error = joined_error({"a": raised(psycopg.errors.UniqueViolation("x"))})
    assert error.sqlstate == "23505"  # type: ignore[attr-defined]
    assert error.diag.message_primary is None  # type: ignore[attr-defined]
    with pytest.raises(sqlite3.OperationalError) as caught:
        sqlite3.connect(":memory:").execute("SELECT x")
    error = joined_error({"a": caught.value})
    assert error.sqlite_errorname == "SQLITE_ERROR"  # type: ignore[attr-defined]
