"""Jobs made here, run and preview: watched by a line of progress, ended by Ctrl-C, told by files and exit codes."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from synqc.cli.outputs import note
from synqc.cli.prompts.exit_codes import EXIT_INTERRUPTED, exit_code_of, exit_code_of_preview
from synqc.cli.prompts.job_request import read_asked
from synqc.cli.prompts.opened import opened
from synqc.cli.prompts.progress_line import ProgressLine
from synqc.cli.prompts.results import write_results
from synqc.cli.prompts.row_card import row_card
from synqc.cli.tables import json_text
from synqc.errors import InputError, TimedOut

if TYPE_CHECKING:
    from synqc.apps.prompts.application import PromptsApplication
    from synqc.apps.prompts.funnel import GenerationStatus

__all__ = ["ended", "made", "note_more", "preview", "run", "summary_of"]

_LOOK_EVERY_S = 0.1
_PREVIEWED = 3
_PATIENCE_AFTER_CANCEL_S = 5.0


def run(arguments: argparse.Namespace) -> bool:
    """Have problems made, and write what came of it."""
    asked = read_asked(arguments)
    if asked.folder.exists() and not asked.folder.is_dir():
        raise InputError(f"{asked.folder} is a file, but results need a folder there.")
    with opened() as application:
        with asked.refusing_as_written():
            job_id = application.submit(asked.request(application))
        code, status = made(application, job_id, shown=not arguments.quiet)
        files = write_results(application, status, asked.folder)
        if arguments.json:
            print(json_text(status.to_dict()))
        elif not arguments.quiet:
            note(summary_of(status))
            note_more(application, status)
            note(f"Written to {asked.folder}: {', '.join(one.name for one in files)}.")
    return ended(code)


def preview(arguments: argparse.Namespace) -> bool:
    """Make a few attempts that count for nothing, and show everything that the models said."""
    from synqc.apps.prompts.causes import RowStatus

    asked = read_asked(arguments)
    with opened() as application:
        with asked.refusing_as_written():
            job_id = application.preview(asked.request(application), attempts=_PREVIEWED)
        code, status = made(application, job_id, shown=not arguments.quiet)
        for row in application.export_rows(status.job_id, statuses=tuple(RowStatus)):
            calls = application.calls(row.job_id, attempt=row.attempt)
            if arguments.json:
                print(json_text({**row.to_dict(), "calls": [one.to_dict() for one in calls]}))
            else:
                print(row_card(row, calls), end="\n\n")
        if not arguments.quiet:
            note(summary_of(status))
            note_more(application, status)
    return ended(exit_code_of_preview(code, status))


def made(application: PromptsApplication, job_id: str, *, shown: bool) -> tuple[int, GenerationStatus]:
    """A job to its end: its exit code, and how it stands.

    Ctrl-C ends it, and with it what it has under way; what it has is kept.
    """
    try:
        application.start()
        with ProgressLine(shown) as line:
            return _watched(application, job_id, line)
    except KeyboardInterrupt:
        application.cancel(job_id)
        try:
            return EXIT_INTERRUPTED, application.wait(job_id, _PATIENCE_AFTER_CANCEL_S)
        except TimedOut:
            return EXIT_INTERRUPTED, application.status(job_id)


def _watched(application: PromptsApplication, job_id: str, line: ProgressLine) -> tuple[int, GenerationStatus]:
    while True:
        try:
            status = application.wait(job_id, _LOOK_EVERY_S)
        except TimedOut:
            line.show(application.status(job_id))
            continue
        return exit_code_of(status), status


def summary_of(status: GenerationStatus) -> str:
    """How a job ended, for people."""
    attempted = status.accepted + status.surplus + status.discarded + status.failed + status.stopped
    spent = "at a price that is not known" if status.usd_micros is None else f"for ${status.usd_micros / 1e6:.6f}"
    why = status.error or status.stop_words or f"The job is {status.state}."
    return (
        f"Batch {status.id} ({status.job_id}): {status.accepted} of {status.rows_wanted} accepted in {attempted} "
        f"attempts {spent}. {why}"
    )


def note_more(application: PromptsApplication, status: GenerationStatus) -> None:
    """What a sum of money and a count of rows do not say by themselves: whose prices, and what counts as the same."""
    from synqc.apps.prompts.prices import words_of_prices
    from synqc.cli.prompts.row_card import harmless

    semantic = application.funnel(status.job_id).semantic
    for words in (words_of_prices(application.prices_of(status.job_id)), "" if semantic is None else str(semantic)):
        if words:
            note(harmless(words))


def ended(code: int) -> bool:
    """As `main` takes it: whether it was interrupted; every other code ends the process here."""
    if code == EXIT_INTERRUPTED:
        return True
    if code:
        sys.stdout.flush()
        raise SystemExit(code)
    return False
