"""Closed forms that every solution of a master equation must reproduce."""

import numpy as np
import pytest

from synqc.lab.mesolve import mesolve

LOWER = np.array([[0, 1], [0, 0]], complex)
X = np.array([[0, 1], [1, 0]], complex)
Y = np.array([[0, -1j], [1j, 0]])
Z = np.diag([1, -1]).astype(complex)
GROUND, EXCITED = np.diag([1, 0]).astype(complex), np.diag([0, 1]).astype(complex)

OMEGA, T1, T2 = 2 * np.pi * 0.05, 50.0, 30.0
METHODS = ["expm", "taylor", "cf4", "dopri5"]


def jumps(t1, t2):
    return [LOWER / np.sqrt(t1), Z * np.sqrt((1 / t2 - 1 / (2 * t1)) / 2)]


@pytest.mark.parametrize("method", METHODS)
def test_damped_rabi_has_the_closed_form(method):
    # Case 1; to 1e-9 at every time, and the three published values.
    times = np.linspace(0.0, 100.0, 101)
    result = mesolve(OMEGA / 2 * X, GROUND, times, jumps(T1, T2), e_ops=[EXCITED], method=method, atol=1e-10, rtol=0)
    g = (1 / T1 + 1 / T2) / 2
    w = np.sqrt(OMEGA**2 - (1 / T2 - 1 / T1) ** 2 / 4)
    steady = 1 / (1 + OMEGA**2 * T1 * T2)
    closed = steady + np.exp(-g * times) * ((1 - steady) * (np.cos(w * times) + g / w * np.sin(w * times)))
    assert np.abs(result.expect[0] - (1 - closed) / 2).max() < 1e-9
    assert result.expect[0][[10, 25]] == pytest.approx([0.8770170445787, 0.4745455809659], abs=1e-9)
    assert result.expect[0][100] == pytest.approx(0.4621582489, abs=1e-9)


@pytest.mark.parametrize(("detuning", "population"), [(0.0, 0.496645287442), (2 * np.pi * 0.02, 0.453409973528)])
def test_rabi_settles_to_the_saturation_formula(detuning, population):
    # Case 2.
    H = detuning * EXCITED + OMEGA / 2 * X
    result = mesolve(H, GROUND, [0.0, 2000.0], jumps(T1, T2), e_ops=[EXCITED])
    saturation = OMEGA**2 * T1 * T2
    assert result.expect[0][-1] == pytest.approx(saturation / (1 + detuning**2 * T2**2 + saturation) / 2, abs=1e-9)
    assert result.expect[0][-1] == pytest.approx(population, abs=1e-9)


@pytest.mark.parametrize("method", METHODS)
def test_excited_population_falls_by_e_in_t1(method):
    # Case 3.
    result = mesolve(
        np.zeros((2, 2)), EXCITED, [0.0, T1], [LOWER / np.sqrt(T1)], e_ops=[EXCITED], method=method, atol=1e-12, rtol=0
    )
    assert result.expect[0][-1] == pytest.approx(np.exp(-1), abs=1e-12)


def test_coherent_state_in_a_cavity_spirals_in():
    # Case 12: alpha(t) = alpha0 exp(-i delta t - kappa t / 2).
    n, amplitude, rate = 8, 0.5, 2 * np.pi
    a = np.diag(np.sqrt(np.arange(1, n)), 1).astype(complex)

    def coherent(alpha):
        ket = np.exp(-(abs(alpha) ** 2) / 2) * np.cumprod(np.concatenate([[1], alpha / np.sqrt(np.arange(1, n))]))
        return ket / np.linalg.norm(ket)

    times = np.linspace(0.0, 0.3, 11)
    start = coherent(amplitude + 0j)
    result = mesolve(
        rate * a.conj().T @ a, np.outer(start, start.conj()), times, [np.sqrt(rate) * a], e_ops=[a], store_states=True
    )
    alphas = amplitude * np.exp(-1j * rate * times - rate * times / 2)
    for alpha, state in zip(alphas, result.states, strict=True):
        assert np.abs(state - np.outer(coherent(alpha), coherent(alpha).conj())).max() < 1e-3
    assert np.allclose(result.expect[0], alphas, rtol=1e-3)


@pytest.mark.parametrize("method", ["taylor", "cf4", "dopri5"])
def test_driven_dephasing_qubit_has_the_closed_form(method):
    # Case 13: H = eps cos(w t) sx, L = sqrt(gamma) sx.
    eps, w, gamma = 3.0, 10.0, 1.0
    times = np.linspace(0.0, 1.0, 51)
    H = [[X, lambda t: eps * np.cos(w * t)]]
    result = mesolve(H, GROUND, times, [np.sqrt(gamma) * X], e_ops=[Z, Y], method=method, atol=1e-9, rtol=0)
    theta = 2 * eps / w * np.sin(w * times)
    assert np.abs(result.expect[0] - np.exp(-2 * gamma * times) * np.cos(theta)).max() < 1e-8
    assert np.abs(result.expect[1] + np.exp(-2 * gamma * times) * np.sin(theta)).max() < 1e-8


def test_strong_measurement_freezes_the_turn_at_the_zeno_rate():
    # Case 18: slow rate Gamma/2 - sqrt(Gamma^2/4 - Omega^2) of z; after 40 the fast one has died out.
    omega, gamma = 0.2, 2.0
    result = mesolve(omega / 2 * X, GROUND, [0.0, 40.0, 60.0], [np.sqrt(gamma / 2) * Z], e_ops=[Z])
    rate = -np.log(result.expect[0][2] / result.expect[0][1]) / 20
    assert rate == pytest.approx(gamma / 2 - np.sqrt(gamma**2 / 4 - omega**2), abs=1e-10)
    assert rate == pytest.approx(0.0202041028867, abs=1e-10)


@pytest.mark.parametrize(("gamma", "oscillates"), [(0.39, True), (0.41, False)])
def test_measured_turn_oscillates_below_twice_the_rabi_rate_only(gamma, oscillates):
    result = mesolve(0.1 * X, GROUND, np.linspace(0, 300, 3001), [np.sqrt(gamma / 2) * Z], e_ops=[Z])
    assert (result.expect[0].min() < -1e-14) == oscillates


@pytest.mark.parametrize(("method", "order"), [("cf4", 4), ("dopri5", 5)])
def test_integrators_have_their_order(method, order):
    # One drive, steps held by max_step alone, no longer than what the drive's own pieces allow (2 / 16): the
    # error falls with the promised power of the step.
    H, start = [0.7 * Z, [X, lambda t: np.sin(3 * t)]], GROUND
    exact = mesolve(H, start, [0.0, 2.0], atol=1e-13, rtol=0).final_state
    steps = np.array([2 / 16, 2 / 24, 2 / 36])
    errors = [
        np.abs(mesolve(H, start, [0.0, 2.0], method=method, max_step=h, atol=1.0, rtol=0).final_state - exact).max()
        for h in steps
    ]
    slopes = np.diff(np.log(errors)) / np.diff(np.log(steps))
    assert slopes.min() > order - 0.4
