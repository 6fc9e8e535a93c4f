"""Adaptive rules written in Python: what a user's function may see and answer."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np

from synqc.errors import InputError
from synqc.lab.estimate import Estimate
from synqc.lab.plugins import load_plugin

_UNMEASURED = Estimate(0.0, math.nan)

__all__ = ["Batch", "BatchRule", "RecordRule", "rule_hooks", "rule_of_plugin"]


@dataclass(frozen=True)
class Batch:
    """What a rule sees between batches: what a laboratory could measure, never the simulator's states.

    Args:
        qubit: Position in the register.
        iteration: Number of the batch about to run; 0 for the first, before which nothing was measured.
        shots: Shots of the previous batch; 0 before the first.
        one_fraction: Share of its bits that read 1, as measured; like the next two 0 with an unknown error before it.
        success: Share of its bits showing the ideal outcome, corrected for assignment errors.
        mean_record: Mean of its integrated records.
        settings: What the controls were set to.

    Examples:
        >>> import synqc
        >>> seen = []
        >>> run = synqc.Experiment(qubits=1, adaptive_rule=seen.append).run(shots=100, iterations=2, seed=3)
        >>> seen[0].shots, seen[1].shots, seen[1].settings["drag_beta"]
        (0, 100, 1.0)
    """

    qubit: int
    iteration: int
    shots: int = 0
    one_fraction: Estimate = _UNMEASURED
    success: Estimate = _UNMEASURED
    mean_record: Estimate = _UNMEASURED
    settings: Mapping[str, float] | None = None


@runtime_checkable
class BatchRule(Protocol):
    """A rule that sets the controls before each batch.

    Returns a dict with any of `drive_correction_khz`, `first_angle`, `second_angle`, `first_axis`, `second_axis` (rad),
    `drag_beta` and `feedback_gain` (rad per unit of the integrated record); or None to keep the defaults.

    Examples:
        >>> import synqc
        >>> def stronger_second_drive(batch):
        ...     return {"second_angle": 1.6}
        >>> run = synqc.Experiment(adaptive_rule=stronger_second_drive, qubits=1).run(shots=100, iterations=2, seed=3)
        >>> run.history[-1].qubits[0].settings["second_angle"]
        1.6
    """

    def __call__(self, batch: Batch) -> Mapping[str, float] | None: ...


@runtime_checkable
class RecordRule(Protocol):
    """A rule that corrects the second drive of each shot from that shot's record, many shots at a time.

    Every shot then waits for the target's decision latency, and through an ancilla for the ancilla's readout before it;
    the qubit decays meanwhile. May be callable as a `BatchRule` too.
    """

    def second_angle_corrections(self, qubit: int, records: np.ndarray) -> np.ndarray:
        """Corrections in rad, float64 (shots,), from in-phase bin means, float64 (shots, bins)."""
        ...


def _batch_from(entry: dict[str, Any]) -> Batch:
    arguments: dict[str, Any] = {
        name: Estimate(*value) if isinstance(value, tuple) else value for name, value in entry.items()
    }
    return Batch(**arguments)


def rule_of_plugin(name: str) -> Any:
    """The rule that another package brings under the entry point `synqc.rules`; of a class, a new object.

    Args:
        name: One of `plugin_names("synqc.rules")`.

    Raises:
        InputError: It cannot be loaded, or is no rule.
    """
    found = load_plugin("synqc.rules", name)
    rule = found() if isinstance(found, type) else found
    rule_hooks(rule)
    return rule


def rule_hooks(rule: object) -> tuple[Callable[[dict[str, Any]], object] | None, Callable[..., Any] | None]:
    """The core's two hooks for a rule that is not a name: settings before a batch, corrections within one.

    Raises:
        InputError: `rule` is neither callable nor has `second_angle_corrections`.
    """
    second_angle = getattr(rule, "second_angle_corrections", None)
    if not callable(rule) and second_angle is None:
        raise InputError(
            "Argument `adaptive_rule` must be the name of a rule, a function of a Batch, or an object with a method "
            f"second_angle_corrections(qubit, records), but is {rule!r}."
        )
    if not callable(rule):
        return None, second_angle

    def settings(entry: dict[str, Any]) -> object:
        return rule(_batch_from(entry))

    return settings, second_angle
