"""Whether the service is there, and whether it can do its work."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from synqc import __version__
from synqc.apps.tds.storage import StorageUnavailable
from synqc.service.context import Lab, on_worker

__all__ = ["router"]

router = APIRouter(tags=["service"])


@router.get("/health", operation_id="read_health")
async def read_health(laboratory: Lab) -> JSONResponse:
    """Version and limits; 200 while the process lives."""
    settings = laboratory.settings
    return JSONResponse(
        {
            "status": "ok",
            "version": __version__,
            "api_prefix": settings.api_prefix,
            "state_dir": str(settings.state_dir),
            "allowed_origins": list(settings.allowed_origins),
            "max_probe_strength": settings.max_probe_strength,
            "max_probe_duration_ns": settings.max_probe_duration_ns,
            "max_shots_per_run": settings.max_shots_per_run,
        }
    )


@router.get("/ready", operation_id="read_readiness", responses={503: {"description": "Storage is in trouble."}})
async def read_readiness(request: Request, laboratory: Lab) -> JSONResponse:
    """Whether changes can be stored; while they cannot, reads go on."""
    trouble = laboratory.store.writer.trouble
    if trouble is None:
        try:
            await on_worker(request, laboratory.database.check)
        except StorageUnavailable as error:
            trouble = str(error)
    status = "ready" if trouble is None else "degraded"
    return JSONResponse({"status": status, "storage": trouble or "ok"}, 200 if trouble is None else 503)
