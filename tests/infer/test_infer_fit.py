"""Maximum, Laplace's errors, profile intervals and grids: against closed forms and each other."""

import math

import numpy as np
import pytest
from monitored_records import GROUND, QUBIT, records_of

from synqc.errors import InputError, ResolutionWarning
from synqc.infer import CountLikelihood, Decay, Parameter, RecordLikelihood, fit, grid_posterior
from synqc.lab.filter_record import MonitoredQubit

pytest.importorskip("scipy", reason="maxima need scipy, which the `infer` extra installs")


def one_delay(ones=370, shots=1000, **more):
    return CountLikelihood(Decay(), [50.0], [ones], {"t1_us": Parameter(1.0, 400.0, **more)}, shots=shots)


def test_maximum_and_error_of_one_count_are_closed_forms():
    """p = exp(-t / T1) is estimated by k / n; its variance p (1 - p) / n goes over by dT1 / dp."""
    found = fit(one_delay())
    t1 = -50.0 / math.log(0.37)
    deviation = math.sqrt(0.37 * 0.63 / 1000) * t1**2 / (50.0 * 0.37)
    estimate = found.estimates["t1_us"]
    assert estimate.value == pytest.approx(t1, rel=1e-6)
    # Differences at a twentieth of a deviation: off by its square.
    assert estimate.standard_error == pytest.approx(deviation, rel=5e-3)


def test_profile_interval_ends_where_the_likelihood_fell_by_half_a_quantile():
    likelihood = one_delay()
    found = fit(likelihood)
    for probability, drop in ((0.68268949, 0.5), (0.95, 1.9207294)):
        for end in found.interval("t1_us", probability):
            # The root is found within a thousandth of a deviation.
            assert found.log_posterior - likelihood.log_posterior([end]) == pytest.approx(drop, abs=4e-3)


def test_grid_laplace_and_profile_agree_where_there_is_much_data():
    likelihood = one_delay(ones=37_000, shots=100_000)
    found = fit(likelihood)
    grid = grid_posterior(likelihood, 2001, around=found)
    deviation = found.estimates["t1_us"].standard_error
    for low, high in (found.interval("t1_us"), grid.interval("t1_us")):
        assert low == pytest.approx(found.values["t1_us"] - deviation, abs=0.02 * deviation)
        assert high == pytest.approx(found.values["t1_us"] + deviation, abs=0.02 * deviation)
    assert found.sample(20_000, seed=1).std() == pytest.approx(deviation, rel=0.03)


def test_normal_prior_is_another_measurement():
    """Precisions add; the maximum is the mean that they weigh."""
    alone = fit(one_delay(ones=37_000, shots=100_000)).estimates["t1_us"]
    mean, deviation = alone.value + 0.4, 2 * alone.standard_error
    both = fit(one_delay(ones=37_000, shots=100_000, prior=(mean, deviation))).estimates["t1_us"]
    assert both.standard_error == pytest.approx(alone.standard_error / math.sqrt(1.25), rel=5e-3)
    assert both.value == pytest.approx((4 * alone.value + mean) / 5, abs=0.01)


def test_what_data_leave_open_has_a_reason_and_no_error():
    """Records know T2 and gamma by their sum, and gamma by its product with the efficiency."""
    records = records_of(QUBIT, bins=200, bin_us=0.1, count=4, seed=1)
    searched = {
        "gamma_per_us": Parameter(0.3, 0.8),
        "efficiency": Parameter(0.5, 1.0),
        "t2_us": Parameter(3.0, 60.0),
    }
    found = fit(RecordLikelihood(records, 0.1, QUBIT, GROUND, searched))
    assert found.verdict == "not determined"
    assert math.isnan(found.estimates["t2_us"].standard_error)
    assert any("leave t2_us open" in reason for reason in found.reasons)


def test_parameters_of_each_record_are_found_apart(seed):
    slow = records_of(MonitoredQubit(rabi_khz=400.0, gamma_per_us=0.5), bins=400, bin_us=0.1, count=1, seed=seed)
    fast = records_of(MonitoredQubit(rabi_khz=600.0, gamma_per_us=0.5), bins=400, bin_us=0.1, count=1, seed=seed)
    searched = {"rabi_khz": Parameter(300.0, 700.0, shared=False), "gamma_per_us": Parameter(0.1, 2.0)}
    qubit = MonitoredQubit(gamma_per_us=0.5)
    found = fit(RecordLikelihood(np.concatenate([slow, fast]), 0.1, qubit, GROUND, searched))
    assert set(found.values) == {"rabi_khz[0]", "rabi_khz[1]", "gamma_per_us"}
    for name, truth in (("rabi_khz[0]", 400.0), ("rabi_khz[1]", 600.0)):
        estimate = found.estimates[name]
        assert abs(estimate.value - truth) < 5 * estimate.standard_error, f"seed {seed}: {found}"


def test_long_bins_are_warned_of(seed):
    records = records_of(QUBIT, bins=40, bin_us=0.5, count=4, seed=seed)
    likelihood = RecordLikelihood(records, 0.5, QUBIT, GROUND, {"gamma_per_us": Parameter(0.05, 2.0)})
    with pytest.warns(ResolutionWarning, match="`bin_us` is 0.5, 0.25 of the period"):
        fit(likelihood)


def test_refusals():
    likelihood = one_delay()
    with pytest.raises(InputError, match="`start` must have the names t1_us"):
        fit(likelihood, start={"t2_us": 1.0})
    with pytest.raises(InputError, match="`name` must be one of t1_us"):
        fit(likelihood).interval("t2_us")
    with pytest.raises(InputError, match="`probability` must be between 0 and 1"):
        fit(likelihood).interval("t1_us", 1.0)
    with pytest.raises(InputError, match="`upper` must be greater"):
        Parameter(1.0, 1.0)
