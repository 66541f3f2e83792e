"""Cases of the planner, as text: a statement, and below it what its plan must say.

A file of ``tests/plans`` holds statements that end in ``;`` at the end of a line. The comment lines right
below a statement are compared with the plan, each a name and a value; a plan says more than a case needs to
pin. A test that fails shows all that the plan says, in this form. Comments before a statement explain it::

    SELECT * FROM orders WHERE id = 5;
    -- strategy: one server
    -- where: = '5'

A line end within a value is written ``\\n``. Two lines are not compared but given: ``oids`` are the types of
the parameters (none: 0), and ``types`` is how PostgreSQL describes the columns of the statement and, behind a
``/``, those of the probe of a split.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from parallel_partition.catalog.tables import Schema
from parallel_partition.errors import Error, UnsupportedQuery
from parallel_partition.planning.conditions import EveryPartition, OfKeys
from parallel_partition.planning.expand_views import expand_views
from parallel_partition.planning.one_server import describe
from parallel_partition.planning.plan import (
    AnsweredFirst,
    Count,
    Drawn,
    ExplainPlan,
    Gather,
    GatheredTable,
    GatheredWritePlan,
    InsertPlan,
    LocalPlan,
    ModifyPlan,
    NotSplit,
    Plan,
    ReferencePlan,
    ReferenceWritePlan,
    Refusal,
    SelectPlan,
    SettingPlan,
    ShardQuery,
    SortKey,
    SplitDraft,
    StagedInsertPlan,
    TransactionPlan,
    Whole,
)
from parallel_partition.planning.planner import plan
from parallel_partition.statements import OutputColumn

GIVEN = ("oids", "types")

_OIDS = {
    "bigint": 20,
    "smallint": 21,
    "integer": 23,
    "text": 25,
    "boolean": 16,
    "date": 1082,
    "numeric": 1700,
    "real": 700,
    "double precision": 701,
    "interval": 1186,
    "timestamp without time zone": 1114,
    "mood": 50_000,
    "integer[]": 1007,
    "bigint[]": 1016,
    "real[]": 1021,
    "json": 114,
    "jsonb": 3802,
    "record": 2249,
}


@dataclass
class Case:
    """A statement and the lines below it."""

    file: str
    line: int
    text: str
    said: list[tuple[str, str]] = field(default_factory=list)

    def given(self, name: str) -> str:
        """The value of a line, "" where there is none."""
        return next((value for found, value in self.said if found == name), "")

    @property
    def expected(self) -> list[tuple[str, str]]:
        """The lines that are compared."""
        return [line for line in self.said if line[0] not in GIVEN]

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


def read_cases(path: Path) -> Iterator[Case]:
    """The cases of a file, in order."""
    case: Case | None = None
    lines: list[str] = []
    start = 0
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if line.startswith("-- ") and case is not None and not lines:
            name, _, value = line.removeprefix("-- ").partition(": ")
            case.said.append((name, value))
        elif line.strip() and not (line.startswith("--") and not lines):
            if case is not None:
                yield case
                case = None
            start = start if lines else number
            lines.append(line)
            if line.rstrip().endswith(";"):
                case = Case(path.name, start, "\n".join(lines).rstrip().removesuffix(";"))
                lines = []
        elif not line.strip() and case is not None:
            yield case
            case = None
    if case is not None:
        yield case


def found_of(case: Case, schema: Schema) -> list[tuple[str, str]]:
    """All that the plan of a case says, as (name, value)."""
    oids = tuple(
        _OIDS[name.strip()] if name.strip() != "0" else 0 for name in case.given("oids").split(",") if name
    )
    try:
        text, _ = expand_views(case.text, schema, ("public",))
        made = plan(text, oids, schema, ("public",))
        return [(name, value.replace("\n", "\\n")) for name, value in _said(made, case)]
    except UnsupportedQuery as error:
        return [("refused", str(error))]
    except Error as error:
        return [("error", f"{type(error).__name__}: {error}")]


def _said(made: Plan, case: Case) -> Iterator[tuple[str, str]]:
    match made:
        case SelectPlan():
            yield from _said_of_select(made, case)
        case InsertPlan():
            yield "strategy", "insert"
            yield "head", made.head
            yield from (("row", row) for row in made.rows)
            yield "keys", describe_keys(made)
            yield from [("tail", made.tail)] if made.tail else []
            yield from (("drawn", _drawn(drawn)) for drawn in made.drawn)
            yield from [("one server only", made.refusal.message)] if made.refusal else []
            yield from [("else", made.staged.gather.text)] if made.staged else []
        case StagedInsertPlan():
            yield from _said_of_staged(made)
        case ModifyPlan():
            yield "strategy", "modify"
            yield "where", describe(made.condition)
            yield "text", made.query.text
            yield from [("one server only", made.refusal.message)] if made.refusal else []
            yield from _said_of_gathered(made.gathered) if made.gathered else []
        case GatheredWritePlan():
            yield "strategy", "modify over gathered rows"
            yield from _said_of_gathered(made)
        case LocalPlan():
            yield "strategy", "local"
            yield "reason", made.reason
            yield from [("relations", _names(made.relations))] if made.relations else []
            yield from [("functions", _names(made.functions))] if made.functions else []
            yield "writes", "yes" if made.writes else "no"
        case ReferencePlan():
            yield "strategy", "reference"
            yield "reason", made.reason
        case ReferenceWritePlan():
            yield "strategy", "every server"
            yield "text", made.query.text
        case SettingPlan():
            yield "strategy", "setting"
        case TransactionPlan():
            yield "strategy", f"transaction {made.action}"
            yield from [("options", ", ".join(made.options))] if made.options else []
        case ExplainPlan():
            yield "strategy", "explain and run" if made.analyze else "explain"
            yield "format", made.format
            yield "query", made.query
            yield from [("options", ", ".join(made.options))] if made.options else []


def _said_of_staged(made: StagedInsertPlan) -> Iterator[tuple[str, str]]:
    yield "strategy", "computed first"
    yield "stage", made.stage
    yield "fill", f"{made.fill} {made.gather.text}"
    yield from (("answered first", _answered(first)) for first in made.gather.first)
    yield from (("gathered", _gathered(table)) for table in made.gather.tables)
    yield from (("drawn", _drawn(drawn)) for drawn in made.drawn)
    yield "elements", ", ".join(made.elements)
    yield "write", _query(made.write)
    yield from [("clock", made.clock)] if made.clock else []
    yield from [("one server only", made.refusal.message)] if made.refusal else []


def _said_of_gathered(made: GatheredWritePlan) -> Iterator[tuple[str, str]]:
    yield "merged", made.gather.text
    yield from (("answered first", _answered(first)) for first in made.gather.first)
    yield from (("gathered", f"{_gathered(table)} {table.lock}".strip()) for table in made.gather.tables)
    for name, write in (("update", made.update), ("delete", made.delete), ("insert", made.insert)):
        if write is not None and (made.moves or name == ("update" if made.update else "delete")):
            yield name, write.text
            yield f"{name} of", ", ".join(write.elements)


def _drawn(drawn: Drawn) -> str:
    """A column that is drawn: ``id from public.s (rows 1, 2)``."""
    rows = f" (rows {', '.join(map(str, drawn.rows))})" if drawn.rows is not None else ""
    return f"{drawn.column} from {drawn.sequence}{rows}"


def describe_keys(made: InsertPlan) -> str:
    """The keys of an INSERT's rows."""
    return "; ".join(describe(OfKeys((key,))).removeprefix("= ") for key in made.keys)


