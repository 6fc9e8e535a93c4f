"""Hahn echo and CPMG: coherence with refocusing pulses."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from synqc.errors import InputError
from synqc.infer import Curve, Parameter
from synqc.infer import Echo as EchoDecay
from synqc.protocols.analysis import Analysis
from synqc.protocols.circuit import Circuit, Delay, Rotation
from synqc.protocols.count_protocol import READOUT_ERRORS, CountProtocol
from synqc.protocols.curves import Referenced

__all__ = ["Echo"]


@dataclass(frozen=True, kw_only=True)
class Echo(CountProtocol):
    """T2 with `pulses` pi pulses about y at (k + 1/2) / pulses of the delay, between pi/2 pulses about x.

    One pulse is Hahn's echo, more are the sequence of Carr, Purcell, Meiboom and Gill. Pulses about y leave the qubit
    where the first one brought it, so that the last one, its opposite, brings it back to |0> after any number of them.

    Args:
        delays_us: Of the whole sequence.
        pulses: Refocusing.

    Examples:
        >>> from synqc.twin import HiddenQubit, Twin
        >>> protocol = Echo(pulses=4)
        >>> hidden = HiddenQubit(t1_us=60.0, tphi_us=120.0, detuning_khz=5.0)
        >>> device = Twin([hidden], seed=2)[0]
        >>> device.settings = device.settings.__class__(drag=0.5)
        >>> found = protocol.analyse(protocol.run(device))
        >>> abs(found.values["t2_us"] - 60) < 8, found.verdict
        (True, 'good')
    """

    delays_us: tuple[float, ...] = tuple(float(delay) for delay in np.linspace(0.0, 240.0, 25))
    pulses: int = 1

    reported = ("t2_us",)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (isinstance(self.pulses, int) and self.pulses >= 1):
            raise InputError(f"Argument `pulses` must be a whole number of at least 1, but is {self.pulses}.")

    @property
    def curve(self) -> Curve:
        """(1 - exp(-t / T2)) / 2."""
        return Referenced(EchoDecay())

    def plan(self, gate_ns: float) -> tuple[list[Circuit], list[tuple[float, ...]]]:
        """A circuit for each delay; the last pulse brings an undisturbed qubit to |0>."""
        return [self._circuit(delay) for delay in self.delays_us], [(delay,) for delay in self.delays_us]

    def _circuit(self, delay_us: float) -> Circuit:
        part = Delay(delay_us / (2 * self.pulses))
        refocus: Circuit = (part, Rotation(math.pi, math.pi / 2), part)
        return (Rotation(math.pi / 2), *refocus * self.pulses, Rotation(math.pi / 2, math.pi))

    def searched(self, settings: Any) -> dict[str, Parameter]:
        """T2 from a hundredth of the longest delay to ten times that."""
        longest = float(settings[:, 1].max())
        return {"t2_us": Parameter(longest / 100, 10 * longest, start=longest / 3), **READOUT_ERRORS}

    def next(self, analysis: Analysis) -> Echo:
        """Delays up to two and a half times the T2 that was found; four times longer ones where none was."""
        longest = max(self.delays_us)
        wanted = 4 * longest if analysis.verdict == "not determined" else 2.5 * analysis.values["t2_us"]
        return replace(self, delays_us=tuple(delay * wanted / longest for delay in self.delays_us))
