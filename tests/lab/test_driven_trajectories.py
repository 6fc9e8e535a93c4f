"""Functions of time in smesolve and filter_record, against the master equation and the states that were sampled."""

import math

import numpy as np
import pytest

from synqc import MonitoredQubit, filter_record, mesolve, smesolve
from synqc.errors import InputError, ResolutionWarning

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
    driven = ([[SX, function]], UP, edges, [], [0.5 * SZ])
    found = filter_record(binned, *driven, keep_states="all", progress=False)
    with pytest.warns(ResolutionWarning, match='bins of 0.1.*method="bin-average" does not miss it'):
        filter_record(binned, *driven, method="bayes-strang", progress=False)  # the pulse turns the qubit within one
    distances = np.abs(np.linalg.eigvalsh(found.states - sampled.runs_states[:, ::40])).sum(axis=-1) / 2
    assert distances.mean() < 0.01


def ranks_of_truth(bin_length, count, seed, *, span=16.0, **qubit_figures):
    """Where the Rabi frequency that made each record lies in its posterior, in [0, 1]; uniform if that is honest."""
    random = np.random.default_rng(seed)
    grid = np.linspace(0.8, 1.2, 81)
    bins = round(span / bin_length)
    fine = max(1, math.ceil(bin_length / 0.008))
    ranks = []
    for _ in range(count):
        truth = random.integers(len(grid))
        qubit = MonitoredQubit(**{"rabi_khz": 1000 * grid[truth], "gamma_per_us": 1.0, **qubit_figures})
        times = np.linspace(0, bins * bin_length, bins * fine + 1)
        record = smesolve(
            qubit.H,
            UP,
            times,
            qubit.c_ops,
            qubit.sc_ops,
            eta=qubit.efficiency,
            ntraj=1,
            seeds=int(random.integers(2**32)),
            error_estimate=False,
            progress=False,
        ).measurement
        binned = record.reshape(1, bins, fine).mean(axis=2)
        posterior = filter_record(
            binned, qubit, UP, times[::fine], parameters={"rabi_khz": 1000 * grid}, progress=False
        ).posterior[:, 0]
        ranks.append(posterior[:truth].sum() + random.uniform() * posterior[truth])
    return np.array(ranks)


@pytest.mark.filterwarnings("error")
def test_bins_warn_from_a_fifth_of_a_rabi_period_where_their_mean_is_not_all_that_is_used():
    qubit = MonitoredQubit(rabi_khz=1000.0, gamma_per_us=1.0, t1_us=50.0)
    record = np.zeros(20)
    filter_record(record, qubit, UP, 0.19 * np.arange(21), method="bayes-strang", progress=False)
    with pytest.warns(ResolutionWarning, match=r"`tlist` has bins of 0\.2, 0\.2 of the period.*bin-average"):
        filter_record(record, qubit, UP, 0.2 * np.arange(21), method="bayes-strang", progress=False)
    filter_record(record, qubit, UP, 0.2 * np.arange(21), progress=False)
    # A detuning turns nothing that is watched.
    still = MonitoredQubit(detuning_khz=9000.0, gamma_per_us=1.0)
    filter_record(record, still, UP, 0.2 * np.arange(21), method="bayes-strang", progress=False)


@pytest.mark.filterwarnings("error")
def test_bins_that_see_too_much_for_their_length_warn_whatever_the_method():
    strong = MonitoredQubit(rabi_khz=1000.0, gamma_per_us=20.0)
    edges = 0.2 * np.arange(21)
    with pytest.warns(ResolutionWarning, match=r"`tlist` has bins of 0\.2, .*average the record over shorter bins"):
        filter_record(np.full(20, 20.0), strong, UP, edges, progress=False)
    with pytest.raises(InputError, match=r'`method` must not be "bin-average" where bins see several times'):
        filter_record(np.full(20, 20.0), strong, UP, edges, method="bin-average", progress=False)


def test_short_bins_take_one_update_each_unless_asked_otherwise():
    qubit = MonitoredQubit(rabi_khz=1000.0, gamma_per_us=1.0)
    record = np.random.default_rng(4).normal(size=(3, 100)) / math.sqrt(0.02)
    found = [
        filter_record(record, qubit, UP, 0.02 * np.arange(101), progress=False, **how)
        for how in ({}, {"method": "bayes-strang"}, {"method": "bin-average"})
    ]
    assert np.array_equal(found[0].log_likelihood, found[1].log_likelihood)
    assert np.abs(found[2].log_likelihood - found[1].log_likelihood).max() < 0.05
    assert not np.array_equal(found[2].log_likelihood, found[1].log_likelihood)


