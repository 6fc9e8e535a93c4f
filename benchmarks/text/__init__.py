"""Deduplication of texts against its peers."""
