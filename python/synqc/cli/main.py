"""Reads the command line, calls the command, and turns what goes wrong into one line and an exit code."""

from __future__ import annotations

import argparse
import atexit
import gc
import importlib
import os
import sys
from collections.abc import Sequence

from synqc._version import __version__
from synqc.cli.commands import COMMANDS
from synqc.cli.parser import EXIT_ERROR, Parser
from synqc.errors import SynqcError

__all__ = ["main"]

_EXIT_INTERRUPTED = 130
_EXIT_BROKEN_PIPE = 141

_EPILOG = """examples:
  synqc run --preset ibm_fez --probe-strength 0.3 --shots 50000 --seed 7
  synqc run --adaptive-rule kalman --detuning-khz 250 --iterations 40 --plot run.html --picture tracker
  synqc sweep --axis probe_strength=0:1:11 --axis probe_duration_ns=100,400 --cache sweep.db --plot map.html
  synqc presets ibm_fez
"""


def _parser(asked: str) -> argparse.ArgumentParser:
    """The parser, of which only the command that is asked for knows its options."""
    parser = Parser(
        prog="synqc",
        description="What a weak probe learns, what it breaks, and whether a controller can keep up.",
        epilog=_EPILOG,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"synqc {__version__}")
    commands = parser.add_subparsers(
        title="commands", metavar="COMMAND", dest="command", required=True, parser_class=Parser
    )
    module = COMMANDS[asked].module if asked in COMMANDS else None
    if module is not None:
        importlib.import_module(module).add_command(commands)
    for name, command in COMMANDS.items():
        if command.module != module:
            commands.add_parser(name, help=command.words, add_help=False)
    return parser


def _with_dashes(argument: str) -> str:
    """`--probe_strength` is understood as `--probe-strength`, as in Python."""
    if not argument.startswith("--"):
        return argument
    name, equals, value = argument.partition("=")
    return name.replace("_", "-") + equals + value


def _bench(arguments: Sequence[str]) -> int:
    try:
        from synqc import benchmarks
    except ImportError as error:
        sys.stderr.write(f"synqc: error: benchmarks cannot be loaded: {error}.\n")
        return EXIT_ERROR
    return int(benchmarks.main(list(arguments)) or 0)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: Arguments without the program's name; None takes the process's.

    Returns:
        0, or 2 after an error, 130 after Ctrl-C, 141 if what reads the output went away.

    Examples:
        >>> main(["run", "--shots", "10", "--probe-strength", "7"])
        2
    """
    given = list(sys.argv[1:] if argv is None else argv)
    # What is left when the interpreter ends needs no last collection, which takes seconds of a busy machine.
    atexit.register(gc.freeze)
    try:
        if given[:1] == ["bench"]:
            return _bench(given[1:])
        arguments = _parser(given[0] if given else "").parse_args([_with_dashes(argument) for argument in given])
        interrupted = arguments.act(arguments)
        sys.stdout.flush()
        return _EXIT_INTERRUPTED if interrupted else 0
    except SystemExit as exit_request:
        return exit_request.code if isinstance(exit_request.code, int) else 0
    except SynqcError as error:
        sys.stderr.write(f"synqc: error: {' '.join(str(error).split())}\n")
        return EXIT_ERROR
    except KeyboardInterrupt:
        sys.stderr.write("synqc: interrupted before there was a result.\n")
        return _EXIT_INTERRUPTED
    except BrokenPipeError:
        # The interpreter flushes at its end and would complain once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _EXIT_BROKEN_PIPE
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        sys.stderr.write(f"synqc: error: {where}{error.strerror or error}.\n")
        return EXIT_ERROR
