"""Square drives, scans of the readout, tones, efficiency: what is hidden is found, what is wrong is said."""

import math
from dataclasses import replace

import numpy as np
import pytest
from planted_faults import hidden_qubit

from synqc.errors import InputError, ShapeError
from synqc.protocols import (
    Delay,
    DephasingMatrix,
    Drive,
    IQScan,
    RabiChevron,
    RabiDuration,
    ReadoutDephasing,
    ReadoutDuration,
    ReadoutEfficiency,
    ReadoutFrequency,
    ReadoutPower,
    ReadoutTone,
    RingDown,
    Rotation,
)
from synqc.protocols.curves import Chevron, RabiDecay, RingDownFringe, ToneFringe
from synqc.readout import ReadoutPulse, Resonator, expected_crosstalk
from synqc.twin import Faults, HiddenQubit, IntegratedReadout, Twin

QUARTER = math.pi / 2


def resonator_of(readout):
    """The same as a `synqc.readout.Resonator`: another engine for the same fields."""
    low, high, third = readout.shifts_mhz
    middle = (low + high) / 2
    return Resonator(
        kappa_mhz=readout.kappa_mhz,
        chi_mhz=(low - middle, high - middle, third - middle),
        drive_mhz=readout.drive_mhz,
        detuning_mhz=middle,
    )


def true_dephasing(readout, tone_ns=1000.0):
    """Of a tone of amplitude 1, the ring-down included."""
    pulse = ReadoutPulse.square(tone_ns)
    return float(resonator_of(readout).dephasing(pulse, tone_ns + 1000.0))


# What each protocol reports, from the hidden truth.
COVERED = {
    RabiDuration(): {
        "rabi_khz": lambda hidden: 200 * hidden.rabi_scale,
        "decay_us": lambda hidden: 2 / (1 / hidden.t1_us + 1 / hidden.t2_us),
    },
    RabiChevron(): {
        "rabi_khz": lambda hidden: 1000 * hidden.rabi_scale,
        "detuning_khz": lambda hidden: hidden.detuning_khz,
    },
    ReadoutDephasing(): {"dephasing": lambda hidden: true_dephasing(hidden.readout)},
    RingDown(): {
        "kappa_mhz": lambda hidden: hidden.readout.kappa_mhz,
        "shift_mhz": lambda hidden: hidden.readout.shifts_mhz[0] - hidden.readout.shifts_mhz[1],
    },
}


def drawn(generator):
    """A healthy qubit whose resonator is drawn, too."""
    readout = IntegratedReadout(
        kappa_mhz=generator.uniform(3.5, 4.5), shifts_mhz=(generator.uniform(2.2, 2.8), 0.0, -5.0)
    )
    return hidden_qubit(generator, readout=readout)


def covered(protocol, truths, seeds):
    """How often both intervals of each parameter hold the truth, and how often the verdict is not good."""
    inside, wide, complained = dict.fromkeys(truths, 0), dict.fromkeys(truths, 0), 0
    for seed in seeds:
        hidden = drawn(np.random.default_rng([seed, 6]))
        found = protocol.analyse(protocol.run(Twin([hidden], seed=seed)[0]))
        for name, truth in truths.items():
            inside[name] += found.intervals[name][0] <= truth(hidden) <= found.intervals[name][1]
            wide[name] += found.wide_intervals[name][0] <= truth(hidden) <= found.wide_intervals[name][1]
        complained += found.verdict != "good"
    return inside, wide, complained


@pytest.mark.parametrize("protocol", COVERED, ids=lambda one: type(one).__name__)
def test_intervals_of_drives_and_tones_hold_the_truth(protocol, seed):
    inside, wide, complained = covered(protocol, COVERED[protocol], range(seed, seed + 6))
    # Of 6: 4.1 +- 1.1 and 5.7 +- 0.5.
    assert min(inside.values()) >= 1, (seed, inside)
    assert min(wide.values()) >= 4, (seed, wide)
    assert complained <= 2, (seed, complained)


