"""Names that clients send are exactly those of the contract, and the laboratory knows each of them."""

import pytest

from synqc import _core
from synqc.apps.tds.agent.limits import FIELDS
from synqc.apps.tds.models import (
    AdaptiveRule,
    DriveEnvelope,
    HardwarePreset,
    HardwareTarget,
    Objective,
    RunConfiguration,
)
from synqc.lab.device import presets

CHOICES = {entry["name"]: entry["choices"] for entry in _core.experiment_fields()}
OF_EVERY_VERSION = ["transmon-default", "fluxonium-pilot", "ion-chain", "neutral-atom"]
OF_REAL_DEVICES = ["ibm_aachen", "ibm_fez", "ibm_marrakesh", "ibm_sherbrooke", "ibm_torino"]
NAMES = {
    HardwareTarget: (["sim-local", "ibm-qpu", "aws-braket", "ionq", "classical-only"], CHOICES["target"]),
    HardwarePreset: ([*OF_EVERY_VERSION, *OF_REAL_DEVICES], presets()),
    DriveEnvelope: (["gaussian", "square", "drag", "cosine"], CHOICES["envelope"]),
    AdaptiveRule: (["none", "kalman", "bayes", "rl"], CHOICES["adaptive_rule"]),
    Objective: (
        ["maximize-fidelity", "minimize-latency", "info-vs-damage", "stability-window"],
        CHOICES["objective"],
    ),
}


@pytest.mark.parametrize("kind", NAMES, ids=lambda kind: kind.__name__)
def test_they_are_the_contracts(kind):
    assert [name.value for name in kind] == NAMES[kind][0]


@pytest.mark.parametrize("kind", NAMES, ids=lambda kind: kind.__name__)
def test_the_laboratory_knows_them_and_may_know_more(kind):
    known = NAMES[kind][1]
    assert [name.value for name in kind if name.value not in known] == []


def test_the_agent_may_suggest_every_field_but_what_pages_keep_there():
    kept = ("num_iterations_default", "shot_limit_default")
    assert tuple(name for name in RunConfiguration.model_fields if name not in kept) == FIELDS


def test_every_device_of_the_laboratory_may_be_named():
    assert [name.value for name in HardwarePreset] == list(presets())
