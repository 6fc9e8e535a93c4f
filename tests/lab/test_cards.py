"""Cards show every figure with its error, and the labels nobody may overlook."""

import math
import re
from html.parser import HTMLParser

import pytest

import synqc
from synqc.lab.cards import html_card, text_card
from synqc.lab.units import format_duration


@pytest.fixture(scope="module")
def run():
    return synqc.Experiment("ibm_fez", probe_strength=0.4, probe_duration_ns=400).run(shots=2000, iterations=2, seed=7)


def test_the_text_card_holds_the_figures_with_their_errors(run):
    card = repr(run)
    assert str(run.fidelity) in card
    assert re.search(r"fidelity +0\.\d+\(\d\d\)", card)
    for word in (
        "2 × 2,000",
        "seed",
        "7",
        "characterisation",
        "back-action",
        "information",
        "readout",
        "1.56 µs",
        "bit",
    ):
        assert word in card, word
    assert all(len(line) < 110 for line in card.splitlines())


def test_columns_of_the_text_card_are_aligned(run):
    values = [
        line.index(run_word)
        for line in repr(run).splitlines()
        for run_word in ("none", "2 × 2,000")
        if run_word in line
    ]
    assert len(set(values)) == 1


def test_labels_say_emulated_classical_and_partial(run):
    emulated = run.experiment.replace(target="ionq").run(shots=50, seed=1)
    assert text_card(emulated).splitlines()[0] == "ibm_fez on ionq  [emulated]"
    assert re.search(r"<span [^>]+>emulated</span>", html_card(emulated))
    classical = run.experiment.replace(target="classical-only").run(shots=50, seed=1)
    assert "[classical plant]" in text_card(classical)
    assert "[emulated]" not in text_card(run)


def test_a_stopped_run_says_partial(run):
    stop = synqc.StopFlag()

    def after_a_while(done, total):
        if done > 0:
            stop.stop()

    cut = run.experiment.run(shots=3_000_000, iterations=4, seed=1, stop=stop, keep_bits=False, progress=after_a_while)
    assert cut.partial
    assert "[partial]" in text_card(cut)
    assert f"{cut.shots_used:,} shots per qubit were complete" in text_card(cut)


def test_a_probe_that_is_off_is_said_to_be_off():
    assert re.search(r"probe +off", text_card(synqc.Experiment(probe_strength=0.0).run(shots=10, seed=1)))


def test_a_projective_ancilla_probe_has_an_infinite_dose():
    run = synqc.Experiment("ibm_fez", target="ibm-qpu", probe_strength=1.0).run(shots=10, seed=1)
    assert "g = ∞" in text_card(run)


def test_the_html_card_is_well_formed_and_escaped(run):
    class Balance(HTMLParser):
        def __init__(self):
            super().__init__()
            self.open = []

        def handle_starttag(self, tag, attrs):
            self.open.append(tag)

        def handle_endtag(self, tag):
            assert self.open.pop() == tag

    def rule(batch):
        return None

    rule.__qualname__ = "<b>mine</b>"
    card = html_card(synqc.Experiment(adaptive_rule=rule).run(shots=10, seed=1))
    checker = Balance()
    checker.feed(card)
    assert checker.open == []
    assert "&lt;b&gt;mine" in card
    assert "<script" not in card


@pytest.fixture(scope="module")
def grid():
    axes = {"probe_strength": [0.1, 0.9], "target": ["ionq"], "qubits": [1]}
    return synqc.sweep(synqc.Experiment("ibm_fez", target="ionq"), axes, shots=50, seed=3, progress=False)


def test_the_card_of_a_sweep_says_what_was_swept_and_found(grid):
    card = grid._repr_html_()
    words = re.sub(r"<[^>]+>", " ", card)
    best = grid.at(probe_strength=0.1, target="ionq", qubits=1)["objective_score"]
    for told in ("Sweep of ibm_fez on ionq", "emulated", "0.1 to 0.9", "2 values", "seed", "3", str(best)):
        assert told in words, told
    assert "maximize-fidelity at probe_strength = 0.1, target = ionq, qubits = 1" in words


