"""Qubits of a register are strangers, and drift is what its declaration says."""

import math

import numpy as np
import pytest

import synqc
from synqc import _core
from synqc.errors import InputError, UnknownName
from synqc.lab import device as devices


def test_qubits_of_a_register_are_uncorrelated_in_bits_and_records():
    seed = 21
    run = synqc.Experiment(
        qubits=3, spread=0.0, detuning_khz=0.0, amplitude_error=0.0, drift="none", probe_strength=0.5, second_angle=0.4
    ).run(shots=4000, seed=seed, keep_records=True)
    bits = run.bits[0].astype(float)
    records = run.records[0, :, :, 0]
    for values in (bits, records):
        correlations = np.corrcoef(values)[np.triu_indices(3, 1)]
        assert np.all(np.abs(correlations) < 5 / np.sqrt(4000)), f"seed {seed}"
        # Shot k of one qubit is not shot k + 1 of another either.
        for shift in (1, 2):
            shifted = [np.corrcoef(values[0, shift:], values[other, :-shift])[0, 1] for other in (1, 2)]
            assert np.all(np.abs(shifted) < 5 / np.sqrt(4000)), f"seed {seed}"


@pytest.mark.parametrize("mapping", ["rate", "pulse"])
def test_a_register_has_the_mean_of_its_qubits_with_their_errors_in_quadrature(mapping):
    run = synqc.Experiment(
        qubits=5, spread=0.3, probe_strength=0.5, second_angle=0.4, probe_mapping=mapping, adaptive_rule="bayes"
    ).run(shots=600, iterations=2, seed=23, progress=False)
    for batch in run.history:
        each = [qubit.fidelity for qubit in batch.qubits]
        errors = [estimate.standard_error for estimate in each]
        assert min(errors) > 0
        assert float(batch.fidelity) == pytest.approx(np.mean([float(one) for one in each]), rel=1e-12)
        assert batch.fidelity.standard_error == pytest.approx(np.linalg.norm(errors) / 5, rel=1e-9)
        each = [qubit.success for qubit in batch.qubits]
        assert float(batch.success) == pytest.approx(np.mean([float(one) for one in each]), rel=1e-12)
        errors = [estimate.standard_error for estimate in each]
        assert batch.success.standard_error == pytest.approx(np.linalg.norm(errors) / 5, rel=0.02)


@pytest.mark.parametrize("mapping", ["rate", "pulse"])
def test_the_mean_record_is_that_of_the_records(mapping):
    run = synqc.Experiment(
        qubits=3, first_angle=0.7, probe_strength=0.5, probe_bins=1, probe_mapping=mapping
    ).run(shots=3000, iterations=2, seed=24, keep_records=True, progress=False)  # fmt: skip
    for records, batch in zip(run.records[..., 0], run.history, strict=True):
        for record, qubit in zip(records, batch.qubits, strict=True):
            assert float(qubit.mean_record) == pytest.approx(np.mean(record), abs=1e-12)
            error = np.std(record) / np.sqrt(len(record))
            assert qubit.mean_record.standard_error == pytest.approx(error, rel=1e-2)


def test_iterations_do_not_repeat_each_other():
    run = synqc.Experiment(qubits=1, probe_strength=0.5, second_angle=0.4).run(shots=2000, iterations=2, seed=22)
    assert abs(np.corrcoef(run.bits[:, 0].astype(float))[0, 1]) < 5 / np.sqrt(2000), "seed 22"


def path(seed, *, sigma_khz, time_s, batches, shots=1000, qubits=2):
    drift = [{"kind": "ornstein-uhlenbeck", "sigma_khz": sigma_khz, "correlation_time_s": time_s}]
    run = synqc.Experiment(qubits=qubits, drift=drift, levels=2, envelope="square", detuning_khz=0.0).run(
        shots=shots, iterations=batches, seed=seed, keep_bits=False, progress=False
    )
    moments = np.array([batch.device_time_s for batch in run.history])
    return moments, np.array([[qubit.true_detuning_khz for qubit in batch.qubits] for batch in run.history])


