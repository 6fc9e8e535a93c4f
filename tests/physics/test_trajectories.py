"""Trajectories of monitored systems against closed forms, invariants and orders of convergence."""

import math

import numpy as np
import pytest
from scipy.linalg import expm
from scipy.special import erfc
from scipy.stats import ks_1samp, kstest

from synqc.lab.filter_record import MonitoredQubit, filter_record
from synqc.lab.smesolve import smesolve

SX = np.array([[0, 1], [1, 0]], dtype=complex)
SY = np.array([[0, -1j], [1j, 0]])
SZ = np.diag([1.0 + 0j, -1.0])
LOWER = np.array([[0, 1], [0, 0]], dtype=complex)
GROUND = np.array([1.0, 0.0])
PLUS = np.array([1.0, 1.0]) / math.sqrt(2)


def lindblad_states(H, jumps, rho0, times):
    """Exact ensemble states from the exponential of the row-stacking generator."""
    n = len(H)
    one = np.eye(n)
    generator = -1j * (np.kron(H, one) - np.kron(one, H.T))
    for jump in jumps:
        square = jump.conj().T @ jump
        generator = generator + np.kron(jump, jump.conj()) - (np.kron(square, one) + np.kron(one, square.T)) / 2
    return np.array([(expm(generator * t) @ rho0.ravel()).reshape(n, n) for t in times])


def trace_distances(a, b):
    return np.abs(np.linalg.eigvalsh(a - b)).sum(axis=-1) / 2


def purities(states):
    return np.einsum("...ij,...ji->...", states, states).real


LADDER = np.diag([1.0, 0.0, -1.0]).astype(complex)
LADDER_DRIVE = np.array([[0, 1, 0], [1, 0, math.sqrt(2)], [0, math.sqrt(2), 0]], dtype=complex)
ENSEMBLES = {
    "published parameters": (math.pi * SX, [], [SZ / math.sqrt(2)], 0.4),
    "eta 0.1": (math.pi * SX, [], [SZ / math.sqrt(2)], 0.1),
    "eta 1": (math.pi * SX, [], [SZ / math.sqrt(2)], 1.0),
    "unmonitored decay": (math.pi * SX, [LOWER / math.sqrt(5)], [SZ / math.sqrt(2)], 0.4),
    "three levels": (math.pi / 2 * LADDER_DRIVE, [], [LADDER / math.sqrt(2)], 0.4),
    "tilted axis": (math.pi * SX, [LOWER / math.sqrt(5)], [(SZ + SX) / 2], 0.7),
    "two commuting channels": (math.pi / 2 * LADDER_DRIVE, [], [LADDER / 2, LADDER @ LADDER / 2], [1.0, 0.5]),
}


@pytest.mark.parametrize("method", ["bayes-strang", "rouchon"])
@pytest.mark.parametrize("name", ENSEMBLES)
def test_ensemble_of_trajectories_is_the_lindblad_state(name, method):
    H, c_ops, sc_ops, eta = ENSEMBLES[name]
    rho0 = np.zeros_like(H)
    rho0[0, 0] = 1
    watched = sc_ops[0] / np.abs(sc_ops[0]).max()
    times = np.linspace(0.0, 1.0, 5)
    seed = 20
    result = smesolve(
        H, rho0, times, c_ops, sc_ops, e_ops=[watched], eta=eta, ntraj=20_000, seeds=seed, dt=0.01, method=method
    )
    exact = lindblad_states(H, [*c_ops, *sc_ops], rho0, times)
    expected = np.einsum("ij,tji->t", watched, exact).real
    allowed = 4 * result.standard_errors[0] + 2 * result.stats["weak_error"] + 1e-12
    assert (np.abs(result.average_expect[0] - expected) <= allowed).all(), f"seed {seed}"


def test_ensemble_reproduces_the_published_mean():
    seed = 3
    result = smesolve(
        math.pi * SX,
        GROUND,
        [0.0, 1.0],
        sc_ops=[SZ / math.sqrt(2)],
        e_ops=[SZ],
        eta=0.4,
        ntraj=40_000,
        seeds=seed,
        dt=0.01,
    )
    exact = lindblad_states(math.pi * SX, [SZ / math.sqrt(2)], np.diag([1, 0]), [1.0])[0]
    assert np.trace(SZ @ exact).real == pytest.approx(0.605445508, abs=1e-9)
    assert abs(result.average_expect[0, -1] - 0.605445508) < 4 * result.standard_errors[0, -1], f"seed {seed}"


