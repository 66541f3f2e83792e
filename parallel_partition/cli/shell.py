r"""A small interactive shell: statements that end in a semicolon, and commands that begin with a backslash."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

import click
import psycopg
from prompt_toolkit import PromptSession
from prompt_toolkit.history import FileHistory
from psycopg.pq import TransactionStatus

from parallel_partition.cli.shell_describe import table_of, tables_of
from parallel_partition.cli.shell_input import is_blank, split
from parallel_partition.cli.shell_output import Format, load_as_text, shown
from parallel_partition.cluster import Cluster
from parallel_partition.dbapi.connection import Connection
from parallel_partition.errors import Error

HELP = r"""\d            the tables of the cluster
\d NAME       one table
\explain SQL  how a statement is answered; the last one without SQL; \explain analyze SQL runs it, too
\timing       show how long each statement takes, or no more
\q            leave
\?            this"""

#: As psql shows the transaction: none, open, failed.
_MARKS = {TransactionStatus.IDLE: "", TransactionStatus.INTRANS: "*", TransactionStatus.INERROR: "!"}


class Shell:
    """Runs statements and commands over one connection, and prints what they answer.

    Parameters
    ----------
    cluster : whose tables are shown
    connection : in autocommit; BEGIN opens a transaction
    format : how rows are shown
    """

    def __init__(self, cluster: Cluster, connection: Connection[Any], format: Format = "table") -> None:
        self._cluster = cluster
        self._connection = connection
        self._format = format
        self._timing = False
        self._left = False
        self._last = ""
        self._commands: dict[str, Callable[[str], None]] = {
            "d": self._describe,
            "explain": self._explain,
            "timing": self._time,
            "q": self._leave,
            "?": lambda _: click.echo(HELP),
        }
        load_as_text(connection)
        connection.add_notice_handler(_show_notice)

    # --- where it comes from ----------------------------------------------------------------------------------

    def run(self, text: str) -> bool:
        r"""Run a script: up to its end, its first error, or ``\q``.

        Returns
        -------
        False where it ended in an error
        """
        rest = ""
        for line in text.splitlines(keepends=True):
            rest, done = self._take(rest + line, line)
            if not done or self._left:
                return done
        return is_blank(rest) or self._attempt(lambda: self._execute(rest.strip()))

    def converse(self, history: Path) -> bool:
        r"""Ask for lines until ``\q`` or the end of the input; errors are shown, and it goes on.

        Parameters
        ----------
        history : the file that keeps them; it is made for its owner's eyes only
        """
        history.parent.mkdir(parents=True, exist_ok=True)
        history.touch(mode=0o600)
        lines: PromptSession[str] = PromptSession(history=FileHistory(str(history)), reserve_space_for_menu=0)
        rest = ""
        while not self._left:
            try:
                line = lines.prompt(self.prompt(rest)) + "\n"
            except KeyboardInterrupt:
                rest = ""
                continue
            except EOFError:
                break
            rest, _ = self._take(rest + line, line)
        return True

    def prompt(self, rest: str = "") -> str:
        """What is shown before a line; ``rest`` is the statement so far."""
        mark = _MARKS.get(self._connection.info.transaction_status, "?")
        name = "closed" if self._connection.closed else self._connection.info.dbname
        return f"{name}{'=' if is_blank(rest) else '-'}{mark}> "

    def end(self) -> None:
        """Roll back the transaction that is open, and say so."""
        if self._connection.info.transaction_status in (TransactionStatus.INTRANS, TransactionStatus.INERROR):
            self._connection.rollback()
            click.echo("the transaction was not committed: it is rolled back", err=True)

    # --- what is done -----------------------------------------------------------------------------------------

    def _take(self, text: str, line: str) -> tuple[str, bool]:
        """Run what has ended with the last line; returns what has not, and whether there was no error."""
        if line.lstrip().startswith("\\") and is_blank(text.removesuffix(line)):
            return "", self._attempt(lambda: self._command(line.strip()))
        if ";" not in line:
            return text, True
        statements, rest = split(text)
        for statement in statements:
            if not self._attempt(lambda statement=statement: self._execute(statement)):  # type: ignore[misc]
                return "", False
        return rest, True

    def _attempt(self, action: Callable[[], None]) -> bool:
        """Do something; an error is shown, with the server's name."""
        try:
            action()
        except KeyboardInterrupt:
            click.echo("cancelled", err=True)
        except (psycopg.Error, Error, click.UsageError) as error:
            click.echo(f"ERROR:  {str(error).rstrip()}", err=True)
        else:
            return True
        return False

    def _execute(self, statement: str) -> None:
        self._last = statement
        start = perf_counter()
        with self._connection.cursor() as cursor:
            cursor.execute(statement.encode())
            rows = cursor.fetchall() if cursor.description is not None else []
            seconds = perf_counter() - start
            if cursor.description is not None:
                click.echo(shown(cursor.description, rows, self._format))
            if self._format == "table" and cursor.description is not None:
                click.echo(f"({len(rows):,} {'row' if len(rows) == 1 else 'rows'})")
            elif cursor.description is None and cursor.statusmessage:
                click.echo(cursor.statusmessage, err=self._format != "table")
        if self._timing:
            click.echo(f"Time: {seconds * 1000:.3f} ms", err=self._format != "table")

    def _command(self, line: str) -> None:
        name, _, argument = line[1:].partition(" ")
        command = self._commands.get(name)
        if command is None:
            raise click.UsageError(f"there is no command \\{name}; \\? shows those that there are")
        command(argument.strip().removesuffix(";").strip())

    def _describe(self, name: str) -> None:
        self._cluster.refresh()
        click.echo(table_of(self._cluster, name) if name else tables_of(self._cluster))

    def _explain(self, text: str) -> None:
        first, _, rest = text.partition(" ")
        analyze = first.lower() == "analyze"
        statement = (rest if analyze else text).strip() or self._last
        if not statement:
            raise click.UsageError("there was no statement yet that could be explained")
        explanation = self._connection.explain(statement.encode(), analyze=analyze)
        click.echo(explanation.as_json() if self._format == "json" else str(explanation))

    def _time(self, argument: str) -> None:
        if argument not in ("", "on", "off"):
            raise click.UsageError(f"\\timing takes on or off, not {argument}")
        self._timing = argument == "on" if argument else not self._timing
        click.echo(f"Timing is {'on' if self._timing else 'off'}.", err=self._format != "table")

    def _leave(self, _argument: str) -> None:
        self._left = True


def _show_notice(diagnostic: psycopg.errors.Diagnostic) -> None:
    click.echo(f"{diagnostic.severity}:  {diagnostic.message_primary}", err=True)
