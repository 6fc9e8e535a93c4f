"""The general door for master equations: what it accepts, what it refuses, what it promises."""

import math
import os
import signal
import threading
import time

import numpy as np
import pytest

from synqc.errors import InputError, ShapeError, StepTooSmall, UnknownName
from synqc.lab.mesolve import mesolve

LOWER = np.array([[0, 1], [0, 0]], complex)
X = np.array([[0, 1], [1, 0]], complex)
Y = np.array([[0, -1j], [1j, 0]])
Z = np.diag([1, -1]).astype(complex)
GROUND = np.diag([1, 0]).astype(complex)
EXCITED = np.diag([0, 1]).astype(complex)
ZERO = np.zeros((2, 2))
TIMES = np.linspace(0.0, 2.0, 21)


def half_turn(t):
    return np.pi / 4 * np.sin(np.pi * t / 2) ** 2 * 2


def test_one_time_returns_the_start():
    result = mesolve(X, GROUND, [0.3], e_ops=[EXCITED], store_states=True)
    assert np.array_equal(result.states, GROUND[None])
    assert result.expect[0].tolist() == [0.0]


def test_states_are_kept_unless_means_are_asked_for():
    kept = mesolve(X, GROUND, TIMES, [LOWER])
    assert kept.states.shape == (21, 2, 2)
    assert np.array_equal(kept.states[-1], kept.final_state)
    watched = mesolve(X, GROUND, TIMES, [LOWER], e_ops=[Z])
    assert watched.states.shape == (0, 2, 2)
    assert np.allclose(watched.expect[0][-1], np.trace(Z @ kept.final_state).real)
    assert mesolve(X, GROUND, TIMES, e_ops=[Z], store_states=True).states.shape == (21, 2, 2)


def test_means_are_real_for_hermitian_operators_and_complex_for_others():
    result = mesolve(X, GROUND, TIMES, e_ops={"z": Z, "lower": LOWER, "trace": lambda t, state: np.trace(state).real})
    assert result.e_data["z"].dtype == np.float64
    assert result.e_data["lower"].dtype == np.complex128
    assert np.allclose(result.e_data["trace"], 1)
    assert np.allclose(result.e_data["lower"], [np.trace(LOWER @ rho) for rho in result.states])


def test_a_ket_without_jumps_stays_a_ket():
    ket = np.array([1, 0])
    result = mesolve(X, ket, TIMES)
    assert result.states.shape == (21, 2)
    assert np.allclose(result.states, np.stack([np.cos(TIMES), -1j * np.sin(TIMES)], axis=1), atol=1e-13)
    as_column = mesolve(X, ket[:, None], TIMES, e_ops=[Z])
    assert np.allclose(as_column.expect[0], np.cos(2 * TIMES), atol=1e-13)
    assert mesolve(X, ket, TIMES, [LOWER]).states.shape == (21, 2, 2)


@pytest.mark.parametrize("method", ["auto", "taylor", "cf4", "dopri5"])
def test_error_stays_below_the_tolerance(method):
    c_ops = [LOWER / 3, Z / 5]
    exact = mesolve([0.3 * Z, [X, half_turn]], GROUND, TIMES, c_ops, rtol=0, atol=1e-12).states
    for tolerance in [1e-4, 1e-6, 1e-8, 1e-10]:
        states = mesolve([0.3 * Z, [X, half_turn]], GROUND, TIMES, c_ops, method=method, rtol=0, atol=tolerance).states
        assert np.abs(states - exact).max() < tolerance


@pytest.mark.parametrize("method", ["taylor", "cf4", "dopri5"])
def test_integrators_agree_with_the_exact_exponential(method):
    exact = mesolve(X + Z, GROUND, TIMES, [LOWER], method="expm")
    assert exact.stats["method"] == "expm"
    assert np.allclose(
        mesolve(X + Z, GROUND, TIMES, [LOWER], method=method, atol=1e-11, rtol=0).states, exact.states, atol=1e-11
    )


