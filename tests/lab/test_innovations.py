"""dW of smesolve: the part of a record that the state behind it did not expect."""

import math

import numpy as np
import pytest
from scipy.linalg import expm
from scipy.stats import kstest

from synqc import filter_record, smesolve

SX = np.array([[0, 1], [1, 0]], complex)
SZ = np.diag([1.0, -1.0]).astype(complex)
LOWER = np.array([[0, 1], [0, 0]], complex)
UP = np.array([1.0, 0.0])
PLUS = np.array([1.0, 1.0]) / math.sqrt(2)


def test_shapes_are_those_of_qutip():
    times = np.linspace(0, 1, 6)
    options = dict(ntraj=7, seeds=1, progress=False)
    homodyne = smesolve(SX, UP, times, [], [SZ, SZ / 2], **options)
    assert homodyne.dW.shape == homodyne.measurement.shape == (7, 2, 5)
    assert homodyne.wiener_process.shape == (7, 2, 6)
    heterodyne = smesolve(SX, UP, times, [], [SZ, SZ / 2], heterodyne=True, **options)
    assert heterodyne.dW.shape == heterodyne.measurement.shape == (7, 2, 2, 5)
    assert heterodyne.wiener_process.shape == (7, 2, 2, 6)
    nothing = smesolve(SX, UP, times, [SZ], [], **options)
    assert nothing.dW.shape == (7, 0, 5)
    unkept = smesolve(SX, UP, times, [], [SZ], store_measurement=False, **options)
    assert unkept.dW is None
    assert unkept.wiener_process is None


def test_wiener_process_sums_increments_from_zero():
    found = smesolve(SX, UP, np.linspace(0, 1, 6), [], [SZ], ntraj=3, seeds=1, progress=False)
    assert (found.wiener_process[..., 0] == 0).all()
    assert np.abs(np.diff(found.wiener_process) - found.dW).max() < 1e-15


def test_saved_times_cut_the_same_process():
    often = smesolve(SX, UP, np.linspace(0, 1, 51), [], [SZ], ntraj=3, seeds=1, dt=0.02, progress=False)
    seldom = smesolve(SX, UP, np.linspace(0, 1, 6), [], [SZ], ntraj=3, seeds=1, dt=0.02, progress=False)
    assert np.abs(often.wiener_process[..., ::10] - seldom.wiener_process).max() < 1e-13


def test_record_is_what_was_expected_and_the_innovation():
    """Against the scheme written out: half a step of everything else, the update, half a step."""
    dt, eta, L = 0.05, 0.6, np.diag([0.9, -0.4]).astype(complex)
    times = dt * np.arange(41)
    H = 1.3 * SX + 0.2 * SZ
    found = smesolve(H, UP, times, [], [L], eta=eta, ntraj=4, seeds=2, dt=1.0, store_states=True, progress=False)
    half = expm(-0.5j * dt * H)
    means = 2 * math.sqrt(eta) * np.diag(L).real
    before = half @ found.runs_states[:, :-1] @ half.conj().T
    after = half.conj().T @ found.runs_states[:, 1:] @ half
    expected = (np.einsum("i,...ii->...", means, before) + np.einsum("i,...ii->...", means, after)).real / 2
    assert np.abs(found.measurement[:, 0] * dt - expected * dt - found.dW[:, 0]).max() < 1e-14


def test_record_of_an_ito_scheme_expects_what_the_state_before_says():
    times = np.linspace(0, 1, 101)
    found = smesolve(SX, UP, times, [], [0.8 * LOWER], ntraj=4, seeds=2, dt=1.0, method="rouchon", store_states=True,
                     progress=False)  # fmt: skip
    signal = np.einsum("ij,...ji->...", 0.8 * (LOWER + LOWER.T), found.runs_states[:, :-1]).real
    assert np.abs((found.measurement[:, 0] - signal) * 0.01 - found.dW[:, 0]).max() < 1e-14


def test_both_quadratures_have_innovations_of_their_own():
    times = np.linspace(0, 1, 101)
    found = smesolve(SX, UP, times, [], [0.8 * LOWER], heterodyne=True, ntraj=4, seeds=2, dt=1.0, method="rouchon",
                     store_states=True, progress=False)  # fmt: skip
    for quadrature, op in enumerate([LOWER + LOWER.T, -1j * (LOWER - LOWER.T)]):
        signal = np.einsum("ij,...ji->...", 0.8 * op, found.runs_states[:, :-1]).real
        unexpected = (found.measurement[:, 0, quadrature] - signal) * 0.01 / math.sqrt(2)
        assert np.abs(unexpected - found.dW[:, 0, quadrature]).max() < 1e-14


