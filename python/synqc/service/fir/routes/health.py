"""Whether the service is there, and what it can do. Needs no key and counts against no limit."""

from __future__ import annotations

import time
from typing import Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel

from synqc import __version__
from synqc.apps.fir.application import FirApplication
from synqc.service.context import run_in_thread
from synqc.service.fir.context import Fir
from synqc.service.fir.documents import moment
from synqc.service.fir.routes.reliability import reliability_of

__all__ = ["router"]

router = APIRouter(tags=["service"])


class Health(BaseModel):
    """How it is. `degraded`: complaints can be led to reports, and something of the machine's help is missing."""

    status: Literal["healthy", "degraded", "unhealthy"]
    model_server: dict[str, Any]
    asr_ocr_server: dict[str, Any]
    database: str
    kb_collections: int
    kb_cache_size: int
    session_persistence: str
    magic_available: bool
    concurrency: dict[str, int]
    reliability: dict[str, Any]
    checks: dict[str, bool]
    timestamp: str | None
    version: str


@router.get("/health", operation_id="read_health", response_model=Health)
async def read_health(request: Request, fir: Fir) -> Health:
    """200 while the process lives, with what is in trouble and what is missing."""
    is_stopping = request.app.state.shutdown.begun
    return await run_in_thread(request, _health, fir, is_stopping)


def _health(fir: FirApplication, is_stopping: bool) -> Health:
    models, trouble = fir.models.state(), fir.ledger.trouble
    media = fir.media.to_plain()
    can_hear = {name: one["ready"] for name, one in media.items()}
    asr_ocr = {
        "status": "healthy" if all(can_hear.values()) else "degraded" if any(can_hear.values()) else "unavailable",
        "models": {"speech": can_hear["speech"], "pictures": can_hear["pictures"]}, **media,
        "message": " ".join(one["missing"] for one in media.values() if one["missing"]) or "Both can be read.",
    }  # fmt: skip
    status: Literal["healthy", "degraded", "unhealthy"] = "healthy" if models.is_ready else "degraded"
    if trouble is not None:
        status = "unhealthy"
    return Health(
        status=status,
        model_server={
            "status": "healthy" if models.is_ready else "unavailable", "model": models.choice.model,
            "where": models.choice.where, "message": models.words,
        },
        asr_ocr_server=asr_ocr, database=trouble or "connected", kb_collections=len(fir.knowledge.collections),
        kb_cache_size=fir.knowledge.cache_stats.entries, session_persistence=fir.ledger.database.engine.dialect.name,
        magic_available=True,
        concurrency={
            "max_concurrent_requests": fir.settings.stages_at_once,
            "max_concurrent_model_calls": fir.settings.checks_at_once, "http_pool_size": fir.settings.checks_at_once,
        },
        reliability=reliability_of(fir, is_stopping),
        checks={"mysql": trouble is None, "bedrock": models.is_ready},
        timestamp=moment(time.time()), version=__version__,
    )  # fmt: skip
