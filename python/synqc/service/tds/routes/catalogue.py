"""What a configuration can be made of."""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from synqc import _core
from synqc.apps.tds import goals
from synqc.apps.tds.identifiers import LONGEST_SESSION_ID
from synqc.apps.tds.models import (
    LONGEST_NOTES,
    USUAL_ITERATIONS,
    AdaptiveRule,
    AgentSuggestionRequest,
    DriveEnvelope,
    HardwarePreset,
    HardwareTarget,
    Objective,
    RunConfiguration,
    RunRequest,
    SweepRequest,
    bounds_of,
)
from synqc.apps.tds.settings import TdsSettings
from synqc.lab.device import device, targets
from synqc.service.description import answered
from synqc.service.routes.jobs import facts_of_jobs
from synqc.service.tds.context import Tds

__all__ = ["router"]

router = APIRouter(tags=["service"])

_OBJECTIVES = {one["name"]: one["meaning"] for one in _core.objective_properties()}


_PRESETS = {
    "presets": [
        {
            "name": "transmon-default", "title": "Typical fixed-frequency transmon.",
            "figures": {"t1_us": 150.0, "t2_us": 100.0, "efficiency": 0.5, "gate_ns": 24.0, "readout_ns": 1000.0},
            "source": ["Drift magnitudes: Burnett et al. arXiv:1901.04417"],
        }
    ],
    "targets": [
        {
            "name": "sim-local", "title": "sim-local", "emulated": False, "description": "Simulated in this process.",
            "classical": False, "backend": None, "backend_state": None,
        }
    ],
    "envelopes": ["gaussian", "square", "drag", "cosine"],
    "adaptive_rules": ["none", "kalman", "bayes", "rl"],
    "objectives": [{"name": "maximize-fidelity", "words": "fidelity"}],
    "limits": {
        "probe_strength": {"min": 0.0, "max": 1.0, "safe_max": 0.5, "unit": ""},
        "probe_duration_ns": {"min": 5, "max": 5000, "safe_max": 5000, "unit": "ns"},
        "num_iterations": {"min": 1, "max": 10_000},
        "shot_limit": {"min": 1, "max": 200_000},
        "sweep_shots": {"min": 1, "max": 100_000},
        "agent_votes": {"min": 1, "max": 9},
        "session_id": {"max_length": 200},
        "notes": {"max_length": 20_000},
    },
    "envelope_properties": [
        {"name": "square", "meaning": "Constant amplitude.", "has_derivative_quadrature": False}
    ],
    "rule_properties": [
        {
            "name": "none", "meaning": "Nothing is learned.", "tracks": False, "learns": False, "feeds_forward": False,
            "filters": False,
        }
    ],
    "defaults": {
        "hardware_target": "sim-local", "hardware_preset": "transmon-default", "drive_envelope": "gaussian",
        "probe_strength": 0.2, "probe_duration_ns": 120, "adaptive_rule": "none", "objective": "maximize-fidelity",
        "num_iterations": 1, "sweep_shots": 200, "agent_votes": 1,
    },
    "goals": {"fidelity": {"at_least": 0.975}, "backaction": {"at_most": 0.15}, "latency_us": {"at_most": 20.0}},
    "budget": {"caution": 0.75, "warning": 0.95},
    "cost_law": {"shots": 800, "shots_per_ns": 0.3},
    "jobs": {
        "states": [{"name": "queued", "has_ended": False, "may_be_retried": False}],
    },
}  # fmt: skip


@router.get("/presets", operation_id="list_presets", responses=answered(_PRESETS))
async def list_presets(tds: Tds) -> dict[str, Any]:
    """Presets, targets, envelopes, rules and objectives, with the limits of each number."""
    backends = tds.runs.backends
    names = _names()
    targets = [
        {**one, "backend": backends.name_of(target), "backend_state": backends.state(target)}
        for one, target in zip(names["targets"], HardwareTarget, strict=True)
    ]
    return {
        **names,
        "targets": targets,
        "limits": _limits(tds.settings),
        **_facts(),
        "jobs": facts_of_jobs(tds.settings.keep_ended_s),
    }


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
                "classical": known[name.value].classical,
            }
            for name in HardwareTarget
        ],
        "envelopes": [name.value for name in DriveEnvelope],
        "adaptive_rules": [name.value for name in AdaptiveRule],
        "objectives": [{"name": name.value, "words": _OBJECTIVES[name.value]} for name in Objective],
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


@cache
def _facts() -> dict[str, Any]:
    """What pages would have to repeat otherwise: each stands once, in the core or in this application."""
    return {
        "envelope_properties": _known(_core.envelope_properties(), DriveEnvelope),
        "rule_properties": _known(_core.rule_properties(), AdaptiveRule),
        "defaults": {
            **RunConfiguration().model_dump(mode="json"),
            "num_iterations": USUAL_ITERATIONS,
            "sweep_shots": SweepRequest.model_fields["shots"].default,
            "agent_votes": AgentSuggestionRequest.model_fields["votes"].default,
        },
        "goals": {
            name: {"at_least" if goal.is_floor else "at_most": goal.value}
            for name, goal in (
                ("fidelity", goals.FIDELITY), ("backaction", goals.BACKACTION), ("latency_us", goals.LATENCY_US)
            )
        },
        "budget": {"caution": goals.BUDGET.caution, "warning": goals.BUDGET.warning},
        "cost_law": _core.cost_law(),
    }  # fmt: skip


def _known(properties: list[dict[str, Any]], names: type[StrEnum]) -> list[dict[str, Any]]:
    """Of those that a configuration may name, in its order."""
    by_name = {one["name"]: one for one in properties}
    return [by_name[name.value] for name in names]


def _limits(settings: TdsSettings) -> dict[str, Any]:
    weakest, strongest = bounds_of(RunConfiguration, "probe_strength")
    shortest, longest = bounds_of(RunConfiguration, "probe_duration_ns")
    return {
        "probe_strength": {"min": weakest, "max": strongest, "safe_max": settings.max_probe_strength, "unit": ""},
        "probe_duration_ns": {
            "min": shortest,
            "max": longest,
            "safe_max": settings.max_probe_duration_ns,
            "unit": "ns",
        },
        "num_iterations": _range(RunRequest, "num_iterations"),
        "shot_limit": {"min": 1, "max": settings.max_shots_per_run},
        "sweep_shots": _range(SweepRequest, "shots"),
        "agent_votes": _range(AgentSuggestionRequest, "votes"),
        "session_id": {"max_length": LONGEST_SESSION_ID},
        "notes": {"max_length": LONGEST_NOTES},
    }


def _range(model: type[BaseModel], field: str) -> dict[str, float]:
    least, most = bounds_of(model, field)
    return {"min": least, "max": most}