@pytest.mark.parametrize("method", ["bayes-strang", "rouchon", "platen"])
def test_increments_are_independent_normals_of_variance_dt(method):
    seed, dt, count = 3, 0.01, 400
    found = smesolve(
        math.pi * SX, PLUS, dt * np.arange(101), [0.5 * LOWER], [SZ / math.sqrt(2), 0.5 * SZ], eta=[1.0, 0.4],
        ntraj=count, seeds=seed, dt=dt, method=method, eigenvalue_tolerance=math.inf, progress=False,
    )  # fmt: skip
    unit = found.dW / math.sqrt(dt)
    assert kstest(unit.ravel(), "norm").pvalue > 1e-3, f"seed {seed}"
    samples = unit.size
    assert abs(unit.mean()) < 4 / math.sqrt(samples), f"seed {seed}"
    assert abs(unit.var() - 1) < 4 * math.sqrt(2 / samples), f"seed {seed}"
    pairs = {
        "consecutive": (unit[..., 1:], unit[..., :-1]),
        "ten apart": (unit[..., 10:], unit[..., :-10]),
        "channels": (unit[:, 0], unit[:, 1]),
        "trajectories": (unit[1:], unit[:-1]),
        "sizes": (unit[..., 1:] ** 2 - 1, (unit[..., :-1] ** 2 - 1) / 2),
    }
    for name, (one, other) in pairs.items():
        assert abs((one * other).mean()) < 4.5 / math.sqrt(one.size), f"{name}, seed {seed}"


def test_long_steps_leave_innovations_of_mean_zero_and_nearly_variance_dt():
    # One exact update over an interval that tells much: v = eta dt Var(L + L^dag) = 0.4, and variance dt (1 + v^2 / 4).
    seed, dt = 4, 0.2
    found = smesolve(0 * SX, PLUS, [0, dt, 2 * dt], [], [SZ / math.sqrt(2)], ntraj=200_000, seeds=seed, progress=False)
    first, second = found.dW[:, 0].T / math.sqrt(dt)
    error = 4 / math.sqrt(200_000)
    assert found.stats["steps"] == 2
    assert abs(first.mean()) < error, f"seed {seed}"
    assert abs((first * second).mean()) < error, f"seed {seed}"
    assert abs(first.var() - 1 - 0.0297) < error * math.sqrt(2), f"seed {seed}"


@pytest.mark.parametrize("heterodyne", [False, True])
def test_innovations_drive_the_equation_back_to_the_states(heterodyne):
    """Euler's scheme on the equation itself, given dW: off by the square root of the step, and by less for less."""
    off = []
    for count in (500, 8000):
        times = np.linspace(0, 1, count + 1)
        found = smesolve(math.pi * SX, UP, times, [], [SZ / math.sqrt(2)], eta=0.5, heterodyne=heterodyne, ntraj=30,
                         seeds=9, dt=1.0, keep_runs_results=True, progress=False)  # fmt: skip
        L = SZ / math.sqrt(2)
        seen = [L / math.sqrt(2), -1j * L / math.sqrt(2)] if heterodyne else [L]
        noise = found.dW.reshape(30, len(seen), count)
        rho = np.broadcast_to(np.diag([1.0 + 0j, 0]), (30, 2, 2)).copy()
        for k in range(count):
            change = -1j * math.pi * (SX @ rho - rho @ SX) + L @ rho @ L - (L @ L @ rho + rho @ L @ L) / 2
            change = change / count
            for channel, op in enumerate(seen):
                gain = op @ rho + rho @ op.conj().T
                gain -= np.trace(gain, axis1=1, axis2=2)[:, None, None] * rho
                change = change + math.sqrt(0.5) * noise[:, channel, k, None, None] * gain
            rho = rho + change
        off.append(np.abs(rho - found.runs_final_states).max(axis=(1, 2)).mean())
    assert off[0] < 0.1, f"seed 9, {off}"
    assert off[1] < off[0] / 2, f"seed 9, {off}"


def test_feeding_the_record_back_reproduces_the_states():
    times = np.linspace(0, 2, 401)
    model = dict(c_ops=[0.3 * LOWER], sc_ops=[SZ / math.sqrt(2)], eta=0.6, dt=1.0)
    found = smesolve(SX, UP, times, ntraj=5, seeds=10, store_states=True, progress=False, **model)
    again = filter_record(found.measurement, SX, UP, times, progress=False, **model)
    assert np.abs(again.states - found.runs_states).max() < 1e-10
