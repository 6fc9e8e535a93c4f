"""What stands in the store: jobs and rows, listed, shown, and corrected by hand."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from synqc.cli.outputs import note
from synqc.cli.prompts.exit_codes import exit_code_of
from synqc.cli.prompts.opened import opened
from synqc.cli.prompts.row_card import harmless, row_card
from synqc.cli.tables import json_text, table
from synqc.errors import InputError

if TYPE_CHECKING:
    from synqc.apps.prompts.application import PromptsApplication
    from synqc.apps.prompts.funnel import Funnel, GenerationStatus

__all__ = ["accept", "discard", "list_jobs", "show", "status"]

_WIDEST_NAME = 30


def list_jobs(arguments: argparse.Namespace) -> bool:
    """Batches, newest first; with a batch, its rows."""
    from synqc.apps.prompts.causes import DiscardCause
    from synqc.apps.prompts.documents.wire_words import statuses_of
    from synqc.apps.prompts.row import RowFilter

    with opened() as application:
        if arguments.job is None:
            if arguments.status or arguments.cause:
                raise InputError("Arguments `--status` and `--cause` are of rows: name the batch whose rows are meant.")
            batches = application.batches(limit=arguments.limit)
            if arguments.json:
                for one in batches:
                    print(json_text(one.to_dict()))
            else:
                print(_table_of(batches))
            return False
        job_id = application.status(generation_of(arguments.job)).job_id
        statuses = statuses_of(arguments.status)
        cause = None if arguments.cause is None else DiscardCause(arguments.cause)
        wanted = RowFilter(job_id=job_id, statuses=statuses or (), cause=cause, limit=arguments.limit)
        for row in [] if statuses is None else application.rows(wanted):
            if arguments.json:
                print(json_text(row.to_dict()))
            else:
                problem = " ".join(harmless(row.problem, 200).split())
                cause_word = row.cause.value if row.cause else ""
                print(f"{row.id:>7}  {row.status.value:<9}  {cause_word:<12.12}  {problem}"[:79].rstrip())
    return False


def status(arguments: argparse.Namespace) -> bool:
    """A job; the exit code is that of its end, if it has ended."""
    with opened() as application:
        found = application.status(generation_of(arguments.job))
        funnel = application.funnel(found.job_id)
        if arguments.json:
            print(json_text({**found.to_dict(), "funnel": funnel.to_dict()}))
        else:
            print(_status_words(found, funnel))
        code = exit_code_of(found) if found.ended_at is not None else 0
    if arguments.exit_code and code:
        raise SystemExit(code)
    return False


def show(arguments: argparse.Namespace) -> bool:
    """Rows whole, with what each model said."""
    with opened() as application:
        for row_id in arguments.rows:
            row = application.row(row_id)
            calls = application.calls(row.job_id, attempt=row.attempt)
            if arguments.json:
                print(json_text({**row.to_dict(), "calls": [one.to_dict() for one in calls]}))
            else:
                print(row_card(row, calls), end="\n\n")
    return False


def accept(arguments: argparse.Namespace) -> bool:
    """Make rows valid by hand."""
    with opened() as application:
        _decide(application, arguments, is_accepted=True)
    return False


def discard(arguments: argparse.Namespace) -> bool:
    """Discard rows by hand."""
    with opened() as application:
        _decide(application, arguments, is_accepted=False)
    return False


def generation_of(word: str) -> str | int:
    """A batch by its number, or a job by its id."""
    return int(word) if word.isascii() and word.isdigit() and len(word) < 19 else word


def _decide(application: PromptsApplication, arguments: argparse.Namespace, *, is_accepted: bool) -> None:
    decide = application.accept if is_accepted else application.discard
    for row_id in arguments.rows:
        row = decide(row_id, arguments.reason)
        note(f"Row {row.id} is {row.status}.")


def _table_of(batches: list[GenerationStatus]) -> str:
    rows = [
        [
            str(one.id), harmless(one.name, 1000)[:_WIDEST_NAME], one.state.value,
            "" if one.stop_reason is None else one.stop_reason.value, f"{one.accepted}/{one.rows_wanted}",
            "?" if one.usd_micros is None else f"{one.usd_micros / 1e6:.4f}",
        ]
        for one in batches
    ]  # fmt: skip
    return table(["batch", "name", "state", "stopped by", "accepted", "USD"], rows, numbers=[0, 4, 5])


def _status_words(found: GenerationStatus, funnel: Funnel) -> str:
    from synqc.cli.prompts.generation import summary_of

    counts = {**{one.value: count for one, count in funnel.by_status.items()}}
    causes = {one.value: count for one, count in funnel.by_cause.items()}
    lines = [f"State: {found.state}, attempt {found.job_attempt} of its job.", summary_of(found)]
    lines += [f"  {name:<18} {count:>8}" for name, count in counts.items() if count]
    lines += [
        f"    {name:<16} {count:>8}" for name, count in sorted(causes.items(), key=lambda item: -item[1]) if count
    ]
    for one in funnel.models:
        spent = "price unknown" if one.usd_micros is None else f"${one.usd_micros / 1e6:.6f}"
        lines.append(f"  {one.role} {harmless(one.model, 40)}: {one.calls} calls, {spent}"[:79])
    return "\n".join(lines)
