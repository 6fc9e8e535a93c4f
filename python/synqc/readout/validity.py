"""How far a readout is from where its model ends."""

from __future__ import annotations

import itertools
import math
import warnings
from dataclasses import dataclass

import numpy as np

from synqc.errors import ValidityWarning
from synqc.readout.pulse import ReadoutPulse
from synqc.readout.resonator import Resonator

__all__ = ["Validity", "validity"]

_MOST_PHOTONS = 0.2
"""Of the critical number, beyond which the dispersive shift and the decay rates are no longer those of few photons."""

_LOOKS_PER_PIECE = 64


@dataclass(frozen=True)
class Validity:
    """What was looked at, and what is wrong.

    Transitions of the qubit that strong readout induces, between levels of the model or to others, are not modelled at
    any number of photons. They may begin well below the critical number where levels are in resonance.

    Args:
        largest_photons: Of all levels and times, thermal photons included.
        share_of_critical: The same as a share of the critical number; NaN if that is unknown.
        resonant_photons: What the largest amplitude would reach if a level brought the resonator to its frequency.
        problems: Sentences; none where the model holds.

    Examples:
        >>> resonator = Resonator(kappa_mhz=5.0, chi_mhz=0.5, drive_mhz=2.0, critical_photons=44.0)
        >>> validity(resonator, ReadoutPulse.square(500.0)).is_inside
        True
    """

    largest_photons: float
    share_of_critical: float
    resonant_photons: float
    problems: tuple[str, ...]

    @property
    def is_inside(self) -> bool:
        """Whether nothing is known to be wrong."""
        return not self.problems


def validity(resonator: Resonator, pulse: ReadoutPulse) -> Validity:
    """Photons against the critical number, and the drive against the linewidth.

    Args:
        resonator: With `critical_photons`, or nothing is compared.
        pulse: Its drive.
    """
    edges = np.concatenate([[0.0], np.cumsum(pulse.durations_ns)])
    times = np.unique(
        np.concatenate([np.linspace(low, high, _LOOKS_PER_PIECE) for low, high in itertools.pairwise(edges)])
        if len(edges) > 1
        else edges
    )
    largest = float(resonator.photons(pulse, times).max()) + resonator.thermal_photons
    amplitude = resonator.drive_mhz * max((abs(one) for one in pulse.amplitudes), default=0.0)
    resonant = (2 * amplitude / resonator.kappa_mhz) ** 2
    critical = resonator.critical_photons
    problems = []
    if largest > _MOST_PHOTONS * critical:
        problems.append(
            f"The resonator holds {largest:.3g} photons, {largest / critical:.2g} of the critical number; beyond "
            f"{_MOST_PHOTONS:g} of it the dispersive model does not hold."
        )
    if resonant > critical:
        problems.append(
            f"The drive of {amplitude:.3g} MHz is strong against the linewidth of {resonator.kappa_mhz:.3g} MHz: where "
            f"a level brings the resonator to the drive's frequency there would be {resonant:.3g} photons, more than "
            f"the critical number of {critical:.3g}."
        )
    share = largest / critical if math.isfinite(critical) else math.nan
    return Validity(largest, share, resonant, tuple(problems))


def warn_outside_validity(resonator: Resonator, pulse: ReadoutPulse) -> None:
    """Say what is wrong, to whoever made the readout."""
    for problem in validity(resonator, pulse).problems:
        warnings.warn(
            f"{problem} Transitions that strong readout induces are not modelled.", ValidityWarning, stacklevel=4
        )
