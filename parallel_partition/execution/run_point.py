"""Run a look-up of one key for the first time, and find out what its repetitions need not ask again."""

from __future__ import annotations

from parallel_partition.execution.answer import Answer, answer_of
from parallel_partition.execution.look_up import LookUp
from parallel_partition.execution.point import PointRoute, with_partition
from parallel_partition.execution.readable_part import may_read_part
from parallel_partition.execution.router import Router
from parallel_partition.execution.transaction import Transaction
from parallel_partition.execution.user_types import are_users
from parallel_partition.statements import Parameters, Statement


def run_point(
    router: Router, transaction: Transaction, route: PointRoute, request: Statement
) -> Answer | None:
    """Answer a look-up of one key; None when the long way must tell which key it is.

    Raises
    ------
    psycopg.Error : what the server said
    StaleVersion : the server's map or schema is another than the plan was made for
    """
    found = point_statement(router, transaction, route, request)
    if found is None:
        return None
    server, part, statement = found
    named = statement.text is not route.text
    answer = answer_of(transaction.ask_one(server, statement, frozenset((part,))), server)
    parameters = Parameters.of(request.parameters)
    if not are_users(parameters.types):
        answer.look_up = LookUp(router, transaction, route, parameters.types, named=named)
    return answer


def point_statement(
    router: Router, transaction: Transaction, route: PointRoute, request: Statement
) -> tuple[str, int, Statement] | None:
    """Server, partition and statement of a look-up; None when the long way must tell which key it is."""
    shard_map = router.state.shard_map
    parameters = Parameters.of(request.parameters)
    part = route.part(parameters, shard_map.num_partitions)
    if part is None:
        return None
    server = shard_map.homes[part]
    named = (
        route.in_partition is not None
        and not transaction.sessions.settings_touched  # another role may not: that would take asking each time
        and may_read_part(router, transaction, server, route.tables)
    )
    text = route.in_partition if named and route.in_partition is not None else route.text
    sent = with_partition(parameters, part) if named else parameters
    return server, part, Statement(text, sent, request.result_format, request.prepare)