def _names(names: tuple[tuple[str | None, str], ...]) -> str:
    return ", ".join(".".join(part for part in name if part) for name in names)


def _said_of_select(made: SelectPlan, case: Case) -> Iterator[tuple[str, str]]:
    yield "strategy", made.strategy
    yield "where", describe(made.condition)
    if made.one.text != case.text:
        yield "one", made.one.text
    yield "in partition", made.in_partition.text if made.in_partition else "not named"
    if made.locking:
        yield "locking", "yes"
    match made.many:
        case Refusal(message):
            if made.strategy == "refused":
                yield "refused", message
        case Whole() as whole:
            yield from ((f"passed {strategy}", why) for strategy, why in made.passed)
            yield from _said_of_whole(whole, made)
        case Gather() as gather:
            yield "reason", made.reason
            yield from ((f"passed {strategy}", why) for strategy, why in made.passed)
            yield from (("answered first", _answered(first)) for first in gather.first)
            yield from (("gathered", _gathered(table)) for table in gather.tables)
            if gather.text != case.text:
                yield "merged", gather.text
        case SplitDraft() as draft:
            yield "reason", made.reason
            yield from ((f"passed {strategy}", why) for strategy, why in made.passed)
            yield "probe", _query(draft.probe)
            yield from _said_of_split(draft, case)