@pytest.mark.deep
@pytest.mark.parametrize("protocol", COVERED, ids=lambda one: type(one).__name__)
def test_coverage_of_drives_and_tones_over_a_thousand_devices(protocol, seed):
    inside, wide, complained = covered(protocol, COVERED[protocol], range(seed, seed + 1000))
    for name in COVERED[protocol]:
        # Standard deviations are 1.5 % and 0.7 %.
        assert 640 <= inside[name] <= 720, (seed, name, inside)
        assert 930 <= wide[name] <= 970, (seed, name, wide)
    assert complained <= 20, (seed, complained)


def test_a_tone_dephases_and_shifts_as_the_resonator_says():
    readout = IntegratedReadout()
    resonator, pulse = resonator_of(readout), ReadoutPulse.square(300.0, 0.4)
    hidden = HiddenQubit(t1_us=1e9, tphi_us=1e9, anharmonicity_mhz=-5000.0)
    qubit = Twin([hidden], seed=1, gate_ns=4)[0]

    def coherence(amplitude):
        # What the last pulse finds while 200 ns of ring-down are over.
        tone = (Rotation(QUARTER), ReadoutTone(300.0, amplitude), Delay(0.2))
        along, across = (2 * qubit.populations((*tone, Rotation(QUARTER, phase)))[1] - 1 for phase in (0.0, -QUARTER))
        return complex(along, across)

    seen = coherence(0.4) / coherence(0.0)
    assert -math.log(abs(seen)) == pytest.approx(float(resonator.dephasing(pulse, 500.0)), rel=3e-3)
    assert np.angle(seen) == pytest.approx(float(resonator.stark_phase(pulse, 500.0)), rel=5e-3)


def fringe_of_qubit_and_resonator(readout, amplitude, phase, *, gate_ns=24, ramsey_us=0.8, fock=8):
    """P(1) of RingDown's circuit without a delay, by QuTiP in a Fock space."""
    qutip = pytest.importorskip("qutip")
    turn = 2 * math.pi
    a = qutip.tensor(qutip.qeye(2), qutip.destroy(fock))
    one = qutip.tensor(qutip.basis(2, 1).proj(), qutip.qeye(fock))
    along, across = (qutip.tensor(pauli, qutip.qeye(fock)) / 2 for pauli in (qutip.sigmax(), qutip.sigmay()))
    still = turn * (readout.shifts_mhz[0] * (1 - one) + readout.shifts_mhz[1] * one) * a.dag() * a
    precise = {"atol": 1e-10, "rtol": 1e-8, "nsteps": 10_000}

    def passed(state, hamiltonian, times):
        jumps = [math.sqrt(turn * readout.kappa_mhz) * a]
        return qutip.mesolve(hamiltonian, state, times, jumps, options=precise).states[-1]

    def pulse(state, axis):
        for middle in (np.arange(gate_ns) + 0.5) / gate_ns:
            x = math.pi / 2 / (gate_ns * 1e-3) * (1 - math.cos(2 * math.pi * middle))
            state = passed(state, still + x * (math.cos(axis) * along + math.sin(axis) * across), [0, 1e-3])
        return state

    empty = qutip.tensor(qutip.basis(2, 0).proj(), qutip.basis(fock, 0).proj())
    rung = passed(empty, still + turn * readout.drive_mhz * amplitude * (a + a.dag()), [0, 1.0])
    return qutip.expect(one, pulse(passed(pulse(rung, 0.0), still, [0, ramsey_us]), phase))


@pytest.mark.parametrize("phase", [0.0, QUARTER], ids=["x", "y"])
def test_pulses_among_photons_are_those_of_qubit_and_resonator(phase):
    """The twin, and the curve that RingDown fits: both know what photons do while a pulse is played."""
    readout, amplitude = IntegratedReadout(), 0.7
    exact = fringe_of_qubit_and_resonator(readout, amplitude, phase)
    hidden = HiddenQubit(t1_us=1e9, tphi_us=1e9, anharmonicity_mhz=-1e6, readout=readout)
    circuit = (ReadoutTone(1000.0, amplitude), Delay(0.0), Rotation(QUARTER), Delay(0.8), Rotation(QUARTER, phase))
    assert Twin([hidden], seed=1)[0].populations(circuit)[1] == pytest.approx(exact, abs=2e-4)
    photons = abs(readout.drive_mhz * amplitude / (readout.kappa_mhz / 2 + 1j * readout.shifts_mhz[0])) ** 2
    values = {"kappa_mhz": 4.0, "shift_mhz": 2.5, "photons": photons, "contrast": 1.0, "offset_rad": 0.0}
    (fitted,), _ = RingDownFringe().excited(np.array([[0.0, 0.8, phase, 0.024]]), values)
    assert fitted == pytest.approx(exact, abs=2e-4)
    (instantaneous,), _ = RingDownFringe().excited(np.array([[0.0, 0.8, phase, 0.0]]), values)
    assert abs(instantaneous - exact) > 5e-3