def test_watched_qubit_freezes_at_the_zeno_rate():
    omega, gamma, seed = 0.2, 2.0, 5
    times = np.array([0.0, 10.0, 60.0])
    result = smesolve(
        omega / 2 * SX, GROUND, times, sc_ops=[math.sqrt(gamma / 2) * SZ], e_ops=[SZ], ntraj=40_000, seeds=seed, dt=0.1
    )
    # Both decay exponentials; the fast one, exp(-2 * 10), is gone after the first interval.
    rate = math.log(result.average_expect[0, 1] / result.average_expect[0, 2]) / 50
    expected = gamma / 2 - math.sqrt(gamma**2 / 4 - omega**2)
    assert expected == pytest.approx(0.0202041028867, abs=1e-12)
    relative_error = result.standard_errors[0, 1:] / result.average_expect[0, 1:]
    assert abs(rate - expected) < 4 * math.hypot(*relative_error) / 50 + 0.002 * expected, f"seed {seed}"
    assert abs(rate / expected - 1) < 0.06, f"seed {seed}"


@pytest.mark.parametrize("dt", [1e-3, 0.1, 1.0, 30.0])
def test_fully_watched_pure_states_stay_pure(dt):
    times = np.linspace(0, 64 * dt, 65)
    result = smesolve(
        math.pi * SX + 0.3 * SY, PLUS, times, sc_ops=[SZ / math.sqrt(2)], ntraj=32, seeds=1, dt=dt, store_states=True
    )
    assert purities(result.runs_states).min() > 1 - 1e-12


def test_purity_survives_8192_steps():
    times = np.linspace(0, 1, 8193)
    result = smesolve(
        math.pi * SX, GROUND, times, sc_ops=[SZ / math.sqrt(2)], ntraj=8, seeds=2, dt=1, store_states=True
    )
    assert purities(result.runs_states).min() > 1 - 1e-12


@pytest.mark.parametrize("dt", [0.01, 1.0])
@pytest.mark.parametrize("method", ["bayes-strang", "rouchon"])
def test_partly_watched_states_stay_states(dt, method):
    times = np.linspace(0, 50 * dt, 51)
    result = smesolve(
        math.pi * SX,
        PLUS,
        times,
        [LOWER],
        [SZ / math.sqrt(2)],
        eta=0.3,
        ntraj=64,
        seeds=3,
        dt=dt,
        method=method,
        store_states=True,
    )
    assert np.linalg.eigvalsh(result.runs_states).min() >= -1e-15
    assert purities(result.runs_states).max() <= 1 + 1e-12
    assert np.abs(np.trace(result.runs_states, axis1=-2, axis2=-1) - 1).max() < 1e-12


def test_one_update_equals_many_on_the_same_total_record():
    rho0 = np.array([[0.7, 0.3 - 0.1j], [0.3 + 0.1j, 0.3]])
    record = np.random.default_rng(4).normal(0.5, 2.0, size=64)
    L = [math.sqrt(0.5) * SZ]
    many = filter_record(record, 0 * SZ, rho0, np.linspace(0, 1.7, 65), sc_ops=L, eta=0.6, keep_states="final")
    once = filter_record([record.mean()], 0 * SZ, rho0, [0.0, 1.7], sc_ops=L, eta=0.6, keep_states="final")
    assert np.abs(many.states - once.states).max() < 1e-13


def test_update_is_bayes_formula():
    rho0 = np.array([[0.7, 0.3 - 0.1j], [0.3 + 0.1j, 0.3]])
    gamma, eta, T, J = 0.8, 0.6, 0.9, 1.3
    found = filter_record([J], 0 * SZ, rho0, [0, T], sc_ops=[math.sqrt(gamma / 2) * SZ], eta=eta, keep_states="final")
    tau = 1 / (2 * eta * gamma)
    r = J * math.sqrt(tau)
    likelihood = [math.exp(-((r - s) ** 2) * T / (2 * tau)) for s in (1, -1)]
    p0 = 0.7 * likelihood[0]
    p1 = 0.3 * likelihood[1]
    ground, excited = p0 / (p0 + p1), p1 / (p0 + p1)
    coherence = rho0[0, 1] * math.sqrt(ground * excited / (0.7 * 0.3)) * math.exp(-(1 - eta) * gamma * T)
    assert np.abs(found.states[0] - [[ground, coherence], [coherence.conjugate(), excited]]).max() < 1e-14
    noise = math.exp(-(r**2) * T / (2 * tau))
    assert found.log_likelihood == pytest.approx(math.log((p0 + p1) / noise), abs=1e-13)