def test_what_is_not_hermitian_is_watched_without_choosing_a_method():
    lower = np.array([[0, 1], [0, 0]], complex)
    fine = np.linspace(0, 2, 2001)
    sampled = smesolve(SX, UP, fine, [], [lower], eta=0.8, ntraj=200, seeds=5, method="rouchon", progress=False)
    binned = sampled.measurement.reshape(200, 1, 10, 200).mean(axis=3)
    exact = filter_record(binned, SX, UP, fine[::200], [], [lower], eta=0.8, progress=False)
    assert np.array_equal(
        exact.log_likelihood,
        filter_record(
            binned, SX, UP, fine[::200], [], [lower], eta=0.8, method="bin-average", progress=False
        ).log_likelihood,
    )
    # The mean of states given records is the state of the ensemble.
    ensemble = mesolve(SX, UP, [0, 2], [lower]).final_state
    error = exact.states[:, -1].std(axis=0) / math.sqrt(200)
    assert (np.abs(exact.states[:, -1].mean(axis=0) - ensemble) < 5 * error + 2e-3).all(), "seed 5"


def test_all_records_of_a_bin_together_are_the_master_equation_for_three_levels_and_two_quadratures():
    lower = np.diag(np.sqrt([1.0, 2.0]), 1).astype(complex)
    hamiltonian = 2 * (lower + lower.T) + 0.5 * np.diag([0, 1, 3.0])
    start, length = np.eye(3)[1], 0.3
    deviations = np.linspace(-8, 8, 81)
    both = np.stack(np.meshgrid(deviations, deviations, indexing="ij"), axis=-1).reshape(-1, 1, 2, 1)
    records = both * math.sqrt(2 / length)
    found = filter_record(
        records, hamiltonian, start, [0, length], [0.3 * lower.T], [0.8 * lower], eta=0.6, heterodyne=True,
        keep_states="final", progress=False,
    )  # fmt: skip
    white_noise = np.exp(-(both**2).sum(axis=(1, 2, 3)) / 2) / (2 * math.pi) * (deviations[1] - deviations[0]) ** 2
    weights = np.exp(found.log_likelihood) * white_noise
    assert weights.sum() == pytest.approx(1, abs=1e-12)
    mean = np.einsum("r,rij->ij", weights, found.states[:, 0])
    ensemble = mesolve(hamiltonian, start, [0, length], [0.3 * lower.T, 0.8 * lower]).final_state
    assert np.abs(mean - ensemble).max() < 1e-12


@pytest.mark.parametrize("parts", [1, 7, 40])
def test_bins_of_a_drive_that_moves_converge_to_those_of_the_same_drive_at_rest(parts):
    # A drive that turns, in its own frame, is a drive at rest with a detuning.
    turning = lambda t: np.exp(0.9j * t)  # noqa: E731
    raising = np.array([[0, 0], [1, 0]], complex)
    moving = [[raising, lambda t: 2 / turning(t)], [raising.T, lambda t: 2 * turning(t)]]
    resting = 2 * SX + 0.9 * np.diag([0.0, 1.0])
    record = np.random.default_rng(8).normal(size=(20, 1, 4)) / math.sqrt(0.3)
    edges = 0.3 * np.arange(5)
    arguments = dict(sc_ops=[0.8 * SZ], eta=0.7, method="bin-average", progress=False)
    given = filter_record(record, moving, UP, edges, dt=0.3 / parts, **arguments).log_likelihood
    exact = filter_record(record, resting, UP, edges, **arguments).log_likelihood
    assert np.abs(given - exact).max() < 0.03 / parts**2 + 1e-9, "seed 8"


def test_posteriors_of_long_bins_are_honest():
    scipy_stats = pytest.importorskip("scipy.stats")
    seed = 19
    ranks = ranks_of_truth(0.4, 80, seed)
    assert scipy_stats.kstest(ranks, "uniform").pvalue > 1e-3, f"seed {seed}"
    assert np.mean((ranks > 0.025) & (ranks < 0.975)) > 0.87, f"seed {seed}"


HONEST = {
    "short": dict(bin_length=0.05),
    "one update": dict(bin_length=0.049),
    "a tenth": dict(bin_length=0.1),
    "a fifth": dict(bin_length=0.2),
    "decay": dict(bin_length=0.3, t1_us=20.0, efficiency=0.5),
    "long": dict(bin_length=0.4),
    "watched closely": dict(bin_length=0.4, gamma_per_us=2.0, t1_us=10.0),
    "almost half a period": dict(bin_length=0.45, gamma_per_us=0.3, efficiency=0.8, t1_us=30.0),
}


@pytest.mark.deep
@pytest.mark.filterwarnings("error::synqc.errors.ResolutionWarning")
@pytest.mark.parametrize("case", HONEST)
def test_posteriors_are_honest_at_any_length_of_the_bins(case, seed):
    scipy_stats = pytest.importorskip("scipy.stats")
    ranks = ranks_of_truth(count=300, seed=seed, **HONEST[case])
    assert scipy_stats.kstest(ranks, "uniform").pvalue > 1e-4, f"seed {seed}"
    # 0.95 within three deviations of what 300 records allow; 0.75 of them were covered before at 0.4 of a period.
    assert np.mean((ranks > 0.025) & (ranks < 0.975)) > 0.912, f"seed {seed}"
