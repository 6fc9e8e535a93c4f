"""Goodness of fit: what is planted is found, and healthy records are left in peace."""

import math

import numpy as np
import pytest
from monitored_records import GROUND, QUBIT, records_of

from synqc.infer import Parameter, RecordLikelihood, fit
from synqc.lab.filter_record import MonitoredQubit
from synqc.lab.smesolve import smesolve

pytest.importorskip("scipy", reason="tests of fit need scipy, which the `infer` extra installs")

SEARCHED = {"rabi_khz": Parameter(400.0, 600.0), "gamma_per_us": Parameter(0.1, 2.0)}


def goodness(records, bin_us, qubit=QUBIT, searched=SEARCHED):
    return fit(RecordLikelihood(records, bin_us, qubit, GROUND, searched)).goodness


def test_gain_that_is_off_by_a_tenth_is_flagged(seed):
    records = records_of(QUBIT, bins=500, bin_us=0.04, count=4, seed=seed)
    for gain in (0.9, 1.1):
        assert not goodness(gain * records, 0.04)["variance"].passed, f"seed {seed}, gain {gain}"


def test_gain_that_is_searched_for_is_found_instead(seed):
    records = 1.1 * records_of(QUBIT, bins=500, bin_us=0.04, count=4, seed=seed)
    found = fit(RecordLikelihood(records, 0.04, QUBIT, GROUND, SEARCHED | {"gain": Parameter(0.5, 2.0)}))
    assert found.goodness["variance"].passed, f"seed {seed}"
    gain = found.estimates["gain"]
    assert abs(gain.value - 1.1) < 5 * gain.standard_error, f"seed {seed}"


def test_record_that_is_100_ns_late_is_flagged(seed):
    """A delay shows in how records begin alone: it takes some hundred of them."""
    late, bin_us = 5, 0.02
    records = records_of(QUBIT, bins=200, bin_us=bin_us, count=800, seed=seed)
    noise = np.random.default_rng(seed).normal(0.0, 1 / math.sqrt(bin_us), (800, late))
    delayed = goodness(np.concatenate([noise, records[:, :-late]], axis=1), bin_us)
    assert not delayed["delay"].passed, f"seed {seed}"
    assert "ns late" in delayed["delay"].complaint
    assert goodness(records, bin_us)["delay"].passed, f"seed {seed}"


def test_offset_is_flagged(seed):
    records = records_of(QUBIT, bins=500, bin_us=0.04, count=4, seed=seed) + 0.5
    assert not goodness(records, 0.04)["mean"].passed, f"seed {seed}"


def test_interference_is_flagged_by_the_spectrum(seed):
    bins, bin_us = 500, 0.04
    hum = 1.5 * np.sin(2 * math.pi * 3.1 * bin_us * np.arange(bins))
    records = records_of(QUBIT, bins=bins, bin_us=bin_us, count=4, seed=seed) + hum
    assert not goodness(records, bin_us)["spectrum"].passed, f"seed {seed}"


def test_slow_amplifier_is_flagged_by_correlations(seed):
    records = records_of(QUBIT, bins=500, bin_us=0.04, count=4, seed=seed)
    smeared = 0.85 * records[:, 1:] + 0.15 * records[:, :-1]
    assert not goodness(smeared, 0.04)["ljung-box"].passed, f"seed {seed}"


def test_stationary_filter_fails_on_records_of_a_ring_up(seed):
    """Negative control: a resonator that fills in 1 / kappa shows nothing yet where a stationary one shows all."""
    bins, bin_us, gamma, kappa = 40, 0.05, 4.0, 2.0
    edges = np.arange(bins + 1) * bin_us
    sigma_z = np.diag([1.0, -1.0]).astype(complex)
    amplitude = math.sqrt(gamma / 2)
    rings = smesolve(
        np.zeros((2, 2)), GROUND, edges, [],
        [[amplitude * sigma_z, lambda t: 1 - math.exp(-kappa * t / 2)]],
        eta=0.8, ntraj=200, seeds=seed, error_estimate=False, progress=False,
    ).measurement[:, 0]  # fmt: skip
    qubit = MonitoredQubit(gamma_per_us=gamma, efficiency=0.8)
    searched = {"gamma_per_us": Parameter(0.1, 20.0)}
    found = goodness(rings, bin_us, qubit, searched)
    assert not found.passed, f"seed {seed}: {found}"
    steady = records_of(qubit, bins=bins, bin_us=bin_us, count=200, seed=seed)
    assert goodness(steady, bin_us, qubit, searched).passed, f"seed {seed}"


@pytest.mark.parametrize("trials", [40, pytest.param(500, marks=pytest.mark.deep)])
def test_healthy_records_raise_an_alarm_in_two_of_a_hundred_at_most(trials, seed):
    records = records_of(QUBIT, bins=200, bin_us=0.1, count=4 * trials, seed=seed).reshape(trials, 4, 200)
    alarms = sum(not goodness(one, 0.1).passed for one in records)
    # 2 % and three deviations of a binomial share.
    assert alarms <= 0.02 * trials + 3 * math.sqrt(0.02 * 0.98 * trials), f"seed {seed}: {alarms} of {trials}"
