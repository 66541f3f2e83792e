"""The same statements on one plain PostgreSQL and on two servers, over columns and keys of every type.

All values are compared as the texts that PostgreSQL sends: 1.0 is not 1.00, and no date is too far away.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.types.string import TextLoader

from tests.cluster.differential_cases import Case, read_cases
from tests.cluster.every_type_data import (
    COLLATIONS,
    COLLATIONS_WITHOUT_ICU,
    DEFINITIONS,
    TABLES,
    TABLES_SINCE_18,
    VIEWS,
    rows,
)
from tests.cluster.same_answers import answer, assert_same_answer
from tests.fix_differential import Pair, databases_by_icu, filled_pair

FILES = sorted((Path(__file__).parent / "differential_types").glob("*.sql"))
CASES = [case for file in FILES for case in read_cases(file)]


@pytest.fixture(scope="module")
def every_type(conninfos: list[str]) -> Iterator[Pair]:
    """The tables in one PostgreSQL and in a cluster of two servers, both with all rows."""
    with databases_by_icu(conninfos[:2]) as made:
        places = [made[0], *made[1]]
        for number, place in enumerate(places):
            version = define(place, number)
        tables = [*TABLES, *(TABLES_SINCE_18 if version >= 180_000 else ())]
        with filled_pair(made, tables, rows(version)) as pair:
            for place in places:
                with psycopg.connect(place, autocommit=True) as direct:
                    direct.execute(";".join(VIEWS).encode())
            read_texts(pair.plain)
            read_texts(pair.over)
            yield pair


def define(place: str, number: int) -> int:
    """Make types, schemas, collations, after so many types that OIDs differ; return the server's version."""
    with psycopg.connect(place, autocommit=True) as direct:
        for before in range(number):
            direct.execute(f"CREATE TYPE other_{before} AS ENUM ()".encode())
        direct.execute(";".join(DEFINITIONS).encode())
        try:
            direct.execute(COLLATIONS)
        except psycopg.errors.FeatureNotSupported:
            direct.execute(COLLATIONS_WITHOUT_ICU)
        return direct.info.server_version


def read_texts(connection: psycopg.Connection[Any]) -> None:
    """Let values of all types be read as texts."""
    for type in connection.adapters.types:
        for oid in (type.oid, type.array_oid):
            if oid:
                connection.adapters.register_loader(oid, TextLoader)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_same_answer_for_every_type(case: Case, every_type: Pair) -> None:
    if every_type.plain.info.server_version // 10_000 >= case.since:
        assert_same_answer(case, *every_type)
        return
    for connection in every_type:
        with pytest.raises(psycopg.Error):
            answer(connection, case)


def test_every_file_has_cases() -> None:
    assert {case.file for case in CASES} == {file.name for file in FILES}
    assert len(CASES) > 1000
