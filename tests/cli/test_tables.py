"""Tables of the command line, on terminals of any width."""

import io
import sys

import pytest

from synqc.cli import tables
from synqc.cli.tables import table

HEAD = ["at", "offence", "punishment", "years"]
ROWS = [
    ["303(2)", "theft", "imprisonment up to 3 years, or fine, or both", "3"],
    ["304", "snatching " * 6, "imprisonment up to 3 years, and fine", "30"],
]


@pytest.mark.parametrize("columns", range(48, 130))
def test_a_table_fits_a_terminal_and_loses_no_word(columns, monkeypatch):
    monkeypatch.setattr(tables, "terminal_columns", lambda: columns)
    text = table(HEAD, ROWS, numbers=[3])
    assert max(map(len, text.splitlines())) <= columns
    for row in [HEAD, *ROWS]:
        for word in " ".join(row).split():
            assert text.split().count(word) >= " ".join(row).split().count(word)


def test_a_pipe_gets_whole_lines_and_a_terminal_its_columns(monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    assert len(table(HEAD, ROWS).splitlines()) == 4
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    assert max(map(len, table(HEAD, ROWS).splitlines())) <= 60


def test_a_terminal_too_narrow_for_anything_gets_the_narrowest_table(monkeypatch):
    monkeypatch.setattr(tables, "terminal_columns", lambda: 5)
    lines = table(HEAD, ROWS, numbers=[3]).splitlines()
    assert lines[1] == "------ ------------ ------------ -----"
