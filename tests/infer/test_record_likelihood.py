"""Likelihood of records: against filter_record, mesolve and QuTiP, and its own differences."""

import math

import numpy as np
import pytest
from monitored_records import GROUND, QUBIT, records_of, slopes_of

from synqc.errors import InputError, ShapeError
from synqc.infer import Parameter, RecordLikelihood
from synqc.lab.filter_record import MonitoredQubit, filter_record
from synqc.lab.mesolve import mesolve
from synqc.readout import ReadoutPulse, Resonator

SEARCHED = {
    "rabi_khz": Parameter(300.0, 700.0),
    "detuning_khz": Parameter(-200.0, 200.0),
    "rabi_y_khz": Parameter(-200.0, 200.0),
    "gamma_per_us": Parameter(0.1, 2.0),
    "efficiency": Parameter(0.2, 1.0),
    "t1_us": Parameter(5.0, 400.0),
    "t2_us": Parameter(5.0, 400.0),
    "gain": Parameter(0.5, 2.0),
    "offset": Parameter(-1.0, 1.0),
}
PLACE = np.array([503.0, 30.0, -12.0, 0.55, 0.75, 35.0, 28.0, 1.02, 0.1])
STEPS = np.array([0.1, 0.1, 0.1, 1e-3, 1e-3, 0.1, 0.1, 1e-3, 1e-3])


@pytest.mark.parametrize("bin_us", [0.02, 0.2, 1.0])
@pytest.mark.parametrize("shared", [True, False], ids=["shared", "of each record"])
def test_gradient_is_that_of_central_differences(bin_us, shared, seed):
    records = records_of(QUBIT, bins=100, bin_us=bin_us, count=3, seed=seed)
    records[1, 20:31] = math.nan
    searched = SEARCHED | {"gain": Parameter(0.5, 2.0, shared=shared)}
    likelihood = RecordLikelihood(records, bin_us, QUBIT, GROUND, searched)
    place, steps = (values if shared else np.insert(values, 7, [values[7]] * 2) for values in (PLACE, STEPS))
    value, gradient = likelihood.log_likelihood_and_gradient(place)
    assert value == pytest.approx(likelihood.log_likelihood(place), rel=1e-12)
    expected = slopes_of(likelihood.log_likelihood, place, steps)
    # Weighed by the steps: how much each parameter moves the likelihood. Rounding of the differences is some 1e-10.
    np.testing.assert_allclose(gradient * steps, expected * steps, rtol=1e-7, atol=1e-8, err_msg=f"seed {seed}")


@pytest.mark.parametrize("bin_us", [0.05, 0.5])
def test_ratios_are_those_of_filter_record(bin_us, seed):
    records = records_of(QUBIT, bins=60, bin_us=bin_us, count=4, seed=seed)
    grid = [450.0, 480.0, 510.0]
    edges = np.arange(61) * bin_us
    theirs = filter_record(records, QUBIT, GROUND, edges, method="bin-average", parameters={"rabi_khz": grid})
    likelihood = RecordLikelihood(records, bin_us, QUBIT, GROUND, {"rabi_khz": Parameter(300.0, 700.0)})
    ours = likelihood.log_likelihoods([[value] for value in grid])
    noise = -(records**2).sum() * bin_us / 2 - records.size * math.log(2 * math.pi / bin_us) / 2
    np.testing.assert_allclose(ours, theirs.log_likelihood.sum(axis=1) + noise, atol=1e-8, err_msg=f"seed {seed}")


def test_gap_is_the_channel_of_the_ensemble(seed):
    """What follows a gap is as likely as if it began with the state that the master equation leads to."""
    records = records_of(QUBIT, bins=50, bin_us=0.1, count=1, seed=seed)
    gapped = records.copy()
    gapped[0, :20] = math.nan
    dephasing = QUBIT.sc_ops
    state = mesolve(QUBIT.H, GROUND, [0.0, 2.0], [*QUBIT.c_ops, *dephasing]).states[-1]
    searched = {"rabi_khz": Parameter(300.0, 700.0)}
    whole = RecordLikelihood(gapped, 0.1, QUBIT, GROUND, searched).log_likelihood([500.0])
    rest = RecordLikelihood(records[:, 20:], 0.1, QUBIT, state, searched).log_likelihood([500.0])
    assert whole == pytest.approx(rest, abs=1e-8), f"seed {seed}"


def test_gain_and_offset_are_another_unit(seed):
    records = records_of(QUBIT, bins=80, bin_us=0.1, count=2, seed=seed)
    searched = {"rabi_khz": Parameter(300.0, 700.0)}
    plain = RecordLikelihood(records, 0.1, QUBIT, GROUND, searched).log_likelihood([490.0])
    volts = RecordLikelihood(3e-3 * records - 0.7, 0.1, QUBIT, GROUND, searched, gain=3e-3, offset=-0.7)
    assert volts.log_likelihood([490.0]) == pytest.approx(plain - records.size * math.log(3e-3), abs=1e-7), seed


