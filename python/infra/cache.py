"""`infra.cache`, as enrichment workers import it."""

from synqc.apps.enrichment.performance_cache import PerformanceCache, get_cache

__all__ = ["PerformanceCache", "get_cache"]
