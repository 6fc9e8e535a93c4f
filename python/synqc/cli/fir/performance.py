"""The original performance script's run: a report through its six calls, its banner, and its file of results."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from synqc.cli.fir.gate_clients import ApplicationClient, GateClient, HttpClient
from synqc.cli.fir.grammar import add
from synqc.cli.fir.measured_runs import STEPS, MeasuredRun, Tokens, measure_runs, percentile, results_document
from synqc.cli.fir.opened import opened
from synqc.cli.outputs import check_outputs, note
from synqc.cli.tables import json_text, table
from synqc.errors import InputError

__all__ = ["COMPLAINT", "add_command", "end_by", "step_table"]

_FILE: Final = "performance_test_results.json"
_WIDTH: Final = 60
_MOST_RUNS: Final = 10_000
COMPLAINT: Final = (
    "On 28 November 2026 at about 9.30 in the evening I was walking home from the bus stand near Shivaji Market when "
    "two young men on a black motorcycle came from behind. The one who sat behind pulled the gold chain from my neck, "
    "I fell and hurt my left knee, and they drove away towards the railway station. The chain weighs 12 grams."
)


def add_command(acts: Any) -> None:
    """Declare it."""
    parser = add(
        acts, "performance", performance,
        "time reports from complaint to completion, as the original performance script does"
    )  # fmt: skip
    parser.description = (
        "Time reports from a typed complaint to completion, every gate approved at once. Ends with 1 if one failed or "
        "took longer than the target, so that a schedule can tell."
    )
    parser.add_argument(
        "--url", help="of a service, such as http://127.0.0.1:8000/fir; default: an application in this process, with "
        "the models of the settings and a database of its own"
    )  # fmt: skip
    parser.add_argument("--key", help="that the service wants; default: SYNQC_API_KEY")
    parser.add_argument("--runs", type=int, default=1, metavar="N", help="how many reports, default 1")
    parser.add_argument("--concurrent", type=int, default=1, metavar="M", help="how many at once, default 1")
    parser.add_argument("--text", help="of the complaint; - reads standard input; default: a snatched chain")
    parser.add_argument("--target", type=float, default=30.0, metavar="SECONDS", help="for one report, default 30")
    parser.add_argument("--timeout", type=float, default=35.0, metavar="SECONDS", help="of each call, default 35")
    parser.add_argument("--output", metavar="FILE", default=_FILE, help=f"of results, default {_FILE}; none: no file")
    parser.add_argument("--json", action="store_true", help="print the results as a JSON document, and nothing else")


def performance(arguments: argparse.Namespace) -> None:
    """Measure, print, write."""
    for name, most in (("runs", _MOST_RUNS), ("concurrent", 1000)):
        if not 1 <= getattr(arguments, name) <= most:
            raise InputError(f"Option --{name} must be from 1 to {most:,}, but is {getattr(arguments, name)}.")
    for name in ("target", "timeout"):
        if not 0 < getattr(arguments, name) < float("inf"):
            raise InputError(f"Option --{name} must be seconds above 0, but is {getattr(arguments, name)}.")
    file = None if arguments.output == "none" else Path(arguments.output)
    check_outputs(file, plot=None)
    text = sys.stdin.read() if arguments.text == "-" else arguments.text or COMPLAINT
    with _client(arguments) as client:
        status = client.check_health()
        if not arguments.json:
            print("FIR generation performance test")
            print(f"Health: {status}")

        def tell(line: str) -> None:
            if not arguments.json:
                print(line, flush=True)

        runs = measure_runs(client, text, runs=arguments.runs, concurrent=arguments.concurrent, tell=tell)
    document = results_document(runs)
    if file is not None:
        file.write_text(json_text(document) + "\n", "utf-8")
    print(json_text(document) if arguments.json else _banner(runs, arguments.target))
    if file is not None:
        note(f"Results are in {file}.")
    end_by(runs, arguments.target)


def end_by(runs: Sequence[MeasuredRun], target_s: float) -> None:
    """Ends the process with 1 if a run failed or took so long."""
    if any(run.error is not None or run.total_s >= target_s for run in runs):
        sys.stdout.flush()
        raise SystemExit(1)


def step_table(runs: Sequence[MeasuredRun], *, computes_here: bool = False) -> str:
    """Seconds by step, of runs that reached it.

    Args:
        runs: At least one.
        computes_here: Whether models are in this process and the one run is alone: then with seconds of processors,
            which say how long it would take if nobody else had anything to do, and with tokens, which say how much
            there was to do.
    """
    several = len(runs) > 1
    rows = []
    for step in STEPS:
        took = [run.steps[step.key] for run in runs if step.key in run.steps]
        computed = _computed(runs[0].processor_s.get(step.key, 0.0), runs[0].tokens.get(step.key), computes_here)
        rows.append([step.key, step.what, *_seconds(took, several), *computed, step.allowed])
    whole = [run.total_s for run in runs if run.error is None]
    tokens = sum(runs[0].tokens.values(), Tokens(0, 0, 0))
    computed = _computed(sum(runs[0].processor_s.values()), tokens, computes_here)
    rows.append(["total", "", *_seconds(whole, several), *computed, "claims 15 to 20 s"])
    heads = [
        *(["p50 s", "p95 s", "p99 s", "most s"] if several else ["s"]),
        *["processors s", "tokens read", "known", "written"][: len(computed)],
    ]
    return table(["step", "what it times", *heads, "original"], rows, numbers=range(2, 2 + len(heads)))


def _computed(seconds: float, tokens: Tokens | None, is_shown: bool) -> list[str]:
    counts = ["-"] * 3 if tokens is None else [str(tokens.read), str(tokens.known), str(tokens.written)]
    return [f"{seconds:.2f}", *counts] if is_shown else []


def _banner(runs: Sequence[MeasuredRun], target: float) -> str:
    good = [run for run in runs if run.error is None]
    worst = max((run.total_s for run in good), default=0.0)
    passed = len(good) == len(runs) and worst < target
    lines = ["", "=" * _WIDTH, "PERFORMANCE TEST RESULTS", "=" * _WIDTH]
    lines.append(f"Total time: {worst:.2f} s" + (" (the slowest)" if len(runs) > 1 else ""))
    lines.append(f"Target:     under {target:.2f} s")
    lines.append(f"Status:     {'PASS' if passed else 'FAIL'}")
    if len(runs) > 1:
        lines.append(f"Reports:    {len(good)} of {len(runs)} completed")
    for error in dict.fromkeys(run.error for run in runs if run.error is not None):
        lines.append(f"Error:      {error}")
    return "\n".join([*lines, "=" * _WIDTH, step_table(runs), "=" * _WIDTH])


def _seconds(took: Sequence[float], several: bool) -> list[str]:
    if not took:
        return ["-"] * (4 if several else 1)
    parts = (0.5, 0.95, 0.99, 1.0) if several else (1.0,)
    return [f"{percentile(took, part):.3f}" for part in parts]


@contextmanager
def _client(arguments: argparse.Namespace) -> Iterator[GateClient]:
    if arguments.url is not None:
        key = arguments.key or os.environ.get("SYNQC_API_KEY")
        yield HttpClient(arguments.url, key=key, timeout_s=arguments.timeout)
        return
    with tempfile.TemporaryDirectory(prefix="synqc-fir-") as folder, opened(state_dir=Path(folder)) as application:
        application.start()
        yield ApplicationClient(application, officer="performance test", timeout_s=arguments.timeout)
