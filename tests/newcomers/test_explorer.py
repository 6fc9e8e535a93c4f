"""The widget's kernel side: controls with ranges, runs that follow them, sentences for what cannot be."""

import sys
from importlib.util import find_spec

import pytest

import synqc
from synqc.errors import InputError, MissingExtra, UnknownName
from synqc.notebook import Control, explore
from synqc.notebook.controls import controls_of

NEEDS_WIDGETS = pytest.mark.skipif(
    not all(find_spec(name) for name in ("anywidget", "traitlets")),
    reason="the extra `notebook` brings anywidget",
)


@pytest.fixture(scope="module")
def experiment():
    return synqc.Experiment("ibm_fez", qubits=1, probe_strength=0.25)


def test_controls_take_their_ranges_from_the_argument_or_from_its_value(experiment):
    strength, duration, rule, flag, t1 = controls_of(
        experiment, ["probe_strength", "probe_duration_ns", "adaptive_rule", "drag_detuning", "t1_us"]
    )
    assert (strength.low, strength.high) == (0, 1)
    assert (duration.low, duration.high) == (0, 480)
    assert rule.choices[:2] == ["none", "kalman"]
    assert flag.words()["kind"] == "flag"
    assert t1.high == pytest.approx(4 * 144.9)
    assert t1.words()["unit"] == "µs"
    qubits = controls_of(experiment, {"qubits": (1, 8)})[0].words()
    assert (qubits["step"], qubits["low"], qubits["high"]) == (1, 1, 8)
    assert "samples" not in controls_of(experiment, ["envelope"])[0].choices


@pytest.mark.parametrize(
    ("width", "step"), [(1.0, 0.01), (480.0, 2.0), (0.5, 0.005), (1e-3, 1e-5), (250.0, 2.0), (99.0, 0.5)]
)
def test_a_step_is_a_round_number_near_a_hundredth(width, step):
    assert Control("probe_strength", low=0.0, high=width).words()["step"] == pytest.approx(step, rel=1e-12)


@pytest.mark.parametrize(
    ("controls", "kind", "words"),
    [
        (["probe_strenght"], UnknownName, "near it: probe_strength"),
        (["first_axis", "detuning_khz"], InputError, "must be a number where a slider"),
        (["drift"], UnknownName, "`controls` must be one of"),
        ({"t1_us": (200, 300)}, InputError, "range of `t1_us` must hold its present value 144.9"),
        ({"t1_us": (300, 100)}, InputError, "the lower first"),
        ({"t1_us": 5}, InputError, "must be two numbers, low and high, but is 5"),
        ({"adaptive_rule": ["none", "kalmann"]}, UnknownName, "near it: kalman"),
    ],
)
def test_what_cannot_be_moved_is_refused_in_words(experiment, controls, kind, words):
    with pytest.raises(kind, match=words):
        controls_of(experiment, controls)


def test_without_anywidget_the_extra_is_named(experiment, monkeypatch):
    monkeypatch.setitem(sys.modules, "anywidget", None)
    monkeypatch.delitem(sys.modules, "synqc.notebook.explorer", raising=False)
    with pytest.raises(MissingExtra, match=r"pip install 'synqc\[notebook\]'"):
        explore(experiment)


@NEEDS_WIDGETS
def test_a_run_follows_the_controls_batch_by_batch(experiment):
    widget = explore(experiment, shots=100, iterations=3, seed=5)
    assert (widget.state, widget.points, widget.run) == ("ready", [], None)
    widget.settings = {**widget.settings, "probe_strength": 0.5}
    assert widget.wait(60)
    assert widget.state == "complete"
    assert widget.experiment == experiment.replace(probe_strength=0.5)
    first = widget.experiment.run(100, seed=5, keep_bits=False)
    second = widget.experiment.run(100, seed=6, keep_bits=False, resume_from=first)
    assert [point["fidelity"][0] for point in widget.points[:2]] == [first.fidelity.value, second.fidelity.value]
    assert len(widget.points) == 3
    assert widget.run.seed == 7
    assert widget.figures[0] == ["fidelity", str(widget.run.fidelity)]
    widget.close()


@NEEDS_WIDGETS
def test_a_new_run_ends_the_one_before_and_stop_ends_both(experiment):
    widget = explore(experiment, {"probe_strength": (0, 0.5)}, shots=200_000, iterations=1000)
    widget.start()
    widget.settings = {"probe_strength": 0.1}
    widget.stop()
    assert widget.wait(60)
    assert len(widget.points) < 1000
    assert widget.state in ("stopped", "ready")
    widget.close()


@NEEDS_WIDGETS
def test_what_an_argument_refuses_is_shown_and_ends_nothing(experiment):
    widget = explore(experiment, {"t2_us": (10, 500), "t1_us": (10, 500)}, shots=50, iterations=1)
    widget.settings = {**widget.settings, "t2_us": 450.0}
    assert widget.wait(60)
    assert widget.state == "failed"
    assert "`t2_us` must be at most 2 * t1_us" in widget.problem
    widget.settings = {**widget.settings, "t2_us": 50.0}
    assert widget.wait(60)
    assert (widget.state, widget.problem) == ("complete", "")
    widget.close()


@NEEDS_WIDGETS
def test_an_emulated_target_is_said_to_be_one(experiment):
    assert explore(experiment.replace(target="ionq")).title == "ibm_fez on ionq (emulated)"
    assert explore(experiment).title == "ibm_fez on sim-local"
