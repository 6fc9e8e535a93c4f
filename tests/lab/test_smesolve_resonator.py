"""smesolve behind a resonator, against QuTiP's master equation of qubit and resonator, and against filter_record."""

import math
from dataclasses import replace

import numpy as np
import pytest

import synqc
from synqc import MonitoredQubit, filter_record, mesolve, smesolve
from synqc.errors import InputError
from synqc.infer import Parameter, RecordLikelihood
from synqc.infer.goodness_of_fit import GoodnessOfFit
from synqc.infer.innovations import innovation_tests
from synqc.lab import _resonator_trajectories
from synqc.readout import ReadoutPulse, Resonator

CAVITY = Resonator(kappa_mhz=5.0, chi_mhz=0.5, drive_mhz=2.0, efficiency=0.5, phase=0.5, detuning_mhz=0.3)
PULSE = ReadoutPulse((300.0, 50.0), (1.0, -0.7j))  # and 50 ns of ringing down behind it
EDGES = np.linspace(0.0, 0.4, 41)
PLUS = np.array([1.0, 1.0]) / math.sqrt(2)
SZ = np.diag([1.0, -1.0])


def qutip_ensemble(qubit, start, *, fock=14):
    """States of the qubit (t, 2, 2) and mean record (t - 1) of homodyne detection, of qubit and resonator by QuTiP."""
    qutip = pytest.importorskip("qutip")
    resonator = qubit.resonator
    a = qutip.tensor(qutip.qeye(2), qutip.destroy(fock))
    ground, excited = (qutip.tensor(qutip.basis(2, k).proj(), qutip.qeye(fock)) for k in (0, 1))
    lower = qutip.tensor(qutip.basis(2, 0) * qutip.basis(2, 1).dag(), qutip.qeye(fock))
    kappa, drive = 2 * math.pi * resonator.kappa_mhz, 2 * math.pi * resonator.drive_mhz
    first, second = (2 * math.pi * one for one in resonator.level_detunings_mhz)
    still = 2e-3 * math.pi * qubit.detuning_khz * excited + (first * ground + second * excited) * a.dag() * a
    ends = np.cumsum(PULSE.durations_ns) * 1e-3
    jumps = [math.sqrt(kappa) * a]
    if math.isfinite(qubit.t1_us):
        jumps.append(lower / math.sqrt(qubit.t1_us))
    signal = math.sqrt(resonator.efficiency * kappa) * np.exp(-1j * resonator.phase) * a
    state = qutip.tensor(qutip.Qobj(start).proj(), qutip.basis(fock, 0).proj())
    states, means = [], []
    for low, high, amplitude in ((0.0, ends[0], 1.0), (ends[0], ends[1], -0.7j), (ends[1], EDGES[-1], 0.0)):
        times = np.array([time for time in EDGES if low - 1e-9 <= time <= high + 1e-9])
        push = drive * (amplitude * a.dag() + np.conj(amplitude) * a)
        found = qutip.mesolve(still + push, state, times, jumps, options={"atol": 1e-12, "rtol": 1e-10})
        state = found.states[-1]
        kept = found.states if not states else found.states[1:]
        states += [one.ptrace(0).full() for one in kept]
        means += [2 * qutip.expect(signal, one).real for one in kept]
    means = np.array(means)
    return np.array(states), (means[1:] + means[:-1]) / 2


@pytest.mark.parametrize("heterodyne", [False, True], ids=["homodyne", "heterodyne"])
@pytest.mark.parametrize("t1_us", [math.inf, 0.5], ids=["no decay", "decay"])
def test_the_mean_state_is_that_of_qubit_and_resonator(heterodyne, t1_us, seed):
    """Coherence and Stark phase, in ring-up, drive and ring-down."""
    qubit = MonitoredQubit(detuning_khz=800.0, t1_us=t1_us, resonator=CAVITY, pulse=PULSE)
    start = np.array([0.6, 0.8])
    exact, _ = qutip_ensemble(qubit, start)
    shots = 4000
    made = smesolve(qubit, start, EDGES, heterodyne=heterodyne, ntraj=shots, seeds=seed, store_states=True, e_ops=[SZ])
    spread = np.abs(made.runs_states - made.average_states).std(axis=0) / math.sqrt(shots)
    apart = np.abs(made.average_states - exact)
    assert (apart <= 5 * spread + 2e-5).all(), (seed, float(apart.max()))
    assert abs(np.angle(exact[-1, 0, 1])) > 0.5
    assert np.allclose(made.average_expect[0], np.einsum("tii,i->t", made.average_states, [1, -1]).real)
    assert (made.stats["weak_error"] == 0.0) == math.isinf(t1_us)


