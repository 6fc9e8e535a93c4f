"""Figures with error bars: what they print, and what they hold for every kind of count."""

import itertools
import json
import math

import numpy as np
import pytest

import synqc
from synqc.lab.cards import figure_in_words, html_card, text_card
from synqc.lab.estimate import Estimate

RULES = ("none", "kalman", "bayes", "rl", "rl-reinforce", "nelder-mead", "random-search")
TARGETS = ("sim-local", "classical-only", "ibm-qpu", "aws-braket", "ionq")


def counted(run):
    """Figures that come from counting shots."""
    yield "success", run.success
    for iteration in run.history:
        yield "iteration.success", iteration.success
        for qubit in iteration.qubits:
            yield from (("one_fraction", qubit.one_fraction), ("qubit.success", qubit.success))


def test_an_unknown_error_is_shown_as_such_and_an_exact_figure_without_one():
    assert str(Estimate(0.5, math.nan)) == figure_in_words(Estimate(0.5, math.nan)) == "0.5(?)"
    assert str(Estimate(0.5, 0.0)) == "0.5"
    assert all(math.isnan(end) for end in Estimate(0.5, math.nan).interval())
    assert Estimate(0.5, 0.0).interval(2) == (0.5, 0.5)


@pytest.mark.parametrize("skewness", [0.0, 0.3, -0.3, 2.8, -2.8])
def test_intervals_hold_their_value_grow_and_lean_to_the_side_of_the_skewness(skewness):
    estimate = Estimate(0.7, 0.01, skewness)
    ends = [estimate.interval(sigmas) for sigmas in (0.5, 1, 2, 3)]
    for (low, high), (wider_low, wider_high) in itertools.pairwise(ends):
        assert wider_low <= low <= 0.7 <= high <= wider_high
    low, high = estimate.interval(2)
    assert np.sign(round(high - 0.7 - (0.7 - low), 12)) == np.sign(skewness)
    if skewness == 0:
        assert (low, high) == pytest.approx((0.68, 0.72), abs=1e-15)


def test_intervals_of_rare_counts_are_those_of_jeffreys():
    gamma = pytest.importorskip("scipy.stats", reason="needs SciPy").gamma
    # No success at all has no lower end: the interval begins at the value.
    for successes in (0, 1, 2, 5, 20):
        deviation = math.sqrt(successes + 0.5)
        low, high = Estimate(successes, deviation, 2 / deviation).interval(2)
        assert high == pytest.approx(gamma.ppf(0.97725, successes + 0.5), rel=0.03)
        if successes > 0:
            assert low == pytest.approx(gamma.ppf(0.02275, successes + 0.5), abs=0.04)


def test_bits_that_all_agree_leave_an_error():
    run = synqc.Experiment(qubits=1, probe_strength=0.1).run(50, seed=1)
    assert set(run.bits.ravel()) == {1}
    for name, figure in counted(run):
        assert 0.005 < figure.standard_error < 0.03, name
        low, high = figure.interval(2)
        assert low < figure.value - 0.02, name
        assert high <= figure.value + 0.001, name
    assert "(" in str(run.success)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("qubits", [1, 3])
def test_no_count_has_an_error_of_0_under_any_rule(rule, qubits):
    experiment = synqc.Experiment(qubits=qubits, probe_strength=0.1, adaptive_rule=rule, envelope="square", levels=2)
    run = experiment.run(60, iterations=2, seed=3)
    for name, figure in counted(run):
        assert figure.standard_error > 0, (rule, name)


@pytest.mark.parametrize("target", TARGETS)
def test_one_shot_shows_no_spread(target):
    run = synqc.Experiment(qubits=2, target=target).run(1, seed=1)
    for name, figure in counted(run):
        assert math.isnan(figure.standard_error), name
    classical = target == "classical-only"  # nothing reacts to a record: every shot has the same fidelity
    assert (run.fidelity.standard_error == 0) == classical
    assert math.isnan(run.fidelity.standard_error) != classical
    assert math.isnan(run.objective_score.standard_error) != classical
    assert "(?)" in text_card(run)
    assert "(?)" in html_card(run)
    document = json.loads(run.to_json())
    assert document["iterations"][0]["success"][1] is None
    assert document["iterations"][0]["qubits"][1]["one_fraction"][1] is None


