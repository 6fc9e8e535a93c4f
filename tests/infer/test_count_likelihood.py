"""Likelihood of counts: against scipy's distributions and differences, and what its tests of fit find."""

import math

import numpy as np
import pytest
from monitored_records import slopes_of

from synqc.errors import InputError, ShapeError
from synqc.infer import CountLikelihood, Curve, Decay, Echo, Parameter, Rabi, Ramsey, fit

stats = pytest.importorskip("scipy.stats", reason="compares with scipy, which the `infer` extra installs")

CURVES = {
    "decay": (Decay(), {"t1_us": 60.0, "p0_given_1": 0.03, "p1_given_0": 0.01}),
    "ramsey": (Ramsey(), {"detuning_khz": -130.0, "t2_us": 40.0, "p0_given_1": 0.03, "p1_given_0": 0.01}),
    "echo": (Echo(), {"t2_us": 70.0, "p0_given_1": 0.03, "p1_given_0": 0.01}),
    "rabi": (Rabi(), {"rabi_khz": 400.0, "decay_us": 20.0, "p0_given_1": 0.03, "p1_given_0": 0.01}),
}


def settings_of(curve, points, longest):
    delays = np.linspace(0.4, longest, points)
    if len(curve.columns) == 1:
        return delays[:, None]
    return np.stack([delays, np.where(np.arange(points) % 2, -math.pi / 2, 0.0)], axis=1)


def counts_of(curve, values, settings, shots, seed):
    probabilities, _ = curve.probabilities(settings, values)
    return np.random.default_rng(seed).binomial(shots, probabilities[:, 1])


@pytest.mark.parametrize("name", CURVES)
def test_value_is_binomial_and_gradient_that_of_differences(name, seed):
    curve, values = CURVES[name]
    settings = settings_of(curve, 21, 20.0)
    counts = counts_of(curve, values, settings, 50, seed)
    searched = {key: Parameter(value - 0.9 * abs(value), value + 0.9 * abs(value)) for key, value in values.items()}
    likelihood = CountLikelihood(curve, settings, counts, searched, shots=50)
    place = np.array([1.02 * value for value in values.values()])
    value, gradient = likelihood.log_likelihood_and_gradient(place)
    probabilities, _ = curve.probabilities(settings, dict(zip(values, place, strict=True)))
    assert value == pytest.approx(stats.binom.logpmf(counts, 50, probabilities[:, 1]).sum(), rel=1e-10), f"seed {seed}"
    steps = 1e-4 * np.abs(place)
    expected = slopes_of(likelihood.log_likelihood, place, steps)
    np.testing.assert_allclose(gradient * steps, expected * steps, rtol=1e-7, atol=1e-10, err_msg=f"seed {seed}")


class Ladder(Curve):
    """Three levels that decay one by one, read out without errors."""

    names = ("t1_us", "t21_us")
    columns = ("delay_us",)
    outcomes = 3

    def probabilities(self, settings, values):
        def levels(slow, fast):
            two = np.exp(-settings[:, 0] * fast)
            one = fast / (slow - fast) * (two - np.exp(-settings[:, 0] * slow))
            return np.stack([1 - one - two, one, two], axis=1)

        slow, fast, step = 1 / values["t1_us"], 1 / values["t21_us"], 1e-6
        slopes = {
            "t1_us": -(slow**2) * (levels(slow + step, fast) - levels(slow - step, fast)) / (2 * step),
            "t21_us": -(fast**2) * (levels(slow, fast + step) - levels(slow, fast - step)) / (2 * step),
        }
        return levels(slow, fast), slopes


def test_three_outcomes_are_multinomial(seed):
    curve, settings = Ladder(), np.linspace(5.0, 150.0, 15)[:, None]
    probabilities, _ = curve.probabilities(settings, {"t1_us": 60.0, "t21_us": 35.0})
    generator = np.random.default_rng(seed)
    counts = np.array([generator.multinomial(400, row) for row in probabilities])
    searched = {"t1_us": Parameter(45.0, 200.0), "t21_us": Parameter(10.0, 44.0)}
    likelihood = CountLikelihood(curve, settings, counts, searched)
    expected = sum(
        stats.multinomial.logpmf(row, 400, chances) for row, chances in zip(counts, probabilities, strict=True)
    )
    assert likelihood.log_likelihood([60.0, 35.0]) == pytest.approx(expected, rel=1e-10), f"seed {seed}"
    found = fit(likelihood)
    for name, truth in (("t1_us", 60.0), ("t21_us", 35.0)):
        estimate = found.estimates[name]
        assert abs(estimate.value - truth) < 5 * estimate.standard_error, f"seed {seed}"