def _gathered(table: GatheredTable) -> str:
    """What is fetched of a table: ``public.orders (id, total) of = $1 where ("total" > 5)``."""
    of = "" if isinstance(table.condition, EveryPartition) else f" of {describe(table.condition)}"
    where = f" where {table.filter}" if table.filter else ""
    keyed = "".join(f" indexed {index}" for index in table.indexes)
    keyed += " with its key" if "PRIMARY KEY" in table.definition else ""
    reduced = f" reduced by {table.reduced_by}" if table.reduced_by else ""
    return f"{table.schema}.{table.name} ({', '.join(table.columns)}){of}{where}{reduced}{keyed}"


def _answered(first: AnsweredFirst) -> str:
    """A subquery that is answered first: ``answered_1 (id, total): whole, SELECT ...``."""
    asked = first.asked.probe if isinstance(first.asked, SplitDraft) else first.asked
    numbers = f" of {', '.join(f'${number}' for number in first.numbers)}" if first.numbers else ""
    of = "" if isinstance(first.condition, EveryPartition) else f" of {describe(first.condition)}"
    return f"{first.table} ({', '.join(first.columns)}){numbers}{of}: {first.strategy}, {asked.text}"


def _said_of_whole(whole: Whole, made: SelectPlan) -> Iterator[tuple[str, str]]:
    if whole.shard.text != made.one.text:
        yield "shard", _query(whole.shard)
    if whole.in_partitions is not None:
        yield "in partitions", whole.in_partitions.text
    if whole.order:
        yield "order", ", ".join(_sorted(key) for key in whole.order)
    for name, count in (("limit", whole.limit), ("offset", whole.offset)):
        if count is not None:
            yield name, _count(count)
    if whole.hidden:
        yield "hidden", str(whole.hidden)


def _said_of_split(draft: SplitDraft, case: Case) -> Iterator[tuple[str, str]]:
    if not case.given("types"):
        return
    caller, _, probe = case.given("types").partition("/")
    try:
        split = draft.complete(_columns(caller), _columns(probe))
    except UnsupportedQuery as error:
        yield "refused", str(error)
        return
    if isinstance(split, NotSplit):
        yield "not split", split.reason
        yield from (("gathered", _gathered(table)) for table in split.gather.tables)
        return
    yield "partial", _query(split.partial)
    yield "merge", _query(split.merge)
    if any(split.as_text):
        yield "as text", "yes"


def _columns(types: str) -> list[OutputColumn]:
    """Described columns: ``name type, ...``, or a type alone for a column without a name."""
    found = []
    for one in types.split(","):
        name, _, type = one.strip().rpartition("=")
        found.append(OutputColumn(name or "?column?", _OIDS[type.partition("(")[0]], type, type == "mood"))
    return found


def _query(query: ShardQuery) -> str:
    return query.text + (
        f" -- {', '.join(f'${number}' for number in query.numbers)}" if query.numbers else ""
    )


def _sorted(key: SortKey) -> str:
    text = str(key.column + 1) + (" desc" if key.descending else "")
    if key.nulls_first != key.descending:
        text += " nulls first" if key.nulls_first else " nulls last"
    return text + (f" collate {key.collation}" if key.collation else "")


def _count(count: Count) -> str:
    return str(count.value) if count.number is None else f"${count.number}"
