"""What guards the service: breakers, their resets, and whether what failed has come back."""

from __future__ import annotations

import time
from typing import Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel

from synqc.apps.fir.application import FirApplication
from synqc.service.context import run_in_thread
from synqc.service.description import refused
from synqc.service.fir.context import Decider, Fir, Reader
from synqc.service.fir.documents import moment

__all__ = ["reliability_of", "router"]

router = APIRouter(tags=["service"])

_SHUTDOWN_S = 30


class Reliability(BaseModel):
    """Of all that the service depends on."""

    timestamp: str | None
    circuit_breakers: dict[str, Any]
    graceful_shutdown: dict[str, Any]
    health_monitor: dict[str, Any]
    auto_recovery: dict[str, Any]
    uptime_target: Literal["99.9%"] = "99.9%"
    max_downtime_per_month: Literal["43.8 minutes"] = "43.8 minutes"


class ReliabilityChange(BaseModel):
    """What came of it."""

    success: bool
    message: str
    status: dict[str, Any]


@router.get("/reliability", operation_id="read_reliability", response_model=Reliability)
async def read_reliability(request: Request, fir: Fir, reader: Reader) -> Reliability:
    """Breakers, and what was seen of servers and storage."""
    is_stopping = request.app.state.shutdown.begun
    found = await run_in_thread(request, reliability_of, fir, is_stopping)
    recovery = {
        name: {"recovery_interval": one["recovery_timeout"], "state": one["state"]}
        for name, one in found["circuit_breakers"].items()
    }
    return Reliability(timestamp=moment(time.time()), auto_recovery=recovery, **found)


@router.post(
    "/reliability/circuit-breaker/{name}/reset", operation_id="reset_breaker", response_model=ReliabilityChange,
    responses=refused(403, 404),
)  # fmt: skip
async def reset_breaker(name: str, fir: Fir, decider: Decider) -> ReliabilityChange:
    """Let calls through again, whatever failed before."""
    fir.reset(name)
    return ReliabilityChange(success=True, message=f"Calls of {name} go through.", status=fir.breaker_states()[name])


@router.post(
    "/reliability/auto-recovery/{name}/trigger", operation_id="trigger_recovery", response_model=ReliabilityChange,
    responses=refused(403, 404),
)  # fmt: skip
async def trigger_recovery(request: Request, name: str, fir: Fir, decider: Decider) -> ReliabilityChange:
    """Look whether it is back, and let calls through if so."""
    is_back = await run_in_thread(request, fir.recover, name)
    words = f"{name} is back." if is_back else f"{name} is not back yet."
    return ReliabilityChange(success=is_back, message=words, status=fir.breaker_states()[name])


def reliability_of(fir: FirApplication, is_stopping: bool) -> dict[str, Any]:
    """As `/health` and `/reliability` tell it. Blocks."""
    looks = fir.looks()
    return {
        "circuit_breakers": fir.breaker_states(),
        "graceful_shutdown": {
            "is_shutting_down": is_stopping, "active_requests": fir.running, "shutdown_timeout": _SHUTDOWN_S,
        },
        "health_monitor": {
            "checks": {
                name: {
                    "name": name, "healthy": one[-1].is_well, "last_check": moment(one[-1].at),
                    "uptime_percentage": round(100.0 * sum(look.is_well for look in one) / len(one), 2),
                    "history_size": len(one),
                }
                for name, one in looks.items()
            },
            "overall_healthy": looks["database"][-1].is_well,
        },
    }  # fmt: skip