def test_the_mean_record_is_what_the_resonator_emits(seed):
    """A field that goes on from where it was when the qubit decays shows in the mean record."""
    qubit = MonitoredQubit(t1_us=0.2, resonator=CAVITY, pulse=PULSE)
    shots = 40_000
    made = smesolve(qubit, [0.0, 1.0], EDGES, ntraj=shots, seeds=seed, dt=1.0)
    _, exact = qutip_ensemble(qubit, np.array([0.0, 1.0]))
    error = made.measurement[:, 0].std(axis=0) / math.sqrt(shots)
    # The middle of a bin of 10 ns is taken by the trapezoidal rule here.
    assert (np.abs(made.measurement[:, 0].mean(axis=0) - exact) < 4.8 * error + 0.02).all(), seed
    _, undecayed = qutip_ensemble(replace(qubit, t1_us=math.inf), np.array([0.0, 1.0]))
    assert np.abs(exact - undecayed).max() > 20 * error.max()


@pytest.mark.parametrize("heterodyne", [False, True], ids=["homodyne", "heterodyne"])
def test_filter_record_finds_the_states_that_records_came_with(heterodyne, seed):
    qubit = MonitoredQubit(t1_us=1.0, t2_us=0.7, detuning_khz=300.0, resonator=CAVITY, pulse=PULSE)
    made = smesolve(
        qubit,
        PLUS,
        EDGES,
        heterodyne=heterodyne,
        ntraj=30,
        seeds=seed,
        dt=1.0,
        store_states=True,
        keep_runs_results=True,
    )
    assert made.measurement.shape == ((30, 1, 2, 40) if heterodyne else (30, 1, 40))
    found = filter_record(made.measurement[:, 0], qubit, PLUS, EDGES, heterodyne=heterodyne)
    assert np.abs(found.states - made.runs_states).max() < 1e-12
    assert np.array_equal(made.runs_final_states, made.runs_states[:, -1])


def test_short_steps_know_more_than_bins(seed):
    """Between two times a trajectory is conditioned on all that was emitted, not on the mean alone."""
    strong = replace(CAVITY, drive_mhz=6.0, efficiency=1.0)
    qubit = MonitoredQubit(resonator=strong, pulse=ReadoutPulse.square(400.0))
    fine, coarse = (smesolve(qubit, PLUS, [0.0, 0.4], e_ops=[SZ], ntraj=4000, seeds=seed, dt=dt) for dt in (None, 1.0))
    assert fine.stats["steps"] > 20
    assert coarse.stats["steps"] == 1
    assert fine.std_expect[0, -1] > coarse.std_expect[0, -1] + 0.01


SLOW = Resonator(kappa_mhz=1.0, chi_mhz=0.5, drive_mhz=1.6, efficiency=0.8, phase=math.pi)


def test_innovations_are_white_for_the_resonator_and_not_for_a_stationary_probe(seed):
    pulse = ReadoutPulse.square(2000.0)
    qubit = MonitoredQubit(t1_us=30.0, resonator=SLOW, pulse=pulse)
    edges = np.linspace(0.0, 2.0, 101)
    made = smesolve(qubit, PLUS, edges, ntraj=300, seeds=seed)
    white = made.dW[:, 0] / np.sqrt(np.diff(edges))
    assert GoodnessOfFit(tuple(innovation_tests(white))).passed, seed
    assert np.abs(white.var(axis=0) - 1).max() < 5.5 * math.sqrt(2 / 300), seed

    late = SLOW.information(pulse, [1990.0, 2000.0])
    stationary = MonitoredQubit(t1_us=30.0, gamma_per_us=float(late[1] - late[0]) / 0.01, efficiency=SLOW.efficiency)
    likelihood = RecordLikelihood(made.measurement[:, 0], 0.02, stationary, PLUS, {"gain": Parameter(0.5, 2.0)})
    of_stationary = GoodnessOfFit(tuple(innovation_tests(likelihood.innovations([1.0]))))
    assert of_stationary["ljung-box"].p_value < 1e-6, seed
    # When it has rung up, the stationary probe is the right one.
    at_rest = made.measurement[:, 0, 60:].mean(axis=1)
    assert np.abs(at_rest).mean() == pytest.approx(math.sqrt(2 * SLOW.efficiency * stationary.gamma_per_us), rel=0.2)


def test_a_delay_leaves_noise_in_front(seed):
    qubit = MonitoredQubit(resonator=replace(CAVITY, delay_ns=100.0), pulse=PULSE)
    made = smesolve(qubit, PLUS, EDGES, ntraj=10, seeds=seed, store_states=True)
    assert np.abs(made.average_states[:11] - 0.5).max() < 1e-12
    assert np.abs(made.average_states[40, 0, 1]) < 0.49


def test_bytes_depend_on_seeds_alone(monkeypatch):
    qubit = MonitoredQubit(t1_us=1.0, resonator=CAVITY, pulse=PULSE)

    def records(**given):
        return smesolve(qubit, PLUS, EDGES, **{"ntraj": 50, "seeds": 5, "dt": 0.01} | given).measurement

    whole = records()
    assert np.array_equal(whole[:7], records(ntraj=7))
    assert np.array_equal(whole, records(threads=1))
    assert not np.array_equal(whole, records(seeds=6))
    monkeypatch.setattr(_resonator_trajectories, "_STEPS_AT_ONCE", 400)
    assert np.array_equal(whole, records())
    own = records(seeds=[11, 12, 11], ntraj=3)
    assert np.array_equal(own[0], own[2])
    assert not np.array_equal(own[0], own[1])


