"""The plans of one connection's statements: made for where it looks for names, and for what these mean now."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import psycopg

from parallel_partition import errors
from parallel_partition.catalog.cluster import ClusterState
from parallel_partition.catalog.tables import PART
from parallel_partition.execution.local_names import (
    check_earlier_names,
    check_overloads,
    overloads_in,
    views_are_current,
)
from parallel_partition.execution.merge_session import MergeSession
from parallel_partition.execution.router import Planned, Router
from parallel_partition.execution.transaction import Transaction
from parallel_partition.planning.conditions import Condition
from parallel_partition.planning.overloads import Overload
from parallel_partition.planning.parse import SyntaxNotRead
from parallel_partition.planning.plan import ModifyPlan, SelectPlan
from parallel_partition.postgres.driver_errors import as_driver_error
from parallel_partition.postgres.session import Session
from parallel_partition.statements import Parameters, Statement

_SEARCH_PATH = Statement(b"SELECT unnest(pg_catalog.current_schemas(false))", prepare=True)

#: How often a statement is planned anew when its views change meanwhile before it gives up.
ATTEMPTS = 5

#: No such table, column, function, type or collation.
_NAMES_NOTHING = frozenset({"42P01", "42703", "42883", "42704"})


class StatementPlans:
    """Plans statements, and keeps where the connection's sessions look for names.

    Parameters
    ----------
    router : the cluster as this process knows it
    transaction : the connection's sessions and transaction
    merge : its merge session
    """

    def __init__(self, router: Router, transaction: Transaction, merge: MergeSession) -> None:
        self._router = router
        self._transaction = transaction
        self._merge = merge
        self.search_path = router.state.search_path
        self._overloads: tuple[tuple[tuple[str, ...], int], tuple[Overload, ...]] | None = None

    def of(self, request: Statement) -> Planned:
        """The plan of a statement; a text that our grammar does not read gets the server's own error."""
        if self._transaction.path_unsure and not self._transaction.failed:
            self._read_search_path()
        oids = Parameters.of(request.parameters).types
        try:
            return self._with_current_views(
                lambda: self._unhidden(self._router.plan(request.text, oids, self.search_path), request)
            )
        except SyntaxNotRead as unread:
            self._let_server_refuse(request.text, oids)
            message = (
                f"this statement's syntax is newer than the grammar of this library (PostgreSQL 18): {unread}; "
                "no statement is run that was not read"
            )
            raise as_driver_error(errors.UnsupportedQuery(message)) from None
        except errors.UnsupportedQuery as error:
            self._let_server_miss_names(request.text, oids)
            raise as_driver_error(error) from None
        except errors.Error as error:
            raise as_driver_error(error) from None

    def _let_server_miss_names(self, text: bytes, oids: tuple[int, ...]) -> None:
        """Let the catalog's server say of a refused statement that it names something that there is not.

        It says so in the merge session, as a refusal fails no transaction. That session knows nothing of what the
        transaction made, and takes the name ``part`` for the library's column.
        """
        if not self._transaction.status and PART.encode() not in text.lower():
            try:
                self._merge.describe(text, oids)
            except psycopg.Error as error:
                if error.sqlstate in _NAMES_NOTHING:
                    raise

    def _with_current_views(self, plan: Callable[[], Planned]) -> Planned:
        """The plan of a statement, made again while its views are others than the router knows."""
        for _ in range(ATTEMPTS):
            planned = plan()
            state = self._router.state
            if not planned.views or views_are_current(self._catalog_session(), planned.views, state):
                return planned
            self.reload(state)
            self._transaction.versions.state = self._router.state
        message = f"views changed {ATTEMPTS} times while this statement tried to run; try again"
        raise as_driver_error(errors.StaleMap(message))

    def _unhidden(self, planned: Planned, request: Statement) -> Planned:
        """The same plan, once it is known that its names mean the cluster's tables, and PostgreSQL's operators."""
        if len(self.search_path) > 1 and not planned.unhidden:
            text = planned.text.decode()
            check_earlier_names(self._catalog_session(), text, self.search_path, self._router.state)
            planned.unhidden = True
        if isinstance(planned.plan, SelectPlan | ModifyPlan):
            overloads = self._overloads_beside(planned.plan.condition, request)
            if planned.beside != overloads:
                check_overloads(planned.text.decode(), overloads)
                planned.beside = overloads
        return planned

    def _overloads_beside(self, condition: Condition, request: Statement) -> tuple[Overload, ...]:
        """What users made under names of PostgreSQL's own; asked once, and again where something may have changed."""
        key = self.search_path, self._router.generation
        if self._overloads is None or self._overloads[0] != key:
            self._transaction.refuse_when_failed()
            # Asked of a server that is needed anyway: any other may be away.
            _, homes = self._router.homes_of(condition, request.parameters)
            self._overloads = key, overloads_in(partial(self._transaction.aside, homes[0]), self.search_path)
        return self._overloads[1]

    def _let_server_refuse(self, text: bytes, oids: tuple[int, ...]) -> None:
        self._transaction.describe(self._catalog_session(), text, oids)

    def reload(self, seen: ClusterState) -> None:
        """Read the catalog again, unless somebody did since ``seen`` was current."""
        try:
            self._router.reload(seen)
        except errors.Error as error:
            raise as_driver_error(error) from error.__cause__

    def _catalog_session(self) -> Session:
        return self._transaction.session(self._router.state.catalog)

    def _read_search_path(self) -> None:
        """Where the servers look for names, after a SET or the end of its transaction."""
        self._transaction.refuse_when_failed()
        result = self._transaction.aside(self._router.state.catalog, _SEARCH_PATH)
        self.search_path = tuple((result.get_value(row, 0) or b"").decode() for row in range(result.ntuples))
        self._transaction.path_unsure = False
