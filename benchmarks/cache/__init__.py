"""Caches against their peers."""
