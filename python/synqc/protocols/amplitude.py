"""Amplitude of pulses: Rabi, and errors that many pulses add up."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from synqc.infer import Curve, Parameter
from synqc.protocols.analysis import Analysis
from synqc.protocols.circuit import Circuit, Rotation, Settings
from synqc.protocols.count_protocol import READOUT_ERRORS, CountProtocol
from synqc.protocols.curves import AmplifiedTurn, RabiFringe, Referenced

__all__ = ["AmplifiedAmplitude", "RabiAmplitude"]

_MOST_PULSES = 200


@dataclass(frozen=True, kw_only=True)
class RabiAmplitude(CountProtocol):
    """One pulse of many amplitudes: what a pulse really turns by, over what it should.

    Args:
        amplitudes: Relative to a pi pulse.

    Examples:
        >>> from synqc.twin import HiddenQubit, Twin
        >>> protocol = RabiAmplitude()
        >>> found = protocol.analyse(protocol.run(Twin([HiddenQubit(rabi_scale=1.07)], seed=2)[0]))
        >>> abs(found.values["rabi_scale"] - 1.07) < 0.01, found.verdict
        (True, 'good')
    """

    references: int = 0
    amplitudes: tuple[float, ...] = tuple(float(amplitude) for amplitude in np.linspace(0.0, 2.5, 26))

    reported = ("rabi_scale",)

    @property
    def curve(self) -> Curve:
        """(1 - cos(pi s a)) / 2."""
        return Referenced(RabiFringe())

    def plan(self, gate_ns: float) -> tuple[list[Circuit], list[tuple[float, ...]]]:
        """A circuit for each amplitude."""
        circuits: list[Circuit] = [(Rotation(math.pi * amplitude),) for amplitude in self.amplitudes]
        return circuits, [(amplitude,) for amplitude in self.amplitudes]

    def searched(self, settings: Any) -> dict[str, Parameter]:
        """From half of what it should be to one and a half times."""
        return {"rabi_scale": Parameter(0.5, 1.5), **READOUT_ERRORS}

    def corrected(self, settings: Settings, analysis: Analysis) -> Settings:
        """Amplitude over what was found."""
        return replace(settings, pi_amplitude=settings.pi_amplitude / analysis.values["rabi_scale"])


@dataclass(frozen=True, kw_only=True)
class AmplifiedAmplitude(CountProtocol):
    """A pi/2 pulse and up to `pulses` pi pulses: their errors add up, at the steepest point of the fringe.

    Args:
        pulses: At most.
        largest_error: The relative error is sought between minus and plus this.

    Examples:
        >>> from synqc.twin import HiddenQubit, Twin
        >>> device = Twin([HiddenQubit(rabi_scale=0.993)], seed=2)[0]
        >>> device.settings = device.settings.__class__(drag=0.5)
        >>> protocol = AmplifiedAmplitude()
        >>> found = protocol.analyse(protocol.run(device))
        >>> abs(found.values["amplitude_error"] + 0.007) < 0.002, found.verdict
        (True, 'good')
    """

    pulses: int = 20
    largest_error: float = 0.1

    reported = ("amplitude_error",)

    @property
    def curve(self) -> Curve:
        """(1 - cos((n + 1/2) pi (1 + e))) / 2."""
        return Referenced(AmplifiedTurn())

    def plan(self, gate_ns: float) -> tuple[list[Circuit], list[tuple[float, ...]]]:
        """A circuit for each number of pulses."""
        numbers = range(self.pulses + 1)
        circuits: list[Circuit] = [(Rotation(math.pi / 2), *(Rotation(math.pi),) * number) for number in numbers]
        return circuits, [(float(number),) for number in numbers]

    def searched(self, settings: Any) -> dict[str, Parameter]:
        """Between minus and plus the largest error."""
        return {"amplitude_error": Parameter(-self.largest_error, self.largest_error), **READOUT_ERRORS}

    def next(self, analysis: Analysis) -> AmplifiedAmplitude:
        """Twice the pulses and half the range where an error was found."""
        if analysis.verdict == "not determined":
            return self
        return replace(self, pulses=min(2 * self.pulses, _MOST_PULSES), largest_error=self.largest_error / 2)

    def corrected(self, settings: Settings, analysis: Analysis) -> Settings:
        """Amplitude over 1 + the error."""
        return replace(settings, pi_amplitude=settings.pi_amplitude / (1 + analysis.values["amplitude_error"]))
