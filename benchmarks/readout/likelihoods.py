"""Likelihood of three levels, with decay and fields that relax."""

from __future__ import annotations

import time
from collections.abc import Mapping

import numpy as np

from synqc.benchmarks.measurement import Measurement, Setting, refuse_unless
from synqc.measure.turns import interleaved
from synqc.readout import LevelRates, Readout, ReadoutPulse, Resonator
from synqc.readout.discriminators import LikelihoodDiscriminator

__all__ = ["measure_three_levels"]

_SHOTS, _BINS = 4096, 1000
_EXACT_SHOTS, _EXACT_BINS = 4000, 60
_TOLERANCE = 0.02  # of the error that the exact likelihood expects of itself


def _readout(bins: int) -> Readout:
    resonator = Resonator(kappa_mhz=5.0, chi_mhz=(3.0, -2.0, -8.0), drive_mhz=3.0, efficiency=0.5)
    rates = LevelRates.from_t1(30.0, levels=3, thermal_population=0.02)
    return Readout(resonator, ReadoutPulse.square(700.0), bins=bins, rates=rates)


def measure_three_levels(setting: Setting) -> Mapping[str, Measurement]:
    """Heterodyne records of shots in all three levels; the time of the processor, in one thread."""
    coarse = _readout(_EXACT_BINS)
    records = coarse.simulate(np.arange(_EXACT_SHOTS) % 3, seed=1)
    forward, exact = (
        float(1 - LikelihoodDiscriminator(coarse, method=method).posterior(records.values).max(axis=1).mean())
        for method in ("forward", "exact")
    )
    refuse_unless(
        abs(forward - exact) < _TOLERANCE * exact, f"It expects to err in {forward:.4f}, exactly it is {exact:.4f}."
    )
    readout = _readout(_BINS)
    values = readout.simulate(np.arange(_SHOTS) % 3, seed=1).values
    discriminator = LikelihoodDiscriminator(readout)
    times = interleaved(
        {"ours": lambda: discriminator.log_likelihoods(values, threads=1)},
        repetitions=setting.repetitions, clock=time.thread_time,
    )["ours"]  # fmt: skip
    samples = _SHOTS * _BINS
    return {
        "readout-likelihood": Measurement(
            1e9 * times.median / samples,
            best=1e9 * times.best / samples,
            proof=f"expects to err in {forward:.4f} of the shots, the exact likelihood in {exact:.4f}",
        )
    }
