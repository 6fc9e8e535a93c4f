"""`infra.optimized_ollama`, as enrichment workers import it."""

from synqc.apps.enrichment.ollama_client import OptimizedOllamaClient

__all__ = ["OptimizedOllamaClient"]
