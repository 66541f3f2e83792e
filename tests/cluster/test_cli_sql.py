"""``parallel-partition sql`` and ``explain``: what is typed, what a script says, and what is printed."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from parallel_partition import Cluster
from parallel_partition.cli import main
from parallel_partition.cli.shell import Shell
from tests.fix_clusters import MakeCluster


@pytest.fixture(scope="module")
def shop(make_module_cluster: MakeCluster) -> Cluster:
    """Two servers with a sharded and a reference table."""
    cluster = make_module_cluster(2)
    cluster.create_table(
        "CREATE TABLE orders (id bigint PRIMARY KEY, state text DEFAULT 'new', total numeric NOT NULL,"
        " paid boolean, facts jsonb)",
        key="id",
    )
    cluster.create_table("CREATE TABLE wards (ward text PRIMARY KEY, floor int)", reference=True)
    with cluster.connect(autocommit=True) as connection:
        connection.execute(
            "INSERT INTO orders VALUES (1, 'a', 1.50, true, '{\"x\": 1}'), (2, '', 2, false, NULL),"
            " (3, NULL, 'NaN', NULL, '[]'), (4, 'q\"[b],', 4, true, '\"s\"')"
        )
        connection.execute("INSERT INTO wards VALUES ('eyes', 1)")
    return cluster


def run(cluster: Cluster, *arguments: str, input: str | None = None, command: str = "sql") -> Result:
    conninfo = cluster.servers["s1"].conninfo
    return CliRunner().invoke(main, [command, "--conninfo", conninfo, *arguments], input=input)


ALL = "SELECT id, state, total, paid, facts FROM orders ORDER BY id"


# --- output
# -----------------------------------------------------------------------------------------------------------


def test_a_table_shows_all_values_in_full(shop: Cluster) -> None:
    done = run(shop, "-c", ALL)
    assert done.exit_code == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].split() == ["id", "state", "total", "paid", "facts"]
    assert lines[2].split() == ["1", "a", "1.50", "t", '{"x":', "1}"]
    assert lines[4].split() == ["3", "NULL", "NaN", "NULL", "[]"]
    assert '"q"' not in done.stdout
    assert 'q"[b],' in lines[5]  # no markup is read
    assert lines[-1] == "(4 rows)"
    wide = run(shop, "-c", "SELECT repeat('x', 5000) AS x, repeat('y', 5000) AS y")
    assert "x" * 5000 in wide.stdout
    assert "y" * 5000 in wide.stdout


def test_csv_is_postgresqls(shop: Cluster) -> None:
    done = run(shop, "--format", "csv", "-c", ALL)
    with psycopg.connect(shop.servers["s1"].conninfo) as plain:
        plain.execute(
            "CREATE TEMPORARY TABLE same (id bigint, state text, total numeric, paid boolean, facts jsonb)"
        )
        with plain.cursor().copy("COPY same FROM STDIN (FORMAT csv, HEADER)") as copy:
            copy.write(done.stdout)
        with plain.cursor().copy("COPY same TO STDOUT (FORMAT csv, HEADER)") as copy:
            assert b"".join(copy).decode() == done.stdout
        assert plain.execute("SELECT state FROM same ORDER BY id").fetchall() == [
            ("a",),
            ("",),
            (None,),
            ('q"[b],',),
        ]


def test_json_has_numbers_booleans_and_documents(shop: Cluster) -> None:
    done = run(shop, "--format", "json", "-c", ALL)
    assert json.loads(done.stdout) == [
        {"id": 1, "state": "a", "total": 1.5, "paid": True, "facts": {"x": 1}},
        {"id": 2, "state": "", "total": 2, "paid": False, "facts": None},
        {"id": 3, "state": None, "total": "NaN", "paid": None, "facts": []},
        {"id": 4, "state": 'q"[b],', "total": 4, "paid": True, "facts": "s"},
    ]
    assert '"total": 1.50' in done.stdout  # to the last digit
    assert json.loads(run(shop, "--format", "json", "-c", "SELECT 1 AS n WHERE false").stdout) == []
    typed = run(shop, "--format", "json", "-c", "SELECT '{1,2}'::int[] AS a, '[1,3)'::int4range AS r").stdout
    assert json.loads(typed) == [{"a": "{1,2}", "r": "[1,3)"}]


# --- scripts
# ----------------------------------------------------------------------------------------------------------


def test_a_script_comes_from_standard_input(shop: Cluster) -> None:
    script = """
        -- a comment; with a semicolon
        BEGIN; INSERT INTO orders (id, total)
        VALUES (10, 1), (11, 1), (12, 1);
        SELECT count(*) AS n FROM orders WHERE id >= 10;
        ROLLBACK;
        SELECT count(*) AS n FROM orders WHERE id >= 10
    """
    done = run(shop, "--format", "csv", input=script)
    assert (done.exit_code, done.stdout) == (0, "n\n3\nn\n0\n")
    assert done.stderr.splitlines() == ["BEGIN", "INSERT 0 3", "ROLLBACK"]


def test_a_script_ends_at_its_first_error_which_names_the_server(shop: Cluster) -> None:
    done = run(shop, input="INSERT INTO orders (id, total) VALUES (1, 1);\nSELECT 'not reached';")
    assert done.exit_code == 1
    assert "not reached" not in done.stdout
    assert "ERROR:  duplicate key value violates unique constraint" in done.stderr
    assert f"SERVER:  {shop.shard_map.server_of(1)}" in done.stderr


def test_commands_run_in_order_and_end_at_the_first_error(shop: Cluster) -> None:
    done = run(
        shop, "-c", "SELECT 1 AS a; SELECT 2 AS b", "-c", "SELECT ctid FROM orders", "-c", "SELECT 3 AS c"
    )
    assert done.exit_code == 1
    assert [line.strip() for line in done.stdout.splitlines() if line.strip().isdigit()] == ["1", "2"]
    assert re.match(r"ERROR:  ctid: ", done.stderr)


def test_a_transaction_that_is_open_at_the_end_is_said_to_be_rolled_back(shop: Cluster) -> None:
    done = run(shop, "-c", "BEGIN; DELETE FROM orders")
    assert "not committed: it is rolled back" in done.stderr
    assert run(shop, "--format", "csv", "-c", "SELECT count(*) FROM orders").stdout == "count\n4\n"


def test_an_unfinished_string_is_postgresqls_error(shop: Cluster) -> None:
    done = run(shop, input="SELECT 'open;\n")
    assert done.exit_code == 1
    assert "unterminated quoted string" in done.stderr


def test_without_a_catalog_the_error_says_so(shop: Cluster) -> None:
    done = CliRunner().invoke(
        main, ["sql", "--conninfo", "host=127.0.0.1 port=1 dbname=no", "-c", "SELECT 1"]
    )
    assert done.exit_code == 1
    assert "Error: " in done.stderr
    assert "Traceback" not in done.output


# --- commands
# ---------------------------------------------------------------------------------------------------------


def test_d_shows_the_tables_of_the_cluster(shop: Cluster) -> None:
    lines = run(shop, "-c", r"\d").stdout.splitlines()
    assert lines[0].split() == ["schema", "table", "kind", "key", "columns"]
    assert lines[2].split(maxsplit=4) == [
        "public",
        "orders",
        "sharded",
        "id",
        "id, state, total, paid, facts",
    ]
    assert lines[3].split(maxsplit=4) == ["public", "wards", "reference", "NULL", "ward, floor"]


def test_d_shows_a_table(shop: Cluster) -> None:
    for name in ("orders", "public.orders", "ORDERS", '"orders"'):
        shown = run(shop, "-c", rf"\d {name}").stdout
        assert shown.startswith("public.orders, sharded by id: 8 partitions on 2 servers\n")
        assert re.search(r"^total +numeric +not null", shown, re.MULTILINE)
        assert re.search(r"^state +text +'new'::text$", shown, re.MULTILINE)
        assert shown.endswith("primary key (id)\n")
    assert "reference table: all rows on each of 2 servers" in run(shop, "-c", r"\d wards").stdout
    assert "no table carts; it has public.orders, public.wards" in run(shop, "-c", r"\d carts").stdout


def test_timing_is_shown_when_it_is_on(shop: Cluster) -> None:
    done = run(shop, input="\\timing\nSELECT 1;\n\\timing off\nSELECT 2;\n")
    assert done.stdout.count("Time: ") == 1
    assert done.stdout.startswith("Timing is on.\n")
    assert run(shop, "-c", r"\timing perhaps").stderr == "ERROR:  \\timing takes on or off, not perhaps\n"


def test_explain_takes_a_statement_or_the_last_one(shop: Cluster) -> None:
    shown = run(shop, "-c", r"\explain SELECT count(*) FROM orders").stdout
    assert shown.startswith("strategy    split\n")
    again = run(shop, input="SELECT * FROM orders WHERE id = 1;\n\\explain\n").stdout
    assert "strategy    one server\n" in again
    assert "\nran   " in run(shop, "-c", r"\explain analyze SELECT count(*) FROM orders;").stdout
    document = run(shop, "--format", "json", "-c", r"\explain SELECT count(*) FROM orders").stdout
    assert json.loads(document)["strategy"] == "split"
    assert run(shop, "-c", r"\explain").stderr.startswith("ERROR:  there was no statement yet")


def test_a_command_that_there_is_not_is_an_error(shop: Cluster) -> None:
    done = run(shop, "-c", r"\dance")
    assert (done.exit_code, done.stderr) == (
        1,
        "ERROR:  there is no command \\dance; \\? shows those that there are\n",
    )
    assert r"\timing" in run(shop, "-c", r"\?").stdout


def test_q_leaves(shop: Cluster) -> None:
    done = run(shop, input="SELECT 1 AS a;\n\\q\nSELECT 2 AS b;\n")
    assert done.exit_code == 0
    assert "(1 row)" in done.stdout
    assert "b" not in done.stdout


# --- what is typed
# ----------------------------------------------------------------------------------------------------


def typed(cluster: Cluster, keys: str, history: Path) -> None:
    with (
        create_pipe_input() as pipe,
        create_app_session(input=pipe, output=DummyOutput()),
        cluster.connect(autocommit=True) as connection,
    ):
        pipe.send_text(keys)
        assert Shell(cluster, connection).converse(history)


def test_a_conversation_goes_on_after_errors_and_keeps_its_history(
    shop: Cluster, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    history = tmp_path / "state" / "sql_history"
    typed(shop, "SELECT 1 / 0;\nSELECT 40\n + 2 AS sum;\nnonsense\x03\\q\n", history)
    said = capsys.readouterr()
    assert "division by zero" in said.err
    assert "42" in said.out
    assert history.stat().st_mode & 0o077 == 0
    assert "+SELECT 1 / 0;" in history.read_text("utf-8")
    # The end of the input leaves, too; and the arrow up brings the last line.
    typed(shop, "\x1b[A\x1b[A\x1b[A\n\x04", history)
    assert "42" not in capsys.readouterr().out


def test_the_prompt_shows_the_transaction(shop: Cluster) -> None:
    with shop.connect(autocommit=True) as connection:
        name = connection.info.dbname
        shell = Shell(shop, connection)
        assert shell.prompt() == f"{name}=> "
        assert shell.prompt("SELECT") == f"{name}-> "
        assert shell.run("BEGIN;")
        assert shell.prompt() == f"{name}=*> "
        assert not shell.run("SELECT 1 / 0 FROM orders;")
        assert shell.prompt() == f"{name}=!> "
        assert shell.run("ROLLBACK;")
        assert shell.prompt() == f"{name}=> "


def test_it_runs_on_a_terminal(shop: Cluster, tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", "from parallel_partition.cli import main; main()", "sql"]
    shell = subprocess.Popen(
        command,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={
            **os.environ,
            "XDG_STATE_HOME": str(tmp_path),
            "TERM": "xterm",
            "PARALLEL_PARTITION_CONNINFO": shop.servers["s1"].conninfo,
        },
    )
    os.close(theirs)
    said = b""
    try:
        for wanted, line in ((b"=>", "SELECT 41 + 1 AS answer;\r"), (b"(1 row)", "\\q\r")):
            deadline = time.monotonic() + 60
            while wanted not in said and time.monotonic() < deadline:
                if select.select([ours], [], [], 1)[0]:
                    said += os.read(ours, 4096)
                if b"\x1b[6n" in said:  # the prompt asks where the cursor is
                    os.write(ours, b"\x1b[1;1R")
                    said = said.replace(b"\x1b[6n", b"")
            assert wanted in said
            os.write(ours, line.encode())
        assert shell.wait(60) == 0
    finally:
        shell.kill()
        shell.wait()
        os.close(ours)
    assert b"42" in said
    assert (tmp_path / "parallel_partition" / "sql_history").exists()


# --- explain
# ----------------------------------------------------------------------------------------------------------


def test_the_command_explain_explains(shop: Cluster) -> None:
    text = run(shop, "SELECT count(*) FROM orders", command="explain").stdout
    assert text.startswith("strategy    split\n")
    document = json.loads(
        run(shop, "--format", "json", "--analyze", "SELECT * FROM orders", command="explain").stdout
    )
    assert (document["strategy"], document["rows"]) == ("whole", 4)
    refused = run(shop, "SELECT ctid FROM orders", command="explain")
    assert refused.exit_code == 1
    assert refused.stderr.startswith("Error: ctid")