def test_drift_depends_on_the_seed_and_differs_between_qubits():
    _, first = path(1, sigma_khz=30.0, time_s=0.5, batches=8)
    _, again = path(1, sigma_khz=30.0, time_s=0.5, batches=8)
    _, other = path(2, sigma_khz=30.0, time_s=0.5, batches=8)
    assert np.array_equal(first, again)
    steps, other_steps = np.diff(first, axis=0), np.diff(other, axis=0)
    assert not np.allclose(steps, other_steps)
    assert not np.allclose(steps[:, 0], steps[:, 1])
    assert not np.allclose(steps[:, 0], other_steps[:, 1])


def test_the_autocorrelation_of_drift_has_the_declared_time_and_deviation():
    seed, sigma, time_s = 5, 10.0, 0.01
    moments, values = path(seed, sigma_khz=sigma, time_s=time_s, batches=250, shots=300, qubits=8)
    step = float(np.mean(np.diff(moments)))
    kept = np.exp(-step / time_s)
    # Of an AR(1) series: coefficient by least squares, with the deviation sqrt((1 - a^2) / n).
    coefficient = np.sum(values[1:] * values[:-1]) / np.sum(values[:-1] ** 2)
    assert abs(coefficient - kept) < 5 * np.sqrt((1 - kept**2) / values.size), f"seed {seed}"
    effective = values.size * (1 - kept) / (1 + kept)
    assert np.mean(values**2) / sigma**2 == pytest.approx(1, abs=5 * np.sqrt(2 / effective)), f"seed {seed}"


def test_the_device_stands_still_no_longer_than_drift_allows():
    """Over a short time an Ornstein-Uhlenbeck process diffuses: var = 2 sigma^2 t / tau, also from batch to batch."""
    sigma, time_s = 30.0, 3.0
    moments, values = path(6, sigma_khz=sigma, time_s=time_s, batches=150)
    step = float(np.mean(np.diff(moments)))
    moved = np.diff(values, axis=0)
    # Held steps lump the movement of several batches into one, but all of it arrives.
    assert np.mean(moved**2) == pytest.approx(2 * sigma**2 * step / time_s, rel=0.3), "seed 6"
    assert np.mean(moved != 0) > 0.9, "seed 6"


def test_a_telegraph_switch_moves_the_device_at_once():
    """What a batch loses belongs to the detuning at the end of the batch before, not to one of long ago."""
    seed, sigma = 14, 300.0
    run = synqc.Experiment(
        qubits=8, detuning_khz=sigma, amplitude_error=0.0, spread=0.0, probe_duration_ns=1000.0, probe_strength=0.0,
        drift=[{"kind": "random-telegraph", "sigma_khz": sigma, "switching_rate_per_s": 4.0}],
    ).run(shots=100, iterations=1500, seed=seed, keep_bits=False, progress=False)  # fmt: skip
    # Held for a hundredth of its time the device would stand still over several batches.
    assert 4 * (run.history[1].device_time_s - run.history[0].device_time_s) < 1 / (2 * 4.0) / 100
    truth = np.array([[qubit.true_detuning_khz for qubit in batch.qubits] for batch in run.history])
    fidelity = np.array([[float(qubit.fidelity) for qubit in batch.qubits] for batch in run.history])
    off = np.abs(truth[:-1]) > sigma
    switches = int(np.sum(np.diff(off, axis=0)))
    assert switches > 3, f"seed {seed}"
    assert np.ptp(fidelity[1:][off]) < 0.02, f"seed {seed}"
    assert np.ptp(fidelity[1:][~off]) < 0.02, f"seed {seed}"
    assert np.min(fidelity[1:][~off]) - np.max(fidelity[1:][off]) > 0.2, f"seed {seed}"


