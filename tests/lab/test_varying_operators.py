"""smesolve and filter_record with collapse and monitored operators that depend on time."""

import math
from dataclasses import dataclass

import numpy as np
import pytest

from synqc import filter_record, mesolve, smesolve
from synqc.errors import InputError, ResolutionWarning, ShapeError

SX = np.array([[0, 1], [1, 0]], complex)
SY = np.array([[0, -1j], [1j, 0]])
SZ = np.diag([1.0, -1.0]).astype(complex)
LOWER = np.array([[0, 1], [0, 0]], complex)
UP = np.array([1.0, 0.0])
DOWN = np.array([0.0, 1.0])
PLUS = np.array([1.0, 1.0]) / math.sqrt(2)


def solved(H, rho0, tlist, c_ops, sc_ops, **changes):
    arguments = dict(e_ops=[SX, SY, SZ], ntraj=400, seeds=1, progress=False)
    return smesolve(H, rho0, tlist, c_ops, sc_ops, **{**arguments, **changes})


@pytest.mark.parametrize("method", ["bayes-strang", "rouchon"])
def test_decay_at_a_rate_that_grows_is_the_integral_of_the_rate(method):
    # sqrt(t) is followed from its kink at 0 on; the excited population is exp(-t^2 / 2).
    times = np.linspace(0, 2, 9)
    found = solved(0 * SX, DOWN, times, [[LOWER, np.sqrt]], [0.4 * SZ], method=method)
    excited = (1 - found.average_expect[2]) / 2
    allowed = 2 * found.standard_errors[2] + found.stats["weak_error"] + 1e-6
    assert (np.abs(excited - np.exp(-(times**2) / 2)) < allowed).all(), "seed 1"
    assert found.stats["weak_error"] < (1e-8 if method == "bayes-strang" else 0.01)


@pytest.mark.parametrize("method", ["bayes-strang", "rouchon"])
def test_watching_ever_more_strongly_dephases_by_the_integral_of_its_square(method):
    times = np.linspace(0, 1, 5)
    found = solved(0 * SX, PLUS, times, [], [[SZ / math.sqrt(2), lambda t: 2 * t]], ntraj=4000, method=method, dt=2e-3)
    expected = np.exp(-4 * times**3 / 3)
    allowed = 4 * found.standard_errors[0] + 2 * found.stats["weak_error"] + 1e-12
    assert (np.abs(found.average_expect[0] - expected) < allowed).all(), "seed 1"
    # In |0> the record has the mean 2 sqrt(eta) f / sqrt(2), here over each quarter.
    records = solved(0 * SX, UP, times, [], [[SZ / math.sqrt(2), lambda t: 2 * t]], ntraj=4000, eta=0.36, method=method)
    mean = 2 * 0.6 / math.sqrt(2) * (times[1:] ** 2 - times[:-1] ** 2) * 4
    assert (np.abs(records.measurement[:, 0].mean(axis=0) - mean) < 4 * math.sqrt(4 / 4000)).all(), "seed 1"


def test_watched_only_while_a_window_is_open():
    window = lambda t: 1.0 if 0.3 <= t < 0.7 else 0.0  # noqa: E731
    found = solved(0 * SX, PLUS, np.linspace(0, 1, 11), [], [[2 * SZ, window]], keep_runs_results=True)
    # Pure while whoever looks sees everything: nothing but the record changes the state.
    purity = np.einsum("sij,sji->s", found.runs_final_states, found.runs_final_states).real
    assert purity.min() > 1 - 1e-9
    assert found.std_expect[2, 3] < 1e-9
    assert found.std_expect[2, 7] > 0.5
    assert np.abs(found.std_expect[2, 7:] - found.std_expect[2, 7]).max() < 1e-12


@dataclass
class Drive:
    """A random smooth function with a jump."""

    amplitudes: np.ndarray
    frequencies: np.ndarray
    phases: np.ndarray
    jump: float

    def __call__(self, t):
        waves = self.amplitudes @ np.cos(
            np.multiply.outer(self.frequencies, t) + self.phases.reshape(-1, *[1] * np.ndim(t))
        )
        return waves + np.where(t > self.jump, 0.5, 0.0)[()]


def random_drive(random):
    return Drive(random.normal(0, 0.5, 3), random.uniform(1, 12, 3), random.uniform(0, 6, 3), random.uniform(0.2, 1.8))


