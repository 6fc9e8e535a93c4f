"""T1: a pi pulse and a delay."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from synqc.infer import Curve, Decay, Parameter
from synqc.protocols.analysis import Analysis
from synqc.protocols.circuit import Circuit, Delay, Rotation
from synqc.protocols.count_protocol import READOUT_ERRORS, CountProtocol
from synqc.protocols.curves import Referenced

__all__ = ["T1"]

_LONGEST_IN_T1 = 3.0


@dataclass(frozen=True, kw_only=True)
class T1(CountProtocol):
    """Relaxation: excited share exp(-delay / T1) after a pi pulse.

    Args:
        delays_us: Between pulse and readout.

    Examples:
        >>> from synqc.twin import HiddenQubit, Twin
        >>> protocol = T1()
        >>> found = protocol.analyse(protocol.run(Twin([HiddenQubit(t1_us=60.0)], seed=2)[0]))
        >>> abs(found.values["t1_us"] - 60) < 5, found.verdict
        (True, 'good')
    """

    delays_us: tuple[float, ...] = tuple(float(delay) for delay in np.linspace(0.0, 240.0, 21))

    reported = ("t1_us",)

    @property
    def curve(self) -> Curve:
        """exp(-t / T1)."""
        return Referenced(Decay())

    def plan(self, gate_ns: float) -> tuple[list[Circuit], list[tuple[float, ...]]]:
        """A circuit for each delay."""
        return [(Rotation(math.pi), Delay(delay)) for delay in self.delays_us], [(delay,) for delay in self.delays_us]

    def searched(self, settings: Any) -> dict[str, Parameter]:
        """T1 from a hundredth of the longest delay to ten times that."""
        longest = float(settings[:, 1].max())
        return {"t1_us": Parameter(longest / 100, 10 * longest, start=longest / 3), **READOUT_ERRORS}

    def next(self, analysis: Analysis) -> T1:
        """Delays up to three times the T1 that was found; four times longer ones where none was."""
        longest = max(self.delays_us)
        wanted = 4 * longest if analysis.verdict == "not determined" else _LONGEST_IN_T1 * analysis.values["t1_us"]
        return replace(self, delays_us=tuple(delay * wanted / longest for delay in self.delays_us))
