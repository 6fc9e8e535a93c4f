"""What the service counts."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from synqc import metrics

__all__ = ["metrics_router"]

_TEXT = "# TYPE synqc_storage_calls_total counter\nsynqc_storage_calls_total 17\n"
_OPEN_TEXT = "# TYPE synqc_storage_calls counter\nsynqc_storage_calls_total 17\n# EOF\n"
_BY_ACCEPT = {"Vary": "Accept"}
_JSON = {
    "format": 1, "age_seconds": 3.9,
    "metrics": {
        "synqc_storage_calls_total": {
            "kind": "counter", "help": "Calls whose changes are stored.", "unit": "", "labels": [], "overflowed": 0,
            "series": [{"labels": {}, "value": 17}],
        }
    },
    "collectors": {}, "operations": [],
}  # fmt: skip


_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            "text/plain": {"schema": {"type": "string"}, "example": _TEXT},
            "application/openmetrics-text": {"schema": {"type": "string"}, "example": _OPEN_TEXT},
            "application/json": {"schema": {"type": "object"}, "example": _JSON},
        }
    }
}


def metrics_router(path: str) -> APIRouter:
    """A router that answers there with what the process counts."""
    router = APIRouter(tags=["service"])
    router.add_api_route(
        path, _read_metrics, operation_id="read_metrics", summary="Read Metrics", response_class=Response,
        responses=_ANSWERS,
    )  # fmt: skip
    return router


async def _read_metrics(request: Request) -> Response:
    """Prometheus text, or OpenMetrics or JSON if `Accept` prefers them."""
    accept = request.headers.get("accept", "")
    if "application/json" in accept:
        return Response(metrics.to_json(), media_type="application/json", headers=_BY_ACCEPT)
    found = metrics.exposition(accept)
    return Response(found.text, media_type=found.media_type, headers=_BY_ACCEPT)
