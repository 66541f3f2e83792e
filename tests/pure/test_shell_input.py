"""Where the statements of a script end."""

from __future__ import annotations

import pytest

from parallel_partition.cli.shell_input import is_blank, split


@pytest.mark.parametrize(
    ("text", "statements", "rest"),
    [
        ("", [], ""),
        ("SELECT 1", [], "SELECT 1"),
        ("SELECT 1;", ["SELECT 1"], ""),
        ("SELECT 1;SELECT 2 ;\nSELECT", ["SELECT 1", "SELECT 2"], "\nSELECT"),
        (";;", [], ""),
        ("SELECT ';';", ["SELECT ';'"], ""),
        ('SELECT 1 AS "a;b";', ['SELECT 1 AS "a;b"'], ""),
        ("SELECT $$;$$, $x$;$$;$x$;", ["SELECT $$;$$, $x$;$$;$x$"], ""),
        ("SELECT 1 -- one;\n;", ["SELECT 1 -- one;"], ""),
        ("SELECT /* ; /* ; */ ; */ 1;", ["SELECT /* ; /* ; */ ; */ 1"], ""),
        ("SELECT 1; SELECT 'open;\n", ["SELECT 1"], " SELECT 'open;\n"),
        ("SELECT 1; /* open;", ["SELECT 1"], " /* open;"),
        ("CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2);", None, ""),
        ("SELECT 'ä;ö'; ü", ["SELECT 'ä;ö'"], " ü"),
    ],
)
def test_a_statement_ends_at_its_semicolon(text: str, statements: list[str] | None, rest: str) -> None:
    assert split(text) == ([text[:-1]] if statements is None else statements, rest)


@pytest.mark.parametrize(
    ("text", "blank"),
    [("", True), (" \n", True), ("-- x\n/* y */", True), ("/* y", False), ("'", False), ("x", False)],
)
def test_space_and_comments_are_blank(text: str, blank: bool) -> None:
    assert is_blank(text) == blank
