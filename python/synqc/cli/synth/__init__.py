"""`synqc synth`: synthetic data on the command line, with the names of Agentic-Synth's own."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from synqc.cli.synth import benchmarking, checking, configuring, generating

__all__ = ["add_command"]

_KINDS = ("structured", "events", "timeseries", "text", "json", "csv")
_CONFIGURATION = ".agentic-synth.json"


def add_command(commands: Any) -> None:
    """Declare it and its own commands."""
    synth = commands.add_parser(
        "synth",
        description="Tables, events, time series and texts, every row checked by its schema; see docs/synth.md.",
        allow_abbrev=False,
    )
    acts = synth.add_subparsers(title="commands", metavar="COMMAND", dest="synth_command", required=True)

    making = _add(acts, "generate", generating.generate, "make a data set, and write it to a file or stdout")
    making.add_argument("kind", nargs="?", choices=_KINDS, help="of data; default structured, or what is configured")
    making.add_argument("-c", "--count", type=int, metavar="N", help="rows; default 10, 100 of events and time series")
    making.add_argument("-s", "--schema", type=Path, metavar="FILE", help="JSON: fields by name, or a JSON schema")
    making.add_argument(
        "--like",
        type=Path,
        metavar="FILE",
        help="rows to make others like, without a model: CSV, JSON lines or JSON",
    )
    making.add_argument(
        "--configuration",
        type=Path,
        metavar="FILE",
        help="a table, documents, time_series or event_log of synqc.generate, without a model: JSON or YAML",
    )
    making.add_argument("-o", "--output", type=Path, metavar="FILE", help="default: stdout")
    making.add_argument("--seed", metavar="SEED", help="a number or a text")
    making.add_argument("-p", "--provider", metavar="NAME", help="gemini, openrouter, openai, ollama or local")
    making.add_argument("-m", "--model", metavar="NAME", help="of it, or provider:model")
    making.add_argument(
        "--format",
        choices=("json", "jsonl", "csv", "array", "parquet", "arrow"),
        help="default: by the ending of --output, else json",
    )
    making.add_argument("--prompt", metavar="WORDS", help="what the rows shall be about")
    making.add_argument("--option", action="append", default=[], metavar="NAME=JSON",
                        help="a further option of docs/synth.md, such as interval='\"15m\"'; repeatable")  # fmt: skip
    making.add_argument("--card", type=Path, metavar="FILE", help="write the data card here, too, as Markdown")
    making.add_argument("--partial", action="store_true", help="where too few rows are accepted, write those")
    _add_configuration(making)

    describing = _add(acts, "schema", generating.describe, "describe rows that you have as a JSON schema")
    describing.add_argument("rows", type=Path, metavar="FILE", help="JSON list, JSON lines or CSV")

    benchmarking.add_commands(acts, _add, _add_configuration)

    showing = _add(acts, "config", configuring.show, "show the configuration as it is understood, without keys")
    _add_file(showing)
    showing.add_argument("-t", "--test", action="store_true", help="also say whom a request would be asked of")
    _add_file(_add(acts, "validate", configuring.validate, "say whether a configuration is one"))
    beginning = _add(acts, "init", configuring.init, "write a configuration to begin with")
    beginning.add_argument("-f", "--force", action="store_true", help="also where there is one")
    beginning.add_argument("-p", "--provider", metavar="NAME", default="gemini", help="default gemini")
    beginning.add_argument(
        "-o", "--output", type=Path, default=Path(_CONFIGURATION), metavar="FILE", help=f"default {_CONFIGURATION}"
    )
    checking_up = _add(acts, "doctor", checking.check_up, "say what can be asked here, and what is missing")
    _add_file(checking_up)
    checking_up.add_argument("-v", "--verbose", action="store_true", help="also which variables are set; never values")


def _add(acts: Any, name: str, act: Callable[[argparse.Namespace], bool], words: str) -> Any:
    description = f"{words[0].upper()}{words[1:]}".removesuffix(".") + "."
    parser = acts.add_parser(name, help=words.partition(". ")[0], description=description, allow_abbrev=False)
    parser.set_defaults(act=act)
    return parser


def _add_configuration(parser: Any) -> None:
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help=f"JSON or YAML; default {_CONFIGURATION} where there is one"
    )


def _add_file(parser: Any) -> None:
    parser.add_argument(
        "-f", "--file", dest="config", type=Path, metavar="FILE",
        help=f"JSON or YAML; default {_CONFIGURATION} where there is one",
    )  # fmt: skip
