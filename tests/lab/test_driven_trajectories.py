"""Functions of time in smesolve and filter_record, against the master equation and the states that were sampled."""

import math

import numpy as np
import pytest

from synqc import MonitoredQubit, filter_record, mesolve, smesolve
from synqc.errors import ResolutionWarning

SX = np.array([[0, 1], [1, 0]], complex)
SZ = np.diag([1.0, -1.0]).astype(complex)
UP = np.array([1, 0], complex)

CASES = {
    "zero at every saved time and between": (lambda t: 0.5 * math.sin(2 * math.pi * t) ** 2, np.arange(11.0)),
    "fast and weak against its own frame": (lambda t: 0.3 * math.cos(40 * t), np.arange(6.0)),
    "a pulse narrower than a bin": (lambda t: 25 * math.exp(-(((t - 2.3717) / 0.03) ** 2)), np.arange(6.0)),
    "a window narrower than a bin": (lambda t: 40.0 if 2.31 < t < 2.34 else 0.0, np.arange(6.0)),
    "a held table": (lambda t: [1.0, -2.0, 3.0, -1.0, 0.5][min(int(t), 4)], np.array([0.0, 2.5, 5.0])),
}


def frame_of(name):
    return 20 * SZ if name.startswith("fast") else 0 * SZ


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("method", ["bayes-strang", "rouchon"])
def test_ensembles_follow_the_master_equation_by_default(name, method):
    function, times = CASES[name]
    hamiltonian, watched = [frame_of(name), [SX, function]], 0.1 * SZ
    expected = mesolve(hamiltonian, UP, times, [watched], e_ops=[SZ]).expect[0]
    found = smesolve(
        hamiltonian, UP, times, [], [watched], e_ops=[SZ], ntraj=400, seeds=1, method=method, progress=False
    )
    assert found.stats["weak_error"] < 0.02
    off = np.abs(found.average_expect[0] - expected)
    assert (off < 4 * found.standard_errors[0] + 2 * found.stats["weak_error"] + 1e-9).all()


def test_the_sampled_zero_ends_where_it_should():
    function, times = CASES["zero at every saved time and between"]
    found = smesolve([[SX, function]], UP, times, [], [0.1 * SZ], e_ops=[SZ], ntraj=2000, seeds=1, progress=False)
    assert found.average_expect[0][6] == pytest.approx(-0.930, abs=0.005)


@pytest.mark.parametrize("dt", [0.02, 0.11, 0.5])
def test_weak_error_shows_what_the_steps_overlook(dt):
    """The distance of the scheme's mean from the master equation, whatever the scheme sampled of H."""
    hamiltonian = [20 * SZ, [SX, lambda t: 2 * math.cos(40 * t)]]
    times = np.linspace(0, 2, 5)
    watched = 1e-4 * SZ  # so weakly that every trajectory is the mean
    exact = mesolve(hamiltonian, UP, times, [watched]).states
    found = smesolve(hamiltonian, UP, times, [], [watched], ntraj=8, seeds=1, dt=dt, progress=False)
    defects = found.average_states - (exact if exact.ndim == 3 else np.einsum("ti,tj->tij", exact, exact.conj()))
    distance = max(np.abs(np.linalg.eigvalsh(defect)).sum() / 2 for defect in defects)
    assert found.stats["weak_error"] == pytest.approx(distance, abs=3e-3)
    assert (distance > 0.1) == (dt > 0.1)


def test_what_is_narrower_than_the_looks_is_warned_of_and_cured():
    flash = [[SX, lambda t: math.pi / 2 / 2e-6 if 3.21 <= t < 3.21 + 2e-6 else 0.0]]
    options = dict(e_ops=[SZ], ntraj=2, seeds=1, progress=False)
    with pytest.warns(ResolutionWarning, match=r"`H\[0\]\[1\]`.*narrower than 0\.0006.*`breakpoints=`, or a `dt=`"):
        smesolve(flash, UP, [0, 5], [], [1e-3 * SZ], **options)
    found = smesolve(flash, UP, [0, 5], [], [1e-3 * SZ], dt=1e-2, breakpoints=[3.21, 3.21 + 2e-6], **options)
    assert found.average_expect[0][-1] == pytest.approx(-1, abs=1e-3)


