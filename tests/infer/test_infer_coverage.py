"""Intervals hold the truth as often as they say, over many synthetic devices."""

import math

import numpy as np
import pytest
from monitored_records import GROUND, records_of

from synqc.infer import CountLikelihood, Decay, Echo, Parameter, Rabi, Ramsey, RecordLikelihood, fit
from synqc.lab.filter_record import MonitoredQubit

pytest.importorskip("scipy", reason="maxima need scipy, which the `infer` extra installs")

BANDS = {0.68268949: (0.64, 0.72), 0.95449974: (0.93, 0.97)}


def assert_covered(held, trials, words):
    """Inside the band, but for four deviations of what so few trials leave open beyond a thousand's."""
    for probability, (low, high) in BANDS.items():
        slack = 4 * math.sqrt(probability * (1 - probability) / trials) if trials < 1000 else 0.0
        share = held[probability] / trials
        assert low - slack <= share <= high + slack, f"{words}: {share} of {trials} within {probability}"


def count_held(held, found, name, truth):
    for probability in BANDS:
        low, high = found.interval(name, probability)
        held[probability] += low <= truth <= high


CURVES = {
    "decay": (Decay(), np.linspace(2.0, 250.0, 21)[:, None], 100, "t1_us", (40.0, 120.0), {}),
    "echo": (Echo(), np.linspace(2.0, 250.0, 21)[:, None], 100, "t2_us", (40.0, 120.0), {}),
    "rabi": (Rabi(), np.linspace(0.05, 8.0, 41)[:, None], 50, "rabi_khz", (300.0, 700.0), {"decay_us": 30.0}),
    "ramsey": (
        Ramsey(),
        np.stack([np.repeat(np.linspace(0.3, 16.0, 33), 2), np.tile([0.0, -math.pi / 2], 33)], axis=1),
        20,
        "detuning_khz",
        (-900.0, 900.0),
        {"t2_us": 40.0},
    ),
}


@pytest.mark.parametrize("trials", [40, pytest.param(1000, marks=pytest.mark.deep)])
@pytest.mark.parametrize("curve", CURVES)
def test_profile_intervals_of_counts(curve, trials, seed):
    model, settings, shots, name, (low, high), known = CURVES[curve]
    generator = np.random.default_rng(seed)
    searched = {name: Parameter(low - 0.9 * abs(low), high + 2 * abs(high))}
    if name == "detuning_khz":
        searched = {name: Parameter(-1000.0, 1000.0)}
    errors = {"p0_given_1": 0.03, "p1_given_0": 0.01}
    held = dict.fromkeys(BANDS, 0)
    for _ in range(trials):
        truth = generator.uniform(low, high)
        probabilities, _ = model.probabilities(settings, known | errors | {name: truth})
        counts = generator.binomial(shots, probabilities[:, 1])
        found = fit(CountLikelihood(model, settings, counts, searched, shots=shots, known=known | errors))
        count_held(held, found, name, truth)
    assert_covered(held, trials, f"seed {seed}, {curve}")


@pytest.mark.filterwarnings("ignore::synqc.errors.ResolutionWarning")
@pytest.mark.parametrize(
    ("bin_us", "trials"),
    [
        (0.2, 16),
        pytest.param(0.05, 1000, marks=pytest.mark.deep),
        pytest.param(0.2, 1000, marks=pytest.mark.deep),
        pytest.param(0.4, 1000, marks=pytest.mark.deep),
    ],
)
def test_profile_intervals_of_records(bin_us, trials, seed):
    """Bins of a fortieth, a tenth and a fifth of a Rabi period."""
    generator = np.random.default_rng(seed)
    held = {name: dict.fromkeys(BANDS, 0) for name in ("rabi_khz", "gamma_per_us")}
    searched = {"rabi_khz": Parameter(300.0, 700.0), "gamma_per_us": Parameter(0.05, 3.0)}
    for _ in range(trials):
        rabi, gamma = generator.uniform(420.0, 580.0), generator.uniform(0.4, 0.6)
        qubit = MonitoredQubit(rabi_khz=rabi, gamma_per_us=gamma, efficiency=0.8)
        fine = records_of(qubit, bins=400, bin_us=0.05, count=8, seed=int(generator.integers(2**31)))
        records = fine.reshape(8, -1, round(bin_us / 0.05)).mean(axis=2)
        found = fit(RecordLikelihood(records, bin_us, qubit, GROUND, searched, threads=1))
        count_held(held["rabi_khz"], found, "rabi_khz", rabi)
        count_held(held["gamma_per_us"], found, "gamma_per_us", gamma)
    for name in held:
        assert_covered(held[name], trials, f"seed {seed}, {name} from bins of {bin_us} us")