def test_a_square_drive_turns_and_knows_its_frequency():
    hidden = HiddenQubit(t1_us=1e9, tphi_us=1e9, anharmonicity_mhz=-1e5, detuning_khz=300.0)
    qubit = Twin([hidden], seed=1)[0]
    assert qubit.populations((Drive(0.5, 1000.0, 300.0),))[1] == pytest.approx(1.0, abs=1e-4)
    off = 1000.0**2 / (1000.0**2 + 300.0**2)
    whole = math.hypot(1000.0, 300.0)
    expected = off * math.sin(math.pi * whole * 0.4e-3) ** 2
    assert qubit.populations((Drive(0.4, 1000.0),))[1] == pytest.approx(expected, abs=1e-4)
    # Half a turn in two parts of another frequency's frame is a whole one: phases go on.
    halves = (Drive(0.25, 1000.0, 300.0), Drive(0.25, 1000.0, 300.0))
    assert qubit.populations(halves)[1] < 1.0


@pytest.mark.parametrize(
    ("protocol", "amplitude"),
    [(ReadoutEfficiency(pulse_ns=100.0, t1_us=80.0, amplitude=2.0), 0.8), (ReadoutEfficiency(t1_us=80.0), None)],
    ids=["100 ns", "1 us"],
)
def test_efficiency_is_found_for_short_and_long_pulses(protocol, amplitude, seed):
    if amplitude is not None:
        amplitudes = tuple(np.sqrt(np.linspace(0, amplitude**2 * 8, 9)))
        protocol = replace(protocol, dephasing=replace(protocol.dephasing, amplitudes=amplitudes))
    device = Twin([HiddenQubit(t1_us=80.0, anharmonicity_mhz=-5000.0)], seed=seed)[0]
    found = protocol.analyse(protocol.run(device))
    value = found.values["phase_preserving_efficiency"]
    low, high = found.wide_intervals["phase_preserving_efficiency"]
    # Twice the wide interval: four standard errors.
    assert abs(value - 0.35) < high - low, (seed, found)
    assert high - low < 0.1, seed
    assert found.values["single_quadrature_efficiency"] == pytest.approx(value / 2)
    # Equal weights during the pulse alone lose what rings up and down.
    assert found.values["boxcar_estimate"] < 0.95 * value, seed


@pytest.mark.deep
@pytest.mark.parametrize("pulse_ns", [50.0, 200.0, 1000.0, 2000.0])
def test_efficiency_has_no_bias_of_a_percent(pulse_ns, seed):
    values, inside = [], 0
    for number in range(400):
        hidden = HiddenQubit(t1_us=80.0, anharmonicity_mhz=-5000.0)
        largest = 2 / true_dephasing(hidden.readout, pulse_ns)
        through = ReadoutDephasing(shots=200, amplitudes=tuple(np.sqrt(np.linspace(0.0, largest, 9))))
        amplitude = 1.0 if pulse_ns > 100 else 3.0
        protocol = ReadoutEfficiency(pulse_ns=pulse_ns, amplitude=amplitude, t1_us=80.0, dephasing=through)
        found = protocol.analyse(protocol.run(Twin([hidden], seed=seed + number)[0]))
        values.append(found.values["phase_preserving_efficiency"] / 0.35)
        inside += (
            found.intervals["phase_preserving_efficiency"][0]
            <= 0.35
            <= found.intervals["phase_preserving_efficiency"][1]
        )
    # Each is off by some 4 %: the mean of 400 by 0.2 %.
    assert abs(np.mean(values) - 1) < 0.01, (seed, np.mean(values))
    assert 0.62 <= inside / 400 <= 0.80, (seed, inside)