def test_an_interrupted_run_keeps_what_is_complete(monkeypatch):
    monkeypatch.setattr(_resonator_trajectories, "_STEPS_AT_ONCE", 400)
    qubit = MonitoredQubit(resonator=CAVITY, pulse=PULSE)

    def leave(done, total):
        if done >= 20:
            raise KeyboardInterrupt

    made = smesolve(qubit, PLUS, EDGES, ntraj=100, seeds=1, dt=0.01, e_ops=[SZ], progress=leave)
    assert made.partial
    assert made.num_trajectories == 20
    assert made.measurement.shape == (20, 1, 40)


def test_a_qubit_without_a_resonator_is_its_operators():
    qubit = MonitoredQubit(rabi_khz=300.0, gamma_per_us=0.7, efficiency=0.4, t1_us=20.0, t2_us=9.0)
    short, long = (
        smesolve(*given, e_ops=[SZ], ntraj=20, seeds=3, **more)
        for given, more in (
            ((qubit, PLUS, EDGES), {}),
            ((qubit.H, PLUS, EDGES, qubit.c_ops, qubit.sc_ops), {"eta": qubit.efficiency}),
        )
    )
    assert np.array_equal(short.measurement, long.measurement)
    assert np.array_equal(short.average_expect, long.average_expect)


def test_what_it_refuses():
    qubit = MonitoredQubit(resonator=CAVITY, pulse=PULSE)
    for given, words in (
        ({"c_ops": [SZ]}, "`c_ops` must be left out with a MonitoredQubit"),
        ({"eta": 0.5}, "`eta` must be left out with a MonitoredQubit"),
        ({"method": "rouchon"}, "`method` must be left out for a MonitoredQubit with a resonator"),
        ({"args": {"a": 1}}, "`args` must be left out for a MonitoredQubit with a resonator"),
        ({"breakpoints": [0.1]}, "`breakpoints` must be left out for a MonitoredQubit with a resonator"),
        ({"dt": 0.0}, "`dt` must be finite and greater than 0"),
        ({"dt": 1e-10}, r"`dt` must give at most 2\*\*26 steps"),
    ):
        with pytest.raises(InputError, match=words):
            smesolve(qubit, PLUS, EDGES, **given)
    with pytest.raises(InputError, match="`tlist` must begin at 0"):
        smesolve(qubit, PLUS, EDGES + 1)
    with pytest.raises(InputError, match="`sc_ops` must be left out with a MonitoredQubit"):
        smesolve(MonitoredQubit(), PLUS, EDGES, sc_ops=[SZ])


def test_a_bath_heats_a_qubit_that_is_watched(seed):
    """Populations of the mean state follow the rate equation; a filter finds the same states."""
    hot = MonitoredQubit(t1_us=0.3, t2_us=0.25, thermal_population=0.3, resonator=CAVITY, pulse=PULSE)
    shots = 4000
    made = smesolve(hot, PLUS, EDGES, ntraj=shots, seeds=seed, dt=1.0, store_states=True, keep_runs_results=True)
    excited = 0.3 + 0.2 * np.exp(-EDGES / 0.3)
    spread = made.runs_states[:, :, 1, 1].real.std(axis=0) / math.sqrt(shots)
    assert (np.abs(made.average_states[:, 1, 1].real - excited) < 4.8 * spread + 1e-9).all(), seed
    cold = smesolve(replace(hot, thermal_population=0.0), PLUS, EDGES, ntraj=20, seeds=seed, dt=1.0, store_states=True)
    assert abs(cold.average_states[-1, 1, 1].real - excited[-1]) > 0.1
    found = filter_record(made.measurement[:30, 0], hot, PLUS, EDGES)
    assert np.abs(found.states - made.runs_states[:30]).max() < 1e-12
    device = synqc.device("transmon-default").replace(thermal_population=0.07, resonator=CAVITY)
    assert MonitoredQubit.from_device(device, PULSE).thermal_population == 0.07


def test_a_bath_without_a_resonator_is_that_of_a_master_equation():
    hot = MonitoredQubit(t1_us=2.0, t2_us=1.5, thermal_population=0.2, gamma_per_us=0.0)
    times = np.linspace(0.0, 3.0, 7)
    found = mesolve(hot.H, [1.0, 0.0], times, hot.c_ops, e_ops=[np.diag([0.0, 1.0])]).expect[0]
    assert found == pytest.approx(0.2 * (1 - np.exp(-times / 2.0)), abs=1e-9)
    with pytest.raises(InputError, match="`thermal_population`"):
        MonitoredQubit(thermal_population=0.5)
