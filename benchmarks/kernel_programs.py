"""Figures of single kernels, measured by the C++ benchmark programs that lie beside their code."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from synqc import _core
from synqc.benchmarks.goals import Goal
from synqc.benchmarks.measurement import Measurement, Setting, Unavailable, WrongAnswer
from synqc.benchmarks.report import Entry

__all__ = ["labelled_nanoseconds", "nanoseconds", "shown_kernels"]

_PROGRAM_SECONDS = 300


def _program(setting: Setting, room: str) -> Path:
    if setting.kernels is None:
        raise Unavailable(
            "Needs the C++ benchmark programs: build with -DSYNQC_BENCHMARKS=ON and pass --kernels BUILD_FOLDER."
        )
    name = f"{room}_perf"
    places = (setting.kernels / "cpp" / "synqc" / name, setting.kernels / name)
    for place in places:
        if place.is_file():
            return place
    raise Unavailable(f"{setting.kernels} holds no program {name}: build it with -DSYNQC_BENCHMARKS=ON.")


@lru_cache
def _rows(program: Path, only: str) -> dict[str, dict[str, Any]]:
    answer = subprocess.run(
        [str(program), "--json", "--only", only], capture_output=True, text=True, timeout=_PROGRAM_SECONDS, check=False
    )
    if answer.returncode != 0:
        raise WrongAnswer(f"{program.name} says: {answer.stderr.strip()}")
    rows = [json.loads(line) for line in answer.stdout.splitlines()]
    return {row["name"]: row for row in rows}


def nanoseconds(setting: Setting, room: str, name: str) -> tuple[float, tuple[str, ...]]:
    """Cost of one kernel.

    Args:
        setting: Says where the programs are.
        room: Folder of cpp/synqc whose program `<room>_perf` measures it.
        name: The benchmark's name without its level.

    Returns:
        Cost in ns at the level in use, and the other levels in words.

    Raises:
        Unavailable: There is no such program, or no such benchmark in it.
        WrongAnswer: The program refused its own answer.
    """
    rows = _rows(_program(setting, room), name)
    level = str(_core.build_info()["simd_level"])
    here = rows.get(f"{name} [{level}]")
    if here is None:
        raise Unavailable(f"{room}_perf measures no {name} at {level}.")
    others = [
        f"{label.split('[')[1].rstrip(']')} {row['value']:.3g} ns" for label, row in rows.items() if row is not here
    ]
    return float(here["value"]), ((f"At other levels: {', '.join(others)}",) if others else ())


def labelled_nanoseconds(setting: Setting, room: str, name: str) -> dict[str, float]:
    """Costs of one kernel in ns by the labels its benchmark gives them. Arguments and errors as in `nanoseconds`."""
    rows = _rows(_program(setting, room), name)
    found = {
        label.removeprefix(f"{name} [").removesuffix("]"): float(row["value"])
        for label, row in rows.items()
        if label.startswith(f"{name} [")
    }
    if not found:
        raise Unavailable(f"{room}_perf measures no {name}.")
    return found


def shown_kernels(folder: Path, only: Sequence[str], simd_level: str) -> Iterator[Entry]:
    """Every figure of every benchmark program below `folder`, beside the goal that its source states.

    Args:
        folder: Build folder.
        only: Figures whose name contains one of these; "kernels" or nothing for all.
        simd_level: The level in use, for the report; figures say theirs in their names.
    """
    wanted = [""] if not only or "kernels" in only else list(only)
    for program in sorted({*folder.glob("cpp/synqc/*_perf"), *folder.glob("*_perf")}):
        room = program.name.removesuffix("_perf")
        for text in wanted:
            try:
                rows = _rows(program, text)
            except WrongAnswer as reason:
                yield Entry(_goal_of({"name": room, "unit": "ns", "goal": None}, room), simd_level, wrong=str(reason))
                continue
            for row in rows.values():
                proven = Measurement(
                    row["value"], proof="equal to the plain loop in its source, or it would not be shown"
                )
                yield Entry(_goal_of(row, room), simd_level, proven)


def _goal_of(row: dict[str, Any], room: str) -> Goal:
    unit, _, thing = row["unit"].partition(" per ")
    return Goal(
        key=row["name"],
        section="kernels",
        measured_by="",
        words=f"kernel of {room}" + (f", per {thing}" if thing else ""),
        peer="none",
        size="as its name says",
        unit=unit,
        direction="at most" if row["goal"] else "shown",
        goal={"": row["goal"]} if row["goal"] else {},
    )
