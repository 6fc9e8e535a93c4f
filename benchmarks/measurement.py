"""What a benchmark hands back, and what it is given."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

__all__ = ["Measure", "Measurement", "Setting", "Unavailable", "WrongAnswer", "import_peer", "refuse_unless"]


class Unavailable(Exception):
    """A figure cannot be measured here; the text says what is missing."""


class WrongAnswer(Exception):
    """The answer is not right, so it has no speed."""


def import_peer(name: str) -> ModuleType:
    """A package to be measured against; Unavailable with the reason if it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise Unavailable(f"{name} cannot be imported ({error}): pip install 'synqc[bench]'.") from error


def refuse_unless(condition: bool, words: str) -> None:
    """Raises WrongAnswer with `words` unless the answer is right."""
    if not condition:
        raise WrongAnswer(words)


@dataclass(frozen=True)
class Setting:
    """How to measure.

    Args:
        repetitions: Turns of every timed action.
        quick: Smaller ensembles, so that figures are rough but everything has run.
        threads: What the machine offers.
        kernels: Folder with the `<room>_perf` programs, or None.
    """

    repetitions: int = 9
    quick: bool = False
    threads: int = 1
    kernels: Path | None = None


@dataclass(frozen=True)
class Measurement:
    """One figure.

    Args:
        value: Median, in the goal's unit.
        best: Best of all repetitions in the goal's unit, or None for ratios.
        proof: How the answer was found right, with the tolerance.
        details: What else a reader must know, one sentence each: the peer's version, method and time.
    """

    value: float
    best: float | None = None
    proof: str = ""
    details: tuple[str, ...] = field(default=())


Measure = Callable[[Setting], Mapping[str, Measurement]]
"""Measures one or more figures; keys are those of its goals.toml."""
