"""Two-level systems, drift, readout and faults of a twin."""

import math

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import synqc
from synqc.errors import InputError
from synqc.protocols import Delay, Rotation
from synqc.twin import (
    DetuningDrift,
    Faults,
    HiddenQubit,
    IntegratedReadout,
    Twin,
    TwoLevelSystem,
    telegraph_allan_variance,
)  # fmt: skip
from synqc.twin.drifting_state import DriftingState

EXCITE = (Rotation(math.pi),)


@pytest.mark.parametrize(
    ("detuning_mhz", "exact", "weak"),
    [(0.0, 0.0677564, 0.0631655), (0.1, 0.0236143, 0.0244909), (0.3, 0.00410562, 0.00415228)],
)
def test_a_defect_takes_energy_at_the_exact_rate(detuning_mhz, exact, weak):
    defect = TwoLevelSystem(20.0, 1.0, (0.0, 0.0), 0.0)
    assert defect.decay(detuning_mhz) == pytest.approx(exact, rel=2e-6)
    half, distance, coupling = 0.5, 2 * math.pi * detuning_mhz, 2 * math.pi * 0.02
    assert 2 * coupling**2 * half / (half**2 + distance**2) == pytest.approx(weak, rel=2e-5)


@pytest.mark.parametrize("detuning_mhz", [0.0, 0.1])
def test_the_rate_is_that_of_the_master_equation_of_both_bodies(detuning_mhz):
    lower = np.array([[0, 1], [0, 0]])
    qubit, defect = np.kron(lower, np.eye(2)), np.kron(np.eye(2), lower)
    exchange = 2 * math.pi * 0.02 * (qubit.T @ defect + defect.T @ qubit)
    start = np.zeros(4)
    start[2] = 1.0
    times = [0.0, 30.0, 60.0]
    result = synqc.mesolve(
        2 * math.pi * detuning_mhz * qubit.T @ qubit + exchange, start, times, c_ops=[defect], e_ops=[qubit.T @ qubit]
    )
    left = np.real(result.expect[0])
    rate = -math.log(left[2] / left[1]) / 30.0
    assert rate == pytest.approx(TwoLevelSystem(20.0, 1.0, (0.0, 0.0), 0.0).decay(detuning_mhz), rel=1e-3)


