"""Packages bring presets and rules by entry points, which are then as good as ours."""

import sys

import pytest

import synqc
from synqc.errors import InputError, UnknownName
from synqc.lab import device, plugins

SOURCE = """
import synqc

chip = synqc.device("ibm_fez").replace(name="their_chip", t1_us=77.0)


def made():
    return {"name": "made_chip", "qubit": {"t1_us": 75, "t2_us": 60, "gate_ns": 30, "readout_ns": 800}}


def turns_more(batch):
    return {"second_angle": 1.75}


class Counts:
    seen = 0

    def __call__(self, batch):
        Counts.seen += 1


number = 5
"""
ENTRIES = """
[synqc.presets]
their_chip = theirs_for_synqc:chip
made_chip = theirs_for_synqc:made
ibm_fez = theirs_for_synqc:chip
misnamed = theirs_for_synqc:chip
lost = theirs_for_synqc:nothing

[synqc.rules]
turns-more = theirs_for_synqc:turns_more
counts = theirs_for_synqc:Counts
kalman = theirs_for_synqc:turns_more
no-rule = theirs_for_synqc:number
"""


@pytest.fixture
def their_package(tmp_path, monkeypatch):
    (tmp_path / "theirs_for_synqc.py").write_text(SOURCE)
    folder = tmp_path / "theirs_for_synqc-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs-for-synqc\nVersion: 1.0\n")
    (folder / "entry_points.txt").write_text(ENTRIES)
    monkeypatch.syspath_prepend(tmp_path)
    known = (plugins._entries, device._preset_names, device._load)
    for remembered in known:
        remembered.cache_clear()
    yield
    sys.modules.pop("theirs_for_synqc", None)
    for remembered in known:
        remembered.cache_clear()


@pytest.mark.usefixtures("their_package")
def test_presets_of_a_package_are_presets():
    assert list(synqc.presets())[-4:] == ["lost", "made_chip", "misnamed", "their_chip"]
    experiment = synqc.Experiment("their_chip", qubits=1)
    assert experiment.device.t1_us == 77.0
    assert synqc.presets()["made_chip"].readout_ns == 800
    assert synqc.Experiment.from_json(experiment.to_json()) == experiment
    with pytest.raises(UnknownName, match="near it: 'their_chip'"):
        synqc.Experiment("their-chip")


@pytest.mark.usefixtures("their_package")
def test_no_package_takes_the_place_of_what_is_ours():
    assert synqc.device("ibm_fez").t1_us == 144.9
    assert synqc.Experiment(adaptive_rule="kalman").adaptive_rule == "kalman"


@pytest.mark.usefixtures("their_package")
def test_rules_of_a_package_are_chosen_by_name():
    run = synqc.Experiment(qubits=1, adaptive_rule="turns-more").run(100, iterations=2, seed=1)
    assert run.settings[0]["second_angle"] == 1.75
    counted = synqc.Experiment(qubits=1, adaptive_rule="counts")
    counted.run(50, iterations=3, seed=1)
    assert sys.modules["theirs_for_synqc"].Counts.seen >= 3
    with pytest.raises(UnknownName, match="near it: turns-more"):
        synqc.Experiment(adaptive_rule="turns_more")


@pytest.mark.usefixtures("their_package")
@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (lambda: synqc.device("lost"), "theirs_for_synqc:nothing of the package theirs-for-synqc, but that cannot"),
        (lambda: synqc.device("misnamed"), "'misnamed' of another package must have this name, but has .*'their_chip'"),
        (lambda: synqc.Experiment(adaptive_rule="no-rule"), "must be the name of a rule.*but is 5"),
    ],
)
def test_what_a_package_brings_in_vain_is_told(broken, words):
    with pytest.raises(InputError, match=words):
        broken()
