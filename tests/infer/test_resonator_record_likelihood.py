"""Likelihood of records behind a resonator: differences, filter_record, coverage, and what a wrong model looks like."""

import math
from dataclasses import replace

import numpy as np
import pytest
from monitored_records import slopes_of

from synqc.errors import InputError, ShapeError
from synqc.infer import Parameter, RecordLikelihood, ResonatorRecordLikelihood, fit
from synqc.lab.filter_record import MonitoredQubit, filter_record
from synqc.lab.smesolve import smesolve
from synqc.readout import ReadoutPulse, Resonator

CAVITY = Resonator(
    kappa_mhz=5.0, chi_mhz=1.1, drive_mhz=5.0, detuning_mhz=0.2, efficiency=0.6, phase=0.4, delay_ns=33.0
)
QUBIT = MonitoredQubit(t1_us=1.5, resonator=CAVITY, pulse=ReadoutPulse((400.0, 60.0), (1.0, -0.6)))
STARTS = np.array([np.diag([1.0, 0.0]), np.diag([0.0, 1.0]), np.diag([0.4, 0.6]), np.full((2, 2), 0.5)])
PLACE = {
    "kappa_mhz": 5.1, "chi_mhz": 1.05, "drive_mhz": 5.2, "detuning_mhz": 0.15, "phase": 0.45, "efficiency": 0.55,
    "delay_ns": 36.0, "t1_us": 1.2, "gain": 1.05, "offset": 0.3,
}  # fmt: skip


def records_of(qubit, starts, *, bins, bin_us, seed, heterodyne=False):
    edges = np.arange(bins + 1) * bin_us
    made = [
        smesolve(qubit, start, edges, heterodyne=heterodyne, ntraj=1, seeds=seed + k, dt=bin_us, progress=False)
        for k, start in enumerate(starts)
    ]
    return np.concatenate([one.measurement[:, 0] for one in made])


@pytest.mark.parametrize("heterodyne", [False, True], ids=["homodyne", "heterodyne"])
@pytest.mark.parametrize("shared", [True, False], ids=["shared", "of each record"])
def test_gradient_is_that_of_central_differences(heterodyne, shared, seed):
    records = records_of(QUBIT, STARTS, bins=50, bin_us=0.01, seed=seed, heterodyne=heterodyne)
    records[1, ..., 20:25] = math.nan
    place = PLACE | ({"offset_q": -0.2} if heterodyne else {})
    searched = {
        name: Parameter(0.1 * value, 1.0 if name == "efficiency" else 3 * value) if value > 0 else Parameter(-1, 1)
        for name, value in place.items()
    }
    if not shared:
        searched["kappa_mhz"] = replace(searched["kappa_mhz"], shared=False)
    likelihood = ResonatorRecordLikelihood(records, 0.01, QUBIT, STARTS, searched, heterodyne=heterodyne)
    values = np.array([place[name.split("[")[0]] for name in likelihood.names])
    value, gradient = likelihood.log_likelihood_and_gradient(values)
    assert value == pytest.approx(likelihood.log_likelihood(values), rel=1e-12)
    steps = 2e-4 * np.abs(values)
    expected = slopes_of(likelihood.log_likelihood, values, steps)
    np.testing.assert_allclose(gradient * values, expected * values, rtol=1e-6, atol=2e-6, err_msg=f"seed {seed}")


@pytest.mark.parametrize(("name", "value"), [("efficiency", 1.0), ("delay_ns", 0.0)])
def test_gradient_at_the_end_of_what_is_possible(name, value, seed):
    """One-sided there, and the limit of that inside."""
    records = records_of(QUBIT, STARTS, bins=50, bin_us=0.01, seed=seed)
    searched = {name: Parameter(0.0, 1.0)}
    likelihood = ResonatorRecordLikelihood(records, 0.01, QUBIT, STARTS, searched)
    inside = value - 1e-4 if value > 0 else 1e-4
    at_end, near = (likelihood.log_likelihood_and_gradient([one])[1][0] for one in (value, inside))
    assert at_end == pytest.approx(near, rel=2e-3, abs=1e-3), f"seed {seed}"


@pytest.mark.parametrize("heterodyne", [False, True], ids=["homodyne", "heterodyne"])
def test_ratios_are_those_of_filter_record(heterodyne, seed):
    start = np.array([0.6, 0.8])
    records = records_of(QUBIT, [start] * 5, bins=40, bin_us=0.01, seed=seed, heterodyne=heterodyne)
    grid = [0.9, 1.0, 1.2]
    edges = np.arange(41) * 0.01
    theirs = filter_record(records, QUBIT, start, edges, heterodyne=heterodyne, parameters={"chi_mhz": grid})
    likelihood = ResonatorRecordLikelihood(
        records, 0.01, QUBIT, start, {"chi_mhz": Parameter(0.1, 5.0)}, heterodyne=heterodyne
    )
    variance = (2 if heterodyne else 1) / 0.01
    noise = -(records**2).sum() / (2 * variance) - records.size * math.log(2 * math.pi * variance) / 2
    ours = likelihood.log_likelihoods([[one] for one in grid])
    np.testing.assert_allclose(ours, theirs.log_likelihood.sum(axis=1) + noise, atol=1e-8, err_msg=f"seed {seed}")


