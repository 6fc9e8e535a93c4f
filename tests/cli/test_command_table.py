"""The table of commands is what the modules add, and help needs none of them."""

import argparse
import importlib
import subprocess
import sys

import pytest

from synqc.cli import main
from synqc.cli.commands import COMMANDS
from synqc.cli.main import _parser

MODULES = sorted({command.module for command in COMMANDS.values()} - {"synqc.benchmarks"})


@pytest.mark.parametrize("module", MODULES)
def test_a_module_adds_the_commands_that_the_table_says(module):
    commands = argparse.ArgumentParser().add_subparsers()
    importlib.import_module(module).add_command(commands)
    assert set(commands.choices) == {name for name, command in COMMANDS.items() if command.module == module}


@pytest.mark.parametrize("asked", [["--help"], ["--version"], ["no-such-command"], []])
def test_help_and_complaints_import_neither_the_core_nor_numpy(asked):
    program = (
        "import sys\nfrom synqc.cli import main\nmain(sys.argv[1:])\n"
        "print('imported', *sorted({name.partition('.')[0] for name in sys.modules}), 'synqc._core' in sys.modules)"
    )
    ended = subprocess.run([sys.executable, "-c", program, *asked], capture_output=True, text=True, timeout=60)
    imported = ended.stdout.splitlines()[-1].split()
    assert imported[0] == "imported", ended.stderr
    assert imported[-1] == "False"
    assert not {"numpy", "asyncio", "ssl", "email", "fastapi", "sqlalchemy"} & set(imported)


def test_help_lists_every_command(capsys):
    assert main(["--help"]) == 0
    listed = capsys.readouterr().out
    for name, command in COMMANDS.items():
        assert f"\n    {name}" in listed, name
        assert command.words.split()[0] in listed


def parsers_below(parser):
    """It and those of its commands."""
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for below in {id(one): one for one in action.choices.values() if one.add_help}.values():
                yield from parsers_below(below)


def test_help_of_every_command_fits_eighty_columns(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    asked = [name for name in COMMANDS if name != "bench"]
    helps = {one.prog: one.format_help() for name in asked for one in parsers_below(_parser(name))}
    assert len(helps) > 80
    long = [(prog, line) for prog, text in helps.items() for line in text.splitlines() if len(line) > 80]
    assert long == []


def test_the_nearest_command_is_named(capsys):
    assert main(["rnu"]) == 2
    assert "near it: run" in capsys.readouterr().err
