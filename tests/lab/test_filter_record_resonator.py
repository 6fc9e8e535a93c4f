"""filter_record behind a resonator, against QuTiP's stochastic master equation of qubit and resonator."""

import math
from dataclasses import replace

import numpy as np
import pytest

from synqc import MonitoredQubit, filter_record
from synqc.errors import InputError, ShapeError
from synqc.readout import LevelRates, Readout, ReadoutPulse, Resonator

CAVITY = Resonator(kappa_mhz=5.0, chi_mhz=0.5, drive_mhz=2.0, efficiency=0.5)
PULSE = ReadoutPulse((300.0, 50.0), (1.0, -0.7j))
PLUS = np.array([1.0, 1.0]) / math.sqrt(2)


def qutip_trajectory(resonator, *, heterodyne, t1_us, detuning, steps, duration, fock=14, seed=5):
    """(record, conditioned states of the qubit) of one trajectory."""
    qutip = pytest.importorskip("qutip")
    a = qutip.tensor(qutip.qeye(2), qutip.destroy(fock))
    excited = qutip.tensor(qutip.basis(2, 1).proj(), qutip.qeye(fock))
    ground = qutip.tensor(qutip.basis(2, 0).proj(), qutip.qeye(fock))
    lower = qutip.tensor(qutip.basis(2, 0) * qutip.basis(2, 1).dag(), qutip.qeye(fock))
    kappa, drive = 2 * math.pi * resonator.kappa_mhz, 2 * math.pi * resonator.drive_mhz
    first, second = (2 * math.pi * one for one in resonator.level_detunings_mhz)
    still = detuning * excited + (first * ground + second * excited) * a.dag() * a
    times = np.linspace(0, duration, steps + 1)
    ends = np.cumsum(PULSE.durations_ns) * 1e-3

    def push(t, conjugated=False):
        amplitude = PULSE.amplitudes[0] if t < ends[0] else PULSE.amplitudes[1] if t < ends[1] else 0.0
        return drive * (np.conj(amplitude) if conjugated else amplitude)

    seen = math.sqrt(resonator.efficiency * kappa) * np.exp(-1j * resonator.phase) * a
    hidden = [math.sqrt((1 - resonator.efficiency) * kappa) * a]
    if math.isfinite(t1_us):
        hidden.append(lower / math.sqrt(t1_us))
    start = qutip.tensor((qutip.basis(2, 0) + qutip.basis(2, 1)).unit(), qutip.basis(fock, 0))
    result = qutip.smesolve(
        [still, [a.dag(), lambda t: push(t)], [a, lambda t: push(t, True)]], start, times, c_ops=hidden, sc_ops=[seen],
        e_ops=[ground, lower], ntraj=1, seeds=seed, heterodyne=heterodyne,
        options={
            "method": "platen", "dt": duration / steps, "store_measurement": True, "keep_runs_results": True,
            "progress_bar": "",
        },
    )  # fmt: skip
    record = np.real(result.measurement[0][0])
    ground_population, coherence = (np.asarray(one[0]) for one in result.runs_expect)
    # QuTiP's lower = |0><1|: its mean is rho_10.
    return times, record, ground_population.real, coherence.conj()


@pytest.mark.parametrize("heterodyne", [False, True], ids=["homodyne", "heterodyne"])
@pytest.mark.parametrize("t1_us", [math.inf, 1.0], ids=["no decay", "decay"])
def test_the_conditioned_state_is_that_of_qubit_and_resonator(heterodyne, t1_us):
    resonator = replace(CAVITY, phase=0.5, detuning_mhz=0.3)
    detuning = 2 * math.pi * 0.8
    times, record, ground, coherence = qutip_trajectory(
        resonator, heterodyne=heterodyne, t1_us=t1_us, detuning=detuning, steps=1500, duration=0.4
    )
    qubit = MonitoredQubit(detuning_khz=800.0, t1_us=t1_us, resonator=resonator, pulse=PULSE)
    states = filter_record(record, qubit, PLUS, times, heterodyne=heterodyne).states
    # QuTiP's steps are good to 1e-3 in the coherence, which turns and shrinks by half; jumps are merged here.
    assert np.abs(states[:, 0, 0].real - ground).max() < 2e-3
    assert np.abs(states[:, 0, 1] - coherence).max() < 3e-3
    assert np.abs(coherence[-1]) < 0.45  # there was something to be followed


