"""What a record of a resonator's output says about the qubit behind it, ring-up and decay included."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synqc import _core
from synqc.errors import InputError, ShapeError
from synqc.readout.level_rates import LevelRates
from synqc.readout.pulse import ReadoutPulse
from synqc.readout.resonator import Resonator

__all__ = ["as_resonator_records", "follow_resonator_records"]

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


def follow_resonator_records(
    records: RealArray,
    *,
    resonator: Resonator,
    pulse: ReadoutPulse,
    t1_us: float,
    dephasing_per_us: float,
    detuning: float,
    state: ComplexArray,
    times: RealArray,
    heterodyne: bool,
    threads: int,
) -> tuple[RealArray, ComplexArray]:
    """Log-likelihood of records and the states they leave at all times.

    Given the level, the field is a number, so that populations follow Bayes' rule with decay; the coherence, which no
    decay feeds, is multiplied by what the measurement and the field inside the resonator leave of it, in closed form.

    Args:
        records: As `as_resonator_records` makes them.
        resonator: With two levels.
        pulse: Its drive from times[0] = 0.
        t1_us: Relaxation time.
        dephasing_per_us: Pure dephasing, beside that of decay and of the photons.
        detuning: Of the qubit, rad/us.
        state (complex128, (2, 2)): At the start.
        times (float64, (bins + 1,)): Edges of the bins, in us.
        heterodyne: Whether both quadratures were recorded.
        threads: At most so many; 0 for all.

    Returns:
        Log-likelihoods (float64, (records,)) relative to white noise, and states (complex128, (records, bins + 1, 2,
        2)) at the times that the edges show: `times`, less the delay.

    Source: Gambetta et al., PRA 77, 012112 (2008), sections IV and V.
    """
    fields = resonator._fields_under(pulse)
    model = _core.ReadoutModel(
        fields=fields,
        heterodyne=heterodyne,
        efficiency=resonator.efficiency,
        phase=resonator.phase,
        delay=resonator.delay_ns * 1e-3,
        edges=times.tolist(),
        rates=LevelRates.from_t1(t1_us).generator,
    )
    start = np.clip(state.diagonal().real, 0, 1)
    start = start / start.sum()
    _, _, followed = model.filter(start_weights=start[None, :], records=records, keep_populations=True, threads=threads)
    populations, logarithms = followed[..., :2], followed[..., 2]
    shown = np.maximum(times - resonator.delay_ns * 1e-3, 0.0)
    unwatched = fields.log_coherence(0, 1, shown) - (1 / (2 * t1_us) + dephasing_per_us) * shown + 1j * detuning * shown
    signals, durations = model.means.T, np.diff(times)
    if heterodyne:
        values = np.ascontiguousarray(records).view(np.complex128)
        seen = (signals[0] * values.conj() + signals[1].conj() * values) / 2 - signals[0] * signals[1].conj() / 2
    else:
        mean = (signals[0] + signals[1].conj()) / 2
        seen = mean * records - mean**2 / 2
    seen = np.where(np.isnan(seen), 0, seen) * durations
    exponents = np.concatenate([np.zeros((len(records), 1)), np.cumsum(seen, axis=1)], axis=1) + unwatched - logarithms
    states = np.empty((*populations.shape[:2], 2, 2), np.complex128)
    states[..., 0, 0], states[..., 1, 1] = populations[..., 0], populations[..., 1]
    states[..., 0, 1] = state[0, 1] * np.exp(exponents)
    states[..., 1, 0] = states[..., 0, 1].conj()
    return logarithms[:, -1].copy(), states
