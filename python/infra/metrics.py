"""`infra.metrics`, as enrichment workers import it."""

from synqc.apps.enrichment.performance_metrics import Metrics, get_metrics, timer

__all__ = ["Metrics", "get_metrics", "timer"]