@pytest.mark.parametrize(
    "written",
    [
        lambda t: half_turn(t),
        lambda t: 0.25 * math.pi * 2 * math.sin(math.pi * t / 2) ** 2,
        lambda t, args: args["height"] * np.sin(np.pi * t / 2) ** 2,
        lambda t, height: height * np.sin(np.pi * t / 2) ** 2,
        lambda t, **args: args["height"] * np.sin(np.pi * t / 2) ** 2,
    ],
    ids=["vectorised", "scalar", "args", "keyword", "keywords"],
)
def test_every_way_to_write_a_coefficient_gives_the_same(written):
    result = mesolve([[X, written]], GROUND, TIMES, e_ops=[EXCITED], args={"height": np.pi / 2})
    assert result.expect[0][-1] == pytest.approx(np.sin(np.pi / 2) ** 2, abs=1e-6)


def test_samples_are_joined_by_a_cubic_spline():
    fine = np.linspace(0, 2, 401)
    by_samples = mesolve([[X, half_turn(fine)]], GROUND, fine, e_ops=[EXCITED], atol=1e-10, rtol=0)
    by_function = mesolve([[X, half_turn]], GROUND, fine, e_ops=[EXCITED], atol=1e-10, rtol=0)
    assert np.abs(by_samples.expect[0] - by_function.expect[0]).max() < 1e-8


def test_a_cubic_is_its_own_spline():
    cubic = TIMES**3 - 2 * TIMES
    angle = lambda t: t**4 / 4 - t**2  # noqa: E731
    result = mesolve([[X, cubic]], GROUND, TIMES, e_ops=[Z], atol=1e-11, rtol=0)
    assert np.allclose(result.expect[0], np.cos(2 * angle(TIMES)), atol=1e-11)


def test_held_samples_are_solved_exactly():
    heights = np.array([0.5, -1.0, 2.0, 0.0, 7.0])
    times = np.array([0.0, 0.3, 1.0, 1.5, 2.0])
    result = mesolve([[X, heights]], GROUND, times, e_ops=[Z], samples="steps")
    angles = np.concatenate([[0], np.cumsum(heights[:-1] * np.diff(times))])
    assert np.allclose(result.expect[0], np.cos(2 * angles), atol=1e-14)
    assert result.stats["method"] == "expm"
    with_dopri = mesolve([[X, heights]], GROUND, times, e_ops=[Z], samples="steps", method="dopri5")
    assert np.allclose(with_dopri.expect[0], np.cos(2 * angles), atol=1e-6)


def test_a_matrix_valued_function_is_a_hamiltonian():
    result = mesolve(lambda t: half_turn(t) * X + 0.3 * Z, GROUND, TIMES, [LOWER / 3], e_ops=[Z])
    same = mesolve([0.3 * Z, [X, half_turn]], GROUND, TIMES, [LOWER / 3], e_ops=[Z])
    assert np.allclose(result.expect[0], same.expect[0], atol=2e-6)


def test_complex_coefficients_rotate_the_axis():
    phase = lambda t: 0.5 * np.exp(1j * 3 * t)  # noqa: E731
    rotating = [[LOWER, phase], [LOWER.T, lambda t: np.conj(phase(t))]]
    result = mesolve(rotating, GROUND, TIMES, e_ops=[EXCITED], atol=1e-10, rtol=0)
    total = math.hypot(1, 3)
    assert np.allclose(result.expect[0], (np.sin(total * TIMES / 2) / total) ** 2, atol=1e-10)


