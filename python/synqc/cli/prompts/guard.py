"""What the guard of reference answers is worth: tried on problems whose answers are known."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from synqc.cli.outputs import note
from synqc.cli.prompts.exit_codes import exit_code_of_preview
from synqc.cli.prompts.generation import ended, made, note_more, summary_of
from synqc.cli.prompts.job_request import read_asked
from synqc.cli.prompts.opened import opened
from synqc.cli.prompts.reading import generation_of
from synqc.cli.tables import json_text
from synqc.errors import InputError

__all__ = ["add_options", "guard"]


def add_options(parser: Any) -> None:
    """Declare what is its own."""
    parser.add_argument(
        "--known", type=Path, metavar="FILE", help="JSON, JSON lines, CSV or Parquet: problems with their answers"
    )
    parser.add_argument(
        "--of", metavar="BATCH", help="say how many accepted rows of this batch are likely to have a wrong reference"
    )
    parser.add_argument(
        "--trial",
        metavar="BATCH",
        help="ask nobody: tell of this trial, which was made before; other options are not read",
    )


def guard(arguments: argparse.Namespace) -> bool:
    """How many wrong references it refuses and right ones it trusts, each with its interval."""
    of = None if arguments.of is None else generation_of(arguments.of)
    if arguments.trial is not None:
        with opened() as application:
            _tell(application, generation_of(arguments.trial), of, arguments)
        return False
    if arguments.known is None:
        raise InputError("The guard needs problems whose answers are known: give `--known`, or `--trial`.")
    arguments.seeds_path = arguments.known
    if arguments.target_model is None:  # who is not asked
        arguments.target_provider, arguments.target_model = arguments.engineer_provider, arguments.engineer_model
    asked = read_asked(arguments)
    with opened() as application:
        with asked.refusing_as_written():
            job_id = application.try_guard(asked.request(application))
        code, status = made(application, job_id, shown=not arguments.quiet)
        _tell(application, job_id, of, arguments)
        if not arguments.quiet and not arguments.json:
            note(summary_of(status))
            note_more(application, status)
    return ended(exit_code_of_preview(code, status))


def _tell(application: Any, trial: str | int, of: str | int | None, arguments: argparse.Namespace) -> None:
    report = application.guard_report(trial, of=of)
    print(json_text(report.to_dict()) if arguments.json else report)
