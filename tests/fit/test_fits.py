"""Fits hold the truth as often as they say, from runs, counts and signals; and say when they cannot know."""

import math

import numpy as np
import pytest

import synqc
from synqc import fit
from synqc.errors import InputError, ShapeError, UnknownKey
from synqc.fit.signal_likelihood import SignalLikelihood
from synqc.infer import Decay, Parameter

DELAYS_US = np.linspace(0.0, 150.0, 21)
RAMSEY_DELAYS_US = np.repeat(np.linspace(0.5, 40.0, 30), 2)
PHASES_RAD = np.tile([0.0, -math.pi / 2], 30)
DURATIONS_US = np.linspace(0.0, 4.0, 41)
AMPLITUDES = np.linspace(0.0, 2.5, 26)


def shares(name):
    match name:
        case "t1":
            return np.exp(-DELAYS_US / 47)
        case "ramsey":
            angle = 2 * math.pi * -0.113 * RAMSEY_DELAYS_US + PHASES_RAD
            return (1 + np.exp(-RAMSEY_DELAYS_US / 25) * np.cos(angle)) / 2
        case "rabi":
            return (1 - np.exp(-DURATIONS_US / 6) * np.cos(2 * math.pi * 1.7 * DURATIONS_US)) / 2
        case _:
            return (1 - np.cos(math.pi * 1.13 * AMPLITUDES)) / 2


FITS = {
    "t1": (lambda measured, **known: fit.t1(DELAYS_US, measured, **known), {"t1_us": 47}),
    "ramsey": (
        lambda measured, **known: fit.ramsey(RAMSEY_DELAYS_US, measured, phases_rad=PHASES_RAD, **known),
        {"detuning_khz": -113, "t2_us": 25},
    ),
    "rabi": (
        lambda measured, **known: fit.rabi(DURATIONS_US, measured, **known),
        {"rabi_khz": 1700, "decay_us": 6},
    ),
    "rabi_amplitude": (
        lambda measured, **known: fit.rabi_amplitude(AMPLITUDES, measured, **known),
        {"rabi_scale": 1.13},
    ),
}


def counts(name, draw):
    return draw.binomial(300, 0.03 + 0.9 * shares(name))


def signal(name, draw):
    return 0.4 - 0.07 * shares(name) + draw.normal(0, 0.003, len(shares(name)))


@pytest.mark.parametrize("name", FITS)
@pytest.mark.parametrize("made", [counts, signal])
@pytest.mark.parametrize("turns", [8, pytest.param(200, marks=pytest.mark.deep)])
def test_intervals_hold_the_truth_as_often_as_they_say(name, made, turns, seed):
    fitted, truth = FITS[name]
    draw = np.random.default_rng(seed)
    found = [fitted(made(name, draw), **({"shots": 300} if made is counts else {})) for _ in range(turns)]
    for quantity, value in truth.items():
        for sigmas, promised in ((1, 0.683), (2, 0.954)):
            ends = [one.interval(quantity, sigmas) for one in found]
            held = sum(low <= value <= high for low, high in ends)
            spread = math.sqrt(promised * (1 - promised) / turns)
            assert abs(held / turns - promised) < 5 * spread, (seed, quantity, sigmas, held)
        scatter = np.std([one[quantity].value for one in found])
        told = np.median([one[quantity].standard_error for one in found])
        assert abs(math.log(scatter / told)) < 0.1 + 5 / math.sqrt(2 * turns), (seed, quantity)
    assert sum(one.verdict == "good" for one in found) > 0.8 * turns, seed


def test_runs_of_an_experiment_are_fitted():
    decay = synqc.Experiment(qubits=2, t1_us=30, spread=0, first_angle=math.pi, second_angle=0, probe_strength=0)
    delays = [0.5, 10, 20, 30, 45, 60, 80, 100]
    runs = [decay.replace(probe_duration_ns=1e3 * delay).run(1500, seed=k) for k, delay in enumerate(delays)]
    both = [fit.t1(delays, runs, qubit=qubit) for qubit in (0, 1)]
    for found in both:
        low, high = found.interval("t1_us", 2)
        assert low - 1 < 30 < high + 1
        assert found.verdict == "good"
    assert both[0]["t1_us"] != both[1]["t1_us"]


def test_runs_that_share_a_seed_are_suspicious():
    decay = synqc.Experiment(qubits=1, t1_us=30, spread=0, first_angle=math.pi, second_angle=0, probe_strength=0)
    delays = [0.5, 10, 20, 30, 45, 60, 80, 100]
    runs = [decay.replace(probe_duration_ns=1e3 * delay).run(500, seed=1) for delay in delays]
    found = fit.t1(delays, runs)
    assert found.verdict != "good"
    assert any("share a seed" in reason for reason in found.reasons)