def test_scans_find_the_better_readouts(seed):
    hidden = HiddenQubit(t1_us=20.0)
    device = Twin([hidden], seed=seed)[0]
    before = device.settings
    length, frequency = ReadoutDuration(shots=4000), ReadoutFrequency(shots=2000)
    found = length.analyse(length.run(device))
    assert 500 < found.values["best_readout_duration_ns"] < 2500, seed
    moved = frequency.analyse(frequency.run(device))
    # The drive lies best between the resonator's frequencies with |0> and |1>, 2.5 and 0 MHz away.
    assert 0 <= moved.values["best_readout_shift_mhz"] <= 3, seed
    assert moved.verdict == "good", (seed, moved)
    assert device.settings == before
    device.settings = frequency.corrected(device.settings, moved)
    assert device.settings.readout_shift_mhz == moved.values["best_readout_shift_mhz"]
    power = ReadoutPower(shots=2000)
    strong = power.analyse(power.run(device))
    assert strong.values["best_readout_amplitude"] > 0.7, seed
    assert max(power.next(strong).amplitudes) == pytest.approx(2 * strong.values["best_readout_amplitude"])


def test_a_scan_counts_errors_in_shots_that_did_not_choose(seed):
    """Where no setting tells anything, the best of many must not look better than chance."""
    points = np.random.default_rng(seed).normal(size=(40, 2, 400, 2)) @ np.array([1, 1j])
    found = ReadoutFrequency().analyse(IQScan("ReadoutFrequency", "readout_shift_mhz", np.arange(40.0), points))
    assert found.verdict == "not determined", seed
    assert found.values["p1_given_0"] + found.values["p0_given_1"] == pytest.approx(1.0, abs=0.25), seed


@pytest.mark.parametrize(
    ("protocol", "faults"),
    [
        (RabiDuration(), Faults(mislabelled_share=0.05)),
        (RabiDuration(), Faults(dropped_share=0.002)),
        (RabiChevron(), Faults(mislabelled_share=0.05)),
        (ReadoutDephasing(), Faults(readout_compression=5.0)),
        (ReadoutDephasing(), Faults(mislabelled_share=0.1)),
        (RingDown(), Faults(mislabelled_share=0.1)),
        (ReadoutPower(amplitudes=(0.2, 0.4, 0.6, 0.8, 1.0)), Faults(readout_compression=0.3)),
        (ReadoutFrequency(), Faults(dropped_share=0.01)),
    ],
    ids=lambda one: type(one).__name__ if not isinstance(one, Faults) else "",
)
def test_faults_of_drives_and_readouts_are_said(protocol, faults, seed):
    verdicts = []
    for number in range(3):
        hidden = drawn(np.random.default_rng([seed + number, 8]))
        found = protocol.analyse(protocol.run(Twin([hidden], seed=seed + number, faults=faults)[0]))
        verdicts.append(found.verdict != "good" and bool(found.reasons))
    assert sum(verdicts) >= 2, (seed, verdicts)


def test_the_dephasing_matrix_is_that_of_the_shifts(seed):
    readout = IntegratedReadout()
    shifts = np.array([[0.0, 0.3], [0.2, 0.0]])
    twin = Twin([HiddenQubit(anharmonicity_mhz=-5000.0)] * 2, seed=seed, crosstalk_mhz=shifts)
    strong = ReadoutDephasing(amplitudes=tuple(np.sqrt(np.linspace(0.0, 2.0, 9))))
    protocol = DephasingMatrix(neighbours=strong)
    found = protocol.analyse(protocol.run(list(twin)))
    middle = readout.shifts_mhz[0]
    for pair in ((0, 1), (1, 0)):
        shifted = replace(readout, shifts_mhz=(middle + shifts[pair], middle - shifts[pair], 0.0))
        expected = true_dephasing(shifted)
        error = found.matrix.standard_errors[pair]
        assert found.matrix.rates_per_us[pair] == pytest.approx(expected, abs=4 * error), (seed, pair)
        assert error < 0.2 * expected, (seed, pair)
    assert found.matrix.rates_per_us[0, 0] == pytest.approx(true_dephasing(readout), rel=0.2), seed
    # The steady state of another engine, which ring-up and ring-down change by little here.
    steady = expected_crosstalk([resonator_of(readout)] * 2, shifts)
    assert found.matrix.rates_per_us[0, 1] == pytest.approx(steady[0, 1], rel=0.4), seed
    assert max(protocol.next(found).neighbours.amplitudes) > 0