def test_jumps_may_depend_on_time():
    rate = lambda t: np.sqrt(0.5) * np.exp(-t / 2)  # noqa: E731
    survival = np.exp(-0.5 * (1 - np.exp(-TIMES)))
    assert np.allclose(mesolve(ZERO, EXCITED, TIMES, [[LOWER, rate]], e_ops=[EXCITED]).expect[0], survival, atol=1e-6)
    # A sum of two halves is the same operator: cross terms count.
    halves = [[LOWER / 2, rate], [LOWER / 2, rate]]
    assert np.allclose(mesolve(ZERO, EXCITED, TIMES, [halves], e_ops=[EXCITED]).expect[0], survival, atol=1e-6)
    mixed = [LOWER * 0.4, [LOWER, lambda t: 1j * rate(t)]]
    total = np.exp(-0.16 * TIMES) * survival
    assert np.allclose(mesolve(ZERO, EXCITED, TIMES, [mixed], e_ops=[EXCITED]).expect[0], total, atol=1e-6)


def test_a_jump_in_a_coefficient_is_found():
    step = lambda t: np.where(t < 0.777, 0.0, 1.0)  # noqa: E731
    result = mesolve([[X, step]], GROUND, [0.0, 2.0], e_ops=[Z])
    assert result.expect[0][-1] == pytest.approx(math.cos(2 * (2 - 0.777)), abs=1e-6)


def test_a_short_pulse_in_a_long_idle_is_not_skipped():
    # Case 29: 20 ns at 50 us within 100 us, with its edges as breakpoints.
    pulse = lambda t: np.where((t > 50) & (t < 50.02), np.pi / 0.02, 0.0)  # noqa: E731
    result = mesolve([[X / 2, pulse]], GROUND, [0.0, 100.0], e_ops=[EXCITED], breakpoints=[50.0, 50.02])
    assert result.expect[0][-1] == pytest.approx(1, abs=1e-8)


def test_twenty_seven_levels_are_the_limit():
    n = 27
    b = np.diag(np.sqrt(np.arange(1, n)), 1)
    start = np.zeros((n, n))
    start[5, 5] = 1
    result = mesolve(b.T @ b, start, [0.0, 1.0], [b], e_ops=[b.T @ b])
    assert result.expect[0][-1] == pytest.approx(5 * math.exp(-1), abs=1e-9)
    with pytest.raises(InputError, match="at most 27 levels, but has 28"):
        mesolve(np.eye(28), np.eye(28) / 28, [0.0, 1.0])


def test_hermiticity_trace_and_positivity_survive():
    result = mesolve([Z, [X, half_turn]], GROUND, np.linspace(0, 20, 200), [LOWER, Z])
    assert np.abs(result.states - result.states.conj().transpose(0, 2, 1)).max() == 0
    assert np.abs(np.trace(result.states, axis1=1, axis2=2) - 1).max() < 1e-12
    assert np.linalg.eigvalsh(result.states).min() > -1e-12


