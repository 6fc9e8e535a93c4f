"""Records of readouts, shot by shot: what they hold on average, jumps, noise, and the state that they leave."""

import math

import numpy as np
import pytest

from synqc.errors import InputError, ShapeError
from synqc.readout import LevelRates, Readout, ReadoutPulse, Resonator

CAVITY = Resonator(kappa_mhz=5.0, chi_mhz=0.5, drive_mhz=2.0, efficiency=0.5)
THREE_LEVELS = Resonator(kappa_mhz=5.0, chi_mhz=(2.0, -1.0, -4.0), drive_mhz=2.0, efficiency=0.5, phase=0.4)


def readout_of(resonator, detection="heterodyne", **changes):
    settings = {"bins": 60, "duration_ns": 900.0, **changes}
    return Readout(resonator, ReadoutPulse.square(600.0), detection=detection, **settings)


@pytest.mark.parametrize("detection", ["homodyne", "heterodyne"])
def test_mean_records_are_fields_averaged_over_bins(detection):
    readout = readout_of(THREE_LEVELS, detection, bins=30)
    fine = np.linspace(0, 900, 30 * 400 + 1)
    fields = THREE_LEVELS.fields(readout.pulse, (fine[1:] + fine[:-1]) / 2) * np.exp(-0.4j)
    averaged = fields.reshape(3, 30, 400).mean(axis=2)
    power = 0.5 * 10 * math.pi
    expected = math.sqrt(2 * power) * averaged if detection == "heterodyne" else 2 * math.sqrt(power) * averaged.real
    # The midpoint rule on steps of 0.075 ns: (0.075 ns * 25 rad/us)^2 / 24 of a signal of about 10.
    assert np.abs(readout.mean_records() - expected).max() < 1e-4


def test_matched_weights_have_the_signal_to_noise_of_what_left_the_resonator():
    for duration, error in ((500.0, 0.240968), (1000.0, 0.132956)):
        readout = Readout(CAVITY, ReadoutPulse.square(duration), bins=2000, detection="homodyne")
        g = CAVITY.information(readout.pulse, duration)
        assert readout.signal_to_noise() == pytest.approx(math.sqrt(8 * 0.5 * g), rel=1e-5)
        assert math.erfc(math.sqrt(0.5 * g)) / 2 == pytest.approx(error, abs=1e-6)
        assert math.erfc(readout.signal_to_noise() / math.sqrt(8)) / 2 == pytest.approx(error, abs=2e-6)
        both = Readout(CAVITY, ReadoutPulse.square(duration), bins=2000)
        assert both.signal_to_noise() == pytest.approx(math.sqrt(4 * 0.5 * g), rel=1e-5)
        assert readout.signal_to_noise(np.ones(2000)) < readout.signal_to_noise()


@pytest.mark.parametrize("detection", ["homodyne", "heterodyne"])
@pytest.mark.parametrize("resonator", [CAVITY, THREE_LEVELS], ids=["two levels", "three levels"])
def test_noise_is_white_and_the_mean_is_that_of_the_level(seed, detection, resonator):
    readout = readout_of(resonator, detection, bins=37)  # no multiple of a register or chunk
    shots = 6000
    prepared = np.arange(shots) % resonator.levels
    records = readout.simulate(prepared, seed=seed)
    assert (records.final == prepared).all()
    noise = (records.values - readout.mean_records()[prepared]) * math.sqrt(readout.bin_us)
    parts = [noise.real, noise.imag] if detection == "heterodyne" else [noise]
    values = np.concatenate(parts, axis=1)
    covariance = values.T @ values / shots
    # Of some thousand elements none strays by more than five deviations.
    assert np.abs(covariance - np.eye(values.shape[1])).max() < 5 * math.sqrt(2 / shots), seed
    assert np.abs(values.mean(axis=0)).max() < 5 / math.sqrt(shots), seed


def test_a_record_depends_on_its_seed_and_number_alone():
    readout = readout_of(THREE_LEVELS, rates=LevelRates((2.0, 3.0), (0.5, 0.5)))
    prepared = np.arange(1100) % 3
    all_of_them = readout.simulate(prepared, seed=11, threads=1)
    again = readout.simulate(prepared, seed=11, threads=2)
    assert all_of_them.values.tobytes() == again.values.tobytes()
    part = readout.simulate(prepared[403:], seed=11, first_shot=403)
    assert part.values.tobytes() == all_of_them.values[403:].tobytes()
    assert part.final.tobytes() == all_of_them.final[403:].tobytes()
    assert readout.simulate(prepared, seed=12).values[0, 0] != all_of_them.values[0, 0]


def populations_after(generator, time, start):
    """exp(generator time) of one start, by its eigenvectors."""
    values, vectors = np.linalg.eig(generator)
    return (vectors @ (np.exp(values * time) * np.linalg.solve(vectors, np.eye(len(values))[start]))).real


