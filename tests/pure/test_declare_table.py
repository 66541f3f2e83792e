"""Reading CREATE TABLE statements: their foreign keys cut out, what cannot be held refused."""

from __future__ import annotations

import pytest

from parallel_partition.catalog.tables import Column, Schema, Table
from parallel_partition.errors import UnsupportedTable
from parallel_partition.planning.declare_table import ForeignKey, read_declaration
from parallel_partition.planning.foreign_keys import foreign_key_statements
from parallel_partition.planning.parse import parse, same_tree


@pytest.mark.parametrize(
    ("columns", "without"),
    [
        ("(a int)", "(a int)"),
        ("(a int) ; ", "(a int)"),
        ("(a int REFERENCES o)", "(a int)"),
        ("(a int REFERENCES o (x) NOT NULL)", "(a int NOT NULL)"),
        ('(a text REFERENCES o COLLATE "C")', '(a text COLLATE "C")'),
        (
            "(a int CONSTRAINT f REFERENCES o DEFERRABLE INITIALLY DEFERRED CHECK (a > 0))",
            "(a int CHECK (a > 0))",
        ),
        (
            "(a int CHECK (a IN (1, 2)) REFERENCES o REFERENCES p, b int)",
            "(a int CHECK (a IN (1, 2)), b int)",
        ),
        ("(a int, FOREIGN KEY (a) REFERENCES o, b int)", "(a int, b int)"),
        ("(FOREIGN KEY (a) REFERENCES o, a int)", "(a int)"),
        ("(a int, -- REFERENCES x,\n b int, CONSTRAINT f FOREIGN KEY (a, b) REFERENCES o)", "(a int, b int)"),
        (
            "(\"ü,\" int DEFAULT length('),('), b int[] REFERENCES o)",
            "(\"ü,\" int DEFAULT length('),('), b int[])",
        ),
        ("(LIKE u INCLUDING ALL, a numeric(10, 2) REFERENCES o)", "(LIKE u INCLUDING ALL, a numeric(10, 2))"),
    ],
)
@pytest.mark.parametrize("name", ["t", 's."tä("'])
def test_foreign_keys_are_cut_out(name: str, columns: str, without: str) -> None:
    found = parse(read_declaration(f" CREATE TABLE {name} {columns}").text).statements
    assert same_tree(found, parse(f"CREATE TABLE {name} {without}").statements)


def test_what_a_foreign_key_says() -> None:
    declaration = read_declaration("""
        CREATE TABLE s.t (
            a int CONSTRAINT one REFERENCES x.o (i) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED NOT NULL,
            b int REFERENCES o INITIALLY DEFERRED,
            c int,
            CONSTRAINT two FOREIGN KEY (a, b) REFERENCES p (c, d) MATCH FULL ON UPDATE RESTRICT
                ON DELETE SET NULL (b) NOT VALID
        )
    """)
    assert (declaration.schema, declaration.name) == ("s", "t")
    assert declaration.foreign_keys == (
        ForeignKey(
            "one", ("a",), "x", "o", ("i",), on_delete="CASCADE", deferrable=True, initially_deferred=True
        ),
        ForeignKey(None, ("b",), None, "o", (), deferrable=True, initially_deferred=True),
        ForeignKey(
            "two",
            ("a", "b"),
            None,
            "p",
            ("c", "d"),
            match="FULL",
            on_update="RESTRICT",
            on_delete="SET NULL",
            delete_columns=("b",),
        ),
    )


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("CREATE TEMP TABLE t (a int)", "TEMPORARY is refused"),
        ("CREATE TABLE pg_temp.t (a int)", "TEMPORARY is refused"),
        ("CREATE UNLOGGED TABLE t (a int)", "UNLOGGED is refused"),
        ("CREATE TABLE IF NOT EXISTS t (a int)", "IF NOT EXISTS is refused"),
        ("CREATE TABLE t (a int) PARTITION BY HASH (a)", "PARTITION BY is refused"),
        ("CREATE TABLE t PARTITION OF u DEFAULT", "PARTITION OF is refused"),
        ("CREATE TABLE t (a int) INHERITS (u)", "INHERITS is refused"),
        ("CREATE TABLE t OF u", "OF is refused"),
        ("CREATE TABLE t (a int) TABLESPACE s", "TABLESPACE is refused"),
        ("CREATE TABLE t (a int) WITH (fillfactor = 10)", "WITH is refused"),
        ("CREATE TABLE t (a int) USING columnar", "USING columnar is refused"),
        ("CREATE TABLE d.s.t (a int)", "a database before the table's name is refused"),
        ("CREATE TABLE parallel_partition.t (a int)", "schema parallel_partition is refused"),
        ("CREATE TABLE t AS SELECT 1", "CREATE TABLE AS is not taken"),
        ("CREATE VIEW t AS SELECT 1", "a CREATE TABLE statement is wanted"),
        (
            "CREATE TABLE t (a int); CREATE TABLE u (a int)",
            "one CREATE TABLE statement is wanted, 2 were given",
        ),
        ("", "one CREATE TABLE statement is wanted, 0 were given"),
    ],
)
def test_refused_clauses(statement: str, message: str) -> None:
    with pytest.raises(UnsupportedTable, match=message):
        read_declaration(statement)


# --- what becomes of foreign keys ---


