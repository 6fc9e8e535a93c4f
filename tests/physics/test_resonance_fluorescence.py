"""A driven, decaying two-level atom: what its light shows. Closed forms of Mollow and of Carmichael and Walls."""

import math

import numpy as np
import pytest

import synqc

DECAY, RABI = 1.0, 3.0
LOWER = np.array([[0, 1], [0, 0]], complex)  # |g><e|
RAISE = LOWER.T
H = RABI / 2 * (LOWER + RAISE)
C = math.sqrt(DECAY) * LOWER
MU = math.sqrt(RABI**2 - DECAY**2 / 16)  # where the side bands lie

# Of the steady state.
EXCITED = RABI**2 / (DECAY**2 + 2 * RABI**2)
DIPOLE = -1j * RABI * DECAY / (DECAY**2 + 2 * RABI**2)  # <|g><e|>
STEADY = np.array([[1 - EXCITED, DIPOLE.conjugate()], [DIPOLE, EXCITED]])

LAGS = np.linspace(0.0, 8.0, 161)


def evolved(operator, observable):
    """tr(observable exp(L tau) operator), the regression theorem, by the door."""
    return synqc.mesolve(H, operator, LAGS, [C], e_ops=[observable], atol=1e-12, rtol=1e-10).expect[0]


def test_the_steady_state_is_the_closed_one():
    result = synqc.mesolve(H, np.diag([1.0, 0.0]).astype(complex), [0.0, 60.0], [C], store_states=True, atol=1e-12)
    np.testing.assert_allclose(result.states[-1], STEADY, atol=1e-9)


def test_light_is_antibunched_as_carmichael_and_walls_say():
    after_a_photon = LOWER @ STEADY @ RAISE / EXCITED
    g2 = np.real(evolved(after_a_photon, RAISE @ LOWER)) / EXCITED
    envelope = np.exp(-0.75 * DECAY * LAGS)
    closed = 1 - envelope * (np.cos(MU * LAGS) + 0.75 * DECAY / MU * np.sin(MU * LAGS))
    np.testing.assert_allclose(g2, closed, atol=1e-8)
    assert abs(g2[0]) < 1e-12
    assert g2.max() > 1.4  # and bunched half a Rabi period later


def test_the_spectrum_is_mollows_triplet():
    correlation = evolved(LOWER @ STEADY, RAISE)
    side = np.exp(-0.75 * DECAY * LAGS)
    lines = np.stack(
        [np.ones_like(LAGS), np.exp(-0.5 * DECAY * LAGS), side * np.cos(MU * LAGS), side * np.sin(MU * LAGS)], axis=1
    )
    parts, *_ = np.linalg.lstsq(lines, correlation, rcond=None)
    # A centre line half as wide as the atom's, side bands of three quarters at the Rabi frequency, and nothing else.
    np.testing.assert_allclose(lines @ parts, correlation, atol=1e-8)
    coherent, centre, bands, _ = parts
    assert coherent == pytest.approx(abs(DIPOLE) ** 2, abs=1e-7)
    assert centre == pytest.approx(EXCITED / 2, abs=1e-7)
    assert bands == pytest.approx(EXCITED / 2 - abs(DIPOLE) ** 2, abs=1e-7)


def test_a_homodyne_record_is_correlated_as_the_regression_theorem_says(seed):
    width, bins, most = 0.1, 64, 16
    records = synqc.smesolve(
        H, STEADY, width * np.arange(bins + 1), sc_ops=[C], ntraj=4000, seeds=seed, method="rouchon", dt=width / 10
    ).measurement[:, 0]
    for lag in range(1, most):
        products = (records[:, : bins - most] * records[:, lag : bins - most + lag]).mean(axis=1)
        # The quadrature in phase with the drive shows the centre line alone; a bin averages over its width.
        averaged = (math.sinh(DECAY * width / 4) / (DECAY * width / 4)) ** 2
        closed = 2 * DECAY * EXCITED * math.exp(-DECAY * width * lag / 2) * averaged
        error = products.std(ddof=1) / math.sqrt(len(products))
        # Rouchon and Ralph's steps are of weak order 1: less than half a percent here.
        assert abs(products.mean() - closed) < 5 * error + 0.005 * closed, f"lag {lag}, seed {seed}"
