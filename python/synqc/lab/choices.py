"""Names that arguments of an experiment may have, for editors to complete; what packages add is any other text."""

from __future__ import annotations

from typing import Literal

__all__ = ["Envelope", "Objective", "PresetName", "ProbeMapping", "Rule", "TargetName"]

PresetName = Literal[
    "transmon-default", "fluxonium-pilot", "ion-chain", "neutral-atom",
    "ibm_aachen", "ibm_fez", "ibm_marrakesh", "ibm_sherbrooke", "ibm_torino",
]  # fmt: skip
"""Devices that come with the package."""
TargetName = Literal["sim-local", "classical-only", "ibm-qpu", "aws-braket", "ionq"]
"""Where an experiment runs."""
Envelope = Literal["square", "gaussian", "cosine", "drag", "drag-gaussian", "flat-top", "flat-top-gaussian", "samples"]
"""Shape of a drive."""
Rule = Literal["none", "kalman", "bayes", "rl", "rl-reinforce", "nelder-mead", "random-search"]
"""What learns between shots."""
Objective = Literal["maximize-fidelity", "minimize-latency", "info-vs-damage", "stability-window"]
"""What a run is scored by."""
ProbeMapping = Literal["auto", "rate", "pulse", "resonator"]
"""How a probe couples to a qubit."""