def test_the_device_stands_still_for_no_shot_that_outlasts_its_quasi_static_interval():
    """Held for one and a half shots, it moves after every shot: each shows the detuning that its predecessor left."""
    seed = 15
    experiment = synqc.Experiment(
        qubits=1, detuning_khz=20.0, amplitude_error=0.0, spread=0.0, probe_duration_ns=10_000.0, probe_strength=0.0
    )
    cycle_s = experiment.run(shots=1, seed=seed).cycle_time_us * 1e-6
    drift = [{"kind": "ornstein-uhlenbeck", "sigma_khz": 3.0, "correlation_time_s": 150 * cycle_s}]
    run = experiment.replace(drift=drift).run(shots=1, iterations=300, seed=seed, progress=False)
    truth = np.array([batch.qubits[0].true_detuning_khz for batch in run.history])
    fidelity = np.array([float(batch.fidelity) for batch in run.history])
    fitted = np.polynomial.Polynomial.fit(truth[:-1], fidelity[1:], 4)
    assert np.max(np.abs(fitted(truth[:-1]) - fidelity[1:])) < 1e-3 * np.ptp(fidelity), f"seed {seed}"


QUIET_T1 = [
    {"kind": "t1-ornstein-uhlenbeck", "sigma_log_t1": 0.0, "correlation_time_s": 1e-3},
    {"kind": "t1-random-telegraph", "sigma_log_t1": 0.0, "switching_rate_per_s": 1e3},
]


@pytest.mark.parametrize("place", ["before", "after"])
@pytest.mark.parametrize("rule", ["none", "kalman", "bayes"])
def test_t1_that_drifts_by_nothing_changes_no_byte(rule, place):
    detuning = [
        {"kind": "ornstein-uhlenbeck", "sigma_khz": 20.0, "correlation_time_s": 0.5},
        {"kind": "random-telegraph", "sigma_khz": 5.0, "switching_rate_per_s": 3.0},
    ]
    experiment = synqc.Experiment(qubits=2, adaptive_rule=rule, probe_strength=0.4, drift=detuning)
    drift = QUIET_T1 + detuning if place == "before" else detuning + QUIET_T1
    runs = [
        one.run(shots=400, iterations=4, seed=3, progress=False)
        for one in (experiment, experiment.replace(drift=drift))
    ]
    assert runs[0].bits.tobytes() == runs[1].bits.tobytes()
    assert [repr(batch) for batch in runs[0].history] == [repr(batch) for batch in runs[1].history]


def log_t1_of_runs(drift, *, seed, batches, qubits=8, probe_us=40.0, shots=100):
    """ln(T1 / its median) of every batch, from how much of |1> is left after `probe_us`; (batches, qubits)."""
    median = 100.0
    experiment = synqc.Experiment(
        qubits=qubits, levels=2, envelope="square", first_angle=math.pi, second_angle=0.0, probe_strength=0.0,
        probe_duration_ns=1e3 * probe_us, t1_us=median, t2_us=50.0, thermal_population=0.0, spread=0.0,
        detuning_khz=0.0, amplitude_error=0.0, drift=drift,
    )  # fmt: skip
    run = experiment.run(shots=shots, iterations=batches, seed=seed, keep_bits=False, progress=False)
    left = np.array([[float(qubit.fidelity) for qubit in batch.qubits] for batch in run.history])
    told = np.log([[qubit.true_t1_ratio for qubit in batch.qubits] for batch in run.history])
    moments = np.array([batch.device_time_s for batch in run.history])
    # The second drive is no rotation but takes its time, the first one half of it: excited for that much longer.
    excited_us = probe_us + 1.5 * 1e-3 * experiment.device.gate_ns
    shown = np.log(-excited_us / median / np.log(left))
    # What is told is the end of a batch, what is shown its middle.
    between = (told[1:] + told[:-1]) / 2
    assert np.median(np.abs(shown[1:] - between)) < 0.3 * np.std(shown) + 2e-3, f"seed {seed}"
    return moments, shown


