"""SQLAlchemy over a cluster: an engine of the psycopg dialect whose creator is the library's ``connect``."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import (
    Column,
    Engine,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    create_engine,
    insert,
    select,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship

from parallel_partition import Cluster
from tests.fix_clusters import MakeCluster


class Base(DeclarativeBase):
    """What is mapped."""


class Patient(Base):
    """A row of a sharded table."""

    __tablename__ = "patients"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str]
    visits: Mapped[list[Visit]] = relationship(back_populates="patient")


class Visit(Base):
    """A row of another one that follows its key."""

    __tablename__ = "visits"
    patient_id: Mapped[int] = mapped_column(ForeignKey("patients.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    ward: Mapped[str]
    patient: Mapped[Patient] = relationship(back_populates="visits")


@pytest.fixture(scope="module")
def trio(make_module_cluster: MakeCluster) -> Cluster:
    cluster = make_module_cluster(3)
    cluster.create_table("CREATE TABLE patients (id int PRIMARY KEY, name text NOT NULL)", key="id")
    cluster.create_table(
        "CREATE TABLE visits (patient_id int REFERENCES patients, number int, ward text NOT NULL, "
        "PRIMARY KEY (patient_id, number))",
        key="patient_id",
    )
    return cluster


@pytest.fixture
def engine(trio: Cluster) -> Iterator[Engine]:
    """With all defaults, ``use_native_hstore`` among them."""
    engine = create_engine("postgresql+psycopg://", creator=trio.connect)
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM visits")
        connection.exec_driver_sql("DELETE FROM patients")
    yield engine
    engine.dispose()


def test_nested_transactions(engine: Engine) -> None:
    table = Table("patients", MetaData(), Column("id", Integer), Column("name", String))
    with engine.begin() as connection:
        connection.execute(table.insert(), [{"id": n, "name": f"n{n}"} for n in range(1, 10)])
        with connection.begin_nested():
            connection.execute(table.update().values(name="kept").where(table.c.id < 4))
        nested = connection.begin_nested()
        connection.execute(table.delete())
        with pytest.raises(IntegrityError), connection.begin_nested():
            connection.execute(table.insert(), [{"id": n, "name": None} for n in range(1, 5)])
        assert connection.execute(select(table)).all() == []
        nested.rollback()
        names = connection.execute(select(table.c.name).order_by(table.c.id)).scalars().all()
        assert names == ["kept"] * 3 + [f"n{n}" for n in range(4, 10)]
    with engine.connect() as connection:
        assert len(connection.execute(select(table)).all()) == 9


def test_a_session_goes_on_behind_a_failed_savepoint(engine: Engine) -> None:
    with Session(engine) as session:
        session.add(Patient(id=1, name="ada", visits=[Visit(number=1, ward="eyes")]))
        session.flush()
        with pytest.raises(IntegrityError), session.begin_nested():
            session.execute(insert(Patient).values(id=1, name="twice"))
        session.add(
            Patient(id=2, name="ben", visits=[Visit(number=1, ward="heart"), Visit(number=2, ward="eyes")])
        )
        session.commit()
    with Session(engine) as session:
        found = session.scalars(select(Patient).order_by(Patient.id)).all()
        assert [(patient.name, [visit.ward for visit in patient.visits]) for patient in found] == [
            ("ada", ["eyes"]),
            ("ben", ["heart", "eyes"]),
        ]


def test_a_connection_that_comes_back_from_the_pool(engine: Engine) -> None:
    for _ in range(3):
        with engine.connect() as connection:
            connection.exec_driver_sql("SAVEPOINT left_open")
            connection.exec_driver_sql("INSERT INTO patients VALUES (1, 'x'), (2, 'y'), (3, 'z')")
        with engine.connect() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM patients").scalar() == 0
