"""`infra.async_client`, as enrichment workers import it."""

from synqc.apps.enrichment.async_client import AsyncNetworkClient, get_async_client

__all__ = ["AsyncNetworkClient", "get_async_client"]
