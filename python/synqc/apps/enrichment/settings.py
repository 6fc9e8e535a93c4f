"""Settings of enrichment: what the environment says over `perf_config.json`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from annotated_types import Interval

from synqc.environment import EnvironmentSettings, Variable

__all__ = ["EnrichmentSettings"]


class EnrichmentSettings(EnvironmentSettings):
    """Every variable wins over the file; one that is not set leaves the file's value.

    Examples:
        >>> EnrichmentSettings.from_environment({"SYNQC_ENRICHMENT_PER_HOST_LIMIT": "3"}).per_host_limit
        3
    """

    config: Annotated[Path | None, Variable("SYNQC_ENRICHMENT_CONFIG")] = None
    """The file, instead of the first `config/perf_config.json` beside an importable folder or above the working one."""
    cache_enabled: Annotated[Literal["0", "1"] | None, Variable("SYNQC_ENRICHMENT_CACHE_ENABLED")] = None
    """0: nothing is kept, and nothing is served from what was."""
    cache_dir: Annotated[Path | None, Variable("SYNQC_ENRICHMENT_CACHE_DIR")] = None
    """Folder of `perf_cache.db` and of what processes tell of their metrics."""
    cache_max_bytes: Annotated[
        int | None, Variable("SYNQC_ENRICHMENT_CACHE_MAX_BYTES"), Interval(ge=1 << 16, le=1 << 44)
    ] = None
    """Bound on the weight of what is kept."""
    ollama_url: Annotated[str | None, Variable("SYNQC_ENRICHMENT_OLLAMA_URL")] = None
    """Of the Ollama server, for `OptimizedOllamaClient.from_config()`."""
    text_model: Annotated[str | None, Variable("SYNQC_ENRICHMENT_TEXT_MODEL")] = None
    """The model that `OptimizedOllamaClient.from_config()` asks."""
    max_concurrent_requests: Annotated[
        int | None, Variable("SYNQC_ENRICHMENT_MAX_CONCURRENT_REQUESTS"), Interval(ge=1, le=4096)
    ] = None
    """Requests of the asynchronous client at once, in all."""
    per_host_limit: Annotated[int | None, Variable("SYNQC_ENRICHMENT_PER_HOST_LIMIT"), Interval(ge=1, le=4096)] = None
    """Of these, to one host."""
