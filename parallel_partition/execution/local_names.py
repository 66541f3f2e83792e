"""Names that the catalog does not know: what the catalog's server says of them before a plan runs.

A view over a sharded table, or a function whose body reads one, would see the rows of one server only; such a
statement is refused rather than answered wrongly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from psycopg.pq.abc import PGresult

from parallel_partition import errors
from parallel_partition.catalog.cluster import ClusterState
from parallel_partition.execution.fan_out import answers_of
from parallel_partition.planning.known_names import earlier_names
from parallel_partition.planning.overloads import Overload, overload_meant
from parallel_partition.planning.plan import LocalPlan
from parallel_partition.postgres.binary_array import text_array
from parallel_partition.postgres.driver_errors import as_driver_error
from parallel_partition.postgres.named_sql import load
from parallel_partition.postgres.session import Session
from parallel_partition.statements import Statement

_SQL = load("local_names")


def check_local_names(session: Session, plan: LocalPlan, state: ClusterState) -> None:
    """Refuse a local plan whose views or functions read tables of the cluster.

    Raises
    ------
    errors.UnsupportedQuery : one of them does; the message names it
    """
    if plan.relations:
        tables = [(table.schema, table.name) for table in state.schema.values() if table.sharded]
        found = _ask(session, "relations_over_tables", plan.relations, tables)
        if found.ntuples:
            view, table = (_text(found, column) for column in range(2))
            message = (
                f"{view} reads the sharded table {table}, as one server has it; query the table directly"
            )
            raise as_driver_error(errors.UnsupportedQuery(message))
    if plan.functions:
        found = _ask(session, "functions_that_may_read", plan.functions)
        if found.ntuples:
            message = (
                f"function {_text(found, 0)} may read tables, and on one server it would see only that server's rows; "
                "declare it IMMUTABLE if it reads none"
            )
            raise as_driver_error(errors.UnsupportedQuery(message))


def check_earlier_names(
    session: Session, text: str, search_path: tuple[str, ...], state: ClusterState
) -> None:
    """Refuse a statement whose tables of the cluster are hidden by others that come earlier in the search path.

    Raises
    ------
    errors.UnsupportedQuery : one is; the message names what hides it
    """
    names = earlier_names(text, state.schema, search_path)
    found = _ask(session, "relations_there_are", names) if names else None
    if found is not None and found.ntuples:
        name = _text(found, 0)
        message = (
            f"{name}: it is on the catalog's server only, and comes before the cluster's table of that name in "
            "search_path; name the table with its schema"
        )
        raise as_driver_error(errors.UnsupportedQuery(message))


def overloads_in(ask: Callable[[Statement], PGresult], search_path: tuple[str, ...]) -> tuple[Overload, ...]:
    """What users made on a server that may be meant by names of PostgreSQL's own.

    Parameters
    ----------
    ask : runs a statement of the library's own on that server

    Raises
    ------
    psycopg.Error : what the server said
    """
    found = ask(Statement(_SQL["overloads"].encode(), [text_array(search_path)], 0, prepare=True))
    rows = [[_text(found, column, row) for column in range(found.nfields)] for row in range(found.ntuples)]
    return tuple(
        Overload(kind, shown, name, int(least), int(most)) for kind, shown, name, least, most in rows
    )


def check_overloads(text: str, overloads: Sequence[Overload]) -> None:
    """Refuse a statement in which a name of PostgreSQL's own may mean what a user made.

    Raises
    ------
    errors.UnsupportedQuery : one may; the message names what it may mean
    """
    meant = overload_meant(text, overloads)
    if meant is not None:
        message = (
            f"{meant.shown}: it may be meant here, and is not what PostgreSQL has by that name; leave its schema "
            "out of search_path, or declare a function of it IMMUTABLE if it reads no tables"
        )
        raise as_driver_error(errors.UnsupportedQuery(message))


def views_are_current(session: Session, views: Sequence[tuple[str, str]], state: ClusterState) -> bool:
    """Tell whether views are on the catalog's server what the router took them for."""
    found = _ask(session, "stamps_of_views", views)
    stamps = [(found.get_value(row, 0) or b"").decode() for row in range(found.ntuples)]
    return stamps == [state.schema.views[view].stamp for view in views]


def _ask(session: Session, name: str, *pairs: Sequence[tuple[str | None, str]]) -> PGresult:
    parameters = [text_array(pair[place] for pair in names) for names in pairs for place in range(2)]
    statement = Statement(_SQL[name].encode(), parameters, 0, prepare=True)
    return answers_of(session, [statement])[-1]


def _text(result: PGresult, column: int, row: int = 0) -> str:
    return (result.get_value(row, column) or b"").decode()