def test_a_fidelity_that_no_record_changes_is_exact():
    for exact in ({"probe_strength": 0.0}, {"target": "classical-only"}, {"efficiency": 1e-300}):
        run = synqc.Experiment(qubits=2, drift="none", **{"probe_strength": 0.3, **exact}).run(300, seed=1)
        if "efficiency" not in exact:
            assert run.fidelity.standard_error == 0, exact
        assert run.success.standard_error > 0
    sampled = synqc.Experiment(qubits=2, target="classical-only", adaptive_rule="bayes").run(300, seed=1)
    assert sampled.fidelity.standard_error > 0


@pytest.mark.parametrize("objective", ["maximize-fidelity", "minimize-latency", "info-vs-damage", "stability-window"])
def test_a_score_has_the_error_of_the_fidelities_it_is_made_of(objective):
    experiment = synqc.Experiment(qubits=1, probe_strength=0.6, objective=objective, drift="none")
    run = experiment.run(200, iterations=3, seed=4)
    score, last = run.objective_score, run.history[-1].fidelity
    if objective == "maximize-fidelity":
        assert score.value == last.value
        assert score.interval(2) == pytest.approx(last.interval(2), rel=1e-6)
    elif objective == "minimize-latency":
        assert last.value < 0.97  # below the floor, where a per mille costs a microsecond
        assert score.standard_error == pytest.approx(1000 * last.standard_error, rel=1e-6)
    elif objective == "info-vs-damage":
        assert score.standard_error == 0  # of exact figures
    else:
        assert 0.2 * last.standard_error < score.standard_error < 3 * last.standard_error
    single = experiment.run(1, iterations=2, seed=4).objective_score
    assert math.isnan(single.standard_error) == (objective != "info-vs-damage")


def test_a_kink_within_reach_of_the_error_counts():
    """A score that does not change at the fidelity itself, but a deviation below it."""

    def run(strength):
        return synqc.Experiment(
            qubits=1, probe_strength=strength, objective="minimize-latency", drift="none", detuning_khz=0.0
        ).run(50, seed=2)

    weak, strong = 0.01, 0.9
    for _ in range(40):
        middle = (weak + strong) / 2
        if run(middle).fidelity.interval(0.5)[0] > 0.975:
            weak = middle
        else:
            strong = middle
    close = run(weak)
    low, high = close.objective_score.interval(2)
    assert close.objective_score.value == -close.latency_us.value  # above the floor
    assert 100 * close.fidelity.standard_error < close.objective_score.standard_error
    assert close.objective_score.value - low > 3 * (high - close.objective_score.value)


def test_the_register_mean_has_the_errors_of_its_qubits_over_the_root_of_their_number():
    run = synqc.Experiment(qubits=5, probe_strength=0.3, second_angle=1.0).run(400, seed=6)
    last = run.history[-1]
    for name in ("fidelity", "success"):
        own = [getattr(qubit, name) for qubit in last.qubits]
        mean = getattr(run, name)
        assert mean.value == pytest.approx(np.mean([figure.value for figure in own]), abs=1e-12)
        together = np.sqrt(np.sum([figure.standard_error**2 for figure in own])) / len(own)
        assert mean.standard_error == pytest.approx(together, rel=0.02), name


def test_corrected_shares_may_lie_outside_what_a_chance_can_be_and_keep_their_spread():
    values = []
    for seed in range(40):
        success = synqc.Experiment(qubits=1, probe_strength=0.0, spread=0.0).run(50, seed=seed).success
        low, high = success.interval(2)
        assert low < 1 or success.value < 1, f"seed {seed}"
        assert low <= success.value <= high
        values.append(success.value)
    assert max(values) > 1  # not clipped: that would bias the mean


def test_a_single_trajectory_has_an_unknown_error():
    sz = np.diag([1.0, -1.0])
    arguments = (0 * sz, np.array([1.0, 1.0]) / np.sqrt(2), [0.0, 1.0], [], [sz])
    one = synqc.smesolve(*arguments, e_ops=[sz], ntraj=1, seeds=1)
    assert np.isnan(one.standard_errors).all()
    two = synqc.smesolve(*arguments, e_ops=[sz], ntraj=2, seeds=1)
    assert np.isfinite(two.standard_errors).all()


def test_a_rule_is_told_that_nothing_was_measured_yet():
    seen = []
    synqc.Experiment(qubits=1, adaptive_rule=seen.append).run(shots=100, iterations=2, seed=3)
    assert math.isnan(seen[0].success.standard_error)
    assert seen[1].success.standard_error > 0
