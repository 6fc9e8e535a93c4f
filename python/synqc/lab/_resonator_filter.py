"""What a record of a resonator's output says about the qubit behind it, ring-up and decay included."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from synqc import _core
from synqc.errors import InputError, ShapeError
from synqc.readout.level_rates import LevelRates
from synqc.readout.pulse import ReadoutPulse
from synqc.readout.resonator import Resonator

__all__ = ["FollowedRecords", "QubitBehindResonator", "as_resonator_records"]

RealArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]


def as_resonator_records(record: Any, bins: int, heterodyne: bool) -> tuple[RealArray, bool]:
    """Records (records, bins), or (records, 2 bins) of both quadratures in turn, and whether there was an axis of them.

    Heterodyne records come as `smesolve` reports them, sqrt(2) times those of `synqc.readout`. NaN, a bin without data,
    passes.
    """
    array = np.asarray(record, dtype=np.float64)
    one = (2, bins) if heterodyne else (bins,)
    many = array.ndim == len(one) + 1
    if array.shape[array.ndim - len(one) :] != one or array.ndim > len(one) + 1:
        raise ShapeError(
            f"Argument `record` must have shape {one}, or that with an axis of records in front, but has shape "
            f"{array.shape}; `tlist` holds the {bins + 1} edges of {bins} bins."
        )
    if np.isinf(array).any():
        raise InputError("Argument `record` must be finite or NaN in every element, but is not.")
    records = array.reshape(-1, *one)
    if len(records) == 0:
        raise ShapeError("Argument `record` must have at least one record, but has none.")
    if heterodyne:
        records = np.ascontiguousarray(records.transpose(0, 2, 1)).reshape(len(records), 2 * bins) / math.sqrt(2)
    return np.ascontiguousarray(records), many


@dataclass(frozen=True)
class FollowedRecords:
    """What records leave behind.

    Args:
        log_likelihood (float64, (records,)): Relative to white noise.
        states (complex128, (records, bins + 1, 2, 2)): At the times that the edges show: `times`, less the delay.
        expected (complex128, (records, bins)): Mean of each bin given those before it.
    """

    log_likelihood: RealArray
    states: ComplexArray
    expected: ComplexArray


@dataclass(frozen=True)
class QubitBehindResonator:
    """A qubit that is not driven while its resonator is, and the bins of its record.

    Args:
        resonator: With two levels.
        pulse: Its drive from times[0] = 0.
        t1_us: Relaxation time.
        dephasing_per_us: Pure dephasing, beside that of decay and of the photons.
        detuning: Detuning of the qubit, rad/us.
        times (float64, (bins + 1,)): Edges of the bins, in us.
        heterodyne: Whether both quadratures are recorded.
        thermal_population: P(|1>) that the bath pulls the qubit to.
    """

    resonator: Resonator
    pulse: ReadoutPulse
    t1_us: float
    dephasing_per_us: float
    detuning: float
    times: RealArray
    heterodyne: bool
    thermal_population: float = 0.0

    @cached_property
    def model(self) -> _core.ReadoutModel:
        """Tables of the record."""
        return _core.ReadoutModel(
            fields=self.resonator._fields_under(self.pulse),
            heterodyne=self.heterodyne,
            efficiency=self.resonator.efficiency,
            phase=self.resonator.phase,
            delay=self.resonator.delay_ns * 1e-3,
            edges=self.times.tolist(),
            rates=LevelRates.from_t1(self.t1_us, thermal_population=self.thermal_population).generator,
        )

    def fastest_rate(self) -> float:
        """Of fields, decay and what a record tells per us."""
        signals = self.model.signals
        told = float((np.abs(signals[:, 0] - signals[:, 1]) ** 2).max())
        detunings = 2 * math.pi * np.abs(self.resonator.level_detunings_mhz)
        return max(float(np.hypot(math.pi * self.resonator.kappa_mhz, detunings).max()), told, 1 / self.t1_us)

    def levels_at_start(self, state: ComplexArray) -> RealArray:
        """Populations (2,) of a state, rounding taken off."""
        populations = np.clip(state.diagonal().real, 0, 1)
        return cast(RealArray, populations / populations.sum())

    def follow(self, records: RealArray, state: ComplexArray, threads: int) -> FollowedRecords:
        """Log-likelihood of records and the states they leave at all times.

        Given the level, the field is a number, so that populations follow Bayes' rule with decay; the coherence, which
        neither decay nor heating feeds, is multiplied by what the measurement and the field inside the resonator leave
        of it, in closed form.

        Args:
            records: As `as_resonator_records` makes them.
            state (complex128, (2, 2)): At the start.
            threads: At most so many; 0 for all.

        Source: Gambetta et al., PRA 77, 012112 (2008), sections IV and V.
        """
        _, _, followed = self.model.filter(
            start_weights=self.levels_at_start(state)[None, :], records=records, keep_populations=True, threads=threads
        )
        populations, logarithms, expected = followed[..., :2], followed[..., 2], followed[:, :-1, 3:]
        signals, durations = self.model.means.T, np.diff(self.times)
        if self.heterodyne:
            values = np.ascontiguousarray(records).view(np.complex128)
            seen = (signals[0] * values.conj() + signals[1].conj() * values) / 2 - signals[0] * signals[1].conj() / 2
        else:
            mean = (signals[0] + signals[1].conj()) / 2
            seen = mean * records - mean**2 / 2
        seen = np.where(np.isnan(seen), 0, seen) * durations
        gathered = np.concatenate([np.zeros((len(records), 1)), np.cumsum(seen, axis=1)], axis=1)
        exponents = gathered + self.unwatched - logarithms
        states = np.empty((*populations.shape[:2], 2, 2), np.complex128)
        states[..., 0, 0], states[..., 1, 1] = populations[..., 0], populations[..., 1]
        states[..., 0, 1] = state[0, 1] * np.exp(exponents)
        states[..., 1, 0] = states[..., 0, 1].conj()
        return FollowedRecords(logarithms[:, -1].copy(), states, expected[..., 0] + 1j * expected[..., 1])

    @cached_property
    def unwatched(self) -> ComplexArray:
        """Logarithm (bins + 1,) of what is left of the coherence at each edge where nobody looks at the record."""
        shown = np.maximum(self.times - self.resonator.delay_ns * 1e-3, 0.0)
        lost = 1 / (2 * self.t1_us) + self.dephasing_per_us
        fields = self.resonator._fields_under(self.pulse)
        return fields.log_coherence(0, 1, shown) + (1j * self.detuning - lost) * shown
