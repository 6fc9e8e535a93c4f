"""Sweeps over a configuration."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Request, Response
from pydantic import BaseModel

from synqc.apps.tds.models import RunConfiguration, SweepRequest
from synqc.service.context import run_in_thread
from synqc.service.description import answered, asked, refused
from synqc.service.responses import JsonBytes
from synqc.service.tds.context import Tds
from synqc.service.tds.routes.examples import CONFIG
from synqc.service.tds.routes.parameters import SweepId

__all__ = ["router"]

router = APIRouter(tags=["sweeps"])


class Sweep(BaseModel):
    """A grid, how far it is, and its figures once it is finished."""

    sweep_id: str
    session_id: str | None = None
    status: Literal["running", "finished", "cancelled", "error"]
    done: int
    total: int
    cached: int
    axes: dict[str, list[float]]
    shots: int
    seed: int
    config: RunConfiguration
    error: str | None = None
    results: dict[str, Any] | None = None


_GRIDS = asked(
    line=("Over one field", {"axes": {"probe_strength": [0.1, 0.2]}}),
    grid=(
        "Over two, of a session's configuration",
        {"session_id": "x1", "axes": {"probe_strength": [0.1, 0.2], "probe_duration_ns": [100, 200]}, "shots": 400},
    ),
)
_STARTED = {
    "sweep_id": "sweep-93eb685f665f", "session_id": None, "status": "running", "done": 0, "total": 2, "cached": 0,
    "axes": {"probe_strength": [0.1, 0.2]}, "shots": 200, "seed": 0, "config": CONFIG, "error": None, "results": None,
}  # fmt: skip
_FINISHED = {
    **_STARTED, "status": "finished", "done": 2,
    "results": {
        "fidelity": {"values": [0.9838, 0.9745], "standard_errors": [0.0001, 0.00029]},
        "backaction": {"values": [0.0034, 0.0133], "standard_errors": [0.0, 0.0]},
        "information_bits": {"values": [0.0049, 0.0196], "standard_errors": [0.0, 0.0]},
        "latency_us": {"values": [1.38, 1.38], "standard_errors": [0.0, 0.0]},
        "objective_score": {"values": [0.9838, 0.9745], "standard_errors": [0.0001, 0.00029]},
    },
}  # fmt: skip


@router.post(
    "/sweeps", operation_id="start_sweep", status_code=202, response_model=Sweep,
    responses={**answered(_STARTED, 202), **refused(404)},
)  # fmt: skip
async def start_sweep(
    request: Request, body: Annotated[SweepRequest, Body(openapi_examples=_GRIDS)], tds: Tds
) -> dict[str, Any]:
    """Start a grid over probe strength, probe duration or both; it goes on after a crash or a restart."""
    return await run_in_thread(request, tds.sweeps.start, body)


@router.get("/sweeps/{sweep_id}", operation_id="read_sweep", response_model=Sweep, responses=answered(_FINISHED))
async def read_sweep(request: Request, sweep_id: SweepId, tds: Tds) -> Response:
    """Progress of a sweep, and its figures when it has them."""
    return JsonBytes(await run_in_thread(request, tds.sweeps.read, sweep_id))


@router.post(
    "/sweeps/{sweep_id}/cancel", operation_id="cancel_sweep", response_model=Sweep,
    responses=answered({**_STARTED, "status": "cancelled"}),
)  # fmt: skip
async def cancel_sweep(request: Request, sweep_id: SweepId, tds: Tds) -> Response:
    """Stop a sweep; what it has is kept."""
    return JsonBytes(await run_in_thread(request, tds.sweeps.cancel, sweep_id))
