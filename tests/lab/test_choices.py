"""Editors complete the names that there are, no more and no fewer."""

from typing import get_args, get_type_hints

import pytest

from synqc import _core, presets
from synqc.lab import choices, experiment

KNOWN = {entry["name"]: entry["choices"] for entry in _core.experiment_fields() if entry.get("choices")}
LISTED = {
    "target": choices.TargetName, "envelope": choices.Envelope, "adaptive_rule": choices.Rule,
    "objective": choices.Objective, "probe_mapping": choices.ProbeMapping,
}  # fmt: skip


@pytest.mark.parametrize("argument", KNOWN)
def test_choices_of_an_argument_are_the_cores(argument):
    assert list(get_args(LISTED[argument])) == list(KNOWN[argument])


def test_presets_are_those_of_the_package():
    assert list(get_args(choices.PresetName)) == list(presets())


def test_arguments_name_their_choices_and_take_any_other_text():
    hints = get_type_hints(experiment.Experiment, {**vars(experiment), **vars(choices)})
    for argument, listed in {**LISTED, "preset": choices.PresetName}.items():
        assert {listed, str} <= set(get_args(hints[argument])), argument
