"""Efficiency of a readout chain, in both conventions, each by its own name."""

from __future__ import annotations

import math

import numpy as np

from synqc.errors import InputError
from synqc.lab.estimate import Estimate
from synqc.readout.pulse import ReadoutPulse
from synqc.readout.resonator import Resonator

__all__ = ["phase_preserving_efficiency", "share_outside", "single_quadrature_efficiency"]


def single_quadrature_efficiency(
    snr: float | Estimate, dephasing: float | Estimate, *, outside: float = 1.0
) -> Estimate:
    """eta = SNR^2 / (8 beta): 1 means that a single quadrature is recorded without any noise of the chain.

    This is `Resonator.efficiency` where the record is homodyne, of the right quadrature. A chain that amplifies both
    quadratures equally has 1/2 at most.

    Args:
        snr: |mu_0 - mu_1| / sigma with the matched weights, sigma the standard deviation of one cloud along that line.
        dephasing: beta of the same pulse, the logarithm of what the coherence shrinks to, all of it: the resonator must
            be empty when the Ramsey pulse comes, or `outside` must say otherwise.
        outside: Share of the information that had left the resonator when integration ended, `share_outside`; 1 if the
            integration goes on until it is empty.

    Returns:
        The efficiency, with the error that those of `snr` and `dephasing` make.

    Examples:
        >>> print(single_quadrature_efficiency(Estimate(2.0, 0.02), Estimate(1.0, 0.01)))
        0.500(11)

    Source: Bultink et al., Appl. Phys. Lett. 112, 092601 (2018).
    """
    return _efficiency(snr, dephasing, outside, 8)


def phase_preserving_efficiency(
    snr: float | Estimate, dephasing: float | Estimate, *, outside: float = 1.0
) -> Estimate:
    """eta = SNR^2 / (4 beta): 1 means that both quadratures are amplified with the least noise physics allows.

    It is twice `single_quadrature_efficiency`, and what programs that take SNR as |mu_0 - mu_1| / sigma with a factor
    of 4 print. Of a heterodyne record it is `Resonator.efficiency`.

    Args:
        snr: |mu_0 - mu_1| / sigma with the matched weights, sigma the standard deviation of one cloud along that line.
        dephasing: beta of the same pulse, as for `single_quadrature_efficiency`.
        outside: As there.

    Examples:
        >>> phase_preserving_efficiency(2.0, 1.0).value
        1.0
    """
    return _efficiency(snr, dephasing, outside, 4)


def share_outside(resonator: Resonator, pulse: ReadoutPulse, time_ns: float) -> float:
    """Share of the dephasing until `time_ns` that has left the resonator and can be in a record: g / (g + |da|^2 / 2).

    An efficiency from the SNR integrated until then and the dephasing of the same moment is too low by this factor.

    Args:
        resonator: Without a need of its efficiency.
        pulse: Its drive.
        time_ns: End of the integration.

    Examples:
        >>> resonator = Resonator(kappa_mhz=5.0, chi_mhz=0.5, drive_mhz=2.0)
        >>> round(share_outside(resonator, ReadoutPulse.square(2000.0), 100.0), 4)
        0.4713
    """
    left = float(resonator.information(pulse, time_ns))
    all_of_it = left + float(resonator.inside(pulse, time_ns))
    if not all_of_it > 0:
        raise InputError(f"Argument `time_ns` must be behind the start of the drive, but is {time_ns}.")
    return left / all_of_it


def _efficiency(snr: float | Estimate, dephasing: float | Estimate, outside: float, factor: float) -> Estimate:
    signal, signal_error = (snr.value, snr.standard_error) if isinstance(snr, Estimate) else (snr, 0.0)
    beta, beta_error = (
        (dephasing.value, dephasing.standard_error) if isinstance(dephasing, Estimate) else (dephasing, 0.0)
    )
    if not signal >= 0:
        raise InputError(f"Argument `snr` must be at least 0, but is {signal}.")
    if not beta > 0:
        raise InputError(f"Argument `dephasing` must be greater than 0, but is {beta}.")
    if not 0 < outside <= 1:
        raise InputError(f"Argument `outside` must be greater than 0 and at most 1, but is {outside}.")
    value = signal**2 / (factor * beta * outside)
    # First order: that of the square of the signal, and of the reciprocal of the dephasing.
    relative = np.hypot(2 * signal_error / signal if signal else 0.0, beta_error / beta)
    error = float(value * relative) if signal else signal_error**2 / (factor * beta * outside)
    return Estimate(value, error if not math.isnan(error) else math.nan)
