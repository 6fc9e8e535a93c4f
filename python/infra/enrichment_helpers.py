"""`infra.enrichment_helpers`, as enrichment workers import it."""

from synqc.apps.enrichment.worker import CachedHybridScorer, CachedPostEnricher, enable_caching_for_worker

__all__ = ["CachedHybridScorer", "CachedPostEnricher", "enable_caching_for_worker"]
