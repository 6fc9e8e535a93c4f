"""Every protocol finds what is hidden, says how far it may be off, and proposes what to do next."""

import dataclasses
import math

import numpy as np
import pytest
from planted_faults import hidden_qubit

from synqc.errors import InputError, ShapeError
from synqc.protocols import (
    T1,
    AllXY,
    AmplifiedAmplitude,
    Drag,
    Echo,
    FrequencyMonitor,
    IQBlobs,
    RabiAmplitude,
    Ramsey,
    RamseyDecay,
    RandomisedBenchmarking,
    Records,
    Settings,
    T1Monitor,
    allan_variance,
)
from synqc.protocols.curves import AllXYStaircase, AmplifiedTurn, CliffordDecay, DragFringe, LeakageRise, RabiFringe
from synqc.twin import Faults, HiddenQubit, Twin, TwoLevelSystem

CALIBRATED = Settings(drag=0.5)

# Hidden parameter of each protocol's own.
ESTIMATED = [
    (T1(), "t1_us", lambda hidden: hidden.t1_us),
    (Echo(), "t2_us", lambda hidden: hidden.t2_us),
    (Echo(pulses=4), "t2_us", lambda hidden: hidden.t2_us),
    (RamseyDecay(), "t2_us", lambda hidden: hidden.t2_us),
    (RamseyDecay(), "detuning_khz", lambda hidden: hidden.detuning_khz),
    (RabiAmplitude(), "rabi_scale", lambda hidden: hidden.rabi_scale),
    (AmplifiedAmplitude(), "amplitude_error", lambda hidden: hidden.rabi_scale - 1),
]
NAMES = [f"{type(protocol).__name__}-{getattr(protocol, 'pulses', '')}-{name}" for protocol, name, _ in ESTIMATED]


def covered(protocol, name, truth, seeds):
    """How often the narrow and the wide interval hold the truth, and how often the verdict is not good."""
    inside = wide = complained = 0
    for seed in seeds:
        hidden = hidden_qubit(np.random.default_rng([seed, 3]))
        device = Twin([hidden], seed=seed)[0]
        found = protocol.analyse(protocol.run(device))
        low, high = found.intervals[name]
        inside += low <= truth(hidden) <= high
        low, high = found.wide_intervals[name]
        wide += low <= truth(hidden) <= high
        complained += found.verdict != "good"
    return inside, wide, complained


@pytest.mark.parametrize(("protocol", "name", "truth"), ESTIMATED, ids=NAMES)
def test_intervals_hold_the_truth_as_often_as_they_say(protocol, name, truth, seed):
    inside, wide, complained = covered(protocol, name, truth, range(seed, seed + 16))
    # Of 16: 10.9 +- 1.9 and 15.3 +- 0.8; 4 standard deviations. Healthy devices raise 1.4 % of complaints.
    assert inside >= 4, (seed, inside)
    assert wide >= 12, (seed, wide)
    assert complained <= 3, (seed, complained)


@pytest.mark.deep
@pytest.mark.parametrize(("protocol", "name", "truth"), ESTIMATED, ids=NAMES)
def test_coverage_over_a_thousand_devices(protocol, name, truth, seed):
    inside, wide, complained = covered(protocol, name, truth, range(seed, seed + 1000))
    # Standard deviations are 1.5 % and 0.7 %.
    assert 640 <= inside <= 720, (seed, inside)
    assert 930 <= wide <= 970, (seed, wide)
    assert complained <= 20, (seed, complained)


def test_drag_has_no_phase_error_at_half(seed):
    found = Drag().analyse(Drag().run(Twin([HiddenQubit()], seed=seed)[0]))
    assert found.values["drag"] == pytest.approx(0.5, abs=0.03), seed


def test_drag_follows_the_anharmonicity(seed):
    # The coefficient is over the nominal -300 MHz: a qubit of -240 MHz wants 5/4 of it.
    found = Drag().analyse(Drag().run(Twin([HiddenQubit(anharmonicity_mhz=-240.0)], seed=seed)[0]))
    assert found.values["drag"] == pytest.approx(0.625, abs=0.05), seed


def test_all_xy_tells_amplitude_from_detuning(seed):
    def found(**hidden):
        device = Twin([HiddenQubit(anharmonicity_mhz=-5000.0, **hidden)], seed=seed)[0]
        return AllXY().analyse(AllXY().run(device))

    long, off = found(rabi_scale=1.05), found(detuning_khz=1500.0)
    assert long.values["amplitude_error"] == pytest.approx(0.05, abs=0.015), seed
    assert abs(long.values["detuning_khz"]) < 600, seed
    # Square pulses are the model, raised cosines the device: a third of the detuning may be missed.
    assert off.values["detuning_khz"] == pytest.approx(1500.0, rel=0.4), seed
    assert abs(off.values["amplitude_error"]) < 0.02, seed


