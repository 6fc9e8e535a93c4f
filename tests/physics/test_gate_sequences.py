"""Textbook sequences of gates: the AllXY staircase with its error signatures, and randomised benchmarking."""

from functools import reduce

import numpy as np
import pytest

from synqc.lab.mesolve import mesolve

LOWER = np.array([[0, 1], [0, 0]], complex)
X = np.array([[0, 1], [1, 0]], complex)
Y = np.array([[0, -1j], [1j, 0]])
Z = np.diag([1, -1]).astype(complex)
GROUND = np.diag([1, 0]).astype(complex)

# Reed, PhD thesis (Yale 2013): I, X180, Y180, x90, y90 in the order of rising population.
PAIRS = (
    *("II", "XX", "YY", "XY", "YX"),
    *("xI", "yI", "xy", "yx", "xY", "yX", "Xy", "Yx", "xX", "Xx", "yY", "Yy"),
    *("XI", "YI", "xx", "yy"),
)
STAIRCASE = np.array([0.0] * 5 + [0.5] * 12 + [1.0] * 4)
TURNS = {
    "I": (0.0, 0.0),
    "X": (np.pi, 0.0),
    "Y": (np.pi, np.pi / 2),
    "x": (np.pi / 2, 0.0),
    "y": (np.pi / 2, np.pi / 2),
}
GATE = 0.02  # µs


def pulse(state, turn, *, amplitude_error=0.0, detuning=0.0, c_ops=()):
    """A raised-cosine pulse of area `angle` about the axis, on a density matrix."""
    angle, axis = turn
    height = angle * (1 + amplitude_error) / GATE
    generator = np.cos(axis) * X + np.sin(axis) * Y
    H = [detuning * np.diag([0, 1]), [generator / 2, lambda t: height * (1 - np.cos(2 * np.pi * t / GATE))]]
    return mesolve(H, state, [0.0, GATE], c_ops, atol=1e-11, rtol=0).final_state


def staircase(**errors):
    states = (reduce(lambda rho, name: pulse(rho, TURNS[name], **errors), pair, GROUND) for pair in PAIRS)
    return np.array([state[1, 1].real for state in states])


def test_ideal_staircase_has_three_steps():
    # Case 40: 5 at 0, 12 at 1/2, 4 at 1.
    assert np.abs(staircase() - STAIRCASE).max() < 1e-9


def test_amplitude_error_lifts_the_pairs_of_quarter_turns():
    # xx and yy turn by pi (1 + d): sin^2; a quarter turn alone by sin^2(pi (1 + d) / 4); XX by 2 pi (1 + d).
    d = 0.05
    found = dict(zip(PAIRS, staircase(amplitude_error=d), strict=True))
    assert found["xx"] == pytest.approx(np.sin(np.pi * (1 + d) / 2) ** 2, abs=1e-9)
    assert found["XX"] == pytest.approx(np.sin(np.pi * (1 + d)) ** 2, abs=1e-9)
    for single in ("xI", "yI"):
        assert found[single] == pytest.approx(np.sin(np.pi * (1 + d) / 4) ** 2, abs=1e-9)
    # Three quarter turns about one axis: an over-rotation of xX lowers what it raises in xI.
    assert found["xI"] > 0.5 > found["xX"]


def test_detuning_splits_the_pairs_about_two_axes_by_its_sign():
    # xy and yx move apart, and change places with the sign of the detuning.
    above = dict(zip(PAIRS, staircase(detuning=2 * np.pi * 1.0), strict=True))
    below = dict(zip(PAIRS, staircase(detuning=-2 * np.pi * 1.0), strict=True))
    assert (above["xy"] - 0.5) * (above["yx"] - 0.5) < 0
    assert (above["xy"] - 0.5) * (below["xy"] - 0.5) < 0
    assert above["xy"] == pytest.approx(below["yx"], abs=1e-9)
    # A static detuning costs the pair xI only in second order.
    assert abs(above["xI"] - 0.5) < 0.1 * abs(above["xy"] - 0.5)


