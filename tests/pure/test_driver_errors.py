"""Errors are the library's and psycopg's at once, know their server, and survive pickling."""

from __future__ import annotations

import pickle

import psycopg
import pytest

from parallel_partition import errors
from parallel_partition.postgres.driver_errors import as_driver_error, known_at, pep_249_name


def library_errors():
    found, todo = [], [errors.Error]
    while todo:
        cls = todo.pop()
        found.append(cls)
        todo += cls.__subclasses__()
    # Twins made by other tests are psycopg's too; here only the library's own classes matter.
    return [
        cls
        for cls in found
        if not issubclass(cls, psycopg.Error) and cls.__module__ == "parallel_partition.errors"
    ]


@pytest.mark.parametrize("cls", library_errors(), ids=lambda cls: cls.__name__)
def test_every_error_of_the_library_has_a_psycopg_twin(cls):
    arguments = {"table": "t", "row": 3, "column": "a", "server": "s1"} if cls is errors.RowRefused else {}
    error = as_driver_error(cls("what happened", **arguments).at("s1"))
    assert isinstance(error, cls)
    assert isinstance(error, getattr(psycopg, pep_249_name(cls)))
    assert error.server == "s1"
    assert "what happened" in str(error)
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), again.args, again.server) == (type(error), error.args, "s1")


def psycopg_errors():
    return [
        value
        for value in vars(psycopg.errors).values()
        if isinstance(value, type) and issubclass(value, psycopg.Error)
    ]


@pytest.mark.parametrize("cls", psycopg_errors(), ids=lambda cls: cls.__name__)
def test_every_error_of_psycopg_becomes_the_librarys(cls):
    error = known_at(cls("boo"), "s2")
    assert isinstance(error, cls)
    assert isinstance(error, getattr(errors, pep_249_name(cls)))
    assert error.server == "s2"
    assert str(error) == "boo\nSERVER:  s2"
    assert error.sqlstate == cls.sqlstate
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), again.args, again.server) == (type(error), error.args, "s2")


def test_an_error_is_made_a_twin_once():
    error = known_at(psycopg.errors.UniqueViolation("boo"), "s2")
    assert known_at(error, "s3") is error
    assert error.server == "s3"
    refused = as_driver_error(errors.UnsupportedQuery("no"))
    assert as_driver_error(refused) is refused