def test_records_follow_the_mixture_of_two_gaussians():
    seed, tau, T, p0 = 6, 0.5, 0.8, 0.3
    rho0 = np.diag([p0, 1 - p0])
    records = smesolve(0 * SZ, rho0, [0, T], sc_ops=[math.sqrt(0.5) * SZ], ntraj=20_000, seeds=seed).measurement.ravel()
    r = records * math.sqrt(tau / 0.5 * 0.5)
    width = math.sqrt(tau / T)

    def below(x):
        return 0.5 * (p0 * erfc((1 - x) / width / math.sqrt(2)) + (1 - p0) * erfc((-1 - x) / width / math.sqrt(2)))

    assert ks_1samp(r, below).pvalue > 1e-3, f"seed {seed}"


def test_records_remember_the_level_and_nothing_else():
    seed, tau = 7, 0.5
    times = np.linspace(0, 1, 21)
    records = smesolve(0 * SZ, PLUS, times, sc_ops=[math.sqrt(0.5) * SZ], ntraj=20_000, seeds=seed).measurement[:, 0]
    r = records * math.sqrt(tau)
    products = np.einsum("si,sj->ij", r, r) / len(r)
    off_diagonal = products[~np.eye(20, dtype=bool)]
    deviation = (1 + tau * 20) / math.sqrt(len(r))
    assert np.abs(off_diagonal - 1).max() < 5 * deviation, f"seed {seed}"
    assert np.abs(np.diag(products) - (1 + tau * 20)).max() < 5 * math.sqrt(2) * deviation, f"seed {seed}"


@pytest.mark.parametrize(("s", "impurity"), [(0.5, 0.324943), (1, 0.224800), (2, 0.115509), (4, 0.034299)])
def test_watching_alone_purifies_at_the_qnd_rate(s, impurity):
    seed = 8
    # tau_m = 1 / (2 Gamma) = 1 µs
    result = smesolve(
        0 * SZ, np.eye(2) / 2, [0.0, s], sc_ops=[math.sqrt(0.25) * SZ], ntraj=40_000, seeds=seed, keep_runs_results=True
    )
    sampled = 1 - purities(result.runs_final_states)
    assert abs(sampled.mean() - impurity) < 4 * sampled.std() / math.sqrt(len(sampled)) + 1e-6, f"seed {seed}"


def test_feedback_to_the_equator_purifies_faster_and_without_chance():
    # Jacobs, PRA 67, 030301(R) (2003): impurity exp(-s) / 2. After every step a rotation returns the vector to x.
    s, steps = 2.0, 2000
    length = 0.0
    for step in range(steps):
        state = (np.eye(2) + length * SX) / 2
        result = smesolve(
            0 * SZ,
            state,
            [0, s / steps],
            sc_ops=[math.sqrt(0.25) * SZ],
            ntraj=1,
            seeds=step,
            keep_runs_results=True,
            error_estimate=False,
            progress=False,
        )
        length = math.sqrt(2 * purities(result.runs_final_states[0]) - 1)
    # dW^2 instead of dt leaves a deviation of order impurity * sqrt(2 s * s / steps).
    assert (1 - length**2) / 2 == pytest.approx(0.067668, rel=4 * math.sqrt(2 * s * s / steps) / 2)


def fine_records(qubit, fine, ntraj, seed):
    times = np.linspace(0, 1, fine + 1)
    result = smesolve(
        qubit.H,
        GROUND,
        times,
        qubit.c_ops,
        qubit.sc_ops,
        eta=qubit.efficiency,
        ntraj=ntraj,
        seeds=seed,
        dt=1.0,
        keep_runs_results=True,
    )
    return result.measurement[:, 0], result.runs_final_states


def coarse(records, bins):
    return records.reshape(len(records), bins, -1).mean(axis=2)


@pytest.mark.parametrize("method", ["bayes-strang", "rouchon"])
def test_conditioned_states_come_as_close_as_published(method):
    # Omega = 2 pi, Gamma = 1, eta = 1, T = 1: mean trace distance from the state that saw 8192 bins.
    published = {
        "bayes-strang": {128: 3.9e-3, 32: 1.5e-2, 8: 6.0e-2},
        "rouchon": {128: 4.6e-3, 32: 1.7e-2, 8: 7.0e-2},
    }[method]
    seed = 9
    qubit = MonitoredQubit(rabi_khz=1000.0)
    records, states = fine_records(qubit, 8192, 400, seed)
    for bins, expected in published.items():
        found = filter_record(
            coarse(records, bins),
            qubit,
            GROUND,
            np.linspace(0, 1, bins + 1),
            method=method,
            dt=1 / bins,
            keep_states="final",
        )
        distance = trace_distances(found.states[:, 0], states).mean()
        assert distance < 1.25 * expected, f"{bins} bins, seed {seed}"


