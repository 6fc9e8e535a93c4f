"""AllXY: twenty-one pairs of pulses whose staircase shows what is wrong with them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from synqc.infer import Curve, Parameter
from synqc.protocols.circuit import Circuit, Delay, Rotation
from synqc.protocols.count_protocol import READOUT_ERRORS, CountProtocol
from synqc.protocols.curves import ALL_XY_PAIRS, AllXYStaircase, Referenced

__all__ = ["AllXY"]


@dataclass(frozen=True, kw_only=True)
class AllXY(CountProtocol):
    """Amplitude error and detuning from the staircase; "suspicious" where neither explains it, as without DRAG.

    Examples:
        >>> from synqc.twin import HiddenQubit, Twin
        >>> device = Twin([HiddenQubit(rabi_scale=1.03)], seed=2)[0]
        >>> device.settings = device.settings.__class__(drag=0.5)
        >>> found = AllXY().analyse(AllXY().run(device))
        >>> abs(found.values["amplitude_error"] - 0.03) < 0.01
        True

    Source: Reed, Entanglement and Quantum Error Correction with Superconducting Qubits, Yale (2013), section 5.2.
    """

    reported = ("amplitude_error", "detuning_khz")

    @property
    def curve(self) -> Curve:
        """Raised-cosine pulses, too strong and off resonance."""
        return Referenced(AllXYStaircase())

    def plan(self, gate_ns: float) -> tuple[list[Circuit], list[tuple[float, ...]]]:
        """A circuit for each pair."""
        circuits: list[Circuit] = [
            tuple(_operation(angle, phase, gate_ns) for angle, phase in pair) for pair in ALL_XY_PAIRS
        ]
        return circuits, [(float(number), gate_ns) for number in range(len(ALL_XY_PAIRS))]

    def searched(self, settings: Any) -> dict[str, Parameter]:
        """A fifth of the amplitude, and a tenth of the pulses' bandwidth."""
        widest = 1e5 / float(settings[:, 2].max())
        return {
            "amplitude_error": Parameter(-0.2, 0.2, start=0.0),
            "detuning_khz": Parameter(-widest, widest, start=0.0),
            **READOUT_ERRORS,
        }


def _operation(angle: float, phase: float, gate_ns: float) -> Delay | Rotation:
    return Rotation(math.pi * angle, math.pi * phase) if angle else Delay(gate_ns * 1e-3)