def table(name: str, *, key: tuple[str, ...] = (), types: tuple[str, ...] = (), primary: str = "id") -> Table:
    columns = tuple(Column(column, "integer", 23) for column in ("id", "a", "b"))
    return Table("public", name, "sharded" if key else "reference", columns, key, types, (primary,))


ORDERS = table("orders", key=("id",), types=("integer",))
COUNTRY = table("country")
SCHEMA = Schema(
    {(t.schema, t.name): t for t in (ORDERS, COUNTRY, table("people", key=("id",), types=("text",)))}
)
NEW = table("items", key=("a",), types=("integer",))
COPY = table("copied")


def statements(new: Table, text: str) -> list[str]:
    foreign_keys = read_declaration(f"CREATE TABLE t (a int, b int, {text})").foreign_keys
    return foreign_key_statements(new, foreign_keys, SCHEMA, ("other", "public"))


def test_between_colocated_tables_part_is_carried_along() -> None:
    assert statements(NEW, "FOREIGN KEY (a) REFERENCES orders ON DELETE CASCADE") == [
        'ALTER TABLE "public"."items" ADD CONSTRAINT "items_a_fkey" FOREIGN KEY ("a", "part") '
        'REFERENCES "public"."orders" ("id", "part") MATCH SIMPLE ON UPDATE NO ACTION ON DELETE CASCADE'
    ]


def test_to_reference_tables_they_are_ordinary() -> None:
    text = "CONSTRAINT c FOREIGN KEY (a, b) REFERENCES country (a, b) MATCH FULL ON DELETE SET NULL (b) DEFERRABLE"
    for new in (NEW, COPY):
        assert statements(new, text) == [
            f'ALTER TABLE "public"."{new.name}" ADD CONSTRAINT "c" FOREIGN KEY ("a", "b") '
            'REFERENCES "public"."country" ("a", "b") MATCH FULL ON UPDATE NO ACTION '
            'ON DELETE SET NULL ("b") DEFERRABLE'
        ]


def test_a_table_may_refer_to_itself() -> None:
    itself = table("items", key=("a",), types=("integer",), primary="a")
    assert len(statements(itself, "FOREIGN KEY (a, b) REFERENCES items (a, id)")) == 1
    with pytest.raises(UnsupportedTable, match="not on the key"):
        statements(itself, "FOREIGN KEY (b) REFERENCES items (a)")


def test_names_are_short_and_different() -> None:
    two = statements(NEW, "FOREIGN KEY (a) REFERENCES orders, FOREIGN KEY (a) REFERENCES orders")
    assert ['"items_a_fkey"' in two[0], '"items_a_fkey1"' in two[1]] == [True, True]
    long = table("ü" * 31, key=("a",), types=("integer",))
    [statement] = statements(long, "FOREIGN KEY (a) REFERENCES orders")
    name = statement.split('ADD CONSTRAINT "')[1].split('"')[0]
    assert len(name.encode()) <= 63
    assert name.endswith("_fkey")


@pytest.mark.parametrize(
    ("new", "text", "message"),
    [
        (NEW, "FOREIGN KEY (b) REFERENCES orders", "not on the key: a must refer to id"),
        (NEW, "FOREIGN KEY (a) REFERENCES orders (a)", "not on the key"),
        (NEW, "FOREIGN KEY (a) REFERENCES people", r"not colocated: the key of items is \(a integer\)"),
        (NEW, "FOREIGN KEY (a) REFERENCES orders MATCH FULL", "MATCH FULL cannot carry part along"),
        (NEW, "FOREIGN KEY (a) REFERENCES orders ON DELETE SET NULL", "ON DELETE SET NULL would change"),
        (NEW, "FOREIGN KEY (a) REFERENCES orders ON DELETE SET DEFAULT", "ON DELETE SET DEFAULT would"),
        (NEW, "FOREIGN KEY (a) REFERENCES orders ON UPDATE CASCADE", "ON UPDATE CASCADE would change part"),
        (
            NEW,
            "FOREIGN KEY (a) REFERENCES country ON DELETE SET NULL",
            "ON DELETE SET NULL would change the key",
        ),
        (
            NEW,
            "FOREIGN KEY (a, b) REFERENCES country (a, b) ON DELETE SET DEFAULT (a)",
            "ON DELETE SET DEFAULT",
        ),
        (
            NEW,
            "FOREIGN KEY (a) REFERENCES country ON UPDATE CASCADE",
            "ON UPDATE CASCADE would change the key",
        ),
        (NEW, "FOREIGN KEY (a) REFERENCES elsewhere", "elsewhere is no table of the cluster"),
        (NEW, "FOREIGN KEY (a) REFERENCES other.orders", "orders is no table of the cluster"),
        (NEW, "FOREIGN KEY (a, b) REFERENCES orders", r"2 columns \(a, b\) and refers to 1 \(id\)"),
        (NEW, "FOREIGN KEY (a) REFERENCES orders NOT ENFORCED", "NOT ENFORCED is not tested"),
        (NEW, "FOREIGN KEY (a, PERIOD b) REFERENCES orders (id, PERIOD b)", "PERIOD is not tested"),
        (COPY, "FOREIGN KEY (a) REFERENCES orders", "orders is sharded"),
    ],
)
def test_foreign_keys_that_cannot_be_held(new: Table, text: str, message: str) -> None:
    with pytest.raises(UnsupportedTable, match=message):
        statements(new, text)
