"""What the planner hands to the executor. A plan says where a key comes from, never its value, so it serves all values.

Texts are in ``$n`` form. Where a text uses fewer parameters than the caller gave, ``numbers`` says which of the
caller's (1-based) become its ``$1``, ``$2``, ...: PostgreSQL refuses a parameter whose type it cannot infer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from parallel_partition.planning.conditions import Condition, KeyRow
from parallel_partition.statements import OutputColumn, Parameter

# --- what servers are asked, and how their answers become one --------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ShardQuery:
    """A text for one server. ``numbers`` None: all of the caller's parameters, as they are."""

    text: str
    numbers: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class PartitionQuery:
    """A text that also compares ``part`` of ``tables`` (schema, name) with the parameter behind the caller's.

    That is a partition, as a text, or several, as an array. The server then opens those children of each table, where
    it would look into every child that it holds.
    """

    text: str
    tables: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Count:
    """A LIMIT or OFFSET: a number that the statement states, or a parameter. (LIMIT ALL and NULL are no Count.)"""

    value: int | None = None
    number: int | None = None


@dataclass(frozen=True, slots=True)
class SortKey:
    """One ORDER BY item over the shard query's output: ``column`` is 0-based; ``collation`` None for the default's.

    ``exact`` is the item's type (OID, name) where the column has what `parallel_partition.exact_text` makes of it.
    """

    column: int
    descending: bool = False
    nulls_first: bool = False
    collation: str | None = None
    exact: tuple[int, str] | None = None


@dataclass(frozen=True, slots=True)
class Whole:
    """The query runs whole on each server; rows are concatenated, or merged by ``order``, then cut.

    The last ``hidden`` columns of the shard query are there for ``order`` only. ``in_partitions`` is the shard query
    with the partitions named, where something is known of them.
    """

    shard: ShardQuery
    order: tuple[SortKey, ...] = ()
    limit: Count | None = None
    offset: Count | None = None
    hidden: int = 0
    in_partitions: PartitionQuery | None = None


@dataclass(frozen=True, slots=True)
class Split:
    """Partial rows from each server, and the query that a merge session computes over them.

    ``merge.text`` reads the partial rows from ``arrays``, an ``unnest($1, ..., $k)`` of one array per partial column, k
    = ``columns``; its ``$k+1...`` are the caller's parameters named by ``merge.numbers``. ``as_text[i]`` tells that
    column i travels as an array of text (types without a fixed OID, and arrays), as which ``partial`` gives it,
    otherwise in the element type's binary form; the partial rows are fetched in binary.
    """

    partial: ShardQuery
    merge: ShardQuery
    arrays: str
    columns: int
    as_text: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class SplitDraft:
    """A split whose types are not known yet.

    ``probe`` is described (never run) on one server: its columns are the partial columns before they are split, which
    is what gives PostgreSQL's own result types. ``complete(caller, probe)`` takes the description of the
    caller's statement and that of ``probe`` and returns the `Split`, or `NotSplit` where these types are not split, or
    raises `UnsupportedQuery`.
    """

    probe: ShardQuery
    complete: Callable[[Sequence[OutputColumn], Sequence[OutputColumn]], Split | NotSplit]


#: The column of a temporary table of whose rows nothing is known but that they are there.
ROW_ALONE = "parallel_partition row"
#: Those that tell where a row is that may be changed: its partition, and its place in the child table.
ROW_PART, ROW_PLACE = "parallel_partition part", "parallel_partition place"


@dataclass(frozen=True, slots=True)
class Link:
    """That rows matter only where ``column`` has a value which ``other`` has in a row gathered of ``table``.

    ``table`` is (schema, name), and ``type`` the type as which ``column`` is compared with those values.
    """

    column: str
    type: str
    table: tuple[str, str]
    other: str

    def __str__(self) -> str:
        table = ".".join(self.table).removeprefix("pg_temp.")
        return f"{self.column} in {table} ({self.other})"


