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
NAMES = {
    HardwareTarget: (["sim-local", "ibm-qpu", "aws-braket", "ionq", "classical-only"], CHOICES["target"]),
    HardwarePreset: (["transmon-default", "fluxonium-pilot", "ion-chain", "neutral-atom"], presets()),
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
