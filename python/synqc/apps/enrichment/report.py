"""What `/metrics` of a worker says: performance and cache in the shapes of the contract."""

from __future__ import annotations

from typing import Any

from synqc.apps.enrichment.performance_cache import get_cache
from synqc.apps.enrichment.performance_metrics import get_metrics

__all__ = ["metrics_payload"]


def metrics_payload() -> dict[str, Any]:
    """Of this process, for a worker's own `/metrics`: `status`, `performance` and `cache`.

    Examples:
        >>> list(metrics_payload())
        ['status', 'performance', 'cache']
    """
    return {"status": "ok", "performance": get_metrics().get_stats(), "cache": get_cache().get_stats()}