def test_levels_at_the_end_are_those_of_the_rate_equation(seed):
    rates = LevelRates((0.7, 1.9), (0.3, 0.8))
    readout = readout_of(THREE_LEVELS, rates=rates)
    shots = 30_000
    for start in range(3):
        final = readout.simulate(np.full(shots, start), seed=seed + start).final
        shares = np.bincount(final, minlength=3) / shots
        expected = populations_after(rates.generator, 0.9, start)
        deviations = np.sqrt(expected * (1 - expected) / shots)
        assert (np.abs(shares - expected) < 4.5 * deviations).all(), (seed, shares, expected)


def test_the_field_of_a_shot_relaxes_after_its_jump(seed):
    """The mean record with decay is that of fields weighted with the population of their level."""
    scipy_integrate = pytest.importorskip("scipy.integrate")
    gamma = 3.0
    readout = readout_of(CAVITY, rates=LevelRates((gamma,)), bins=30)
    shots = 40_000
    mean = readout.simulate(np.ones(shots, int), seed=seed).values.mean(axis=0)
    decays = math.pi * 5.0 + 2j * math.pi * np.array([0.5, -0.5])

    # Fields weighted with the population of their level: they decay, and flow from |1> to |0>.
    def flow(time, weighted):
        drive = 4 * math.pi if time < 0.6 else 0.0
        here = math.exp(-gamma * time)
        return [
            -decays[0] * weighted[0] - 1j * drive * (1 - here) + gamma * weighted[1],
            -(decays[1] + gamma) * weighted[1] - 1j * drive * here,
            weighted[0] + weighted[1],
        ]

    edges = readout.edges_ns * 1e-3
    solved = scipy_integrate.solve_ivp(flow, (0, 0.9), [0j, 0j, 0j], t_eval=edges, rtol=1e-8, atol=1e-10, max_step=0.01)
    expected = math.sqrt(2 * 0.5 * 10 * math.pi) * np.diff(solved.y[2]) / np.diff(edges)
    deviation = 1 / math.sqrt(readout.bin_us * shots)
    # 60 real numbers, and the spread of the signal itself adds to the noise a little.
    assert np.abs(mean - expected).max() < 5 * 1.2 * deviation, seed


def test_a_delay_shifts_the_record():
    early, late = (
        readout_of(CAVITY),
        readout_of(Resonator(kappa_mhz=5.0, chi_mhz=0.5, drive_mhz=2.0, efficiency=0.5, delay_ns=150.0)),
    )
    shift = 10  # bins of 15 ns
    assert np.abs(late.mean_records()[:, :shift]).max() == 0
    assert np.allclose(late.mean_records()[:, shift:], early.mean_records()[:, :-shift], rtol=0, atol=1e-12)
    odd = readout_of(Resonator(kappa_mhz=5.0, chi_mhz=0.5, drive_mhz=2.0, efficiency=0.5, delay_ns=157.5), bins=120)
    fine = readout_of(CAVITY, bins=120).mean_records()
    assert np.allclose(odd.mean_records()[:, 21:], fine[:, :-21], rtol=0, atol=1e-12)


def trajectory_in_fock_space(resonator, *, steps, duration, seed, levels=14):
    """One homodyne record of a qubit in |+> and its resonator by QuTiP, and <sigma_z> along it."""
    qutip = pytest.importorskip("qutip")
    a = qutip.tensor(qutip.qeye(2), qutip.destroy(levels))
    ground, excited = (qutip.tensor(qutip.basis(2, k).proj(), qutip.qeye(levels)) for k in (0, 1))
    kappa, drive, first, second = (
        2 * math.pi * one for one in (resonator.kappa_mhz, resonator.drive_mhz, *resonator.level_detunings_mhz)
    )
    hamiltonian = (first * ground + second * excited) * a.dag() * a + drive * (a + a.dag())
    start = qutip.tensor((qutip.basis(2, 0) + qutip.basis(2, 1)).unit(), qutip.basis(levels, 0))
    times = np.linspace(0, duration, steps + 1)
    # dW + 2 sqrt(eta kappa) Re(alpha): QuTiP's monitored operator is sqrt(eta kappa) a.
    seen, lost = (math.sqrt(share * kappa) for share in (resonator.efficiency, 1 - resonator.efficiency))
    result = qutip.smesolve(
        hamiltonian, start, times, c_ops=[lost * a], sc_ops=[seen * a],
        e_ops=[ground - excited], ntraj=1, seeds=seed,
        options={
            "method": "platen", "dt": duration / steps, "store_measurement": True, "keep_runs_results": True,
            "progress_bar": "",
        },
    )  # fmt: skip
    return np.real(result.measurement[0][0]), np.real(result.runs_expect[0][0])


def difference_of_populations(resonator, record, expected, duration):
    """Largest along a record, of <sigma_z> from the record alone."""
    readout = Readout(resonator, ReadoutPulse.square(1e3 * duration), bins=len(record), detection="homodyne")
    populations = readout.populations(record[None, :])[0]
    return np.abs(populations[:, 0] - populations[:, 1] - expected).max()


