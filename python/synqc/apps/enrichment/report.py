"""What `/metrics` says of one worker or of all of a folder: performance and cache in the shapes of the contract."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from synqc.apps.enrichment.config import PerfConfig
from synqc.apps.enrichment.performance_cache import PerformanceCache, get_cache
from synqc.apps.enrichment.performance_metrics import get_metrics, stats_of
from synqc.apps.enrichment.published_metrics import published
from synqc.errors import InputError, SynqcError

__all__ = ["existing_cache", "folder_payload", "metrics_payload", "refuse_trouble"]


def metrics_payload() -> dict[str, Any]:
    """Of this process, for a worker's own `/metrics`: `status`, `performance` and `cache`.

    Examples:
        >>> list(metrics_payload())
        ['status', 'performance', 'cache']
    """
    return {"status": "ok", "performance": get_metrics().get_stats(), "cache": get_cache().get_stats()}


def folder_payload(config: PerfConfig) -> dict[str, Any]:
    """The same of all processes of a cache folder, living and gone.

    Raises:
        InputError: There is no cache.
        SynqcError: It cannot be read.
    """
    with existing_cache(config) as cache:
        performance = stats_of(published(config.cache_dir)) if cache.enabled else {"cache": {}}
        return {"status": "ok", "performance": performance, "cache": cache.get_stats()}


@contextmanager
def existing_cache(config: PerfConfig) -> Iterator[PerformanceCache]:
    """The configured cache, if there is one: a look at it makes none.

    Raises:
        InputError: There is none.
        SynqcError: It cannot be read.
    """
    if config.cache_enabled and not config.cache_dir.is_dir():
        raise InputError(
            f"There is no cache at {config.cache_dir}: stand where the workers' config/perf_config.json is found, "
            "or set SYNQC_ENRICHMENT_CONFIG or SYNQC_ENRICHMENT_CACHE_DIR."
        )
    cache = PerformanceCache.from_config(config)
    try:
        refuse_trouble(cache)
        yield cache
    finally:
        cache.close()


def refuse_trouble(cache: PerformanceCache) -> None:
    """Raise where the file of a cache cannot be used.

    Raises:
        SynqcError: It cannot.
    """
    if cache.enabled and (cache.trouble or cache.errors):
        words = cache.trouble or "it cannot be written, or another process is writing to it"
        raise SynqcError(f"{cache.db_path} cannot be used: {words}.")