def test_the_sign_of_a_detuning_is_told_by_two_phases_and_left_open_by_one():
    delays = np.linspace(0.5, 30, 40)
    ones = np.round(400 * (1 + np.exp(-delays / 20) * np.cos(2 * math.pi * -0.2 * delays)) / 2).astype(int)
    found = fit.ramsey(delays, ones, shots=400)
    assert found["detuning_khz"].value == pytest.approx(200, abs=1)
    assert found.interval("detuning_khz", 2)[0] > 0


def test_the_precession_during_pulses_is_taken_into_account():
    quiet = synqc.Experiment(
        qubits=1, detuning_khz=400, t2_us=30, spread=0, drift="none", probe_strength=0, amplitude_error=0
    )
    delays = np.repeat(np.linspace(0.5, 12, 30), 2)
    phases = np.tile([0.0, -math.pi / 2], 30)
    runs = [
        quiet.replace(probe_duration_ns=1e3 * delay, second_axis=phase).run(800, seed=k)
        for k, (delay, phase) in enumerate(zip(delays, phases, strict=True))
    ]
    found = fit.ramsey(delays, runs, phases_rad=phases, gate_ns=quiet.device.gate_ns)
    assert abs(found["detuning_khz"].value - 400) < 4 * found["detuning_khz"].standard_error
    without = fit.ramsey(delays, runs, phases_rad=phases)
    assert without["detuning_khz"].value - 400 > 5 * without["detuning_khz"].standard_error


def test_sweeps_that_drift_are_suspicious(seed):
    draw = np.random.default_rng(seed)
    sweeps = np.array([draw.binomial(500, np.exp(-DELAYS_US / t1)) for t1 in (40, 50, 60, 70)])
    found = fit.t1(DELAYS_US, sweeps, shots=500)
    assert found.verdict == "suspicious", seed
    assert fit.t1(DELAYS_US, sweeps[:1], shots=500)["t1_us"].value < 50


def test_references_make_a_decay_that_was_cut_off_determined(seed):
    draw = np.random.default_rng(seed)
    delays = np.linspace(0, 40, 21)
    ones = draw.binomial(1000, 0.02 + 0.95 * np.exp(-delays / 60))
    without = fit.t1(delays, ones, shots=1000)
    known = fit.t1(delays, ones, shots=1000, references=(20, 970))
    low, high = known.interval("t1_us", 2)
    wide_low, wide_high = without.interval("t1_us", 2)
    assert high - low < (wide_high - wide_low) / 2, seed
    assert low - 3 < 60 < high + 3, seed


@pytest.mark.parametrize("name", FITS)
def test_noise_alone_determines_nothing(name, seed):
    fitted, _ = FITS[name]
    draw = np.random.default_rng(seed)
    points = len(shares(name))
    assert fitted(draw.binomial(300, 0.4, points), shots=300).verdict == "not determined", seed
    assert fitted(draw.normal(0.4, 0.01, points)).verdict == "not determined", seed


def test_shares_of_ones_are_counts():
    ones = np.round(400 * np.exp(-DELAYS_US / 47)).astype(int)
    assert fit.t1(DELAYS_US, ones / 400, shots=400)["t1_us"] == fit.t1(DELAYS_US, ones, shots=400)["t1_us"]


def test_the_gradient_of_a_signal_is_the_slope_of_its_likelihood(seed):
    draw = np.random.default_rng(seed)
    likelihood = SignalLikelihood(Decay(), DELAYS_US[:, None], signal("t1", draw), {"t1_us": Parameter(1, 500)})
    for t1 in (20.0, 47.0, 90.0):
        _, gradient = likelihood.log_likelihood_and_gradient([t1])
        step = 1e-4 * t1
        slope = (likelihood.log_likelihood([t1 + step]) - likelihood.log_likelihood([t1 - step])) / (2 * step)
        assert gradient[0] == pytest.approx(slope, rel=1e-4, abs=1e-6), (seed, t1)


def test_a_signal_without_noise_is_fitted_exactly():
    found = fit.t1(DELAYS_US, 3.0 + 2.0 * np.exp(-DELAYS_US / 47))
    assert found["t1_us"].value == pytest.approx(47, rel=1e-4)
    assert found.curve(DELAYS_US) == pytest.approx(3.0 + 2.0 * np.exp(-DELAYS_US / 47), abs=1e-3)


def test_iq_points_give_errors_and_distance(seed):
    draw = np.random.default_rng(seed)
    zero = draw.normal(0, 1, 20000) + 1j * draw.normal(0, 1, 20000)
    one = 4 * np.exp(0.7j) + draw.normal(0, 1, 20000) + 1j * draw.normal(0, 1, 20000)
    found = fit.readout(zero, one)
    expected = math.erfc(2 / math.sqrt(2)) / 2
    for name in ("p1_given_0", "p0_given_1"):
        low, high = found.interval(name, 2)
        assert low - 0.002 < expected < high + 0.002, (seed, name)
    assert found["signal_to_noise"].value == pytest.approx(4, abs=0.15), seed
    assert found["centre_1_i"].value == pytest.approx(4 * math.cos(0.7), abs=0.1), seed


