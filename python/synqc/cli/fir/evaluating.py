"""Quality of search and checks on labelled complaints, measured for a person or a program."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from synqc.cli.fir.grammar import add
from synqc.cli.fir.knowledge import add_knowledge, knowledge_of
from synqc.cli.models import provider_of
from synqc.cli.outputs import check_outputs, note
from synqc.cli.tables import json_text, table
from synqc.errors import InputError

__all__ = ["add_command"]


def add_command(acts: Any) -> None:
    """Declare it."""
    measuring = add(acts, "evaluate", _evaluate, "measure the search, and a model's checks, on labelled complaints")
    measuring.add_argument(
        "complaints", metavar="FILE", help="TOML with [[complaints]]: sections, and a text per language"
    )
    measuring.add_argument(
        "--model", help="measure its checks: a name, a GGUF file, or with --url a server's name for it"
    )
    measuring.add_argument("--url", help="a server of OpenAI's protocol, up to /v1; its key is OPENAI_API_KEY")
    measuring.add_argument(
        "--calibrate-on", metavar="FILE", help="other labelled complaints, to calibrate the model on"
    )
    measuring.add_argument(
        "--calibration", metavar="FILE", help="read it from here; with --calibrate-on, write it here"
    )
    measuring.add_argument("--error-rate", type=float, default=0.1, help="what is less sure is unknown, default 0.1")
    measuring.add_argument("--seconds", type=float, default=8.0, help="for each check, default 8")
    add_knowledge(measuring)
    measuring.add_argument("--json", action="store_true", help="a JSON document")


def _evaluate(arguments: argparse.Namespace) -> None:
    from synqc.apps.fir.violations.evaluation import evaluate_checks, evaluate_search
    from synqc.apps.fir.violations.labelled import read_labelled

    if arguments.model is None and (arguments.calibrate_on or arguments.calibration or arguments.url):
        raise InputError("Options --url, --calibrate-on and --calibration are about a model: give --model, too.")
    if arguments.calibrate_on is not None and arguments.calibration is not None:
        check_outputs(Path(arguments.calibration), plot=None)
    complaints, knowledge = read_labelled(arguments.complaints), knowledge_of(arguments)
    searched = evaluate_search(knowledge, complaints)
    checked, is_here = [], False
    if arguments.model is not None:
        from synqc.apps.fir.violations.checks import ViolationChecks

        provider, name, is_here = provider_of(arguments, reuses_prompts=True)
        try:
            fitted = _calibration(arguments, knowledge, provider, name)
            with ViolationChecks(
                knowledge, provider=provider, model=name, calibration=fitted, error_rate=arguments.error_rate,
                seconds=arguments.seconds, most_at_once=1 if is_here else None,  # as the service asks them
            ) as checks:  # fmt: skip
                checked = evaluate_checks(checks, complaints, progress=_progress("checked"))
        finally:
            provider.close()
    if arguments.json:
        print(json_text({
            "search": [one.to_plain() for one in searched], "checks": [one.to_plain() for one in checked],
        }))  # fmt: skip
        return
    print(table(
        ["search", "best section among 10", "all sections among 10"],
        [[one.language, str(one.best_found), str(one.all_found)] for one in searched],
    ))  # fmt: skip
    for quality in checked:
        how = "calibrated" if quality.calibrated else "not calibrated"
        print(f"\nChecks of {quality.model} ({how}), {quality.language}:")
        print(f"  precision   {quality.precision}\n  recall      {quality.recall}")
        print(f"  wrong noes  {quality.wrong_noes}\n  unknown     {quality.unknown}")
        for cause, count in quality.causes.items():
            print(f"    {cause}: {count}")
    if checked and is_here:
        note("These are figures of a small model: measure a more capable one, where you have it, by --url and --model.")


def _calibration(arguments: argparse.Namespace, knowledge: Any, provider: Any, name: str) -> Any:
    from synqc.apps.fir.violations.evaluation import calibrate
    from synqc.apps.fir.violations.labelled import read_labelled
    from synqc.llm.calibration import Calibration

    file = None if arguments.calibration is None else Path(arguments.calibration)
    if arguments.calibrate_on is not None:
        fitted = calibrate(
            knowledge, read_labelled(arguments.calibrate_on), provider=provider, model=name,
            progress=_progress("calibrated on"),
        )  # fmt: skip
        if file is not None:
            file.write_text(json_text(fitted.to_plain()) + "\n", "utf-8")
        return fitted
    if file is None:
        return None
    try:
        return Calibration.from_plain(json.loads(file.read_text("utf-8")))
    except (OSError, ValueError) as error:
        raise InputError(
            f"Option --calibration must be a file of a calibration, but {file} is none: {error}."
        ) from None


def _progress(done_words: str) -> Callable[[int, int], None] | None:
    if not sys.stderr.isatty():
        return None

    def show(done: int, of: int) -> None:
        end = "\n" if done == of else ""
        sys.stderr.write(f"\r{done} of {of} complaints {done_words}{end}")
        sys.stderr.flush()

    return show