def test_t1_drifts_with_the_declared_time_and_deviation():
    seed, sigma, time_s = 6, 0.1, 0.1
    drift = [{"kind": "t1-ornstein-uhlenbeck", "sigma_log_t1": sigma, "correlation_time_s": time_s}]
    moments, values = log_t1_of_runs(drift, seed=seed, batches=400)
    step = float(np.mean(np.diff(moments)))
    kept = np.exp(-step / time_s)
    assert 0.7 < kept < 0.98
    coefficient = np.sum(values[1:] * values[:-1]) / np.sum(values[:-1] ** 2)
    assert abs(coefficient - kept) < 5 * np.sqrt((1 - kept**2) / values.size), f"seed {seed}"
    effective = values.size * (1 - kept) / (1 + kept)
    assert abs(values.mean()) < 5 * sigma / np.sqrt(effective), f"seed {seed}"
    assert np.mean(values**2) / sigma**2 == pytest.approx(1, abs=5 * np.sqrt(2 / effective)), f"seed {seed}"
    correlations = np.corrcoef(values.T)[np.triu_indices(values.shape[1], 1)]
    assert np.abs(correlations).max() < 5 / np.sqrt(effective / values.shape[1]), f"seed {seed}"


def test_a_two_level_defect_makes_t1_jump_between_two_values_at_its_rate():
    seed, sigma, rate = 7, 0.5, 2.0
    drift = [{"kind": "t1-random-telegraph", "sigma_log_t1": sigma, "switching_rate_per_s": rate}]
    moments, values = log_t1_of_runs(drift, seed=seed, batches=600)
    still = np.abs(np.abs(values) - sigma) < 2e-3
    assert still.mean() > 0.9, f"seed {seed}"  # the others saw a switch
    signs = np.sign(values)
    switches = np.sum(signs[1:] != signs[:-1])
    step = float(np.mean(np.diff(moments)))
    expected = (1 - math.exp(-2 * rate * step)) / 2 * (len(values) - 1) * values.shape[1]
    assert abs(switches - expected) < 5 * math.sqrt(expected), f"seed {seed}"


def test_t1_drift_depends_on_the_seed_and_not_on_what_the_detuning_does():
    drift = [{"kind": "t1-ornstein-uhlenbeck", "sigma_log_t1": 0.3, "correlation_time_s": 0.1}]
    noisy = [{"kind": "random-telegraph", "sigma_khz": 1e-3, "switching_rate_per_s": 1.0}, *drift]
    first, again, other, beside = (
        log_t1_of_runs(each, seed=seed, batches=12, qubits=2)[1]
        for each, seed in ((drift, 1), (drift, 1), (drift, 2), (noisy, 1))
    )
    assert np.array_equal(first, again)
    assert not np.allclose(first[1:], other[1:])
    assert not np.allclose(first[:, 0], first[:, 1])
    assert np.abs(first - beside).max() < 0.05  # held a little differently


def test_pure_dephasing_stays_while_t1_drifts():
    # |+> left alone: the coherence falls by exp(-t / T2') with 1 / T2' = 1 / Tphi + 1 / (2 T1').
    sigma, probe_us, t1_us, tphi_us = 0.8, 40.0, 100.0, 60.0
    drift = [{"kind": "t1-random-telegraph", "sigma_log_t1": sigma, "switching_rate_per_s": 1e-6}]
    run = synqc.Experiment(
        qubits=16, levels=2, envelope="square", probe_strength=0.0, probe_duration_ns=1e3 * probe_us, t1_us=t1_us,
        tphi_us=tphi_us, thermal_population=0.0, spread=0.0, detuning_khz=0.0, amplitude_error=0.0, drift=drift,
    ).run(shots=50, seed=8, progress=False)  # fmt: skip
    found = np.array([float(qubit.fidelity) for qubit in run.history[0].qubits])
    expected = [
        (1 + math.exp(-probe_us * (1 / tphi_us + 1 / (2 * t1_us * math.exp(sign * sigma))))) / 2 for sign in (-1, 1)
    ]
    nearest = np.min(np.abs(found[:, None] - expected), axis=1)
    assert nearest.max() < 2e-3
    assert len(np.unique(np.round(found, 3))) == 2


