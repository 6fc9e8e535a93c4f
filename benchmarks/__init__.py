"""Speed of everything SynQc promises, beside its goals and its peers: `synqc bench`."""

from __future__ import annotations

import argparse
import itertools
import json as standard_json  # `json` here is the section of that name
import sys
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path

from synqc.benchmarks.goals import Goal, read_goals
from synqc.benchmarks.kernel_programs import shown_kernels
from synqc.benchmarks.measurement import Setting, Unavailable, WrongAnswer
from synqc.benchmarks.registry import measures_for
from synqc.benchmarks.report import Entry, entry_document, entry_lines, head_lines, machine_lines, summary_line
from synqc.measure.fingerprint import machine, usable_threads

__all__ = ["main"]

_PACKAGES = ("synqc", "numpy", "scipy", "qutip", "dynamiqs", "jax", "jaxlib")
_REPETITIONS = 9
_QUICK_REPETITIONS = 3


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="synqc bench",
        description="Measure speed: each figure beside its goal and its peer, after its answer was found right.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="NAME",
        help="figures whose name contains NAME, or a whole section; may be repeated",
    )
    parser.add_argument("--list", action="store_true", help="list figures and goals, measure nothing")
    parser.add_argument("--quick", action="store_true", help="fewer repetitions and smaller ensembles: rough figures")
    parser.add_argument("--json", action="store_true", help="print one JSON document to stdout and nothing else")
    parser.add_argument("--kernels", type=Path, metavar="DIR", help="build folder with the C++ benchmark programs")
    parser.add_argument("--strict", action="store_true", help="exit with 1 if a goal is missed")
    return parser


def _chosen(only: Sequence[str]) -> dict[str, Goal]:
    def is_wanted(goal: Goal) -> bool:
        return not only or any(text in goal.key or text == goal.section for text in only)

    return {key: goal for key, goal in read_goals().items() if is_wanted(goal)}


def _measured(goals: dict[str, Goal], setting: Setting, simd_level: str) -> Iterator[Entry]:
    for keys, measure in measures_for(goals.values()):
        try:
            found = measure(setting)
        except Unavailable as reason:
            yield from (Entry(goals[key], simd_level, unavailable=str(reason)) for key in keys)
        except WrongAnswer as reason:
            yield from (Entry(goals[key], simd_level, wrong=str(reason)) for key in keys)
        except Exception as error:  # the other figures are not lost for it
            traceback.print_exc()
            words = f"It could not be measured: {type(error).__name__}: {error}"
            yield from (Entry(goals[key], simd_level, wrong=words) for key in keys)
        else:
            yield from (Entry(goals[key], simd_level, found[key]) for key in keys)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure and print.

    Args:
        argv: Arguments without the program's name; None takes the process's.

    Returns:
        0; 1 if an answer was wrong, or with --strict a goal was missed; 2 if no figure has the name asked for.

    Examples:
        >>> main(["--only", "one-shot", "--list"])
        one-shot: Experiment.run(shots=1) from Python; 4 qubits, default configuration: at most 200 us
        0
    """
    try:
        arguments = _parser().parse_args(sys.argv[1:] if argv is None else list(argv))
    except SystemExit as exit_request:
        return exit_request.code if isinstance(exit_request.code, int) else 0
    goals = _chosen(arguments.only)
    if not goals and not arguments.kernels:
        sys.stderr.write(f"synqc bench: error: no figure is named like {', '.join(arguments.only)}; see --list.\n")
        return 2
    found = machine(_PACKAGES)
    level = found["simd_level"]
    if arguments.list:
        for goal in goals.values():
            target = goal.target(level)
            sys.stdout.write(
                f"{goal.key}: {goal.words}; {goal.size}"
                + (f": {goal.direction} {target:g} {goal.unit}\n" if target else "\n")
            )
        return 0
    setting = Setting(
        repetitions=_QUICK_REPETITIONS if arguments.quick else _REPETITIONS,
        quick=arguments.quick,
        threads=usable_threads(),
        kernels=arguments.kernels,
    )
    shows = not arguments.json
    if shows:
        print("\n".join([*machine_lines(found), "", *head_lines()]), flush=True)
    entries: list[Entry] = []
    kernels = shown_kernels(arguments.kernels, arguments.only, level) if arguments.kernels else ()
    for entry in itertools.chain(_measured(goals, setting, level), kernels):
        if shows and (not entries or entries[-1].goal.section != entry.goal.section):
            print(f"{entry.goal.section}", flush=True)
        entries.append(entry)
        if shows:
            print("\n".join(entry_lines(entry)), flush=True)
    if not entries:
        sys.stderr.write(f"synqc bench: error: {arguments.kernels} holds no kernel benchmark named like that.\n")
        return 2
    if shows:
        print(f"\n{summary_line(entries)}; medians of {setting.repetitions}, turns interleaved.")
    else:
        print(
            standard_json.dumps(
                {
                    "machine": found,
                    "repetitions": setting.repetitions,
                    "figures": [entry_document(entry) for entry in entries],
                }
            )
        )
    verdicts = {entry.verdict for entry in entries}
    return 1 if "wrong" in verdicts or (arguments.strict and "missed" in verdicts) else 0