def test_all_xy_is_not_explained_without_drag(seed):
    device = Twin([HiddenQubit()], seed=seed, gate_ns=10)[0]
    assert AllXY(shots=400).analyse(AllXY(shots=400).run(device)).verdict == "suspicious", seed


def test_benchmarking_finds_the_error_that_decay_makes(seed):
    device = Twin([HiddenQubit(t1_us=40.0, tphi_us=80.0)], seed=seed)[0]
    device.settings = CALIBRATED
    protocol = RandomisedBenchmarking()
    found = protocol.analyse(protocol.run(device))
    limit = 44 / 24 * 0.024 * (1 / 40 + 2 / 40) / 6
    assert found.values["error_per_clifford"] == pytest.approx(limit, rel=0.3), seed


def test_benchmarking_finds_leakage(seed):
    device = Twin([HiddenQubit()], seed=seed, gate_ns=8)[0]
    protocol = RandomisedBenchmarking(lengths=(1, 5, 10, 20, 40, 80, 160))
    records = protocol.run(device)
    leaked = protocol.analyse_leakage(records)
    device.settings = Settings(drag=1.0)
    less = protocol.analyse_leakage(protocol.run(device))
    assert leaked.values["leakage"] > 1e-4, seed
    assert leaked.values["leakage"] > 1.5 * less.values["leakage"], seed


def test_iq_blobs_count_what_a_readout_errs(seed):
    hidden = HiddenQubit(t1_us=30.0)
    found = IQBlobs(shots=20_000).analyse(IQBlobs(shots=20_000).run(Twin([hidden], seed=seed)[0]))
    readout = hidden.readout
    overlap = math.erfc(readout.signal_to_noise / math.sqrt(8)) / 2
    assert found.values["signal_to_noise"] == pytest.approx(readout.signal_to_noise, rel=0.04), seed
    assert found.values["p1_given_0"] == pytest.approx(overlap, abs=0.004), seed
    # A decay in the first half of the pulse, or a little more while the resonator empties, is taken for |0>.
    assert overlap + 0.25 / 30 < found.values["p0_given_1"] < overlap + 0.9 / 30, seed


def test_iq_blobs_notice_what_moves_and_what_is_missing(seed):
    def found(**faults):
        return IQBlobs().analyse(IQBlobs().run(Twin([HiddenQubit()], seed=seed, faults=Faults(**faults))[0]))

    assert found().verdict == "good", seed
    assert found(gain_drift_per_s=0.1).verdict == "suspicious", seed
    assert found(dropped_share=0.01).verdict == "suspicious", seed


def test_monitor_of_t1_notices_a_defect_and_nothing_else(seed):
    monitor = T1Monitor(delay_us=100.0, windows=40)
    quiet = monitor.analyse(monitor.run(Twin([HiddenQubit()], seed=seed)[0]))
    assert quiet.verdict == "good", seed
    assert quiet.values.mean() == pytest.approx(80.0, abs=5), seed
    defect = TwoLevelSystem(20.0, 1.0, (0.0, 5.0), switching_rate_per_s=2.0)
    moved = monitor.analyse(monitor.run(Twin([HiddenQubit(two_level_systems=(defect,))], seed=seed)[0]))
    assert moved.verdict == "suspicious", seed
    assert monitor.next(quiet).delay_us == pytest.approx(1.593624 * np.median(quiet.values))


def test_monitor_of_frequency_has_a_sign_and_knows_when_it_sees_nothing(seed):
    monitor = FrequencyMonitor(delay_us=20.0, windows=20)
    for detuning in (-15.0, 15.0):
        found = monitor.analyse(monitor.run(Twin([HiddenQubit(detuning_khz=detuning)], seed=seed)[0]))
        assert found.values.mean() == pytest.approx(detuning, abs=1.0), seed
        assert found.verdict == "good", seed
    blind = monitor.analyse(monitor.run(Twin([HiddenQubit(tphi_us=0.5)], seed=seed)[0]))
    assert np.isnan(blind.values).mean() > 0.8, seed


def test_allan_variance_of_white_noise_falls_with_the_average(seed):
    series = np.random.default_rng(seed).standard_normal(40_000)
    assert allan_variance(series, 1) == pytest.approx(1.0, rel=0.05), seed
    assert allan_variance(series, 10) == pytest.approx(0.1, rel=0.12), seed


