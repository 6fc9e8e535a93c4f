"""Curves of protocols: how probable each outcome is at each setting, and the derivatives of that."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from synqc.infer.likelihood import RealArray

__all__ = ["Curve", "Decay", "Echo", "Rabi", "Ramsey"]

_TURNS_PER_US_OF_KHZ = 1e-3

Slopes = dict[str, RealArray]


class Curve(ABC):
    """Probabilities of outcomes at settings.

    Args:
        names: Of its parameters.
        columns: Names of the columns of its settings.
        outcomes: How many outcomes there are.
    """

    names: tuple[str, ...]
    columns: tuple[str, ...]
    outcomes: int = 2

    @abstractmethod
    def probabilities(self, settings: RealArray, values: Mapping[str, float]) -> tuple[RealArray, Slopes]:
        """Probabilities (points, outcomes), and their derivatives by each parameter, of settings (points, columns)."""

    def scan_points(self, settings: RealArray, name: str, width: float) -> int:
        """How finely a range of this width must be looked through for no maximum to be missed."""
        return 9


class _ExcitedCurve(Curve):
    """A qubit read out with errors: P(1) = p1_given_0 + (1 - p0_given_1 - p1_given_0) q, q the excited share."""

    @abstractmethod
    def excited(self, settings: RealArray, values: Mapping[str, float]) -> tuple[RealArray, Slopes]:
        """q (points,) and its derivatives."""

    def probabilities(self, settings: RealArray, values: Mapping[str, float]) -> tuple[RealArray, Slopes]:
        """P(0) and P(1) (points, 2), and their derivatives."""
        q, slopes_of_q = self.excited(settings, values)
        contrast = 1 - values["p0_given_1"] - values["p1_given_0"]
        one = values["p1_given_0"] + contrast * q
        slopes = {name: contrast * slope for name, slope in slopes_of_q.items()}
        slopes["p1_given_0"] = 1 - q
        slopes["p0_given_1"] = -q
        return np.stack([1 - one, one], axis=1), {
            name: np.stack([-slope, slope], axis=1) for name, slope in slopes.items()
        }


@dataclass(frozen=True)
class Decay(_ExcitedCurve):
    """T1: the excited share exp(-delay / T1) after a pi pulse. Settings: delay in µs.

    Examples:
        >>> import numpy as np
        >>> p, _ = Decay().probabilities(np.array([[50.0]]), {"t1_us": 50.0, "p0_given_1": 0.0, "p1_given_0": 0.0})
        >>> round(float(p[0, 1]), 6)
        0.367879
    """

    names = ("t1_us", "p0_given_1", "p1_given_0")
    columns = ("delay_us",)

    def excited(self, settings: RealArray, values: Mapping[str, float]) -> tuple[RealArray, Slopes]:
        """exp(-t / T1)."""
        t, t1 = settings[:, 0], values["t1_us"]
        q = np.exp(-t / t1)
        return q, {"t1_us": q * t / t1**2}


@dataclass(frozen=True)
class Ramsey(_ExcitedCurve):
    """Ramsey: the excited share (1 + exp(-t / T2) cos(2 pi detuning t + phase)) / 2.

    Settings: delay in µs, phase of the second pulse in rad. Phases 0 and -pi/2 in turn tell the sign of the detuning,
    which one phase alone leaves open.

    Examples:
        >>> import numpy as np
        >>> values = {"detuning_khz": 250.0, "t2_us": 1e9, "p0_given_1": 0.0, "p1_given_0": 0.0}
        >>> p, _ = Ramsey().probabilities(np.array([[1.0, -np.pi / 2]]), values)
        >>> round(float(p[0, 1]), 6)
        1.0
    """

    names = ("detuning_khz", "t2_us", "p0_given_1", "p1_given_0")
    columns = ("delay_us", "phase_rad")

    def excited(self, settings: RealArray, values: Mapping[str, float]) -> tuple[RealArray, Slopes]:
        """(1 + exp(-t / T2) cos(2 pi detuning t + phase)) / 2."""
        t, t2 = settings[:, 0], values["t2_us"]
        angle = 2 * math.pi * _TURNS_PER_US_OF_KHZ * values["detuning_khz"] * t + settings[:, 1]
        envelope = np.exp(-t / t2)
        return (1 + envelope * np.cos(angle)) / 2, {
            "detuning_khz": -envelope * np.sin(angle) * math.pi * _TURNS_PER_US_OF_KHZ * t,
            "t2_us": envelope * np.cos(angle) * t / t2**2 / 2,
        }

    def scan_points(self, settings: RealArray, name: str, width: float) -> int:
        """Quarters of a cycle over the longest delay."""
        return _quarter_cycles(settings, width) if name == "detuning_khz" else 9


@dataclass(frozen=True)
class Echo(_ExcitedCurve):
    """Hahn echo: the excited share (1 - exp(-delay / T2)) / 2 after pi/2, pi, pi/2. Settings: whole delay in µs.

    Examples:
        >>> import numpy as np
        >>> p, _ = Echo().probabilities(np.array([[0.0]]), {"t2_us": 80.0, "p0_given_1": 0.0, "p1_given_0": 0.01})
        >>> round(float(p[0, 1]), 6)
        0.01
    """

    names = ("t2_us", "p0_given_1", "p1_given_0")
    columns = ("delay_us",)

    def excited(self, settings: RealArray, values: Mapping[str, float]) -> tuple[RealArray, Slopes]:
        """(1 - exp(-t / T2)) / 2."""
        t, t2 = settings[:, 0], values["t2_us"]
        envelope = np.exp(-t / t2)
        return (1 - envelope) / 2, {"t2_us": -envelope * t / t2**2 / 2}


@dataclass(frozen=True)
class Rabi(_ExcitedCurve):
    """Rabi: the excited share (1 - exp(-t / decay) cos(2 pi rabi t)) / 2 of a driven qubit. Settings: duration in µs.

    Examples:
        >>> import numpy as np
        >>> values = {"rabi_khz": 500.0, "decay_us": 1e9, "p0_given_1": 0.02, "p1_given_0": 0.01}
        >>> p, _ = Rabi().probabilities(np.array([[1.0]]), values)
        >>> round(float(p[0, 1]), 6)
        0.98
    """

    names = ("rabi_khz", "decay_us", "p0_given_1", "p1_given_0")
    columns = ("duration_us",)

    def excited(self, settings: RealArray, values: Mapping[str, float]) -> tuple[RealArray, Slopes]:
        """(1 - exp(-t / decay) cos(2 pi rabi t)) / 2."""
        t, decay = settings[:, 0], values["decay_us"]
        angle = 2 * math.pi * _TURNS_PER_US_OF_KHZ * values["rabi_khz"] * t
        envelope = np.exp(-t / decay)
        return (1 - envelope * np.cos(angle)) / 2, {
            "rabi_khz": envelope * np.sin(angle) * math.pi * _TURNS_PER_US_OF_KHZ * t,
            "decay_us": -envelope * np.cos(angle) * t / decay**2 / 2,
        }

    def scan_points(self, settings: RealArray, name: str, width: float) -> int:
        """Quarters of a cycle over the longest duration."""
        return _quarter_cycles(settings, width) if name == "rabi_khz" else 9


def _quarter_cycles(settings: RealArray, width_khz: float) -> int:
    cycles = width_khz * _TURNS_PER_US_OF_KHZ * float(settings[:, 0].max())
    return max(9, math.ceil(4 * cycles))