REFUSALS = {
    "non-Hermitian H": (dict(H=LOWER), InputError, r"`H` must be Hermitian, but is different from its adjoint by 1\."),
    "H non-Hermitian later": (
        dict(H=[[X, lambda t: 1 + 1j * t]]),
        InputError,
        "`H` must be Hermitian at every time, but is different from its adjoint",
    ),
    "H of another size": (dict(H=np.eye(3)), ShapeError, r"`H` must have shape \(2, 2\), but has shape \(3, 3\)\."),
    "H not square": (dict(H=np.ones((2, 3))), ShapeError, r"`H` must have shape \(2, 2\), but has shape \(2, 3\)\."),
    "H a vector": (dict(H=np.ones(4)), ShapeError, r"`H` must have shape \(n, n\), but has shape \(4,\)\."),
    "H with NaN": (dict(H=np.array([[0, np.nan], [np.nan, 0]])), InputError, "`H` must be finite"),
    "H of text": (dict(H=np.array([["a", "b"], ["c", "d"]])), InputError, "`H` must be an array of numbers"),
    "H of objects": (dict(H=[[object(), 1], [1, 0]]), InputError, "`H` must be an array of numbers"),
    "text coefficient": (
        dict(H=[[X, "cos(t)"]]),
        InputError,
        r"`H\[0\]\[1\]` must be .* is the text 'cos\(t\)'; write it as a function",
    ),
    "infinite coefficient": (dict(H=[[X, lambda t: 1 / t]]), InputError, "finite coefficients"),
    "rough coefficient": (
        dict(H=[[X, lambda t: np.sin(1e9 * t * t)]]),
        InputError,
        "131072 polynomials can follow, but one needs more near t = ",
    ),
    "wrong number of samples": (dict(H=[[X, np.ones(7)]]), ShapeError, r"samples of shape \(21,\) like `tlist`"),
    "missing args": (
        dict(H=[[X, lambda t, w: w * t]]),
        InputError,
        r"`args` must hold what the functions in `H\[0\]\[1\]` need",
    ),
    "jump of another size": (dict(c_ops=[np.eye(3)]), ShapeError, r"`c_ops\[0\]` must have shape \(2, 2\)"),
    "observable of another size": (dict(e_ops=[np.eye(3)]), ShapeError, r"`e_ops` must have shape \(2, 2\)"),
    "trace 2": (dict(rho0=np.eye(2)), InputError, r"`rho0` must be of trace 1, but is of trace 2\."),
    "rho0 negative": (
        dict(rho0=np.diag([1.5, -0.5])),
        InputError,
        r"`rho0` must be positive, but is of lowest eigenvalue -0\.5",
    ),
    "long ket": (dict(rho0=np.array([1, 1])), InputError, "`rho0` must be a ket of norm 1"),
    "three-dimensional rho0": (dict(rho0=np.ones((2, 2, 2))), ShapeError, "`rho0` must have shape"),
    "times unsorted": (dict(tlist=[0, 2, 1]), InputError, r"`tlist` must be strictly increasing, but is 1 after 2\."),
    "times repeated": (dict(tlist=[0, 1, 1]), InputError, r"strictly increasing, but is 1 after 1\."),
    "times NaN": (dict(tlist=[0, np.nan]), InputError, "`tlist` must be finite, but is nan"),
    "times empty": (dict(tlist=[]), ShapeError, r"`tlist` must have shape \(t,\) with at least one time"),
    "times two-dimensional": (dict(tlist=np.ones((2, 2))), ShapeError, r"`tlist` must have shape \(t,\)"),
    "times complex": (dict(tlist=[0, 1j]), InputError, "`tlist` must be real"),
    "times of text": (dict(tlist=["soon"]), InputError, "`tlist` must be an array of numbers"),
    "unknown method": (
        dict(method="euler"),
        UnknownName,
        "must be one of 'auto', 'expm', 'taylor', 'cf4', 'dopri5', but is 'euler'",
    ),
    "expm of a smooth drive": (
        dict(H=[[X, np.sin]], method="expm"),
        InputError,
        "`method` must be 'auto', 'taylor', 'cf4' or 'dopri5'",
    ),
    "unknown joining": (dict(samples="linear"), UnknownName, "`samples` must be 'spline' or 'steps', but is 'linear'"),
    "negative tolerance": (dict(atol=-1.0), InputError, "`atol` must be"),
    "no tolerance": (dict(atol=0.0, rtol=0.0), InputError, "`atol \\+ rtol` must be"),
}


@pytest.mark.parametrize("case", REFUSALS.values(), ids=REFUSALS.keys())
def test_bad_input_gets_one_clear_sentence(case):
    changed, error, sentence = case
    arguments = {"H": X, "rho0": GROUND, "tlist": TIMES, **changed}
    with pytest.raises(error, match=sentence) as caught, np.errstate(divide="ignore"):
        mesolve(arguments.pop("H"), arguments.pop("rho0"), arguments.pop("tlist"), **arguments)
    assert "\n" not in str(caught.value)


def test_a_tolerance_below_rounding_names_the_time():
    with pytest.raises(StepTooSmall, match="cannot be met at time"):
        mesolve([[1e8 * X, lambda t: 1 + t]], GROUND, [1e6, 1e6 + 1], method="dopri5", atol=1e-300, rtol=0)


