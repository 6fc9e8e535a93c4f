"""Where a hidden qubit's parameters are at a moment of the instrument's time."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from synqc.twin.hidden_qubit import HiddenQubit

__all__ = ["DriftingState", "Moment"]


@dataclass(frozen=True)
class Moment:
    """A qubit's parameters at one moment.

    Args:
        detuning_khz: Frequency of the qubit minus that of an uncorrected drive.
        down_per_us: Rate from |1> to |0>.
        up_per_us: Rate from |0> to |1>.
    """

    detuning_khz: float
    down_per_us: float
    up_per_us: float


class DriftingState:
    """Processes of one qubit, moved along by their exact laws.

    Args:
        qubit: Whose.
        generator: What they draw from.
    """

    def __init__(self, qubit: HiddenQubit, generator: np.random.Generator) -> None:
        self._qubit = qubit
        self._generator = generator
        drift = qubit.detuning_drift
        self._wander_khz = drift.sigma_khz * generator.standard_normal()
        self._jumped = bool(generator.integers(2))
        self._positions = [int(position) for position in generator.integers(2, size=len(qubit.two_level_systems))]
        self._moment_s = 0.0

    def at(self, moment_s: float) -> Moment:
        """Parameters at a moment, not before the one asked for last."""
        self._advance(moment_s - self._moment_s)
        self._moment_s = moment_s
        qubit, drift = self._qubit, self._qubit.detuning_drift
        moved_khz = self._wander_khz + (drift.jump_khz if self._jumped else -drift.jump_khz)
        defects = zip(qubit.two_level_systems, self._positions, strict=True)
        lost = sum(defect.decay(defect.detunings_mhz[at] + 1e-3 * moved_khz) for defect, at in defects)
        rate = 1 / qubit.t1_us + lost
        return Moment(
            qubit.detuning_khz + moved_khz,
            (1 - qubit.thermal_population) * rate,
            qubit.thermal_population * rate,
        )

    def _advance(self, elapsed_s: float) -> None:
        if not elapsed_s > 0:
            return
        drift = self._qubit.detuning_drift
        kept = math.exp(-elapsed_s / drift.correlation_time_s)
        self._wander_khz = (
            kept * self._wander_khz + drift.sigma_khz * math.sqrt(1 - kept**2) * self._generator.standard_normal()
        )
        self._jumped ^= self._has_switched(drift.switching_rate_per_s, elapsed_s)
        self._positions = [
            position ^ self._has_switched(defect.switching_rate_per_s, elapsed_s)
            for position, defect in zip(self._positions, self._qubit.two_level_systems, strict=True)
        ]

    def _has_switched(self, rate_per_s: float, elapsed_s: float) -> bool:
        """Whether an odd number of jumps came."""
        return bool(self._generator.random() < -math.expm1(-2 * rate_per_s * elapsed_s) / 2)
