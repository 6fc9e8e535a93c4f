"""One list of an experiment's arguments: the dataclass, its docstring, documents and the command line agree with it."""

import argparse
import dataclasses
import inspect
import itertools
import json

import pytest

from synqc import _core
from synqc.cli.options import add_experiment_options, argument_help
from synqc.errors import InputError, SynqcError
from synqc.lab.device import device
from synqc.lab.experiment import Experiment
from synqc.readout import Resonator

FIELDS = {entry["name"]: entry for entry in _core.experiment_fields()}
ARGUMENTS = {item.name: item for item in dataclasses.fields(Experiment) if item.init}
WORDS = {"number": "float", "whole": "int", "flag": "bool", "text": "str"}
OTHER_VALUES = {
    "preset": "ion-chain", "target": "classical-only", "envelope": "gaussian", "adaptive_rule": "kalman",
    "objective": "info-vs-damage", "probe_mapping": "rate", "drift": "none", "samples": [[1.0, 0.0], [1.0, 0.25]],
    "probe_strength": 0.31, "probe_duration_ns": 210.0, "qubits": 3, "device_seed": 2**64 - 1, "t1_us": 71.0,
    "t2_us": 61.0, "tphi_us": 81.0, "efficiency": 0.41, "detuning_khz": 21.0, "amplitude_error": 0.011, "spread": 0.21,
    "gamma_max_per_us": 11.0, "decision_latency_ns": 310.0, "levels": 2, "thermal_population": 0.021,
    "first_angle": 1.1, "first_axis": 0.2, "second_angle": 1.3, "second_axis": 0.4, "drag_beta": 0.9,
    "drag_detuning": False, "edge_fraction": 0.3, "interpolate_samples": True, "probe_bins": 4, "probe_steps": 8,
    "probe_ringdown_ns": 35.0, "stark_correction": False,
}  # fmt: skip

BEHIND_RESONATOR = {"preset": device("transmon-default").replace(levels=2, resonator=Resonator(5.0, 2.5, 2.0))}


def test_the_dataclass_has_the_arguments_of_the_core_and_no_others():
    assert set(ARGUMENTS) == set(FIELDS)


@pytest.mark.parametrize("name", FIELDS)
def test_an_argument_is_declared_as_the_kind_the_core_takes(name):
    word = WORDS.get(FIELDS[name]["kind"])
    assert word is None or word in str(ARGUMENTS[name].type).split(" | ")


@pytest.mark.parametrize("name", [name for name, entry in FIELDS.items() if entry["owner"] == "device"])
def test_what_is_left_out_of_a_device_is_the_devices_own(name):
    assert ARGUMENTS[name].default is None or name == "preset"


@pytest.mark.parametrize("name", FIELDS)
def test_the_docstring_and_the_command_line_tell_of_every_argument(name):
    assert name in inspect.getdoc(Experiment)
    assert argument_help()[name]
    parser = argparse.ArgumentParser()
    add_experiment_options(parser)
    assert f"--{name.replace('_', '-')}" in parser.format_help()


@pytest.mark.parametrize("name", [name for name, entry in FIELDS.items() if entry["most"] is not None])
def test_a_number_is_taken_up_to_its_bounds_and_refused_beyond_them(name):
    entry = FIELDS[name]
    whole = entry["kind"] == "whole"
    step = 1 if whole else 1e-9 * max(1, abs(entry["most"]))
    beyond, below = entry["most"] + step, entry["least"] - step
    as_kind = int if whole else float
    for value in (entry["least"], entry["most"]):
        others = {"probe_steps": 0} if name != "probe_steps" else {}
        assert getattr(Experiment(**others, **{name: as_kind(value)}), name) == value
    for value in (below, beyond):
        with pytest.raises(InputError, match=f"`{name}`"):
            Experiment(**{name: as_kind(value)})


@pytest.mark.parametrize("name", [name for name, entry in FIELDS.items() if entry["choices"]])
def test_every_choice_is_taken_and_no_other_word(name):
    for word in FIELDS[name]["choices"]:
        others = {"samples": [1, 1]} if word == "samples" else {}
        target = {"target": "ibm-qpu"} if word == "pulse" else BEHIND_RESONATOR if word == "resonator" else {}
        assert getattr(Experiment(**others, **target, **{name: word}), name) == word
    with pytest.raises(InputError, match=f"`{name}`"):
        Experiment(**{name: "no such word"})


@pytest.mark.filterwarnings("ignore::synqc.errors.ImplausibleWarning")
@pytest.mark.parametrize("name", FIELDS)
def test_a_document_and_a_keyword_give_the_same_experiment(name):
    assert set(OTHER_VALUES) == set(FIELDS)
    value = OTHER_VALUES[name]
    others = {"samples": {"envelope": "samples"}, "probe_steps": {"probe_bins": 4}}.get(name, {})
    read = Experiment.from_json(json.dumps({**others, name: value}))
    given = [complex(*pair) for pair in value] if name == "samples" else value
    built = Experiment(**others, **{name: given})
    assert read == built
    assert getattr(read, name) == given != ARGUMENTS[name].default
    assert read._core.qubits == built._core.qubits
    assert read.run(20, seed=3, progress=False).to_json() == built.run(20, seed=3, progress=False).to_json()


HOSTILE_VALUES = (None, 0, -1, 1e-300, 1e300, "", "samples", [], [[0, 0]], [[0, 1]], True, {})


@pytest.mark.filterwarnings("ignore::synqc.errors.ImplausibleWarning")
@pytest.mark.parametrize("levels", [2, 3])
@pytest.mark.parametrize("envelope", FIELDS["envelope"]["choices"])
def test_a_document_without_what_its_envelope_needs_is_refused_in_words(envelope, levels):
    for name, value in itertools.product(FIELDS, HOSTILE_VALUES):
        document = json.dumps({"envelope": envelope, "levels": levels, name: value})
        try:
            outcome = Experiment.from_json(document)
        except SynqcError as error:
            outcome = error
        assert isinstance(outcome, Experiment) or "must" in str(outcome), document


def test_null_in_a_document_means_the_default():
    assert Experiment.from_json('{"probe_strength": null, "t1_us": null}') == Experiment()


def test_a_rule_says_of_itself_what_it_does():
    rules = {entry["name"]: entry for entry in _core.rule_properties()}
    assert list(rules) == FIELDS["adaptive_rule"]["choices"]
    assert {name for name, rule in rules.items() if rule["tracks"]} == {"kalman", "bayes"}
    assert {name for name, rule in rules.items() if rule["learns"]} == {
        "rl", "rl-reinforce", "nelder-mead", "random-search"
    }  # fmt: skip
    assert {name for name, rule in rules.items() if not rule["feeds_forward"]} == {"none", "kalman"}
    assert {name for name, rule in rules.items() if rule["filters"]} == {"bayes"}
