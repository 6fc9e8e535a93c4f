"""Recommendations from past runs."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel

from synqc.apps.tds.models import RunConfiguration
from synqc.service.context import run_in_thread
from synqc.service.description import answered, refused
from synqc.service.tds.context import Tds
from synqc.service.tds.routes.examples import CONFIG, RUN
from synqc.service.tds.routes.parameters import SessionId

__all__ = ["router"]

router = APIRouter(tags=["recommendations"])


class ChosenSetting(BaseModel):
    """Choice of a method."""

    probe_strength: float
    probe_duration_ns: float
    envelope: str
    adaptive_rule: str


class ShownRegret(BaseModel):
    """How far a method's choices stay behind the best; 0 is the best, 1 an average setting."""

    mean: float
    standard_error: float | None
    sessions: int


class PastScore(BaseModel):
    """Score of a past run."""

    value: float
    standard_error: float


class ShownRecommendation(BaseModel):
    """A configuration to consider, who chose it, and beside it what the baselines would choose."""

    recommended_config: RunConfiguration
    changes: dict[str, dict[str, Any]]
    method: Literal["default", "best past run", "model"]
    why: str
    score_quantiles: tuple[float, float, float] | None
    past_score: PastScore | None
    baselines: dict[str, ChosenSetting]
    regrets: dict[str, ShownRegret]
    protocol: str | None
    runs: int
    evaluated_at: str | None
    predicted: dict[str, Any]


_GENTLE = {"probe_strength": 0.05, "probe_duration_ns": 25.0, "envelope": "gaussian", "adaptive_rule": "kalman"}
_USUAL = {"probe_strength": 0.2, "probe_duration_ns": 120.0, "envelope": "gaussian", "adaptive_rule": "none"}
_EXAMPLE = {
    "recommended_config": {**CONFIG, "probe_strength": 0.05, "probe_duration_ns": 25, "adaptive_rule": "kalman"},
    "changes": {
        "probe_strength": {"old": 0.2, "new": 0.05}, "probe_duration_ns": {"old": 120, "new": 25},
        "adaptive_rule": {"old": "none", "new": "kalman"},
    },
    "method": "model",
    "why": "model had the least regret, 0.005, by 'leave one session out' on 10 sessions; the history has 412 "
    "runs for this goal.",
    "score_quantiles": [0.985, 0.99, 0.993], "past_score": {"value": 0.991, "standard_error": 0.002},
    "baselines": {
        "default": _USUAL, "random": {**_USUAL, "probe_strength": 0.4},
        "best past run": {**_GENTLE, "envelope": "drag"}, "model": _GENTLE,
    },
    "regrets": {
        "default": {"mean": 0.8, "standard_error": 0.15, "sessions": 10},
        "best past run": {"mean": 0.008, "standard_error": 0.002, "sessions": 10},
        "model": {"mean": 0.005, "standard_error": 0.001, "sessions": 10},
    },
    "protocol": "leave one session out", "runs": 412, "evaluated_at": "2026-01-02T03:04:05+00:00",
    "predicted": {"current": RUN["estimates"], "recommended": RUN["estimates"], "shots": 500, "seed": 412},
}  # fmt: skip


@router.post(
    "/sessions/{session_id}/recommendation", operation_id="recommend_configuration",
    summary="Recommend Configuration", response_model=ShownRecommendation,
    responses={**answered(_EXAMPLE), **refused(404)},
)  # fmt: skip
async def recommend(request: Request, session_id: SessionId, tds: Tds) -> dict[str, Any]:
    """A configuration from the runs of all sessions, simulated beside the present one; nothing is applied."""
    session = tds.store.get(session_id)
    found = await run_in_thread(request, tds.recommendations.answer, session)
    return found.to_dict()
