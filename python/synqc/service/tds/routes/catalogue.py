"""What a configuration can be made of."""

from __future__ import annotations

from functools import cache
from typing import Any

from fastapi import APIRouter

from synqc.apps.tds.models import (
    MOST_ITERATIONS,
    PROBE_DURATIONS_NS,
    PROBE_STRENGTHS,
    AdaptiveRule,
    DriveEnvelope,
    HardwarePreset,
    HardwareTarget,
    Objective,
)
from synqc.apps.tds.settings import TdsSettings
from synqc.lab.device import device, targets
from synqc.service.description import answered
from synqc.service.tds.context import Tds

__all__ = ["router"]

router = APIRouter(tags=["service"])

_OBJECTIVES = {
    Objective.MAXIMIZE_FIDELITY: "fidelity",
    Objective.MINIMIZE_LATENCY: "shortest latency, with a penalty below a fidelity of 0.975",
    Objective.INFO_VS_DAMAGE: "information gained against back-action: I (1 - 2 B)",
    Objective.STABILITY_WINDOW: "steadiness over iterations: 1 - std(F) / mean(F)",
}


_PRESETS = {
    "presets": [
        {
            "name": "transmon-default", "title": "Typical fixed-frequency transmon.",
            "figures": {"t1_us": 150.0, "t2_us": 100.0, "efficiency": 0.5, "gate_ns": 24.0, "readout_ns": 1000.0},
            "source": ["Drift magnitudes: Burnett et al. arXiv:1901.04417"],
        }
    ],
    "targets": [
        {"name": "sim-local", "title": "sim-local", "emulated": False, "description": "Simulated in this process."}
    ],
    "envelopes": ["gaussian", "square", "drag", "cosine"],
    "adaptive_rules": ["none", "kalman", "bayes", "rl"],
    "objectives": [{"name": "maximize-fidelity", "words": "fidelity"}],
    "limits": {
        "probe_strength": {"min": 0.0, "max": 1.0, "safe_max": 0.5, "unit": ""},
        "probe_duration_ns": {"min": 5, "max": 5000, "safe_max": 5000, "unit": "ns"},
        "num_iterations": {"min": 1, "max": 10_000},
        "shot_limit": {"min": 1, "max": 200_000},
    },
}  # fmt: skip


@router.get("/presets", operation_id="list_presets", responses=answered(_PRESETS))
async def list_presets(tds: Tds) -> dict[str, Any]:
    """Presets, targets, envelopes, rules and objectives, with the limits of each number."""
    return {**_names(), "limits": _limits(tds.settings)}


@cache
def _names() -> dict[str, Any]:
    known = targets()
    return {
        "presets": [_preset(name.value) for name in HardwarePreset],
        "targets": [
            {
                "name": name.value,
                "title": name.value,
                "emulated": known[name.value].emulated,
                "description": known[name.value].description,
            }
            for name in HardwareTarget
        ],
        "envelopes": [name.value for name in DriveEnvelope],
        "adaptive_rules": [name.value for name in AdaptiveRule],
        "objectives": [{"name": name.value, "words": _OBJECTIVES[name]} for name in Objective],
    }


def _preset(name: str) -> dict[str, Any]:
    one = device(name)
    return {
        "name": name,
        "title": one.description,
        "figures": {
            "t1_us": one.t1_us,
            "t2_us": one.t2_us,
            "efficiency": one.efficiency,
            "gate_ns": one.gate_ns,
            "readout_ns": one.readout_ns,
        },
        "source": list(one.sources),
    }


def _limits(settings: TdsSettings) -> dict[str, Any]:
    weakest, strongest = PROBE_STRENGTHS
    shortest, longest = PROBE_DURATIONS_NS
    return {
        "probe_strength": {"min": weakest, "max": strongest, "safe_max": settings.max_probe_strength, "unit": ""},
        "probe_duration_ns": {
            "min": shortest,
            "max": longest,
            "safe_max": settings.max_probe_duration_ns,
            "unit": "ns",
        },
        "num_iterations": {"min": 1, "max": MOST_ITERATIONS},
        "shot_limit": {"min": 1, "max": settings.max_shots_per_run},
    }
