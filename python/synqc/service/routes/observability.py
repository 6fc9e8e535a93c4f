"""What the service counts."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from synqc import metrics

__all__ = ["router"]

router = APIRouter(tags=["service"])


@router.get("/metrics", operation_id="read_metrics", response_class=Response)
async def read_metrics(request: Request) -> Response:
    """Prometheus text, or JSON if `Accept` prefers it."""
    if "application/json" in request.headers.get("accept", ""):
        return Response(metrics.to_json(), media_type="application/json")
    return Response(metrics.prometheus(), media_type="text/plain; version=0.0.4; charset=utf-8")
