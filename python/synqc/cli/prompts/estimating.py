"""What a job would take, by a few attempts that are made for it."""

from __future__ import annotations

import argparse

from synqc.cli.outputs import note
from synqc.cli.prompts.exit_codes import exit_code_of_preview
from synqc.cli.prompts.generation import ended, made, note_more
from synqc.cli.prompts.job_request import read_asked
from synqc.cli.prompts.opened import opened
from synqc.cli.tables import json_text

__all__ = ["estimate"]


def estimate(arguments: argparse.Namespace) -> bool:
    """Attempts, money and time for as many rows as are asked for, each with its interval."""
    asked = read_asked(arguments)
    with opened() as application:
        request = asked.request(application)
        with asked.refusing_as_written():
            job_id = application.preview(request, attempts=arguments.attempts)
        code, status = made(application, job_id, shown=not arguments.quiet)
        found = application.estimate(job_id, rows=request.rows, workers=request.workers)
        if arguments.json:
            print(json_text(found.to_dict()))
        else:
            share, low, high = found.acceptance_rate
            print(f"{found.attempts} attempts were made; {share:.0%} accepted ({low:.0%} to {high:.0%} at 95 %).")
            print(f"For {request.rows} rows: {_range(found.attempts_needed, '{:,.0f} attempts')},")
            dollars = tuple(None if one is None else one / 1e6 for one in found.usd_micros)
            is_priced = found.usd_micros_per_attempt is not None
            print(f"  {_range(dollars, '${:,.4f}') if is_priced else 'at a price that is not known'},")
            print(f"  {_range(found.seconds, '{:,.0f} s')} with {request.workers} workers.")
        if not arguments.quiet:
            note_more(application, status)
            if status.error:
                note(status.error)
    return ended(exit_code_of_preview(code, status))


def _range(interval: tuple[float | None, ...], form: str) -> str:
    """A value with its limits; a limit that nothing bounds is said to be none.

    >>> _range((12.0, 3.0, None), "{:.0f} s")
    '12 s (3 s to no limit)'
    """
    value, low, high = ("no limit" if one is None else form.format(one) for one in interval)
    return f"{value} ({low} to {high})"
