"""Tones on a readout resonator: how much they dephase and shift a qubit, and how they ring down."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from synqc.errors import InputError
from synqc.infer import Curve, Parameter
from synqc.protocols.analysis import Analysis
from synqc.protocols.circuit import Circuit, Delay, ReadoutTone, Rotation
from synqc.protocols.count_protocol import READOUT_ERRORS, CountProtocol
from synqc.protocols.curves import Referenced, RingDownFringe, ToneFringe

__all__ = ["ReadoutDephasing", "RingDown"]

_PHASES = (0.0, math.pi / 2, math.pi, -math.pi / 2)
_QUARTER = math.pi / 2
_BEST_DOSE = 2.0


@dataclass(frozen=True, kw_only=True)
class ReadoutDephasing(CountProtocol):
    """A tone of many amplitudes between the pulses of a Ramsey sequence: dephasing and ac-Stark phase of the tone.

    Both are proportional to the square of the amplitude, whatever the shape of the pulse, if the resonator is linear;
    "suspicious" where it is not. What other processes take from the contrast is fitted, too.

    Args:
        tone_ns: Length of the tone.
        wait_us: From its end to the second pulse: the resonator must be empty then.
        amplitudes: Of the tone; where contrast is lost altogether they say nothing more.
        resonator: Number of the qubit whose resonator is driven; the own one if None.

    Examples:
        >>> from synqc.twin import HiddenQubit, Twin
        >>> protocol = ReadoutDephasing()
        >>> found = protocol.analyse(protocol.run(Twin([HiddenQubit()], seed=2)[0]))
        >>> found.verdict, 15 < found.values["dephasing"] < 25
        ('good', True)

    Source: Gambetta et al., PRA 77, 012112 (2008); Bultink et al., Appl. Phys. Lett. 112, 092601 (2018).
    """

    tone_ns: float = 1000.0
    wait_us: float = 1.0
    amplitudes: tuple[float, ...] = tuple(float(one) for one in np.sqrt(np.linspace(0.0, 0.1, 9)))
    resonator: int | None = None

    reported = ("dephasing", "stark_rad")

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (self.tone_ns > 0 and self.wait_us >= 0):
            raise InputError(
                f"Argument `tone_ns` must be greater than 0 and `wait_us` at least 0, but are {self.tone_ns} and "
                f"{self.wait_us}."
            )

    @property
    def curve(self) -> Curve:
        """(1 + c exp(-b a^2) cos(s a^2 + o + phase)) / 2."""
        return Referenced(ToneFringe())

    def plan(self, gate_ns: float) -> tuple[list[Circuit], list[tuple[float, ...]]]:
        """Four phases at each amplitude."""
        points: list[tuple[float, ...]] = [(amplitude, phase) for amplitude in self.amplitudes for phase in _PHASES]
        return [
            (
                Rotation(_QUARTER),
                ReadoutTone(self.tone_ns, amplitude, self.resonator),
                Delay(self.wait_us),
                Rotation(_QUARTER, phase),
            )
            for amplitude, phase in points
        ], points

    def searched(self, settings: Any) -> dict[str, Parameter]:
        """Phases up to what turns less than half a turn from one amplitude to the next."""
        squares = np.unique(settings[settings[:, 0] < 0, 1]) ** 2
        steepest = math.pi / float(np.diff(squares).max())
        return {
            "dephasing": Parameter(-0.2 / squares.max(), 30 / squares.max(), start=1 / squares.max()),
            "stark_rad": Parameter(-steepest, steepest),
            "contrast": Parameter(0.0, 1.05, start=0.9),
            "offset_rad": Parameter(-math.pi, math.pi, start=0.0),
            **READOUT_ERRORS,
        }

    def next(self, analysis: Analysis) -> ReadoutDephasing:
        """Amplitudes of which the largest dephases by 2; half of them where nothing was found."""
        largest = max(self.amplitudes)
        if analysis.verdict == "not determined" or analysis.values["dephasing"] <= 0:
            wanted = largest / 2
        else:
            wanted = math.sqrt(_BEST_DOSE / analysis.values["dephasing"])
        return replace(self, amplitudes=tuple(amplitude * wanted / largest for amplitude in self.amplitudes))


@dataclass(frozen=True, kw_only=True)
class RingDown(CountProtocol):
    """A tone, a delay, and a Ramsey sequence while the rest of the photons leave: linewidth, photons and shift.

    The photons that are left when the Ramsey sequence begins turn and dephase it; both fall with the linewidth, and
    their ratio says how far the qubit shifts the resonator.

    Args:
        tone_ns: Length of the tone, with the qubit in |0>.
        amplitude: Of the tone: some tenths of a photon turn the qubit little while pulses are played.
        delays_us: From the end of the tone to the first pulse.
        ramsey_us: Between the pulses: long beside the ring-down.

    Examples:
        >>> from synqc.twin import HiddenQubit, Twin
        >>> protocol = RingDown()
        >>> found = protocol.analyse(protocol.run(Twin([HiddenQubit()], seed=2)[0]))
        >>> abs(found.values["kappa_mhz"] - 4) < 0.5, abs(found.values["shift_mhz"] - 2.5) < 0.5
        (True, True)

    Source: McClure et al., Phys. Rev. Applied 5, 011001 (2016), for the sequence.
    """

    shots: int = 400
    tone_ns: float = 1000.0
    amplitude: float = 0.7
    delays_us: tuple[float, ...] = tuple(float(delay) for delay in np.linspace(0.0, 0.16, 17))
    ramsey_us: float = 0.8

    reported = ("kappa_mhz", "shift_mhz", "photons")

    @property
    def curve(self) -> Curve:
        """(1 + c |f| cos(arg f + o + phase)) / 2, f what the photons that are left do."""
        return Referenced(RingDownFringe())

    def plan(self, gate_ns: float) -> tuple[list[Circuit], list[tuple[float, ...]]]:
        """Four phases at each delay, and how long a pulse lasts."""
        points = [(delay, phase) for delay in self.delays_us for phase in _PHASES]
        circuits: list[Circuit] = [
            (
                ReadoutTone(self.tone_ns, self.amplitude),
                Delay(delay),
                Rotation(_QUARTER),
                Delay(self.ramsey_us),
                Rotation(_QUARTER, phase),
            )
            for delay, phase in points
        ]
        return circuits, [(delay, self.ramsey_us, phase, gate_ns * 1e-3) for delay, phase in points]

    def searched(self, settings: Any) -> dict[str, Parameter]:
        """Linewidths that leave something after the first delays and nothing after the last."""
        longest = float(settings[:, 1].max())
        typical = 1 / (2 * math.pi * longest)
        return {
            "kappa_mhz": Parameter(0.2 * typical, 40 * typical),
            "shift_mhz": Parameter(-20.0 * typical, 20.0 * typical),
            "photons": Parameter(0.0, 10.0, start=0.5),
            "contrast": Parameter(0.0, 1.05, start=0.9),
            "offset_rad": Parameter(-math.pi, math.pi, start=0.0),
            **READOUT_ERRORS,
        }

    def next(self, analysis: Analysis) -> RingDown:
        """Delays up to four times the time in which the photons fall; a weaker tone where nothing was found."""
        if analysis.verdict == "not determined":
            return replace(self, amplitude=0.7 * self.amplitude, shots=2 * self.shots)
        longest = max(self.delays_us)
        wanted = 4 / (2 * math.pi * analysis.values["kappa_mhz"])
        return replace(self, delays_us=tuple(delay * wanted / longest for delay in self.delays_us))
