"""History that recommendations learn from: past runs, each a setting on a device with a score."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from synqc.lab.device import Device, Target, device_of, targets

__all__ = ["DEFAULT", "ENVELOPES", "FIGURES", "RULES", "PastRun", "Setting", "device_figures", "usual_settings"]

ENVELOPES: Final = ("gaussian", "square", "drag", "cosine")
RULES: Final = ("none", "kalman", "bayes", "rl")
_OF_DEVICE = (
    "t1_us", "t2_us", "thermal_population", "gate_ns", "gate_error", "two_qubit_gate_ns", "two_qubit_gate_error",
    "readout_ns", "assignment_error", "efficiency", "gamma_max_per_us", "spread", "detuning_scale_khz",
    "amplitude_error_scale",
)  # fmt: skip
_OF_TARGET = ("path_latency_ns", "decision_latency_ns", "result_latency_ns")
FIGURES: Final = (*_OF_DEVICE, *_OF_TARGET)
"""Figures of a device and its target that a model sees; it never sees their names."""
_STRENGTHS = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0)
_DURATIONS_NS = (25, 50, 100, 120, 200, 400, 800)


@dataclass(frozen=True, order=True)
class Setting:
    """Setting that may be chosen for a run.

    Args:
        probe_strength: 0 to 1.
        probe_duration_ns: In ns.
        envelope: Envelope of the drives.
        adaptive_rule: By name.
    """

    probe_strength: float
    probe_duration_ns: float
    envelope: str
    adaptive_rule: str


DEFAULT: Final = Setting(0.2, 120, "gaussian", "none")
"""The configuration that a session begins with."""


@dataclass(frozen=True)
class PastRun:
    """One run of the past.

    Args:
        session: Whose; runs of one session share an individual device.
        preset: Name of its device, by which the baseline of past runs finds those of its kind.
        goal: The objective that its score is of.
        figures: As of `device_figures`.
        setting: That it ran.
        score: By the objective.
        standard_error: Standard error of the score; 0 where it is not known.
        target: Target of the run.
    """

    session: str
    preset: str
    goal: str
    figures: Mapping[str, float]
    setting: Setting
    score: float
    standard_error: float = 0.0
    target: str = "sim-local"


def device_figures(device: Device | str, target: Target | str = "sim-local") -> dict[str, float]:
    """Figures of a device and its target by name: times in µs or ns as their names say, rates, errors, latencies.

    Raises:
        UnknownName: No device or target has this name.

    Examples:
        >>> figures = device_figures("ion-chain", "ionq")
        >>> figures["t1_us"] > 1e6, figures["decision_latency_ns"]
        (True, 3960.0)
    """
    chosen, place = device_of("device", device), targets()[target] if isinstance(target, str) else target
    figures = {name: float(getattr(chosen, name)) for name in _OF_DEVICE}
    return figures | {name: float(getattr(place, name)) for name in _OF_TARGET}


def usual_settings(*, max_probe_strength: float = 0.5, max_probe_duration_ns: float = 5000) -> list[Setting]:
    """Settings among which is chosen: a grid over strength, duration, envelope and rule, within an operator's limits.

    The rule "rl" is left out: it explores, and needs many batches for it.

    Examples:
        >>> len(usual_settings()), len(usual_settings(max_probe_strength=0.1, max_probe_duration_ns=100))
        (672, 108)
    """
    strengths = [strength for strength in _STRENGTHS if strength <= max_probe_strength]
    durations = [duration for duration in _DURATIONS_NS if duration <= max_probe_duration_ns]
    return [Setting(*values) for values in itertools.product(strengths, durations, ENVELOPES, RULES[:3])]
