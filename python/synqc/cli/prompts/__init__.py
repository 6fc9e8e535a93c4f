"""`synqc prompts`: problems that a target model fails, made here, watched, read, corrected and exported."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from synqc.cli.prompts import demo, estimating, exporting, generation, guard, reading, replaying
from synqc.cli.prompts.exit_codes import WORDS
from synqc.cli.prompts.grammar import add_job_options, add_listing_options, add_output_options

__all__ = ["add_command"]

_CAUSES = (
    "invalid", "solved", "undecided", "reference_doubted", "duplicate", "contaminated", "too_easy", "unclassified",
    "by_hand", "malformed", "cut", "filtered", "refused", "timed_out", "unreachable", "stopped",
)  # fmt: skip


def add_command(commands: Any) -> None:
    """Declare it and its own commands."""
    prompts = commands.add_parser(
        "prompts",
        description="Problems that a target model fails, exactly as many as asked. Jobs and rows stand in the "
        "service's database (SYNQC_STATE_DIR or SYNQC_DATABASE_URL), which may be in use.",
        allow_abbrev=False,
    )
    acts = prompts.add_subparsers(title="commands", metavar="COMMAND", dest="prompts_command", required=True)

    running = _add(
        acts, "run", generation.run, "make problems here, and write valid.json, discarded.json and costs.json"
    )
    add_job_options(running)
    add_output_options(running)
    _add_quietness(running, "print how the job stands at its end as JSON, and nothing else")
    previewing = _add(acts, "preview", generation.preview, "make three attempts and show all that the models said")
    add_job_options(previewing)
    _add_quietness(previewing, "one JSON document per row, and nothing else")
    guessing = _add(acts, "estimate", estimating.estimate, "make a few attempts and say what the whole job would take")
    add_job_options(guessing)
    guessing.add_argument("--attempts", type=int, default=3, metavar="N", help="how many; default 3")
    _add_quietness(guessing, "one JSON document, and nothing else")

    trying = _add(acts, "guard", guard.guard, "try the guard of reference answers on problems whose answers are known")
    add_job_options(trying)
    guard.add_options(trying)
    _add_quietness(trying, "one JSON document, and nothing else")

    looking = _add(acts, "status", reading.status, "how a job stands, where its attempts ended, and what it cost")
    _add_job(looking)
    looking.add_argument("--json", action="store_true", help="one JSON document, and nothing else")
    looking.add_argument("--exit-code", action="store_true", help="end with the code of the job's own end")
    listing = _add(acts, "list", reading.list_jobs, "batches, newest first; or the rows of one")
    listing.add_argument("job", metavar="BATCH", nargs="?", help="number of a batch, or id of a job")
    listing.add_argument("--status", choices=("valid", "discarded"), help="only rows in this state")
    listing.add_argument("--cause", choices=_CAUSES, metavar="CAUSE", help="only rows discarded for this: solved, ...")
    add_listing_options(listing)
    showing = _add(acts, "show", reading.show, "rows whole, with what each model said")
    _add_rows(showing)
    showing.add_argument("--json", action="store_true", help="one JSON document per row, and nothing else")
    for name, act, words in (
        ("accept", reading.accept, "make rows valid by hand"),
        ("discard", reading.discard, "discard rows by hand"),
    ):
        deciding = _add(acts, name, act, words)
        _add_rows(deciding)
        deciding.add_argument("--reason", required=True, metavar="TEXT", help="kept with the row, and told in exports")

    saving = _add(acts, "export", exporting.export, "write the valid rows of a batch to a file, with a data card")
    _add_job(saving)
    saving.add_argument("--format", choices=("jsonl", "csv", "parquet"), help="default: by the ending of --output")
    saving.add_argument("--output", type=Path, metavar="FILE", help="default: stdout, as JSON lines")
    saving.add_argument("--card", type=Path, metavar="FILE", help="write the data card here, too, as Markdown")
    saving.add_argument("--licence", metavar="TEXT", help="of the rows, as you publish them")
    saving.add_argument("--guard", metavar="BATCH", help="a trial of `guard`, of which the data card shall tell")
    saving.add_argument("--formula-safe", action="store_true", help="CSV: nothing that a spreadsheet would compute")
    again = _add(acts, "replay", replaying.replay, "make a job again from the store, without network, and compare")
    _add_job(again)
    again.add_argument("--json", action="store_true", help="one JSON document, and nothing else")
    demonstrating = _add(acts, "demo", demo.demo, "twenty arithmetic problems that a small model of this machine fails")
    demo.add_options(demonstrating)
    _add_quietness(demonstrating, "one JSON document, and nothing else")


def _add(acts: Any, name: str, act: Callable[[argparse.Namespace], bool], words: str) -> Any:
    codes = f" {WORDS}" if name in ("run", "preview", "estimate", "guard", "status", "demo") else ""
    parser = acts.add_parser(name, help=words, description=f"{words[0].upper()}{words[1:]}.{codes}", allow_abbrev=False)
    parser.set_defaults(act=act)
    return parser


def _add_quietness(parser: Any, words: str) -> None:
    parser.add_argument("--json", action="store_true", help=words)
    parser.add_argument("--quiet", action="store_true", help="no progress line and no summary")


def _add_job(parser: Any) -> None:
    parser.add_argument("job", metavar="BATCH", help="number of a batch, or id of a job")


def _add_rows(parser: Any) -> None:
    parser.add_argument("rows", metavar="ROW", nargs="+", type=int, help="number of a row")