def test_phase_error_of_the_drive_shows_the_same_signs_as_a_detuning():
    # Third level, no DRAG: the Stark shift of the drive acts like a detuning; DRAG with beta = 1/2 takes it away.
    alpha = -2 * np.pi * 300
    b = np.diag([1, np.sqrt(2)], 1).astype(complex)
    ladder = alpha / 2 * b.T @ b.T @ b @ b

    def two_gates(names, beta):
        state = np.diag([1, 0, 0]).astype(complex)
        for angle, axis in (TURNS[name] for name in names):
            shape = lambda t, a=angle: a / GATE * (1 - np.cos(2 * np.pi * t / GATE))  # noqa: E731
            slope = lambda t, a=angle: a / GATE * 2 * np.pi / GATE * np.sin(2 * np.pi * t / GATE)  # noqa: E731
            raising = lambda t, f=shape, s=slope, p=axis: (f(t) - 1j * beta * s(t) / alpha) * np.exp(1j * p) / 2  # noqa: E731
            H = [ladder, [b.T, raising], [b, lambda t, r=raising: np.conj(r(t))]]
            state = mesolve(H, state, [0.0, GATE], atol=1e-10, rtol=0).final_state
        return state[1, 1].real

    without = {pair: two_gates(pair, 0.0) - 0.5 for pair in ("xy", "yx")}
    assert without["xy"] * without["yx"] < 0
    assert min(abs(value) for value in without.values()) > 0.01
    assert abs(two_gates("xy", 0.5) - 0.5) < 0.1 * abs(without["xy"])
    assert (two_gates("xy", 1.0) - 0.5) * without["xy"] < 0


def liouvillian_map(turn, c_ops):
    """The gate as a 4 x 4 superoperator (row-stacking), from its images of four states."""
    plus, circular = np.full((2, 2), 0.5, complex), np.array([[0.5, -0.5j], [0.5j, 0.5]])
    zero, one, plus_image, circular_image = (
        pulse(state, turn, c_ops=c_ops).ravel() for state in (GROUND, np.diag([0, 1]).astype(complex), plus, circular)
    )
    mixed = (zero + one) / 2
    real, imaginary = plus_image - mixed, circular_image - mixed
    # |0><1| = (sx + i sy) / 2 and sx / 2 -> real, sy / 2 -> imaginary.
    return np.stack([zero, real + 1j * imaginary, real - 1j * imaginary, one], axis=1)


def test_randomised_benchmarking_decays_by_the_average_fidelity():
    # Case 40: one and the same noise behind every Clifford; survival = A p^m + B with p = 2 F_avg - 1.
    seed = 20240229
    random = np.random.default_rng(seed)
    noise = liouvillian_map((0.0, 0.0), [LOWER / np.sqrt(3.0), Z / np.sqrt(2 * 4.0)])
    turns = {name: _rotation(*TURNS[name]) for name in "xy"}
    cliffords = _group_generated_by(list(turns.values()))
    assert len(cliffords) == 24
    fidelity = (np.trace(noise).real + 2) / 6
    lengths, sequences = np.array([1, 20, 60, 120, 240]), 60
    survival = []
    for length in lengths:
        values = []
        for _ in range(sequences):
            total, state = np.eye(2), GROUND.ravel()
            for k in random.integers(24, size=length):
                total = cliffords[k] @ total
                state = noise @ np.kron(cliffords[k], cliffords[k].conj()) @ state
            back = total.conj().T
            state = noise @ np.kron(back, back.conj()) @ state
            values.append(state[0].real)
        survival.append(values)
    means, errors = np.mean(survival, axis=1), np.std(survival, axis=1) / np.sqrt(sequences)
    decay = (2 * fidelity - 1) ** lengths
    design = np.stack([decay, np.ones_like(decay)], axis=1) / errors[:, None]
    fit, *_ = np.linalg.lstsq(design, means / errors, rcond=None)
    residuals = (means - fit[0] * decay - fit[1]) / errors
    assert np.abs(residuals).max() < 4, f"seed {seed}: residuals {residuals}"
    # A fitted decay agrees with the process matrix: scan p for the least squares.
    candidates = 1 - (1 - (2 * fidelity - 1)) * np.linspace(0.9, 1.1, 401)
    costs = [_cost(p, lengths, means, errors) for p in candidates]
    best = candidates[int(np.argmin(costs))]
    inside = candidates[np.array(costs) < min(costs) + 16]
    assert inside.min() <= 2 * fidelity - 1 <= inside.max(), f"seed {seed}: fitted {best}, expected {2 * fidelity - 1}"


def _cost(p, lengths, means, errors):
    design = np.stack([p**lengths, np.ones(len(lengths))], axis=1) / errors[:, None]
    fit, *_ = np.linalg.lstsq(design, means / errors, rcond=None)
    return float(((design @ fit - means / errors) ** 2).sum())


def _rotation(angle, axis):
    return np.cos(angle / 2) * np.eye(2) - 1j * np.sin(angle / 2) * (np.cos(axis) * X + np.sin(axis) * Y)


def _group_generated_by(generators):
    """All products up to a phase."""
    found = [np.eye(2, dtype=complex)]
    for element, generator in ((e, g) for e in found for g in generators):
        product = generator @ element
        if not any(abs(abs(np.trace(product.conj().T @ other)) - 2) < 1e-9 for other in found):
            found.append(product)
    return found