def test_no_function_is_called_outside_the_bins():
    asked = []

    def recorded(t):
        asked.extend(np.atleast_1d(t).tolist())
        return math.sin(t)

    record = smesolve([[SX, recorded]], UP, [2.0, 2.5, 3.0], [], [SZ], ntraj=1, seeds=1, progress=False).measurement
    filter_record(record, lambda t: recorded(t) * SX, UP, [2.0, 2.5, 3.0], [], [SZ], progress=False)
    assert min(asked) >= 2.0
    assert max(asked) <= 3.0


def test_a_filter_follows_the_same_drive():
    function, _ = CASES["a pulse narrower than a bin"]
    fine = np.linspace(0, 5, 2001)
    sampled = smesolve([[SX, function]], UP, fine, [], [0.5 * SZ], ntraj=20, seeds=3, store_states=True, progress=False)
    edges = fine[::40]
    binned = sampled.measurement.reshape(20, 1, 50, 40).mean(axis=3)
    with pytest.warns(ResolutionWarning, match="bins of 0.1"):  # the pulse turns the qubit within one
        found = filter_record(binned, [[SX, function]], UP, edges, [], [0.5 * SZ], keep_states="all", progress=False)
    distances = np.abs(np.linalg.eigvalsh(found.states - sampled.runs_states[:, ::40])).sum(axis=-1) / 2
    assert distances.mean() < 0.01


def ranks_of_truth(bin_length, count, seed):
    """Where the Rabi frequency that made each record lies in its posterior, in [0, 1]; uniform if that is honest."""
    random = np.random.default_rng(seed)
    grid = np.linspace(0.8, 1.2, 81)
    bins = round(16 / bin_length)
    fine = max(1, math.ceil(bin_length / 0.004))
    ranks = []
    for _ in range(count):
        truth = random.uniform(grid[0], grid[-1])
        qubit = MonitoredQubit(rabi_khz=1000 * truth, gamma_per_us=1.0)
        times = np.linspace(0, bins * bin_length, bins * fine + 1)
        record = smesolve(
            qubit.H,
            UP,
            times,
            [],
            qubit.sc_ops,
            ntraj=1,
            seeds=int(random.integers(2**32)),
            error_estimate=False,
            progress=False,
        ).measurement
        binned = record.reshape(1, bins, fine).mean(axis=2)
        posterior = filter_record(
            binned, qubit, UP, times[::fine], parameters={"rabi_khz": 1000 * grid}, progress=False
        ).posterior[:, 0]
        below = np.interp(truth, (grid[1:] + grid[:-1]) / 2, np.cumsum(posterior)[:-1])
        ranks.append(below)
    return np.array(ranks)


@pytest.mark.filterwarnings("error")
def test_bins_warn_from_a_fifth_of_a_rabi_period():
    qubit = MonitoredQubit(rabi_khz=1000.0, gamma_per_us=1.0, t1_us=50.0)
    record = np.zeros(20)
    filter_record(record, qubit, UP, 0.19 * np.arange(21), progress=False)
    with pytest.warns(ResolutionWarning, match=r"`tlist` has bins of 0\.2, 0\.2 of the period"):
        filter_record(record, qubit, UP, 0.2 * np.arange(21), progress=False)
    # A detuning turns nothing that is watched.
    still = MonitoredQubit(detuning_khz=9000.0, gamma_per_us=1.0)
    filter_record(record, still, UP, 0.2 * np.arange(21), progress=False)


@pytest.mark.deep
@pytest.mark.filterwarnings("error::synqc.errors.ResolutionWarning")
@pytest.mark.parametrize("bin_length", [0.05, 0.1, 0.16])
def test_posteriors_of_bins_that_do_not_warn_are_honest(bin_length):
    scipy_stats = pytest.importorskip("scipy.stats")
    seed = np.random.SeedSequence().entropy
    ranks = ranks_of_truth(bin_length, 200, seed)
    assert scipy_stats.kstest(ranks, "uniform").pvalue > 1e-4, f"seed {seed}"
    covered = np.mean((ranks > 0.025) & (ranks < 0.975))
    assert 0.91 < covered < 0.99, f"seed {seed}"
