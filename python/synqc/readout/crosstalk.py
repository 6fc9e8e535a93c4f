"""How much the readout of each resonator dephases every qubit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from synqc.errors import InputError, NumericalError, ShapeError
from synqc.readout.resonator import Resonator

__all__ = ["CrosstalkMatrix", "crosstalk_from_contrasts", "expected_crosstalk"]


@dataclass(frozen=True)
class CrosstalkMatrix:
    """Dephasing rates of each qubit under the readout drive of each resonator.

    Args:
        rates_per_us (float64, (qubits, resonators)): At amplitude 1, 1/µs; a resonator's own qubit on the diagonal.
        standard_errors (float64, (qubits, resonators)): Of the rates.
    """

    rates_per_us: Any
    standard_errors: Any

    @property
    def relative(self) -> Any:
        """Rates over that of the resonator's own qubit (float64, (qubits, resonators))."""
        return self.rates_per_us / np.diag(self.rates_per_us)[None, :]


def crosstalk_from_contrasts(
    contrasts: ArrayLike, *, amplitudes: ArrayLike, duration_ns: float, standard_error: float
) -> CrosstalkMatrix:
    """Rates from echoes on each qubit with a readout pulse on each resonator in one half of the echo.

    Fitted is contrast = c exp(-rate duration amplitude^2), for each pair with a c of its own, by least squares.

    Args:
        contrasts (float64, (qubits, resonators, amplitudes)): Of the echo.
        amplitudes (float64, (amplitudes,)): Of the pulse, in units of `Resonator.drive_mhz`; three or more.
        duration_ns: Of the pulse; long against ring-up, or the rate is that of this pulse alone.
        standard_error: Of each contrast.

    Raises:
        NumericalError: A fit does not settle, for the contrasts do not decay by such a law.

    Examples:
        >>> amplitudes = np.linspace(0, 1, 6)
        >>> true = np.array([[2.0, 0.1], [0.05, 3.0]])
        >>> contrasts = 0.9 * np.exp(-true[:, :, None] * 0.5 * amplitudes**2)
        >>> found = crosstalk_from_contrasts(contrasts, amplitudes=amplitudes, duration_ns=500.0, standard_error=0.01)
        >>> bool(np.allclose(found.rates_per_us, true))
        True
    """
    values, xi = np.asarray(contrasts, np.float64), np.asarray(amplitudes, np.float64)
    if values.ndim != 3 or xi.shape != (values.shape[2],) or len(xi) < 3:
        raise ShapeError(
            f"Argument `contrasts` must have shape (qubits, resonators, amplitudes) with three amplitudes or more, "
            f"but has shape {values.shape} beside {xi.shape} amplitudes."
        )
    if not (duration_ns > 0 and math.isfinite(duration_ns)):
        raise InputError(f"Argument `duration_ns` must be finite and greater than 0, but is {duration_ns}.")
    if not standard_error > 0:
        raise InputError(f"Argument `standard_error` must be greater than 0, but is {standard_error}.")
    doses = duration_ns * 1e-3 * xi**2
    rates, errors = np.empty(values.shape[:2]), np.empty(values.shape[:2])
    for pair in np.ndindex(*rates.shape):
        rates[pair], errors[pair] = _decay_of(values[pair], doses, standard_error)
    return CrosstalkMatrix(rates, errors)


def _decay_of(contrasts: Any, doses: Any, error: float) -> tuple[float, float]:
    """Gauss and Newton's rounds for c exp(-rate dose); the scale c is solved for in each."""
    rate = 0.0
    positive = contrasts > 2 * error
    if positive.sum() >= 2 and np.ptp(doses[positive]) > 0:
        rate = -float(np.polyfit(doses[positive], np.log(contrasts[positive]), 1, w=contrasts[positive])[0])
    for _ in range(200):
        shape = np.exp(-rate * doses)
        scale = float(shape @ contrasts / (shape @ shape))
        slopes = np.column_stack([shape, -scale * doses * shape])
        normal = slopes.T @ slopes
        if not np.isfinite(normal).all() or np.linalg.cond(normal) > 1e14:
            break
        step = float(np.linalg.solve(normal, slopes.T @ (contrasts - scale * shape))[1])
        step = math.copysign(min(abs(step), 1 / doses.max()), step)
        rate += step
        if abs(step) < 1e-10 * (abs(rate) + 1 / doses.max()):
            return rate, error * math.sqrt(np.linalg.inv(normal)[1, 1])
    raise NumericalError("The contrasts do not decay as c exp(-rate duration amplitude^2): no rate was found.")


def expected_crosstalk(resonators: Sequence[Resonator], shifts_mhz: ArrayLike) -> Any:
    """Rates in the steady state of drives of amplitude 1, from the shift that each qubit makes of each resonator.

    Args:
        resonators: One per qubit, driven at the detunings they have for |0> of their own qubit.
        shifts_mhz (float64, (qubits, resonators)): Half the distance of the resonator's frequencies with the qubit in
            |0> and |1>. The diagonal is not looked at: a resonator knows its own.

    Returns:
        Rates (float64, (qubits, resonators)), 1/µs: kappa/2 |alpha_0 - alpha_1|^2.

    Examples:
        >>> resonators = [Resonator(kappa_mhz=5.0, chi_mhz=0.5, drive_mhz=2.0)] * 2
        >>> expected_crosstalk(resonators, [[0.5, 0.02], [0.02, 0.5]]).round(4).tolist()
        [[1.4871, 0.0024], [0.0024, 1.4871]]
    """
    shifts = np.asarray(shifts_mhz, np.float64)
    count = len(resonators)
    if shifts.shape != (count, count):
        raise ShapeError(f"Argument `shifts_mhz` must have shape ({count}, {count}), but has shape {shifts.shape}.")
    rates = np.empty(shifts.shape)
    for (qubit, place), shift in np.ndenumerate(shifts):
        resonator = resonators[place]
        own = np.array(resonator.level_detunings_mhz)
        detunings = own[:2] if qubit == place else own[0] + np.array([shift, -shift])
        fields = -1j * resonator.drive_mhz / (resonator.kappa_mhz / 2 + 1j * detunings)
        rates[qubit, place] = math.pi * resonator.kappa_mhz * abs(fields[0] - fields[1]) ** 2
    return rates
