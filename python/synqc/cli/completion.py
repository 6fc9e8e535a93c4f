"""`synqc completion bash|zsh`: what a shell needs to complete commands, options and their choices."""

from __future__ import annotations

import argparse
import importlib
import sys
from importlib.util import find_spec
from typing import Any

from synqc import _core
from synqc.cli.commands import COMMANDS
from synqc.cli.parser import Parser
from synqc.errors import MissingExtra
from synqc.lab.device import presets

__all__ = ["add_command", "whole_parser"]


def add_command(commands: Any) -> None:
    """Declare `synqc completion`."""
    parser = commands.add_parser(
        "completion",
        description="Write a script that completes commands, options and choices. "
        "bash: synqc completion bash > ~/.local/share/bash-completion/completions/synqc; "
        "zsh: synqc completion zsh > a file _synqc in a folder of $fpath.",
        allow_abbrev=False,
    )
    parser.add_argument("shell", choices=("bash", "zsh"), help="which shell")
    parser.set_defaults(act=_act)


def whole_parser() -> argparse.ArgumentParser:
    """The parser of all commands, each with its options."""
    parser = Parser(prog="synqc", allow_abbrev=False)
    parser.add_argument("--version", action="store_true", help="show the version")
    commands = parser.add_subparsers(dest="command", parser_class=Parser)
    for module in dict.fromkeys(command.module for command in COMMANDS.values()):
        if module != COMMANDS["bench"].module:  # which has a parser of its own
            importlib.import_module(module).add_command(commands)
    commands.add_parser("bench", description=COMMANDS["bench"].words)
    _list_commands(parser)
    for name in ("run", "sweep"):
        _offer_choices(commands.choices[name])
    return parser


def _offer_choices(command: argparse.ArgumentParser) -> None:
    """What the laboratory itself checks, the parser does not name."""
    choices = {one["name"]: one["choices"] for one in _core.experiment_fields() if one["choices"]}
    choices["preset"] = list(presets())
    for action in command._actions:
        if action.dest in choices:
            action.choices = choices[action.dest]


def _list_commands(parser: argparse.ArgumentParser) -> None:
    """Commands without a line in their parent's help are taken for hidden ones, at every depth."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            listed = {one.dest for one in action._choices_actions}
            for name, command in action.choices.items():
                if name not in listed:
                    words = COMMANDS[name].words if name in COMMANDS else (command.description or name).split(". ")[0]
                    action._choices_actions.append(action._ChoicesPseudoAction(name, [], words))
                _list_commands(command)


def _act(arguments: argparse.Namespace) -> bool:
    if find_spec("shtab") is None:
        raise MissingExtra("This needs shtab: pip install 'synqc[completion]'.")
    import shtab

    sys.stdout.write(shtab.complete(whole_parser(), shell=arguments.shell))
    return False