@dataclass(frozen=True, slots=True)
class TableUse:
    """The rows that matter where a statement names a table: those that pass ``filter`` and all ``links``."""

    filter: str
    links: tuple[Link, ...]

    def __str__(self) -> str:
        return " and ".join(map(str, self.links))


@dataclass(frozen=True, slots=True)
class GatheredTable:
    """The rows of one table that a statement needs, on their way into a temporary table of the merge session.

    ``schema`` and ``name`` are the table's; the temporary one is called ``name``, and has ``definition``, all columns
    in order. ``columns`` are fetched, the others stay NULL; where there are none, rows alone count, and NULL is fetched
    for one column more, `ROW_ALONE`: nobody needs a right on a column that the text does not name. ``condition`` is
    where the rows can be that matter, and ``filter`` a WHERE over bare names of columns ("" for none), in ``$n`` form.
    ``indexes``, such as ``USING hash ("name")``, are worth their while for many rows. ``first`` is the strategy that
    answers it, where it is a subquery that is answered first. ``uses`` say the same as ``filter`` for each place in the
    statement, and more where rows of other tables are gathered first; none where nothing more can be said. ``lock`` is
    the clause by which its rows are locked as they are read.
    """

    schema: str
    name: str
    definition: str
    columns: tuple[str, ...]
    condition: Condition
    filter: str = ""
    binary: bool = True
    indexes: tuple[str, ...] = ()
    first: str = ""
    uses: tuple[TableUse, ...] = ()
    lock: str = ""

    @property
    def full_name(self) -> str:
        """The table's name with its schema, for people."""
        if self.first:
            return self.name
        return f"{self.schema}.{self.name}"

    @property
    def reduced_by(self) -> str:
        """What may leave out more rows once other tables are gathered, for people; "" for nothing."""
        return " or ".join(dict.fromkeys(str(use) for use in self.uses if use.links))


@dataclass(frozen=True, slots=True)
class AnsweredFirst:
    """A subquery of a gathered statement that is answered by itself: its rows fill a temporary table, ``table``.

    ``columns`` are the names of its columns. Each home of ``condition`` is asked ``asked``, whose rows they are, or
    the partial rows of a split. ``described`` has the same columns, and tells their types. All of it has parameters
    of its own: ``numbers`` are theirs among the caller's. ``strategy`` and ``reason`` are those of the subquery.
    """

    table: str
    columns: tuple[str, ...]
    condition: Condition
    asked: ShardQuery | SplitDraft
    described: ShardQuery
    numbers: tuple[int, ...]
    strategy: str
    reason: str


@dataclass(frozen=True, slots=True)
class FirstTable:
    """A subquery that is answered first, once its types are known: its table, and its split where it is one."""

    first: AnsweredFirst
    table: GatheredTable
    split: Split | None

    def parameters(self, given: Sequence[Parameter]) -> list[Parameter]:
        """The subquery's parameters, of those that the caller gave."""
        return [given[number - 1] for number in self.first.numbers]


