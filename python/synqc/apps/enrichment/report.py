"""What `/metrics` and the command line say: performance and cache in the shapes of the contract."""

from __future__ import annotations

from typing import Any

from synqc.apps.enrichment.config import PerfConfig, load_config
from synqc.apps.enrichment.performance_cache import PerformanceCache, get_cache
from synqc.apps.enrichment.performance_metrics import get_metrics, stats_of
from synqc.apps.enrichment.published_metrics import published

__all__ = ["metrics_payload", "published_payload"]


def metrics_payload() -> dict[str, Any]:
    """Of this process, for a worker's own `/metrics`: `status`, `performance` and `cache`.

    Examples:
        >>> list(metrics_payload())
        ['status', 'performance', 'cache']
    """
    return {"status": "ok", "performance": get_metrics().get_stats(), "cache": get_cache().get_stats()}


def published_payload(config: PerfConfig | None = None) -> dict[str, Any]:
    """Of all processes that used the configured cache folder, living and gone; percentiles are right to 1 %."""
    config = load_config() if config is None else config
    performance = stats_of(published(config.cache_dir)) if config.cache_enabled else {"cache": {}}
    cache = PerformanceCache.from_config(config)
    try:
        return {"status": "ok", "performance": performance, "cache": cache.get_stats()}
    finally:
        cache.close()