@pytest.mark.skipif(
    threading.current_thread() is not threading.main_thread(), reason="signals reach the main thread only"
)
@pytest.mark.parametrize("method", ["expm", "taylor", "cf4", "dopri5"])
def test_control_c_returns_within_50_ms(method):
    n = 20
    b = np.diag(np.sqrt(np.arange(1, n)), 1)
    start = np.zeros((n, n))
    start[0, 0] = 1
    drive = b + b.T if method == "expm" else [[b + b.T, lambda t: 1 + 0.1 * np.sin(t)]]
    asked, waits = [], []

    def ask():
        asked.append(time.perf_counter())
        os.kill(os.getpid(), signal.SIGINT)

    # The shortest of several: the machine may be busy otherwise.
    while len(waits) < 5 and not any(wait < 0.05 for wait in waits):
        threading.Timer(0.3, ask).start()
        with pytest.raises(KeyboardInterrupt):
            mesolve(drive, start, [0.0, 1e3] if method != "expm" else [0.0, 1e4], [b], method=method, max_step=1e-3)
        waits.append(time.perf_counter() - asked[-1])
    assert min(waits) < 0.05, waits


def test_many_functions_of_time_are_left_to_magnus():
    phases = np.linspace(0, 3, 9)
    H = [0.3 * Z, *([X, lambda t, phase=phase: 0.2 * math.cos(2 * t + phase)] for phase in phases)]
    result = mesolve(H, GROUND, TIMES, [LOWER / 3], e_ops=[Z])
    assert result.stats["method"] == "cf4"
    at_once = [0.3 * Z, [X, lambda t: sum(0.2 * np.cos(2 * t + phase) for phase in phases)]]
    same = mesolve(at_once, GROUND, TIMES, [LOWER / 3], e_ops=[Z])
    assert same.stats["method"] == "taylor"
    assert np.abs(result.expect[0] - same.expect[0]).max() < 1e-6


def test_an_operator_is_two_hermitian_ones():
    operator = np.array([[0.3, 2.0], [0.1j, -0.2j]])
    parts = [(operator + operator.conj().T) / 2, (operator - operator.conj().T) / 2j]
    H = [0.3 * Z, [X, half_turn]]

    def evolved(hermitian):
        # As the difference of two states, which is all that a door for states can be asked for.
        values, vectors = np.linalg.eigh(hermitian)
        sides = [np.clip(sign * values, 0, None) for sign in (1, -1)]
        states = [(weight.sum(), (vectors * weight / weight.sum()) @ vectors.conj().T) for weight in sides]
        return sum(
            sign * size * mesolve(H, state, TIMES, [LOWER / 3], atol=1e-12, rtol=0).states
            for sign, (size, state) in zip((1, -1), states, strict=True)
        )

    expected = evolved(parts[0]) + 1j * evolved(parts[1])
    for method in ("auto", "cf4"):
        result = mesolve(H, operator, TIMES, [LOWER / 3], e_ops=[Z, LOWER], store_states=True, method=method)
        allowed = 1e-11 if method == "auto" else 1e-6
        assert np.abs(result.states - expected).max() < allowed
        assert np.array_equal(result.final_state, result.states[-1])
        for operator_watched, mean in zip((Z, LOWER), result.expect, strict=True):
            assert mean.dtype == np.complex128
            assert np.abs(mean - np.einsum("ij,tji->t", operator_watched, expected)).max() < 2 * allowed


def test_calls_from_threads_agree():
    expected = mesolve([0.3 * Z, [X, half_turn]], GROUND, TIMES, [LOWER]).states
    found = [None] * 4

    def work(k):
        found[k] = mesolve([0.3 * Z, [X, half_turn]], GROUND, TIMES, [LOWER]).states

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(states, expected) for states in found)
