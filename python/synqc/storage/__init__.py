"""Databases without knowing what is in them: SQLite by file, PostgreSQL by URL."""

from synqc.storage.errors import NotOwner, StorageUnavailable, UnusableDatabase

__all__ = ["NotOwner", "StorageUnavailable", "UnusableDatabase"]
