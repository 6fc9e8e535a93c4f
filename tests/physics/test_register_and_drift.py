"""Qubits of a register are strangers, and drift is what its declaration says."""

import numpy as np
import pytest

import synqc


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


def test_the_device_stands_still_for_no_shot_that_outlasts_its_hold_time():
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