def test_the_card_of_a_sweep_that_was_stopped_says_so():
    stop = synqc.StopFlag()
    stop.stop()
    cut = synqc.sweep(synqc.Experiment(qubits=1), {"probe_strength": [0.1, 0.2]}, shots=50, seed=3, stop=stop)
    assert "0 of 2" in cut._repr_html_()
    assert "partial" in cut._repr_html_()
    assert "no point was finished" in cut._repr_html_()


def test_the_card_of_an_experiment_says_what_is_played_and_what_was_set_beside():
    experiment = synqc.Experiment(
        "ibm_fez", target="ionq", first_angle=math.pi / 2, second_axis=math.pi / 4, t1_us=90.0, spread=0.25,
        drag_detuning=False, device_seed=17, drift="none",
    )  # fmt: skip
    words = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", experiment._repr_html_()))
    for told in (
        "Experiment: ibm_fez on ionq emulated", "T1 90 µs, T2 88 µs; 3 levels; device seed 17",
        "first drive 0.5 π drag, 24 ns", "second drive 0.5 π about 0.25 π", "ε = 0.2, ancilla", "g = 0.0204",
        "t1_us 90 µs Energy relaxation time.", "spread 0.25", "drag_detuning False", "drift none",
        "readout 1.56 µs assignment error 0.77 %", "run() takes 836 shots",
    ):  # fmt: skip
        assert told in words, told
    assert "efficiency" not in words


def test_an_experiment_without_a_probe_says_so():
    for silent in (synqc.Experiment(probe_strength=0), synqc.Experiment(probe_duration_ns=0)):
        assert re.search(r">probe</td><td[^>]*>off</td>", silent._repr_html_())
    assert ">off</td>" not in synqc.Experiment(probe_strength=0.1)._repr_html_()


def test_an_estimate_says_its_interval_or_that_there_is_none():
    assert "<b>0.900(10)</b>" in synqc.Estimate(0.9, 0.01)._repr_html_()
    assert "95 %: 0.88 to 0.92" in synqc.Estimate(0.9, 0.01)._repr_html_()
    assert "exact" in synqc.Estimate(0.5, 0.0)._repr_html_()
    assert "unknown" in synqc.Estimate(0.5, float("nan"))._repr_html_()


def test_cards_bear_a_sanitiser_and_the_rules_of_a_page(run, grid):
    """No sheet of styles, script, heading or class; every cell says its alignment; nothing is wider than its place."""
    shown = (run, grid, run.experiment, run.experiment.device, synqc.presets(), synqc.targets(), run - run)
    for card in (one._repr_html_() for one in shown):
        assert set(re.findall(r"<(\w+)", card)) <= {"div", "b", "span", "table", "tr", "td", "th"}
        assert "class=" not in card
        assert all('align="left"' in cell and "text-align:left" in cell for cell in re.findall(r"<td[^>]*>", card))
        assert "max-width:100%;overflow-x:auto" in card
        assert not re.search(r"[; \"]width:", card)
        colours = set(re.findall(r"(?:color|background):([^;\"]+)", card))
        assert colours <= {"inherit", "transparent", "#ea580c"}


def test_the_html_card_takes_its_colours_from_the_page(run):
    card = run._repr_html_()
    assert "color:inherit" in card
    assert "background:white" not in card.replace(" ", "")


@pytest.mark.parametrize(
    ("microseconds", "words"),
    [(0.0, "0 ns"), (0.024, "24 ns"), (1.0, "1 µs"), (999.9, "999.9 µs"), (1e4, "10 ms"), (1e7, "10 s")],
)
def test_times_carry_the_unit_that_suits_them(microseconds, words):
    assert format_duration(microseconds) == words
