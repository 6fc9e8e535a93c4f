"""Comparisons of runs: as narrow as shared random numbers make them, and no narrower than the truth allows."""

import copy
import math
import pickle

import numpy as np
import pytest

import synqc
from synqc.errors import InputError
from synqc.lab.compare import compare

QUIET = synqc.Experiment(drift="none", qubits=2)
PAIRS = {
    "a stronger probe": (QUIET, QUIET.replace(probe_strength=0.25), 1000),
    "another envelope": (QUIET.replace(probe_strength=0.4), QUIET.replace(probe_strength=0.4, envelope="square"), 1000),
    "through an ancilla": (
        QUIET.replace(target="ibm-qpu", probe_strength=0.4),
        QUIET.replace(target="ibm-qpu", probe_strength=0.5),
        500,
    ),
    "fewer qubits": (QUIET, QUIET.replace(qubits=1), 500),
}


@pytest.mark.parametrize("count", [40, pytest.param(400, marks=pytest.mark.deep)])
@pytest.mark.parametrize("name", PAIRS)
def test_intervals_hold_the_truth_as_often_as_they_say(name, count, seed):
    one, other, shots = PAIRS[name]
    names = ("fidelity", "success")
    long = [experiment.run(1_000_000, seed=seed, keep_bits=False) for experiment in (one, other)]
    truth = long[0] - long[1]
    held = {figure: np.zeros(2) for figure in names}
    deviations = {figure: [] for figure in names}
    for k in range(count):
        found = compare(*(experiment.run(shots, seed=seed + 1 + k) for experiment in (one, other)))
        assert found.pairing.kind == "paired"
        for figure in names:
            off = abs(found[figure].value - truth[figure].value)
            deviations[figure].append(off / found[figure].standard_error)
            for sigmas in (1, 2):
                low, high = found[figure].interval(sigmas)
                held[figure][sigmas - 1] += low <= truth[figure].value <= high
    for figure in names:
        share = held[figure] / count
        # Five deviations of a binomial count below what is promised, and no wider than half as much again.
        for reached, promised in zip(share, (0.683, 0.954), strict=True):
            assert reached > promised - 5 * math.sqrt(promised * (1 - promised) / count), (seed, figure, share)
        assert 0.6 < np.sqrt(np.mean(np.square(deviations[figure]))) < 1.3, (seed, figure)


def test_a_paired_interval_is_narrower_than_that_of_independent_runs(seed):
    one, other, shots = PAIRS["a stronger probe"]
    paired = one.run(shots, seed=seed) - other.run(shots, seed=seed)
    apart = one.run(shots, seed=seed) - other.run(shots, seed=seed + 1)
    assert (paired.pairing.kind, apart.pairing.kind) == ("paired", "independent")
    for figure in ("fidelity", "success"):
        assert paired[figure].standard_error < apart[figure].standard_error / 2, (seed, figure)
        assert paired.correlations[figure] > 0.75, (seed, figure)
        assert apart.correlations[figure] == 0


def test_independent_runs_have_the_root_of_both_squares():
    one, other = QUIET.run(200, seed=1), QUIET.run(200, seed=2)
    found = one - other
    naive = one.fidelity - other.fidelity
    assert found.fidelity == naive
    assert found.fidelity.skewness == naive.skewness


def test_a_run_and_itself_differ_by_nothing():
    one = QUIET.run(200, seed=1)
    for other in (one, QUIET.run(200, seed=1), pickle.loads(pickle.dumps(one))):
        found = one - other
        assert found.pairing.kind == "same"
        assert all(figure.value == figure.standard_error == 0 for figure in found.values())
        assert found.deviations("fidelity") == 0


def test_both_orders_say_the_same():
    one, other = QUIET.run(300, seed=4), QUIET.replace(probe_strength=0.4).run(300, seed=4)
    forth, back = one - other, other - one
    for name in forth:
        assert forth[name].value == -back[name].value
        assert forth[name].standard_error == pytest.approx(back[name].standard_error)
    assert forth.deviations("fidelity") == pytest.approx(-back.deviations("fidelity"))


def test_figures_that_need_no_shots_differ_exactly():
    found = QUIET.run(200, seed=1) - QUIET.replace(probe_strength=0.4).run(200, seed=1)
    assert found["backaction"].standard_error == found["latency_us"].standard_error == 0
    assert found.correlations["backaction"] is None
    assert found.deviations("backaction") == -math.inf
    assert found.deviations("latency_us") == 0