@pytest.mark.parametrize(
    ("protocol", "name", "devices"),
    [
        (ReadoutDephasing(), "dephasing", 12),
        pytest.param(ReadoutDephasing(), "dephasing", 60, marks=pytest.mark.deep),
        pytest.param(RingDown(), "kappa_mhz", 60, marks=pytest.mark.deep),
    ],
)
def test_tones_are_blind_to_what_they_do_not_measure(protocol, name, devices, seed):
    """Errors of what is found may follow neither T1, nor Tphi, nor the detuning."""
    errors, hidden = [], []
    for number in range(devices):
        qubit = drawn(np.random.default_rng([seed + number, 12]))
        found = protocol.analyse(protocol.run(Twin([qubit], seed=seed + number)[0]))
        errors.append(found.values[name] / COVERED[protocol][name](qubit))
        hidden.append((qubit.t1_us, qubit.tphi_us, qubit.detuning_khz))
    correlations = np.corrcoef(np.array(errors), np.array(hidden).T)[0, 1:]
    # Of n pairs a correlation r has arctanh(r) with a deviation of 1 / sqrt(n - 3).
    assert np.abs(np.arctanh(correlations)).max() < 4.5 / math.sqrt(devices - 3), (seed, correlations)


CURVES = [
    (RabiDecay(), [[0.3], [17.0]], {"rabi_khz": 190.0, "decay_us": 40.0}),
    (Chevron(), [[0.3, -500.0], [1.7, 300.0]], {"rabi_khz": 900.0, "detuning_khz": 40.0, "damping": 0.03}),
    (
        ToneFringe(),
        [[0.1, 0.0], [0.3, 1.5]],
        {"dephasing": 20.0, "stark_rad": -9.0, "contrast": 0.9, "offset_rad": 0.1},
    ),
    (
        RingDownFringe(),
        [[0.02, 0.8, 0.0, 0.024], [0.1, 0.06, 1.5, 0.024]],
        {"kappa_mhz": 4.0, "shift_mhz": 2.5, "photons": 0.6, "contrast": 0.9, "offset_rad": 0.1},
    ),
]


@pytest.mark.parametrize(("curve", "settings", "values"), CURVES, ids=lambda one: type(one).__name__)
def test_derivatives_of_fringes_are_those_of_the_curve(curve, settings, values):
    settings = np.array(settings)
    _, slopes = curve.excited(settings, values)
    for name, value in values.items():
        step = 1e-4 * abs(value)
        ends = [curve.excited(settings, values | {name: value + sign * step})[0] for sign in (1, -1)]
        assert slopes[name] == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=1e-5, abs=1e-9)


@pytest.mark.parametrize(
    ("make", "kind", "words"),
    [
        (lambda: Drive(-1.0, 100.0), InputError, "`duration_us` must be finite and at least 0, but is -1.0"),
        (lambda: ReadoutTone(10.0, -1.0), InputError, "`amplitude` must be finite and at least 0, but is -1.0"),
        (lambda: RabiDuration(rabi_khz=0.0), InputError, "`rabi_khz` must be finite and greater than 0"),
        (lambda: ReadoutPower(shots=3), InputError, "`shots` must be a whole number of at least 100, but is 3"),
        (lambda: ReadoutPower(amplitudes=(1.0,)), InputError, "must have three settings or more, but has 1"),
        (lambda: ReadoutEfficiency(pulse_ns=0.0), InputError, "`pulse_ns` must be greater than 0, but is 0.0"),
        (lambda: IQScan("a", "b", [1.0], np.zeros((1, 3, 2))), ShapeError, r"`points` must have shape \(1, 2, shots\)"),
        (lambda: Twin([HiddenQubit()], seed=1, crosstalk_mhz=[[0, 1]]), ShapeError, "`crosstalk_mhz` must have shape"),
        (
            lambda: Twin([HiddenQubit()], seed=1)[0].populations((ReadoutTone(10.0, 1.0, 3),)),
            InputError,
            r"`resonator` must be one of \[0\], but is 3",
        ),
    ],
)
def test_readout_protocols_refuse_by_name(make, kind, words):
    with pytest.raises(kind, match=words):
        make()
