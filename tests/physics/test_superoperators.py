"""mesolve under superoperators that depend on time."""

import itertools
import math

import numpy as np
import pytest
import qutip
import scipy.integrate

import synqc
from synqc.errors import InputError, ResolutionWarning, ShapeError

SX, SY, SZ = qutip.sigmax(), qutip.sigmay(), qutip.sigmaz()
LOWER = qutip.Qobj([[0, 1], [0, 0]])
EXCITED = qutip.basis(2, 1)
PROMISE = 1.01e-6
TIMES = np.linspace(0, 3, 7)

RATES = {
    "smooth": lambda t: 0.4 + 0.3 * np.sin(5 * t),
    "jump": lambda t: 0.2 if t < 1.375 else 0.9,
    "jump at an odd place": lambda t: 0.2 if t < 1.3713 else 0.9,
    "kink": lambda t: abs(t - 1.1),
    "window": lambda t: 1.0 if 0.75 <= t < 2.25 else 0.0,
    "sample and hold": lambda t: [0.3, 1.1, 0.0, 0.8, 0.5, 0.2, 0.2][min(int(2 * t), 6)],
    "oscillation": lambda t: 0.5 + 0.5 * math.cos(60 * t),
}


def decay(rate_operator=LOWER):
    return qutip.lindblad_dissipator(rate_operator)


def integral(function, end):
    edges = {*np.arange(0, end, 0.0125).tolist(), 1.1, 1.3713, end}
    pairs = itertools.pairwise(sorted(edge for edge in edges if edge <= end))
    return sum(scipy.integrate.fixed_quad(np.vectorize(function), a, b, n=8)[0] for a, b in pairs)


@pytest.mark.parametrize("shape", RATES)
@pytest.mark.parametrize("form", ["list", "callable", "QobjEvo", "QobjEvo of a function", "c_ops", "dopri5"])
def test_decay_at_a_rate_that_varies_is_the_integral_of_the_rate(form, shape):
    rate = RATES[shape]
    hamiltonian = 0.7 * qutip.liouvillian(SZ)
    parts = [hamiltonian, [decay(), rate]]
    given, c_ops, options = parts, [], {}
    if form == "callable":
        given = lambda t: hamiltonian + rate(t) * decay()  # noqa: E731
    elif form == "QobjEvo":
        given = qutip.QobjEvo(parts)
    elif form == "QobjEvo of a function":
        given = qutip.QobjEvo(lambda t: hamiltonian + rate(t) * decay())
    elif form == "c_ops":
        given, c_ops = 0.7 * SZ, [[decay(), rate]]
    elif form == "dopri5":
        options = {"method": "dopri5"}
    result = synqc.mesolve(given, EXCITED, TIMES, c_ops, e_ops=[EXCITED.proj()], **options)
    exact = [math.exp(-integral(rate, end)) for end in TIMES]
    assert np.abs(result.expect[0] - exact).max() < PROMISE


@pytest.mark.parametrize("samples", ["spline", "steps"])
def test_samples_drive_superoperators_as_they_drive_operators(samples):
    random = np.random.default_rng(5)
    values = random.uniform(0, 1, len(TIMES))
    superoperator = [qutip.liouvillian(0.3 * SZ), [qutip.liouvillian(SX), values]]
    result = synqc.mesolve(superoperator, EXCITED, TIMES, e_ops=[SZ], samples=samples)
    plain = synqc.mesolve([0.3 * SZ, [SX, values]], EXCITED, TIMES, e_ops=[SZ], samples=samples)
    assert np.abs(result.expect[0] - plain.expect[0]).max() < 2 * PROMISE, "seed 5"
    assert result.stats["method"] == plain.stats["method"] == ("expm" if samples == "steps" else "taylor")


def random_operator(random, levels):
    return qutip.Qobj(random.normal(size=(levels, levels)) + 1j * random.normal(size=(levels, levels)))


@pytest.mark.parametrize("seed", range(8))
def test_liouvillians_give_what_their_hamiltonian_and_jumps_give(seed):
    random = np.random.default_rng(seed)
    levels = int(random.integers(2, 6))
    first, second = (random_operator(random, levels) for _ in range(2))
    first, second = first + first.dag(), second + second.dag()
    jump, watched, start = (random_operator(random, levels) for _ in range(3))
    edge = random.uniform(0.2, 1.8)
    drive = lambda t: math.cos(4 * t) + (0.5 if t > edge else 0.0)  # noqa: E731
    times = np.linspace(0, 2, 5)
    whole = [qutip.liouvillian(first, [0.3 * jump]), [qutip.liouvillian(second), drive]]
    for state in (qutip.basis(levels, 0), start):
        ours = synqc.mesolve(whole, state, times, e_ops=[watched, watched + watched.dag()], store_states=True)
        plain = synqc.mesolve(
            [first, [second, drive]], state, times, [0.3 * jump], e_ops=[watched, watched + watched.dag()],
            store_states=True,
        )  # fmt: skip
        allowed = 4 * PROMISE * max(1.0, float(np.abs(state.full()).max())) * levels
        for one, other in zip(ours.states, plain.states, strict=True):
            assert one.dims == other.dims == ([[levels], [levels]])
            assert np.abs((one - other).full()).max() < allowed, f"seed {seed}"
        for one, other in zip(ours.expect, plain.expect, strict=True):
            assert one.dtype == other.dtype
            assert np.abs(one - other).max() < 10 * levels * allowed, f"seed {seed}"