def test_populations_follow_a_record_as_the_stochastic_master_equation_does():
    """One trajectory of a qubit and 14 levels of the resonator in QuTiP; the record alone leads to the same state."""
    steps, duration = 2000, 0.5
    record, expected = trajectory_in_fock_space(CAVITY, steps=steps, duration=duration, seed=5)
    # QuTiP's own error at this step is about 1e-4, a tenth of what the bins may miss.
    assert difference_of_populations(CAVITY, record, expected, duration) < 1e-3
    # Negative control: a filter whose field follows at once, as a stationary probe's does, is far off.
    steady = 2 * math.sqrt(math.pi * 5.0) * CAVITY.fields(ReadoutPulse.square(1e5), [1e5])[:, 0].real
    log_odds = np.cumsum(record * (steady[0] - steady[1]) - (steady[0] ** 2 - steady[1] ** 2) / 2) * duration / steps
    assert np.abs(np.tanh(log_odds / 2) - expected[1:]).max() > 0.05


@pytest.mark.parametrize("rounds", [2, pytest.param(100, marks=pytest.mark.deep)])
def test_populations_behind_random_resonators_follow_their_records(rounds, seed):
    draw = np.random.default_rng(seed)
    for number in range(rounds):
        kappa = draw.uniform(3, 8)
        resonator = Resonator(
            kappa_mhz=kappa,
            chi_mhz=draw.uniform(-0.4, 0.4) * kappa,
            drive_mhz=draw.uniform(0.1, 0.4) * kappa,
            detuning_mhz=draw.uniform(-0.4, 0.4) * kappa,
            efficiency=draw.uniform(0.2, 1.0),
        )
        record, expected = trajectory_in_fock_space(resonator, steps=4000, duration=0.4, seed=seed + number)
        assert difference_of_populations(resonator, record, expected, 0.4) < 2e-3, (seed, number, resonator)


def test_populations_without_information_are_those_of_the_rates_at_every_edge(seed):
    """Nothing is half a bin late."""
    rates = LevelRates.from_t1(0.3, levels=3)
    blind = Resonator(kappa_mhz=5.0, chi_mhz=(1.0, -1.0, -3.0), drive_mhz=3.0, efficiency=0.0)
    readout = Readout(blind, ReadoutPulse.square(900.0), bins=9, rates=rates)
    start = np.array([0.1, 0.3, 0.6])
    found = readout.populations(readout.simulate([2, 1], seed=seed).values, start)
    for edge, time in enumerate(readout.edges_ns * 1e-3):
        expected = sum(share * populations_after(rates.generator, time, k) for k, share in enumerate(start))
        assert np.allclose(found[:, edge], expected, atol=1e-12), (seed, edge)


def test_populations_without_decay_are_bayes_rule(seed):
    draw = np.random.default_rng(seed)
    for detection in ("homodyne", "heterodyne"):
        readout = readout_of(THREE_LEVELS, detection)
        records = readout.simulate(draw.integers(0, 3, 20), seed=seed).values
        prior = draw.dirichlet(np.ones(3))
        means = readout.mean_records()
        steps = (records[:, None, :] * means.conj()[None]).real - (np.abs(means) ** 2)[None] / 2
        exponents = np.cumsum(steps, axis=2) * readout.bin_us + np.log(prior)[None, :, None]
        expected = np.exp(exponents - exponents.max(axis=1, keepdims=True))
        expected /= expected.sum(axis=1, keepdims=True)
        found = readout.populations(records, prior)
        assert np.allclose(found[:, 0], prior)
        assert np.abs(found[:, 1:] - expected.transpose(0, 2, 1)).max() < 1e-10, seed


def test_what_a_readout_refuses():
    readout = readout_of(CAVITY)
    with pytest.raises(InputError, match="`rates` must be of 2 levels"):
        readout_of(CAVITY, rates=LevelRates((1.0, 2.0)))
    with pytest.raises(InputError, match='`detection` must be "heterodyne" or "homodyne"'):
        readout_of(CAVITY, "sideways")
    with pytest.raises(InputError, match="`prepared` must be between 0 and 1"):
        readout.simulate([0, 2], seed=1)
    with pytest.raises(ShapeError, match="`prepared` must be integers"):
        readout.simulate([0.5], seed=1)
    with pytest.raises(InputError, match="`records` must be complex for heterodyne"):
        readout.populations(np.zeros((1, 60)))
    with pytest.raises(ShapeError, match=r"`records` must have shape \(shots, 60\)"):
        readout.populations(np.zeros((1, 61), complex))
    with pytest.raises(ShapeError, match="`prior` must have shape"):
        readout.populations(np.zeros((1, 60), complex), [1.0])
    with pytest.raises(InputError, match="`duration_ns` must be finite"):
        Readout(CAVITY, ReadoutPulse((), ()))
