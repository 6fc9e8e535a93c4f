"""Warnings about arguments that are legal but hardly meant."""

import warnings

import numpy as np
import pytest

import synqc
from synqc.errors import ImplausibleWarning


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"probe_duration_ns": 120e-9}, r"`probe_duration_ns` is in ns .* but is 1.2e-07 \(1.2e-07 s would be 120\)"),
        ({"probe_duration_ns": 0.12}, r"but is 0.12 \(0.12 ms would be 120000\)|0.12 µs would be 120"),
        ({"probe_duration_ns": 120e6}, r"`probe_duration_ns` is in ns .* but is 1.2e\+08"),
        ({"detuning_khz": 250e3}, r"`detuning_khz` is in kHz .* but is 250000 \(250000 Hz would be 250\)"),
        ({"detuning_khz": -3e5}, r"`detuning_khz` is in kHz"),
        (
            {"t1_us": 150e-6, "t2_us": 1e-4, "gate": 1e-4, "levels": 2},
            r"`t1_us` .*0.00015 s would be 150",
        ),
        ({"gamma_max_per_us": 3e6}, r"`gamma_max_per_us` is in 1/µs"),
        ({"decision_latency_ns": 1e-7}, r"`decision_latency_ns` is in ns"),
        ({"samples": np.ones(4)}, r"`samples` has no effect without envelope=\"samples\", but `envelope` is 'drag'"),
        ({"envelope": "square", "drag_beta": 0.5}, r"`drag_beta` has no effect without a drag envelope"),
        ({"envelope": "gaussian", "drag_detuning": False}, r"`drag_detuning` has no effect"),
        ({"edge_fraction": 0.1}, r"`edge_fraction` has no effect without a flat-top envelope"),
        ({"interpolate_samples": True}, r"`interpolate_samples` has no effect"),
    ],
)
def test_arguments_that_are_hardly_meant_are_named_with_what_was_meant(arguments, words):
    arguments = dict(arguments)
    preset = synqc.device("transmon-default")
    if gate := arguments.pop("gate", None):
        preset = preset.replace(gate_ns=gate)
    with pytest.warns(ImplausibleWarning, match=words) as caught:
        synqc.Experiment(preset, **arguments)
    assert caught[0].filename == __file__


@pytest.mark.parametrize("name", sorted(synqc.presets()))
def test_presets_and_usual_arguments_are_taken_without_a_word(name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        synqc.Experiment(name)
        synqc.Experiment(name, probe_duration_ns=0, detuning_khz=0, envelope="drag-gaussian", drag_beta=0.5)
        synqc.Experiment(name, envelope="flat-top-gaussian", edge_fraction=0.1, probe_duration_ns=2000)
        synqc.Experiment(name, envelope="samples", samples=np.ones(4), interpolate_samples=True)


def test_one_experiment_warns_once_of_each_argument():
    with pytest.warns(ImplausibleWarning) as caught:
        synqc.Experiment(probe_duration_ns=120e-9, detuning_khz=250e3)
    assert len(caught) == 2