@pytest.mark.parametrize("seed", range(4))
def test_agrees_with_qutip_on_superoperators_of_pairs(seed):
    random = np.random.default_rng(100 + seed)
    start = qutip.tensor(qutip.basis(2, 0), qutip.basis(3, 1))
    h0, h1 = (qutip.Qobj(random_operator(random, 6).full(), dims=[[2, 3], [2, 3]]) for _ in range(2))
    jump = qutip.tensor(LOWER, qutip.destroy(3))
    parts = [qutip.liouvillian(h0 + h0.dag()), [qutip.liouvillian(h1 + h1.dag()), lambda t: math.sin(3 * t) / 3]]
    jumps = [[decay(jump), lambda t: 0.5 + 0.4 * math.cos(t)], 0.2 * jump.dag()]
    times = np.linspace(0, 1, 4)
    ours = synqc.mesolve(parts, start, times, jumps)
    exactly = {"atol": 1e-12, "rtol": 1e-10, "nsteps": 10**6}
    theirs = qutip.mesolve(parts, start, times, [qutip.QobjEvo(jumps[0]), jumps[1]], options=exactly)
    for one, other in zip(ours.states, theirs.states, strict=True):
        assert one.dims == other.dims == [[2, 3], [2, 3]]
        assert np.abs((one - other).full()).max() < PROMISE, f"seed {100 + seed}"


def test_counting_photons_with_a_field_that_turns():
    # d rho/dt = D[L] rho + (exp(i chi(t)) - 1) L rho L^dag: its trace is the mean of exp(i sum of chi at the clicks).
    gamma, population = 0.8, 0.6
    start = qutip.Qobj([[1 - population, 0.3], [0.3, population]])
    lower = math.sqrt(gamma) * LOWER
    chi = lambda t: 2.0 * t + (1.5 if t >= 1.25 else 0.0)  # noqa: E731
    jumps = qutip.sprepost(lower, lower.dag())
    tilted = [decay(lower), [jumps, lambda t: np.exp(1j * chi(t)) - 1]]
    result = synqc.mesolve(tilted, start, TIMES, e_ops=[qutip.qeye(2)])

    def generating(end):
        part = lambda t: gamma * np.exp(-gamma * t) * (np.exp(1j * chi(t)) - 1)  # noqa: E731
        real, imaginary = (integral(lambda t, f=f: f(part(t)), end) for f in (np.real, np.imag))
        return 1 + population * (real + 1j * imaginary)

    exact = [generating(end) for end in TIMES]
    assert np.iscomplexobj(result.expect[0])
    assert np.abs(result.expect[0] - exact).max() < PROMISE
    renewed = synqc.mesolve(
        tilted, start, TIMES, e_ops=[qutip.qeye(2)], options={"normalize_output": True, "atol": 1e-9}
    )
    np.testing.assert_allclose(renewed.expect[0], 1, atol=1e-12)


def test_correlations_under_a_liouvillian_keep_their_phase():
    rate, frequency = 0.4, 3.0
    lower = math.sqrt(rate) * LOWER
    liouvillian = qutip.liouvillian(frequency * EXCITED.proj(), [lower])
    correlation = synqc.mesolve(liouvillian, LOWER * EXCITED.proj(), TIMES, e_ops=[SX]).expect[0]
    assert np.abs(correlation - np.exp((1j * frequency - rate / 2) * TIMES)).max() < 1e-9


def test_large_constant_superoperators_are_exact():
    levels = 10
    lower = qutip.destroy(levels)
    times = np.linspace(0, 4, 5)
    result = synqc.mesolve(
        qutip.liouvillian(lower.dag() * lower, [lower]), qutip.fock(levels, 9), times, e_ops=[lower.dag() * lower]
    )
    assert np.abs(result.expect[0] - 9 * np.exp(-times)).max() < 1e-9
    assert result.stats["method"] == "expm"


@pytest.mark.parametrize(
    ("given", "c_ops", "error", "words"),
    [
        ([decay(), [SX, np.cos]], [], InputError, r"Argument `H\[1\]\[0\]` must be made of superoperators alone"),
        ([SX, [decay(), np.cos]], [], InputError, r"Argument `H\[0\]` must be made of superoperators alone"),
        (SX, [[SX, decay()]], InputError, r"Argument `c_ops\[0\]\[0\]` must be made of superoperators alone"),
        (decay(qutip.destroy(3)), [], ShapeError, r"Argument `H` must be a superoperator on the 2 levels of `rho0`"),
        ([[decay(), "cos(t)"]], [], InputError, r"Argument `H\[0\]\[1\]` must be a callable, samples or a number"),
        ([[decay(), np.ones(3)]], [], ShapeError, r"Argument `H\[0\]\[1\]` must give samples of shape \(7,\)"),
        (lambda t: decay() if t < 1 else SX, [], InputError, r"Argument `H` must be made of superoperators alone"),
        (qutip.to_choi(decay()).full(), [], ShapeError, r"Argument `H` must have shape \(2, 2\)"),
    ],
)  # fmt: skip
def test_refusals_name_the_argument(given, c_ops, error, words):
    with pytest.raises(error, match=words):
        synqc.mesolve(given, EXCITED, TIMES, c_ops)


def test_what_may_have_been_missed_is_said():
    with pytest.warns(ResolutionWarning, match=r"`H\[0\]\[1\]` holds a function of time that is the same wherever"):
        synqc.mesolve([[decay(), lambda t: 0.0]], EXCITED, TIMES)


def test_trajectories_refuse_superoperators_by_name():
    with pytest.raises(InputError, match=r"`H\[0\]\[0\]` must be made of operators, but holds a superoperator"):
        synqc.smesolve([[decay(), np.cos]], EXCITED, TIMES, sc_ops=[SZ], ntraj=2)
