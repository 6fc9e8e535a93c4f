"""The valid rows of a batch in a file, with the card that says how they were made."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from synqc.cli.outputs import check_outputs, note
from synqc.cli.prompts.opened import opened
from synqc.cli.prompts.reading import generation_of
from synqc.errors import InputError

__all__ = ["export"]

_ENDINGS = {".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".parquet": "parquet"}


def export(arguments: argparse.Namespace) -> bool:
    """Write them; a file takes its place when it is complete."""
    from synqc.apps.prompts.export import data_card, write_csv, write_jsonl, write_parquet

    check_outputs(arguments.output, arguments.card, plot=None)
    files = [one.resolve() for one in (arguments.output, arguments.card) if one is not None]
    if len(set(files)) < len(files):
        raise InputError(f"Arguments `--output` and `--card` must be two files, but both are {arguments.card}.")
    kind = arguments.format or _kind_of(arguments.output)
    with opened() as application:
        status = application.status(generation_of(arguments.job))
        prices = [one.to_dict() for one in application.prices_of(status.job_id)]
        guard = None
        if arguments.guard is not None:
            guard = application.guard_report(generation_of(arguments.guard), of=status.job_id)
        card = data_card(
            status, application.funnel(status.job_id), licence=arguments.licence, prices=prices, guard=guard
        )  # fmt: skip
        rows = application.export_rows(status.job_id)
        target = arguments.output or sys.stdout.buffer
        sys.stdout.flush()
        if kind == "jsonl":
            size = write_jsonl(rows, target)
        elif kind == "csv":
            size = write_csv(rows, target, formula_safe=arguments.formula_safe)
        else:
            size = write_parquet(rows, target, card=card.to_dict())
        if arguments.card is not None:
            arguments.card.write_text(card.to_markdown(), encoding="utf-8")
    where = "" if arguments.output is None else f" to {arguments.output}"
    note(
        f"{status.accepted} rows, {size} bytes{where}."
        + ("" if arguments.card is None else f" Data card: {arguments.card}.")
    )
    return False


def _kind_of(output: Path | None) -> str:
    if output is None:
        return "jsonl"
    if output.suffix.lower() not in _ENDINGS:
        raise InputError(f"Argument `--output` must end in {', '.join(_ENDINGS)}, or `--format` be given: {output}.")
    return _ENDINGS[output.suffix.lower()]