def test_too_long_a_decay_is_not_determined_and_longer_delays_are_proposed(seed):
    protocol = T1(delays_us=tuple(np.linspace(0, 3, 11)), shots=20)
    found = protocol.analyse(protocol.run(Twin([HiddenQubit(t1_us=500.0)], seed=seed)[0]))
    assert found.verdict == "not determined", seed
    assert max(protocol.next(found).delays_us) == pytest.approx(12.0)


def test_records_of_another_protocol_are_refused(seed):
    records = T1(shots=10, sweeps=1).run(Twin([HiddenQubit()], seed=seed)[0])
    with pytest.raises(InputError, match="`records` must be of Echo, but is of T1"):
        Echo().analyse(records)


@pytest.mark.parametrize(
    ("make", "kind", "words"),
    [
        (lambda: T1(shots=0), InputError, "`shots` must be a whole number of at least 1, but is 0"),
        (lambda: Echo(pulses=0), InputError, "`pulses` must be a whole number of at least 1, but is 0"),
        (lambda: Ramsey(delays=20), InputError, "`delays` must be more than 42, the cycles of `span_khz`"),
        (lambda: IQBlobs(shots=3), InputError, "`shots` must be a whole number of at least 50, but is 3"),
        (lambda: T1Monitor(delay_us=0.0), InputError, "`delay_us` must be finite and greater than 0"),
        (lambda: Records("T1", ("reference",), [[0.0]], [[[3, 2]]], 4), InputError, "add up to at most 4"),
        (lambda: Records("T1", ("reference",), [0.0], [[[3, 2]]], 5), ShapeError, "`settings` must have shape"),
        (lambda: allan_variance([1.0, 2.0, 3.0], 2), InputError, "`averaged` must be at most 1, but is 2"),
    ],
)
def test_protocols_refuse_by_name(make, kind, words):
    with pytest.raises(kind, match=words):
        make()


CURVES = [
    (RabiFringe(), [[0.3], [1.7]], {"rabi_scale": 1.1}),
    (AmplifiedTurn(), [[0.0], [7.0]], {"amplitude_error": 0.02}),
    (DragFringe(), [[-0.2, 4.0], [0.9, 6.0]], {"drag": 0.4, "turn_per_pair": 0.5}),
    (AllXYStaircase(), [[3.0, 24.0], [9.0, 24.0]], {"amplitude_error": 0.04, "detuning_khz": 300.0}),
    (CliffordDecay(), [[3.0], [90.0]], {"error_per_clifford": 0.003}),
]


@pytest.mark.parametrize(("curve", "settings", "values"), CURVES, ids=lambda one: type(one).__name__)
def test_derivatives_are_those_of_the_curve(curve, settings, values):
    settings = np.array(settings)
    _, slopes = curve.excited(settings, values)
    for name, value in values.items():
        step = 1e-4 * abs(value)
        ends = [curve.excited(settings, values | {name: value + sign * step})[0] for sign in (1, -1)]
        assert slopes[name] == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=1e-5, abs=1e-9)


def test_leakage_rises_to_its_steady_share():
    values = {"leakage": 1e-3, "seepage": 3e-3, "taken_for_leaked": 0.0}
    probabilities, _ = LeakageRise().probabilities(np.array([[0.0], [1.0], [1e5]]), values)
    assert probabilities[:, 1] == pytest.approx([0.0, 1e-3, 0.25], abs=1e-12)
    above = LeakageRise().probabilities(np.array([[50.0]]), values | {"leakage": 1.001e-3})[0]
    below = LeakageRise().probabilities(np.array([[50.0]]), values | {"leakage": 0.999e-3})[0]
    slope = LeakageRise().probabilities(np.array([[50.0]]), values)[1]["leakage"]
    assert slope == pytest.approx((above - below) / 2e-6, rel=1e-5)


def test_all_xy_of_perfect_pulses_is_the_staircase():
    settings = np.stack([np.arange(21.0), np.full(21, 24.0)], axis=1)
    shares = AllXYStaircase().excited(settings, {"amplitude_error": 0.0, "detuning_khz": 0.0})[0]
    assert shares == pytest.approx([0.0] * 5 + [0.5] * 12 + [1.0] * 4, abs=1e-12)


def test_protocols_are_values():
    assert T1(shots=7) == T1(shots=7)
    with pytest.raises(dataclasses.FrozenInstanceError):
        T1().shots = 3