@pytest.mark.parametrize("method", ["bayes-strang", "rouchon"])
@pytest.mark.parametrize("levels", [2, 3])
def test_ensembles_of_random_drives_follow_the_master_equation(levels, method, seed):
    random = np.random.default_rng(seed)
    lower = np.diag(np.sqrt(np.arange(1, levels)), 1).astype(complex)
    number = lower.conj().T @ lower
    start = np.eye(levels)[levels - 1]
    times = np.linspace(0, 2, 5)
    for _ in range(3):
        drive, decay, look = (random_drive(random) for _ in range(3))
        hamiltonian = [number, [lower + lower.T, drive]]
        jumps = [[0.3 * lower, [0.5 * number, decay]], 0.2 * number]
        watched = [[number / 2, look]] if method == "bayes-strang" else [[[0.4 * lower, look], 0.3 * number][::-1]]
        expected = mesolve(hamiltonian, start, times, [*jumps, *watched], e_ops=[number, lower + lower.T])
        # Rare trajectories carry much of a mean at early times: now and then a small ensemble has none, and a standard
        # error that is too small with it. A larger one then decides, which sees a bias all the better.
        for ntraj in (1500, 24_000):
            found = smesolve(
                hamiltonian, start, times, jumps, watched, e_ops=[number, lower + lower.T], eta=0.7, ntraj=ntraj,
                seeds=int(random.integers(2**32)), method=method, progress=False,
            )  # fmt: skip
            assert found.stats["weak_error"] < (0.02 if method == "bayes-strang" else 0.06), f"seed {seed}"
            off = np.abs(np.array(found.average_expect) - np.array(expected.expect))
            allowed = 4.5 * np.array(found.standard_errors) + 2 * levels * found.stats["weak_error"] + 1e-6
            if follows := bool((off < allowed).all()):
                break
        assert follows, f"seed {seed}"


VARYING = dict(
    H=[0.3 * SZ, [SX, lambda t: 2 * np.cos(3 * t)]],
    c_ops=[[0.5 * LOWER, lambda t: 1 + np.sin(4 * t)]],
    sc_ops=[[SZ / math.sqrt(2), lambda t: 1.2 - t / 2]],
)


def test_bayes_strang_has_weak_order_two():
    errors = [
        smesolve(VARYING["H"], UP, [0, 1], VARYING["c_ops"], VARYING["sc_ops"], eta=0.6, ntraj=1, seeds=1, dt=dt,
                 progress=False).stats["weak_error"]
        for dt in (1 / 8, 1 / 16, 1 / 32)
    ]  # fmt: skip
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.1)
    assert errors[1] / errors[2] == pytest.approx(4, rel=0.1)