@pytest.mark.parametrize("rule", ["none", "bayes"])
def test_a_run_goes_on_where_the_t1_of_another_has_drifted(rule):
    drift = [
        {"kind": "t1-ornstein-uhlenbeck", "sigma_log_t1": 0.5, "correlation_time_s": 1e6},
        {"kind": "ornstein-uhlenbeck", "sigma_khz": 5.0, "correlation_time_s": 1e6},
    ]
    experiment = synqc.Experiment(
        qubits=2, first_angle=math.pi, second_angle=0.0, probe_duration_ns=40e3, probe_strength=0.1, t1_us=100.0,
        t2_us=50.0, adaptive_rule=rule, drift=drift,
    )  # fmt: skip
    before = experiment.run(shots=300, seed=1, progress=False)
    after = experiment.run(
        shots=300, seed=1, resume_from=synqc.Checkpoint.from_dict(before.checkpoint.to_dict()), progress=False
    )
    for one, other in zip(before.history[-1].qubits, after.history[0].qubits, strict=True):
        assert one.true_t1_ratio == pytest.approx(other.true_t1_ratio, rel=1e-3) != 1.0
        assert float(one.fidelity) == pytest.approx(float(other.fidelity), abs=0.01 if rule == "bayes" else 1e-9)


def test_paths_of_t1_are_those_of_their_processes():
    processes = [
        ("t1-ornstein-uhlenbeck", {"sigma_log_t1": 0.2, "correlation_time_s": 50.0}),
        ("random-telegraph", {"sigma_khz": 3.0, "switching_rate_per_s": 0.1}),
    ]
    path = _core.DriftPath(processes, 4)
    assert path.quasi_static_interval_s == pytest.approx(min(50 * 0.01**2 / (2 * 0.2**2), 5 / 100, 0.5))
    start = path.log_t1
    assert abs(path.detuning_khz) == pytest.approx(3.0)
    path.advance(1e-6, 1)
    assert 0 < abs(path.log_t1 - start) < 1e-3


@pytest.mark.parametrize(
    ("process", "error", "words"),
    [
        ({"kind": "t1-random-walk"}, UnknownName, "'t1-ornstein-uhlenbeck', 't1-random-telegraph'"),
        ({"kind": "t1-ornstein-uhlenbeck", "sigma_khz": 1.0, "correlation_time_s": 1.0}, InputError, "`sigma_log_t1`"),
        ({"kind": "t1-random-telegraph", "sigma_log_t1": 1.1, "switching_rate_per_s": 1}, InputError, "`sigma_log_t1`"),
        ({"kind": "t1-ornstein-uhlenbeck", "sigma_log_t1": 0.1, "correlation_time_s": 0.0}, InputError, "correlation"),
    ],
)  # fmt: skip
def test_drift_of_t1_that_cannot_be_is_refused_by_name(process, error, words):
    with pytest.raises(error, match=words):
        synqc.Experiment(qubits=1, drift=[process])


def test_drift_of_t1_is_kept_in_documents():
    drift = (
        {"kind": "t1-ornstein-uhlenbeck", "sigma_log_t1": 0.2, "correlation_time_s": 60.0},
        {"kind": "t1-random-telegraph", "sigma_log_t1": 0.4, "switching_rate_per_s": 0.1},
    )
    experiment = synqc.Experiment(qubits=1, drift=drift)
    assert experiment.device.drift == drift
    assert synqc.Experiment.from_json(experiment.to_json()).device.drift == drift
    assert devices.device("transmon-default").replace(drift=drift).drift == drift
