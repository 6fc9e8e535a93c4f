"""What the service counts."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from synqc import metrics

__all__ = ["router"]

router = APIRouter(tags=["service"])


_TEXT = "# TYPE synqc_storage_changes_total counter\nsynqc_storage_changes_total 17\n"
_JSON = {
    "format": 1, "age_seconds": 3.9,
    "metrics": {
        "synqc_storage_changes_total": {
            "kind": "counter", "help": "Changes stored.", "unit": "", "labels": [], "overflowed": 0,
            "series": [{"labels": {}, "value": 17}],
        }
    },
    "collectors": {}, "operations": [],
}  # fmt: skip


@router.get(
    "/metrics", operation_id="read_metrics", response_class=Response,
    responses={
        200: {
            "content": {
                "text/plain": {"schema": {"type": "string"}, "example": _TEXT},
                "application/json": {"schema": {"type": "object"}, "example": _JSON},
            }
        }
    },
)  # fmt: skip
async def read_metrics(request: Request) -> Response:
    """Prometheus text, or JSON if `Accept` prefers it."""
    if "application/json" in request.headers.get("accept", ""):
        return Response(metrics.to_json(), media_type="application/json")
    return Response(metrics.prometheus(), media_type="text/plain; version=0.0.4; charset=utf-8")
