"""Enrichment: the drop-in cache, Ollama client, asynchronous HTTP client and metrics that enrichment workers import.

They import them as `infra.cache`, `infra.optimized_ollama`, `infra.async_client`, `infra.metrics` and
`infra.enrichment_helpers`.

>>> import tempfile
>>> from synqc.apps.enrichment.performance_cache import PerformanceCache
>>> folder = tempfile.TemporaryDirectory()
>>> cache = PerformanceCache(folder.name)
>>> cache.get_or_compute({"text": "Fine day"}, lambda: {"joy": 0.9}, cache_type="emotion_scoring")
{'joy': 0.9}
>>> cache.close(); folder.cleanup()
"""
