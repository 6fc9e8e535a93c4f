"""What a likelihood of the whole record wins over the best boxcar where the qubit decays meanwhile."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from synqc.benchmarks.measurement import Measurement, Setting, refuse_unless
from synqc.readout import LevelRates, Readout, ReadoutPulse, Resonator
from synqc.readout.discriminators import LikelihoodDiscriminator

__all__ = ["measure_gain"]

_RATIOS = (50.0, 150.0, 500.0)  # T1 over the measurement time
_LENGTH, _BINS = 16.0, 320  # in measurement times
_SHOTS, _BATCH = 200_000, 20_000
_TOLERANCE = 0.02


def _readout(ratio: float) -> Readout:
    """Field that follows at once, and a measurement time of 1 us: 1 / tau_m = eta kappa |d alpha|^2."""
    kappa = 2e4
    chi, turn = 0.01 * kappa, 2 * math.pi
    drive = (kappa**2 / 4 + chi**2) / (2 * chi * math.sqrt(turn * kappa))
    resonator = Resonator(kappa_mhz=kappa, chi_mhz=chi, drive_mhz=drive)
    pulse = ReadoutPulse.square(1e3 * _LENGTH)
    return Readout(resonator, pulse, bins=_BINS, rates=LevelRates.from_t1(ratio), detection="homodyne")


def measure_gain(setting: Setting) -> Mapping[str, Measurement]:
    """The boxcar is given its best length and threshold in hindsight, which flatters it a little."""
    shots = _BATCH if setting.quick else _SHOTS
    gains, words, apart = [], [], []
    for ratio in _RATIOS:
        boxcar, likelihood, expected = _errors(_readout(ratio), shots)
        gains.append(boxcar / likelihood)
        apart.append(likelihood / expected - 1)
        words.append(f"at {ratio:g}: {boxcar:.4f} and {likelihood:.4f}")
        chance = 4 / math.sqrt(2 * shots * expected)
        refuse_unless(
            abs(apart[-1]) < _TOLERANCE + chance,
            f"The likelihood errs in {likelihood:.4f} of the shots and expected {expected:.4f}.",
        )
    return {
        "readout-likelihood-vs-boxcar": Measurement(
            min(gains),
            proof=f"errs as often as its posterior says, within {100 * max(map(abs, apart)):.1f} %",
            details=("errors of boxcar and likelihood " + "; ".join(words),),
        )
    }


def _errors(readout: Readout, shots: int) -> tuple[float, float, float]:
    """Of the best boxcar; of the likelihood; and what that expects of itself."""
    means = readout.mean_records()
    towards_zero = np.sign(means[0, -1] - means[1, -1])
    lengths = np.arange(60, _BINS, 6)
    scores: list[list[Any]] = [[], []]
    wrong = expected = 0.0
    discriminator = LikelihoodDiscriminator(readout)
    for number in range(shots // _BATCH):
        prepared = np.arange(2 * _BATCH) % 2
        records = readout.simulate(prepared, seed=number)
        summed = np.cumsum(towards_zero * records.values, axis=1)[:, lengths - 1].astype(np.float32)
        for level in range(2):
            scores[level].append(summed[level::2])
        posterior = discriminator.posterior(records.values)
        wrong += float((posterior.argmax(axis=1) != prepared).mean())
        expected += float(1 - posterior.max(axis=1).mean())
    zeros, ones = (np.concatenate(of) for of in scores)
    boxcar = min(_least_error(zeros[:, k], ones[:, k]) for k in range(len(lengths)))
    return boxcar, wrong / (shots // _BATCH), expected / (shots // _BATCH)


def _least_error(zeros: Any, ones: Any) -> float:
    """Mean of both levels, at the best threshold."""
    scores = np.concatenate([zeros, ones])
    is_zero = np.concatenate([np.ones(len(zeros)), np.zeros(len(ones))])[np.argsort(scores)]
    errors = np.cumsum(is_zero) / len(zeros) + 1 - np.cumsum(1 - is_zero) / len(ones)
    return float(min(1.0, errors.min())) / 2