def test_bayes_strang_beats_rouchon_and_euler_leaves_the_states():
    seed = 10
    qubit = MonitoredQubit(rabi_khz=1000.0)
    records, states = fine_records(qubit, 8192, 200, seed)
    for bins in (2048, 512, 128, 32, 8):
        edges = np.linspace(0, 1, bins + 1)
        distances = {}
        for method in ("bayes-strang", "rouchon"):
            found = filter_record(
                coarse(records, bins), qubit, GROUND, edges, method=method, dt=1 / bins, keep_states="final"
            )
            distances[method] = trace_distances(found.states[:, 0], states).mean()
        assert distances["bayes-strang"] < distances["rouchon"], f"{bins} bins, seed {seed}"
        with pytest.raises(ArithmeticError, match=r"eigenvalue|overflowed"):
            filter_record(coarse(records, bins), qubit, GROUND, edges, method="euler", dt=1 / bins)


# Slopes of log2(distance) per halving of the step, measured between 32 and 256 steps with a margin of 0.25 for chance.
STRONG_ORDERS = {"bayes-strang": 1.0, "rouchon": 1.0, "platen": 1.0, "milstein": 1.0, "euler": 0.5}


@pytest.mark.parametrize("method", STRONG_ORDERS)
def test_refining_common_noise_converges_at_the_strong_order(method):
    seed = 11
    qubit = MonitoredQubit(rabi_khz=200.0, gamma_per_us=0.5, efficiency=0.5, t1_us=5.0)
    start = np.array([[0.6, 0.2], [0.2, 0.4]])
    times = np.linspace(0, 1, 4097)
    result = smesolve(
        qubit.H, start, times, qubit.c_ops, qubit.sc_ops, eta=0.5, ntraj=400, seeds=seed, dt=1.0, keep_runs_results=True
    )
    distances = []
    for bins in (32, 64, 128, 256):
        found = filter_record(
            coarse(result.measurement[:, 0], bins),
            qubit,
            start,
            np.linspace(0, 1, bins + 1),
            method=method,
            dt=1 / bins,
            keep_states="final",
        )
        distances.append(trace_distances(found.states[:, 0], result.runs_final_states).mean())
    slope = -np.polyfit(np.log2([32, 64, 128, 256]), np.log2(distances), 1)[0]
    assert slope > STRONG_ORDERS[method] - 0.15, f"seed {seed}, distances {distances}"


@pytest.mark.parametrize("eta", [0.1, 1.0])
def test_bayes_strang_has_weak_order_two(eta):
    errors = []
    for steps in (8, 16, 32):
        result = smesolve(
            math.pi * SX, GROUND, [0, 1], [LOWER / 2], [SZ / math.sqrt(2)], eta=eta, ntraj=1, seeds=1, dt=1 / steps
        )
        errors.append(result.stats["weak_error"])
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.05)
    assert errors[1] / errors[2] == pytest.approx(4, rel=0.05)


def test_weak_error_is_what_sampling_converges_to():
    seed = 12
    result = smesolve(
        math.pi * SX,
        GROUND,
        [0, 1],
        sc_ops=[SZ / math.sqrt(2)],
        e_ops=[SZ, SX, SY],
        ntraj=100_000,
        seeds=seed,
        dt=1 / 2,
    )
    exact = lindblad_states(math.pi * SX, [SZ / math.sqrt(2)], np.diag([1, 0]), [1.0])[0]
    distance = trace_distances(result.average_states[-1], exact)
    noise = 4 * np.linalg.norm(result.standard_errors[:, -1]) / 2
    assert result.stats["weak_error"] > 2 * noise
    assert abs(distance - result.stats["weak_error"]) < noise, f"seed {seed}"


def test_posterior_from_trajectories_is_calibrated():
    # 200 qubits with detunings drawn from the prior: the truth's place in its posterior must be uniform.
    rng = np.random.default_rng(13)
    grid = np.linspace(-200.0, 200.0, 41)
    edges = np.linspace(0, 6.0, 121)
    places, covered = [], 0
    for k in range(200):
        truth = rng.choice(grid)
        qubit = MonitoredQubit(detuning_khz=truth, rabi_khz=300.0, gamma_per_us=0.8, efficiency=0.7, t1_us=20.0)
        record = smesolve(
            qubit.H, GROUND, edges, qubit.c_ops, qubit.sc_ops, eta=0.7, ntraj=1, seeds=k, dt=1.0, error_estimate=False
        ).measurement[0, 0]
        posterior = filter_record(record, qubit, GROUND, edges, parameters={"detuning_khz": grid}).posterior
        below = posterior[grid < truth].sum()
        at = posterior[grid == truth].sum()
        places.append(below + rng.uniform() * at)
        covered += 0.025 < places[-1] < 0.975
    assert kstest(places, "uniform").pvalue > 1e-3, "seed 13"
    assert abs(covered / 200 - 0.95) < 4 * math.sqrt(0.95 * 0.05 / 200), "seed 13"