def test_bits_that_hardly_ever_differ_leave_some_doubt():
    """Two experiments so alike that no repetition saw a bit fall otherwise."""
    found = QUIET.run(200, seed=1) - QUIET.replace(probe_strength=0.2 + 1e-9).run(200, seed=1)
    assert found.success.standard_error > 0


def test_trackers_are_compared_under_the_controls_they_had_deployed(seed):
    experiment = QUIET.replace(adaptive_rule="kalman", detuning_khz=80.0)
    one, other = (
        experiment.run(1000, iterations=3, seed=seed),
        experiment.replace(adaptive_rule="none").run(1000, iterations=3, seed=seed),
    )
    found = one - other
    assert found.pairing.kind == "paired"
    assert found.fidelity.standard_error < math.hypot(one.fidelity.standard_error, other.fidelity.standard_error)
    assert found.deviations("fidelity") > 5, seed


def test_a_drifting_device_is_compared_in_the_states_it_had(seed):
    """Repetitions that drew a drift of their own would scatter ten times as far as the shots do."""
    drift = [{"kind": "ornstein-uhlenbeck", "sigma_khz": 40.0, "correlation_time_s": 0.05}]
    experiment = QUIET.replace(drift=drift, probe_strength=0.8, probe_duration_ns=100)
    one = experiment.run(2000, iterations=3, seed=seed)
    other = experiment.replace(probe_strength=0.2, probe_duration_ns=1600).run(2000, iterations=3, seed=seed)
    found = one - other
    assert found.fidelity.standard_error < 1.5 * (one.fidelity.standard_error + other.fidelity.standard_error), seed


@pytest.mark.parametrize(
    ("rule", "reason"),
    [(lambda batch: None, "a function of the user's own"), ("rl", "within the shot")],
)
def test_runs_nobody_can_repeat_have_errors_that_add_up(rule, reason):
    one, other = QUIET.run(500, seed=1), QUIET.replace(adaptive_rule=rule).run(500, seed=1)
    found = one - other
    assert found.pairing.kind == "unknown"
    assert reason in found.pairing.reason
    assert found.fidelity.standard_error == one.fidelity.standard_error + other.fidelity.standard_error
    assert found.correlations["fidelity"] is None


def test_runs_of_other_lengths_are_paired_shot_by_shot():
    one, other = QUIET.run(1000, seed=1), QUIET.replace(probe_strength=0.25).run(500, seed=1)
    found = one - other
    naive = math.hypot(one.fidelity.standard_error, other.fidelity.standard_error)
    paired = one - QUIET.replace(probe_strength=0.25).run(1000, seed=1)
    assert paired.fidelity.standard_error < found.fidelity.standard_error < naive


def test_other_iterations_draw_other_numbers():
    assert (QUIET.run(100, seed=1) - QUIET.run(100, iterations=2, seed=1)).pairing.kind == "independent"


def test_a_comparison_shows_itself():
    found = QUIET.run(300, seed=4) - QUIET.replace(probe_strength=0.4).run(300, seed=4)
    text, card = repr(found), found._repr_html_()
    assert text.splitlines()[0].split() == ["figure", "first", "second", "difference", "correlation"]
    assert str(found.fidelity) in text
    assert str(found.fidelity) in card
    assert "paired: seeds are shared" in text
    assert copy.copy(found) == found


def test_a_comparison_as_a_table():
    pytest.importorskip("pandas")
    found = QUIET.run(300, seed=4) - QUIET.replace(probe_strength=0.4).run(300, seed=4)
    frame = found.to_pandas()
    assert frame.loc["fidelity", "difference"] == found.fidelity.value
    assert frame.loc["fidelity", "difference_error"] == found.fidelity.standard_error
    assert frame.loc["fidelity", "correlation"] == found.correlations["fidelity"]


def test_a_run_that_was_read_from_a_file_is_compared_like_any(tmp_path):
    one, other = QUIET.run(300, seed=4), QUIET.replace(probe_strength=0.4).run(300, seed=4)
    again = synqc.load(one.save(tmp_path / "run"))
    assert dict(again - other) == dict(one - other)


def test_other_things_are_refused():
    with pytest.raises(InputError, match="`second` must be a Run, but is Estimate"):
        compare(QUIET.run(10, seed=1), synqc.Estimate(0.9, 0.1))