def test_allan_variance_of_a_telegraph_signal(seed):
    rate, step = 0.5, 0.05
    generator = np.random.default_rng(seed)
    flips = generator.random(400_000) < -math.expm1(-2 * rate * step) / 2
    signal = 1.0 - 2 * (np.cumsum(flips) % 2)
    for averaging in (0.5, 1.8926, 5.0):
        many = round(averaging / step)
        means = signal[: len(signal) // many * many].reshape(-1, many).mean(axis=1)
        found = (np.diff(means) ** 2).mean() / 2
        expected = float(telegraph_allan_variance(averaging, amplitude=1.0, correlation_time=1 / (2 * rate)))
        # Some 4000 to 40,000 differences, correlated over a few: 3 to 5 % at 4 standard errors, and the finite step.
        assert found == pytest.approx(expected, rel=0.12), (seed, averaging)
    peak = telegraph_allan_variance(1.8926, amplitude=1.0, correlation_time=1.0)
    assert math.sqrt(peak) == pytest.approx(0.617364, abs=1e-6)


def test_t1_has_two_values_with_a_switching_defect(seed):
    defect = TwoLevelSystem(20.0, 1.0, (0.0, 5.0), switching_rate_per_s=10.0)
    state = DriftingState(HiddenQubit(t1_us=80.0, two_level_systems=(defect,)), np.random.default_rng(seed))
    rates = np.array([state.at(0.01 * k).down_per_us for k in range(4000)])
    low, high = 1 / 80 + defect.decay(5.0), 1 / 80 + defect.decay(0.0)
    assert set(rates.round(12)) == {round(low, 12), round(high, 12)}, seed
    # Switches within a step of 10 ms at 10 per second: (1 - exp(-0.2)) / 2 = 0.0906, of 4000 +-0.0045.
    assert np.mean(np.diff(rates) != 0) == pytest.approx(0.0906, abs=0.02), seed


def test_the_detuning_wanders_as_it_should(seed):
    drift = DetuningDrift(sigma_khz=3.0, correlation_time_s=1.0, jump_khz=5.0, switching_rate_per_s=0.5)
    state = DriftingState(HiddenQubit(detuning_khz=100.0, detuning_drift=drift), np.random.default_rng(seed))
    seen = np.array([state.at(0.5 * k).detuning_khz for k in range(20_000)])
    # Variance 9 + 25; correlation times of 1 s leave some 5000 independent values: 8 % at 4 standard errors.
    assert seen.mean() == pytest.approx(100.0, abs=0.5), seed
    assert seen.var() == pytest.approx(34.0, rel=0.1), seed
    lagged = np.cov(seen[1:], seen[:-1])[0, 1]
    assert lagged == pytest.approx(9 * math.exp(-0.5) + 25 * math.exp(-0.5), rel=0.1), seed


def test_points_of_shots_that_decay_have_the_mean_of_the_fields(seed):
    readout = IntegratedReadout()
    t1_us, turn, shots = 2.0, 2 * math.pi, 40_000
    rates = turn * (readout.kappa_mhz / 2 + 1j * np.array(readout.shifts_mhz[:2]))

    def slope(t, y):
        """Mean fields times the chance of each level: those of |1> leave for |0> with the chance they carry."""
        in_0, in_1, _ = y
        left = math.exp(-t / t1_us)
        return [
            -rates[0] * in_0 - 1j * turn * readout.drive_mhz * (1 - left) + in_1 / t1_us,
            -(rates[1] + 1 / t1_us) * in_1 - 1j * turn * readout.drive_mhz * left,
            in_0 + in_1,
        ]

    solved = solve_ivp(slope, (0.0, 1.0), [0j, 0j, 0j], rtol=1e-9, atol=1e-11)
    expected = math.sqrt(2 * readout.efficiency * turn * readout.kappa_mhz) * solved.y[2, -1]
    points = readout.sample(np.ones(shots, int), 1 / t1_us, 0.0, np.random.default_rng(seed))
    assert abs(points.mean() - expected) < 5 * math.sqrt(2) * points.std() / math.sqrt(shots), seed


def test_noise_of_an_ideal_amplifier():
    readout = IntegratedReadout(efficiency=1.0, duration_ns=20_000.0)
    steady = [-1j * readout.drive_mhz / (readout.kappa_mhz / 2 + 1j * shift) for shift in readout.shifts_mhz[:2]]
    # SNR^2 = 4 eta g, g = (kappa / 2) |a0 - a1|^2 T, long after the ring-up of 1/kappa = 0.03 us.
    information = math.pi * readout.kappa_mhz * abs(steady[0] - steady[1]) ** 2 * 20.0
    assert readout.signal_to_noise**2 == pytest.approx(4 * information, rel=0.02)


def test_counts_repeat_from_the_seed_and_differ_between_seeds():
    def counts(number):
        return Twin([HiddenQubit()], seed=number)[0].counts([EXCITE] * 5, 100).tolist()

    assert counts(3) == counts(3) != counts(4)


def test_lost_shots_are_in_no_count_and_nan():
    qubit = Twin([HiddenQubit()], seed=3, faults=Faults(dropped_share=0.25))[0]
    assert qubit.counts([EXCITE], 4000).sum() == pytest.approx(3000, abs=120)
    assert np.isnan(qubit.points([EXCITE], 4000)).sum() == pytest.approx(1000, abs=120)


def test_faults_change_what_they_say():
    def share_of_1(circuit, **faults):
        counts = Twin([HiddenQubit()], seed=3, faults=Faults(**faults))[0].counts([circuit] * 2, 1000)
        return counts[-1, 1] / 1000

    assert share_of_1(EXCITE, mislabelled_share=1.0) < 0.1 < 0.9 < share_of_1(EXCITE)
    assert share_of_1(EXCITE, burst=(0.0, 10.0), burst_t1_us=0.5) < 0.4
    assert share_of_1((*EXCITE, Delay(30.0)), delay_step_us=1000.0) > 0.9
    assert share_of_1(EXCITE, amplitude_compression=0.3) < 0.9
    assert share_of_1(EXCITE, phase_drift_rad_per_s=10.0) < 0.5
    stuck = Twin([HiddenQubit()], seed=3, faults=Faults(stuck_share=1.0))[0].counts([EXCITE, ()], 1000)
    assert (stuck[0] == stuck[1]).all()


def test_the_truth_is_not_to_be_had():
    qubit = Twin([HiddenQubit(t1_us=61.7)], seed=3)[0]
    assert not [name for name in dir(qubit) if "t1" in name or ("hidden" in name.removeprefix("_") and name[0] != "_")]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: HiddenQubit(t1_us=0.0), "`t1_us` must be greater than 0, but is 0.0"),
        (lambda: HiddenQubit(anharmonicity_mhz=1.0), "`anharmonicity_mhz` must be finite and below 0"),
        (lambda: Faults(dropped_share=2.0), "`dropped_share` must be between 0 and 1, but is 2.0"),
        (lambda: Twin([], seed=1), "`qubits` must hold at least one"),
        (lambda: TwoLevelSystem(1.0, 0.0, (0.0, 1.0), 1.0), "`decay_per_us` must be finite and greater than 0"),
        (lambda: Delay(-1.0), "`duration_us` must be finite and at least 0, but is -1.0"),
    ],
)
def test_refusals_name_the_argument(make, words):
    with pytest.raises(InputError, match=words):
        make()