@pytest.mark.parametrize("method", ["bayes-strang", "rouchon"])
def test_refining_common_noise_converges_at_strong_order_one(method):
    seed, fine = 5, 2048
    times = np.linspace(0, 1, fine + 1)
    model = (VARYING["H"], np.array([[0.6, 0.2], [0.2, 0.4]]))
    operators = dict(c_ops=VARYING["c_ops"], sc_ops=VARYING["sc_ops"], eta=0.6)
    truth = smesolve(*model, times, ntraj=200, seeds=seed, dt=1.0, keep_runs_results=True, progress=False, **operators)
    distances = []
    for bins in (32, 64, 128, 256):
        record = truth.measurement[:, 0].reshape(200, bins, -1).mean(axis=2)
        found = filter_record(
            record, *model, times[:: fine // bins], method=method, dt=1 / bins, keep_states="final", progress=False,
            **operators,
        )  # fmt: skip
        difference = found.states[:, 0] - truth.runs_final_states
        distances.append(np.abs(np.linalg.eigvalsh(difference)).sum(axis=-1).mean() / 2)
    slope = -np.polyfit(np.log2([32, 64, 128, 256]), np.log2(distances), 1)[0]
    assert slope > 0.85, f"seed {seed}, distances {distances}"


def test_one_operator_may_be_written_in_many_ways():
    times = np.linspace(0, 1, 21)
    rate = lambda t: 0.5 + t  # noqa: E731
    options = dict(sc_ops=[0.5 * SZ], ntraj=20, dt=0.01, keep_runs_results=True)
    ways = {
        "pair": [[LOWER, rate]],
        "alone": [LOWER, rate],
        "list": [[0.5 * LOWER, [LOWER, lambda t: t]]],
        "args": [[LOWER, lambda t, slope: 0.5 + slope * t]],
        "callable": [lambda t: rate(t) * LOWER],
        "samples": [[LOWER, rate(times)]],
    }
    found = {
        name: solved(0.5 * SX, PLUS, times, c_ops, args={"slope": 1.0}, **options).runs_final_states
        for name, c_ops in ways.items()
    }
    for name, states in found.items():
        assert np.abs(states - found["pair"]).max() < 1e-9, name


@pytest.mark.parametrize("method", ["bayes-strang", "rouchon", "euler"])
def test_filter_finds_the_states_that_were_sampled(method):
    times = np.linspace(0, 1, 201)
    operators = dict(c_ops=VARYING["c_ops"], sc_ops=VARYING["sc_ops"], eta=0.6, method=method, dt=1.0)
    sampled = smesolve(
        VARYING["H"], UP, times, ntraj=5, seeds=6, store_states=True, eigenvalue_tolerance=math.inf, progress=False,
        **operators,
    )  # fmt: skip
    if method == "euler":
        with pytest.raises(ArithmeticError):
            filter_record(sampled.measurement, VARYING["H"], UP, times, progress=False, **operators)
        return
    found = filter_record(sampled.measurement, VARYING["H"], UP, times, progress=False, **operators)
    assert np.abs(found.states - sampled.runs_states).max() < 1e-10


def test_heterodyne_of_what_is_watched_ever_more_strongly():
    times = np.linspace(0, 1, 51)
    operators = dict(sc_ops=[[0.8 * SZ, lambda t: 1 + t]], eta=0.6, heterodyne=True, dt=1.0)
    sampled = smesolve(SX, UP, times, ntraj=3, seeds=7, store_states=True, progress=False, **operators)
    found = filter_record(sampled.measurement, SX, UP, times, progress=False, **operators)
    assert np.abs(found.states - sampled.runs_states).max() < 1e-10


def test_parameters_reach_functions_in_collapse_and_monitored_operators():
    times = np.linspace(0, 4, 401)
    watched = lambda strength: [[SZ, lambda t: strength * math.sin(t) ** 2]]  # noqa: E731
    record = smesolve(0.4 * SX, UP, times, [], watched(1.0), ntraj=200, seeds=8, progress=False).measurement
    grid = np.arange(0.8, 1.21, 0.02)
    found = filter_record(
        record, 0.4 * SX, UP, times, sc_ops=[[SZ, lambda t, strength: strength * math.sin(t) ** 2]],
        parameters={"strength": grid}, progress=False,
    )  # fmt: skip
    mean = found.joint_posterior @ grid
    deviation = math.sqrt(found.joint_posterior @ (grid - mean) ** 2)
    assert deviation < 0.05
    assert abs(mean - 1.0) < 4 * deviation, "seed 8"


def test_a_flash_of_decay_is_warned_of():
    flash = lambda t: 1e3 if 3.21 <= t < 3.21 + 2e-6 else 0.0  # noqa: E731
    with pytest.warns(ResolutionWarning, match=r"`c_ops\[0\]\[1\]`.*`breakpoints=`"):
        solved(0 * SX, DOWN, [0, 5], [[LOWER, flash]], [0.1 * SZ], ntraj=2)


REFUSALS = {
    "axis that turns": ([], [[[SZ, math.cos], [SX, math.sin]]], InputError, "commute.*rouchon"),
    "text": ([[LOWER, "t"]], [SZ], InputError, r"`c_ops\[0\]\[1\]` must be a callable"),
    "another size": ([[LOWER, [np.eye(3), math.sin]]], [SZ], ShapeError, r"`c_ops\[0\]\[1\]` must have shape"),
    "infinite": ([], [[SZ, lambda t: 1 / t]], InputError, r"`sc_ops\[0\]\[1\]` must have finite"),
    "samples of another length": ([[LOWER, np.ones(3)]], [SZ], ShapeError, "samples"),
    "missing args": ([[LOWER, lambda t, w: w]], [SZ], InputError, r"`args` must hold .* `c_ops\[0\]\[1\]`"),
    "no number": ([], [[SZ, lambda t: np.array([1.0])]], InputError, r"`sc_ops\[0\]\[1\]` must hold functions"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_bad_input_gets_one_clear_sentence(name):
    c_ops, sc_ops, error, sentence = REFUSALS[name]
    with pytest.raises(error, match=sentence), np.errstate(divide="ignore"):
        solved(SX, UP, [0, 1], c_ops, sc_ops)