def test_the_mean_over_records_is_the_unconditioned_coherence(seed):
    """Averaged over records, measured information does not matter: dephasing and phase are those of the resonator."""
    resonator = replace(CAVITY, phase=0.9, efficiency=0.8)
    readout = Readout(resonator, PULSE, bins=200, rates=LevelRates.from_t1(2.0), detection="homodyne")
    shots = 20_000
    records = readout.simulate(np.arange(shots) % 2, seed=seed)
    qubit = MonitoredQubit(t1_us=2.0, resonator=resonator, pulse=PULSE)
    final = filter_record(records.values, qubit, PLUS, readout.edges_ns * 1e-3, keep_states="final").states[:, 0, 0, 1]
    expected = 0.5 * np.exp(-resonator.dephasing(PULSE, 350.0) - 0.35 / 4 + 1j * resonator.stark_phase(PULSE, 350.0))
    error = math.hypot(final.real.std(), final.imag.std()) / math.sqrt(shots)
    assert abs(final.mean() - expected) < 4.5 * error, (seed, final.mean(), expected)


def test_states_are_states(seed):
    readout = Readout(CAVITY, PULSE, bins=50, duration_ns=500.0, rates=LevelRates.from_t1(0.5))
    values = readout.simulate(np.arange(200) % 2, seed=seed).values
    values[:, 7] = np.nan
    record = math.sqrt(2) * np.stack([values.real, values.imag], axis=1)
    qubit = MonitoredQubit(t1_us=0.5, t2_us=0.6, resonator=CAVITY, pulse=PULSE)
    states = filter_record(record, qubit, PLUS, readout.edges_ns * 1e-3, heterodyne=True).states
    assert states.shape == (200, 51, 2, 2)
    assert np.allclose(states[..., 0, 0] + states[..., 1, 1], 1)
    assert np.linalg.eigvalsh(states).min() > -1e-3, seed


def test_parameters_of_the_resonator_are_found(seed):
    true = replace(CAVITY, drive_mhz=4.0)
    pulse = ReadoutPulse.square(2000.0)
    readout = Readout(true, pulse, bins=200, detection="homodyne")
    records = readout.simulate(np.arange(60) % 2, seed=seed).values
    qubit = MonitoredQubit(resonator=true, pulse=pulse)
    grid = np.linspace(0.3, 0.7, 21)
    found = filter_record(records, qubit, PLUS, readout.edges_ns * 1e-3, parameters={"chi_mhz": grid})
    assert found.log_likelihood.shape == (21, 60)
    mean = float((found.joint_posterior * grid).sum())
    spread = math.sqrt(float((found.joint_posterior * (grid - mean) ** 2).sum()))
    assert abs(mean - 0.5) < 4.5 * max(spread, 0.01), (seed, mean, spread)
    with pytest.raises(InputError, match="`parameters` must have names that H uses"):
        filter_record(records, qubit, PLUS, readout.edges_ns * 1e-3, parameters={"rabi_khz": grid})


def test_what_a_qubit_behind_a_resonator_refuses():
    edges = np.linspace(0, 0.35, 11)
    qubit = MonitoredQubit(resonator=CAVITY, pulse=PULSE)
    for change, words in (
        ({"pulse": None}, "`pulse` must be given with `resonator`"),
        ({"rabi_khz": 10.0}, "`rabi_khz` must be 0 with a `resonator`"),
        ({"efficiency": 0.5}, "`efficiency` must be left out with a `resonator`"),
        ({"resonator": Resonator(kappa_mhz=1.0, chi_mhz=(1.0, 0.0, -1.0))}, "`resonator` must have two levels"),
    ):
        with pytest.raises(InputError, match=words):
            replace(qubit, **change)
    with pytest.raises(InputError, match="`resonator` must be left out where the monitored operator"):
        qubit.sc_ops  # noqa: B018
    with pytest.raises(InputError, match='`method` must be "auto" for a MonitoredQubit with a resonator'):
        filter_record(np.zeros(10), qubit, PLUS, edges, method="rouchon")
    with pytest.raises(InputError, match="`tlist` must begin at 0"):
        filter_record(np.zeros(10), qubit, PLUS, edges + 0.1)
    with pytest.raises(ShapeError, match=r"`record` must have shape \(10,\)"):
        filter_record(np.zeros(9), qubit, PLUS, edges)
    with pytest.raises(ShapeError, match=r"`record` must have shape \(2, 10\)"):
        filter_record(np.zeros(10), qubit, PLUS, edges, heterodyne=True)
    with pytest.raises(InputError, match="`record` must be finite or NaN"):
        filter_record(np.full(10, np.inf), qubit, PLUS, edges)
