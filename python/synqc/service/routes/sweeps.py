"""Sweeps over a configuration."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from synqc.apps.tds.models import SweepRequest
from synqc.service.context import Lab, on_worker
from synqc.service.json_bytes import JsonBytes

__all__ = ["router"]

router = APIRouter(tags=["sweeps"])


@router.post("/sweeps", operation_id="start_sweep", status_code=202)
async def start_sweep(body: SweepRequest, laboratory: Lab) -> dict[str, Any]:
    """Start a grid over probe strength, probe duration or both."""
    return laboratory.sweeps.start(body)


@router.get("/sweeps/{sweep_id}", operation_id="read_sweep")
async def read_sweep(request: Request, sweep_id: str, laboratory: Lab) -> Response:
    """Progress of a sweep, and its figures when it has them."""
    return JsonBytes(await on_worker(request, laboratory.sweeps.read, sweep_id))


@router.post("/sweeps/{sweep_id}/cancel", operation_id="cancel_sweep")
async def cancel_sweep(request: Request, sweep_id: str, laboratory: Lab) -> Response:
    """Stop a sweep; what it has is kept."""
    return JsonBytes(await on_worker(request, laboratory.sweeps.cancel, sweep_id))
