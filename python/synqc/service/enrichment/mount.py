"""Enrichment as the service mounts it: what the workers of a cache folder count, and what their cache holds."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from synqc import json
from synqc.apps.enrichment.config import load_config
from synqc.apps.enrichment.published_metrics import published
from synqc.apps.enrichment.report import folder_payload
from synqc.apps.enrichment.settings import EnrichmentSettings
from synqc.errors import SynqcError
from synqc.metrics import prometheus
from synqc.service.context import run_in_thread
from synqc.service.doors import Door
from synqc.service.errors import ErrorAnswers
from synqc.service.mount import Mount
from synqc.service.resources import Resources

__all__ = ["mount_of"]

_PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"
_EXAMPLE = {
    "status": "ok",
    "performance": {
        "stage1": {"count": 2, "errors": 0, "p50_ms": 12.0, "p95_ms": 20.0, "p99_ms": 20.0, "avg_ms": 16.0},
        "cache": {"emotion_scoring": {"hits": 1, "misses": 1, "hit_rate": 50.0}},
    },
    "cache": {"enabled": True, "total_entries": 1, "total_bytes": 12, "by_type": {"emotion_scoring": 1}},
}
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            "application/json": {"schema": {"type": "object"}, "example": _EXAMPLE},
            "text/plain": {"schema": {"type": "string"}, "example": "# EOF\n"},
        }
    }
}


def mount_of(settings: EnrichmentSettings, resources: Resources) -> Mount:
    """Two routes over the files that workers write; no worker need know of the service."""
    closed, unlimited = APIRouter(tags=["enrichment"]), APIRouter(tags=["enrichment"])

    @closed.get("/metrics", operation_id="read_enrichment_metrics", response_class=Response, responses=_ANSWERS)
    async def read_metrics(request: Request) -> Response:
        """Performance and cache of all workers of the folder; Prometheus text where `Accept` asks for text."""
        if "text/" in request.headers.get("accept", ""):
            text = await run_in_thread(request, lambda: prometheus(published(load_config(settings).cache_dir)))
            return Response(text, media_type=_PROMETHEUS, headers={"Vary": "Accept"})
        found = await run_in_thread(request, lambda: folder_payload(load_config(settings)))
        return Response(json.dumps(found), media_type="application/json", headers={"Vary": "Accept"})

    @unlimited.get("/health", operation_id="read_enrichment_health")
    async def read_health() -> dict[str, str]:
        """That the service answers; of the workers it knows what they wrote."""
        return {"status": "ok"}

    return Mount(
        name="enrichment",
        title="SynQc enrichment",
        description="What enrichment workers count, and what their cache holds.",
        routers={Door.CLOSED: closed, Door.UNLIMITED: unlimited},
        errors=ErrorAnswers(status_of=((SynqcError, 503),)),
    )