@dataclass(frozen=True, slots=True)
class Gather:
    """Rows of each table are brought together, and the caller's own statement runs over them in a merge session.

    ``text`` is that statement, with the names of tables that have a schema changed to those of temporary tables.
    ``copies`` are the reference tables among ``tables`` (schema, name): the merge session may read those as they are.
    ``clock`` names what reads the clock: in a transaction the merge session's is another, and so ``text`` is changed
    before it runs (see `clock_text`); ``session_clock`` is a clock that cannot be changed.
    ``first`` are subqueries that are answered first; then ``text`` and ``tables`` are those of what is left, their
    parameters have ``numbers`` among the caller's, and ``undivided`` is the plan that answers nothing first.
    """

    text: str
    tables: tuple[GatheredTable, ...]
    copies: frozenset[tuple[str, str]] = frozenset()
    clock: str | None = None
    session_clock: str | None = None
    first: tuple[AnsweredFirst, ...] = ()
    numbers: tuple[int, ...] | None = None
    undivided: Gather | Refusal | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Over several servers this statement is refused; ``message`` names the clause and the reason."""

    message: str


# --- plans ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SelectPlan:
    """A SELECT over sharded tables.

    ``condition`` is where rows of the sharded tables that it reads can be. When those partitions have one home,
    ``one`` (the caller's text, ``part`` hidden) is all that runs; otherwise ``many`` runs on their homes.
    ``strategy`` and ``reason`` describe ``many``; ``one_reason`` describes ``one``.
    ``locking``: it has FOR UPDATE or the like, which counts as a write of the servers it runs on.
    ``in_partition`` is ``one`` for a look-up whose one partition is known, where it can be named in the text.
    ``passed`` are the cheaper strategies than ``many``'s, each with the reason why it is not used.
    """

    condition: Condition
    one: ShardQuery
    many: Whole | SplitDraft | Gather | Refusal
    strategy: Literal["one server", "whole", "split", "gather", "refused"]
    reason: str
    one_reason: str
    tables: tuple[str, ...] = ()
    locking: bool = False
    in_partition: PartitionQuery | None = None
    passed: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class NotSplit:
    """What a split turns into once its types are known to be none that can be split, and the reason."""

    gather: Gather
    reason: str

    def instead_of(self, plan: SelectPlan) -> SelectPlan:
        """The plan with the gather in place of the split."""
        return replace(
            plan,
            many=self.gather,
            strategy="gather",
            reason=f"{plan.reason}; not split: {self.reason}",
            passed=(*plan.passed, ("split", self.reason)),
        )


@dataclass(frozen=True, slots=True)
class ReferencePlan:
    """A SELECT that reads reference tables only: any one server answers; ``tables`` are their names."""

    text: str
    reason: str
    tables: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LocalPlan:
    """A statement for the catalog's server: local tables, PostgreSQL's own catalogs, no tables at all, utility.

    ``relations`` and ``functions`` are the (schema or None, name) that the catalog does not know; the executor asks
    the catalog's server what they are before it runs the plan (a function that may read a sharded table is refused).
    ``writes``: it may change something. ``utility``: it is no SELECT, INSERT, UPDATE, DELETE or MERGE.
    """

    text: str
    reason: str
    relations: tuple[tuple[str | None, str], ...] = ()
    functions: tuple[tuple[str | None, str], ...] = ()
    writes: bool = True
    utility: bool = False


@dataclass(frozen=True, slots=True)
class InsertPlan:
    """INSERT ... VALUES into a sharded table.

    ``head`` is the text up to and including VALUES, with ``part`` in its column list; ``rows`` the texts of the rows
    without their closing parenthesis, so that ``row + ", 7)"`` is a row of partition 7; ``tail`` what follows (ON
    CONFLICT, RETURNING). Rows are joined by ", ". ``keys[i]`` is where the key of ``rows[i]`` comes from. ``refusal``:
    it may run on one server only; when its rows have several homes, or their keys are not certain, it runs as
    ``staged``, or is refused with that message. The values of ``drawn`` come behind those of a row, before its
    partition. ``clock`` is as a `ModifyPlan` has it.
    """

    table: tuple[str, str]
    head: str
    rows: tuple[str, ...]
    keys: tuple[KeyRow, ...]
    tail: str
    reason: str
    returning: bool = False
    refusal: Refusal | None = None
    staged: StagedInsertPlan | None = None
    drawn: tuple[Drawn, ...] = ()
    clock: str | None = None


@dataclass(frozen=True, slots=True)
class Drawn:
    """A column whose values are drawn from the catalog's sequence where the statement leaves them to it.

    ``sequence`` is quoted and qualified. ``rows`` are those of VALUES that say DEFAULT, numbered from 1, None for all.
    """

    column: str
    sequence: str
    rows: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class StagedInsertPlan:
    """INSERT into a sharded table of rows that are computed first, in a temporary table of the merge session.

    ``stage`` makes that table; ``fill`` and the text of ``gather`` behind it fill it there. Of its columns ``drawn``
    get their values next, and ``columns`` go to the rows' homes, as arrays of ``elements``: ``write`` runs there, with
    the arrays, and one of the rows' partitions, behind its own parameters. ``conflicts``: it has ON CONFLICT, so that
    all rows of a home must be in one statement. ``clock`` is what a default reads the clock by. ``refusal``: the rows
    may go to one server only.
    """

    table: tuple[str, str]
    stage: str
    gather: Gather
    fill: str
    drawn: tuple[Drawn, ...]
    columns: tuple[str, ...]
    write: ShardQuery
    elements: tuple[str, ...]
    reason: str
    conflicts: bool = False
    returning: bool = False
    clock: str | None = None
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True)
class ModifyPlan:
    """UPDATE or DELETE of a sharded table: ``query`` runs on the homes of ``condition``.

    Counts are added, rows concatenated. ``clock`` is what it reads the clock by: then constants take its place, where
    it runs on several servers, or on another than its transaction's moment is of.

    ``refusal``: it may run on one server only; when ``condition`` has several homes, it runs as ``gathered``, or is
    refused with that message.
    """

    table: tuple[str, str]
    condition: Condition
    query: ShardQuery
    reason: str
    returning: bool = False
    refusal: Refusal | None = None
    clock: str | None = None
    gathered: GatheredWritePlan | None = None


@dataclass(frozen=True, slots=True)
class GatheredWritePlan:
    """UPDATE or DELETE that the merge session runs over gathered rows; what it changed there is done at their homes.

    ``gather`` has the caller's statement as its text, and locks the rows of ``table`` as it reads them, with `ROW_PART`
    and `ROW_PLACE`. ``moves``: keys may change, and with them partitions and homes. At the homes of changed rows
    ``update`` (None for a DELETE), ``delete`` and, of those that leave their server, ``insert`` run; see
    `planning.gathered_write`.
    """

    table: tuple[str, str]
    gather: Gather
    reason: str
    moves: bool
    update: HomeWrite | None
    delete: HomeWrite
    insert: HomeWrite | None
    returning: bool = False


@dataclass(frozen=True, slots=True)
class HomeWrite:
    """What a home is asked, over one array for each of ``elements``, which the merge session makes of changed rows."""

    text: str
    elements: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReferenceWritePlan:
    """A write of a reference table, or TRUNCATE: the same text on every server, whose answers must agree.

    ``clock`` is as a `ModifyPlan` has it.
    """

    table: tuple[str, str]
    query: ShardQuery
    reason: str
    returning: bool = False
    clock: str | None = None


@dataclass(frozen=True, slots=True)
class SettingPlan:
    """SET, RESET, DISCARD and the like: the same on every server of the session. ``discards``: it is DISCARD."""

    text: str
    reason: str
    discards: bool = False


@dataclass(frozen=True, slots=True)
class TransactionPlan:
    """BEGIN, COMMIT, SAVEPOINT or the like sent as a statement; ``tag`` is what PostgreSQL answers."""

    action: Literal["begin", "commit", "rollback", "savepoint", "release", "roll back to"]
    text: str
    options: tuple[str, ...] = field(default=())
    tag: str = ""
    savepoint: str = ""


@dataclass(frozen=True, slots=True)
class ExplainPlan:
    """EXPLAIN of a statement, ``query``, that names tables of the cluster; ``text`` is the whole of it.

    ``options`` are those of PostgreSQL's own plans on the servers, such as ``BUFFERS true``.
    """

    text: str
    query: str
    analyze: bool = False
    format: Literal["text", "json"] = "text"
    options: tuple[str, ...] = ()


Plan = (
    SelectPlan
    | ReferencePlan
    | LocalPlan
    | InsertPlan
    | StagedInsertPlan
    | ModifyPlan
    | GatheredWritePlan
    | ReferenceWritePlan
    | SettingPlan
    | TransactionPlan
    | ExplainPlan
)