def test_sign_of_a_detuning_comes_from_two_phases(seed):
    """Signed, from +-1 MHz, in 328 shots and 6.6 ms of free evolution."""
    curve = Ramsey()
    delays = np.linspace(0.5, 40.0, 82)
    settings = np.stack([np.repeat(delays, 2), np.tile([0.0, -math.pi / 2], 82)], axis=1)
    truths = np.random.default_rng(seed).uniform(-1000.0, 1000.0, 20)
    errors = []
    for k, truth in enumerate(truths):
        values = {"detuning_khz": truth, "t2_us": 50.0, "p0_given_1": 0.025, "p1_given_0": 0.025}
        counts = counts_of(curve, values, settings, 2, [seed, k])
        known = {"t2_us": 50.0, "p0_given_1": 0.025, "p1_given_0": 0.025}
        searched = {"detuning_khz": Parameter(-1100.0, 1100.0)}
        found = fit(CountLikelihood(curve, settings, counts, searched, shots=2, known=known))
        errors.append(abs(found.values["detuning_khz"] - truth))
    # The figure at this setting is a median of 0.64 kHz; of 20 medians scatter by a quarter of it.
    assert np.median(errors) < 1.3, f"seed {seed}"
    assert max(errors) < 20.0, f"seed {seed}"


def test_alias_of_equal_delays_is_told(seed):
    """Delays of whole microseconds know a frequency but for whole megahertz."""
    settings = np.stack([np.repeat(np.arange(1.0, 31.0), 2), np.tile([0.0, -math.pi / 2], 30)], axis=1)
    values = {"detuning_khz": 300.0, "t2_us": 40.0, "p0_given_1": 0.0, "p1_given_0": 0.0}
    counts = counts_of(Ramsey(), values, settings, 100, seed)
    searched = {"detuning_khz": Parameter(-1000.0, 1000.0)}
    found = fit(CountLikelihood(Ramsey(), settings, counts, searched, shots=100, known={"t2_us": 40.0}))
    assert found.verdict == "not determined", f"seed {seed}"
    assert "describes the data nearly as well" in found.reasons[0]


def test_another_curve_and_drift_are_suspicious(seed):
    """A decay in two steps, as of a qubit that changes its T1, is no exponential."""
    delays = np.linspace(2.0, 200.0, 31)
    ones = 0.5 * np.exp(-delays / 15.0) + 0.5 * np.exp(-delays / 150.0)
    counts = np.random.default_rng(seed).binomial(1000, ones)
    found = fit(CountLikelihood(Decay(), delays, counts, {"t1_us": Parameter(1.0, 1000.0)}, shots=1000))
    assert found.verdict == "suspicious", f"seed {seed}"
    assert not found.goodness["deviance"].passed
    assert not found.goodness["runs"].passed


@pytest.mark.parametrize("shots", [5, 50, 1000])
def test_deviance_of_healthy_counts_is_as_probable_as_it_says(shots, seed):
    delays = np.linspace(1.0, 300.0, 21)
    probabilities = np.exp(-delays / 60.0)
    generator = np.random.default_rng(seed)
    chances = []
    for _ in range(200):
        counts = generator.binomial(shots, probabilities)
        likelihood = CountLikelihood(Decay(), delays, counts, {"t1_us": Parameter(1.0, 1000.0)}, shots=shots)
        chances.append(likelihood.goodness_of_fit([60.0])["deviance"].p_value)
    # At the truth rather than the fit, so the deviance is one degree of freedom too large, of 21: p is low by 0.06.
    assert 0.36 < np.mean(chances) < 0.56, f"seed {seed}"
    assert np.mean(np.array(chances) < 0.01) < 0.06, f"seed {seed}"


def test_refusals():
    searched = {"t1_us": Parameter(1.0, 100.0)}
    with pytest.raises(InputError, match="`shots` must be given"):
        CountLikelihood(Decay(), [1.0], [3], searched)
    with pytest.raises(InputError, match="`counts` must be whole numbers from 0 to `shots`"):
        CountLikelihood(Decay(), [1.0], [11], searched, shots=10)
    with pytest.raises(ShapeError, match="`settings` must have shape"):
        CountLikelihood(Ramsey(), [1.0], [3], {"detuning_khz": Parameter(-1.0, 1.0)}, shots=10)
    with pytest.raises(InputError, match="`known` must hold t2_us"):
        CountLikelihood(Ramsey(), [[1.0, 0.0]], [3], {"detuning_khz": Parameter(-1.0, 1.0)}, shots=10)
    with pytest.raises(InputError, match="`parameters` must have names among"):
        CountLikelihood(Decay(), [1.0], [3], {"t2_us": Parameter(1.0, 2.0)}, shots=10)