def test_a_fit_shows_itself():
    found = fit.t1(DELAYS_US, np.round(400 * np.exp(-DELAYS_US / 47)), shots=400)
    assert repr(found).splitlines()[0].startswith("T1: ")
    assert "µs" in repr(found)
    assert "t1_us" in found._repr_html_()
    assert list(found) == ["t1_us"]
    with pytest.raises(UnknownKey, match="near it: t1_us"):
        found["T1"]
    with pytest.raises(InputError, match="`sigmas` must be 1 or 2, but is 3"):
        found.interval("t1_us", 3)


def test_a_fit_is_drawn():
    pytest.importorskip("plotly")
    found = fit.t1(DELAYS_US, np.round(400 * np.exp(-DELAYS_US / 47)), shots=400)
    figure = found.plot()
    assert [trace.name for trace in figure.data] == ["measured", "fitted"]
    assert figure.layout.xaxis.title.text == "Delay (µs)"
    with pytest.raises(InputError, match="has no curve to show"):
        fit.readout(np.arange(100) * (0.1 + 0.1j), 90 + np.arange(100) * (0.1 - 0.1j)).plot()


@pytest.mark.parametrize(
    ("typed", "kind", "sentence"),
    [
        ("fit.t1([1, 2, 3], [1, 2])", ShapeError, r"`measured` must have shape \(3,\) or \(sweeps, 3\)"),
        ("fit.t1([[1, 2]], [1, 2])", ShapeError, r"`delays_us` must have shape \(points,\)"),
        ("fit.t1([], [])", ShapeError, r"`delays_us` must have shape \(points,\)"),
        ("fit.t1([1, -2], [1, 2], shots=5)", InputError, "`delays_us` must be finite and at least 0"),
        ("fit.t1([5, 5], [1, 2], shots=5)", InputError, "`delays_us` must have at least two values, but is 5"),
        ("fit.t1('abc', [1, 2])", InputError, "`delays_us` must be numbers"),
        ("fit.t1([1, 2], ['a', 'b'])", InputError, "`measured` must be runs or numbers"),
        ("fit.t1([1, 2], [1j, 2])", InputError, "`measured` must be real, but is complex"),
        ("fit.t1([1, 2], [1, float('nan')], shots=5)", InputError, "`measured` must be finite"),
        ("fit.t1([1, 2], [1, 9], shots=5)", InputError, "must be counts of ones from 0 to `shots` = 5"),
        ("fit.t1([1, 2], [1.5, 2.5], shots=5)", InputError, "leave `shots` out for a signal"),
        ("fit.t1([1, 2], [1, 2], shots=0)", InputError, "`shots` must be between 1 and"),
        ("fit.t1([1, 2], [0.1, 0.2])", InputError, "more points than the 3 unknowns"),
        ("fit.t1([1, 2, 3, 4, 5], [5, 4, 3, 2, 1], references=(0, 5))", InputError, "`references` must be left out"),
        ("fit.t1([1, 2], [1, 2], shots=5, references=(0, 9))", InputError, "`references` must be two counts of 0 to"),
        ("fit.t1([1, 2], [1, 2], shots=5, references=3)", InputError, "`references` must be two counts of ones"),
        ("fit.t1([1, 2], [run])", ShapeError, "`measured` must be 2 runs, one per point, but has 1 entries"),
        ("fit.t1([1, 2], run)", ShapeError, "`measured` must be 2 runs"),
        ("fit.t1([1, 2], [run, 5])", ShapeError, "`measured` must be 2 runs"),
        ("fit.t1([1, 2], [run, run], qubit=7)", InputError, "`qubit` must be between 0 and 0, but is 7"),
        ("fit.ramsey([1, 2], [1, 2], shots=5, phases_rad=[1, 2, 3])", ShapeError, "`phases_rad` must have shape"),
        ("fit.ramsey([1, 2], [1, 2], shots=5, span_khz=-1)", InputError, "`span_khz` must be finite and greater"),
        ("fit.rabi([1, 2], [1, 2], shots=5, span_khz=0)", InputError, "`span_khz` must be finite and greater than 0"),
        ("fit.readout([1, 2], [1])", ShapeError, "`one` must have as many shots as `zero`, 2, but has 1"),
        ("fit.readout('abc', [1])", InputError, "`zero` must be a Run or complex IQ points"),
        ("fit.readout([[1]], [1])", ShapeError, r"`zero` must have shape \(shots,\)"),
        ("fit.readout(run, run)", InputError, "did not keep its records"),
    ],
)  # fmt: skip
def test_what_cannot_be_fitted_is_refused_in_words(typed, kind, sentence):
    run = synqc.Experiment(qubits=1).run(10, seed=1)
    with pytest.raises(kind, match=sentence):
        eval(typed, {"fit": fit, "run": run})
