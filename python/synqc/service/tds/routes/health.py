"""Whether the service is there, and whether it can do its work. Needs no key: containers' checks have none."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from synqc import __version__
from synqc.apps.tds.storage import StorageUnavailable
from synqc.service.context import run_in_thread
from synqc.service.description import answered
from synqc.service.settings import ServiceSettings
from synqc.service.tds.context import Tds

__all__ = ["router"]

router = APIRouter(tags=["service"])


class Health(BaseModel):
    """Version and limits."""

    status: Literal["ok"]
    version: str
    api_prefix: str
    state_dir: str
    allowed_origins: list[str]
    max_probe_strength: float
    max_probe_duration_ns: int
    max_shots_per_run: int


class Readiness(BaseModel):
    """`storage` is `ok`, or says in words what is wrong with it."""

    status: Literal["ready", "degraded"]
    storage: str


_HEALTH = {
    "status": "ok", "version": __version__, "api_prefix": "/api/v1/synqc", "state_dir": "/srv/lab/synqc_state",
    "allowed_origins": ["*"], "max_probe_strength": 0.5, "max_probe_duration_ns": 5000, "max_shots_per_run": 200_000,
}  # fmt: skip
_DEGRADED = {
    "status": "degraded",
    "storage": "Storage in /srv/lab/synqc_state/synqc.db refused to write: database or disk is full.",
}
_READINESS: dict[int | str, dict[str, Any]] = {
    **answered({"status": "ready", "storage": "ok"}),
    503: {"model": Readiness, "description": "Storage is in trouble.", **answered(_DEGRADED, 503)[503]},
}


@router.head("/health", include_in_schema=False)
@router.get("/health", operation_id="read_health", response_model=Health, responses=answered(_HEALTH))
async def read_health(request: Request, tds: Tds) -> JSONResponse:
    """Version and limits; 200 while the process lives."""
    settings = tds.settings
    of_service: ServiceSettings = request.app.state.settings
    return JSONResponse(
        {
            "status": "ok",
            "version": __version__,
            "api_prefix": settings.api_prefix,
            "state_dir": str(settings.state_dir),
            "allowed_origins": list(of_service.allowed_origins),
            "max_probe_strength": settings.max_probe_strength,
            "max_probe_duration_ns": settings.max_probe_duration_ns,
            "max_shots_per_run": settings.max_shots_per_run,
        }
    )


@router.head("/ready", include_in_schema=False)
@router.get("/ready", operation_id="read_readiness", response_model=Readiness, responses=_READINESS)
async def read_readiness(request: Request, tds: Tds) -> JSONResponse:
    """Whether changes can be stored; while they cannot, reads go on."""
    trouble = tds.trouble
    if trouble is None:
        try:
            await run_in_thread(request, tds.database.check)
        except StorageUnavailable as error:
            trouble = str(error)
    status = "ready" if trouble is None else "degraded"
    return JSONResponse({"status": status, "storage": trouble or "ok"}, 200 if trouble is None else 503)
