"""Figures of the application as its clients read them; the counters of the process are beside them."""

from __future__ import annotations

import threading
import time
from typing import Any, Final

from fastapi import APIRouter, Request
from pydantic import BaseModel

from synqc import metrics
from synqc.apps.fir.application import FirApplication
from synqc.apps.fir.workflow.recent_counts import RecentCount
from synqc.service.context import run_in_thread
from synqc.service.fir.context import Fir, Reader
from synqc.service.fir.documents import moment
from synqc.service.middleware.rate_limit import RateLimit

__all__ = ["metrics_router"]

_KEPT_S: Final = 10.0
_SERIES: Final = {
    "fir_generation_duration": "synqc_fir_report_seconds", "stage_duration": "synqc_fir_stage_seconds",
    "model_inference_duration": "synqc_llm_call_seconds", "kb_query_duration": "synqc_fir_search_seconds",
    "violation_check_duration": "synqc_fir_check_seconds",
}  # fmt: skip
"""Contract's names of durations, and under which the process keeps them."""


class FirMetrics(BaseModel):
    """What happened lately, and how long things take."""

    timestamp: str | None
    sessions: dict[str, Any]
    firs: dict[str, Any]
    rate_limiter: dict[str, Any]
    durations: dict[str, list[dict[str, Any]]]
    cache_hit_rate: float | None


def metrics_router(rates: RateLimit | None) -> APIRouter:
    """A router of its own, whose answer is kept for 10 s.

    Args:
        rates: Limits of rates of the application.
    """
    router = APIRouter(tags=["service"])
    lock = threading.Lock()
    kept: list[tuple[float, FirMetrics]] = []

    def found(fir: FirApplication) -> FirMetrics:
        with lock:
            if not kept or time.monotonic() - kept[0][0] > _KEPT_S:
                kept[:] = [(time.monotonic(), _measured(fir, rates))]
            return kept[0][1]

    @router.get("/metrics", operation_id="read_figures", response_model=FirMetrics)
    async def read_figures(request: Request, fir: Fir, reader: Reader) -> FirMetrics:
        """Sessions and reports of the last hour, and quantiles of every duration."""
        return await run_in_thread(request, found, fir)

    return router


def _measured(fir: FirApplication, rates: RateLimit | None) -> FirMetrics:
    stats = fir.knowledge.cache_stats
    asked = stats.hits + stats.misses
    return FirMetrics(
        timestamp=moment(time.time()),
        sessions={
            "recent_hour": [_told(one, "avg_duration") for one in fir.recent_sessions()], "cache_size": stats.entries,
        },
        firs={"recent_hour": [_told(one, "avg_time_seconds") for one in fir.recent_reports()]},
        rate_limiter={"active_clients": None if rates is None else rates.clients},
        durations=_durations(), cache_hit_rate=stats.hits / asked if asked else None,
    )  # fmt: skip


def _told(one: RecentCount, name: str) -> dict[str, Any]:
    return {"status": one.status, "count": one.count, name: round(one.seconds, 6)}


def _durations() -> dict[str, list[dict[str, Any]]]:
    families = metrics.snapshot()["metrics"]
    return {
        name: [
            {**series["labels"], **{key: series[key] for key in ("count", "p50", "p95", "p99")}}
            for series in families.get(family, {"series": []})["series"]
        ]
        for name, family in _SERIES.items()
    }