def test_gain_and_offset_are_another_unit(seed):
    records = records_of(QUBIT, STARTS, bins=40, bin_us=0.01, seed=seed)
    searched = {"chi_mhz": Parameter(0.1, 5.0)}
    plain = ResonatorRecordLikelihood(records, 0.01, QUBIT, STARTS, searched).log_likelihood([1.0])
    volts = ResonatorRecordLikelihood(3e-3 * records - 0.7, 0.01, QUBIT, STARTS, searched, gain=3e-3, offset=-0.7)
    assert volts.log_likelihood([1.0]) == pytest.approx(plain - records.size * math.log(3e-3), abs=1e-6), seed


BANDS = {1.0: (0.64, 0.72), 2.0: (0.93, 0.97)}
SEARCHED = {"kappa_mhz": Parameter(1.0, 12.0), "chi_mhz": Parameter(0.1, 4.0), "delay_ns": Parameter(0.0, 150.0)}


@pytest.mark.parametrize("trials", [10, pytest.param(1000, marks=pytest.mark.deep)])
def test_errors_of_kappa_chi_and_delay_hold_the_truth(trials, seed):
    """Forty records, half of them of |1>, in bins of 10 ns that no delay is a whole number of."""
    pytest.importorskip("scipy", reason="maxima need scipy, which the `infer` extra installs")
    generator = np.random.default_rng(seed)
    held = {name: dict.fromkeys(BANDS, 0) for name in SEARCHED}
    bins, bin_us = 60, 0.01
    starts = np.repeat([np.diag([1.0, 0.0]), np.diag([0.0, 1.0])], 20, axis=0)
    for _ in range(trials):
        truth = {
            "kappa_mhz": generator.uniform(3.5, 6.5), "chi_mhz": generator.uniform(0.8, 1.6),
            "delay_ns": generator.uniform(30.0, 90.0),
        }  # fmt: skip
        qubit = MonitoredQubit(
            t1_us=10.0, resonator=replace(CAVITY, **truth, detuning_mhz=0.0), pulse=ReadoutPulse.square(400.0)
        )
        made = [
            smesolve(
                qubit, level, np.arange(bins + 1) * bin_us, ntraj=20, seeds=int(generator.integers(2**31)), dt=bin_us,
                progress=False,
            ).measurement[:, 0]
            for level in ([1.0, 0.0], [0.0, 1.0])
        ]  # fmt: skip
        found = fit(ResonatorRecordLikelihood(np.concatenate(made), bin_us, qubit, starts, SEARCHED, threads=1))
        for name, estimate in found.estimates.items():
            for deviations in BANDS:
                held[name][deviations] += abs(estimate.value - truth[name]) <= deviations * estimate.standard_error
    for name, counts in held.items():
        for deviations, (low, high) in BANDS.items():
            share = (low + high) / 2
            slack = 4 * math.sqrt(share * (1 - share) / trials) if trials < 1000 else 0.0
            assert low - slack <= counts[deviations] / trials <= high + slack, (seed, name, deviations, counts)


def test_innovations_tell_a_wrong_delay_and_a_wrong_gain(seed):
    qubit = replace(QUBIT, t1_us=30.0)
    records = records_of(qubit, np.repeat(STARTS[:2], 60, axis=0), bins=50, bin_us=0.01, seed=seed)
    starts = np.repeat(STARTS[:2], 60, axis=0)
    searched = {"delay_ns": Parameter(0.0, 200.0), "gain": Parameter(0.5, 2.0)}
    likelihood = ResonatorRecordLikelihood(records, 0.01, qubit, starts, searched)
    assert likelihood.goodness_of_fit([33.0, 1.0]).passed, f"seed {seed}"
    assert not likelihood.goodness_of_fit([133.0, 1.0])["ljung-box"].passed, f"seed {seed}"
    assert not likelihood.goodness_of_fit([33.0, 1.1])["variance"].passed, f"seed {seed}"


def test_what_it_refuses():
    records = np.zeros((4, 10))
    searched = {"chi_mhz": Parameter(0.1, 5.0)}
    for change, error, words in (
        ({"parameters": {"chi": Parameter(0.1, 5.0)}}, InputError, "names among kappa_mhz, chi_mhz"),
        ({"parameters": {"offset_q": Parameter(-1, 1)}}, InputError, "must not have 'offset_q'"),
        ({"parameters": {"kappa_mhz": Parameter(0.0, 5.0)}}, InputError, "`lower` greater than 0"),
        ({"parameters": {"delay_ns": Parameter(-1.0, 5.0)}}, InputError, "`lower` of at least 0"),
        ({"parameters": {"efficiency": Parameter(0.1, 1.5)}}, InputError, "`upper` of at most 1"),
        ({"qubit": MonitoredQubit()}, InputError, "`qubit` must have a resonator"),
        ({"bin_us": 0.0}, InputError, "`bin_us` must be finite and greater than 0"),
        ({"records": records + 0j}, InputError, "`records` must be real"),
        ({"records": np.full((4, 10), np.nan)}, InputError, "at least one bin"),
        ({"records": np.full((4, 10), np.inf)}, InputError, "`records` must be finite"),
        ({"heterodyne": True}, ShapeError, r"`records` must have shape \(records, 2, bins\)"),
        ({"start": np.ones(3)}, ShapeError, r"`start` must have shape \(2,\), \(2, 2\) or \(4, 2, 2\)"),
        ({"start": np.ones(2)}, InputError, "`start` must be states of trace 1"),
    ):
        given = {"records": records, "bin_us": 0.01, "qubit": QUBIT, "start": [1, 0], "parameters": searched} | change
        with pytest.raises(error, match=words):
            ResonatorRecordLikelihood(**given)
    with pytest.raises(InputError, match="use ResonatorRecordLikelihood"):
        RecordLikelihood(records, 0.01, QUBIT, [1, 0], {"t1_us": Parameter(1.0, 50.0)})