def test_expectations_are_those_of_qutip(seed):
    qutip = pytest.importorskip("qutip", reason="exchanges records with QuTiP 5, which the `test` extra installs")
    bins, bin_us = 500, 2e-3
    qubit = MonitoredQubit(rabi_khz=500.0, gamma_per_us=1.0, efficiency=0.8)
    records = records_of(qubit, bins=bins, bin_us=bin_us, count=1, seed=seed)
    monitored = qutip.Qobj(qubit.sc_ops[0])
    solver = qutip.SMESolver(
        qutip.Qobj(qubit.H), [math.sqrt(0.8) * monitored], False, c_ops=[math.sqrt(0.2) * monitored],
        options={"method": "platen", "store_measurement": "start", "progress_bar": ""},
    )  # fmt: skip
    edges = np.arange(bins + 1) * bin_us
    ground = qutip.basis(2, 0) * qutip.basis(2, 0).dag()
    theirs = solver.run_from_experiment(ground, edges, records, measurement=True, e_ops=[qutip.sigmaz()])
    likelihood = RecordLikelihood(records, bin_us, qubit, GROUND, {"rabi_khz": Parameter(300.0, 700.0)})
    # A bin is expected to show its mean state: that of both its ends.
    z = np.asarray(theirs.expect[0])
    expected = math.sqrt(2 * 0.8 * 1.0) * (z[1:] + z[:-1]) / 2
    ours = records[0] - likelihood.innovations([500.0])[0] / math.sqrt(bin_us)
    # Platen's scheme is of strong order 1: off by some rate times step, 0.6 %, of a mean of 1.26. What one end of the
    # bin knows and the other does not adds noise of strength times sqrt(step), half of which the mean of both has.
    assert np.sqrt(np.mean((ours - expected) ** 2)) < 0.06, f"seed {seed}"


def test_t2_beyond_2_t1_is_2_t1_and_has_no_prior(seed):
    records = records_of(QUBIT, bins=50, bin_us=0.1, count=1, seed=seed)
    searched = {name: SEARCHED[name] for name in ("t1_us", "t2_us")}
    likelihood = RecordLikelihood(records, 0.1, QUBIT, GROUND, searched)
    assert likelihood.log_likelihood([20.0, 60.0]) == likelihood.log_likelihood([20.0, 40.0])
    assert likelihood.log_posterior([20.0, 60.0]) == -math.inf
    assert likelihood.log_posterior([20.0, 39.0]) > -math.inf


def test_complex_and_infinite_records_are_refused_by_name():
    searched = {"rabi_khz": Parameter(300.0, 700.0)}
    with pytest.raises(InputError, match=r"`records` must be real, homodyne.*but is complex"):
        RecordLikelihood(np.array([1.0 + 1.0j]), 0.1, QUBIT, GROUND, searched)
    with pytest.raises(InputError, match="`records` must be finite"):
        RecordLikelihood([1.0, math.inf], 0.1, QUBIT, GROUND, searched)
    with pytest.raises(InputError, match="at least one bin"):
        RecordLikelihood([math.nan], 0.1, QUBIT, GROUND, searched)
    with pytest.raises(ShapeError, match="`records` must have shape"):
        RecordLikelihood(np.zeros((2, 2, 2)), 0.1, QUBIT, GROUND, searched)
    with pytest.raises(InputError, match="must have names among"):
        RecordLikelihood([1.0], 0.1, QUBIT, GROUND, {"chi": Parameter(0.0, 1.0)})
    with pytest.raises(InputError, match="`lower` greater than 0"):
        RecordLikelihood([1.0], 0.1, QUBIT, GROUND, {"t1_us": Parameter(0.0, 1.0)})


def test_records_in_other_units_are_refused(seed):
    records = 1000 * records_of(QUBIT, bins=50, bin_us=0.1, count=1, seed=seed)
    likelihood = RecordLikelihood(records, 0.1, QUBIT, GROUND, {"rabi_khz": Parameter(300.0, 700.0)})
    with pytest.raises(InputError, match="`records` must be in units in which white noise has the variance"):
        likelihood.log_likelihood([500.0])


def test_qubit_behind_a_resonator_is_refused():
    """Its fields ring up while a record runs: a likelihood without them would be wrong without a word."""
    qubit = MonitoredQubit(
        resonator=Resonator(kappa_mhz=5.0, chi_mhz=0.5, drive_mhz=2.0), pulse=ReadoutPulse.square(500.0)
    )
    with pytest.raises(InputError, match="`qubit` must have no resonator"):
        RecordLikelihood([1.0], 0.1, qubit, GROUND, {"t1_us": Parameter(1.0, 100.0)})
