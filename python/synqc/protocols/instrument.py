"""What protocols need of whatever they run on: a laboratory's control stack, or a twin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from synqc.protocols.circuit import Circuit, Settings

__all__ = ["Instrument"]


class Instrument(Protocol):
    """One qubit that plays circuits and is read out, as protocols see it: no parameter of it is to be had.

    Args:
        settings: What pulses are played with; may be set.
    """

    settings: Settings

    @property
    def gate_ns(self) -> float:
        """Length of every rotation."""

    @property
    def moment_s(self) -> float:
        """Time on the instrument's clock."""

    def points(self, circuits: Sequence[Circuit], shots: int) -> NDArray[np.complex128]:
        """IQ points (complex128, (circuits, shots)), one after the other; NaN where a shot is missing."""

    def counts(self, circuits: Sequence[Circuit], shots: int) -> NDArray[np.int64]:
        """How many shots were assigned to |0>, |1> and |2> (int64, (circuits, 3)); missing ones are in none."""

    def traces(
        self,
        circuits: Sequence[Circuit],
        shots: int,
        *,
        pulse_ns: float,
        amplitude: float,
        window_ns: float,
        sample_ns: float,
    ) -> NDArray[np.complex128]:
        """Records I + iQ (complex128, (circuits, shots, samples)) of a square readout pulse, and of what comes after.

        Only `ReadoutEfficiency` asks for them.

        Args:
            circuits: What is played before.
            shots: Of each.
            pulse_ns: Length of the pulse.
            amplitude: Of it, as `Settings.readout_amplitude`.
            window_ns: How long is recorded, from the start of the pulse.
            sample_ns: Length of a sample.
        """
